"""Tuning curves of cells along the body, over all passes of a test: peaks and widths.

The body is a line: its ends do not meet. What is undefined is NaN, never a stand-in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.lateral_line import metrics
from models.lateral_line.metrics import N_POSITION_BINS
from models.lateral_line.passes import Pass, Test, joined

TUNING_SMOOTHING_CM = 0.1  # SD of the Gaussian over tuning curves
PEAK_SHARE = 0.5  # of the highest peak: lower peaks do not count
PROMINENCE_SHARE = 0.25  # of the highest peak, above the dip to a higher one: not Poisson noise


def spikes_by_position(step, index, n_cells: int, x_cm, window):
    """Spikes and steps in 50 equal bins of `window` (cm), of one pass or more.

    Returns
    -------
    spikes : ndarray of int, shape (n_cells, n_bins)
    steps : ndarray of int, shape (n_bins,)
    """
    x_cm, n_bins = np.asarray(x_cm, dtype=float), N_POSITION_BINS
    step, index = metrics.spikes_in_phase(step, index, n_cells, x_cm.size)
    inside = (x_cm >= window[0]) & (x_cm <= window[1])
    share = np.where(inside, (x_cm - window[0]) / (window[1] - window[0]), 0.0)
    which = np.minimum((share * n_bins).astype(np.int64), n_bins - 1)
    steps = np.bincount(which[inside], minlength=n_bins)
    kept = inside[step]
    spikes = np.bincount(index[kept] * n_bins + which[step[kept]], minlength=n_cells * n_bins)
    return spikes.reshape(n_cells, n_bins), steps


def smoothed_rates(spikes, time_s, window):
    """Tuning curves, Hz, of spikes (n_cells, n_bins) and time (n_bins,) in bins of `window`.

    Spikes and time are smoothed each by itself, by a Gaussian with an SD of 0.1 cm, so neither the
    ends of the body nor a bin that was visited for longer pull the curve. NaN in a bin never
    visited.
    """
    n_bins = time_s.size
    apart_cm = np.subtract.outer(np.arange(n_bins), np.arange(n_bins)) * np.diff(window) / n_bins
    kernel = np.exp(-0.5 * (apart_cm / TUNING_SMOOTHING_CM) ** 2)
    return spikes @ kernel / np.where(time_s > 0, time_s @ kernel, np.nan)


def tuning_of(test: Test, part, n_cells: int, dt_s: float, window):
    """`smoothed_rates` (n_cells, n_bins) and spikes (n_cells,), of the steps `part`."""
    x_cm = np.where(part, test.x_cm, np.nan)
    spikes, steps = spikes_by_position(test.step, test.index, n_cells, x_cm, window)
    return smoothed_rates(spikes, steps * dt_s, window), spikes.sum(axis=1)


def bin_centres(window):
    share = (np.arange(N_POSITION_BINS) + 0.5) / N_POSITION_BINS
    return window[0] + share * (window[1] - window[0])


@dataclass(frozen=True, eq=False)
class CellTuning:
    """Tuning curves along the body, over all passes. The body is a line: its ends do not meet.

    A cell is tuned with at least 5 spikes in the window and a peak of at least 1 Hz.
    """

    x_cm: np.ndarray  # (n_bins,) bin centres
    rate_Hz: np.ndarray  # (n_cells, n_bins) smoothed; NaN in a bin never visited
    n_spikes: np.ndarray  # (n_cells,) within the window
    tuned: np.ndarray  # (n_cells,) bool
    preferred_cm: np.ndarray  # (n_cells,) position of the peak; NaN of a cell that is not tuned
    n_peaks: np.ndarray  # (n_cells,) peaks at or above half of the highest; NaN likewise
    widths_cm: np.ndarray  # (n_cells,) of the run at or above half of the peak; NaN likewise
    n_tuned: int
    single_peaked_share: float  # of the tuned cells
    width_cm: float  # median of the tuned cells


def _n_peaks(curves, peak):
    """Peaks of each curve, shape (n_cells,), of `curves` (n_cells, n_bins) with maxima `peak`.

    Climbs to a summit, which is one once the curve has fallen by the prominence, and waits for
    the next climb by as much. Beyond the ends a cell is silent, so a curve may peak there.
    """
    rise, n_peaks = PROMINENCE_SHARE * peak, np.zeros(peak.size, dtype=np.int64)
    climbing, extreme = np.full(peak.size, True), np.zeros(peak.size)
    for value in np.pad(curves, ((0, 0), (0, 1))).T:
        extreme = np.where(climbing, np.maximum(extreme, value), np.minimum(extreme, value))
        turned = np.abs(value - extreme) >= rise
        n_peaks += turned & climbing & (extreme >= PEAK_SHARE * peak)
        climbing, extreme = climbing ^ turned, np.where(turned, value, extreme)
    return n_peaks


def are_tuned(rate_Hz, n_spikes):
    """Which cells are tuned, shape (n_cells,), by rates (n_cells, n_bins) and all their spikes."""
    peak = np.nanmax(rate_Hz, axis=1, initial=0.0)
    return (n_spikes >= metrics.MIN_TUNING_SPIKES) & (peak >= metrics.MIN_PEAK_HZ)


def cell_tuning(passes: Sequence[Pass], n_cells: int, dt_s: float, window) -> CellTuning:
    """Tuning curve, preferred position, number of peaks and width of every cell.

    Parameters as in `aligned_map`; one pass is enough. Curves have 50 bins and are smoothed by
    a Gaussian with an SD of 0.1 cm. A peak counts from half of the highest, and only if it
    rises by a quarter of it above the dip towards the next higher one (its prominence).
    """
    test = joined(passes, n_cells, metrics.boxcar_width(dt_s), window)
    rate, n_spikes = tuning_of(test, True, n_cells, dt_s, window)
    x_cm, visited = bin_centres(window), np.isfinite(rate).all(axis=0)
    seen = np.where(visited, rate, 0.0)
    peak = seen.max(axis=1)
    tuned = are_tuned(rate, n_spikes)
    n_peaks = np.where(tuned, _n_peaks(rate[:, visited], peak), np.nan)
    top = peak[:, None]
    run = metrics.longest_run_at_peak((seen >= PEAK_SHARE * top) & visited, seen == top)
    widths = np.where(tuned, run * (window[1] - window[0]) / N_POSITION_BINS, np.nan)
    return CellTuning(
        x_cm=x_cm,
        rate_Hz=rate,
        n_spikes=n_spikes,
        tuned=tuned,
        preferred_cm=np.where(tuned, x_cm[seen.argmax(axis=1)], np.nan),
        n_peaks=n_peaks,
        widths_cm=widths,
        n_tuned=int(tuned.sum()),
        single_peaked_share=float(np.mean(n_peaks[tuned] == 1)) if tuned.any() else np.nan,
        width_cm=float(np.median(widths[tuned])) if tuned.any() else np.nan,
    )
