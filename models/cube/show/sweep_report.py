"""``report.html`` of a sweep: the key numbers of every condition, trained beside untrained."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from driver.experiment.statistics import estimate, paired
from driver.experiment.summary import by_condition
from driver.figures import style
from driver.files import replace_file
from driver.formatting import number
from driver.report import page as report
from driver.report.page import Page, Picture, Section, Table, Text
from models.cube.summary import TEXTS

FIGURE, REPORT = "sweep.png", "report.html"
LABELS = ("trained", "untrained")
LOOK = {
    "trained": {"color": style.TRAINED, "marker": "o"},
    "untrained": {"color": style.UNTRAINED, "marker": "s", "mfc": "white"},
}
SHOWN = (
    *("ili", "in_tube_rate", "output_iou", "t_ext"),
    *("iou", "test_new_iou", "test_held_out_iou", "recall_steps_held"),
)
HOW = (
    "Mean and 95 % interval over seeds (Student's t for fewer than 10 values, BCa bootstrap from "
    "there on); undefined values are left out and counted. difference: trained − untrained of the "
    "same seed; p: two-sided permutation test that swaps the two."
)


def write_sweep_report(content_file: Path) -> Path:
    """Write ``sweep.png`` and ``report.html`` beside a ``sweep.json``; returns the page's path."""
    folder = content_file.parent
    rows = json.loads(content_file.read_text(encoding="utf-8"))["runs"]
    groups = by_condition(rows)
    n_done = sum(row["state"] == "done" for row in rows)
    title = f"{folder.name}: {n_done} of {len(rows)} runs, {len(groups)} conditions"
    names = [n for n in SHOWN if any(value(row, w, n) is not None for row in rows for w in LABELS)]
    with style.applied():
        png = io.BytesIO()
        sweep_figure(title, groups, names).savefig(png, **style.PNG)
    replace_file(folder / FIGURE, lambda file: file.write(png.getvalue()))
    text = report.render(page(title, rows, groups, names, png.getvalue()))
    return replace_file(folder / REPORT, lambda file: file.write(text.encode()))


def value(row: Mapping, label: str, name: str) -> float | None:
    return row[label][name] if row[label] else None


def sweep_figure(title: str, groups: Sequence, names: Sequence[str]) -> Figure:
    """A panel a number: every seed a point, trained and untrained side by side."""
    width = max(4.5, 1.2 + 0.7 * len(groups))
    fig = Figure(figsize=(width, 1 + 1.9 * max(1, len(names))), layout="constrained")
    fig.suptitle(title)
    axes = fig.subplots(max(1, len(names)), squeeze=False, sharex=True)[:, 0]
    if not names:
        style.empty(axes[0], "no run is done")
    for ax, name in zip(axes, names, strict=False):
        for shift, label in zip((-0.12, 0.12), LABELS, strict=True):
            points = [
                (k + shift, value(row, label, name))
                for k, (_, members) in enumerate(groups)
                for row in members
                if value(row, label, name) is not None
            ]
            x, y = zip(*points, strict=True) if points else ((), ())
            ax.plot(x, y, ls="none", ms=4, label=label, **LOOK[label])
        ax.set_title(TEXTS[name])
        ax.margins(y=0.15)
    if names:
        style.legend_above(axes[0])
        axes[-1].set_xticks(range(len(groups)), [words_of(c) for c, _ in groups], rotation=20)
    return fig


def words_of(condition: Mapping[str, str]) -> str:
    return ", ".join(f"{k}={v}" for k, v in condition.items()) or "all"


def page(title: str, rows, groups, names: Sequence[str], png: bytes) -> Page:
    found = [Text(verdicts(groups), "verdict")]
    waiting = [row for row in rows if row["state"] != "done"]
    found += [
        Text(f"{r['run']}: {r['complaint'] or 'not done yet'}", "warning") for r in waiting[:10]
    ]
    if len(waiting) > 10:
        found.append(Text(f"and {len(waiting) - 10} more runs are not done", "warning"))
    picture = report.embedded(png)
    found.append(Picture(*picture, alt=title, caption="Every seed is a point.", files=[FIGURE]))
    sections = [Section("found", "What came out", found)]
    sections += [Section(n, TEXTS[n].capitalize(), [table(groups, n)]) for n in names]
    sections.append(Section("runs", "Runs", [run_table(rows, names)]))
    return Page(title=title, subtitle="a sweep of a dot-prediction model", sections=sections)


def verdicts(groups: Sequence) -> str:
    """How often each verdict was given, by condition."""
    parts = []
    for condition, members in groups:
        counted = Counter(row["verdict"] for row in members if row["trained"])
        words = ", ".join(f"{verdict} {n}" for verdict, n in counted.most_common())
        parts.append(f"{words_of(condition)}: {words or 'nothing done yet'}")
    return "; ".join(parts) + "."


def table(groups: Sequence, name: str) -> Table:
    """A row a condition: means with intervals, and the paired difference."""
    body = []
    for condition, members in groups:
        done = [row for row in members if row["trained"]]
        x = {label: [row[label][name] for row in done] for label in LABELS}
        both = paired(x["trained"], x["untrained"])
        cells = [interval(estimate(x[label])) for label in LABELS]
        cells += [interval(both.difference, signed=True), number(both.p_value)]
        body.append([words_of(condition), f"{len(done)} of {len(members)}", *cells])
    head = ["condition", "runs", "trained", "untrained", "difference", "p"]
    return Table(head, body, caption=HOW)


def interval(e, signed: bool = False) -> str:
    mean = number(e.mean, signed=signed)
    if e.n < 2:
        return mean
    return f"{mean} [{number(e.low, signed=signed)}, {number(e.high, signed=signed)}]"


def run_table(rows, names: Sequence[str]) -> Table:
    """A row a run, with the command that repeats it alone."""
    head = ["run", "state", "verdict", *(TEXTS[n] for n in names), "command"]
    body = []
    for row in rows:
        numbers = [number(value(row, "trained", n)) for n in names]
        code = Markup("<code>{}</code>").format(row["command"])
        body.append([row["run"], row["state"], row["verdict"] or "–", *numbers, code])
    return Table(head, body, search="Filter, by condition or seed", numbers=False)
