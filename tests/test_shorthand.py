"""Runs in few words: repeated, gone on with, from a file of flags; found by any of their names."""

import json
from pathlib import Path

import pytest

from driver.command.find import folder_of
from tests.test_life import here, toy, value  # noqa: F401  (a fixture)
from tests.toy.room import ROOM


def refused(capsys, *words: str) -> str:
    capsys.readouterr()
    assert toy(*words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_run_is_repeated_to_the_bit_or_with_other_flags(capsys):
    assert toy("--run-name", "a", "--mode", "long", "--gain", 3, "--no-figures") == 0
    assert toy("run", "--from", "a", "--run-name", "b") == 0
    assert "what differs: nothing, to the bit" in capsys.readouterr().err
    assert value("Runs/b") == value("Runs/a") == 19.0
    assert toy("run", "--from", "Runs/a", "--run-name", "c", "--gain", 2) == 0
    assert "what differs: gain 3.0 there, 2.0 here" in capsys.readouterr().err
    assert value("Runs/c") == 13.0
    typed = json.loads(Path("Runs/c/params.json").read_text())["environment"]["arguments"]
    assert typed[:3] == ["--mode", "long", "--gain"] and "--from" not in typed


def test_a_run_that_failed_goes_on_by_its_name_alone(capsys, monkeypatch):
    monkeypatch.setenv("TOY_FAILS", "1")
    assert toy("--run-name", "a", "--mode", "long") == 1
    monkeypatch.delenv("TOY_FAILS")
    assert toy("resume", "a") == 0
    assert "going on after 2 moves" in capsys.readouterr().err and value("Runs/a") == 7.0
    assert toy("resume", "a") == 0
    assert "is complete" in capsys.readouterr().err
    assert "resume RUN" in refused(capsys, "resume")


@pytest.mark.parametrize(
    "name, text",
    [
        ("f.toml", 'mode = "long"\ngain = 3\nmulti-seed = 1\nfigures = false'),
        ("f.yaml", "mode: long\ngain: 3\nfigures: no"),
        ("f.json", '{"mode": "long", "gain": 3, "figures": false}'),
    ],
)
def test_flags_from_a_file_and_typed_ones_over_them(name, text):
    Path(name).write_text(text)
    assert toy("--config", name, "--run-name", "a") == 0
    assert toy("--config", name, "--run-name", "b", "--gain", 2) == 0
    assert (value("Runs/a"), value("Runs/b")) == (19.0, 13.0)
    assert not list(Path("Runs/a/figures").iterdir())


@pytest.mark.parametrize(
    "text, said",
    [
        ("gian = 3", "gian: there is no flag --gian"),
        ("gain = [[1]]", "must be a number, a word"),
        ("[a]\nb = 1", "must be a number, a word"),
        ("gain = []", "must be a number, a word"),
        ("gain = ", "--config f.toml: "),
        ("figures = 7", "a switch is True or False"),
    ],
)
def test_a_file_that_is_no_list_of_flags_is_refused(capsys, text, said):
    Path("f.toml").write_text(text)
    assert said in refused(capsys, "--config", "f.toml", "--run-name", "a")
    assert not Path("Runs").exists()


def test_a_run_is_found_by_its_name_its_folder_and_its_files(capsys):
    assert toy("--run-name", "three") == 0
    figure, *_ = Path("Runs/three/figures").glob("*.png")
    weights = Path("Runs/three/artifacts/latest_seed_1.npz")
    for name in ("three", "Runs/three", "Runs/three/", weights, figure, figure.absolute()):
        assert folder_of(name).resolve() == Path("Runs/three").resolve()
        assert toy("status", name) == 0


def test_help_has_words_and_examples(capsys):
    assert toy("--version") == 0
    with pytest.raises(SystemExit):
        toy("--help")
    said = capsys.readouterr().out
    assert ROOM.format.prog in said and "Words" in said and "resume five" in said
