"""The driver with another model than those in ``models/``: a run needs nothing that is theirs."""

import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from driver.room import FROM_TABLE, Room
from tests.program import rewrite
from tests.toy import door, room

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def value(folder: str, seed: int = 1) -> float:
    with np.load(f"{folder}/artifacts/latest_seed_{seed}.npz") as arrays:
        return float(arrays["value"])


def read(path: str) -> dict:
    return json.loads(Path(path).read_text())


def toy(*words: str) -> int:
    return door.main([str(word) for word in words])


def test_a_run_leaves_its_files_and_its_words_read_them(capsys):
    assert toy("--run-name", "a", "--mode", "long") == 0
    assert value("Runs/a") == 7.0
    assert read("Runs/a/params.json")["params"] == {"seed": 1, "moves": 6, "gain": 1.0}
    assert read("Runs/a/artifacts/seed_1_status.json")["n_moves"] == 6
    assert read("Runs/a/run_summary.json")["trained"]["value"] == 7.0
    assert Path("Logs/a.log").read_text().endswith("report.html\n")
    for words in (["status"], ["report", "Runs/a"], ["figures", "Runs/a"]):
        assert toy(*words) == 0
    said = capsys.readouterr().out
    assert "Runs/a: long, complete" in said and "value 7" in said
    assert "1 figures in" in said


@pytest.mark.parametrize("screen", [False, True])
def test_status_is_said_again_until_ctrl_c(capsys, monkeypatch, screen):
    assert toy("--run-name", "a", "--no-figures") == 0
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt
        assert toy("--run-name", "b", "--no-figures") == 0

    monkeypatch.setattr("time.sleep", sleep)
    capsys.readouterr()
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: screen, raising=False)
    assert toy("status", "--watch") == 0
    said = capsys.readouterr().out
    assert waits == [2.0, 2.0]
    assert (said.count("Runs/a: "), said.count("Runs/b: ")) == (2, 1)
    assert said.count("\x1b[H") == (2 if screen else 0)


def test_an_index_has_a_row_a_run_and_follows_while_it_is_watched(capsys, monkeypatch):
    assert toy("--run-name", "a b", "--multi-seed", 2) == 0
    monkeypatch.setenv("TOY_FAILS", "1")
    assert toy("--run-name", "<b>", "--mode", "long", "--no-figures") == 1
    Path("Runs/c").mkdir()
    Path("Runs/c/params.json").write_text("{}")
    made = dataclasses.replace(room.ROOM, curve=lambda seed: ("value", [1, np.nan, seed.number]))
    monkeypatch.setattr(room, "ROOM", made)
    pages = []

    def sleep(seconds):
        pages.append(Path("Runs/index.html").read_text())
        if len(pages) == 2:
            raise KeyboardInterrupt
        Path("Runs/a b").rename("Runs/d")

    monkeypatch.setattr("time.sleep", sleep)
    assert toy("index", "--watch") == 0
    assert capsys.readouterr().out.endswith("Runs/index.html\n")
    first, second = pages
    assert 'content="5"' in first and "3 runs and sweeps, 0 going on" in first
    assert '<a href="a%20b/report.html">a b</a>' in first and "&lt;b&gt;" in first
    assert "not complete, nobody is working on it" in first and "has no field" in first
    assert "<td>value</td>\n<td>4.500</td>" in first  # the mean of both seeds
    assert "value 1 to 1</td>" in first and first.count("<polyline") == 2
    assert 'href="d/report.html">d</a>' in second and "a b" not in second
    assert 'http-equiv="refresh"' not in Path("Runs/index.html").read_text()


def test_a_room_without_metrics_runs_and_says_that_it_is_done(capsys, monkeypatch):
    bare = Room.__dataclass_fields__["metrics"].default
    made = dataclasses.replace(room.ROOM, metrics=bare, **dict.fromkeys(FROM_TABLE))
    monkeypatch.setattr(room, "ROOM", made)
    assert toy("--run-name", "a", "--no-figures") == 0
    assert "Seed 1: done\n" in Path("Logs/a.log").read_text()
    assert toy("status", "Runs/a") == 0
    assert (made.sweep_columns(), made.outcome_words({"seed": 1})) == (
        {"trained": (), "untrained": ()},
        [],
    )


