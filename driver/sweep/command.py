"""The word ``sweep``: read its flags, show the plan, run what is not done yet."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from driver.flags.from_dataclass import UsageError
from driver.formatting import clock
from driver.room import Room
from driver.run.folder import FAILED, REPORT, REPORT_EVERY_S, RunFolder
from driver.run.isolation import INTERRUPTED
from driver.run.progress import Seldom
from driver.run.read import SLASHES
from driver.run.request import too_many
from driver.sweep.axes import CONTENT, axes_of, axes_of_file, sampled
from driver.sweep.places import Dask, Ended, Local, program, run_all
from driver.sweep.plan import OURS, SEEDS, Sweep, as_typed, plan
from driver.sweep.table import row, write_table

ROOT = Path(__file__).parents[2]
TLS = {  # options of dask's own programs, by the same names
    "tls_ca_file": "certificates of whom to trust; encrypts all that goes to the scheduler",
    "tls_cert": "our certificate",
    "tls_key": "its key",
}
EPILOG = """All other flags are those of a run (see {prog} --help) and hold for every run
of the sweep; --seed-start and --multi-seed set the seeds, the innermost axis."""


def main(room: Room, argv: Sequence[str]) -> int:
    """Run a sweep; returns the exit status: 0 if every run is done.

    Raises
    ------
    UsageError
        Before anything is written, for anything that cannot be run.
    """
    if not argv or argv[0].startswith("-") and argv[0] not in ("-h", "--help"):
        raise UsageError("sweep: its name comes first: sweep NAME --grid FLAG=VALUE,VALUE")
    options, flags = parser(room.format.prog).parse_known_args(argv)
    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs} must be at least 1")
    samples = {}
    if options.sample is not None or options.between:
        if options.zip or options.file or options.sample is None:
            raise UsageError("--between needs --sample, and neither --zip nor --file")
        samples = sampled(options.between, options.sample)
    axes, fixed = axes_of(options.grid, options.zip, samples=samples), {}
    if options.file:
        if options.grid or options.zip:
            raise UsageError("--file holds the axes; --grid and --zip are for the command line")
        axes, fixed = axes_of_file(options.file)
    for name in set(fixed) & set(axes.names):
        raise UsageError(f"--file {options.file}: {name} is fixed and an axis")
    flags += as_typed(room, fixed, f"--file {options.file}: fixed", OURS - SEEDS)
    made = plan(room, options.name, axes, flags, options.output_root, options.figures)
    todo = [job for job in made.jobs if not made.is_done(job)]
    print("\n".join(plan_lines(made, todo, options.jobs, options.scheduler)))
    if made.folder.name != (name := options.name.strip()):
        print(f"{name}: using {made.folder.name} ({SLASHES})", file=sys.stderr)
    moved = [a for request in made.requests.values() for a in request.adjustments]
    for text in dict.fromkeys(map(str, moved)):
        print(text, file=sys.stderr)
    threads = max(request.options.threads for request in made.requests.values())
    if warning := too_many(threads, options.jobs):
        print(warning, file=sys.stderr)
    return 0 if options.dry_run else execute(made, todo, options)


class Parser(argparse.ArgumentParser):
    """Complains in a line, as all flags do."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"sweep: {message}")


def parser(prog: str) -> argparse.ArgumentParser:
    made = Parser(
        prog=f"{prog} sweep",
        description="Run conditions and seeds, each an ordinary run, and compare them in one table "
        "and one report. Started again it goes on with what is not done.",
        epilog=EPILOG.format(prog=prog),
        allow_abbrev=False,
    )
    made.add_argument("name", help="folder of the sweep in the output root")
    axis = {"action": "append", "default": [], "metavar": "FLAG=VALUES"}
    made.add_argument(
        "--grid",
        help="values of a flag, separated by commas; several --grid are combined in every way; "
        "FIRST:LAST:STEP is a range; FLAG=@OTHER takes the value of another axis",
        **axis,
    )
    made.add_argument("--zip", help="the same, but all --zip step together", **axis)
    made.add_argument(
        "--sample",
        type=int,
        metavar="N",
        help="N conditions that fill the ranges of all --between evenly (a Halton sequence)",
    )
    made.add_argument("--between", action="append", default=[], metavar="FLAG=LOW:HIGH")
    made.add_argument("--file", type=Path, help="TOML or JSON with tables product, zip, fixed")
    made.add_argument("--jobs", type=int, default=1, help="runs at once (default 1)")
    made.add_argument("--scheduler", help="address of a dask scheduler to run on instead")
    for name, words in TLS.items():
        made.add_argument(f"--{name.replace('_', '-')}", metavar="FILE", help=f"of dask: {words}")
    made.add_argument("--dry-run", action="store_true", help="show the plan, and stop")
    made.add_argument("--figures", action="store_true", help="each run draws its own figures")
    made.add_argument("--output-root", type=Path, default=Path("Runs"))
    return made


