"""The panels of a moment moving in time, as a film: MP4 where ffmpeg is found, else GIF.

What stands still is drawn once; of every frame only spikes, dots and texts are drawn anew.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from driver.figures import style
from driver.files import replace_file
from driver.run.progress import Progress
from models.cube.local.measure import step_overlap
from models.cube.metrics import output
from models.cube.show import pages, panels, view
from models.cube.show.view import Shown, text

MAX_FRAMES = 200
FRAMES_PER_SECOND = 12
DPI = 80
N_COLOURS = 64


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
    """
    shown = Shown.of(seed, down)
    if every is None:
        every = 1 if shown.is_local else max(1, shown.params.ratio // 4)
    steps = frame_steps(shown.recordings[label], first, stop, every)
    if not 1 <= shown.block <= shown.params.n:
        raise ValueError(f"down must be 1 to {shown.params.n}, got {down}")
    log = log or logging.getLogger(__name__)
    program = ffmpeg()
    with style.applied():
        shots = frames(Film(shown, label, every), steps, log)
        if program is None:
            return write_gif(Path(path).with_suffix(".gif"), shots)
        return write_mp4(Path(path).with_suffix(".mp4"), shots, program)


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


def frames(film: Film, steps: range, log: logging.Logger) -> Iterator[np.ndarray]:
    """Every frame as pixels, shape (height, width, 4); counts them on the way."""
    progress = Progress(len(steps), "film", log, unit="frame")
    try:
        for step in steps:
            yield film.frame(step)
            progress.advance(1)
    finally:
        progress.close()


class Film:
    """Panels of one network whose contents are moved from frame to frame.

    Attributes
    ----------
    moving : list of Artist
        What every frame draws anew, in this order.
    """

    def __init__(self, shown: Shown, label: str, every: int):
        self.shown, self.label, self.every, self.down = shown, label, every, shown.block
        self.p, self.arrays = shown.params, shown.recordings[label]
        self.iou = step_overlap(self.p, self.arrays).iou if shown.is_local else None
        n_panels = 4 if shown.is_local else 3
        self.figure = Figure(figsize=(11.2 if shown.is_local else 9.2, 3.4), dpi=DPI)
        self.canvas = FigureCanvasAgg(self.figure)
        self.figure.text(0.5, 0.985, pages.headline(shown), ha="center", va="top", fontsize=9)
        ratios = [*[1] * (n_panels - 1), 1.45]
        place = {"left": 0.045, "right": 0.985, "bottom": 0.13, "top": 0.74, "wspace": 0.22}
        self.grid = self.figure.add_gridspec(1, n_panels, width_ratios=ratios, **place)
        self.head = self.figure.text(0.5, 0.92, "", ha="center", va="top", fontsize=9)
        self.head.set_color(pages.colour_of(label))
        self.images, self.marks, self.titles = [], [], []
        self.space = self._space()
        self._frames()
        frames = [spine for image in self.images for spine in image.axes.spines.values()]
        self.moving = [self.head, *self.images, *frames, *self.marks, *self.titles, *self.space]
        for artist in self.moving:
            artist.set_animated(True)
        self.canvas.draw()
        self.ground = self.canvas.copy_from_bbox(self.figure.bbox)

    def _space(self):
        ax = self.figure.add_subplot(self.grid[-1], projection="3d")
        none = np.zeros(0, dtype=int)
        if self.shown.is_local:
            nothing = np.zeros((self.p.n, self.p.n), dtype=int)
            return panels.draw_planes(ax, self.p.n, (none, none), nothing, (none, none))
        blocks = view.Blocks(none, none, none, none)
        size = self.p.n, self.p.L
        return panels.draw_space(ax, blocks, *size, (none, none), (none, none), self.down)

    def _frames(self) -> None:
        """Panels of pixels: input and back plane, or input, prediction and error."""
        names = ("input", "prediction", "error") if self.shown.is_local else ("input", "back")
        empty = np.zeros((self.p.n, self.p.n))
        for k, name in enumerate(names):
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
        """Pixels of the frame of steps `step` to `step` + every - 1."""
        self.put(step)
        self.canvas.restore_region(self.ground)
        renderer = self.canvas.get_renderer()
        for artist in self.moving:
            if artist in self.space:
                artist.do_3d_projection()
            artist.draw(renderer)
        return np.asarray(self.canvas.buffer_rgba()).copy()

    def put(self, step: int) -> None:
        """Move everything to a step."""
        stop = step + self.every
        rate, n_steps = view.recent_rate(self.arrays, self.p, stop, self.shown.dots)
        words = f"{self.label}: step {stop - 1}; fire {text(rate)}, mean of {n_steps} steps"
        (self._put_local if self.shown.is_local else self._put_cube)(step, stop)
        if self.iou is not None:
            recent = self.iou[max(0, stop - view.IOU_STEPS) : stop]
            words += f"; IoU {text(output.defined_mean(recent), 2)}, mean of {recent.size}"
        self.head.set_text(words)

    def _put_cube(self, step: int, stop: int) -> None:
        p, lag = self.p, view.lag_moves(self.p)
        now = view.dots_at(self.arrays, stop - 1)
        before = view.dots_at(self.arrays, stop - 1 - lag * p.ratio)
        index = view.between(self.arrays, "cells", step, stop)
        plane = view.plane_counts(index, p.n, p.L - 1)
        self._put_frames((view.input_image(p, *now), plane > 0), (now, before))
        n = int(np.count_nonzero(plane))
        said = ("input" if len(now[0]) else "input: off", f"back plane: {view.pixels(n)}")
        self._put_titles(said)
        blocks = view.pooled(index, p.n, p.L, self.down)
        self._put_space(
            blocks, now, np.nonzero(plane), p.L - 1.0, panels.areas(blocks.count, self.down)
        )

    def _put_local(self, step: int, stop: int) -> None:
        n, at = self.p.n, stop - 1
        now, target = view.dots_at(self.arrays, at), view.dots_at(self.arrays, at, ahead=True)
        shot = view.pixel_counts(view.between(self.arrays, "output", at, stop), n) > 0
        hidden = view.pixel_counts(view.between(self.arrays, "hidden", step, stop), n)
        error = (view.input_image(self.p, *target) == 1) - 1.0 * shot
        self._put_frames((view.input_image(self.p, *now), shot, error), (now, target))
        missed, false = (int(np.count_nonzero(error == sign)) for sign in (1, -1))
        shown = "input" if len(now[0]) else "input: off"
        said = (
            shown,
            f"prediction: {view.pixels(int(shot.sum()))}",
            f"error: {missed} missed, {false} false",
        )
        self._put_titles(said)
        y, x = np.nonzero(hidden)
        count = hidden[y, x]
        blocks = view.Blocks(x, y, np.ones(x.size), count)
        self._put_space(blocks, now, np.nonzero(shot), 2.0, panels.areas(count, 1))

    def _put_titles(self, texts) -> None:
        for title, words in zip(self.titles, texts, strict=True):
            title.set_text(words)

    def _put_frames(self, images, marks) -> None:
        for shown, image in zip(self.images, images, strict=True):
            shown.set_data(image)
            shown.set_clim(-1 if image is images[-1] and len(images) == 3 else 0, 1)
        for line, (x, y) in zip(self.marks, marks, strict=True):
            line.set_data(x, y)

    def _put_space(self, blocks, dots, pixels, back: float, sizes) -> None:
        spikes, dot, out = self.space
        panels.move_points(spikes, blocks.x, blocks.y, blocks.z, sizes)
        panels.move_points(dot, *dots, np.zeros(len(dots[0])))
        y, x = pixels
        panels.move_points(out, x, y, np.full(x.size, back))


# --- files ----------------------------------------------------------------------------------------


def ffmpeg() -> str | None:
    """The ffmpeg that matplotlib finds, by the user's settings; None without one."""
    from matplotlib.animation import FFMpegWriter

    return FFMpegWriter.bin_path() if FFMpegWriter.isAvailable() else None


def write_gif(target: Path, shown: Iterator[np.ndarray]) -> Path:
    """An endless GIF with one palette, that of a frame in which all colours occur."""
    from PIL import Image

    first = Image.fromarray(next(shown)).convert("RGB")
    palette = palette_of(first)

    def small(picture):
        return picture.quantize(palette=palette, dither=Image.Dither.NONE)

    rest = (small(Image.fromarray(pixels).convert("RGB")) for pixels in shown)
    how = {"format": "GIF", "save_all": True, "loop": 0, "duration": 1000 // FRAMES_PER_SECOND}
    return replace_file(target, lambda file: small(first).save(file, append_images=rest, **how))


def palette_of(first):
    """A palette of the colours of a frame and of everything that may appear later."""
    from matplotlib.colors import to_rgb
    from PIL import Image

    names = panels.INPUT, panels.CELLS, panels.OUTPUT, style.TRAINED, style.UNTRAINED, "white"
    colours = np.array([to_rgb(name) for name in names])
    grounds = np.array([to_rgb(name) for name in ("white", "black", "0.97")])
    shares = np.linspace(0, 1, 6)[:, None, None, None]
    mixed = (shares * colours[:, None] + (1 - shares) * grounds).reshape(-1, 1, 3)
    strip = np.repeat(np.uint8(255 * mixed), first.width, axis=1)
    both = np.concatenate([np.asarray(first), np.repeat(strip, 3, axis=0)])
    return Image.fromarray(both).quantize(N_COLOURS, dither=Image.Dither.NONE)


def write_mp4(target: Path, shown: Iterator[np.ndarray], program: str) -> Path:
    """H.264, which every browser plays."""
    first = next(shown)
    height, width = (size // 2 * 2 for size in first.shape[:2])  # the format wants even sizes
    part = target.with_name(f".{target.stem}.part.mp4")
    command = [
        *(program, "-loglevel", "error", "-y", "-f", "rawvideo"),
        *("-pix_fmt", "rgba", "-s", f"{width}x{height}", "-r", str(FRAMES_PER_SECOND), "-i", "-"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(part)),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as coder:
        try:
            for pixels in (first, *shown):
                coder.stdin.write(np.ascontiguousarray(pixels[:height, :width]).tobytes())
        finally:
            coder.stdin.close()
    if coder.returncode:
        part.unlink(missing_ok=True)
        raise OSError(f"ffmpeg ended with {coder.returncode}; {target} was not written")
    return part.replace(target)
