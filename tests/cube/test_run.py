"""A run from the command line to its files: complete, honest, resumable, the same everywhere."""

import dataclasses
import json
import math
import signal

import numpy as np
import pytest

from driver.experiment import going_on, learning
from driver.experiment.going_on import TwinCheckpoint, identity
from driver.experiment.network import Session
from models.cube.lattice.trials import REMOVAL_STEPS
from models.cube.saved import load_run
from models.cube.simulation import Simulation
from tests.cube import door
from tests.program import differing, load_json, load_npz, render_nothing

PARTS = {"trained", "untrained"}


@pytest.mark.parametrize("kind", door.KINDS)
def test_a_run_leaves_all_of_its_files(kind):
    folder = door.shared(kind)
    names = {path.name for path in (folder / "artifacts").iterdir()}
    assert names == {
        *("seed_0_trained.npz", "seed_0_untrained.npz", "seed_0_results.json"),
        *("latest_seed_0.npz", "latest_seed_0_params.json", "seed_0_status.json"),
    }
    params, summary = load_json(folder / "params.json"), load_json(folder / "run_summary.json")
    results = door.results(folder)
    assert params["model"] == summary["model"] == results["model"]
    assert summary["verdict"] == results["trained"]["verdict"]
    assert summary["conditions"] and PARTS <= set(summary)


@pytest.mark.parametrize("kind", door.KINDS)
def test_the_twin_starts_alike_and_never_learns(kind):
    trained, untrained = (door.recording(door.shared(kind), label) for label in sorted(PARTS))
    starts = [key for key in trained if key.startswith("initial.")]
    assert starts
    for key in starts:
        np.testing.assert_array_equal(trained[key], untrained[key])
        after = key.removeprefix("initial.")
        np.testing.assert_array_equal(untrained[after], untrained[key])
    changed = [np.any(trained[k.removeprefix("initial.")] != trained[k]) for k in starts]
    assert any(changed)


