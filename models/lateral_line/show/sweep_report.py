"""``report.html`` of a sweep: does training help, in which condition, and how sure is that?"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from driver.figures import style
from driver.files import replace_file
from driver.report import page as report
from driver.report.page import Page, Picture, Section, Table, Text
from models.lateral_line.comparison import compare
from models.lateral_line.show.sweep_figure import sweep_figure

FIGURE, REPORT = "sweep.png", "report.html"
HOW = (
    "σ is σθ in rad, mean and 95 % interval (Student's t for fewer than 10 values, BCa bootstrap "
    "from there on) over runs with a usable map. maps: how many of the runs have one, trained and "
    "untrained; the others are left out. difference: trained − untrained, over seeds with both; "
    "lower: in how many of them trained is lower; p: two-sided permutation test that swaps trained "
    "and untrained of a seed."
)


def write_sweep_report(content_file: Path) -> Path:
    """Write ``sweep.png`` and ``report.html`` beside a ``sweep.json``; returns the page's path."""
    folder = content_file.parent
    content = json.loads(content_file.read_text(encoding="utf-8"))
    rows = content["runs"]
    compared = compare(rows)
    n_done = sum(row["state"] == "done" for row in rows)
    title = f"{folder.name}: {n_done} of {len(rows)} runs, {len(compared)} conditions"
    with style.applied():
        figure = sweep_figure(title, rows, compared)
        png = io.BytesIO()
        figure.savefig(png, **style.PNG)
    replace_file(folder / FIGURE, lambda file: file.write(png.getvalue()))
    text = report.render(page(title, rows, compared, png.getvalue()))
    return replace_file(folder / REPORT, lambda file: file.write(text.encode()))


def page(title: str, rows: Sequence[Mapping], compared: Sequence[Mapping], png: bytes) -> Page:
    picture = report.embedded(png)
    unfinished = [row for row in rows if row["state"] != "done"]
    learned = [Text(headline(compared), "verdict")]
    learned += [Text(f"{row['run']}: {reason(row)}", "warning") for row in unfinished[:10]]
    if len(unfinished) > 10:
        learned.append(Text(f"and {len(unfinished) - 10} more runs are not done", "warning"))
    learned.append(Picture(*picture, alt=title, caption="Every seed is a point.", files=[FIGURE]))
    sections = [
        Section("learned", "Does training help?", learned),
        Section("body", "The map of the body", [comparison_table(compared, "body")]),
        Section("path", "The map of the whole path", [comparison_table(compared, "path")]),
        Section("runs", "Runs", [run_table(rows)]),
    ]
    return Page(title=title, subtitle="a sweep of the lateral line", sections=sections)


def headline(compared: Sequence[Mapping]) -> str:
    """In how many conditions the interval of the paired difference is clear of zero."""
    paired = [c["body"]["paired"]["difference"] for c in compared]
    known = [d for d in paired if d["low"] is not None and d["low"] == d["low"]]
    better, worse = sum(d["high"] < 0 for d in known), sum(d["low"] > 0 for d in known)
    if not known:
        return "It cannot be said yet: no condition has two seeds with usable maps."
    text = (
        f"Over the body, training improves the map in {better} of {len(compared)} conditions, "
        f"makes it worse in {worse}, and shows no clear difference in {len(known) - better - worse}"
    )
    unknown = len(compared) - len(known)
    return f"{text}; in {unknown} it cannot be said." if unknown else f"{text}."


def reason(row: Mapping) -> str:
    return row["complaint"] or "not done yet"


def comparison_table(compared: Sequence[Mapping], window: str) -> Table:
    """A row a condition: n, means with intervals, paired difference, p."""
    axes = list(compared[0]["condition"]) if compared else []
    head = [*(axes or ["condition"]), "runs", "maps"]
    head += ["σ trained", "σ untrained", "difference", "lower", "p"]
    return Table(head, [table_row(c, window, bool(axes)) for c in compared], caption=HOW)


def table_row(c: Mapping, window: str, has_axes: bool) -> list[str]:
    w, paired = c[window], c[window]["paired"]
    names = list(c["condition"].values()) if has_axes else ["all"]
    difference = paired["difference"]
    return [
        *names,
        f"{c['n_done']} of {c['n_runs']}",
        ", ".join(str(c["n_done"] - w[f"{who}_without_map"]) for who in ("trained", "untrained")),
        *(interval(w[who]) for who in ("trained", "untrained")),
        interval(difference, signed=True),
        f"{paired['n_lower']} of {difference['n']}",
        words(paired["p_value"]),
    ]


def interval(e: Mapping[str, Any], signed: bool = False) -> str:
    """Mean and 95 % interval, with the SD."""
    mean = words(e["mean"], signed)
    if e["n"] < 2:
        return mean
    return f"{mean} [{words(e['low'], signed)}, {words(e['high'], signed)}]"


def words(value: float | None, signed: bool = False) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def run_table(rows: Sequence[Mapping]) -> Table:
    """A row a run, with the command that repeats it alone."""
    head = ["run", "state", "σ body, trained", "untrained", "σ path, trained", "untrained", "valid"]
    body = []
    for row in rows:
        keys = ("sigma_theta_body_rad", "sigma_theta_rad")
        numbers = [
            words(row[who][key]) if row[who] else "–"
            for key in keys
            for who in ("trained", "untrained")
        ]
        valid = words(row["trained"]["valid_fraction"]) if row["trained"] else "–"
        body.append([row["run"], row["state"], *numbers, valid, report_code(row["command"])])
    return Table([*head, "command"], body, search="Filter, by condition or seed", numbers=False)


def report_code(text: str):
    from markupsafe import Markup

    return Markup("<code>{}</code>").format(text)
