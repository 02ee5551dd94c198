"""The four programs as the attacks see them: tiny runs, and what a command line said and did."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import io
import re
import shlex
import shutil
import signal
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from driver.experiment import learning
from driver.run import checkpoint
from driver.run.isolation import INTERRUPTED
from tests import program
from tests.faults.judge import Kind, Wrong

TRACEBACK, HANGS = "a traceback", "a hang"
ESCAPES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TooLong(BaseException):
    """Not one that a program under attack can catch for a failure of its own."""


@dataclasses.dataclass(frozen=True)
class Said:
    """What came of a command: its exit status, or `TRACEBACK` or `HANGS`."""

    status: int | str
    out: str
    err: str

    def judge(self, *allowed: int) -> None:
        """Raise unless it ended well, or by a message of one line."""
        if self.status in (TRACEBACK, HANGS):
            raise Wrong(f"{self.status}: {self.err.strip().splitlines()[-1][:200]}")
        if "Traceback" in self.err:
            raise Wrong(f"a traceback is shown: {self.err.strip().splitlines()[-1][:200]}")
        lines = self.err.strip().splitlines()
        if self.status == 2 and len(lines) != 1:
            raise Wrong(f"refused in {len(lines)} lines: {lines[:2]}"[:200])
        if self.status not in (allowed or (0, 2)):
            why = [line for line in lines if "failed: " in line] or lines or ["no message"]
            raise Wrong(f"exit {self.status}: {why[-1]}"[:200])


@dataclasses.dataclass(frozen=True)
class Door:
    """A program, and flags of a run that takes a fraction of a second once it is compiled."""

    script: str
    model: str
    presets: str
    seed: int
    tiny: tuple[str, ...]
    export: tuple[str, ...] = ("export",)

    @property
    def room(self) -> Any:
        return importlib.import_module(f"models.{self.model}.room").ROOM

    @property
    def modes(self) -> list[str]:
        module, name = self.presets.split(":")
        return list(getattr(importlib.import_module(f"models.{self.model}.{module}"), name))

    @property
    def new(self) -> tuple[str, ...]:
        """The words of a run in ``Runs/a``."""
        return (*self.tiny, "--run-name", "a", "--no-figures")

    def shown(self, *words: object) -> str:
        """A command as it would be typed."""
        short = shlex.join(map(str, words)).replace(shlex.join(self.tiny), "$TINY")
        text = f"{self.script} {short}".encode(errors="backslashreplace").decode()
        return ESCAPES.sub(lambda found: repr(found[0])[1:-1], text.replace("\n", "\\n"))

    def call(self, *words: object, limit_s: float = 60) -> Said:
        """What ``main(words)`` says and does in this process, with streams as Python makes them."""
        out, err = (
            io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors, write_through=True)
            for errors in ("strict", "backslashreplace")
        )
        main = importlib.import_module(self.script.removesuffix(".py")).main
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                with limited(limit_s):
                    status = main([str(word) for word in words])
            except SystemExit as end:
                status = end.code
            except TooLong:
                status = HANGS
                print(f"no end within {limit_s:g} s", file=err)
            except BaseException as error:
                status, where = TRACEBACK, traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(where.filename).name}, {where.name}"
                print(f"{type(error).__name__}: {' '.join(str(error).split())} ({place})", file=err)
        return Said(status, *(s.buffer.getvalue().decode(errors="replace") for s in (out, err)))


@contextlib.contextmanager
def limited(seconds: float):
    """Raise `TooLong` in a block that takes longer."""

    def end(*_):
        raise TooLong

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


BACKEND = ("--backend", program.BACKEND)
LL = Door(
    *("ll_stdp_brian2.py", "lateral_line", "presets:PRESETS", program.SEED),
    program.SMALL,
    ("export", "--to", "csv"),
)
CUBE = Door(
    *("cube_brian2.py", "cube", "presets:PRESETS", 0),
    ("--mode", "relay-b", "--n", "8", "--L", "8", "--ratio", "4", "--steps", "8000", *BACKEND),
)
SEQUENCE = Door(
    *("sequence_brian2.py", "sequence", "params:PRESETS", 1),
    ("--mode", "tiny", "--train-s", "6", "--test-presentations", "2", *BACKEND),
)
PREDICTIVE = Door(
    *("predictive_brian2.py", "predictive", "params:PRESETS", 1),
    ("--mode", "spiking", "--train-s", "1", "--show-ms", "100", "--settle-ms", "40")
    + ("--test-shows", "4", "--sizes", "4", "6", "5", "2", *BACKEND),
)
DOORS = (LL, CUBE, SEQUENCE, PREDICTIVE)


# --- runs to be attacked -----------------------------------------------------------------


@functools.cache
def home() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="attack_runs_")


def made(door: Door, *flags: str, status: int = 0) -> Path:
    """Folder of a new run."""
    root = Path(tempfile.mkdtemp(dir=home().name))
    places = ("--output-root", root, "--run-name", "a", "--no-figures")
    said = door.call(*door.tiny, *places, *flags, limit_s=600)
    assert said.status == status, said.err
    return root / "a"


@functools.cache
def finished(door: Door) -> Path:
    """A complete run, to be read only."""
    return made(door)


@functools.cache
def begun(door: Door) -> Path:
    """A run that was interrupted after some checkpoints, to be read only."""
    save, calls = checkpoint.save, []

    def saving(*arguments):
        save(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    always = mock.patch.object(learning, "CHECKPOINT_S", 0.0)
    with mock.patch.object(checkpoint, "save", saving), always:
        return made(door, status=INTERRUPTED)


def copied(source: Path, name: str = "a") -> Path:
    """A copy of a run in ``Runs/`` of this folder."""
    target = Path("Runs", name)
    shutil.copytree(source, target, symlinks=True)
    return target


# --- how it is judged --------------------------------------------------------------------


def numbers(folder: Path) -> dict[str, Any]:
    """All that came out of a run: arrays by file and name, results without times and checksums."""
    found: dict[str, Any] = {}
    for file in sorted((folder / "artifacts").glob("*.npz")):
        if checkpoint.TAG not in file.name:
            found |= {f"{file.name}/{key}": a for key, a in program.load_npz(file).items()}
    arrays = {k: (a.dtype.str, a.shape, a.tobytes()) for k, a in found.items()}
    files = sorted((folder / "artifacts").glob("*_results.json"))
    return arrays | {file.name: lasting(program.load_json(file)) for file in files}


def lasting(value: Any) -> Any:
    """Nested values without seconds of the wall clock, and without sums over these."""
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if not k.startswith("seconds") and k != "sha256"}
        return {k: lasting(v) for k, v in kept.items()}
    return value


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with what is in it."""
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def same_bits(folder: Path, reference: Path) -> None:
    """Raise unless two runs came to the same numbers."""
    one, other = numbers(folder), numbers(reference)
    if wrong := [k for k in sorted(one.keys() | other.keys()) if one.get(k) != other.get(k)]:
        raise Wrong(f"other results: {', '.join(wrong[:3])}, {len(wrong)} in all")


def right_or_refused(said: Said, folder: Path, reference: Path, before: Mapping) -> None:
    """Raise unless a run was refused before it wrote anything, or came to the right numbers."""
    said.judge(0, 2)
    if said.status == 0:
        same_bits(folder, reference)
    elif program.listing(folder) != before:
        raise Wrong("refused, but something was written")


def merge(kind: Kind, other: Kind) -> None:
    """Add what was counted elsewhere."""
    for name in ("tried", "survived", "wrong"):
        setattr(kind, name, getattr(kind, name) + getattr(other, name))
    kind.problems += other.problems
