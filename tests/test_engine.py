"""Blocks of steps are pure functions, and the same function on every backend.

"The same" is meant bit for bit throughout. Compiled arithmetic keeps the order of operations and
fuses nothing (`driver.engine.compile.program.ARITHMETIC`), so that it gives what NumPy gives.
"""

import dataclasses
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from driver.engine import scratch
from driver.engine.choose import choose, open_engine
from driver.engine.compile import program, store
from driver.engine.compile.program import BuildError, Maker, cached, find_or_build, recipe_key
from driver.engine.compiled import BlockError, is_frozen
from driver.engine.compiler import compiler
from driver.engine.model import Gone
from models.lateral_line.values import POPULATIONS
from tests.conftest import Bench, assert_same, digest, small_params

TRIAL = 200
WEIGHTS = ("ll_mon.w", "mon_ts.w")
REPOSITORY = Path(__file__).parents[1]
COMPILED = [
    pytest.param("cpp_bench", marks=pytest.mark.compiler, id="cpp_standalone"),
    pytest.param("cython_bench", marks=[pytest.mark.compiler, pytest.mark.slow], id="cython"),
]


@pytest.fixture(params=["numpy_bench", *COMPILED])
def bench(request) -> Bench:
    """The small network on each backend in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def training(numpy_bench):
    """The small training in one block, on the numpy target."""
    return numpy_bench.train()


def assert_state(one: dict, other: dict) -> None:
    for key in one:
        np.testing.assert_array_equal(one[key], other[key], err_msg=key)


# one function, however it is cut and wherever it runs


def test_the_small_network_fires_and_learns(numpy_bench, training):
    """Without this the comparisons below would compare little."""
    assert min(training.counts.values()) > 50, training.counts
    for name in WEIGHTS:
        moved = np.mean(training.state[name] != numpy_bench.start()[name])
        assert moved > 0.9
    assert (training.state["mon_ts.w"] == numpy_bench.params.mon_ts_wmax).any()
    times = [training.spikes[name].step for name in POPULATIONS]
    assert all((np.diff(t) >= 0).all() for t in times)
    assert max(t.max() for t in times) < numpy_bench.params.training_steps


@pytest.mark.parametrize("backend", COMPILED)
def test_compiled_and_numpy_trainings_agree_in_every_bit(request, backend, training):
    """All spikes, and all of the state after 1200 steps."""
    assert_same(request.getfixturevalue(backend).train(), training)


def test_one_block_equals_many(bench, training):
    """Blocks of one, two and three trials; rescaling falls on borders and between them."""
    assert_same(bench.train(TRIAL, 3 * TRIAL), training)


def test_without_rescaling_blocks_may_be_cut_anywhere(bench):
    """In the middle of a trial and of a held position, before and after a spike."""
    whole = bench.block(bench.start(), 0, TRIAL, homeostasis=False)
    fired = int(whole.spikes["mon"].step[100])
    state = bench.start()
    for first, stop in pairwise([0, 17, fired, fired + 1, TRIAL]):
        state = bench.block(state, first, stop - first, homeostasis=False).state
    assert_state(state, whole.state)


def test_a_block_leaves_its_values_alone(bench):
    state = bench.start()
    before = {key: array.copy() for key, array in state.items()}
    after = bench.block(state, 0, TRIAL).state
    for key, array in before.items():
        np.testing.assert_array_equal(state[key], array, err_msg=key)
        assert not np.shares_memory(after[key], state[key])
    later = {key: array.copy() for key, array in after.items()}
    bench.block(after, TRIAL, TRIAL)
    for key, array in later.items():
        np.testing.assert_array_equal(after[key], array, err_msg=key)


def test_a_block_does_not_remember_the_one_before(bench):
    """Neither its numbers nor its tables; one that is left out is zero again."""
    first = bench.block(bench.start(), 0, TRIAL)
    other = {"mon_ts.G": 0.0, "mon_background.seed": 7}
    other["extra_noise.values"] = np.full(1024 * bench.params.n_ll, 100.0)
    louder = bench.block(bench.start(), 0, TRIAL, change=other)
    assert louder.counts["ll"] > 2 * first.counts["ll"]
    assert_same(bench.block(bench.start(), 0, TRIAL), first)


def test_recording_changes_nothing_but_what_is_returned(bench):
    everything = bench.block(bench.start(), 0, TRIAL)
    for record in ((), ("ts",), ("i_mon", "ll")):
        some = bench.block(bench.start(), 0, TRIAL, record=record)
        for name in POPULATIONS:
            kept = everything.spikes[name].between(0, TRIAL if name in record else 0)
            np.testing.assert_array_equal(some.spikes[name].index, kept.index)
            np.testing.assert_array_equal(some.spikes[name].step, kept.step)
        assert_same(dataclasses.replace(some, spikes=everything.spikes), everything)


def test_a_block_without_steps_returns_what_it_was_given(bench):
    state = bench.block(bench.start(), 0, 100).state
    block = bench.engine.run(bench.inputs(state, 100, 1), first_step=100, n_steps=0)
    for key, array in state.items():
        assert block.state[key].tobytes() == array.tobytes(), key
    assert sum(block.counts.values()) == 0


def test_frozen_weights_stay_bit_for_bit_whatever_the_traces_hold(bench):
    traces = {f"{name}.trace": 3.0 + bench.start()[f"{name}.trace"] for name in ("ll", "mon", "ts")}
    state = bench.start() | traces
    frozen = bench.block(state, 0, TRIAL, learn=False, homeostasis=False)
    assert min(frozen.counts[name] for name in ("ll", "mon", "ts")) > 30
    plastic = bench.block(state, 0, TRIAL, homeostasis=False)
    for name in WEIGHTS:
        assert frozen.state[name].tobytes() == state[name].tobytes()
        assert (plastic.state[name] != state[name]).any()


# seeds


def test_the_same_seed_gives_the_same_bits_twice_in_one_process(open_bench, training):
    assert_same(open_bench(small_params()).train(), training)


def test_the_same_seed_gives_the_same_bits_in_a_fresh_process(training):
    code = (
        "from tests.conftest import Bench, digest, small_params\n"
        "print(digest(Bench(small_params()).train()))"
    )
    fresh = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == digest(training)


def test_another_seed_gives_another_training(open_bench, training):
    other = open_bench(small_params(seed=124)).train()
    for name in POPULATIONS[:3]:
        assert set_of(other.spikes[name]) != set_of(training.spikes[name])
    assert not np.array_equal(other.state["mon_ts.w"], training.state["mon_ts.w"])


def set_of(spikes) -> set:
    return set(zip(spikes.index.tolist(), spikes.step.tolist(), strict=True))


def test_the_seed_of_the_draws_is_a_number_of_the_block(numpy_bench):
    """With the wiring kept, other seeds give other afferent and background spikes."""
    start = numpy_bench.start()
    same = numpy_bench.block(start, 0, 50)
    other = numpy_bench.block(start, 0, 50, change={"ll.seed": 124})
    assert set_of(other.spikes["ll"]) != set_of(same.spikes["ll"])
    other = numpy_bench.block(start, 0, 50, change={"mon_background.seed": 124})
    np.testing.assert_array_equal(other.spikes["ll"].index, same.spikes["ll"].index)
    key = "mon_background.next_event"
    assert (other.state[key] != same.state[key]).any()


def test_training_and_test_draw_from_different_streams(numpy_bench):
    phase = {f"{name}.phase": 1 for name in ("ll", "mon_background", "ts_background")}
    start = numpy_bench.start()
    training, test = (numpy_bench.block(start, 0, TRIAL, change=c) for c in (None, phase))
    shared = set_of(training.spikes["ll"]) & set_of(test.spikes["ll"])
    # by chance: about 50 Hz in both, 30 cells, 200 steps: 15 shared of 300
    assert len(shared) < 0.2 * training.counts["ll"]


# engines beside each other


def test_a_second_engine_does_not_disturb_the_first(open_bench, training):
    """Another size, another time step and another trial length in the same process."""
    first = open_bench(small_params())
    half_way = first.block(first.start(), 0, 600)
    second = open_bench(small_params(dt_s=0.0005, n_mon=40, trial_duration_s=0.3))
    second.block(second.start(), 0, 100)
    assert_state(first.block(half_way.state, 600, 600).state, training.state)


@pytest.mark.compiler
def test_two_running_programs_do_not_disturb_each_other(open_bench, cpp_bench, training):
    other = open_bench(small_params(seed=124), "cpp_standalone")
    halves = [b.block(b.start(), 0, 600, record=()) for b in (cpp_bench, other)]
    ends = [
        b.block(half.state, 600, 600, record=())
        for b, half in zip((cpp_bench, other), halves, strict=True)
    ]
    assert_state(ends[0].state, training.state)
    assert_state(ends[1].state, other.train().state)


# wrong values


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"mon.colour": 1.0}, KeyError, "no variable mon.colour"),
        ({"mon.v": np.zeros(59)}, ValueError, "mon.v has 59 values, the network needs 60"),
        ({"mon.E_L": np.zeros(60)}, ValueError, "mon.E_L has 60 values, the network needs 1"),
        ({"mon.v": 0.0}, ValueError, "mon.v has 1 values"),
        ({"ll_mon.w": np.full(600, np.nan)}, ValueError, "ll_mon.w holds values that are not"),
        ({"source_x.values": np.full(1024, np.inf)}, ValueError, "source_x.values holds"),
        ({"source_x.values": np.zeros(1000)}, ValueError, "source_x.values has 1000 values"),
    ],
    ids=["unknown", "too few", "too many", "not one for all", "NaN", "infinite", "table"],
)
def test_values_that_do_not_fit_are_refused(bench, change, error, message):
    good = bench.inputs(bench.start(), 0, 1)
    assert good["ll_mon.w"].size == 600
    with pytest.raises(error, match=message):
        bench.engine.run(good | change, first_step=0, n_steps=1)


@pytest.mark.parametrize("missing", ["mon.v", "mon_ts.learn", "ll.seed", "ts_ts.w"])
def test_a_missing_value_is_refused(bench, missing):
    inputs = bench.inputs(bench.start(), 0, 1)
    del inputs[missing]
    with pytest.raises(KeyError, match=f"no value for {missing}"):
        bench.engine.run(inputs, first_step=0, n_steps=1)


def test_an_engine_serves_on_after_a_refusal(bench):
    before = bench.block(bench.start(), 0, 50)
    with pytest.raises(ValueError, match="needs 60"):
        bench.block(bench.start() | {"mon.v": np.zeros(3)}, 0, 50)
    assert_same(bench.block(bench.start(), 0, 50), before)


# compiled programs


@pytest.mark.compiler
def test_a_known_network_is_not_compiled_again(open_bench, cpp_bench, small):
    again = open_bench(small, "cpp_standalone")
    assert again.said == []
    assert_same(again.block(again.start(), 0, TRIAL), cpp_bench.block(cpp_bench.start(), 0, TRIAL))


@pytest.mark.compiler
def test_seeds_and_numbers_share_one_program(open_bench, cpp_bench):
    """Wiring and parameters of another run arrive at run time: the results are that run's."""
    other = small_params(seed=124, mon_ts_gain_mV=300.0, bg_rate_mon_hz=30.0, stdp_tau_ms=15.0)
    compiled, here = open_bench(other, "cpp_standalone"), open_bench(other)
    assert compiled.said == []
    shared = [find_or_build(b.engine.maker(), pytest.fail) for b in (compiled, cpp_bench)]
    assert shared[0] == shared[1]
    assert not np.array_equal(compiled.model.wiring["ll_mon.i"], cpp_bench.model.wiring["ll_mon.i"])
    assert_same(compiled.train(), here.train())


