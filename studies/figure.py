"""Figure of a study: the metric by condition, every seed a point, published numbers beside."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from models.lateral_line.comparison import CONDITIONS
from models.lateral_line.metrics import MAX_ANGLE_BINS, chance_band
from models.lateral_line.show.panels import SIGMA
from models.lateral_line.show.summary_figure import LOOK
from models.lateral_line.show.sweep_figure import (
    ASIDE,
    draw_mean,
    draw_valid,
    mark_chance,
    offsets,
)
from studies.measure import IN_RESULTS, METRICS
from studies.study import Condition, Published, Study, matching

PUBLISHED = {"trained": style.MIDDLE, "untrained": style.UNTRAINED}
UNITS = {  # on the axes
    "sigma_theta": (SIGMA, "rad"),
    "sigma_theta_body": (SIGMA, "rad"),
    "valid_fraction": ("valid fraction", "1"),
    "sharpening": ("ratio", "1"),
    "share_multimodal": ("share", "1"),
    "share_unimodal": ("share", "1"),
}
MEAN_AT = 2.2  # times ASIDE: beside the points of the seeds
HEADROOM = 1.15  # of the metric, above the largest value
TOO_FAR = 3  # times the highest value that counts: what is beyond is not shown
LABEL_WIDTH = 11  # letters of a condition on a line
LEAST_RANGE = 0.01  # of differences: where there is none, there is no scale
NEAR = {"trained": 0.04, "untrained": -0.04}  # of a published number, from the middle

Row = Mapping[str, Any]
Group = tuple[Condition, list[Row], Mapping[str, Any]]  # condition, runs, what compare says


def study_figure(
    study: Study,
    title: str,
    rows: Sequence[Row],
    compared: Sequence[Mapping[str, Any]],
    published: Sequence[Published],
) -> Figure:
    """Metric, paired difference and decoded share, by condition.

    Parameters
    ----------
    study : Study
    title : str
    rows : sequence of dict
        Runs, as of `studies.measure.measure`.
    compared : sequence of dict
        What `studies.measure.compare` says of them.
    published : sequence of Published
    """
    panels = split(study, rows, compared)
    widths = [max(len(groups), 2) for _, groups in panels]
    width = float(np.clip(2.5 + 0.75 * sum(widths), 6.5, 20))
    words = METRICS[study.metric].replace("σ_θ", SIGMA)
    with_map = study.metric in IN_RESULTS
    n_rows = 3 if with_map else 2
    figure = Figure(figsize=(width, 3.0 * n_rows + 0.8), layout="constrained")
    figure.suptitle(title, wrap=True)
    grid = figure.subplots(
        n_rows, len(panels), sharex="col", sharey="row", squeeze=False, width_ratios=widths
    )
    for column, (name, groups) in zip(grid.T, panels, strict=True):
        draw_metric(column[0], study, groups, published)
        draw_differences(column[1], groups)
        if with_map:
            draw_valid(column[2], [members for _, members, _ in groups])
            column[2].set_ylabel("")
        where = f"{study.panel} {name}" if study.panel else ""
        column[0].set_title("\n".join(filter(None, [f"A  {words}", where])))
        column[1].set_title("B  Trained − untrained, by seed")
        if with_map:
            column[2].set_title("C  Decoded share of the path")
        label_conditions(column[-1], study, groups)
    symbol, unit = UNITS[study.metric]
    texts = (f"{symbol} ({unit})", f"difference ({unit})", "valid fraction (1)")
    for ax, text in zip(grid[:, 0], texts, strict=False):
        ax.set_ylabel(text)
    limit(grid[0], study, rows, compared, published)
    make_room(grid[1, 0])
    handles, labels = grid[0, 0].get_legend_handles_labels()
    n_columns = len(labels) if width > 9 else 3
    figure.legend(handles, labels, loc="outside lower center", ncols=n_columns)
    return figure


def split(study: Study, rows: Sequence[Row], compared) -> list[tuple[str, list[Group]]]:
    """Groups of each panel, by the value of the panel's axis."""
    panels: dict[str, list[Group]] = {}
    for c in compared:
        condition = c["condition"]
        members = [r for r in rows if matching(r["condition"], condition)]
        panels.setdefault(condition.get(study.panel, ""), []).append((condition, members, c))
    return list(panels.items())


