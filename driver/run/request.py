"""What a run is asked for: the flags that every model has, and whether it can be made there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from driver.engine import choose as backend
from driver.engine.choose import Backend
from driver.engine.compile.program import cores
from driver.engine.randomness import MAX_SEED
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import Adjustment, UsageError
from driver.run import checkpoint
from driver.run.folder import MAX_NAME_BYTES, PARAMS, RunFolder, folder_name
from driver.run.saved import NotARun

if TYPE_CHECKING:
    from driver.room import Room


@dataclass(config=ConfigDict(extra="forbid", frozen=True))
class RunOptions:
    """Which preset, which seeds, where to and on what."""

    mode: str
    """Preset; flags override it."""
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
    figures: bool = True
    """Draw the figures and write report.html; without it, the words `figures` and `report` do so \
later."""
    backend: Backend = "auto"
    """What runs the equations; auto chooses by the work to be done and the compiler at hand. genn \
and genn_gpu need an environment of their own, see GeNN in the README."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Threads of a compiled program, for one run on an idle machine: they share loops over 65 536 \
cells and more (a cube of n = 48), smaller ones stay with one. Beside other work they are many \
times slower than one; several seeds gain more by --jobs."""
    profile: bool = False
    """Say at the end where the time went, object by object, and write it to run_summary.json. One \
seed; a compiled program counts in a copy of its own."""


@dataclasses.dataclass(frozen=True)
class Request:
    """A run that can be started: everything checked.

    Attributes
    ----------
    room : Room
        Whose run it is; a model's own class of requests names it.
    options : RunOptions
    params : dataclass
        The first of its `parts`, with the first seed.
    adjustments : list of Adjustment
    folder : RunFolder
    argv : tuple of str
        As typed.
    is_complete : bool
        There is nothing to do.
    """

    room: ClassVar[Room]

    options: RunOptions
    params: Any
    adjustments: list[Adjustment]
    folder: RunFolder
    argv: tuple[str, ...] = ()
    is_complete: bool = False

    @property
    def parts(self) -> dict[str, Any]:
        """All parameters by their name in ``params.json``; see `Room.parts`."""
        (name,) = self.room.parts(self.options.mode)
        return {name: self.params}

    @property
    def seeds(self) -> list[int]:
        return [self.params.seed + k for k in range(self.options.multi_seed)]

    @property
    def continues_in_place(self) -> bool:
        """Whether the run goes on in the folder that it resumes from."""
        source = self.options.resume_from
        return source is not None and source.resolve() == self.folder.path.resolve()

    @property
    def log_folder(self) -> Path:
        """``Logs/``, beside the default ``Runs/`` or inside another output root."""
        root = self.options.output_root
        return Path("Logs") if root == Path("Runs") else root / "Logs"

    @property
    def checkpoint(self) -> Path:
        """Where the first seed saves its state."""
        return self.folder.artifacts / checkpoint.name(self.params.seed)

    @property
    def resumed(self) -> Path | None:
        """Checkpoint to go on from; None for a seed that an interrupted run had not begun."""
        source = self.options.resume_from
        if source is None:
            return None
        path = checkpoint.find(source, self.params.seed)
        return path if checkpoint.exists(path) or not self.continues_in_place else None

    def of(self, seed: int) -> Request:
        """The same with another first seed."""
        return dataclasses.replace(self, params=dataclasses.replace(self.params, seed=seed))


# --- from flags ----------------------------------------------------------------------------


