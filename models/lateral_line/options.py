"""From the command line to a request: preset, overrides, checks. Nothing is written here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from driver.engine.model import GENN
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import STRICT, Adjustment, Group, UsageError
from driver.flags.rules import flags_of
from driver.run import request
from driver.run.content import TRUST
from driver.run.read import CommandLine, mode_of
from driver.run.saved import NotARun
from models.lateral_line.checks import check_conflicts, warnings, without_effect
from models.lateral_line.format import FORMAT
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import PRESETS
from models.lateral_line.published import TWIN
from models.lateral_line.saved import Run
from models.lateral_line.values import for_genn
from stimulus import StimulusParams

DEFAULT_MODE = "ll_thesis"


@dataclass(config=STRICT)
class RunOptions(request.RunOptions):
    """Which preset, which seeds, where to and on what."""

    mode: str = DEFAULT_MODE
    """Preset: ll_fast (small, about a minute), ll_thesis, ll_baseline (the recipe of the \
published tables), ll_learned (one whose training improves the map), ll_selforg (a map from no \
topography at all) or ll_selforg_fast (the same, small). Flags override it."""

    # --- live; stored weights, or no learning -----------------------------------------
    live: bool = False
    """Show the map of TS while it forms: in a window where there is a display, else in live.html \
in the run folder, which reloads. The results are the same."""
    weights_from: Path | None = None
    """Run folder whose weights are tested, without training. All parameters and seeds are \
those of that run; flags of the test (distance, speed, direction, radius, noise, path, window) may \
differ."""
    ll_mon_weights: Literal["final", "initial"] = "final"
    """LL -> MON weights of a test with `--weights-from`: those after training, or the initial \
ones beside the trained MON -> TS, which is what the published numbers were measured with."""
    disable_all_stdp: bool = False
    """Switch off both STDP rules and both homeostases: weights stay as they start."""


@dataclasses.dataclass(frozen=True)
class Request(request.Request):
    """A run of the lateral line that can be started."""

    format = FORMAT

    options: RunOptions
    params: NetworkParams
    stimulus: StimulusParams = dataclasses.field(kw_only=True)

    @property
    def parts(self) -> dict[str, Any]:
        return {"network_params": self.params, "stimulus_params": self.stimulus}

    @property
    def weights(self) -> Run | None:
        """Whose weights are tested; None for a run that trains."""
        folder, trust = self.options.weights_from, self.options.trust_edited
        return None if folder is None else Run(folder, trust_edited=trust)

    def is_that_of(self, run: Run) -> bool:
        return super().is_that_of(run) and run.ll_mon_weights == self.options.ll_mon_weights


def flags() -> tuple[type, ...]:
    """Dataclasses of all flags: what a sweep can vary."""
    return RunOptions, NetworkParams, StimulusParams


def read(argv: Sequence[str]) -> Request:
    """Read the command line; whether the folder of the run is free is not looked at."""
    mode = mode_of(argv, PRESETS, DEFAULT_MODE)
    source = weights_source(argv)
    decided = {"mode": mode}
    run, network, flow = {}, PRESETS.get(mode, {}), {}  # the defaults of the flags
    if source:
        decided = {"mode": same_mode(argv, source)}
        run, network = {"multi_seed": len(source.seeds)}, vars(source.params)
        flow = vars(source.stimulus)
    groups = {
        "run": Group(RunOptions, run),
        "network": Group(NetworkParams, network),
        "stimulus": Group(StimulusParams, flow, hidden=WITHOUT_FLAG),
    }
    line = CommandLine(argv, FORMAT.prog, DESCRIPTION, groups)
    options = line.build("run", decided)
    if source is None and "ll_mon_weights" in line.given:
        raise UsageError(
            f"--ll-mon-weights {options.ll_mon_weights} is for tests of stored weights: give "
            "--weights-from"
        )
    # what switches learning off comes last and wins over explicit increments
    off = dict.fromkeys(LEARNING, 0.0) if options.disable_all_stdp else {}
    params = line.build("network", off)
    body = {
        "sphere_radius_cm": params.sphere_radius_cm,
        "lateral_line_length_cm": params.ll_body_length_cm,
    }
    stimulus = line.build("stimulus", body)
    if options.disable_all_stdp:
        line.adjustments += overruled(line.given, line.values["network"])
    line.adjustments += [*without_effect(line.given, params), *warnings(params, stimulus)]
    if options.backend in GENN and isinstance(why := for_genn(params), str):
        raise UsageError(f"--backend {options.backend}: {why}")
    check_conflicts(line.given, params, stimulus)
    made = line.request(Request, options, params, stimulus=stimulus)
    if source:
        from models.lateral_line.stored import check_weights

        check_weights(made, source)
        said = [*source.edited, *([TWIN] if source.published else [])]
        line.adjustments += [Adjustment("", None, None, words) for words in said]
    return made


def weights_source(argv: Sequence[str]) -> Run | None:
    """The run whose weights the command line names; None for a run that trains."""
    place, resumed = (cli.option(argv, flag) for flag in ("--weights-from", "--resume-from"))
    for flag, folder in (("--weights-from", place), ("--resume-from", resumed)):
        if folder is not None and not folder.strip():
            raise UsageError(f"{flag} {folder!r} names no folder")
    if place is None:
        return None
    if resumed is not None:
        raise UsageError("--weights-from tests, --resume-from trains on: give one of them")
    try:
        return Run(Path(place), trust_edited=TRUST in argv)
    except NotARun as error:
        raise UsageError(f"--weights-from: {error}") from None


def same_mode(argv: Sequence[str], source: Run) -> str:
    """Preset of the run that learned the weights; another one cannot be asked for."""
    mode = cli.option(argv, "--mode", source.mode).strip().lower()
    if mode != source.mode:
        raise UsageError(
            f"--mode {mode}: the weights of {source.folder} were learned with {source.mode}, "
            "and a test of stored weights keeps their network"
        )
    return mode


DESCRIPTION = (
    "Does a lateral-line network learn a map of source position? Trains LL -> MON -> TS, tests it, "
    "and tests its untrained twin. What cannot be run is refused."
)

# the network's own fields override the first two; the others only serve stand-alone sweeps
WITHOUT_FLAG = (
    *("sphere_radius_cm", "lateral_line_length_cm"),
    *("mu_speed_cm_s", "sigma_speed_cm_s"),
)


LEARNING = (
    *("ll_mon_apre", "ll_mon_apost", "mon_ts_apre", "mon_ts_apost"),
    *("ll_mon_homeo_eta", "mon_ts_homeo_eta"),
    *("messenger_rate_start", "messenger_rate_end"),
)


def overruled(given: frozenset[str], values: dict[str, Any]) -> list[Adjustment]:
    """Increments that were typed beside `--disable-all-stdp`."""
    flags = flags_of(NetworkParams)
    return [
        Adjustment(flags[name], values[name], 0.0, "overruled by --disable-all-stdp")
        for name in LEARNING
        if name in given and values[name]
    ]
