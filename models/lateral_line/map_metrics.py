"""Measurements of a map that may be turned and mirrored: plain functions of arrays.

A network that organises itself from no topography has no preferred orientation. So the readout
is given the best rotation and reflection, chosen on one half of the test and scored on the
other, both ways round; a network that has learned nothing gets the same freedom, and so does
chance. The test is a sequence of `passes`. Where a window (a, b) stands for the circle, x is the
angle 2 pi (x - a)/(b - a), and cell j the angle 2 pi j / n_cells. What is undefined is NaN, never a
stand-in. Section numbers as in `metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from models.lateral_line import metrics
from models.lateral_line.metrics import TWO_PI, wrap
from models.lateral_line.passes import Pass, both_halves, joined, rms

QUANTILES = (0.05, 0.5, 0.95)  # of every chance
MIN_ORDERED_CELLS = 3  # two cells have one distance, which has no rank correlation
MEDIAN_CELLS = 5  # tuned cells of the running median: two strays side by side break no piece
JUMP_SHARE = 0.15  # of the body
N_COVERAGE_BINS = 25  # two bins of a tuning curve each


def band(draws) -> tuple[float, float, float]:
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
        return band(())
    theta = np.arange(n_bins) * TWO_PI / n_bins
    hat = np.random.default_rng(0).uniform(0, TWO_PI, (metrics.N_CHANCE_DRAWS, n_bins))
    lengths = [np.abs(np.exp(1j * (sign * hat - theta)).mean(axis=1)) for sign in (1, -1)]
    return band(metrics.sd_of_resultant(np.maximum(*lengths)))


def _sigmas(theta, hat, half, n_bins: int):
    """`sigma_theta` of each half (rows), as it is and mirrored (columns), shape (2, 2), rad."""
    sigma = np.full((2, 2), np.nan)
    for h in (0, 1):
        for column, sign in enumerate((1, -1)):
            part = half == h
            bias, _ = metrics.bin_errors(theta[part], wrap(sign * hat - theta)[part], n_bins)
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
    width, n_bins = metrics.boxcar_width(dt_s), min(metrics.MAX_ANGLE_BINS, n_cells)
    test = joined(both_halves(passes), n_cells, width, window)
    kept, n_t = test.inside[test.step], test.x_cm.size
    step, index = test.step[kept], test.index[kept]
    theta = metrics.true_angle(test.x_cm, test.inside, window)

    def angle(cell):
        return metrics.decode_angle(step, cell[index], n_cells, n_t, width)

    hat = angle(np.arange(n_cells))
    sigma = _sigmas(theta, hat, test.half, n_bins)
    sigma_theta = _held_out(sigma)
    reflected, rotation, errors = [None, None], [np.nan, np.nan], [np.nan, np.nan]
    for h in (0, 1):
        if np.isfinite(sigma[h, 0]):
            reflected[h] = bool(sigma[h, 1] < sigma[h, 0])
            delta = wrap((-hat if reflected[h] else hat) - theta)
            rotation[h] = metrics.circular_mean(delta[test.half == h])
            scored = wrap(delta - rotation[h])[test.half != h]
            errors[h] = rms(scored[np.isfinite(scored)])
    permuted, rng = [], np.random.default_rng(seed)
    for _ in range(n_permutations if np.isfinite(sigma_theta) else 0):
        permuted.append(
            _held_out(_sigmas(theta, angle(rng.permutation(n_cells)), test.half, n_bins))
        )
    n_inside, n_decoded = int(test.inside.sum()), int(np.isfinite(hat - theta).sum())
    return AlignedMap(
        sigma_theta_rad=sigma_theta,
        sigma_theta_unaligned_rad=float(sigma[:, 0].mean()),
        rms_error_rad=rms(errors),
        rms_error_cm=rms(errors) * (window[1] - window[0]) / TWO_PI,
        reflected=tuple(reflected),
        rotation_rad=tuple(rotation),
        valid_fraction=n_decoded / n_inside if n_inside else np.nan,
        permuted_rad=band(permuted),
        chance_rad=aligned_chance_band(n_bins) if np.isfinite(sigma_theta) else band(()),
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
    return order, band(permuted if np.isfinite(order) else ())


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
    order = on_line = (np.nan, band(()))
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