def mode_of(
    argv: Sequence[str],
    presets: Mapping[str, Any],
    default: str,
    flags: Sequence[str] = ("--mode",),
) -> str:
    """The preset that the command line names by one of `flags`; it is read before all others.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    mode = default
    for flag in flags:
        mode = cli.option(argv, flag, mode).strip().lower()
    if mode not in presets and not {"-h", "--help"} & set(argv):
        raise UsageError(f"{flags[0]} {mode!r} is not one of {', '.join(presets)}")
    return mode


def place_of(options: RunOptions) -> RunFolder:
    """The folder that was named; without a name, one that no run of the same second has."""
    path = options.output_root / folder_name(options.run_name)
    if options.run_name and options.run_name.strip():
        return RunFolder(path)
    names = [path, *(path.with_name(f"{path.name}_{k}") for k in range(2, 1000))]
    return RunFolder(next((name for name in names if not name.exists()), path))


def check_options(options: RunOptions, seed: int) -> None:
    """Raise `UsageError` for seeds, a tag or a backend that no run can have."""
    if options.multi_seed - 1 + seed > MAX_SEED:
        raise UsageError(f"--multi-seed {options.multi_seed} from --seed-start {seed}: too large")
    check_tag(options.save_tag)
    if options.backend not in ("auto", "numpy") and not backend.compiler():
        raise UsageError(f"--backend {options.backend} needs a C++ compiler; none found")
    if options.backend in backend.GENN:
        from driver.engine.genn import found as genn_found

        try:
            genn_found.check(options.backend)
        except ValueError as error:
            raise UsageError(str(error)) from None
    if options.threads > 1 and options.backend != "cpp_standalone":
        raise UsageError(
            f"--threads {options.threads} with --backend {options.backend}: needs --backend "
            "cpp_standalone"
        )
    if options.profile and options.multi_seed > 1:
        raise UsageError(
            f"--profile with --multi-seed {options.multi_seed}: a profile is of one seed, give "
            "--multi-seed 1"
        )


def too_many(threads: int, jobs: int) -> str:
    """A warning if there will be more threads than cores: all wait for the slowest."""
    if threads == 1 or threads * jobs <= cores():
        return ""
    return (
        f"--threads {threads} x {jobs} jobs on {cores()} cores: this can be many times slower than "
        "one thread"
    )


def check_tag(tag: str) -> None:
    """The prefix of the weight artifact makes a file name of its own."""
    too_long = len(tag.encode()) > MAX_NAME_BYTES
    if tag.strip() in ("", ".", "..") or set("/\\") & set(tag) or too_long:
        raise UsageError(f"--save-tag {tag[:40]!r} is not a file name")
    if tag == checkpoint.TAG:
        raise UsageError(f"--save-tag {tag!r} is the name of the checkpoint")


# --- whether it can be made there ----------------------------------------------------------


def resolve(room: Room, argv: Sequence[str]) -> Request:
    """Read the command line, and look whether its run can be made where it is to lie.

    Raises
    ------
    UsageError
        For anything that cannot be run, with the flag, the value and what is allowed.
    """
    request = room.read(argv)
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


def held(request: Request) -> str:
    """What the folder of a request holds of the very run that is asked for.

    Returns
    -------
    {'nothing', 'parameters', 'checkpoint', 'complete'}

    Raises
    ------
    UsageError
        If it holds a run of other parameters.
    """
    folder = request.folder.path
    if not (folder / PARAMS).exists():
        return "nothing"
    try:
        run = request.room.open(folder)
    except NotARun as error:
        raise UsageError(str(error)) from None
    if (run.parts, run.seeds) != (request.parts, request.seeds):
        raise UsageError(f"{folder} holds a run of other parameters: choose another name")
    if run.summary is not None and run.finished == run.seeds:
        return "complete"
    begun = any(checkpoint.exists(checkpoint.find(folder, seed)) for seed in run.seeds)
    return "checkpoint" if begun else "parameters"


def check_checkpoints(request: Request) -> None:
    """Every seed of a resumed run has a checkpoint of the same seed, sizes and recipe.

    In the run's own folder some seeds may not have come so far; they start from the beginning.
    """
    source = request.options.resume_from
    if source is None:
        return
    if request.continues_in_place:
        check_same_seeds(request)
    find = checkpoint.find
    begun = [seed for seed in request.seeds if checkpoint.exists(find(source, seed))]
    if not begun and request.continues_in_place:
        raise UsageError(
            f"--resume-from {source}: it was ended before its first checkpoint; nothing is lost by "
            "--overwrite in the place of --resume-from"
        )
    for seed in begun if request.continues_in_place else request.seeds:
        try:
            request.room.check_checkpoint(request.of(seed), find(source, seed))
        except ValueError as error:
            raise UsageError(str(error)) from None


def check_same_seeds(request: Request) -> None:
    """A folder keeps its seeds: files of some and a summary of others would be a mixed run."""
    try:
        stored = json.loads((request.folder.path / PARAMS).read_text(encoding="utf-8"))
        seeds = stored["seed_start"], stored["multi_seed"]
    except (OSError, ValueError, KeyError):
        return
    if seeds != (request.params.seed, request.options.multi_seed):
        raise UsageError(
            f"--resume-from {request.options.resume_from}: to go on in this folder give "
            f"--seed-start {seeds[0]} --multi-seed {seeds[1]}, or another --run-name"
        )
