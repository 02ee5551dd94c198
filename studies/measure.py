"""The metrics of a study, run by run, trained beside untrained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from driver.experiment.metric import value_at
from driver.flags.from_dataclass import UsageError
from driver.sweep.axes import Job
from driver.sweep.plan import Sweep
from driver.sweep.table import results_of, row
from studies.study import WHO, Metric

# what the stored weights of the lateral line make by themselves is in no results file
FROM_WEIGHTS = ("reconstruction.share_multimodal", "reconstruction.share_unimodal")


def place_of(path: str, who: str) -> str:
    """Path of a number of the trained network, or of the same number of its untrained twin."""
    return path if who == "trained" else f"untrained.{path.removeprefix('trained.')}"


def fault(content: Any, path: str) -> str:
    """Why there is no number at a path, with what is there instead; empty for number and null."""
    names = path.split(".")
    for k, name in enumerate(names):
        if content is None:  # what has its place, and was not measured in this run
            return ""
        if not isinstance(content, dict) or name not in content:
            there = ", ".join(content) if isinstance(content, dict) else repr(content)
            return f"there is no {name} in {'.'.join(names[:k]) or 'the results'}, only {there}"
        content = content[name]
    if isinstance(content, dict):
        return f"it is no number, but has {', '.join(content)}"
    return "" if content is None or isinstance(content, int | float) else f"it is {content!r}"


def check_paths(sweep: Sweep, metrics: Sequence[Metric]) -> None:
    """Check that metrics can be found in the runs that are done; one that some runs lack may stay.

    Raises
    ------
    UsageError
        For a path that leads to nothing in any of them.
    """
    found = [results_of(sweep.room, sweep.place(job), job.seed) for job in sweep.jobs]
    done = [content for content in found if content is not None]
    paths = [m.path for m in metrics if m.path not in FROM_WEIGHTS]
    paths += [m.valid for m in metrics if m.valid]
    for path in [place_of(path, who) for path in paths for who in WHO]:
        faults = [fault(content, path) for content in done]
        if faults and all(faults):
            raise UsageError(f"metric {path}: {faults[0]}")


def measure(sweep: Sweep, metric: Metric) -> list[dict[str, Any]]:
    """Rows of a sweep, as in ``sweep.json``, with the metric of a study in them.

    Returns
    -------
    list of dict
        Further keys, by ``trained`` and ``untrained``: `value`, None where it does not count;
        `raw`, the same whether it counts or not; `valid`, the share that decides.
    """
    return [{**row(sweep, job, None), **values(sweep, job, metric)} for job in sweep.jobs]


def values(sweep: Sweep, job: Job, metric: Metric) -> dict[str, Any]:
    content = results(sweep, job, metric)
    raw = {who: value_at(content, place_of(metric.path, who)) for who in WHO}
    if not metric.valid:
        return {"value": raw, "raw": raw}
    valid = {who: value_at(content, place_of(metric.valid, who)) for who in WHO}
    counts = {who for who in WHO if valid[who] is not None and valid[who] >= metric.valid_from}
    return {
        "value": {who: raw[who] if who in counts else None for who in WHO},
        "raw": raw,
        "valid": valid,
    }


def results(sweep: Sweep, job: Job, metric: Metric) -> dict[str, Any] | None:
    """Results of a run, or what is made of its stored weights; None of a run that is not done."""
    found = results_of(sweep.room, sweep.place(job), job.seed)
    if found is None or metric.path not in FROM_WEIGHTS:
        return found
    from models.lateral_line.analyses.reconstruction import reconstruct

    seed = sweep.room.open(sweep.place(job)).seed(job.seed)
    part, name = metric.path.split(".")
    content = {}
    for who in WHO:
        share = getattr(reconstruct(seed, initial=who == "untrained"), name)
        content[who] = {part: {name: share if math.isfinite(share) else None}}
    return content["trained"] | {"untrained": content["untrained"]}
