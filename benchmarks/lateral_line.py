"""Speed and memory of the lateral line, beside a hand-written C++ loop of the same model.

Both programs run in turn on the same machine, and what is quoted is their ratio: times alone
say little on a shared machine. CPU seconds are those of the training loop in both programs; ours
has the transport of blocks, stimulus, records and decoding in Python in it. Linux only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import cpu_seconds, peak_memory_mb, ranged, spread
from driver.engine.compiler import compiler
from driver.run.progress import Progress
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.simulation import Simulation
from models.lateral_line.training import begin, train
from stimulus import StimulusParams

ROOT = Path(__file__).parents[1]
DOOR = str(ROOT / "ll_stdp_brian2.py")
QUIET = logging.getLogger("benchmarks")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


def measure(quick: bool = False) -> dict:
    """All measurements; `quick` takes about a minute, the full set about five."""
    trials, repeats = (50, 3) if quick else (200, 7)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        results = {
            "cold_build_s": cold_build(work),
            "training": training_ratio(work, trials, repeats),
            "block": block_overhead(30 if quick else 200),
            "start": start_times(work, 3 if quick else 5),
        }
        results["memory"] = memory(work, 1000 if quick else 10_000)
    return results


def baseline(trials: int) -> NetworkParams:
    params = apply_model_mode(NetworkParams(), "ll_baseline")
    return dataclasses.replace(params, n_training_trials=trials)


def simulation(params: NetworkParams) -> Simulation:
    return Simulation(params, StimulusParams(), "cpp_standalone", QUIET.info)


def cold_build(work: Path) -> float:
    """Wall seconds to generate and compile the thesis network with an empty cache."""
    before = os.environ.get("PROGRAM_CACHE")
    os.environ["PROGRAM_CACHE"] = str(work / "cache")
    start = time.perf_counter()
    try:
        with simulation(apply_model_mode(NetworkParams(), "ll_thesis")):
            return time.perf_counter() - start
    finally:
        os.environ.pop("PROGRAM_CACHE")
        if before is not None:
            os.environ["PROGRAM_CACHE"] = before


def training_ratio(work: Path, trials: int, repeats: int) -> dict:
    """CPU seconds per training trial of 1.2 s, ours and by hand, in turn."""
    binaries = {
        "hand_written": build_plain_loop(work, "-ffast-math"),
        "hand_written_ieee": build_plain_loop(work),
    }
    with simulation(baseline(1)):
        pass  # compile, if need be, before the clock runs
    seconds: dict[str, list[float]] = {"ours": [], **{name: [] for name in binaries}}
    for _ in range(repeats):
        seconds["ours"].append(our_training(trials))
        for name, binary in binaries.items():
            seconds[name].append(plain_training(binary, trials))
    ratios = {
        name: spread([a / b for a, b in zip(seconds["ours"], seconds[name], strict=True)])
        for name in binaries
    }
    return {
        "trials": trials,
        "cpu_s_per_trial": {name: spread(values) for name, values in seconds.items()},
        "ours_over": ratios,
    }


def build_plain_loop(work: Path, *flags: str) -> Path:
    binary = work / ("plain_loop" + "".join(flags))
    source = Path(__file__).parent / "plain_loop.cpp"
    command = [compiler(), "-O3", "-march=native", "-std=c++17", *flags, source, "-o", binary]
    subprocess.run(command, check=True)
    return binary


def plain_training(binary: Path, trials: int) -> float:
    done = subprocess.run([binary], input=str(trials), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["cpu_s"] / trials


def our_training(trials: int) -> float:
    """CPU seconds per trial of the training loop, like the hand-written program's own figure."""
    with simulation(baseline(trials)) as sim:
        training = begin(sim)
        pid = sim.engine.process.pid
        before = cpu_seconds(pid)
        train(sim, training, Progress(trials, "", QUIET), lambda training: None)
        return (cpu_seconds(pid) - before) / trials


