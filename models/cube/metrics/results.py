"""Numbers of a finished network, from its saved arrays alone: what a results file holds.

Undefined is NaN here and null in the file, never a stand-in. What only one of the models has
stands in its own `measure`, see `models.cube.kinds`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from driver.experiment.statistics import weight_statistics
from models.cube.kinds import kind_of
from models.cube.metrics import output
from models.cube.params import Params
from stimuli.dots import DotParams, Path

Arrays = dict[str, np.ndarray]
SAME = 1e-9  # a weight that differs by less has not changed


def measure(p: Params, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """All metrics of one network.

    Parameters
    ----------
    arrays : dict of ndarray
        A recording; docs/dots.md has the table.
    """
    return kind_of(p).measure.measure(p, dots, arrays)


def path_in(arrays: Arrays) -> Path:
    """The path of the dots, as it was saved."""
    names = [f.name for f in dataclasses.fields(Path)]
    values = {name: arrays[name] for name in names}
    return Path(**{k: v.astype(np.int64) if v.dtype == np.int16 else v for k, v in values.items()})


def while_shown(path: Path, *coordinates: np.ndarray) -> tuple[np.ndarray, ...]:
    """Coordinates of dots, -1 while the input is off."""
    return tuple(np.where(path.shown[:, None], a, -1) for a in coordinates)


def moves(p: Params) -> slice:
    """One step of each whole move of the run."""
    return slice(0, p.steps // p.ratio * p.ratio, p.ratio)


def overlap_metrics(p: Params, found: output.Overlap, rows: slice) -> dict[str, Any]:
    chance = output.chance_iou(found.n_output, found.n_target, p.n**2)
    return {
        "iou": output.defined_mean(found.iou[rows]),
        "n_undefined": int(np.isnan(found.iou[rows]).sum()),
        "chance_iou": output.defined_mean(chance[rows]),
        "pixels": float(np.mean(found.n_output[rows])),
    }


def tests(arrays: Arrays) -> dict[str, Any]:
    """Frozen tests: mean IoU, what chance would give, moves looked at."""
    names = [k.removeprefix("test_").removesuffix("_iou") for k in arrays if is_test(k)]
    return {
        name: {
            "iou": output.defined_mean(arrays[f"test_{name}_iou"]),
            "chance_iou": output.defined_mean(arrays[f"test_{name}_chance"]),
            "n_moves": int(arrays[f"test_{name}_iou"].size),
        }
        for name in names
    }


def is_test(key: str) -> bool:
    return key.startswith("test_") and key.endswith("_iou")


def projections(arrays: Arrays) -> list[str]:
    """Names of the projections whose weights were saved."""
    begin = "initial."
    return [k.removeprefix(begin).removesuffix(".w") for k in arrays if k.startswith(begin)]


def weights(p: Params, arrays: Arrays) -> dict[str, Any]:
    """Weights of all projections."""
    return {name: weight_metrics(p, name, arrays) for name in projections(arrays)}


def weight_metrics(p: Params, name: str, arrays: Arrays) -> dict[str, Any]:
    """Weights of a projection before and after."""
    before, after = arrays[f"initial.{name}.w"], arrays[f"{name}.w"]
    top, floor = bounds(p, name)
    found = weight_statistics(
        after,
        ceiling=None if top is None else top - SAME,
        floor=None if floor is None else floor + SAME,
    )
    return {
        "n": int(after.size),
        "mean_before": float(before.mean()),
        "mean_after": found["mean"],
        "frac_changed": float(np.mean(np.abs(after - before) > SAME)),
        "frac_at_max": found["at_ceiling"],
        "frac_at_min": found["at_floor"],
    }


def bounds(p: Params, name: str) -> tuple[float | None, float | None]:
    """Ceiling and floor of the weights of a projection; None where there is none."""
    if name.startswith("readout") or name in ("field", "surround"):
        return None, None
    return kind_of(p).measure.bounds(p)
