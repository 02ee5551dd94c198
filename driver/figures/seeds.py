"""The figure of several seeds: a panel a metric, trained beside untrained, seed by seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from driver.experiment.metric import LABELS, Metric, MetricTable, known, row_of
from driver.experiment.statistics import BOOTSTRAP_FROM, Estimate, estimate, paired
from driver.figures import draw as drawing
from driver.figures import style
from driver.figures.points import Band, arms, draw_points, mark_band, set_limits
from driver.formatting import mathtext, text
from driver.run.saved import Run, numbers_of

MAX_TICKS = 16  # seeds with a number below the axis
MAX_NAMED, TOO_CLOSE = 12, 0.05  # seeds with their number at the line; share of the panel's height
INTERVALS = {  # in the legend, by the methods that were used in the figure
    (): "mean",
    ("t",): "mean, 95 % t interval",
    ("BCa bootstrap",): "mean, 95 % BCa bootstrap interval",
    ("BCa bootstrap", "t"): f"mean, 95 % interval:\nt; BCa bootstrap from n = {BOOTSTRAP_FROM}",
}
Row = Mapping[str, Any]


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
    said = "; ".join(verdicts(every, label) for label in LABELS)
    return seeds_figure(rows, shown, f"{heading}\n{said}".strip("; \n")) if shown else None


def verdicts(every: Sequence[Mapping[str, Any]], label: str) -> str:
    """How many seeds have which verdict; nothing where a model has none."""
    said = Counter(v for results in every if (v := numbers_of(results, label).get("verdict")))
    return f"{label}: {', '.join(f'{n} {v}' for v, n in said.items())}" if said else ""


def seeds_figure(
    rows: Sequence[Row],
    metrics: Sequence[Metric],
    heading: str,
    *,
    by_seed: bool = False,
    n_columns: int = 3,
    chance: Mapping[str, Band] | None = None,
    usable: Mapping[str, Metric] | None = None,
    words: Callable[..., str] = text,
    if_undefined: str = "undefined in every seed",
) -> Figure:
    """Metrics of every seed, trained and untrained joined, their means with 95 % intervals.

    A value that does not count is hollow; one that is undefined is counted in the title. Means
    leave out only what is undefined.

    Parameters
    ----------
    rows : sequence of dict
        A seed each: ``seed``, and numbers by name as ``trained`` and ``untrained``, see
        `driver.experiment.metric.row_of`.
    metrics : sequence of Metric
        A panel each, row by row of the figure.
    heading : str
    by_seed : bool
        Seeds stand side by side, instead of the two networks; panels of a row have one scale.
    n_columns : int
    chance : dict of str to Band, optional
        What chance gives, by the name of the metric.
    usable : dict of str to Metric, optional
        Which metric has to count for a point to be filled, by the name of the metric that is
        drawn; that one itself if not given.
    words : callable
        ``words(value, digits, signed)``: how a number is written.
    if_undefined : str
        What a panel without any value says.
    """
    n_rows = max(1, -(-len(metrics) // n_columns))
    n_columns = max(1, min(n_columns, len(metrics)))
    figure = Figure(figsize=(12, 1.2 + 3.5 * n_rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    figure.suptitle(heading)
    axes = figure.subplots(
        n_rows, n_columns, squeeze=False, sharex=by_seed, sharey="row" if by_seed else False
    ).ravel()
    draw, seeds = draw_seeds if by_seed else draw_pairs, [row["seed"] for row in rows]
    estimates: list[Estimate] = []
    for ax, letter, m in zip(axes, ascii_uppercase, metrics, strict=False):
        values = {label: column(rows, label, m.name) for label in LABELS}
        judge = (usable or {}).get(m.name, m)
        counts = {
            label: [judge.counted(row[label]) is not None for row in rows] for label in LABELS
        }
        means = {label: estimate(values[label]) for label in LABELS}
        difference = paired(values["trained"], values["untrained"]).difference
        draw(ax, seeds, values, counts, means)
        if rows and not any(np.isfinite(v).any() for v in values.values()):
            style.say(ax, if_undefined)
        if m.name in (chance or {}):
            mark_band(ax, chance[m.name])
        labelled = ax.get_subplotspec().is_first_col() or not by_seed
        ax.set_ylabel(mathtext(m.axis) if labelled else "")
        colon, comma = (": ", ", ") if n_columns < 3 else ("\n", "\n")
        name = mathtext(m.label) + colon if m.symbol else ""
        ax.set_title(
            f"{letter}  {name}{title(means, difference, words, comma)}",
            fontsize="medium" if n_columns < 3 else "small",
        )
        estimates += [*means.values(), difference]
    for ax, m in zip(axes, metrics, strict=False):
        for limit in valid_limits(m, metrics):
            ax.axhline(limit, color=style.MUTED, ls=":", lw=1.2)
        below = any((column(rows, label, m.name) < 0).any() for label in LABELS)
        set_limits(ax, m.limits, below)
        if not by_seed:
            name_seeds(ax, seeds, column(rows, "trained", m.name))
        if by_seed and ax.get_subplotspec().is_last_row():
            ax.set_xlabel("seed number")
    for ax in axes[len(metrics) :]:
        ax.set_axis_off() if metrics else style.empty(ax, "no numbers")
    bands = [handle for ax in axes for handle in ax.get_legend_handles_labels()[0]]
    figure.legend(handles=handles(metrics, estimates, bands), loc="outside lower center", ncols=6)
    return figure


def column(rows: Sequence[Row], label: str, name: str) -> np.ndarray:
    """One number of every seed, shape (n_seeds,); NaN where it is undefined."""
    values = [row[label].get(name) for row in rows]
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def valid_limits(metric: Metric, metrics: Sequence[Metric]) -> set[float]:
    """From which value on `metric` lets others count."""
    return {m.valid_from for m in metrics if m.valid == metric.name}


def title(
    means: Mapping[str, Estimate], difference: Estimate, words: Callable[..., str], comma: str
) -> str:
    """n of the means, what is undefined, and the difference of the pairs.

    `comma` stands before the interval; a line break where there is little room.
    """
    found = f"means of n = {means['trained'].n} trained, {means['untrained'].n} untrained"
    missing = [f"{mean.n_undefined} {label}" for label, mean in means.items() if mean.n_undefined]
    found += f"\nundefined: {', '.join(missing)}" if missing else ""
    if difference.n:
        found += f"\ntrained − untrained: {words(difference.mean, 2, signed=True)}"
    if arms(difference) is not None:
        ends = " to ".join(words(end, 2, signed=True) for end in (difference.low, difference.high))
        found += f"{comma}95 % interval {ends} (n = {difference.n} pairs)"
    return found.replace("-", "−")


def draw_seeds(ax, seeds: Sequence[int], values, counts, means):
    """Seeds side by side, the two networks of each joined, and their means on the right.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    seeds : sequence of int
    values : dict of str to ndarray, shape (n_seeds,)
        For ``trained`` and ``untrained``, as all that follows; NaN is undefined.
    counts : dict of str to sequence of bool
        Whether a seed counts; if not, its point is hollow.
    means : dict of str to Estimate
    """
    if not seeds:
        return style.empty(ax, "no seed has results")
    place, end = np.arange(len(seeds)), len(seeds) + 0.3
    ax.vlines(place, values["untrained"], values["trained"], color=style.MUTED, lw=0.9, zorder=1)
    for aside, (label, look) in zip((-0.15, 0.15), style.LOOK.items(), strict=True):
        draw_points(ax, place, values[label], look, counts[label])
        mean = means[label]
        ax.errorbar(end + aside, mean.mean, arms(mean), capsize=4, lw=1.6, **look)
    ax.axvline(len(seeds) - 0.3, color=style.CHANCE, lw=1)
    shown = place[:: -(-len(seeds) // MAX_TICKS)]
    ax.set_xticks([*shown, end], [*(str(seeds[k]) for k in shown), "mean"])
    ax.set_xlim(-0.6, len(seeds) + 0.9)
    return ax


def draw_pairs(ax, seeds: Sequence[int], values, counts, means):
    """A line for each seed from untrained to trained, the means beside them; see `draw_seeds`."""
    names = list(style.LOOK)
    ax.plot([0, 1], np.stack([values[n] for n in names]), color=style.MUTED, lw=0.9, zorder=1)
    for at, side, label in zip((0, 1), (-0.16, 1.16), names, strict=True):
        look, mean = style.LOOK[label], means[label]
        place = np.full(len(seeds), at)
        draw_points(ax, place, values[label], look, counts[label], clip_on=False)
        hollow = {**look, "mfc": "none"}
        ax.errorbar(side, mean.mean, arms(mean), capsize=4, lw=1.6, **hollow)
    ax.set_xticks([0, 1], names)
    ax.set_xlim(-0.4, 1.4)
    return ax


def name_seeds(ax, seeds: Sequence[int], trained: np.ndarray) -> None:
    """Number of each seed at its line; of seeds too close for one each together."""
    if len(seeds) > MAX_NAMED:
        return
    low, high = ax.get_ylim()
    groups: list[list[tuple[float, int]]] = []
    for value, seed in sorted((v, s) for s, v in zip(seeds, trained, strict=True) if v == v):
        if groups and value - groups[-1][0][0] < TOO_CLOSE * (high - low):
            groups[-1].append((value, seed))
        else:
            groups.append([(value, seed)])
    for members in groups:
        names = ", ".join(str(seed) for seed in sorted(seed for _, seed in members))
        words = f"seed{'s' if len(members) > 1 else ''} {names}"
        place = {"textcoords": "offset points", "fontsize": 7, "ha": "right", "va": "bottom"}
        ax.annotate(words, (1, members[-1][0]), (-6, 2), **place)


def handles(metrics: Sequence[Metric], estimates: Sequence[Estimate], bands: Sequence) -> list:
    """What the legend explains: points, means, bands of chance, what counts."""
    found = [Line2D([], [], ls="none", label=name, **look) for name, look in style.LOOK.items()]
    limits = {m.valid_from for m in metrics if m.valid}
    if limits:
        hollow = {**style.LOOK["trained"], "mfc": "white", "ls": "none", "label": "not usable"}
        found.append(Line2D([], [], **hollow))
    wide = [e for e in estimates if e.high > e.low]  # of equal values none is drawn
    methods = tuple(sorted({e.method for e in wide}))
    look = {"color": style.TRAINED, "marker": "|", "ms": 7, "label": INTERVALS[methods]}
    found += [Line2D([], [], **look), *{band.get_label(): band for band in bands}.values()]
    dotted = {"color": style.MUTED, "ls": ":"}
    return [*found, *(Line2D([], [], label=f"usable from {x:.2f}", **dotted) for x in limits)]
