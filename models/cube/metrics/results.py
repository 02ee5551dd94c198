"""Numbers of a finished network, from its saved arrays alone: what a results file holds.

Undefined is NaN here and null in the file, never a stand-in.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from driver.experiment.statistics import weight_statistics
from models.cube.metric_table import hardest
from models.cube.metrics import focus, output, verdict
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params
from models.cube.records import judged_steps, tube_of
from models.cube.simulation import reach_back
from models.cube.values import ahead, learning, wiring_of
from models.cube.wiring import Links
from stimuli.dots import DotParams, Path, off_windows, period

Arrays = dict[str, np.ndarray]
LAST_STEPS = 100  # window of the IoU at the end
SAME = 1e-9  # a weight that differs by less has not changed


def path_in(arrays: Arrays) -> Path:
    """The path of the dots, as it was saved."""
    names = [f.name for f in dataclasses.fields(Path)]
    values = {name: arrays[name] for name in names}
    return Path(**{k: v.astype(np.int64) if v.dtype == np.int16 else v for k, v in values.items()})


def measure(p: Params, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """All metrics of one network.

    Parameters
    ----------
    arrays : dict of ndarray
        A recording, see `models.cube.artifacts`.
    """
    if isinstance(p, LocalParams):
        return local_metrics(p, dots, arrays)
    return cube_metrics(p, dots, arrays)


# --- the cube ---------------------------------------------------------------------------------


def cube_metrics(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """Focus, output, readout, weights and the verdict of a cube."""
    found = focus_metrics(p, dots, arrays) | activity_after(arrays)
    found["output"] = back_plane(p, dots, arrays)
    found["readout"] = readout_metrics(p, dots, arrays) if p.readout else None
    found["tests"] = tests(arrays)
    found["weights"] = {name: weight_metrics(p, name, arrays) for name in projections(arrays)}
    return found | verdict.judge_cube(found, p.L, reach_back(p)).stored()


def focus_metrics(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """How far the activity follows the input, over the window that is judged."""
    first, stop = judged_steps(p, dots)
    tube = tube_of(p, path_in(arrays)[: p.steps])
    spikes = arrays["cells_i"], arrays["cells_step"]
    roles = wiring_of(p, dots).roles
    ends = [(np.zeros(0, np.int32),) * 2]
    ends += [(r.i, r.j) for name, r in roles.items() if excites(p, name, r)]
    pre, post = (np.concatenate(side) for side in zip(*ends, strict=True))
    links = focus.link_matrix(pre, post, p.n**2 * p.L)
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


def moves(p: Params) -> slice:
    """One step of each whole move of the run."""
    return slice(0, p.steps // p.ratio * p.ratio, p.ratio)


def back_plane(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """The raw output: the back plane during a move, against the dot some moves before."""
    path, every = path_in(arrays), moves(p)
    x, y = (a[every] for a in while_shown(path, path.x, path.y))
    spikes = output.plane_spikes(arrays["cells_i"], arrays["cells_step"], p.n, p.L - 1)
    first, stop = judged_steps(p, dots)
    how = {
        "ratio": p.ratio,
        "depth": p.L,
        "group": p.m if isinstance(p, GroupsParams) else 1,
        "first_move": -(-first // p.ratio),
    }
    whole = stop // p.ratio
    found = output.lagged_iou(*spikes, x[:whole], y[:whole], p.n, **how)
    numbers = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
    numbers["iou_at_expected_lag"] = value_at(found.iou_of_lag, found.expected_lag)
    return numbers | {"level": "group" if isinstance(p, GroupsParams) else "pixel"}


def value_at(values: np.ndarray, index: int) -> float:
    return float(values[index]) if index < len(values) else np.nan


def readout_metrics(p: CubeParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """The learned output: the next frame, from what it shows during a move."""
    path, every = path_in(arrays), moves(p)
    first, stop = (step // p.ratio for step in judged_steps(p, dots))
    x, y = path.next_x[every], path.next_y[every]
    found = output.step_iou(arrays["output_i"], arrays["output_step"] // p.ratio, x, y, p.n)
    copied = output.copy_iou(path.x[every][first:stop], path.y[every][first:stop], p.n)
    return overlap_metrics(p, found, slice(first, stop)) | {"copy_iou": copied}


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
    return (p.w_in_max, 0.0) if isinstance(p, LocalParams) else (p.w_max, p.w_min)


# --- the local layer -----------------------------------------------------------------------------


def local_metrics(p: LocalParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """Prediction, hidden activity, pause, frozen tests, weights and the verdict of a layer."""
    overlap = step_overlap(p, arrays)
    found = {
        "iou": output.defined_mean(overlap.iou[-LAST_STEPS:]),
        "chance_iou": overlap_metrics(p, overlap, slice(-LAST_STEPS, None))["chance_iou"],
        "copy_iou": copy_of_frames(p, arrays),
        "n_undefined": overlap.n_undefined,
        "hit_rate_of_dot": hits(p, arrays),
        "learning_steps": learning_steps(overlap.iou),
        "hidden": hidden_metrics(p, dots, arrays),
        "pause": pause_metrics(p, dots, arrays, overlap.iou),
        "tests": tests(arrays),
        "recall": recall_metrics(arrays),
        "weights": {name: weight_metrics(p, name, arrays) for name in projections(arrays)},
    }
    if p.recall:
        recalled = hardest(found["recall"]).get("steps_held_median")
        return found | verdict.judge_recall(recalled, period(p.n)).stored()
    return found | verdict.judge_prediction(judged_iou(found)).stored()


def copy_of_frames(p: LocalParams, arrays: Arrays) -> float:
    """What an output would score that shows the present frame; one frame a move."""
    path, every = path_in(arrays), moves(p)
    x, y = (a[every] for a in while_shown(path, path.x, path.y))
    return output.copy_iou(x, y, p.n, ahead(p))


def while_shown(path: Path, *coordinates: np.ndarray) -> tuple[np.ndarray, ...]:
    """Coordinates of dots, -1 while the input is off."""
    return tuple(np.where(path.shown[:, None], a, -1) for a in coordinates)


def step_overlap(p: LocalParams, arrays: Arrays) -> output.Overlap:
    """Output of each step with the frame to come; no target while the input is off.

    The last frame before a relaunch, and the first after one, count like all others.
    """
    path = path_in(arrays)[: p.steps]
    x, y = while_shown(path, path.next_x, path.next_y)
    return output.step_iou(arrays["output_i"], arrays["output_step"], x, y, p.n)


def hits(p: LocalParams, arrays: Arrays) -> list[float]:
    """Share of the last frames in which the output shows where each dot will be."""
    path = path_in(arrays)[: p.steps]
    x, y = while_shown(path, path.next_x, path.next_y)
    spikes = arrays["output_i"], arrays["output_step"]
    found = output.hits(*spikes, x, y, p.n, first=max(0, p.steps - LAST_STEPS))
    return list(found.hit_rate_of_dot)


def learning_steps(iou: np.ndarray) -> dict[str, float]:
    """Steps until the 50-step mean IoU reaches a level."""
    return {f"iou_{level:g}": steps for level, steps in output.learning_times(iou).items()}


def hidden_metrics(p: LocalParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """Rate of the hidden cells, and how much of it belongs to the dot."""
    first, stop = judged_steps(p, dots)
    n, near = arrays["n_hidden"], arrays["n_near"]
    stray = np.flatnonzero(n > near)
    cells = wiring_of(p, dots).n_hidden
    return {
        "rate": focus.share(n[first:stop].sum(), cells * (stop - first)),
        "locked_fraction": focus.share(near[first:stop].sum(), n[first:stop].sum()),
        "spontaneous_onset": float(stray[0]) if stray.size else np.nan,
    }


def pause_metrics(p: LocalParams, dots: DotParams, arrays: Arrays, iou) -> dict[str, Any] | None:
    """The first time without input: what the output shows, and how fast it is back."""
    windows = [w for w in off_windows(dots) if w[0] > 0 and w[1] < p.steps]
    if not windows:
        return None
    off, on = windows[0]
    one_loop = dots.stimulus != "relaunch"
    phantom = phantom_path(p, dots)
    own = (arrays["output_step"] >= off) & (arrays["output_step"] < on)
    x, y = phantom.next_x[off:on], phantom.next_y[off:on]
    loop = slice(off, off + period(p.n) * p.ratio, p.ratio)
    found = output.recall(
        arrays["output_i"][own],
        arrays["output_step"][own] - off,
        x,
        y,
        *(a[loop][: period(p.n)] for a in (phantom.next_x, phantom.next_y)),
        p.n,
        ratio=p.ratio,
    )
    return {
        "off_from": off + 1,
        "off_to": on,
        "phantom_iou": found.mean_iou,
        "best_phase_hit": found.best_phase_hit if one_loop else np.nan,
        "on_loop_fraction": found.on_loop_fraction if one_loop else np.nan,
        "on_loop_chance": found.on_loop_chance if one_loop else np.nan,
        "pixels": found.output_per_step,
        "steps_held": found.n_steps_held,
        "iou_first_50_after": output.defined_mean(iou[on : on + 50]),
        "steps_to_iou_0.8_before": output.learning_times(iou[:off])[0.8],
        "steps_to_iou_0.8_after": output.learning_times(iou[on:])[0.8],
        "relearning_speed_up": output.relearning_speed_up(iou, off, on),
    }


def phantom_path(p: LocalParams, dots: DotParams) -> Path:
    """Where the dots would be if they never stopped."""
    from models.cube.simulation import run_path

    return run_path(
        p, dataclasses.replace(dots, dot_when_off="continue"), p.steps + period(p.n) * p.ratio
    )


def recall_metrics(arrays: Arrays) -> dict[str, Any]:
    """Steps for which each test without input held, and its overlap with the unseen dot."""
    begin, end = "recall_", "_held"
    names = [k[len(begin) : -len(end)] for k in arrays if k.startswith(begin) and k.endswith(end)]
    return {
        name: {
            "steps_held": [int(n) for n in arrays[f"recall_{name}_held"]],
            "steps_held_median": float(np.median(arrays[f"recall_{name}_held"])),
            "phantom_iou": output.defined_mean(arrays[f"recall_{name}_iou"]),
            "chance_iou": output.defined_mean(arrays[f"recall_{name}_chance"]),
        }
        for name in names
    }


def judged_iou(found: dict[str, Any]) -> float:
    """What the verdict on prediction looks at: never-seen loops, random launches, or the end.

    A relaunched dot that is predicted only while it learns would be no prediction.
    """
    for name in ("held_out", "new"):
        if name in found["tests"]:
            return found["tests"][name]["iou"]
    return found["iou"]
