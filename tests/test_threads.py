"""`--threads`: loops shared by threads give the bits of one thread, or are left alone."""

import os

import pytest

from driver.engine.compile import passes
from driver.engine.compiled import StandaloneEngine
from driver.run.request import too_many
from models.cube.params import CubeParams
from models.cube.presets import PRESETS
from tests.conftest import Bench, assert_same
from tests.cube.bench import Bench as CubeBench
from tests.program import SMALL, call, listing


@pytest.mark.compiler
def test_threads_give_the_bits_of_one(monkeypatch):
    """The passes over 4096 cells, which they share here, and over 256 pixels, which one does.

    And the synapses of many spikes, each thread those onto its share of the cells.
    """
    monkeypatch.setattr(passes, "CROSSOVER", 4096)
    params = CubeParams(**PRESETS["02_02"].reference | {"n": 16, "L": 16, "readout": False})
    one = CubeBench(params)
    expected = one.block(one.start(), 0, 60)
    engine = StandaloneEngine(one.model, threads=2)
    monkeypatch.setattr(one, "engine", engine)
    found = one.block(one.start(), 0, 60)
    tasks = f"/proc/{engine.process.pid}/task"
    assert not os.path.exists(tasks) or len(os.listdir(tasks)) == 2
    roles = ("backward", "forward", "lateral")
    walks = {f"_run_{role}_{way}_codeobject" for role in roles for way in ("deliver", "learn")}
    assert {"_run_cells_stateupdater_pass", *walks} == set(engine.shared) - {
        "_run_drive_drive_codeobject"
    }
    engine.close()
    assert expected.counts["cells"] > 1000
    assert_same(found, expected)


@pytest.mark.slow
@pytest.mark.compiler
def test_a_network_of_small_groups_keeps_to_one_thread_and_says_so(small):
    bench = Bench(small, "cpp_standalone", threads=2)
    bench.close()
    assert bench.engine.shared == []
    assert bench.said[-1] == "--threads 2: no group has 65536 cells, so one thread does it all"


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