@pytest.mark.parametrize("structure", [dict(n_ts=25), dict(dt_s=0.0005), dict(n_ll=31)])
def test_another_structure_is_another_program(numpy_bench, structure):
    cxx = compiler() or sys.executable  # any file will do, nothing is compiled
    other = numpy_bench.model.structure | structure
    maker = Maker(numpy_bench.model)
    model = dataclasses.replace(numpy_bench.model, structure=other)
    assert recipe_key(Maker(model), cxx) != recipe_key(maker, cxx)
    assert recipe_key(Maker(numpy_bench.model), cxx) == recipe_key(maker, cxx)


@pytest.fixture
def kept(numpy_bench, tmp_path, monkeypatch):
    """A program in a cache of its own, as compiling leaves it, and how it is asked for."""
    monkeypatch.setenv("PROGRAM_CACHE", str(tmp_path))
    cxx, maker = compiler() or sys.executable, Maker(numpy_bench.model)
    assert cached(maker, cxx) is None
    folder = tmp_path / "programs" / "0123456789abcdef01234567"
    (folder / "static_arrays").mkdir(parents=True)
    for name in ("main", "manifest.json", "static_arrays/wiring"):
        (folder / name).write_text("{}")
    entry = tmp_path / "index" / recipe_key(maker, cxx)
    entry.parent.mkdir()
    entry.write_text(folder.name)
    assert cached(maker, cxx) is None  # nothing says that it is whole
    store.seal(folder)
    assert cached(maker, cxx) == folder
    return folder, lambda: cached(maker, cxx)


