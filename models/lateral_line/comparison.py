"""What a sweep says: trained against untrained over seeds, condition by condition.

A run whose map cannot be used (too little was decoded, or the network was silent) is counted and
never averaged in, neither it nor its twin.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from driver.experiment.statistics import estimate, paired
from driver.experiment.summary import Row, by_condition
from models.lateral_line.metrics import USABLE_VALID_FRACTION

# score, and the share of decoded steps that makes it usable; "path" is the part of it that is
# evaluated, if a window was set
WINDOWS = {
    "path": ("sigma_theta_rad", "valid_fraction_window"),
    "body": ("sigma_theta_body_rad", "valid_fraction_body_window"),
}
CONDITIONS = ("trained", "untrained")


def compare(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every condition in numbers; see `condition`."""
    return [{"condition": c, **condition(members)} for c, members in by_condition(rows)]


def condition(rows: Sequence[Row]) -> dict[str, Any]:
    """Means over the seeds of one condition, and the paired difference.

    Returns
    -------
    dict
        Runs planned and done, and for each window (path, body): how many runs have no usable map,
        trained and untrained; the estimates of both; trained minus untrained over the pairs that
        are usable on both sides.
    """
    done = [row for row in rows if row["trained"]]
    content: dict[str, Any] = {"n_runs": len(rows), "n_done": len(done)}
    for window in WINDOWS:
        scores = {who: [score(row, who, window) for row in done] for who in CONDITIONS}
        content[window] = {
            **{f"{who}_without_map": scores[who].count(None) for who in CONDITIONS},
            **{who: plain(estimate(scores[who])) for who in CONDITIONS},
            "paired": plain(paired(scores["trained"], scores["untrained"])),
        }
    valid = {who: [row[who]["valid_fraction_window"] for row in done] for who in CONDITIONS}
    content["valid_fraction"] = {who: plain(estimate(valid[who])) for who in CONDITIONS}
    return content


def score(row: Row, who: str, window: str) -> float | None:
    """``sigma_theta`` of a run's usable map; None if it has none."""
    value, share = (row[who][name] for name in WINDOWS[window])
    usable = share is not None and share >= USABLE_VALID_FRACTION
    return value if usable else None


def plain(value: Any) -> dict[str, Any]:
    """A dataclass of `driver.experiment.statistics` as a dictionary; SDs have ddof 1."""
    return dataclasses.asdict(value)
