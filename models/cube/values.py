"""From parameters to the numbers that the networks take.

Keys are ``"<group>.<variable>"`` of `equations.py`; times are in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from driver.backend import Model
from driver.randomness import generator
from models.cube.params import DT_S, CubeParams, GroupsParams, LocalParams, Params
from models.cube.wiring import CubeWiring, Links, LocalWiring, all_pairs, places
from stimuli.dots import NEVER, DotParams, Launch, first_launch, off_windows, relaunch_moves

Values = dict[str, np.ndarray | float]
UNBOUNDED = 1e300
N_MEAN_MOVES = 100  # that the mean of a column's reward runs over
Wiring = CubeWiring | LocalWiring


def wiring_of(p: Params) -> Wiring:
    return LocalWiring(p) if isinstance(p, LocalParams) else CubeWiring(p)


def shown_at_launch(p: Params) -> bool:
    """Whether step 0 shows the launch; the models with a target for the next frame need it."""
    return isinstance(p, LocalParams) or p.rule == "reward"


def lag_moves(p: CubeParams) -> int:
    """Moves after which the output plane answers: one layer a step."""
    return (p.L - 1) // p.ratio


# --- structure -------------------------------------------------------------------------------


def model(p: Params, dots: DotParams, wiring: Wiring) -> Model:
    """The network of these parameters, as the driver takes it."""
    if isinstance(p, LocalParams):
        structure, ends = local_structure(p), local_ends(p, dots, wiring)
    else:
        structure, ends = cube_structure(p, wiring), cube_ends(p, dots, wiring)
    structure |= {"dt_s": DT_S, "n": p.n, "ratio": p.ratio, "dots": dots.dots}
    contacts = {}
    for name, (i, j) in ends.items():
        contacts[f"{name}.i"], contacts[f"{name}.j"] = np.int32(i), np.int32(j)
    state = tuple(initial_state(p, dots, wiring))
    populations = tuple(structure["populations"])
    return Model(
        "models.cube.network:build", structure, contacts, state, scratch(structure), populations
    )


def local_structure(p: LocalParams) -> dict:
    return {
        "model": "local",
        "n_hidden": p.n**2,
        "excitability": "homeostasis",
        "noisy": p.sigma_noise > 0,
        "populations": ["retina", "hidden", "output"],
    }


def cube_structure(p: CubeParams, wiring: CubeWiring) -> dict:
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
    """How the links of a role learn, see `network.projection`."""
    if isinstance(p, GroupsParams):
        if role == "intra":
            return "kept" if p.learn == "all" else "shared"
        if p.learn == "none":
            return "fixed"
    if role == "lateral" and not p.learn_lat:
        return "fixed"
    if role == "residual":
        return "twice"
    return p.rule


SCRATCH = {
    "dots": ("number", "fresh", "edge", "drawn", "side"),
    "retina": ("lit",),
    "output": ("target", "drive", "error"),
    "aim": ("target", "fired"),
    "meter": ("n_all", "n_union", "n_hit", "R"),
    "column": ("distance", "r_now", "R"),
    "cells": ("S",),
}


def scratch(structure: dict) -> tuple[str, ...]:
    """Variables that a step fills before it reads them."""
    there = {"dots", "retina"}
    if structure.get("readout", True):
        there.add("output")
    if structure.get("rule") == "reward":
        there |= {"aim", "meter"}
    if structure.get("rule") == "reward-column":
        there |= {"column"}
    names = [f"{group}.{name}" for group in sorted(there) for name in SCRATCH[group]]
    if structure.get("rule") == "reward":
        names.append("cells.R")
    if "kept" in structure.get("roles", {}).values():
        names.append("cells.S")
    return tuple(names)


def seen_ends(p: Params, dots: DotParams) -> dict:
    """Dots to every pixel, as often as something looks at them."""
    return {"light": all_pairs(dots.dots, p.n**2)}


def local_ends(p: LocalParams, dots: DotParams, wiring: LocalWiring) -> dict:
    return seen_ends(p, dots) | {
        "output_target": all_pairs(dots.dots, p.n**2),
        "input": wiring.input,
        "readout": wiring.readout,
    }


def cube_ends(p: CubeParams, dots: DotParams, wiring: CubeWiring) -> dict:
    plane, n_cells = np.arange(p.n**2), p.n**2 * p.L
    ends = seen_ends(p, dots) | {"drive": (plane, plane)}
    ends |= {name: (links.i, links.j) for name, links in wiring.roles.items()}
    back = plane + (p.L - 1) * p.n**2, plane
    if p.readout:
        ends |= {"output_target": all_pairs(dots.dots, p.n**2), "readout": wiring.readout}
    if p.rule == "reward":
        cells, none = np.arange(n_cells), np.zeros(n_cells, np.int32)
        ends |= {"aim_target": all_pairs(dots.dots, p.n**2), "back": back}
        ends |= {"count": (cells, none), "compare": (plane, 0 * plane), "tell": (none, cells)}
    if p.rule == "reward-column":
        cells = np.arange(n_cells)
        ends |= {
            "near": all_pairs(dots.dots, p.n**2),
            "back": back,
            "tell": (cells % p.n**2, cells),
        }
    return ends


# --- state before the first step ----------------------------------------------------------------


def initial_state(
    p: Params, dots: DotParams, wiring: Wiring, start: Launch | None = None
) -> dict[str, np.ndarray]:
    """State before the first step; `start` is a launch in the place of the drawn one."""
    start = start or first_launch(dots, p.n, p.seed)
    state = {f"dots.{name}": getattr(start, name).astype(float) for name in ("x", "y", "vx", "vy")}
    state["dots.moves"] = np.zeros(dots.dots, np.int32)
    if isinstance(p, LocalParams):
        return state | local_state(p, wiring)
    return state | cube_state(p, wiring)


def local_state(p: LocalParams, wiring: LocalWiring) -> dict[str, np.ndarray]:
    n_hidden = p.n**2
    return {
        "hidden.v": np.zeros(n_hidden),
        "hidden.I_syn": np.zeros(n_hidden),
        "hidden.spiked": np.zeros(n_hidden),
        "hidden.theta": np.full(n_hidden, p.theta0),
        "input.w": input_weights(p, wiring),
        "readout.w": readout_weights(p, wiring),
    }


def input_weights(p: LocalParams, wiring: LocalWiring) -> np.ndarray:
    """Uniform in the receptive field, 0 outside it; the same with and without `dense`."""
    here = wiring.in_patch
    w = np.zeros(here.size)
    u = generator(p.seed, "input weights").random(int(here.sum()))
    w[here] = p.w_in_low + (p.w_in_high - p.w_in_low) * u
    return w


def readout_weights(p, wiring: Wiring) -> np.ndarray:
    sd = p.w_out_sd if isinstance(p, LocalParams) else 0.0
    return sd * generator(p.seed, "readout weights").standard_normal(wiring.readout[0].size)


def cube_state(p: CubeParams, wiring: CubeWiring) -> dict[str, np.ndarray]:
    n_cells = p.n**2 * p.L
    state = {f"cells.{name}": np.zeros(n_cells) for name in ("v", "I_syn", "spiked")}
    if p.excitability == "adaptation":
        state |= {"cells.a": np.zeros(n_cells), "cells.timer": np.zeros(n_cells)}
    else:
        state["cells.theta"] = np.full(n_cells, p.theta0)
    for name, links in wiring.roles.items():
        if learning(p, name) != "shared":
            state[f"{name}.w"] = jittered(p, name, links)
        if learning(p, name) == "reward-column":
            state[f"{name}.e"] = np.zeros(links.i.size)
    if p.rule == "reward-column":
        state |= {f"cells.{name}": np.zeros(n_cells) for name in ("pre_trace", "post_trace", "R")}
        state |= {f"column.{name}": np.zeros(p.n**2) for name in ("fired", "r_mean")}
    if p.readout:
        state["readout.w"] = readout_weights(p, wiring)
    return state


def jittered(p: CubeParams, role: str, links: Links) -> np.ndarray:
    """Base weights times U(1 - jitter, 1 + jitter)."""
    u = generator(p.seed, f"{role} weights").random(links.i.size)
    return links.base * (1 - p.jitter + 2 * p.jitter * u)


# --- everything that stays the same through a block ------------------------------------------


def constants(p: Params, dots: DotParams, wiring: Wiring) -> Values:
    """Numbers of a run that do not change from block to block."""
    values = dot_values(p, dots) | pixel_places(p, "retina")
    if isinstance(p, LocalParams):
        return values | local_values(p)
    return values | cube_values(p, wiring)


def dot_values(p: Params, dots: DotParams) -> Values:
    return {
        "dots.n": p.n,
        "dots.ratio": p.ratio,
        "dots.first_move": int(shown_at_launch(p)),
        "dots.moves_unseen": int(dots.dot_when_off == "continue"),
        "dots.horizon": horizon(p),
        "dots.seed": p.seed,
        "dots.speed": dots.speed,
        "dots.speed_t": dots.speed_t,
        "dots.relaunch_every": relaunch_moves(dots, p.n),
        "dots.held_out_every": dots.held_out_every,
    }


def ahead(p: Params) -> int:
    """Moves from the shown frame to the one that the output should show."""
    return p.horizon if isinstance(p, LocalParams) else 1


def horizon(p: Params) -> int:
    """The same inside the network, where a column is rewarded for a frame that was shown before."""
    back = not isinstance(p, LocalParams) and p.rule == "reward-column"
    return -lag_moves(p) if back else ahead(p)


def pixel_places(p: Params, group: str) -> Values:
    y, x = np.divmod(np.arange(p.n**2), p.n)
    return {f"{group}.x": x.astype(float), f"{group}.y": y.astype(float)}


def membrane(group: str, rho: float) -> Values:
    return {f"{group}.tau_v": -DT_S / math.log(rho)}


def local_values(p: LocalParams) -> Values:
    values = membrane("hidden", p.rho) | pixel_places(p, "output")
    values |= homeostasis("hidden", p)
    values["hidden.v_rest"] = np.full(p.n**2, p.bias / (1 - p.rho))
    values |= noise("hidden", p)
    return values | {
        "retina.radius": 0.0,
        "input.w_max": p.w_in_max,
        "output.tau_out": p.tau_out,
    }


def homeostasis(group: str, p: Params) -> Values:
    values = {"r_target": p.target_rate, "theta_min": p.theta_min, "theta_max": p.theta_max}
    return {f"{group}.{name}": value for name, value in values.items()}


def noise(group: str, p: Params) -> Values:
    return {f"{group}.sigma": p.sigma_noise, f"{group}.seed": p.seed} if p.sigma_noise else {}


def cube_values(p: CubeParams, wiring: CubeWiring) -> Values:
    _, _, z = places(p.n, p.L)
    values = membrane("cells", p.rho) | noise("cells", p)
    values["retina.radius"] = float(p.r_in)
    values["drive.gain"] = p.input_gain
    values["cells.v_rest"] = bias(p, z) / (1 - p.rho)
    values |= adaptation(p) if p.excitability == "adaptation" else homeostasis("cells", p)
    for name, links in wiring.roles.items():
        values |= link_values(p, name, links)
    if p.readout:
        values |= {"output.tau_out": p.tau_out} | pixel_places(p, "output")
    return values | reward_values(p)


def bias(p: CubeParams, z: np.ndarray) -> np.ndarray:
    """Drive per step, constant or falling with depth: ``bias exp(-z/lamb)``."""
    return np.full(z.size, p.bias) if p.lamb is None else p.bias * np.exp(-z / p.lamb)


def adaptation(p: CubeParams) -> Values:
    keep = 1 - 1 / p.tau_adapt
    return {
        "cells.tau_a": -DT_S / math.log(keep),
        "cells.a_jump": p.d_theta / keep,  # it decays once before the next comparison
        "cells.theta0": p.theta0,
        "cells.tau_ref": p.tau_ref,
        "cells.v_ref": p.v_ref,
    }


def link_values(p: CubeParams, name: str, links: Links) -> Values:
    how = learning(p, name)
    if how == "shared":
        return {f"{name}.w": links.base}
    if how == "fixed":
        return {}
    bounds = {f"{name}.w_min": -UNBOUNDED if p.w_min is None else p.w_min, f"{name}.w_max": p.w_max}
    if how == "twice":
        return bounds | {f"{name}.traversed": links.traversed}
    if how in ("reward", "reward-column"):
        bounds[f"{name}.k"] = {"lateral": p.k_lat, "backward": p.k_back}.get(name, 1.0)
    if how == "reward-column":
        bounds[f"{name}.keep"] = math.exp(-1 / 2)  # tau_e is two moves
    if how == "kept":
        bounds |= {"cells.S_target": p.w_intra * (p.m**3 - 1)}
    return bounds


def reward_values(p: CubeParams) -> Values:
    if p.rule == "reward":
        return pixel_places(p, "aim") | {
            "meter.n_cells": p.n**2 * p.L,
            "meter.r_target": p.target_rate,
            "meter.good_iou": p.good_iou,
        }
    if p.rule == "reward-column":
        a_plus = 1.0
        return pixel_places(p, "column") | {
            "column.n_mean": N_MEAN_MOVES,
            "cells.tau_pair": 2 * (p.tau_ref + 1) * DT_S,
            "cells.a_plus": a_plus,
            "cells.a_minus": 1.05 * a_plus,
        }
    return {}


# --- what changes from block to block -----------------------------------------------------------


def switches(p: Params, wiring: Wiring, *, learn: bool) -> Values:
    """Gains of all learning, or zeros."""
    on = float(learn)
    if isinstance(p, LocalParams):
        return {
            "input.eta": on * p.eta,
            "readout.eta_out": on * p.eta_out,
            "hidden.eta_theta": on * p.eta_theta,
        }
    values = {}
    if p.excitability == "homeostasis":
        values["cells.eta_theta"] = on * p.eta_theta
    for name in wiring.roles:
        how = learning(p, name)
        if how not in ("fixed", "shared"):
            values[f"{name}.eta"] = on * p.eta
        if how in ("hebb", "twice", "kept"):
            values[f"{name}.delta"] = on * p.decay
    if p.readout:
        values["readout.eta_out"] = on * p.eta_out
    return values


def window(dots: DotParams, first: int, n_steps: int) -> Values:
    """The time without input that a block of steps lies in or meets; a block meets one at most."""
    met = [w for w in off_windows(dots) if w[0] < first + n_steps and w[1] > first]
    start, stop = met[0] if met else (NEVER, NEVER)
    return {"dots.off_from": min(start, NEVER), "dots.off_to": min(stop, NEVER)}
