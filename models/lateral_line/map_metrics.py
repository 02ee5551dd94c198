"""Measurements of a map that may be turned and mirrored: plain functions of arrays.

A network that organises itself from no topography has no preferred orientation. So the readout
is given the best rotation and reflection, chosen on one half of the test and scored on the
other, both ways round; a network that has learned nothing gets the same freedom, and so does
chance. The test is a sequence of passes (`Pass`, or anything with its three fields). Where a
window (a, b) stands for the circle, x is the angle 2 pi (x - a)/(b - a), and cell j the angle
2 pi j / n_cells. What is undefined is NaN, never a stand-in. Section numbers as in `metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from models.lateral_line import metrics
from models.lateral_line.metrics import N_POSITION_BINS, TWO_PI, wrap

QUANTILES = (0.05, 0.5, 0.95)  # of every chance
TUNING_SMOOTHING_CM = 0.1  # SD of the Gaussian over tuning curves
PEAK_SHARE = 0.5  # of the highest peak: lower peaks do not count
PROMINENCE_SHARE = 0.25  # of the highest peak, above the dip to a higher one: not Poisson noise
MIN_ORDERED_CELLS = 3  # two cells have one distance, which has no rank correlation
MEDIAN_CELLS = 5  # tuned cells of the running median: two strays side by side break no piece
JUMP_SHARE = 0.15  # of the body
N_COVERAGE_BINS = 25  # two bins of a tuning curve each
PENALTIES = np.logspace(-6, 1, 29)  # of the largest squared singular value
MIN_RATE_HZ = 0.1  # a cell is never ruled out by a rate of 0 that few spikes measured


class Pass(NamedTuple):
    """One sweep of the source along the body during the test.

    Attributes
    ----------
    step, index : ndarray of int, shape (n_spikes,)
        Spikes of TS: step from the start of the pass, any order, and cell.
    x_cm : ndarray, shape (n_t,)
        Position of the source at every step.
    """

    step: np.ndarray
    index: np.ndarray
    x_cm: np.ndarray


class _Test(NamedTuple):
    """All passes one after the other, apart by a boxcar or more and begun on multiples of it."""

    step: np.ndarray  # (n_spikes,) of the whole test
    index: np.ndarray  # (n_spikes,)
    x_cm: np.ndarray  # (n_t,) NaN between passes
    inside: np.ndarray  # (n_t,) within the window
    half: np.ndarray  # (n_t,) 0 or 1


def _joined(passes: Sequence[Pass], n_cells: int, width: int, window) -> _Test:
    """Join passes into one test and divide it into halves.

    Pairs of passes alternate between the halves, so each has both directions, which decode
    with lags of opposite sign. Of two passes each is a half.
    """
    if not window[0] < window[1]:
        raise ValueError(f"window must be (a, b) with a < b, got {window}")
    no_spike, first = np.zeros(0, dtype=np.int64), 0
    steps, indices, xs, halves = [no_spike], [no_spike], [np.zeros(0)], [no_spike]
    for number, one in enumerate(passes):
        x_cm = np.asarray(one.x_cm, dtype=float)
        if x_cm.ndim != 1:
            raise ValueError(f"x_cm must have shape (n_t,), got {x_cm.shape}")
        step, index = metrics._spikes_in_phase(one.step, one.index, n_cells, x_cm.size)
        padded = np.pad(x_cm, (0, width + -x_cm.size % width), constant_values=np.nan)
        steps.append(step + first)
        indices.append(index)
        xs.append(padded)
        halves.append(np.full(padded.size, number if len(passes) == 2 else number // 2 % 2))
        first += padded.size
    x_cm = np.concatenate(xs)
    inside = (x_cm >= window[0]) & (x_cm <= window[1])
    return _Test(*map(np.concatenate, (steps, indices)), x_cm, inside, np.concatenate(halves))


def _both_halves(passes) -> Sequence[Pass]:
    """The passes, or none where they do not make two halves."""
    return passes if len(passes) >= 2 else ()


def _rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if np.size(values) else np.nan


def _band(draws) -> tuple[float, float, float]:
    """5, 50 and 95 % quantiles; NaN without a draw."""
    low, median, high = np.quantile(draws, QUANTILES) if len(draws) else (np.nan,) * 3
    return (float(low), float(median), float(high))


@dataclass(frozen=True)
class AlignedMap:
    """Population-vector decode after the best rotation and reflection (8.1 with that freedom).

    Scores are of the half on which the alignment was not chosen, averaged over the two ways
    round (errors: root mean square). Pairs belong to the first and the second half.
    """

    sigma_theta_rad: float  # circular SD of the bias over bins, best reflection; 0 to 7.434
    sigma_theta_unaligned_rad: float  # the same without reflection, a constant offset still free
    rms_error_rad: float  # of 20 ms windows around every step, turned and mirrored
    rms_error_cm: float
    reflected: tuple[bool | None, bool | None]  # as chosen on each half; None if undefined
    rotation_rad: tuple[float, float]  # likewise: the readout is +-theta_hat - rotation
    valid_fraction: float  # decoded steps over steps, both within the window
    permuted_rad: tuple[float, float, float]  # `sigma_theta_rad` with the cells in random order
    chance_rad: tuple[float, float, float]  # the same if bins were independent


@cache
def aligned_chance_band(n_bins: int) -> tuple[float, float, float]:
    """`sigma_theta_rad` of a map without order: 5, 50 and 95 % quantiles, radians.

    Simulated as in `metrics.chance_band`: `n_bins` independent uniform angles, of which the
    better of the two reflections counts. NaN below two bins.
    """
    if n_bins < 2:
        return _band(())
    theta = np.arange(n_bins) * TWO_PI / n_bins
    hat = np.random.default_rng(0).uniform(0, TWO_PI, (metrics.N_CHANCE_DRAWS, n_bins))
    lengths = [np.abs(np.exp(1j * (sign * hat - theta)).mean(axis=1)) for sign in (1, -1)]
    return _band(metrics._sd_of_resultant(np.maximum(*lengths)))


def _sigmas(theta, hat, half, n_bins: int):
    """`sigma_theta` of each half (rows), as it is and mirrored (columns), shape (2, 2), rad."""
    sigma = np.full((2, 2), np.nan)
    for h in (0, 1):
        for column, sign in enumerate((1, -1)):
            part = half == h
            bias, _ = metrics._bin_errors(theta[part], wrap(sign * hat - theta)[part], n_bins)
            if np.isfinite(bias).sum() > 1:
                sigma[h, column] = metrics.circular_sd(bias)
    return sigma


def _held_out(sigma) -> float:
    """Mean of both halves' `sigma_theta`, each under the reflection chosen on the other."""
    mirrored = (sigma[:, 1] < sigma[:, 0]).astype(int)
    return float((sigma[1, mirrored[0]] + sigma[0, mirrored[1]]) / 2)