@pytest.mark.parametrize("part", ["main", "manifest.json", "static_arrays/wiring", store.SEAL])
def test_a_program_with_one_flipped_bit_is_not_run(kept, part):
    folder, found = kept
    content = bytearray((folder / part).read_bytes())
    content[-1] ^= 1
    (folder / part).write_bytes(content)
    assert found() is None


@pytest.mark.parametrize("part", ["main", "manifest.json", "static_arrays", "."])
def test_a_program_that_others_can_write_is_not_run(kept, part):
    folder, found = kept
    (folder / part).chmod(0o777)
    assert found() is None


def test_a_program_that_is_a_link_or_has_another_name_is_not_run(kept):
    folder, found = kept
    away = folder.with_name("f" * 24)
    folder.rename(away)
    folder.symlink_to(away)
    assert found() is None
    folder.unlink()
    assert found() is None
    assert store.damage(away) == "its checksum is wrong"  # it is another one's
    (away / "static_arrays" / "more").write_text("planted")
    assert store.damage(away) == "its checksum is wrong"


def test_a_cache_that_others_can_write_is_left_for_a_private_one(tmp_path, monkeypatch):
    shared, home = tmp_path / "shared", tmp_path / "home"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setenv("PROGRAM_CACHE", str(shared))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    folder, wrong = store.place()
    assert folder == home / "brian_programs"
    assert wrong == f"{shared} can be written by others (chmod go-w)"
    assert folder.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("PROGRAM_CACHE", "")  # means nothing, and surely not the current folder
    assert store.place() == (folder, "")


