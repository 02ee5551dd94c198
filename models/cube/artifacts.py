"""Files of a seed: its two recordings, weights, results; and the checkpoint between blocks.

``seed_<s>_trained.npz`` and ``seed_<s>_untrained.npz`` hold all that figures and metrics are made
of. The table of names in docs/dots.md is held against a real run.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from driver.experiment.metric import LABELS, TRAINED, difference
from driver.run import checkpoint
from driver.run.folder import RunFolder
from driver.run.saved import checksum
from models.cube.checks import warnings
from models.cube.metrics.results import measure, projections
from models.cube.params import MODELS, LocalParams, Params
from models.cube.protocol import Arrays, Result
from models.cube.values import wiring_of
from stimuli.dots import DotParams

SCHEMA_VERSION = 1


class Files:
    """What a run keeps so that it can go on: one checkpoint, complete in itself.

    Parameters
    ----------
    params, dots : of the run
    path : Path
        Where to save.
    resumed : Path or None
        Where to go on from.
    """

    def __init__(self, params: Params, dots: DotParams, path: Path, resumed: Path | None, log):
        self.identity = identity(params, dots)
        self.path, self.done = path, {}
        self.stored: dict[str, np.ndarray] | None = None
        if resumed is not None:
            self.stored, complaint = checkpoint.resumed(resumed)
            if complaint:
                log.warning(complaint)
            self.done = {
                label: part for label in LABELS if (part := under(f"{label}/", self.stored))
            }

    def recording(self, label: str) -> Arrays | None:
        return self.done.get(label)

    def checkpoint(self, label: str) -> Arrays | None:
        here = self.stored is not None and str(self.stored["label"]) == label
        return under("now/", self.stored) or None if here else None

    def save_recording(self, label: str, arrays: Arrays) -> None:
        self.done[label] = {key: np.asarray(value) for key, value in arrays.items()}
        self._save(label, {})

    def save_checkpoint(self, label: str, arrays: Arrays) -> None:
        self._save(label, arrays)

    def _save(self, label: str, arrays: Arrays) -> None:
        content = {f"now/{key}": value for key, value in arrays.items()}
        for done, recording in self.done.items():
            content |= {f"{done}/{key}": value for key, value in recording.items()}
        checkpoint.save(self.path, content | self.identity | {"label": label})


def identity(params: Params, dots: DotParams) -> dict[str, Any]:
    """By which a checkpoint knows its run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "params_json": json.dumps(asdict(params)),
        "stimulus_json": json.dumps(asdict(dots)),
    }


def require_same(stored: Arrays, params: Params, dots: DotParams, path: Path) -> None:
    """Raise `ValueError` unless a checkpoint is of this very run."""
    if int(stored.get("schema_version", 0)) != SCHEMA_VERSION or "label" not in stored:
        raise ValueError(f"--resume-from: {path} does not hold a full state")
    theirs = json.loads(str(stored["params_json"])) | json.loads(str(stored["stimulus_json"]))
    ours = json.loads(json.dumps(asdict(params) | asdict(dots)))
    checkpoint.require_same(theirs, ours, frozenset(), path)


def under(prefix: str, arrays: Arrays) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


# --- what a finished seed writes --------------------------------------------------------------


def save_seed(result: Result, folder: RunFolder, options) -> dict[str, Any]:
    """Write everything of one seed into ``artifacts/``; the results file comes last."""
    seed = result.params.seed
    for label, arrays in result.recordings.items():
        folder.write_npz(f"artifacts/seed_{seed}_{label}.npz", recording(result, arrays))
    tag = options.save_tag
    folder.write_npz(f"artifacts/{tag}_seed_{seed}.npz", weight_artifact(result))
    folder.write_json(f"artifacts/{tag}_seed_{seed}_params.json", sidecar(result, options))
    numbers = seed_results(result, options)
    folder.write_json(f"artifacts/seed_{seed}_results.json", numbers)
    return numbers


def recording(result: Result, arrays: Arrays) -> Arrays:
    """A recording with what it is of."""
    p = result.params
    head = {"schema_version": SCHEMA_VERSION, "seed": p.seed, "n": p.n, "ratio": p.ratio}
    head |= {"n_steps": p.steps} | ({} if isinstance(p, LocalParams) else {"L": p.L})
    return head | {key: np.asarray(value) for key, value in arrays.items()}


def weight_artifact(result: Result) -> Arrays:
    """Content of ``<tag>_seed_<s>.npz``: links, and weights before and after learning."""
    wiring, trained = wiring_of(result.params, result.dots), result.recordings[TRAINED]
    arrays: Arrays = {
        "schema_version": np.int64(SCHEMA_VERSION),
        "seed": np.int64(result.params.seed),
    }
    for name in projections(trained):
        i, j = ends_of(wiring, name)
        arrays |= {f"{name}_i": i, f"{name}_j": j}
        arrays |= {
            f"{name}_w": trained[f"{name}.w"],
            f"{name}_w_init": trained[f"initial.{name}.w"],
        }
    return arrays


def ends_of(wiring, name: str) -> tuple[np.ndarray, np.ndarray]:
    if hasattr(wiring, "projections"):
        return wiring.projections[name]
    if name == "readout":
        return wiring.readout
    return wiring.roles[name].i, wiring.roles[name].j


def sidecar(result: Result, options) -> dict[str, Any]:
    """Content of ``<tag>_seed_<s>_params.json``: enough to rebuild the network."""
    return {
        "schema_version": SCHEMA_VERSION,
        "mode": options.mode,
        "fidelity": options.fidelity,
        "seed": result.params.seed,
        "network_params": asdict(result.params),
        "stimulus_params": asdict(result.dots),
    }


def seed_results(result: Result, options) -> dict[str, Any]:
    """Content of ``seed_<s>_results.json``: every metric, trained and untrained."""
    p, dots = result.params, result.dots
    trained, untrained = (measure(p, dots, result.recordings[label]) for label in LABELS)
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": p.seed,
        "mode": options.mode,
        "fidelity": options.fidelity,
        "model": MODELS[type(p)],
        "params_sha256": checksum(p, dots),
        "save_tag": options.save_tag,
        "backend": result.backend,
        "seconds": result.seconds,
        "verdict": trained["verdict"],
        "trained": trained,
        "untrained": untrained,
        "difference": difference(trained, untrained),
        "warnings": warnings(p, dots),
    }
