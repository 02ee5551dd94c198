"""Numbers of dots, retina, cells and output: what the local layer and the cube share."""

from __future__ import annotations

import math

import numpy as np

from driver.engine.randomness import generator
from models.cube.params import DT_S, Params
from stimuli.dots import DotParams, relaunch_moves

Values = dict[str, np.ndarray | float]
EYES = {  # scratch variables, see `driver.engine.model.Model`
    "dots": ("number", "fresh", "edge", "drawn", "side"),
    "retina": ("lit",),
}
OUTPUT = {"output": ("target", "drive", "error")}


def named(scratch: dict[str, tuple[str, ...]]) -> list[str]:
    return [f"{group}.{name}" for group, names in scratch.items() for name in names]


def rest(p: Params, share: np.ndarray | float = 1.0) -> np.ndarray | float:
    """Potential at rest of a cell that has this share of the bias."""
    return p.bias * share / (1 - p.rho)


def dot_values(p: Params, dots: DotParams, *, first_move: int, horizon: int) -> Values:
    return {
        "dots.n": p.n,
        "dots.ratio": p.ratio,
        "dots.first_move": first_move,
        "dots.moves_unseen": int(dots.dot_when_off == "continue"),
        "dots.horizon": horizon,
        "dots.seed": p.seed,
        "dots.speed": dots.speed,
        "dots.speed_t": dots.speed_t,
        "dots.relaunch_every": relaunch_moves(dots, p.n),
        "dots.held_out_every": dots.held_out_every,
    }


def pixel_places(p: Params, group: str) -> Values:
    y, x = np.divmod(np.arange(p.n**2), p.n)
    return {f"{group}.x": x.astype(float), f"{group}.y": y.astype(float)}


def membrane(p: Params, group: str) -> Values:
    noise = {f"{group}.sigma": p.sigma_noise, f"{group}.seed": p.seed} if p.sigma_noise else {}
    return {f"{group}.tau_v": -DT_S / math.log(p.rho)} | noise


def homeostasis(p: Params, group: str) -> Values:
    return {
        f"{group}.r_target": p.target_rate,
        f"{group}.theta_min": p.theta_min,
        f"{group}.theta_max": p.theta_max,
    }


def teacher(p: Params) -> Values:
    return {
        "output.tau_out": p.tau_out,
        "output.kappa": p.kappa,
        "output.false_alarm": p.false_alarm,
    }


def readout_weights(p: Params, name: str, size: int, sd: float) -> np.ndarray:
    return sd * generator(p.seed, f"{name} weights").standard_normal(size)
