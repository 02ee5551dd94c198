"""Run folders that come from elsewhere: edited, damaged, hostile; and nothing lost by a run."""

import errno
import json
import os
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from driver.experiment.going_on import Start, check_checkpoint, identity
from driver.files import replace_file
from driver.flags.from_dataclass import UsageError
from driver.report import figures as report_figures
from driver.report.run_page import trust
from driver.report.sweep_page import write_sweep_report
from driver.run import checkpoint
from driver.run.content import Edited, NotARun, sealed
from driver.run.folder import new_folder
from driver.run.saved import Run, read_npz
from driver.sweep import command as sweep_command
from tests.program import listing, rewrite
from tests.toy import door, room

RESULTS = "artifacts/seed_1_results.json"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert toy("--run-name", "a", "--no-figures") == 0


def toy(*words) -> int:
    try:
        return door.main([str(word) for word in words])
    except SystemExit as end:  # of the library that reads flags
        return end.code


def opened(name: str = "a", **options) -> Run:
    return Run(Path("Runs", name), room.FORMAT, **options)


def edit(name: str, change) -> None:
    """By hand: the checksum stays what it was."""
    path = Path("Runs/a", name)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


# --- edited ------------------------------------------------------------------------------


def test_an_edited_parameter_is_named_and_read_only_if_trusted(capsys):
    rewrite(Path("Runs/a/artifacts/latest_seed_1_params.json"), lambda c: c.update(params=dict(c)))
    edit("params.json", lambda c: c["params"].update(gain=2.0))
    for words in (["status", "Runs/a"], ["report", "Runs/a"], ["figures", "Runs/a"]):
        assert toy(*words) == 2
        said = capsys.readouterr().err
        assert "Runs/a/params.json was edited" in said and "--trust-edited" in said
        assert "params.gain 2.0 (1.0 in latest_seed_1_params.json)" in said
    assert toy("status") == 0
    assert "Runs/a: edited" in capsys.readouterr().out
    assert toy("status", "Runs/a", "--trust-edited") == 0
    assert "edited: Runs/a/params.json" in capsys.readouterr().out
    assert toy("report", "Runs/a", "--trust-edited") == 0
    assert "params.json was edited" in capsys.readouterr().err
    run = opened(trust_edited=True)
    assert run.seed().results["seed"] == 1
    texts = [block.text for block in trust(run)]
    assert any("params.json was edited" in text for text in texts)
    assert any("results of other parameters" in text for text in texts)


def test_an_edited_result_is_named():
    edit(RESULTS, lambda c: c["trained"].update(value=9.0))
    with pytest.raises(Edited, match="trained.value 9.0 .4.0 in run_summary.json"):
        _ = opened().seed().results


def test_arrays_are_those_that_were_written():
    weights = Path("Runs/a/artifacts/latest_seed_1.npz")
    sidecar = weights.with_name("latest_seed_1_params.json")
    sums = {weights.name: checkpoint.digest(read_npz(weights))}
    rewrite(sidecar, lambda content: content.update(arrays_sha256=sums))
    assert opened().seed().weights["value"] == 4.0
    np.savez(weights, value=5.0)
    with pytest.raises(Edited, match="latest_seed_1.npz was edited"):
        _ = opened().seed().weights
    run = opened(trust_edited=True)
    assert run.seed().weights["value"] == 5.0 and "latest_seed_1.npz" in run.edited[0]


def test_parameters_of_an_older_program_are_held_against_the_results():
    for name in ("params.json", RESULTS, "run_summary.json"):
        edit(name, lambda content: content.pop("sha256"))
    run = opened()
    assert run.unverified and "Not verified" in trust(run)[0].text
    edit("params.json", lambda content: content["params"].update(gain=2.0))
    with pytest.raises(Edited, match="results of other parameters"):
        opened()


def test_no_flipped_bit_goes_unseen():
    draw = random.Random(1)

    def content():
        run = opened()
        return run.file, run.summary, run.seed().results

    whole = content()
    for name in ("params.json", RESULTS, "run_summary.json"):
        path = Path("Runs/a", name)
        raw = path.read_bytes()
        for _ in range(150):
            place, bit = draw.randrange(len(raw)), 1 << draw.randrange(8)
            path.write_bytes(raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :])
            try:
                assert content() == whole
            except NotARun:
                pass
        path.write_bytes(raw)


