"""What a run returns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cached_property
from types import SimpleNamespace

import numpy as np

from driver.engine.model import Spikes
from models.sequence import assembly
from models.sequence.interactive.inputs import Shown
from models.sequence.interactive.replay import afferents, replay, traces
from models.sequence.potentials import rate_fractions
from models.sequence.wiring import Wiring

AGREES = 1e-9  # what sums of rate fractions and replayed weights may be off


class Afferents:
    """Weights and EPSPs of all synapses onto some cells, each time it is called."""

    def __init__(self, wiring: Wiring, cells: np.ndarray):
        self.wiring, found = wiring, afferents(wiring, cells)
        self.chosen = {name: np.concatenate(parts) for name, parts in found.items()}
        self.ends = {
            name: tuple(end[self.chosen[name]] for end in ends)
            for name, ends in zip(self.chosen, (wiring.inputs, wiring.recurrent), strict=True)
        }
        self.weights, self.epsps = ({name: [] for name in found} for _ in range(2))

    def __call__(self, state: Mapping[str, np.ndarray], now: int) -> None:
        for name, numbers in self.chosen.items():
            a, b = traces(self.wiring, state, name, numbers, now)
            self.weights[name].append(state[f"{name}.w"][numbers])
            self.epsps[name].append(a - b)

    def arrays(self) -> dict[str, dict]:
        """As a `Result` has them."""
        w, y = ({k: np.array(v) for k, v in kept.items()} for kept in (self.weights, self.epsps))
        return {"ends": self.ends, "weights": w, "epsps": y}


@dataclasses.dataclass
class Result:
    """One run. Steps of 1 ms count from its beginning.

    Attributes
    ----------
    title : str
    train : bool
    ids : ndarray of int, shape (n_recorded,)
        Recorded cells, as they were asked for.
    n_steps : int
    spikes : Spikes
        Of all cells: `index` and `step`.
    shown : Shown
        Spikes of the inputs by origin (`of_pattern`, `of_background`), and `phases`.
    record_ms : ndarray of int, shape (n_records,)
        When weights and EPSPs were recorded.
    ends : dict of (ndarray, ndarray)
        Source and cell of the recorded synapses, for ``input_cell`` and ``cell_cell``.
    weights, epsps : dict of ndarray, shape (n_records, n_synapses)
    wiring, start, first
        Of the network; state and absolute step at which the run began.
    wants_order : bool
    """

    title: str
    train: bool
    ids: np.ndarray
    n_steps: int
    spikes: Spikes
    shown: Shown
    record_ms: np.ndarray
    ends: Mapping[str, tuple[np.ndarray, np.ndarray]]
    weights: Mapping[str, np.ndarray]
    epsps: Mapping[str, np.ndarray]
    wiring: Wiring
    start: Mapping[str, np.ndarray]
    first: int
    wants_order: bool = False

    @property
    def labels(self) -> np.ndarray:
        """Pattern shown in each step, -1 in noise, shape (n_steps,)."""
        return self.shown.phases.labels()

    def input_spikes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Step, input, and whether it is of a pattern, of each spike of the inputs."""
        step, index = np.nonzero(self.shown.bits)
        return step, index, self.shown.of_pattern[step, index]

    # --- of every step, computed when they are first asked for ----------------------------

    @cached_property
    def _circuits(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All cells of the circuits of recorded ones, their potentials and rate fractions.

        Raises
        ------
        RuntimeError
            If the weights that the replay ends with are not those of the engine.
        """
        circuit_of = self.wiring.circuit_of
        cells = np.flatnonzero(np.isin(circuit_of, circuit_of[self.ids]))
        u, w = replay(
            self.wiring, self.start, self.shown.bits, self.spikes, cells, self.first, self.train
        )
        own = [w[k] for k in np.searchsorted(cells, self.ids)]
        n_inputs = self.shown.bits.shape[1]
        ends = {"input_cell": [k[:n_inputs] for k in own], "cell_cell": [k[n_inputs:] for k in own]}
        for name, parts in ends.items():
            off = np.abs(np.concatenate(parts) - self.weights[name][-1]).max(initial=0)
            if not off <= AGREES:
                raise RuntimeError(f"weights {name} of the replay are off by {off:.1e}")
        first = np.flatnonzero(np.diff(circuit_of[cells], prepend=-1))
        local = np.repeat(np.arange(first.size), np.diff(first, append=cells.size))
        circuits = SimpleNamespace(first_cell=first, circuit_of=local)  # a smaller wiring
        return cells, u, rate_fractions(circuits, u)

    @property
    def potentials(self) -> np.ndarray:
        """Potential of each recorded cell in each step, shape (n_steps, n_recorded).

        Replayed from the spikes, learning included, see `replay`; exact to rounding.
        """
        cells, u, _ = self._circuits
        return u[:, np.searchsorted(cells, self.ids)]

    @property
    def rate_fractions(self) -> np.ndarray:
        """Share of the rate of its circuit, of each recorded cell, (n_steps, n_recorded)."""
        cells, _, p = self._circuits
        return p[:, np.searchsorted(cells, self.ids)]

    def worst_sum(self) -> float:
        """How far the rate fractions of a circuit of a recorded cell are from a sum of 1."""
        cells, _, p = self._circuits
        first = np.flatnonzero(np.diff(self.wiring.circuit_of[cells], prepend=-1))
        return float(np.abs(np.add.reduceat(p, first, axis=1) - 1).max())

    # --- order ----------------------------------------------------------------------------

    @cached_property
    def order_valid(self) -> bool:
        """Whether cells could be ordered: a pattern was shown from beginning to end."""
        return self.wants_order and bool(self.shown.complete.any())

    @cached_property
    def activation(self) -> tuple[np.ndarray, np.ndarray]:
        """When recorded cells are active in the last complete presentation, ms, and how
        concentrated, 0 to 1; NaN without one. See `assembly.activation`."""
        complete = np.flatnonzero(self.shown.complete)
        if not complete.size:
            return np.full((2, self.ids.size), np.nan)
        phases, k = self.shown.phases, complete[-1]
        return assembly.activation(self.rate_fractions[phases.start[k] : phases.stop[k]])

    @cached_property
    def order(self) -> np.ndarray:
        """Recorded cells by their time of activation, silent ones last; else as in `ids`."""
        if not self.order_valid:
            return self.ids
        return self.ids[np.argsort(self.activation[0], kind="stable")]

    @property
    def metrics(self) -> dict[str, float]:
        """Mean rates, Hz: of cells, of recorded ones in noise and in patterns, of inputs."""
        fired = np.zeros((self.n_steps, self.wiring.n_cells), bool)
        fired[self.spikes.step, self.spikes.index] = True
        shown, own = self.labels >= 0, fired[:, self.ids]
        inputs = self.shown.bits
        parts = {"rate": fired, "rate_noise": own[~shown], "rate_pattern": own[shown]}
        return {
            f"{k}_hz": float(v.mean() * 1000) if v.size else np.nan
            for k, v in (parts | {"input_rate": inputs}).items()
        }
