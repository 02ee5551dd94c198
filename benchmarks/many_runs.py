"""Many runs: how much sooner ten seeds are done with two jobs than with one.

Both go in turn on the same machine, and what is quoted is their ratio. The program is compiled
before; a seed is a process of its own, with start, training, tests and saving.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import ranged, spread

DOOR = str(Path(__file__).parents[1] / "ll_stdp_brian2.py")
SEEDS = 10
GOAL = 0.6


def measure(quick: bool = False) -> dict:
    """Seconds of ten seeds with one job and with two, and the ratio, each a spread over repeats."""
    trials, repeats = (100, 1) if quick else (300, 3)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        seconds_of(root, "first", trials, 1, n_seeds=1)  # compiles
        seconds: dict[int, list[float]] = {1: [], 2: []}
        for k in range(repeats):
            for jobs in (1, 2) if k % 2 == 0 else (2, 1):
                seconds[jobs].append(seconds_of(root, f"{k}_{jobs}", trials, jobs))
    ratio = [two / one for one, two in zip(seconds[1], seconds[2], strict=True)]
    return {
        "trials": trials,
        "seeds": SEEDS,
        "repeats": repeats,
        "one_job_s": spread(seconds[1]),
        "two_jobs_s": spread(seconds[2]),
        "ratio": spread(ratio),
    }


def seconds_of(root: Path, name: str, trials: int, jobs: int, n_seeds: int = SEEDS) -> float:
    command = [sys.executable, DOOR, "--mode", "ll_baseline", "--n-training-trials", str(trials)]
    command += ["--multi-seed", str(n_seeds), "--jobs", str(jobs), "--no-figures"]
    command += ["--output-root", str(root), "--run-name", name, "--backend", "cpp_standalone"]
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def table(results: dict, machine: dict) -> str:
    """The measurements as Markdown, beside what was to be reached."""
    r = results
    what = f"{r['seeds']} seeds of the baseline network, {r['trials']} trials each"
    rows = [
        (f"{what}, 1 job (s)", r["one_job_s"], ""),
        ("the same, 2 jobs (s)", r["two_jobs_s"], ""),
        ("ratio 2 jobs / 1 job", r["ratio"], f"at most {GOAL}"),
    ]
    head = f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
    lines = [
        "# Many runs",
        "",
        f"{head}Python {machine['python']}. Median (lowest to highest) of {r['repeats']} repeats.",
        "",
        "| what | measured | to reach |",
        "|---|---|---|",
        *(f"| {text} | {ranged(v)} | {goal} |" for text, v, goal in rows),
    ]
    return "\n".join(lines) + "\n"
