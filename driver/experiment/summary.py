"""The shape of ``run_summary.json``: one seed's numbers at its top, or those of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def run_summary(
    head: Mapping[str, Any],
    runs: Sequence[Mapping[str, Any]],
    failed: Sequence[int],
    aggregate: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]],
) -> dict[str, Any]:
    """Content of ``run_summary.json``.

    Parameters
    ----------
    head : dict
        What all seeds have in common.
    runs : sequence of dict
        A seed's part each, in seed order.
    failed : sequence of int
        Seeds without one.
    aggregate : callable
        Makes of the `runs` what is said of all of them.
    """
    if len(runs) == 1 and not failed:
        return {**head, **runs[0]}
    return {**head, "runs": runs, "failed_seeds": failed, "aggregate": aggregate(runs)}


Row = Mapping[str, Any]


def by_condition(rows: Sequence[Row]) -> list[tuple[dict[str, str], list[Row]]]:
    """Rows of each condition, in the order of the plan."""
    found: dict[tuple, list[Row]] = {}
    for row in rows:
        key = tuple((k, v) for k, v in row["condition"].items() if k != "seed")
        found.setdefault(key, []).append(row)
    return [(dict(key), members) for key, members in found.items()]
