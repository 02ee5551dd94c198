"""What a study of dots found: a table a reader can check, and the numbers behind it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from driver.run.environment import git_commit
from driver.run.folder import RunFolder
from driver.run.saved import NotARun
from models.cube.saved import Run
from studies.dots.study import Metric, Study

LABELS = ("trained", "untrained")


def row(study: Study, case: str, root: Path) -> dict[str, Any] | None:
    """All seeds of a case: values of each metric, trained and untrained, and verdicts.

    None for a case that has not been run.
    """
    argv = study.command(case)
    try:
        run = Run(root / argv[-1])
    except NotARun:
        return None
    results = [run.seed(s).results for s in run.finished]
    return {
        "case": case,
        "command": shlex.join(["python", "cube_brian2.py", *argv]),
        "seeds": run.finished,
        "verdicts": [r["verdict"] for r in results],
        "values": {
            m.path: {label: [value_at(r[label], m.path) for r in results] for label in LABELS}
            for m in study.metrics
        },
    }


def value_at(content: Any, path: str) -> float | None:
    """A number in nested dicts; None where it is undefined or not measured."""
    for name in path.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content


def write(study: Study, rows: list[dict[str, Any]], root: Path) -> Path:
    """Write ``<name>.json`` and ``<name>.md``; returns the second."""
    root.mkdir(exist_ok=True)
    folder = RunFolder(root)
    folder.write_json(f"{study.name}.json", {"git_commit": git_commit(), "rows": rows})
    path = root / f"{study.name}.md"
    path.write_text(text(study, rows), encoding="utf-8")
    return path


def text(study: Study, rows: list[dict[str, Any]]) -> str:
    """The table as Markdown."""
    head = ["case", *(f"{m.text}{goal(m)}" for m in study.metrics), "verdicts", "all reached"]
    lines = [
        f"# {study.question}",
        "",
        f"{study.seeds} seeds from {study.first_seed} on; median (lowest to highest), trained; "
        "*untrained* below it. `python -m studies.dots " + study.name + "` makes it again.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for found in rows:
        cells = [found["case"], *(cell(found["values"][m.path]) for m in study.metrics)]
        counted = {v: found["verdicts"].count(v) for v in sorted(set(found["verdicts"]))}
        cells.append(", ".join(f"{v} {n}" for v, n in counted.items()))
        cells.append(f"{n_reached(study, found)} of {len(found['seeds'])}")
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Commands:", "", "```", *(found["command"] for found in rows), "```"]
    return "\n".join(lines) + "\n"


def goal(metric: Metric) -> str:
    parts = []
    if metric.at_least is not None:
        parts.append(f"≥ {metric.at_least:g}")
    if metric.at_most is not None:
        parts.append(f"≤ {metric.at_most:g}")
    return f" ({', '.join(parts)})" if parts else ""


def cell(values: dict[str, list[float | None]]) -> str:
    return f"{spread(values['trained'])}<br>*{spread(values['untrained'])}*"


def spread(values: list[float | None]) -> str:
    """Median and extremes of what is defined, and how many are not."""
    defined = [v for v in values if v is not None]
    if not defined:
        return "undefined"
    middle, low, high = np.median(defined), min(defined), max(defined)
    words = f"{middle:.3g}" if low == high else f"{middle:.3g} ({low:.3g} to {high:.3g})"
    missing = len(values) - len(defined)
    return f"{words}, {missing} undefined" if missing else words


def n_reached(study: Study, found: dict[str, Any]) -> int:
    """Seeds that reach every goal of the study."""
    seeds = range(len(found["seeds"]))
    return sum(
        all(m.reached(found["values"][m.path]["trained"][k]) is not False for m in study.metrics)
        for k in seeds
    )
