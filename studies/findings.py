"""What came out of a study: its runs in numbers, its claims with their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from driver.experiment.comparison import by_condition, contrasted
from studies.study import WHO, Metric, Published, Scale, Study
from studies.verdict import Judged, judge

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """A study at one scale, as far as it has come."""

    study: Study
    scale: str
    measured: Mapping[str, Sequence[Row]]  # rows of `studies.measure.measure`, by metric
    n_runs: int  # that belong to it: weights that are not there yet cannot have a row
    commands: Sequence[str]  # what was typed, and what would make each training run alone

    @property
    def size(self) -> Scale:
        return self.study.scales[self.scale]

    @property
    def metric(self) -> Metric:
        return self.study.known[self.study.metric]

    @property
    def rows(self) -> Sequence[Row]:
        """A run each, with the metric of the study."""
        return self.measured[self.study.metric]

    @property
    def n_done(self) -> int:
        return sum(row["state"] == "done" for row in self.rows)

    @property
    def title(self) -> str:
        return f"{self.study.title} ({self.scale}): {self.n_done} of {self.n_runs} runs"

    @property
    def published(self) -> list[Published]:
        return self.study.published if self.size.comparable else []

    @cached_property
    def compared(self) -> list[dict[str, Any]]:
        return compare(self.rows)

    @cached_property
    def judged(self) -> list[Judged]:
        metric = self.study.metric
        return [judge(claim, self.measured[claim.metric or metric]) for claim in self.study.claims]


def compare(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every condition in numbers: estimates of both, paired difference, what was left out."""
    found = []
    for condition, members in by_condition(rows):
        done = [r for r in members if r["state"] == "done"]
        x = {who: [r["value"][who] for r in done] for who in WHO}
        content = {"condition": condition, "n_runs": len(members), "n_done": len(done)}
        found.append(content | contrasted(x))
    return found
