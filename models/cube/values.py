"""From parameters to the numbers that the networks take.

Keys are ``"<group>.<variable>"`` of `equations.py`; times are in seconds.
"""

from __future__ import annotations

import math

import numpy as np

from driver.engine.model import ForGenn, Model
from driver.engine.randomness import generator
from models.cube.params import DT_S, CubeParams, GroupsParams, LocalParams, Params
from models.cube.wiring import (
    CubeWiring,
    Links,
    LocalWiring,
    all_pairs,
    displacements,
    places,
)
from stimuli.dots import NEVER, DotParams, Launch, first_launch, off_windows, relaunch_moves

Values = dict[str, np.ndarray | float]
UNBOUNDED = 1e300
N_MEAN_MOVES = 100  # that the mean of a column's reward runs over
Wiring = CubeWiring | LocalWiring


def wiring_of(p: Params, dots: DotParams) -> Wiring:
    """Links of a network; motion cells need to know how fast dots are."""
    if isinstance(p, LocalParams):
        return LocalWiring(p, displacements(dots.speed, dots.speed_t))
    return CubeWiring(p)


def shown_at_launch(p: Params) -> bool:
    """Whether step 0 shows the launch; the models with a target for the next frame need it."""
    return isinstance(p, LocalParams) or p.rule == "reward"


def lag_moves(p: CubeParams) -> int:
    """Moves after which the output plane answers: one layer a step."""
    return (p.L - 1) // p.ratio


def n_links(p: Params, dots: DotParams) -> int:
    """Links between spiking cells, and to the output."""
    wiring = wiring_of(p, dots)
    if isinstance(p, LocalParams):
        return sum(int(i.size) for i, _ in wiring.projections.values())
    readout = int(wiring.readout[0].size) if p.readout else 0
    return readout + sum(int(links.i.size) for links in wiring.roles.values())


# --- structure -------------------------------------------------------------------------------


def model(p: Params, dots: DotParams, wiring: Wiring) -> Model:
    """The network of these parameters, as the driver takes it."""
    if isinstance(p, LocalParams):
        structure, ends = local_structure(p, wiring), local_ends(p, dots, wiring)
    else:
        structure, ends = cube_structure(p, wiring), cube_ends(p, dots, wiring)
    structure |= {"dt_s": DT_S, "n": p.n, "ratio": p.ratio, "dots": dots.dots}
    contacts = {}
    for name, (i, j) in ends.items():
        contacts[f"{name}.i"], contacts[f"{name}.j"] = np.int32(i), np.int32(j)
    state = tuple(initial_state(p, dots, wiring))
    populations = tuple(structure["populations"])
    return Model(
        builder="models.cube.network:build",
        structure=structure,
        wiring=contacts,
        state=state,
        scratch=scratch(structure),
        populations=populations,
        genn=for_genn(p),
    )


def for_genn(p: Params) -> ForGenn | str:
    """How GeNN gets the network (see `network_genn`), or why it cannot."""
    if not isinstance(p, LocalParams) and p.rule in ("reward", "reward-column"):
        return f"--rule {p.rule} needs reward in the middle of a step, which GeNN has no stage for"
    group = "hidden" if isinstance(p, LocalParams) else "cells"
    extra = ["dots.told", f"{group}.rho"]
    if not isinstance(p, LocalParams) and p.excitability == "adaptation":
        extra += [f"{group}.keep"]
    if isinstance(p, LocalParams) or p.readout:
        extra += ["output.on"]
    return ForGenn(
        builder="models.cube.network_genn:build",
        scratch=tuple(extra),
        without=("light", "output_target", "feedback"),
    )


