"""What is kept of a run while it goes on: bounded, and the same however the run is cut."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.engine.model import Block, Spikes
from models.cube.metrics.focus import Activity, focus_window
from models.cube.metrics.tube import Tube
from models.cube.params import LocalParams, Params
from models.cube.simulation import reach_back, tube_radius
from stimuli.dots import DotParams, Path, off_windows

BINS_PER_RUN = 200


def judged_steps(p: Params, dots: DotParams) -> tuple[int, int]:
    """Steps ``[first, stop)`` that are judged: the end of the longest time with input."""
    borders = [0, *(step for window in off_windows(dots) for step in window), p.steps]
    lit = [(a, min(b, p.steps)) for a, b in zip(borders[::2], borders[1::2], strict=True)]
    begin, stop = max(lit, key=lambda span: (span[1] - span[0], span[0]))
    first, length = focus_window(max(stop - begin, 0))
    return begin + first, begin + length


def kept_steps(p: Params, dots: DotParams) -> tuple[int, int]:
    """Steps ``[first, stop)`` whose spikes are kept: those that are judged, and one before."""
    first, stop = judged_steps(p, dots)
    return max(0, first - 1), stop


def bin_steps(p: Params) -> int:
    """Steps of a bin of the series: whole moves, some hundred bins a run."""
    return max(1, -(-p.steps // (BINS_PER_RUN * p.ratio))) * p.ratio


def tube_of(p: Params, path: Path) -> Tube:
    return Tube(p.n, p.L, tube_radius(p), reach_back(p), path.x, path.y, path.shown)


@dataclasses.dataclass
class Records:
    """Spikes and series of one network, fed block by block.

    Attributes
    ----------
    kept : dict of list of Spikes
        Of cells or hidden cells in the window `kept_steps`; of the output in all steps.
    activity : Activity or None
        Series of a cube over the whole run.
    n_hidden : list of ndarray
        Spikes of the hidden cells per step, of the local layer.
    """

    params: Params
    path: Path
    window: tuple[int, int]
    kept: dict[str, list[Spikes]]
    activity: Activity | None
    n_hidden: list[np.ndarray]
    n_near: list[np.ndarray]

    @staticmethod
    def start(p: Params, dots: DotParams, path: Path) -> Records:
        activity = None if isinstance(p, LocalParams) else Activity.empty(p.n, p.L, bin_steps(p))
        return Records(p, path, kept_steps(p, dots), {}, activity, [], [])

    def copy(self) -> Records:
        """A copy that can be fed while this one stays as it is."""
        activity = self.activity and Activity.from_arrays(self.activity.arrays())
        kept = {name: list(parts) for name, parts in self.kept.items()}
        return dataclasses.replace(
            self,
            kept=kept,
            activity=activity,
            n_hidden=list(self.n_hidden),
            n_near=list(self.n_near),
        )

    def feed(self, block: Block, first: int, stop: int) -> None:
        """Take the spikes of steps `first` to `stop` - 1."""
        main = "hidden" if self.activity is None else "cells"
        spikes = block.spikes[main]
        self._keep(main, spikes.between(*self.window))
        if "output" in block.spikes:
            self._keep("output", block.spikes["output"])
        if self.activity is not None:
            tube = tube_of(self.params, self.path)
            self.activity.feed(tube, spikes.index, spikes.step, stop)
            return
        n_steps = stop - first
        self.n_hidden.append(np.bincount(spikes.step - first, minlength=n_steps))
        near = spikes.step[self._near_dot(spikes)]
        self.n_near.append(np.bincount(near - first, minlength=n_steps))

    def _keep(self, name: str, spikes: Spikes) -> None:
        if spikes.index.size:
            self.kept.setdefault(name, []).append(spikes)

    def _near_dot(self, spikes: Spikes) -> np.ndarray:
        """Hidden spikes in the receptive fields of the shown dots."""
        p = self.params
        pixel = spikes.index % p.n**2
        dx = np.abs(pixel[:, None] % p.n - self.path.x[spikes.step])
        dy = np.abs(pixel[:, None] // p.n - self.path.y[spikes.step])
        return self.path.shown[spikes.step] & (np.maximum(dx, dy).min(axis=1) <= max(1, p.r))

    def spikes(self, name: str) -> Spikes:
        return Spikes.concatenate(self.kept.get(name, []))

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, to be saved; `restore` takes it back."""
        names = ("hidden", "output") if self.activity is None else ("cells", "output")
        arrays = {"kept_from": self.window[0], "kept_to": self.window[1]}
        for name in names:
            spikes = self.spikes(name)
            arrays |= {f"{name}_i": spikes.index, f"{name}_step": spikes.step.astype(np.int32)}
        if self.activity is not None:
            return arrays | {f"bin_{k}": v for k, v in self.activity.arrays().items()}
        none = [np.empty(0, np.int64)]
        arrays["n_hidden"] = np.concatenate(self.n_hidden or none)
        arrays["n_near"] = np.concatenate(self.n_near or none)
        return arrays

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take back what `arrays` gave."""
        for name in ("cells", "hidden", "output"):
            if f"{name}_i" in arrays:
                step = arrays[f"{name}_step"].astype(np.int64)
                self.kept[name] = [Spikes(arrays[f"{name}_i"], step)]
        if self.activity is not None:
            bins = {k.removeprefix("bin_"): v for k, v in arrays.items() if k.startswith("bin_")}
            self.activity = Activity.from_arrays(bins)
        else:
            self.n_hidden, self.n_near = [arrays["n_hidden"]], [arrays["n_near"]]
