"""`--threads`: loops shared by threads give the bits of one thread, or are left alone."""

import os

import pytest

import driver.engine.compile.threads
from driver.engine.compile.threads import shared_loop
from driver.run.request import too_many
from tests.conftest import Bench, assert_same
from tests.program import SMALL, call, listing

OWN = "_ptr_v[_idx] = _ptr_v[_idx] + _ptr_a[_idx];"
LOOP = "for(int _idx=0; _idx<_N; _idx++)"


@pytest.mark.compiler
def test_threads_give_the_bits_of_one(small, numpy_bench, monkeypatch):
    """Of the small network every group of two cells or more is shared here."""
    monkeypatch.setattr(driver.engine.compile.threads, "CROSSOVER", 2)
    bench = Bench(small, "cpp_standalone", threads=2)
    block = bench.block(bench.start(), 0, 200)
    assert_same(block, numpy_bench.block(numpy_bench.start(), 0, 200))
    tasks = f"/proc/{bench.engine.process.pid}/task"
    assert not os.path.exists(tasks) or len(os.listdir(tasks)) == 2
    shared = bench.engine.shared
    bench.close()
    for name in ("mon_stateupdater", "mon_spike_thresholder", "ts_homeostasis_0"):
        assert f"{name}_codeobject.cpp" in shared
    assert not any("i_mon" in name and "mon_i_mon" not in name for name in shared)  # a single cell


@pytest.mark.slow
@pytest.mark.compiler
def test_a_network_of_small_groups_keeps_to_one_thread_and_says_so(small):
    bench = Bench(small, "cpp_standalone", threads=2)
    bench.close()
    assert bench.engine.shared == []
    assert bench.said[-1] == "--threads 2: no group has 65536 cells, so one thread does it all"


@pytest.mark.parametrize(
    "body, is_shared",
    [
        (OWN, True),
        ("_ptr_S[_postsynaptic_idx] += _ptr_w[_idx];", False),  # a sum
        ("_ptr_S[0] = _ptr_w[_idx];", False),
        ("_ptr_v[_idx] = _ptr_v[_other_idx];", False),  # another's value, before or after its turn
        ("_ptr_v[_idx] = _rand(_vectorisation_idx);", False),  # a sequence
        ("_ptr_v[_idx] = _ptr_table[_frame];", True),
    ],
)
def test_only_loops_whose_elements_stand_for_themselves_are_shared(body, is_shared):
    text = f"head\n{LOOP}\n{{\n{body}\n}}"
    shared = shared_loop(text)
    assert ("#pragma omp parallel for" in shared) == is_shared
    assert is_shared or shared == text


@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_threads_of_another_backend_are_refused(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, said = call(*SMALL, "--threads", "2", "--backend", backend)
    assert (status, listing(tmp_path)) == (2, {})
    assert f"--threads 2 with --backend {backend}: needs --backend cpp_standalone" in said


def test_more_threads_than_cores_are_warned_of(monkeypatch):
    monkeypatch.setattr("driver.run.request.cores", lambda: 4)
    assert too_many(1, 8) == "" and too_many(2, 2) == ""
    assert too_many(2, 3).startswith("--threads 2 x 3 jobs on 4 cores: ")


@pytest.mark.compiler
def test_a_sweep_warns_of_them_too(tmp_path, monkeypatch):
    monkeypatch.setattr("driver.run.request.cores", lambda: 4)
    flags = ("--grid", "mon_ts_gain_mv=300,400", "--threads", "3", "--jobs", "2", "--dry-run")
    status, _, said = call("sweep", "s", "--output-root", tmp_path, *SMALL, *flags)
    assert status == 0
    assert "--threads 3 x 2 jobs on 4 cores" in said
