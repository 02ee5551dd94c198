"""Several passes of the test, the map that is read from them, and maps of the training."""

import re

import numpy as np
import pytest

from driver.engine.model import Spikes
from models.lateral_line import cell_tuning, map_metrics, metrics, readout
from models.lateral_line.again import Seed
from models.lateral_line.records import MAX_MAPS, Records
from models.lateral_line.results import N_PERMUTATIONS
from models.lateral_line.saved import Run
from tests.conftest import small_params
from tests.program import differing, full, run, shared

SHORT = ("--n-training-trials", "2")
N_T, N_TS, TRIAL = 1000, 24, 200  # steps of a sweep, cells, steps of a trial


def one():
    return shared(*SHORT)


def three():
    return shared(*SHORT, "--test-passes", "3", "--test-there-and-back")


def passes_of(made, phase="test"):
    return Run(made.folder).seed().passes(phase)


# --- the first and the others ------------------------------------------------------------


def test_the_first_pass_has_the_bits_of_the_test_of_one_pass():
    alone, first = one().recordings(), three().recordings()
    more = {"passes_x_cm", *(k for k in first if "passes_ts" in k)}
    assert set(differing(alone, first)) == more
    assert differing(one().weights(), three().weights()) == []
    a, b = one().results(), three().results()
    said = {"map", "untrained", "test_passes", "test_there_and_back", "training"}
    said |= {"params_sha256", "sha256"}
    assert {k: v for k, v in a.items() if k not in said} == {
        k: v for k, v in b.items() if k not in said
    }
    without_map = [{k: v for k, v in r["untrained"].items() if k != "map"} for r in (a, b)]
    assert without_map[0] == without_map[1]


def test_a_pass_does_not_depend_on_how_many_follow():
    two = passes_of(shared(*SHORT, "--test-passes", "2", "--test-there-and-back"))
    for mine, other in zip(two, passes_of(three())[:2], strict=True):
        for name in ("step", "index", "x_cm"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(other, name))


def test_passes_are_kept_one_by_one():
    """Steps of the file count from the first, of each pass that is read from its own."""
    recorded = three().recordings()
    for phase, label in (("test", ""), ("untrained", "untrained_")):
        passes = passes_of(three(), phase)
        assert len(passes) == 3
        for spikes in passes:
            assert spikes.step.size and 0 <= spikes.step.min() <= spikes.step.max() < N_T
            assert spikes.x_cm.shape == (N_T,)
        np.testing.assert_array_equal(passes[0].step, recorded[f"{phase}_ts_step"])
        np.testing.assert_array_equal(passes[0].index, recorded[f"{phase}_ts_i"])
        in_all = np.concatenate([p.step + k * N_T for k, p in enumerate(passes)])
        np.testing.assert_array_equal(in_all, recorded[f"{label}passes_ts_step"])
        assert not np.array_equal(passes[0].step, passes[2].step)  # the same way, other noise
    there, back, again = recorded["passes_x_cm"]
    np.testing.assert_array_equal(there, recorded["test_x_cm"])
    assert np.all(np.diff(there) > 0) and np.all(np.diff(back) < 0)
    np.testing.assert_allclose(again, there, atol=1e-12)


def test_one_pass_is_kept_as_one():
    recorded = one().recordings()
    assert recorded["passes_x_cm"].shape == (1, N_T)
    np.testing.assert_array_equal(recorded["passes_ts_step"], recorded["test_ts_step"])


def test_held_passes_are_alike_but_for_their_noise():
    made = shared(*SHORT, "--test-using-held-snapshots", "--test-passes", "2")
    first, second = passes_of(made)
    np.testing.assert_array_equal(first.x_cm, second.x_cm)
    assert not np.array_equal(first.step, second.step)
    alone = shared(*SHORT, "--test-using-held-snapshots")
    np.testing.assert_array_equal(alone.recordings()["test_ts_step"], first.step)


# --- numbers -----------------------------------------------------------------------------


