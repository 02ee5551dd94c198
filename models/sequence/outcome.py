"""The verdict on a network: does it remember the sequence, or only recognise the pattern?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driver.experiment.verdict import Verdict, condition, decide
from models.sequence.memory import REPLAY_LAGS
from models.sequence.params import Params

REMEMBERS, RECOGNISES = "remembers", "recognises without memory"
NOTHING = "no assembly"
MEANINGS = {
    REMEMBERS: "After a cue the network runs on through the rest of the sequence by itself",
    RECOGNISES: "The pattern evokes its own response, but only while it is shown",
    NOTHING: "The pattern evokes no response that follows its order",
}
SLOPE = (0.5, 1.5)  # of the decoded time, around 1
ERROR_MS, ERROR_SHARE = 35.0, 1 / 6  # of the pattern; a guess is off by a third of it
COMPLETION, EPSPS = 0.5, 2.5  # share of the rest of the pattern, time constants of an EPSP
FORWARD, FORWARD_OVER_REVERSED = 0.9, 0.3


def judge(p: Params, numbers: Mapping[str, Any]) -> Verdict:
    """The verdict from the numbers of a network."""
    shortest = min(p.durations)
    rest = min(shortest - p.cue_steps, REPLAY_LAGS)
    needed_ms = max(COMPLETION * rest, EPSPS * p.tau_decay_ms)
    replay, forward = numbers["replay"], numbers["forward"]
    error_ms = min(ERROR_MS, ERROR_SHARE * shortest)
    conditions = [
        condition(REMEMBERS, "replay_slope", replay["slope"], ">=", SLOPE[0]),
        condition(REMEMBERS, "replay_slope", replay["slope"], "<=", SLOPE[1]),
        condition(REMEMBERS, "replay_error_ms", replay["error_ms"], "<=", error_ms),
        condition(REMEMBERS, "completion_ms", numbers["completion_ms"], ">=", needed_ms),
        condition(RECOGNISES, "forward", forward, ">=", FORWARD),
        condition(
            RECOGNISES, "forward_over_reversed", forward - numbers["reversed"], ">=",
            FORWARD_OVER_REVERSED,
        ),
    ]  # fmt: skip
    return decide(conditions, NOTHING)
