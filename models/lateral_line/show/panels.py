"""Panels of the lateral-line figures: each takes axes and saved arrays and returns the axes.

Nothing here opens a file or computes a result; what is empty says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from driver.figures import panels, style
from driver.figures.points import Band, mark_band
from models.lateral_line.metrics import MAX_ANGLE_BINS, TWO_PI, USABLE_VALID_FRACTION, chance_band

COLOUR = {"ll": style.BRIGHT, "mon": style.MIDDLE, "ts": style.DARK}
MAX_RASTER_CELLS = 400
MAX_MARKED = 60  # a series with more points is drawn as a line alone
SILENT = "TS is silent: nothing could be decoded"
WEIGHT = "MON→TS weight (dimensionless)"
SIGMA, DELTA = r"$\sigma_\theta$", r"$\Delta_\mathrm{trial}$"


def draw_stimulus_plane(
    ax, train_x_cm, train_d_cm, test_x_cm, test_d_cm, body_cm: float, radius_cm: float
):
    """Where the source was, seen from above the fish; equal scales.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    train_x_cm, train_d_cm : ndarray, shape (n_snapshots,)
        Along the body and away from it, cm.
    test_x_cm, test_d_cm : ndarray, shape (n_test_steps,)
    body_cm : float
        The body reaches from 0 to here.
    radius_cm : float
        Of the sphere, drawn where the test starts.
    """
    ax.plot([0, body_cm], [0, 0], lw=5, color=COLOUR["ll"], solid_capstyle="butt", label="body")
    moves = np.unique(test_x_cm).size == test_x_cm.size
    look = {"lw": 3} if moves else {"ls": "none", "marker": "o", "ms": 6}
    ax.plot(test_x_cm, test_d_cm, color=style.CHANCE, label="test", **look)
    if moves and test_x_cm.size > 1:
        ends = (test_x_cm[-1], test_d_cm[-1]), (test_x_cm[-2], test_d_cm[-2])
        arrow = {"arrowstyle": "-|>", "color": style.MUTED, "mutation_scale": 14}
        ax.annotate("", *ends, arrowprops=arrow)
    label = "training, held" if train_x_cm.size else None
    ax.plot(train_x_cm, train_d_cm, ".", ms=3, mew=0, color=style.TRAINED, label=label)
    angle = np.linspace(0, TWO_PI, 100)
    circle = test_x_cm[0] + radius_cm * np.cos(angle), test_d_cm[0] + radius_cm * np.sin(angle)
    ax.plot(*circle, color=style.MUTED, lw=1, label="sphere")
    if not train_x_cm.size:
        style.say(ax, "no training")
    ax.set_aspect("equal", adjustable="datalim")
    ax.set(xlabel="along the body x (cm)", ylabel="from the body y (cm)")
    return ax


def draw_raster(ax, t_s, index, n_cells: int, population: str, size: float | None = None):
    """One dot a spike, of up to `MAX_RASTER_CELLS` cells spread evenly (of all cells of TS).

    `population` is one of ``ll``, ``mon``, ``ts``; for the rest see `driver.figures.panels`.
    """
    most = None if population == "ts" else MAX_RASTER_CELLS
    name, colour = population.upper(), COLOUR[population]
    return panels.draw_raster(ax, t_s, index, n_cells, name, colour, most, size)


def mark_train_end(ax, t_s: float):
    """Dashed line where the training ends and the test begins; returns the axes."""
    ax.axvline(t_s, color=style.TRAINED, ls="--", lw=0.9, zorder=4)
    return ax


def draw_weight_means(
    ax, series: Mapping[str, np.ndarray], w_max: float, stable_s: float | None = None, **more
):
    """MON -> TS weights over training; `series` are arrays of a recording or a checkpoint."""
    names = ("checkpoint_t_s", "w_mean_series", "w_std_series", "tracked_weight_series")
    panels.draw_weight_means(ax, *(series[name] for name in names), w_max, stable_s, **more)
    ax.set_ylabel(WEIGHT)
    return ax


def draw_map_of_training(ax, series: Mapping[str, np.ndarray], n_ts: int):
    """The map decoded from `n_ts` cells; `series` are arrays of a recording or a checkpoint."""
    names = ("ckpt_t_s", "sigma_theta_series", "delta_trial_series", "valid_fraction_series")
    arrays = (series[f"pv_{name}"] for name in names)
    return draw_training_map(ax, *arrays, chance(min(MAX_ANGLE_BINS, n_ts)))


def chance(n_bins: int) -> Band:
    """Where `sigma_theta` lies without any order, 5 to 95 %."""
    low, median, high = chance_band(n_bins)
    return Band(low, high, f"chance {SIGMA}, 5–95 % ({n_bins} bins)", median)


def draw_training_map(ax, t_s, sigma_theta, delta_trial, valid, band: Band):
    """Map during training, with the untouched network at time 0; hollow: no usable map.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    t_s, sigma_theta, delta_trial, valid : ndarray, shape (n_decodes,)
        Seconds, radians, radians, fraction of decoded steps.
    band : Band
        Where `sigma_theta` lies by `chance`, radians.
    """
    ax.set_ylabel("angle (rad)")
    if t_s.size == 0:
        return style.empty(ax, "no training")
    mark_band(ax, band)
    draw_series(ax, t_s, sigma_theta, valid, "o", style.TRAINED, SIGMA)
    draw_series(ax, t_s, delta_trial, valid, "s", style.MUTED, DELTA)
    ax.plot([], [], "o", ms=5, color=style.UNTRAINED, label="before trial 1")
    if np.any(valid < USABLE_VALID_FRACTION):
        ax.plot([], [], "o", ms=5, mfc="white", mec=style.TRAINED, label="no usable map")
    if not np.isfinite(sigma_theta).any():
        why = f"{SIGMA} is undefined: fewer than two bins" if np.any(valid > 0) else SILENT
        style.say(ax, why, y=0.3)
    ax.set_ylim(0, 1.05 * np.nanmax([3.0, *sigma_theta, *delta_trial]))
    return style.legend_above(ax, ncols=5)


def draw_valid_fraction(ax, t_s, valid):
    """Share of the steps that could be decoded, over training; see `draw_training_map`."""
    ax.set(xlabel="training time (s)", ylabel="valid\nfraction (1)", ylim=(0, 1.1))
    if t_s.size == 0:
        return style.empty(ax, "no training")
    ax.axhline(USABLE_VALID_FRACTION, color=style.MUTED, ls=":", lw=1)
    text = f"dotted: usable from {USABLE_VALID_FRACTION:.2f}"
    low = np.mean(valid[-1 - valid.size // 4 :]) < USABLE_VALID_FRACTION  # leave the room to them
    place = {"y": 0.95, "va": "top"} if low else {"y": 0.05, "va": "bottom"}
    ax.text(x=1, s=text, transform=ax.transAxes, ha="right", fontsize=7, **place)
    draw_series(ax, t_s, valid, valid, "o", style.TRAINED, "valid fraction")
    return ax


def draw_series(ax, t_s, values, valid, marker: str, colour: str, label: str):
    """A line over training; its first point is of the untrained network, hollow ones no map."""
    size = 4 if t_s.size <= MAX_MARKED else 0
    ax.plot(t_s, values, marker=marker, ms=size, lw=1, color=colour, label=label, clip_on=False)
    poor = valid < USABLE_VALID_FRACTION
    ax.plot(t_s[poor], values[poor], marker, ms=max(size, 2.5), mfc="white", mec=colour)
    fill = "white" if poor[0] else style.UNTRAINED
    ax.plot(t_s[:1], values[:1], marker, ms=5.5, mfc=fill, mec=style.UNTRAINED, zorder=4)
    return ax


def decoded_cm(theta_hat, delta_theta, low_cm: float, high_cm: float):
    """Decoded angle as a position, cm, shape kept; NaN where no error was scored.

    0 is `low_cm` and 2 pi is `high_cm`: the same point of the ring.
    """
    scored = np.isfinite(delta_theta)
    return np.where(scored, low_cm + theta_hat / TWO_PI * (high_cm - low_cm), np.nan)


def draw_positions(ax, t_s, x_cm, trained_cm, untrained_cm, body_cm: float):
    """Where the source is and where TS says it is.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    t_s, x_cm : ndarray, shape (n_steps,)
        Seconds and source position, cm.
    trained_cm, untrained_cm : ndarray, shape (n_steps,)
        Decoded positions, cm; NaN where undecoded.
    body_cm : float
        The body reaches from 0 to here.
    """
    for end, label in ((0, "body ends"), (body_cm, None)):
        ax.axhline(end, color=COLOUR["ll"], lw=1, ls=(0, (1, 2)), label=label)
    size = np.clip(1.8 * np.sqrt(1000 / t_s.size), 1.0, 3.0)
    colour = style.UNTRAINED  # below and larger: a rim shows where they coincide
    ax.plot(t_s, untrained_cm, "s", ms=1.7 * size, mew=0, color=colour, label="untrained")
    ax.plot(t_s, trained_cm, "o", ms=size, mew=0, color=style.TRAINED, label="trained")
    ax.plot(t_s, x_cm, color="white", lw=2.4)
    ax.plot(t_s, x_cm, color=style.MUTED, lw=1.4, label="source")
    found = {"trained": trained_cm, "untrained": untrained_cm}
    silent = [name for name, values in found.items() if not np.isfinite(values).any()]
    if silent:
        style.say(ax, f"{' and '.join(silent)}: TS is silent, nothing to decode", y=0.12)
    ax.set_ylabel("position x (cm)")
    return style.legend_above(ax, markerscale=2)
