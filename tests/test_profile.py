"""`--profile`: where the time of a run went; and nothing else is changed by asking."""

import pytest

from driver.engine.choose import open_engine
from driver.engine.compile.program import Maker, recipe_key
from driver.engine.compiler import compiler
from driver.engine.timing import profile
from driver.engine.timing.counters import readable
from driver.engine.timing.profile import BLOCKS, CLOCK, COMPILING, GENERATION, REST, Profile, table
from tests.conftest import Bench, assert_same
from tests.program import BACKEND, SMALL, call, differing, listing, problems, shared, without_times

OBJECTS = {
    *("mon_stateupdater", "mon_spike_thresholder", "mon_spike_resetter", "mon_spikes"),
    *("ll_mon_pre", "ll_mon_post", "mon_ts_pre", "mon_ts_post"),
    *("mon_ts_homeostasis_1", "ll_mon_homeostasis_1"),
}


class Hours:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def hours(monkeypatch):
    made = Hours()
    monkeypatch.setattr(profile, "time", made)
    monkeypatch.setattr(profile, "STARTED", 90.0)
    return made


# accounts


def test_every_second_stands_in_one_account(hours):
    made = Profile()
    made.phase("preparing")
    hours.now += 1
    with made.part("compiling"):
        hours.now += 2
        with made.part("reading"):
            hours.now += 4
        hours.now += 8
    made.phase("training")
    hours.now += 16
    parts = made.summary()["outside"]
    assert parts == {
        "Python around the blocks of the run": 16,
        "start-up": 10,
        "compiling": 10,
        "reading": 4,
        "wiring, initial state": 1,
    }
    assert made.summary()["seconds"] == 41


def test_the_loop_of_a_block_is_taken_out_of_what_was_around_it(hours):
    made = Profile()
    with made.part(BLOCKS):
        hours.now += 10
        made.loop([("a", 3.0), ("b", 1.0), ("a", 2.0)], seconds=7.0, clock=1.0, n_steps=100)
    spent = made.summary()
    assert spent["loop"] == {"a": 5.0, "b": 1.0, REST: 1.0}
    assert (spent["loop_seconds"], spent["n_steps"]) == (7.0, 100)
    assert (spent["outside"][BLOCKS], spent["outside"][CLOCK]) == (2.0, 1.0)


def test_the_table_says_seconds_shares_and_time_per_step():
    objects = {"a": 1.5, "b": 0.4, "c": 0.002, "d": 0.001, REST: 0.097}
    lines = table(
        {
            "seconds": 4.0,
            "n_steps": 1000,
            "loop_seconds": 2.0,
            "loop": objects,
            "outside": {"start-up": 2.0},
        }
    )
    rows = {line[:24].strip(): line[24:].split() for line in lines}
    assert rows["loop over steps (1000)"] == ["2.000", "50.0%", "2000000"]
    assert rows["a"] == ["1.500", "75.0%", "1500000"]
    assert rows["2 others"] == ["0.003", "0.1%", "3000"]
    assert rows["start-up"] == ["2.000", "100.0%"]
    assert rows["all"] == ["4.000", "100.0%"]


# blocks


COMPILED = [
    pytest.param("cpp_standalone", marks=pytest.mark.compiler),
    pytest.param("cython", marks=[pytest.mark.compiler, pytest.mark.slow]),
]


@pytest.mark.parametrize("backend", ["numpy", *COMPILED])
def test_a_profiled_training_has_the_bits_of_a_plain_one(request, backend, small, numpy_bench):
    if backend == "cython":
        request.getfixturevalue("cython_bench")  # its folder for what is compiled
    asked = Profile()
    bench = Bench(small, backend, profile=asked)
    assert_same(bench.train(400), numpy_bench.train(400))
    bench.close()
    spent = asked.summary()
    assert spent["n_steps"] == small.training_steps
    assert OBJECTS <= set(spent["loop"])
    assert all(seconds > 0 for name, seconds in spent["loop"].items() if name in OBJECTS)
    assert sum(spent["loop"].values()) == pytest.approx(spent["loop_seconds"])
    assert 0 < spent["loop_seconds"] < spent["seconds"]


@pytest.mark.compiler
def test_a_profiled_program_is_another_one(numpy_bench):
    cxx, model = compiler(), numpy_bench.model
    assert recipe_key(Maker(model, profiled=True), cxx) != recipe_key(Maker(model), cxx)
    plain = open_engine("cpp_standalone", model)
    assert plain.objects == []
    assert "ticks" not in (plain.program / "main.cpp").read_text()
    plain.close()


def test_an_object_goes_by_its_name_in_the_network():
    assert readable("_run_ll_mon_pre_codeobject") == "ll_mon_pre"
    assert readable("_run_ll_mon_pre_push_spikes") == "ll_mon_pre"
    assert readable("watch_ts") == "ts_spikes"


# runs


@pytest.fixture(scope="module")
def made():
    return shared("--profile")


def test_a_profiled_run_has_the_results_of_a_plain_one(made):
    plain = shared()
    assert differing(made.arrays(), plain.arrays()) == []
    assert without_times(made.results()) == without_times(plain.results())
    assert without_profile(made.summary) == without_profile(plain.summary)


def without_profile(summary: dict) -> dict:
    return {key: value for key, value in summary.items() if key not in ("profile", "sha256")}


def test_the_summary_holds_the_profile_and_keeps_its_schema(made):
    spent = made.summary["profile"]
    assert problems(made.summary, "run_summary.json") == []
    assert OBJECTS <= set(spent["loop"])
    for account in ("start-up", "results and files", "wiring, initial state"):
        assert spent["outside"][account] > 0, account
    if BACKEND == "cpp_standalone":
        assert spent["outside"].keys() & {GENERATION, COMPILING, BLOCKS} >= {BLOCKS}
    assert "profile" not in shared().summary


def test_the_end_of_the_log_says_where_the_time_went(made):
    text = made.log[made.log.index("where the time went") :]
    assert "loop over steps" in text and "mon_stateupdater" in text and "start-up" in text


REFUSED = {
    "--profile --multi-seed 2": "--profile with --multi-seed 2: a profile is of one seed",
    "sweep s --profile --grid mon_ts_gain_mv=300,400": "--profile is for one run",
    "sweep s --grid profile=True": "--grid profile: there is no flag --profile to set",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_makes_no_sense_is_refused(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, said = call(*line.split())
    assert (status, out, listing(tmp_path)) == (2, "", {})
    assert REFUSED[line] in said


def test_a_run_that_was_complete_has_nothing_to_tell(made):
    places = ("--output-root", made.root, "--run-name", made.name)
    before = made.summary
    status, _, said = call(*SMALL, *places, "--profile", "--go-on", "--no-figures")
    assert status == 0
    assert "is complete" in said and "where the time went" not in said
    assert made.summary == before
