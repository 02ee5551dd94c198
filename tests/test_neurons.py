"""One cell at a time against the Euler recursion written out, and the background sources."""

import math

import numpy as np
import pytest

from driver.engine.objects import links
from models.lateral_line import equations as eq
from models.lateral_line import network
from models.lateral_line.params import NetworkParams
from models.lateral_line.values import NEVER, background, constants, first_events
from models.lateral_line.wiring import Wiring
from stimulus import StimulusParams

MV, MS = 1e-3, 1e-3
E_L, V_TH, V_RESET = -74 * MV, -54 * MV, -60 * MV
TAU_M, TAU_S = 10 * MS, 2 * MS

# Volts; Brian adds the same terms in another order, so sums of 0.1 V differ by a few 2**-53.
ROUNDING = 1e-15


class Cells:
    """LIF cells of the model, run on their own.

    Attributes
    ----------
    v, g_e, g_i : ndarray, shape (n, n_steps)
        At the end of each step, volt.
    spikes : list of list of int
        Steps in which each cell fires.
    """

    def __init__(self, b2, n_steps, *, v, dt=MS, extra=(), **numbers):
        n = len(v)
        b2.defaultclock.dt = dt * b2.second
        self.group = network.cells("mon", n, eq.LIF + eq.TRACE, {"trial_steps": 1})
        numbers = {
            **dict(E_L=E_L, V_th=V_TH, V_reset=V_RESET, tau_m=TAU_M, tau_s=TAU_S),
            **dict(refractory_steps=round(2 * MS / dt), first_step=0, tau_trace=20 * MS),
            **numbers,
            "v": v,
        }
        for name, number in numbers.items():
            self.group.variables[name].set_value(number)
        monitor = b2.StateMonitor(
            self.group, ["v", "g_e", "g_i", "trace"], record=True, when="end", name="states"
        )
        spikes = b2.SpikeMonitor(self.group, name="spikes")
        others = [make(self.group) for make in extra]
        everything = b2.Network(self.group, monitor, spikes, others, name="network")
        everything.run(n_steps * dt * b2.second, namespace={})
        self.v, self.g_e, self.g_i, self.trace = (
            np.array(monitor.variables[name].get_value()).T for name in ("v", "g_e", "g_i", "trace")
        )
        steps = np.rint(spikes.t_[:] / dt).astype(int)
        self.spikes = [steps[spikes.i[:] == cell].tolist() for cell in range(n)]


def recursion(n_steps, v, g_e, g_i, dt=MS, refractory_steps=2):
    """Forward Euler as in section 3: membrane (held while refractory), conductances, threshold."""
    v, g_e, g_i = (np.array(a, dtype=float) for a in (v, g_e, g_i))
    ready = np.zeros(len(v), dtype=int)
    states, spikes = [], [[] for _ in v]
    for step in range(n_steps):
        active = step >= ready
        v = v + np.where(active, dt * (E_L - v + g_e - g_i) / TAU_M, 0)
        g_e, g_i = g_e * (1 - dt / TAU_S), g_i * (1 - dt / TAU_S)
        fires = active & (v > V_TH)
        v = np.where(fires, V_RESET, v)
        ready = np.where(fires, step + refractory_steps, ready)
        states.append((v, g_e, g_i))
        for cell in np.flatnonzero(fires):
            spikes[cell].append(step)
    return *np.array(states).transpose(1, 2, 0), spikes


# membrane and conductances


