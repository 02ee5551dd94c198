"""The runs of a study: training, then tests of the stored weights of each trained run."""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from driver.flags.from_dataclass import UsageError
from driver.sweep.axes import Job, axes_of
from driver.sweep.command import execute, plan_lines
from driver.sweep.plan import Sweep, as_typed, check_different, job_of, plan
from models.lateral_line.stored import TEST
from studies.study import CASE, Condition, Study, room_of


@dataclasses.dataclass(frozen=True)
class Stages:
    """Plan of a study at one scale."""

    study: Study
    scale: str
    root: Path  # where the folders of the sweeps are
    training: Sweep
    test_conditions: list[Condition]  # of every trained run; none: the test after training
    only: Mapping[str, list[str]]  # values of axes that are trained now; all of the other axes

    @property
    def n_tests(self) -> int:
        """Runs of the second stage."""
        return len(self.training.jobs) * len(self.test_conditions)

    @property
    def n_runs(self) -> int:
        """Runs that the metric is taken of."""
        return self.n_tests or len(self.training.jobs)

    def to_train(self) -> list[Job]:
        """Training runs that are to be done now."""
        return [
            job
            for job in todo(self.training)
            if all(job.condition[name] in values for name, values in self.only.items())
        ]

    def tests(self) -> Sweep:
        """Tests of the training runs that are done; they must be there to be planned."""
        folder, room = self.root / f"study_{self.study.name}_{self.scale}_tests", self.training.room
        jobs, requests = [], {}
        for trained in filter(self.training.is_done, self.training.jobs):
            source = ("--weights-from", str(self.training.place(trained)))
            for test in self.test_conditions:
                condition = {**trained.condition, **test}
                typed = (*source, *as_typed(room, test))
                job = job_of(condition, trained.seed, typed, folder, figures=False)
                jobs.append(job)
                requests[job.name] = room.read(job.argv)
        return Sweep(room, folder, tuple(jobs[0].condition) if jobs else (), jobs, requests)


def only_of(words: Sequence[str], study: Study, scale: str) -> dict[str, list[str]]:
    """Values of axes from words such as ``ll_mon_topo=0.1,0.2``, or the name of a case.

    Raises
    ------
    UsageError
        For an axis of the training runs, or a value of it, that is not there.
    """
    cases = [word for word in words if word in study.train.cases]
    axes = axes_of([word for word in words if word not in cases], [], "--only")
    there = study.train.values | study.scales[scale].values
    there = {name: there[name] for name in study.train.values}
    if axes.same:
        raise UsageError(f"--only {next(iter(axes.same))}: values are wanted, not another axis")
    for name, values in axes.product.items():
        if name not in there:
            names = f"only {', '.join(there)}" if there else "it has none"
            raise UsageError(f"--only {name}: no axis of the training of {study.name}, {names}")
        if unknown := [v for v in values if v not in there[name]]:
            has = ", ".join(there[name])
            raise UsageError(
                f"--only {name}={','.join(unknown)}: {study.name} has {has} at this scale"
            )
    return axes.product | ({CASE: cases} if cases else {})


def stages(
    study: Study, scale: str, root: Path, only: Mapping[str, list[str]] | None = None
) -> Stages:
    """Plan a study, with runs in `root`; nothing is written.

    Raises
    ------
    UsageError
        For a condition that cannot be run.
    ValueError
        For a test that cannot be made of stored weights.
    """
    tests = []
    if study.tests:
        if study.room != "lateral_line":
            raise ValueError(f"{study.name}: only the lateral line can test stored weights")
        if wrong := sorted(study.tests.names - TEST):
            wrong = ", ".join(wrong)
            raise ValueError(f"{study.name}: {wrong} cannot differ in a test of stored weights")
        tests = study.tests.axes(study.scales[scale].values).conditions()
    return Stages(study, scale, root, plan_training(study, scale, root), tests, only or {})


def plan_training(study: Study, scale: str, root: Path) -> Sweep:
    """The training runs: every combination of the axes, in every case if there are cases."""
    room, size = room_of(study), study.scales[scale]
    name = f"study_{study.trained_in or study.name}_{scale}"
    argv, axes = [*study.flags, *size.flags], study.train.axes(size.values)
    if not study.train.cases:
        return plan(room, name, axes, argv, root, figures=False)
    parts = []
    for case, flags in study.train.cases.items():
        typed = [*argv, *as_typed(room, flags)]
        parts.append(plan(room, name, axes, typed, root, figures=False, label={CASE: case}))
    requests = {name: request for part in parts for name, request in part.requests.items()}
    jobs = [job for part in parts for job in part.jobs]
    check_different(jobs, requests)
    return Sweep(room, parts[0].folder, (CASE, *parts[0].axes), jobs, requests)


def describe(planned: Stages, jobs: int) -> str:
    """What will be done."""
    lines = ["training", *plan_lines(planned.training, planned.to_train(), jobs)]
    if planned.only:
        axes = (f"{name} {', '.join(values)}" for name, values in planned.only.items())
        lines.append(f"of these only {'; '.join(axes)}")
    if planned.test_conditions:
        lines.append(f"tests of stored weights: {planned.n_tests} runs")
    for condition in planned.test_conditions:
        lines.append("  " + ", ".join(f"{k} {v}" for k, v in condition.items()))
    return "\n".join(lines)


def todo(sweep: Sweep) -> list[Job]:
    return [job for job in sweep.jobs if not sweep.is_done(job)]


def run(planned: Stages, jobs: int, scheduler: str | None = None) -> tuple[Sweep, int]:
    """Run what is not done yet; returns the sweep to look at, and the exit status."""
    options = Namespace(jobs=jobs, scheduler=scheduler)
    measured, status = planned.training, 0
    if left := planned.to_train():
        status = execute(measured, left, options)
    if planned.test_conditions and status != 130:
        measured = planned.tests()
        left = todo(measured)
        status = max(status, execute(measured, left, options) if left else 0)
    return measured, status
