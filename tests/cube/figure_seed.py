"""Seeds and runs made by hand, small and quickly drawn, for the tests of figures and reports."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from driver.engine.model import Spikes
from models.cube.format import FORMAT
from models.cube.metrics.results import measure
from models.cube.params import CubeParams, GroupsParams, LocalParams
from models.cube.records import Records
from models.cube.simulation import run_path
from stimuli.dots import DotParams, period

REMOVED = 1000  # steps after the end of the run
LABELS = ("trained", "untrained")
CUBE = CubeParams(n=8, L=6, ratio=4, steps=160, readout=True)
GROUPS = GroupsParams(n=8, L=8, ratio=4, steps=160, m=4, r_in=1)
LOCAL = LocalParams(n=8, steps=400)
ORBIT = DotParams(stimulus="orbit")
PAUSE = DotParams(stimulus="orbit", off_from=(201,), off_to=(260,))


def make_seed(folder, p=CUBE, dots=ORBIT, *, silent=(), learned=True, recall=False):
    """A seed as figures take it.

    Parameters
    ----------
    silent : tuple of str
        Labels of networks that never fire.
    learned : bool
        Whether training has changed the weights.
    recall : bool
        Whether the local layer was made to run freely.
    """
    made = {label: recording(p, dots, label, label in silent, learned) for label in LABELS}
    if recall:
        for k, arrays in enumerate(made.values()):
            arrays |= recall_arrays(p, k)
    results = {label: plain(measure(p, dots, arrays)) for label, arrays in made.items()}
    return SimpleNamespace(
        params=p,
        dots=dots,
        number=p.seed,
        figures=Path(folder),
        recording=lambda label: made[label],
        results=results | {"warnings": [], "backend": "numpy", "seconds": 1.5},
        status={
            **dict(phase="training", step=100, n_steps=p.steps, seconds_left=75.0, metrics=None),
            **dict(backend="numpy", peak_memory_mb=90.0, pid=-1),
            "updated_utc": "2030-01-01T00:00:00+00:00",
        },
    )


def plain(value):
    """As it comes back from a JSON file: NaN is null, arrays are lists."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value


def recording(p, dots, label: str, silent: bool, learned: bool) -> dict[str, np.ndarray]:
    path = run_path(p, dots, p.steps + REMOVED)
    records = Records.start(p, dots, path)
    make = local_spikes if isinstance(p, LocalParams) else cube_spikes
    spikes = make(p, path, label)
    if silent:
        spikes = {name: Spikes(s.index[:0], s.step[:0]) for name, s in spikes.items()}
    records.feed(SimpleNamespace(spikes=spikes), 0, p.steps)
    small = {name: getattr(path, name).astype(np.int16) for name in ("x", "y", "next_x", "next_y")}
    told = {name: getattr(path, name) for name in ("shown", "move", "launched")}
    arrays = records.arrays() | small | told | weights(p, learned and label == "trained")
    if isinstance(p, LocalParams):
        return arrays | tests(p, label)
    return arrays | removal(label, silent) | (tests(p, label) if p.readout else {})


def in_order(index, step) -> Spikes:
    order = np.argsort(step, kind="stable")
    return Spikes(np.asarray(index, np.int32)[order], np.asarray(step, np.int64)[order])


