"""Both plasticity rules, spike by spike, against numbers worked by hand.

Cells fire when they are told to; their traces and synapses are those of the model. Weights are
read at the end of each step of 1 ms. Unless a test says otherwise the constants are those of
the baseline: LL -> MON is multiplicative with A+ = 0.010, A- = -0.0105, w_max = 20 mV; MON -> TS
is additive with A+ = 0.010, A- = -0.006, w_max = 0.028, G = 220 mV.
"""

import numpy as np
import pytest

from models.lateral_line import equations as eq
from models.lateral_line import network
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import LL_BASELINE
from models.lateral_line.values import constants, euler_time_constant
from models.lateral_line.wiring import Wiring
from stimulus import StimulusParams

N_STEPS = 25
D = 0.951229424500714  # exp(-1 ms/20 ms): what a trace keeps in a step
MV = 1e-3

LL_MON = {"A_plus": 0.010, "A_minus": -0.0105, "w_max": 20 * MV}
MON_TS = {"A_plus": 0.010, "A_minus": -0.006, "w_max": 0.028, "G": 220 * MV}

# A weight takes a few sums and products a spike, each good to 2**-53 of its size.
ROUNDING = 1e-13


def exactly(expected):
    return pytest.approx(np.asarray(expected), rel=ROUNDING, abs=0)


class Pairs:
    """Pairs of cells, each with its own spikes and initial weight.

    Attributes
    ----------
    w, g_e : ndarray, shape (n_synapses, N_STEPS) and (n_pairs, N_STEPS)
        At the end of each step, SI units. `g_e` adds up all that was delivered.
    pre_trace, post_trace : ndarray, shape (n_pairs, N_STEPS)
    """

    def __init__(self, b2, rule, spikes, w, *, contacts=None, learn=1, trace=0.0, **changes):
        pre = forced(b2, "pre", [s[0] for s in spikes])
        post = forced(b2, "post", [s[1] for s in spikes])
        if rule == "ll_mon":
            synapses, numbers = network.ll_to_mon(pre, post, plastic=True), LL_MON
        else:
            synapses, numbers = network.mon_to_ts(pre, post, {"messenger": False}), MON_TS
        pairs = np.arange(len(spikes))
        i, j = (pairs, pairs) if contacts is None else contacts
        synapses.connect(i=i, j=j)
        for name, number in (numbers | {"learn": learn, "w": w} | changes).items():
            variable = synapses.variables[name]
            variable.set_value(number if variable.scalar else np.asarray(number, float))
        for group in (pre, post):
            group.variables["trace"].set_value(trace)
        watched = ((synapses, "w"), (post, "g_e"), (pre, "trace"), (post, "trace"))
        monitors = [
            b2.StateMonitor(group, name, record=True, when="end", name=f"watch_{k}")
            for k, (group, name) in enumerate(watched)
        ]
        b2.Network(pre, post, synapses, monitors, name="network").run(N_STEPS * b2.ms, namespace={})
        self.w, self.g_e, self.pre_trace, self.post_trace = (
            np.array(monitor.variables[name].get_value()).T
            for monitor, (_, name) in zip(monitors, watched, strict=True)
        )


def forced(b2, name, spike_steps):
    """Cells that fire in the given steps, with the model's spike trace and a bare target."""
    fires = np.zeros((N_STEPS, len(spike_steps)))
    for cell, steps in enumerate(spike_steps):
        fires[list(steps), cell] = 1
    group = b2.NeuronGroup(
        len(spike_steps),
        eq.TRACE + "g_e : volt",
        threshold="fires(t, i) > 0",
        reset=eq.TRACE_RESET,
        method="euler",
        namespace={"fires": b2.TimedArray(fires, dt=b2.ms, name=f"fires_{name}")},
        name=name,
    )
    group.variables["tau_trace"].set_value(euler_time_constant(20e-3, 1e-3))
    return group


