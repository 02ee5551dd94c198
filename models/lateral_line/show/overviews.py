"""The two overview figures: a whole run on one page, and its test from the start.

Drawn from what `models.lateral_line.saved` reads out of a run folder, and from nothing else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.engine.model import Spikes
from driver.figures import style
from driver.figures.page import page
from driver.figures.panels import dot_size, draw_rates, draw_weights
from models.lateral_line import metrics
from models.lateral_line.params import NetworkParams
from models.lateral_line.saved import Run, Seed
from models.lateral_line.show import panels
from models.lateral_line.show.panels import COLOUR, SIGMA
from models.lateral_line.summary import ll_mon_weights, place

MAX_NAME = 80  # letters of a run's name in a title


def spatial_two_stage(saved: Seed) -> Figure:
    """A whole run on one page: stimulus, activity at the end of the training and in the test,
    weights and map. LL are the afferents, MON the first layer of the brain, TS the second, whose
    map of the source is what may be learned. Look at H for a spread of the decoding error that
    falls below the grey band of chance and below its first point, the untrained network; at F and
    G for weights that have moved and come to rest; and at D for whether TS fires in the test as
    much as its untrained twin, for a silent layer has no map."""
    figure = page(headline(saved), 14, 14, pad_in=(0.08, 0.08))
    grid = figure.add_gridspec(4, 2, height_ratios=(0.9, 1, 1, 1.25))
    stimulus_panel(figure.add_subplot(grid[0, 0]), saved)
    raster_panel(figure.add_subplot(grid[0, 1]), saved, "ll", "B  LL")
    raster_panel(figure.add_subplot(grid[1, 0]), saved, "mon", "C  MON")
    ts_panels(figure, grid[1, 1], saved)
    rates = figure.add_subplot(grid[2, 0])
    rate_panel(rates, saved)
    rates.set_title(f"E  Rate ({1e3 * metrics.SMOOTHING_S:g} ms): {phases(saved)}")
    weight_panels(figure.add_subplot(grid[2, 1]), figure.add_subplot(grid[3, 0]), saved)
    map_panels(figure, grid[3, 1], saved)
    return figure


def headline(saved: Seed) -> str:
    """Run, seed, and in a second line what network was tested and how."""
    return f"{run_name(saved.run)}, seed {saved.number}\n{network_of(saved)}"


def run_name(run: Run) -> str:
    """Name and preset, for a title."""
    name = run.name if len(run.name) <= MAX_NAME else f"{run.name[: MAX_NAME - 1]}…"
    name = name.replace("$", r"\$")  # not mathematics
    return f"{name} ({run.mode})"


def network_of(saved: Seed) -> str:
    """`network` of a seed, whose weights may have been learned in another run."""
    source = saved.results.get("source")
    where = " in another run" if source else ""
    if ll_mon_weights(source) == "initial":
        where += ", LL→MON weights of before them"
    return network(saved.params, where)


def network(p: NetworkParams, where: str = "") -> str:
    """Network, training (and `where` it was), and test."""
    motion = "held snapshots" if p.test_using_held_snapshots else f"{p.speed_cm_s:g} cm/s"
    return (
        f"{p.n_ll} LL, {p.n_mon} MON, {p.n_ts} TS; "
        f"{p.n_training_trials} trials of {p.trial_duration_s:g} s{where}; "
        f"test at {p.distance_cm:g} cm, {motion}"
    )


def stimulus_panel(ax, saved: Seed):
    a, p = saved.recordings, saved.params
    names = ("train_x_cm", "train_d_cm", "test_x_cm", "test_d_cm")
    arrays = [a[name] for name in names]
    panels.draw_stimulus_plane(ax, *arrays, p.ll_body_length_cm, p.sphere_radius_cm)
    ax.set_title("A  Stimulus plane")
    style.legend_above(ax)


def raster_panel(ax, saved: Seed, population: str, title: str, size: float | None = None):
    """Raster of the end of the training and the test, in training time."""
    spikes = saved.timeline(population)
    start_s = saved.train_end_s - saved.n_tail_steps * saved.dt_s
    t_s = start_s + spikes.step * saved.dt_s
    panels.draw_raster(ax, t_s, spikes.index, saved.n_cells(population), population, size)
    if spikes.index.size and not saved.spikes("test", population).index.size:
        text = f"{population.upper()} is silent\nin the test"
        style.say(ax, text, x=saved.train_end_s + saved.test_s / 2)
    panels.mark_train_end(ax, saved.train_end_s)
    ax.set(xlim=(start_s, saved.train_end_s + saved.test_s), xlabel="time (s)")
    ax.set_title(f"{title}: {phases(saved)}")


def phases(saved: Seed) -> str:
    return "training | test" if saved.n_tail_steps else "test"


def ts_panels(figure, cell, saved: Seed):
    """TS of the trained network, and of its untrained twin in the same test, same scales."""
    tail_s = saved.n_tail_steps * saved.dt_s
    shown_s = tail_s + saved.test_s
    widths = (shown_s, max(saved.test_s, 0.33 * shown_s))  # same scale, but room for the title
    inner = cell.subgridspec(1, 2, width_ratios=widths, wspace=0)
    ax = figure.add_subplot(inner[0])
    twin = figure.add_subplot(inner[1], sharey=ax)
    spikes, shown = saved.spikes("untrained", "ts"), saved.timeline("ts").index.size
    size = min(dot_size(twin, spikes.index.size), dot_size(ax, shown))
    raster_panel(ax, saved, "ts", "D  TS trained", size)
    t_s = spikes.step * saved.dt_s
    panels.draw_raster(twin, t_s, spikes.index, saved.n_cells("ts"), "ts", size)
    twin.set(xlim=(0, saved.test_s), xlabel="test time (s)", ylabel="")
    twin.locator_params(axis="x", nbins=3)
    ax.locator_params(axis="x", nbins=round(3 * shown_s / widths[1]))
    twin.tick_params(labelleft=False)
    twin.set_title("TS untrained: test", color=style.UNTRAINED)


def rate_panel(ax, saved: Seed, populations=("mon", "ts")):
    """Rates from the end of the training through the test, in training time, beside the twin's."""
    n_tail, n_test, dt_s = saved.n_tail_steps, saved.recordings["test_x_cm"].size, saved.dt_s
    start_s = saved.train_end_s - n_tail * dt_s
    trained = {p: rate(saved, saved.timeline(p), p, n_tail + n_test) for p in populations}
    twin = {p: rate(saved, saved.spikes("untrained", p), p, n_test) for p in populations}
    t_s = start_s + np.arange(n_tail + n_test) * dt_s
    draw_rates(ax, t_s, trained, t_s[n_tail:], twin, COLOUR)
    panels.mark_train_end(ax, saved.train_end_s)
    ax.set(xlim=(start_s, saved.train_end_s + saved.test_s), xlabel="time (s)")


