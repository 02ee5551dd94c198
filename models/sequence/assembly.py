"""Who fires in a pattern, and when: descriptive numbers; NumPy only.

None of them tells memory from wiring: a network without recurrent synapses has them too.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

from models.sequence.memory import mean_over_patterns, ridge
from models.sequence.params import Params
from models.sequence.responses import AFTER, BIN, Response, several
from models.sequence.wiring import Wiring
from stimuli.patterns import NOISE, STEP_S

FACTOR, LEAST_HZ = 2.0, 5.0  # over the rate at rest, and at least
LEAST_CONCENTRATION = 0.2
HIGH = 0.9  # rate fraction of a cell that has a peak
LEAST_EXCESS = 0.05  # share of the variance of counts that is not that of the draw


def members(wiring: Wiring, whole: Response, pattern: int) -> np.ndarray:
    """Cells of the assembly of a pattern: twice their rate at rest, and at least 5 Hz."""
    rate, rest = whole.rest.pattern_rate[pattern], whole.rest.rate
    return (rate >= FACTOR * np.maximum(rest, 1)) & (rate >= LEAST_HZ) & several(wiring)


def activation(profile: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When cells are active within a pattern, as a circular mean, and how concentrated.

    Parameters
    ----------
    profile : ndarray, shape (n_steps, n_cells)
        Rate fractions, or spikes.

    Returns
    -------
    time, concentration : ndarray, shape (n_cells,)
        Time in steps, NaN of a cell that is never active; concentration from 0 to 1.
    """
    n_steps = len(profile)
    mass = profile.sum(axis=0, dtype=float)
    turn = np.exp(2j * np.pi * np.arange(n_steps) / n_steps) @ profile
    mean = np.divide(turn, mass, out=np.full(mass.size, np.nan + 0j), where=mass > 0)
    return np.mod(np.angle(mean), 2 * np.pi) * n_steps / (2 * np.pi), np.abs(mean)


def order(profile: np.ndarray) -> np.ndarray:
    """Cells by their time of activation, those that are never active last."""
    return np.argsort(activation(profile)[0], kind="stable")


def describe(wiring: Wiring, w_input: np.ndarray, whole: Response) -> dict[str, float]:
    """All descriptive numbers of a network."""
    p, count = wiring.params, np.count_nonzero
    sets = [members(wiring, whole, k) for k in range(p.n_patterns)]
    return {
        "assembly": float(np.mean([count(m) for m in sets])) / wiring.n_cells,
        "suppressed": mean_over_patterns(p, lambda k, _: suppressed(wiring, whole, k)),
        "selectivity": mean_over_patterns(p, lambda k, _: selectivity(whole, sets[k], k)),
        "specificity": specificity(sets),
        "order_consistency": mean_over_patterns(p, lambda k, n: consistency(whole, sets[k], k, n)),
        "span": mean_over_patterns(p, lambda k, n: span(whole, sets[k], k, n)),
        "reproducibility": mean_over_patterns(p, lambda k, n: reproducibility(wiring, whole, k, n)),
        "explained": mean_over_patterns(p, lambda k, n: explained(wiring, whole, k, n)),
        **readout(p, whole),
        "entropy_rest_bit": whole.rest.entropy,
        "entropy_pattern_bit": whole.rest.pattern_entropy,
        "onset_ms": mean_over_patterns(p, lambda k, n: onset(whole, k, n)),
        "persistence_ms": mean_over_patterns(p, lambda k, n: persistence(whole, k, n)),
        "input_weight": float(np.median(w_input)) if w_input.size else np.nan,
        "input_weight_expected": expected_weight(p),
    }


def expected_weight(p: Params) -> float:
    """ln(rate x area of an EPSP): where a weight settles whose input has nothing to do with it."""
    rise, decay = p.taus_s
    area = p.r_noise_hz * (decay - rise)
    return float(np.log(area)) if area > 0 and p.use_noise else np.nan


def suppressed(wiring: Wiring, whole: Response, pattern: int) -> float:
    """Share of cells at half of their rate at rest or less."""
    rest = whole.rest.rate
    found = (whole.rest.pattern_rate[pattern] <= rest / 2) & (rest >= LEAST_HZ) & several(wiring)
    return float(found.mean())


def selectivity(whole: Response, assembly: np.ndarray, pattern: int) -> float:
    """Mean rate of the assembly in the pattern over that at rest."""
    rest = whole.rest.rate[assembly].mean() if assembly.any() else 0
    return float(whole.rest.pattern_rate[pattern][assembly].mean() / rest) if rest > 0 else np.nan


def specificity(sets: list[np.ndarray]) -> float:
    """1 minus the overlap of two assemblies over the smaller one, mean over pairs."""
    found = [
        1 - np.count_nonzero(a & b) / min(a.sum(), b.sum())
        for k, a in enumerate(sets)
        for b in sets[k + 1 :]
        if a.any() and b.any()
    ]
    return float(np.mean(found)) if found else np.nan


def consistency(whole: Response, assembly: np.ndarray, pattern: int, n_steps: int) -> float:
    """Rank correlation of the times of activation in two halves of the presentations."""
    which = whole.of(pattern)
    times = [
        activation(whole.p[half, :n_steps].mean(axis=0, dtype=float))[0][assembly]
        for half in (which[::2], which[1::2])
    ]
    known = np.isfinite(times).all(axis=0)
    if known.sum() < 3:
        return np.nan
    return float(spearmanr(times[0][known], times[1][known]).statistic)


