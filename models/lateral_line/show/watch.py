"""How far a run has come, in lines for a terminal, from its folder alone."""

from __future__ import annotations

import datetime
import shlex
from pathlib import Path

from driver.progress import clock
from driver.status import now
from models.lateral_line import checkpoint
from models.lateral_line.saved import Run, Seed, field
from models.lateral_line.summary import number

ENDED = ("done", "interrupted", "failed")


def state(seed: Seed) -> str:
    """One word: ``waiting``, a phase of its status file, or ``killed``."""
    status = seed.status
    if status is None:
        return "done" if seed.number in seed.run.finished else "waiting"
    ended = status["phase"] in ENDED
    return status["phase"] if ended or seed.run.in_use else "killed"


def run_lines(run: Run) -> list[str]:
    """A head line, a line for each seed, and how to go on if it is not going on by itself."""
    states = [state(run.seed(s)) for s in run.seeds]
    if run.in_use:
        how = "running"
    else:
        how = "complete" if run.summary is not None else "not complete, nobody is working on it"
    lines = [f"{run.folder}: {run.mode}, {how}"]
    lines += [seed_line(run.seed(s), word) for s, word in zip(run.seeds, states, strict=True)]
    if run.summary is None and not run.in_use:
        lines.append(f"  go on with: {way_on(run)}")
    return lines


def seed_line(seed: Seed, word: str) -> str:
    words = [f"  seed {seed.number}  {word:11}"]
    status = seed.status
    if status is not None and word != "done":
        words += [*progress_words(status), *metric_words(status)]
        if word == "killed":
            words.append(f"last heard of {ago(status['updated_utc'])} ago, while {status['phase']}")
    if seed.number in seed.run.finished:
        r = seed.results
        words.append(
            f"sigma_theta {number(r['sigma_theta_rad'])} rad (untrained "
            f"{number(r['untrained']['sigma_theta_rad'])}), valid {number(r['valid_fraction'])}"
        )
    if status is not None:
        memory = f"{status['memory_mb']:.0f} MB, " if word not in (*ENDED, "killed") else ""
        words.append(
            f"{clock(status['seconds'])}, {memory}at most {status['peak_memory_mb']:.0f} MB"
        )
    return words[0] + ", ".join(words[1:])


def progress_words(status: dict) -> list[str]:
    words = [f"{status['trial']} of {status['n_trials']} trials"]
    if status["seconds_left"] is not None and status["phase"] == "training":
        words.append(f"{clock(status['seconds_left'])} left")
    return [*words, status["note"]] if status["note"] else words


def metric_words(status: dict) -> list[str]:
    metrics = status["metrics"]
    if metrics is None:
        return []
    sigma, valid = (number(metrics[k], 2) for k in ("sigma_theta_rad", "valid_fraction"))
    return [
        f"mean weight {number(metrics['w_mean'], 4)}",
        f"in training sigma_theta {sigma} rad, valid {valid}",
    ]


def ago(utc: str) -> str:
    """Time since a moment in UTC."""
    then, this = (datetime.datetime.fromisoformat(t) for t in (utc, now()))
    return clock(max(0.0, (this - then).total_seconds()))


def way_on(run: Run) -> str:
    """The command that goes on with a run: from its checkpoints, or anew where there are none."""
    environment = field(run.file, "environment", run.folder)
    typed, begun = environment["arguments"], False
    if not run.file["weights_from"]:
        begun = any(checkpoint.exists(checkpoint.find(run.folder, s)) for s in run.seeds)
    return continuation(run.folder, typed, begun)


def continuation(folder: Path, typed: list[str], begun: bool) -> str:
    """The command line `typed`, so that it goes on in `folder`; with `begun` from a checkpoint."""
    words = [word for word in typed if word != "--overwrite"]
    words += ["--run-name", folder.name]
    words += ["--resume-from", str(folder)] if begun else ["--overwrite"]
    return shlex.join(["python", "ll_stdp_brian2.py", *words])
