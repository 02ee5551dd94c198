"""The networks whose cost is measured, by kind and by size."""

from __future__ import annotations

import collections
import dataclasses
import functools
import json
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.timing import cpu_seconds
from driver.engine.model import Block
from driver.experiment.network import Session
from models.cube.lattice.wiring import CubeWiring
from models.cube.params import CubeParams, Params
from models.cube.presets import PRESETS
from models.cube.simulation import Simulation as CubeSimulation
from models.lateral_line import values
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.simulation import Simulation as LineSimulation
from models.lateral_line.wiring import Wiring
from stimulus import DotParams, StimulusParams, first_launch, frame_rates, training_frames

KINDS = ("lateral_line", "waves", "quiet")
# What is run on request: a trial of 1.2 s, or the eight steps of a move.
UNIT_STEPS = {"lateral_line": 1200, "waves": 8, "quiet": 8}
CALIBRATED_N_MON = 3200
CUBES = {"waves": PRESETS["02_02"].reference, "quiet": PRESETS["relay-a"].fixed}
ORBIT = DotParams(stimulus="orbit")
BLOCK_TRIALS = 5  # the baseline's distance between two records, where a training comes to Python


def lateral_line(n_mon: int) -> NetworkParams:
    """The baseline with another number of MON cells; n_ts and degrees as they are.

    Each MON cell keeps its 16 targets, so those few cells that all of MON drives (TS, I_MON) have
    a fan-in that grows with it. Their weights fall by the same factor: rates stay as they were,
    and what is measured is size and not a network that has begun to do something else.
    """
    baseline = apply_model_mode(NetworkParams(), "ll_baseline")
    scale = CALIBRATED_N_MON / n_mon
    return dataclasses.replace(
        baseline,
        n_mon=n_mon,
        mon_ts_gain_mV=baseline.mon_ts_gain_mV * scale,
        mon_to_global_inh_drive_mV=baseline.mon_to_global_inh_drive_mV * scale,
    )


def of_kind(kind: str, size: int) -> NetworkParams | CubeParams:
    return lateral_line(size) if kind == "lateral_line" else cube(kind, size)


def cube(kind: str, n: int) -> CubeParams:
    """n = L: 02_02 as it was published, dense with waves; or relay-a without its readout."""
    return CubeParams(**CUBES[kind] | {"n": n, "L": n, "readout": False})


def n_cells(kind: str, size: int) -> int:
    """Cells whose number grows with the size: of MON, or of the cube."""
    return size if kind == "lateral_line" else size**3


@functools.cache
def n_synapses(kind: str, size: int) -> int:
    """Synapses that learn or are drawn (background sources and one-to-all loops left out)."""
    if kind == "lateral_line":
        p = lateral_line(size)
        return p.n_mon * (p.ll_to_mon_in_degree + p.mon_to_ts_out_degree)
    return sum(int(role.i.size) for role in CubeWiring(cube(kind, size)).roles.values())


def populations(kind: str, size: int) -> dict[str, tuple[int, float]]:
    """Of each population its cells, and the synapses that deliver one of their spikes.

    They are those of `n_synapses`, and lateral inhibition.
    """
    if kind != "lateral_line":
        n = n_cells(kind, size)
        return {"cells": (n, n_synapses(kind, size) / n)}
    p = lateral_line(size)
    return {
        "ll": (p.n_ll, p.n_mon * p.ll_to_mon_in_degree / p.n_ll),
        "mon": (p.n_mon, p.mon_to_ts_out_degree),
        "ts": (p.n_ts, 2 * (p.ts_lateral_radius - 1)),
    }


class Cost(NamedTuple):
    """What some steps took, and the spikes of each population."""

    n_steps: int
    cpu_s: float
    wall_s: float
    counts: dict[str, int]

    @property
    def cpu_ms_per_step(self) -> float:
        return 1e3 * self.cpu_s / self.n_steps


