"""Predictive room: accuracies of five seeds beside their controls, and CPU time of the learners."""

from __future__ import annotations

import functools
import subprocess
import sys
import time

import numpy as np

from benchmarks.timing import cpu_clock, in_turn, spread
from driver.experiment.network import Session
from models.predictive.controls import controls
from models.predictive.experiment import opened
from models.predictive.learner import accuracy
from models.predictive.params import PRESETS, SpikingParams, parts
from models.predictive.switching import Switching

SEEDS = range(301, 306)  # nothing was tuned on these splits, which are of the same images
GOALS = {"rate": 0.970, "equilibrium": 0.965, "dendritic": 0.94, "rate-mnist": 0.903}
STEPS = 10_000
COMMAND = ("--sizes", "2,3,1", "--input", "1,0", "--steps", "100", "--seed", "0")


def measure(quick: bool = False) -> dict:
    """Accuracies by preset, CPU seconds of five epochs and of a whole training, and of steps."""
    seeds, repeats = (list(SEEDS)[:1], 1) if quick else (list(SEEDS), 3)
    presets = list(GOALS)[: 1 if quick else None]
    five = {name: functools.partial(cpu_of_epochs, name, 5) for name in presets}
    calls = {"spiking": cpu_of_steps, "command": wall_of_command}
    return {
        "seeds": seeds,
        "repeats": repeats,
        "accuracy": {name: accuracies(name, seeds) for name in presets},
        "five_epochs_s": {k: spread(v) for k, v in in_turn(five, repeats).items()},
        "spiking_s": {k: spread(v) for k, v in in_turn(calls, repeats).items()},
    }


def params(preset: str, **changes):
    (cls,) = parts(preset).values()
    return cls(**PRESETS[preset] | changes)


def accuracies(preset: str, seeds: list[int]) -> dict:
    """Of the test: the learner, its untrained twin and the controls, seed by seed; CPU seconds."""
    found: dict[str, list] = {}
    for seed in seeds:
        p = params(preset, seed=seed)
        with opened(p, Session("cpp_standalone")) as learner:
            clock, state = cpu_clock(), learner.initial_state()
            began, d = clock(), learner.data
            twin = accuracy(learner.outputs(state, d.x_test), d.y_test)
            for block, _ in learner.blocks(state, 0, p.epochs):
                state = block.state
            numbers = {"learner": accuracy(learner.outputs(state, d.x_test), d.y_test)}
            numbers |= {"seconds": clock() - began, "untrained": twin, **controls(p)}
        for name, value in numbers.items():
            found.setdefault(name, []).append(value)
    return {name: described(values) for name, values in found.items()}


def described(values: list[float]) -> dict:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"values": values, "mean": float(np.mean(values)), "sd": sd}


def cpu_of_epochs(preset: str, n_epochs: int) -> float:
    """CPU seconds of Python and program, once compiled."""
    p = params(preset)
    with opened(p, Session("cpp_standalone")) as learner:
        state, clock = learner.initial_state(), cpu_clock()
        began = clock()
        for _ in learner.blocks(state, 0, n_epochs):
            pass
        return clock() - began


def cpu_of_steps() -> float:
    """CPU seconds of 10 000 steps of [2, 3, 1] with a constant input."""
    p = SpikingParams(sizes=(2, 3, 1))
    with Switching(p, Session("cpp_standalone")) as net:
        state, clock = net.initial_state(), cpu_clock()
        began = clock()
        net.run(state, np.tile([1.0, 0.0], (STEPS, 1)), np.ones(STEPS))
        return clock() - began


def wall_of_command() -> float:
    """Seconds until the command line has answered."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "bio_snn.interface", *COMMAND]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began