def draw_metric(ax, study: Study, groups: Sequence[Group], published: Sequence[Published]):
    """Every seed, filled if it counts, the means with intervals, published means with their SD."""
    for name in reversed(CONDITIONS):
        look = LOOK[name]
        for k, (_, members, found) in enumerate(groups):
            done = [row for row in members if row["trained"]]
            at = k + ASIDE[name] + offsets(len(done))
            y = np.array([row["raw"][name] for row in done], dtype=float)
            usable = np.array([row["value"][name] is not None for row in done], dtype=bool)
            for which, fill in ((usable, look["color"]), (~usable, "white")):
                spots = {**look, "ms": 3.5, "mfc": fill, "mew": 0.8, "ls": "none"}
                ax.plot(at[which], y[which], **spots)
            draw_mean(ax, k + MEAN_AT * ASIDE[name], found[name], look)
        ax.plot([], [], ls="none", label=name, **look)
    ax.plot([], [], "k_", ms=9, label="mean, 95 % interval")
    hollow = {**LOOK["trained"], "mfc": "white", "ls": "none", "label": "no usable map, left out"}
    if study.metric in IN_RESULTS:
        ax.plot([], [], **hollow)
    for who in ("untrained", "trained"):
        draw_published(ax, groups, [p for p in published if p.who == who], who)
    if not any(row["trained"] for _, members, _ in groups for row in members):
        style.say(ax, "no run is done yet")
    return ax


def limit(axes, study: Study, rows, compared, published: Sequence[Published]) -> None:
    """Show what there is to see, and chance where it is not far above it.

    Maps that cannot be used are shown too, unless they lie so far above that they would press the
    others to the ground; then it is said how many.
    """
    seen = [value for row in rows for value in row["value"].values()]
    seen += [c[who][end] for c in compared for who in CONDITIONS for end in ("mean", "high")]
    seen += [p.mean + (p.sd or 0) for p in published]
    highest = max((v for v in seen if v is not None and np.isfinite(v)), default=None)
    raw = [v for row in rows for v in row["raw"].values() if v is not None and np.isfinite(v)]
    far = np.inf if highest is None else TOO_FAR * highest
    near = [v for v in raw if v <= far]
    top = max([*near, *([] if highest is None else [highest])], default=1.0) * HEADROOM
    if n_above := len(raw) - len(near):
        text = f"{n_above} maps that cannot be used are above"
        axes[-1].text(
            0.99, 0.97, text, transform=axes[-1].transAxes, va="top", ha="right", fontsize=7
        )
    if study.metric.startswith("sigma_theta"):
        low, _, high = chance_band(MAX_ANGLE_BINS)
        if top < low:
            text = f"chance, {low:.1f} to {high:.1f} rad, is above this panel"
            axes[0].text(0.01, 0.97, text, transform=axes[0].transAxes, va="top", fontsize=7)
        else:
            for ax in axes:
                mark_chance(ax)
    axes[0].set_ylim(0, top)


def draw_published(ax, groups: Sequence[Group], published: Sequence[Published], who: str):
    look = {"marker": "D", "ms": 5, "mfc": "none", "color": PUBLISHED[who], "ls": "none"}
    for k, (condition, _, _) in enumerate(groups):
        for p in published:
            if matching(condition, p.at):
                ax.errorbar(k + NEAR[who], p.mean, p.sd, **look, elinewidth=0.8)
    if published:
        ax.plot([], [], label=f"published, {who} (bar: SD)", **look)
    return ax


def draw_differences(ax, groups: Sequence[Group]):
    """Trained minus untrained of each seed that has both, n, and the interval of the mean."""
    ax.axhline(0, color=style.MUTED, lw=1)
    for k, (_, members, found) in enumerate(groups):
        values = [row["value"] for row in members if row["trained"]]
        known = [v["trained"] - v["untrained"] for v in values if None not in v.values()]
        ax.plot(k + offsets(len(known)), known, "D", ms=3.5, color=style.DARK, mew=0)
        draw_mean(ax, k + 0.3, found["paired"]["difference"], {"color": style.DARK})
        where = ax.get_xaxis_transform()
        text = f"n={len(known)}"
        ax.text(k, 0.98, text, transform=where, ha="center", va="top", fontsize=7)
    return ax


def wrap(value: str) -> str:
    return textwrap.fill(value, LABEL_WIDTH, break_long_words=False)


def make_room(ax) -> None:
    """Keep the words at the top of the differences clear of the points; roundings stay flat."""
    low, high = ax.get_ylim()
    if high - low < LEAST_RANGE:
        low, high = -LEAST_RANGE / 2, LEAST_RANGE / 2
    ax.set_ylim(low, high + 0.15 * (high - low))


def label_conditions(ax, study: Study, groups: Sequence[Group]) -> None:
    if study.labels and len(study.labels) == len(groups):
        names = study.labels
    else:
        varying = [
            study.shown({k: v for k, v in c.items() if k != study.panel}) for c, *_ in groups
        ]
        fixed = {k for k in varying[0] if len({v[k] for v in varying}) == 1} if groups else set()
        drop = fixed if len(groups) > 1 else set()
        names = ["\n".join(wrap(v[k]) for k in v if k not in drop) or "all" for v in varying]
    ax.set_xticks(range(len(groups)), names)
    ax.set_xlim(-0.6, len(groups) - 0.4)
    ax.set_xlabel(study.x_label)
