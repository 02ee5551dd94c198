#!/usr/bin/env python3
"""Take the trained weights of a run into a checkpoint without state, for tests alone.

    python tools/make_extract_checkpoint.py 123 ten ten_extract
    python ll_stdp_brian2.py --resume-from Runs/ten_extract --distance-cm 1.2

Arguments: seed, source run, destination; runs are names in Runs/ or paths. The same without the
intermediate folder: ``ll_stdp_brian2.py --weights-from Runs/ten --distance-cm 1.2``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

RUNS = Path("Runs")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit status."""
    from driver.run.saved import NotARun
    from models.lateral_line.stored import make_checkpoint

    parser = argparse.ArgumentParser(prog="make_extract_checkpoint.py", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("source_run")
    parser.add_argument("dest_run")
    typed = parser.parse_args(argv)
    try:
        path = make_checkpoint(typed.seed, place(typed.source_run), place(typed.dest_run))
    except (NotARun, OSError) as error:
        print(f"make_extract_checkpoint.py: error: {error}", file=sys.stderr)
        return 2
    print(path)
    return 0


def place(typed: str) -> Path:
    """A bare name is a run in ``Runs/``."""
    return Path(typed) if "/" in typed else RUNS / typed


if __name__ == "__main__":
    sys.exit(main())