# traces


def test_traces_decay_by_the_exact_factor_although_the_step_is_euler(brian):
    pairs = Pairs(brian, "mon_ts", [([3], [5])], [0.02])
    steps = np.arange(N_STEPS)
    pre = np.where(steps >= 3, np.exp(-(steps - 3) / 20), 0)
    post = np.where(steps >= 5, np.exp(-(steps - 5) / 20), 0)
    np.testing.assert_allclose(pairs.pre_trace[0], pre, rtol=ROUNDING)
    np.testing.assert_allclose(pairs.post_trace[0], post, rtol=ROUNDING)
    # Euler with tau itself would keep 1 - 1/20 a step: 2.6 % less after 20 steps
    assert pairs.pre_trace[0, 23] > 1.02 * (1 - 1 / 20) ** 20


def test_the_model_gives_all_three_populations_this_trace(small):
    numbers = constants(small, StimulusParams(), Wiring.of(small))
    for name in ("ll", "mon", "ts"):
        assert 1 - 1e-3 / numbers[f"{name}.tau_trace"] == pytest.approx(D, rel=ROUNDING)


def test_the_constants_here_are_those_of_the_baseline():
    params = NetworkParams(**LL_BASELINE)
    numbers = constants(params, StimulusParams(), Wiring.of(params))
    for projection, expected in (("ll_mon", LL_MON), ("mon_ts", MON_TS)):
        found = {name: numbers[f"{projection}.{name}"] for name in expected}
        assert found == pytest.approx(expected, rel=ROUNDING)


# MON -> TS, additive


def test_mon_ts_pre_before_post_adds_the_trace_of_the_pre_spike(brian):
    pairs = Pairs(brian, "mon_ts", [([10], [15])], [0.010])
    assert pairs.w[0, :15] == exactly(np.full(15, 0.010))  # the pre spike alone changes nothing
    # 0.010 + 0.010*exp(-5/20) = 0.010 + 0.010*0.7788007830714049
    assert pairs.w[0, 15:] == exactly(np.full(10, 0.017788007830714049))


def test_mon_ts_post_before_pre_subtracts_the_trace_of_the_post_spike(brian):
    pairs = Pairs(brian, "mon_ts", [([14], [10])], [0.010])
    assert pairs.w[0, :14] == exactly(np.full(14, 0.010))
    # 0.010 - 0.006*exp(-4/20) = 0.010 - 0.006*0.8187307530779818
    assert pairs.w[0, 14:] == exactly(np.full(11, 0.005087615481532109))


def test_mon_ts_steps_do_not_depend_on_the_weight(brian):
    w, spikes = [0.004, 0.016, 0.008, 0.024], [([10], [15])] * 2 + [([15], [10])] * 2
    moved = Pairs(brian, "mon_ts", spikes, w).w[:, -1] - w
    assert moved[:2] == pytest.approx([0.010 * D**5] * 2)
    assert moved[2:] == pytest.approx([-0.006 * D**5] * 2)


def test_mon_ts_coincident_spikes_depress_before_and_potentiate_with_the_new_trace(brian):
    spikes = [
        ([10], [10]),  # pre sees no a-, post sees the new a+: + 0.010
        ([10], [6, 10]),  # pre sees a- of step 6 only: - 0.006*D**4, then + 0.010
        ([6, 10], [10]),  # post sees both: + 0.010*(D**4 + 1)
    ]
    pairs = Pairs(brian, "mon_ts", spikes, [0.004, 0.008, 0.004])
    expected = [0.004 + 0.010, 0.008 - 0.006 * D**4 + 0.010, 0.004 + 0.010 * (D**4 + 1)]
    assert pairs.w[:, 10] == exactly(expected)
    assert pairs.w[:, -1] == exactly(expected)


