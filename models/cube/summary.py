"""What is said of a run in its log, and the head of ``run_summary.json``."""

from __future__ import annotations

from typing import Any

from driver.experiment import metric
from models.cube.kinds import kind_of
from models.cube.metric_table import TABLE
from models.cube.options import Request
from models.cube.params import MODELS
from models.cube.values import n_links


def headline(request: Request) -> str:
    """Sizes and stimulus, for the log."""
    p, dots = request.params, request.dots
    size = " x ".join(map(str, (p.n, *kind_of(p).values.size(p).values())))
    what = f"{dots.dots} dots" if dots.dots > 1 else "a dot"
    return f"{MODELS[type(p)]} {size}, {p.steps} steps, {p.ratio} a move; {what}, {dots.stimulus}"


def run_summary(
    request: Request, results: list[dict[str, Any]], failed: list[int]
) -> dict[str, Any]:
    """Content of ``run_summary.json``: verdicts, key numbers, trained beside untrained."""
    p = request.params
    head = {
        "model": MODELS[type(p)],
        "fidelity": request.options.fidelity,
        "n_links": n_links(p, request.dots),
    }
    return metric.run_summary(TABLE, request, results, failed, head)
