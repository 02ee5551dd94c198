"""What the numbers of a seed say: headline, conditions, metrics with their definitions.

Every number stands beside that of the untrained twin. Undefined is said, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from driver.experiment import statistics
from driver.report.page import Table, Text
from models.cube.params import LocalParams, Params
from models.cube.show.pages import test_name
from models.cube.show.view import LABELS, number_in, text
from models.cube.summary import TEXTS, key_numbers

Results = Mapping[str, Any]  # of a seed: metrics by label
MEANING = {
    "focused": "the activity follows the dot through the whole cube, and ends with it",
    "silent": "the activity ends before it reaches the back plane",
    "driven waves": "most spikes are waves that the input starts; they end without it",
    "self-sustained waves": "the activity keeps itself alive, with and without input",
    "none of these": "neither focused nor silent, and no waves by the conditions below",
    "predicts": "the output shows the next frame",
    "does not predict": "the output is not the next frame",
    "recalls": "the output goes on along the path when the input is cut",
    "does not recall": "the output loses the path when the input is cut",
}
CONDITIONS = {
    "ili": "input-locked index",
    "wave_index": "wave index",
    "t_ext": "last spike after removal (steps)",
    "out_tube_rate": "rate outside the tube (per cell and step)",
    "reach": "deepest layer reached",
    "rate": "rate of all cells (per cell and step)",
    "survival": "survival after removal",
    "iou": "mean IoU with the next frame: never-seen loops, random launches, or the end of the run",
    "n_steps_held": "steps held without input, median over launches",
}
COMPARISONS = {">=": "≥", "<=": "≤"}
Definition = tuple[str, tuple[str, ...], str]  # name, place among the metrics, sentence
CUBE: tuple[Definition, ...] = (
    (
        *("input-locked fraction", ("ilf",)),
        "Spikes inside the tube of the dot (the cells that it can have reached by now) over all.",
    ),
    (
        *("chance level c", ("chance",)),
        "Mean share of the cube that lies in the tube; above 0.3 the next number says little.",
    ),
    (
        *("input-locked index", ("ili",)),
        "(ILF − c)/(1 − c): 1 if every spike is in the tube, 0 if spikes do not care for it.",
    ),
    (
        *("wave index", ("wave_index",)),
        "Share of all spikes that lie outside the tube and came from a neighbour's spike.",
    ),
    (
        *("spontaneous fraction", ("spontaneous_fraction",)),
        "Share of all spikes outside the tube without a neighbour's spike before.",
    ),
    (
        *("rate", ("rate",)),
        "Spikes per cell and step, all cells.",
    ),
    (
        *("rate in the tube", ("in_tube_rate",)),
        "The same of the cells in the tube; wanted are 0.001 to 0.25.",
    ),
    (
        *("rate outside the tube", ("out_tube_rate",)),
        "The same of all others; focused below 0.0005.",
    ),
    (
        *("reach (layer)", ("reach",)),
        "Deepest layer with half a spike a move or more, at least half of them in the tube.",
    ),
    (
        *("input correlation", ("input_correlation",)),
        "Pearson correlation of spikes and dot in blocks of the image, at the best lag.",
    ),
    (
        *("last spike after removal (steps)", ("t_ext",)),
        "Steps from the removal of the input to the last spike.",
    ),
    (
        *("survival after removal", ("survival",)),
        "Rate 200 to 1000 steps after the removal, over that with the input going on.",
    ),
    (
        *("back plane, best IoU", ("output", "best_iou")),
        "Overlap (pixels in both over pixels in either) of the back plane during a move with the "
        "dot of some moves before, at the lag where it is largest.",
    ),
    (
        *("at lag (moves)", ("output", "best_lag")),
        "That lag.",
    ),
    (
        *("back plane, IoU at the expected lag", ("output", "iou_at_expected_lag")),
        "The same at the lag of one layer a step.",
    ),
    (
        *("back plane, hit rate", ("output", "hit_rate")),
        "Dots with an output pixel no farther than 1 (or in the next group), at the best lag.",
    ),
    (
        *("back plane, precision", ("output", "precision")),
        "Output pixels that near to a dot, over all output pixels.",
    ),
    (
        *("readout, IoU", ("readout", "iou")),
        "Overlap of the learned readout with the next frame, in the steps that are judged.",
    ),
    (
        *("readout, IoU of chance", ("readout", "chance_iou")),
        "What as many pixels at random would have.",
    ),
    (
        *("readout, IoU of a copy", ("readout", "copy_iou")),
        "What the frame that is shown would have.",
    ),
)
LOCAL: tuple[Definition, ...] = (
    (
        *("IoU with the next frame", ("iou",)),
        "Pixels in both output and next frame over pixels in either, last 100 steps; steps where "
        "both are empty are undefined and left out.",
    ),
    (
        *("IoU of chance", ("chance_iou",)),
        "What as many pixels at random would have.",
    ),
    (
        *("IoU of a copy", ("copy_iou",)),
        "What the frame that is shown would have, as a prediction of the next.",
    ),
    (
        *("undefined steps", ("n_undefined",)),
        "Steps with neither output nor target.",
    ),
    *(
        (
            *(f"steps to IoU {level}", ("learning_steps", f"iou_{level}")),
            f"First step at which the mean IoU of 50 steps is {level} or more.",
        )
        for level in (0.5, 0.8, 0.9)
    ),
    (
        *("hidden rate", ("hidden", "rate")),
        "Spikes of the hidden layer per cell and step.",
    ),
    (
        *("input-locked share", ("hidden", "locked_fraction")),
        "Hidden spikes whose receptive field sees the dot, over all hidden spikes.",
    ),
    (
        *("spontaneous from step", ("hidden", "spontaneous_onset")),
        "First hidden spike away from the dot; undefined if there is none.",
    ),
    (
        *("pause: phantom IoU", ("pause", "phantom_iou")),
        "Overlap, while the input is off, with where the dot would be.",
    ),
    (
        *("pause: pixels per step", ("pause", "pixels")),
        "Output pixels per step while the input is off.",
    ),
    (
        *("pause: IoU after it", ("pause", "iou_first_50_after")),
        "Mean of the first 50 steps with input again.",
    ),
    (
        *("pause: relearning speed-up", ("pause", "relearning_speed_up")),
        "Steps to IoU 0.8 at first over those after the pause.",
    ),
)


def headline(results: Results) -> str:
    """What one seed says, trained and untrained, in a sentence."""
    trained, twin = (results[label]["verdict"] for label in LABELS)
    first = f"Trained: {said(trained)}."
    if trained == twin:
        return (
            f"{first} So is the untrained network."
            if is_state(trained)
            else (f"{first} The same holds without training.")
        )
    return f"{first} Untrained: {said(twin)}."


def is_state(verdict: str) -> bool:
    """Whether a verdict is an adjective."""
    return verdict in ("focused", "silent")


def said(verdict: str) -> str:
    return f"{verdict} – {MEANING[verdict]}" if verdict in MEANING else verdict


def details(results: Results) -> list[Text]:
    """What a reader of the headline must know."""
    notes = [note for label in LABELS for note in results[label].get("notes", ())]
    return [Text(note, "warning") for note in dict.fromkeys(notes)]


def judged_by(results: Results) -> str:
    """Which overlap the verdict on a prediction looks at."""
    tests = results["trained"].get("tests") or {}
    name = next((n for n in ("held_out", "new") if n in tests), None)
    return "the end of the run" if name is None else f"the frozen test on {test_name(name)}"


def conditions(results: Results) -> Table:
    """Every condition of every verdict: limit, value, met; trained and untrained."""
    trained, twin = (results[label]["conditions"] for label in LABELS)
    rows = []
    for own, other in zip(trained, twin, strict=True):
        comparison = COMPARISONS.get(own["comparison"], own["comparison"])
        limit = f"{comparison} {text(own['limit'])}"
        name = CONDITIONS.get(own["metric"], own["metric"])
        both = [cell for one in (own, other) for cell in (value_of(one), met(one))]
        rows.append((own["verdict"], name, limit, *both))
    held = {label: results[label]["verdict"] for label in LABELS}
    marked = frozenset(k for k, row in enumerate(rows) if row[0] == held["trained"])
    return Table(
        head=("verdict", "needs", "limit", "trained", "met", "untrained", "met"),
        rows=rows,
        marked=marked,
        numbers=False,
        caption="The first verdict holds all of whose conditions are met. Marked: the trained one. "
        "What is undefined meets nothing.",
    )


def value_of(condition: Mapping[str, Any]) -> str:
    """A value; a reach that is undefined says that no layer is reached."""
    undefined = text(condition["value"]) == "undefined"
    return "none" if undefined and condition["metric"] == "reach" else text(condition["value"])


def met(condition: Mapping[str, Any]) -> str:
    return {True: "yes", False: "no", None: "undefined"}[condition["met"]]


def metrics(p: Params, results: Results) -> Table:
    """Every number with its definition, trained beside untrained."""
    rows = []
    for name, place, sentence in LOCAL if isinstance(p, LocalParams) else CUBE:
        if all(missing(results[label], place) for label in LABELS):
            continue
        pair = [number_in(results[label], *place) for label in LABELS]
        meaning = Markup('<span class="wide">{}</span>').format(sentence)
        rows.append((name, *map(text, pair), text(pair[0] - pair[1]), meaning))
    return Table(
        head=("metric", "trained", "untrained", "difference", "definition"),
        rows=rows,
        numbers=False,
    )


def missing(found: Any, place: Sequence[str]) -> bool:
    """Whether a model has no such number at all; null is an undefined one."""
    for key in place:
        if not isinstance(found, Mapping) or key not in found:
            return True
        found = found[key]
    return False


def tests(results: Results) -> list[Table]:
    """Frozen tests as numbers; none in a network without."""
    names = results["trained"].get("tests") or {}
    if not names:
        return []
    rows = [
        (
            test_name(name),
            *(
                text(number_in(results[label], "tests", name, key))
                for label in LABELS
                for key in ("iou", "chance_iou")
            ),
            names[name]["n_moves"],
        )
        for name in names
    ]
    return [
        Table(
            head=("frozen test", "IoU", "chance", "IoU", "chance", "moves"),
            spans=[("", 1), ("trained", 2), ("untrained", 2), ("", 1)],
            rows=rows,
            caption="Mean IoU with the next frame, all learning off.",
        )
    ]


# --- several seeds -------------------------------------------------------------------------------


def headline_of_seeds(every: Sequence[Results]) -> str:
    """How many seeds have which verdict."""
    parts = []
    for label in LABELS:
        found = [r[label]["verdict"] for r in every]
        counts = [f"{v} in {found.count(v)} of {len(found)} seeds" for v in dict.fromkeys(found)]
        parts.append(f"{label.capitalize()}: {', '.join(counts)}.")
    return " ".join(parts)


def table_of_seeds(numbers: Sequence[int], every: Sequence[Results]) -> Table:
    """Key numbers of every seed; mean, SD and number of defined values below."""
    rows = {label: [key_numbers(r[label]) for r in every] for label in LABELS}
    names = [
        n for n in TEXTS if any(row[n] is not None for found in rows.values() for row in found)
    ]
    columns = [(name, label) for name in names for label in LABELS]
    means = [statistics.estimate([row[name] for row in rows[label]]) for name, label in columns]
    body = [
        (
            *(seed, r["trained"]["verdict"], r["untrained"]["verdict"]),
            *(text(rows[label][k][name]) for name, label in columns),
        )
        for k, (seed, r) in enumerate(zip(numbers, every, strict=True))
    ]
    return Table(
        head=("seed", *LABELS, *(label for _, label in columns)),
        spans=[("", 1), ("verdict", 2), *((TEXTS[name], 2) for name in names)],
        rows=body,
        foot=[
            ("mean", "", "", *(text(mean.mean) for mean in means)),
            ("SD", "", "", *(text(mean.sd) for mean in means)),
            ("n", "", "", *(mean.n for mean in means)),
        ],
    )