def cube_spikes(p, path, label: str) -> dict[str, Spikes]:
    """A relay: the cell under the dot fires every other step and each layer a step after the last.

    The twin relays half of the layers; a few stray spikes lie anywhere.
    """
    depth = p.L if label == "trained" else p.L // 2
    index, step = [], []
    for t in range(0, p.steps, 2):
        for z in range(depth):
            if t + z < p.steps and path.shown[t]:
                for x, y in zip(path.x[t], path.y[t], strict=True):
                    index.append((z * p.n + y) * p.n + x)
                    step.append(t + z)
    rng = np.random.default_rng(1)
    index += rng.integers(0, p.n**2 * p.L, 20).tolist()
    step += rng.integers(0, p.steps, 20).tolist()
    found = {"cells": in_order(index, step)}
    if p.readout:
        shot = [t for t in range(p.steps) if t > p.steps // 2 and label == "trained"]
        pixel = [path.next_y[t, 0] * p.n + path.next_x[t, 0] for t in shot]
        found["output"] = in_order(pixel, shot)
    return found


def local_spikes(p, path, label: str) -> dict[str, Spikes]:
    """Hidden cells fire around the dot; the trained output is right from step 100 on."""
    index, step, pixel, at = [], [], [], []
    for t in np.flatnonzero(path.shown[: p.steps]):
        for dx, dy in ((0, 0), (1, 0), (0, 1)):
            x, y = (path.x[t] + dx) % p.n, (path.y[t] + dy) % p.n
            index += (y * p.n + x).tolist()
            step += [t] * x.size
        if label == "trained" and t >= 100:
            pixel += np.unique(path.next_y[t] * p.n + path.next_x[t]).tolist()
            at += [t] * (len(pixel) - len(at))
    return {"hidden": in_order(index, step), "output": in_order(pixel, at)}


def weights(p, learned: bool) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    names = {"input": 60, "readout": 90} if isinstance(p, LocalParams) else {"forward": 80}
    found = {}
    for name, n in names.items():
        start = rng.uniform(0.5, 1.0, n)
        found[f"initial.{name}.w"] = start
        found[f"{name}.w"] = start + 0.2 * (np.arange(n) % 2) if learned else start
    return found


def removal(label: str, silent: bool) -> dict[str, np.ndarray]:
    """Seven steps of spikes, or twelve in the twin."""
    count = np.zeros(REMOVED, np.int64)
    if not silent:
        count[: 7 if label == "trained" else 12] = 3
    return {"removal_count": count, "continued_count": np.full(REMOVED, 0 if silent else 4)}


def tests(p, label: str) -> dict[str, np.ndarray]:
    """The same loop is known, the mirrored one is not, the reversed one is undefined."""
    good = 0.9 if label == "trained" else 0.1
    found = {"same": np.full(30, good), "mirrored": np.zeros(30), "reversed": np.full(30, np.nan)}
    return {f"test_{k}_iou": v for k, v in found.items()} | {
        f"test_{k}_chance": np.where(np.isnan(v), np.nan, 0.02) for k, v in found.items()
    }


def recall_arrays(p, k: int) -> dict[str, np.ndarray]:
    """Five launches that hold for some steps; the twin does not."""
    n_steps = period(p.n) * p.ratio
    held = np.arange(5) * (1 - k)
    iou = (np.arange(n_steps) < held[:, None]).astype(float)
    return {
        "recall_new_held": held,
        "recall_new_iou": iou,
        "recall_new_chance": np.full(iou.shape, 0.02),
    }


def make_run(folder: Path, *seeds, mode: str = "relay-a", finished=None, summary=None):
    """A run of seeds made by hand, as the report takes it."""
    numbers = [seed.number for seed in seeds]
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    environment = {
        **dict(program_version="0.1.0", git_commit="abc+", python="3", brian2="2", numpy="2"),
        **dict(matplotlib="3", pydantic="2", tyro="1", platform="here", backend="auto"),
        **dict(compiler=None, arguments=["--n", "8"], start_time_utc="2030-01-01T00:00:00"),
    }
    file = {"fidelity": "fixed", "environment": environment, "earlier": []}
    run = SimpleNamespace(
        folder=folder,
        figures=folder / "figures",
        name=folder.name,
        mode=mode,
        seeds=numbers,
        finished=numbers if finished is None else finished,
        params=seeds[0].params,
        file=json.loads(json.dumps(file)),
        format=FORMAT,
        in_use=False,
        edited=[],
        unverified=False,
        begun=True,
        log_file=lambda seed=None: None,
        summary={} if summary is None else summary,
        seed=lambda number: seeds[numbers.index(number)],
    )
    for seed in seeds:
        seed.run = run
    return run