def test_one_pass_has_no_map():
    results = one().results()
    assert results["map"] is None and results["untrained"]["map"] is None
    assert (results["test_passes"], results["test_there_and_back"]) == (1, False)


@pytest.mark.parametrize("phase", ["test", "untrained"])
def test_numbers_of_the_map_are_those_of_the_recorded_passes(phase):
    results = three().results()
    found = (results if phase == "test" else results["untrained"])["map"]
    assert found["n_passes"] == 3
    passes, body = passes_of(three(), phase), (0.0, 4.0)
    ends = min(p.x_cm.min() for p in passes[:1]), passes[0].x_cm.max()
    for name, window in (("body", body), ("path", ends)):
        aligned = map_metrics.aligned_map(passes, N_TS, 1e-3, window, n_permutations=N_PERMUTATIONS)
        told = found[name]
        assert told["sigma_theta_rad"] == pytest.approx(aligned.sigma_theta_rad)
        assert told["rms_error_cm"] == pytest.approx(aligned.rms_error_cm)
        assert told["sigma_theta_chance_rad"]["median"] == pytest.approx(aligned.permuted_rad[1])
        assert told["reflected"] == list(aligned.reflected)
    tuning = cell_tuning.cell_tuning(passes, N_TS, 1e-3, body)
    assert found["tuned_share"] == tuning.n_tuned / N_TS
    assert found["tuning_width_cm"] == pytest.approx(tuning.width_cm)
    error = readout.decoding_error(passes, N_TS, 1e-3, body)
    assert found["decoding_error_cm"] == pytest.approx(error.linear_rms_cm)


def test_a_silent_network_has_no_numbers_of_a_map():
    silent = ("--ll-rate-gain", "0", "--bg-rate-mon-hz", "0", "--bg-rate-ts-hz", "0")
    found = shared(*silent, *SHORT, "--test-passes", "2").results()["map"]
    assert found["body"]["sigma_theta_rad"] is None and found["order"] is None
    assert found["body"]["reflected"] == [None, None]
    assert found["tuned_share"] == found["coverage"] == 0


def rows(said: str) -> dict[str, list[str]]:
    """Labels of the closing table, and their three numbers."""
    found = re.findall(r"^(\S.*?)  +(\S+) +(\S+) +(\S+)$", said, re.MULTILINE)
    return {label: numbers for label, *numbers in found}


ALIGNED = {
    "sigma_theta aligned, path (rad)": ("path", "sigma_theta_rad"),
    "sigma_theta aligned, body (rad)": ("body", "sigma_theta_rad"),
    "order of the map": ("order",),
    "cells with one peak (share)": ("single_peaked_share",),
    "tuning width (cm)": ("tuning_width_cm",),
    "order on a line": ("order_on_line",),
    "linear readout, rms error (cm)": ("decoding_error_cm",),
    "likelihood readout, rms error (cm)": ("decoding_error_likelihood_cm",),
}


def test_the_closing_lines_tell_the_map_of_several_passes():
    shown, results = rows(three().said), three().results()
    for label, path in ALIGNED.items():
        for place, numbers in ((0, results["map"]), (1, results["untrained"]["map"])):
            for key in path:
                numbers = numbers[key]
            assert float(shown[label][place]) == pytest.approx(numbers, abs=5.01e-4), label
    assert not set(ALIGNED) & set(rows(one().said))
    assert "sigma_theta, path (rad)" in rows(one().said)


@pytest.mark.parametrize("where", ["body", "path"])
def test_results_name_the_window_that_decides(where):
    made = shared("--training-positions", where, "--n-training-trials", "3")
    assert made.results()["deciding_window"] == where


# --- of a trained network ----------------------------------------------------------------


def test_passes_may_differ_from_the_run_that_trained(tmp_path):
    flags = ("--test-passes", "2", "--test-there-and-back")
    again = run(tmp_path, "--resume-from", full().folder, *flags, name="again")
    assert again.status == 0, again.said
    assert differing(again.weights(), full().weights()) == []
    assert again.results()["map"]["n_passes"] == 2
    tested = run(tmp_path, "--weights-from", full().folder, *flags, name="tested")
    assert tested.status == 0, tested.said
    assert tested.results()["map"]["n_passes"] == 2


