"""Studies of dots: definitions that can be run, a table that says what was reached."""

import pytest

from driver.command.resolve import resolve
from models.cube.room import ROOM
from studies.dots import study, write
from tests.cube import door


@pytest.mark.parametrize("name", study.names())
def test_every_case_can_be_run(name, tmp_path):
    chosen = study.load(name)
    runs = [chosen.command(case) for case in chosen.cases]
    for argv in runs:
        resolve(ROOM, [*argv, "--output-root", str(tmp_path)])
    assert len({argv[-1] for argv in runs}) == len(runs)


def small_study(**changes):
    metric = study.Metric(**{"text": "rate", "path": "rate", "at_least": 0.0} | changes)
    flags = [*door.BACKEND, *door.KINDS["waves"]]
    return study.Study("small", "Why?", flags, {"one case": [], "never run": []}, [metric], seeds=2)


def test_a_table_shows_both_networks_and_what_was_reached(tmp_path):
    chosen = small_study()
    argv = chosen.command("one case")
    assert door.call(*argv, "--output-root", tmp_path, "--no-figures")[0] == 0
    assert write.row(chosen, "never run", tmp_path) is None
    row = write.row(chosen, "one case", tmp_path)
    rates = row["values"]["rate"]
    for label in ("trained", "untrained"):
        expected = [door.results(tmp_path / argv[-1], s)[label]["rate"] for s in (0, 1)]
        assert rates[label] == expected
    text = write.write(chosen, [row], tmp_path / "results").read_text(encoding="utf-8")
    assert "2 of 2" in text and "rate (≥ 0)" in text and argv[-1] in text
    never = small_study(at_least=1.1)
    assert "0 of 2" in write.text(never, [row])


def test_undefined_reaches_nothing():
    metric = study.Metric("x", "a.b", at_least=0.5)
    assert metric.reached(None) is False
    assert metric.reached(0.5) is True
    assert study.Metric("x", "a").reached(None) is None
    assert write.value_at({"a": {"b": 3}}, "a.b") == 3
    assert write.value_at({"a": None}, "a.b") is None
    assert write.spread([None, 1.0, 3.0]) == "2 (1 to 3), 1 undefined"
