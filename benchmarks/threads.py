"""From which size on threads pay: steps of cubes and of the lateral line, one thread beside two.

Both programs run in turn from the same state, and what is quoted is the ratio of their wall times;
the load of the machine stands beside it, because threads wait for each other in every step: beside
other work two of them can be many times slower than one. That both end in the same bits is checked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import driver.engine.compile.threads
from benchmarks.cube import ORBIT, WAVES
from benchmarks.machine import ranged, spread
from driver.engine.model import Block
from models.cube.params import CubeParams
from models.cube.presets import PRESETS
from models.cube.simulation import Simulation as CubeSimulation
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.simulation import Simulation as LineSimulation
from stimulus import StimulusParams

FIGURE = Path(__file__).parent / "results" / "threads.png"
THREADS = 2
EVERY_LOOP = 3000  # cells from which on loops are shared here, to see where it begins to pay
NAMES = {
    "quiet": "cube, relay-a, quiet",
    "waves": "cube, 02_02 in waves",
    "line": "lateral line, ll_thesis",
}
Run = Callable[[int], Block]


def measure(quick: bool = False) -> dict:
    """Ratios by size; `quick` takes some minutes, the full set about twenty."""
    repeats, seconds = (5, 0.15) if quick else (9, 0.6)
    cubes = (16, 32, 48, 64) if quick else (16, 24, 32, 48, 64, 96)
    lines = (800, 3200, 12_800) if quick else (800, 3200, 12_800, 51_200)
    results = {
        "threads": THREADS,
        "crossover": driver.engine.compile.threads.CROSSOVER,
        "repeats": repeats,
    }
    with every_loop_shared():
        for kind in ("quiet", "waves"):
            sizes = cubes[1:3] if quick and kind == "waves" else cubes
            results[kind] = [compare(cube(kind, n), n**3, n, repeats, seconds) for n in sizes]
        results["line"] = [compare(line(n), n, n, repeats, seconds) for n in lines]
    draw(results)
    return results


@contextlib.contextmanager
def every_loop_shared() -> Iterator[None]:
    before = driver.engine.compile.threads.CROSSOVER
    driver.engine.compile.threads.CROSSOVER = EVERY_LOOP
    try:
        yield
    finally:
        driver.engine.compile.threads.CROSSOVER = before


def cube(kind: str, n: int) -> Callable[[int], tuple[CubeSimulation, Run]]:
    """Opens a cube with so many threads, run until it is as it will be: steps to run from there."""
    preset, settle = (WAVES, 1500) if kind == "waves" else (PRESETS["relay-a"].fixed, 100)
    changes = {"n": n, "L": n} | ({} if kind == "waves" else {"readout": False})
    params = CubeParams(**preset | changes)
    first = settle // params.ratio * params.ratio
    settled = {}

    def open_with(threads: int) -> tuple[CubeSimulation, Run]:
        sim = CubeSimulation(params, ORBIT, "cpp_standalone", threads=threads)

        def run(state, first: int, n_steps: int) -> Block:
            blocks = sim.blocks(state, first, first + n_steps, learn=True)
            return [block for block, _ in blocks][-1]

        if not settled:  # by the first that is opened, the one with one thread
            settled.update(run(sim.initial_state(), 0, first).state)
        return sim, lambda n_steps: run(settled, first, n_steps)

    return open_with


def line(n_mon: int) -> Callable[[int], tuple[LineSimulation, Run]]:
    """Opens a lateral line with so many threads: steps to run from its beginning."""
    params = dataclasses.replace(apply_model_mode(NetworkParams(), "ll_thesis"), n_mon=n_mon)

    def open_with(threads: int) -> tuple[LineSimulation, Run]:
        how = {"say": lambda text: None, "threads": threads}
        sim = LineSimulation(params, StimulusParams(), "cpp_standalone", **how)
        return sim, lambda n_steps: sim.train(sim.initial_state(), 0, n_steps)[0]

    return open_with


def compare(open_with, n_cells: int, size: int, repeats: int, seconds: float) -> dict:
    """Wall time of a step by one thread and by several, in turn.

    Raises
    ------
    RuntimeError
        If they do not end in the same bits.
    """
    opened = {threads: open_with(threads) for threads in (1, THREADS)}
    us: dict[int, list[float]] = {threads: [] for threads in opened}
    try:
        require_same([run(40) for _, run in opened.values()])
        n_steps = steps_of(opened[1][1], seconds)
        load = os.getloadavg()[0]
        for k in range(repeats):
            for threads in sorted(opened, reverse=k % 2 == 1):
                start = time.perf_counter()
                opened[threads][1](n_steps)
                us[threads].append((time.perf_counter() - start) / n_steps * 1e6)
    finally:
        for sim, _ in opened.values():
            sim.engine.close()
    ratio = [several / one for one, several in zip(us[1], us[THREADS], strict=True)]
    return {
        "size": size,
        "cells": n_cells,
        "one_us": spread(us[1]),
        "several_us": spread(us[THREADS]),
        "ratio": spread(ratio),
        "load": load,
    }


def require_same(blocks: list[Block]) -> None:
    one, other = blocks
    same = all(np.array_equal(one.state[key], other.state[key]) for key in one.state)
    if not same or one.counts != other.counts:
        raise RuntimeError("threads changed the result")


def steps_of(run: Run, seconds: float) -> int:
    """Steps that take about so long, in whole moves and not too many for one block."""
    start = time.perf_counter()
    run(80)
    per_step = (time.perf_counter() - start) / 80
    return max(80, min(20_000, int(seconds / per_step) // 40 * 40))


def draw(results: dict) -> None:
    """Ratio against the number of cells."""
    from matplotlib.figure import Figure

    from driver.figures import style

    with style.applied():
        figure = Figure(figsize=(5, 3.6), layout="constrained")
        axes = figure.subplots()
        for kind, name in NAMES.items():
            rows = results[kind]
            cells, ratio = [r["cells"] for r in rows], [r["ratio"]["median"] for r in rows]
            low = [r["ratio"]["median"] - r["ratio"]["low"] for r in rows]
            high = [r["ratio"]["high"] - r["ratio"]["median"] for r in rows]
            axes.errorbar(cells, ratio, yerr=(low, high), marker="o", ms=4, label=name)
        axes.axhline(1, color="k", lw=0.8)
        axes.axvline(results["crossover"], color="k", ls=":", lw=0.8, label="shared from here on")
        axes.set(xscale="log", yscale="log", xlabel="cells of the largest group")
        axes.set_ylabel(f"time of {results['threads']} threads / of one")
        ticks = [
            t
            for t in (0.25, 0.5, 1, 2, 4, 8, 16, 32)
            if axes.get_ylim()[0] < t < axes.get_ylim()[1]
        ]
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
        axes.legend(frameon=False)
        figure.savefig(FIGURE, **style.PNG)


def table(results: dict, machine: dict) -> str:
    """The measurements as Markdown."""
    head = f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
    several = f"{results['threads']} threads"
    lines = [
        "# Threads within a run",
        "",
        f"{head}Python {machine['python']}. Wall time of a step, microseconds, transport of blocks "
        f"included; median (lowest to highest) of {results['repeats']} repeats in turn. Every loop "
        f"over more than {EVERY_LOOP} cells is shared here; `--threads` shares those over "
        f"{results['crossover']} and more. Load is that of the minute before, ours included; a "
        "ratio beside other work says what happens there, not what threads can do.",
        "",
        f"| network | size | cells | 1 thread | {several} | ratio | load |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, name in NAMES.items():
        for r in results[kind]:
            cells = " | ".join(ranged(r[c]) for c in ("one_us", "several_us", "ratio"))
            lines.append(f"| {name} | {r['size']} | {r['cells']} | {cells} | {r['load']:.1f} |")
    return "\n".join([*lines, "", "![Ratio against size](threads.png)"]) + "\n"
