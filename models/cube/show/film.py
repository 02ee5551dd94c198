"""The panels of a moment moving in time, as a film: MP4 where ffmpeg is found, else GIF.

Of every frame only spikes, dots and texts are drawn anew.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.film import DPI, Stage, ffmpeg, write, writer_of
from driver.figures.page import colour_of
from driver.formatting import text
from models.cube.metrics import output
from models.cube.show import pages, panels, view
from models.cube.show.view import Blocks, Moment, Shown

MAX_FRAMES = 200
FRAMES_PER_SECOND = 12


def animate(
    seed,
    label: str,
    path: Path,
    first: int | None = None,
    stop: int | None = None,
    every: int | None = None,
    down: int | None = None,
    log: logging.Logger | None = None,
) -> Path:
    """Film what a network did in the steps whose spikes were kept.

    Parameters
    ----------
    seed : object
        As `figures.draw_seed` takes it.
    label : {'trained', 'untrained'}
    path : Path
        Its ending is replaced by that of the format.
    first, stop : int, optional
        Steps ``[first, stop)``; the last `MAX_FRAMES` frames of the kept window if not given.
    every : int, optional
        Steps of a frame, whose spikes are pooled; a quarter of a move of a cube, one step of the
        local layer.
    down : int, optional
        Cells along a side of a block; such that there are about 12 blocks a side.
    log : logging.Logger, optional
        Told of the progress where there is no terminal for a bar.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ValueError
        If a step lies outside the kept window, or a number is out of range.
    OSError
        If the film cannot be written.
    """
    shown = Shown.of(seed, down)
    if every is None:
        every = shown.kind.film_steps(shown.params)
    steps = frame_steps(shown.recordings[label], first, stop, every)
    if not 1 <= shown.block <= shown.params.n:
        raise ValueError(f"down must be 1 to {shown.params.n}, got {down}")
    log = log or logging.getLogger(__name__)
    program = ffmpeg()
    target = Path(path).with_suffix(".gif" if program is None else ".mp4")
    with style.applied():
        writer = writer_of(program, FRAMES_PER_SECOND)
        film = Film(shown, label, every)
        return write(writer, target, map(film.frame, steps), len(steps), log)


def frame_steps(arrays, first: int | None, stop: int | None, every: int) -> range:
    """First step of each frame; all of a frame lies within the kept window."""
    kept_from, kept_to = int(arrays["kept_from"]), int(arrays["kept_to"])
    if every < 1:
        raise ValueError(f"every must be at least 1, got {every}")
    stop = kept_to if stop is None else stop
    first = max(kept_from, stop - MAX_FRAMES * every) if first is None else first
    if not kept_from <= first < stop <= kept_to:
        raise ValueError(f"steps {first} to {stop}: spikes were kept of {kept_from} to {kept_to}")
    return range(first, max(first + 1, stop - every + 1), every)


class Film:
    """Panels of one network whose contents are moved from frame to frame.

    Attributes
    ----------
    moving : list of Artist
        What every frame draws anew, in this order.
    """

    def __init__(self, shown: Shown, label: str, every: int):
        self.shown, self.label, self.every, self.kind = shown, label, every, shown.kind
        self.p, self.arrays = shown.params, shown.recordings[label]
        self.iou = self.kind.overlap_of_steps(self.p, self.arrays)
        n_panels = len(self.kind.FRAMES) + 1
        self.figure = Figure(figsize=(3.2 + 2 * n_panels, 3.4), dpi=DPI)
        self.figure.text(0.5, 0.985, pages.headline(shown), ha="center", va="top", fontsize=9)
        ratios = [*[1] * (n_panels - 1), 1.45]
        place = {"left": 0.045, "right": 0.985, "bottom": 0.13, "top": 0.74, "wspace": 0.22}
        self.grid = self.figure.add_gridspec(1, n_panels, width_ratios=ratios, **place)
        self.head = self.figure.text(0.5, 0.92, "", ha="center", va="top", fontsize=9)
        self.head.set_color(colour_of(label))
        self.images, self.marks, self.titles = [], [], []
        self.space = self._space()
        self._frames()
        frames = [spine for image in self.images for spine in image.axes.spines.values()]
        self.moving = [self.head, *self.images, *frames, *self.marks, *self.titles, *self.space]
        self.stage = Stage(self.figure, self.moving)

    def _space(self):
        ax = self.figure.add_subplot(self.grid[-1], projection="3d")
        none = np.zeros(0, dtype=int)
        nowhere, blocks = (none, none), Blocks(none, none, none, none, self.shown.block)
        return self.kind.draw_space(ax, self.p, Moment(nowhere, nowhere, (), (), blocks, nowhere))

    def _frames(self) -> None:
        """Panels of pixels: input and back plane, or input, prediction and error."""
        empty = np.zeros((self.p.n, self.p.n))
        for k, name in enumerate(self.kind.FRAMES):
            ax = self.figure.add_subplot(self.grid[k])
            draw = panels.draw_error if name == "error" else panels.draw_frame
            draw(ax, empty)
            self.images.append(ax.images[0])
            self.titles.append(ax.set_title("", fontsize=8.5))
            if name != "error":
                colour = panels.INPUT if name == "input" else panels.OUTPUT
                panels.mark_dots(ax, [], [], name, colour)
                self.marks.append(ax.lines[0])
            ax.set(xlabel="x (pixels)", ylabel="y (pixels)" if k == 0 else "")

    def frame(self, step: int) -> np.ndarray:
        """Steps `step` to `step` + every - 1 as pixels, shape (height, width, 4)."""
        self.put(step)
        for artist in self.space:
            artist.do_3d_projection()
        return self.stage.pixels()

    def put(self, step: int) -> None:
        """Move everything to a step."""
        stop = step + self.every
        rate, n_steps = self.kind.recent_rate(self.p, self.shown.dots, self.arrays, stop)
        words = f"{self.label}: step {stop - 1}; fire {text(rate)}, mean of {n_steps} steps"
        if self.iou is not None:
            recent = self.iou[max(0, stop - view.IOU_STEPS) : stop]
            words += f"; IoU {text(output.defined_mean(recent), 2)}, mean of {recent.size}"
        self.head.set_text(words)
        moment = self.kind.seen(self.shown, self.label, step, stop, at=stop - 1)
        for shown, frame in zip(self.images, moment.frames, strict=True):
            shown.set_data(np.clip(frame, -1, 1))  # a pixel is on, however often it fired
        for line, (x, y) in zip(self.marks, (moment.dots, moment.target), strict=True):
            line.set_data(x, y)
        for title, its_words in zip(self.titles, moment.words, strict=True):
            title.set_text(its_words)
        self._put_space(moment)

    def _put_space(self, moment: Moment) -> None:
        (spikes, dots, output), blocks = self.space, moment.blocks
        sizes = panels.areas(blocks.count, blocks.down)
        panels.move_points(spikes, blocks.x, blocks.y, blocks.z, sizes)
        panels.move_points(dots, *moment.dots, np.zeros(len(moment.dots[0])))
        back = max(self.kind.planes(self.p))
        panels.move_points(output, *moment.output, np.full(len(moment.output[0]), back))
