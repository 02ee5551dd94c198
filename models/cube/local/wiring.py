"""Links of the local layer: patches, or strips of cells that tell motion."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from models.cube.params import LocalParams
from models.cube.wiring import Ends, all_pairs, joined, patches, shifted
from stimuli.dots import DotParams


def wiring_of(p: LocalParams, dots: DotParams) -> LocalWiring:
    return LocalWiring(p, displacements(dots.speed, dots.speed_t))


@dataclasses.dataclass(frozen=True)
class LocalWiring:
    """Links of the local layer: retina to hidden cells, hidden cells to output pixels.

    Attributes
    ----------
    displacements : tuple of int
        Moves along one axis, in pixels, that motion cells tell apart.
    """

    params: LocalParams
    displacements: tuple[int, ...] = (-1, 1)

    @property
    def n_hidden(self) -> int:
        axes = 2 * len(self.displacements) if self.params.hidden == "motion" else 1
        return axes * self.params.n**2

    @property
    def reach(self) -> int:
        """Pixels that a dot may move along an axis."""
        return max(self.displacements)

    @cached_property
    def projections(self) -> dict[str, Ends]:
        """Ends of all links, by projection."""
        p = self.params
        if p.hidden == "motion":
            return motion_links(p, self.displacements)
        if p.dense:
            pairs = all_pairs(p.n**2, p.n**2)
            return {"input": pairs, "readout": pairs}
        return {"input": patches(p.n, p.r), "readout": patches(p.n, p.r_out)}

    @cached_property
    def in_patch(self) -> np.ndarray:
        """Which input links lie within the receptive field; all but with `dense`."""
        n, (i, j) = self.params.n, self.projections["input"]
        if self.params.hidden == "motion":
            return np.ones(i.size, bool)
        dx, dy = np.abs(i % n - j % n), np.abs(i // n - j // n)
        return np.maximum(dx, dy) <= self.params.r


def displacements(*speeds: int) -> tuple[int, ...]:
    """Moves along an axis that a dot of these speeds can make, bounces included.

    A bounce within a move leaves any of s, s - 2, ... -s.
    """
    return tuple(sorted({d for s in speeds for d in range(-s, s + 1, 2)}))


def motion_links(p: LocalParams, moves: tuple[int, ...]) -> dict[str, Ends]:
    """Links of cells that tell motion along one axis.

    A cell that stands for a move by d along x sees a strip of its own column in the present
    frame and a longer strip of the column d pixels back in the last one; it takes both to make
    it fire. Along y the same with rows. Cells along x drive the branch for the column of the
    pixels in their row, cells along y the branch for the row of those in their column.
    """
    across = range(-p.r, p.r + 1)
    before = range(-p.r - max(moves), p.r + max(moves) + 1)
    out = range(-p.r_out, p.r_out + 1)
    parts = {name: [] for name in ("input", "before", "readout_x", "readout_y")}
    for k, (axis, d) in enumerate([(a, d) for a in "xy" for d in moves]):
        offset = {
            "x": lambda along, over: (0, over, along),
            "y": lambda along, over: (0, along, over),
        }[axis]
        shift = k * p.n**2
        for name, strip in (
            ("input", [offset(0, a) for a in across]),
            ("before", [offset(d, a) for a in before]),
        ):
            i, j = shifted(p.n, 1, strip)
            parts[name].append((i, j + shift))
        i, j = shifted(p.n, 1, [offset(a, 0) for a in out])
        parts[f"readout_{axis}"].append((i + shift, j))
    return {name: joined(*ends) for name, ends in parts.items()}
