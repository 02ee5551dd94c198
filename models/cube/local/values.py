"""Numbers of the local layer, see `models.cube.values`."""

from __future__ import annotations

import numpy as np

from driver.engine.randomness import generator
from models.cube import values as common
from models.cube.local.wiring import LocalWiring
from models.cube.params import LocalParams
from models.cube.wiring import all_pairs
from stimuli.dots import DotParams

BRANCHES = ("column", "row", "drive_x", "drive_y", "error_x", "error_y")


def size(p: LocalParams) -> dict[str, int]:
    """Cells along the axes of the network, as a recording names them."""
    return {"n": p.n}


def n_cells(p: LocalParams) -> int:
    """Spiking cells, hidden and output; of one hidden cell a pixel."""
    return 2 * p.n**2


def shown_at_launch(p: LocalParams) -> bool:
    """Whether step 0 shows the launch; a model with a target for the next frame needs it."""
    return True


def ahead(p: LocalParams) -> int:
    """Moves from the shown frame to the one that the output should show."""
    return p.horizon


horizon = ahead


def freezes_when_off(p: LocalParams) -> bool:
    """Whether no weight learns while the input is off."""
    return p.freeze_when_off


def sees_input(p: LocalParams) -> list[str]:
    """Groups that know whether the input is on."""
    return ["dots", "retina"] if p.recall else ["dots"]


def structure(p: LocalParams, wiring: LocalWiring) -> dict:
    return {
        "model": "local",
        "hidden": p.hidden,
        "n_hidden": wiring.n_hidden,
        "recall": p.recall,
        "excitability": "homeostasis",
        "noisy": p.sigma_noise > 0,
        "populations": ["retina", "hidden", "output"],
    }


def scratch(p: LocalParams) -> tuple[str, ...]:
    """Variables that a step fills before it reads them."""
    if p.hidden == "patch":
        return common.EYES + common.OUTPUT
    kept = "retina.lit"  # it is the last frame of the next step
    eyes = (name for name in common.EYES if name != kept)
    return (*eyes, *(f"output.{name}" for name in BRANCHES))


def genn_scratch(p: LocalParams) -> list[str]:
    return ["hidden.rho", "output.on"]


def ends(p: LocalParams, dots: DotParams, wiring: LocalWiring) -> dict:
    found = {"output_target": all_pairs(dots.dots, p.n**2)}
    if p.recall:
        found["feedback"] = np.arange(p.n**2), np.arange(p.n**2)
    return found | wiring.projections


def state(p: LocalParams, wiring: LocalWiring) -> dict[str, np.ndarray]:
    """State before the first step."""
    found = {f"hidden.{name}": np.zeros(wiring.n_hidden) for name in ("v", "I_syn", "spiked")}
    found["hidden.theta"] = np.full(wiring.n_hidden, p.theta0)
    if p.hidden == "motion":
        found |= {"retina.lit": np.zeros(p.n**2), "retina.was_lit": np.zeros(p.n**2)}
    else:
        found["input.w"] = input_weights(p, wiring, "input")
    if p.recall:
        found["retina.imagined"] = np.zeros(p.n**2)
    for name in readouts(wiring):
        size = wiring.projections[name][0].size
        found[f"{name}.w"] = common.readout_weights(p, name, size, p.w_out_sd)
    return found


def input_weights(p: LocalParams, wiring: LocalWiring, name: str) -> np.ndarray:
    """Uniform in the receptive field, 0 outside it; the same with and without `dense`."""
    here = wiring.in_patch if name == "input" else np.ones(wiring.projections[name][0].size, bool)
    w = np.zeros(here.size)
    u = generator(p.seed, f"{name} weights").random(int(here.sum()))
    w[here] = p.w_in_low + (p.w_in_high - p.w_in_low) * u
    return w


def constants(p: LocalParams, wiring: LocalWiring) -> common.Values:
    """Numbers that stay through a block."""
    values = common.membrane(p, "hidden") | common.homeostasis(p, "hidden")
    values |= common.pixel_places(p, "output") | common.teacher(p)
    values["hidden.v_rest"] = np.full(wiring.n_hidden, common.rest(p))
    values["retina.radius"] = 0.0
    if p.hidden == "patch":
        return values | {"input.w_max": p.w_in_max}
    values["output.strip"] = float(p.r + wiring.reach if p.strip is None else p.strip)
    return values | {f"{k}.w": input_weights(p, wiring, k) for k in ("input", "before")}


def switches(p: LocalParams, wiring: LocalWiring, on: float) -> common.Values:
    """Gains of all learning."""
    values = {"hidden.eta_theta": on * p.eta_theta}
    values |= {"input.eta": on * p.eta} if p.hidden == "patch" else {}
    return values | {f"{name}.eta_out": on * p.eta_out for name in readouts(wiring)}


def readouts(wiring: LocalWiring) -> list[str]:
    """Projections that learn from the error of the output."""
    return [name for name in wiring.projections if name.startswith("readout")]
