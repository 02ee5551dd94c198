"""The plan of a sweep: conditions and seeds as ordinary runs of a model, all checked beforehand.

``sweep size --grid n=10,20`` makes ``Runs/size/<condition>_seed_<s>/``, each an ordinary run.
Started again it goes on: what is finished is not done twice.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from driver.engine.choose import COLD_BUILD_SECONDS, numpy_seconds
from driver.engine.compiler import compiler
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import UsageError
from driver.formatting import perhaps
from driver.room import Room
from driver.run.folder import PARAMS, RunFolder, folder_name
from driver.run.request import Request, held
from driver.sweep.axes import Axes, Job

SWITCH = {"true": True, "false": False}
MAX_CONDITION = 120  # letters of a condition in the name of a folder
SEEDS = {"seed", "multi_seed"}
SEEDS_BY = "; --seed-start and --multi-seed set the seeds"
OURS = SEEDS | {
    *("run_name", "output_root", "overwrite", "go_on", "resume_from", "figures", "jobs", "profile"),
    "save_weights_dir",
}


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A checked plan.

    Attributes
    ----------
    room : Room
        Whose runs they are.
    folder : Path
    axes : tuple of str
        Names of the flags that vary, in the order they were given.
    jobs : list of Job
        Conditions, and seeds within them.
    requests : dict of Request
        What each job asks for, by its name.
    """

    room: Room
    folder: Path
    axes: tuple[str, ...]
    jobs: list[Job]
    requests: dict[str, Request]

    def place(self, job: Job) -> Path:
        return self.folder / job.name

    def is_done(self, job: Job) -> bool:
        """Whether the run of a job is complete.

        Raises
        ------
        UsageError
            If its folder holds a run of other parameters.
        """
        folder = RunFolder(self.place(job))
        request = dataclasses.replace(self.requests[job.name], folder=folder)
        return held(request, self.room.open) == "complete"

    def command(self, job: Job) -> tuple[str, ...]:
        """The command line that makes the run of a job, or goes on with it."""
        return (*job.argv, "--go-on")


def plan(
    room: Room,
    name: str,
    axes: Axes,
    argv: Sequence[str],
    output_root: Path,
    figures: bool,
    label: Mapping[str, str] | None = None,
) -> Sweep:
    """Check every condition before the first run.

    Parameters
    ----------
    room : Room
    name : str
        Of the sweep's folder in `output_root`.
    axes : Axes
    argv : sequence of str
        Flags of all runs, `--seed-start` and `--multi-seed` among them.
    output_root : Path
    figures : bool
        Whether each run draws its own.
    label : dict of str, optional
        Stands before the values of every condition, and is no flag.

    Raises
    ------
    UsageError
        For a flag that does not exist, or a condition that cannot be run.
    """
    folder = output_root / folder_name(name)
    if (folder / PARAMS).exists():
        raise UsageError(f"{folder} is the folder of a run: choose another name for the sweep")
    jobs, requests = [], {}
    for condition in axes.conditions():
        typed = [*argv, *as_typed(room, condition)]
        first = room.read([*typed, "--output-root", str(folder), "--run-name", "plan"])
        check_as_given(room, condition, first)
        if first.options.profile:
            raise UsageError("--profile is for one run: give it with the flags of one condition")
        if first.options.save_weights_dir and len(axes.conditions()) > 1:
            raise UsageError(
                f"--save-weights-dir {first.options.save_weights_dir}: weights of several "
                "conditions have the same names"
            )
        typed = cli.without(typed, ("--multi-seed", "--seed-start"))
        typed += backend_for(room, first)
        for seed in first.seeds:
            job = job_of({**(label or {}), **condition}, seed, typed, folder, figures)
            options = dataclasses.replace(first.options, multi_seed=1)
            jobs.append(job)
            requests[job.name] = dataclasses.replace(first.of(seed), options=options)
    check_different(jobs, requests)
    return Sweep(room, folder, axes.names, jobs, requests)


