"""The figure of several seeds: key numbers, trained beside untrained, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from driver.experiment.metric import LABELS, known, row_of
from driver.figures.seeds import seeds_figure
from models.cube.metric_table import TABLE


def seeds_summary(every: Sequence[Mapping[str, Any]]) -> Figure:
    """Key numbers of every seed, trained and untrained joined, with their means.

    Look for lines that all go the same way. The mean has its 95 % interval; values that are
    undefined are counted in the title and left out.
    """
    rows = [row_of(TABLE, results["seed"], results) for results in every]
    shown = known([m for m in TABLE if m.figures], rows)
    heading = f"{len(rows)} seeds, untrained and trained joined\n{verdicts(every)}"
    return seeds_figure(rows, shown, heading)


def verdicts(every: Sequence[Mapping[str, Any]]) -> str:
    """How many seeds have which verdict."""
    said = []
    for label in LABELS:
        all_of_them = [results[label]["verdict"] for results in every]
        counts = [f"{all_of_them.count(v)} {v}" for v in dict.fromkeys(all_of_them)]
        said.append(f"{label}: {', '.join(counts)}")
    return "; ".join(said)
