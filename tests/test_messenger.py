"""The messenger: what it does to weights, against NumPy, and that a run with it is one run.

A TS spike adds to the messenger D of all TS cells, shares of a Gaussian over their distance that
sum to 1. A MON spike changes its weights by A (D - mean of D), kept between 0 and w_max. Within a
step D decays first, then weights read it, then the spikes of the step release more of it. The
small network has trials of 200 steps.
"""

import dataclasses
import shutil
import signal

import numpy as np
import pytest

from driver.engine.choose import choose
from models.lateral_line import equations as eq
from models.lateral_line import network, values
from models.lateral_line.params import NetworkParams
from models.lateral_line.wiring import Wiring, messenger_contacts
from tests import program
from tests.conftest import Bench, assert_same, small_params
from tests.program import bare, call, differing, listing, resolve, run, shared

TRIAL, MV = 200, 1e-3
# Sums of some hundred terms in one order here and in another there, decaying together.
ROUNDING = 1e-11

MESSENGER = dict(
    mon_ts_rule="messenger",
    messenger_rate_start=0.1,  # so that some weights reach 0 and some w_max
    messenger_rate_end=0.02,
    messenger_reach_start=12.0,
    messenger_reach_end=1.5,
    messenger_shrink_fraction=0.6,
    messenger_mean_tau_s=0.5,
    ts_flat_inh_mV=0.3,
)
FLAGS = (
    *("--mon-ts-rule", "messenger"),
    *("--messenger-rate-start", "0.004", "--messenger-rate-end", "0.001"),
    *("--messenger-reach-start", "12", "--messenger-reach-end", "1.5"),
    *("--messenger-shrink-fraction", "0.6", "--messenger-mean-tau-s", "0.5"),
    *("--ts-flat-inh-mv", "0.3"),
)
CONSTANT = (
    *FLAGS,
    *("--messenger-reach-start", "3", "--messenger-reach-end", "3"),
    *("--messenger-rate-start", "0.002", "--messenger-rate-end", "0.002"),
)


def with_messenger(**changes) -> NetworkParams:
    return small_params(**MESSENGER | changes)


@pytest.fixture(scope="module")
def numpy_bench():
    """A block of this network may be as long as the training."""
    bench = Bench(with_messenger(checkpoint_trials=6))
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def cpp_bench():
    """The program that runs of the command line with `FLAGS` use as well."""
    bench = Bench(with_messenger(), "cpp_standalone")
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def in_one_block(numpy_bench):
    return numpy_bench.train()


@pytest.fixture(scope="module")
def learned(numpy_bench):
    """The same without homeostasis: nothing but the messenger changes weights."""
    return numpy_bench.train(homeostasis=False)


# --- the rule, written down once more ----------------------------------------------------


def shares(distance, reach):
    """What each source (row) gives to each target (column)."""
    gauss = np.exp(-(distance**2) / (2 * reach**2))
    return gauss / gauss.sum(axis=1, keepdims=True)


def of_trial(p, trial, start, end):
    done = min(1.0, trial / (p.messenger_shrink_fraction * p.n_training_trials))
    return np.exp(np.log(start) + done * (np.log(end) - np.log(start)))


def replayed(p, contacts, w, spikes, n_steps):
    """D, its mean and the weights after `n_steps` from step 0, of spikes that are given."""
    fired = {name: np.zeros((n_steps, n), bool) for name, n in (("mon", p.n_mon), ("ts", p.n_ts))}
    for name, table in fired.items():
        table[spikes[name].step, spikes[name].index] = True
    i, j = contacts["mon_ts.i"], contacts["mon_ts.j"]
    cell = np.arange(p.n_ts)
    distance = np.abs(cell[:, None] - cell)
    d, d_mean = np.zeros(p.n_ts), np.zeros(p.n_ts)
    keep = np.exp(-p.dt_s / (p.messenger_tau_ms * 1e-3))
    share = p.dt_s / p.messenger_mean_tau_s
    lowest, highest = np.inf, -np.inf
    for step in range(n_steps):
        if step % p.trial_steps == 0:
            trial = step // p.trial_steps
            reach = of_trial(p, trial, p.messenger_reach_start, p.messenger_reach_end)
            rate = of_trial(p, trial, p.messenger_rate_start, p.messenger_rate_end)
            spread = shares(distance, reach)
        d, d_mean = keep * d, d_mean + share * (d - d_mean)
        moved = w + fired["mon"][step][i] * rate * (d - d_mean)[j]
        lowest, highest = min(lowest, moved.min()), max(highest, moved.max())
        w = np.clip(moved, 0, p.mon_ts_wmax)
        d = d + fired["ts"][step] @ spread
    assert lowest < 0 and highest > p.mon_ts_wmax  # both ends were met
    return {"ts.D": d, "ts.D_mean": d_mean, "mon_ts.w": w}


