"""The door: runs, refusals, resuming, and a seed that means the same everywhere."""

import json
import re

import numpy as np
import pytest

import sequence_brian2
from driver.flags.rules import broken
from driver.run.saved import Run
from models.sequence.metric_table import MEMORY
from models.sequence.params import FORMAT, PRESETS, Params
from tests.pages import PAGES
from tests.program import BACKEND, render_nothing

TINY = ("--mode", "tiny", "--backend", BACKEND, "--train-s", "1.5", "--test-presentations", "2")


def program(*words) -> int:
    try:
        return sequence_brian2.main([str(word) for word in words])
    except SystemExit as end:  # of the library that reads flags
        return end.code


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    render_nothing(monkeypatch)
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of two seeds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("sequence"))
        render_nothing(patch)
        assert program(*TINY, "--run-name", "a", "--multi-seed", "2", "--test-warp", "1.5") == 0
        return Run(tmp_path_factory.getbasetemp() / "sequence0" / "Runs" / "a", FORMAT)


def arrays(path) -> dict:
    with np.load(path) as file:
        return dict(file)


def require_same(run, other, seed: int) -> None:
    for name in (f"latest_seed_{seed}", f"seed_{seed}_trained", f"seed_{seed}_untrained"):
        ours, theirs = (arrays(r / "artifacts" / f"{name}.npz") for r in (run, other))
        assert ours.keys() == theirs.keys()
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key], err_msg=f"{name} {key}")


def test_a_run_leaves_numbers_of_both_networks(made):
    seed = made.seed(1)
    for label in ("trained", "untrained"):
        numbers = seed.numbers(label)
        assert numbers["verdict"] in ("remembers", "recognises without memory", "no assembly")
        assert {"slope", "error_ms"} == numbers["replay"].keys()
        assert {"slope", "order"} == numbers["warp"].keys()
        assert 0 < numbers["assembly"]["entropy_rest_bit"] < 2
        recording = seed.recording(label)
        assert recording["whole_index"].size > 100
        assert recording["whole_index"].max() < seed.results["n_cells"]
    trained, twin = (seed.recording(label) for label in ("trained", "untrained"))
    assert len(trained["course"]) == 1 and len(twin["course"]) == 0
    w = seed.weights
    assert w["cell_cell_w"].size == w["cell_cell_i"].size == seed.results["n_recurrent"]
    assert (w["cell_cell_w"] != w["cell_cell_w_init"]).any()
    np.testing.assert_array_equal(twin["cell_cell.w"], trained["initial.cell_cell.w"])
    assert np.isnan(seed.numbers("trained")["after_offset"] or np.nan), "one pattern"


def test_a_seed_is_the_same_alone_and_resumed(here, made, monkeypatch):
    """Interrupted in the middle of a presentation of the training, and in the tests of the twin."""
    from driver.experiment import learning
    from driver.run.isolation import INTERRUPTED
    from models.sequence.records import Records
    from models.sequence.simulation import Simulation

    words = (*TINY, "--test-warp", "1.5", "--seed-start", "2", "--run-name", "b")
    monkeypatch.setattr("models.sequence.values.BLOCK_STEPS", 350)
    monkeypatch.setattr(learning, "CHECKPOINT_S", 0.0)
    calls, fed = [], []

    def feeding(self, block, first, stop):
        fed.append(first)
        if len(fed) == 3:
            raise KeyboardInterrupt
        return feed(self, block, first, stop)

    feed = Records.feed
    monkeypatch.setattr(Records, "feed", feeding)
    assert program(*words) == INTERRUPTED
    monkeypatch.setattr(Records, "feed", feed)

    def stopping(self, state, shown):
        calls.append(shown.name)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return whole_test(self, state, shown)

    whole_test = Simulation.test
    monkeypatch.setattr(Simulation, "test", stopping)
    assert program(*words, "--go-on") == INTERRUPTED
    assert fed == [0, 350, 700]
    monkeypatch.setattr(Simulation, "test", whole_test)
    assert program(*words, "--go-on") == 0
    for name in ("latest_seed_2", "seed_2_trained", "seed_2_untrained"):
        ours, theirs = (
            arrays(folder / "artifacts" / f"{name}.npz")
            for folder in (here / "Runs/b", made.folder)
        )
        for key in set(ours) - {"course"}:  # of shorter blocks: more rows
            np.testing.assert_array_equal(ours[key], theirs[key], err_msg=f"{name} {key}")
        if "course" in ours and ours["course"].size:
            assert len(ours["course"]) == 5
            np.testing.assert_array_equal(ours["course"][-1], theirs["course"][-1])
    trained = arrays(here / "Runs/b/artifacts/seed_2_trained.npz")
    assert len(trained["likeness"]) > 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--mode", "sequenze"), "--mode 'sequenze' is not one of sequence"),
        (("--k-min", "5", "--k-max", "3"), "--k-min 5 is larger than --k-max 3"),
        (("--n-links", "2451"), "--n-links 2451: 50 circuits have 2450 pairs"),
        (("--grid-columns", "1", "--grid-rows", "1", "--n-links", "1"), "--n-links 1"),
        (("--tau-rise-ms", "20"), "--tau-rise-ms 20 is not below --tau-decay-ms 20"),
        (("--kernel", "euler1ms", "--tau-rise-ms", "1"), "--kernel euler1ms"),
        (("--r-max-hz", "nan"), "--r-max-hz nan is not a finite number"),
        (("--eta0", "0"), "--eta0 0.0"),
        (("--n-links", "-1"), "--n-links -1: input should be greater than or equal to 0"),
        (("--k-max", "1001"), "--k-max 1001: input should be less than or equal to 1000"),
        (("--stp-u", "2"), "--stp-u 2.0"),
        (("--r-max-hz", "501"), "--r-max-hz 501.0"),
        (("--p-switch", "1.5"), "--p-switch 1.5"),
        (("--test-warp", "0"), "--test-warp 0.0"),
        (("--train-s", "0.0005"), "--train-s 0.0005 is not a multiple of 0.001"),
        (("--t-pattern-ms", "300", "200"), "--t-pattern-ms 300 200: 2 durations"),
        (("--cue-ms", "300"), "--cue-ms 300 is not shorter than --t-pattern-ms 300"),
        (("--p-sequence", "0.5", "0.5"), "--p-sequence 0.5 0.5: needed 1 weights"),
        (("--pattern-sequences", "0,3"), "--pattern-sequences '0,3'"),
        (("--backend", "genn"), "--backend genn"),
        (("--links", "pairwise", "--n-links", "5"), "--n-links 5: no effect with --links pairwise"),
        (("--k-max", "1000", "--grid-rows", "100"), "places, at most 65535"),
        (("--link-lambda", "5000"), "--link-lambda 5000.0"),
    ],
)
def test_what_cannot_be_run_is_named_before_anything_is_written(here, capsys, words, complaint):
    assert program(*words) == 2
    said = capsys.readouterr().err
    assert complaint in re.sub(r"\s+", " ", said)
    assert not (here / "Runs").exists()


def test_every_preset_can_be_run():
    for name, changes in PRESETS.items():
        assert not broken(Params(**changes).relations()), name


def test_results_say_which_parameters_they_are_of(made):
    for seed in (1, 2):
        content = json.loads((made.artifacts / f"seed_{seed}_results.json").read_text())
        assert content["seed"] == seed and content["schema_version"] == 1
        assert len(content["params_sha256"]) == 64


def test_the_page_has_every_number_of_the_verdict():
    for metric in MEMORY:
        if metric.console:
            assert f"`{metric.name}`" in PAGES["docs/sequence.md"]