class Network:
    """A network that learns, and goes on from where it is.

    Attributes
    ----------
    sim : Simulation
    state : dict of ndarray
    step : int
        The next one.
    """

    def __init__(
        self, params: NetworkParams | Params, backend: str = "cpp_standalone", threads: int = 1
    ):
        self.is_line = isinstance(params, NetworkParams)
        simulation = LineSimulation if self.is_line else CubeSimulation
        stimulus = StimulusParams() if self.is_line else ORBIT
        self.sim = simulation(params, stimulus, Session(backend, threads))
        self.go_to(self.sim.initial_state(), 0)

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *error) -> None:
        self.sim.engine.close()

    def go_to(self, state: dict[str, np.ndarray], step: int) -> None:
        self.state, self.step = state, step

    def run(self, n_steps: int) -> dict[str, int]:
        """Go on by so many steps; spikes of each population."""
        counts, stop = collections.Counter(), self.step + n_steps
        while self.step < stop:
            block, after = self._block(stop)
            self.go_to(block.state, after)
            counts.update(block.counts)
        return dict(counts)

    def _block(self, stop: int) -> tuple[Block, int]:
        """The next block, up to `stop` at most, and the step after it."""
        if not self.is_line:
            return next(self.sim.blocks(self.state, self.step, stop, learn=True, hold=True))
        length = min(BLOCK_TRIALS * self.sim.params.trial_steps, stop - self.step)
        block, _ = self.sim.train(self.state, self.step, length, ("ts",), hold=True)
        return block, self.step + length

    def timed(self, n_steps: int) -> Cost:
        """Go on, and what that takes of the compiled program's CPU and of time."""
        pid = self.sim.engine.process.pid
        cpu, start = cpu_seconds(pid), time.perf_counter()
        counts = self.run(n_steps)
        return Cost(n_steps, cpu_seconds(pid) - cpu, time.perf_counter() - start, counts)


def costs(
    params: NetworkParams | Params, n_steps: int, repeats: int = 1, settle: int = 0
) -> list[Cost]:
    """What so many steps take, again and again.

    The network goes on from repeat to repeat, after `settle` steps; if that is 0, each repeat
    begins anew (and a first step, in which the program wakes, is not timed).
    """
    found = []
    with Network(params) as network:
        network.run(settle or 1)
        for _ in range(repeats):
            if not settle:
                network.go_to(network.sim.initial_state(), 0)
            found.append(network.timed(n_steps))
    return found


def dot_arguments(n: int, seed: int = 0) -> list[str]:
    """Where the dot starts and how fast, for the hand-written cube."""
    start = first_launch(ORBIT, n, seed)
    return [str(int(getattr(start, name)[0])) for name in ("x", "y", "vx", "vy")]


def write_for_nest(n_mon: int, file: Path) -> None:
    """Wiring, initial weights and membranes, afferent rates and numbers of a lateral line."""
    p = lateral_line(n_mon)
    wiring = Wiring.of(p)
    state = values.initial_state(p, wiring)
    lateral_i, lateral_j, lateral_w = values.lateral_contacts(p)
    loop = 2 * p.n_ll * values.hold_steps(p)  # the source goes along the body and back
    rates = frame_rates(training_frames(p, StimulusParams(), 0, loop), p, StimulusParams())
    np.savez(
        file,
        params=json.dumps(dataclasses.asdict(p)),
        rates_hz=rates,
        hold_ms=values.hold_steps(p) * p.dt_s * 1e3,
        mon_v_mV=state["mon.v"] * 1e3,
        ts_v_mV=state["ts.v"] * 1e3,
        ll_mon=np.array([wiring.ll_mon.i, wiring.ll_mon.j]),
        ll_mon_w_mV=wiring.ll_mon_w_init_mV,
        mon_ts=np.array([wiring.mon_ts.i, wiring.mon_ts.j]),
        mon_ts_w=wiring.mon_ts_w_init,
        mon_drives=wiring.mon_drives,
        ts_drives=wiring.ts_drives,
        lateral=np.array([lateral_i, lateral_j]),
        lateral_w_mV=lateral_w * 1e3,
    )