def test_the_engine_follows_the_rule(numpy_bench, learned):
    """Weights, D and its mean after six trials of six reaches, from the spikes that came."""
    p = numpy_bench.params
    assert learned.counts["ts"] > 100 and learned.counts["mon"] > 100
    start = numpy_bench.start()["mon_ts.w"]
    expected = replayed(p, numpy_bench.model.wiring, start, learned.spikes, p.training_steps)
    for name, array in expected.items():
        np.testing.assert_allclose(learned.state[name], array, rtol=ROUNDING, atol=1e-14)
    at_bounds = [(learned.state["mon_ts.w"] == bound).sum() for bound in (0, p.mon_ts_wmax)]
    assert min(at_bounds) > 5


def test_frozen_weights_stay_while_the_messenger_goes_on(numpy_bench):
    start = numpy_bench.start()
    after = numpy_bench.block(start, 0, TRIAL, learn=False, homeostasis=False)
    assert after.state["mon_ts.w"].tobytes() == start["mon_ts.w"].tobytes()
    assert after.counts["mon"] > 0 and after.state["ts.D"].max() > 0


# --- by hand -----------------------------------------------------------------------------

N_CELLS, N_STEPS, TRIAL_OF_10 = 5, 25, 10
TAU, TAU_MEAN, A, W_MAX = 8.0, 50.0, 0.3, 1.0  # ms, ms


class Line:
    """A MON cell for each of 5 TS cells, all of which fire when they are told to.

    Attributes
    ----------
    w, d, g_e : ndarray, shape (5, N_STEPS)
        At the end of each step.
    share : ndarray, shape (5, 5)
        At the end; from each TS cell to each.
    """

    def __init__(self, b2, mon, ts, w, reaches=(1.5,), *, rates=A, learn=1.0):
        trial_clock = b2.Clock(TRIAL_OF_10 * b2.ms, name="trial_clock")
        pre = forced(b2, "mon", mon, "g_e : volt")
        post = forced(b2, "ts", ts, "g_e : volt" + eq.MESSENGER)
        structure = {"messenger": True, "messenger_trials": len(reaches), "n_ts": N_CELLS}
        structure |= {"trial_steps": TRIAL_OF_10, "dt_s": 1e-3}
        weights = network.mon_to_ts(pre, post, structure)
        cells = np.arange(N_CELLS)
        weights.connect(i=cells, j=cells)
        spread = network.messenger(post, structure, trial_clock)
        spread.connect()
        i, j = np.array(spread.i), np.array(spread.j)
        table = np.exp(-0.5 * (cells / np.array(reaches)[:, None]) ** 2)
        spread.namespace["gauss"].values[:] = table
        weights.namespace["rate"].values[:] = rates
        for made, numbers in (
            (post, {"tau_D": values.euler_time_constant(TAU * 1e-3, 1e-3)}),
            (post, {"tau_mean": TAU_MEAN * 1e-3}),
            (spread, {"distance": np.abs(i - j)}),
            (weights, {"w": np.full(N_CELLS, w), "G": 1.0, "w_max": W_MAX, "learn": learn}),
        ):
            for name, number in numbers.items():
                made.variables[name].set_value(number)
        watched = ((weights, "w"), (post, "D"), (post, "D_mean"), (post, "g_e"))
        monitors = [
            b2.StateMonitor(group, name, record=True, when="end", name=f"watch_{k}")
            for k, (group, name) in enumerate(watched)
        ]
        made = b2.Network(pre, post, weights, spread, monitors, name="network")
        made.run(N_STEPS * b2.ms, namespace={})
        self.w, self.d, self.d_mean, self.g_e = (
            np.array(monitor.variables[name].get_value()).T
            for monitor, (_, name) in zip(monitors, watched, strict=True)
        )
        self.share = np.array(spread.variables["share"].get_value()).reshape(N_CELLS, N_CELLS)


