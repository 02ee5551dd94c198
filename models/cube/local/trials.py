"""What is tried with a local layer after its run: frozen tests, and recall without input."""

from __future__ import annotations

import logging

import numpy as np

from driver.experiment.going_on import Arrays
from driver.experiment.network import State
from models.cube.metrics.output import Recall, recall
from models.cube.params import LocalParams
from models.cube.simulation import Simulation, without_input
from models.cube.trials import dots_shown, launches, orbiting, path_of, shown, tested
from stimuli.dots import Launch, period

CUE_MOVES = 8  # that are seen before the input is cut


def after_run(sim: Simulation, state: State, label: str, log: logging.Logger) -> Arrays:
    """Everything that is tried from the state at the end of a run; and where the dots were."""
    log.info(f"{label}: frozen tests")
    arrays = dots_shown(sim, 0) | tested(sim, state)
    if not sim.params.recall:
        return arrays
    for name, starts in launches(sim).items():
        found = [run_recall(sim, state, start) for start in starts]
        arrays[f"recall_{name}_held"] = np.array([r.n_steps_held for r in found])
        arrays[f"recall_{name}_iou"] = np.array([r.iou for r in found])
        arrays[f"recall_{name}_chance"] = np.array([r.chance_of_step for r in found])
    return arrays


def warm_up(p: LocalParams) -> int:
    """Moves before the output can answer: the first is not foreseen."""
    return 1


def run_recall(sim: Simulation, state: State, start: Launch) -> Recall:
    """Show a few moves of a path, cut the input for a whole loop, look at the output."""
    p = sim.params
    cue, n_steps = CUE_MOVES * p.ratio, period(p.n) * p.ratio
    path = path_of(sim, start, cue + n_steps)
    first = p.steps
    dots = orbiting(sim.dots)
    dots = without_input(dots, first + cue, first + cue + n_steps)
    spikes = shown(sim, sim.launched(state, start), first, cue + n_steps, dots)
    spikes = spikes.between(cue, cue + n_steps)
    x, y = path.next_x[cue:], path.next_y[cue:]
    return recall(
        spikes.index, spikes.step - cue, x, y, x[:: p.ratio], y[:: p.ratio], p.n, ratio=p.ratio
    )