def span(whole: Response, assembly: np.ndarray, pattern: int, n_steps: int) -> float:
    """Share of the pattern between the 5th and 95th percentile of the times of activation."""
    profile = whole.p[whole.of(pattern), :n_steps].mean(axis=0, dtype=float)
    times = activation(profile)[0][assembly]
    times = times[np.isfinite(times)]
    return float(np.ptp(np.percentile(times, [5, 95])) / n_steps) if times.size > 1 else np.nan


def reproducibility(wiring: Wiring, whole: Response, pattern: int, n_steps: int) -> float:
    """Correlation of a cell's rate fraction in successive presentations, of cells with a peak."""
    shown = whole.p[whole.of(pattern), :n_steps][:, :, several(wiring)].astype(float)
    peaks = shown.max(axis=1) > HIGH
    shown -= shown.mean(axis=1, keepdims=True)
    size = np.sqrt((shown**2).sum(axis=1))
    both = (shown[:-1] * shown[1:]).sum(axis=1)
    norm = size[:-1] * size[1:]
    known = peaks[:-1] & peaks[1:] & (norm > 0)
    found = both[known] / norm[known]
    return float(found.mean()) if found.size else np.nan


def explained(wiring: Wiring, whole: Response, pattern: int, n_steps: int) -> float:
    """Share of the variance of spike counts over time, beyond that of the draw, that repeats.

    Counts of cells in bins of 10 ms. What repeats is the covariance of presentations, as Sahani and
    Linden (2003) estimate the power of a signal; NaN where counts vary hardly more than the draw.
    """
    which, cells = whole.of(pattern), several(wiring)
    counts = whole.counts(slice(0, n_steps))[which][:, :, cells].astype(float)
    n = len(counts)
    if n < 2 or not counts.size:
        return np.nan
    counts -= counts.mean(axis=(0, 1))
    power = (counts**2).mean()
    signal = (n * (counts.mean(axis=0) ** 2).mean() - power) / (n - 1)
    fires = chance_of_spike(wiring.params, whole.p[which, :n_steps][:, :, cells])
    excess = power - BIN * (fires * (1 - fires)).mean(dtype=float)
    return float(signal / excess) if excess > LEAST_EXCESS * power else np.nan


def chance_of_spike(p: Params, fraction: np.ndarray) -> np.ndarray:
    """In a step, of a cell with this rate fraction."""
    r_dt = p.r_max_hz * STEP_S * fraction
    return r_dt if p.escape == "linear" else -np.expm1(-r_dt)


def readout(p: Params, whole: Response) -> dict[str, float]:
    """A linear readout of noise or pattern from counts of every 20 ms, and the chance level."""
    counts = whole.counts()
    pairs = (
        counts[:, : counts.shape[1] // 2 * 2].reshape(len(counts), -1, 2, counts.shape[2]).sum(2)
    )
    ends = np.array(p.durations)[whole.pattern][:, None]
    bins = (np.arange(pairs.shape[1]) + 1) * 2 * BIN
    labels = np.where(bins <= ends, whole.pattern[:, None], NOISE) + 1
    own = bins <= ends + AFTER  # what is later is the next presentation's
    first = np.arange(len(pairs))[:, None] < len(pairs) // 2
    x = np.concatenate([pairs, np.ones((*pairs.shape[:2], 1))], axis=2)
    fit = ridge(x[own & first], np.eye(p.n_patterns + 1)[labels[own & first]])
    guess = (x[own & ~first] @ fit).argmax(axis=1)
    truth = labels[own & ~first]
    majority = np.bincount(truth).max() / truth.size
    return {"readout": float((guess == truth).mean()), "readout_majority": float(majority)}


def deviation(whole: Response, pattern: int) -> np.ndarray:
    """Mean response of a pattern minus rest, (n_lags, n_cells)."""
    return whole.p[whole.of(pattern)].mean(axis=0, dtype=float) - whole.rest.p


def onset(whole: Response, pattern: int, n_steps: int) -> float:
    """When the response has reached half of its largest deviation from rest, ms."""
    size = np.linalg.norm(deviation(whole, pattern)[:n_steps], axis=1)
    return float(np.argmax(size >= size.max() / 2)) if size.max() > 0 else np.nan


def persistence(whole: Response, pattern: int, n_steps: int) -> float:
    """How long the end of the response outlasts the pattern: until it has fallen to 1/e, ms."""
    found = deviation(whole, pattern)
    end = found[max(0, n_steps - 2 * BIN) : n_steps].mean(axis=0)
    power = end @ end
    if power == 0:
        return np.nan
    course = np.convolve(found @ end / power, np.full(BIN, 1 / BIN), mode="same")
    below = np.flatnonzero(course[n_steps : n_steps + AFTER] < np.exp(-1))
    return float(below[0]) if below.size else float(AFTER)


def warp(wiring: Wiring, whole: Response, warped: Response, factor: float) -> dict[str, float]:
    """Times of activation of a warped pattern against those of the pattern, stretched as much.

    Slope of a regression and rank correlation, over the assembly.
    """
    p, slopes, orders = wiring.params, [], []
    for k, n_steps in enumerate(p.durations):
        assembly = members(wiring, whole, k)
        long = max(1, round(n_steps * factor))
        plain = activation(whole.p[whole.of(k), :n_steps].mean(axis=0, dtype=float))
        other = activation(warped.p[warped.of(k), :long].mean(axis=0, dtype=float))
        known = assembly & (plain[1] > LEAST_CONCENTRATION) & (other[1] > LEAST_CONCENTRATION)
        if known.sum() > 2:
            slopes.append(np.polyfit(plain[0][known] * factor, other[0][known], 1)[0])
            orders.append(spearmanr(plain[0][known], other[0][known]).statistic)
    mean = [float(np.mean(x)) if x else np.nan for x in (slopes, orders)]
    return dict(zip(("slope", "order"), mean, strict=True))