def forced(b2, name, steps, more):
    """Cells that fire in the steps given for them, a dict."""
    fires = np.zeros((N_STEPS, N_CELLS))
    for cell, when in steps.items():
        fires[list(when), cell] = 1
    return b2.NeuronGroup(
        N_CELLS,
        more,
        threshold="fires(t, i) > 0",
        method="euler",
        namespace={"fires": b2.TimedArray(fires, dt=b2.ms, name=f"fires_{name}")},
        name=name,
    )


def exactly(expected):
    return pytest.approx(np.asarray(expected), rel=1e-12, abs=1e-300)


def test_a_spike_spreads_a_gaussian_that_decays(brian):
    line = Line(brian, {}, {2: [3]}, 0.5)
    assert (line.d[:, :3] == 0).all()
    gauss = np.exp(-(np.array([2, 1, 0, 1, 2]) ** 2) / (2 * 1.5**2))
    decayed = np.exp(-np.arange(N_STEPS - 3) / TAU)
    assert line.d[:, 3:] == exactly(np.outer(gauss / gauss.sum(), decayed))


def test_all_that_a_cell_gives_sums_to_1_at_the_edges_too(brian):
    line = Line(brian, {}, {0: [3], 4: [3]}, 0.5)
    assert line.share.sum(axis=1) == exactly(np.ones(N_CELLS))
    assert line.d[:, 3].sum() == exactly(2)
    # the first cell gives the last one next to nothing: TS is no ring here
    assert line.share[0, 4] < 0.1 * line.share[0, 0]
    assert line.share[0, 1] > line.share[2, 1]  # an edge has fewer to share with


def test_shares_are_renewed_at_the_start_of_each_trial_from_its_row(brian):
    line = Line(brian, {}, {2: [9, 10, 20]}, 0.5, reaches=(4.0, 1.0, 0.1))
    released = np.diff(line.d * np.exp(np.arange(N_STEPS) / TAU), axis=1)
    for step, reach in ((9, 4.0), (10, 1.0), (20, 0.1)):
        gauss = np.exp(-(np.array([2, 1, 0, 1, 2]) ** 2) / (2 * reach**2))
        found = released[:, step - 1] * np.exp(-step / TAU)
        np.testing.assert_allclose(found, gauss / gauss.sum(), rtol=1e-11, atol=1e-13)


def test_a_weight_moves_by_the_messenger_above_its_usual_level(brian):
    """MON 1 fires 4 steps after TS 2: the weight gains what is there beyond the mean."""
    line = Line(brian, {1: [7]}, {2: [3]}, 0.5)
    share = np.exp(-1 / (2 * 1.5**2)) / (1 + 2 * np.exp(-2 / 9) + 2 * np.exp(-8 / 9))
    d = share * np.exp(-np.arange(5) / TAU)  # at the end of steps 3 to 7
    mean = 0.0
    for there in d[:4]:  # Euler: with what there was before the step
        mean += (there - mean) / TAU_MEAN
    assert line.w[1, :7] == exactly(np.full(7, 0.5))
    assert line.w[1, 7:] == exactly(np.full(N_STEPS - 7, 0.5 + A * (d[4] - mean)))
    assert (line.w[[0, 2, 3, 4]] == 0.5).all()


def test_weights_read_the_messenger_before_the_spikes_of_their_own_step(brian):
    together = Line(brian, {2: [3]}, {2: [3]}, 0.5)
    assert (together.w == 0.5).all()  # there was none yet
    later = Line(brian, {2: [4]}, {2: [3]}, 0.5)
    assert later.w[2, -1] > 0.5


def test_a_spike_delivers_the_weight_it_found(brian):
    line = Line(brian, {2: [5, 6]}, {2: [3]}, 0.5)
    found = 0.5 + line.w[2, 5]
    assert line.g_e[2, -1] == exactly(found)
    assert line.w[2, 5] > 0.5


def test_the_rate_is_that_of_the_trial(brian):
    """The same one after the other in three trials, at one reach."""
    mon, ts = {2: [2, 12, 22]}, {2: [1, 11, 21]}
    line = Line(brian, mon, ts, 0.5, reaches=(1.0, 1.0, 1.0), rates=(0.3, 0.1, 0.02))
    for step, rate in ((2, 0.3), (12, 0.1), (22, 0.02)):
        moved = line.w[2, step] - line.w[2, step - 1]
        above = line.d[2, step] - line.d_mean[2, step]
        assert moved == pytest.approx(rate * above, rel=1e-9)