def aligned_map(
    passes: Sequence[Pass], n_cells: int, dt_s: float, window, *, seed=0, n_permutations=100
) -> AlignedMap:
    """Decode position by the population vector, turned and mirrored to fit (8.1).

    Parameters
    ----------
    passes : sequence of Pass
        At least two; with fewer all is NaN. Only spikes within the window are read.
    n_cells : int
        Cells on the ring.
    dt_s : float
        Step in seconds.
    window : (float, float)
        Positions a <= x <= b, cm, that are the full circle.
    seed, n_permutations : int
        Of `permuted_rad`.

    Notes
    -----
    The reflection is the one of the smaller `sigma_theta`, the rotation the circular mean of
    the error under it. `permuted_rad` is the chance to compare with: neighbouring bins share
    the spikes of a boxcar and of a tuning curve, so a smooth map without order has fewer than
    `n_bins` independent biases and scores better than `chance_rad`.
    """
    width, n_bins = metrics._boxcar_width(dt_s), min(metrics.MAX_ANGLE_BINS, n_cells)
    test = _joined(_both_halves(passes), n_cells, width, window)
    kept, n_t = test.inside[test.step], test.x_cm.size
    step, index = test.step[kept], test.index[kept]
    theta = metrics._true_angle(test.x_cm, test.inside, window)

    def angle(cell):
        return metrics._decode(step, cell[index], n_cells, n_t, width)

    hat = angle(np.arange(n_cells))
    sigma = _sigmas(theta, hat, test.half, n_bins)
    sigma_theta = _held_out(sigma)
    reflected, rotation, rms = [None, None], [np.nan, np.nan], [np.nan, np.nan]
    for h in (0, 1):
        if np.isfinite(sigma[h, 0]):
            reflected[h] = bool(sigma[h, 1] < sigma[h, 0])
            delta = wrap((-hat if reflected[h] else hat) - theta)
            rotation[h] = metrics.circular_mean(delta[test.half == h])
            scored = wrap(delta - rotation[h])[test.half != h]
            rms[h] = _rms(scored[np.isfinite(scored)])
    permuted, rng = [], np.random.default_rng(seed)
    for _ in range(n_permutations if np.isfinite(sigma_theta) else 0):
        permuted.append(
            _held_out(_sigmas(theta, angle(rng.permutation(n_cells)), test.half, n_bins))
        )
    n_inside, n_decoded = int(test.inside.sum()), int(np.isfinite(hat - theta).sum())
    return AlignedMap(
        sigma_theta_rad=sigma_theta,
        sigma_theta_unaligned_rad=float(sigma[:, 0].mean()),
        rms_error_rad=_rms(rms),
        rms_error_cm=_rms(rms) * (window[1] - window[0]) / TWO_PI,
        reflected=tuple(reflected),
        rotation_rad=tuple(rotation),
        valid_fraction=n_decoded / n_inside if n_inside else np.nan,
        permuted_rad=_band(permuted),
        chance_rad=aligned_chance_band(n_bins) if np.isfinite(sigma_theta) else _band(()),
    )


