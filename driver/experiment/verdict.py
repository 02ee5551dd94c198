"""Verdicts on a network, and the conditions behind them; limits and judges are the room's.

A verdict is given with the list of all conditions looked at: value, limit, and whether it is
met. A metric that is missing or NaN meets no condition; its condition reads `met = None`.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any

COMPARISONS = {
    ">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition of a verdict."""

    verdict: str  # the verdict it belongs to
    metric: str
    value: float | None  # NaN or None if the metric is undefined or was not measured
    comparison: str  # one of `COMPARISONS`
    limit: float
    met: bool | None  # None: undefined, so not met

    def __str__(self) -> str:
        state = {True: "met", False: "not met", None: "undefined"}[self.met]
        value = "none" if is_undefined(self.value) else f"{self.value:.4g}"
        return f"{self.metric} {self.comparison} {self.limit:g}: {value}, {state}"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The verdict and why."""

    verdict: str
    conditions: tuple[Condition, ...]  # of every verdict looked at, in their order
    notes: tuple[str, ...] = ()

    def of(self, verdict: str) -> tuple[Condition, ...]:
        """The conditions of one verdict, as those that keep a run from the wanted one."""
        return tuple(c for c in self.conditions if c.verdict == verdict)

    def stored(self) -> dict[str, Any]:
        """As a part of the numbers of a network in a results file."""
        conditions = [dataclasses.asdict(c) for c in self.conditions]
        return {"verdict": self.verdict, "conditions": conditions, "notes": list(self.notes)}


def is_undefined(value: float | None) -> bool:
    """Whether there is no number: None or NaN."""
    return value is None or isnan(value)


def condition(
    verdict: str, metric: str, value: float | None, comparison: str, limit: float
) -> Condition:
    """Compare a value with its limit; an undefined one meets nothing."""
    met = None if is_undefined(value) else bool(COMPARISONS[comparison](value, limit))
    return Condition(verdict, metric, value, comparison, limit, met)


def decide(conditions: Sequence[Condition], otherwise: str, notes: Iterable[str] = ()) -> Verdict:
    """The first verdict all of whose conditions are met, else `otherwise`."""
    for verdict in dict.fromkeys(c.verdict for c in conditions):
        if all(c.met for c in conditions if c.verdict == verdict):
            return Verdict(verdict, tuple(conditions), tuple(notes))
    return Verdict(otherwise, tuple(conditions), tuple(notes))
