"""The same networks as GeNN can express them: `network.py` in the vocabulary of brian2genn.

GeNN updates all neurons and then delivers spikes through all synapses; the stages that our step
has in between are listed (`driver.engine.genn.step`). What differs, and why the model stays the
same:

* Cells are one discrete map per step (`CELLS`, the equations of leak, injection and adaptation
  put into each other), not pieces of code in different slots.
* Dots, retina and output are small and live on the host, where code runs regularly. The dots
  tell the others where they are over a blackboard (`driver.engine.genn.blackboard`).
* GeNN knows one presynaptic pathway, so delivering and learning are the two halves of one; the
  stage that sends the spikes says which of them acts.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.objects import network
from models.cube.kinds import KINDS


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network of a structure, with the stages of its step.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    b2.defaultclock.dt = structure["dt_s"] * b2.second
    made, stages = KINDS[structure["model"]].network_genn.objects(structure)
    built = network(made, wiring, structure["populations"])
    built.genn_step = stages
    return built
