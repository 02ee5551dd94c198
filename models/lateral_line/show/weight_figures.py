"""Figures of the weights: over training, and cell by cell before and after it."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.page import grid, legend
from models.lateral_line import metrics
from models.lateral_line.analyses.tuning import incoming, spread
from models.lateral_line.saved import Seed
from models.lateral_line.show import panels, weight_panels
from models.lateral_line.show.pages import heading, page
from models.lateral_line.show.panels import WEIGHT

N_TRACKED = 12
N_STEM_CELLS = 6
N_FIELDS = 8


def learning_curves(saved: Seed) -> Figure:
    """MON -> TS weights, and the map decoded from TS, over the training. Look for weights whose
    mean levels off (A) while they still change from record to record (B): the learning has come to
    a balance and not to an end. In C the spread of the decoding error should leave the grey band of
    chance and end below its first point, that of the untrained network; hollow points are of too
    few decoded steps to count, see D."""
    a, p = saved.recordings, saved.params
    figure = page(saved, 11, "Training: weights, and the map decoded from TS while learning")
    weights, distance, angles, valid = figure.subplots(
        4, 1, sharex=True, height_ratios=(1.5, 0.9, 1.4, 0.6)
    )
    stable = saved.results["training"]["stabilization_time_s"]
    panels.draw_weight_means(weights, a, p.mon_ts_wmax, stable, max_tracked=N_TRACKED)
    weights.set_title("A  MON→TS weights")
    changes = a["w_mean_abs_delta_series"], a["w_mean_abs_step_series"]
    weight_panels.draw_distance_from_start(distance, a["checkpoint_t_s"], *changes)
    distance.set_title("B  Their change, mean over all synapses")
    panels.draw_map_of_training(angles, a, p.n_ts)
    angles.set_title("C  Map in training (held stimuli)")
    panels.draw_valid_fraction(valid, a["pv_ckpt_t_s"], a["pv_valid_fraction_series"])
    valid.set_title("D  Decoded share of the steps")
    for ax in (weights, distance, angles):
        ax.set_xlabel("")
    return figure


def llmon_weights(saved: Seed) -> Figure:
    """LL -> MON weights of some MON cells by LL cell, before and after training. Look for synapses
    side by side that stayed strong while others fell: a cell that reads one part of the body. Where
    they are not plastic both are the same."""
    p, w = saved.params, saved.weights
    cells = spread(p.n_mon, N_STEM_CELLS)
    learns = "plastic" if p.ll_mon_use_stdp else "not plastic"
    subject = f"LL→MON weights of {len(cells)} of {p.n_mon} MON cells, {learns}"
    subject += "; initial ones a little to the left of their LL cell"
    labels = "LL cell index", "LL→MON weight (mV)"
    figure, axes = grid(heading(saved, subject), len(cells), 3, *labels)
    for ax, cell in zip(axes, cells, strict=True):
        onto = np.flatnonzero(w["ll_mon_j"] == cell)
        i, before, after = (w[k][onto] for k in ("ll_mon_i", "ll_mon_w_init_mV", "ll_mon_w_mV"))
        weight_panels.draw_stems(ax, i, before, after, p.n_ll)
        ax.set_title(f"MON {cell}: {synapses(i)}")
    top = max_of(w["ll_mon_w_mV"], w["ll_mon_w_init_mV"])
    axes[0].set_ylim(0, 1.1 * top or 1.0)
    legend(figure, axes[0])
    return figure


def mon_ts_weight_profile(saved: Seed) -> Figure:
    """Mean MON -> TS weight onto every TS cell, and how many of them are at the ceiling. Look for
    cells that took much more than others, which then answer to everything, and for a large share
    at the ceiling: weights that are all alike tell nothing of where the source is."""
    p, w = saved.params, saved.weights
    figure = page(saved, 7, "MON→TS weights onto each TS cell")
    mean, share = figure.subplots(2, 1, sharex=True)
    weights = w["mon_ts_w_init"], w["mon_ts_w"]
    by_cell = [incoming(w["mon_ts_j"], p.n_ts, values) for values in weights]
    weight_panels.draw_by_cell(mean, *by_cell)
    mean.axhline(p.mon_ts_wmax, color=style.TRAINED, lw=0.8, ls=":", label="ceiling")
    mean.set(ylabel=f"mean {WEIGHT}", ylim=(0, 1.08 * p.mon_ts_wmax or 1.0), xlabel="")
    mean.set_title("A  Mean incoming weight")
    at = [np.isclose(v, p.mon_ts_wmax, rtol=metrics.WEIGHT_RTOL, atol=0) for v in weights]
    by_cell = [incoming(w["mon_ts_j"], p.n_ts, values.astype(float)) for values in at]
    weight_panels.draw_by_cell(share, *by_cell)
    share.set(ylabel="share of synapses (1)", ylim=(0, max(0.05, 1.08 * max_of(*by_cell))))
    share.set_title(f"B  Share of incoming weights at the ceiling, {p.mon_ts_wmax:g}")
    if max_of(*by_cell) == 0 and w["mon_ts_j"].size:
        style.say(share, "no weight is at the ceiling")
    style.legend_above(mean)
    return figure


def mon_to_ts_receptive_fields(saved: Seed) -> Figure:
    """MON -> TS weights onto some TS cells by MON cell, before and after training. Look for a hump
    of strong weights that moves on from cell to cell: receptive fields in order. Weights that rose
    or fell everywhere alike have learned how much to fire, and not where."""
    p, w = saved.params, saved.weights
    cells = spread(p.n_ts, N_FIELDS)
    subject = f"Incoming MON→TS weights of {len(cells)} of {p.n_ts} TS cells"
    figure, axes = grid(heading(saved, subject), len(cells), 2, "MON cell index", WEIGHT)
    for ax, cell in zip(axes, cells, strict=True):
        onto = np.flatnonzero(w["mon_ts_j"] == cell)
        i, before, after = (w[k][onto] for k in ("mon_ts_i", "mon_ts_w_init", "mon_ts_w"))
        weight_panels.draw_incoming(ax, i, before, after, p.mon_ts_wmax)
        ax.set_title(f"TS {cell}: {synapses(i)}")
    top = p.mon_ts_wmax or 1.0
    axes[0].set(xlim=(-0.01 * p.n_mon - 0.5, 1.01 * p.n_mon - 0.5), ylim=(-0.04 * top, 1.08 * top))
    legend(figure, axes[0])
    return figure


def synapses(source) -> str:
    """How many there are, and from how many cells if pairs have several."""
    n, n_cells = source.size, np.unique(source).size
    text = f"{n} synapse" + ("" if n == 1 else "s")
    return text if n == n_cells else f"{text} from {n_cells} cell" + ("" if n_cells == 1 else "s")


def max_of(*values) -> float:
    """Largest finite value; 0 without any."""
    return float(max((np.nanmax(v) for v in values if np.isfinite(v).any()), default=0.0))