def test_an_epsp_of_1_mv_peaks_at_0_151_mv_three_steps_later(brian):
    """A synapse of 1 mV hit in step 5: g_e jumps in step 5, v moves from step 6 on."""

    def hit_in_step_5(target):
        source = network.background("mon_background", 1)
        source.variables["log_miss"].set_value(-1e-300)  # and not again for 1e9 steps
        source.variables["next_event"].set_value(5)
        synapses = links(source, target, eq.STATIC, eq.EXCITATION, "mon_background_mon")
        synapses.connect(i=[0], j=[0])
        synapses.variables["w"].set_value(1 * MV)
        return [source, synapses]

    cells = Cells(brian, 12, v=[E_L], extra=[hit_in_step_5])
    # v <- 0.9*v + 0.1*g_e, g_e <- g_e/2
    epsp_mv = np.array([0, 0.1, 0.09 + 0.05, 0.126 + 0.025, 0.1359 + 0.0125, 0.13356 + 0.00625])
    np.testing.assert_allclose(cells.v[0, 5:11], E_L + epsp_mv * MV, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(cells.v[0, :5], E_L, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(cells.g_e[0, 4:8], np.array([0, 1, 0.5, 0.25]) * MV, atol=ROUNDING)
    assert np.argmax(cells.v[0]) == 5 + 3
    assert cells.v[0].max() - E_L == pytest.approx(0.151 * MV, abs=ROUNDING)


@pytest.mark.parametrize("dt", [1 * MS, 0.5 * MS])
def test_cells_follow_the_euler_recursion(brian, dt):
    rng = np.random.default_rng(0)
    n, n_steps, hold = 200, 60, round(2 * MS / dt)
    v = E_L + rng.uniform(0, 25 * MV, n)
    g_e, g_i = rng.uniform(0, 300 * MV, n), rng.uniform(0, 100 * MV, n)
    cells = Cells(brian, n_steps, v=v, g_e=g_e, g_i=g_i, dt=dt)
    v, g_e, g_i, spikes = recursion(n_steps, v, g_e, g_i, dt, hold)
    np.testing.assert_allclose(cells.v, v, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(cells.g_e, g_e, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(cells.g_i, g_i, rtol=0, atol=ROUNDING)
    assert cells.spikes == spikes
    assert max(map(len, spikes)) >= 2 and min(map(len, spikes)) == 0  # all kinds of cells


def test_threshold_is_passed_only_above_it(brian):
    """With v at the threshold and drive that holds it there nothing fires."""
    held = Cells(brian, 5, v=[-0.5, -0.5 + 2**-20], E_L=-0.5, V_th=-0.5, V_reset=-0.75)
    assert held.spikes == [[], [0]]


def test_inhibition_pushes_the_membrane_below_rest_without_limit(brian):
    cells = Cells(brian, 5, v=[E_L], g_i=1000 * MV)
    # one step: 0.1*1000 mV below rest; then 0.9*100 + 0.1*500 = 140 mV
    assert cells.v[0, 0] == pytest.approx(E_L - 100 * MV, abs=ROUNDING)
    assert cells.v[0, 1] == pytest.approx(E_L - 140 * MV, abs=ROUNDING)
    assert cells.spikes == [[]]


# refractoriness


def test_the_membrane_is_held_for_exactly_one_step_after_a_spike(brian):
    """tau_ref = 2 ms at dt = 1 ms: held in the step after the spike, free in the second."""
    cells = Cells(brian, 6, v=[-50 * MV], g_e=8 * MV)
    assert cells.spikes == [[0]]
    assert cells.v[0, 0] == V_RESET
    assert cells.v[0, 1] == V_RESET
    # g_e has fallen from 8 to 2 mV: V_reset + 0.1*(E_L - V_reset + 2 mV) = -60 - 1.2 mV
    assert cells.v[0, 2] == pytest.approx(-61.2 * MV, abs=ROUNDING)


def test_conductances_decay_while_the_membrane_is_held(brian):
    cells = Cells(brian, 6, v=[-50 * MV], g_e=8 * MV, g_i=4 * MV)
    assert cells.spikes == [[0]]
    halves = 0.5 ** np.arange(1, 7)
    np.testing.assert_allclose(cells.g_e[0], 8 * MV * halves, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(cells.g_i[0], 4 * MV * halves, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize(("dt", "interval"), [(1 * MS, 2), (0.5 * MS, 4)])
def test_no_drive_makes_spikes_closer_than_the_refractory_time(brian, dt, interval):
    """A drive that would cross the threshold in every step fires every 2 ms."""
    strong = Cells(brian, 20, v=[E_L], g_e=10.0, tau_s=1e9, dt=dt)
    assert strong.spikes == [list(range(0, 20, interval))]


def test_refractory_time_is_counted_in_absolute_steps(brian):
    """A cell that fired in the block before is held as long as if there had been no border."""
    cells = Cells(brian, 4, v=[-50 * MV] * 3, first_step=1000, ready=np.array([1000, 1001, 1003]))
    assert cells.spikes == [[0], [1], [3]]


def test_the_model_holds_cells_for_the_whole_steps_of_tau_ref():
    def held(**changes):
        params = NetworkParams(n_mon=1, n_ts=30, **changes)
        return constants(params, StimulusParams(), Wiring.of(params))["mon.refractory_steps"]

    assert held() == 2
    assert held(dt_s=0.0005) == 4
    assert held(dt_s=0.0001) == 20  # 20.000000000000004 and 19.999999999999996 alike
    assert held(tau_ref_ms=2.5) == 2
    assert held(tau_ref_ms=0.0) == 0


def test_every_spike_raises_the_trace_by_one(brian):
    cells = Cells(brian, 8, v=[E_L, E_L], g_e=[10.0, 0.0], tau_s=1e9)
    keep = 1 - 1 / 20  # tau_trace is 20 ms in this test, so Euler keeps 0.95 a step
    expected = [1, keep, 1 + keep**2, keep + keep**3]
    np.testing.assert_allclose(cells.trace[0, :4], expected, rtol=1e-14)  # a few roundings
    assert (cells.trace[1] == 0).all()


# background


def fire_background(b2, rate_hz, n, n_steps, *, first_step=0, seed=7):
    """Spikes of `n` background sources: cells and steps, from the model's first events on."""
    params = NetworkParams(n_mon=n, bg_rate_mon_hz=rate_hz, seed=seed)
    group = network.background("mon_background", n)
    numbers = {
        "log_miss": background(params)["mon_background.log_miss"],
        "next_event": first_step + first_events(params, "mon", n, rate_hz),
        **dict(seed=seed, phase=0, phase_start=0, first_step=first_step),
    }
    for name, number in numbers.items():
        group.variables[name].set_value(number)
    monitor = b2.SpikeMonitor(group, name="spikes")
    b2.Network(group, monitor, name="network").run(n_steps * b2.ms, namespace={})
    return np.array(monitor.i[:]), first_step + np.rint(monitor.t_[:] / MS).astype(int)


def test_background_fires_at_its_rate_independently_in_every_cell_and_step(brian):
    n, n_steps, p = 2000, 500, 0.018
    cell, step = fire_background(brian, 18.0, n, n_steps)
    variance = n * n_steps * p * (1 - p)  # a Bernoulli draw a step, a little less than Poisson
    assert len(cell) == pytest.approx(n * n_steps * p, abs=4 * math.sqrt(variance))
    for counts, draws in ((np.bincount(cell, minlength=n), n_steps), (np.bincount(step), n)):
        # cells, and steps, are independent: the variance of their counts is binomial. 4 SD of a
        # sample variance, which is nearly normal with a relative SD of sqrt(2/(size - 1))
        expected = draws * p * (1 - p)
        assert counts.var() == pytest.approx(expected, rel=4 * math.sqrt(2 / (counts.size - 1)))


def test_background_gaps_are_geometric(brian):
    """The first three gaps of 4000 cells at p = 0.2, none of them cut by the end."""
    n, p = 4000, 0.2
    cell, step = fire_background(brian, 200.0, n, 120)
    order = np.lexsort((step, cell))
    starts = np.searchsorted(cell[order], np.arange(n))
    first_four = step[order][starts[:, None] + np.arange(4)]
    gaps = np.diff(first_four, axis=1)
    assert gaps.min() == 1  # neighbouring steps may both have a spike
    k = np.arange(1, 20)
    share = p * (1 - p) ** (k - 1)
    for drawn in (first_four[:, 0] + 1, *gaps.T):  # the start of a run has no gap of its own
        counts = np.bincount(np.minimum(drawn, 20), minlength=21)[1:]
        expected = n * np.append(share, 1 - share.sum())
        chi_2 = np.sum((counts - expected) ** 2 / expected)
        assert chi_2 < 19 + 4 * math.sqrt(2 * 19)  # mean + 4 SD, 19 degrees of freedom
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert abs(np.corrcoef(gaps[:, a], gaps[:, b])[0, 1]) < 4 / math.sqrt(n)


def test_background_of_rate_0_never_fires(brian):
    cell, _ = fire_background(brian, 0.0, 100, 200)
    assert cell.size == 0
    params = NetworkParams(bg_rate_mon_hz=0.0)
    assert (first_events(params, "mon", 5, 0.0) == NEVER).all()
    assert params.training_steps < NEVER


def test_background_of_another_seed_fires_at_other_times(brian):
    cells_a, steps_a = fire_background(brian, 50.0, 200, 200, seed=1)
    cells_b, steps_b = fire_background(brian, 50.0, 200, 200, seed=2)
    a, b = set(zip(cells_a, steps_a, strict=True)), set(zip(cells_b, steps_b, strict=True))
    shared = 200 * 200 * 0.05**2  # by chance; 4 Poisson SD
    assert len(a & b) == pytest.approx(shared, abs=4 * math.sqrt(shared))


def test_background_keeps_its_rate_late_in_the_longest_training(brian):
    """Steps are 32-bit numbers; 2**31 of them are the most that the parameters allow."""
    cell, step = fire_background(brian, 200.0, 50, 60, first_step=2_000_000_000)
    assert step.min() >= 2_000_000_000
    assert len(cell) == pytest.approx(50 * 60 * 0.2, abs=4 * math.sqrt(50 * 60 * 0.2 * 0.8))
