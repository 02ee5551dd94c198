"""What is shown of a seed, and what a network does at one moment: arrays in, arrays out.

A *moment* is a range of steps whose spikes are pooled: one dot move of a cube, one step of the
local layer.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np

from driver.experiment.metric import LABELS
from driver.formatting import text  # noqa: F401, where figures look for it
from models.cube.lattice.values import lag_moves
from models.cube.metrics import output
from models.cube.params import GroupsParams, LocalParams, Params
from models.cube.values import wiring_of
from stimuli.dots import DotParams

RATE_STEPS = {"local": 100, "cube": 200}  # window of the rate in a header
IOU_STEPS = 100
BLOCKS_A_SIDE = 12
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
    def is_local(self) -> bool:
        return isinstance(self.params, LocalParams)

    @property
    def group(self) -> int:
        """Side of a group of cells; 1 without groups."""
        return self.params.m if isinstance(self.params, GroupsParams) else 1

    @cached_property
    def moment(self) -> tuple[int, int]:
        return good_moment(self.params, self.recordings["trained"])

    def number_of(self, label: str, *keys: str) -> float:
        """One metric; NaN if it is undefined or was not measured."""
        return number_in(self.results[label], *keys)


def number_in(metrics: Any, *keys: str) -> float:
    """A number of nested metrics; NaN for null, and for a part that is not there."""
    for key in keys:
        metrics = metrics.get(key) if isinstance(metrics, dict) else None
    return np.nan if metrics is None else float(metrics)


def floats(values: Any) -> np.ndarray:
    """A list of numbers as an array; null is NaN."""
    return np.array([] if values is None else values, dtype=float)


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
    n_steps = 1 if isinstance(p, LocalParams) else p.ratio
    last = max(stop // n_steps - 1, 0)
    undisturbed = [
        move
        for move in range(-(-first // n_steps), last + 1)
        if is_undisturbed(p, arrays, move * n_steps, n_steps)
    ]
    spikes, shot = moves_count(p, arrays, n_steps, last + 1)
    busy = [move for move in undisturbed if spikes[move] >= spikes[undisturbed].mean()]
    speaking = [move for move in busy if shot[move]]
    move = next((found[-1] for found in (speaking, busy, undisturbed) if found), last)
    return move * n_steps, (move + 1) * n_steps


def is_undisturbed(p: Params, arrays: Arrays, at: int, n_steps: int) -> bool:
    """Whether the dots were shown and not launched while what is seen at `at` came through."""
    back = (2 if isinstance(p, LocalParams) else lag_moves(p) + 1) * p.ratio
    seen = slice(max(0, at - back), at + n_steps)
    return bool(arrays["shown"][seen].all() and not arrays["launched"][seen].any())


def moves_count(p: Params, arrays: Arrays, n_steps: int, n_moves: int) -> tuple[np.ndarray, ...]:
    """Spikes of the cells, and of the output or the back plane, in each move."""
    if isinstance(p, LocalParams):
        steps = arrays["hidden_step"], arrays["output_step"]
    else:
        back = np.asarray(arrays["cells_i"]) >= p.n**2 * (p.L - 1)
        steps = arrays["cells_step"], arrays["cells_step"][back]
    return tuple(np.bincount(s // n_steps, minlength=n_moves) for s in steps)


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


def sides(n: int, depth: int, down: int) -> tuple[int, int]:
    """Blocks along an image axis, and along z."""
    return -(-n // down), -(-depth // down)


def block_counts(index: np.ndarray, n: int, depth: int, down: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (z, y, x order) and spikes of the blocks that fired."""
    across, _ = sides(n, depth, down)
    z, pixel = np.divmod(index, n * n)
    y, x = np.divmod(pixel, n)
    return np.unique((z // down * across + y // down) * across + x // down, return_counts=True)


def block_centres(number: np.ndarray, n: int, depth: int, down: int) -> tuple[np.ndarray, ...]:
    """x, y, z of the middle of blocks."""
    across, _ = sides(n, depth, down)
    z, rest = np.divmod(number, across * across)
    y, x = np.divmod(rest, across)
    sizes = (n, n, depth)
    return tuple(
        (k * down + np.minimum((k + 1) * down, size) - 1) / 2
        for k, size in zip((x, y, z), sizes, strict=True)
    )


def pooled(index: np.ndarray, n: int, depth: int, down: int) -> Blocks:
    """Spikes of cells (lattice index) pooled into blocks."""
    number, count = block_counts(index, n, depth, down)
    return Blocks(*block_centres(number, n, depth, down), count)


def overlap(image: np.ndarray, x: np.ndarray, y: np.ndarray, group: int = 1) -> float:
    """IoU of the pixels that are on with the dots; on the map of groups if `group` is above 1."""
    side = image.shape[0] // group
    row, column = np.nonzero(image)
    pixel = np.unique(row // group * side + column // group)
    target = np.array([x // group, y // group])[:, None, :]
    return float(output.step_iou(pixel, np.zeros_like(pixel), *target, side).iou[0])


# --- headers -------------------------------------------------------------------------------------


def recent_rate(
    arrays: Arrays, p: Params, stop: int, dots: DotParams | None = None
) -> tuple[float, int]:
    """Spikes per cell and step in the steps before `stop`, and how many steps those are.

    The last 100 of the local layer, 200 of a cube; fewer if fewer are known.
    """
    if isinstance(p, LocalParams):
        first = max(0, stop - RATE_STEPS["local"])
        n_spikes = int(np.sum(arrays["n_hidden"][first:stop]))
        n_cells = n_hidden(p, dots or DotParams())
    else:
        first = max(int(arrays["kept_from"]), stop - RATE_STEPS["cube"])
        n_spikes = between(arrays, "cells", first, stop).size
        n_cells = p.n**2 * p.L
    n_steps = stop - first
    return (n_spikes / (n_cells * n_steps) if n_steps else np.nan), n_steps


def n_hidden(p: LocalParams, dots: DotParams) -> int:
    """Hidden cells: one a pixel, or one for each move along an axis."""
    return wiring_of(p, dots).n_hidden


def pixels(n: int) -> str:
    """How many, in words."""
    return {0: "silent", 1: "1 pixel"}.get(n, f"{n} pixels")
