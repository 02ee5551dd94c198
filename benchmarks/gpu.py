"""Whether ``--backend cuda`` is right on a GPU, and what it gains there over one core.

    python -m benchmarks gpu [--budget-s 480]

is all that a machine with a GPU and a CUDA toolkit needs. It makes the environment of brian2cuda
if there is none (PIP_NO_INDEX and PIP_FIND_LINKS tell pip where packages lie), compiles and runs
the smallest network first and holds its spikes against those of the CPU. Each network is compared
before it is timed, and the first that fails ends it all, with what failed. When the budget is
spent, what runs is broken off and what was measured is kept.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np

from benchmarks import networks
from benchmarks.networks import Network
from benchmarks.timing import spread, spread_of_ratio
from driver.engine.choose import open_engine
from driver.engine.cuda import found
from driver.engine.cuda.engine import in_order
from driver.engine.genn.found import tell
from driver.engine.model import Block

BUDGET_S = 480.0
CPU, GPU = "cpp_standalone", "cuda"
# kind, size, steps that are compared, steps before timing, steps of the shorter block, repeats
PLAN = (
    ("lateral_line", 100, 1200, 0, 6000, 3),
    ("lateral_line", 3200, 1200, 0, 6000, 3),
    ("waves", 96, 48, 1500, 24, 3),
    ("lateral_line", 1_000_000, 100, 0, 150, 2),
)
NAMES = {"lateral_line": "lateral line, MON cells", "waves": "cube 02_02 in waves, n = L"}
ROUNDING = 1e-9  # relative; what sums in another order may differ by


class Failed(RuntimeError):
    """What does not work, or is not the same."""


class Clock:
    """Ends what runs when the budget is spent."""

    def __init__(self, budget_s: float):
        self.start = time.monotonic()
        signal.signal(signal.SIGALRM, self.over)
        signal.setitimer(signal.ITIMER_REAL, budget_s)

    def over(self, *signalled) -> None:
        raise TimeoutError

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.start:5.0f} s  {text}", flush=True)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def measure(quick: bool = False) -> dict:
    """Rows of the networks, and with what they were made; `quick` leaves out the largest."""
    clock = Clock(BUDGET_S)
    results = {"budget_s": BUDGET_S, "rows": [], "failed": "", "left_out": []}
    plan = PLAN[:-1] if quick else PLAN
    try:
        prepare(clock)
    except (Failed, ValueError, TimeoutError) as error:  # no result: nothing is written
        sys.exit(f"python -m benchmarks gpu: {error or 'the time was up'}")
    results |= {"made_with": found.versions(), "gpu": card()}
    doing = ""
    try:
        for kind, size, *steps in plan:
            doing = f"{NAMES[kind]} {size}"
            results["rows"].append(one_network(kind, size, *steps, clock))
            clock.say(json.dumps(results["rows"][-1]))
    except TimeoutError:
        done = len(results["rows"])
        results["left_out"] = [f"{NAMES[kind]} {size}" for kind, size, *_ in plan[done:]]
        clock.say(f"the time was up during {doing}")
    except Exception as error:  # whatever it is, it is what has to be known of this machine
        results["failed"] = f"{doing}: {error}"
        clock.say(results["failed"])
    clock.stop()
    return results


# --- what is needed ----------------------------------------------------------------------------


def prepare(clock: Clock) -> None:
    """Make the environment of brian2cuda if there is none.

    Raises
    ------
    Failed
        If it cannot be made.
    ValueError
        If something else is missing.
    """
    found.where_cuda_is()
    try:
        found.interpreter()
    except ValueError:
        python = interpreter()
        clock.say(f"making .venv-cuda with {python}")
        made = subprocess.run(
            ["make", "cuda-env", f"PYTHON={python}"],
            cwd=found.ROOT,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise Failed(f"make cuda-env: {(made.stdout + made.stderr)[-800:]}") from None
    found.check()


def interpreter() -> str:
    """A Python that brian2cuda installs with."""
    names = [sys.executable] if sys.version_info >= (3, 12) else []
    names += [path for k in (13, 12) if (path := shutil.which(f"python3.{k}"))]
    if not names:
        raise Failed("no Python 3.12 or 3.13 to make .venv-cuda with")
    return names[0]


def card() -> str:
    """Name, memory and driver of the GPU."""
    query = "--query-gpu=name,memory.total,driver_version"
    said = tell("nvidia-smi", query, "--format=csv,noheader") or "not known"
    return said.splitlines()[0]


# --- one network -------------------------------------------------------------------------------


def one_network(
    kind: str, size: int, compared: int, before: int, steps: int, repeats: int, clock: Clock
) -> dict:
    """Compare a network on both, then time it on both from the same state."""
    begun = time.monotonic()
    with Network(networks.of_kind(kind, size), CPU) as network:
        cpu, cpu_start_s = network.sim.engine, time.monotonic() - begun
        clock.say(f"{NAMES[kind]} {size}: compiled for one core")
        begun = time.monotonic()
        gpu = open_engine(GPU, network.sim.model, clock.say)
        try:
            network.sim.engine = gpu
            here = block(network, compared, all_spikes=True)  # waits for the program to be ready
            start_s = {CPU: cpu_start_s, GPU: time.monotonic() - begun}
            again = block(network, compared, all_spikes=True)
            network.sim.engine = cpu
            row = compare(block(network, compared, all_spikes=True), here)
            network.sim.engine = gpu
            network.run(before)
            times = {GPU: timed(network, steps, repeats)}
            network.sim.engine = cpu
            times[CPU] = timed(network, steps, repeats)
        finally:
            network.sim.engine = cpu
            gpu.close()
    per_step = {name: [(b - a) / steps for a, b in pairs] for name, pairs in times.items()}
    return row | {
        "kind": kind,
        "size": size,
        "cells": networks.n_cells(kind, size),
        "synapses": networks.n_synapses(kind, size),
        "start_s": start_s,
        "repeats_same_bits": all(np.array_equal(here.state[k], again.state[k]) for k in here.state),
        "ms_per_step": {name: spread([1e3 * s for s in each]) for name, each in per_step.items()},
        "ms_per_block": {
            name: spread([1e3 * (2 * a - b) for a, b in pairs]) for name, pairs in times.items()
        },
        "cpu_over_gpu": spread_of_ratio(per_step[CPU], per_step[GPU]),
    }


def block(network: Network, n_steps: int, all_spikes: bool = False) -> Block:
    """The next steps in one block; the network stays where it is. A cube records all spikes."""
    if network.is_line:
        names = network.sim.model.populations if all_spikes else ("ts",)
        return network.sim.train(network.state, network.step, n_steps, names)[0]
    stop = network.step + n_steps
    return next(network.sim.blocks(network.state, network.step, stop, learn=True))[0]


def timed(network: Network, steps: int, repeats: int) -> list[tuple[float, float]]:
    """Seconds of a block of so many steps, and of one twice as long."""
    found = []
    for _ in range(repeats):
        pair = []
        for n_steps in (steps, 2 * steps):
            begun = time.perf_counter()
            block(network, n_steps)
            pair.append(time.perf_counter() - begun)
        found.append((pair[0], pair[1]))
    return found


def compare(cpu: Block, gpu: Block) -> dict:
    """How far both are the same.

    Raises
    ------
    Failed
        If a spike differs, or a number by more than rounding.
    """
    for name in cpu.counts:
        a, b = in_order(cpu.spikes[name]), gpu.spikes[name]
        pairs = [set(zip(s.step.tolist(), s.index.tolist(), strict=True)) for s in (a, b)]
        if differing := sorted(pairs[0] ^ pairs[1]):
            step, cell = differing[0]
            raise Failed(
                f"{len(differing)} spikes of {name} differ, of {a.index.size} on the CPU and "
                f"{b.index.size} on the GPU; first cell {cell} in step {step}"
            )
        if cpu.counts[name] != gpu.counts[name]:
            raise Failed(f"{name}: {cpu.counts[name]} spikes, counted as {gpu.counts[name]}")
    farthest = 0.0
    for key, value in cpu.state.items():
        scale = np.abs(value).max(initial=0.0) or 1.0
        difference = float(np.abs(gpu.state[key] - value).max(initial=0.0) / scale)
        farthest = max(farthest, difference)
        if not difference <= ROUNDING:
            raise Failed(f"{key} differs by {difference:.2g} of its largest value")
    return {"spikes": sum(cpu.counts.values()), "largest_relative_difference": farthest}
