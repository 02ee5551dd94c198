"""``python -m benchmarks [--quick]``: measure the lateral line, write `benchmarks/results`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks import lateral_line, machine

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, shorter runs")
    results = lateral_line.measure(quick=parser.parse_args().quick)
    RESULTS.mkdir(exist_ok=True)
    content = {"machine": machine.describe(), "lateral_line": results}
    (RESULTS / "lateral_line.json").write_text(json.dumps(content, indent=2) + "\n")
    text = lateral_line.table(results, content["machine"])
    (RESULTS / "lateral_line.md").write_text(text)
    print(text)


main()
