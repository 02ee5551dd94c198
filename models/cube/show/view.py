"""What is shown of a seed, and what a network does at one moment: arrays in, arrays out.

A *moment* is a range of steps whose spikes are pooled: one dot move of a cube, one step of the
local layer.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np

from driver.experiment.metric import LABELS, value_at
from models.cube.kinds import kind_of
from models.cube.metrics import output
from models.cube.params import Params
from stimuli.dots import DotParams

IOU_STEPS = 100
BLOCKS_A_SIDE = 12
TESTS = {  # frozen ones in words
    "same": "same loop",
    "mirrored": "mirrored",
    "shifted": "shifted",
    "reversed": "reversed",
    "new": "random launches",
    "held_out": "never-seen loops",
    "seen": "seen loops",
}
Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Shown:
    """Everything that the figures of a seed are drawn from.

    Attributes
    ----------
    recordings : dict of dict of ndarray
        By label, ``trained`` and ``untrained``.
    results : dict of dict
        Metrics by label, see `models.cube.metrics.results.measure`.
    down : int, optional
        Cells along a side of a block in the view in space; about 12 blocks a side if not given.
    """

    params: Params
    dots: DotParams
    number: int
    recordings: dict[str, Arrays]
    results: dict[str, Any]
    down: int | None = None

    @staticmethod
    def of(seed, down: int | None = None) -> Shown:
        """Read a seed once: its recordings may be files."""
        recordings = {label: seed.recording(label) for label in LABELS}
        return Shown(seed.params, seed.dots, seed.number, recordings, seed.results, down)

    @property
    def block(self) -> int:
        """Cells along a side of a block."""
        return default_down(self.params.n) if self.down is None else self.down

    @property
    def kind(self):
        """What is shown of this model, see `moment` of each kind."""
        return kind_of(self.params).moment

    @cached_property
    def moment(self) -> tuple[int, int]:
        return good_moment(self.params, self.recordings["trained"])

    def number_of(self, label: str, path: str) -> float:
        """One metric, at a path like ``tests.new.iou``; NaN if undefined or not measured."""
        value = value_at(self.results[label], path)
        return np.nan if value is None else float(value)

    def series_of(self, label: str, path: str) -> np.ndarray:
        """A metric that is a list of numbers; NaN where one is undefined."""
        return np.array(value_at(self.results[label], path), dtype=float)


def between(arrays: Arrays, name: str, first: int, stop: int) -> np.ndarray:
    """Cells of population `name` that fired in steps `first` to `stop` - 1, one entry a spike."""
    a, b = np.searchsorted(arrays[f"{name}_step"], (first, stop))
    return np.asarray(arrays[f"{name}_i"][a:b])


# --- which moment -------------------------------------------------------------------------------


def good_moment(p: Params, arrays: Arrays) -> tuple[int, int]:
    """Steps of a move of the kept window that shows what the network does.

    The last one on whose way through the network no dot was launched or unseen; among those the
    last at which no fewer cells than on average fired and, if there is one, the output too. The
    last move itself if there is no such move.
    """
    first, stop = int(arrays["kept_from"]), int(arrays["kept_to"])
    kind = kind_of(p).moment
    n_steps, before = kind.n_steps(p), kind.n_steps_before(p)
    last = max(stop // n_steps - 1, 0)
    undisturbed = [
        move
        for move in range(-(-first // n_steps), last + 1)
        if is_undisturbed(arrays, move * n_steps - before, (move + 1) * n_steps)
    ]
    steps = kind.spike_steps(p, arrays)
    spikes, shot = (np.bincount(s // n_steps, minlength=last + 1) for s in steps)
    busy = [move for move in undisturbed if spikes[move] >= spikes[undisturbed].mean()]
    speaking = [move for move in busy if shot[move]]
    move = next((found[-1] for found in (speaking, busy, undisturbed) if found), last)
    return move * n_steps, (move + 1) * n_steps


def is_undisturbed(arrays: Arrays, first: int, stop: int) -> bool:
    """Whether the dots were shown and not launched in steps `first` to `stop` - 1."""
    seen = slice(max(0, first), stop)
    return bool(arrays["shown"][seen].all() and not arrays["launched"][seen].any())


def off_ranges(shown: np.ndarray) -> list[tuple[int, int]]:
    """Steps ``[first, stop)`` of each time without input."""
    edges = np.flatnonzero(np.diff(np.r_[True, shown, True].astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def dots_at(arrays: Arrays, step: int, ahead: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of the dots that are shown at a step; none before the run, none while off.

    Parameters
    ----------
    ahead : bool
        Where they will be instead: the target.
    """
    if step < 0 or not arrays["shown"][step]:
        none = np.zeros(0, dtype=int)
        return none, none
    x, y = ("next_x", "next_y") if ahead else ("x", "y")
    return arrays[x][step].astype(int), arrays[y][step].astype(int)


