"""One network of one seed, ready for training and tests."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.engine.model import Spikes
from driver.experiment.network import Network, Session, State
from models.sequence import values
from models.sequence.wiring import Wiring
from stimuli.patterns import Stimulus


class Simulation(Network):
    """The network of a wiring; `given` brings the spikes of the inputs."""

    def __init__(
        self,
        wiring: Wiring,
        n_steps: int,
        session: Session | None = None,
        *,
        forced: bool = False,
        block_steps: int | None = None,
    ):
        block_steps = block_steps or values.BLOCK_STEPS
        self.wiring, self.block_limit = wiring, block_steps
        self.constants = values.constants(wiring)
        n_cells = wiring.n_slots + wiring.params.n_inputs
        network = values.model(wiring, forced=forced, block_steps=block_steps)
        super().__init__(network, (n_steps, n_cells), session)

    def initial_state(self) -> State:
        return values.initial_state(self.wiring)

    def block_steps(self, first: int, stop: int, **conditions) -> int:
        return min(self.block_limit, stop - first)

    def given(
        self, first: int, n_steps: int, *, learn: bool, shown: Stimulus, forced=None
    ) -> dict[str, np.ndarray | float]:
        """Values of a block; `forced` are spikes of the cells, shape (all steps, n_cells)."""
        bits = shown.bits(first, n_steps)
        p, limit = self.wiring.params, self.block_limit
        found = self.constants | {"cells.learn": float(learn)}
        found["input_spikes.values"] = values.spike_table(bits, p.n_inputs + 1, limit)
        if forced is not None:
            placed = np.zeros((n_steps, self.wiring.n_slots), bool)
            placed[:, self.wiring.slot_of] = forced[first : first + n_steps]
            found["cell_spikes.values"] = values.spike_table(placed, self.wiring.n_slots, limit)
        return found

    def test(self, state: State, shown: Stimulus) -> Spikes:
        """Spikes of the cells, by their number, while nothing is learned, from rest."""
        rest = values.at_rest(self.wiring, state)
        blocks = self.blocks(rest, 0, shown.phases.n_steps, learn=False, shown=shown, hold=True)
        return in_cells(self.wiring, [block.spikes["cells"] for block, _ in blocks])


def in_cells(wiring: Wiring, parts: list[Spikes]) -> Spikes:
    """Spikes of blocks with numbers of cells in place of those of slots."""
    spikes = Spikes.concatenate(parts)
    number = np.full(wiring.n_slots, -1, np.int32)
    number[wiring.slot_of] = np.arange(wiring.n_cells)
    return dataclasses.replace(spikes, index=number[spikes.index])
