"""What a finished seed writes: recordings, weights and, last, results.

A model whose experiment is `driver.experiment.learning.twins` calls `save_arrays`, measures, and
calls `save_results`; another one calls `write_arrays` with what it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from driver.experiment.going_on import Arrays
from driver.experiment.learning import Twins
from driver.experiment.limits import Bounds, weight_warnings
from driver.experiment.metric import LABELS, TRAINED, difference
from driver.run.checkpoint import digest
from driver.run.folder import RunFolder
from driver.run.request import Request
from driver.run.saved import checksum

Facts = Mapping[str, Any]


def write_arrays(
    folder: RunFolder, tag: str, recordings: Mapping[str, Arrays], weights: Arrays, sidecar: Facts
) -> None:
    """Write ``seed_<s>_<name>.npz``, ``<tag>_seed_<s>.npz`` and ``<tag>_seed_<s>_params.json``.

    All of them begin with what the sidecar has as `schema_version` and `seed`; with it stand the
    checksums of all arrays.
    """
    seed = sidecar["seed"]
    head = {"schema_version": sidecar["schema_version"], "seed": seed}
    files = {f"seed_{seed}_{name}.npz": arrays for name, arrays in recordings.items()}
    sums = {}
    for name, arrays in (files | {f"{tag}_seed_{seed}.npz": weights}).items():
        content = {key: np.asarray(value) for key, value in (head | arrays).items()}
        folder.write_npz(f"artifacts/{name}", content)
        sums[name] = digest(content)
    content = {**sidecar, "arrays_sha256": sums}
    folder.write_json(f"artifacts/{tag}_seed_{seed}_params.json", content)


def save_arrays(request: Request, twins: Twins, sizes: Facts, **facts) -> None:
    """Write both recordings, and the weights of the trained network.

    The recordings also say the `sizes` of the network, the sidecar of the weights the `facts`.
    """
    trained, weights = twins.recordings[TRAINED], {}
    for name, (i, j) in twins.ends.items():
        weights |= {f"{name}_i": i, f"{name}_j": j}
        weights |= {f"{name}_w": trained[f"{name}.w"]}
        weights |= {f"{name}_w_init": trained[f"initial.{name}.w"]}
    recordings = {label: {**sizes, **arrays} for label, arrays in twins.recordings.items()}
    options = request.options
    sidecar = {
        "schema_version": request.format.schema_version,
        "mode": options.mode,
        **facts,
        "seed": request.params.seed,
        **{name: asdict(part) for name, part in request.parts.items()},
    }
    write_arrays(request.folder, options.save_tag, recordings, weights, sidecar)


def save_results(
    request: Request,
    twins: Twins,
    metrics: Mapping[str, Facts],
    warnings: Sequence[str] = (),
    bounds: Mapping[str, Bounds] | None = None,
    **facts,
) -> None:
    """Write ``seed_<s>_results.json``, by which the seed is finished.

    Both networks have their `metrics` by label, nested alike; `facts` are said besides. `bounds`
    are those of weights by projection, see `driver.experiment.limits`.
    """
    arrays = twins.recordings[TRAINED]
    pairs = {name: (arrays[f"initial.{name}.w"], arrays[f"{name}.w"]) for name in twins.ends}
    trained, untrained = (metrics[label] for label in LABELS)
    options, seed = request.options, request.params.seed
    numbers = {
        "schema_version": request.format.schema_version,
        "seed": seed,
        "mode": options.mode,
        **facts,
        "params_sha256": checksum(*request.parts.values()),
        "save_tag": options.save_tag,
        "backend": twins.backend,
        "seconds": twins.seconds,
        **({"verdict": trained["verdict"]} if "verdict" in trained else {}),
        "trained": trained,
        "untrained": untrained,
        "difference": difference(trained, untrained),
        "warnings": [*warnings, *weight_warnings(pairs, bounds)],
    }
    request.folder.write_json(f"artifacts/seed_{seed}_results.json", numbers)
