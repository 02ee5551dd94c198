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

from benchmarks.networks import Network, costs
from benchmarks.peers import build
from benchmarks.timing import (
    cpu_clock,
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
BASELINE = apply_model_mode(NetworkParams(), "ll_baseline")
THESIS = apply_model_mode(NetworkParams(), "ll_thesis")


def measure(quick: bool = False) -> dict:
    """All measurements; `quick` takes about a minute, the full set about five."""
    trials, repeats = (50, 3) if quick else (200, 7)
    starts = 3 if quick else 5
    with tempfile.TemporaryDirectory() as folder:
        return {
            "cold_build_s": cold_build(folder),
            "training": training_ratio(Path(folder), trials, repeats),
            "block": spread([cost.wall_s for cost in costs(THESIS, 1, 30 if quick else 200)]),
            "start": {
                "to_first_trial": spread([to_first_trial() for _ in range(starts)]),
                "help": seconds_of_call(starts, "--help"),
                "refused_flag": seconds_of_call(starts, "--mode", "ll_thesis", "--vth-mv", "nan"),
            },
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
    fast, ieee = build("plain_loop", folder, "plain"), build("plain_loop", folder, "plain_ieee")
    our_training(1)  # compiles, if need be
    seconds = in_turn(
        {
            "ours": lambda: our_training(trials),
            "hand_written": lambda: hand_written_training(fast, trials),
            "hand_written_ieee": lambda: hand_written_training(ieee, trials),
        },
        repeats,
    )
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
    with Network(dataclasses.replace(BASELINE, n_training_trials=trials)) as network:
        training = begin(network.sim)
        cpu = cpu_clock()
        start = cpu()
        progress = Progress(trials, "", logging.getLogger("benchmarks"))
        for _ in onward(network.sim, training, progress):
            pass
        return (cpu() - start) / trials


def seconds_of_call(repeats: int, *flags: str) -> dict:
    """Wall seconds of a call that does not run."""
    call = functools.partial(subprocess.run, [sys.executable, DOOR, *flags], capture_output=True)
    return spread([wall_seconds(call) for _ in range(repeats)])


def to_first_trial() -> float:
    """Of a second start, wall seconds up to the line that says that training begins."""
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
