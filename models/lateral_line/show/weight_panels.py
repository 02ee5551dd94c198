"""Panels of single weights, and of weights cell by cell; before and after training.

Like `models.lateral_line.show.panels`: each takes axes and arrays and returns the axes.
"""

from __future__ import annotations

import numpy as np

from driver.figures import style
from driver.figures.panels import AFTER, BEFORE
from models.lateral_line.show.panels import MAX_MARKED


def draw_distance_from_start(ax, t_s, distance, step):
    """How far the weights are from where they began, and how far each record from the last.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    t_s, distance, step : ndarray, shape (n_records,)
        Seconds; mean over synapses of absolute changes, dimensionless. The first is the start.
    """
    ax.set(xlabel="training time (s)", ylabel="mean |Δw|\n(dimensionless)")
    if t_s.size < 2:
        return style.empty(ax, "no training")
    marker = "o" if t_s.size <= MAX_MARKED else ""
    start, records = "|w − w₀|, from the start", "from record to record"
    ax.plot(t_s, distance, "-", marker=marker, ms=3.5, color=style.TRAINED, lw=1.6, label=start)
    ax.plot(t_s[1:], step[1:], "--", marker=marker, ms=3.5, color=style.MUTED, lw=1, label=records)
    ax.set_ylim(0, ax.get_ylim()[1])
    if not np.any(distance):
        style.say(ax, "no weight has changed")
    return style.legend_above(ax)


def draw_stems(ax, index, w_before, w_after, n_source: int):
    """Weights of the synapses onto one cell: initial on the left of the source, final on it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    index : ndarray of int, shape (n_synapses,)
        Source of each synapse; duplicates are synapses of their own.
    w_before, w_after : ndarray, shape (n_synapses,)
        mV.
    n_source : int
        Cells of the source population.
    """
    aside = 0.009 * n_source
    left = index - aside
    ax.vlines(left, 0, w_before, color=style.UNTRAINED, lw=1)
    ax.plot(left, w_before, "s", ms=4, mfc="white", color=style.UNTRAINED, label=BEFORE)
    ax.vlines(index, 0, w_after, color=style.TRAINED, lw=1)
    ax.plot(index, w_after, "o", ms=4, color=style.TRAINED, label=AFTER)
    if index.size == 0:
        style.say(ax, "no synapses")
    ax.set_xlim(-2 * aside - 0.5, n_source - 0.5 + aside)
    ax.locator_params(axis="x", integer=True)
    return ax


def draw_by_cell(ax, before, after):
    """A quantity of every TS cell, before and after training.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    before, after : ndarray, shape (n_cells,)
        NaN, and not drawn, for a cell without synapses.
    """
    edges = np.arange(before.size + 1) - 0.5
    ax.stairs(after, edges, color=style.TRAINED, lw=1.4, baseline=None, label=AFTER)
    dashed = (0, (3, 1))
    ax.stairs(before, edges, color=style.UNTRAINED, lw=1.4, ls=dashed, baseline=None, label=BEFORE)
    missing = np.count_nonzero(np.isnan(before))
    if missing:
        text = "no synapses" if missing == before.size else f"{missing} cells without synapses"
        style.say(ax, text, y=0.5 if missing == before.size else 0.12)
    ax.set(xlim=(edges[0], edges[-1]), xlabel="TS cell index")
    ax.locator_params(axis="x", integer=True)
    return ax


def draw_incoming(ax, index, w_before, w_after, w_max: float):
    """Weights of the synapses onto one cell by their source; a line from before to after.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    index : ndarray of int, shape (n_synapses,)
        Source of each synapse.
    w_before, w_after : ndarray, shape (n_synapses,)
    w_max : float
        Ceiling, dotted.
    """
    ax.vlines(index, w_before, w_after, color=style.CHANCE, lw=0.7, zorder=1)
    ax.plot(index, w_before, "s", ms=2.6, mew=0, color=style.UNTRAINED, label=BEFORE)
    ax.plot(index, w_after, "o", ms=2.8, mew=0, color=style.TRAINED, label=AFTER)
    ax.axhline(w_max, color=style.TRAINED, lw=0.8, ls=":", label="ceiling")
    if index.size == 0:
        style.say(ax, "no synapses")
    ax.locator_params(axis="x", integer=True)
    return ax
