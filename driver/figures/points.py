"""What figures over seeds have in common: points of seeds, means with intervals, chance bands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driver.experiment.metric import Metric
from driver.figures import style


@dataclass(frozen=True)
class Band:
    """Where a metric lies by chance."""

    low: float
    high: float
    label: str
    middle: float = math.nan


def mark_band(ax, band: Band):
    """Grey where `band` reaches, if it is defined; returns the axes."""
    if np.isfinite(band.low):
        ax.axhspan(band.low, band.high, color=style.CHANCE, lw=0, zorder=0, label=band.label)
        if np.isfinite(band.middle):
            ax.axhline(band.middle, color="white", lw=1, zorder=0)
    return ax


def draw_points(ax, x, y, look: Mapping[str, Any], counts=None, **more) -> None:
    """A point a seed, hollow where it does not count.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : ndarray, shape (n_seeds,)
        NaN is undefined and has no point.
    look : dict
        One of `style.LOOK`; `more` is laid over it.
    counts : ndarray of bool, shape (n_seeds,), optional
        Every seed if not given.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    counts = np.ones(y.size, dtype=bool) if counts is None else np.asarray(counts, dtype=bool)
    for which, fill in ((counts, look["color"]), (~counts, "white")):
        if which.any():  # an empty line that is not clipped would take the whole figure
            ax.plot(x[which], y[which], **{**look, "ls": "none", "mfc": fill, **more})


def offsets(n: int) -> np.ndarray:
    """Where the points of `n` seeds stand beside the middle of a condition."""
    return np.linspace(-0.09, 0.09, n) if n > 1 else np.zeros(n)


def draw_mean(ax, x: float, estimate: Mapping[str, Any], color: str, **look) -> None:
    """Mean and interval of an `Estimate` as a dict, in which null is undefined."""
    mean, low, high = np.array([estimate[k] for k in ("mean", "low", "high")], dtype=float)
    # equal values may differ from their mean by rounding, and an arm must not be negative
    arms = [[max(0.0, mean - low)], [max(0.0, high - mean)]] if np.isfinite(low) else None
    ax.errorbar(x, mean, arms, color=color, **{"marker": "_", "ms": 9, "lw": 1.2} | look)


def frame_panel(ax, metric: Metric, metrics: Sequence[Metric], band: Band | None) -> None:
    """Mark chance, and from where on `metric` lets others of the `metrics` count; set its axis.

    The axis reaches a little beyond the limits of the metric, or begins at zero if nothing is
    below. It is that of the data: a band of chance far above them is told in words.
    """
    top, bottom = max(ax.get_ylim()[1], 1.06 * ax.dataLim.ymax, 0.0) or 1.0, ax.dataLim.ymin
    if band is not None:
        mark_band(ax, band)
        top = max(top, min(1.05 * band.high, 1.3 * top)) if np.isfinite(band.low) else top
        if band.low > top:
            words = f"chance: above, {band.low:.2f} to {band.high:.2f}"
            ax.text(0.02, 0.98, words, transform=ax.transAxes, va="top", fontsize=8)
    for limit in valid_limits(metric, metrics):
        ax.axhline(limit, color=style.MUTED, ls=":", lw=1.2)
    if metric.limits is not None and np.isfinite(metric.limits).all():
        low, high = metric.limits
        ax.set_ylim(low - 0.07 * (high - low), high + 0.07 * (high - low))
    elif not bottom < 0:
        ax.set_ylim(-0.04 * top, top)


def valid_limits(metric: Metric, metrics: Sequence[Metric]) -> set[float]:
    """From which value on `metric` lets others count."""
    return {m.valid_from for m in metrics if m.valid == metric.name}
