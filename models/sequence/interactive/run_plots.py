"""Figures of runs: spikes, weights and EPSPs, and the history of all runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from driver.engine.randomness import generator
from driver.figures import panels, style
from models.sequence.interactive.result import Result

PATTERN, BACKGROUND = "#cc2222", "#000000"  # spikes of the inputs
SHADE = ("#f2dede", "#dde6f3", "#e2efdc", "#f3ead3")  # behind a presentation, by pattern
MOST_TRACES, MOST_LABELS, MOST_IDS = 50, 12, 30
PROJECTIONS = {"input_cell": "input", "cell_cell": "recurrent"}


def run(new: Callable, result: Result):
    """Spikes of the recorded cells over those of the inputs."""
    figure = new(9.0, 6.5)
    cells, inputs = figure.subplots(2, sharex=True, height_ratios=(3, 2))
    shade((cells, inputs), [result])
    draw_cells(cells, [result], result.order)
    ordered = "\nby time of activation" if result.order_valid else ""
    cells.set(ylabel=f"recorded cell{ordered}")
    draw_inputs(inputs, [result])
    inputs.set(xlabel="time (s)", xlim=(0, result.n_steps / 1000))
    figure.suptitle(heading(result), x=0.01, ha="left")
    return figure


def history(new: Callable, results: Sequence[Result]):
    """All runs one after the other, on the time of the simulation."""
    figure = new(11.0, 6.5)
    cells, inputs = figure.subplots(2, sharex=True, height_ratios=(3, 2))
    shade((cells, inputs), results, labelled=False)
    draw_cells(cells, results, np.arange(results[0].wiring.n_cells))
    cells.set(ylabel="cell")
    draw_inputs(inputs, results)
    starts = beginnings(results)
    for k, (result, start) in enumerate(zip(results, starts, strict=False)):
        for ax in (cells, inputs):
            ax.axvline(start, color=style.MUTED, lw=0.8)
        if len(results) <= MOST_LABELS:
            text = f" {heading(result)}" + ("\n" if k % 2 else "")
            cells.text(start, 1.01, text, transform=cells.get_xaxis_transform(), fontsize=7)
    label = "time of all runs (s); shaded: presentations, a colour for each pattern"
    inputs.set(xlabel=label, xlim=(0, starts[-1]))
    return figure


def heading(result: Result) -> str:
    kind = "training" if result.train else "test"
    return f"{result.title} ({kind})" if result.title else kind


def beginnings(results: Sequence[Result]) -> np.ndarray:
    """When each run began, and the end of the last, s."""
    return np.cumsum([0, *(result.n_steps for result in results)]) / 1000


def shade(axes, results: Sequence[Result], labelled: bool = True) -> None:
    """Mark presentations, and say of which pattern unless they are many."""
    for result, start in zip(results, beginnings(results), strict=False):
        phases = result.shown.phases
        which = phases.presentations()
        for k in which:
            pattern = int(phases.pattern[k])
            ends = start + np.array([phases.start[k], phases.stop[k]]) / 1000
            for ax in axes:
                ax.axvspan(*ends, color=SHADE[pattern % len(SHADE)], lw=0, zorder=0)
            if labelled and which.size <= MOST_LABELS:
                place = {"transform": axes[0].get_xaxis_transform(), "ha": "center", "fontsize": 8}
                axes[0].text(ends.mean(), 1.01, f"pattern {pattern}", **place)


def draw_cells(ax, results: Sequence[Result], order: np.ndarray) -> None:
    """Spikes of some cells, the first of `order` at the bottom."""
    place = np.full(results[0].wiring.n_cells, -1)
    place[order] = np.arange(order.size)
    times = [
        start + r.spikes.step / 1000 for r, start in zip(results, beginnings(results), strict=False)
    ]
    time, index = np.concatenate(times), np.concatenate([place[r.spikes.index] for r in results])
    shown = index >= 0
    panels.draw_raster(ax, time[shown], index[shown], order.size, "cells", style.TRAINED)
    if order.size <= MOST_IDS:
        ax.set_yticks(range(order.size), labels=order)


def draw_inputs(ax, results: Sequence[Result]) -> None:
    """Spikes of the inputs: background, and over it those of patterns."""
    parts = [r.input_spikes() for r in results]
    starts = beginnings(results)
    time = np.concatenate([s + p[0] / 1000 for s, p in zip(starts, parts, strict=False)])
    index, of_pattern = (np.concatenate([p[k] for p in parts]) for k in (1, 2))
    n_inputs = results[0].wiring.params.n_inputs
    size = panels.dot_size(ax, index.size)
    for chosen, colour in ((~of_pattern, BACKGROUND), (of_pattern, PATTERN)):
        if chosen.any() or not index.size:
            panels.draw_raster(
                ax, time[chosen], index[chosen], n_inputs, "the input", colour, size=size
            )
    ax.set(ylabel="input", ylim=(-0.5, n_inputs - 0.5))
    if of_pattern.any():
        dots = {"ls": "none", "marker": "o", "ms": 4}
        ax.plot([], [], color=BACKGROUND, label="background", **dots)
        ax.plot([], [], color=PATTERN, label="pattern", **dots)
        style.legend_above(ax)


def weights(new: Callable, result: Result):
    """Weights and EPSPs of some synapses of the recorded cells, where they were recorded."""
    figure = new(9.0, 5.5)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    draws = generator(0, "traces that are drawn")
    time = result.record_ms / 1000
    for column, (name, word) in enumerate(PROJECTIONS.items()):
        n = result.weights[name].shape[1]
        some = np.sort(draws.choice(n, min(n, MOST_TRACES), replace=False))
        for row, values in enumerate((result.weights[name], result.epsps[name])):
            ax = axes[row, column]
            if not n:
                style.say(ax, f"no {word} synapses")
            dots = {"marker": ".", "ms": 4 if time.size < 40 else 1.5, "alpha": 0.6}
            if row == 0:
                ax.plot(time, values[:, some], color=style.DARK, lw=0.7, **dots)
            else:  # gone after 0.1 s: a line from record to record would mean nothing
                ax.plot(time, values[:, some], color=style.MIDDLE, ls="none", **dots)
            if row == 0 and n:
                ax.plot(time, values.mean(axis=1), color="black", lw=2, label=f"mean of all {n}")
                style.legend_above(ax)
        axes[0, column].set_title(f"{some.size} {word} synapses")
        axes[1, column].set(xlabel="time (s)", xlim=(-0.02 * time[-1], 1.02 * time[-1]))
    axes[0, 0].set(ylabel="weight w (dimensionless)")
    axes[1, 0].set(ylabel="EPSP y (dimensionless)")
    figure.suptitle(heading(result), x=0.01, ha="left")
    return figure
