"""The networks of `equations.py`, built once per structure.

A structure is what cannot change without compiling anew: sizes, which links there are and which
of them learn, how excitability is controlled. Every other number arrives with each block.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.objects import network
from models.cube.kinds import KINDS


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network of a structure; see `structure` in the `values` of a kind.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    b2.defaultclock.dt = structure["dt_s"] * b2.second
    made = KINDS[structure["model"]].network.objects(structure)
    return network(made, wiring, structure["populations"])
