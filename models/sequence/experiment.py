"""A seed from request to files: learn, then tests without learning; and the untrained twin.

The twin has the same wiring, weights to start with and tests. As nothing moves in it but what is
forgotten within a second, and every test begins at rest, its training is not run.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from driver.experiment.going_on import Arrays, Start
from driver.experiment.learning import Twins, twins
from driver.experiment.network import Session, State
from driver.experiment.seed_files import save_arrays, save_results
from driver.run.request import Request
from models.sequence import assembly, memory
from models.sequence.outcome import judge
from models.sequence.params import Params
from models.sequence.potentials import Weights
from models.sequence.records import Records
from models.sequence.responses import Response, responses, tests
from models.sequence.simulation import Simulation
from models.sequence.values import initial_state
from models.sequence.wiring import Wiring, wiring
from stimuli.patterns import training

LOG_LIMIT = 50.0  # of a weight, ln x: no rule bounds it, but no checkpoint of ours holds e^50


def simulate(p: Params, session: Session) -> Twins:
    """Run the network and its twin."""
    made, shown = wiring(p), training(p, p.seed, p.steps)
    tried = tests(p)
    n_steps = p.steps + 2 * sum(stimulus.phases.n_steps for stimulus in tried.values())
    with Simulation(made, n_steps, session) as sim:

        def measure(state: State, label: str) -> Arrays:
            found = {}
            for name, stimulus in tried.items():
                spikes = sim.test(state, stimulus)
                found |= {f"{name}_index": spikes.index.astype(np.uint16)}
                found |= {f"{name}_step": spikes.step.astype(np.int32)}
            return found

        def start() -> Records:
            return Records(made, shown.phases)

        found = twins(sim, p.steps, start, measure, session, twin_steps=0, shown=shown)
    return without_filling(found, made)


def without_filling(found: Twins, made: Wiring) -> Twins:
    """Only synapses that there are, with numbers of cells."""
    ends = made.synapses
    sizes = {f"{name}.w": i.size for name, (i, _) in ends.items()}
    sizes |= {f"initial.{key}": n for key, n in sizes.items()}
    recordings = {
        label: {
            key: array[: sizes[key]] if key in sizes else array
            for key, array in arrays.items()
            if not key.startswith(("tail_", "last_"))
        }
        for label, arrays in found.recordings.items()
    }
    return dataclasses.replace(found, recordings=recordings, ends=ends)


def measure(p: Params, arrays: Arrays) -> dict[str, Any]:
    """All numbers of one network, from its recording."""
    made = wiring(p)

    def response(name: str) -> Response:  # one at a time: they are large
        return responses(p, arrays, name)[name]

    whole, cue = response("whole"), response("cue")
    numbers: dict[str, Any] = {
        "replay": memory.replay(p, whole, cue),
        "completion_ms": memory.completion_ms(p, whole, cue),
        "after_offset": memory.memory_after_offset(p, whole),
        "forward": memory.similarity(p, whole),
    }
    del cue
    for name in ("reversed", "deleted", "jittered"):
        numbers[name] = memory.similarity(p, whole, response(name))
    w_input = Weights.of(made, arrays).input
    numbers["assembly"] = assembly.describe(made, w_input, whole)
    if p.test_warp is not None:
        numbers["warp"] = assembly.warp(made, whole, response("warped"), p.test_warp)
    return numbers | judge(p, numbers).stored()


def work(request: Request) -> tuple[int, int]:
    p = request.params
    n_tests = sum(stimulus.phases.n_steps for stimulus in tests(p).values())
    return p.steps + 2 * n_tests, p.n_circuits * p.k_max + p.n_inputs


def seconds(request: Request) -> float:
    """Of one core, compiled: what was measured for 10 x 5 circuits, by the number of synapses."""
    p = request.params
    mean = (p.k_min + p.k_max) / 2
    n_synapses = p.link_count * mean**2 + p.n_inputs * p.n_circuits * mean
    n_steps = p.steps + work(request)[0] / 4
    return 2 + n_steps * (2e-5 + n_synapses * 5e-10)


def start(request: Request) -> Start:
    """How the network begins; see `driver.room.Room`."""
    state = initial_state(wiring(request.params))
    limits = {f"{name}_min": -LOG_LIMIT for name in state if name.endswith(".w")}
    limits |= {f"{name}_max": LOG_LIMIT for name in state if name.endswith(".w")}
    return Start(state, limits, reached=lambda records: int(records["course"][-1, 0]))


def run_seed(request: Request, log, status, saved) -> None:
    p = request.params
    found = simulate(p, Session.of(request, log, status, saved))
    made = wiring(p)
    save_arrays(request, found, {"n_inputs": p.n_inputs, "sizes": made.sizes, "links": made.links})
    metrics = {label: measure(p, arrays) for label, arrays in found.recordings.items()}
    sizes = {"n_cells": made.n_cells, "n_recurrent": made.recurrent[0].size}
    save_results(request, found, metrics, **sizes)
