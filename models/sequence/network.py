"""The Brian objects of `equations`, built once per size.

A structure is what cannot change without compiling anew: numbers of circuits, places and inputs,
length of a block, scope of the short-term plasticity, and whether spikes are given from outside.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.exponential import exponential
from driver.engine.objects import in_order, links, network, scheduled
from driver.engine.randomness import stream_id, uniform
from models.sequence import equations as eq

FIRING = stream_id("firing")
AFTER = "after_resets"  # what spikes do, once traces and efficacies have risen


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network.

    Parameters
    ----------
    structure : dict
        ``dt_s``, ``n_inputs``, ``n_circuits``, ``k_max``, ``block_steps``, ``stp`` ("cell" or
        "synapse") and ``forced`` (whether the spikes of cells are given).
    wiring : dict of ndarray of int
        ``"<synapses>.i"`` and ``"<synapses>.j"``.

    Returns
    -------
    brian2.Network
        Groups ``inputs``, ``cells`` and ``circuits``, synapses ``input_cell`` and ``cell_cell``;
        one input and one circuit, the last of each, belong to nobody.
    """
    dt = structure["dt_s"] * b2.second
    b2.defaultclock.dt = dt
    of_synapse = structure["stp"] == "synapse"
    own = {"exponential": exponential()}
    inputs = b2.NeuronGroup(
        structure["n_inputs"] + 1,
        eq.INPUT,
        threshold=eq.INPUT_FIRES,
        reset=eq.INPUT_RESET,
        method="exact",
        namespace={"input_spikes": table("input_spikes", structure, structure["n_inputs"] + 1)},
        name="inputs",
    )
    circuits = b2.NeuronGroup(structure["n_circuits"] + 1, eq.CIRCUIT, name="circuits")
    circuits.order = 3  # the sum over its cells then is 2, after their decay and exp
    cells = cell_group(structure, circuits, of_synapse, dt)
    softmax = b2.Synapses(cells, circuits, eq.SOFTMAX, name="cell_circuit")
    learns = {
        "on_event": {"pre": "spike", "post": "teaches"},
        "namespace": own,
    }
    input_cell = links(
        inputs, cells, eq.SYNAPSE, eq.INPUT_ARRIVES, "input_cell",
        on_post=eq.CELL_LEARNS, **learns,
    )  # fmt: skip
    of_cell = eq.SYNAPSE + (eq.OWN_DEPRESSION if of_synapse else "")
    arrives = eq.OWN_SPENT if of_synapse else eq.SPIKE_ARRIVES
    cell_cell = links(
        cells, cells, of_cell, arrives, "cell_cell",
        on_post=eq.OWN_LEARNS if of_synapse else eq.CELL_LEARNS, **learns,
    )  # fmt: skip
    for made in (input_cell, cell_cell):
        scheduled(made, {"pre": (AFTER, 0), "post": (AFTER, 1)})
    made = [inputs, cells, circuits, softmax, input_cell, cell_cell]
    return network(made, wiring, ["inputs", "cells"])


def cell_group(structure: dict, circuits, of_synapse: bool, dt) -> b2.NeuronGroup:
    """Places for cells, circuit by circuit, and one that belongs to nobody."""
    n_places = structure["n_circuits"] * structure["k_max"] + 1
    names = {"exponential": exponential(), "uniform": uniform(), "FIRING": FIRING}
    if structure["forced"]:
        names["cell_spikes"] = table("cell_spikes", structure, n_places)
    text = eq.STEP + eq.CELL + ("" if of_synapse else eq.DEPRESSION)
    cells = b2.NeuronGroup(
        n_places,
        text,
        threshold=eq.FIRES,
        reset=eq.CELL_RESET_PLAIN if of_synapse else eq.CELL_RESET,
        events={"teaches": eq.TEACHES},
        method="exact",
        namespace=names,
        name="cells",
    )
    circuit_of = np.arange(n_places, dtype=np.int64) // structure["k_max"]
    cells.Z = b2.linked_var(circuits, "Z", index=circuit_of)
    in_order(cells, "groups", eq.POTENTIAL, first=1)
    draw = "fires = cell_spikes(t, i)" if structure["forced"] else eq.DRAW
    in_order(cells, "before_thresholds", eq.RATE, draw)  # apart: only the first looks Z up
    return cells


def table(name: str, structure: dict, n_columns: int) -> b2.TimedArray:
    """A number for each step of a block and each cell; a block brings its values."""
    values, dt = np.zeros((structure["block_steps"], n_columns)), structure["dt_s"]
    return b2.TimedArray(values, dt=dt * b2.second, name=name)