def test_mon_ts_every_pre_spike_pairs_with_every_post_spike(brian):
    spikes = [
        ([10, 13], [18]),
        ([18], [10, 13]),
        ([10, 18], [13]),
        ([10], [13, 18]),
    ]
    pairs = Pairs(brian, "mon_ts", spikes, [0.002, 0.020, 0.010, 0.002])
    expected = [
        0.002 + 0.010 * (D**8 + D**5),  # both pre spikes reach the one post spike
        0.020 - 0.006 * (D**8 + D**5),
        0.010 + 0.010 * D**3 - 0.006 * D**5,  # the middle one counts in both directions
        0.002 + 0.010 * D**3 + 0.010 * D**8,  # the pre spike is used twice
    ]
    assert pairs.w[:, -1] == exactly(expected)


def test_mon_ts_weights_stop_at_zero_and_at_w_max_and_come_back(brian):
    spikes = [
        ([10], [15, 18]),  # 0.025 + 0.0078 is cut
        ([15, 20], [10]),  # 0.003 - 0.0047 is cut
        ([10, 18], [15]),  # cut at w_max, then depressed from there and not from 0.0328
    ]
    pairs = Pairs(brian, "mon_ts", spikes, [0.025, 0.003, 0.025])
    assert (pairs.w[0, 15:] == 0.028).all()
    assert (pairs.w[1, 15:] == 0).all()
    assert pairs.w[2, 17] == 0.028
    assert pairs.w[2, 18] == exactly(0.028 - 0.006 * D**3)


def test_mon_ts_a_spike_delivers_gain_times_the_weight_it_found(brian):
    pairs = Pairs(brian, "mon_ts", [([14, 20], [10])], [0.010])
    first, second = 0.010, 0.010 - 0.006 * D**4  # what the two pre spikes find
    expected = 220 * MV * np.repeat([0, first, first + second], [14, 6, 5])
    assert pairs.g_e[0] == exactly(expected)


# LL -> MON, multiplicative


def test_ll_mon_pre_before_post_moves_a_share_of_the_way_to_w_max(brian):
    pairs = Pairs(brian, "ll_mon", [([10], [15])], [10 * MV])
    assert pairs.w[0, :15] == exactly(np.full(15, 10 * MV))
    # 10 + 0.010*0.7788007830714049*(20 - 10) = 10.07788007830714 mV
    assert pairs.w[0, 15:] == exactly(np.full(10, 10.07788007830714 * MV))


def test_ll_mon_post_before_pre_takes_a_share_of_the_weight(brian):
    pairs = Pairs(brian, "ll_mon", [([14], [10])], [10 * MV])
    assert pairs.w[0, :14] == exactly(np.full(14, 10 * MV))
    # 10 - 0.0105*0.8187307530779818*10 = 9.914033270926812 mV
    assert pairs.w[0, 14:] == exactly(np.full(11, 9.914033270926812 * MV))


def test_ll_mon_steps_are_multiplicative_on_both_sides(brian):
    """An additive rule would give equal steps; additive steps pin every weight to a bound."""
    w, spikes = np.array([2, 5, 15, 19] * 2) * MV, [([10], [15])] * 4 + [([15], [10])] * 4
    up, down = np.split(Pairs(brian, "ll_mon", spikes, w).w[:, -1] - w, 2)
    # the differences of weights have lost two digits more than the weights themselves
    assert up / up[2] == pytest.approx(np.array([18, 15, 5, 1]) / 5, rel=100 * ROUNDING)
    assert down / down[2] == pytest.approx(np.array([2, 5, 15, 19]) / 15, rel=100 * ROUNDING)
    assert up[1] == pytest.approx(0.010 * D**5 * 15 * MV, rel=100 * ROUNDING)
    assert down[1] == pytest.approx(-0.0105 * D**5 * 5 * MV, rel=100 * ROUNDING)


