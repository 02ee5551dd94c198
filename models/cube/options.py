"""From the command line to a request: preset, overrides, checks. Nothing is written here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.model import CUDA, GENN, Backend
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import STRICT, Adjustment, Flag, Group, UsageError
from driver.run import request
from driver.run.read import CommandLine, mode_of
from models.cube import checks
from models.cube.format import FORMAT
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params
from models.cube.presets import DEFAULT_MODE, EARLIER, PRESETS, Preset
from models.cube.values import for_genn, not_on_cuda
from stimuli.dots import DotParams

DESCRIPTION = (
    "Does a network of spiking cells repeat or predict a moving dot? Runs a local layer, a 3-D "
    "lattice or groups of neurons, removes the input, and does the same with the untrained twin. "
    "A value beyond a bound is an error."
)


@dataclass(config=STRICT)
class RunOptions(request.RunOptions):
    """Which preset, which seeds, where to and on what."""

    mode: Annotated[str, Flag("mode", alias="variant")] = DEFAULT_MODE
    """Preset; docs/dots.md lists them. Flags override it. 01_01 is local-repeat and \
01_02 local-cancel."""
    model: Literal["local", "cube", "groups"] | None = None
    """Model of the preset, to be safe: another one is an error."""
    fidelity: Literal["fixed", "reference"] = "fixed"
    """fixed: the corrected rules; reference: those of the earlier programs, errors included."""
    output_root: Annotated[Path, Flag("output-root", alias="out")] = Path("Runs")
    """Folder that run folders are made in."""
    figures: Annotated[bool, Flag("figures", alias="render")] = True
    """Draw the figures and write report.html; without it, the words `figures` and `report` do so \
later."""
    backend: Annotated[Backend, Flag("backend", alias="target")] = "auto"
    """What runs the equations; auto chooses by the work to be done and the compiler at hand. genn \
and genn_gpu, and cuda, need an environment of their own, see docs/genn.md and docs/cuda.md."""

    # --- pictures and memory ----------------------------------------------------------
    live: bool = False
    """Show frame, prediction, error map and spikes while it runs: in a window where there is a \
display, else in live.html in the run folder, which reloads. The results are the same."""
    animation: bool = False
    """Also draw an animation of the last moves (MP4, or GIF where there is no ffmpeg)."""
    every: Annotated[int | None, Field(ge=1)] = None
    """Steps of a frame of the animation; a quarter of a move of a cube, one of the local layer."""
    down: Annotated[int | None, Field(ge=1)] = None
    """Cells along the side of a block of the 3-D view; about 12 blocks a side if not given."""
    allow_large: bool = False
    """Run also what is expected to take more than 4 GB of memory."""


@dataclasses.dataclass(frozen=True)
class Request(request.Request):
    """A run of a dot-prediction model that can be started."""

    format = FORMAT

    options: RunOptions
    params: Params
    dots: DotParams = dataclasses.field(kw_only=True)

    @property
    def parts(self) -> dict[str, Any]:
        return {"network_params": self.params, "stimulus_params": self.dots}


def flags() -> tuple[type, ...]:
    """Dataclasses of all flags of all presets: what a sweep can vary."""
    return RunOptions, LocalParams, CubeParams, GroupsParams, DotParams


def read(argv: Sequence[str]) -> Request:
    """Read the command line; whether the folder of the run is free is not looked at."""
    mode = mode_of(argv, PRESETS, DEFAULT_MODE, ("--mode", "--variant"), EARLIER)
    preset = PRESETS.get(mode, PRESETS[DEFAULT_MODE])
    fidelity = fidelity_of(argv, mode, preset)
    groups = {
        "run": Group(RunOptions),
        "network": Group(preset.model, preset.values(fidelity)),
        "stimulus": Group(DotParams, preset.dots(fidelity)),
    }
    line = CommandLine(argv, FORMAT.prog, DESCRIPTION, groups)
    options = line.build("run", {"mode": mode})
    model = preset.model.model
    if options.model not in (None, model):
        raise UsageError(f"--model {options.model}: --mode {mode} is a {model} model")
    check_isotropic(line.values["network"], line.given)
    params, dots = line.build("network"), line.build("stimulus")
    checks.check(params, dots, allow_large=options.allow_large)
    checks.check_unused(line.given, params, dots)
    check_view(options, params)
    if options.backend in GENN and isinstance(why := for_genn(params), str):
        raise UsageError(f"--backend {options.backend}: {why}")
    if options.backend == CUDA and (why := not_on_cuda(params, dots)):
        raise UsageError(f"--backend {options.backend}: {why}")
    line.adjustments += [Adjustment("", None, None, w) for w in checks.warnings(params, dots)]
    return line.request(Request, options, params, dots=dots)


def check_view(options: RunOptions, params: Params) -> None:
    """Raise `UsageError` for an animation or a 3-D view that cannot be."""
    if options.down is not None and options.down > params.n:
        raise UsageError(f"--down {options.down}: must be at most --n {params.n}")
    if options.every is not None and not options.animation:
        raise UsageError(f"--every {options.every}: no effect without --animation")


def check_isotropic(values: dict[str, Any], given: frozenset[str]) -> None:
    """Raise `UsageError` if `w0` was typed together with a weight that it sets."""
    if values.get("w0") is None:
        return
    if typed := sorted(given & {"w_fwd", "w_lat", "w_back"}):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in typed)
        raise UsageError(f"--w0 {values['w0']:g} sets the weights of {flags} too: give one of them")


def fidelity_of(argv: Sequence[str], mode: str, preset: Preset) -> str:
    """Which values of the preset; they are the defaults of the flags.

    Raises
    ------
    UsageError
        If there was no earlier program to be faithful to.
    """
    fidelity = cli.option(argv, "--fidelity", "fixed").strip().lower()
    if fidelity not in ("fixed", "reference"):
        raise UsageError(f"--fidelity {fidelity!r} is not one of fixed, reference")
    if fidelity == "reference" and preset.reference is None:
        raise UsageError(f"--fidelity reference: --mode {mode} has no earlier program")
    return fidelity
