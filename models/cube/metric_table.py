"""Numbers of the cube, of groups and of the local layer: where they stand and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from driver.experiment.metric import Metric, MetricTable

without_panel = partial(Metric, figures=False)
not_in_log = partial(Metric, figures=False, console=False)
page_only = partial(Metric, figures=False, console=False, key=False)
SHARE = (0.0, 1.0)


def hardest(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of several tests the one that tells most: never-seen loops, random launches or the same."""
    return next((found[name] for name in ("held_out", "new", "same") if name in found), {})


def steps_recalled(numbers: Mapping[str, Any]) -> float | None:
    return hardest(numbers.get("recall") or {}).get("steps_held_median")


# fmt: off
CUBE = (
    Metric("ili", label="input-locked index", symbol="ILI", better="higher",
           meaning="(ILF − c)/(1 − c): 1 if every spike is in the tube, 0 if spikes do not care "
                   "for it."),
    page_only("ilf", label="input-locked fraction ILF",
              meaning="Spikes inside the tube of the dot (the cells that it can have reached by "
                      "now) over all."),
    page_only("chance", label="chance level c",
              meaning="Mean share of the cube that lies in the tube; above 0.3 the index says "
                      "little."),
    without_panel("wave_index", label="wave index",
                  meaning="Share of all spikes that lie outside the tube and came from a "
                          "neighbour's spike."),
    page_only("spontaneous_fraction", label="spontaneous fraction",
              meaning="Share of all spikes outside the tube without a neighbour's spike before."),
    not_in_log("rate", label="rate",
               meaning="Spikes per cell and step, all cells."),
    Metric("in_tube_rate", label="rate in the tube", unit="per step", digits=4,
           meaning="The same of the cells in the tube; wanted are 0.001 to 0.25."),
    Metric("out_tube_rate", label="rate outside", digits=4,
           meaning="The same of all other cells; focused below 0.0005."),
    without_panel("reach", label="deepest layer reached",
                  meaning="Deepest layer with half a spike a move or more, at least half of them "
                          "in the tube."),
    page_only("input_correlation", label="input correlation",
              meaning="Pearson correlation of spikes and dot in blocks of the image, at the best "
                      "lag."),
    Metric("t_ext", label="last spike after removal", unit="step",
           meaning="Steps from the removal of the input to the last spike."),
    not_in_log("survival", label="survival after removal",
               meaning="Rate 200 to 1000 steps after the removal, over that with the input going "
                       "on."),
    Metric("output_iou", "output.best_iou", label="back plane, IoU at best lag", limits=SHARE,
           meaning="Overlap (pixels in both over pixels in either) of the back plane during a move"
                   " with the dot of some moves before, at the lag where it is largest."),
    without_panel("output_lag_moves", "output.best_lag", label="that lag", unit="moves",
                  meaning="The lag where the overlap of the back plane is largest."),
    page_only("output.iou_at_expected_lag", label="back plane, IoU at the expected lag",
              meaning="The overlap at the lag of one layer a step."),
    page_only("output.hit_rate", label="back plane, hit rate",
              meaning="Dots with an output pixel no farther than 1 (or in the next group), at the "
                      "best lag."),
    page_only("output.precision", label="back plane, precision",
              meaning="Output pixels that near to a dot, over all output pixels."),
    Metric("readout_iou", "readout.iou", label="readout, IoU with next frame", limits=SHARE,
           meaning="Overlap of the learned readout with the next frame, in the steps that are "
                   "judged."),
    page_only("readout.chance_iou", label="readout, IoU of chance",
              meaning="What as many pixels at random would have."),
    page_only("readout.copy_iou", label="readout, IoU of a copy",
              meaning="What the frame that is shown would have."),
)
LOCAL = (
    Metric("iou", label="IoU with next frame, at the end", symbol="IoU", limits=SHARE,
           meaning="Pixels in both output and next frame over pixels in either, last 100 steps; "
                   "steps where both are empty are undefined and left out."),
    page_only("chance_iou", label="IoU of chance",
              meaning="What as many pixels at random would have."),
    page_only("copy_iou", label="IoU of a copy",
              meaning="What the frame that is shown would have, as a prediction of the next."),
    page_only("n_undefined", label="undefined steps",
              meaning="Steps with neither output nor target."),
    *(
        page_only(f"iou_{level}", ("learning_steps", f"iou_{level}"), label=f"steps to IoU {level}",
                  meaning=f"First step at which the mean IoU of 50 steps is {level} or more.")
        for level in (0.5, 0.8, 0.9)
    ),
    page_only("hidden.rate", label="hidden rate",
              meaning="Spikes of the hidden layer per cell and step."),
    page_only("hidden.locked_fraction", label="input-locked share",
              meaning="Hidden spikes whose receptive field sees the dot, over all hidden spikes."),
    page_only("hidden.spontaneous_onset", label="spontaneous from step",
              meaning="First hidden spike away from the dot; undefined if there is none."),
    page_only("pause.phantom_iou", label="pause: phantom IoU",
              meaning="Overlap, while the input is off, with where the dot would be."),
    page_only("pause.pixels", label="pause: pixels per step",
              meaning="Output pixels per step while the input is off."),
    page_only("pause.iou_first_50_after", label="pause: IoU after it",
              meaning="Mean of the first 50 steps with input again."),
    page_only("pause.relearning_speed_up", label="pause: relearning speed-up",
              meaning="Steps to IoU 0.8 at first over those after the pause."),
    Metric("test_same_iou", "tests.same.iou", label="frozen: the same loop", limits=SHARE),
    Metric("test_new_iou", "tests.new.iou", label="frozen: random launches", limits=SHARE),
    Metric("test_held_out_iou", "tests.held_out.iou", label="frozen: never-seen loops",
           limits=SHARE),
    Metric("recall_steps_held", steps_recalled, label="steps recalled without input"),
)
# fmt: on
TABLE = MetricTable(
    (*CUBE, *LOCAL),
    title="a dot-prediction model",
    verdicts={
        "focused": "the activity follows the dot through the whole cube, and ends with it",
        "silent": "the activity ends before it reaches the back plane",
        "driven waves": "most spikes are waves that the input starts; they end without it",
        "self-sustained waves": "the activity keeps itself alive, with and without input",
        "none of these": "neither focused nor silent, and no waves by the conditions below",
        "predicts": "the output shows the next frame",
        "does not predict": "the output is not the next frame",
        "recalls": "the output goes on along the path when the input is cut",
        "does not recall": "the output loses the path when the input is cut",
    },
    wanted="focused",
)
