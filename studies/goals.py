"""What every seed is to reach: a table of several metrics, condition by condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from driver.experiment.comparison import by_condition
from studies.study import CASE, WHO, Metric, Study

Row = Mapping[str, Any]


def goal_rows(study: Study, measured: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
    """A row a condition that was run: by seed, values of the study's own metrics and verdicts.

    `measured` has for each metric its rows, as of `studies.measure.measure`.
    """
    done = {name: [r for r in rows if r["state"] == "done"] for name, rows in measured.items()}
    found = []
    for condition, members in by_condition(done[study.metric]):
        names = [name if axis == CASE else f"{axis} {name}" for axis, name in condition.items()]
        runs = {row["run"] for row in members}
        values = {}
        for name, metric in study.metrics.items():
            own = [row["value"] for row in done[name] if row["run"] in runs]
            values[key(metric)] = {who: [value[who] for value in own] for who in WHO}
        content = {"case": ", ".join(names), "command": members[0]["command"]}
        content["seeds"] = [row["condition"]["seed"] for row in members]
        content["verdicts"] = [row.get("verdict", "–") for row in members]
        found.append({**content, "values": values})
    return found


def key(metric: Metric) -> str:
    """Name of its values in a row: the path in either network's part of the results."""
    return metric.path.removeprefix("trained.")


def goal_table(study: Study, rows: Sequence[Row]) -> list[str]:
    """Lines of the table in Markdown; rows as of `goal_rows`."""
    metrics = list(study.metrics.values())
    head = ["case", *(metric.text + goal(metric) for metric in metrics), "verdicts", "all reached"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        counted = {v: row["verdicts"].count(v) for v in sorted(set(row["verdicts"]))}
        cells = [row["case"], *(cell(row["values"][key(metric)]) for metric in metrics)]
        cells += [", ".join(f"{v} {n}" for v, n in counted.items())]
        cells += [f"{n_reached(metrics, row)} of {len(row['seeds'])}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def goal(metric: Metric) -> str:
    limits = {"≥": metric.at_least, "≤": metric.at_most}
    parts = [f"{sign} {limit:g}" for sign, limit in limits.items() if limit is not None]
    return f" ({', '.join(parts)})" if parts else ""


def cell(values: Mapping[str, Sequence[float | None]]) -> str:
    return f"{spread(values['trained'])}<br>*{spread(values['untrained'])}*"


def spread(values: Sequence[float | None]) -> str:
    """Median and extremes of what is defined, and how many are not."""
    defined = [v for v in values if v is not None]
    if not defined:
        return "undefined"
    middle, low, high = np.median(defined), min(defined), max(defined)
    words = f"{middle:.3g}" if low == high else f"{middle:.3g} ({low:.3g} to {high:.3g})"
    missing = len(values) - len(defined)
    return f"{words}, {missing} undefined" if missing else words


def n_reached(metrics: Sequence[Metric], row: Row) -> int:
    """Seeds that reach every goal of the study."""
    values = [(metric, row["values"][key(metric)]["trained"]) for metric in metrics]
    return sum(
        all(metric.reached(x[k]) is not False for metric, x in values)
        for k in range(len(row["seeds"]))
    )
