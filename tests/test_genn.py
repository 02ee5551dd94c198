"""Blocks on GeNN: the same spikes as on NumPy, and exact in themselves.

GeNN adds the inputs of a step in another order, so sums differ in their last bit. `CLOSE` is far
above the 1e-15 that 1200 steps make of that and far below a single change of a weight, 1e-3.
What a block is, how it may be cut and what it may not change holds bit for bit on GeNN itself.
"""

import dataclasses

import numpy as np
import pytest

from driver.engine.choose import open_engine
from driver.engine.compile.program import find_or_build
from driver.engine.genn.engine import row_bounds, sorted_wiring
from driver.engine.timing.profile import Profile
from models.lateral_line.values import NEVER, POPULATIONS
from tests.conftest import Bench, assert_same, small_params
from tests.program import SMALL, TRIALS, bare, differing, shared, without_times
from tests.test_homeostasis import ROUNDING, assert_weights, etas, expected_weights, frozen_step

pytestmark = [pytest.mark.genn, pytest.mark.compiler]

CLOSE = 1e-9
TRIAL = 200
WEIGHTS = ("ll_mon.w", "mon_ts.w")
SECOND_SEED = 127  # its longest rows fit the room of seed 123


def assert_same_spikes(one, other) -> None:
    """In neuron and step; within a step GeNN may list them in another order."""
    assert one.counts == other.counts
    for name in one.spikes:
        first, second = (
            np.lexsort((s.index, s.step)) for s in (one.spikes[name], other.spikes[name])
        )
        for part in ("index", "step"):
            a, b = getattr(one.spikes[name], part), getattr(other.spikes[name], part)
            np.testing.assert_array_equal(a[first], b[second], err_msg=f"{name} spikes, {part}")


def assert_close(one: dict, other: dict) -> None:
    for key, array in other.items():
        scale = np.abs(array).max(initial=0)
        np.testing.assert_allclose(one[key], array, rtol=CLOSE, atol=CLOSE * scale, err_msg=key)


@pytest.fixture(scope="module")
def training(numpy_bench):
    return numpy_bench.train()


@pytest.fixture(scope="module")
def on_genn(genn_bench):
    return genn_bench.train()


# --- as on NumPy ---------------------------------------------------------------------------


def test_a_training_on_genn_has_the_spikes_and_weights_of_numpy(on_genn, training):
    assert min(training.counts.values()) > 50
    assert_same_spikes(on_genn, training)
    assert_close(on_genn.state, training.state)


def test_in_blocks_too(genn_bench, training):
    blocks = genn_bench.train(TRIAL, 3 * TRIAL, 4 * TRIAL)
    assert_same_spikes(blocks, training)
    assert_close(blocks.state, training.state)


def test_cells_that_fire_in_one_step_pair_as_published(genn_bench, numpy_bench):
    """All of LL, MON and TS in the same step: first a-, then a+, the own spike in a+ only."""
    p, bench = genn_bench.params, genn_bench
    state = bench.start() | {
        **{f"{name}.trace": np.full(n, 0.5) for name, n in sizes(p).items()},
        **{f"{name}.v": np.full(sizes(p)[name], -20e-3) for name in ("mon", "ts")},
    }
    capacity = bench.model.structure["n_frames"]
    loud = {"extra_noise.values": np.full(capacity * p.n_ll, 1e6)}
    after = bench.block(state, 0, 1, homeostasis=False, change=loud)
    assert [after.counts[name] for name in ("ll", "mon", "ts")] == [p.n_ll, p.n_mon, p.n_ts]
    a = 0.5 * np.exp(-p.dt_s / (p.stdp_tau_ms * 1e-3))  # both traces, before the spikes of the step
    ll_max, w = p.ll_mon_wmax_mV * 1e-3, state["ll_mon.w"]
    w = np.clip(w + p.ll_mon_apost * a * w, 0, ll_max)
    w = np.clip(w + p.ll_mon_apre * (a + 1) * (ll_max - w), 0, ll_max)
    np.testing.assert_allclose(after.state["ll_mon.w"], w, rtol=ROUNDING)
    w = np.clip(state["mon_ts.w"] + p.mon_ts_apost * a, 0, p.mon_ts_wmax)
    w = np.clip(w + p.mon_ts_apre * (a + 1), 0, p.mon_ts_wmax)
    np.testing.assert_allclose(after.state["mon_ts.w"], w, rtol=ROUNDING)
    for name in ("ll", "mon", "ts"):
        np.testing.assert_allclose(after.state[f"{name}.trace"], a + 1, rtol=ROUNDING)
    assert_close(after.state, numpy_bench.block(state, 0, 1, homeostasis=False, change=loud).state)


