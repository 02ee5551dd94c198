"""The door: every learner runs, stops and goes on with the same bits, and refuses nonsense."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import predictive_brian2
from driver.experiment import learning
from driver.run.isolation import INTERRUPTED
from driver.run.saved import Run
from models.predictive.experiment import Records
from models.predictive.params import FORMAT, PRESETS, parts
from models.predictive.room import ROOM
from tests.program import BACKEND, render_nothing

pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")

IMAGES = ("--test-size", "0.97", "--epochs", "3", "--backend", "numpy")
SHOWS = ("--train-s", "1", "--show-ms", "100", "--settle-ms", "40", "--test-shows", "4")
TINY = {
    "spiking": (*SHOWS, "--sizes", "4", "6", "5", "2", "--backend", BACKEND),
    "rate": (*IMAGES, "--hidden", "6", "--n-relax", "5"),
    "equilibrium": (*IMAGES, "--hidden", "6", "--n-free", "5", "--n-nudged", "3"),
    "dendritic": (*IMAGES, "--show-ms", "20"),
}


def program(*words) -> int:
    try:
        return predictive_brian2.main([str(word) for word in words])
    except SystemExit as end:  # of the library that reads flags
        return end.code


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arrays(path: Path) -> dict:
    with np.load(path) as file:
        return dict(file)


def words_of(mode: str, name: str) -> tuple[str, ...]:
    return ("--mode", mode, *TINY[mode], "--run-name", name)


QUICK = ("spiking", "dendritic")  # the others share all that matters here with them


@pytest.mark.parametrize(
    "mode", [mode if mode in QUICK else pytest.param(mode, marks=pytest.mark.slow) for mode in TINY]
)
def test_a_learner_runs_draws_and_goes_on_with_the_same_bits(here, mode, monkeypatch):
    """And killed in the middle of its training; of rate the second seed of two, again alone."""
    several = ("--multi-seed", "2") if mode == "rate" else ("--seed-start", "2")
    assert program(*words_of(mode, "a"), *several) == 0
    run = Run(here / "Runs" / "a", FORMAT)
    results = run.seed(2).results
    assert results["untrained"]["verdict"] == "learns nothing"
    assert (run.folder / "report.html").stat().st_size > 10_000
    drawn = {path.stem for path in (run.folder / "figures").glob("*.png")}
    assert len(drawn) >= 3

    render_nothing(monkeypatch)
    monkeypatch.setattr(learning, "CHECKPOINT_S", 0.0)
    fed, feed = [], Records.feed

    def feeding(self, block, first, stop):
        fed.append(first)
        if len(fed) == 3:
            raise KeyboardInterrupt
        return feed(self, block, first, stop)

    monkeypatch.setattr(Records, "feed", feeding)
    again = (*words_of(mode, "b"), "--seed-start", "2")
    assert program(*again) == INTERRUPTED
    assert program(*again, "--go-on") == 0
    assert fed[:4] == [0, 1, 2, 2], "the third epoch is run again, and no other"
    for name in ("latest_seed_2", "seed_2_trained", "seed_2_untrained"):
        ours, theirs = (
            arrays(here / "Runs" / folder / "artifacts" / f"{name}.npz") for folder in "ab"
        )
        assert ours.keys() == theirs.keys()
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key], err_msg=f"{name} {key}")
    same = json.loads((here / "Runs/b/artifacts/seed_2_results.json").read_text())
    assert same["trained"] == results["trained"]


def test_every_preset_is_read_and_every_parameter_has_a_flag():
    for mode in PRESETS:
        request = ROOM.read(["--mode", mode])
        assert type(request.params) is parts(mode)["params"]
        assert ROOM.length(request) >= 1 and min(ROOM.work(request)) > 0
        for name, value in PRESETS[mode].items():
            assert getattr(request.params, name) == value


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--mode", "rates"), "--mode 'rates' is not one of spiking, "),
        (("--mode", "rate", "--data", "mnist"), "--data"),
        (
            ("--mode", "rate", "--lr", "0.1", "0.1", "0.1"),
            "--lr 0.1 0.1 0.1: 3 values, layers",
        ),
        (("--mode", "rate", "--lr", "0"), "--lr"),
        (("--mode", "rate", "--gamma", "1.5"), "--gamma 1.5"),
        (("--mode", "rate", "--test-size", "1"), "--test-size 1.0"),
        (("--mode", "rate", "--test-size", "0.001"), "--test-size 0.001"),
        (("--mode", "rate", "--epochs", "0"), "--epochs 0"),
        (("--mode", "rate", "--hidden", "0"), "--hidden"),
        (("--mode", "equilibrium", "--beta", "0"), "--beta 0.0"),
        (("--mode", "equilibrium", "--n-free", "0"), "--n-free 0"),
        (("--mode", "spiking", "--sizes", "3"), "--sizes 3: needed are two layers"),
        (("--mode", "spiking", "--sizes", "1", "3"), "--sizes 1 3"),
        (("--mode", "spiking", "--train-s", "0.7"), "--train-s 0.7 is not a multiple"),
        (("--mode", "spiking", "--settle-ms", "500"), "--settle-ms 500 is not below"),
        (("--mode", "spiking", "--modulation", "-1"), "--modulation -1.0"),
        (("--mode", "spiking", "--w-min", "3"), "--w-min 3 is larger than --w-max 2"),
        (("--mode", "spiking", "--eta-p", "nan"), "--eta-p nan is not a finite number"),
        (("--mode", "spiking", "--backend", "genn"), "--backend genn"),
        (("--mode", "spiking", "--epochs", "3"), "--epochs"),
        (("compare-learners", "--seeds", "0"), "--seeds 0 must be at least 1"),
        (("compare-learners", "--jobs", "0"), "--jobs 0 must be at least 1"),
    ],
)
def test_nonsense_ends_with_2_and_leaves_nothing(here, words, complaint, capsys):
    assert program(*words) == 2
    said = capsys.readouterr()
    assert complaint in said.err + said.out
    assert os.listdir(here) == []


def test_a_missing_extra_names_the_command_that_installs_it(here, monkeypatch, capsys):
    monkeypatch.setattr("models.predictive.params.find_spec", lambda name: None)
    assert program("--mode", "rate") == 2
    said = capsys.readouterr().err
    assert "--data digits: needs scikit-learn: pip install -r requirements-learning.txt" in said
    assert ROOM.read(["--mode", "spiking"]), "which needs no images"
    assert os.listdir(here) == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rate_that_is_too_large_ends_with_a_status_of_its_own(here, monkeypatch, capsys):
    render_nothing(monkeypatch)
    words = (*words_of("rate", "a"), "--lr", "1000")
    assert program(*words) == 3
    assert "no valid results, lower --lr" in capsys.readouterr().err
