"""Studies of dots: definitions that can be run, a table that says what was reached."""

import dataclasses
import json
from pathlib import Path

import pytest

from models.cube.room import ROOM
from studies import __main__ as studies
from studies import stages
from studies.goals import goal_table, spread
from studies.measure import value_at
from studies.study import Conditions, Metric, Scale, Study, load
from tests.cube import door

NAMES = ("focus", "predict", "recall")
STORED = Path(studies.__file__).parent / "dots" / "results"
SMALL = Study(
    name="small",
    title="A small study",
    question="Why?",
    room="cube",
    metric="rate",
    flags=[*door.BACKEND, *door.KINDS["waves"]],
    scales={"paper": Scale(flags=["--multi-seed", "2"])},
    train=Conditions(cases={"one case": {}, "never run, or later": {"sigma_noise": "0.01"}}),
    metrics={"rate": Metric(path="trained.rate", text="rate", at_least=0.0)},
)


def with_metric(**changes) -> Study:
    metric = dataclasses.replace(SMALL.metrics["rate"], **changes)
    return dataclasses.replace(SMALL, metrics={"rate": metric})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One case of the small study, run once; to be read only."""
    root = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies, "load", lambda _: SMALL)
        assert studies.main(words(root, "--only", "one case")) == 1  # the other is to come
    return root


def words(root: Path, *more: str) -> list[str]:
    places = ["--output-root", str(root / "Runs"), "--results-root", str(root / "results")]
    return ["small", *places, *more]


@pytest.mark.parametrize("name", NAMES)
def test_every_case_can_be_run(name, tmp_path):
    chosen = load(name)
    planned = stages.stages(chosen, "paper", tmp_path).training
    assert planned.room is ROOM
    assert len(planned.jobs) == 5 * len(chosen.train.cases)
    assert len({job.name for job in planned.jobs}) == len(planned.jobs)
    assert not list(tmp_path.iterdir())


def test_a_table_shows_both_networks_and_what_was_reached(finished):
    content = json.loads((finished / "results/small/paper/study.json").read_text())
    (row,) = content["rows"]
    assert row["case"] == "one case" and row["seeds"] == [0, 1] and len(row["verdicts"]) == 2
    runs = [finished / "Runs/study_small_paper" / f"case=one-case_seed_{s}" for s in (0, 1)]
    for label in ("trained", "untrained"):
        expected = [door.results(run, s)[label]["rate"] for s, run in enumerate(runs)]
        assert row["values"]["rate"][label] == expected
    text = (finished / "results/small/paper/table.md").read_text(encoding="utf-8")
    assert "2 of 2" in text and "rate (≥ 0)" in text and runs[0].name in text
    never = with_metric(at_least=1.1)
    assert "0 of 2" in "\n".join(goal_table(never, [row]))


def test_a_study_of_the_cube_leaves_what_every_study_leaves(finished):
    folder = finished / "results" / "small" / "paper"
    assert {p.name for p in folder.iterdir()} == {
        *("table.csv", "table.md", "figure.png", "summary.md", "study.json"),
    }
    assert "2 runs are not done" in (folder / "summary.md").read_text(encoding="utf-8")


def test_a_path_that_leads_nowhere_is_refused_with_what_is_there(
    finished, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(studies, "load", lambda _: with_metric(path="trained.weights.forward.mean"))
    places = ["--output-root", str(finished / "Runs"), "--results-root", str(tmp_path)]
    assert studies.main(["small", *places]) == 2
    error = capsys.readouterr().err
    assert "trained.weights.forward.mean" in error and "mean_after" in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_stored_results_are_shown_as_they_were_written(name):
    rows = json.loads((STORED / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    text = (STORED / f"{name}.md").read_text(encoding="utf-8")
    assert "\n".join(goal_table(load(name), rows)) in text


def test_a_scale_that_a_study_lacks_is_refused(capsys):
    assert studies.main(["predict", "--scale", "quick", "--dry-run"]) == 2
    assert "--scale quick" in capsys.readouterr().err


def test_studies_of_the_dot_are_listed_alone(capsys):
    assert studies.main([], room="cube") == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == list(NAMES)


def test_undefined_reaches_nothing():
    metric = Metric("a.b", "x", at_least=0.5)
    assert metric.reached(None) is False
    assert metric.reached(0.5) is True
    assert Metric("a", "x").reached(None) is None
    assert value_at({"a": {"b": 3}}, "a.b") == 3
    assert value_at({"a": None}, "a.b") is None
    assert spread([None, 1.0, 3.0]) == "2 (1 to 3), 1 undefined"