def test_a_profile_names_the_stages_and_changes_no_bit(genn_bench):
    made = Profile()
    engine = open_engine("genn", genn_bench.model, profile=made)
    inputs = genn_bench.inputs(genn_bench.start(), 0, TRIAL)
    counted = engine.run(inputs, first_step=0, n_steps=TRIAL, record=POPULATIONS)
    engine.close()
    assert_same(counted, genn_bench.block(genn_bench.start(), 0, TRIAL))
    found = made.summary()["loop"]
    assert {"neurons", "synapses", "spikes", "ll_run_regularly_start_0"} <= set(found)
    assert found["neurons"] > 0


def sizes(params) -> dict[str, int]:
    return {"ll": params.n_ll, "mon": params.n_mon, "ts": params.n_ts}


@pytest.fixture
def uneven(genn_bench):
    """Weights as after some learning: of all sizes, other sums than at the start."""
    rng = np.random.default_rng(11)
    state = genn_bench.start()
    state["ll_mon.w"] = rng.uniform(0, 15e-3, state["ll_mon.w"].size)
    state["mon_ts.w"] = rng.uniform(0, 0.020, state["mon_ts.w"].size)
    return state


def test_homeostasis_follows_the_formulas(genn_bench, uneven):
    expected = expected_weights(genn_bench, uneven, 0.1, 0.05)
    assert_weights(frozen_step(genn_bench, uneven, 2 * TRIAL, etas(0.1, 0.05)).state, expected)
    along = frozen_step(genn_bench, uneven, TRIAL, etas(0.1, 0.05), n_steps=3 * TRIAL)
    assert_weights(along.state, expected)  # once, at the start of the second trial
    again = frozen_step(genn_bench, uneven, 2 * TRIAL, etas(0.1, 0.05))
    assert_weights(again.state, expected)  # nothing is left of the sums of the block before


def test_homeostasis_can_draw_to_a_fixed_target(genn_bench, uneven):
    target = {"ts_mean.fixed_target": 0.5}
    expected = expected_weights(genn_bench, uneven, 0.0, 0.3, mon_ts_target=0.5)
    after = frozen_step(genn_bench, uneven, 2 * TRIAL, etas(0.0, 0.3) | target)
    assert_weights(after.state, expected)


def test_where_no_rescaling_is_due_no_bit_of_a_weight_changes(genn_bench, uneven):
    for step in (0, TRIAL, 3 * TRIAL):
        after = frozen_step(genn_bench, uneven, step, etas(0.5, 0.5)).state
        for name in WEIGHTS:
            assert after[name].tobytes() == uneven[name].tobytes()


# --- exact in itself -----------------------------------------------------------------------


def test_one_block_equals_many_bit_for_bit(genn_bench, on_genn):
    assert_same(genn_bench.train(TRIAL, 3 * TRIAL), on_genn)


def test_without_rescaling_blocks_may_be_cut_anywhere(genn_bench):
    """Also before and after a spike: none is under way between two blocks."""
    whole = genn_bench.block(genn_bench.start(), 0, TRIAL, homeostasis=False)
    fired = int(whole.spikes["mon"].step[100])
    state, cuts = genn_bench.start(), (0, 17, fired, fired + 1, TRIAL)
    for first, stop in zip(cuts, cuts[1:], strict=False):
        state = genn_bench.block(state, first, stop - first, homeostasis=False).state
    for key, array in whole.state.items():
        np.testing.assert_array_equal(state[key], array, err_msg=key)


def test_a_block_does_not_remember_the_one_before(genn_bench):
    first = genn_bench.block(genn_bench.start(), 0, TRIAL)
    loud = {"extra_noise.values": np.full(1024 * genn_bench.params.n_ll, 100.0), "mon_ts.G": 0.0}
    louder = genn_bench.block(genn_bench.start(), 0, TRIAL, change=loud)
    assert louder.counts["ll"] > 2 * first.counts["ll"]
    assert_same(genn_bench.block(genn_bench.start(), 0, TRIAL), first)