def test_below_the_usual_level_weights_fall_and_stop_at_0_and_at_w_max(brian):
    """The mean outlives the messenger, so a late spike of MON loses."""
    up = Line(brian, {2: range(4, 12)}, {2: [3, 4, 5, 6]}, 0.9)
    assert (up.w[2, 11:] == W_MAX).all() and up.w[2, 4] < W_MAX
    late = Line(brian, {0: [24], 1: [24]}, {0: [0, 1]}, 0.5, reaches=(0.05,))
    assert late.d[0, 24] < late.d_mean[0, 24]
    assert late.w[0, 24] == exactly(0.5 + A * (late.d[0, 24] - late.d_mean[0, 24]))
    assert late.w[0, 24] < 0.5 == late.w[1, 24]
    down = Line(brian, {0: [24]}, {0: [0, 1]}, 1e-4, reaches=(0.05,))
    assert down.w[0, 24] == 0


def test_without_learning_the_weights_keep_their_bits(brian):
    off = Line(brian, {2: range(4, 12)}, {2: [3, 4, 5]}, 0.123, learn=0.0)
    assert (off.w == 0.123).all() and off.d.max() > 0


# --- its reach ---------------------------------------------------------------------------


def test_the_reach_shrinks_exponentially_over_its_fraction_of_the_training():
    p = with_messenger(n_training_trials=100, messenger_shrink_fraction=0.5)
    reach = values.messenger_reach(p, np.arange(120))
    assert reach[0] == 12 and reach[50] == pytest.approx(1.5, rel=1e-14)
    assert reach[25] == pytest.approx(np.sqrt(12 * 1.5))
    assert reach[1:51] / reach[:50] == pytest.approx(np.full(50, (1.5 / 12) ** (1 / 50)))
    assert (reach[50:] == reach[50]).all()


def test_the_rate_shrinks_as_the_reach_does_and_may_be_0():
    p = with_messenger(n_training_trials=100, messenger_shrink_fraction=0.5)
    rate = values.messenger_rate(p, np.arange(120))
    reach = values.messenger_reach(p, np.arange(120))
    assert rate[0] == 0.1 and rate[50:] == pytest.approx(np.full(70, 0.02))
    done = np.log(reach / 12) / np.log(1.5 / 12)
    assert np.log(rate / 0.1) / np.log(0.02 / 0.1) == pytest.approx(done)
    for start in (0.1, 0.0):
        off = with_messenger(messenger_rate_start=start, messenger_rate_end=0.0)
        assert not values.messenger_rate(off, np.arange(9))[1 if start else 0 :].any()


@pytest.mark.parametrize("trials", [0, 1, 7])
def test_a_fraction_of_0_is_the_end_at_once_and_1_the_last_trial(trials):
    at_once = with_messenger(n_training_trials=trials, messenger_shrink_fraction=0.0)
    assert (values.messenger_reach(at_once, np.arange(9)) == 1.5).all()
    all_through = with_messenger(n_training_trials=trials, messenger_shrink_fraction=1.0)
    reach = values.messenger_reach(all_through, np.arange(trials + 3))
    assert reach[trials:] == pytest.approx(np.full(3, 1.5), rel=1e-14)
    assert (np.diff(reach[: trials + 1]) < 0).all()


def test_a_block_has_a_row_of_the_table_for_each_of_its_trials():
    """Whatever block a trial is in, its row is the same."""
    p = with_messenger(n_training_trials=12, checkpoint_trials=4)
    rows = np.exp(
        -(np.arange(24) ** 2) / (2 * values.messenger_reach(p, np.arange(16)) ** 2)[:, None]
    )
    for trial in (0, 3, 4, 8, 12):
        table = values.messenger_tables(p, trial * p.trial_steps)["gauss.values"]
        assert table.shape == (values.block_trials(p), p.n_ts) == (4, 24)
        np.testing.assert_allclose(table, rows[trial : trial + 4], rtol=1e-12, atol=1e-300)
    rates = values.messenger_tables(p, 0)["rate.values"]
    np.testing.assert_allclose(rates, values.messenger_rate(p, np.arange(4)), rtol=1e-14)
    assert values.messenger_tables(small_params(), 0) == {}
    together = values.messenger_tables(p, 0)["gauss.values"][2:]
    alone = values.messenger_tables(p, 2 * p.trial_steps)["gauss.values"][:2]
    assert together.tobytes() == alone.tobytes()


