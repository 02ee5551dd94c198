"""The verdict on a learner: has it learned, and more than what a simpler thing would explain?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driver.experiment.verdict import Verdict, condition, decide

LEARNS, LESS, NOTHING = "learns", "learns less than its control", "learns nothing"
MEANINGS = {
    LEARNS: "Better than the untrained twin and than the simple control: a linear classifier of "
    "the same images, or of the spiking network its bias alone",
    LESS: "Better than the untrained twin, but a simple control does as well or better",
    NOTHING: "No better than the untrained twin",
}
HALF = 0.5  # of the error of the bias alone, and of the twin
CHANCE = 0.5  # accuracy that is far from the one tenth of guessing, and from any twin


def judge_accuracy(numbers: Mapping[str, Any]) -> Verdict:
    """Of a learner of images."""
    accuracy = numbers["accuracy"]
    return decide(
        [
            condition(LEARNS, "accuracy", accuracy, ">=", numbers["linear"]),
            condition(LESS, "accuracy", accuracy, ">=", CHANCE),
        ],
        NOTHING,
    )


def judge_prediction(numbers: Mapping[str, Any]) -> Verdict:
    """Of the spiking network; `numbers` also hold the error of its twin."""
    return decide(
        [
            condition(LEARNS, "error_over_bias_only", numbers["error_over_bias_only"], "<=", HALF),
            condition(LEARNS, "error_over_shuffled", numbers["error_over_shuffled"], "<=", HALF),
            condition(LESS, "error", numbers["error"], "<=", HALF * numbers["twin"]),
        ],
        NOTHING,
    )
