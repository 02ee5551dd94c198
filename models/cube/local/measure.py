"""Numbers of a finished local layer: prediction, pause, frozen tests, weights, the verdict."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from models.cube.local.wiring import wiring_of
from models.cube.metric_table import hardest
from models.cube.metrics import focus, output, results, verdict
from models.cube.metrics.results import Arrays
from models.cube.params import LocalParams
from models.cube.records import judged_steps
from models.cube.simulation import run_path
from stimuli.dots import DotParams, Path, off_windows, period

LAST_STEPS = 100  # window of the IoU at the end


def measure(p: LocalParams, dots: DotParams, arrays: Arrays) -> dict[str, Any]:
    """Prediction, hidden activity, pause, frozen tests, weights and the verdict of a layer."""
    overlap = step_overlap(p, arrays)
    found = {
        "iou": output.defined_mean(overlap.iou[-LAST_STEPS:]),
        "chance_iou": results.overlap_metrics(p, overlap, slice(-LAST_STEPS, None))["chance_iou"],
        "copy_iou": copy_of_frames(p, arrays),
        "n_undefined": overlap.n_undefined,
        "hit_rate_of_dot": hits(p, arrays),
        "learning_steps": learning_steps(overlap.iou),
        "hidden": hidden_metrics(p, dots, arrays),
        "pause": pause_metrics(p, dots, arrays, overlap.iou),
        "tests": results.tests(arrays),
        "recall": recall_metrics(arrays),
        "weights": results.weights(p, arrays),
    }
    if p.recall:
        recalled = hardest(found["recall"]).get("steps_held_median")
        return found | verdict.judge_recall(recalled, period(p.n)).stored()
    return found | verdict.judge_prediction(judged_iou(found)).stored()


def copy_of_frames(p: LocalParams, arrays: Arrays) -> float:
    """What an output would score that shows the present frame; one frame a move."""
    path, every = results.path_in(arrays), results.moves(p)
    x, y = (a[every] for a in results.while_shown(path, path.x, path.y))
    return output.copy_iou(x, y, p.n, p.horizon)


def step_overlap(p: LocalParams, arrays: Arrays) -> output.Overlap:
    """Output of each step with the frame to come; no target while the input is off.

    The last frame before a relaunch, and the first after one, count like all others.
    """
    return output.step_iou(*spikes_and_target(p, arrays), p.n)


def hits(p: LocalParams, arrays: Arrays) -> list[float]:
    """Share of the last frames in which the output shows where each dot will be."""
    first = max(0, p.steps - LAST_STEPS)
    return list(output.hits(*spikes_and_target(p, arrays), p.n, first=first).hit_rate_of_dot)


def spikes_and_target(p: LocalParams, arrays: Arrays) -> tuple[np.ndarray, ...]:
    """Pixels and steps of the output spikes, columns and rows of the target of each step."""
    path = results.path_in(arrays)[: p.steps]
    x, y = results.while_shown(path, path.next_x, path.next_y)
    return arrays["output_i"], arrays["output_step"], x, y


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
    never = dataclasses.replace(dots, dot_when_off="continue")
    return run_path(p, never, p.steps + period(p.n) * p.ratio)


def recall_metrics(arrays: Arrays) -> dict[str, Any]:
    """Steps for which each test without input held, and its overlap with the unseen dot."""
    return {
        name: {
            "steps_held": [int(n) for n in arrays[f"recall_{name}_held"]],
            "steps_held_median": float(np.median(arrays[f"recall_{name}_held"])),
            "phantom_iou": output.defined_mean(arrays[f"recall_{name}_iou"]),
            "chance_iou": output.defined_mean(arrays[f"recall_{name}_chance"]),
        }
        for name in recalled(arrays)
    }


def recalled(arrays) -> list[str]:
    """Names of the tests without input."""
    begin, end = "recall_", "_held"
    names = [k for k in arrays if k.startswith(begin) and k.endswith(end)]
    return [k[len(begin) : -len(end)] for k in names]


def judged_iou(found: dict[str, Any]) -> float:
    """What the verdict on prediction looks at: never-seen loops, random launches, or the end.

    A relaunched dot that is predicted only while it learns would be no prediction.
    """
    for name in ("held_out", "new"):
        if name in found["tests"]:
            return found["tests"][name]["iou"]
    return found["iou"]


def rates(p: LocalParams, found: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Mean rate of the hidden cells, and the highest that there can be."""
    return {"hidden cells": (found["hidden"]["rate"], 1.0)}


def bounds(p: LocalParams) -> tuple[float | None, float | None]:
    """Ceiling and floor of the input weights."""
    return p.w_in_max, 0.0
