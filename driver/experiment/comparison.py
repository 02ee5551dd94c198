"""Trained against untrained over seeds, condition by condition.

A value that is undefined, or of which the metric says that it does not count, is counted and never
averaged in, and a pair only if both of its values count.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from driver.experiment.metric import LABELS, Metric
from driver.experiment.statistics import estimate, paired
from driver.formatting import decimals, number

Row = Mapping[str, Any]  # a run of a sweep


def by_condition(rows: Sequence[Row]) -> list[tuple[dict[str, str], list[Row]]]:
    """Rows of each condition, in the order of the plan."""
    found: dict[tuple, list[Row]] = {}
    for row in rows:
        key = tuple((k, v) for k, v in row["condition"].items() if k != "seed")
        found.setdefault(key, []).append(row)
    return [(dict(key), members) for key, members in found.items()]


def contrasted(
    values: Mapping[str, Sequence[float | None]], limits: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Estimates over seeds, in plain dicts.

    Parameters
    ----------
    values : dict of str to sequence of float or None
        One value a seed, ``trained`` and ``untrained``; None does not count.
    limits : (float, float), optional
        Within which the values lie.

    Returns
    -------
    dict
        ``trained_without`` and ``untrained_without``, how many do not count; the estimates
        ``trained`` and ``untrained``; ``paired``, of trained minus untrained.
    """
    found: dict[str, Any] = {f"{label}_without": values[label].count(None) for label in LABELS}
    within = (limits,) if limits else ()
    found |= {label: dataclasses.asdict(estimate(values[label], *within)) for label in LABELS}
    return found | {"paired": dataclasses.asdict(paired(*(values[label] for label in LABELS)))}


def direction(difference: Mapping[str, Any]) -> str:
    """``lower`` or ``higher`` if the interval of a difference excludes 0; empty if not, or none.

    The one rule by which the console and all pages speak of a difference over seeds.
    """
    low, high = difference["low"], difference["high"]
    if low is None or low != low:
        return ""
    return "lower" if high < 0 else "higher" if low > 0 else ""


def judged(metric: Metric, difference: Mapping[str, Any]) -> str:
    """``better`` or ``worse``, of a metric that does not say which way that is ``lower`` or
    ``higher``; empty if it cannot be said, see `direction`."""
    way = direction(difference)
    if not way or not metric.better:
        return way
    return "better" if way == metric.better else "worse"


def seed_lines(metric: Metric, rows: Sequence[Row]) -> list[str]:
    """A metric over seeds for a terminal: every seed, mean, interval, and what can be said.

    Parameters
    ----------
    metric : Metric
    rows : sequence of dict
        Of each seed ``seed``, and its numbers ``trained`` and ``untrained``.
    """
    columns = {label: [metric.counted(row[label]) for row in rows] for label in LABELS}
    pairs = zip(*columns.values(), strict=True)
    columns["difference"] = [None if None in pair else pair[0] - pair[1] for pair in pairs]
    found = contrasted(columns, metric.limits)
    estimates = [*(found[label] for label in LABELS), found["paired"]["difference"]]

    def line(name: object, values: Sequence[float | None], digits: int = metric.digits) -> str:
        cells = (number(v, digits, k == 2, undefined="-") for k, v in enumerate(values))
        return f"{name!s:14}" + "".join(f"{cell:>12}" for cell in cells)

    lines = [f"{metric.text}, by seed", f"{'':14}" + "".join(f"{name:>12}" for name in columns)]
    whole = decimals([v for column in columns.values() for v in column], metric.digits)
    lines += [
        line(row["seed"], [c[k] for c in columns.values()], whole) for k, row in enumerate(rows)
    ]
    names = {"mean": "mean", "95 % from": "low", "95 % to": "high"}
    lines += [line(name, [e[key] for e in estimates]) for name, key in names.items()]
    return [*lines, answer(metric, found["paired"])]


def answer(metric: Metric, pairs: Mapping[str, Any]) -> str:
    """Whether training helps, by the paired difference over seeds, in a sentence."""
    word, n = judged(metric, pairs["difference"]), pairs["difference"]["n"]
    said = f"clearly {word} after training" if word else "whether training helps cannot be said"
    return f"{metric.text}: {said} (lower in {pairs['n_lower']} of {n} seeds)"


def compare(rows: Sequence[Row], metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """Every condition of a sweep in numbers: runs planned and done, and each metric `contrasted`.

    Parameters
    ----------
    rows : sequence of dict
        Runs, as in ``sweep.json``.
    metrics : sequence of Metric
    """
    found = []
    for condition, members in by_condition(rows):
        done = [row for row in members if row["trained"]]
        content = {"condition": condition, "n_runs": len(members), "n_done": len(done)}
        for m in metrics:
            values = {label: [m.counted(row[label]) for row in done] for label in LABELS}
            content[m.name] = contrasted(values, m.limits)
        found.append(content)
    return found
