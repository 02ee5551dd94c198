"""What a run is asked for: the flags that every model has, and whether it can be made there."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.compiler import cores
from driver.engine.model import Backend, Precision
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import STRICT, Adjustment, UsageError
from driver.run import checkpoint
from driver.run.folder import PARAMS, RunFolder
from driver.run.format import Format
from driver.run.saved import NotARun, Run

MAX_LOST = 4  # seeds of which it is said how far they are


@dataclass(config=STRICT)
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
    save_weights_dir: Path | None = None
    """Folder that keeps copies of the weight artifacts besides; made if it is missing. A copy of \
the same name is replaced only with `--overwrite`."""

    # --- seeds, figures, speed --------------------------------------------------------
    multi_seed: Annotated[int, Field(ge=1, le=100_000)] = 1
    """Number of consecutive seeds, each in a process of its own."""
    jobs: Annotated[int, Field(ge=1)] = 1
    """Seeds that run at once, one core each."""
    resume_from: Path | None = None
    """Run folder whose checkpoint is continued, seed by seed."""
    trust_edited: bool = False
    """Read run folders all the same whose files were edited since they were written; the new run \
and every page say so."""
    figures: bool = True
    """Draw the figures and write report.html; without it, the words `figures` and `report` do so \
later."""
    backend: Backend = "auto"
    """What runs the equations; auto chooses by the work to be done and the compiler at hand. genn \
and genn_gpu, and cuda, need an environment of their own, see docs/genn.md and docs/cuda.md."""
    precision: Precision = "double"
    """single: the compiled program computes with numbers of 4 bytes, in half the memory; other \
numbers come out, every page says so, and a checkpoint goes on in its own precision only."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 1
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
    format : Format
        Of the model's run folders; a model's own class of requests names it.
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

    format: ClassVar[Format]

    options: RunOptions
    params: Any
    adjustments: list[Adjustment]
    folder: RunFolder
    argv: tuple[str, ...] = ()
    is_complete: bool = False

    @property
    def parts(self) -> dict[str, Any]:
        """All parameters by their name in ``params.json``; see `Format.parts`."""
        (name,) = self.format.parts(self.options.mode)
        return {name: self.params}

    @property
    def is_named(self) -> bool:
        """Whether its folder was named, or is one of its own that is made when it starts."""
        return bool((self.options.run_name or "").strip())

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
    def log_file(self) -> Path:
        """Log of the run."""
        return self.log_folder / f"{self.folder.path.name}.log"

    def log_file_of(self, seed: int) -> Path:
        """Log of one of several seeds."""
        return self.log_file.with_name(f"{self.log_file.stem}_seed_{seed}.log")

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

    def is_that_of(self, run: Run) -> bool:
        """Whether a run folder holds the very run that is asked for."""
        return (run.parts, run.seeds) == (self.parts, self.seeds)

    def of(self, seed: int) -> Request:
        """The same with another first seed."""
        return dataclasses.replace(self, params=dataclasses.replace(self.params, seed=seed))


def too_many(threads: int, jobs: int) -> str:
    """A warning if there will be more threads than cores: all wait for the slowest."""
    if threads == 1 or threads * jobs <= cores():
        return ""
    return (
        f"--threads {threads} x {jobs} jobs on {cores()} cores: this can be many times slower than "
        "one thread"
    )


# --- whether it can be made there ----------------------------------------------------------


def held(request: Request, open_run: Callable[[Path], Run]) -> str:
    """What the folder of a request holds of the very run that is asked for.

    Parameters
    ----------
    request : Request
    open_run : callable
        Opens a run folder of the model.

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
        run = open_run(folder)
    except NotARun as error:
        raise UsageError(str(error)) from None
    if not request.is_that_of(run):
        raise UsageError(f"{folder} holds a run of other parameters: choose another name")
    if run.summary is not None and run.finished == run.seeds:
        return "complete"
    begun = any(checkpoint.exists(checkpoint.find(folder, seed)) for seed in run.seeds)
    return "checkpoint" if begun else "parameters"


def occupied(request: Request, open_run: Callable[[Path], Run]) -> str:
    """What is in the folder of a request, what can be done, and what ``--overwrite`` would lose."""
    folder = request.folder.path
    other = "another --run-name leaves it as it is"
    try:
        run = open_run(folder)
    except NotARun as error:
        return f"{folder} exists ({error}): choose another --run-name"
    done, n = len(run.finished), len(run.seeds)
    lost = [f"{done} of {n} seeds finished"] if n > 1 or done else []
    for seed in (run.seed(s) for s in run.seeds if s not in run.finished):
        if (status := seed.status) and (unit := run.format.unit) in status:
            lost.append(
                f"{unit} {status[unit]} of {status.get(f'n_{unit}s')} of seed {seed.number}"
            )
    what = ", ".join(lost[:MAX_LOST]) or "its parameters, nothing was run"
    if run.summary is not None and done == n:
        return f"{folder} holds a complete run: {other}, --overwrite deletes it ({what})"
    if request.is_that_of(run):
        on = f"go on with it by --go-on, {other}"
    else:
        on = f"{other}, {way_on(run)} goes on with it"
    return f"{folder} holds an unfinished run: {on}, --overwrite deletes it ({what})"


def way_on(run: Run) -> str:
    """The command that goes on with a run: from its checkpoints, or anew where there are none."""
    typed = run.file["environment"]["arguments"]
    return continuation(run.folder, typed, run.begun, run.format.prog)


def continuation(folder: Path, typed: Sequence[str], begun: bool, prog: str) -> str:
    """The command line `typed`, so that it goes on in `folder`; with `begun` from a checkpoint."""
    words = cli.without(typed, ("--run-name", "--resume-from", "--output-root"))
    words = [word for word in words if word != "--overwrite"]
    if folder.parent != Path("Runs"):
        words += ["--output-root", str(folder.parent)]
    words += ["--run-name", folder.name]
    words += ["--resume-from", str(folder)] if begun else ["--overwrite"]
    return shlex.join(["python", prog, *words])
