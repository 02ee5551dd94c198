"""Films: a figure whose parts move from frame to frame, as MP4 where ffmpeg is found, or as GIF.

What stands still is drawn once; of every frame only what moves is drawn anew.
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.animation import FFMpegWriter, PillowWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from driver.files import PART
from driver.run.progress import Progress

DPI = 80
GIF_COLOURS = 128  # of all frames together: what stands still is stored once


class Stage:
    """A figure of which only some artists are drawn anew.

    Parameters
    ----------
    figure : Figure
        Whose layout is done.
    moving : sequence of Artist
        What every frame draws anew, in this order.
    """

    def __init__(self, figure: Figure, moving: Sequence):
        self.figure, self.moving = figure, moving
        for artist in moving:
            artist.set_animated(True)
        self.canvas = FigureCanvasAgg(figure)
        self.canvas.draw()
        self.ground = self.canvas.copy_from_bbox(figure.bbox)

    def pixels(self) -> np.ndarray:
        """The figure as it is now, shape (height, width, 4); valid until it is drawn again."""
        self.canvas.restore_region(self.ground)
        renderer = self.canvas.get_renderer()
        for artist in self.moving:
            artist.draw(renderer)
        return np.asarray(self.canvas.buffer_rgba())


def ffmpeg() -> str | None:
    """The ffmpeg that matplotlib finds, by the user's settings; None without one."""
    return FFMpegWriter.bin_path() if FFMpegWriter.isAvailable() else None


def writer_of(program: str | None, frames_per_second: int):
    """A writer of matplotlib: of MP4 by this ffmpeg, of GIF without one."""
    if program is None:
        return GifWriter(frames_per_second)
    matplotlib.rcParams["animation.ffmpeg_path"] = program
    first_the_index = ["-movflags", "+faststart"]  # a browser shows it while it loads
    return FFMpegWriter(frames_per_second, extra_args=first_the_index)


class GifWriter(PillowWriter):
    """Frames in the same few colours, so that a file holds only what changes."""

    def finish(self) -> None:
        from PIL import Image

        n = len(self._frames)
        shown = [self._frames[k].convert("RGB") for k in sorted({0, n // 2, n - 1})]
        sheet = Image.new("RGB", (shown[0].width, shown[0].height * len(shown)))
        for k, frame in enumerate(shown):
            sheet.paste(frame, (0, k * frame.height))
        palette = sheet.quantize(GIF_COLOURS, Image.Quantize.MAXCOVERAGE)
        plain = Image.Dither.NONE
        self._frames = [
            frame.convert("RGB").quantize(palette=palette, dither=plain) for frame in self._frames
        ]
        super().finish()


def write(
    writer, target: Path, frames: Iterable[np.ndarray], n_frames: int, log: logging.Logger
) -> Path:
    """Film all frames with a writer of matplotlib; the file is there when it is whole.

    Parameters
    ----------
    writer : matplotlib.animation.AbstractMovieWriter
        Of the format that the ending of `target` names.
    target : Path
    frames : iterable of ndarray, shape (height, width, 4)
        Each is used before the next is asked for.
    n_frames : int
    log : logging.Logger
        Told of the progress where there is no terminal for a bar.

    Raises
    ------
    OSError
        If the film cannot be written.
    """
    progress = Progress(n_frames, "film", log, unit="frame")
    part = target.with_name(f".{target.stem}.{os.getpid()}{PART}{target.suffix}")
    frames = iter(frames)
    first = next(frames)
    # a writer draws a whole figure anew: here one that is nothing but the pixels of a frame
    sheet = Figure((first.shape[1] / DPI, first.shape[0] / DPI), dpi=DPI)
    pixels = sheet.figimage(first)
    try:
        with writer.saving(sheet, str(part), DPI):
            for frame in itertools.chain([first], frames):
                pixels.set_data(frame)
                writer.grab_frame()
                progress.advance(1)
        return part.replace(target)
    except subprocess.CalledProcessError as error:
        why = f"ffmpeg ended with {error.returncode}; {target} was not written"
        raise OSError(why) from error
    finally:
        part.unlink(missing_ok=True)
        progress.close()
