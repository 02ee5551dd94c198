"""What figures over seeds have in common: points of seeds, means with intervals, chance bands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from driver.experiment.statistics import Estimate
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


def arms(found: Estimate) -> list[list[float]] | None:
    """How far the interval reaches below and above the mean; None without one."""
    if not np.isfinite([found.low, found.high]).all():
        return None
    # equal values may differ from their mean by rounding, and an arm must not be negative
    return [[max(0.0, found.mean - found.low)], [max(0.0, found.high - found.mean)]]


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


def offsets(n: int, spread: float = 0.09) -> np.ndarray:
    """Where the points of `n` seeds stand beside the middle of a condition."""
    return np.linspace(-spread, spread, n) if n > 1 else np.zeros(n)


def draw_mean(ax, x: float, estimate: Mapping[str, Any], color: str) -> None:
    """Mean and interval of an `Estimate` as a dict, in which null is undefined."""
    mean, low, high = (
        np.nan if estimate[k] is None else estimate[k] for k in ("mean", "low", "high")
    )
    if np.isfinite(mean):
        ax.plot([x - 0.07, x + 0.07], [mean, mean], color=color, lw=2)
    if np.isfinite(low):
        ax.plot([x, x], [low, high], color=color, lw=1.2)


def set_limits(ax, limits: tuple[float, float] | None, is_negative: bool) -> None:
    """Axis of a metric: a little beyond its `limits`, or from zero on if nothing is below."""
    low, high = ax.get_ylim()
    if limits is not None:
        margin = 0.07 * (limits[1] - limits[0])
        ax.set_ylim(limits[0] - margin, limits[1] + margin)
    elif not is_negative:
        high = high if high > 0 else 1.0
        ax.set_ylim(-0.04 * high, high)
