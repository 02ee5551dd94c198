"""Whether the dot-prediction models are the same on all backends: ten seeds of each on each.

Intervals and verdicts are those of `benchmarks.agreement`, stated before anything is measured.
Small networks that show all there is: rules of learning, noise, pauses, readouts, kept sums.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.agreement import SEEDS, Measured, on_backends
from driver.experiment.learning import Twins
from driver.run.checkpoint import digest
from models.cube import values
from models.cube.experiment import simulate
from models.cube.metrics import results
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params
from models.cube.presets import PRESETS
from stimuli.dots import DotParams

BACKENDS = ("cpp_standalone", "genn")  # Cython compiles for minutes: the tests have it
SMALL = {"n": 12, "L": 12, "steps": 600}
RELAUNCH = DotParams(relaunch_every=12, held_out_every=4)
NETWORKS: dict[str, tuple[Params, DotParams]] = {
    "local-predict, n = 16": (
        LocalParams(**PRESETS["local-predict"].fixed | {"n": 16, "steps": 1500}),
        RELAUNCH,
    ),
    "local layer with noise, n = 16": (
        LocalParams(n=16, steps=1500, sigma_noise=0.05, eta_out=0.2),
        dataclasses.replace(RELAUNCH, off_from=(900,), off_to=(1000,)),
    ),
    "02_02 (reference), n = L = 12": (
        CubeParams(**PRESETS["02_02"].reference | SMALL),
        DotParams(stimulus="orbit"),
    ),
    "relay-a with readout, n = L = 12": (
        CubeParams(**PRESETS["relay-a"].fixed | SMALL | {"readout": True, "ratio": 4}),
        RELAUNCH,
    ),
    "groups that learn, n = L = 12": (
        GroupsParams(**SMALL, m=4, r_in=1, learn="all", ratio=4),
        RELAUNCH,
    ),
}


def measure(quick: bool = False) -> dict:
    """All networks on all backends at hand; `quick` has three seeds."""
    seeds = 3 if quick else SEEDS
    networks = {name: compared(*network, seeds) for name, network in NETWORKS.items()}
    return {"seeds": seeds, "networks": networks}


def compared(params: Params, dots: DotParams, seeds: int) -> dict[str, dict]:
    """Each backend beside the reference."""

    def run(backend: str, k: int) -> Measured:
        seeded = dataclasses.replace(params, seed=k)
        return read(seeded, dots, simulate(seeded, dots, backend=backend))

    model = values.model(params, dots, values.wiring_of(params, dots))
    return on_backends(run, model, BACKENDS, seeds)[1]


def read(params: Params, dots: DotParams, result: Twins) -> Measured:
    """Every metric of both networks by its path in the results; the weights after training."""
    numbers = {
        f"{label}/{path}": value
        for label, arrays in result.recordings.items()
        for path, value in leaves(results.measure(params, dots, arrays))
    }
    weights = {
        key: array
        for key, array in sorted(result.recordings["trained"].items())
        if key.endswith(".w") and not key.startswith("initial.")
    }
    in_whole_numbers = {  # spikes, counts, places
        f"{label} {key}": np.asarray(array)
        for label, arrays in result.recordings.items()
        for key, array in arrays.items()
        if np.asarray(array).dtype.kind in "iub"
    }
    return Measured(numbers, weights, digest(in_whole_numbers), result.seconds)


def leaves(found: Any, path: str = "") -> Iterator[tuple[str, float | None]]:
    """Numbers in nested dicts and lists, each with its path."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from leaves(value, f"{path}/{key}" if path else key)
    elif isinstance(found, (list, tuple, np.ndarray)):
        for k, value in enumerate(found):
            yield from leaves(value, f"{path}/{k}")
    elif found is None or isinstance(found, (bool, int, float, np.number)):
        yield path, None if found is None else float(found)
