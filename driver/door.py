"""What every front door does: read flags, hand over, return an exit status.

    from driver import door

    __getattr__, __dir__ = door.public("models.mine", {"Params": "models.mine.params"})

    def main(argv=None):
        return door.main("models.mine", argv)

    if __name__ == "__main__":
        door.start(main)

The status is 0 done, 1 failed, 2 usage error, 130 interrupted.
"""

from __future__ import annotations

import errno
import functools
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from driver import VERSION
from driver.run.isolation import INTERRUPTED, end_with_parent, listen

if TYPE_CHECKING:
    from driver.room import Room

FAILED = 1
NEEDED = frozenset(  # what requirements.txt installs, by the names it is imported by
    "brian2 numpy matplotlib pydantic tyro tqdm scipy psutil jinja2 latex2mathml PIL".split()
)
SHORT = {"--from", "--config", "--resume-from", "--weights-from"}
LONG_DASHES = tuple("–—−")  # as text processors make of two short ones


def start(main: Callable[[], int]) -> None:
    """Run the program, and end it with its exit status."""
    open_streams()
    listen(signal.default_int_handler)
    end_with_parent()
    sys.exit(main())


def public(model: str, names: Mapping[str, str] | None = None) -> tuple[Callable, Callable]:
    """``__getattr__`` and ``__dir__`` of a door: public names, imported when they are asked for.

    So ``--help`` needs none of them. Every door has ``run``, see `driver.from_python.run`, and
    ``load_run``, which opens a run folder.

    Parameters
    ----------
    model : str
        Package of the room.
    names : dict of str, optional
        Module of each further name.
    """
    names = names or {}

    def get(name: str):
        if name in names:
            return getattr(importlib.import_module(names[name]), name)
        if name == "run":
            from driver.from_python import run

            return functools.partial(run, model)
        if name in ("room", "load_run"):
            room = importlib.import_module(f"{model}.room").ROOM
            return room if name == "room" else room.open
        raise AttributeError(f"there is no {name!r}; public are {', '.join(listed())}")

    def listed() -> list[str]:
        return sorted({*names, "load_run", "main", "run"})

    return get, listed


class Pipe(io.FileIO):
    """A stream whose reader may go, as that of ``| head``: what nobody reads is dropped."""

    def write(self, data) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


def open_streams() -> None:
    """Make standard streams that can be written to, whatever they are and whatever is said.

    A closed one goes nowhere; else the next file that is opened would take its place.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for number, name in ((1, "stdout"), (2, "stderr")):
        old, pipe = getattr(sys, name), Pipe(number, "w", closefd=False)
        at_once = old is not None and old.write_through  # python -u
        new = io.TextIOWrapper(
            pipe if at_once else io.BufferedWriter(pipe),
            encoding=old and old.encoding,
            errors="backslashreplace",
            line_buffering=old is None or old.line_buffering,
            write_through=at_once,
        )
        setattr(sys, name, new)


def main(model: str, argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` with the model in the package `model`; returns the status."""
    try:
        room = importlib.import_module(f"{model}.room").ROOM
        return run(room, sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        where = f"{error.name} is not installed for {sys.executable}"
        print(f"{where}: make run, or source .venv/bin/activate", file=sys.stderr)
        return 2


def run(room: Room, argv: Sequence[str]) -> int:
    """A word and what it is about, or a run; complaints go to standard error."""
    from driver.files import on_disk
    from driver.flags.from_dataclass import EXIT_USAGE, Unknown, UsageError
    from driver.run.content import NotARun

    try:
        check_text(argv)
        if argv[:1] == ["--version"]:
            print(f"{room.format.prog} {VERSION}")
            return 0
        if argv[:1] in (["-h"], ["--help"], ["help"]):
            from driver.command.overview import overview

            print(overview(room))
            argv = ["--help", *argv[1:]]
        if is_short(argv):
            from driver.command.shorthand import expanded

            argv = expanded(room, argv)
        if argv and not argv[0].startswith("-"):
            from driver.command import words

            return words.main(room, argv)
        from driver.command.resolve import resolve

        request = resolve(room, argv)

        from driver.command.life import execute

        return execute(room, request)
    except (UsageError, NotARun) as error:
        if isinstance(error, Unknown):
            from driver.command.find import elsewhere

            error = elsewhere(room, error)
        print(f"{room.format.prog}: error: {one_line(error)}", file=sys.stderr)
        return EXIT_USAGE
    except (OSError, MemoryError) as error:  # a full disk, a folder that cannot be written
        if getattr(error, "errno", None) == errno.ENAMETOOLONG:
            long = str(error.filename)
            print(f"{room.format.prog}: error: {one_line(long[:60])}...: too long", file=sys.stderr)
            return EXIT_USAGE
        name = getattr(error, "filename", None)
        words = on_disk(error, Path(name)) if name else str(error) or "not enough memory"
        print(f"{room.format.prog}: failed: {one_line(words)}", file=sys.stderr)
        return FAILED


def is_short(argv: Sequence[str]) -> bool:
    """Whether `driver.command.shorthand` has to be asked what is meant."""
    flags = {word.split("=", 1)[0] for word in argv}
    is_run = argv[:1] in (["run"], ["resume"]) or not argv or argv[0].startswith("-")
    return is_run and bool({"run", "resume"} & set(argv[:1]) | SHORT & flags)


def check_text(argv: Sequence[str]) -> None:
    """Raise `UsageError` for words that no file can hold: bytes that are no text."""
    from driver.flags.from_dataclass import UsageError

    for word in argv:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{word}: not a text in {sys.getfilesystemencoding()}") from None
        if word[:1] in LONG_DASHES:
            raise UsageError(f"{word}: begins with a long dash; a flag begins with --")


def one_line(error: object) -> str:
    """What an error says, on one line, without signs that a terminal would obey."""
    from driver.formatting import visible

    return visible(" ".join(str(error).split()))