def test_distances_are_those_along_ts_or_along_a_random_order_that_stays():
    i, j, distance = messenger_contacts(with_messenger())
    assert np.array_equal(distance, np.abs(i - j))
    assert np.unique(i * 24 + j).size == 24**2 == distance.size
    shuffled = messenger_contacts(with_messenger(messenger_shuffled=True))[2].reshape(24, 24)
    again = messenger_contacts(with_messenger(messenger_shuffled=True))[2]
    assert np.array_equal(shuffled.ravel(), again)
    assert not np.array_equal(shuffled.ravel(), distance)
    other = messenger_contacts(with_messenger(messenger_shuffled=True, seed=7))[2]
    assert not np.array_equal(other, again)
    # the same distances between other cells: an end has all from 0 to 23, and so on
    in_order = distance.reshape(24, 24)
    ends = np.flatnonzero(shuffled.max(axis=1) == 23)
    assert ends.size == 2
    order = np.argsort(shuffled[ends[0]])
    assert np.array_equal(shuffled[np.ix_(order, order)], in_order)


# --- flat inhibition ---------------------------------------------------------------------


def only_flat(p) -> dict:
    """Weights of 0 wherever TS is inhibited otherwise."""
    n_lateral = values.lateral_contacts(p)[0].size
    return {"ts_ts.w": np.zeros(n_lateral), "i_ts_ts.w": np.zeros(p.n_ts)}


def test_every_ts_spike_inhibits_all_of_ts_in_its_own_step(numpy_bench):
    p, state = numpy_bench.params, numpy_bench.start()
    state["ts.v"][[3, 20]] = -20 * MV  # far above threshold, also after one Euler step
    after = numpy_bench.block(state, 0, 1, change=only_flat(p))
    assert after.spikes["ts"].index.tolist() == [3, 20]
    np.testing.assert_allclose(after.state["ts.g_i"], np.full(p.n_ts, 2 * 0.3 * MV), rtol=1e-14)


def test_flat_inhibition_decays_and_adds_up(numpy_bench):
    p = numpy_bench.params
    after = numpy_bench.block(numpy_bench.start(), 0, TRIAL, change=only_flat(p))
    spikes = np.bincount(after.spikes["ts"].step, minlength=TRIAL)
    g_i = 0.0
    for n in spikes:
        g_i = g_i * (1 - p.dt_s / (p.tau_s_ms * MV)) + n * p.ts_flat_inh_mV * MV
    assert spikes.max() > 1 and g_i > 0
    np.testing.assert_allclose(after.state["ts.g_i"], np.full(p.n_ts, g_i), rtol=1e-12)


def test_what_is_not_asked_for_is_not_built():
    plain, asked = (values.model(p, Wiring.of(p)) for p in (small_params(), with_messenger()))
    assert set(asked.state) - set(plain.state) == {"ts.D", "ts.D_mean"}
    more = {name.split(".")[0] for name in set(asked.wiring) - set(plain.wiring)}
    assert more == {"ts_messenger", "ts_ts_pool"}


# --- the same bits -----------------------------------------------------------------------


@pytest.mark.compiler
def test_compiled_in_several_blocks_it_has_the_bits_of_numpy_in_one(cpp_bench, in_one_block):
    in_blocks = cpp_bench.train(2 * TRIAL, 4 * TRIAL)
    assert in_blocks.counts["ts"] > 0
    assert_same(in_blocks, in_one_block)


@pytest.mark.compiler
def test_blocks_may_be_cut_at_any_trial(cpp_bench, in_one_block):
    assert_same(cpp_bench.train(TRIAL, 2 * TRIAL, 3 * TRIAL, 5 * TRIAL), in_one_block)


def structure_of(**changes) -> dict:
    params = small_params(**changes)
    return values.model(params, Wiring.of(params)).structure


def test_interval_of_records_is_no_part_of_a_program_without_messenger():
    assert structure_of(checkpoint_trials=3) == structure_of(checkpoint_trials=2)
    one, other = (structure_of(**MESSENGER, checkpoint_trials=n) for n in (3, 2))
    assert one != other


