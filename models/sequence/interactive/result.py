"""What a run returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from driver.engine.model import Spikes
from models.sequence import assembly
from models.sequence.interactive.inputs import Shown
from models.sequence.potentials import ends, rate_fractions, replay
from models.sequence.wiring import Wiring

AGREES = 1e-9  # what sums of rate fractions and replayed weights may be off


@dataclasses.dataclass
class Result:
    """One run. Steps of 1 ms count from its beginning.

    Attributes
    ----------
    ids : ndarray of int, shape (n_recorded,)
        Recorded cells, as they were asked for.
    spikes : Spikes
        Of all cells: `index` and `step`.
    shown : Shown
        Spikes of the inputs by origin (`of_pattern`, `of_background`), and `phases`.
    record_ms : ndarray of int, shape (n_records,)
        When weights and EPSPs were recorded.
    weights, epsps : dict of ndarray, shape (n_records, n_synapses)
        Of the synapses ``input_cell`` and ``cell_cell`` onto recorded cells.
    ends : dict of ndarray of int, shape (2, n_synapses)
        Source and cell of each.
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
    weights: Mapping[str, np.ndarray]
    epsps: Mapping[str, np.ndarray]
    ends: Mapping[str, np.ndarray]
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

        Replayed, exact to rounding: an error if the last weights are not those of the engine.
        """
        circuit_of = self.wiring.circuit_of
        cells = np.flatnonzero(np.isin(circuit_of, circuit_of[self.ids]))
        u, w = replay(
            self.wiring, self.start, self.shown.bits, self.spikes, cells, self.first, self.train
        )
        kept = np.isin(ends(self.wiring)[1], self.ids)
        off = np.abs(w[kept] - np.concatenate([v[-1] for v in self.weights.values()])).max()
        if not off <= AGREES:
            raise RuntimeError(f"weights of the replay are off by {off:.1e}")
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
        circuit = self.wiring.circuit_of[cells]
        sums = np.add.reduceat(p, np.flatnonzero(np.diff(circuit, prepend=-1)), axis=1)
        return float(np.abs(sums - 1).max())

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