def test_recording_changes_nothing_but_what_is_returned(genn_bench):
    everything = genn_bench.block(genn_bench.start(), 0, TRIAL)
    for record in ((), ("ts",), ("i_mon", "ll")):
        some = genn_bench.block(genn_bench.start(), 0, TRIAL, record=record)
        for name in POPULATIONS:
            kept = everything.spikes[name] if name in record else some.spikes[name].between(0, 0)
            np.testing.assert_array_equal(some.spikes[name].index, kept.index)
            np.testing.assert_array_equal(some.spikes[name].step, kept.step)
        assert_same(dataclasses.replace(some, spikes=everything.spikes), everything)


def test_a_block_without_steps_returns_what_it_was_given(genn_bench):
    state = genn_bench.block(genn_bench.start(), 0, 100).state
    block = genn_bench.engine.run(genn_bench.inputs(state, 100, 1), first_step=100, n_steps=0)
    for key, array in state.items():
        assert block.state[key].tobytes() == array.tobytes(), key
    assert sum(block.counts.values()) == 0


def test_frozen_weights_stay_bit_for_bit_whatever_the_traces_hold(genn_bench):
    traces = {f"{name}.trace": np.full(n, 3.0) for name, n in sizes(genn_bench.params).items()}
    state = genn_bench.start() | traces
    frozen = genn_bench.block(state, 0, TRIAL, learn=False, homeostasis=False)
    assert min(frozen.counts[name] for name in ("ll", "mon", "ts")) > 30
    plastic = genn_bench.block(state, 0, TRIAL, homeostasis=False)
    for name in WEIGHTS:
        assert frozen.state[name].tobytes() == state[name].tobytes()
        assert (plastic.state[name] != state[name]).any()


def test_a_silent_network_stays_silent(genn_bench):
    p = genn_bench.params
    never = {f"{name}_background.next_event": np.full(n, NEVER) for name, n in
             (("mon", p.n_mon), ("ts", p.n_ts))}  # fmt: skip
    rest = {f"{name}.v": np.full(sizes(p)[name], p.el_mV * 1e-3) for name in ("mon", "ts")}
    block = genn_bench.block(genn_bench.start() | never | rest, 0, TRIAL, change={"ll.gain": 0.0})
    assert sum(block.counts.values()) == 0


# --- seeds and wiring ----------------------------------------------------------------------


def test_two_seeds_share_a_program_and_each_has_its_own_results(genn_bench, open_bench):
    other = small_params(seed=SECOND_SEED)
    compiled = open_bench(other, "genn")
    assert rooms(compiled) == rooms(genn_bench), "choose another SECOND_SEED"
    assert compiled.said == []
    programs = [find_or_build(b.engine.maker(), pytest.fail) for b in (compiled, genn_bench)]
    assert programs[0] == programs[1]
    expected = open_bench(other).train()
    found = compiled.train()
    assert_same_spikes(found, expected)
    assert_close(found.state, expected.state)


def rooms(bench: Bench) -> dict:
    return row_bounds(bench.engine.model.wiring)


def test_another_seed_draws_other_spikes(genn_bench):
    """With wiring and weights kept: the seed of the draws is a number of the block."""
    start = genn_bench.start()
    same = genn_bench.block(start, 0, 50)
    other = genn_bench.block(start, 0, 50, change={"ll.seed": 124})
    assert not np.array_equal(other.spikes["ll"].index, same.spikes["ll"].index)
    other = genn_bench.block(start, 0, 50, change={"mon_background.seed": 124})
    np.testing.assert_array_equal(other.spikes["ll"].index, same.spikes["ll"].index)
    key = "mon_background.next_event"
    assert (other.state[key] != same.state[key]).any()


def test_weights_come_back_to_the_pairs_that_they_belong_to(genn_bench, numpy_bench):
    """Whatever order the wiring has; GeNN keeps it sorted by source."""
    rng = np.random.default_rng(3)
    order = {"ll_mon": rng.permutation(600), "mon_ts": rng.permutation(960)}
    shuffled = shuffle(genn_bench, order)
    try:
        wiring = shuffled.engine.model.wiring
        assert (np.diff(wiring["mon_ts.i"]) >= 0).all() and shuffled.said == []
        state = genn_bench.start()
        mixed = state | {f"{name}.w": state[f"{name}.w"][at] for name, at in order.items()}
        frozen = shuffled.block(mixed, 0, 50, learn=False, homeostasis=False)
        learned = shuffled.block(mixed, 0, TRIAL, homeostasis=False)
        plain = numpy_bench.block(state, 0, TRIAL, homeostasis=False)
    finally:
        shuffled.close()
    assert_same_spikes(learned, plain)
    for name, at in order.items():
        key = f"{name}.w"
        np.testing.assert_array_equal(frozen.state[key], mixed[key])
        np.testing.assert_allclose(learned.state[key], plain.state[key][at], rtol=CLOSE)


