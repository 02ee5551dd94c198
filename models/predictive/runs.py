"""Runs of the spiking network on Brian, one after the other on an engine that is kept."""

from __future__ import annotations

import dataclasses
import weakref

import numpy as np

from driver.engine.choose import choose
from driver.engine.model import Spikes
from driver.experiment.network import Session, State
from models.predictive.params import SpikingParams
from models.predictive.spiking import BLOCK_STEPS, Simulation

BLOCK_COST = 600  # a block takes numpy as long as so many steps


@dataclasses.dataclass(frozen=True, eq=False)
class Result:
    """A run; what was not recorded is empty. Steps of 1 ms count from its beginning.

    Attributes
    ----------
    spikes : tuple of Spikes
        Of each layer, the input first: `index` and `step`.
    errors : tuple of ndarray, shape (n_stretches, n_l)
        Mean of abs(error) of each cell above the input in a stretch; before the spikes of a step.
    stops_ms : ndarray of int, shape (n_stretches,)
        End of each stretch.
    output : ndarray, shape (n_L,)
        Rates of the top layer at the end, in units of `r_max_hz`.
    """

    spikes: tuple[Spikes, ...]
    errors: tuple[np.ndarray, ...]
    stops_ms: np.ndarray
    output: np.ndarray


class Runs:
    """Where the runs of a network are made: opened at the first, compiled once it is worth it."""

    def __init__(self, params: SpikingParams, backend: str):
        self.params, self.backend = params, backend
        self.sim: Simulation | None = None
        self.asked = 0

    def run(self, state: State, x: np.ndarray, M: np.ndarray, every: int) -> tuple[State, Result]:
        """Run ``len(x)`` steps from a state; `every`: steps of a stretch."""
        stops = [*range(every, len(x), every), len(x)]
        sim = self._opened(len(x), len(x) // min(every, BLOCK_STEPS))
        first, spikes, errors = 0, [], []
        for stop in stops:
            block = sim.run(state, x[first:stop], M[first:stop])
            sums = [block.state[k] - state[k] for k in state if k.endswith(".sum_eps")]
            errors.append([found / (stop - first) for found in sums])
            spikes.append([Spikes(s.index, s.step + first) for s in block.spikes.values()])
            state, first = block.state, stop
        by_layer = tuple(map(np.array, zip(*errors, strict=True)))
        joined = tuple(Spikes.concatenate(list(parts)) for parts in zip(*spikes, strict=True))
        output = state[f"layer{len(self.params.sizes) - 1}.p"].copy()
        return state, Result(joined, by_layer, np.array(stops), output)

    def _opened(self, n_steps: int, n_blocks: int) -> Simulation:
        self.asked += n_steps + BLOCK_COST * n_blocks
        if self.sim and self.backend == "auto" and self.sim.engine.backend == "numpy":
            if choose("auto", self.sim.model, self.asked, sum(self.params.sizes))[0] != "numpy":
                self.close()
        if not self.sim:
            self.sim = Simulation(self.params, self.asked, Session(self.backend))
            self._closed = weakref.finalize(self, self.sim.engine.close)
        return self.sim

    def close(self) -> None:
        """Let the engine go; the next run opens it again."""
        if self.sim:
            self._closed()
            self.sim = None
