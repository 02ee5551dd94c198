"""The runs of a study: training, then tests of the stored weights of each trained run."""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path

from driver.flags.from_dataclass import UsageError
from driver.sweep.axes import Job, axes_of
from driver.sweep.command import execute, plan_lines
from driver.sweep.plan import Sweep, as_typed, check_different, job_of, plan
from models.lateral_line.options import read
from models.lateral_line.room import ROOM
from models.lateral_line.stored import TEST
from studies.study import CASE, Conditions, Study


@dataclasses.dataclass(frozen=True)
class Stages:
    """Plan of a study at one scale.

    Attributes
    ----------
    study : Study
    scale : str
    root : Path
        Where the folders of the sweeps are.
    training : Sweep
    only : dict of list of str
        Values of axes that are trained now; all of them for an axis that is not in it.
    """

    study: Study
    scale: str
    root: Path
    training: Sweep
    only: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)

    @property
    def n_tests(self) -> int:
        """Runs of the second stage."""
        return len(self.training.jobs) * len(self.test_conditions)

    @property
    def n_runs(self) -> int:
        """Runs that the metric is taken of."""
        return self.n_tests if self.study.tests else len(self.training.jobs)

    @property
    def test_conditions(self) -> list[dict[str, str]]:
        tests = self.study.tests
        return tests.axes(self.study.scales[self.scale].values).conditions() if tests else []

    def tests(self) -> Sweep:
        """Tests of the training runs that are done; they must be there to be planned."""
        folder = self.root / f"study_{self.study.name}_{self.scale}_tests"
        jobs, requests = [], {}
        for trained in filter(self.training.is_done, self.training.jobs):
            source = ("--weights-from", str(self.training.place(trained)))
            for test in self.test_conditions:
                condition = {**trained.condition, **test}
                typed = (*source, *as_typed(ROOM, test))
                job = job_of(condition, trained.seed, typed, folder, figures=False)
                jobs.append(job)
                requests[job.name] = read(job.argv)
        return Sweep(ROOM, folder, tuple(jobs[0].condition) if jobs else (), jobs, requests)


def only_of(words: Iterable[str], study: Study, scale: str) -> dict[str, list[str]]:
    """Values of axes from words such as ``ll_mon_topo=0.1,0.2``.

    Raises
    ------
    UsageError
        For an axis of the training runs, or a value of it, that is not there.
    """
    axes = axes_of(words, [], "--only")
    there = study.train.values | study.scales[scale].values
    there = {name: there[name] for name in study.train.values}
    if axes.same:
        raise UsageError(f"--only {next(iter(axes.same))}: values are wanted, not another axis")
    for name, values in axes.product.items():
        if name not in there:
            names = f"only {', '.join(there)}" if there else "it has none"
            raise UsageError(f"--only {name}: no axis of the training of {study.name}, {names}")
        unknown = [v for v in values if v not in there[name]]
        if unknown:
            has = ", ".join(there[name])
            raise UsageError(
                f"--only {name}={','.join(unknown)}: {study.name} has {has} at this scale"
            )
    return axes.product


def stages(
    study: Study, scale: str, root: Path, only: Mapping[str, list[str]] | None = None
) -> Stages:
    """Plan a study; nothing is written.

    Parameters
    ----------
    study : Study
    scale : {'quick', 'paper'}
    root : Path
        Output root of the runs.
    only : dict of list of str, optional
        As of `only_of`.

    Raises
    ------
    UsageError
        For a condition that cannot be run.
    """
    size = study.scales[scale]
    unknown = sorted(set(size.values) - set(study.train.product) - tests_product(study))
    if unknown:
        raise ValueError(f"{study.name}: {', '.join(unknown)} is no axis of it")
    if study.tests and study.tests.names - TEST:
        names = ", ".join(sorted(study.tests.names - TEST))
        raise ValueError(f"{study.name}: {names} cannot differ in a test of stored weights")
    name = f"study_{study.trained_in or study.name}_{scale}"
    argv = [*study.flags, *size.flags]
    training = plan_training(name, study.train, size.values, argv, root)
    return Stages(study, scale, root, training, only or {})


def plan_training(
    name: str, train: Conditions, values: dict[str, list[str]], argv: list[str], root: Path
) -> Sweep:
    """The training runs: every combination of the axes, in every case if there are cases."""
    axes = train.axes(values)
    if not train.cases:
        return plan(ROOM, name, axes, argv, root, figures=False)
    parts = []
    for case, flags in train.cases.items():
        typed = [*argv, *as_typed(ROOM, flags)]
        parts.append(plan(ROOM, name, axes, typed, root, figures=False, label={CASE: case}))
    requests = {name: request for part in parts for name, request in part.requests.items()}
    jobs = [job for part in parts for job in part.jobs]
    check_different(jobs, requests)
    return Sweep(ROOM, parts[0].folder, (CASE, *parts[0].axes), jobs, requests)


def tests_product(study: Study) -> set[str]:
    return set(study.tests.product) if study.tests else set()


def describe(planned: Stages, jobs: int) -> str:
    """What will be done."""
    lines = ["training", *plan_lines(planned.training, to_train(planned), jobs)]
    if planned.only:
        lines.append(
            "of these only " + "; ".join(f"{k} {', '.join(v)}" for k, v in planned.only.items())
        )
    if planned.study.tests:
        lines.append(f"tests of stored weights: {planned.n_tests} runs")
        lines += [
            "  " + ", ".join(f"{k} {v}" for k, v in c.items()) for c in planned.test_conditions
        ]
    return "\n".join(lines)


def todo(sweep: Sweep) -> list[Job]:
    return [job for job in sweep.jobs if not sweep.is_done(job)]


def to_train(planned: Stages) -> list[Job]:
    """Training runs that are to be done now."""
    wanted = planned.only.items()
    return [
        job
        for job in todo(planned.training)
        if all(job.condition[name] in values for name, values in wanted)
    ]


def run(planned: Stages, jobs: int, scheduler: str | None = None) -> tuple[Sweep, int]:
    """Run what is not done yet; returns the sweep to look at, and the exit status."""
    options = Namespace(jobs=jobs, scheduler=scheduler)
    measured, status = planned.training, 0
    if left := to_train(planned):
        status = execute(measured, left, options)
    if planned.study.tests and status != 130:
        measured = planned.tests()
        left = todo(measured)
        status = max(status, execute(measured, left, options) if left else 0)
    return measured, status
