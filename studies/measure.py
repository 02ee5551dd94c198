"""The metric of a study, run by run, trained beside untrained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from driver.experiment.summary import by_condition
from driver.sweep.axes import Job
from driver.sweep.plan import Sweep
from driver.sweep.table import results_of, row
from models.lateral_line.analyses.reconstruction import reconstruct
from models.lateral_line.comparison import CONDITIONS, plain, score
from models.lateral_line.saved import Run

# name of a metric: what it is, in words
METRICS = {
    "sigma_theta": "σ_θ over the path (rad)",
    "sigma_theta_body": "σ_θ over the body (rad)",
    "valid_fraction": "decoded share of the path (1)",
    "sharpening": "sharpening σ_LL / σ_TS over the path (1)",
    "share_multimodal": "active TS cells with two peaks or more (share)",
    "share_unimodal": "active TS cells with one peak (share)",
}
# name in a results file, and the window whose decoded share makes a map of it usable
IN_RESULTS = {
    "sigma_theta": ("sigma_theta_rad", "path"),
    "sigma_theta_body": ("sigma_theta_body_rad", "body"),
    "valid_fraction": ("valid_fraction", None),
    "sharpening": ("sharpening", "path"),
}


def measure(sweep: Sweep, metric: str) -> list[dict[str, Any]]:
    """Rows of a sweep, as in ``sweep.json``, with the metric of a study in them.

    Returns
    -------
    list of dict
        Further keys: `value`, by ``trained`` and ``untrained``, None without a usable map;
        `raw`, the same whether the map is usable or not.
    """
    return [{**row(sweep, job, None), **values(sweep, job, metric)} for job in sweep.jobs]


def values(sweep: Sweep, job: Job, metric: str) -> dict[str, Any]:
    results = results_of(sweep.room, sweep.place(job), job.seed)
    if results is None:
        nothing = dict.fromkeys(CONDITIONS)
        return {"value": nothing, "raw": nothing}
    if metric not in IN_RESULTS:  # of weights: no map is needed
        seed = Run(sweep.place(job)).seed(job.seed)
        raw = {
            who: defined(getattr(reconstruct(seed, initial=who == "untrained"), metric))
            for who in CONDITIONS
        }
        return {"value": raw, "raw": raw}
    twins = {"trained": results, "untrained": results["untrained"]}
    key, window = IN_RESULTS[metric]
    raw = {who: twins[who][key] for who in CONDITIONS}
    usable = {who: window is None or score(twins, who, window) is not None for who in CONDITIONS}
    return {"value": {who: raw[who] if usable[who] else None for who in CONDITIONS}, "raw": raw}


def defined(value: float) -> float | None:
    return value if math.isfinite(value) else None


def compare(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every condition in numbers: estimates of both, paired difference, what was left out."""
    from driver.experiment.statistics import estimate, paired

    found = []
    for condition, members in by_condition(rows):
        done = [r for r in members if r["trained"]]
        x = {who: [r["value"][who] for r in done] for who in CONDITIONS}
        content = {"condition": condition, "n_runs": len(members), "n_done": len(done)}
        content |= {f"{who}_without": x[who].count(None) for who in CONDITIONS}
        content |= {who: plain(estimate(x[who])) for who in CONDITIONS}
        content["paired"] = plain(paired(x["trained"], x["untrained"]))
        found.append(content)
    return found