def plan_lines(sweep: Sweep, todo: list, jobs: int, scheduler: str | None = None) -> list[str]:
    """What will be done, and roughly what it takes."""
    n_seeds = len({job.seed for job in sweep.jobs})
    n_conditions = len(sweep.jobs) // n_seeds
    lines = [
        f"{sweep.folder}: {n_conditions} conditions x {n_seeds} seeds = {len(sweep.jobs)} runs, "
        f"{len(sweep.jobs) - len(todo)} done"
    ]
    conditions = {tuple(job.condition.items()): None for job in sweep.jobs}
    lines += ["  " + ", ".join(f"{k} {v}" for k, v in c) for c in conditions if c]
    if todo:
        each = [sweep.room.seconds(sweep.requests[job.name]) for job in todo]
        if scheduler:
            core = f"about {clock(sum(each))} of one core, with the compiled program"
            return [*lines, f"{core}; on the workers of {scheduler}"]
        wall = max(sum(each) / jobs, max(each))
        at_once = min(jobs, len(todo))
        lines.append(
            f"about {clock(wall)} with {jobs} job{'s' if jobs > 1 else ''} and the compiled "
            f"program, {at_once * sweep.room.megabytes / 1000:.1f} GB of memory at once"
        )
    return lines


def execute(sweep: Sweep, todo: list, options: argparse.Namespace) -> int:
    """Run what is not done; the table is written after each run."""
    place = place_of(options)  # a scheduler that does not answer leaves no folder
    with RunFolder(sweep.folder).claimed():
        table = {job.name: row(sweep, job, None) for job in sweep.jobs}
        write_table(sweep, list(table.values()))
        jobs = {job.name: job for job in todo}
        seldom = Seldom(lambda: write_report(sweep), REPORT_EVERY_S, print)
        try:
            with bar(len(todo)) as progress:

                def tell(name: str, ended: Ended) -> None:
                    complaint = None if ended.status == 0 else ended.said or "no message"
                    table[name] = row(sweep, jobs[name], complaint)
                    write_table(sweep, list(table.values()))
                    seldom()
                    if complaint:
                        progress.write(f"{name} failed ({ended.status}): {complaint}")
                    progress.update()

                door = ROOT / sweep.room.format.prog
                commands = {n: program(door, sweep.command(j)) for n, j in jobs.items()}
                run_all(commands, place, tell)
        except KeyboardInterrupt:
            print("interrupted; the same command goes on", file=sys.stderr)
            return INTERRUPTED
        finally:
            write_report(sweep)
    failed = [name for name, r in table.items() if r["state"] != "done"]
    print(f"{len(table) - len(failed)} of {len(table)} runs done; {sweep.folder / REPORT}")
    return FAILED if failed else 0


def place_of(options: argparse.Namespace) -> Local | Dask:
    """Where the runs are done."""
    tls = {name: getattr(options, name, None) for name in TLS}
    if options.scheduler:
        return Dask(options.scheduler, tls)
    if given := [name for name in TLS if tls[name]]:
        raise UsageError(f"--{given[0].replace('_', '-')} {tls[given[0]]} needs --scheduler")
    return Local(options.jobs)


def bar(total: int):
    from tqdm import tqdm

    return tqdm(total=total, desc="sweep", unit="run", disable=None)


def write_report(sweep: Sweep) -> None:
    sweep.room.write_sweep_report(sweep.folder / CONTENT)
