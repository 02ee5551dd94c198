"""The map of a seed as it forms, a film of its training: a frame a record, MP4 or GIF."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.film import DPI, Stage, ffmpeg, write, writer_of
from models.lateral_line.saved import Seed
from models.lateral_line.show import map_panels
from models.lateral_line.show.map_course import Course
from models.lateral_line.show.map_figures import POSITION, draw_courses
from models.lateral_line.show.map_panels import SHARE, TRIALS
from models.lateral_line.show.overviews import headline

ENDINGS = (".gif", ".mp4")
SIZE_IN = (9.0, 4.5)
LAST_S = 1.5  # the last frame stays, before a film begins again


def animate(
    saved: Seed, target: Path, frames_per_second: int, log: logging.Logger | None = None
) -> Path:
    """Film the map at every record of the training; returns `target`.

    Parameters
    ----------
    saved : Seed
    target : Path
        Its ending, one of `ENDINGS`, is the format.
    frames_per_second : int
    log : logging.Logger, optional
        Told of the progress where there is no terminal for a bar.

    Raises
    ------
    ValueError
        If there is nothing to film, or no ffmpeg for an MP4.
    OSError
        If the film cannot be written.
    """
    course = Course.of(saved)
    if course is None:
        raise ValueError(f"seed {saved.number} has no maps over a training: nothing to film")
    program = ffmpeg() if target.suffix == ".mp4" else None
    if target.suffix == ".mp4" and program is None:
        raise ValueError(f"{target}: MP4 needs ffmpeg, which was not found; a .gif does not")
    n_last = round(LAST_S * frames_per_second)
    with style.applied():
        film = Film(course, headline(saved))
        writer = writer_of(program, frames_per_second)
        n_frames = course.trial.size + n_last
        log = log or logging.getLogger(__name__)
        return write(writer, target, film.frames(n_last), n_frames, log)


class Film:
    """The map on the left, its numbers over training on the right, and points that move there."""

    def __init__(self, course: Course, title: str):
        self.course = course
        self.figure = Figure(SIZE_IN, dpi=DPI)
        self.figure.text(0.5, 0.985, title, ha="center", va="top", fontsize=8.5)
        self.head = self.figure.text(0.06, 0.845, "", fontsize=11)
        place = {"left": 0.06, "right": 0.985, "bottom": 0.115, "top": 0.82, "wspace": 0.28}
        grid = self.figure.add_gridspec(1, 2, width_ratios=(1.15, 1), **place)
        self.map = self.figure.add_subplot(grid[0])
        map_panels.draw_map(self.map, course.share(0), *self._ends())
        self.map.set_xlabel(POSITION)
        self.image = self.map.images[0]
        self.figure.colorbar(self.image, ax=self.map, label=SHARE, pad=0.03, aspect=30)
        self.points = self._courses(grid[1])
        spines, lines = self.map.spines.values(), self.map.lines
        self.stage = Stage(self.figure, [self.head, self.image, *lines, *spines, *self.points])

    def _ends(self):
        p = self.course.params
        return p.training_window_cm, p.ll_body_length_cm

    def _courses(self, cell) -> list:
        """Numbers over training, as in `map_figures.order_over_training`, and a point on each."""
        n = 3 if self.course.params.has_messenger else 2
        inner = cell.subgridspec(n, 1, height_ratios=(3, 3, 1.4)[:n], hspace=0.18)
        first = self.figure.add_subplot(inner[0])
        axes = [first, *(self.figure.add_subplot(inner[k], sharex=first) for k in range(1, n))]
        draw_courses(axes, self.course, bare=True)
        for ax in axes:
            ax.label_outer()
        axes[1].set_ylabel(r"$\sigma_\theta$ (rad)")
        axes[-1].set_xlabel(TRIALS)
        look = {"marker": "o", "ms": 8, "color": style.MIDDLE, "mec": "white", "zorder": 6}
        return [ax.plot([], [], clip_on=False, **look)[0] for ax in axes]

    def frames(self, n_last: int = 0) -> Iterator[np.ndarray]:
        """Every record as pixels, the last one `n_last` times more."""
        n = self.course.trial.size
        for k in [*range(n), *[n - 1] * n_last]:
            self.put(k)
            yield self.stage.pixels()

    def put(self, k: int) -> None:
        """Move everything to record `k`."""
        course, trial = self.course, self.course.trial[k]
        self.image.set_data(np.ma.masked_invalid(course.share(k)))
        self.head.set_text(course.moment(k))
        at = np.abs(course.decode_trial - trial).argmin()
        sigma = next(iter(course.sigma.values()))
        self.points[0].set_data([trial], [course.order[k]])
        self.points[1].set_data([course.decode_trial[at]], [sigma[at]])
        for point in self.points[2:]:
            point.set_data([trial], course.reach(course.trial[[k]]))
