"""``python -m studies.dots``: list the studies, run or complete one, write its table."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import cube_brian2
from driver.flags.from_dataclass import UsageError
from studies.dots import study, write

RESULTS = Path(__file__).parent / "results"


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line; returns the exit status: 0 if every run is done."""
    made = argparse.ArgumentParser(prog="python -m studies.dots", description=__doc__)
    made.add_argument("name", nargs="?", choices=study.names(), help="study; list them if none")
    made.add_argument("--jobs", type=int, default=1, help="seeds at once (default 1)")
    made.add_argument("--output-root", type=Path, default=Path("Runs"), help="of the runs")
    made.add_argument("--only", action="append", help="run just this case now")
    made.add_argument("--dry-run", action="store_true", help="show the commands, and stop")
    options = made.parse_args(argv)
    if options.name is None:
        for name in study.names():
            print(f"{name:12} {study.load(name).question}")
        return 0
    return run(study.load(options.name), options)


def run(chosen: study.Study, options: argparse.Namespace) -> int:
    failed = 0
    for case in chosen.cases:
        argv = chosen.command(case)
        print(shlex.join(["python", "cube_brian2.py", *argv]), flush=True)
        if options.dry_run or (options.only and case not in options.only):
            continue
        places = ["--output-root", str(options.output_root), "--jobs", str(options.jobs)]
        status = cube_brian2.main([*argv, *places, "--go-on", "--no-figures"])
        if status == 130:
            return status
        failed += status != 0
    if options.dry_run:
        return 0
    rows = [write.row(chosen, case, options.output_root) for case in chosen.cases]
    rows = [row for row in rows if row is not None]
    print(write.write(chosen, rows, RESULTS))
    return int(failed > 0 or len(rows) < len(chosen.cases))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UsageError as error:
        print(f"studies.dots: {error}", file=sys.stderr)
        sys.exit(2)
