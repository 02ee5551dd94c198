"""A run folder read from Python: what is there comes back, what is not is named."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import issparse

import ll_stdp_brian2
from driver.run.saved import NotARun
from models.lateral_line import values
from models.lateral_line.again import Run
from models.lateral_line.params import NetworkParams
from tests import program
from tests.program import SEED, TRIALS, differing, full, run, shared


@pytest.fixture
def seed():
    return Run(full().folder).seed()


def test_the_door_loads_a_run():
    loaded = ll_stdp_brian2.load_run(full().folder)
    assert (loaded.mode, loaded.seeds, loaded.finished) == ("ll_fast", [SEED], [SEED])
    assert loaded.summary == full().summary
    assert "1 of 1 seeds finished" in repr(loaded)


def test_loading_needs_neither_brian_nor_matplotlib():
    code = (
        "import sys, ll_stdp_brian2\n"
        f"seed = ll_stdp_brian2.load_run({str(full().folder)!r}).seed()\n"
        "seed.results, seed.weights, seed.recordings, seed.matrix('mon_ts'), seed.series\n"
        "print([m for m in ('brian2', 'matplotlib') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=program.REPOSITORY
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_parameters_are_those_of_the_run(seed):
    assert seed.params == NetworkParams(**full().params["network_params"])
    assert seed.run.stimulus.r0_hz == full().params["stimulus_params"]["r0_hz"]


def test_arrays_and_numbers_are_those_of_the_files(seed):
    assert differing(seed.weights, full().weights()) == []
    assert differing(seed.recordings, full().recordings()) == []
    assert seed.results == full().results()


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("projection, unit", [("ll_mon", "_mV"), ("mon_ts", "")])
def test_a_matrix_sums_the_synapses_of_a_pair(seed, projection, unit, initial):
    matrix = seed.matrix(projection, initial=initial)
    assert issparse(matrix)
    w = seed.weights[f"{projection}_w{'_init' if initial else ''}{unit}"]
    i, j = seed.weights[f"{projection}_i"], seed.weights[f"{projection}_j"]
    dense = np.zeros({"ll_mon": (30, 60), "mon_ts": (60, 24)}[projection])
    np.add.at(dense, (i, j), w)
    assert matrix.shape == dense.shape
    np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-12)
    assert matrix.nnz < w.size  # some pairs have several synapses


@pytest.mark.parametrize("phase", ["train", "test", "untrained"])
def test_spikes_are_those_of_the_recordings(seed, phase):
    for name in values.POPULATIONS:
        spikes = seed.spikes(phase, name)
        assert np.array_equal(spikes.index, full().recordings()[f"{phase}_{name}_i"])
        assert np.array_equal(spikes.step, full().recordings()[f"{phase}_{name}_step"])
    assert seed.spikes(phase, "ts").index.size > 0


def test_the_network_comes_back_with_the_wiring_it_had(seed):
    with seed.network("numpy") as sim:
        assert np.array_equal(sim.wiring.mon_ts.i, seed.weights["mon_ts_i"])
        assert np.array_equal(sim.wiring.ll_mon.j, seed.weights["ll_mon_j"])
        names = {item.name for item in sim.engine.network.objects}
        assert {"ll", "mon", "ts", "mon_ts"} <= names


def test_training_on_is_the_longer_training(seed):
    half = Run(shared("--n-training-trials", str(TRIALS // 2)).folder).seed()
    result = half.continue_to(TRIALS, program.BACKEND)
    assert np.array_equal(result.final_weights[1], seed.weights["mon_ts_w"])
    assert np.array_equal(result.final_weights[0], seed.weights["ll_mon_w_mV"])
    ours, theirs = result.numbers, seed.results
    assert ours["sigma_theta_rad"] == theirs["sigma_theta_rad"]
    assert ours["spikes"] == theirs["spikes"]


def test_training_on_needs_a_checkpoint_and_more_trials(seed, tmp_path):
    with pytest.raises(ValueError, match="more than --n-training-trials 2"):
        seed.continue_to(2)
    folder = tmp_path / "run"
    shutil.copytree(full().folder, folder)
    for path in (folder / "artifacts").glob("mid_*"):
        path.unlink()
    with pytest.raises(ValueError, match="no checkpoint"):
        Run(folder).seed().continue_to(TRIALS)


def test_series_of_an_unfinished_seed_come_from_its_checkpoint(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(full().folder, folder)
    (folder / f"artifacts/seed_{SEED}_results.json").unlink()
    unfinished, whole = Run(folder).seed().series, Run(full().folder).seed().series
    assert differing(unfinished, whole) == []
    for path in (folder / "artifacts").glob("mid_*"):
        path.unlink()
    with pytest.raises(NotARun, match="no checkpoint"):
        _ = Run(folder).seed().series


def test_a_seed_that_the_run_does_not_have_is_refused():
    with pytest.raises(NotARun, match="no seed 9, only 123 to 123"):
        Run(full().folder).seed(9)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(NotARun, match="params.json"):
        Run(tmp_path)
    (tmp_path / "params.json").write_text("{")
    with pytest.raises(NotARun, match="cannot be read"):
        Run(tmp_path)
    content = {key: value for key, value in full().params.items() if key != "sha256"}
    for key in ("network_params", "stimulus_params"):
        without = {k: v for k, v in content.items() if k != key}
        (tmp_path / "params.json").write_text(json.dumps(without))
        with pytest.raises(NotARun, match=f"no field {key}"):
            Run(tmp_path)
    del content["network_params"]["n_ts"]
    (tmp_path / "params.json").write_text(json.dumps(content))
    with pytest.raises(NotARun, match="lacks n_ts"):
        Run(tmp_path)


def test_a_log_is_found_beside_the_runs(tmp_path, monkeypatch):
    made = run(tmp_path)
    assert Run(made.folder).log_file() == tmp_path / "Logs" / "run.log"
    (tmp_path / "Runs").mkdir()
    shutil.move(made.folder, tmp_path / "Runs" / "run")
    monkeypatch.chdir(tmp_path)  # as with the default output root
    assert Run("Runs/run").log_file() == tmp_path / "Logs" / "run.log"
    assert Run("Runs/run").log_file(7) is None
