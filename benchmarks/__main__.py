"""``python -m benchmarks [NAME] [--quick]``: measure, and write to `benchmarks/results`."""

from __future__ import annotations

import argparse
import importlib
import json

from benchmarks.report import RESULTS, page
from benchmarks.timing import describe

NAMES = (
    "lateral_line",
    "many_runs",
    "cube",
    "sequence",
    "predictive",
    "threads",
    "backends",
    "agreement",
    "agreement_cube",
    "scaling_check",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES, help="one of them; all if not given")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, shorter runs")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    machine = describe()
    for name in [options.name] if options.name else NAMES:
        benchmark = importlib.import_module(f"benchmarks.{name}")
        results = benchmark.measure(quick=options.quick)
        content = {"machine": machine, name: results}
        (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
        text = page(benchmark, results, machine)
        (RESULTS / f"{name}.md").write_text(text)
        print(text, flush=True)


if __name__ == "__main__":
    main()
