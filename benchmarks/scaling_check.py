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

from benchmarks import growth, memory_model, networks
from benchmarks.memory_model import Size
from benchmarks.networks import Cost, Network
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


def predicted_memory(measured: list[dict], reckoned: list[dict[str, float]]) -> list[tuple]:
    """Each measured network, and the MB that its processes were predicted to have.

    What the first has beyond the bytes that are `reckoned` is that of libraries in all.
    """
    first, bytes_of_first = measured[0]["memory_mb"], reckoned[0]
    return [
        (line, {k: first[k] + (n - bytes_of_first[k]) / MB for k, n in expected.items()})
        for line, expected in zip(measured, reckoned, strict=True)
    ]


def predicted_lines(lines: list[dict]) -> list[tuple]:
    return predicted_memory(lines, [memory_model.in_all(size_of(line)) for line in lines])


def predicted_cubes(cubes: list[dict]) -> list[tuple]:
    return predicted_memory(cubes, [memory_model.cube(cube["n"], cube["n"]) for cube in cubes])


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
