"""Figures of spikes in the test by source position, and of TS where training ends."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures.page import colour_of, legend
from driver.figures.panels import dot_size
from models.lateral_line import metrics
from models.lateral_line.saved import Seed
from models.lateral_line.show import position_panels as draw
from models.lateral_line.show.overviews import phases, rate_panel
from models.lateral_line.show.pages import (
    CONDITIONS,
    bin_words,
    page,
    passage,
    position_label,
    spike_words,
)


def ll_spikes_vs_x_test(saved: Seed) -> Figure:
    """LL spikes by source position; trained and untrained have the same. Look for the band where
    the source passes the cells, denser or thinner than around it: all that the network is told."""
    return spikes_vs_x(saved, "ll", {"trained and untrained": "test"})


def mon_spikes_vs_x_test(saved: Seed) -> Figure:
    """MON spikes by source position, trained and untrained. Look for what is left of the band of
    LL, and for whether training changed how much MON fires: TS reads nothing else."""
    return spikes_vs_x(saved, "mon", CONDITIONS)


def ts_spikes_vs_x_test(saved: Seed) -> Figure:
    """Rate of every TS cell by source position in the test, trained and untrained, on one scale.
    Look for a band along the dashed line, a map of the body: cells that fire where the source is
    and are silent elsewhere. Level stripes are cells that fire wherever it is; a map may also lie
    on another line, turned or mirrored, which the figure of the map by position looks for."""
    shown, n_ts = passage(saved), saved.params.n_ts
    spikes = {c: saved.spikes(phase, "ts") for c, phase in CONDITIONS.items()}
    rates = {condition: shown.rates_hz(s, n_ts) for condition, s in spikes.items()}
    top = max(np.nanmax(hz, initial=0.0) for hz in rates.values())
    subject = f"Rate of all TS cells in the test, one pass; {bin_words(shown)}"
    figure = page(saved, 6, subject + spike_words(saved, "ts"))
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for ax, letter, (condition, hz) in zip(axes, "AB", rates.items(), strict=True):
        draw.draw_rates(ax, shown.edges_cm, hz, top)
        draw.draw_body_map(ax, shown.origin_cm, saved.params.ll_body_length_cm, n_ts)
        n_spikes = shown.inside(spikes[condition]).index.size
        ax.set(xlim=shown.ends_cm, ylim=(-0.5, n_ts - 0.5), xlabel=position_label(saved))
        ax.set_title(f"{letter}  {condition}: {n_spikes} spikes", color=colour_of(condition))
    axes[1].label_outer()
    figure.colorbar(axes[0].images[0], ax=axes, label="rate (Hz)", pad=0.01, aspect=30)
    legend(figure, axes[0])
    return figure


def spikes_vs_x(saved: Seed, population: str, conditions: dict[str, str]) -> Figure:
    """A panel for each condition, the phase of whose spikes is given; all cells, same dots."""
    shown, name = passage(saved), population.upper()
    words = spike_words(saved, population)
    figure = page(saved, 6, f"{name} spikes in the test by source position, all cells{words}")
    axes = figure.subplots(1, len(conditions), sharex=True, sharey=True, squeeze=False)[0]
    spikes = [shown.inside(saved.spikes(phase, population)) for phase in conditions.values()]
    size = dot_size(axes[0], max(s.index.size for s in spikes))
    for ax, letter, condition, s in zip(axes, "AB", conditions, spikes, strict=False):
        n_cells = saved.n_cells(population)
        draw.draw_spikes(ax, shown.x_cm[s.step], s.index, n_cells, population, size)
        ax.set_xlabel(position_label(saved))
        letter = f"{letter}  " if len(conditions) > 1 else ""
        ax.set_title(f"{letter}{condition}: {s.index.size} spikes", color=colour_of(condition))
        ax.label_outer()
    axes[0].set_xlim(shown.ends_cm)
    return figure


def ts_pop_rate_train_test_transition(saved: Seed) -> Figure:
    """TS rate from the end of the training through the test; the untrained twin dashed. Look for a
    rate in the test that is like that in the training and not 0: weights learned at one level of
    activity may be too weak or too strong for another."""
    subject = f"TS rate, {1e3 * metrics.SMOOTHING_S:g} ms: {phases(saved)}"
    figure = page(saved, 4.5, subject + spike_words(saved, "ts"))
    rate_panel(figure.subplots(), saved, ("ts",))
    return figure
