"""How far a run has come, in lines for a terminal, from its folder alone."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Sequence
from pathlib import Path

import psutil

from driver.flags import from_dataclass as cli
from driver.room import Room
from driver.run.folder import SUMMARY, RunFolder
from driver.run.progress import clock
from driver.run.saved import Run, Seed, read_json
from driver.run.status import now

STALE_S = 60.0  # a process on another machine is believed as long as its news is younger
ENDED = ("done", "interrupted", "failed")


def state(seed: Seed) -> str:
    """One word: ``waiting``, a phase of its status file, or ``killed``."""
    status = seed.status
    if status is None:
        return "done" if seed.number in seed.run.finished else "waiting"
    alive = seed.run.in_use and (psutil.pid_exists(status["pid"]) or age_s(status) < STALE_S)
    return status["phase"] if status["phase"] in ENDED or alive else "killed"


def run_lines(run: Run) -> list[str]:
    """A head line, a line for each seed, and how to go on if it is not going on by itself."""
    missing = [str(s) for s in run.seeds if s not in run.finished]
    if run.in_use:
        how = "running"
    elif run.summary is None:
        how = "not complete, nobody is working on it"
    else:
        how = f"complete, but for seed {', '.join(missing)}" if missing else "complete"
    lines = [f"{run.folder}: {run.mode}, {how}"]
    lines += [seed_line(seed, state(seed)) for seed in map(run.seed, run.seeds)]
    if not run.in_use and (missing or run.summary is None):
        lines.append(f"  go on with: {way_on(run)}")
    return lines


def sweep_lines(room: Room, content_file: Path) -> list[str]:
    """How many runs of a sweep are done, and a line for each that is at work or failed."""
    rows = read_json(content_file)["runs"]
    folder = content_file.parent
    n_done = sum((folder / row["run"] / SUMMARY).exists() for row in rows)
    lines = [f"{folder}: sweep, {n_done} of {len(rows)} runs done"]
    for row in rows:
        place = folder / row["run"]
        if RunFolder(place).in_use:
            lines += run_lines(room.open(place))
        elif row["state"] == "failed":
            lines.append(f"  {row['run']} failed: {row['complaint']}")
    return lines


def seed_line(seed: Seed, word: str) -> str:
    room, status = seed.run.room, seed.status
    words = []
    if status is not None and word != "done":
        words += [*progress_words(status, room.unit), *room.metric_words(status["metrics"] or {})]
        if word == "killed":
            words.append(f"last heard of {clock(age_s(status))} ago, while {status['phase']}")
    if seed.number in seed.run.finished:
        words += room.outcome_words(seed.results)
    if status is not None:
        memory = f"{status['memory_mb']:.0f} MB, " if word not in (*ENDED, "killed") else ""
        words.append(
            f"{clock(status['seconds'])}, {memory}at most {status['peak_memory_mb']:.0f} MB"
        )
    return f"  seed {seed.number}  {word:12}" + ", ".join(words)


def progress_words(status: dict, unit: str) -> list[str]:
    words = [f"{status[unit]} of {status[f'n_{unit}s']} {unit}s"]
    if status["seconds_left"] is not None and status["phase"] == "training":
        words.append(f"{clock(status['seconds_left'])} left")
    return [*words, status["note"]] if status["note"] else words


def age_s(status: dict) -> float:
    """Seconds since a status was written."""
    then, this = (datetime.datetime.fromisoformat(t) for t in (status["updated_utc"], now()))
    return max(0.0, (this - then).total_seconds())


def way_on(run: Run) -> str:
    """The command that goes on with a run: from its checkpoints, or anew where there are none."""
    typed = run.file["environment"]["arguments"]
    return continuation(run.folder, typed, run.begun, run.room.prog)


def continuation(folder: Path, typed: Sequence[str], begun: bool, prog: str) -> str:
    """The command line `typed`, so that it goes on in `folder`; with `begun` from a checkpoint."""
    words = cli.without(typed, ("--run-name", "--resume-from", "--output-root"))
    words = [word for word in words if word != "--overwrite"]
    if folder.parent != Path("Runs"):
        words += ["--output-root", str(folder.parent)]
    words += ["--run-name", folder.name]
    words += ["--resume-from", str(folder)] if begun else ["--overwrite"]
    return shlex.join(["python", prog, *words])
