"""How far a run has come, in lines for a terminal, from its folder alone."""

from __future__ import annotations

from pathlib import Path

from driver.formatting import clock
from driver.room import Room
from driver.run.content import Sweep, read_json
from driver.run.folder import SUMMARY, RunFolder
from driver.run.request import way_on
from driver.run.saved import Run, Seed
from driver.run.status import ENDED, age_s, state


def run_lines(room: Room, run: Run) -> list[str]:
    """A head line, a line for each seed, and how to go on if it is not going on by itself."""
    missing = [s for s in run.seeds if s not in run.finished]
    seeds = [seed_line(room, seed, state(seed)) for seed in map(run.seed, run.seeds)]
    old = "; not verified: written before files had checksums" if run.unverified else ""
    lines = [f"{run.folder}: {run.mode}, {state_words(run)}{old}"]
    lines += [*(f"  edited: {words}" for words in run.edited), *seeds]
    if not run.in_use and not run.published and (missing or run.summary is None):
        lines.append(f"  go on with: {way_on(run)}")
    return lines


def state_words(run: Run) -> str:
    """Whether it is running or complete."""
    if run.in_use:
        return "running"
    if run.summary is None and run.published:
        return "made by the published program, which wrote no summary"
    if run.summary is None:
        return "not complete, nobody is working on it"
    missing = [str(s) for s in run.seeds if s not in run.finished]
    return f"complete, but for seed {', '.join(missing)}" if missing else "complete"


def sweep_lines(room: Room, content_file: Path) -> list[str]:
    """How many runs of a sweep are done, and a line for each that is at work or failed."""
    found = read_json(content_file, Sweep, room.trust_edited)
    folder, rows = content_file.parent, found["runs"]
    n_done = sum((folder / row["run"] / SUMMARY).exists() for row in rows)
    lines = [f"{folder}: sweep, {n_done} of {len(rows)} runs done"]
    lines += [f"  edited: {found.edited}"] if found.edited else []
    for row in rows:
        place = folder / row["run"]
        if RunFolder(place).in_use:
            lines += run_lines(room, room.open(place))
        elif row["state"] == "failed":
            lines.append(f"  {row['run']} failed: {row['complaint']}")
    return lines


def seed_line(room: Room, seed: Seed, word: str) -> str:
    status, words = seed.status, []
    if status is not None and word != "done":
        words += [
            *progress_words(status, room.format.unit),
            *room.metric_words(status["metrics"] or {}),
        ]
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
