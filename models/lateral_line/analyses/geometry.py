"""How alike two places of the source look to the afferents: LL alone, no network (8.7, 10.9).

Two distant places that look alike ("ghosts") are a reason for TS cells with several peaks. There
are no weights here, so nothing differs between a trained and an untrained network. Plain
functions of arrays; the flow is that of `stimulus`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stimulus import (
    DEFAULT_STIMULUS,
    SWEEP_MARGIN_CM,
    StimulusParams,
    hydrodynamic_velocity_parallel,
    ll_rates,
)

N_POSITIONS = 200
FAR_CM = 1.0  # places at least this far apart should not look alike
ALIKE = 0.8  # correlation from which a far place is a partner
GHOST_WINDOW_CM = (0.8, 2.5)
CODE_PERCENTILE = 70


@dataclass(frozen=True)
class Source:
    """A sphere and how it moves; the published single condition if nothing is given."""

    distance_cm: float = 0.8
    direction: float = 1.0  # e_X
    speed_cm_s: float = 5.0
    radius_cm: float = 0.5


SINGLE = Source()
DISTANCES_CM = (0.5, 0.8, 1.2, 2.0)
AVERAGED_CM = tuple(np.linspace(0.5, 2.0, 16).tolist())
BOTH_WAYS, RADII_CM = (1.0, -1.0), (0.3, 0.5, 0.7)
ENSEMBLES: dict[str, tuple[Source, ...]] = {
    "direction ±1": tuple(Source(direction=e) for e in BOTH_WAYS),
    "distance 0.5–2 cm": tuple(Source(d) for d in np.linspace(0.5, 2.0, 8).tolist()),
    "speed 3–8 cm/s": tuple(Source(speed_cm_s=float(u)) for u in range(3, 9)),
    "radius 0.3–0.7 cm": tuple(Source(radius_cm=r) for r in np.linspace(0.3, 0.7, 5).tolist()),
    "rich": tuple(
        Source(d, e, radius_cm=r)
        for d, e, r in itertools.product(np.linspace(0.5, 2.0, 5).tolist(), BOTH_WAYS, RADII_CM)
    ),
}
"""Conditions over which the ensemble variant averages, by the name of the list."""


def source_positions(body_cm: float) -> np.ndarray:
    """Grid of 200 source positions, cm: the body and 0.5 cm beyond both of its ends."""
    return np.linspace(-SWEEP_MARGIN_CM, body_cm + SWEEP_MARGIN_CM, N_POSITIONS)


def rates_hz(
    x_cm, xi_cm, source: Source = SINGLE, stimulus: StimulusParams = DEFAULT_STIMULUS
) -> np.ndarray:
    """Rates of the afferents without noise, Hz.

    Parameters
    ----------
    x_cm : ndarray, shape (n_x,)
        Source positions.
    xi_cm : ndarray, shape (n_ll,)
        Positions of the afferents.
    source : Source
    stimulus : StimulusParams
        Of which the rate law is taken.

    Returns
    -------
    ndarray, shape (n_x, n_ll)
    """
    velocity = hydrodynamic_velocity_parallel(
        xi_cm=np.asarray(xi_cm),
        x_cm=np.asarray(x_cm)[:, None],
        d_cm=source.distance_cm,
        speed_cm_s=source.speed_cm_s,
        direction=source.direction,
        radius_cm=source.radius_cm,
    )
    return ll_rates(velocity, None, stimulus)


# Likeness of two places


def correlation(rates) -> np.ndarray:
    """Pearson correlation over the afferents between places, shape (n_x, n_x).

    NaN for a place where all afferents fire alike. `rates` has the shape (n_x, n_ll).
    """
    deviation = rates - np.mean(rates, axis=1, keepdims=True)
    deviation[np.ptp(rates, axis=1) == 0] = 0.0  # their mean may be off by a rounding
    return cosine(deviation)


def cosine(vectors) -> np.ndarray:
    """Cosine similarity between the rows of `vectors`, shape (n_x, n_x); NaN for a row of zeros."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, length, out=np.full(np.shape(vectors), np.nan), where=length > 0)
    return unit @ unit.T


def code(rates) -> np.ndarray:
    """What exceeds the 70th percentile of all `rates`, 0 elsewhere; shape kept.

    All of it is 0 where more than 30 % of the rates stand at the ceiling.
    """
    return np.maximum(rates - np.percentile(rates, CODE_PERCENTILE), 0.0)


def separations(x_cm) -> np.ndarray:
    """Distances |x - x'| between all places, shape (n_x, n_x), cm."""
    return np.abs(np.subtract.outer(x_cm, x_cm))


def by_separation(similarity) -> tuple[np.ndarray, np.ndarray]:
    """Mean and largest similarity of places k grid steps apart, k = 0 ... n_x - 1.

    Returns
    -------
    mean, largest : ndarray, shape (n_x,)
        NaN where no pair is defined.
    """
    rows = [np.diagonal(similarity, k) for k in range(len(similarity))]
    rows = [row[np.isfinite(row)] for row in rows]
    return tuple(np.array([f(r) if r.size else np.nan for r in rows]) for f in (np.mean, np.max))