def aligned_cells(reflected: Sequence, rotation_rad: Sequence, n_cells: int):
    """Cells in the order in which an `AlignedMap` reads them; None where it is undefined.

    With the reflection and rotation of both halves, or of the first where they differ in the
    reflection. A map of the window has its cells rise from the lower end to the upper one.

    Returns
    -------
    cells : ndarray of int, shape (n_cells,)
        The cell that stands at each place.
    turned : int
        By how many cells, 0 to n_cells - 1, after the reflection.
    mirrored : bool
    """
    found = [(bool(m), r) for m, r in zip(reflected, rotation_rad, strict=True) if m is not None]
    if not found:
        return None
    mirrored = found[0][0]
    rotation = metrics.circular_mean(np.array([r for m, r in found if m == mirrored]))
    turned = round(rotation * n_cells / TWO_PI) % n_cells
    sign = -1 if mirrored else 1
    return sign * (np.arange(n_cells) + turned) % n_cells, turned, mirrored


def spikes_by_position(step, index, n_cells: int, x_cm, window):
    """Spikes and steps in 50 equal bins of `window` (cm), of one pass or more.

    Returns
    -------
    spikes : ndarray of int, shape (n_cells, n_bins)
    steps : ndarray of int, shape (n_bins,)
    """
    x_cm, n_bins = np.asarray(x_cm, dtype=float), N_POSITION_BINS
    step, index = metrics._spikes_in_phase(step, index, n_cells, x_cm.size)
    inside = (x_cm >= window[0]) & (x_cm <= window[1])
    share = np.where(inside, (x_cm - window[0]) / (window[1] - window[0]), 0.0)
    which = np.minimum((share * n_bins).astype(np.int64), n_bins - 1)
    steps = np.bincount(which[inside], minlength=n_bins)
    kept = inside[step]
    spikes = np.bincount(index[kept] * n_bins + which[step[kept]], minlength=n_cells * n_bins)
    return spikes.reshape(n_cells, n_bins), steps


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


