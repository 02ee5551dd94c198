"""Whether the dot-prediction models are the same on all backends: ten seeds of each on each.

Intervals and verdicts are those of `benchmarks.agreement`, stated before anything is measured.
Small networks that show all there is: rules of learning, noise, pauses, readouts, kept sums.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.agreement import EXACT, REFERENCE, Measured, compare
from driver.engine.choose import choose
from models.cube import values
from models.cube.metrics import results
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params
from models.cube.presets import PRESETS
from models.cube.protocol import Result, simulate
from stimuli.dots import DotParams

SEEDS = 10
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
    found = {"seeds": seeds, "networks": {}}
    for name, (params, dots) in NETWORKS.items():
        reference = run_seeds(REFERENCE, params, dots, seeds)
        rows = {}
        for backend in BACKENDS:
            missing = why_not(backend, params, dots)
            if missing:
                rows[backend] = {"skipped": missing}
                continue
            other = run_seeds(backend, params, dots, seeds)
            rows[backend] = compare(reference, other, backend in EXACT)
        found["networks"][name] = rows
    return found


def why_not(backend: str, params: Params, dots: DotParams) -> str | None:
    """Why a backend cannot be run here, or None."""
    try:
        choose(backend, values.model(params, dots, values.wiring_of(params, dots)), 1, 1)
    except ValueError as error:
        return str(error)
    return None


def run_seeds(backend: str, params: Params, dots: DotParams, seeds: int) -> list[Measured]:
    return [run(backend, dataclasses.replace(params, seed=k), dots) for k in range(seeds)]


def run(backend: str, params: Params, dots: DotParams) -> Measured:
    start = time.perf_counter()
    made = simulate(params, dots, backend=backend)
    seconds = time.perf_counter() - start
    trained = made.recordings["trained"]
    weights = {key: trained[key] for key in sorted(trained) if key.endswith(".w")}
    weights = {key: w for key, w in weights.items() if not key.startswith("initial.")}
    return Measured(numbers_of(made), weights, spikes_of(made), seconds)


def numbers_of(made: Result) -> dict[str, float | None]:
    """Every metric of both networks, by its path in the results."""
    return {
        f"{label}/{path}": value
        for label, arrays in made.recordings.items()
        for path, value in leaves(results.measure(made.params, made.dots, arrays))
    }


def leaves(found: Any, path: str = "") -> Iterator[tuple[str, float | None]]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield from leaves(value, f"{path}/{key}" if path else key)
    elif isinstance(found, (list, tuple, np.ndarray)):
        for k, value in enumerate(found):
            yield from leaves(value, f"{path}/{k}")
    elif found is None or isinstance(found, (bool, int, float, np.number)):
        yield path, None if found is None else float(found)


def spikes_of(made: Result) -> str:
    """Hash of everything that was recorded in whole numbers: spikes, counts, places."""
    digest = hashlib.sha256()
    for label, arrays in sorted(made.recordings.items()):
        for key, array in sorted(arrays.items()):
            if np.asarray(array).dtype.kind in "iub":
                digest.update(f"{label} {key}".encode() + np.asarray(array).tobytes())
    return digest.hexdigest()


def table(results: dict, machine: dict) -> str:
    """A row for each network and backend."""
    lines = [
        "# The dot-prediction models on every backend",
        "",
        f"{results['seeds']} seeds of each network, trained and untrained, against {REFERENCE}; "
        "what counts as agreement was stated before, in `benchmarks/agreement.py`. All metrics of "
        "a run are compared, each with its own verdict, and the weights after training.",
        "",
        "| network | backend | same spikes | largest KS distance of weights | metrics that agree | "
        "verdict |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in results["networks"].items():
        lines += [f"| {name} | {backend} | {said(found)} |" for backend, found in rows.items()]
    lines += ["", f"{machine['cpu']}, {machine['compiler']}, Python {machine['python']}."]
    return "\n".join(lines) + "\n"


def said(found: dict) -> str:
    if "skipped" in found:
        return f"not run: {found['skipped']} | | | "
    rows = found["quantities"].values()
    farthest = max((row["distance"] for row in rows if "distance" in row), default=0.0)
    agree = sum(row["agrees"] for row in rows)
    verdict = "agrees" if found["agrees"] else "**DISAGREES**"
    same = f"{found['same_spikes']['seeds']} of {found['seeds']} seeds"
    return f"{same} | {farthest:.2g} | {agree} of {len(rows)} | {verdict}"
