"""Numbers of a finished cube: focus, output, readout, weights and the verdict."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from models.cube.lattice.records import tube_of
from models.cube.lattice.values import group_side, learning, n_cells, reach_back
from models.cube.lattice.wiring import CubeWiring, Links
from models.cube.metrics import focus, output, results, verdict
from models.cube.metrics.results import Arrays
from models.cube.params import CubeParams, GroupsParams
from models.cube.records import judged_steps
from stimuli.dots import DotParams


def measure(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """Focus, output, readout, weights and the verdict of a cube."""
    found = focus_metrics(p, dots, arrays) | activity_after(arrays)
    found["output"] = back_plane(p, dots, arrays)
    found["readout"] = readout_metrics(p, dots, arrays) if p.readout else None
    found["tests"] = results.tests(arrays)
    found["weights"] = results.weights(p, arrays)
    return found | verdict.judge_cube(found, p.L, reach_back(p)).stored()


def focus_metrics(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """How far the activity follows the input, over the window that is judged."""
    first, stop = judged_steps(p, dots)
    tube = tube_of(p, results.path_in(arrays)[: p.steps])
    spikes = arrays["cells_i"], arrays["cells_step"]
    roles = CubeWiring(p).roles
    ends = [(np.zeros(0, np.int32),) * 2]
    ends += [(r.i, r.j) for name, r in roles.items() if excites(p, name, r)]
    pre, post = (np.concatenate(side) for side in zip(*ends, strict=True))
    links = focus.link_matrix(pre, post, n_cells(p))
    found = focus.focus(focus.count_spikes(tube, links, *spikes, first, stop), p.ratio)
    r_in, lag = focus.input_correlation(tube, *spikes, first, stop)
    numbers = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
    return numbers | {"first_step": first, "input_correlation": r_in, "input_lag_steps": lag}


def excites(p: CubeParams, name: str, links: Links) -> bool:
    """Whether a projection brings cells closer to firing, or may come to."""
    return bool(np.max(links.base) > 0) or learning(p, name) not in ("fixed", "shared")


def activity_after(arrays: Arrays) -> dict[str, Any]:
    """What is left when the input has been removed."""
    t_ext, is_final = focus.extinction(arrays["removal_count"])
    return {
        "survival": focus.survival(arrays["removal_count"], arrays["continued_count"]),
        "t_ext": t_ext,
        "t_ext_is_final": is_final,
    }


def back_plane(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """The raw output: the back plane during a move, against the dot some moves before."""
    path, every = results.path_in(arrays), results.moves(p)
    x, y = (a[every] for a in results.while_shown(path, path.x, path.y))
    spikes = output.plane_spikes(arrays["cells_i"], arrays["cells_step"], p.n, p.L - 1)
    first, stop = judged_steps(p, dots)
    whole = stop // p.ratio
    found = output.lagged_iou(
        *spikes,
        x[:whole],
        y[:whole],
        p.n,
        ratio=p.ratio,
        depth=p.L,
        group=group_side(p),
        first_move=-(-first // p.ratio),
    )
    numbers = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
    by_lag, lag = found.iou_of_lag, found.expected_lag
    numbers["iou_at_expected_lag"] = float(by_lag[lag]) if lag < len(by_lag) else np.nan
    return numbers | {"level": "group" if isinstance(p, GroupsParams) else "pixel"}


def readout_metrics(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """The learned output: the next frame, from what it shows during a move."""
    path, every = results.path_in(arrays), results.moves(p)
    first, stop = (step // p.ratio for step in judged_steps(p, dots))
    x, y = path.next_x[every], path.next_y[every]
    found = output.step_iou(arrays["output_i"], arrays["output_step"] // p.ratio, x, y, p.n)
    copied = output.copy_iou(path.x[every][first:stop], path.y[every][first:stop], p.n)
    return results.overlap_metrics(p, found, slice(first, stop)) | {"copy_iou": copied}


def rates(p: CubeParams, found: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Mean rate of the cells, and the highest that there can be."""
    held = p.tau_ref if p.excitability == "adaptation" else 0
    return {"cells": (found["rate"], 1 / (held + 1))}


def bounds(p: CubeParams) -> tuple[float | None, float | None]:
    """Ceiling and floor of the weights that learn from spikes."""
    return p.w_max, p.w_min
