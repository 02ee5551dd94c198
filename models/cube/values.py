"""From parameters to the numbers that the networks take.

Keys are ``"<group>.<variable>"`` of `equations.py`; times are in seconds. What only one of the
models has stands in the `values` of its kind (see `kinds`), made of the pieces below.
"""

from __future__ import annotations

import math

import numpy as np

from driver.engine.model import ForGenn, Model, contacts
from driver.engine.randomness import generator
from models.cube.kinds import kind_of
from models.cube.params import DT_S, Params
from models.cube.wiring import Wiring, all_pairs
from stimuli.dots import NEVER, DotParams, Launch, first_launch, off_windows, relaunch_moves

Values = dict[str, np.ndarray | float]
# what a step fills before it reads it, see `driver.engine.model.Model`
EYES = ("dots.number", "dots.fresh", "dots.edge", "dots.drawn", "dots.side", "retina.lit")
OUTPUT = ("output.target", "output.drive", "output.error")


def wiring_of(p: Params, dots: DotParams) -> Wiring:
    """Links of a network; motion cells need to know how fast dots are."""
    return kind_of(p).wiring.wiring_of(p, dots)


def n_links(p: Params, dots: DotParams) -> int:
    """Links between spiking cells, and to the output."""
    return sum(int(i.size) for i, _ in wiring_of(p, dots).projections.values())


def model(p: Params, dots: DotParams, wiring: Wiring) -> Model:
    """The network of these parameters, as the driver takes it."""
    kind = kind_of(p).values
    structure = kind.structure(p, wiring)
    ends = {"light": all_pairs(dots.dots, p.n**2)}  # dots to every pixel
    return Model(
        builder="models.cube.network:build",
        structure=structure | {"dt_s": DT_S, "n": p.n, "ratio": p.ratio, "dots": dots.dots},
        wiring=contacts(ends | kind.ends(p, dots, wiring)),
        state=tuple(initial_state(p, dots, wiring)),
        scratch=kind.scratch(p),
        populations=tuple(structure["populations"]),
        genn=for_genn(p),
        not_on_cuda=not_on_cuda(p, dots),
    )


def for_genn(p: Params) -> ForGenn | str:
    """How GeNN gets the network (see `network_genn`), or why it cannot."""
    extra = kind_of(p).values.genn_scratch(p)
    if isinstance(extra, str):
        return extra
    return ForGenn(
        builder="models.cube.network_genn:build",
        scratch=("dots.told", *extra),
        without=("light", "output_target", "feedback"),
    )


def not_on_cuda(p: Params, dots: DotParams) -> str:
    """Why ``--backend cuda`` cannot have the network; empty if it can."""
    if getattr(p, "rule", "") == "reward-column" and dots.dots > 1:
        return f"--rule {p.rule} with --dots {dots.dots}: of a column the last dot decides"
    return ""


def initial_state(
    p: Params, dots: DotParams, wiring: Wiring, start: Launch | None = None
) -> dict[str, np.ndarray]:
    """State before the first step; `start` is a launch in the place of the drawn one."""
    start = start or first_launch(dots, p.n, p.seed)
    state = {f"dots.{name}": getattr(start, name).astype(float) for name in ("x", "y", "vx", "vy")}
    state["dots.moves"] = np.zeros(dots.dots, np.int32)
    return state | kind_of(p).values.state(p, wiring)


def constants(p: Params, dots: DotParams, wiring: Wiring) -> Values:
    """Numbers of a run that do not change from block to block."""
    seen = dot_values(p, dots) | pixel_places(p, "retina")
    return seen | kind_of(p).values.constants(p, wiring)


def switches(p: Params, wiring: Wiring, *, learn: bool) -> Values:
    """Gains of all learning, or zeros."""
    return kind_of(p).values.switches(p, wiring, float(learn))


def window(p: Params, dots: DotParams, first: int, n_steps: int) -> Values:
    """The time without input that a block of steps lies in or meets; a block meets one at most."""
    met = [w for w in off_windows(dots) if w[0] < first + n_steps and w[1] > first]
    start, stop = met[0] if met else (NEVER, NEVER)
    see = kind_of(p).values.sees_input(p)
    return {f"{k}.off_from": start for k in see} | {f"{k}.off_to": stop for k in see}


# --- pieces that both models have ---------------------------------------------------------------


def rest(p: Params, share: np.ndarray | float = 1.0) -> np.ndarray | float:
    """Potential at rest of a cell that has this share of the bias."""
    return p.bias * share / (1 - p.rho)


def dot_values(p: Params, dots: DotParams) -> Values:
    """Those of the dots; in the network the horizon of a delayed reward lies in the past."""
    kind = kind_of(p).values
    return {
        "dots.n": p.n,
        "dots.ratio": p.ratio,
        "dots.first_move": int(kind.shown_at_launch(p)),
        "dots.moves_unseen": int(dots.dot_when_off == "continue"),
        "dots.horizon": kind.horizon(p),
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
