"""Figures of the grid and of runs, and where figures go."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from driver.engine.randomness import generator
from driver.figures import style
from driver.files import replace_file
from models.sequence.show import panels as own

FILES_ONLY = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # backends without a window
PATTERN, BACKGROUND = "#cc2222", "#000000"  # spikes of the inputs
SHADE = ("#f2dede", "#dde6f3", "#e2efdc", "#f3ead3")  # behind a presentation, by pattern
MOST_TRACES, MOST_LABELS, MOST_IDS = 50, 12, 30


def headless() -> bool:
    """Whether there is no display to show a figure on."""
    backend = matplotlib.get_backend().lower()
    if backend in FILES_ONLY:
        return True
    windows = not backend.startswith("module:") and backend not in ("nbagg", "webagg", "ipympl")
    displays = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform == "linux" and windows and not displays


def new(width_in: float, height_in: float) -> Figure:
    """An empty figure, of pyplot if it can be shown."""
    size = {"figsize": (width_in, height_in), "layout": "constrained"}
    if headless():
        return Figure(**size)
    from matplotlib import pyplot as plt

    return plt.figure(**size)


def save(figure: Figure, target: Path) -> None:
    with style.applied():
        replace_file(target, lambda file: figure.savefig(file, **style.PNG))


@cache
def warn(text: str) -> None:
    """Once."""
    warnings.warn(text, stacklevel=5)  # at the call of `run_network`


def show(folder: Path) -> None:
    """Open the windows of what was drawn; without a display, say where the files are."""
    if headless():
        return warn(f"no display: figures are saved in {folder}")
    from matplotlib import pyplot as plt

    plt.show()


def close(figures: Iterable[Figure]) -> None:
    """Forget figures that pyplot holds."""
    if "matplotlib.pyplot" in sys.modules:
        for figure in figures:
            sys.modules["matplotlib.pyplot"].close(figure)


@style.applied()
def circuit_map(sizes: np.ndarray) -> Figure:
    """Sizes of circuits, shape (rows, columns), as shades and numbers."""
    rows, columns = np.minimum(sizes.shape, 40)
    figure = new(max(3.5, 1.0 + 0.5 * columns), 1.2 + 0.5 * rows)
    own.draw_circuit_map(figure.subplots(), sizes, sizes.shape[::-1])
    return figure


@style.applied()
def circuit_bars(sizes: np.ndarray) -> Figure:
    """The same as bars on the grid."""
    figure = new(7.0, 5.2)
    own.draw_circuit_bars(figure.add_subplot(projection="3d"), sizes.ravel(), sizes.shape[::-1])
    return figure


@style.applied()
def raster(results: Sequence, order: np.ndarray) -> Figure:
    """Spikes of cells, the first of `order` at the bottom, over those of the inputs.

    Several runs stand one after the other, each with a line where it begins.
    """
    one, last = len(results) == 1, results[-1]
    starts = np.cumsum([0, *(result.n_steps for result in results)]) / 1000
    figure = new(9.0 if one else 11.0, 6.5)
    axes = cells, inputs = figure.subplots(2, sharex=True, height_ratios=(3, 2))
    place = np.full(last.wiring.n_cells, -1)
    place[order] = np.arange(order.size)
    pairs = list(zip(results, starts[:-1], strict=True))
    for k, (result, start) in enumerate(pairs):
        shade(axes, result, start, labelled=one)
        if not one:
            for ax in axes:
                ax.axvline(start, color=style.MUTED, lw=0.8)
            if len(results) <= MOST_LABELS:
                text = f" {heading(result)}" + ("\n" if k % 2 else "")
                cells.text(start, 1.01, text, transform=cells.get_xaxis_transform(), fontsize=7)
    time = np.concatenate([start + result.spikes.step / 1000 for result, start in pairs])
    row = np.concatenate([place[result.spikes.index] for result in results])
    own.draw_spikes(cells, [(time[row >= 0], row[row >= 0], style.TRAINED, None)], order.size)
    if order.size <= MOST_IDS:
        cells.set_yticks(range(order.size), labels=order)
    of_pattern = np.concatenate([result.shown.of_pattern for result in results])
    bits, parts = np.concatenate([result.shown.bits for result in results]), []
    for name, colour, chosen in (
        ("background", BACKGROUND, bits & ~of_pattern),
        ("pattern", PATTERN, of_pattern),
    ):
        step, index = np.nonzero(chosen)
        parts.append((step / 1000, index, colour, name))
    own.draw_spikes(inputs, parts, bits.shape[1])
    if of_pattern.any():
        style.legend_above(inputs, markerscale=2)
    by_time = "\nby time of activation" if one and last.order_valid else ""
    cells.set(ylabel=("recorded cell" if one else "cell") + by_time)
    words = "time (s)" if one else "time of all runs (s); shaded: presentations, by pattern"
    inputs.set(xlabel=words, ylabel="input", xlim=(0, starts[-1]))
    if one:
        figure.suptitle(heading(last), x=0.01, ha="left")
    return figure


def heading(result) -> str:
    kind = "training" if result.train else "test"
    return f"{result.title} ({kind})" if result.title else kind


def shade(axes, result, start_s: float, labelled: bool) -> None:
    """Mark presentations, and say of which pattern unless they are many."""
    phases = result.shown.phases
    which = phases.presentations()
    for k in which:
        pattern = int(phases.pattern[k])
        ends = start_s + np.array([phases.start[k], phases.stop[k]]) / 1000
        for ax in axes:
            ax.axvspan(*ends, color=SHADE[pattern % len(SHADE)], lw=0, zorder=0)
        if labelled and which.size <= MOST_LABELS:
            where = {"transform": axes[0].get_xaxis_transform(), "ha": "center", "fontsize": 8}
            axes[0].text(ends.mean(), 1.01, f"pattern {pattern}", **where)


@style.applied()
def weights(result) -> Figure:
    """Weights and EPSPs of some synapses of the recorded cells, where they were recorded."""
    figure = new(9.0, 5.5)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    draws, time = generator(0, "traces that are drawn"), result.record_ms / 1000
    look = {"marker": ".", "ms": 4 if time.size < 40 else 1.5, "alpha": 0.6}
    for (above, below), (name, w) in zip(axes.T, result.weights.items(), strict=True):
        n, word = w.shape[1], own.PROJECTIONS[name]
        some = np.sort(draws.choice(n, min(n, MOST_TRACES), replace=False))
        above.plot(time, w[:, some], color=style.DARK, lw=0.7, **look)
        # an EPSP is gone after 0.1 s: a line from record to record would mean nothing
        below.plot(time, result.epsps[name][:, some], color=style.MIDDLE, ls="none", **look)
        above.set_title(f"{some.size} {word} synapses")
        below.set(xlabel="time (s)", xlim=(-0.02 * time[-1], 1.02 * time[-1]))
        if n:
            above.plot(time, w.mean(axis=1), color="black", lw=2, label=f"mean of all {n}")
            style.legend_above(above)
        else:
            style.say(above, f"no {word} synapses")
    axes[0, 0].set(ylabel="weight w (dimensionless)")
    axes[1, 0].set(ylabel="EPSP y (dimensionless)")
    figure.suptitle(heading(result), x=0.01, ha="left")
    return figure
