"""The local layer: dots, retina, one layer of hidden cells, output pixels."""

from __future__ import annotations

import brian2 as b2

from driver.engine.objects import links, scheduled
from models.cube import equations as eq
from models.cube.network import DRIVE, eyes, outputs, readout, spiking


def objects(structure: dict) -> list:
    """All objects of the network, see `models.cube.network.build`."""
    moving = structure["hidden"] == "motion"
    dots, retina, light = eyes(structure, keeps=moving, recalls=structure["recall"])
    hidden = spiking("hidden", structure["n_hidden"], structure)
    made = [dots, retina, light, hidden]
    if moving:
        output, aim = branches(structure, dots)
        made += [seen(retina, hidden, "input", "spike"), seen(retina, hidden, "before", "was_lit")]
        made += [readout(hidden, output, "readout_x", eq.DRIVE_X, eq.LEARN_X)]
        made += [readout(hidden, output, "readout_y", eq.DRIVE_Y, eq.LEARN_Y)]
    else:
        output, aim = outputs(structure, dots)
        made += [receptive_field(retina, hidden), readout(hidden, output)]
    if structure["recall"]:
        made.append(feedback(output, retina))
    return [*made, output, aim]


def branches(structure: dict, dots) -> tuple[b2.NeuronGroup, b2.Synapses]:
    """Output pixels with a branch for the column and one for the row."""
    return outputs(
        structure,
        dots,
        eq.BRANCHES,
        eq.BRANCHES_THRESHOLD,
        eq.BRANCHES_CLEAR,
        eq.COMPARE_BRANCHES,
        eq.BRANCH_TARGETS,
    )


def seen(retina, hidden, name: str, event: str) -> b2.Synapses:
    """Fixed links of motion cells, from the present frame or from the last one."""
    code = {"see": eq.INPUT_DELIVER}
    made = links(retina, hidden, eq.FIXED, code, name, on_event={"see": event})
    return scheduled(made, {"see": DRIVE})


def receptive_field(retina, hidden) -> b2.Synapses:
    """Input links of hidden cells: they drive in the same step, and learn after it."""
    code = {"see": eq.INPUT_DELIVER, "learn": eq.INPUT_ON_LIT}
    made = links(retina, hidden, eq.INPUT_PLASTIC, code, "input")
    return scheduled(made, {"see": DRIVE, "learn": "after_resets"})


def feedback(output, retina) -> b2.Synapses:
    """What the output shows is what the retina sees next, while there is no input."""
    made = links(output, retina, "", {"imagine": eq.IMAGINE}, "feedback")
    return scheduled(made, {"imagine": "after_resets"})
