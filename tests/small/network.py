"""Equations, network and numbers: inputs that share an event, cells that integrate, pair STDP.

Song, Miller and Abbott (2000): of two groups of inputs the correlated one wins.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.model import Model, contacts
from driver.engine.objects import links, network
from driver.engine.randomness import generator, stream_id, uniform
from tests.small.params import Params

DT_S = 1e-3
STREAMS = {name: stream_id(name.lower()) for name in ("EVENT", "OWN", "FOLLOW")}
INPUT = """
first_step : integer (shared, constant)                # absolute step at which this block starts
step = first_step + t_in_timesteps : integer (shared)
seed : integer (shared, constant)
p : 1 (shared, constant)                               # chance of a spike in a step
c : 1 (constant)                                       # share of steps that follow the event
event = int(uniform(seed, EVENT, 0*i, step) < p) : 1   # the same for all
own = int(uniform(seed, OWN, i, step) < p) : 1
follows = int(uniform(seed, FOLLOW, i, step) < c) : 1
tau : second (shared, constant)
dx/dt = -x/tau : 1                                     # trace of its spikes
"""
CELL = """
tau : second (shared, constant)
dv/dt = -v/tau : 1                                     # potential
dy/dt = -y/tau : 1                                     # trace of its spikes
"""
PLASTIC = """
w : 1
eta : 1 (shared, constant)
w_max : 1 (shared, constant)
"""
ON_PRE = "v_post += w; w = clip(w - 1.05*eta*y_post, 0, w_max)"
ON_POST = "w = clip(w + eta*x_pre, 0, w_max)"
INPUT_FIRES, CELL_FIRES = "follows*event + (1 - follows)*own > 0", "v > 1"
EQUATIONS = {
    "Input": INPUT,
    "Input: it fires if": INPUT_FIRES,
    "Cell": CELL,
    "Cell: it fires if": CELL_FIRES,
    "Plastic synapse": PLASTIC,
    "Plastic synapse: at a spike of the input": ON_PRE,
    "Plastic synapse: at a spike of the cell": ON_POST,
}


def build(structure: dict, wiring: dict) -> b2.Network:
    b2.defaultclock.dt = structure["dt_s"] * b2.second
    inputs = b2.NeuronGroup(
        structure["n_inputs"],
        INPUT,
        threshold=INPUT_FIRES,
        reset="x += 1",
        method="exact",
        namespace={"uniform": uniform()} | STREAMS,
        name="inputs",
    )
    n_cells, after = structure["n_cells"], "v = 0; y += 1"
    cells = b2.NeuronGroup(
        n_cells, CELL, threshold=CELL_FIRES, reset=after, method="exact", name="cells"
    )
    plastic = links(inputs, cells, PLASTIC, ON_PRE, "plastic", on_post=ON_POST)
    return network([inputs, cells, plastic], wiring, ["inputs", "cells"])


def model(p: Params) -> Model:
    ends = tuple(cells.ravel() for cells in np.indices((p.n_inputs, p.n_cells)))
    return Model(
        builder="tests.small.network:build",
        structure={"dt_s": DT_S, "n_inputs": p.n_inputs, "n_cells": p.n_cells},
        wiring=contacts({"plastic": ends}),
        state=tuple(initial_state(p)),
        scratch=(),
        populations=("inputs", "cells"),
    )


def correlated(p: Params) -> np.ndarray:
    """Which inputs follow the event, shape (n_inputs,)."""
    return np.arange(p.n_inputs) < p.n_inputs // 2


def initial_state(p: Params) -> dict[str, np.ndarray]:
    jitter = generator(p.seed, "initial weights").uniform(0.5, 1.5, p.n_inputs * p.n_cells)
    found = {"inputs.x": np.zeros(p.n_inputs), "plastic.w": np.minimum(p.w_start * jitter, p.w_max)}
    return found | {"cells.v": np.zeros(p.n_cells), "cells.y": np.zeros(p.n_cells)}
