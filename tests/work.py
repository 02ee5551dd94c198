"""Work for processes of the tests: a module of its own that imports nothing, so they start soon."""

import time


def ends(status: int) -> int:
    return status


def waits(argument) -> int:
    """Says when it began and when it ended."""
    folder, name = argument
    (folder / f"{name}.begun").write_text(str(time.time()))
    time.sleep(0.5)
    (folder / f"{name}.ended").write_text(str(time.time()))
    return 0
