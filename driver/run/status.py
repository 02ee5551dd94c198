"""What a run is doing, for someone who looks at its folder from outside.

A small file, renewed while the run lives. Whoever reads it must not take it for more: a killed
run leaves the last one behind.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import time
from pathlib import Path
from typing import Any

import psutil

from driver.engine.timing.profile import Profile
from driver.run.folder import RunFolder
from driver.run.saved import Seed

SCHEMA_VERSION = 2
EVERY_S = 2.0
MB = 1e6
STALE_S = 60.0  # a process on another machine is believed as long as its news is younger
ENDED = ("done", "interrupted", "failed")


class Status:
    """Writes a status file, at most every `EVERY_S` seconds and at every change of phase.

    Parameters
    ----------
    path : Path or None
        None keeps nothing.
    profile : Profile, optional
        Told of the phases too: the time of each goes to an account of its own.
    **facts
        What is known from the start. Until it is known otherwise, the rest is null.
    """

    def __init__(self, path: Path | None = None, profile: Profile | None = None, **facts):
        self.path, self.profile, self.written = path, profile, -EVERY_S
        self.started = time.monotonic()
        self.peak_mb = 0.0
        self.facts: dict[str, Any] = {
            "phase": "preparing",
            "note": None,
            "seconds_left": None,
            "metrics": None,
            "started_utc": now(),
        } | facts

    def phase(self, name: str, **facts) -> None:
        """Something new begins, with `facts`; always written."""
        if self.profile is not None:
            self.profile.phase(name)
        self.facts |= {"phase": name, "seconds_left": None, "note": None} | facts
        self.write()

    def update(self, **facts) -> None:
        """Something goes on; written now and then."""
        self.facts |= facts
        if time.monotonic() - self.written >= EVERY_S:
            self.write()

    def write(self) -> None:
        self.written = time.monotonic()
        if self.path is None:
            return
        memory_mb = memory() / MB
        self.peak_mb = max(self.peak_mb, memory_mb)
        content = (
            {"schema_version": SCHEMA_VERSION}
            | self.facts
            | {
                "updated_utc": now(),
                "seconds": self.written - self.started,
                "memory_mb": memory_mb,
                "peak_memory_mb": self.peak_mb,
                "pid": os.getpid(),
            }
        )
        with contextlib.suppress(OSError):  # no run dies because nobody can be told of it
            RunFolder(self.path.parent).write_json(self.path.name, content)


def memory() -> int:
    """Bytes in use by this process and its children, the compiled program among them."""
    process = psutil.Process()
    total = 0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it may have ended just now
            total += one.memory_info().rss
    return total


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def state(seed: Seed) -> str:
    """One word: ``waiting``, a phase of its status file, or ``killed``."""
    status = seed.status
    if status is None:
        return "done" if seed.number in seed.run.finished else "waiting"
    alive = seed.run.in_use and (psutil.pid_exists(status["pid"]) or age_s(status) < STALE_S)
    return status["phase"] if status["phase"] in ENDED or alive else "killed"


def age_s(status: dict) -> float:
    """Seconds since a status was written."""
    then, this = (datetime.datetime.fromisoformat(t) for t in (status["updated_utc"], now()))
    return max(0.0, (this - then).total_seconds())
