"""The figure of several seeds: a panel a metric, trained beside untrained, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from driver.experiment.comparison import contrasted
from driver.experiment.metric import LABELS, Metric, MetricTable, known, row_of, verdicts_of_seeds
from driver.figures import draw as drawing
from driver.figures import style
from driver.figures.page import page
from driver.figures.points import Band, draw_mean, draw_points, frame_panel
from driver.formatting import interval, mathtext
from driver.run.saved import Run

MAX_TICKS = 10  # seeds with a number below the axis


def draw_summary(table: MetricTable, run: Run) -> list[Path]:
    """Draw ``seeds_summary_n<n>.png`` of a run; nothing for a run of one seed."""
    return drawing.draw_summary(run, seeds_summary.__name__, partial(seeds_summary, table))


def seeds_summary(table: MetricTable, run: Run) -> Figure | None:
    """Metrics of every seed, trained and untrained joined, with their means.

    Look for lines that all go the same way. The mean has its 95 % interval; values that are
    undefined are counted in the title and left out.
    """
    every = [run.seed(seed).results for seed in run.finished]
    rows = [row_of(table, *pair) for pair in zip(run.finished, every, strict=True)]
    shown = known([m for m in table if m.figures], rows)
    heading = f"{len(rows)} seeds, untrained and trained joined"
    said = verdicts_of_seeds(every) if table.verdicts else ""
    return seeds_figure(rows, shown, f"{heading}\n{said}".strip()) if shown else None


def seeds_figure(
    rows: Sequence[Mapping[str, Any]],
    metrics: Sequence[Metric],
    heading: str,
    *,
    n_columns: int = 3,
    chance: Mapping[str, Band] | None = None,
    usable: Mapping[str, Metric] | None = None,
    if_undefined: str = "undefined in every seed",
) -> Figure:
    """Metrics of every seed, trained and untrained joined, their means with 95 % intervals.

    A value that does not count is hollow; one that is undefined is counted in the title. Means
    leave out only what is undefined. Panels of one quantity in a row have one scale.

    Parameters
    ----------
    rows : sequence of dict
        A seed each, see `driver.experiment.metric.row_of`.
    metrics : sequence of Metric
        A panel each, row by row of the figure.
    heading : str
    n_columns : int
    chance : dict of str to Band, optional
        What chance gives, by the name of the metric.
    usable : dict of str to Metric, optional
        Which metric has to count for a point to be filled, by the name of the metric that is
        drawn; that one itself if not given.
    if_undefined : str
        What a panel without any value says.
    """
    n_columns = max(1, min(n_columns, len(metrics)))
    n_rows = max(1, -(-len(metrics) // n_columns))
    figure = page(heading, 1.2 + 3.5 * n_rows)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    estimates: list[Mapping[str, Any]] = []
    for k, (ax, m) in enumerate(zip(axes, metrics, strict=False)):
        if k % n_columns and m.axis == metrics[k - 1].axis:
            ax.sharey(axes[k - 1])
            ax.tick_params(labelleft=False)
        else:
            ax.set_ylabel(mathtext(m.axis))
        judge = (usable or {}).get(m.name, m)
        counts = {
            label: [judge.counted(row[label]) is not None for row in rows] for label in LABELS
        }
        values = {label: [row[label].get(m.name) for row in rows] for label in LABELS}
        found = contrasted(values, m.limits)
        draw_seeds(ax, [row["seed"] for row in rows], values, counts, found)
        if rows and not any(found[label]["n"] for label in LABELS):
            style.say(ax, if_undefined)
        name = f"{mathtext(m.label)}\n" if m.symbol else ""
        ax.set_title(f"{ascii_uppercase[k]}  {name}{title(found)}", fontsize="small")
        ax.set_xlabel("seed number")
        estimates += [*(found[label] for label in LABELS), found["paired"]["difference"]]
    for ax, m in zip(axes, metrics, strict=False):
        frame_panel(ax, m, metrics, (chance or {}).get(m.name))
    for ax in axes[len(metrics) :]:
        ax.set_axis_off() if metrics else style.empty(ax, "no numbers")
    bands = [handle for ax in axes for handle in ax.get_legend_handles_labels()[0]]
    figure.legend(handles=handles(metrics, estimates, bands), loc="outside lower center", ncols=6)
    return figure


def title(found: Mapping[str, Any]) -> str:
    """n of the means, what is undefined, and the difference of the pairs with its interval."""
    words = f"means of n = {found['trained']['n']} trained, {found['untrained']['n']} untrained"
    lost = [f"{n} {label}" for label in LABELS if (n := found[label]["n_undefined"])]
    words += f"\nundefined: {', '.join(lost)}" if lost else ""
    difference = found["paired"]["difference"]
    if n := difference["n"]:
        words += f"\ntrained − untrained: {interval(difference, signed=True)}, n = {n}"
    return words.replace("-", "−")


def draw_seeds(ax, seeds: Sequence[int], values, counts, found: Mapping[str, Any]):
    """Seeds side by side, the two networks of each joined, and their means on the right.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    seeds : sequence of int
    values : dict of str to sequence of float or None
        For ``trained`` and ``untrained``, a value a seed.
    counts : dict of str to sequence of bool
        Whether a seed counts; if not, its point is hollow.
    found : dict
        Of the `values`, see `driver.experiment.comparison.contrasted`.
    """
    if not seeds:
        return style.empty(ax, "no seed has results")
    place, end = np.arange(len(seeds)), len(seeds) + 0.3
    ends = (np.array(values[label], dtype=float) for label in ("untrained", "trained"))
    ax.vlines(place, *ends, color=style.MUTED, lw=0.9, zorder=1)
    for aside, (label, look) in zip((-0.15, 0.15), style.LOOK.items(), strict=True):
        draw_points(ax, place, values[label], look, counts[label])
        draw_mean(ax, end + aside, found[label], **look, capsize=4, lw=1.6)
    ax.axvline(len(seeds) - 0.3, color=style.CHANCE, lw=1)
    shown = place[:: -(-len(seeds) // MAX_TICKS)]
    ax.set_xticks([*shown, end], [*(str(seeds[k]) for k in shown), "mean"])
    ax.set_xlim(-0.6, len(seeds) + 0.9)
    return ax


def handles(
    metrics: Sequence[Metric], estimates: Sequence[Mapping[str, Any]], bands: Sequence
) -> list:
    """What the legend explains: points, means, bands of chance, what counts."""
    found = [Line2D([], [], ls="none", label=name, **look) for name, look in style.LOOK.items()]
    limits = {m.valid_from for m in metrics if m.valid}
    if limits:
        hollow = {**style.LOOK["trained"], "mfc": "white", "ls": "none", "label": "not usable"}
        found.append(Line2D([], [], **hollow))
    drawn = any(e["high"] > e["low"] for e in estimates)  # of equal values none is
    mean = "mean, 95 % t interval" if drawn else "mean"
    look = {"color": style.TRAINED, "marker": "|", "ms": 7, "label": mean}
    found += [Line2D([], [], **look), *{band.get_label(): band for band in bands}.values()]
    dotted = {"color": style.MUTED, "ls": ":"}
    return [*found, *(Line2D([], [], label=f"usable from {x:.2f}", **dotted) for x in limits)]
