"""From the command line to a request: preset, overrides, checks. Nothing is written here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from driver import cli
from driver.cli import Adjustment, Group, UsageError
from driver.run_folder import RunFolder, folder_name
from models.lateral_line.checks import (
    check_checkpoints,
    check_conflicts,
    check_weights,
    held,
    without_effect,
)
from models.lateral_line.params import PRESETS, NetworkParams
from models.lateral_line.saved import NotARun
from stimulus import StimulusParams

if TYPE_CHECKING:
    from models.lateral_line.extract import Source

DEFAULT_MODE = "ll_thesis"


@dataclass(config=ConfigDict(extra="forbid", frozen=True))
class RunOptions:
    """Which preset, which seeds, where to and on what."""

    mode: str = DEFAULT_MODE
    """Preset: ll_fast (small, about a minute), ll_thesis, ll_baseline (the recipe of the \
published tables), or ll_learned (one whose training improves the map). Flags override it."""
    run_name: str | None = None
    """Folder of the run; the date and time if not given."""
    output_root: Path = Path("Runs")
    """Folder that run folders are made in."""
    overwrite: bool = False
    """Replace the folder of an earlier run of this name."""
    go_on: bool = False
    """Go on with the run of this name if it was begun, and do nothing if it is complete: the same \
command can be started again and again."""
    save_tag: str = "latest"
    """Prefix of the weight artifact."""
    multi_seed: Annotated[int, Field(ge=1)] = 1
    """Number of consecutive seeds, each in a process of its own."""
    jobs: Annotated[int, Field(ge=1)] = 1
    """Seeds that run at once, one core each."""
    resume_from: Path | None = None
    """Run folder whose checkpoint is continued, seed by seed."""
    weights_from: Path | None = None
    """Run folder whose weights are tested, without training. All parameters and seeds are \
those of that run; flags of the test (distance, speed, direction, radius, noise, path, window) may \
differ."""
    figures: bool = True
    """Draw the figures and write report.html; without it, the words `figures` and `report` do so \
