"""Numbers of the cube and of groups, see `models.cube.values`."""

from __future__ import annotations

import math

import numpy as np

from driver.engine.randomness import generator
from models.cube import values as common
from models.cube.lattice.wiring import CubeWiring, Links
from models.cube.params import DT_S, CubeParams, GroupsParams
from models.cube.wiring import all_pairs, places
from stimuli.dots import DotParams

UNBOUNDED = 1e300
N_MEAN_MOVES = 100  # that the mean of a column's reward runs over
REWARDED = ("reward", "reward-column")
REWARD_SCRATCH = {
    "reward": (
        *("aim.target", "aim.fired"),
        *("meter.n_all", "meter.n_union", "meter.n_hit", "meter.R", "cells.R"),
    ),
    "reward-column": ("column.r_now", "column.R"),
}


def lag_moves(p: CubeParams) -> int:
    """Moves after which the output plane answers: one layer a step."""
    return (p.L - 1) // p.ratio


def tube_radius(p: CubeParams) -> int:
    """R: pixels around the dot that count as its tube."""
    return p.m if isinstance(p, GroupsParams) else 3


def group_side(p: CubeParams) -> int:
    """Cells along a side of a group; 1 without groups."""
    return p.m if isinstance(p, GroupsParams) else 1


def reach_back(p: CubeParams) -> int:
    """M: steps for which a dot is remembered."""
    return 4 * p.ratio if p.ratio >= 2 else 16


def size(p: CubeParams) -> dict[str, int]:
    """Cells along the axes of the network, as a recording names them."""
    return {"n": p.n, "L": p.L}


def n_cells(p: CubeParams) -> int:
    """Cells of the cube."""
    return p.n**2 * p.L


def shown_at_launch(p: CubeParams) -> bool:
    return p.rule == "reward"


def ahead(p: CubeParams) -> int:
    return 1


def horizon(p: CubeParams) -> int:
    """As in `ahead`; but a column is rewarded for a frame that was shown before."""
    return -lag_moves(p) if p.rule == "reward-column" else 1


def freezes_when_off(p: CubeParams) -> bool:
    return False


def sees_input(p: CubeParams) -> list[str]:
    """Groups that know whether the input is on."""
    return ["dots"]


def structure(p: CubeParams, wiring: CubeWiring) -> dict:
    return {
        "model": "cube",
        "L": p.L,
        "excitability": p.excitability,
        "noisy": p.sigma_noise > 0,
        "rule": p.rule,
        "roles": {name: learning(p, name) for name in wiring.roles},
        "readout": p.readout,
        "populations": ["retina", "cells", *(["output"] if p.readout else [])],
    }


def learning(p: CubeParams, role: str) -> str:
    """How the links of a role learn, see `PROJECTIONS` of `network`."""
    if isinstance(p, GroupsParams):
        if role == "intra":
            return "kept" if p.learn == "all" else "shared"
        if p.learn == "none":
            return "fixed"
    if role in ("field", "surround") or (role == "lateral" and not p.learn_lat):
        return "fixed"
    return "twice" if role == "residual" else p.rule


def scratch(p: CubeParams) -> tuple[str, ...]:
    """Variables that a step fills before it reads them."""
    output = common.OUTPUT if p.readout else ()
    kept = ("cells.S",) if learning(p, "intra") == "kept" else ()
    return (*common.EYES, *output, *REWARD_SCRATCH.get(p.rule, ()), *kept)


def genn_scratch(p: CubeParams) -> list[str] | str:
    """More of them for GeNN, or why it cannot have the network."""
    if p.rule in REWARDED:
        return f"--rule {p.rule} needs reward in the middle of a step, which GeNN has no stage for"
    keep = ["cells.keep"] if p.excitability == "adaptation" else []
    return ["cells.rho", *keep, *(["output.on"] if p.readout else [])]


def ends(p: CubeParams, dots: DotParams, wiring: CubeWiring) -> dict:
    """Sources and targets of all synapses but those of the retina's light."""
    plane, cells = np.arange(p.n**2), np.arange(n_cells(p))
    seen = all_pairs(dots.dots, p.n**2)
    found = {"drive": (plane, plane)}
    found |= {name: (links.i, links.j) for name, links in wiring.roles.items()}
    back = plane + (p.L - 1) * p.n**2, plane
    if p.readout:
        found |= {"output_target": seen, "readout": wiring.readout}
    if p.rule == "reward":
        found |= {"aim_target": seen, "back": back, "count": (cells, 0 * cells)}
        found |= {"compare": (plane, 0 * plane), "tell": (0 * cells, cells)}
    if p.rule == "reward-column":
        found |= {"near": seen, "back": back, "tell": (cells % p.n**2, cells)}
    return found


# --- state before the first step ----------------------------------------------------------------