def test_ll_mon_coincident_spikes_depress_before_and_potentiate_with_the_new_trace(brian):
    spikes = [([10], [10]), ([10], [6, 10]), ([6, 10], [10])]
    pairs = Pairs(brian, "ll_mon", spikes, np.full(3, 10 * MV))
    depressed = 10 - 0.0105 * D**4 * 10
    expected = [
        10 + 0.010 * (20 - 10),  # no a- for the pre spike, all of the new a+ for the post spike
        depressed + 0.010 * (20 - depressed),
        10 + 0.010 * (D**4 + 1) * (20 - 10),
    ]
    assert pairs.w[:, -1] == exactly(np.array(expected) * MV)


def test_ll_mon_every_pre_spike_pairs_with_every_post_spike(brian):
    spikes = [([10, 13], [18]), ([18], [10, 13]), ([10, 18], [13]), ([10], [13, 18])]
    pairs = Pairs(brian, "ll_mon", spikes, np.full(4, 10 * MV))
    middle = 10 + 0.010 * D**3 * 10
    expected = [
        10 + 0.010 * (D**8 + D**5) * 10,
        10 - 0.0105 * (D**8 + D**5) * 10,
        middle - 0.0105 * D**5 * middle,
        middle + 0.010 * D**8 * (20 - middle),
    ]
    assert pairs.w[:, -1] == exactly(np.array(expected) * MV)


def test_ll_mon_weights_stop_at_zero_and_at_w_max(brian):
    """With steps of more than the whole distance, which the baseline never takes."""
    spikes = [([10], [15]), ([15], [10])]
    w = Pairs(brian, "ll_mon", spikes, [10 * MV] * 2, A_plus=2.0, A_minus=-2.0).w
    assert (w[0, 15:] == 20 * MV).all()
    assert (w[1, 15:] == 0).all()


def test_ll_mon_a_spike_delivers_the_weight_it_found(brian):
    pairs = Pairs(brian, "ll_mon", [([14, 20], [10])], [10 * MV])
    first, second = 10, 10 - 0.0105 * D**4 * 10
    assert pairs.g_e[0] == exactly(np.repeat([0, first, first + second], [14, 6, 5]) * MV)


# both


@pytest.mark.parametrize(("rule", "w"), [("ll_mon", 10 * MV), ("mon_ts", 0.0123)])
def test_frozen_weights_stay_whatever_the_traces_hold(brian, rule, w):
    spikes = [([3, 10, 15], [5, 10, 12])]
    frozen = Pairs(brian, rule, spikes, [w], learn=0, trace=5.0)
    assert (frozen.w == w).all()
    gain = MON_TS["G"] if rule == "mon_ts" else 1
    assert frozen.g_e[0, -1] == exactly(3 * w * gain)  # and still transmit
    assert (Pairs(brian, rule, spikes, [w], learn=1, trace=5.0).w[0, -1:] != w).all()


@pytest.mark.parametrize(("rule", "scale"), [("ll_mon", MV), ("mon_ts", 1e-3)])
def test_duplicate_synapses_keep_weights_of_their_own(brian, rule, scale):
    both = np.array([5.0, 9.0]) * scale
    spikes = ([10, 12], [11, 15])
    twins = Pairs(brian, rule, [spikes], both, contacts=([0, 0], [0, 0]))
    alone = Pairs(brian, rule, [spikes] * 2, both)
    np.testing.assert_array_equal(twins.w, alone.w)
    assert twins.w[0, -1] != twins.w[1, -1]
    assert twins.g_e[0] == exactly(alone.g_e.sum(axis=0))


@pytest.mark.parametrize(("rule", "w"), [("ll_mon", 10 * MV), ("mon_ts", 0.0123)])
def test_a_spike_reaches_the_weights_of_its_own_cell_only(brian, rule, w):
    pairs = Pairs(brian, rule, [([10], [12]), ([], [12]), ([10], []), ([], [])], [w] * 4)
    assert pairs.w[0, -1] > w
    assert (pairs.w[1:] == w).all()
