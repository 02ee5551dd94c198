"""The verdict on a learner: has it learned, and more than what a simpler thing would explain?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driver.experiment.verdict import Verdict, condition, decide, is_undefined

LEARNS, LESS, NOTHING = "learns", "learns less than its control", "learns nothing"
COLLAPSED = "collapsed"
MEANINGS = {
    LEARNS: "Better than every simple control beside it: of images a linear classifier, of the "
    "spiking network its bias alone, a dendrite out of time, and the best constant of each cell, "
    "of joint embedding its untrained encoder, by two points",
    LESS: "It has learned something (of images an accuracy of at least .5, of the spiking network "
    "at most half of the error of an untaught dendrite on the same spikes), but a simple control "
    "does as well or better",
    NOTHING: "Not even half of the images told right, or no better than an untaught dendrite, or "
    "than an untrained encoder",
    COLLAPSED: "The embeddings of all images are nearly the same, however low the loss",
}
HALF = 0.5  # of the error of each control
CHANCE = 0.5  # accuracy that is far from the one tenth of guessing, and from any twin
GAIN = 0.02  # of the probe by training the encoder
NO_SPREAD = 0.05  # s.d. of embeddings; that of an untrained encoder is .2
BESIDE = ("bias_only", "shuffled", "constant")  # controls of the spiking network


def judge_accuracy(numbers: Mapping[str, Any]) -> Verdict:
    """Of a learner of images."""
    accuracy = numbers["accuracy"]
    return decide(
        [
            condition(LEARNS, "accuracy", accuracy, ">", numbers["linear"]),
            condition(LESS, "accuracy", accuracy, ">=", CHANCE),
        ],
        NOTHING,
    )


def judge_prediction(numbers: Mapping[str, Any]) -> Verdict:
    """Of the spiking network, on the spikes that it has itself; a twin has no controls."""
    names = [f"error_over_{name}" for name in BESIDE]
    notes = []
    if is_undefined(numbers["shuffled"]) and not is_undefined(numbers["bias_only"]):
        names.remove("error_over_shuffled")
        notes.append("The dendrite excites the soma: none out of time has the same spikes")
    conditions = [condition(LEARNS, name, numbers[name], "<=", HALF) for name in names]
    untaught = numbers["error_over_untaught"]
    conditions.append(condition(LESS, "error_over_untaught", untaught, "<=", HALF))
    return decide(conditions, NOTHING, notes)


def judge_embedding(numbers: Mapping[str, Any]) -> Verdict:
    """Of joint embedding: what it is worth to a linear read-out, and whether it has collapsed."""
    std, gain = numbers["std"], numbers["over_untrained"]
    conditions = [
        condition(COLLAPSED, "std", std, "<", NO_SPREAD),
        condition(LEARNS, "std", std, ">=", NO_SPREAD),
        condition(LEARNS, "over_untrained", gain, ">=", GAIN),
        condition(LESS, "over_untrained", gain, ">", 0),
    ]
    level = numbers["linear"]
    notes = [f"A linear classifier of the pixels does as well or better: {level:.3g}"]
    return decide(conditions, NOTHING, notes if numbers["accuracy"] <= level else ())
