"""Is the sequence remembered? Replay, completion, memory after offset, robustness; NumPy only.

Each is a number of one network from the responses to its tests. Undefined is NaN.
"""

from __future__ import annotations

import numpy as np

from models.sequence.params import Params
from models.sequence.responses import AFTER, BIN, Response

REPLAY_LAGS = 100  # steps after the cue in which replay is looked for
LEAST_BINS = 50  # that replay is told from
OFFSET = slice(50, 100)  # steps after the end of a pattern that tell which it was
FOLDS = 5
RIDGE = 1.0
SMOOTH = 10  # steps, of the course of completion
COMPLETED = np.exp(-1)
SAME = 1e-6  # of cosines


def template(response: Response, pattern: int, n_lags: int) -> np.ndarray:
    """Mean rate fractions of a pattern, shape (n_lags, n_cells)."""
    return response.p[response.of(pattern), :n_lags].mean(axis=0, dtype=float)


def mean_over_patterns(p: Params, of_pattern) -> float:
    """Mean of ``of_pattern(k, steps)`` over the patterns for which it is defined."""
    found = np.array([of_pattern(k, steps) for k, steps in enumerate(p.durations)], float)
    known = found[np.isfinite(found)]
    return float(known.mean()) if known.size else np.nan


# --- replay -------------------------------------------------------------------------------------


def decoded_times(p: Params, whole: Response, cue: Response) -> tuple[np.ndarray, np.ndarray]:
    """True and decoded time within the pattern, ms, of each bin after a cue.

    The spikes of a bin are matched by cosine with the mean response in each bin of the whole
    pattern.

    Returns
    -------
    true, decoded : ndarray, shape (n_bins,)
        Of all presentations and patterns; middles of bins. Bins without spikes are left out, and
        those that match all times alike.
    """
    true, decoded = [], []
    for pattern, steps in enumerate(p.durations):
        first = p.cue_steps // BIN + 1
        last = min(steps, p.cue_steps + REPLAY_LAGS) // BIN
        if last <= first:
            continue
        profile = profile_of(whole, pattern, steps)
        counts = cue.counts()[cue.of(pattern), first:last]
        match = cosines(counts.reshape(-1, counts.shape[2]), profile)
        place = np.tile(np.arange(first, last), len(counts))
        known = np.ptp(match, axis=1) > SAME
        true.append(place[known])
        decoded.append(match[known].argmax(axis=1))
    both = (np.concatenate(x) if x else np.empty(0) for x in (true, decoded))
    return tuple((x + 0.5) * BIN for x in both)


def profile_of(whole: Response, pattern: int, n_steps: int) -> np.ndarray:
    """Mean rate fractions of a pattern in bins, shape (n_bins, n_cells)."""
    n_bins = n_steps // BIN
    mean = template(whole, pattern, n_bins * BIN)
    return mean.reshape(n_bins, BIN, -1).mean(axis=1)


def cosines(vectors: np.ndarray, profile: np.ndarray) -> np.ndarray:
    """Cosine of each vector with each row of a profile, (n_vectors, n_rows); NaN of silence."""
    lengths = [np.linalg.norm(x, axis=1) for x in (vectors, profile)]
    size = lengths[0][:, None] * np.where(lengths[1] > 0, lengths[1], 1)
    found = np.full(size.shape, np.nan)
    return np.divide(vectors @ profile.T, size, out=found, where=size > 0)


def replay(p: Params, whole: Response, cue: Response) -> dict[str, float]:
    """Slope of decoded against true time, and mean absolute error of single bins, ms.

    NaN of less than `LEAST_BINS` bins.
    """
    true, decoded = decoded_times(p, whole, cue)
    if true.size < LEAST_BINS or np.ptp(true) == 0:
        return {"slope": np.nan, "error_ms": np.nan}
    return {
        "slope": float(np.polyfit(true, decoded, 1)[0]),
        "error_ms": float(np.abs(decoded - true).mean()),
    }


