"""The cube and its groups: dots, retina, lattice; a readout and a reward where there is one."""

from __future__ import annotations

import brian2 as b2

from driver.engine.objects import in_order, links, run_in_order, scheduled
from models.cube import equations as eq
from models.cube.network import DRIVE, EXCITABILITY, eyes, outputs, readout, spiking, told_by

HEARD = ("after_resets", 0)  # slot: what the output plane did, before anything learns


def objects(structure: dict) -> list:
    """All objects of the network, see `models.cube.network.build`."""
    dots, retina, light = eyes(structure)
    cells = lattice(structure)
    made = [dots, retina, light, cells, drive(retina, cells)]
    made += [projection(structure, cells, role) for role in structure["roles"]]
    if structure["readout"]:
        output, aim = outputs(structure, dots)
        made += [output, aim, readout(cells, output)]
    if structure["rule"] == "reward":
        made += reward(structure, dots, cells)
    if structure["rule"] == "reward-column":
        made += column_reward(structure, dots, cells)
    if "kept" in structure["roles"].values():
        keep_incoming(structure, cells, next(s for s in made if s.name == "intra"))
    return made


def lattice(structure: dict) -> b2.NeuronGroup:
    """The cells, with what they hear of a reward and of each other."""
    by_column = structure["rule"] == "reward-column"
    extra = eq.HEARS_REWARD if structure["rule"] in ("reward", "reward-column") else ""
    extra += eq.PAIRS if by_column else ""
    extra += eq.INCOMING if "kept" in structure["roles"].values() else ""
    n = structure["n"] ** 2 * structure["L"]
    if not by_column:
        return spiking("cells", n, structure, extra)
    _, threshold, _ = EXCITABILITY[structure["excitability"]]
    again = {"paired": threshold}  # the same spikes: they raise a second trace later
    cells = spiking("cells", n, structure, extra, eq.PAIRS_RESET, again)
    cells.run_on_event("paired", eq.PAIRS_LATER, when="after_resets", order=20)
    return cells


def drive(retina, cells) -> b2.Synapses:
    """The retina drives the cells of the front plane in the same step."""
    made = links(retina, cells, eq.INPUT, {"drive": eq.INPUT_ON_PRE}, "drive")
    return scheduled(made, {"drive": DRIVE})


PROJECTIONS = {  # equations, and code of the pathways
    "fixed": (eq.FIXED, {"deliver": eq.DELIVER}),
    "shared": (eq.SHARED, {"deliver": eq.DELIVER}),
    "hebb": (eq.HEBB, {"learn": eq.HEBB_ON_FIRED, "deliver": eq.DELIVER}),
    "kept": (eq.HEBB, {"learn": eq.HEBB_ON_FIRED, "deliver": eq.DELIVER}),
    "twice": (eq.HEBB + eq.TWICE, {"learn": eq.TWICE_ON_FIRED, "deliver": eq.TWICE_DELIVER}),
    "reward": (eq.REWARDED, {"learn": eq.REWARDED_ON_FIRED, "deliver": eq.DELIVER}),
    "reward-column": (eq.ELIGIBLE, {"early": eq.ELIGIBLE_ON_PRE, "deliver": eq.DELIVER}),
}
"""How the links of a role learn, by ``structure["roles"][role]``: "shared" is one weight for all,
"kept" is "hebb" under a kept sum of the weights into a cell, "twice" has links that a spike may
take more than once."""


def projection(structure: dict, cells, role: str) -> b2.Synapses:
    """Links of one role. Learning first, then delivery; both when it is known who fired."""
    how = structure["roles"][role]
    model, code = PROJECTIONS[how]
    late = {"late": eq.ELIGIBLE_ON_POST} if how == "reward-column" else {}
    made = links(cells, cells, model, code, role, on_post=late, on_event={"learn": "fired"})
    if late:
        every_move(structure, (made, eq.ELIGIBLE_EVERY_MOVE), first=-5)
    slots = {name: ("after_resets", 5 + k) for k, name in enumerate((*code, *late))}
    return scheduled(made, slots)


# --- reward, and what is kept in proportion ------------------------------------------------------


def reward(structure: dict, dots, cells) -> list:
    """One reward for all links, in the step in which the output plane earned it."""
    aim = b2.NeuronGroup(structure["n"] ** 2, eq.AIM, name="aim")
    meter = b2.NeuronGroup(1, eq.METER, name="meter")
    in_order(aim, "start", eq.AIM_CLEAR)
    in_order(meter, "start", eq.METER_CLEAR)
    back = scheduled(links(cells, aim, "", {"show": eq.FIRED_AT}, "back"), {"show": HEARD})
    count = scheduled(links(cells, meter, "", {"count": eq.COUNT_ALL}, "count"), {"count": HEARD})
    compare = b2.Synapses(aim, meter, name="compare")
    tell = b2.Synapses(meter, cells, name="tell")
    run_in_order(
        (compare, eq.COMPARE),
        (meter, eq.JUDGE),
        (tell, eq.TELL),
        when="after_resets",
        first=1,
        name="reward_{order}",
    )
    target = told_by(dots, aim, "aim_target", {"aim": eq.TARGET})
    return [aim, meter, target, back, count, compare, tell]


def column_reward(structure: dict, dots, cells) -> list:
    """A reward for each column of cells, judged at the end of each move."""
    column = b2.NeuronGroup(structure["n"] ** 2, eq.COLUMN, name="column")
    in_order(column, "start", eq.COLUMN_CLEAR)
    near = told_by(dots, column, "near", {"near": eq.DISTANCE})
    back = scheduled(links(cells, column, "", {"show": eq.FIRED_AT}, "back"), {"show": HEARD})
    tell = b2.Synapses(column, cells, name="tell")
    every_move(structure, (column, eq.COLUMN_JUDGE), (tell, eq.TELL))
    return [column, near, back, tell]


def keep_incoming(structure: dict, cells, intra) -> None:
    """Keep the sum of the weights into each cell from its own group."""
    steps = (cells, eq.SUM_CLEAR), (intra, eq.SUM_ADD), (intra, eq.SUM_RESCALE)
    every_move(structure, *steps)


def every_move(structure: dict, *steps, first: int = -10) -> None:
    """Run `(group, code)` pairs in this order before each move; blocks start with a move."""
    period = structure["ratio"] * structure["dt_s"] * b2.second
    run_in_order(*steps, dt=period, first=first, name="{group}_every_move_{k}")
