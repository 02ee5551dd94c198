"""``report.html`` of a sweep: every metric by condition, trained beside untrained."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from matplotlib.figure import Figure

from driver.experiment.comparison import Row, by_condition, compare, direction
from driver.experiment.metric import LABELS, Metric, MetricTable, known
from driver.figures import style
from driver.figures.draw import draw
from driver.figures.points import Band
from driver.figures.sweep import sweep_figure
from driver.files import replace_file
from driver.formatting import interval, number
from driver.report import page as report
from driver.report.page import Heading, Page, Picture, Section, Table, Text, marked_up
from driver.run.content import Sweep, read_json

FIGURE, REPORT = "sweep.png", "report.html"
MAX_NAMED = 10  # runs that are not done
HOW = (
    "Mean and 95 % interval over seeds (Student's t). difference: trained − untrained of the same "
    "seed; lower: in how many of them trained is lower; p: two-sided permutation test that swaps "
    "the two. usable: how many values count, trained and untrained; all others are left out."
)


def write_sweep_report(
    table: MetricTable,
    content_file: Path,
    metrics: Sequence[Metric] | None = None,
    chance: Mapping[str, Band] | None = None,
    more: Mapping[str, tuple[Callable[[Path], Figure | None], str]] | None = None,
    *,
    trust_edited: bool = False,
) -> Path:
    """Write ``sweep.png`` and ``report.html`` beside a ``sweep.json``; returns the page's path.

    Parameters
    ----------
    table : MetricTable
    content_file : Path
    metrics : sequence of Metric, optional
        What is shown, the most important first; what of the table has figures if not given.
    chance : dict of str to Band, optional
        See `driver.figures.sweep.sweep_figure`.
    more : dict of (callable, str), optional
        Figures of the room by file name, shown first: made of `content_file`, None if one does not
        apply, with its caption.
    trust_edited : bool
        Whether a file that was edited is taken, and the page says so.
    """
    folder = content_file.parent
    content = read_json(content_file, Sweep, trust_edited)
    rows = content["runs"]
    shown = known([m for m in table if m.figures], rows) if metrics is None else metrics
    compared = compare(rows, shown)
    n_done = sum(row["state"] == "done" for row in rows)
    title = f"{folder.name}: {n_done} of {len(rows)} runs, {len(compared)} conditions"
    with style.applied():
        png = io.BytesIO()
        sweep_figure(title, rows, shown, compared, chance).savefig(png, **style.PNG)
    replace_file(folder / FIGURE, lambda file: file.write(png.getvalue()))
    words = verdicts(rows) if table.verdicts else improvement(compared, shown)
    edited = [Text(content.edited, "warning")] if content.edited else []
    found = [*edited, Text(words, "verdict"), *unfinished(rows)]
    for name, (make, caption) in (more or {}).items():
        if draw(folder / name, make, content_file):
            own = report.embedded(folder / name)
            found.append(Picture(*own, alt=caption, caption=caption, files=[name]))
    picture = report.embedded(png.getvalue())
    found.append(Picture(*picture, alt=title, caption="Every seed is a point.", files=[FIGURE]))
    sections = [Section("found", "Does training help?", found)]
    numbers: list = []
    for k, m in enumerate(shown):
        of_conditions = condition_table(compared, m, caption=HOW if k == 0 else "")
        numbers += [Heading(marked_up(m.text)), of_conditions]
    sections.append(Section("numbers", "By condition", numbers))
    sections.append(Section("runs", "Runs", [run_table(rows, shown, folder)]))
    text = report.render(Page(title, f"a sweep of {table.title}", sections))
    return replace_file(folder / REPORT, lambda file: file.write(text.encode()))


def unfinished(rows: Sequence[Row]) -> list[Text]:
    """Runs that are not done, and why; and those whose files were edited."""
    waiting = [row for row in rows if row["state"] != "done" or row["complaint"]]
    found = [f"{row['run']}: {row['complaint'] or 'not done yet'}" for row in waiting[:MAX_NAMED]]
    if len(waiting) > MAX_NAMED:
        found.append(f"and {len(waiting) - MAX_NAMED} more runs are not done, or were edited")
    return [Text(words, "warning") for words in found]


def verdicts(rows: Sequence[Row]) -> str:
    """How often each verdict was given, by condition."""
    parts = []
    for condition, members in by_condition(rows):
        name = ", ".join(f"{k}={v}" for k, v in condition.items()) or "all"
        counted = Counter(row.get("verdict") for row in members if row["trained"])
        n_done = sum(counted.values())
        words = ", ".join(f"{v} in {n} of {n_done} runs" for v, n in counted.most_common())
        parts.append(f"{name}: {words or 'nothing done yet'}")
    return f"{'; '.join(parts)}."


def improvement(compared: Sequence[Mapping[str, Any]], shown: Sequence[Metric]) -> str:
    """In how many conditions the first metric is clearly lower or higher after training.

    By the interval of the paired difference; of a condition without one it cannot be said.
    """
    if not shown:
        return "No run is done yet."
    found = [c[shown[0].name]["paired"]["difference"] for c in compared]
    intervals = [d for d in found if d["low"] is not None and d["low"] == d["low"]]
    lower, higher = (sum(direction(d) == w for d in intervals) for w in ("lower", "higher"))
    words = (
        f"{shown[0].label or shown[0].name}: lower after training in {lower} of {len(found)} "
        f"conditions, higher in {higher}, without a clear difference in "
        f"{len(intervals) - lower - higher}"
    )
    unknown = len(found) - len(intervals)
    return marked_up(f"{words}; in {unknown} it cannot be said." if unknown else f"{words}.")


def condition_table(
    compared: Sequence[Mapping[str, Any]], metric: Metric, caption: str = ""
) -> Table:
    """A row a condition: n, means with intervals, paired difference, p."""
    axes = list(compared[0]["condition"]) if compared else []
    head = [*(axes or ["condition"]), "runs", *(["usable"] if metric.valid else [])]
    head += ["trained", "untrained", "difference", "lower", "p"]
    return Table(head, [condition_row(c, metric) for c in compared], caption=caption)


def condition_row(c: Mapping[str, Any], metric: Metric) -> list[str]:
    found, digits = c[metric.name], metric.digits
    difference = found["paired"]["difference"]
    usable = ", ".join(str(c["n_done"] - found[f"{label}_without"]) for label in LABELS)
    return [
        *(list(c["condition"].values()) or ["all"]),
        f"{c['n_done']} of {c['n_runs']}",
        *([usable] if metric.valid else []),
        *(interval(found[label], digits) for label in LABELS),
        interval(difference, digits, signed=True),
        f"{found['paired']['n_lower']} of {difference['n']}",
        number(found["paired"]["p_value"], undefined="–"),
    ]


def run_table(rows: Sequence[Row], metrics: Sequence[Metric], folder: Path) -> Table:
    """A row a run, with a link to its page and the command that repeats it alone."""
    judged = any("verdict" in row for row in rows)
    body = []
    for row in rows:
        numbers = [
            number((row[label] or {}).get(m.name), m.digits, undefined="–")
            for m in metrics
            for label in LABELS
        ]
        verdict = [row.get("verdict") or "–"] if judged else []
        code = Markup("<code>{}</code>").format(row["command"])
        page = f"{row['run']}/{REPORT}"
        page = page if (folder / page).is_file() else f"{row['run']}/"  # without figures
        name = Markup('<a href="{}">{}</a>').format(quote(page), row["run"])
        body.append(
            [
                name if (folder / page).exists() else row["run"],
                row["state"],
                *verdict,
                *numbers,
                code,
            ]
        )
    first = ["run", "state", *(["verdict"] if judged else [])]
    return Table(
        head=[*first, *(label for _ in metrics for label in LABELS), "command"],
        spans=[("", len(first)), *((marked_up(m.text), 2) for m in metrics), ("", 1)],
        rows=body,
        search="Filter, by condition or seed",
        numbers=False,
    )
