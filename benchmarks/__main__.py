"""``python -m benchmarks [NAME] [--quick]``: measure, and write to `benchmarks/results`."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

from benchmarks.report import RESULTS, page
from benchmarks.timing import describe

NAMES = (
    "lateral_line",
    "many_runs",
    "cube",
    "sequence",
    "predictive",
    "speed",
    "threads",
    "backends",
    "agreement",
    "agreement_cube",
    "scaling_check",
)
ONLY_BY_NAME = ("gpu",)  # its results are of another machine


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = (*NAMES, *ONLY_BY_NAME)
    parser.add_argument("name", nargs="?", choices=names, help="all but gpu if not given")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, shorter runs")
    parser.add_argument("--budget-s", type=float, help="of gpu: seconds after which it stops")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    machine = describe()
    for name in [options.name] if options.name else NAMES:
        benchmark = importlib.import_module(f"benchmarks.{name}")
        if options.budget_s:
            benchmark.BUDGET_S = options.budget_s
        results = benchmark.measure(quick=options.quick)
        content = {"machine": machine, name: results}
        (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
        text = page(benchmark, results, machine)
        (RESULTS / f"{name}.md").write_text(text)
        print(text, flush=True)
        if results.get("failed"):
            sys.exit(1)


if __name__ == "__main__":
    main()
