"""Panels over the position of the source: tuning, spikes, drive.

Like `models.lateral_line.show.panels`: each takes axes and arrays and returns the axes. Positions
are those of `models.lateral_line.analyses.tuning.Passage`, from its origin on.
"""

from __future__ import annotations

import numpy as np

from driver.figures import panels, style
from models.lateral_line.show.panels import COLOUR

COLOURS = "viridis"  # even steps of lightness, also for colour-blind eyes
GUIDE = "perfect map of the body"
NO_DRIVE = "no drive: MON is silent,\nor weight times gain is 0"


def draw_image(ax, values, extent, low: float, high: float, **look):
    """Values as colours from `low` to `high`, first row at the bottom; grey where undefined."""
    look = {"origin": "lower", "interpolation": "nearest", "aspect": "auto"} | look
    shown = np.ma.masked_invalid(values)
    ax.imshow(shown, extent=extent, vmin=low, vmax=high, cmap=COLOURS, **look)
    ax.set_facecolor(style.CHANCE)
    return ax


def draw_tuning(ax, edges_cm, trained_hz, untrained_hz):
    """Rate of one cell by source position: trained filled, its untrained twin as a line.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    edges_cm : ndarray, shape (n_bins + 1,)
    trained_hz, untrained_hz : ndarray, shape (n_bins,)
        Hz; NaN where the source never was.
    """
    ax.stairs(trained_hz, edges_cm, fill=True, color=style.TRAINED, alpha=0.45, label="trained")
    twin, colour = "untrained", style.UNTRAINED
    ax.stairs(untrained_hz, edges_cm, color=colour, lw=1.3, baseline=None, label=twin)
    rates = {"trained": trained_hz, "untrained": untrained_hz}
    quiet = [name for name, hz in rates.items() if not np.any(hz > 0)]
    if len(quiet) == 2:
        style.say(ax, "no spikes")
    elif quiet:
        text = f"{quiet[0]}: no spikes"
        ax.text(0.98, 0.96, text, transform=ax.transAxes, ha="right", va="top", fontsize=8)
    return ax


def draw_spikes(ax, x_cm, index, n_cells: int, population: str, size: float):
    """One dot a spike, of all cells: cell by source position.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x_cm, index : ndarray, shape (n_spikes,)
        Where the source was at each spike, and the cell.
    n_cells : int
    population : {'ll', 'mon', 'ts'}
    size : float
        Diameter of a dot, points.
    """
    name, colour = population.upper(), COLOUR[population]
    panels.draw_raster(ax, x_cm, index, n_cells, name, colour, size=size)
    ax.locator_params(axis="y", integer=True)
    return ax


def draw_body_map(ax, origin_cm: float, body_cm: float, n_cells: int, zorder: float = 3):
    """Where spikes would lie in a perfect map of the body, 0 to `body_cm`, onto `n_cells` cells."""
    line = np.array([0, body_cm]) - origin_cm, [0, n_cells - 1]
    ax.plot(*line, color="white", lw=3.2, zorder=zorder)
    ax.plot(*line, color=style.MUTED, lw=1.5, ls=(0, (5, 2)), zorder=zorder, label=GUIDE)
    return ax


def draw_drive(ax, edges_cm, drive_mV_per_ms):
    """Drive of every TS cell by source position, as colours, each row over its largest.

    Rows of cells without drive are grey, and columns where the source never was. Without the
    division the cells of the largest weights hide where all others have their peak.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    edges_cm : ndarray, shape (n_bins + 1,)
    drive_mV_per_ms : ndarray, shape (n_ts, n_bins)
    """
    largest = np.nanmax(drive_mV_per_ms, axis=1, initial=0.0, keepdims=True)
    shares = drive_mV_per_ms / np.where(largest > 0, largest, np.nan)
    draw_rows(ax, edges_cm, shares, 1.0)
    if not np.any(drive_mV_per_ms > 0):
        style.say(ax, NO_DRIVE)
    return ax


def draw_rates(ax, edges_cm, rates_hz, top: float):
    """Rate of every TS cell by source position, as colours up to `top`, Hz."""
    draw_rows(ax, edges_cm, rates_hz, top or 1.0)
    if not np.any(rates_hz > 0):
        style.say(ax, "TS is silent")
    return ax


def draw_rows(ax, edges_cm, values, top: float):
    """A row of colours for every TS cell."""
    draw_image(ax, values, (edges_cm[0], edges_cm[-1], -0.5, len(values) - 0.5), 0, top)
    ax.set_ylabel("TS cell index")
    ax.locator_params(axis="y", integer=True)
    return ax


def draw_winners(ax, centres_cm, trained, untrained, n_ts: int):
    """TS cell with the largest drive by source position.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    centres_cm, trained, untrained : ndarray, shape (n_bins,)
        Cells; NaN, and not drawn, in a bin without any drive.
    n_ts : int
    """
    for label, cells, look in (
        ("untrained", untrained, {"marker": "s", "ms": 7, "mfc": "none", "mew": 1.5}),
        ("trained", trained, {"marker": "o", "ms": 5, "mew": 0}),
    ):
        colour = style.UNTRAINED if label == "untrained" else style.TRAINED
        n = np.count_nonzero(np.isfinite(cells))
        words = f"{label} ({n} of {cells.size} bins have drive)"
        ax.plot(centres_cm, cells, ls="none", color=colour, label=words, **look)
    if not (np.isfinite(trained).any() or np.isfinite(untrained).any()):
        style.say(ax, NO_DRIVE)
    ax.set_ylim(-0.03 * n_ts - 0.5, 1.03 * n_ts - 0.5)
    ax.set_ylabel("TS cell with the largest drive (cell index)")
    ax.locator_params(axis="y", integer=True)
    return ax
