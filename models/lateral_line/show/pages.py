"""What the figures of a seed have in common: page and headline, grid of cells, captions."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from models.lateral_line.analyses.tuning import Passage
from models.lateral_line.saved import Seed
from models.lateral_line.show.overviews import headline

WIDTH_IN = 12  # the headline fits it
LINE_IN = 0.19  # height of a line of the headline
CONDITIONS = {"trained": "test", "untrained": "untrained"}  # and the phase of its spikes


def page(saved: Seed, height_in: float, subject: str) -> Figure:
    """An empty figure with the headline of the run, and below it what the figure shows."""
    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    figure.suptitle(heading(saved, subject))
    return figure


def heading(saved: Seed, subject: str) -> str:
    return "\n".join([headline(saved), subject, *remarks(saved)])


def remarks(saved: Seed) -> list[str]:
    """What a reader must know before comparing trained with untrained."""
    w = saved.weights
    moved = any(
        not np.array_equal(w[name], w[start])
        for name, start in (("mon_ts_w", "mon_ts_w_init"), ("ll_mon_w_mV", "ll_mon_w_init_mV"))
    )
    trains = saved.train_end_s > 0
    if moved:
        return [] if trains else ["no training in this run: the weights were learned in another"]
    why = "no weight has changed in training" if trains else "no training"
    return [f"{why}: trained and untrained are the same network"]


def grid(
    saved: Seed, subject: str, n_panels: int, n_columns: int, x_label: str, y_label: str
) -> tuple[Figure, list]:
    """A page of like panels with common axes, row by row; only the outer ones have labels.

    Returns
    -------
    figure : Figure
    axes : list of matplotlib.axes.Axes
    """
    n_columns = min(n_columns, n_panels)
    n_rows = -(-n_panels // n_columns)
    text = heading(saved, subject)
    # laid out by hand, in inches: a layout engine measures every panel, twice
    top, bottom, left, right = 0.4 + LINE_IN * (1 + text.count("\n")), 0.9, 0.85, 0.3
    height = top + bottom + (2.1 if n_columns > 2 else 2.25) * n_rows
    figure = Figure(figsize=(WIDTH_IN, height))
    figure.suptitle(text, y=1 - 0.1 / height)
    figure.subplots_adjust(
        **dict(left=left / WIDTH_IN, right=1 - right / WIDTH_IN),
        **dict(bottom=bottom / height, top=1 - top / height, wspace=0.12, hspace=0.22),
    )
    axes: list = []
    for k in range(n_panels):
        first = axes[0] if axes else None
        ax = figure.add_subplot(n_rows, n_columns, k + 1, sharex=first, sharey=first)
        is_left, is_bottom = k % n_columns == 0, k + n_columns >= n_panels
        ax.tick_params(labelleft=is_left, labelbottom=is_bottom)
        ax.set(xlabel=x_label if is_bottom else "", ylabel=y_label if is_left else "")
        axes.append(ax)
    return figure, axes


def legend(figure: Figure, ax) -> None:
    """One legend for panels that are alike, below them."""
    handles, labels = ax.get_legend_handles_labels()
    outside = "" if figure.get_layout_engine() is None else "outside "
    figure.legend(handles, labels, loc=f"{outside}lower center", ncols=len(labels))


def colour_of(condition: str) -> str:
    """Colour of a title."""
    return style.UNTRAINED if condition == "untrained" else style.TRAINED


# --- the test by source position ---------------------------------------------------------


def passage(saved: Seed) -> Passage:
    """The test of a seed by source position."""
    x_cm = saved.recordings["test_x_cm"]
    return Passage.of(x_cm, saved.dt_s, saved.params.eval_window_cm)


def position_label(saved: Seed) -> str:
    low = saved.params.eval_x_min_cm
    return "source x (cm)" if low is None else f"source x from {low:g} cm on (cm)"


def bin_words(shown: Passage) -> str:
    """Number, width and time of the bins, for a caption."""
    width, time_ms = np.ptp(shown.edges_cm) / shown.n_bins, 1e3 * shown.time_s[shown.time_s > 0]
    times = sorted({f"{t:.3g}" for t in (time_ms.min(), time_ms.max())}, key=float)
    n = f"{shown.n_bins} bin" + ("s" if shown.n_bins > 1 else "")
    return f"{n} of {width:.3g} cm, {' to '.join(times)} ms"


def spike_words(saved: Seed, population: str) -> str:
    """What a caption says of a layer that is silent in the test, or the same in both networks."""
    shown, lines = passage(saved), []
    spikes = {condition: saved.spikes(phase, population) for condition, phase in CONDITIONS.items()}
    name = population.upper()
    silent = [k for k, s in spikes.items() if s.index.size == 0]
    outside = [k for k, s in spikes.items() if shown.inside(s).index.size == 0 and k not in silent]
    for who, where in ((silent, "the test"), (outside, "the evaluation window")):
        if who:
            lines.append(f"{name} is silent in {where} ({' and '.join(who)})")
    trained, twin = ((s.index, s.step) for s in spikes.values())
    same = all(map(np.array_equal, trained, twin)) and not remarks(saved)
    if same and not lines and population != "ll":
        lines.append(f"{name} spikes: the same, trained and untrained")
    return "".join(f"\n{line}" for line in lines)