# --- what is there ------------------------------------------------------------------------------


def plane_counts(index: np.ndarray, n: int, z: int) -> np.ndarray:
    """Spikes of each pixel of layer `z`, shape (n, n), row y and column x."""
    begin = z * n * n
    own = index[(index >= begin) & (index < begin + n * n)] - begin
    return np.bincount(own, minlength=n * n).reshape(n, n)


def pixel_counts(index: np.ndarray, n: int) -> np.ndarray:
    """Spikes over each pixel, shape (n, n); populations of n*n cells lie upon each other."""
    return np.bincount(index % (n * n), minlength=n * n).reshape(n, n)


def input_image(p: Params, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The frame that is shown, shape (n, n): 1 at a dot, 0.5 in the patch that it drives."""
    image = np.zeros((p.n, p.n))
    row, column = np.indices(image.shape)
    for radius, grey in ((getattr(p, "r_in", 0), 0.5), (0, 1.0)):
        for dx, dy in zip(x, y, strict=True):
            image[np.maximum(abs(column - dx), abs(row - dy)) <= radius] = grey
    return image


def default_down(n: int) -> int:
    """Cells along a side of a block such that there are about 12 a side: 4 at n = 48."""
    return max(1, round(n / BLOCKS_A_SIDE))


@dataclasses.dataclass(frozen=True)
class Blocks:
    """Spikes pooled into blocks of `down` cells a side; only blocks with spikes.

    Attributes
    ----------
    x, y, z : ndarray, shape (n_blocks,)
        Centre of each block; a block at the far border may be cut.
    count : ndarray of int, shape (n_blocks,)
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    count: np.ndarray
    down: int


Pixels = tuple[np.ndarray, np.ndarray]  # columns and rows


@dataclasses.dataclass(frozen=True)
class Moment:
    """What a network does in some steps.

    Attributes
    ----------
    dots, target : Pixels
        Dots that are shown, and those that the output should show.
    frames : tuple of ndarray, shape (n, n)
        The input first; the others are `FRAMES` of the kind.
    words : tuple of str
        A title for each frame.
    blocks : Blocks
        Spikes of the cells.
    output : Pixels
        That are on.
    """

    dots: Pixels
    target: Pixels
    frames: tuple[np.ndarray, ...]
    words: tuple[str, ...]
    blocks: Blocks
    output: Pixels


def block_counts(index: np.ndarray, n: int, down: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (z, y, x order) and spikes of the blocks that fired."""
    across = -(-n // down)
    z, pixel = np.divmod(index, n * n)
    y, x = np.divmod(pixel, n)
    return np.unique((z // down * across + y // down) * across + x // down, return_counts=True)


def block_centres(number: np.ndarray, n: int, depth: int, down: int) -> tuple[np.ndarray, ...]:
    """x, y, z of the middle of blocks."""
    across = -(-n // down)
    z, rest = np.divmod(number, across * across)
    y, x = np.divmod(rest, across)
    sizes = (n, n, depth)
    return tuple(
        (k * down + np.minimum((k + 1) * down, size) - 1) / 2
        for k, size in zip((x, y, z), sizes, strict=True)
    )


def pooled(index: np.ndarray, n: int, depth: int, down: int) -> Blocks:
    """Spikes of cells (lattice index) pooled into blocks."""
    number, count = block_counts(index, n, down)
    return Blocks(*block_centres(number, n, depth, down), count, down)


def overlap(image: np.ndarray, x: np.ndarray, y: np.ndarray, group: int = 1) -> float:
    """IoU of the pixels that are on with the dots; on the map of groups if `group` is above 1."""
    side = image.shape[0] // group
    row, column = np.nonzero(image)
    pixel = np.unique(row // group * side + column // group)
    target = np.array([x // group, y // group])[:, None, :]
    return float(output.step_iou(pixel, np.zeros_like(pixel), *target, side).iou[0])


# --- headers -------------------------------------------------------------------------------------


def rate(n_spikes: int, n_cells: int, n_steps: int) -> float:
    """Spikes per cell and step; NaN without a step."""
    return n_spikes / (n_cells * n_steps) if n_steps else np.nan


def input_words(dots: Pixels) -> str:
    return "input" if len(dots[0]) else "input: off"


def pixels(n: int) -> str:
    """How many, in words."""
    return {0: "silent", 1: "1 pixel"}.get(n, f"{n} pixels")


def test_name(name: str) -> str:
    """A frozen test in words."""
    return TESTS.get(name, name.replace("_", " "))


test_name.__test__ = False  # no test, whatever a collector makes of its name
