"""Watching a run from another terminal, and the other words after the program's name."""

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from driver.command.watch import run_lines
from driver.run.folder import RunFolder
from driver.run.status import Status, memory
from models.lateral_line.room import ROOM
from models.lateral_line.saved import Run
from tests import program
from tests.program import SEED, call, full, listing, run, shared

LONG = ("--n-training-trials", "100000", "--no-figures")  # minutes: ended by the test


def text(run_folder) -> str:
    return "\n".join(run_lines(ROOM, Run(run_folder)))


@pytest.fixture
def running(tmp_path):
    """A run in another process, after its first checkpoint."""
    process = program.start(tmp_path, *LONG)
    status = tmp_path / "run" / "artifacts" / f"seed_{SEED}_status.json"
    path = tmp_path / "run" / "artifacts" / f"mid_checkpoint_seed_{SEED}.npz"
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and json.loads(status.read_text())["trial"]:
            break
        time.sleep(0.1)
    yield process, tmp_path / "run"
    process.kill()
    process.communicate()
    assert program.gone(process.mark)


def test_a_running_run_says_trial_time_left_metrics_and_memory(running):
    process, folder = running
    said, done = call("status", folder)[1], Run(folder).seed().status
    assert done["pid"] == process.pid
    assert "running" in said and "training" in said
    assert f"of {LONG[1]} trials" in said and "left" in said
    assert "in training sigma_theta" in said and "mean weight" in said
    assert " MB, at most " in said
    assert 0 < done["trial"] < int(LONG[1]) and done["seconds_left"] > 0
    assert program.problems(done, "seed_status.json") == []
    assert Run(folder).seed().series["checkpoint_t_s"].size > 1


def test_nobody_else_can_work_in_the_folder_of_a_running_run(running):
    _, folder = running
    for flags in (("--overwrite",), ("--resume-from", folder)):
        refused = run(folder.parent, *LONG, *flags)
        assert refused.status == 2 and "another process" in refused.said
    assert RunFolder(folder).in_use


def test_a_killed_run_is_called_killed_and_the_way_on_works(running):
    process, folder = running
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    said = text(folder)
    assert "killed" in said and "while training" in said and "nobody is working" in said
    command = said.split("go on with: ")[1].split()
    assert command[:2] == ["python", "ll_stdp_brian2.py"]
    assert command[-2:] == ["--resume-from", str(folder)]
    made = shared()  # the command is one that the program takes, here with fewer trials
    assert made.status == 0
    status, _, told = call(*command[2:], "--n-training-trials", "1")
    assert status == 2 and "more than --n-training-trials 1" in told


def test_an_interrupted_run_says_so(running):
    process, folder = running
    process.send_signal(signal.SIGTERM)  # as a cluster does
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in said and "--resume-from" in said
    assert "interrupted" in text(folder) and "killed" not in text(folder)
    assert not RunFolder(folder).in_use


def test_a_finished_run_shows_its_numbers():
    said = text(full().folder)
    r = full().results()
    assert "complete" in said and "done" in said and "go on with" not in said
    assert f"sigma_theta {r['sigma_theta_rad']:.3f} rad" in said
    assert f"untrained {r['untrained']['sigma_theta_rad']:.3f}" in said


def test_a_run_without_a_checkpoint_is_to_be_started_anew(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(full().folder, folder)
    (folder / "run_summary.json").unlink()
    for path in (folder / "artifacts").iterdir():
        path.unlink()
    said = text(folder)
    assert "waiting" in said and said.rstrip().endswith("--run-name run --overwrite")


def test_without_a_folder_all_runs_are_listed_oldest_first(tmp_path, monkeypatch):
    for age, name in enumerate(("new", "old")):
        folder = tmp_path / "Runs" / name
        shutil.copytree(full().folder, folder)
        os.utime(folder / "params.json", (1e9 - age, 1e9 - age))
    monkeypatch.chdir(tmp_path)
    status, said, _ = call("status")
    assert status == 0
    assert said.index("Runs/old") < said.index("Runs/new")


@pytest.mark.parametrize("word", ["figures", "export"])
def test_an_unfinished_run_has_no_figures_to_draw(tmp_path, word):
    folder = tmp_path / "run"
    shutil.copytree(full().folder, folder)
    (folder / f"artifacts/seed_{SEED}_results.json").unlink()
    flags = ("--to", "csv") if word == "export" else ()
    status, _, err = call(word, folder, *flags)
    assert status == 2 and "no finished seed" in err


def test_every_word_has_a_help_page():
    for word in ("figures", "report", "status", "export", "stimulus"):
        status, out, _ = call(word, "--help")
        assert status == 0 and f"ll_stdp_brian2.py {word}" in out


# --- the file ----------------------------------------------------------------------------


def test_a_status_is_written_at_every_phase_and_seldom_between(tmp_path):
    path = tmp_path / "status.json"
    status = Status(path, seed=7)
    status.update(trial=1)
    assert json.loads(path.read_text())["trial"] == 1
    status.update(trial=2)
    assert json.loads(path.read_text())["trial"] == 1  # too soon
    status.phase("testing")
    content = json.loads(path.read_text())
    assert (content["trial"], content["phase"], content["seed"]) == (2, "testing", 7)
    updated = datetime.datetime.fromisoformat(content["updated_utc"])
    assert updated.tzinfo is not None
    assert content["memory_mb"] <= content["peak_memory_mb"]


def test_a_status_that_cannot_be_written_disturbs_nobody(tmp_path):
    Status(tmp_path / "nowhere" / "status.json").phase("training")
    assert listing(tmp_path) == {}


def test_memory_counts_the_children():
    alone = memory()
    child = subprocess.Popen(
        [sys.executable, "-c", "x = b'x' * 10**8; print(1, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    child.stdout.readline()
    together = memory()
    child.communicate(b"\n")
    assert together - alone > 0.9e8
