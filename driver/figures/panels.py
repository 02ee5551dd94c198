"""Panels that any model can use: spikes, rates, weights, series; trained beside untrained.

Each takes axes and saved arrays and returns the axes. Nothing here opens a file or computes a
result; what is empty says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from driver.figures import style

MAX_TRACKED = 8
MAX_TRACKED_RECORDS = 100  # single weights jump from record to record: more are a grey mass
N_EDGES = 40
HIGH = 3  # times all others: a bar at the ceiling that is cut off
BEFORE, AFTER = "before (untrained)", "after training"


def dot_size(ax, n_spikes: int) -> float:
    """Diameter of a raster's dots, points: the ink stays about the same, so dense ones can be read.

    Rasters to be compared take the size of the densest.
    """
    across, down = ax.get_position().size * ax.figure.get_size_inches() * 72
    return float(np.clip(np.sqrt(0.6 * across * down / max(1, n_spikes)), 0.8, 2.4))


def draw_raster(
    ax, t_s, index, n_cells: int, name: str, colour: str, max_cells=None, size: float | None = None
):
    """One dot a spike.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    t_s, index : ndarray, shape (n_spikes,)
        Seconds, and the cell of each spike.
    n_cells : int
    name, colour : str
        Of the population.
    max_cells : int, optional
        Only every so manieth cell is shown, so that there are not more: an even sample.
    size : float, optional
        Diameter of a dot, points; by the number of spikes if not given.
    """
    every = -(-n_cells // max_cells) if max_cells else 1
    shown = index % every == 0
    n_spikes = np.count_nonzero(shown)
    size = dot_size(ax, n_spikes) if size is None else size
    dots = {"ls": "none", "marker": "o", "mew": 0, "ms": size, "rasterized": True}
    ax.plot(t_s[shown], index[shown], color=colour, **dots)
    if n_spikes == 0:
        style.say(ax, f"{name}, cells shown: no spikes" if index.size else f"{name} is silent")
    part = f"\n(1 cell in {every})" if every > 1 else ""
    ax.set(ylim=(-0.5, n_cells - 0.5), ylabel=f"{name} cell index{part}")
    return ax


def draw_rates(ax, t_s, trained, untrained_t_s, untrained, colours: Mapping[str, str]):
    """Population rates; trained solid, the untrained twin thin and dashed.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    t_s, untrained_t_s : ndarray, shape (n_steps,)
        Seconds.
    trained, untrained : dict of str to ndarray, shape (n_steps,)
        Rate per cell by population, Hz; NaN where it is not known.
    colours : dict of str
        By population.
    """
    solid, dashed = {"lw": 1.4}, {"lw": 0.9, "ls": (0, (4, 1.5))}
    silent = []
    for t, rates, ending, look in (
        (t_s, trained, "", solid),
        (untrained_t_s, untrained, " untrained", dashed),
    ):
        for population, rate in rates.items():
            label = population.upper() + ending
            ax.plot(t, rate, color=colours[population], label=label, **look)
            silent += [] if np.any(rate > 0) else [label]
    if silent:
        style.say(ax, f"silent: {', '.join(silent)}", y=0.85)
    ax.set_ylim(0, max(1.0, ax.get_ylim()[1]))
    ax.set_ylabel("rate per cell (Hz)")
    return style.legend_above(ax)


def draw_series(ax, values: Mapping[str, np.ndarray], nothing: str = ""):
    """A line for the trained and one for the untrained network; gaps where it is undefined.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    values : dict of str to ndarray, shape (n_steps,)
        By label.
    nothing : str
        Said where nothing is defined.
    """
    for label, y in values.items():
        ax.plot(np.arange(y.size), y, label=label, **style.LINE[label])
    if nothing and not any(np.isfinite(y).any() for y in values.values()):
        style.say(ax, nothing)
    return ax


def draw_weights(ax, w_before, w_after, low: float, high: float, noun: str = "synapses"):
    """Histogram of weights before and after training.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    w_before, w_after : ndarray, shape (n_synapses,)
    low, high : float
        Of the bins; weights beyond count in the first or last.
    noun : str
        What is counted.
    """
    edges = np.linspace(low, high, N_EDGES)
    before, after = (np.histogram(np.clip(w, low, high), edges)[0] for w in (w_before, w_after))
    ax.stairs(before, edges, color=style.UNTRAINED, lw=1.8, zorder=3, label=BEFORE)
    ax.stairs(after, edges, fill=True, color=style.TRAINED, alpha=0.35, label=AFTER)
    if w_before.size == 0:
        style.say(ax, f"no {noun}")
    elif np.array_equal(w_before, w_after):
        style.say(ax, "no weight has changed", y=0.1)
    inner, ends = max(before[1:-1].max(), after[1:-1].max()), (before[-1], after[-1])
    if max(ends) > HIGH * inner > 0:  # a bar that would press all others flat is told in numbers
        ax.set_ylim(0, 1.5 * inner)
        words = f"↑ {ends[1]} at the end\n   (before: {ends[0]})"
        ax.text(0.97, 0.97, words, transform=ax.transAxes, ha="right", va="top", fontsize=8)
    ax.set_ylabel(f"{noun} (count)")
    return ax


def draw_weight_means(
    ax,
    t_s,
    w_mean,
    w_sd,
    tracked,
    w_max: float,
    stable_s: float | None = None,
    max_tracked: int = MAX_TRACKED,
):
    """Weights over training: mean, SD over synapses as a band, single ones as thin lines.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    t_s, w_mean, w_sd : ndarray, shape (n_records,)
        Seconds; weights.
    tracked : ndarray, shape (n_records, n_tracked)
        The first `max_tracked` are drawn, at no more than `MAX_TRACKED_RECORDS` records.
    w_max : float
        Ceiling of the weights; the band of the SD may reach over it, no weight does.
    stable_s : float, optional
        From when on the mean is stable.
    max_tracked : int
    """
    ax.set(xlabel="training time (s)", ylabel="weight (dimensionless)")
    if t_s.size < 2:
        return style.empty(ax, "no training")
    every = -(-t_s.size // MAX_TRACKED_RECORDS)
    lines = ax.plot(
        t_s[::every], tracked[::every, :max_tracked], color=style.MUTED, lw=0.6, alpha=0.7
    )
    if lines:
        lines[0].set_label(f"{len(lines)} synapses")
    ax.axhline(w_max, color=style.TRAINED, lw=0.8, ls=":", label="ceiling")
    ax.fill_between(t_s, w_mean - w_sd, w_mean + w_sd, color=style.CHANCE, lw=0, zorder=0)
    ax.plot(t_s, w_mean, color=style.TRAINED, lw=2, label="mean ± SD")
    if stable_s is not None:
        label = f"stable from {stable_s:g} s"
        ax.axvline(stable_s, color=style.UNTRAINED, ls=":", lw=1.8, label=label)
    ax.set_xlim(0, t_s[-1])
    return style.legend_above(ax)