# --- hostile -----------------------------------------------------------------------------

HOSTILE = {
    "null": lambda c: c.update(seed_start=None),
    "many": lambda c: c.update(multi_seed=300_000_000),
    "many, as a float": lambda c: c.update(multi_seed=3e8),
    "a path": lambda c: c.update(run_folder="../../secret"),
    "no time": lambda c: c["environment"].update(start_time_utc=""),
    "parameters null": lambda c: c.update(params=None),
    "a parameter out of bounds": lambda c: c["params"].update(moves="x"),
}


def test_no_folder_ends_the_list_of_all(capsys):
    for name, change in HOSTILE.items():
        Path("Runs", name).mkdir()
        Path("Runs", name, "params.json").write_text(Path("Runs/a/params.json").read_text())
        rewrite(Path("Runs", name, "params.json"), change)
    deep, pipe = Path("Runs/deep"), Path("Runs/pipe")
    for folder in (deep, pipe):
        folder.mkdir()
    (deep / "params.json").write_text("[" * 50_000 + "]" * 50_000)
    os.mkfifo(pipe / "params.json")
    assert toy("status") == 0
    said = capsys.readouterr().out
    assert said.count("not a run of this program") == len(HOSTILE) + 2
    assert "Runs/a: short, complete" in said and len(said.splitlines()) == len(HOSTILE) + 4


def test_escapes_of_a_terminal_are_shown_and_not_sent(capsys):
    rewrite(Path("Runs/a/params.json"), lambda c: c["environment"]["arguments"].append("\x1b[2J"))
    Path("Runs/a/run_summary.json").unlink()
    assert toy("status", "Runs/a") == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and "\\x1b[2J" in said


ROW = {
    "condition": {"gain": "1", "seed": 1},
    "state": "done",
    "complaint": None,
    "run": "gain=1_seed_1",
    "command": "python door.py",
    "trained": {"value": 1.0},
    "untrained": {"value": 0.0},
}


@pytest.mark.parametrize(
    "change",
    [
        {"condition": None},
        {"state": "well"},
        {"run": "../../elsewhere"},
        {"trained": [1, 2]},
        {"trained": {"value": "much"}},
        {"untrained": None},
        {"command": ["rm"]},
    ],
    ids=str,
)
def test_a_hostile_table_of_a_sweep_is_refused_in_a_line(capsys, change):
    Path("Runs/s").mkdir()
    Path("Runs/s/sweep.json").write_text(json.dumps(sealed({"runs": [ROW | change]})))
    for word in ("status", "report"):
        assert toy(word, "Runs/s") == 2
        said = capsys.readouterr().err
        assert "Runs/s/sweep.json: runs.0" in said and said.count("\n") == 1


def test_the_page_of_an_edited_table_says_so():
    path = Path("sweep.json")
    path.write_text(json.dumps(sealed({"runs": [ROW]}) | {"axes": ["gain"]}))
    with pytest.raises(Edited):
        write_sweep_report(room.METRICS, path)
    page = write_sweep_report(room.METRICS, path, trust_edited=True)
    assert "sweep.json was edited" in page.read_text()


# --- where a run writes --------------------------------------------------------------------


def test_only_a_run_is_overwritten_and_only_what_it_wrote(capsys):
    foreign = Path("Runs/b")
    foreign.mkdir()
    (foreign / "params.json").write_text("{}")
    Path("Runs/link").symlink_to("a")
    before = listing(Path("Runs"))
    for name, words in (("b", "not the folder of a run"), ("link", "is a link to a")):
        assert toy("--run-name", name, "--overwrite") == 2
        assert words in capsys.readouterr().err
    assert listing(Path("Runs")) == before
    Path("Runs/a/thesis.tex").write_text("mine")
    assert toy("--run-name", "a", "--overwrite", "--mode", "long", "--no-figures") == 0
    assert Path("Runs/a/thesis.tex").read_text() == "mine"
    assert "left in Runs/a, as no run writes them: thesis.tex" in capsys.readouterr().err
    assert opened().mode == "long"