def test_without_any_place_for_programs_auto_takes_numpy(numpy_bench, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(store, "candidates", lambda: [tmp_path / "file" / "cache"])
    monkeypatch.setattr("driver.engine.choose.compiler", lambda: sys.executable)
    backend, why = choose("auto", numpy_bench.model, 10**9, 1000)
    assert backend == "numpy" and "cannot be made (Not a directory)" in why
    with pytest.raises(BuildError, match="no folder for compiled programs"):
        find_or_build(Maker(numpy_bench.model), pytest.fail)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("text")
    (tmp_path / "link").symlink_to(precious)
    with pytest.raises(OSError), store.locked(tmp_path / "link"):
        pass
    with store.locked(precious):
        assert precious.read_text() == "text"


def test_folders_of_dead_programs_are_cleared_and_those_of_living_ones_are_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive, dead = scratch.Scratch(), tmp_path / f"{scratch.PREFIX}dead"
    dead.mkdir()
    scratch.clear()
    assert dead.exists()  # too young to say
    for folder in (alive.path, dead):
        os.utime(folder, (0, 0))
    scratch.clear()
    assert alive.path.exists() and not dead.exists()
    alive.remove()
    assert list(tmp_path.iterdir()) == []


def test_without_a_compiler_the_message_says_so(numpy_bench, monkeypatch):
    monkeypatch.setattr(program, "compiler", lambda: None)
    with pytest.raises(BuildError, match="needs a C\\+\\+ compiler"):
        open_engine("cpp_standalone", numpy_bench.model)


@pytest.mark.compiler
def test_a_program_that_is_killed_raises_with_a_message(open_bench, cpp_bench, small):
    bench = open_bench(small, "cpp_standalone")
    bench.block(bench.start(), 0, 10)
    bench.engine.process.kill()
    bench.engine.process.wait()
    with pytest.raises(BlockError, match=r"the compiled program ended: no message \(status -9\)"):
        bench.block(bench.start(), 0, 10)
    again = bench.block(bench.start(), 0, 10)  # a block is a pure function: it starts anew
    assert_same(again, cpp_bench.block(cpp_bench.start(), 0, 10))


@pytest.mark.compiler
def test_closing_ends_the_program_and_deletes_its_folder(cpp_bench, small):
    bench = Bench(small, "cpp_standalone")
    folder, process = bench.engine.folder, bench.engine.process
    assert folder.exists() and process.poll() is None
    bench.close()
    assert not folder.exists()
    assert process.poll() is not None


@pytest.mark.compiler
def test_a_cache_named_by_a_relative_path_is_found(cpp_bench, program_cache, monkeypatch):
    """The program runs in a folder of its own, from which a relative path leads nowhere."""
    cache = Path(os.environ["PROGRAM_CACHE"])
    monkeypatch.chdir(cache.parent)
    monkeypatch.setenv("PROGRAM_CACHE", cache.name)
    bench = Bench(cpp_bench.params, "cpp_standalone")
    counts = bench.block(bench.start(), 0, 10).counts
    bench.close()
    assert counts["ll"] > 0


# rewritten loops


@pytest.mark.compiler
def test_the_hot_loops_of_the_program_are_rewritten(cpp_bench):
    """For the Brian of the lock file; another one may be left as it is, slower and as right."""
    folder = find_or_build(cpp_bench.engine.maker(), pytest.fail)
    objects = {f.name: f.read_text() for f in (folder / "code_objects").glob("*.cpp")}
    finding = sum(text.count("_hit[_idx - _base] = _cond") for text in objects.values())
    assert finding == len(POPULATIONS) + 2  # and both backgrounds
    joined = objects["mon_stateupdater_pass.cpp"]
    assert "mon_spike_thresholder" in joined and "ts_spike" not in joined
    pathways = [text for text in objects.values() if ".n_spikes" in text]
    assert len(pathways) == 9 + 2  # projections, and the postsynaptic side of the plastic ones
    assert not any(".peek()" in text for text in objects.values())
    assert "push(const int32_t* fired" in (folder / "synapses_classes.h").read_text()
    assert ".run(" not in (folder / "main.cpp").read_text()


# the state stays in the program


def test_a_view_of_what_can_be_changed_is_not_frozen():
    base = np.arange(4.0)
    view = base[1:]
    view.setflags(write=False)
    assert not is_frozen(view) and not is_frozen(base) and not is_frozen(1.0)
    base.setflags(write=False)
    assert is_frozen(base) and is_frozen(view)


@pytest.mark.parametrize("which", ["numpy_bench", COMPILED[0]])
def test_a_state_that_is_held_gives_the_same_bits(which, request, training):
    bench = request.getfixturevalue(which)
    state, first = bench.start(), 0
    while first < bench.params.training_steps:
        inputs = bench.inputs({}, first, TRIAL)
        state = bench.engine.run(
            inputs, first_step=first, n_steps=TRIAL, state=state, hold=True
        ).state
        first += TRIAL
    assert_state(dict(state), training.state)


@pytest.mark.compiler
def test_a_state_that_is_held_is_gone_when_the_program_goes_on(cpp_bench):
    def on(state, first):
        given = cpp_bench.inputs({}, first, TRIAL)
        how = {"first_step": first, "n_steps": TRIAL, "hold": True}
        return cpp_bench.engine.run(given, state=state, **how).state

    first = on(cpp_bench.start(), 0)
    kept = first["mon_ts.w"]  # what was read is kept
    assert not kept.flags.writeable and first["mon_ts.w"] is kept
    second = on(first, TRIAL)
    with pytest.raises(Gone, match="ll_mon.w was left in the compiled program"):
        first["ll_mon.w"]
    with pytest.raises(Gone):
        on(first, TRIAL)
    assert_state(dict(on(second, 2 * TRIAL)), dict(on(dict_of(cpp_bench, on), 2 * TRIAL)))


def dict_of(bench, on) -> dict:
    """The same state as a dict, which is sent."""
    return dict(on(dict(on(bench.start(), 0)), TRIAL))


@pytest.mark.compiler
def test_an_array_that_was_changed_in_place_is_sent_again(cpp_bench):
    """Only what is read-only is taken to be what it was."""
    given = cpp_bench.inputs(cpp_bench.start(), 0, TRIAL)
    once = cpp_bench.engine.run(given, first_step=0, n_steps=TRIAL)
    key = next(k for k in cpp_bench.engine.fixed if np.size(given.get(k)) > 1)
    before = np.array(given[key])
    given[key] = before.copy()
    cpp_bench.engine.run(given, first_step=0, n_steps=TRIAL)
    given[key] *= 0
    changed = cpp_bench.engine.run(given, first_step=0, n_steps=TRIAL)
    given[key] = before
    given[key].setflags(write=False)
    for _ in range(2):
        again = cpp_bench.engine.run(given, first_step=0, n_steps=TRIAL)
        assert_same(again, once)
    assert any(not np.array_equal(changed.state[k], once.state[k]) for k in once.state)


@pytest.mark.parametrize("which", ["numpy_bench", COMPILED[0]])
def test_a_block_says_what_is_not_finite_any_more(which, request):
    bench = request.getfixturevalue(which)
    given = bench.inputs(bench.start(), 0, 1)
    assert bench.engine.run(given, first_step=0, n_steps=1).not_finite == ""
    given["mon.tau_trace"] = 1e-300
    with np.errstate(all="ignore"):
        block = bench.engine.run(given, first_step=0, n_steps=200)
    wrong = [key for key, array in block.state.items() if not np.isfinite(array).all()]
    assert wrong and block.not_finite == wrong[0]
