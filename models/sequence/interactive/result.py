"""What a run returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from driver.engine.model import Spikes
from models.sequence import assembly
from models.sequence.interactive.inputs import Shown
from models.sequence.potentials import columns, rate_fractions, replay, traces
from models.sequence.values import PLASTIC
from models.sequence.wiring import Wiring

AGREES = 1e-9  # what sums of rate fractions and replayed weights may be off


class Afferents:
    """Weights and EPSPs of the synapses onto some cells, kept each time it is called."""

    def __init__(self, wiring: Wiring, ids: np.ndarray):
        self.wiring, self.column = wiring, columns(wiring)
        both = wiring.synapses.items()
        self.chosen = {name: np.flatnonzero(np.isin(j, ids)) for name, (_, j) in both}
        self.ends = {name: tuple(end[self.chosen[name]] for end in ends) for name, ends in both}
        self.weights, self.epsps = ({name: [] for name in PLASTIC} for _ in range(2))

    def __call__(self, state: Mapping[str, np.ndarray], now: int) -> None:
        a, b = traces(self.wiring, state, now)
        offset = dict(zip(PLASTIC, (0, self.wiring.inputs[0].size), strict=True))
        for name, numbers in self.chosen.items():
            self.weights[name].append(state[f"{name}.w"][numbers])
            self.epsps[name].append((a - b)[self.column[offset[name] + numbers]])

    def arrays(self) -> dict[str, dict]:
        """As a `Result` has them."""
        w, y = ({k: np.array(v) for k, v in kept.items()} for kept in (self.weights, self.epsps))
        return {"synapses": self.chosen, "ends": self.ends, "weights": w, "epsps": y}


@dataclasses.dataclass
class Result:
    """One run. Steps of 1 ms count from its beginning.

    Attributes
    ----------
    title : str
    train, wants_order : bool
    ids : ndarray of int, shape (n_recorded,)
        Recorded cells, as they were asked for.
    spikes : Spikes
        Of all cells: `index` and `step`.
    shown : Shown
        Spikes of the inputs by origin (`of_pattern`, `of_background`), and `phases`.
    record_ms : ndarray of int, shape (n_records,)
        When weights and EPSPs were recorded.
    synapses, ends : dict of ndarray, of (ndarray, ndarray)
        Numbers of the recorded ``input_cell`` and ``cell_cell``; source and cell of each.
    weights, epsps : dict of ndarray, shape (n_records, n_synapses)
    wiring, start, first
        Of the network; state and absolute step at which the run began.
    """

    title: str
    train: bool
    wants_order: bool
    ids: np.ndarray
    spikes: Spikes
    shown: Shown
    record_ms: np.ndarray
    synapses: Mapping[str, np.ndarray]
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]]
    weights: Mapping[str, np.ndarray]
    epsps: Mapping[str, np.ndarray]
    wiring: Wiring
    start: Mapping[str, np.ndarray]
    first: int

    @property
    def n_steps(self) -> int:
        return self.shown.phases.n_steps

    @property
    def labels(self) -> np.ndarray:
        """Pattern shown in each step, -1 in noise, shape (n_steps,)."""
        return self.shown.phases.labels()

    @cached_property
    def circuits(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All cells of the circuits of recorded ones, their potentials and rate fractions.

        Computed from the spikes, learning included, exact to rounding: `RuntimeError` if the
        weights at the end are not those of the engine.
        """
        circuit_of = self.wiring.circuit_of
        cells = np.flatnonzero(np.isin(circuit_of, circuit_of[self.ids]))
        u, w = replay(
            self.wiring, self.start, self.shown.bits, self.spikes, cells, self.first, self.train
        )
        split = np.split(w, [self.wiring.inputs[0].size])
        for (name, numbers), found in zip(self.synapses.items(), split, strict=True):
            off = np.abs(found[numbers] - self.weights[name][-1]).max(initial=0)
            if not off <= AGREES:
                raise RuntimeError(f"weights {name} of the replay are off by {off:.1e}")
        return cells, u, rate_fractions(self.wiring, u, cells)

    @property
    def potentials(self) -> np.ndarray:
        """Of each recorded cell in each step, shape (n_steps, n_recorded)."""
        cells, u, _ = self.circuits
        return u[:, np.searchsorted(cells, self.ids)]

    @property
    def rate_fractions(self) -> np.ndarray:
        """Share of the rate of its circuit, of each recorded cell, (n_steps, n_recorded)."""
        cells, _, p = self.circuits
        return p[:, np.searchsorted(cells, self.ids)]

    def worst_sum(self) -> float:
        """How far the rate fractions of a circuit of a recorded cell are from a sum of 1."""
        cells, _, p = self.circuits
        first = np.flatnonzero(np.diff(self.wiring.circuit_of[cells], prepend=-1))
        return float(np.abs(np.add.reduceat(p, first, axis=1) - 1).max())

    @property
    def order_valid(self) -> bool:
        """Whether cells could be ordered: a pattern was shown from beginning to end."""
        return self.wants_order and bool(self.shown.complete.any())

    @cached_property
    def order(self) -> np.ndarray:
        """Recorded cells by their time of activation in the last complete presentation, silent
        ones last; as in `ids` if this was not asked for or there is none."""
        if not self.order_valid:
            return self.ids
        phases, k = self.shown.phases, np.flatnonzero(self.shown.complete)[-1]
        profile = self.rate_fractions[phases.start[k] : phases.stop[k]]
        return self.ids[assembly.order(profile)]

    @property
    def metrics(self) -> dict[str, float]:
        """Mean rates, Hz: of cells, of recorded ones in noise and in patterns, of inputs."""
        fired = np.zeros((self.n_steps, self.wiring.n_cells), bool)
        fired[self.spikes.step, self.spikes.index] = True
        shown, own = self.labels >= 0, fired[:, self.ids]
        parts = {"rate": fired, "rate_noise": own[~shown], "rate_pattern": own[shown]}
        parts["input_rate"] = self.shown.bits
        return {f"{k}_hz": float(v.mean() * 1000) if v.size else np.nan for k, v in parts.items()}