later."""
    disable_all_stdp: bool = False
    """Switch off both STDP rules and both homeostases: weights stay as they start."""
    backend: Literal["auto", "numpy", "cython", "cpp_standalone"] = "auto"
    """What runs the equations; auto chooses by the work to be done and the compiler at hand."""


@dataclasses.dataclass(frozen=True)
class Request:
    """A run that can be started: everything checked."""

    options: RunOptions
    params: NetworkParams
    stimulus: StimulusParams
    adjustments: list[Adjustment]
    folder: RunFolder
    argv: tuple[str, ...] = ()
    is_complete: bool = False  # there is nothing to do

    @property
    def seeds(self) -> list[int]:
        return [self.params.seed + k for k in range(self.options.multi_seed)]

    @property
    def continues_in_place(self) -> bool:
        """Whether the run goes on in the folder that it resumes from."""
        source = self.options.resume_from
        return source is not None and source.resolve() == self.folder.path.resolve()

    @property
    def weights(self) -> Source | None:
        """Where stored weights come from; None for a run that trains."""
        from models.lateral_line import extract

        folder = self.options.weights_from
        return None if folder is None else extract.source_of(folder)

    @property
    def log_folder(self) -> Path:
        """``Logs/``, beside the default ``Runs/`` or inside another output root."""
        root = self.options.output_root
        return Path("Logs") if root == Path("Runs") else root / "Logs"


def resolve(argv: Sequence[str]) -> Request:
    """Read the command line, and look whether its run can be made where it is to lie.

    Raises
    ------
    UsageError
        For anything that cannot be run, with the flag, the value and what is allowed.
    """
    request = read(argv)
    if request.options.go_on:
        request = going_on(request)
    if request.is_complete:
        return request
    if request.continues_in_place:
        request.folder.check_again()
    else:
        request.folder.check(request.options.overwrite)
    check_checkpoints(request)
    return request


def going_on(request: Request) -> Request:
    """The request that finishes what is in its folder.

    Raises
    ------
    UsageError
        If there is another run.
    """
    options, folder = request.options, request.folder
    if not (options.run_name or "").strip():
        raise UsageError("--go-on needs --run-name: which run?")
    if options.resume_from or options.overwrite:
        raise UsageError("--go-on decides by itself whether to resume or to overwrite")
    folder.wait_unused()  # who was ended may still be saving
    match held(request):
        case "complete":
            return dataclasses.replace(request, is_complete=True)
        case "checkpoint":
            options = dataclasses.replace(options, resume_from=folder.path)
        case "parameters":
            options = dataclasses.replace(options, overwrite=True)
    return dataclasses.replace(request, options=options)


def read(argv: Sequence[str]) -> Request:
    """Read the command line; whether the folder of the run is free is not looked at."""
    mode = cli.option(argv, "--mode", DEFAULT_MODE).strip().lower()
    if mode not in PRESETS and not {"-h", "--help"} & set(argv):
        raise UsageError(f"--mode {mode!r} is not one of {', '.join(PRESETS)}")
    source = weights_source(argv)
    if source is None:
        groups = {
            "run": Group(RunOptions),
            "network": Group(NetworkParams, PRESETS.get(mode, {})),
            "stimulus": Group(StimulusParams, hidden=WITHOUT_FLAG),
        }
    else:
        mode = same_mode(argv, source)
        groups = {
            "run": Group(RunOptions, {"multi_seed": len(source.seeds)}),
            "network": Group(NetworkParams, vars(source.params)),
            "stimulus": Group(StimulusParams, vars(source.stimulus), hidden=WITHOUT_FLAG),
        }
    parsed = cli.parse(argv, "ll_stdp_brian2.py", DESCRIPTION, groups)
    places = {"resume_from": None, "weights_from": source.folder} if source else {}
    options, moved = cli.build(RunOptions, parsed.values["run"] | {"mode": mode} | places)
    given = parsed.values["network"]
    params, moved_network = cli.build(NetworkParams, without_learning(given, options))
    stimulus, moved_stimulus = cli.build(StimulusParams, stimulus_values(parsed.values, params))
    adjustments = [
        *moved,
        *moved_network,
        *moved_stimulus,
        *overruled(parsed.given, given, options),
    ]
    adjustments += without_effect(parsed.given, params)
    check_conflicts(parsed.given, params, stimulus, options)
    folder = RunFolder(unused(options.output_root / folder_name(options.run_name), options))
    request = Request(options, params, stimulus, adjustments, folder, tuple(argv))
    if source:
        check_weights(request, source)
    return request


def weights_source(argv: Sequence[str]) -> Source | None:
    """The `extract.Source` that the command line names; None for a run that trains.

    People who know `make_extract_checkpoint` hand its folder to `--resume-from`.
    """
    places = {flag: cli.option(argv, flag) for flag in ("--weights-from", "--resume-from")}
    given = {flag: place for flag, place in places.items() if place is not None}
    if not given:
        return None
    from models.lateral_line import extract

    if len(given) > 1:
        raise UsageError("--weights-from tests, --resume-from trains on: give one of them")
    ((flag, place),) = given.items()
    if not place.strip():
        raise UsageError(f"{flag} {place!r} names no folder")
    if flag == "--resume-from" and not extract.is_holder(Path(place)):
        return None
    try:
        return extract.source_of(Path(place))
    except NotARun as error:
        raise UsageError(f"{flag}: {error}") from None


def same_mode(argv: Sequence[str], source: Source) -> str:
    """Preset of the run that learned the weights; another one cannot be asked for."""
    mode = cli.option(argv, "--mode", source.mode).strip().lower()
    if mode != source.mode:
        raise UsageError(
            f"--mode {mode}: the weights of {source.folder} were learned with {source.mode}, "
            "and a test of stored weights keeps their network"
        )
    return mode


def unused(path: Path, options: RunOptions) -> Path:
    """The folder that was named; without a name, one that no run of the same second has."""
    if options.run_name and options.run_name.strip():
        return path
    names = [path, *(path.with_name(f"{path.name}_{k}") for k in range(2, 1000))]
    return next((name for name in names if not name.exists()), path)


DESCRIPTION = (
    "Does a lateral-line network learn a map of source position? Trains LL -> MON -> TS, tests it, "
    "and tests its untrained twin. Values beyond a bound are moved to it and reported. "
    "For what can be done with a run, the first word is figures, report, status, export or "
    "stimulus; each has a --help of its own."
)

# the network's own fields override the first two; the others only serve stand-alone sweeps
WITHOUT_FLAG = (
    *("sphere_radius_cm", "lateral_line_length_cm"),
    *("mu_speed_cm_s", "sigma_speed_cm_s"),
)


LEARNING = (
    *("ll_mon_apre", "ll_mon_apost", "mon_ts_apre", "mon_ts_apost"),
    *("ll_mon_homeo_eta", "mon_ts_homeo_eta"),
)


def without_learning(values: dict[str, Any], options: RunOptions) -> dict[str, Any]:
    """`--disable-all-stdp` comes last and wins over explicit increments."""
    return values | dict.fromkeys(LEARNING, 0.0) if options.disable_all_stdp else values


def overruled(
    given: frozenset[str], values: dict[str, Any], options: RunOptions
) -> list[Adjustment]:
    """Increments that were typed beside `--disable-all-stdp`."""
    infos = cli.fields(NetworkParams)
    return [
        Adjustment(infos[name].flag, values[name], 0.0, "overruled by --disable-all-stdp")
        for name in LEARNING
        if options.disable_all_stdp and name in given and values[name]
    ]


def stimulus_values(values: dict[str, dict[str, Any]], params: NetworkParams) -> dict[str, Any]:
    return values["stimulus"] | {
        "sphere_radius_cm": params.sphere_radius_cm,
        "lateral_line_length_cm": params.ll_body_length_cm,
    }
