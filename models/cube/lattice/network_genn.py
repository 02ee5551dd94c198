"""The cube and its groups for GeNN: dots, retina, lattice; a readout where there is one."""

from __future__ import annotations

import brian2 as b2

from driver.engine.genn.step import Deliver, Fire, Neurons, Run
from driver.engine.objects import run_in_order
from models.cube import equations as eq
from models.cube import network_genn as common

# fmt: off
# ruff: noqa: E501
TWICE_DELIVER = "I_syn_post += acts*traversed*w"

KEPT_CLEAR = "S = put(TOTAL, i, 0)"
KEPT_ADD = "w = add(TOTAL, j, w)"
KEPT_SHARE = "S = put(SHARE, i, S_target/look(TOTAL, i))"
KEPT_RESCALE = eq.SUM_RESCALE.replace("S_target/S_post", "look(SHARE, j)")
# fmt: on


def objects(structure: dict) -> tuple[list, tuple]:
    """All objects of the network, and the stages of its step."""
    how = structure["roles"]
    keeps, roles = "kept" in how.values(), tuple(how)
    dots, retina = common.eyes(structure)
    n_cells = structure["n"] ** 2 * structure["L"]
    cells = common.spiking("cells", n_cells, structure, eq.INCOMING if keeps else "")
    made = [
        dots,
        retina,
        cells,
        common.links(retina, cells, eq.INPUT, "I_syn_post += acts*gain", "drive"),
    ]
    made += [projection(structure, cells, role) for role in roles]
    learners = tuple(role for role in roles if how[role] not in ("fixed", "shared"))
    stages = [Run("start"), Fire("retina", "lit"), Deliver("retina", acts=("drive",)), Neurons()]
    stages += [Deliver("cells", learns=learners, late="spiked")] if learners else []
    if structure["readout"]:
        output = common.outputs(structure)
        made += [output, common.readout(cells, output)]
        stages += [Deliver("cells", acts=(*roles, "readout")), *common.answered("readout")]
        stages += [Deliver("cells", learns=("readout",))]
    else:
        stages += [Deliver("cells", acts=roles)]
    if keeps:
        keep_incoming(structure, cells, next(s for s in made if s.name == "intra"))
    return made, tuple(stages)


PROJECTIONS = {  # equations, and code of the one pathway; see `PROJECTIONS` of `network`
    "fixed": (eq.FIXED, common.DELIVER),
    "shared": (eq.SHARED, common.DELIVER),
    "hebb": (eq.HEBB, common.learning(common.DELIVER, eq.HEBB_ON_FIRED)),
    "kept": (eq.HEBB, common.learning(common.DELIVER, eq.HEBB_ON_FIRED)),
    "twice": (eq.HEBB + eq.TWICE, common.learning(TWICE_DELIVER, eq.TWICE_ON_FIRED)),
}


def projection(structure: dict, cells, role: str) -> b2.Synapses:
    """Links of one role; how they learn is ``structure["roles"][role]``."""
    model, code = PROJECTIONS[structure["roles"][role]]
    return common.links(cells, cells, model, code, role)


def keep_incoming(structure: dict, cells, intra) -> None:
    """Keep the sum of the weights into each cell from its own group."""
    run_in_order(
        (cells, KEPT_CLEAR),
        (intra, KEPT_ADD),
        (cells, KEPT_SHARE),
        (intra, KEPT_RESCALE),
        dt=structure["ratio"] * structure["dt_s"] * b2.second,
        first=-10,
        name="{group}_run_regularly_start_kept_{k}",
    )
