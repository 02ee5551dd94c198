"""The figure of several seeds: how good the map is, seed by seed, trained beside untrained.

Drawn from the results files of the seeds and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.experiment import statistics
from driver.experiment.statistics import BOOTSTRAP_FROM, Estimate
from driver.figures import style
from models.lateral_line import metrics, summary
from models.lateral_line.metrics import USABLE_VALID_FRACTION
from models.lateral_line.saved import Run
from models.lateral_line.show.overviews import network, run_name
from models.lateral_line.show.panels import DELTA, SIGMA, SILENT
from models.lateral_line.show.verdict import BODY, PATH, usable

LOOK = {
    "untrained": {"color": style.UNTRAINED, "marker": "s", "ms": 6},
    "trained": {"color": style.TRAINED, "marker": "o", "ms": 5.5},
}
ASIDE = {"untrained": -0.15, "trained": 0.15}  # means side by side, so that intervals are seen
MAX_NAMED = 16  # seeds with a number below the axis, or in the headline
# key of the value, over the scored path and over the body
ROWS = {
    f"{SIGMA} (rad)": ("sigma_theta_rad", "sigma_theta_body_rad"),
    f"{DELTA} (rad)": ("delta_trial_rad", "delta_trial_body_rad"),
    "valid fraction (1)": ("valid_fraction_window", "valid_fraction_body_window"),
}
INTERVALS = {  # in the legend, by the methods that were used in the figure
    (): "mean",
    ("t",): "mean, 95 % t interval",
    ("BCa bootstrap",): "mean, 95 % BCa bootstrap interval",
    ("BCa bootstrap", "t"): f"mean, 95 % interval:\nt; BCa bootstrap from n = {BOOTSTRAP_FROM}",
}


def multiseed_summary(run: Run) -> Figure:
    """Map quality by seed with mean and interval: a row a number, a column a window."""
    results = [run.seed(seed).results for seed in run.finished]
    figure = Figure(figsize=(12, 11), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    figure.suptitle("\n".join(heading(run)))
    axes = figure.subplots(3, 2, sharex=True, sharey="row", height_ratios=(1.3, 1.1, 0.9))
    rows = {"trained": results, "untrained": [r["untrained"] for r in results]}
    estimates: list[Estimate] = []
    for column, (window, judged) in enumerate(zip(windows(run), (PATH, BODY), strict=True)):
        maps = {name: [usable(r, judged) for r in found] for name, found in rows.items()}
        letters = "ABCDEF"[column::2]
        for ax, letter, (label, keys) in zip(axes[:, column], letters, ROWS.items(), strict=True):
            values = {name: column_of(found, keys[column]) for name, found in rows.items()}
            means = {name: statistics.estimate(v) for name, v in values.items()}
            difference = statistics.paired(values["trained"], values["untrained"]).difference
            draw_seeds(ax, [r["seed"] for r in results], values, maps, means)
            ax.set_ylabel(label if column == 0 else "")
            ax.set_title(f"{letter}  {window}{words(means, difference)}")
            estimates += [*means.values(), difference]
    for sigma in axes[0]:
        mark_chance(sigma, min(metrics.MAX_ANGLE_BINS, run.params.n_ts))
    for ax in axes[:2].flat:
        ax.set_ylim(bottom=0)
    for ax in axes[2]:
        ax.axhline(USABLE_VALID_FRACTION, color=style.MUTED, ls=":", lw=1.2)
        ax.set(xlabel="seed number", ylim=(-0.06, 1.08))
    figure.legend(handles=handles(axes[0, 0], estimates), loc="outside lower center", ncols=6)
    return figure


def heading(run: Run) -> list[str]:
    """Headline of the run without its seed, and which seeds have no results."""
    missing = [seed for seed in run.seeds if seed not in run.finished]
    shown = run.seed(run.finished[0]) if run.finished else None
    lines = [f"{run_name(run)}, {len(run.seeds)} seeds", *([network(shown)] if shown else [])]
    lines.append("Test, trained and untrained joined; means leave out only what is undefined")
    if missing:
        named = ", ".join(map(str, missing[:MAX_NAMED]))
        named += f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        lines.append(f"failed or not finished, and not shown: seed {named}")
    return lines


def windows(run: Run) -> tuple[str, str]:
    return summary.place(run.params.eval_window_cm), "body"


def column_of(rows: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """One number of every seed, shape (n_seeds,); NaN where it is undefined."""
    return np.array([np.nan if row[key] is None else row[key] for row in rows], dtype=float)


def words(means: Mapping[str, Estimate], difference: Estimate) -> str:
    """Title of a panel: n of the means, what is undefined, and the difference of the pairs."""
    text = f": means of n = {means['trained'].n} trained, {means['untrained'].n} untrained"
    missing = [f"{found.n_undefined} {name}" for name, found in means.items() if found.n_undefined]
    text += f"\nundefined: {', '.join(missing)}" if missing else ""
    if difference.n:
        text += f"\ntrained − untrained: {difference.mean:+.2f}"
    if arms(difference) is not None:
        ends = f"{difference.low:+.2f} to {difference.high:+.2f}"
        text += f", 95 % interval {ends} (n = {difference.n} pairs)"
    return text.replace("-", "−")


def draw_seeds(
    ax,
    seeds: Sequence[int],
    values: Mapping[str, np.ndarray],
    maps: Mapping[str, Sequence[bool]],
    means: Mapping[str, Estimate],
):
    """A number of every seed, trained and untrained joined, and their means on the right.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    seeds : sequence of int
    values : dict of str to ndarray, shape (n_seeds,)
        For ``trained`` and ``untrained``, as all that follows; NaN is undefined.
    maps : dict of str to sequence of bool
        Whether a seed has a usable map; without one its point is hollow.
    means : dict of str to Estimate
    """
    if not seeds:
        return style.empty(ax, "no seed has results")
    place = np.arange(len(seeds))
    ax.vlines(place, values["untrained"], values["trained"], color=style.MUTED, lw=0.9, zorder=1)
    for name, look in LOOK.items():
        poor = ~np.array(maps[name], dtype=bool)
        for which, fill in ((~poor, look["color"]), (poor, "white")):
            ax.plot(place[which], values[name][which], ls="none", mfc=fill, **look)
        at = len(seeds) + 0.3 + ASIDE[name]
        ax.errorbar(at, means[name].mean, arms(means[name]), capsize=4, lw=1.6, **look)
    if not any(np.isfinite(v).any() for v in values.values()):
        style.say(ax, SILENT)
    ax.axvline(len(seeds) - 0.3, color=style.CHANCE, lw=1)
    shown = place[:: -(-len(seeds) // MAX_NAMED)]
    ax.set_xticks([*shown, len(seeds) + 0.3], [*(str(seeds[k]) for k in shown), "mean"])
    ax.set_xlim(-0.6, len(seeds) + 0.9)
    return ax


def arms(found: Estimate) -> list[list[float]] | None:
    """How far the interval reaches below and above the mean; None without one."""
    if not np.isfinite([found.low, found.high]).all():
        return None
    # equal values may differ from their mean by rounding, and an arm must not be negative
    return [[max(0.0, found.mean - found.low)], [max(0.0, found.high - found.mean)]]


def mark_chance(ax, n_bins: int):
    """Grey where `sigma_theta` lies without any order, 5 to 95 %; returns the axes."""
    low, median, high = metrics.chance_band(n_bins)
    if np.isfinite(low):
        label = f"chance {SIGMA}, 5–95 % ({n_bins} bins)"
        ax.axhspan(low, high, color=style.CHANCE, lw=0, zorder=0, label=label)
        ax.axhline(median, color="white", lw=1, zorder=0)
    return ax


def handles(ax, estimates: Sequence[Estimate]) -> list:
    """What the legend explains: points, mean, and chance if `ax` shows it."""
    from matplotlib.lines import Line2D

    points = [Line2D([], [], ls="none", label=name, **look) for name, look in LOOK.items()]
    hollow = {**LOOK["trained"], "mfc": "white", "ls": "none", "label": "no usable map"}
    usable = {"color": style.MUTED, "ls": ":", "label": f"usable from {USABLE_VALID_FRACTION:.2f}"}
    wide = [found for found in estimates if found.high > found.low]  # of equal values none is drawn
    methods = tuple(sorted({found.method for found in wide}))
    mean = {"color": style.TRAINED, "marker": "|", "ms": 7, "label": INTERVALS[methods]}
    chance = ax.get_legend_handles_labels()[0]
    return [
        *points,
        Line2D([], [], **hollow),
        Line2D([], [], **mean),
        *chance,
        Line2D([], [], **usable),
    ]