def _tuning(test: _Test, part, n_cells: int, dt_s: float, window):
    """`smoothed_rates` (n_cells, n_bins) and spikes (n_cells,), of the steps `part`."""
    x_cm = np.where(part, test.x_cm, np.nan)
    spikes, steps = spikes_by_position(test.step, test.index, n_cells, x_cm, window)
    return smoothed_rates(spikes, steps * dt_s, window), spikes.sum(axis=1)


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


def are_tuned(rate_Hz, n_spikes):
    """Which cells are tuned, shape (n_cells,), by rates (n_cells, n_bins) and all their spikes."""
    peak = np.nanmax(rate_Hz, axis=1, initial=0.0)
    return (n_spikes >= metrics.MIN_TUNING_SPIKES) & (peak >= metrics.MIN_PEAK_HZ)


def _bin_centres(window):
    share = (np.arange(N_POSITION_BINS) + 0.5) / N_POSITION_BINS
    return window[0] + share * (window[1] - window[0])


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


def cell_tuning(passes: Sequence[Pass], n_cells: int, dt_s: float, window) -> CellTuning:
    """Tuning curve, preferred position, number of peaks and width of every cell.

    Parameters as in `aligned_map`; one pass is enough. Curves have 50 bins and are smoothed by
    a Gaussian with an SD of 0.1 cm. A peak counts from half of the highest, and only if it
    rises by a quarter of it above the dip towards the next higher one (its prominence).
    """
    test = _joined(passes, n_cells, metrics._boxcar_width(dt_s), window)
    rate, n_spikes = _tuning(test, True, n_cells, dt_s, window)
    x_cm, visited = _bin_centres(window), np.isfinite(rate).all(axis=0)
    seen = np.where(visited, rate, 0.0)
    peak = seen.max(axis=1)
    tuned = are_tuned(rate, n_spikes)
    n_peaks = np.where(tuned, _n_peaks(rate[:, visited], peak), np.nan)
    top = peak[:, None]
    run = metrics._longest_run_at_peak((seen >= PEAK_SHARE * top) & visited, seen == top)
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


@dataclass(frozen=True)
class MapOrder:
    """Whether neighbours in TS prefer neighbouring positions. NaN below three tuned cells."""

    order: float  # rank correlation of distances on both rings, -1 to 1
    order_permuted: tuple[float, float, float]  # the same with the cells in random order
    order_on_line: float  # TS and body with two ends each, as the messenger has them
    order_on_line_permuted: tuple[float, float, float]
    n_pieces: float  # stretches of TS without a jump; NaN below ten tuned cells
    coverage: float  # share of 25 stretches of the body that some tuned cell prefers


