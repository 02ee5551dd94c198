"""``python -m benchmarks [NAME] [--quick]``: measure, and write to `benchmarks/results`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks import (
    agreement,
    agreement_cube,
    backends,
    cube,
    lateral_line,
    machine,
    many_runs,
    scaling_check,
    threads,
)

RESULTS = Path(__file__).parent / "results"
ALL = {
    "lateral_line": lateral_line,
    "many_runs": many_runs,
    "cube": cube,
    "threads": threads,
    "backends": backends,
    "agreement": agreement,
    "agreement_cube": agreement_cube,
    "scaling_check": scaling_check,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=ALL, help="one of them; all if not given")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, shorter runs")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    here = machine.describe()
    for name in [options.name] if options.name else ALL:
        results = ALL[name].measure(quick=options.quick)
        content = {"machine": here, name: results}
        (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
        text = ALL[name].table(results, here)
        (RESULTS / f"{name}.md").write_text(text)
        print(text, flush=True)


main()
