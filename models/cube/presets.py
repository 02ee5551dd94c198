"""Presets of the dot-prediction models: model and stimulus together, in both fidelities."""

from __future__ import annotations

import dataclasses
from typing import Any

from driver.room import About
from models.cube.params import CubeParams, GroupsParams, LocalParams


@dataclasses.dataclass(frozen=True)
class Preset:
    """A named variant: what it sets in each fidelity, model and stimulus together.

    Attributes
    ----------
    model : type
        `LocalParams`, `CubeParams` or `GroupsParams`.
    fixed, reference : dict
        What differs from the defaults. `reference` is None where no earlier program existed.
    dots_fixed, dots_reference : dict
        The same of `stimuli.dots.DotParams`.
    note : str
        What it is, in a line.
    """

    model: type
    note: str
    fixed: dict[str, Any]
    reference: dict[str, Any] | None = None
    dots_fixed: dict[str, Any] = dataclasses.field(default_factory=dict)
    dots_reference: dict[str, Any] = dataclasses.field(
        default_factory=lambda: {"stimulus": "orbit"}
    )

    def values(self, fidelity: str) -> dict[str, Any]:
        return self.fixed if fidelity == "fixed" else self.reference

    def dots(self, fidelity: str) -> dict[str, Any]:
        return self.dots_fixed if fidelity == "fixed" else self.dots_reference


# fmt: off
LOCAL_REFERENCE = dict(theta_min=0.3, dense=True)
OFF = dict(off_from=(3001,), off_to=(4000,))
ISOTROPIC = dict(w_max=1.2, lamb=None, learn_lat=True, ratio=1, decay=0.0005)
CUBE_02_02 = ISOTROPIC | dict(
    w_fwd=1.0, w_lat=1.0, w_back=1.0, input_gain=1.0, rho=0.85,
    bias=0.02, tau_ref=2, d_theta=0.25, steps=5000,
)
CUBE_02_03 = ISOTROPIC | dict(
    w_fwd=0.6, w_lat=0.6, w_back=0.6, input_gain=3.0, rho=0.78, ratio=8,
    bias=0.015, tau_ref=3, d_theta=0.35, decay=0.001, steps=24000,
)
CUBE_02_04 = CUBE_02_03 | dict(input_gain=4.2, d_theta=0.27)
CUBE_02_05 = CUBE_02_03 | dict(
    w_fwd=0.75, w_lat=0.75, w_back=0.75, input_gain=4.5, rho=0.82,
    bias=0.032, lamb=14.0, d_theta=0.23, steps=12000,
)
CUBE_03_01 = CUBE_02_05 | dict(w_fwd=1.0, w_lat=0.35, w_back=0.0, w_res=0.6, residual="doubled")
CUBE_02_01 = dict(
    w_fwd=1.0, w_lat=0.3, w_back=0.05, w_max=1.2, w_min=None, ratio=1,
    input_gain=1.0, rho=0.8, bias=0.01, lamb=None, steps=6000,
    excitability="homeostasis", rule="reward", learn_lat=True, tau_ref=0,
)
MOTION = dict(
    hidden="motion", r=2, rho=0.5, bias=0.0, theta_min=1.0, theta_max=1.15,
    eta=0.0, w_in_low=0.6, w_in_high=0.6, r_out=2, eta_out=0.2,
    kappa=0.5, false_alarm=0.3, steps=100_000,
)
WEAK_RESIDUAL = dict(w_res=0.25, residual="separate", learn_lat=False)
CALM = dict(bias=0.008, d_theta=0.35, tau_ref=3, rho=0.8)
FOCUS = dict(
    r_in=1, tau_ref=7, v_ref=0.0, d_theta=0.1, eta=0.05, decay=0.005,
    w_field=1.3, w_surround=0.18, steps=20_000,
)
# fmt: on
PRESETS: dict[str, Preset] = {
    "local-repeat": Preset(
        LocalParams,
        "one layer that learns to predict the next frame; input always on",
        {},
        LOCAL_REFERENCE,
    ),
    "local-cancel": Preset(
        LocalParams,
        "the same; the input is switched off for 1000 steps, then on again",
        {"steps": 6000},
        LOCAL_REFERENCE | {"steps": 6000, "freeze_when_off": False},
        OFF | {"stimulus": "orbit"},
        OFF | {"stimulus": "orbit", "dot_when_off": "stop"},
    ),
    "local-predict": Preset(
        LocalParams,
        "motion cells predict dots on paths that were never shown",
        MOTION,
        None,
        {"held_out_every": 4},
    ),
    "local-recall": Preset(
        LocalParams,
        "the same; without input it goes on by itself along the path of the dot",
        MOTION | {"r": 3, "recall": True},
        None,
        {"held_out_every": 4},
    ),
    "02_01": Preset(
        CubeParams,
        "cube that learns by a reward",
        CUBE_02_01 | {"w_min": 0.0, "rule": "reward-column"},
        CUBE_02_01,
    ),
    "02_02": Preset(CubeParams, "isotropic cube, one step a move", CUBE_02_02, CUBE_02_02),
    "02_02a": Preset(
        CubeParams,
        "02_02 with more bias and less adaptation",
        CUBE_02_02 | {"bias": 0.04, "d_theta": 0.2},
        CUBE_02_02 | {"bias": 0.04, "d_theta": 0.2},
    ),
    "02_02b": Preset(
        CubeParams,
        "02_02 with less bias and more adaptation",
        CUBE_02_02 | CALM,
        CUBE_02_02 | CALM,
    ),
    "02_03": Preset(CubeParams, "isotropic cube, eight steps a move", CUBE_02_03, CUBE_02_03),
    "02_04": Preset(CubeParams, "02_03 with a stronger input", CUBE_02_04, CUBE_02_04),
    "02_05": Preset(
        CubeParams, "stronger links, a bias that falls with depth", CUBE_02_05, CUBE_02_05
    ),
    "03_01": Preset(
        CubeParams,
        "forward cube with a residual layer",
        CUBE_03_01 | WEAK_RESIDUAL,
        CUBE_03_01,
    ),
    "relay-a": Preset(CubeParams, "forward chain that relays every spike", {"readout": True}),
    "relay-b": Preset(CubeParams, "relay-A, wider", {"w_lat": 0.6, "readout": True}),
    "focus": Preset(
        CubeParams,
        "a packet of spikes travels through; the back plane fires where all of it coincides",
        FOCUS,
    ),
    "groups": Preset(
        GroupsParams,
        "groups of neurons as coincidence gates",
        {"n": 24, "L": 24, "r_in": 1, "steps": 3000},
    ),
}
DEFAULT_MODE = "relay-a"
EARLIER = {"01_01": "local-repeat", "01_02": "local-cancel"}  # names of the earlier programs

