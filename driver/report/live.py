"""What a network does while it runs, drawn between blocks: ``--live``.

In a window where there is a display, else into a page that reloads, ``live.html`` in the run
folder. Only what the blocks gave is looked at, so that not a bit of the run changes, and at most a
tenth of the time is spent, but for the last picture. A drawing that fails is said once, and is not
the end of the run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from driver.experiment.network import Session
from driver.files import replace_file
from driver.run.request import Request

Pixels = Callable[..., np.ndarray | None]  # what a block gave, as a picture; None: nothing yet
EVERY_S, SHARE = 1.0, 0.1  # between two drawings at least; of the time at most
RELOAD_S = 2
NAME = "live.html"


@contextlib.contextmanager
def shown_live(request: Request, session: Session, pixels: Pixels) -> Iterator[Session]:
    """The session of a seed; with ``--live`` it has a `Live`."""
    if not request.options.live:
        yield session
        return
    seed, several = request.params.seed, request.options.multi_seed > 1
    name = f"live_seed_{seed}.html" if several else NAME
    title = f"{request.folder.path.name}, {request.options.mode}, seed {seed}"
    live = Live(pixels, title, request.folder.path / name, session.log)
    try:
        yield dataclasses.replace(session, live=live)
        live.finish()
    finally:
        live.close()


class Live:
    """Draws what it is called with, if that is due."""

    def __init__(self, pixels: Pixels, title: str, target: Path, log: logging.Logger):
        self.pixels, self.title, self.target, self.log = pixels, title, target, log
        self.due, self.uri, self.left = 0.0, None, None
        self.window = window(title)
        log.info(f"--live: {'in a window' if self.window else target}")

    def __call__(self, *shown: Any) -> None:
        began = time.monotonic()
        if began < self.due:
            self.left = shown
            return
        self.left = None
        try:
            self.show(self.pixels(*shown))
        except Exception as error:  # of any backend: a picture must not end a run
            self.log.warning(f"--live: {error!r}; nothing more is drawn")
            self.due = np.inf
            return
        took = time.monotonic() - began
        self.due = began + max(EVERY_S, took / SHARE)

    def show(self, pixels: np.ndarray | None) -> None:
        if pixels is None:
            return
        if self.window is None:
            self.uri = embedded(pixels)
            self.write(RELOAD_S)
        elif is_open(self.window):
            self.window.clear()
            self.window.figimage(pixels, resize=True)
            self.window.canvas.draw()
            self.window.canvas.flush_events()

    def write(self, refresh_s: int) -> None:
        from driver.report import page as report

        picture = report.Picture(*self.uri, alt=self.title)
        sections = [report.Section("live", "Live", [picture])]
        words = (
            f"Drawn between blocks; read again every {refresh_s} s." if refresh_s else "The last."
        )
        text = report.render(report.Page(self.title, words, sections, refresh_s=refresh_s))
        replace_file(self.target, lambda file: file.write(text.encode()))

    def finish(self) -> None:
        """Draw the end, if something was drawn before."""
        if self.left is not None and self.due < np.inf:
            self.due = 0.0
            self(*self.left)

    def close(self) -> None:
        """Leave the last picture; nobody waits for another one."""
        if self.uri is not None:
            with contextlib.suppress(Exception):  # as while it runs: the run is what counts
                self.write(refresh_s=0)


def embedded(pixels: np.ndarray) -> tuple[str, int, int, bool]:
    from PIL import Image

    from driver.report import page as report

    png = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(png, "PNG")
    return report.embedded(png.getvalue())


def window(title: str):
    """A figure in a window of its own; None where there is no display, or nothing to open one."""
    places = {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)
    if not places and sys.platform != "darwin":
        return None
    try:
        from matplotlib import pyplot

        pyplot.ion()
        figure = pyplot.figure(title)
    except Exception:  # each toolkit has errors of its own
        return None
    return figure if figure.canvas.required_interactive_framework else None


def is_open(figure) -> bool:
    """Whether nobody has closed the window."""
    from matplotlib import pyplot

    return pyplot.fignum_exists(figure.number)
