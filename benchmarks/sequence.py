"""Sequence memory: CPU time of 100 s of training, ten seeds by one program, memory of a run.

Numbers for comparison, quoted from the replication of the model (bachelor's thesis, RWTH Aachen and
FZ Juelich, 2022): 100 s of training took the original program 4183 s, its NEST version 73.6 s with
six threads, on a laptop.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile

from benchmarks.timing import cpu_clock, in_turn, peak_mb_of_run, spread, wall_seconds
from driver.experiment.network import Session
from models.sequence.params import Params
from models.sequence.simulation import Simulation
from models.sequence.wiring import wiring
from stimuli.patterns import training

SEEDS = 10
NEST_S, ORIGINAL_S = 73.6, 4183.0  # see above
GRIDS = {"5x5": (5, 5), "10x5": (10, 5), "20x10": (20, 10)}


def measure(quick: bool = False) -> dict:
    """CPU seconds of a training by grid, wall seconds of ten seeds, memory (MB)."""
    seconds, repeats = (5.0, 1) if quick else (100.0, 3)
    calls = {
        name: functools.partial(cpu_of_training, grid, seconds) for name, grid in GRIDS.items()
    }
    of_training = in_turn(calls, repeats)
    run_seeds(seconds, 1, 1)  # compiles
    seeds = {
        str(jobs): functools.partial(
            wall_seconds, functools.partial(run_seeds, seconds, SEEDS, jobs)
        )
        for jobs in (1, 2)
    }
    of_seeds = in_turn(seeds, 1 if quick else 2)
    with tempfile.TemporaryDirectory() as folder:
        memory = peak_mb_of_run(arguments(seconds, 1, 1, folder))
    return {
        "seconds": seconds,
        "repeats": repeats,
        "seeds": SEEDS,
        "sizes": {name: size_of(grid) for name, grid in GRIDS.items()},
        "training_s": {name: spread(values) for name, values in of_training.items()},
        "seeds_s": {jobs: spread(values) for jobs, values in of_seeds.items()},
        "memory_mb": memory,
    }


def params(grid: tuple[int, int], seconds: float) -> Params:
    return Params(grid_columns=grid[0], grid_rows=grid[1], train_s=seconds)


def size_of(grid: tuple[int, int]) -> dict[str, int]:
    made = wiring(params(grid, 1.0))
    return {"cells": made.n_cells, "synapses": made.inputs[0].size + made.recurrent[0].size}


def cpu_of_training(grid: tuple[int, int], seconds: float) -> float:
    """CPU seconds of Python and program for a training, once compiled; nothing is saved."""
    p = params(grid, seconds)
    shown = training(p, p.seed, p.steps)
    with Simulation(wiring(p), p.steps, Session("cpp_standalone")) as sim:
        state, clock = sim.initial_state(), cpu_clock()
        began = clock()
        for _ in sim.blocks(state, 0, p.steps, learn=True, shown=shown):
            pass
        return clock() - began


def arguments(seconds: float, n_seeds: int, jobs: int, folder: str) -> list[str]:
    return [
        *("sequence_brian2.py", "--train-s", str(seconds), "--backend", "cpp_standalone"),
        *("--no-figures", "--output-root", folder, "--run-name", "b"),
        *("--multi-seed", str(n_seeds), "--jobs", str(jobs)),
    ]


def run_seeds(seconds: float, n_seeds: int, jobs: int) -> None:
    """Seeds with training, tests of both networks, measuring and saving."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, *arguments(seconds, n_seeds, jobs, folder)]
        subprocess.run(command, check=True, capture_output=True)
