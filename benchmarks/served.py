"""One of our networks as a program that runs on request, as the hand-written ones do.

    python -m benchmarks.served '{"kind": "waves", "backend": "cpp_standalone", "size": 48}'

When the network is ready and its first step is done (so everything is generated and compiled) it
prints a line of JSON. Each number on standard input is a number of units (trials, or moves of
eight steps) to go on with; ``save FILE`` writes the state, which another backend may start from.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import networks
from benchmarks.machine import descendants, thread_seconds

BLOCK_TRIALS = 5  # the baseline's distance between two records, where a training comes to Python


class LateralLine:
    """Training of the lateral line, without the decoding and the records of a run."""

    def __init__(self, backend: str, size: int):
        from models.lateral_line.simulation import Simulation
        from stimulus import StimulusParams

        params = networks.lateral_line(size)
        self.sim = Simulation(params, StimulusParams(), backend, lambda text: None)
        self.state, self.step = self.sim.initial_state(), 0

    def first_step(self) -> None:
        self.sim.train(self.state, 0, 1)

    def run(self, n_steps: int) -> dict[str, int]:
        counts: dict[str, int] = {}
        stop, block_steps = self.step + n_steps, BLOCK_TRIALS * self.sim.params.trial_steps
        while self.step < stop:
            length = min(block_steps, stop - self.step)
            block, _ = self.sim.train(self.state, self.step, length, ("ts",))
            self.state, self.step = block.state, self.step + length
            add(counts, block.counts)
        return {f"{name}_spikes": n for name, n in counts.items()}

    def weights(self) -> dict[str, float]:
        ll_mon, mon_ts = self.state["ll_mon.w"] * 1e3, self.state["mon_ts.w"]
        return {"ll_mon_w_mean_mV": ll_mon.mean(), "mon_ts_w_mean": mon_ts.mean()}


class Cube:
    """A cube that learns, dense with waves or quiet."""

    def __init__(self, kind: str, backend: str, size: int):
        from models.cube.simulation import Simulation

        self.sim = Simulation(networks.cube(kind, size), networks.ORBIT, backend)
        self.state, self.step = self.sim.initial_state(), 0

    def first_step(self) -> None:
        next(self.sim.blocks(self.state, 0, 1, learn=True))

    def run(self, n_steps: int) -> dict[str, int]:
        counts: dict[str, int] = {}
        for block, stop in self.sim.blocks(self.state, self.step, self.step + n_steps, learn=True):
            self.state, self.step = block.state, stop
            add(counts, block.counts)
        return {"spikes": counts["cells"]}

    def weights(self) -> dict[str, float]:
        return {}


def add(totals: dict[str, int], counts: dict[str, int]) -> None:
    for name, n in counts.items():
        totals[name] = totals.get(name, 0) + n


def opened(request: dict) -> LateralLine | Cube:
    kind, backend, size = request["kind"], request["backend"], request["size"]
    if "cython_cache" in request:
        import brian2

        brian2.prefs.codegen.runtime.cython.cache_dir = request["cython_cache"]
    return LateralLine(backend, size) if kind == "lateral_line" else Cube(kind, backend, size)


def cpu_seconds() -> float:
    """Of this process and of all that it started, ended or not."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + program_seconds()


def program_seconds() -> float:
    """Of the programs that this process has running."""
    return sum(thread_seconds(pid) for pid in descendants())


def save(network: LateralLine | Cube, file: str) -> None:
    np.savez(file, step=network.step, **network.state)


def load(network: LateralLine | Cube, file: str) -> None:
    with np.load(file) as stored:
        network.step = int(stored["step"])
        network.state = {key: stored[key] for key in network.state}


def answered(network: LateralLine | Cube, unit_steps: int, units: int) -> dict:
    cpu, program = cpu_seconds(), program_seconds()
    counts = network.run(units * unit_steps)
    used = {"cpu_s": cpu_seconds() - cpu, "program_cpu_s": program_seconds() - program}
    return used | counts | network.weights()


def main() -> None:
    request = json.loads(sys.argv[1])
    start = time.perf_counter()
    network = opened(request)
    network.first_step()
    print(json.dumps({"start_s": time.perf_counter() - start}), flush=True)
    if Path(request.get("state", "")).is_file():
        load(network, request["state"])
    unit_steps = networks.UNIT_STEPS[request["kind"]]
    for line in sys.stdin:
        if line.startswith("save "):
            save(network, line[5:].strip())
            print("{}", flush=True)
        else:
            print(json.dumps(answered(network, unit_steps, int(line))), flush=True)
    network.sim.engine.close()


if __name__ == "__main__":
    main()