def test_a_killed_run_goes_on_to_the_same_end(tmp_path):
    """Killed in its third block, while the reach shrinks."""
    from tests.test_resume import HOW, KILLED

    patch, _ = HOW["in a block"]
    process = program.start(tmp_path, "--no-figures", *FLAGS, code=KILLED.format(how=patch))
    killed = program.finish(process, tmp_path)
    assert killed.status == -signal.SIGKILL, killed.said
    shutil.copytree(killed.folder, tmp_path / "copy")
    resumed = run(tmp_path, *FLAGS, "--resume-from", tmp_path / "copy", name="resumed")
    assert resumed.status == 0, resumed.said
    assert "resuming after trial 4 of 8" in resumed.said
    whole = shared(*FLAGS)
    assert differing(resumed.arrays(), whole.arrays()) == []
    assert program.without_times(resumed.results()) == program.without_times(whole.results())
    assert {"checkpoint/state.ts.D", "checkpoint/state.ts.D_mean"} <= set(whole.arrays())


def test_another_length_is_refused_while_the_reach_shrinks(tmp_path):
    before = listing(tmp_path)
    flags = ("--n-training-trials", "10", "--resume-from", shared(*FLAGS).folder)
    longer = run(tmp_path, *FLAGS, *flags)
    assert longer.status == 2
    assert "n_training_trials" in longer.said or "--n-training-trials" in longer.said
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "constant",
    [CONSTANT, (*FLAGS, "--messenger-shrink-fraction", "0")],
    ids=["one reach", "shrunk at once"],
)
def test_a_training_in_two_goes_is_one_training_if_the_reach_is_constant(tmp_path, constant):
    begun = run(tmp_path, *constant, "--n-training-trials", "4", name="begun")
    resumed = run(tmp_path, *constant, "--resume-from", begun.folder, name="resumed")
    assert resumed.status == 0, resumed.said
    whole = run(tmp_path, *constant, name="whole")
    assert differing(resumed.arrays(), whole.arrays()) == []


# --- flags -------------------------------------------------------------------------------

SIZES = ("--mode", "ll_fast", "--n-ts", "24", "--ts-lateral-radius", "3")


