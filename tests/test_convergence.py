"""Whether a training has come to rest, by its series; and the command that says so."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from models.lateral_line.analyses.convergence import (
    Verdict,
    check_series,
    plateau,
    weight_stability,
)
from models.lateral_line.saved import Run
from tests import program

TOOL = program.REPOSITORY / "tools" / "check_convergence.py"


def tool(*words) -> int:
    spec = importlib.util.spec_from_file_location("check_convergence", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main([str(word) for word in words])


def series(sigma=(0.4,) * 8, steps=(1e-5,) * 8, **changes) -> dict:
    """Of a training that is at rest, if nothing is given; the first entries are of time 0."""
    sigma = np.array([0.3, *sigma])
    steps = np.array([0.0, *steps])
    return {
        "pv_ckpt_t_s": 6.0 * np.arange(sigma.size),
        "pv_sigma_theta_series": sigma,
        "pv_valid_fraction_series": np.full(sigma.size, 0.9),
        "w_mean_series": np.full(steps.size, 0.02),
        "w_mean_abs_step_series": steps,
        "w_mean_abs_delta_series": np.cumsum(steps),
        **changes,
    }


def without(name: str, **changes) -> dict:
    return {k: v for k, v in series(**changes).items() if k != name}


# --- plateau -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sigma, passed",
    [
        ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5), True),
        ((0.519, 0.519, 0.519, 0.5, 0.5, 0.5), True),
        ((0.521, 0.521, 0.521, 0.5, 0.5, 0.5), False),
        ((9.0, 9.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5), True),  # long ago
        ((0.4, 0.7, 0.4, 0.7, 0.4, 0.4), True),  # means of three
        ((0.5, 0.5, 0.5, 0.8, 0.8, 0.8), True),  # as specified: worse counts as no longer better
        ((0.5, 0.5, 0.5, 0.5, 0.5), None),
        ((0.5, 0.5, 0.5, 0.5, np.nan, 0.5), None),
    ],
)
def test_a_plateau_is_a_map_that_no_longer_improves(sigma, passed):
    assert plateau(1.0 + np.arange(len(sigma)), sigma).passed is passed


def test_the_decode_before_training_does_not_count_but_is_told():
    t_s = np.arange(6.0)
    found = plateau(t_s, [0.123, *[0.5] * 5])
    assert found.passed is None
    longer = plateau(np.arange(7.0), [0.123, *[0.5] * 6])
    assert longer.passed and "0.123 untrained" in longer.words


def test_sigma_is_told_with_its_valid_fraction():
    t_s = 1.0 + np.arange(6)
    assert "valid fraction 0.40, no usable map" in plateau(t_s, [0.5] * 6, [0.4] * 6).words
    usable = plateau(t_s, [0.5] * 6, [0.9] * 6).words
    assert "valid fraction 0.90" in usable and "no usable map" not in usable


# --- weights -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, passed",
    [
        ((9e-5, 9e-5, 9e-5, 9e-5), True),  # below 0.5 % of 0.02
        ((9e-5, 9e-5, 9e-5, 1.1e-4), False),
        ((1.0, 9e-5, 9e-5, 9e-5, 9e-5), True),
        ((9e-5, 9e-5, 9e-5, 9e-5, 1e-3), False),  # rest in the past is no rest
        ((0.0, 0.0, 0.0, 0.0), True),
        ((9e-5, 9e-5, 9e-5), None),
        ((9e-5, 9e-5, 9e-5, np.nan), None),
    ],
)
def test_weights_stand_still_if_the_last_four_changes_are_small(change, passed):
    assert weight_stability(change, 0.02).passed is passed


def test_without_weight_there_is_no_scale_for_its_change():
    assert weight_stability([0.0] * 4, 0.0).passed is None


def test_the_distance_from_the_start_may_grow():
    slow = series(steps=(9e-5,) * 1000)
    assert slow["w_mean_abs_delta_series"][-1] > slow["w_mean_series"][-1]
    assert check_series(slow).weights.passed


def test_the_first_entry_is_the_start_and_no_change():
    assert check_series(series(steps=(1e-5,) * 3)).weights.passed is None


def test_an_older_file_is_judged_by_its_tracked_synapses():
    tracked = np.full((9, 24), 0.02)
    old = without("w_mean_abs_step_series", tracked_weight_series=tracked)
    still = check_series(old).weights
    assert still.passed and "24 tracked" in still.words
    tracked[-1] += 0.01
    assert check_series(old).weights.passed is False


# --- verdict -----------------------------------------------------------------------------

FALLING, MOVING = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5), (1e-3,) * 8


@pytest.mark.parametrize(
    "changes, verdict",
    [
        ({}, Verdict.CONVERGED),
        ({"sigma": FALLING}, Verdict.NOT_CONVERGED),
        ({"steps": MOVING}, Verdict.NOT_CONVERGED),
        ({"sigma": (np.nan,) * 8}, Verdict.UNKNOWN),
        ({"sigma": (np.nan,) * 8, "steps": MOVING}, Verdict.NOT_CONVERGED),
        ({"sigma": (), "steps": ()}, Verdict.UNKNOWN),
    ],
)
def test_one_failure_decides_and_one_gap_leaves_it_open(changes, verdict):
    assert check_series(series(**changes)).verdict == verdict


def test_the_tolerances_are_those_given():
    moving = series(sigma=FALLING, steps=MOVING)
    assert check_series(moving, tolerance_rad=0.5, share=0.06).verdict == Verdict.CONVERGED


# --- the command -------------------------------------------------------------------------


def write(path, **changes):
    np.savez(path, **series(**changes))
    return path


@pytest.fixture
def files(tmp_path):
    return {
        "rest": write(tmp_path / "seed_1_recordings.npz"),
        "moves": write(tmp_path / "seed_2_recordings.npz", steps=MOVING),
        "silent": write(tmp_path / "seed_3_recordings.npz", sigma=(np.nan,) * 8),
    }


@pytest.mark.parametrize(
    "names, status", [("rest", 0), ("rest rest", 0), ("rest moves", 1), ("silent rest", 1)]
)
def test_the_status_is_zero_only_if_every_file_has_converged(files, names, status, capsys):
    assert tool(*(files[name] for name in names.split())) == status
    said = capsys.readouterr().out
    verdicts = {"rest": "CONVERGED", "moves": "NOT_CONVERGED", "silent": "UNKNOWN"}
    for name in names.split():
        assert f"{files[name]}: {verdicts[name]}\n" in said


def test_limits_can_be_typed(files):
    assert tool(files["moves"], "--change-percent", "6") == 0
    falling = write(files["rest"], sigma=FALLING)
    assert (tool(falling), tool(falling, "--plateau-rad", "0.4")) == (1, 0)


def test_without_files_the_status_is_two():
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True)
    assert done.returncode == 2 and "FILE" in done.stderr


def test_a_file_that_cannot_be_read_is_unknown_and_the_others_are_judged(files, tmp_path, capsys):
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(files["rest"].read_bytes()[:500])
    assert tool(damaged, tmp_path / "nothing.npz", files["rest"]) == 1
    said = capsys.readouterr().out
    assert said.count("UNKNOWN") == 2 and "cannot be read" in said and "there is no" in said
    assert f"{files['rest']}: CONVERGED" in said


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    assert tool(tmp_path) == 2
    assert "params.json" in capsys.readouterr().err


def test_recordings_checkpoint_and_folder_of_a_run_give_one_answer(capsys):
    run = Run(program.full().folder)
    recordings = run.artifacts / f"seed_{program.SEED}_recordings.npz"
    checkpoint = run.artifacts / f"mid_checkpoint_seed_{program.SEED}.npz"
    answers = []
    for place in (recordings, checkpoint, run.folder):
        assert tool(place) == 1
        head, *details = capsys.readouterr().out.splitlines()
        answers.append((head.rpartition(": ")[2], details))
    assert answers[0] == answers[1] == answers[2]
    assert "decodes in training" in answers[0][1][0]
    assert "% of the mean weight" in answers[0][1][1]


def test_weights_alone_are_unknown(capsys):
    run = Run(program.full().folder)
    assert tool(run.seed().weight_file) == 1
    said = capsys.readouterr().out
    assert "UNKNOWN" in said and "no series" in said
