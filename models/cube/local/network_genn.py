"""The local layer for GeNN: dots, retina, one layer of hidden cells, output pixels."""

from __future__ import annotations

import brian2 as b2

from driver.engine.genn.step import Deliver, Fire, Neurons, Run
from models.cube import equations as eq
from models.cube import network_genn as common

# fmt: off
# ruff: noqa: E501
COLUMN = "look(SHOWN, {k})*int(look(X_AHEAD, {k}) == x)*int(abs(look(Y_AHEAD, {k}) - y) <= strip)"
ROW = "look(SHOWN, {k})*int(look(Y_AHEAD, {k}) == y)*int(abs(look(X_AHEAD, {k}) - x) <= strip)"
SHOW_IMAGINED = "imagined = look(IMAGINED, i)"
# fmt: on


def objects(structure: dict) -> tuple[list, tuple]:
    """All objects of the network, and the stages of its step."""
    moving = structure["hidden"] == "motion"
    dots, retina = common.eyes(structure, keeps=moving, recalls=structure["recall"])
    hidden = common.spiking("hidden", structure["n_hidden"], structure)
    made = [dots, retina, hidden]
    stages = [Run("start"), Fire("retina", "lit"), Deliver("retina", acts=("input",))]
    if moving:
        output, readouts = branches(structure), ("readout_x", "readout_y")
        for name in ("input", "before"):
            made.append(common.links(retina, hidden, eq.FIXED, common.DELIVER, name))
        for k in "xy":
            code = f"readout_{k}", f"drive_{k}", f"error_{k}"
            made.append(common.readout(hidden, output, *code))
        stages += [Fire("retina", "was_lit", record=False), Deliver("retina", acts=("before",))]
        learns = []
    else:
        output, readouts = common.outputs(structure), ("readout",)
        made += [receptive_field(retina, hidden), common.readout(hidden, output)]
        learns = [Fire("retina", "lit", record=False), Deliver("retina", learns=("input",))]
    stages += [Neurons(), Deliver("hidden", acts=readouts), *common.answered(*readouts)]
    stages += [Deliver("hidden", learns=readouts), *learns]
    if structure["recall"]:
        common.run(retina, "end", SHOW_IMAGINED)
        stages += [Run("end")]
    return [*made, output], tuple(stages)


def receptive_field(retina, hidden) -> b2.Synapses:
    """Input links of hidden cells: they drive in the same step, and learn after it."""
    code = common.learning(common.DELIVER, eq.INPUT_ON_LIT)
    return common.links(retina, hidden, eq.INPUT_PLASTIC, code, "input")


def branches(structure: dict) -> b2.NeuronGroup:
    """Output pixels with a branch for the column and one for the row."""
    column, row = (common.of_all_dots(term, structure) for term in (COLUMN, ROW))
    clear = f"column = {column}\nrow = {row}\ndrive_x = 0\ndrive_y = 0"
    return common.pixels(structure, eq.BRANCHES, clear, eq.COMPARE_BRANCHES, eq.BRANCHES_THRESHOLD)
