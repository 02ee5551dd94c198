"""Does a network cost what the plan in docs/scaling.md says? Predicted beside measured, by size.

Memory is reckoned from the arrays that exist (`benchmarks.memory_model`); of the measurement it
takes the libraries at the smallest size and nothing else. Time is a fixed part, a part for each
cell (of a network that is kept silent) and a part for each event; it is fitted without the largest
size, which is predicted.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import growth, memory_model, networks
from benchmarks.machine import descendants, high_water_mb, ranged, spread, thread_seconds
from benchmarks.memory_model import Size
from models.lateral_line.values import NEVER

MB, MIB = 1e6, 2**20
THESIS = networks.CALIBRATED_N_MON, 300
# "fixed": 300 TS cells, whose fan-in grows with MON; "grown": TS grows, their fan-in stays
SIZES = {
    "fixed": (3_200, 25_000, 50_000, 100_000, 200_000, 1_000_000),
    "grown": (25_000, 50_000, 100_000),
}
QUICK = {"fixed": (3_200, 6_400, 12_800), "grown": (6_400,)}
CUBE_SIZES, CUBE_QUICK = (24, 48, 96, 192), (16, 24)
MON_STEPS = 2.4e8  # cell steps of a block that is timed; larger networks run fewer steps
OWN_FILE = Path(__file__).stem


def lateral_line(n_mon: int, ring: str):
    """The baseline with another number of MON cells, and of TS cells if the ring has grown.

    With the ring its topography keeps its share, and every cell its fan-in and gain; the lateral
    inhibition keeps its reach in cells.
    """
    params = networks.lateral_line(n_mon)
    if ring == "fixed":
        return params
    scale = n_mon / THESIS[0]
    return dataclasses.replace(
        params,
        n_ts=round(THESIS[1] * scale),
        mon_to_ts_sigma=params.mon_to_ts_sigma * scale,
        mon_ts_gain_mV=params.mon_ts_gain_mV * scale,
    )


# --- measuring -----------------------------------------------------------------------------


def measure(quick: bool = False) -> dict:
    """Every size in a process of its own, one after the other."""
    repeats = 1 if quick else 3
    lines = [
        measured({"kind": "lateral_line", "ring": ring, "size": n, "repeats": repeats})
        for ring, sizes in (QUICK if quick else SIZES).items()
        for n in sizes
    ]
    cubes = [
        measured({"kind": "quiet", "size": n, "repeats": repeats})
        for n in (CUBE_QUICK if quick else CUBE_SIZES)
    ]
    return {"lateral_line": lines, "cube": cubes, "time": predicted_time(lines), "repeats": repeats}


def measured(request: dict) -> dict:
    command = [sys.executable, "-m", f"benchmarks.{OWN_FILE}", json.dumps(request)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{request}: {done.stderr[-800:]}")
    return json.loads(done.stdout.splitlines()[-1])


def of_lateral_line(ring: str, size: int, repeats: int) -> dict:
    """Memory, time of a step with and without activity, events, and transport of one network."""
    from models.lateral_line import values
    from models.lateral_line.simulation import Simulation
    from stimulus import StimulusParams

    p, stimulus = lateral_line(size, ring), StimulusParams()
    start = time.perf_counter()
    sim = Simulation(p, stimulus, "cpp_standalone", lambda text: None)
    result = {"ring": ring, "n_mon": p.n_mon, "n_ts": p.n_ts, "n_ll": p.n_ll}
    result["opened_s"] = time.perf_counter() - start
    state = sim.initial_state()
    before = state["mon_ts.w"]  # which the records of a run hold
    trials = Trials(sim, state)
    del state
    n_steps = int(min(p.trial_steps, MON_STEPS / p.n_mon))
    trials.run(n_steps)  # settles
    active = [trials.timed(n_steps) for _ in range(repeats)]
    moved = [trials.timed(1) for _ in range(repeats)]
    result["memory_mb"] = memory()
    silent = dataclasses.replace(p, ll_rate_gain=0.0, bg_rate_mon_hz=0.0, bg_rate_ts_hz=0.0)
    sim.constants = values.constants(silent, stimulus, sim.wiring)
    trials = Trials(sim, values.initial_state(silent, sim.wiring))
    still = [trials.timed(n_steps) for _ in range(repeats)]
    sim.engine.close()
    assert before.size == p.n_mon * p.mon_to_ts_out_degree
    assert not any(sum(counts.values()) for _, _, counts in still)
    return result | {
        "steps": n_steps,
        "active_ms": spread(step_ms(active, moved, n_steps, p.trial_steps)),
        "silent_ms": spread(step_ms(still, moved, n_steps, p.trial_steps)),
        "block_s": spread([wall for _, wall, _ in moved]),
        "events": spread([events(p, c, n_steps) / n_steps for _, _, c in active]),
        "rates_hz": rates(p, active[-1][2], n_steps),
    }


class Trials:
    """Trials of one simulation, or their first steps, each going on from the last."""

    def __init__(self, sim, state):
        self.sim, self.state, self.trial = sim, state, 0

    def run(self, n_steps: int) -> dict[str, int]:
        """One trial, or its first steps; spikes by population."""
        first = self.trial * self.sim.params.trial_steps
        block, _ = self.sim.train(self.state, first, n_steps, ("ts",))
        skipped = self.sim.params.trial_steps - n_steps
        self.state, self.trial = block.state | postponed(block.state, skipped), self.trial + 1
        return block.counts

    def timed(self, n_steps: int) -> tuple[float, float, dict[str, int]]:
        """CPU seconds of the program, seconds waited, and spikes."""
        (pid,) = descendants()
        cpu, start = thread_seconds(pid), time.perf_counter()
        counts = self.run(n_steps)
        return thread_seconds(pid) - cpu, time.perf_counter() - start, counts


def postponed(state: dict, n_steps: int) -> dict:
    """Background spikes of steps that are left out come later, and not all at once."""
    keys = [key for key in state if key.endswith(".next_event")]
    return {key: np.minimum(state[key].astype(np.int64) + n_steps, NEVER) for key in keys}


def step_ms(blocks: list, short: list, n_steps: int, trial_steps: int) -> list[float]:
    """CPU milliseconds a step, with the start of a block (and homeostasis) once in a trial."""
    start = min(cpu for cpu, _, _ in short)
    return [1e3 * ((cpu - start) / (n_steps - 1) + start / trial_steps) for cpu, _, _ in blocks]


def events(p, counts: dict[str, int], n_steps: int) -> float:
    """Synapses that were visited: at a spike of their source, and at one of their target."""
    s = Size.of(p)
    background = n_steps * p.dt_s * (s.n_mon * p.bg_rate_mon_hz + s.n_ts * p.bg_rate_ts_hz)
    return (
        counts["ll"] * s.ll_mon / s.n_ll
        + counts["mon"] * (s.in_degree + s.out_degree + 1)
        + counts["ts"] * (s.mon_ts / s.n_ts + s.lateral / s.n_ts + 1)
        + background
    )


def rates(p, counts: dict[str, int], n_steps: int) -> dict[str, float]:
    cells = {"ll": p.n_ll, "mon": p.n_mon, "ts": p.n_ts}
    return {name: counts[name] / n / (n_steps * p.dt_s) for name, n in cells.items()}


def memory() -> dict[str, float]:
    """Peak memory of this process and of its program, MB."""
    (pid,) = descendants()
    pids = {"python": os.getpid(), "program": pid}
    return {name: high_water_mb(pid) * MIB / MB for name, pid in pids.items()}


def of_cube(size: int, repeats: int) -> dict:
    from models.cube.simulation import Simulation

    n_steps = 80
    sim = Simulation(
        networks.cube("quiet", size), networks.ORBIT, "cpp_standalone", lambda text: None
    )
    state, step, times = sim.initial_state(), 0, []
    for _ in range(repeats + 1):
        (pid,) = descendants()
        cpu = thread_seconds(pid)
        for block, stop in sim.blocks(state, step, step + n_steps, learn=True):
            state, step = block.state, stop
        times.append(1e3 * (thread_seconds(pid) - cpu) / n_steps)
    result = {"n": size, "links": networks.n_synapses("quiet", size), "memory_mb": memory()}
    sim.engine.close()
    return result | {"step_ms": spread(times[1:])}


# --- predicting ------------------------------------------------------------------------------


def of_size(line: dict) -> Size:
    return Size.of(lateral_line(line["n_mon"], line["ring"]))


def predicted_memory(lines: list[dict]) -> list[dict[str, float]]:
    """MB of both processes of a lateral line."""
    sizes = [of_size(line) for line in lines]
    terms = {
        "program": [sum(memory_model.program(s).values()) for s in sizes],
        "python": [sum(memory_model.python(s).values()) for s in sizes],
    }
    return with_libraries(lines, terms)


def cube_memory(cubes: list[dict]) -> list[dict[str, float]]:
    """MB of both processes of a cube."""
    terms = {
        "program": [memory_model.cube_program(cube["n"], cube["n"]) for cube in cubes],
        "python": [memory_model.cube_python(cube["n"], cube["n"]) for cube in cubes],
    }
    return with_libraries(cubes, terms)


def with_libraries(measured: list[dict], terms: dict[str, list[float]]) -> list[dict[str, float]]:
    """What the first has beyond its terms is that of libraries in all."""
    libraries = {k: measured[0]["memory_mb"][k] - terms[k][0] / MB for k in terms}
    return [{k: libraries[k] + terms[k][n] / MB for k in terms} for n in range(len(measured))]


def predicted_time(lines: list[dict]) -> dict:
    """Fixed, per cell and per event from all sizes but the largest; and what they say of that."""
    *known, last = [line for line in lines if line["ring"] == "fixed"]
    silent = [line["silent_ms"]["median"] for line in known]
    line = growth.straight_line([n_cells(k) for k in known], silent)
    line = line or {"fixed": 0.0, "each": silent[-1] / n_cells(known[-1])}
    cells = line["fixed"] + line["each"] * n_cells(last)
    predicted = cells + event_ns(known[-1]) * last["events"]["median"] / 1e6
    return {
        "fixed_us": 1e3 * line["fixed"],
        "cell_ns": 1e6 * line["each"],
        "event_ns": event_ns(known[-1]),
        "n_mon": last["n_mon"],
        "predicted_ms": predicted,
        "measured_ms": last["active_ms"],
    }


def n_cells(line: dict) -> int:
    """MON, TS and their background sources."""
    return 2 * (line["n_mon"] + line["n_ts"])


def event_ns(line: dict) -> float:
    spent = line["active_ms"]["median"] - line["silent_ms"]["median"]
    return 1e6 * spent / line["events"]["median"]


# --- the table ---------------------------------------------------------------------------------

HEAD = """# Scaling: predicted beside measured

