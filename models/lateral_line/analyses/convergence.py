"""Whether a training has come to rest: the map no longer improves, the weights stand still (8.6).

Plain functions of the series that a run records; ``tools/check_convergence.py`` is the command.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.lateral_line.metrics import (
    N_STABLE_CHANGES,
    STABLE_CHANGE,
    USABLE_VALID_FRACTION,
    record_to_record_change,
)

PLATEAU_RAD = 0.02
N_MEANS = 3  # decodes in each of the two means that are compared


class Verdict(enum.StrEnum):
    """What is known of a training."""

    CONVERGED = "CONVERGED"
    NOT_CONVERGED = "NOT_CONVERGED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Check:
    """One of the two tests.

    Attributes
    ----------
    passed : bool or None
        None if it could not be made.
    words : str
        The numbers behind it, or why there are none.
    """

    passed: bool | None
    words: str


@dataclass(frozen=True)
class Convergence:
    """Both tests and what follows from them."""

    plateau: Check
    weights: Check

    @property
    def verdict(self) -> Verdict:
        """NOT_CONVERGED if a test fails, else UNKNOWN if one could not be made."""
        passed = (self.plateau.passed, self.weights.passed)
        if False in passed:
            return Verdict.NOT_CONVERGED
        return Verdict.UNKNOWN if None in passed else Verdict.CONVERGED


def plateau(t_s, sigma_theta, valid=None, tolerance_rad: float = PLATEAU_RAD) -> Check:
    """Whether the mean of the last 3 `sigma_theta` is at most `tolerance_rad` below the 3 before.

    Parameters
    ----------
    t_s, sigma_theta : ndarray, shape (n_decodes,)
        Seconds and radians, of decodes in training; one at time 0, of the untouched network, is
        reported and does not count.
    valid : ndarray, shape (n_decodes,), optional
        Decoded share of the steps, reported beside `sigma_theta`.
    tolerance_rad : float

    Notes
    -----
    As specified a map that gets worse passes. The words tell both means.
    """
    t_s, sigma = np.asarray(t_s, dtype=float), np.asarray(sigma_theta, dtype=float)
    learned = sigma[t_s > 0]
    needed = 2 * N_MEANS
    if learned.size < needed:
        return Check(None, f"{learned.size} decodes in training, {needed} are needed")
    before, last = learned[-needed:-N_MEANS].mean(), learned[-N_MEANS:].mean()
    n_undefined = np.count_nonzero(~np.isfinite(learned[-needed:]))
    if n_undefined:
        return Check(
            None, f"sigma_theta is undefined in {n_undefined} of the last {needed} decodes"
        )
    passed = bool(before - last <= tolerance_rad)
    words = f"sigma_theta {last:.3f} rad, {before:.3f} before"
    if t_s[0] == 0:
        words += f", {sigma[0]:.3f} untrained"
    if valid is not None:
        share = np.asarray(valid)[t_s > 0][-N_MEANS:].mean()
        words += f"; valid fraction {share:.2f}"
        words += ", no usable map" if share < USABLE_VALID_FRACTION else ""
    judged = "no longer falls" if passed else "still falls"
    return Check(passed, f"{words}: {judged} (tolerance {tolerance_rad:g} rad)")


def weight_stability(change, mean_weight: float, share: float = STABLE_CHANGE) -> Check:
    """Whether each of the last 4 record-to-record changes is below `share` of the mean weight.

    Parameters
    ----------
    change : ndarray, shape (n_changes,)
        Mean over synapses of |w_k - w_(k-1)|.
    mean_weight : float
        At the last record, in the same unit.
    share : float

    Notes
    -----
    Published: distance from the start against its own maximum, which grows, so that the test could
    not pass. The scale is that of the stabilisation time (8.5). Rest means rest at the end: four
    quiet records long ago do not count. An additive rule may go on exchanging weight between
    synapses for ever: that is not rest, but the words then tell two like numbers, now and before.
    """
    change = np.asarray(change, dtype=float)
    if change.size < N_STABLE_CHANGES:
        return Check(None, f"{change.size} records in training, {N_STABLE_CHANGES} are needed")
    if not mean_weight > 0 or not np.isfinite(change[-N_STABLE_CHANGES:]).all():
        return Check(None, "the mean weight is 0, or a change is undefined")
    percent = 100 * change / mean_weight
    largest, earlier = percent[-N_STABLE_CHANGES:].max(), percent[:-N_STABLE_CHANGES]
    passed = bool(largest < 100 * share)
    words = f"from record to record at most {largest:.3g} % of the mean weight"
    if earlier.size >= N_STABLE_CHANGES:
        words += f", {earlier[-N_STABLE_CHANGES:].max():.3g} % before"
    judged = "stand still" if passed else "still move"
    return Check(passed, f"{words}: {judged} (tolerance {100 * share:g} %)")


def check_series(
    series: Mapping[str, np.ndarray],
    tolerance_rad: float = PLATEAU_RAD,
    share: float = STABLE_CHANGE,
) -> Convergence:
    """Both tests on the series of a recordings file or a checkpoint.

    Parameters
    ----------
    series : mapping of str to ndarray
        Names of `records.SERIES`. A file without ``w_mean_abs_step_series`` (an older one) is
        judged by its tracked synapses; one without series at all is not.
    tolerance_rad, share : float
        See `plateau` and `weight_stability`.
    """
    names = "pv_ckpt_t_s", "pv_sigma_theta_series"
    if all(name in series for name in names):
        decoded = [series[name] for name in names]
        flat = plateau(*decoded, series.get("pv_valid_fraction_series"), tolerance_rad)
    else:
        flat = Check(None, f"the file has no {' or '.join(names)}")
    return Convergence(flat, weights_of(series, share))


def weights_of(series: Mapping[str, np.ndarray], share: float) -> Check:
    """`weight_stability` of what a file has."""
    mean, steps = series.get("w_mean_series"), series.get("w_mean_abs_step_series")
    tracked = series.get("tracked_weight_series")
    if mean is None or np.size(mean) == 0 or (steps is None and tracked is None):
        return Check(None, "the file has no series of weights")
    if steps is not None:
        return weight_stability(steps[1:], float(mean[-1]), share)  # the first is the start
    found = weight_stability(record_to_record_change(tracked), float(mean[-1]), share)
    return Check(found.passed, f"{np.shape(tracked)[1]} tracked synapses, {found.words}")