def rate(saved: Seed, spikes: Spikes, population: str, n_steps: int) -> np.ndarray:
    """Smoothed rate, Hz, shape (n_steps,); NaN where the boxcar reaches over an end."""
    hz = metrics.smoothed_rate(spikes.step, saved.n_cells(population), n_steps, saved.dt_s)
    reach = round(metrics.SMOOTHING_S / saved.dt_s) // 2
    inside = (np.arange(n_steps) >= reach) & (np.arange(n_steps) < n_steps - reach)
    return np.where(inside, hz, np.nan)


def weight_panels(histogram, series, saved: Seed):
    w, a, w_max = saved.weights, saved.recordings, saved.params.mon_ts_wmax
    top = w_max or 1.0
    draw_weights(histogram, w["mon_ts_w_init"], w["mon_ts_w"], 0, top)
    histogram.set(xlim=(0, top), xlabel=f"{panels.WEIGHT[:-1]}, ceiling {w_max:g})")
    style.legend_above(histogram).set_title("F  MON→TS weights")
    stable = saved.results["training"]["stabilization_time_s"]
    panels.draw_weight_means(series, a, w_max, stable)
    series.set_title("G  MON→TS weights")


def map_panels(figure, cell, saved: Seed):
    """Map over training; title with the test, which is another stimulus and not comparable."""
    inner = cell.subgridspec(2, 1, height_ratios=(3, 1), hspace=0)
    upper = figure.add_subplot(inner[0])
    lower = figure.add_subplot(inner[1], sharex=upper)
    a = saved.recordings
    panels.draw_map_of_training(upper, a, saved.params.n_ts)
    panels.draw_valid_fraction(lower, a["pv_ckpt_t_s"], a["pv_valid_fraction_series"])
    upper.tick_params(labelbottom=False)
    title = f"H  Map in training (held stimuli, learning on)\n{test_numbers(saved)}"
    upper.set_title(title, pad=22)  # the legend goes below


