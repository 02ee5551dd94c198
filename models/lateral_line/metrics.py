"""Measurements of the lateral-line model: plain functions of arrays.

Spikes come as two integer arrays, `step` (steps since the start of the phase) and
`index` (cell). Integer steps, not times: a floating-point floor of t / dt puts a third
of the spikes one step early. What is undefined is NaN, never a stand-in. Section numbers
refer to the design specification of the lateral-line model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from driver.experiment import statistics

TWO_PI = 2 * np.pi
# The caps and thresholds of the definitions, with the section that sets them.
MIN_RESULTANT = 1e-12  # 8.1: caps the circular SD at 7.434 rad
SMOOTHING_S = 0.02  # 8.1: width of the boxcar over spikes
MAX_ANGLE_BINS = 100  # 8.1
N_CHANCE_DRAWS = 2000  # 8.1 b
USABLE_VALID_FRACTION = 0.60  # 8.2: published goal; below it there is no usable map
MIN_RATIO_DENOMINATOR = 1e-9  # 8.3
N_POSITION_BINS = 50  # 8.4
MIN_PEAK_HZ = 1.0  # 8.4: cells below are skipped
MIN_TUNING_SPIKES = 5  # 8.4: a cell with fewer looks sharp whatever it does
STABLE_CHANGE = 0.005  # 8.5: relative change of the mean weight that counts as none
N_STABLE_CHANGES = 4  # 8.5
WEIGHT_RTOL = 1e-5  # 9.4: as close to the ceiling is at the ceiling


def wrap(angle):
    """Bring angles in radians to -pi ... pi, shape kept."""
    return np.mod(np.asarray(angle, dtype=float) + np.pi, TWO_PI) - np.pi


def _resultant(angles) -> complex:
    angles = np.asarray(angles, dtype=float)
    angles = angles[np.isfinite(angles)]
    return complex(np.exp(1j * angles).mean()) if angles.size else complex(np.nan, np.nan)


def sd_of_resultant(length):
    return np.sqrt(-2 * np.log(np.clip(length, MIN_RESULTANT, 1.0)))


def circular_mean(angles) -> float:
    """Direction of the mean unit vector, radians; NaN entries are left out (8.1)."""
    return float(np.angle(_resultant(angles)))


def circular_sd(angles) -> float:
    """Circular standard deviation sqrt(-2 ln R), radians, 0 to 7.434 (8.1).

    NaN entries are left out; NaN if nothing is left. Not bounded by pi.
    """
    return float(sd_of_resultant(abs(_resultant(angles))))


@cache
def chance_band(n_bins: int) -> tuple[float, float, float]:
    """`sigma_theta` of a map without order: 5, 50 and 95 % quantiles, radians (8.1 b).

    Simulated: circular SD of `n_bins` independent uniform biases. NaN below two bins.
    """
    if n_bins < 2:
        return (np.nan, np.nan, np.nan)
    biases = np.random.default_rng(0).uniform(0, TWO_PI, (N_CHANCE_DRAWS, n_bins))
    spread = sd_of_resultant(np.abs(np.exp(1j * biases).mean(axis=1)))
    low, median, high = np.quantile(spread, (0.05, 0.5, 0.95))
    return (float(low), float(median), float(high))


def spikes_in_phase(step, index, n_cells: int, n_steps: int):
    """Spikes of steps 0 to `n_steps` - 1, as two integer arrays."""
    step, index = np.asarray(step), np.asarray(index)
    if step.shape != index.shape or step.ndim != 1:
        raise ValueError(f"step {step.shape} and index {index.shape} must be equally long 1-d")
    if step.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if step.dtype.kind not in "iu" or index.dtype.kind not in "iu":
        raise TypeError("step and index must be integers: pass step numbers, not times")
    inside = (step >= 0) & (step < n_steps)
    step, index = step[inside].astype(np.int64), index[inside].astype(np.int64)
    if index.size and not (0 <= index.min() and index.max() < n_cells):
        raise ValueError(f"index must be 0 to {n_cells - 1}, got {index.min()} to {index.max()}")
    return step, index


def boxcar_width(dt_s: float) -> int:
    return max(1, round(SMOOTHING_S / dt_s))


def boxcar_sum(values, width: int):
    """Sum over the steps k - width // 2 to k + (width - 1) // 2, zero outside.

    The alignment of ``np.convolve(values, np.ones(width), "same")``, also where the
    array is shorter than the boxcar. Exact for integers.
    """
    running = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
    k = np.arange(values.size)
    first = np.maximum(k - width // 2, 0)
    after = np.minimum(k + (width - 1) // 2 + 1, values.size)
    return running[after] - running[first]


def smoothed_rate(step, n_cells: int, n_steps: int, dt_s: float):
    """Population rate per cell, Hz, shape (n_steps,), smoothed by a boxcar.

    Zero padding as in 8.1, so the first and last half width read low.
    """
    step, _ = spikes_in_phase(step, np.zeros_like(step), n_cells, n_steps)
    width = boxcar_width(dt_s)
    return boxcar_sum(np.bincount(step, minlength=n_steps), width) / (width * dt_s * n_cells)


@dataclass(frozen=True, eq=False)
class MapQuality:
    """Population-vector decode of one pass (8.1). Never print `sigma_theta` alone."""

    sigma_theta: float  # circular SD of the bias over bins, rad: a constant offset is free
    delta_trial: float  # RMS scatter within the bins of this one pass, not between trials, rad
    valid_fraction: float  # decoded steps inside the window over all steps
    valid_fraction_window: float  # the same over the steps inside the window
    silent: bool  # no step could be decoded
    n_bins_decoded: int
    theta_true: np.ndarray  # (n_t,) rad; NaN outside the window
    theta_hat: np.ndarray  # (n_t,) rad, 0 to 2 pi; NaN with no spike in reach of the boxcar
    delta_theta: np.ndarray  # (n_t,) error, rad; NaN where either angle is
    theta_bins: np.ndarray  # (n_bins,) bin centres, rad
    bias_theta: np.ndarray  # (n_bins,) circular mean error, rad; NaN in an empty bin
    sigma_trial_theta: np.ndarray  # (n_bins,) circular SD of the error, rad; NaN below 2 samples


def decode_angle(step, index, n_cells: int, n_t: int, width: int):
    """Angle of the smoothed population vector, shape (n_t,); 8.1 steps 3 and 4.

    Smoothing is linear, so the sum over cells is smoothed, not every cell. Whether a
    step is decoded follows from the integer counts alone: the vector's length, which
    rounding blurs, has no threshold.
    """
    phase = TWO_PI * np.arange(n_cells) / n_cells
    real = np.bincount(step, np.cos(phase)[index], n_t)
    imag = np.bincount(step, np.sin(phase)[index], n_t)
    angle = np.mod(np.arctan2(boxcar_sum(imag, width), boxcar_sum(real, width)), TWO_PI)
    angle[angle == TWO_PI] = 0.0  # mod of a tiny negative angle rounds up to 2 pi
    decoded = boxcar_sum(np.bincount(step, minlength=n_t), width) > 0
    return np.where(decoded, angle, np.nan)


def true_angle(x_cm, inside, window):
    """Position as an angle, shape (n_t,), NaN outside the window; 8.1 step 5."""
    if window is None:
        share = (x_cm - x_cm.min()) / (np.ptp(x_cm) + 1e-12)
    else:
        share = (x_cm - window[0]) / (window[1] - window[0])
    return np.where(inside, TWO_PI * share, np.nan)


def bin_errors(theta, delta, n_bins: int):
    """Bias and scatter of the error per bin of the true angle, each shape (n_bins,)."""
    # Bins are half open, so a source right on the window's upper end, 2 pi, is in none.
    binned = np.isfinite(delta) & (theta < TWO_PI)
    which = np.minimum((theta[binned] * n_bins / TWO_PI).astype(np.int64), n_bins - 1)
    count = np.bincount(which, minlength=n_bins)
    real = np.bincount(which, np.cos(delta[binned]), n_bins)
    total = real + 1j * np.bincount(which, np.sin(delta[binned]), n_bins)
    bias = np.where(count > 0, np.angle(total), np.nan)
    # The spread does not depend on the bias being subtracted first.
    spread = sd_of_resultant(np.abs(total) / np.maximum(count, 1))
    return bias, np.where(count > 1, spread, np.nan)


def pv_map_quality_from_ts_spikes(
    *, step, index, n_cells: int, x_cm, dt_s: float, window=None, n_bins: int | None = None
) -> MapQuality:
    """Decode position from spikes by the population vector and score the map (8.1).

    Parameters
    ----------
    step, index : ndarray of int, shape (n_spikes,)
        Step since the start of the phase, any order, and cell. Other steps are dropped.
    n_cells : int
        Cells on the ring; cell j stands for the angle 2 pi j / n_cells.
    x_cm : ndarray, shape (n_t,)
        Position of the source at every step, moving or held.
    dt_s : float
        Step in seconds.
    window : (float, float), optional
        Score positions a <= x <= b only, in cm, mapped to the full circle. Without it the
        circle is the path, and a perfect map of the body scores 0.356 rad on a path
        that overshoots the body by 0.5 cm at both ends.
    n_bins : int, optional
        Bins of the true angle; min(100, n_cells) if not given.

    Notes
    -----
    Published: a silent population scored pi, a bin of one sample had scatter 0. Here both
    are NaN, and so is `sigma_theta` of fewer than two bins: one bias has no spread.
    """
    x_cm = np.asarray(x_cm, dtype=float)
    if x_cm.ndim != 1 or x_cm.size == 0:
        raise ValueError(f"x_cm must have shape (n_t,) with n_t >= 1, got {x_cm.shape}")
    if window is not None and not window[0] < window[1]:
        raise ValueError(f"window must be (a, b) with a < b, got {window}")
    n_t, n_bins = x_cm.size, min(MAX_ANGLE_BINS, n_cells) if n_bins is None else n_bins
    inside = np.full(n_t, True)
    if window is not None:
        inside = (x_cm >= window[0]) & (x_cm <= window[1])

    step, index = spikes_in_phase(step, index, n_cells, n_t)
    kept = inside[step]
    width = boxcar_width(dt_s)
    theta_hat = decode_angle(step[kept], index[kept], n_cells, n_t, width)
    theta_true = true_angle(x_cm, inside, window)
    delta = wrap(theta_hat - theta_true)
    bias, scatter = bin_errors(theta_true, delta, n_bins)

    n_valid = int(np.isfinite(delta).sum())
    n_bins_decoded = int(np.isfinite(bias).sum())
    scattered = scatter[np.isfinite(scatter)]
    return MapQuality(
        sigma_theta=circular_sd(bias) if n_bins_decoded > 1 else np.nan,
        delta_trial=float(np.sqrt(np.mean(scattered**2))) if scattered.size else np.nan,
        valid_fraction=n_valid / n_t,
        valid_fraction_window=n_valid / int(inside.sum()) if inside.any() else np.nan,
        silent=n_valid == 0,
        n_bins_decoded=n_bins_decoded,
        theta_true=theta_true,
        theta_hat=theta_hat,
        delta_theta=delta,
        theta_bins=(np.arange(n_bins) + 0.5) * TWO_PI / n_bins,
        bias_theta=bias,
        sigma_trial_theta=scatter,
    )


def mirrored_sigma_theta(quality: MapQuality) -> float:
    """`sigma_theta` if cell j stood for the angle -2 pi j / n_cells."""
    delta = wrap(-quality.theta_hat - quality.theta_true)
    bias, _ = bin_errors(quality.theta_true, delta, quality.theta_bins.size)
    return circular_sd(bias) if quality.n_bins_decoded > 1 else np.nan


def is_usable_map(quality: MapQuality) -> bool:
    """Whether `sigma_theta` is defined and enough was decoded for it to mean a map (8.2).

    Judged on the steps inside the window: over the whole path a window of half its length
    could not pass. Without a window the two are the same. One decoded bin is no map.
    """
    enough = quality.valid_fraction_window >= USABLE_VALID_FRACTION
    return bool(enough and np.isfinite(quality.sigma_theta))


def ratio(numerator: float, denominator: float) -> float:
    """Sharpening or variability ratio (8.3); NaN unless the denominator exceeds 1e-9."""
    return float(numerator / denominator) if denominator > MIN_RATIO_DENOMINATOR else np.nan


@dataclass(frozen=True, eq=False)
class TuningWidth:
    """Width at half height over the cells of a population, cm (8.4); SD with ddof 1."""

    mean_cm: float
    sd_cm: float
    n_cells: int  # cells with a peak of at least 1 Hz
    contiguous_mean_cm: float  # over the same cells
    contiguous_sd_cm: float
    well_driven_mean_cm: float  # `mean_cm` of the cells with at least 5 spikes
    well_driven_sd_cm: float
    n_well_driven_cells: int
    width_cm: np.ndarray  # (cells of the population,); NaN with a peak below 1 Hz
    contiguous_width_cm: np.ndarray  # likewise


def longest_run_at_peak(above, at_peak):
    """Length of the longest run of `above` that holds a peak bin, shape (n_cells,)."""
    run = above.astype(np.int64)
    for b in range(1, run.shape[1]):
        run[:, b] *= run[:, b - 1] + 1
    for b in range(run.shape[1] - 2, -1, -1):
        run[:, b] = np.where(above[:, b] & above[:, b + 1], run[:, b + 1], run[:, b])
    return np.max(run * at_peak, axis=1)


def _mean_sd(values) -> tuple[float, float]:
    if values.size < 2:
        return np.nan, np.nan
    return float(values.mean()), float(values.std(ddof=1))


def tuning_widths(step, index, n_cells: int, x_cm, dt_s: float) -> TuningWidth:
    """Width of the tuning curve of every cell along x (8.4).

    Spikes as in `pv_map_quality_from_ts_spikes`. The width counts all bins at or above
    half the peak, side by side or not; the contiguous width only the run that holds
    the peak (of equal peaks, the longest run). A bin never visited has no rate: it counts
    for neither and ends a run. NaN for fewer than two cells, or if x never moves.
    """
    x_cm, n_bins = np.asarray(x_cm, dtype=float), N_POSITION_BINS
    step, index = spikes_in_phase(step, index, n_cells, x_cm.size)
    span = np.ptp(x_cm)
    share = (x_cm - x_cm.min()) / span if span > 0 else np.zeros(x_cm.size)
    which = np.minimum((share * n_bins).astype(np.int64), n_bins - 1)
    time_s = np.bincount(which, minlength=n_bins) * dt_s
    spikes = np.bincount(index * n_bins + which[step], minlength=n_cells * n_bins)
    spikes = spikes.reshape(n_cells, n_bins)
    rate = spikes / np.where(time_s > 0, time_s, np.inf)
    peak = rate.max(axis=1, keepdims=True)
    tuned = (peak[:, 0] >= MIN_PEAK_HZ) & (span > 0)

    above = rate >= peak / 2
    bin_cm = span / n_bins
    width = np.where(tuned, above.sum(axis=1) * bin_cm, np.nan)
    contiguous = np.where(tuned, longest_run_at_peak(above, rate == peak) * bin_cm, np.nan)
    well_driven = tuned & (spikes.sum(axis=1) >= MIN_TUNING_SPIKES)
    all_cells, runs = _mean_sd(width[tuned]), _mean_sd(contiguous[tuned])
    n_tuned, n_driven = int(tuned.sum()), int(well_driven.sum())
    driven = _mean_sd(width[well_driven])
    return TuningWidth(*all_cells, n_tuned, *runs, *driven, n_driven, width, contiguous)


def estimate_stabilization_time(checkpoint_t_s, w_mean_series) -> float | None:
    """Training time at which the mean weight has settled, s (8.5).

    The end of the first four record-to-record changes in a row that are each below
    0.5 % of the last mean weight. None if there is none or below six records. A constant
    mean can hide a churn of weights: see `record_to_record_change`.
    """
    t_s, w_mean = np.asarray(checkpoint_t_s, dtype=float), np.asarray(w_mean_series, dtype=float)
    if t_s.shape != w_mean.shape:
        raise ValueError(f"{t_s.size} times for {w_mean.size} mean weights")
    if w_mean.size < 6:
        return None
    stable = np.abs(np.diff(w_mean)) / max(abs(w_mean[-1]), 1e-12) < STABLE_CHANGE
    all_stable = np.lib.stride_tricks.sliding_window_view(stable, N_STABLE_CHANGES).all(axis=1)
    first = np.flatnonzero(all_stable)
    return float(t_s[first[0] + N_STABLE_CHANGES]) if first.size else None


def record_to_record_change(weight_series):
    """Mean |w_k - w_(k-1)|, shape (n_records - 1,), of weights (n_records, n_synapses) (8.5)."""
    steps = np.abs(np.diff(np.asarray(weight_series, dtype=float), axis=0))
    return steps.mean(axis=1) if steps.size else np.full(len(steps), np.nan)


def weight_statistics(w, w_max=None) -> dict[str, float]:
    """Mean, SD (population) and shares at the ceiling and at zero of weights (9.4).

    `w_max` is one ceiling or one per synapse; without it `frac_at_wmax` is NaN.
    """
    top = None if w_max is None else np.asarray(w_max, dtype=float) * (1 - WEIGHT_RTOL)
    found = statistics.weight_statistics(np.asarray(w, dtype=float), floor=0.0, ceiling=top)
    return {
        "mean": found["mean"],
        "sd": found["sd"],
        "frac_at_wmax": found["at_ceiling"],
        "frac_at_zero": found["at_floor"],
    }


def weight_change(w_before, w_after) -> tuple[float, float]:
    """Mean |w_after - w_before| and the share of synapses that moved by more than 1e-3 (5.2)."""
    w_before, w_after = np.asarray(w_before, dtype=float), np.asarray(w_after, dtype=float)
    if w_before.shape != w_after.shape:
        raise ValueError(f"weights before {w_before.shape} and after {w_after.shape} differ")
    moved = np.abs(w_after - w_before)
    return (float(moved.mean()), float(np.mean(moved > 1e-3))) if moved.size else (np.nan, np.nan)