def test_seeds_run_apart_and_one_that_failed_is_gone_on_with(capsys, monkeypatch):
    name = ("--run-name", "a", "--multi-seed", "3", "--jobs", "2")
    monkeypatch.setenv("TOY_FAILS", "2")
    assert toy(*name) == 1
    assert read("Runs/a/run_summary.json")["failed_seeds"] == [2]
    assert toy("status", "Runs/a") == 0
    said = capsys.readouterr()
    assert "failed      2 of 3 moves" in said.out
    assert "go on with: python tests/toy/door.py" in said.err
    monkeypatch.delenv("TOY_FAILS")
    assert toy(*name, "--go-on") == 0
    found = read("Runs/a/run_summary.json")["aggregate"]["trained"]["value"]
    assert found == {"mean": 5.0, "sd": 1.0, "n": 3, "n_excluded": 0}
    assert Path("Runs/a/figures/seeds_summary_n3.png").stat().st_size > 10_000
    assert [value("Runs/a", seed) for seed in (1, 2, 3)] == [4.0, 5.0, 6.0]
    assert "2 of 3 seeds are finished already" in capsys.readouterr().err
    assert "going on after 2 moves" in Path("Logs/a_seed_2.log").read_text()
    assert toy(*name, "--go-on") == 0  # nothing to do


def test_a_run_trains_on_from_another_and_not_from_one_of_another_recipe(capsys):
    assert toy("--run-name", "a", "--no-figures") == 0
    assert toy("--run-name", "b", "--moves", "5", "--resume-from", "Runs/a") == 0
    assert value("Runs/b") == 6.0
    assert toy("--run-name", "c", "--gain", "2", "--resume-from", "Runs/a") == 2
    assert "gain 1.0 there, 2.0 here" in capsys.readouterr().err
    assert not Path("Runs/c").exists()


def test_a_sweep_of_it_has_its_columns_and_is_not_done_twice(capsys):
    command = ("sweep", "s", "--grid", "gain=1,2", "--multi-seed", "2", "--backend", "numpy")
    assert toy(*command) == 0
    with open("Runs/s/sweep.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["gain"], r["seed"], r["trained.value"]) for r in rows] == [
        *[("1", "1", "4.0"), ("1", "2", "5.0")],
        *[("2", "1", "7.0"), ("2", "2", "8.0")],
    ]
    assert {r["trained.moves"] for r in rows} == {"3"} and {r["state"] for r in rows} == {"done"}
    page = Path("Runs/s/report.html").read_text()
    assert "a sweep of the toy" in page and "4.500" in page
    assert Path("Runs/s/sweep.png").stat().st_size > 10_000
    capsys.readouterr()
    assert toy(*command, "--dry-run") == 0
    assert "4 runs, 4 done" in capsys.readouterr().out


def test_a_folder_of_another_model_is_named(capsys):
    assert toy("--run-name", "a") == 0
    rewrite(Path("Runs/a/params.json"), lambda content: content.update(mode="ll_fast"))
    assert toy("report", "Runs/a") == 2
    assert "has no mode ll_fast" in capsys.readouterr().err


def test_two_runs_are_compared_seed_by_seed(capsys):
    for name, gain in (("a", 1), ("b", 2)):
        assert toy("--run-name", name, "--gain", gain, "--multi-seed", 3, "--jobs", 2) == 0
    assert toy("compare", "Runs/a") == 2
    assert "compare needs two runs" in capsys.readouterr().err
    assert toy("compare", "Runs/a", "Runs/b") == 0
    said = capsys.readouterr().out
    assert "--gain  1  2" in said and "+3.000 [+3.000, +3.000]" in said
    assert "b is higher than a by +3.000" in said and "lower in 0" in said
    page = Path("Runs/compare_a_b.html").read_text()
    assert "b is higher than a" in page and "no figure of one seed in common" in page
    assert toy("compare", "Runs/a", "Runs/a", "--output", "same.html") == 0
    assert "None: these are repetitions of one run." in Path("same.html").read_text()


def test_several_seeds_end_with_a_table_of_them(capsys):
    assert toy("--run-name", "a", "--multi-seed", 3, "--no-figures") == 0
    lines = capsys.readouterr().err.splitlines()
    head = next(k for k, line in enumerate(lines) if line == "value, by seed") + 1
    assert [line.split()[0] for line in lines[head + 1 : head + 6]] == ["1", "2", "3", "mean", "95"]


def test_the_driver_imports_no_model():
    code = (
        "import importlib, pkgutil, sys, driver\n"
        "for m in pkgutil.iter_modules(driver.__path__):\n"
        "    importlib.import_module('driver.' + m.name)\n"
        "rooms = {'models', 'stimulus', 'stimuli'}\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in rooms]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
