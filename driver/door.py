"""What every front door does: read flags, hand over, return an exit status.

    from driver import door

    def main(argv=None):
        return door.main("models.mine", argv)

    if __name__ == "__main__":
        door.start(main)

The status is 0 done, 1 failed, 2 usage error, 130 interrupted.
"""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from driver.run.isolation import INTERRUPTED, INTERRUPTS, end_with_parent

if TYPE_CHECKING:
    from driver.room import Room

FAILED = 1


def start(main: Callable[[], int]) -> None:
    """Run the program, and end it with its exit status."""
    for number in INTERRUPTS:
        signal.signal(number, signal.default_int_handler)
    end_with_parent()
    sys.exit(main())


def main(model: str, argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` with the model in the package `model`; returns the status."""
    try:
        room = importlib.import_module(f"{model}.room").ROOM
        return run(room, sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return INTERRUPTED


def run(room: Room, argv: Sequence[str]) -> int:
    """A word and what it is about, or a run; complaints go to standard error."""
    from driver.files import on_disk
    from driver.flags.from_dataclass import EXIT_USAGE, UsageError
    from driver.formatting import visible

    try:
        if argv and not argv[0].startswith("-"):
            from driver.command import words

            return words.main(room, argv)
        from driver.command.resolve import resolve

        request = resolve(room, argv)

        from driver.command.life import execute

        return execute(room, request)
    except UsageError as error:
        print(f"{room.format.prog}: error: {visible(str(error))}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:  # a full disk, a folder that cannot be written
        words = on_disk(error, Path(error.filename)) if error.filename else error
        print(f"{room.format.prog}: failed: {visible(str(words))}", file=sys.stderr)
        return FAILED
