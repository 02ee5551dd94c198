"""``python -m studies``: list the studies, run or complete one, gather the results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from driver.flags.from_dataclass import UsageError
from driver.sweep.table import rows
from studies import stages, write
from studies.findings import Findings
from studies.measure import check_paths, measure
from studies.study import SCALES, Study, load, names

RESULTS = Path(__file__).parent / "results"
USAGE, INTERRUPTED = 2, 130


def main(argv: Sequence[str] | None = None, room: str | None = None) -> int:
    """Read the command line; returns the exit status: 0 if every run is done.

    Only studies of `room`, a model's folder, are listed if it is given.
    """
    options = parser().parse_args(argv)
    try:
        if options.jobs < 1:
            raise UsageError(f"--jobs {options.jobs} must be at least 1")
        if options.results:
            print(write.write_results(options.results_root))
            return 0
        if options.name is None:
            return listing(room)
        return run(load(options.name), options)
    except UsageError as error:
        print(f"studies: {error}", file=sys.stderr)
        return USAGE


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m studies",
        description="Run or complete a study, and say whether its published claims hold. Without "
        "a name: list them. Started again it goes on with what is not done.",
        allow_abbrev=False,
    )
    made.add_argument("name", nargs="?", help="study")
    made.add_argument("--scale", choices=SCALES, help="default: quick, if the study has it")
    made.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="AXIS=VALUES",
        help="train at these values alone now, such as ll_mon_topo=0.10,0.20, or just the case of "
        "this name; the study waits for the others",
    )
    made.add_argument("--jobs", type=int, default=1, help="runs at once (default 1)")
    made.add_argument("--scheduler", help="address of a dask scheduler to run on instead")
    made.add_argument("--output-root", type=Path, default=Path("Runs"), help="of the runs")
    made.add_argument("--results-root", type=Path, default=RESULTS, help=argparse.SUPPRESS)
    made.add_argument("--dry-run", action="store_true", help="show the plan, and stop")
    made.add_argument("--results", action="store_true", help="write RESULTS.md from all results")
    return made


def listing(room: str | None) -> int:
    for study in map(load, names()):
        if room in (None, study.room):
            print(f"{study.name:20} {study.question}")
    return 0


def run(study: Study, options: argparse.Namespace) -> int:
    scale = study.scale(options.scale)
    only = stages.only_of(options.only, study, scale)
    planned = stages.stages(study, scale, options.output_root, only)
    metrics = {name: study.known[name] for name in study.measured}
    check_paths(planned.training, list(metrics.values()))  # where there are runs to look at
    print(stages.describe(planned, options.jobs), flush=True)
    if options.dry_run:
        return 0
    sweep, status = stages.run(planned, options.jobs, options.scheduler)
    if status == INTERRUPTED:
        return status
    if not sweep.jobs:
        raise UsageError(f"{study.name}: no trained network to test yet; nothing was written")
    check_paths(sweep, list(metrics.values()))
    measured = {name: measure(sweep, metric) for name, metric in metrics.items()}
    commands = [write.typed(study.name, scale, options.jobs, options.output_root)]
    commands += [row["command"] for row in rows(planned.training, {})]
    found = Findings(study, scale, measured, planned.n_runs, commands)
    folder = write.write(found, options.results_root)
    print((folder / write.SUMMARY).read_text(encoding="utf-8"))
    print(folder)
    return status or int(found.n_done < found.n_runs)


if __name__ == "__main__":
    sys.exit(main())