def test_numbers(saved: Seed) -> str:
    r, where = saved.results, place(saved.params.eval_window_cm)
    trained, untrained = quality(r, where), quality(r["untrained"], where)
    return f"Test, trained: {trained}\nTest, untrained: {untrained}"


def quality(numbers: dict[str, Any], where: str) -> str:
    """``sigma_theta`` in words, never without its valid share (of the body, for the body)."""
    if numbers["silent"]:
        return f"TS is silent, {SIGMA} undefined, valid 0.00"
    words = [
        f"{at} {SIGMA} {number(numbers[f'sigma_theta{key}_rad'], ' rad')}, "
        f"valid {number(numbers[f'valid_fraction{share}'])}"
        for at, key, share in ((where, "", "_window"), ("body", "_body", "_body_window"))
    ]
    return "; ".join(words if numbers["usable_map"] else [*words, "no usable map"])


def number(value: float | None, unit: str = "") -> str:
    return "undefined" if value is None else f"{value:.2f}{unit}"


def test_phase_only(saved: Seed) -> Figure:
    """The test from its start: source, decoded positions, rasters and rates, with the twin's. Look
    for decoded positions that follow the line of the source, more closely after training than
    before; a level row of them is a position that TS reports whatever comes. In the raster of TS
    a map of the body is a rising band of cells that fire in turn."""
    title = f"{headline(saved)} for {saved.test_s:g} s; training ended at {saved.train_end_s:g} s"
    figure = page(f"{title}\n{test_numbers(saved)}", 14, pad_in=(0.12, 0.06))
    axes = figure.subplots(6, 1, sharex=True, height_ratios=(1.7, 1, 1.2, 1.2, 1.2, 1))
    position_panel(axes[0], saved)
    rasters = (
        ("test", "ll", "LL"),
        ("test", "mon", "MON, trained"),
        ("test", "ts", "TS, trained"),
        ("untrained", "ts", "TS, untrained"),
    )
    spikes = [saved.spikes(phase, population) for phase, population, _ in rasters]
    size = dot_size(axes[4], max(s.index.size for s in spikes[2:]))
    for ax, s, (phase, population, title) in zip(axes[1:5], spikes, rasters, strict=True):
        n_cells, same = saved.n_cells(population), size if population == "ts" else None
        panels.draw_raster(ax, s.step * saved.dt_s, s.index, n_cells, population, same)
        ax.set_title(title, color=style.UNTRAINED if phase == "untrained" else "black")
    test_rate_panel(axes[5], saved)
    axes[5].set(xlim=(0, saved.test_s), xlabel="time from the start of the test (s)")
    return figure


def position_panel(ax, saved: Seed):
    x_cm = saved.recordings["test_x_cm"]
    t_s, (low, high) = np.arange(x_cm.size) * saved.dt_s, scored_cm(saved)
    decoded, body_cm = decoded_cm(saved), saved.params.ll_body_length_cm
    panels.draw_positions(ax, t_s, x_cm, decoded["trained"], decoded["untrained"], body_cm)
    ring = f"a ring: {low:.2g} and {high:.2g} cm meet".replace("-", "−")
    ax.set_title(f"Source, and position decoded from TS ({ring})")


def scored_cm(saved: Seed) -> tuple[float, float]:
    """The evaluation window, or the ends of the path."""
    x_cm = saved.recordings["test_x_cm"]
    return saved.params.eval_window_cm or (x_cm.min(), x_cm.max())


def decoded_cm(saved: Seed) -> dict[str, np.ndarray]:
    """Decoded position at every step of the test, trained and untrained."""
    a, ends = saved.recordings, scored_cm(saved)
    return {
        name: panels.decoded_cm(a[f"{twin}pv_theta_hat"], a[f"{twin}pv_delta_theta"], *ends)
        for name, twin in (("trained", ""), ("untrained", "untrained_"))
    }


def test_rate_panel(ax, saved: Seed):
    n_test = saved.recordings["test_x_cm"].size
    t_s = np.arange(n_test) * saved.dt_s
    trained, twin = (
        {p: rate(saved, saved.spikes(phase, p), p, n_test) for p in ("mon", "ts")}
        for phase in ("test", "untrained")
    )
    draw_rates(ax, t_s, trained, t_s, twin, COLOUR)
    ax.set_title(f"Population rate, {1e3 * metrics.SMOOTHING_S:g} ms")
