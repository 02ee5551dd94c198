"""Verdicts on a run: their limits, and which conditions each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isnan

from driver.experiment.verdict import Condition, Verdict, condition, decide, is_undefined

FOCUSED_ILI = 0.9
LARGEST_CHANCE = 0.3  # above it the tube fills so much of the cube that ILI says little
FOCUSED_WAVE_INDEX = 0.1
FOCUSED_OUT_RATE = 5e-4  # spikes per cell and step
EXTRA_STEPS = 20  # beyond the transit and the reach back of the tube, for the last spike
SILENT_RATE = 1e-4  # spikes per cell and step
WAVES_ILI = 0.5
SELF_SUSTAINED_SURVIVAL = 0.1
PREDICTS_IOU = 0.9
NONE_OF_THESE = "none of these"


def _short_of_back(reach: float | None, depth: int) -> Condition:
    """Whether the activity ends before the back plane.

    A reach of NaN says that no layer at all is reached, which is short of the back plane;
    a reach that was not measured (None) says nothing.
    """
    if reach is not None and isnan(reach):
        return Condition("silent", "reach", reach, "<", depth - 1, True)
    return condition("silent", "reach", reach, "<", depth - 1)


def _ended_in_time(metrics: Mapping[str, float | None], limit: int) -> Condition:
    """Whether the activity ends soon after removal.

    While it has not ended, `t_ext` is a lower bound: above the limit that settles it, below
    it the record was too short to say.
    """
    ended = condition("focused", "t_ext", metrics.get("t_ext"), "<=", limit)
    if ended.met and not metrics.get("t_ext_is_final", True):
        return replace(ended, met=None)
    return ended


def judge_cube(metrics: Mapping[str, float | None], depth: int, reach_back: int) -> Verdict:
    """Verdict on the focus of a cube or of groups.

    Parameters
    ----------
    metrics : mapping
        `ili`, `wave_index`, `out_tube_rate`, `rate` (spikes per cell and step), `reach`
        (layer), `chance`, `survival`, `t_ext` (steps) and `t_ext_is_final` (True if not
        given). One that is missing is undefined; a `reach` of NaN means that no layer is
        reached.
    depth, reach_back : int
        Layers L, and steps M that the tube reaches back.

    Returns
    -------
    Verdict
        `focused`, `silent`, `driven waves`, `self-sustained waves` or `none of these`, the
        first that holds.
    """
    value, driven, sustained = metrics.get, "driven waves", "self-sustained waves"
    conditions = (
        condition("focused", "ili", value("ili"), ">=", FOCUSED_ILI),
        condition("focused", "wave_index", value("wave_index"), "<=", FOCUSED_WAVE_INDEX),
        _ended_in_time(metrics, depth + reach_back + EXTRA_STEPS),
        condition("focused", "out_tube_rate", value("out_tube_rate"), "<", FOCUSED_OUT_RATE),
        condition("focused", "reach", value("reach"), "=", depth - 1),
        _short_of_back(value("reach"), depth),
        condition("silent", "rate", value("rate"), "<", SILENT_RATE),
        condition(driven, "ili", value("ili"), "<", WAVES_ILI),
        condition(driven, "survival", value("survival"), "=", 0),
        condition(sustained, "ili", value("ili"), "<", WAVES_ILI),
        condition(sustained, "survival", value("survival"), ">", SELF_SUSTAINED_SURVIVAL),
    )
    chance, notes = value("chance"), ()
    if not is_undefined(chance) and chance > LARGEST_CHANCE:
        notes = (f"ILI not meaningful: chance level {chance:.2f} exceeds {LARGEST_CHANCE}",)
    return decide(conditions, NONE_OF_THESE, notes)


def judge_prediction(iou: float | None) -> Verdict:
    """Verdict on the local model, `predicts` or `does not predict`.

    `iou` is the mean IoU with the next frame: of frozen tests on never-seen loops or random
    launches if there were any, else over the last window of the run.
    """
    only = condition("predicts", "iou", iou, ">=", PREDICTS_IOU)
    return decide((only,), "does not predict")


def judge_recall(n_steps_held: float | None, period: int) -> Verdict:
    """Verdict on recall after removal, `recalls` or `does not recall`.

    `n_steps_held` are the steps for which the phantom IoU stays above 5 times chance,
    `period` the moves P of one closed loop; a quarter of it must be held.
    """
    only = condition("recalls", "n_steps_held", n_steps_held, ">=", period / 4)
    return decide((only,), "does not recall")
