"""What a run says while it runs: a bar on a terminal, plain lines in a file, a log."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from driver.formatting import clock, visible
from driver.run.status import Status

LINE_EVERY_S = 10.0


class Progress:
    """Trials, or other units of work, done and time left.

    On a terminal a bar (tqdm); elsewhere a line every `LINE_EVERY_S` seconds. In both cases the
    status file says the same.

    Parameters
    ----------
    total : int
        Units to be done now.
    label : str
    log : logging.Logger
    status : Status, optional
    before : int
        Units that were done earlier.
    unit : str
        Name of one, on the terminal and in the status file.
    """

    def __init__(
        self,
        total: int,
        label: str,
        log: logging.Logger,
        status: Status | None = None,
        before: int = 0,
        unit: str = "trial",
    ):
        self.total, self.label, self.before, self.unit = total, label, before, unit
        self.log = log
        self.status = status or Status()
        self.done, self.started = 0, time.monotonic()
        self.spoken = self.started
        self.bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=total, desc=label, unit=unit)

    def advance(self, n: int, note: str = "", **metrics: float) -> None:
        """Count `n` more trials; `note` is a short text such as the last of the `metrics`."""
        self.done += n
        left = self.seconds_left()
        done = {self.unit: self.before + self.done}
        self.status.update(**done, seconds_left=left, metrics=metrics)
        if self.bar is not None:
            self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(n)
            return
        now = time.monotonic()
        if now - self.spoken >= LINE_EVERY_S:
            self.spoken = now
            self.log.info(self.line(note))

    def seconds_left(self) -> float:
        elapsed = time.monotonic() - self.started
        return elapsed * (self.total - self.done) / max(self.done, 1)

    def line(self, note: str) -> str:
        left = clock(self.seconds_left())
        text = f"{self.label}: {self.done} of {self.total} {self.unit}s, {left} left"
        return f"{text}, {note}" if note else text

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


class Seldom:
    """Calls `function`, but not more often than every `every_s` seconds from now on.

    What it raises is complained of and goes no further: it is a picture of the work, not the work.
    """

    def __init__(
        self, function: Callable[[], object], every_s: float, complain: Callable[[str], object]
    ):
        self.function, self.every_s, self.complain = function, every_s, complain
        self.last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self.last < self.every_s:
            return
        try:
            self.function()
        except Exception as error:
            self.complain(f"no report: {error}")
        self.last = time.monotonic()


def not_through_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


class Terse(logging.Formatter):
    """The message alone; what went wrong in detail is for the file."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(visible, record.getMessage().split("\n")))


class LogFile(logging.FileHandler):
    """A log that cannot be written, on a full disk say, does not disturb the run.

    It is not written through a link.
    """

    def _open(self):
        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=not_through_links)

    def handleError(self, record: logging.LogRecord) -> None:
        pass


def open_log(name: str, file: Path | None, append: bool = False) -> logging.Logger:
    """Logger of a run: everything into `file`, the same lines without the time to the terminal."""
    log = logging.getLogger(f"run.{name}")
    close_log(log)
    log.setLevel(logging.INFO)
    log.propagate = False
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(Terse())
    log.addHandler(terminal)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFile(file, "a" if append else "w", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(handler)
    return log


def close_log(log: logging.Logger) -> None:
    """Close the log's file; a run may be one of many in its process."""
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
