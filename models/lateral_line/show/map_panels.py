"""Panels of a map: TS cells by source position, and how the order of the map goes over training.

Like `models.lateral_line.show.panels`: each takes axes and arrays and returns the axes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from driver.figures import style
from driver.figures.points import Band, mark_band
from models.lateral_line.show.panels import COLOUR, MAX_MARKED
from models.lateral_line.show.position_panels import draw_image

SHARE = "rate over the cell's own peak (1)"
CELLS, ALIGNED_CELLS = "TS cell index", "TS cell index, aligned"
TRIALS = "trials of training (count)"
MIRRORED = {"color": style.MUTED, "lw": 1.3, "ls": (0, (4, 1.5))}
RANDOM_ORDER = "cells in random order, 5–95 %"  # what chance is
NAMES = {"trained": "test, trained", "untrained": "test, untrained"}


def share_of_peak(rate_Hz, tuned):
    """Every cell over its own peak, shape kept; NaN for a cell that is not `tuned`."""
    peak = np.nanmax(rate_Hz, axis=1, initial=0.0)
    return rate_Hz / np.where(tuned & (peak > 0), peak, np.nan)[:, None]


def draw_map(ax, share, ends_cm, body_cm: float):
    """Each TS cell a row: its rate by source position as a share of its peak; grey: not tuned.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    share : ndarray, shape (n_cells, n_bins)
        0 to 1; NaN where it is not known.
    ends_cm : (float, float)
        Of the bins.
    body_cm : float
        The body reaches from 0 to here; marked where the source goes further.
    """
    draw_image(ax, share, (*ends_cm, -0.5, len(share) - 0.5), 0.0, 1.0)
    ax.set_facecolor(style.MUTED)  # lighter rows would look like lines
    for end in (0.0, body_cm):
        if ends_cm[0] < end < ends_cm[1]:
            ax.axvline(end, color="white", lw=2.4)
            ax.axvline(end, color=COLOUR["ll"], lw=1.2, ls=(0, (1, 1)))
    if not np.isfinite(share).any():
        style.say(ax, "no TS cell is tuned")
    ax.set_ylabel(CELLS)
    ax.locator_params(axis="y", integer=True)
    return ax


def draw_course(ax, trial, values, label: str = "", look: Mapping = style.LINE["trained"]):
    """A number of the map over training; its first point is of the untouched network.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    trial, values : ndarray, shape (n_records,)
        NaN is a gap.
    label : str
    look : dict
        Of the line.
    """
    size = 3.5 if trial.size <= MAX_MARKED else 0
    ax.plot(trial, values, marker="o", ms=size, label=label or None, **look)
    ax.plot(trial[:1], values[:1], "o", ms=5.5, mec=style.UNTRAINED, mfc=style.UNTRAINED, zorder=4)
    return ax


def draw_tests(ax, places: Mapping[str, float], values: Mapping[str, float], chance=None):
    """What the test found after training, of the trained network and its untrained twin.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    places, values : dict of str to float
        Of ``trained`` and ``untrained``, as far as it is defined: where on the x axis, and what.
    chance : dict of str to (float, float), optional
        A grey bar behind each of them.
    """
    for label, (low, high) in (chance or {}).items():
        ax.vlines(places[label], low, high, color=style.CHANCE, lw=9, zorder=1)
    if chance:
        ax.fill_between([], [], color=style.CHANCE, lw=0, label=RANDOM_ORDER)
    for label, value in values.items():
        look = {"ls": "none", "zorder": 5} | style.LOOK[label]
        ax.plot([places[label]], [value], label=NAMES[label], **look)
    return ax


def frame_order(ax, band: Band):
    """Axis and chance band of the order of the map; returns the axes."""
    mark_band(ax, band)
    ax.set(ylabel="order of the map (1)", ylim=(min(-0.08, ax.get_ylim()[0]), 1.02))
    return ax


def frame_sigma(ax, band: Band | None = None):
    """Axis of `sigma_theta`, radians, from 0 on, and its chance band if given; returns the axes."""
    if band is not None:
        mark_band(ax, band)
    high = ax.dataLim.ymax if np.isfinite(ax.dataLim.ymax) else 0.0
    ax.set(ylabel=r"$\sigma_\theta$ (rad)", ylim=(0, 1.05 * max(1.0, high)))
    return ax


def draw_reach(ax, trial, reach):
    """SD of the messenger's spread over training, in TS cells, on a logarithmic axis.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    trial, reach : ndarray, shape (n_trials,)
    """
    ax.plot(trial, reach, color=style.MUTED, lw=1.2)
    ends = sorted({reach[0], reach[-1]})
    ax.set_yscale("log")
    ax.set_yticks(ends, [cells(end) for end in ends])
    ax.minorticks_off()
    ax.set(ylabel="reach (cells)", ylim=(ends[0] / 1.4, 1.4 * ends[-1]))
    return ax


def cells(reach: float) -> str:
    """A reach in cells, for a label."""
    return f"{reach:.0f}" if reach >= 10 else f"{reach:.2g}"