@pytest.mark.parametrize(
    "flags, words",
    [
        (("--messenger-reach-start", "12.5"), "--messenger-reach-start 12.5 is more than half"),
        (
            ("--messenger-reach-start", "12.5", "--messenger-reach-end", "12.4"),
            "--messenger-reach-end 12.4 is more than half of --n-ts 24",
        ),
        (
            ("--messenger-reach-start", "3", "--messenger-reach-end", "3.5"),
            "--messenger-reach-end 3.5 exceeds --messenger-reach-start 3",
        ),
        (
            ("--messenger-rate-start", "1e-4", "--messenger-rate-end", "2e-4"),
            "--messenger-rate-end 0.0002 exceeds --messenger-rate-start 0.0001",
        ),
        (("--messenger-tau-ms", "0.9"), "--messenger-tau-ms 0.9 (ms) is shorter"),
        (
            ("--messenger-mean-tau-s", "0.0005"),
            "--messenger-mean-tau-s 0.0005 (s) is shorter",
        ),
    ],
    ids=["start too wide", "end too wide", "widening", "faster", "tau", "tau of the mean"],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_flag(tmp_path, flags, words):
    made = bare(tmp_path, *SIZES, *FLAGS, *flags)
    assert made.status == 2
    assert words in made.said and "Traceback" not in made.said
    assert listing(tmp_path) == {}


@pytest.mark.parametrize(
    "flags",
    [
        ("--messenger-reach-start", "12", "--messenger-reach-end", "12"),
        ("--messenger-tau-ms", "1", "--messenger-mean-tau-s", "0.001"),
    ],
    ids=["half of TS", "a step"],
)
def test_what_just_can_be_is_taken(tmp_path, monkeypatch, flags):
    monkeypatch.chdir(tmp_path)
    assert resolve([*SIZES, *FLAGS, *flags]).params.has_messenger


def test_bounds_of_the_messenger_do_not_bind_a_network_without_it():
    assert small_params(n_ts=4, messenger_reach_start=150.0).n_ts == 4
    with pytest.raises(ValueError, match="--messenger-reach-start"):
        small_params(n_ts=4, mon_ts_rule="messenger", messenger_reach_start=150.0)


@pytest.mark.parametrize(
    "flags, words",
    [
        (FLAGS, "--mon-ts-rule messenger has no description for GeNN"),
        (FLAGS[:-2], "--mon-ts-rule messenger has no description for GeNN"),
        (FLAGS[-2:], "--ts-flat-inh-mv has no description for GeNN"),
    ],
    ids=["both", "messenger", "flat inhibition"],
)
@pytest.mark.parametrize("backend", ["genn", "genn_gpu"])
def test_genn_is_refused_for_its_reason_whether_or_not_it_is_there(
    tmp_path, monkeypatch, backend, flags, words
):
    """To install GeNN would not help, so that is not what is said first."""
    monkeypatch.delenv("GENN_PATH", raising=False)
    made = bare(tmp_path, *SIZES, *flags, "--backend", backend)
    assert made.status == 2
    assert f"--backend {backend}: {words}" in made.said and "GENN_PATH" not in made.said
    assert listing(tmp_path) == {}


@pytest.mark.compiler
@pytest.mark.parametrize("asked", [MESSENGER, {"ts_flat_inh_mV": 0.3}])
def test_from_python_genn_is_refused_for_the_same_reason(monkeypatch, asked):
    monkeypatch.delenv("GENN_PATH", raising=False)
    params = small_params(**asked)
    with pytest.raises(ValueError, match="--backend genn: .* has no description for GeNN"):
        choose("genn", values.model(params, Wiring.of(params)), 1, 1)


def remarks(*flags) -> dict[str, str]:
    return {a.flag: a.reason for a in resolve([*SIZES, *flags]).adjustments}


def test_flags_that_do_nothing_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    without = "no effect without --mon-ts-rule messenger"
    typed = ("--messenger-rate-end", "1e-5", "--messenger-reach-end", "2", "--messenger-shuffled")
    found = remarks(*typed)
    names = ("messenger-rate-end", "messenger-reach-end", "messenger-shuffled")
    assert {name: found[name] for name in names} == dict.fromkeys(names, without)
    assert remarks(*FLAGS) == {}
    found = remarks(*FLAGS, "--mon-ts-apre", "0.02", "--mon-ts-apost", "-0.01")
    assert found == dict.fromkeys(
        ("mon-ts-apre", "mon-ts-apost"), "no effect with --mon-ts-rule messenger"
    )


def test_without_any_spike_trace_its_decay_does_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tau = ("--stdp-tau-ms", "10")
    found = remarks(*FLAGS, *tau, "--no-use-ll-mon-stdp")
    assert found["stdp-tau-ms"].startswith("no effect with --mon-ts-rule messenger")
    assert remarks(*FLAGS, *tau) == remarks(*tau, "--no-use-ll-mon-stdp") == {}


def test_there_and_back_of_one_pass_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "test-there-and-back" in remarks("--test-there-and-back")
    assert remarks("--test-there-and-back", "--test-passes", "2") == {}


def test_disable_all_stdp_switches_the_messenger_off(tmp_path):
    made = run(tmp_path, *FLAGS, "--disable-all-stdp", "--n-training-trials", "2")
    assert made.status == 0, made.said
    assert "overruled by --disable-all-stdp" in made.said
    weights = made.weights()
    for name in ("mon_ts_w", "ll_mon_w_mV"):
        before = weights[name.replace("_w", "_w_init")]
        assert weights[name].tobytes() == before.tobytes()
    assert made.results()["evaluation_mode"] == "untrained"
    learned = shared(*FLAGS).weights()
    assert not np.array_equal(learned["mon_ts_w"], learned["mon_ts_w_init"])


def test_the_messenger_alone_can_learn():
    off = dict(mon_ts_homeo_eta=0.0, ll_mon_use_stdp=False)
    assert with_messenger(**off).can_learn
    off |= dict(messenger_rate_start=0.0, messenger_rate_end=0.0)
    assert not with_messenger(**off).can_learn
    still = dataclasses.replace(with_messenger(**off), mon_ts_apre=0.02)
    assert not still.can_learn  # a gain of the rule that is not used


def test_help_names_the_presets_that_organise_themselves():
    _, out, _ = call("--help")
    assert "ll_selforg " in out and "ll_selforg_fast" in out
