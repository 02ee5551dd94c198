"""What is kept of a run while it goes on: bounded, and the same however the run is cut."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from driver.engine.model import Block, Spikes
from models.cube.kinds import kind_of
from models.cube.params import Params
from stimuli.dots import DotParams, Path, off_windows

FOCUS_STEPS = 3000  # length of the window at the end of a run


def focus_window(n_steps: int) -> tuple[int, int]:
    """First step and stop of the steps that are judged: the last 3000 or, if fewer, the last half.

    `n_steps` are the steps up to the removal of the input, if it is removed.
    """
    return n_steps - min(FOCUS_STEPS, (n_steps + 1) // 2), n_steps


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


@dataclasses.dataclass
class Records:
    """Spikes and series of one network, fed block by block.

    Attributes
    ----------
    window : (int, int)
        Steps `kept_steps`.
    series : Series
        Of the whole run, see the `records` of each kind; also says which population the cells are.
    kept : dict of list of Spikes
        Of the cells in the window; of the output in all steps.
    """

    window: tuple[int, int]
    series: Any
    kept: dict[str, list[Spikes]] = dataclasses.field(default_factory=dict)

    @staticmethod
    def start(p: Params, dots: DotParams, path: Path) -> Records:
        return Records(kept_steps(p, dots), kind_of(p).records.Series(p, path))

    def copy(self) -> Records:
        """A copy that can be fed while this one stays as it is."""
        kept = {name: list(parts) for name, parts in self.kept.items()}
        return Records(self.window, self.series.copy(), kept)

    def feed(self, block: Block, first: int, stop: int) -> None:
        """Take the spikes of steps `first` to `stop` - 1."""
        spikes = block.spikes[self.series.cells]
        self._keep(self.series.cells, spikes.between(*self.window))
        if "output" in block.spikes:
            self._keep("output", block.spikes["output"])
        self.series.feed(spikes, first, stop)

    def _keep(self, name: str, spikes: Spikes) -> None:
        if spikes.index.size:
            self.kept.setdefault(name, []).append(spikes)

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, to be saved; `restore` takes it back."""
        arrays = {"kept_from": self.window[0], "kept_to": self.window[1]}
        for name in (self.series.cells, "output"):
            spikes = Spikes.concatenate(self.kept.get(name, []))
            arrays |= {f"{name}_i": spikes.index, f"{name}_step": spikes.step.astype(np.int32)}
        return arrays | self.series.arrays()

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Take back what `arrays` gave."""
        for name in (self.series.cells, "output"):
            step = arrays[f"{name}_step"].astype(np.int64)
            self.kept[name] = [Spikes(arrays[f"{name}_i"], step)]
        self.series.restore(arrays)
