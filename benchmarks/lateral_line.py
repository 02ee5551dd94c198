"""Speed and memory of the lateral line, beside a hand-written C++ loop of the same model.

Both programs run in turn on the same machine, and what is quoted is their ratio: times alone
say little on a shared machine. CPU seconds are those of the training loop in both programs; ours
has the transport of blocks, stimulus, records and decoding in Python in it. Linux only.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from benchmarks import report
from benchmarks.networks import Network
from benchmarks.peers import HAND_WRITTEN, build
from benchmarks.report import ranged
from benchmarks.timing import (
    cpu_seconds,
    in_turn,
    peak_mb_of_run,
    spread,
    spread_of_ratio,
    wall_seconds,
)
from driver.run.progress import Progress
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.training import begin, onward

DOOR = str(Path(__file__).parents[1] / "ll_stdp_brian2.py")
THESIS = apply_model_mode(NetworkParams(), "ll_thesis")
QUIET = logging.getLogger("benchmarks")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


def measure(quick: bool = False) -> dict:
    """All measurements; `quick` takes about a minute, the full set about five."""
    trials, repeats = (50, 3) if quick else (200, 7)
    with tempfile.TemporaryDirectory() as folder:
        return {
            "cold_build_s": cold_build(folder),
            "training": training_ratio(Path(folder), trials, repeats),
            "block": block_overhead(30 if quick else 200),
            "start": start_times(3 if quick else 5),
            "memory": {
                str(n): peak_mb_of_run(run_arguments("ll_baseline", n, folder))
                for n in (100, 1000 if quick else 10_000)
            },
        }


def run_arguments(mode: str, trials: int, folder: str) -> list[str]:
    arguments = [DOOR, "--mode", mode, "--n-training-trials", str(trials)]
    arguments += ["--output-root", folder, "--run-name", f"{mode}_{trials}"]
    return [*arguments, "--backend", "cpp_standalone"]


def cold_build(folder: str) -> float:
    """Wall seconds to generate and compile the thesis network with an empty cache."""
    with mock.patch.dict(os.environ, PROGRAM_CACHE=f"{folder}/cache"):
        start = time.perf_counter()
        with Network(THESIS):
            return time.perf_counter() - start


def training_ratio(folder: Path, trials: int, repeats: int) -> dict:
    """CPU seconds per training trial of 1.2 s, ours and by hand, in turn."""
    fast, ieee = (build("plain_loop", folder, flags) for flags in HAND_WRITTEN.values())
    our_training(1)  # compiles, if need be
    programs = {
        "ours": lambda: our_training(trials),
        "hand_written": lambda: hand_written_training(fast, trials),
        "hand_written_ieee": lambda: hand_written_training(ieee, trials),
    }
    seconds = in_turn(programs, repeats)
    ours = seconds["ours"]
    return {
        "trials": trials,
        "cpu_s_per_trial": {name: spread(values) for name, values in seconds.items()},
        "ours_over": {
            name: spread_of_ratio(ours, seconds[name])
            for name in ("hand_written", "hand_written_ieee")
        },
    }


def hand_written_training(binary: Path, trials: int) -> float:
    done = subprocess.run([binary], input=str(trials), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["cpu_s"] / trials


def our_training(trials: int) -> float:
    """CPU seconds per trial of the training loop, like the hand-written program's own figure."""
    baseline = apply_model_mode(NetworkParams(), "ll_baseline")
    with Network(dataclasses.replace(baseline, n_training_trials=trials)) as network:
        training = begin(network.sim)
        pid = network.sim.engine.process.pid
        before = time.process_time() + cpu_seconds(pid)
        for _ in onward(network.sim, training, Progress(trials, "", QUIET)):
            pass
        return (time.process_time() + cpu_seconds(pid) - before) / trials


def block_overhead(repeats: int) -> dict:
    """Wall seconds of a block of one step of the thesis network: all but the simulation."""
    with Network(THESIS) as network:
        state = network.state
        network.run(1)
        seconds = []
        for _ in range(repeats):
            network.go_to(state, 0)
            seconds.append(network.timed(1).wall_s)
    return spread(seconds)


def start_times(repeats: int) -> dict:
    """Wall seconds of a second start up to the first trial, of ``--help`` and of a refusal."""

    def seconds(*flags: str) -> dict:
        run = functools.partial(subprocess.run, [sys.executable, DOOR, *flags], capture_output=True)
        return spread([wall_seconds(run) for _ in range(repeats)])

    return {
        "to_first_trial": spread([to_first_trial() for _ in range(repeats)]),
        "help": seconds("--help"),
        "refused_flag": seconds("--mode", "ll_thesis", "--vth-mv", "nan"),
    }


def to_first_trial() -> float:
    """From the start of the program to the line that says that training begins."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *run_arguments("ll_thesis", 5, folder)]
        start = time.perf_counter()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        seconds = float("nan")
        for line in process.stderr:
            if line.startswith("training:"):
                seconds = time.perf_counter() - start
        if process.wait():
            raise RuntimeError("the run that was timed failed")
    return seconds


def table(results: dict, machine: dict) -> str:
    """The measurements as Markdown, beside what was to be reached."""
    training, start = results["training"], results["start"]
    cpu, ratio = training["cpu_s_per_trial"], training["ours_over"]
    trained = f"training, CPU s per 1.2 s trial (mean of {training['trials']})"
    rows = [
        (trained, ranged(cpu["ours"]), ""),
        ("hand-written C++, -ffast-math", ranged(cpu["hand_written"]), ""),
        ("ratio ours / hand-written", ranged(ratio["hand_written"]), "at most 1.3"),
        ("ratio ours / hand-written, IEEE as ours", ranged(ratio["hand_written_ieee"]), ""),
        ("block overhead, thesis network (s)", ranged(results["block"]), "under 0.06"),
        ("second start to first trial (s)", ranged(start["to_first_trial"]), "under 3"),
        ("cold build, thesis network (s)", f"{results['cold_build_s']:.3g}", "under 45"),
        ("`--help` (s)", ranged(start["help"]), "under 1"),
        ("refused flag (s)", ranged(start["refused_flag"]), "under 1"),
    ]
    for trials, mb in results["memory"].items():
        rows.append((f"peak memory, {trials} trials (MB)", f"{mb:.0f}", "under 600"))
    return report.page(
        "Lateral line: speed and memory",
        f"{report.described(machine)} Median (lowest to highest).",
        report.table("what | measured | to reach", rows),
    )