def shuffle(bench: Bench, order: dict[str, np.ndarray]) -> Bench:
    """The same network with its synapses listed in another order."""
    from driver.engine.choose import open_engine

    wiring = dict(bench.model.wiring)
    for name, at in order.items():
        for end in "ij":
            wiring[f"{name}.{end}"] = wiring[f"{name}.{end}"][at]
    made = Bench(bench.params)
    made.model = dataclasses.replace(bench.model, wiring=wiring)
    assert "mon_ts" in sorted_wiring(wiring, made.model.genn.without)[0]
    made.engine = open_engine("genn", made.model, made.said.append)
    return made


# --- through the door ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def door(tmp_path_factory, genn_bench):
    """A whole run on GeNN."""
    made = bare(tmp_path_factory.mktemp("door"), *SMALL, "--backend", "genn")
    assert made.status == 0, made.said
    return made


def test_a_run_on_genn_has_the_folder_and_the_numbers_of_a_compiled_one(door):
    other = shared()
    names = [{str(p.relative_to(r.folder)) for p in r.folder.rglob("*")} for r in (door, other)]
    assert names[0] == names[1]
    assert door.results()["backend"] == "genn"
    assert_alike(without_times(door.results()), without_times(other.results()))
    assert_same_arrays(door, other)


@pytest.mark.parametrize(
    "flags",
    [
        "--test-using-held-snapshots",
        "--test-ll-noise-hz 5 --ll-rate-mode modulation",
        "--keep-mon-ts-stdp-during-test --no-use-ts-feedback-inh",
        "--mon-ts-homeo-target initial-mean --mon-ts-homeo-eta 1 --mon-ts-homeo-every-trials 1",
        "--bg-rate-mon-hz 0 --tau-ref-ms 0 --mon-ts-apost 0.2",
        "--disable-all-stdp",
        pytest.param("--no-use-ll-mon-stdp", marks=pytest.mark.slow),  # another program
    ],
)
def test_whatever_is_asked_for_a_run_on_genn_is_that_of_a_compiled_one(genn_bench, tmp_path, flags):
    runs = [
        bare(tmp_path, *SMALL, *flags.split(), "--backend", backend, name=backend)
        for backend in ("genn", "cpp_standalone")
    ]
    assert [run.status for run in runs] == [0, 0], runs[0].said
    assert_same_arrays(*runs)


def assert_same_arrays(one, two) -> None:
    """Weights, recordings and checkpoint; whole numbers, as of spikes, to the bit."""
    found, expected = one.arrays(), two.arrays()
    assert list(found) == list(expected)
    for key, array in expected.items():
        if np.issubdtype(array.dtype, np.floating):
            np.testing.assert_allclose(found[key], array, rtol=CLOSE, atol=1e-12, err_msg=key)
        elif np.issubdtype(array.dtype, np.integer):
            np.testing.assert_array_equal(found[key], array, err_msg=key)


def assert_alike(one, two, where="results") -> None:
    """JSON content that is the same but for rounding and the name of the backend."""
    if isinstance(two, dict):
        assert set(one) == set(two), where
        for key in set(two) - {"backend"}:
            assert_alike(one[key], two[key], f"{where}.{key}")
    elif isinstance(two, list):
        assert len(one) == len(two), where
        for k, (a, b) in enumerate(zip(one, two, strict=True)):
            assert_alike(a, b, f"{where}[{k}]")
    elif isinstance(two, float):
        assert one == pytest.approx(two, rel=CLOSE, abs=1e-12), where
    else:
        assert one == two, where


def test_a_resumed_run_ends_in_the_bits_of_the_run_in_one_go(door, tmp_path):
    half = bare(tmp_path, *SMALL, "--backend", "genn", "--n-training-trials", str(TRIALS // 2))
    assert half.status == 0, half.said
    flags = ("--backend", "genn", "--resume-from", half.folder)
    whole = bare(tmp_path, *SMALL, *flags, name="whole")
    assert whole.status == 0, whole.said
    assert f"resuming after trial {TRIALS // 2} of {TRIALS}" in whole.said
    assert len(door.arrays()) > 50
    assert differing(whole.arrays(), door.arrays()) == []
