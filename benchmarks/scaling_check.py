"""Does a network cost what the plan in docs/scaling.md says? Predicted beside measured, by size.

Memory is reckoned from the arrays that exist (`benchmarks.memory_model`); of the measurement it
takes the libraries at the smallest size and nothing else. Time is a fixed part, a part for each
cell (of a network that is kept silent) and a part for each event; it is fitted without the largest
size, which is predicted.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from benchmarks import growth, memory_model, networks, report
from benchmarks.memory_model import Size
from benchmarks.networks import Cost, Network
from benchmarks.report import ranged
from benchmarks.timing import peak_mb, spread
from models.lateral_line import values
from models.lateral_line.params import NetworkParams

MB, MIB = 1e6, 2**20
THESIS_N_TS = 300
# "fixed": 300 TS cells, whose fan-in grows with MON; "grown": TS grows, their fan-in stays
SIZES = {
    "fixed": (3_200, 25_000, 50_000, 100_000, 200_000, 1_000_000),
    "grown": (25_000, 50_000, 100_000),
}
QUICK_SIZES = {"fixed": (3_200, 6_400, 12_800), "grown": (6_400,)}
CUBE_SIZES, QUICK_CUBE_SIZES = (24, 48, 96, 192), (16, 24)
MON_STEPS = 2.4e8  # cell steps of a block that is timed; larger networks run fewer steps
CUBE_STEPS = 80


def lateral_line(n_mon: int, ring: str) -> NetworkParams:
    """The baseline with another number of MON cells, and of TS cells if the ring has grown.

    With the ring its topography keeps its share, and every cell its fan-in and gain; the lateral
    inhibition keeps its reach in cells.
    """
    params = networks.lateral_line(n_mon)
    if ring == "fixed":
        return params
    scale = n_mon / networks.CALIBRATED_N_MON
    return dataclasses.replace(
        params,
        n_ts=round(THESIS_N_TS * scale),
        mon_to_ts_sigma=params.mon_to_ts_sigma * scale,
        mon_ts_gain_mV=params.mon_ts_gain_mV * scale,
    )


# --- measuring -----------------------------------------------------------------------------


def measure(quick: bool = False) -> dict:
    """Every size in a process of its own, one after the other: each has its own peak memory."""
    repeats = 1 if quick else 3
    sizes = QUICK_SIZES if quick else SIZES
    cube_sizes = QUICK_CUBE_SIZES if quick else CUBE_SIZES
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        lines = [
            pool.submit(measure_lateral_line, ring, n, repeats).result()
            for ring in sizes
            for n in sizes[ring]
        ]
        cubes = [pool.submit(measure_cube, n, repeats).result() for n in cube_sizes]
    return {"lateral_line": lines, "cube": cubes, "time": predicted_time(lines), "repeats": repeats}


def measure_lateral_line(ring: str, size: int, repeats: int) -> dict:
    """Memory, time of a step with and without activity, events, and transport of one network."""
    p = lateral_line(size, ring)
    start = time.perf_counter()
    with Network(p) as network:
        opened_s = time.perf_counter() - start
        before = network.state["mon_ts.w"]  # the records of a run have them in memory too
        n_steps = int(min(p.trial_steps, MON_STEPS / p.n_mon))
        start_of_trial(network, n_steps)  # settles
        active = [start_of_trial(network, n_steps) for _ in range(repeats)]
        short = [start_of_trial(network, 1) for _ in range(repeats)]
        memory = memory_mb(network)
        del before
        quiet = dataclasses.replace(p, ll_rate_gain=0.0, bg_rate_mon_hz=0.0, bg_rate_ts_hz=0.0)
        sim = network.sim
        sim.constants = values.constants(quiet, sim.stimulus, sim.wiring)
        network.go_to(values.initial_state(quiet, sim.wiring), 0)
        silent = [start_of_trial(network, n_steps) for _ in range(repeats)]
    assert not any(sum(cost.counts.values()) for cost in silent)
    # the start of a block (and homeostasis) counts once in a trial
    block_s = min(cost.cpu_s for cost in short)
    active_ms, silent_ms = (
        [1e3 * ((cost.cpu_s - block_s) / (n_steps - 1) + block_s / p.trial_steps) for cost in costs]
        for costs in (active, silent)
    )
    cells, counts = {"ll": p.n_ll, "mon": p.n_mon, "ts": p.n_ts}, active[-1].counts
    return {
        "ring": ring,
        "n_mon": p.n_mon,
        "n_ts": p.n_ts,
        "n_ll": p.n_ll,
        "opened_s": opened_s,
        "memory_mb": memory,
        "steps": n_steps,
        "active_ms": spread(active_ms),
        "silent_ms": spread(silent_ms),
        "block_s": spread([cost.wall_s for cost in short]),
        "events": spread([events(p, cost.counts, n_steps) / n_steps for cost in active]),
        "rates_hz": {name: counts[name] / n / (n_steps * p.dt_s) for name, n in cells.items()},
    }


def start_of_trial(network: Network, n_steps: int) -> Cost:
    """Cost of the first steps of a trial; the others are left out.

    Background spikes of steps that are left out come later, and not all at once.
    """
    cost = network.timed(n_steps)
    skipped = network.sim.params.trial_steps - n_steps
    later = {
        key: np.minimum(step.astype(np.int64) + skipped, values.NEVER)
        for key, step in network.state.items()
        if key.endswith(".next_event")
    }
    network.go_to(network.state | later, network.step + skipped)
    return cost


def events(p: NetworkParams, counts: dict[str, int], n_steps: int) -> float:
    """Synapses that were visited: at a spike of their source, and at one of their target."""
    s = Size.of(p)
    background = n_steps * p.dt_s * (s.n_mon * p.bg_rate_mon_hz + s.n_ts * p.bg_rate_ts_hz)
    return (
        counts["ll"] * s.ll_mon / s.n_ll
        + counts["mon"] * (s.in_degree + s.out_degree + 1)
        + counts["ts"] * (s.mon_ts / s.n_ts + s.lateral / s.n_ts + 1)
        + background
    )


def memory_mb(network: Network) -> dict[str, float]:
    """Peak memory of this process and of its program, MB."""
    pids = {"python": os.getpid(), "program": network.sim.engine.process.pid}
    return {name: peak_mb(pid) * MIB / MB for name, pid in pids.items()}


def measure_cube(size: int, repeats: int) -> dict:
    with Network(networks.cube("quiet", size)) as network:
        network.run(CUBE_STEPS)
        step_ms = [1e3 * network.timed(CUBE_STEPS).cpu_s / CUBE_STEPS for _ in range(repeats)]
        return {
            "n": size,
            "links": networks.n_synapses("quiet", size),
            "memory_mb": memory_mb(network),
            "step_ms": spread(step_ms),
        }


# --- predicting ------------------------------------------------------------------------------


def size_of(line: dict) -> Size:
    return Size.of(lateral_line(line["n_mon"], line["ring"]))


def predicted_memory(measured: list[dict], program: list[float], python: list[float]):
    """MB of both processes: what the first has beyond its bytes is that of libraries in all."""
    libraries = measured[0]["memory_mb"]
    return [
        {
            "program": libraries["program"] + (in_program - program[0]) / MB,
            "python": libraries["python"] + (in_python - python[0]) / MB,
        }
        for in_program, in_python in zip(program, python, strict=True)
    ]


def predicted_time(lines: list[dict]) -> dict:
    """Fixed, per cell and per event from all sizes but the largest; and what they say of that."""
    *known, last = [line for line in lines if line["ring"] == "fixed"]
    cells = [n_cells(line) for line in known]
    silent = [line["silent_ms"]["median"] for line in known]
    fit = growth.straight_line(cells, silent) or {"fixed": 0.0, "each": silent[-1] / cells[-1]}
    event_ns = ns_per_event(known[-1])
    of_cells = fit["fixed"] + fit["each"] * n_cells(last)
    return {
        "fixed_us": 1e3 * fit["fixed"],
        "cell_ns": 1e6 * fit["each"],
        "event_ns": event_ns,
        "n_mon": last["n_mon"],
        "predicted_ms": of_cells + event_ns * last["events"]["median"] / 1e6,
        "measured_ms": last["active_ms"],
    }


def n_cells(line: dict) -> int:
    """MON, TS and their background sources."""
    return 2 * (line["n_mon"] + line["n_ts"])


def ns_per_event(line: dict) -> float:
    spent = line["active_ms"]["median"] - line["silent_ms"]["median"]
    return 1e6 * spent / line["events"]["median"]


# --- the table ---------------------------------------------------------------------------------

HEAD = """\
{machine} Median (lowest to highest) of {repeats} repeats; others used the machine meanwhile. \
Predictions are those of `benchmarks/memory_model.py`; the smallest size of each kind sets what \
libraries take, and is no test."""
FIT = """\
From all sizes with 300 TS cells but the largest: {fixed_us:.1f} us a step, {cell_ns:.2f} ns a \
cell (MON, TS and their background sources), and {event_ns:.1f} ns an event, as at the largest of \
them. With its number of events that predicts {predicted_ms:.3g} ms a step at {n_mon} MON cells; \
measured: {measured}."""
NOTES = """\
An event is a visit of a synapse, at a spike of its source or, if it learns, of its target. \
Silent is the same program with afferents and background off. CPU time is that of the program; \
homeostasis passes over all synapses once in a trial of 1200 steps, and is spread over them. A \
block of one step is state there and back, checks, and one such pass. Rates fall by half while a \
network learns in its first five trials; those above 200 000 MON cells have run for one, in parts.\
"""


def table(results: dict, machine: dict) -> str:
    """Memory and time, predicted beside measured, as Markdown."""
    lines, fit = results["lateral_line"], results["time"]
    times = [
        [line["n_mon"], line["n_ts"], f"{line['events']['median']:.3g}"]
        + [ranged(line["silent_ms"]), ranged(line["active_ms"])]
        + [f"{ns_per_event(line):.1f}", ranged(line["block_s"])]
        for line in lines
    ]
    return report.page(
        "Scaling: predicted beside measured",
        HEAD.format(machine=report.described(machine), repeats=results["repeats"]),
        "## Memory of the lateral line, peak MB, predicted / measured",
        memory_table(lines),
        "## Time of the lateral line, one core",
        report.table(
            "MON cells | TS cells | events a step | silent, CPU ms a step | "
            "active, CPU ms a step | ns an event | a block of one step, s waited",
            times,
        ),
        FIT.format(**fit, measured=ranged(fit["measured_ms"])),
        "## Cube, relay-a without readout, n = L, peak MB, predicted / measured",
        cube_table(results["cube"]),
        NOTES,
    )


def memory_table(lines: list[dict]) -> str:
    sizes = [size_of(line) for line in lines]
    program = [sum(memory_model.program(size).values()) for size in sizes]
    python = [sum(memory_model.python(size).values()) for size in sizes]
    predicted = predicted_memory(lines, program, python)
    return report.table(
        "MON cells | TS cells | plastic synapses, millions | compiled program | Python",
        [
            [size.n_mon, size.n_ts, f"{size.plastic / 1e6:.3g}", *beside(mb, line["memory_mb"])]
            for size, mb, line in zip(sizes, predicted, lines, strict=True)
        ],
    )


def cube_table(cubes: list[dict]) -> str:
    program = [memory_model.cube_program(cube["n"], cube["n"]) for cube in cubes]
    python = [memory_model.cube_python(cube["n"], cube["n"]) for cube in cubes]
    predicted = predicted_memory(cubes, program, python)
    return report.table(
        "n | links, millions | compiled program | Python | CPU ms a step",
        [
            [cube["n"], f"{cube['links'] / 1e6:.3g}"]
            + [*beside(mb, cube["memory_mb"]), ranged(cube["step_ms"])]
            for cube, mb in zip(cubes, predicted, strict=True)
        ],
    )


def beside(predicted: dict[str, float], measured: dict[str, float]) -> list[str]:
    """Predicted and measured MB of the program and of Python."""
    return [
        f"{predicted[k]:.0f} / {measured[k]:.0f} ({100 * (predicted[k] / measured[k] - 1):+.0f} %)"
        for k in ("program", "python")
    ]
