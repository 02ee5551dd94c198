"""Many runs: how much sooner ten seeds are done with two jobs than with one.

Both go in turn on the same machine, and what is quoted is their ratio. The program is compiled
before; a seed is a process of its own, with start, training, tests and saving.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile

from benchmarks.lateral_line import run_arguments
from benchmarks.timing import in_turn, spread, spread_of_ratio, wall_seconds

SEEDS = 10


def measure(quick: bool = False) -> dict:
    """Seconds of ten seeds with one job and with two, and the ratio, each a spread over repeats."""
    trials, repeats = (100, 1) if quick else (300, 3)
    seconds_of(trials, jobs=1, n_seeds=1)  # compiles
    one, two = (functools.partial(seconds_of, trials, jobs) for jobs in (1, 2))
    seconds = in_turn({"one": one, "two": two}, repeats)
    return {
        "trials": trials,
        "seeds": SEEDS,
        "repeats": repeats,
        "one_job_s": spread(seconds["one"]),
        "two_jobs_s": spread(seconds["two"]),
        "ratio": spread_of_ratio(seconds["two"], seconds["one"]),
    }


def seconds_of(trials: int, jobs: int, n_seeds: int = SEEDS) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *run_arguments("ll_baseline", trials, folder), "--no-figures"]
        command += ["--multi-seed", str(n_seeds), "--jobs", str(jobs)]
        call = functools.partial(subprocess.run, command, check=True, capture_output=True)
        return wall_seconds(call)
