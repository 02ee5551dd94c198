"""What the spikes of TS tell of the position, whatever the order of the cells.

A readout is calibrated on one half of the passes of a test and scored on the other, so a network
that has learned nothing can be read too: the difference is what learning adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.lateral_line import metrics
from models.lateral_line.cell_tuning import bin_centres, tuning_of
from models.lateral_line.passes import Pass, both_halves, joined, rms

PENALTIES = np.logspace(-6, 1, 29)  # of the largest squared singular value
MIN_RATE_HZ = 0.1  # a cell is never ruled out by a rate of 0 that few spikes measured


@dataclass(frozen=True)
class DecodingError:
    """Error of readouts that were calibrated on the other half of the test, cm.

    Both ways round (median: their mean). All windows within the body count, those without a
    spike too.
    """

    linear_rms_cm: float  # ridge regression on spike counts
    likelihood_rms_cm: float  # position of the highest Poisson likelihood
    likelihood_median_cm: float  # of the absolute error
    constant_rms_cm: float  # the mean position of the calibration: chance
    n_windows: int
    empty_fraction: float  # windows without a spike


def _ridge(counts, x_cm):
    """Weights (n_cells,), cm per spike, and intercept, cm, of a linear readout.

    Ridge regression with the penalty of least generalised cross-validation (Golub, Heath and
    Wahba 1979, Technometrics 21:215), of counts (n_windows, n_cells) and positions
    (n_windows,). NaN where counts never differ.
    """
    counts_mean, x_mean = counts.mean(axis=0), x_cm.mean()
    u, s, vt = np.linalg.svd(counts - counts_mean, full_matrices=False)
    if s[0] == 0:
        return np.full(counts.shape[1], np.nan), np.nan
    projected = u.T @ (x_cm - x_mean)
    penalty = PENALTIES[:, None] * s[0] ** 2
    lost = penalty / (s**2 + penalty) * projected
    residual = np.sum((x_cm - x_mean) ** 2) - np.sum(projected**2) + np.sum(lost**2, axis=1)
    freedom = x_cm.size - 1 - np.sum(s**2 / (s**2 + penalty), axis=1)
    best = np.argmin(residual / freedom**2)
    weights = vt.T @ (s / (s**2 + penalty[best]) * projected)
    return weights, x_mean - counts_mean @ weights


def _most_likely_cm(counts, rate_Hz, duration_s: float, window):
    """Position of the highest Poisson likelihood, shape (n_windows,).

    Bayesian reconstruction with a flat prior (Zhang et al. 1998, J. Neurophysiol. 79:1017).
    """
    visited = np.isfinite(rate_Hz).all(axis=0)
    rate = np.maximum(rate_Hz[:, visited], MIN_RATE_HZ)
    log_likelihood = counts @ np.log(rate) - duration_s * rate.sum(axis=0)
    return bin_centres(window)[visited][log_likelihood.argmax(axis=1)]


def decoding_error(passes: Sequence[Pass], n_cells: int, dt_s: float, window) -> DecodingError:
    """What a readout that was calibrated on other passes makes of TS, ordered or not.

    Parameters as in `aligned_map`. Windows of 20 ms follow each other without overlap from the
    start of each pass; one is used if its mean position is in `window`. A window without a
    spike is decoded as the intercept of the linear readout. NaN for fewer than two passes, and
    for the readouts if a half has no spikes, or the same in all windows.
    """
    width = metrics.boxcar_width(dt_s)
    test = joined(both_halves(passes), n_cells, width, window)
    n_windows = test.x_cm.size // width
    cells = test.step // width * n_cells + test.index
    counts = np.bincount(cells, minlength=n_windows * n_cells).reshape(n_windows, n_cells)
    x_cm, half = test.x_cm.reshape(n_windows, width).mean(axis=1), test.half[::width]
    used = (x_cm >= window[0]) & (x_cm <= window[1])
    linear, likely, median, constant = np.full((4, 2), np.nan)
    for h in (0, 1):
        here, there = used & (half == h), used & (half != h)
        if not (here.any() and there.any()):
            continue
        constant[h] = rms(x_cm[there] - x_cm[here].mean())
        weights, intercept = _ridge(counts[here], x_cm[here])
        if np.isfinite(intercept) and counts[there].any():
            linear[h] = rms(counts[there] @ weights + intercept - x_cm[there])
            rate, _ = tuning_of(test, test.half == h, n_cells, dt_s, window)
            decoded = _most_likely_cm(counts[there], rate, width * dt_s, window)
            likely[h] = rms(decoded - x_cm[there])
            median[h] = np.median(np.abs(decoded - x_cm[there]))
    empty = ~counts[used].any(axis=1)
    return DecodingError(
        linear_rms_cm=rms(linear),
        likelihood_rms_cm=rms(likely),
        likelihood_median_cm=float(median.mean()),
        constant_rms_cm=rms(constant),
        n_windows=int(used.sum()),
        empty_fraction=float(empty.mean()) if empty.size else np.nan,
    )
