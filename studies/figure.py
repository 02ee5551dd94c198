"""Figure of a study: the metric by condition, every seed a point, published numbers beside."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.points import draw_mean, draw_points, mark_band, offsets
from driver.figures.sweep import ASIDE, MEAN_AT
from driver.formatting import mathtext
from models.lateral_line.metrics import MAX_ANGLE_BINS
from models.lateral_line.show.panels import chance
from studies.findings import Findings
from studies.study import WHO, Condition, Metric, Published, Study, matching

PUBLISHED = {"trained": style.MIDDLE, "untrained": style.UNTRAINED}
HEADROOM = 1.15  # of the metric, above the largest value
TOO_FAR = 3  # times the highest value that counts: what is beyond is not shown
LABEL_WIDTH = 11  # letters of a condition on a line
LEAST_RANGE = 0.01  # of differences: where there is none, there is no scale
NEAR = {"trained": 0.04, "untrained": -0.04}  # of a published number, from the middle

Row = Mapping[str, Any]
Group = tuple[Condition, list[Row], Mapping[str, Any]]  # condition, runs done, what compare says


def study_figure(found: Findings) -> Figure:
    """Metric, paired difference and, where it decides what counts, a share, by condition."""
    metric, panels = found.metric, split(found)
    widths = [max(len(groups), 2) for _, groups in panels]
    width = float(np.clip(2.5 + 0.75 * sum(widths), 6.5, 20))
    n_rows = 3 if metric.valid else 2
    figure = Figure(figsize=(width, 3.0 * n_rows + 0.8), layout="constrained")
    figure.suptitle(found.title, wrap=True)
    grid = figure.subplots(
        n_rows, len(panels), sharex="col", sharey="row", squeeze=False, width_ratios=widths
    )
    for column, (name, groups) in zip(grid.T, panels, strict=True):
        draw_metric(column[0], metric, groups, found.published)
        draw_differences(column[1], groups)
        if metric.valid:
            draw_valid(column[2], metric, groups)
        head = f"A  {mathtext(metric.text)}"
        column[0].set_title(f"{head}\n{found.study.panel} {name}" if name else head)
        label_conditions(column[-1], found.study, groups)
    labels = [f"{mathtext(metric.symbol)} ({metric.unit})"]
    labels += [f"difference ({metric.unit})", "valid fraction (1)"]
    for ax, label in zip(grid[:, 0], labels, strict=False):
        ax.set_ylabel(label)
    limit(grid[0], found)
    make_room(grid[1, 0])
    handles, labels = grid[0, 0].get_legend_handles_labels()
    n_columns = len(labels) if width > 9 else 3
    figure.legend(handles, labels, loc="outside lower center", ncols=n_columns)
    return figure


def split(found: Findings) -> list[tuple[str, list[Group]]]:
    """Groups of each panel, by the value of the panel's axis."""
    panels: dict[str, list[Group]] = {}
    done = [row for row in found.rows if row["state"] == "done"]
    for c in found.compared:
        condition = c["condition"]
        own = [row for row in done if matching(row["condition"], condition)]
        panels.setdefault(condition.get(found.study.panel, ""), []).append((condition, own, c))
    return list(panels.items())


def draw_metric(
    ax, metric: Metric, groups: Sequence[Group], published: Sequence[Published]
) -> None:
    """Every seed, filled if it counts, the means with intervals, published means with their SD."""
    for who in reversed(WHO):
        look = style.LOOK[who]
        for k, (_, done, found) in enumerate(groups):
            at = k + ASIDE[who] + offsets(len(done))
            y = np.array([row["raw"][who] for row in done], dtype=float)
            counts = np.array([row["value"][who] is not None for row in done], dtype=bool)
            draw_points(ax, at, y, look, counts, ms=3.5, mew=0.8)
            draw_mean(ax, k + MEAN_AT * ASIDE[who], found[who], look["color"])
        ax.plot([], [], ls="none", label=who, **look)
    ax.plot([], [], "k_", ms=9, label="mean, 95 % interval")
    if metric.valid:
        hollow = {**style.LOOK["trained"], "mfc": "white", "ls": "none"}
        ax.plot([], [], label="not usable, left out", **hollow)
    for who in reversed(WHO):
        draw_published(ax, groups, [p for p in published if p.who == who], who)
    if not any(done for _, done, _ in groups):
        style.say(ax, "no run is done yet")


