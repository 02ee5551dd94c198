"""Figures of tuning: what single cells do where the source is, and what drives TS there."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.page import colour_of, grid, legend
from models.lateral_line.analyses.tuning import Passage, spread, ts_drive_mV_per_ms, winners
from models.lateral_line.saved import Seed
from models.lateral_line.show import position_panels as draw
from models.lateral_line.show.pages import (
    CONDITIONS,
    bin_words,
    heading,
    page,
    passage,
    position_label,
    spike_words,
)

N_TS_CELLS, N_MON_CELLS = 16, 8


def ts_tuning(saved: Seed) -> Figure:
    """Rate of some TS cells by source position, trained and untrained. Look for curves with a
    single peak that moves from cell to cell, narrower after training; a flat curve says nothing of
    the source, and one of two peaks takes two places for one."""
    return tuning(saved, "ts", N_TS_CELLS)


def mon_tuning_examples(saved: Seed) -> Figure:
    """Rate of some MON cells by source position, trained and untrained: what TS has to learn from.
    Look for cells that answer at different places; where LL -> MON weights are fixed both networks
    differ by feedback alone."""
    return tuning(saved, "mon", N_MON_CELLS)


def tuning(saved: Seed, population: str, n_shown: int) -> Figure:
    """A grid of cells spread over a layer, four in a row, all on the same scales."""
    shown, name = passage(saved), population.upper()
    n_cells = saved.n_cells(population)
    cells = spread(n_cells, n_shown)
    rates = {
        condition: shown.rates_hz(saved.spikes(phase, population), n_cells)[cells]
        for condition, phase in CONDITIONS.items()
    }
    subject = f"Rate of {len(cells)} of {n_cells} {name} cells in the test, one pass; "
    subject += f"{bin_words(shown)}{grain(shown)}{spike_words(saved, population)}"
    figure, axes = grid(heading(saved, subject), len(cells), 4, position_label(saved), "rate (Hz)")
    for ax, cell, trained, untrained in zip(axes, cells, *rates.values(), strict=True):
        draw.draw_tuning(ax, shown.edges_cm, trained, untrained)
        ax.set_title(f"{name} {cell}")
    top = max(np.nanmax(hz, initial=0.0) for hz in rates.values())
    axes[0].set(xlim=shown.ends_cm, ylim=(0, 1.1 * top or 1.0))
    legend(figure, axes[0])
    return figure


def mon_ts_drive_heatmap(saved: Seed) -> Figure:
    """MON -> TS EPSPs per time, of every TS cell by source position, trained and untrained; each
    row is divided by its own largest value. Look for a band of high drive that rises from cell to
    cell: the weights alone would make a map. Upright stripes are places that drive all cells alike.
    Grey: the source never was there, or the cell has no drive."""
    shown = passage(saved)
    drives = {condition: drive(saved, shown, condition) for condition in CONDITIONS}
    subject = "Excitation that MON sends to TS in the test: weights times spikes, per time in a "
    subject += f"bin, each cell over its largest; {bin_words(shown)}"
    figure = page(saved, 6, subject + spike_words(saved, "mon"))
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for ax, letter, (condition, found) in zip(axes, "AB", drives.items(), strict=True):
        draw.draw_drive(ax, shown.edges_cm, found)
        ax.set_xlabel(position_label(saved))
        top = f"largest {np.nanmax(found, initial=0.0):.3g} mV/ms"
        ax.set_title(f"{letter}  {condition}, {top}", color=colour_of(condition))
    axes[1].label_outer()
    label = "sum of EPSPs per time, over the cell’s largest (1)"
    figure.colorbar(axes[0].images[0], ax=axes, label=label, pad=0.01, aspect=30)
    return figure


def mon_ts_drive_winner(saved: Seed) -> Figure:
    """TS cell with the largest drive by source position, trained and untrained. Look for points
    along the dashed line, a map of the body by weights alone. Points in a row are a cell that wins
    wherever the source is, mostly because its weights are the largest."""
    shown, n_ts = passage(saved), saved.n_cells("ts")
    best = [winners(drive(saved, shown, condition)) for condition in CONDITIONS]
    subject = f"TS cell that MON excites most in the test; {bin_words(shown)}"
    figure = page(saved, 6, subject + spike_words(saved, "mon"))
    ax = figure.subplots()
    draw.draw_body_map(ax, shown.origin_cm, saved.params.ll_body_length_cm, n_ts, zorder=1)
    draw.draw_winners(ax, shown.centres_cm, *best, n_ts)
    ax.set(xlim=shown.ends_cm, xlabel=position_label(saved))
    style.legend_above(ax)
    return figure


def drive(saved: Seed, shown: Passage, condition: str) -> np.ndarray:
    """mV/ms, shape (n_ts, n_bins): weights and MON spikes of the trained or untrained network."""
    p, w = saved.params, saved.weights
    counts = shown.counts(saved.spikes(CONDITIONS[condition], "mon"), p.n_mon)
    weights = w["mon_ts_w" if condition == "trained" else "mon_ts_w_init"]
    ends = w["mon_ts_i"], w["mon_ts_j"]
    return ts_drive_mV_per_ms(counts, *ends, weights, p.n_ts, p.gain_in_test_mV, shown.time_s)


def grain(shown: Passage) -> str:
    """What one spike is in a bin, as a rate: the grain of the curves."""
    return f"; a spike is {1 / np.median(shown.time_s[shown.time_s > 0]):.3g} Hz"
