"""Figure of a sweep: metrics by condition, every seed a point, trained beside untrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.experiment.comparison import Row, by_condition
from driver.experiment.metric import Metric
from driver.figures import style
from driver.figures.page import page
from driver.figures.points import Band, draw_mean, draw_points, frame_panel, offsets
from driver.formatting import mathtext

ASIDE = {"untrained": -0.17, "trained": 0.17}  # of a network, from the middle of a condition
MEAN_AT = 2.2  # times ASIDE: beside the points
MAX_IN_COLUMN = 4  # panels; of more there are two columns
MAX_LABEL = 28  # letters of a condition below the axis
MAX_NUMBERS = 12  # below an axis of numbers
MAX_UNEVEN = 3  # times the smallest gap between numbers that the mean one may be


def sweep_figure(
    heading: str,
    rows: Sequence[Row],
    metrics: Sequence[Metric],
    compared: Sequence[Mapping[str, Any]],
    chance: Mapping[str, Band] | None = None,
) -> Figure:
    """A panel a metric, and below them trained minus untrained of the first one.

    Parameters
    ----------
    heading : str
    rows : sequence of dict
        Runs, as in ``sweep.json``.
    metrics : sequence of Metric
    compared : sequence of dict
        What `driver.experiment.comparison.compare` says of them.
    chance : dict of str to Band, optional
        What chance gives, by the name of the metric.
    """
    conditions = [condition for condition, _ in by_condition(rows)]
    groups = [[r for r in members if r["trained"]] for _, members in by_condition(rows)]
    n_panels = len(metrics) + 1 if metrics else 1
    n_columns = 1 if n_panels <= MAX_IN_COLUMN else 2
    n_rows = -(-n_panels // n_columns)
    places, scale = places_of(conditions)
    width = float(np.clip(n_columns * (4.9 + 0.9 * max(places)), 8.0, 20.0))
    figure = page(heading, 1.2 + 2.6 * n_rows, width)
    every = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    axes = every[:n_panels]
    for ax in every[n_panels:]:
        ax.set_axis_off()
    if not metrics:
        style.empty(axes[0], "no run is done")
        return figure
    for ax, letter, m in zip(axes, ascii_uppercase, metrics, strict=False):
        draw_metric(ax, places, groups, m, compared)
        frame_panel(ax, m, metrics, (chance or {}).get(m.name))
        left_out = "; hollow: not usable, not averaged" if m.valid else ""
        ax.set_title(f"{letter}  {mathtext(m.label or m.name)}{left_out}")
        ax.set_ylabel(mathtext(m.axis) if m.symbol else f"({m.unit or 1})")
    found = [c[metrics[0].name]["paired"]["difference"] for c in compared]
    differences = [known_differences(members, metrics[0]) for members in groups]
    draw_differences(axes[-1], places, differences, found)
    letter = ascii_uppercase[len(metrics)]
    name = mathtext(metrics[0].label or metrics[0].name)
    axes[-1].set_title(f"{letter}  Trained − untrained: {name}")
    axes[-1].set_ylabel(f"difference ({metrics[0].unit or 1})")
    names = [short(c) for c in conditions]
    turned = 90 if any(len(name) > 8 for name in names) and len(names) > 4 else 0
    every = -(-len(names) // MAX_NUMBERS) if scale else 1
    for ax in axes:
        ax.set_xticks(places[::every], names[::every], rotation=0 if scale else turned)
        ax.set_xlim(min(places) - 0.6, max(places) + 0.6)
    for ax in axes[-n_columns:]:
        ax.set_xlabel(axis_label(conditions) + ", logarithmic" * (scale == "log"))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def places_of(conditions: Sequence[Mapping[str, str]]) -> tuple[np.ndarray, str]:
    """Where conditions stand, at least 1 apart, and the scale: ``linear``, ``log`` or none.

    Numbers of one axis have one, unless some lie so close that others would be far away; all else
    stands side by side in its order.

    Examples
    --------
    >>> words = ("1 2 4", "1 10 100", "1 2 999", "a b")
    >>> [places_of([{"n": value} for value in word.split()])[1] for word in words]
    ['linear', 'log', '', '']
    """
    side_by_side = np.arange(float(max(len(conditions), 1)))
    values = [[*dict.fromkeys(c.values())] for c in conditions]
    if len(values) < 2 or any(len(v) != 1 for v in values):
        return side_by_side, ""
    try:
        x = np.array([float(v[0]) for v in values])
    except ValueError:
        return side_by_side, ""
    for scale, scaled in (("linear", x), ("log", np.log(x) if x.min() > 0 else x)):
        gaps = np.diff(np.sort(scaled))
        if np.isfinite(scaled).all() and gaps.min() * len(gaps) * MAX_UNEVEN > gaps.sum() > 0:
            return (scaled - scaled.min()) / gaps.min(), scale
    return side_by_side, ""


def axis_label(conditions: Sequence[Mapping[str, str]]) -> str:
    """Names of what varies; those that always have the same value joined."""
    names = list(conditions[0]) if conditions else []
    if not names:
        return "condition"
    follows = all(len(set(c.values())) == 1 for c in conditions)
    return (" = " if follows else ", ").join(names)


def short(condition: Mapping[str, str]) -> str:
    """Values of a condition; one, if all are the same."""
    values = list(condition.values())
    name = ", ".join(values[:1] if len(set(values)) == 1 else values) or "all"
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


def draw_metric(ax, places, groups: Sequence[Sequence[Row]], metric: Metric, compared):
    """Every seed as a point, filled if it counts; the mean of those with its interval beside it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    places : ndarray of float, shape (n_conditions,)
    groups : sequence of sequence of dict
        Runs that are done, by condition.
    metric : Metric
    compared : sequence of dict
        A condition each.
    """
    for label, aside in ASIDE.items():
        look = style.LOOK[label]
        for x, members, found in zip(places, groups, compared, strict=True):
            y = [row[label].get(metric.name) for row in members]
            counts = [metric.counted(row[label]) is not None for row in members]
            draw_points(ax, x + aside + offsets(len(y)), y, look, counts, ms=3.5, mew=0.8)
            draw_mean(ax, x + MEAN_AT * aside, found[metric.name][label], look["color"])
        ax.plot([], [], ls="none", label=label, **look)
    ax.plot([], [], "k_", ms=9, label="mean, 95 % interval")
    return ax


def known_differences(members: Sequence[Row], metric: Metric) -> np.ndarray:
    """Trained minus untrained of each seed whose values both count."""
    pairs = [(metric.counted(r["trained"]), metric.counted(r["untrained"])) for r in members]
    return np.array([a - b for a, b in pairs if a is not None and b is not None])


def draw_differences(
    ax, places, differences: Sequence[np.ndarray], found: Sequence[Mapping[str, Any]]
):
    """Differences of the seeds of each condition, n, and the interval of the mean.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    places : ndarray of float, shape (n_conditions,)
    differences : sequence of ndarray, shape (n_pairs,)
    found : sequence of dict
        An `Estimate` of each condition.
    """
    ax.axhline(0, color=style.MUTED, lw=1)
    for x, known, estimate in zip(places, differences, found, strict=True):
        ax.plot(x + offsets(known.size), known, "D", ms=3.5, color=style.DARK, mew=0)
        draw_mean(ax, x + 0.3, estimate, style.DARK)
        words = f"n = {estimate['n']}"
        words += f"\n{estimate['n_undefined']} left out" if estimate["n_undefined"] else ""
        where = ax.get_xaxis_transform()
        ax.text(x, 0.98, words, transform=where, ha="center", va="top", fontsize=7)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.25 * (high - low))  # room for the words
    return ax