def limit(axes, found: Findings) -> None:
    """Show what there is to see, and chance where it is not far above it.

    Values that do not count are shown too, unless they lie so far above that they would press the
    others to the ground; then it is said how many.
    """
    seen = [value for row in found.rows for value in row["value"].values()]
    seen += [c[who][end] for c in found.compared for who in WHO for end in ("mean", "high")]
    seen = finite([*seen, *(p.mean + (p.sd or 0) for p in found.published)])
    raw = finite([value for row in found.rows for value in row["raw"].values()])
    near = [value for value in raw if value <= TOO_FAR * max(seen, default=np.inf)]
    top = max([*near, *seen], default=1.0) * HEADROOM or 1.0
    bottom = min([0.0, *near]) * HEADROOM
    place = {"va": "top", "fontsize": 7}
    if n_above := len(raw) - len(near):
        text = f"{n_above} values that cannot be used are above"
        axes[-1].text(0.99, 0.97, text, transform=axes[-1].transAxes, ha="right", **place)
    if found.metric.chance == "angle":
        band = chance(MAX_ANGLE_BINS)
        if top < band.low:
            text = f"chance, {band.low:.1f} to {band.high:.1f} rad, is above this panel"
            axes[0].text(0.01, 0.97, text, transform=axes[0].transAxes, **place)
        else:
            for ax in axes:
                mark_band(ax, band)
    axes[0].set_ylim(bottom, top)


def finite(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and np.isfinite(value)]


def draw_published(ax, groups: Sequence[Group], published: Sequence[Published], who: str) -> None:
    look = {"marker": "D", "ms": 5, "mfc": "none", "color": PUBLISHED[who], "ls": "none"}
    for k, (condition, _, _) in enumerate(groups):
        for p in published:
            if matching(condition, p.at):
                ax.errorbar(k + NEAR[who], p.mean, p.sd, **look, elinewidth=0.8)
    if published:
        ax.plot([], [], label=f"published, {who} (bar: SD)", **look)


def draw_differences(ax, groups: Sequence[Group]) -> None:
    """Trained minus untrained of each seed that has both, n, and the interval of the mean."""
    ax.axhline(0, color=style.MUTED, lw=1)
    for k, (_, done, found) in enumerate(groups):
        values = [row["value"] for row in done if None not in row["value"].values()]
        known = [value["trained"] - value["untrained"] for value in values]
        ax.plot(k + offsets(len(known)), known, "D", ms=3.5, color=style.DARK, mew=0)
        draw_mean(ax, k + 0.3, found["paired"]["difference"], style.DARK)
        where = ax.get_xaxis_transform()
        ax.text(k, 0.98, f"n={len(known)}", transform=where, ha="center", va="top", fontsize=7)
    ax.set_title("B  Trained − untrained, by seed")


def draw_valid(ax, metric: Metric, groups: Sequence[Group]) -> None:
    """The share that decides what counts, every seed."""
    for who in reversed(WHO):
        for k, (_, done, _) in enumerate(groups):
            y = [row["valid"][who] for row in done]
            draw_points(ax, k + ASIDE[who] + offsets(len(done)), y, style.LOOK[who], ms=3.5)
    ax.axhline(metric.valid_from, color=style.MUTED, ls=":", lw=1.2)
    ax.set(title=f"C  {metric.valid_text}", ylim=(-0.04, 1.06))


def make_room(ax) -> None:
    """Keep the words at the top of the differences clear of the points; roundings stay flat."""
    low, high = ax.get_ylim()
    if high - low < LEAST_RANGE:
        low, high = -LEAST_RANGE / 2, LEAST_RANGE / 2
    ax.set_ylim(low, high + 0.15 * (high - low))


def label_conditions(ax, study: Study, groups: Sequence[Group]) -> None:
    """Name each condition by its values, but for those that are the same in the whole panel."""
    shown = [study.shown(condition) for condition, *_ in groups]
    varies = {k for k in shown[0] if len({c[k] for c in shown}) > 1 or len(groups) == 1}
    varies.discard(study.panel)
    wrap = textwrap.TextWrapper(LABEL_WIDTH, break_long_words=False).fill
    names = ["\n".join(wrap(c[k]) for k in c if k in varies) or "all" for c in shown]
    ax.set_xticks(range(len(groups)), study.labels if len(study.labels) == len(groups) else names)
    ax.set_xlim(-0.6, len(groups) - 0.4)
    ax.set_xlabel(study.x_label)
