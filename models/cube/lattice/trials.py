"""What is tried with a lattice after its run: no input, and frozen tests of its readout."""

from __future__ import annotations

import logging

import numpy as np

from driver.experiment.going_on import Arrays
from driver.experiment.metric import TRAINED
from driver.experiment.network import State
from models.cube.lattice.values import lag_moves
from models.cube.params import CubeParams
from models.cube.simulation import Simulation, with_input, without_input
from models.cube.trials import dots_shown, tested

REMOVAL_STEPS = 1000  # after the run, without input; long enough for the survival of activity


def after_run(sim: Simulation, state: State, label: str, log: logging.Logger) -> Arrays:
    """Everything that is tried from the state at the end of a run; and where the dots were."""
    log.info(f"{label}: removing the input")
    arrays = dots_shown(sim, removal_steps(sim.params)) | removal(sim, state, label == TRAINED)
    return arrays | tested(sim, state) if sim.params.readout else arrays


def warm_up(p: CubeParams) -> int:
    """Moves before the output can answer: the first is not foreseen, and it takes a while."""
    return lag_moves(p) + 2


def removal(sim: Simulation, state: State, learn: bool) -> Arrays:
    """Spikes per step without input, and in the same steps with it; learning stays as it was."""
    first, stop = sim.params.steps, sim.params.steps + removal_steps(sim.params)
    ways = {
        "removal_count": without_input(sim.dots, first, stop),
        "continued_count": with_input(sim.dots),
    }
    return {name: counts(sim, state, first, stop, learn, dots) for name, dots in ways.items()}


def removal_steps(p: CubeParams) -> int:
    """Long enough for the survival of activity, and for what is in flight to arrive."""
    least = max(REMOVAL_STEPS, 2 * (p.L + 4 * p.ratio + 20))
    return -(-least // p.ratio) * p.ratio


def counts(sim: Simulation, state: State, first: int, stop: int, learn: bool, dots) -> np.ndarray:
    """Spikes of the cells in each step."""
    n, found = first, []
    for block, end in sim.blocks(state, first, stop, learn=learn, dots=dots, hold=True):
        found.append(np.bincount(block.spikes["cells"].step - n, minlength=end - n))
        n = end
    return np.concatenate(found)