def state(p: CubeParams, wiring: CubeWiring) -> dict[str, np.ndarray]:
    """State before the first step."""
    cells = n_cells(p)
    found = {f"cells.{name}": np.zeros(cells) for name in ("v", "I_syn", "spiked")}
    if p.excitability == "adaptation":
        found |= {"cells.a": np.zeros(cells), "cells.timer": np.zeros(cells)}
    else:
        found["cells.theta"] = np.full(cells, p.theta0)
    for name, links in wiring.roles.items():
        how = learning(p, name)
        if how != "shared":
            found[f"{name}.w"] = jittered(p, name, links)
        if how == "kept":  # what will be kept is there from the start
            total = np.bincount(links.j, found[f"{name}.w"], cells)
            found[f"{name}.w"] *= (kept_sum(p) / total)[links.j]
        if how == "reward-column":
            found[f"{name}.eligible"] = np.zeros(links.i.size)
    if p.rule == "reward-column":
        found |= {f"cells.{name}": np.zeros(cells) for name in ("pre_trace", "post_trace", "R")}
        found |= {
            f"column.{name}": np.zeros(p.n**2) for name in ("fired", "distance", "known", "r_mean")
        }
    if p.readout:
        found["readout.w"] = common.readout_weights(p, "readout", wiring.readout[0].size, sd=0.0)
    return found


def jittered(p: CubeParams, role: str, links: Links) -> np.ndarray:
    """Base weights times U(1 - jitter, 1 + jitter)."""
    weights = generator(p.seed, f"{role} weights").random(links.i.size)
    weights *= 2 * p.jitter  # in place: there may be millions
    weights += 1 - p.jitter
    weights *= links.base
    return weights


# --- everything that stays the same through a block ------------------------------------------


def constants(p: CubeParams, wiring: CubeWiring) -> common.Values:
    """Numbers that stay through a block."""
    _, _, z = places(p.n, p.L)
    values = common.membrane(p, "cells")
    values["retina.radius"] = float(p.r_in)
    values["drive.gain"] = p.input_gain
    values["cells.v_rest"] = common.rest(p, share_of_bias(p, z))
    values |= adaptation(p) if p.excitability == "adaptation" else common.homeostasis(p, "cells")
    for name, links in wiring.roles.items():
        values |= link_values(p, name, links)
    if p.readout:
        values |= common.teacher(p) | common.pixel_places(p, "output")
    return values | reward_values(p)


def share_of_bias(p: CubeParams, z: np.ndarray | int) -> np.ndarray:
    """Drive of a layer as a share of that of the front: 1, or ``exp(-z/lamb)``."""
    return np.ones(np.shape(z)) if p.lamb is None else np.exp(-z / p.lamb)


def adaptation(p: CubeParams) -> common.Values:
    keep = 1 - 1 / p.tau_adapt
    return {
        "cells.tau_a": -DT_S / math.log(keep),
        "cells.a_jump": p.d_theta / keep,  # it decays once before the next comparison
        "cells.theta0": p.theta0,
        "cells.tau_ref": p.tau_ref,
        "cells.v_ref": p.v_ref,
    }


def link_values(p: CubeParams, name: str, links: Links) -> common.Values:
    how = learning(p, name)
    if how == "shared":
        return {f"{name}.w": links.base}
    if how == "fixed":
        return {}
    bounds = {f"{name}.w_min": -UNBOUNDED if p.w_min is None else p.w_min, f"{name}.w_max": p.w_max}
    if how == "twice":
        return bounds | {f"{name}.traversed": links.traversed}
    if how == "reward":
        bounds[f"{name}.k"] = {"lateral": p.k_lat, "backward": p.k_back}.get(name, 1.0)
    if how == "reward-column":
        bounds[f"{name}.keep"] = math.exp(-1 / 2)  # tau_e is two moves
    if how == "kept":
        bounds["cells.S_target"] = kept_sum(p)
    return bounds


def kept_sum(p: GroupsParams) -> float:
    """Sum of the weights into a cell from its own group, under ``learn all``."""
    return p.w_intra * (p.m**3 - 1)


def reward_values(p: CubeParams) -> common.Values:
    if p.rule == "reward":
        return common.pixel_places(p, "aim") | {
            "meter.n_cells": n_cells(p),
            "meter.r_target": p.target_rate,
            "meter.good_iou": p.good_iou,
        }
    if p.rule == "reward-column":
        return common.pixel_places(p, "column") | {
            "column.n_mean": N_MEAN_MOVES,
            "cells.tau_pair": 2 * (p.tau_ref + 1) * DT_S,
            "cells.a_plus": 1.0,
            "cells.a_minus": 1.05,
        }
    return {}


def switches(p: CubeParams, wiring: CubeWiring, on: float) -> common.Values:
    """Gains of all learning."""
    values = {"cells.eta_theta": on * p.eta_theta} if p.excitability == "homeostasis" else {}
    for name in wiring.roles:
        how = learning(p, name)
        gain = on if name != "residual" or p.learn_lat else 0.0  # most of it lies within a layer
        if how not in ("fixed", "shared"):
            values[f"{name}.eta"] = gain * p.eta
        if how in ("hebb", "twice", "kept"):
            values[f"{name}.delta"] = gain * p.decay
    return values | ({"readout.eta_out": on * p.eta_out} if p.readout else {})