def local_structure(p: LocalParams, wiring: LocalWiring) -> dict:
    return {
        "model": "local",
        "hidden": p.hidden,
        "n_hidden": wiring.n_hidden,
        "recall": p.recall,
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
    if role in ("field", "surround") or (role == "lateral" and not p.learn_lat):
        return "fixed"
    return "twice" if role == "residual" else p.rule


SCRATCH = {
    "dots": ("number", "fresh", "edge", "drawn", "side"),
    "retina": ("lit",),
    "output": ("target", "drive", "error"),
    "branches": ("column", "row", "drive_x", "drive_y", "error_x", "error_y"),
    "aim": ("target", "fired"),
    "meter": ("n_all", "n_union", "n_hit", "R"),
    "column": ("r_now", "R"),
}


def scratch(structure: dict) -> tuple[str, ...]:
    """Variables that a step fills before it reads them."""
    there = {"dots": "dots", "retina": "retina"}
    if structure["model"] == "local":
        there["output"] = "branches" if structure["hidden"] == "motion" else "output"
    elif structure["readout"]:
        there["output"] = "output"
    rule = structure.get("rule")
    there |= {"aim": "aim", "meter": "meter"} if rule == "reward" else {}
    there |= {"column": "column"} if rule == "reward-column" else {}
    names = [f"{group}.{name}" for group, kind in there.items() for name in SCRATCH[kind]]
    names += ["cells.R"] if rule == "reward" else []
    names += ["cells.S"] if "kept" in structure.get("roles", {}).values() else []
    if structure.get("hidden") == "motion":
        names.remove("retina.lit")  # it is the last frame of the next step
    return tuple(names)


def seen_ends(p: Params, dots: DotParams) -> dict:
    """Dots to every pixel, as often as something looks at them."""
    return {"light": all_pairs(dots.dots, p.n**2)}


def local_ends(p: LocalParams, dots: DotParams, wiring: LocalWiring) -> dict:
    ends = seen_ends(p, dots) | {"output_target": all_pairs(dots.dots, p.n**2)}
    if p.recall:
        ends["feedback"] = np.arange(p.n**2), np.arange(p.n**2)
    return ends | wiring.projections


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
    state = {f"hidden.{name}": np.zeros(wiring.n_hidden) for name in ("v", "I_syn", "spiked")}
    state["hidden.theta"] = np.full(wiring.n_hidden, p.theta0)
    if p.hidden == "motion":
        state |= {"retina.lit": np.zeros(p.n**2), "retina.was_lit": np.zeros(p.n**2)}
    else:
        state["input.w"] = input_weights(p, wiring, "input")
    if p.recall:
        state["retina.imagined"] = np.zeros(p.n**2)
    for name, (i, _) in wiring.projections.items():
        if name.startswith("readout"):
            state[f"{name}.w"] = readout_weights(p, name, i.size)
    return state


def input_weights(p: LocalParams, wiring: LocalWiring, name: str) -> np.ndarray:
    """Uniform in the receptive field, 0 outside it; the same with and without `dense`."""
    here = wiring.in_patch if name == "input" else np.ones(wiring.projections[name][0].size, bool)
    w = np.zeros(here.size)
    u = generator(p.seed, f"{name} weights").random(int(here.sum()))
    w[here] = p.w_in_low + (p.w_in_high - p.w_in_low) * u
    return w


def readout_weights(p: Params, name: str, size: int) -> np.ndarray:
    sd = p.w_out_sd if isinstance(p, LocalParams) else 0.0
    return sd * generator(p.seed, f"{name} weights").standard_normal(size)


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
        if learning(p, name) == "kept":  # what will be kept is there from the start
            total = np.bincount(links.j, state[f"{name}.w"], n_cells)
            state[f"{name}.w"] *= (kept_sum(p) / total)[links.j]
        if learning(p, name) == "reward-column":
            state[f"{name}.eligible"] = np.zeros(links.i.size)
    if p.rule == "reward-column":
        state |= {f"cells.{name}": np.zeros(n_cells) for name in ("pre_trace", "post_trace", "R")}
        state |= {
            f"column.{name}": np.zeros(p.n**2) for name in ("fired", "distance", "known", "r_mean")
        }
    if p.readout:
        state["readout.w"] = readout_weights(p, "readout", wiring.readout[0].size)
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
        return values | local_values(p, wiring)
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


def local_values(p: LocalParams, wiring: LocalWiring) -> Values:
    values = membrane("hidden", p.rho) | pixel_places(p, "output") | homeostasis("hidden", p)
    values |= noise("hidden", p) | teacher(p)
    values |= {
        "hidden.v_rest": np.full(wiring.n_hidden, p.bias / (1 - p.rho)),
        "retina.radius": 0.0,
    }
    if p.hidden == "patch":
        return values | {"input.w_max": p.w_in_max}
    values["output.strip"] = float(p.r + wiring.reach if p.strip is None else p.strip)
    return values | {f"{k}.w": input_weights(p, wiring, k) for k in ("input", "before")}


def teacher(p: Params) -> Values:
    values = {"tau_out": p.tau_out, "kappa": p.kappa, "false_alarm": p.false_alarm}
    return {f"output.{name}": value for name, value in values.items()}


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
        values |= teacher(p) | pixel_places(p, "output")
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
    if how == "reward":
        bounds[f"{name}.k"] = {"lateral": p.k_lat, "backward": p.k_back}.get(name, 1.0)
    if how == "reward-column":
        bounds[f"{name}.keep"] = math.exp(-1 / 2)  # tau_e is two moves
    if how == "kept":
        bounds |= {"cells.S_target": kept_sum(p)}
    return bounds


def kept_sum(p: GroupsParams) -> float:
    """Sum of the weights into a cell from its own group, under ``learn all``."""
    return p.w_intra * (p.m**3 - 1)


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
        values = {"hidden.eta_theta": on * p.eta_theta}
        values |= {"input.eta": on * p.eta} if p.hidden == "patch" else {}
        return values | {f"{name}.eta_out": on * p.eta_out for name in readouts(wiring)}
    values = {"cells.eta_theta": on * p.eta_theta} if p.excitability == "homeostasis" else {}
    for name in wiring.roles:
        how = learning(p, name)
        gain = on if name != "residual" or p.learn_lat else 0.0  # most of it lies within a layer
        if how not in ("fixed", "shared"):
            values[f"{name}.eta"] = gain * p.eta
        if how in ("hebb", "twice", "kept"):
            values[f"{name}.delta"] = gain * p.decay
    return values | ({"readout.eta_out": on * p.eta_out} if p.readout else {})


def readouts(wiring: LocalWiring) -> list[str]:
    """Projections that learn from the error of the output."""
    return [name for name in wiring.projections if name.startswith("readout")]


def window(p: Params, dots: DotParams, first: int, n_steps: int) -> Values:
    """The time without input that a block of steps lies in or meets; a block meets one at most."""
    met = [w for w in off_windows(dots) if w[0] < first + n_steps and w[1] > first]
    start, stop = met[0] if met else (NEVER, NEVER)
    see = ["dots", *(["retina"] if isinstance(p, LocalParams) and p.recall else [])]
    return {f"{k}.off_from": start for k in see} | {f"{k}.off_to": stop for k in see}
