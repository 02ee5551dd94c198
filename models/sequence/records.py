"""What is kept of a training: weights after each block, and how alike presentations are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from driver.engine.model import Block, Spikes
from models.sequence.memory import correlation
from models.sequence.responses import BIN
from models.sequence.simulation import in_cells
from models.sequence.values import PLASTIC
from models.sequence.wiring import Wiring
from stimuli.patterns import NOISE, Phases

COLUMNS = tuple(f"{name}_{what}" for name in PLASTIC for what in ("w", "w_sd", "variance"))


@dataclasses.dataclass(frozen=True)
class Records:
    """Series over a training.

    Attributes
    ----------
    course : list of tuple
        After each block, of each projection: mean and S.D. of the weights, mean of their tracked
        variance.
    likeness : list of tuple
        Step, pattern and correlation of the spike counts (bins of 10 ms) of a presentation with
        those of the one before of the same pattern.
    last : dict of ndarray
        Counts of the last presentation of each pattern.
    tail : Spikes
        Since the beginning of a presentation that is not over.
    """

    wiring: Wiring
    phases: Phases
    course: list = dataclasses.field(default_factory=list)
    likeness: list = dataclasses.field(default_factory=list)
    last: dict[int, np.ndarray] = dataclasses.field(default_factory=dict)
    tail: list = dataclasses.field(default_factory=list)

    def feed(self, block: Block, first: int, stop: int) -> None:
        self.course.append((stop, *self.weights_of(block.state)))
        spikes = Spikes.concatenate([*self.tail, in_cells(self.wiring, [block.spikes["cells"]])])
        phases = self.phases
        over = (phases.pattern != NOISE) & (phases.stop > first) & (phases.stop <= stop)
        for k in np.flatnonzero(over):
            self.compare(int(k), spikes)
        here = int(phases.at(stop)) if stop < phases.n_steps else None
        begun = here is not None and phases.pattern[here] != NOISE
        self.tail[:] = [spikes.between(int(phases.start[here]), stop)] if begun else []

    def weights_of(self, state: dict[str, np.ndarray]) -> list[float]:
        found = []
        for name, (i, _) in self.wiring.synapses.items():
            w, S, Q = (state[f"{name}.{v}"][: i.size] for v in "wSQ")
            found += [w.mean(), w.std(), (Q - S * S).mean()] if i.size else [np.nan] * 3
        return found

    def compare(self, k: int, spikes: Spikes) -> None:
        """Take a presentation that is over."""
        start, stop = int(self.phases.start[k]), int(self.phases.stop[k])
        pattern, n_bins = int(self.phases.pattern[k]), (stop - start) // BIN
        if n_bins == 0:
            return
        own = spikes.between(start, start + n_bins * BIN)
        counts = np.zeros((n_bins, self.wiring.n_cells), np.int16)
        np.add.at(counts, ((own.step - start) // BIN, own.index), 1)
        before = self.last.get(pattern)
        if before is not None and before.shape == counts.shape:
            self.likeness.append((stop, pattern, correlation(counts, before)))
        self.last[pattern] = counts

    def copy(self) -> Records:
        kept = {name: list(getattr(self, name)) for name in ("course", "likeness", "tail")}
        return dataclasses.replace(self, last=dict(self.last), **kept)

    def arrays(self) -> dict[str, Any]:
        tail = Spikes.concatenate(self.tail)
        found = {
            "course": np.array(self.course, float).reshape(-1, 1 + len(COLUMNS)),
            "likeness": np.array(self.likeness, float).reshape(-1, 3),
            "tail_index": tail.index,
            "tail_step": tail.step,
        }
        return found | {f"last_{pattern}": counts for pattern, counts in self.last.items()}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self.course[:] = map(tuple, arrays["course"])
        self.likeness[:] = map(tuple, arrays["likeness"])
        self.tail[:] = [Spikes(arrays["tail_index"], arrays["tail_step"])]
        known = [key for key in arrays if key.startswith("last_")]
        self.last.update({int(key.removeprefix("last_")): arrays[key] for key in known})
