"""Recorded spikes by phase and cell, and the source beside them: what Neo and NWB share."""

from __future__ import annotations

import dataclasses
import importlib

import numpy as np

from driver.flags.from_dataclass import UsageError
from models.lateral_line.saved import Seed
from stimulus import training_frames


@dataclasses.dataclass(frozen=True)
class Phase:
    """A stretch of recorded steps.

    Attributes
    ----------
    name : {'train', 'test', 'untrained'}
    start : int
        First step; of the whole training in ``train``, else 0.
    n_steps : int
    """

    name: str
    start: int
    n_steps: int


def phases(seed: Seed) -> list[Phase]:
    """The shown end of the training (none without training), the test and its untrained twin."""
    n_training, n_test = int(seed.recordings["n_training_steps"]), seed.recordings["test_x_cm"].size
    tail = Phase("train", n_training - seed.n_tail_steps, seed.n_tail_steps)
    twins = [Phase(name, 0, n_test) for name in ("test", "untrained")]
    return [tail, *twins] if tail.n_steps else twins


def trains(seed: Seed, phase: Phase, population: str) -> list[np.ndarray]:
    """Steps of the spikes of every cell, ascending; an empty array for a silent cell."""
    spikes = seed.spikes(phase.name, population)
    kept = spikes.step >= phase.start
    index, step = spikes.index[kept], spikes.step[kept]
    order = np.argsort(index, kind="stable")  # by cell, and in time as they were
    counts = np.bincount(index, minlength=seed.n_cells(population))
    return np.split(step[order], np.cumsum(counts)[:-1])


def source_cm(seed: Seed, phase: Phase) -> np.ndarray:
    """Position along the body and distance from it at each step, shape (n_steps, 2), cm.

    Training stimuli are a function of the stored parameters; those of the test are stored.
    """
    if phase.name == "train":
        stretch = phase.start, phase.n_steps
        frames = training_frames(seed.params, seed.run.stimulus, *stretch)
        frames = frames.per_step(phase.n_steps, phase.start)
        return np.column_stack([frames.x_cm, frames.d_cm])
    return np.column_stack([seed.recordings["test_x_cm"], seed.recordings["test_d_cm"]])


def optional(name: str):
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