# --- completion ---------------------------------------------------------------------------------


def completion_course(p: Params, whole: Response, cue: Response, pattern: int) -> np.ndarray:
    """How much of the response to the whole pattern the cue evokes, by lag; (steps + AFTER,).

    Both mean responses as deviations from rest; the projection of one on the other, 1 where they
    are equal.
    """
    n_lags = p.durations[pattern] + AFTER
    target = template(whole, pattern, n_lags) - whole.rest.p
    found = template(cue, pattern, n_lags) - whole.rest.p
    power = (target**2).sum(axis=1)
    if not power.any():
        return np.full(n_lags, np.nan)
    course = np.divide((found * target).sum(axis=1), power, out=np.zeros(n_lags), where=power > 0)
    return np.convolve(course, np.full(SMOOTH, 1 / SMOOTH), mode="same")


def completion_ms(p: Params, whole: Response, cue: Response) -> float:
    """Time after the cue until the completion falls below 1/e, within the pattern, ms.

    NaN of a network that does not respond.
    """

    def of_pattern(pattern: int, steps: int) -> float:
        course = completion_course(p, whole, cue, pattern)[p.cue_steps : steps]
        below = np.flatnonzero(course < COMPLETED)
        if np.isnan(course).all():
            return np.nan
        return below[0] if below.size else course.size

    return mean_over_patterns(p, of_pattern)


# --- which pattern it was ------------------------------------------------------------------------


def memory_after_offset(p: Params, whole: Response) -> float:
    """Share of presentations whose pattern is told from spikes 50 to 100 ms after its end.

    A linear readout (ridge) of the counts, fitted on four fifths and tried on the rest; NaN with
    one pattern.
    """
    if p.n_patterns < 2:
        return np.nan
    ends = np.array(p.durations)[whole.pattern]
    lags = ends[:, None] + np.arange(OFFSET.start, OFFSET.stop)
    rows = np.arange(ends.size)[:, None]
    counts = whole.spikes[rows, lags].sum(axis=1).astype(float)
    return told(counts, whole.pattern, p.n_patterns)


def told(features: np.ndarray, labels: np.ndarray, n_labels: int) -> float:
    """Share of labels that a cross-validated ridge readout tells."""
    x = np.column_stack([features, np.ones(len(features))])
    y = np.eye(n_labels)[labels]
    fold = (np.arange(labels.size) // n_labels) % FOLDS  # patterns take turns: whole rounds
    right = 0
    for k in range(FOLDS):
        fit, tried = fold != k, fold == k
        if tried.any() and fit.any():
            right += np.count_nonzero((x[tried] @ ridge(x[fit], y[fit])).argmax(1) == labels[tried])
    return right / labels.size


def ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights that minimise the squared error plus `RIDGE` times their square."""
    return np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)


# --- robustness ---------------------------------------------------------------------------------


def similarity(p: Params, whole: Response, other: Response | None = None) -> float:
    """Correlation of single responses with the mean response to the whole pattern.

    Both as deviations from rest, over the steps of the pattern and all cells, mean over
    presentations; of `whole` itself each presentation with the mean of the others.
    """

    def of_pattern(pattern: int, steps: int) -> float:
        clean = whole.p[whole.of(pattern), :steps] - whole.rest.p
        total = clean.sum(axis=0)
        shown = clean
        if other is not None:
            shown = other.p[other.of(pattern), :steps] - whole.rest.p
        found = [correlation(one, total - one if other is None else total) for one in shown]
        return float(np.mean(found))

    return mean_over_patterns(p, of_pattern)


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's; NaN where one is constant."""
    x, y = (np.ravel(z).astype(float) - np.mean(z, dtype=float) for z in (x, y))
    size = np.sqrt((x * x).sum() * (y * y).sum())
    return float((x * y).sum() / size) if size > 0 else np.nan