def check_as_given(room: Room, condition: Mapping[str, str], request: Request) -> None:
    """Refuse a value on an axis that the run would not use: it would be filed under another one."""
    flags = flags_by_name(room)
    varied = {flags[name.replace("-", "_").lower()].flag for name in condition}
    for a in request.adjustments:
        if a.flag in varied and a.given != a.used:
            raise UsageError(f"{a}: refused on an axis of a sweep")


def check_different(jobs: Sequence[Job], requests: Mapping[str, Request]) -> None:
    """Refuse two conditions that are one run, or whose runs would lie in one folder."""
    if len(requests) < len(jobs):
        raise UsageError("two conditions have the same name for their folders")
    seen: dict[tuple, Mapping[str, str]] = {}
    for job in jobs:
        r = requests[job.name]
        first = seen.setdefault((*r.parts.values(), r.options), job.condition)
        if first is not job.condition:
            one, other = (
                ", ".join(f"{k} {v}" for k, v in c.items()) for c in (first, job.condition)
            )
            raise UsageError(f"{one} and {other} are the same run: a flag that is given twice")


def backend_for(room: Room, request: Request) -> list[str]:
    """Flags that compile for all seeds together what each of them alone would be too short for."""
    if request.options.backend != "auto" or not compiler():
        return []
    n_steps, n_cells = room.work(request)
    worth_it = numpy_seconds(n_steps * len(request.seeds), n_cells) > COLD_BUILD_SECONDS
    return ["--backend", "cpp_standalone"] if worth_it else []


def job_of(
    condition: Mapping[str, str], seed: int, typed: Sequence[str], folder: Path, figures: bool
) -> Job:
    label = re.sub(r"[^\w.=+-]", "-", "_".join(f"{k}={v}" for k, v in condition.items()))
    if len(label) > MAX_CONDITION:
        label = f"{label[:MAX_CONDITION]}_{hashlib.sha256(label.encode()).hexdigest()[:8]}"
    name = f"{label}_seed_{seed}" if label else f"seed_{seed}"
    ours = ["--seed-start", str(seed), "--multi-seed", "1"]
    ours += ["--output-root", str(folder), "--run-name", name]
    return Job(name, condition, seed, (*typed, *ours, *(() if figures else ("--no-figures",))))


def as_typed(
    room: Room, condition: Mapping[str, str], where: str = "--grid", refused: Set[str] = OURS
) -> list[str]:
    """A condition as words of a command line; True and False of a switch become its two flags.

    Parameters
    ----------
    room : Room
        Whose flags they are.
    condition : dict of str
        Values by flag, alias or name of the field; several values of one flag stand apart by
        spaces.
    where : str
        How it was given, for the message.
    refused : set of str
        Fields that cannot be set there.

    Raises
    ------
    UsageError
        For a name that is no flag, or a switch with another value.
    """
    flags, words, given = flags_by_name(room), [], {}
    for name, value in condition.items():
        info = flags.get(name.replace("-", "_").lower())
        if info is None or info.name in refused:
            near = SEEDS_BY if name.startswith("seed") else perhaps(name, flags)
            raise UsageError(
                f"{where} {name}: there is no flag --{name.replace('_', '-')} to set{near}"
            )
        if info.name in given:
            raise UsageError(f"{where} {name}: the same flag as {given[info.name]}")
        given[info.name] = name
        if info.type is not bool:
            several = typing.get_origin(info.type) is tuple
            words += [f"--{info.flag}", *(value.split() if several else [value])]
        elif value.lower() in SWITCH:
            words.append(f"--{'' if SWITCH[value.lower()] else 'no-'}{info.flag}")
        else:
            raise UsageError(f"{where} {name}={value}: a switch is True or False")
    return words


def flags_by_name(room: Room) -> dict[str, cli.FieldInfo]:
    """Field by every name an axis may be called by: the flag, its alias, the name of the field."""
    found = {}
    for cls in room.flags():
        for info in cli.fields(cls).values():
            names = filter(None, (info.name, info.flag, info.alias))
            found |= {name.replace("-", "_").lower(): info for name in names}
    return found
