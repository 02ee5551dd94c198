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
    look = {"marker": marker, "ms": 3.5}
    ax.plot(t_s, distance, color=style.TRAINED, lw=1.6, label="|w − w₀|, from the start", **look)
    label = "from record to record"
    ax.plot(t_s[1:], step[1:], color=style.MUTED, lw=1, ls="--", label=label, **look)
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
    for x, w, colour, look in (
        (index - aside, w_before, style.UNTRAINED, {"marker": "s", "mfc": "white", "ms": 4}),
        (index, w_after, style.TRAINED, {"marker": "o", "ms": 4}),
    ):
        ax.vlines(x, 0, w, color=colour, lw=1)
        label = AFTER if colour == style.TRAINED else BEFORE
        ax.plot(x, w, ls="none", color=colour, label=label, **look)
    if index.size == 0:
        style.say(ax, "no synapses")
    ax.set_xlim(-2 * aside - 0.5, n_source - 0.5 + aside)
    ax.locator_params(axis="x", integer=True)
    return ax


def draw_by_cell(ax, before, after, population: str):
    """A quantity of every cell, before and after training.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    before, after : ndarray, shape (n_cells,)
        NaN, and not drawn, for a cell without synapses.
    population : {'mon', 'ts'}
    """
    edges = np.arange(before.size + 1) - 0.5
    ax.stairs(after, edges, color=style.TRAINED, lw=1.4, baseline=None, label=AFTER)
    look = {"color": style.UNTRAINED, "lw": 1.4, "ls": (0, (3, 1)), "baseline": None}
    ax.stairs(before, edges, label=BEFORE, **look)
    missing = np.count_nonzero(np.isnan(before))
    if missing:
        text = "no synapses" if missing == before.size else f"{missing} cells without synapses"
        style.say(ax, text, y=0.5 if missing == before.size else 0.12)
    ax.set(xlim=(edges[0], edges[-1]), xlabel=f"{population.upper()} cell index")
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
    before = {"marker": "s", "ms": 2.6, "color": style.UNTRAINED, "label": BEFORE}
    ax.plot(index, w_before, ls="none", mew=0, **before)
    after = {"marker": "o", "ms": 2.8, "color": style.TRAINED, "label": AFTER}
    ax.plot(index, w_after, ls="none", mew=0, **after)
    ax.axhline(w_max, color=style.TRAINED, lw=0.8, ls=":", label="ceiling")
    if index.size == 0:
        style.say(ax, "no synapses")
    ax.locator_params(axis="x", integer=True)
    return ax
