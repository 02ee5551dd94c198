"""Many runs: how much sooner ten seeds are done with two jobs than with one.

Both go in turn on the same machine, and what is quoted is their ratio. The program is compiled
before; a seed is a process of its own, with start, training, tests and saving.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile

from benchmarks import report
from benchmarks.lateral_line import run_arguments
from benchmarks.report import ranged
from benchmarks.timing import in_turn, spread, spread_of_ratio, wall_seconds

SEEDS = 10
GOAL = 0.6


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
        return wall_seconds(
            functools.partial(subprocess.run, command, check=True, capture_output=True)
        )


def table(results: dict, machine: dict) -> str:
    """The measurements as Markdown, beside what was to be reached."""
    r = results
    what = f"{r['seeds']} seeds of the baseline network, {r['trials']} trials each"
    rows = [
        (f"{what}, 1 job (s)", ranged(r["one_job_s"]), ""),
        ("the same, 2 jobs (s)", ranged(r["two_jobs_s"]), ""),
        ("ratio 2 jobs / 1 job", ranged(r["ratio"]), f"at most {GOAL}"),
    ]
    return report.page(
        "Many runs",
        f"{report.described(machine)} Median (lowest to highest) of {r['repeats']} repeats.",
        report.table("what | measured | to reach", rows),
    )