EXPECTED = {  # what to expect, and the time; the one to begin with first
    "local-predict": (
        "`predicts`: on paths never shown the output is the next frame, IoU 1.000 on 5 of 5 seeds; "
        "untrained 0",
        "25 s",
    ),
    "local-recall": (
        "`recalls`: it goes on for the whole loop of 94 moves, IoU 1.000 on 5 of 5 seeds; "
        "untrained 0 moves",
        "25 s",
    ),
    "focus": (
        "`focused`, and right 5 moves later: IoU 0.999 on 5 of 5 seeds; untrained 0.01",
        "30 s",
    ),
    "local-repeat": (
        "`does not predict` (3 seeds): a patch of the present frame does not tell the direction; "
        "one loop (`--stimulus orbit`) it learns by heart",
        "9 s",
    ),
    "local-cancel": (
        "`predicts` its one loop, by heart, and goes on after the pause: IoU 1.00 on 3 of 3 seeds; "
        "untrained 0",
        "10 s",
    ),
    "relay-a": (
        "`focused`, trained or not (3 seeds): the wiring does it; its readout learns nothing",
        "25 s",
    ),
    "relay-b": ("`focused`, trained or not (3 seeds)", "25 s"),
    "groups": ("`focused`, trained or not (3 seeds)", "10 s"),
    "02_01": ("`driven waves`; untrained `silent` (1 seed)", "not measured"),
    "02_02": ("`self-sustained waves`, trained or not (1 seed)", "not measured"),
    "02_02a": (
        "with `--fidelity reference` `self-sustained waves`; as it is not measured",
        "not measured",
    ),
    "02_02b": ("`driven waves`, trained or not (1 seed)", "not measured"),
    "02_03": ("`silent`, trained or not (1 seed): the input does not get through", "not measured"),
    "02_04": ("`silent`, trained or not (1 seed)", "not measured"),
    "02_05": (
        "with `--fidelity reference` `self-sustained waves`; as it is not measured",
        "1 minute",
    ),
    "03_01": (
        "`silent`, trained or not (1 seed): its chain breaks before the residual layer",
        "not measured",
    ),
}
ABOUT = {
    name: About(PRESETS[name].note, expected, time) for name, (expected, time) in EXPECTED.items()
}
