"""Figures of spikes in the test by source position, and of TS where training ends."""

from __future__ import annotations

from matplotlib.figure import Figure

from driver.figures.page import colour_of, legend
from driver.figures.panels import dot_size
from models.lateral_line import metrics
from models.lateral_line.saved import Seed
from models.lateral_line.show import position_panels as draw
from models.lateral_line.show.overviews import phases, rate_panel
from models.lateral_line.show.pages import CONDITIONS, page, passage, position_label, spike_words


def ll_spikes_vs_x_test(saved: Seed) -> Figure:
    """LL spikes by source position; trained and untrained have the same."""
    return spikes_vs_x(saved, "ll", {"trained and untrained": "test"})


def mon_spikes_vs_x_test(saved: Seed) -> Figure:
    """MON spikes by source position, trained and untrained."""
    return spikes_vs_x(saved, "mon", CONDITIONS)


def ts_spikes_vs_x_test(saved: Seed) -> Figure:
    """TS spikes by source position, trained and untrained; a map of the body is a diagonal."""
    figure = spikes_vs_x(saved, "ts", CONDITIONS)
    origin_cm, body_cm = passage(saved).origin_cm, saved.params.ll_body_length_cm
    for ax in figure.axes:
        draw.draw_body_map(ax, origin_cm, body_cm, saved.params.n_ts)
    legend(figure, figure.axes[0])
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
    """TS rate from the end of the training through the test; the untrained twin dashed."""
    subject = f"TS rate, {1e3 * metrics.SMOOTHING_S:g} ms: {phases(saved)}"
    figure = page(saved, 4.5, subject + spike_words(saved, "ts"))
    rate_panel(figure.subplots(), saved, ("ts",))
    return figure