@dataclass(frozen=True)
class Partners:
    """Likeness of places at least `FAR_CM` apart."""

    largest: float  # NaN if no pair is defined
    share: float  # of the places, those with a partner of at least `ALIKE`


def partners(similarity, x_cm) -> Partners:
    """Whether far places look alike; see `Partners`.

    Parameters
    ----------
    similarity : ndarray, shape (n_x, n_x)
    x_cm : ndarray, shape (n_x,)
    """
    far = (separations(x_cm) >= FAR_CM) & np.isfinite(similarity)
    if not far.any():
        return Partners(np.nan, np.nan)
    best = np.where(far, similarity, -np.inf).max(axis=1)
    return Partners(float(best.max()), float(np.mean(best >= ALIKE)))


@dataclass(frozen=True)
class Ghosts:
    """Likeness of places within `GHOST_WINDOW_CM` of each other; NaN if no pair is defined."""

    largest: float  # signed
    rms: float  # over both signs: a strong anticorrelation counts as well


def ghosts(similarity, x_cm) -> Ghosts:
    """Largest value and RMS of a similarity, shape (n_x, n_x), in the ghost window."""
    apart = separations(x_cm)
    inside = similarity[(apart >= GHOST_WINDOW_CM[0]) & (apart <= GHOST_WINDOW_CM[1])]
    inside = inside[np.isfinite(inside)]
    if inside.size == 0:
        return Ghosts(np.nan, np.nan)
    return Ghosts(float(inside.max()), float(np.sqrt(np.mean(inside**2))))


def change_percent(rms: float, reference: float) -> float:
    """100 (1 - rms/reference): negative where ghosts are stronger; NaN without a reference."""
    return 100 * (1 - rms / reference) if reference > 0 else np.nan


# Variants: several conditions


@dataclass(frozen=True, eq=False)
class Distances:
    """Correlation between places at several source distances, and of the mean over many."""

    single: Mapping[float, np.ndarray]  # distance (cm) -> C, (n_x, n_x)
    averaged: np.ndarray  # mean of C over `AVERAGED_CM`, (n_x, n_x)
    ghosts: Mapping[float, Ghosts]  # of `single`
    averaged_ghosts: Ghosts

    @property
    def mean_rms(self) -> float:
        """Mean ghost RMS of the single distances."""
        return float(np.mean([g.rms for g in self.ghosts.values()]))

    @property
    def change_percent(self) -> float:
        """Averaged against the mean of the single ones, see `change_percent`."""
        return change_percent(self.averaged_ghosts.rms, self.mean_rms)


def over_distances(x_cm, xi_cm, stimulus: StimulusParams = DEFAULT_STIMULUS) -> Distances:
    """Distance variant of 8.7; positions as in `rates_hz`."""

    def at(d_cm: float) -> np.ndarray:
        return correlation(rates_hz(x_cm, xi_cm, Source(d_cm), stimulus))

    single = {d_cm: at(d_cm) for d_cm in DISTANCES_CM}
    averaged = mean_defined(map(at, AVERAGED_CM))
    found = {d_cm: ghosts(c, x_cm) for d_cm, c in single.items()}
    return Distances(single, averaged, found, ghosts(averaged, x_cm))


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Cosine similarity between the codes of places, averaged over conditions."""

    similarity: np.ndarray  # (n_x, n_x)
    ghosts: Ghosts
    n_conditions: int
    n_empty: int  # of these, conditions whose code is 0 everywhere; left out of the mean
    change_percent: float  # against `SINGLE`, see `change_percent`


def over_ensembles(
    x_cm,
    xi_cm,
    stimulus: StimulusParams = DEFAULT_STIMULUS,
    ensembles: Mapping[str, Sequence[Source]] = ENSEMBLES,
    *,
    empty: float = np.nan,
) -> dict[str, Ensemble]:
    """Ensemble variant of 8.7, by name; "single" is the reference and comes first.

    Parameters
    ----------
    x_cm, xi_cm, stimulus
        As in `rates_hz`.
    ensembles : mapping of str to sequence of Source
    empty : float
        Similarity of a place without any code, to all others. Published: 0, which makes ghosts
        look weaker. It counts in "rich", where one of 30 conditions drives 30 % of the
        afferents to their ceiling, so that its threshold is the ceiling and its code empty.
    """
    x_cm, found = np.asarray(x_cm), {}
    for name, sources in {"single": (SINGLE,), **ensembles}.items():
        codes = [code(rates_hz(x_cm, xi_cm, source, stimulus)) for source in sources]
        n_empty = sum(not c.any() for c in codes)
        mean = mean_defined(np.nan_to_num(cosine(c), nan=empty) for c in codes)
        there = ghosts(mean, x_cm)
        reference = found["single"].ghosts.rms if found else there.rms
        change = change_percent(there.rms, reference)
        found[name] = Ensemble(mean, there, len(codes), n_empty, change)
    return found


def mean_defined(matrices: Iterable[np.ndarray]) -> np.ndarray:
    """Mean over matrices, entry by entry over those that are not NaN; NaN where all are."""
    total, n = 0.0, 0
    for matrix in matrices:
        total = total + np.nan_to_num(matrix, nan=0.0)
        n = n + np.isfinite(matrix)
    return np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0)