def _rank_matrix(distance):
    """Ranks of the distances of all pairs, symmetric, shape (n, n), diagonal 0.

    Scaled such that the products of two such matrices sum to the rank correlation over pairs.
    Equal distances share their mean rank; NaN if all are equal.
    """
    pairs = np.triu_indices(len(distance), 1)
    rounded = np.round(distance[pairs], 9)  # equal but for rounding
    _, which, count = np.unique(rounded, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[which]
    rank -= rank.mean()
    norm = np.sqrt(2 * np.sum(rank**2))
    ranks = np.zeros(distance.shape)
    ranks[pairs] = rank / norm if norm > 0 else np.nan
    return ranks + ranks.T


def _rank_correlation(distance, other, permutations):
    """Spearman's rank correlation over pairs, and its band with the cells of `other` permuted."""
    ranks, other = _rank_matrix(distance), _rank_matrix(other)
    order = float(np.sum(ranks * other))
    permuted = [np.sum(ranks * other[p][:, p]) for p in permutations]
    return order, _band(permuted if np.isfinite(order) else ())


def _n_pieces(preferred_cm, length_cm: float) -> float:
    """Stretches of TS within which the running median of preferred positions makes no jump.

    A jump is more than 15 % of the body, around its ring, between tuned cells side by side, so
    a turned map is one piece, and so is one that folds back. `preferred_cm` has the shape
    (n_tuned,). Fewer than ten cells would jump however well ordered: NaN.
    """
    if preferred_cm.size < 2 * MEDIAN_CELLS:
        return np.nan
    padded = np.pad(preferred_cm, MEDIAN_CELLS // 2, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, MEDIAN_CELLS), axis=1)
    jump_cm = np.abs(np.diff(smooth))
    jump_cm = np.minimum(jump_cm, length_cm - jump_cm)
    return float(1 + np.sum(jump_cm > JUMP_SHARE * length_cm))


def map_order(preferred_cm, tuned, window, n_cells: int, seed=0, n_permutations=200) -> MapOrder:
    """Order of preferred positions along TS, over all pairs of tuned cells.

    Parameters
    ----------
    preferred_cm, tuned : ndarray, shape (n_cells,)
        As in `CellTuning`.
    window : (float, float)
        The body, cm.
    n_cells : int
    seed, n_permutations : int
        Of the chances.

    Notes
    -----
    Spearman's rank correlation between the distance of two cells in TS and that of their
    preferred positions: about 1 for a map, turned and mirrored or not, and 0 without order.
    """
    cell = np.flatnonzero(tuned)
    preferred = np.asarray(preferred_cm, dtype=float)[cell]
    length = window[1] - window[0]
    order = on_line = (np.nan, _band(()))
    if cell.size >= MIN_ORDERED_CELLS:
        rng = np.random.default_rng(seed)
        permutations = [rng.permutation(cell.size) for _ in range(n_permutations)]
        ts, body = (np.abs(np.subtract.outer(at, at)) for at in (cell, preferred))
        ts_ring, body_ring = np.minimum(ts, n_cells - ts), np.minimum(body, length - body)
        order = _rank_correlation(ts_ring, body_ring, permutations)
        on_line = _rank_correlation(ts, body, permutations)
    covered, _ = np.histogram(preferred, N_COVERAGE_BINS, window)
    pieces, coverage = _n_pieces(preferred, length), float(np.mean(covered > 0))
    return MapOrder(*order, *on_line, pieces, coverage)


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
    return _bin_centres(window)[visited][log_likelihood.argmax(axis=1)]


def decoding_error(passes: Sequence[Pass], n_cells: int, dt_s: float, window) -> DecodingError:
    """What a readout that was calibrated on other passes makes of TS, ordered or not.

    Parameters as in `aligned_map`. Windows of 20 ms follow each other without overlap from the
    start of each pass; one is used if its mean position is in `window`. A window without a
    spike is decoded as the intercept of the linear readout. NaN for fewer than two passes, and
    for the readouts if a half has no spikes, or the same in all windows.
    """
    width = metrics._boxcar_width(dt_s)
    test = _joined(_both_halves(passes), n_cells, width, window)
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
        constant[h] = _rms(x_cm[there] - x_cm[here].mean())
        weights, intercept = _ridge(counts[here], x_cm[here])
        if np.isfinite(intercept) and counts[there].any():
            linear[h] = _rms(counts[there] @ weights + intercept - x_cm[there])
            rate, _ = _tuning(test, test.half == h, n_cells, dt_s, window)
            decoded = _most_likely_cm(counts[there], rate, width * dt_s, window)
            likely[h] = _rms(decoded - x_cm[there])
            median[h] = np.median(np.abs(decoded - x_cm[there]))
    empty = ~counts[used].any(axis=1)
    return DecodingError(
        linear_rms_cm=_rms(linear),
        likelihood_rms_cm=_rms(likely),
        likelihood_median_cm=float(median.mean()),
        constant_rms_cm=_rms(constant),
        n_windows=int(used.sum()),
        empty_fraction=float(empty.mean()) if empty.size else np.nan,
    )