def test_a_seed_is_tested_again_with_more_passes():
    seed = Run(full().folder).seed()
    made = Seed(seed.run, seed.number).retest(backend="numpy", test_passes=2).numbers
    assert made["map"]["n_passes"] == 2


# --- maps of the training ----------------------------------------------------------------


def test_maps_of_the_training_count_its_spikes_and_steps():
    made = shared("--training-positions", "path", "--n-training-trials", "5")
    a = made.recordings()
    assert a["map_trial_series"].tolist() == [0, 2, 4, 5]
    np.testing.assert_array_equal(a["map_steps_series"].sum(axis=1), [400, 400, 400, 200])
    in_training = a["map_spikes_series"][1:].sum()
    assert in_training == made.results()["training"]["spikes"]["ts"] > 0


def records_of(p, blocks):
    """Records of TS spikes (step in the block, cell) and positions, one block a record."""
    records = Records.start(p, np.ones(p.n_mon * p.mon_to_ts_out_degree))
    for k, (step, cell, x_cm) in enumerate(blocks):
        first = records.trial * p.trial_steps
        spikes = Spikes(cell.astype(np.int32), step + first)
        records.add((k + 1) * p.checkpoint_trials, np.ones(records.w_before.size), spikes, x_cm)
    return records


def random_blocks(p, n, n_spikes=40):
    rng = np.random.default_rng(3)
    steps = p.checkpoint_trials * p.trial_steps
    for _ in range(n):
        x_cm = np.repeat(rng.uniform(0, 4, steps // 50), 50)
        yield np.sort(rng.integers(0, steps, n_spikes)), rng.integers(0, p.n_ts, n_spikes), x_cm


def test_a_map_counts_spikes_by_cell_and_place():
    p = small_params(n_training_trials=2)
    ((step, cell, x_cm),) = blocks = list(random_blocks(p, 1))
    a = records_of(p, blocks).arrays()
    expected = np.zeros((p.n_ts, 50), int)
    for k, j in zip(step, cell, strict=True):
        expected[j, int(x_cm[k] / 4 * 50)] += 1
    np.testing.assert_array_equal(a["map_spikes_series"], [expected])
    steps = np.bincount((x_cm / 4 * 50).astype(int), minlength=50)
    np.testing.assert_array_equal(a["map_steps_series"], [steps])


@pytest.mark.parametrize("n", [0, 1, 99, 100, 101, 150, 201, 399, 401])
def test_of_a_long_training_maps_are_kept_evenly(n):
    p = small_params(n_training_trials=2 * max(n, 1))
    a = records_of(p, random_blocks(p, n, 2)).arrays()
    kept = a["map_trial_series"] // 2
    assert a["map_spikes_series"].shape == (kept.size, p.n_ts, 50)
    assert a["map_spikes_series"].dtype == np.uint16
    assert kept.size <= MAX_MAPS + 1 and kept[-1:].tolist() == [n][: kept.size]
    every = 1 if n <= 100 else 2 if n <= 200 else 4 if n <= 400 else 8
    assert set(kept) == set(range(every, n + 1, every)) | ({n} if n else set())


def test_the_mirrored_decode_is_that_of_mirrored_cells():
    p = small_params(n_training_trials=8)
    blocks = list(random_blocks(p, 4, 300))
    a = records_of(p, blocks).arrays()
    for k, (step, cell, x_cm) in enumerate(blocks):
        for name, index in (
            ("pv_sigma_theta_series", cell),
            ("pv_sigma_theta_mirrored_series", (-cell) % p.n_ts),
        ):
            sigma = metrics.pv_map_quality_from_ts_spikes(
                step=step, index=index, n_cells=p.n_ts, x_cm=x_cm, dt_s=p.dt_s
            ).sigma_theta
            assert a[name][k] == pytest.approx(sigma, rel=1e-9), name
