"""What a finished seed writes: recordings, weights and, last, results.

A model whose experiment is `driver.experiment.learning.twins` calls `save_arrays`, measures, and
calls `save_results`; another one calls `write_arrays` with what it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from driver.experiment.going_on import Arrays
from driver.experiment.learning import Twins
from driver.experiment.metric import LABELS, TRAINED, difference
from driver.run.folder import RunFolder
from driver.run.request import Request
from driver.run.saved import checksum


def write_arrays(
    folder: RunFolder,
    tag: str,
    recordings: Mapping[str, Arrays],
    weights: Arrays,
    sidecar: Mapping[str, Any],
) -> None:
    """Write recordings and weights of one seed into ``artifacts/``.

    Parameters
    ----------
    recordings : dict of dict of ndarray
        Of ``seed_<s>_<name>.npz``, by name.
    weights, sidecar : dict
        Of ``<tag>_seed_<s>.npz`` and ``<tag>_seed_<s>_params.json``; the sidecar begins with what
        stands in every array file too, `schema_version` and `seed`.
    """
    seed = sidecar["seed"]
    head = {"schema_version": sidecar["schema_version"], "seed": seed}
    for name, arrays in recordings.items():
        folder.write_npz(f"artifacts/seed_{seed}_{name}.npz", head | arrays)
    folder.write_npz(f"artifacts/{tag}_seed_{seed}.npz", head | weights)
    folder.write_json(f"artifacts/{tag}_seed_{seed}_params.json", sidecar)


def save_arrays(
    request: Request,
    twins: Twins,
    sizes: Mapping[str, int],
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write both recordings, and the weights of the trained network.

    Parameters
    ----------
    sizes : dict of int
        What the recordings say of the network besides.
    facts : dict, optional
        What the sidecar says of it besides.
    """
    trained, seed = twins.recordings[TRAINED], request.params.seed
    weights: Arrays = {}
    for name, (i, j) in twins.ends.items():
        weights |= {f"{name}_i": i, f"{name}_j": j}
        weights |= {f"{name}_w": trained[f"{name}.w"]}
        weights |= {f"{name}_w_init": trained[f"initial.{name}.w"]}
    recordings = {label: {**sizes, **arrays} for label, arrays in twins.recordings.items()}
    head = {"schema_version": request.format.schema_version, "mode": request.options.mode}
    parts = {name: asdict(part) for name, part in request.parts.items()}
    sidecar = {**head, **(facts or {}), "seed": seed, **parts}
    write_arrays(request.folder, request.options.save_tag, recordings, weights, sidecar)


def save_results(
    request: Request,
    twins: Twins,
    metrics: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any] | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """Write ``seed_<s>_results.json``, by which the seed is finished; returns its content.

    Parameters
    ----------
    metrics : dict of dict
        By label; nested alike.
    facts : dict, optional
        What is said of the seed besides.
    """
    options, seed = request.options, request.params.seed
    trained, untrained = (metrics[label] for label in LABELS)
    numbers = {
        "schema_version": request.format.schema_version,
        "seed": seed,
        "mode": options.mode,
        **(facts or {}),
        "params_sha256": checksum(*request.parts.values()),
        "save_tag": options.save_tag,
        "backend": twins.backend,
        "seconds": twins.seconds,
        **({"verdict": trained["verdict"]} if "verdict" in trained else {}),
        "trained": trained,
        "untrained": untrained,
        "difference": difference(trained, untrained),
        "warnings": list(warnings),
    }
    request.folder.write_json(f"artifacts/seed_{seed}_results.json", numbers)
    return numbers
