"""Series of the local layer over the whole run: hidden spikes per step."""

from __future__ import annotations

import copy

import numpy as np

from driver.engine.model import Spikes
from models.cube.params import LocalParams
from stimuli.dots import Path


class Series:
    """Spikes of the hidden cells in each step, and those of them near a dot, block by block."""

    cells = "hidden"

    def __init__(self, p: LocalParams, path: Path):
        self.params, self.path = p, path
        self.counts = {"n_hidden": [], "n_near": []}

    def copy(self) -> Series:
        other = copy.copy(self)
        other.counts = {name: list(parts) for name, parts in self.counts.items()}
        return other

    def feed(self, spikes: Spikes, first: int, stop: int) -> None:
        near = spikes.step[self._near_dot(spikes)]
        for name, step in (("n_hidden", spikes.step), ("n_near", near)):
            self.counts[name].append(np.bincount(step - first, minlength=stop - first))

    def _near_dot(self, spikes: Spikes) -> np.ndarray:
        """Hidden spikes in the receptive fields of the shown dots."""
        p = self.params
        pixel = spikes.index % p.n**2
        dx = np.abs(pixel[:, None] % p.n - self.path.x[spikes.step])
        dy = np.abs(pixel[:, None] // p.n - self.path.y[spikes.step])
        return self.path.shown[spikes.step] & (np.maximum(dx, dy).min(axis=1) <= max(1, p.r))

    def arrays(self) -> dict[str, np.ndarray]:
        none = [np.empty(0, np.int64)]
        return {name: np.concatenate(parts or none) for name, parts in self.counts.items()}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self.counts = {name: [arrays[name]] for name in self.counts}


def reached(arrays: dict[str, np.ndarray]) -> int:
    """How many steps records have seen."""
    return arrays["n_hidden"].size
