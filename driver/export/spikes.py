"""Recorded spikes for other programs: what a room says of them, and what Neo and NWB share."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from driver.engine.model import Spikes
from driver.export.csv import Columns
from driver.flags.from_dataclass import UsageError


@dataclass(frozen=True, eq=False)
class Signal:
    """What was shown at every step of a recording: a position.

    Attributes
    ----------
    name, unit, description, frame : str
        `frame` says where the zeros and directions of the channels are.
    values : ndarray, shape (n_steps, n_channels)
    channels : tuple of str
    metres : float
        In a unit.
    """

    name: str
    values: np.ndarray
    unit: str
    channels: tuple[str, ...]
    description: str
    frame: str
    metres: float


@dataclass(frozen=True, eq=False)
class Recording:
    """Spikes of one network over a stretch of steps.

    Attributes
    ----------
    network : {'trained', 'untrained'}
    phase, description : str
    start, n_steps : int
        First step, by the clock of the phase, which its spikes count by, too.
    session_start : int
        The same step by a clock that all recordings of a network share.
    dt_s : float
    n_cells : dict of int
        By population, silent cells too.
    spikes : dict of Spikes
    signals : sequence of Signal
    """

    network: str
    phase: str
    description: str
    start: int
    n_steps: int
    session_start: int
    dt_s: float
    n_cells: Mapping[str, int]
    spikes: Mapping[str, Spikes]
    signals: Sequence[Signal] = ()

    def trains(self, population: str) -> list[np.ndarray]:
        """Steps of the spikes of every cell, ascending; an empty array for a silent cell."""
        spikes = self.spikes[population]
        kept = spikes.step >= self.start
        index, step = spikes.index[kept], spikes.step[kept]
        order = np.argsort(index, kind="stable")  # by cell, and in time as they were
        counts = np.bincount(index, minlength=self.n_cells[population])
        return np.split(step[order], np.cumsum(counts)[:-1])


def spike_table(recordings: Sequence[Recording]) -> Columns:
    """One row a spike; steps count by the clock of their phase."""
    parts = [(r, population, s) for r in recordings for population, s in r.spikes.items()]
    sizes = [s.step.size for *_, s in parts]
    step = np.concatenate([s.step for *_, s in parts])
    return {
        "network": np.repeat([r.network for r, *_ in parts], sizes),
        "phase": np.repeat([r.phase for r, *_ in parts], sizes),
        "population": np.repeat([population for _, population, _ in parts], sizes),
        "cell": np.concatenate([s.index for *_, s in parts]),
        "step": step,
        "time_s": step * np.repeat([r.dt_s for r, *_ in parts], sizes),
    }


def optional(name: str) -> ModuleType:
    """A package that a run can do without.

    Raises
    ------
    UsageError
        If it is not installed; the message says how to get it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        how = "pip install -r requirements-extra.txt"
        raise UsageError(f"this needs the package {name} ({error}): {how}") from None