@pytest.mark.parametrize("name", ["figures", "artifacts"])
def test_nothing_is_read_or_written_through_a_link(capsys, name):
    Path("elsewhere").mkdir()
    Path("Runs/a", name).rename("kept")
    Path("Runs/a", name).symlink_to(Path("elsewhere").absolute())
    for words in (["figures", "Runs/a"], ["--run-name", "a", "--overwrite"]):
        assert toy(*words) == 2
        assert f"Runs/a/{name} is a link" in capsys.readouterr().err
    assert listing(Path("elsewhere")) == {}


def test_no_log_is_written_and_no_picture_read_through_a_link(capsys):
    Path("precious.txt").write_text("mine")
    Path("Logs/q.log").symlink_to(Path("precious.txt").absolute())
    assert toy("--run-name", "q") == 2
    assert "Logs/q.log" in capsys.readouterr().err and not Path("Runs/q").exists()
    assert Path("precious.txt").read_text() == "mine"
    for name in ("own", "linked"):
        Path(f"Runs/a/figures/{name}.png").write_text("x")
    Path("Runs/a/figures/linked.png").unlink()
    Path("Runs/a/figures/linked.png").symlink_to(Path("precious.txt").absolute())
    found = report_figures.every_figure(opened(), report_figures.NAME, {})
    assert [figure.name for figure in found] == ["own"]


def test_runs_of_one_second_have_a_folder_each():
    names = [new_folder(Path("Runs/now")).name for _ in range(3)]
    assert names == ["now", "now_2", "now_3"]


def test_an_unfinished_run_is_to_be_gone_on_with_first(capsys, monkeypatch):
    monkeypatch.setenv("TOY_FAILS", "1")
    assert toy("--run-name", "b", "--mode", "long", "--no-figures") == 1
    capsys.readouterr()
    assert toy("--run-name", "b", "--mode", "long") == 2
    said = capsys.readouterr().err
    assert "unfinished" in said and "move 2 of 6 of seed 1" in said
    assert said.index("--go-on") < said.index("another --run-name") < said.index("--overwrite")
    assert toy("--run-name", "a") == 2
    said = capsys.readouterr().err
    assert "complete" in said and "--go-on" not in said and "1 of 1 seeds finished" in said


def test_a_full_disk_is_named_with_what_is_free_and_needed(tmp_path):
    def fails(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(
        OSError, match=r"No space left on the disk of /.* \(.* MB free, about 3.0 MB needed\)"
    ):
        replace_file(tmp_path / "x", fails, 3_000_000)


def test_a_scheduler_that_does_not_answer_leaves_no_folder(monkeypatch):
    def dead(address, tls):
        raise UsageError(f"--scheduler {address}: nobody there")

    monkeypatch.setattr(sweep_command, "Dask", dead)
    assert toy("sweep", "s", "--grid", "gain=1,2", "--scheduler", "tcp://x") == 2
    assert not Path("Runs/s").exists()


# --- checkpoints of twins ------------------------------------------------------------------

STATE = {"plastic.w": np.array([0.1, 0.2]), "cells.v": np.zeros(3)}
FORGED = [
    ("now/state.plastic.w", [0.1, 5.0], "expected are 2 values of float64, finite, from 0 to 1"),
    ("now/state.cells.v", [0.0, np.nan, 0.0], "has nan in 1 places"),
    ("now/state.cells.v", np.zeros(3, complex), "real numbers"),
    ("now/state.cells.v", ["a", "b", "c"], "real numbers"),
    ("trained/plastic.w", [0.1], "has 1 values of float64; expected are 2 values"),
    ("now/step", 2, "now/step is 2, but its records have come to 3"),
    ("label", "neither", "expected is trained or untrained"),
]


@pytest.mark.parametrize("key, value, words", [("now/step", 3, None), *FORGED])
def test_a_forged_checkpoint_is_refused(tmp_path, key, value, words):
    asked = SimpleNamespace(format=room.FORMAT, parts={"params": room.Params()})
    start = Start(STATE, {"plastic.w_max": 1.0}, lambda records: 3)
    content = {f"now/state.{name}": array for name, array in STATE.items()}
    content |= {"trained/plastic.w": STATE["plastic.w"], "now/step": 3, "label": "trained"}
    content |= identity(asked.format, asked.parts) | {key: value}
    path = tmp_path / "forged.npz"
    checkpoint.save(path, content)
    try:
        check_checkpoint(lambda request: start, lambda request: 10, asked, path)
        assert words is None
    except ValueError as error:
        assert words in str(error) and "--resume-from" in str(error)