def numbers(value):
    """All numbers in nested containers."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("kind", door.KINDS)
def test_results_hold_numbers_or_null(kind):
    assert all(math.isfinite(x) for x in numbers(door.results(door.shared(kind))))


CUBE = {
    *("chance", "ilf", "ili", "wave_index", "spontaneous_fraction", "rate", "in_tube_rate"),
    *("out_tube_rate", "in_firing_band", "reach", "input_correlation", "survival", "t_ext"),
    *("output", "readout", "tests", "weights", "verdict", "conditions"),
}
LOCAL = {
    *("iou", "chance_iou", "copy_iou", "learning_steps", "hidden", "pause", "tests", "recall"),
    *("weights", "verdict", "conditions"),
}


@pytest.mark.parametrize("kind, names", [("cube", CUBE), ("groups", CUBE), ("local", LOCAL)])
def test_every_metric_is_there_for_both_networks(kind, names):
    results = door.results(door.shared(kind))
    assert names <= set(results["trained"]) and names <= set(results["untrained"])


def test_fractions_of_spikes_add_up():
    r = door.results(door.shared("waves"))["trained"]
    assert r["ilf"] + r["wave_index"] + r["spontaneous_fraction"] == pytest.approx(1)
    assert r["n_spikes"] > 100


def test_differences_are_trained_minus_untrained():
    r = door.results(door.shared("local"))
    assert r["difference"]["iou"] == pytest.approx(r["trained"]["iou"] - r["untrained"]["iou"])
    assert r["trained"]["iou"] > 0


def test_no_output_is_expected_while_the_input_is_off():
    """The pause is judged against where the dot would be; its steps have no target."""
    folder = door.shared("local")
    pause = door.results(folder)["trained"]["pause"]
    assert (pause["off_from"], pause["off_to"]) == (101, 140)
    shown = door.recording(folder)["shown"]
    assert not shown[100:140].any() and shown[:100].all() and shown[140:].all()


def test_weights_can_be_reloaded():
    folder = door.shared("cube")
    seed = load_run(folder).seed(0)
    state, after = seed.state(), door.recording(folder)
    for name in ("forward", "readout"):
        np.testing.assert_array_equal(state[f"{name}.w"], after[f"{name}.w"])
        assert seed.weights[f"{name}_i"].size == state[f"{name}.w"].size


def arrays(folder, seed=0):
    files = (f"seed_{seed}_trained", f"seed_{seed}_untrained", f"latest_seed_{seed}")
    return {
        f"{file}/{k}": v
        for file in files
        for k, v in load_npz(folder / f"artifacts/{file}.npz").items()
    }


def without_times(results):
    return {key: value for key, value in results.items() if key not in ("seconds", "sha256")}


def forty(self, first, stop, **_):
    """Short blocks, so that there are several."""
    return min(stop - first, 40)


@pytest.mark.parametrize("label, block", [("trained", 2), ("untrained", 1)])
@pytest.mark.parametrize("kind", ["cube", "predict"])
def test_an_interrupted_run_goes_on_to_the_same_bits(kind, label, block, tmp_path, monkeypatch):
    """Ctrl+C after some blocks; the same command with --go-on finishes the run."""
    monkeypatch.setattr(Simulation, "block_steps", forty)
    run_blocks, seen = Simulation.blocks, {"trained": 0, "untrained": 0}

    def blocks(self, state, first, stop, *, learn, dots=None, hold=False):
        name = "trained" if learn else "untrained"
        for made in run_blocks(self, state, first, stop, learn=learn, dots=dots, hold=hold):
            seen[name] += dots is None
            if seen[label] > block and dots is None and name == label:
                signal.raise_signal(signal.SIGINT)
            yield made

    with monkeypatch.context() as patch:
        patch.setattr(Simulation, "blocks", blocks)
        flags = ("--output-root", tmp_path, "--run-name", "run", "--no-figures", *door.BACKEND)
        status, said = door.call(*flags, *door.KINDS[kind])
    assert status == 130 and "go on with" in said
    assert (tmp_path / "run/artifacts/mid_checkpoint_seed_0.npz").exists()
    folder = door.run(tmp_path, *door.KINDS[kind], "--go-on")
    whole = door.shared(kind)
    assert not differing(arrays(folder), arrays(whole))
    assert without_times(door.results(folder)) == without_times(door.results(whole))
    assert not (folder / "artifacts/mid_checkpoint_seed_0.npz").exists()


@pytest.mark.parametrize("kind", ["cube", "predict"])
def test_ctrl_c_between_two_blocks_loses_and_doubles_nothing(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(Simulation, "block_steps", forty)
    advance, seen = learning.Progress.advance, []

    def interrupted(self, n, *args, **metrics):
        seen.append(n)
        if len(seen) == 2:
            raise KeyboardInterrupt
        advance(self, n, *args, **metrics)

    with monkeypatch.context() as patch:
        patch.setattr(learning.Progress, "advance", interrupted)
        places = ("--output-root", tmp_path, "--run-name", "run", "--no-figures", *door.BACKEND)
        assert door.call(*places, *door.KINDS[kind])[0] == 130
    folder = door.run(tmp_path, *door.KINDS[kind], "--go-on")
    assert not differing(arrays(folder), arrays(door.shared(kind)))


def test_going_on_leaves_finished_seeds_alone(tmp_path, monkeypatch):
    """The second seed dies before its first checkpoint."""
    kind = (*door.KINDS["waves"], "--multi-seed", "2")
    with monkeypatch.context() as patch:
        patch.setattr(going_on, "completed", lambda request: None)
        folder = door.run(tmp_path, *kind)
    (folder / "artifacts/mid_checkpoint_seed_1.npz").unlink()
    first = folder / "artifacts/seed_0_results.json"
    before = first.stat().st_mtime_ns
    for left in ("run_summary.json", "artifacts/seed_1_results.json"):
        (folder / left).unlink()
    status = load_json(folder / "artifacts/seed_1_status.json")
    text = json.dumps(status | {"phase": "training"})
    (folder / "artifacts/seed_1_status.json").write_text(text)
    assert door.run(tmp_path, *kind, "--go-on") == folder
    assert first.stat().st_mtime_ns == before
    assert (folder / "run_summary.json").exists()


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    request = pytest.importorskip("models.cube.options").read([*door.KINDS["cube"]])
    path = tmp_path / "run/artifacts/mid_checkpoint_seed_0.npz"
    path.parent.mkdir(parents=True)
    ours = identity(request.format, request.parts)
    TwinCheckpoint(Session(checkpoint=path, identity=ours)).save("trained", {"step": 8})
    flags = ("--output-root", tmp_path, "--run-name", "other", *door.BACKEND)
    status, said = door.call(
        *flags, *door.KINDS["cube"], "--eta", "0.5", "--resume-from", tmp_path / "run"
    )
    assert status == 2
    assert "--resume-from" in said and "eta 0.01 there, 0.5 here" in said
    assert not (tmp_path / "other").exists()


def test_a_complete_run_is_left_alone(tmp_path):
    folder = door.run(tmp_path, *door.KINDS["groups"])
    before = (folder / "run_summary.json").stat().st_mtime_ns
    status, said = door.call("--output-root", tmp_path, "--run-name", "run", "--no-figures",
                             *door.BACKEND, *door.KINDS["groups"], "--go-on")  # fmt: skip
    assert status == 0 and "is complete" in said
    assert (folder / "run_summary.json").stat().st_mtime_ns == before


def test_a_seed_is_the_same_alone_and_among_others(tmp_path):
    both = door.run(tmp_path, *door.KINDS["waves"], "--multi-seed", "2", "--jobs", "2", name="both")
    alone = door.run(tmp_path, *door.KINDS["waves"], "--seed", "1", name="alone")
    assert not differing(arrays(both, 1), arrays(alone, 1))
    assert without_times(door.results(both, 1)) == without_times(door.results(alone, 1))
    summary = load_json(both / "run_summary.json")
    assert [run["seed"] for run in summary["runs"]] == [0, 1]
    verdicts = summary["aggregate"]["verdicts"]
    assert sum(verdicts.values()) == 2
    assert summary["aggregate"]["trained"]["rate"]["n"] == 2


def test_two_seeds_differ():
    folder = door.shared("waves")
    other = door.run(folder.parent, *door.KINDS["waves"], "--seed", "5", name="other")
    assert differing(
        arrays(folder), {k.replace("seed_5", "seed_0"): v for k, v in arrays(other, 5).items()}
    )


def test_a_sweep_makes_ordinary_runs(tmp_path):
    status, said = door.call(
        *("sweep", "weights", "--output-root", tmp_path, "--grid", "w_lat=0.2,0.6", "--jobs", "1"),
        *("--multi-seed", "2"),
        *(*door.BACKEND, *door.KINDS["cube"][2:], "--mode", "relay-a", "--no-figures"),
    )
    assert status == 0, said
    table = load_json(tmp_path / "weights/sweep.json")["runs"]
    assert [row["condition"]["w_lat"] for row in table] == ["0.2", "0.2", "0.6", "0.6"]
    assert all(row["state"] == "done" and row["verdict"] for row in table)
    assert all("in_tube_rate" in row["trained"] for row in table)
    page = (tmp_path / "weights/report.html").read_text(encoding="utf-8")
    assert "4 of 4 runs, 2 conditions" in page and (tmp_path / "weights/sweep.png").exists()


def test_the_removal_shows_what_is_left():
    r = door.recording(door.shared("waves"))
    assert r["removal_count"].size == r["continued_count"].size >= REMOVAL_STEPS
    assert r["continued_count"].sum() > 0


def test_a_film_can_be_made_with_a_run_and_afterwards(tmp_path, monkeypatch):
    render_nothing(monkeypatch)
    kind = (*door.KINDS["cube"], "--animation", "--every", "4", "--down", "2")
    folder = door.run(tmp_path, *kind, figures=True)
    films = sorted(path.stem for path in folder.glob("figures/animation_*"))
    assert films == ["animation_trained_seed_0", "animation_untrained_seed_0"]
    status, said = door.call("animate", folder, "--first", "100", "--stop", "112")
    assert status == 0 and "animation_trained_seed_0" in said
    assert door.call("animate", folder, "--stop", "9000")[0] == 2
    assert door.call("figures", folder)[0] == door.call("report", folder)[0] == 0


def test_a_run_that_leaves_the_numbers_ends_with_a_status_of_its_own(tmp_path, monkeypatch):
    run_blocks = Simulation.blocks

    def blocks(self, *args, **options):
        for block, stop in run_blocks(self, *args, **options):
            yield dataclasses.replace(block, not_finite="cells.v"), stop

    monkeypatch.setattr(Simulation, "blocks", blocks)
    places = ("--output-root", tmp_path, "--run-name", "run", "--no-figures", *door.BACKEND)
    status, said = door.call(*places, *door.KINDS["waves"])
    assert status == 3
    assert "cells.v is not finite" in said
    assert not (tmp_path / "run/run_summary.json").exists()
    assert load_json(tmp_path / "run/artifacts/seed_0_status.json")["phase"] == "failed"
