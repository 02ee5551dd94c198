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

import functools
import importlib
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from driver.run.isolation import INTERRUPTED, end_with_parent, listen

if TYPE_CHECKING:
    from driver.room import Room

FAILED = 1


def start(main: Callable[[], int]) -> None:
    """Run the program, and end it with its exit status."""
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
        if name == "load_run":
            return importlib.import_module(f"{model}.room").ROOM.open
        raise AttributeError(f"there is no {name!r}; public are {', '.join(listed())}")

    def listed() -> list[str]:
        return sorted({*names, "load_run", "main", "run"})

    return get, listed


def main(model: str, argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` with the model in the package `model`; returns the status."""
    try:
        room = importlib.import_module(f"{model}.room").ROOM
        return run(room, sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return INTERRUPTED


def run(room: Room, argv: Sequence[str]) -> int:
    """A word and what it is about, or a run; complaints go to standard error."""
    from driver.flags.from_dataclass import EXIT_USAGE, UsageError

    try:
        if argv and not argv[0].startswith("-"):
            from driver.command import words

            return words.main(room, argv)
        from driver.command.resolve import resolve

        request = resolve(room, argv)

        from driver.command.life import execute

        return execute(room, request)
    except UsageError as error:
        print(f"{room.format.prog}: error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:  # a full disk, a folder that cannot be written
        print(f"{room.format.prog}: failed: {error}", file=sys.stderr)
        return FAILED
