"""From which size on threads pay: steps of cubes and of the lateral line, one thread beside two.

Both programs run in turn from the same state, and what is quoted is the ratio of their wall times;
the load of the machine stands beside it, because threads wait for each other in every step: beside
other work two of them can be many times slower than one. That both end in the same bits is checked.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from unittest import mock

import numpy as np

from benchmarks import figures, networks
from benchmarks.networks import Cost, Network
from benchmarks.timing import in_turn, spread, spread_of_ratio
from driver.engine.compile import passes
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode

THREADS = 2
EVERY_LOOP = 3000  # cells from which on loops are shared here, to see where it begins to pay
NAMES = {
    "quiet": "cube, relay-a, quiet",
    "waves": "cube, 02_02 in waves",
    "line": "lateral line, ll_thesis",
}
SETTLE_STEPS = {"quiet": 96, "waves": 1500, "line": 0}


def measure(quick: bool = False) -> dict:
    """Ratios by size; `quick` takes some minutes, the full set about twenty."""
    repeats, seconds = (5, 0.15) if quick else (9, 0.6)
    sizes = {
        "quiet": (32, 64, 96) if quick else (16, 24, 32, 48, 64, 96),
        "waves": (48, 64, 96) if quick else (16, 24, 32, 48, 64, 96),
        "line": (3200,) if quick else (800, 3200, 12_800, 51_200),
    }
    results = {
        "threads": THREADS,
        "crossover": passes.CROSSOVER,
        "repeats": repeats,
    }
    with mock.patch.object(passes, "CROSSOVER", EVERY_LOOP):
        for kind in NAMES:
            results[kind] = [compare(kind, size, repeats, seconds) for size in sizes[kind]]
    figures.threads(results, NAMES)
    return results


def compare(kind: str, size: int, repeats: int, seconds: float) -> dict:
    """Wall time of a step by one thread and by several, in turn from the same state.

    Raises
    ------
    RuntimeError
        If they do not end in the same bits.
    """
    if kind == "line":
        thesis = apply_model_mode(NetworkParams(), "ll_thesis")
        params = dataclasses.replace(thesis, n_mon=size)
    else:
        params = networks.cube(kind, size)
    with Network(params) as one, Network(params, threads=THREADS) as several:
        one.run(SETTLE_STEPS[kind])
        state, step = dict(one.state), one.step

        def run(network: Network, n_steps: int) -> Cost:
            network.go_to(state, step)
            return network.timed(n_steps)

        same = run(one, 40).counts == run(several, 40).counts
        if not same or not all(np.array_equal(one.state[k], several.state[k]) for k in state):
            raise RuntimeError("threads changed the result")
        # whole moves, and not too many for one block
        n_steps = int(seconds / run(one, 80).wall_s * 80) // 40 * 40
        n_steps = max(80, min(20_000, n_steps))
        load = os.getloadavg()[0]
        programs = {"one": one, "several": several}
        costs = in_turn(
            {k: functools.partial(run, v, n_steps) for k, v in programs.items()}, repeats
        )
    us = {k: [1e6 * cost.wall_s / n_steps for cost in found] for k, found in costs.items()}
    return {
        "size": size,
        "cells": networks.n_cells("lateral_line" if kind == "line" else kind, size),
        "one_us": spread(us["one"]),
        "several_us": spread(us["several"]),
        "ratio": spread_of_ratio(us["several"], us["one"]),
        "load": load,
    }
