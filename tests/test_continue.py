"""Going on: after Ctrl+C in a run of several seeds, in the run's own folder, from Python."""

import os
import shlex
import signal
import time

import numpy as np
import pytest
from brian2 import second

import ll_stdp_brian2
from driver.flags.from_dataclass import UsageError
from driver.run import checkpoint
from driver.run.folder import RunFolder
from models.lateral_line.checkpoint import require_same
from tests.program import resolve

from . import program
from .conftest import small_params
from .program import SEED, SMALL, run


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """Two seeds, Ctrl+C in a terminal while the first trains and before it ever saved."""
    root = tmp_path_factory.mktemp("interrupted")
    flags = ("--n-training-trials", "100000", "--checkpoint-save-every-n", "100000")
    process = program.start(root, *flags, "--multi-seed", "2")
    log = root / "Logs" / f"run_seed_{SEED}.log"
    end = time.monotonic() + 60
    while time.monotonic() < end and not (log.exists() and "training:" in log.read_text()):
        time.sleep(0.05)
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)
    return program.finish(process, root, timeout=30)


@pytest.mark.compiler
def test_ctrl_c_saves_the_seed_that_was_training(interrupted):
    assert interrupted.status == 130
    assert interrupted.checkpoint()["trial_idx"] > 0
    assert f"a checkpoint of seed {SEED}" in interrupted.said


@pytest.mark.compiler
def test_the_command_that_is_printed_goes_on(interrupted):
    words = shlex.split(interrupted.said.split("go on with: ")[1].split(")\n")[0])
    request = resolve(words[2:])
    assert request.continues_in_place
    assert request.seeds == [SEED, SEED + 1]  # the second has no checkpoint and starts afresh


@pytest.mark.compiler
def test_a_folder_keeps_its_seeds(interrupted):
    words = shlex.split(interrupted.said.split("go on with: ")[1].split(")\n")[0])[2:]
    with pytest.raises(UsageError, match=f"--seed-start {SEED} --multi-seed 2"):
        resolve([*words, "--multi-seed", "1"])


def test_a_parameter_that_the_checkpoint_does_not_know_is_named(tmp_path):
    made = run(tmp_path)
    stored = made.checkpoint()
    path = made.folder / "artifacts" / checkpoint.name(SEED)
    params = resolve([*SMALL, "--output-root", str(tmp_path), "--run-name", "other"]).params
    from stimulus import StimulusParams

    older = dict(stored)
    older["params_json"] = np.array(str(stored["params_json"]).replace("tau_m_ms", "tau_ms"))
    with pytest.raises(ValueError, match="tau_m_ms nothing there, 10.0 here"):
        require_same(older, params, StimulusParams(), path)
    drawn = dict(stored)
    drawn["mon_ts_w_before"] = stored["mon_ts_w_before"] + 1e-9
    with pytest.raises(ValueError, match="began with other weights"):
        require_same(drawn, params, StimulusParams(), path)


def test_an_older_checkpoint_of_all_seeds_is_found(tmp_path):
    (tmp_path / "artifacts").mkdir()
    old = tmp_path / "artifacts" / "mid_checkpoint.npz"
    old.touch()
    assert checkpoint.find(tmp_path, 7) == old
    own = tmp_path / "artifacts" / "mid_checkpoint_seed_7.npz"
    own.touch()
    assert checkpoint.find(tmp_path, 7) == own


def test_a_run_from_python_returns_what_saving_takes(tmp_path):
    made = ll_stdp_brian2.run_spatial_two_stage_model(small_params(), backend=program.BACKEND)
    folder = RunFolder(tmp_path / "run")
    folder.create()
    ll_stdp_brian2.save_learning_artifacts(
        result=made["result"], folder=folder, mode="ll_fast", tag="latest"
    )
    saved = program.load_npz(folder.artifacts / f"latest_seed_{SEED}.npz")
    np.testing.assert_array_equal(saved["mon_ts_w"], made["w_after"])
    assert made["w_mean_abs_delta_final"] == np.abs(made["w_after"] - made["w_before"]).mean()
    assert made["total_duration_s"] == made["train_duration_s"] + made["test_duration_s"]


def test_a_run_from_python_has_the_spikes_of_the_test_as_a_monitor_has_them():
    params = small_params()
    made = ll_stdp_brian2.run_spatial_two_stage_model(params, backend="numpy")
    for name in ("ll", "mon", "ts"):
        spikes = made[f"sp_{name}"]
        assert spikes.i.shape == spikes.t.shape == made[f"test_{name}_i"].shape
        np.testing.assert_array_equal(spikes.i, made[f"test_{name}_i"])
        t_s = np.asarray(spikes.t / second)
        np.testing.assert_array_equal(np.rint(t_s / params.dt_s), made[f"test_{name}_step"])
        assert spikes.t.size and spikes.i.max() < getattr(params, f"n_{name}")
        assert np.all(np.diff(t_s) >= 0) and 0 <= t_s[0]
        assert t_s[-1] < made["test_duration_s"]


def test_the_untouched_network_is_decoded_up_to_the_first_record(
    monkeypatch,
):
    from driver.experiment.network import Session
    from models.lateral_line import simulation, training, values

    monkeypatch.setattr(values, "MAX_BLOCK_TRIALS", 1)
    from stimulus import StimulusParams

    with simulation.Simulation(small_params(), StimulusParams(), Session(program.BACKEND)) as sim:
        in_steps = training.begin(sim).records.series["pv_sigma_theta_series"]
    monkeypatch.setattr(values, "MAX_BLOCK_TRIALS", 25)
    with simulation.Simulation(small_params(), StimulusParams(), Session(program.BACKEND)) as sim:
        at_once = training.begin(sim).records.series["pv_sigma_theta_series"]
    assert in_steps == at_once
