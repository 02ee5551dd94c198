"""Series of a lattice over the whole run, in bins, and the tube of the dot that they look at."""

from __future__ import annotations

import copy

import numpy as np

from driver.engine.model import Spikes
from models.cube.lattice.values import reach_back, tube_radius
from models.cube.metrics.focus import Activity
from models.cube.metrics.tube import Tube
from models.cube.params import CubeParams
from stimuli.dots import Path

BINS_PER_RUN = 200


def bin_steps(p: CubeParams) -> int:
    """Steps of a bin of the series: whole moves, some hundred bins a run."""
    return max(1, -(-p.steps // (BINS_PER_RUN * p.ratio))) * p.ratio


def tube_of(p: CubeParams, path: Path) -> Tube:
    return Tube(p.n, p.L, tube_radius(p), reach_back(p), path.x, path.y, path.shown)


def activity_in(arrays: dict[str, np.ndarray]) -> Activity:
    """The series of a recording."""
    bins = {k.removeprefix("bin_"): v for k, v in arrays.items() if k.startswith("bin_")}
    return Activity.from_arrays(bins)


class Series:
    """Spikes in the tube of the dot, outside it and by layer."""

    cells = "cells"

    def __init__(self, p: CubeParams, path: Path):
        self.tube, self.activity = tube_of(p, path), Activity.empty(p.n, p.L, bin_steps(p))

    def copy(self) -> Series:
        other = copy.copy(self)
        other.activity = copy.deepcopy(self.activity)
        return other

    def feed(self, spikes: Spikes, first: int, stop: int) -> None:
        self.activity.feed(self.tube, spikes.index, spikes.step, stop)

    def arrays(self) -> dict[str, np.ndarray]:
        return {f"bin_{name}": values for name, values in self.activity.arrays().items()}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self.activity = activity_in(arrays)


def reached(arrays: dict[str, np.ndarray]) -> int:
    """How many steps records have seen."""
    return int(arrays["bin_steps"].sum())