def block_overhead(repeats: int) -> dict:
    """Wall seconds of a block of one step of the thesis network: all but the simulation."""
    with simulation(apply_model_mode(NetworkParams(), "ll_thesis")) as sim:
        state = sim.initial_state()
        sim.train(state, 0, 1)
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            sim.train(state, 0, 1)
            seconds.append(time.perf_counter() - start)
    return spread(seconds)


def start_times(work: Path, repeats: int) -> dict:
    """Wall seconds of a second start up to the first trial, of ``--help`` and of a refusal."""
    refused = ["--mode", "ll_thesis", "--vth-mv", "nan"]
    return {
        "to_first_trial": spread([to_first_trial(work, n) for n in range(repeats)]),
        "help": spread([wall([DOOR, "--help"]) for _ in range(repeats)]),
        "refused_flag": spread([wall([DOOR, *refused]) for _ in range(repeats)]),
    }


def to_first_trial(work: Path, n: int) -> float:
    """From the start of the program to the line that says that training begins."""
    arguments = ["--mode", "ll_thesis", "--backend", "cpp_standalone", "--n-training-trials", "5"]
    arguments += ["--output-root", str(work / "runs"), "--run-name", f"start_{n}"]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, DOOR, *arguments], stderr=subprocess.PIPE, text=True, cwd=work
    )
    seconds = float("nan")
    for line in process.stderr:
        if line.startswith("training:"):
            seconds = time.perf_counter() - start
    if process.wait():
        raise RuntimeError("the run that was timed failed")
    return seconds


def wall(arguments: list[str]) -> float:
    start = time.perf_counter()
    with contextlib.suppress(subprocess.CalledProcessError):
        subprocess.run([sys.executable, *arguments], capture_output=True)
    return time.perf_counter() - start


def memory(work: Path, long: int) -> dict:
    """Peak memory of a run, all processes together, for 100 trials and for many, MB."""

    def peak(trials: int) -> float:
        name = f"memory_{trials}"
        arguments = [DOOR, "--mode", "ll_baseline", "--n-training-trials", str(trials)]
        arguments += ["--output-root", str(work / "runs"), "--run-name", name]
        return peak_memory_mb([*arguments, "--backend", "cpp_standalone"])

    return {"100": peak(100), str(long): peak(long)}


def table(results: dict, machine: dict) -> str:
    """The measurements as Markdown, beside what was to be reached."""
    cpu, ratio = results["training"]["cpu_s_per_trial"], results["training"]["ours_over"]
    start = results["start"]
    rows = [
        (
            f"training, CPU s per 1.2 s trial (mean of {results['training']['trials']})",
            ranged(cpu["ours"]),
            "",
        ),
        ("hand-written C++, -ffast-math", ranged(cpu["hand_written"]), ""),
        ("ratio ours / hand-written", ranged(ratio["hand_written"]), "at most 1.3"),
        ("ratio ours / hand-written, IEEE as ours", ranged(ratio["hand_written_ieee"]), ""),
        ("block overhead, thesis network (s)", ranged(results["block"]), "under 0.06"),
        ("second start to first trial (s)", ranged(start["to_first_trial"]), "under 3"),
        ("cold build, thesis network (s)", f"{results['cold_build_s']:.3g}", "under 45"),
        ("`--help` (s)", ranged(start["help"]), "under 1"),
        ("refused flag (s)", ranged(start["refused_flag"]), "under 1"),
    ]
    for trials, mb in results.get("memory", {}).items():
        rows.append((f"peak memory, {trials} trials (MB)", f"{mb:.0f}", "under 600"))
    head = f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
    lines = [
        "# Lateral line: speed and memory",
        "",
        f"{head}Python {machine['python']}, `{machine['flags']}`. Median (lowest to highest).",
        "",
        "| what | measured | to reach |",
        "|---|---|---|",
        *(f"| {what} | {value} | {goal} |" for what, value, goal in rows),
    ]
    return "\n".join(lines) + "\n"