{cpu}, {cores} cores, {compiler}, Python {python}, `{flags}`. Median (lowest to highest) of \
{repeats} repeats; others used the machine meanwhile. Predictions are those of \
`benchmarks/memory_model.py`; the smallest size of each kind sets what libraries take, and is no \
test.
"""
MEMORY = """
## Memory of the lateral line, peak MB, predicted / measured

| MON cells | TS cells | plastic synapses, millions | compiled program | Python |
|---|---|---|---|---|
"""
TIME = """
## Time of the lateral line, one core

| MON cells | TS cells | events a step | silent, CPU ms a step | active, CPU ms a step \
| ns an event | a block of one step, s waited |
|---|---|---|---|---|---|---|
"""
FIT = """
From all sizes with 300 TS cells but the largest: {fixed_us:.1f} us a step, {cell_ns:.2f} ns a \
cell (MON, TS and their background sources), and {event_ns:.1f} ns an event, as at the largest of \
them. With its number of events that predicts {predicted_ms:.3g} ms a step at {n_mon} MON cells; \
measured: {measured}.
"""
CUBE = """
## Cube, relay-a without readout, n = L, peak MB, predicted / measured

| n | links, millions | compiled program | Python | CPU ms a step |
|---|---|---|---|---|
"""
NOTES = """
An event is a visit of a synapse, at a spike of its source or, if it learns, of its target. \
Silent is the same program with afferents and background off. CPU time is that of the program; \
homeostasis passes over all synapses once in a trial of 1200 steps, and is spread over them. A \
block of one step is state there and back, checks, and one such pass. Rates fall by half while a \
network learns in its first five trials; those above 200 000 MON cells have run for one, in parts.
"""


def table(results: dict, machine: dict) -> str:
    """Memory and time, predicted beside measured, as Markdown."""
    lines, cubes, fit = results["lateral_line"], results["cube"], results["time"]
    parts = [HEAD.format(**machine, repeats=results["repeats"]), MEMORY]
    for line, p in zip(lines, predicted_memory(lines), strict=True):
        millions = f"{of_size(line).plastic / 1e6:.3g}"
        parts.append(row(line["n_mon"], line["n_ts"], millions, *beside(p, line["memory_mb"])))
    parts.append(TIME)
    for line in lines:
        times = [ranged(line[name]) for name in ("silent_ms", "active_ms")]
        sizes = line["n_mon"], line["n_ts"], f"{line['events']['median']:.3g}"
        parts.append(row(*sizes, *times, f"{event_ns(line):.1f}", ranged(line["block_s"])))
    parts += [FIT.format(**fit, measured=ranged(fit["measured_ms"])), CUBE]
    for cube, p in zip(cubes, cube_memory(cubes), strict=True):
        millions = f"{cube['links'] / 1e6:.3g}"
        cells = cube["n"], millions, *beside(p, cube["memory_mb"]), ranged(cube["step_ms"])
        parts.append(row(*cells))
    return "".join([*parts, NOTES])


def row(*cells) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |\n"


def beside(predicted: dict[str, float], actual: dict[str, float]) -> list[str]:
    """Predicted and measured MB of the program and of Python."""
    return [
        f"{predicted[k]:.0f} / {actual[k]:.0f} ({100 * (predicted[k] / actual[k] - 1):+.0f} %)"
        for k in ("program", "python")
    ]


def main() -> None:
    request = json.loads(sys.argv[1])
    kind = request.pop("kind")
    made = of_lateral_line(**request) if kind == "lateral_line" else of_cube(**request)
    print(json.dumps(made))


if __name__ == "__main__":
    main()
