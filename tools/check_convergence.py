#!/usr/bin/env python3
"""Say of each training whether it has come to rest: CONVERGED, NOT_CONVERGED or UNKNOWN.

    python tools/check_convergence.py Runs/ten/artifacts/seed_*_recordings.npz
    python tools/check_convergence.py Runs/ten

A file is the recordings or the checkpoint of a seed; a run folder stands for all of its seeds.
Rest is a map that no longer improves and weights that stand still, each of them: the log of a run
says when the mean weight became stable, which it can be while single weights still move. Status 0:
every file has converged; 1: one has not, or it is not known; 2: nothing to look at.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit status."""
    from driver.run.saved import NotARun
    from models.lateral_line.analyses.convergence import PLATEAU_RAD, STABLE_CHANGE, Verdict

    typed = parser(PLATEAU_RAD, 100 * STABLE_CHANGE).parse_args(argv)
    try:
        files = [file for place in typed.files for file in files_of(place)]
    except NotARun as error:
        print(f"check_convergence.py: error: {error}", file=sys.stderr)
        return 2
    all_converged = True
    for file in files:
        verdict, details = judge(file, typed.plateau_rad, typed.change_percent / 100)
        if verdict == Verdict.NOT_CONVERGED:
            details.append("the log's stable mean weight is less: single weights may still move")
        print("\n  ".join([f"{file}: {verdict}", *details]))
        all_converged &= verdict == Verdict.CONVERGED
    return 0 if all_converged else 1


def parser(plateau_rad: float, change_percent: float) -> argparse.ArgumentParser:
    """The command line, with these limits if none is typed."""
    made = argparse.ArgumentParser(
        prog="check_convergence.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or a run folder")
    text = f"how far sigma_theta may still fall, rad (default {plateau_rad:g})"
    made.add_argument("--plateau-rad", type=float, default=plateau_rad, metavar="RAD", help=text)
    text = "change from record to record that counts as none, in percent of the mean weight "
    limit = {"type": float, "default": change_percent, "metavar": "PERCENT"}
    made.add_argument("--change-percent", help=f"{text}(default {change_percent:g})", **limit)
    return made


def files_of(place: Path) -> list[Path]:
    """The file itself, or of a run folder the recordings (else the checkpoint) of every seed."""
    from driver.run.checkpoint import find
    from models.lateral_line.saved import Run

    if not place.is_dir():
        return [place]
    run = Run(place)
    recordings = {seed: run.artifacts / f"seed_{seed}_recordings.npz" for seed in run.seeds}
    return [file if file.exists() else find(place, seed) for seed, file in recordings.items()]


def judge(file: Path, plateau_rad: float, share: float) -> tuple[str, list[str]]:
    """Verdict on a file, and what it rests on."""
    from driver.run.saved import NotARun, read_npz
    from models.lateral_line.analyses.convergence import Verdict, check_series

    try:
        series = read_npz(file)
    except NotARun as error:
        return Verdict.UNKNOWN, [str(error)]
    found = check_series(series, plateau_rad, share)
    return found.verdict, [f"map: {found.plateau.words}", f"weights: {found.weights.words}"]


if __name__ == "__main__":
    sys.exit(main())
