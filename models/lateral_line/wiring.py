"""Who is connected to whom, and with what initial weight. NumPy only.

Both plastic projections mix random contacts with a share of somatotopic ones. The body is a
line: topographic draws beyond its ends are clipped to them, so the ends get extra contacts.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from driver.engine.randomness import generator
from models.lateral_line.params import NetworkParams


@dataclasses.dataclass(frozen=True)
class Projection:
    """Synapses in construction order (by MON cell), and the order in which they are simulated.

    Attributes
    ----------
    i, j : ndarray of int64
        Source and target of each synapse. Duplicates are separate synapses.
    order : ndarray of int64
        ``i[order], j[order]`` is the order inside the network: sorted by the end that reaches
        more synapses per second, so that most weights are visited in the order they lie in.
    """

    i: np.ndarray
    j: np.ndarray
    order: np.ndarray

    @staticmethod
    def by_source(i: np.ndarray, j: np.ndarray) -> Projection:
        i, j = np.asarray(i, np.int64).ravel(), np.asarray(j, np.int64).ravel()
        return Projection(i, j, np.lexsort((j, i)))

    @staticmethod
    def by_target(i: np.ndarray, j: np.ndarray) -> Projection:
        i, j = np.asarray(i, np.int64).ravel(), np.asarray(j, np.int64).ravel()
        return Projection(i, j, np.lexsort((i, j)))

    @property
    def in_network(self) -> tuple[np.ndarray, np.ndarray]:
        """Source and target of each synapse, in the order in which they are simulated."""
        return self.i[self.order], self.j[self.order]

    def to_network(self, values: np.ndarray) -> np.ndarray:
        """Reorder per-synapse values for the network."""
        return values[self.order]

    def from_network(self, values: np.ndarray) -> np.ndarray:
        """Undo `to_network`."""
        result = np.empty_like(values)
        result[self.order] = values
        return result


def topographic_contacts(degree: int, strength: float) -> int:
    """Topographic ones among `degree` contacts: whole contacts, halves to even."""
    return round(degree * min(max(strength, 0.0), 1.0))


def mixed_contacts(
    centres: np.ndarray, degree: int, n_partners: int, sigma: float, strength: float, rng
) -> np.ndarray:
    """Partners of each cell: topographic draws around its centre, the rest uniform.

    Parameters
    ----------
    centres : ndarray, shape (n_cells,)
        Partner index that each cell is centred on.
    degree : int
        Contacts of each cell.
    n_partners : int
    sigma : float
        SD of the topographic draw in partner indices; at `n_partners` or more it is uniform.
    strength : float
        Nominal share of topographic contacts.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (n_cells, degree)
        Shuffled within each cell.
    """
    n_topo = topographic_contacts(degree, strength)
    if sigma >= n_partners:
        topographic = rng.integers(0, n_partners, (len(centres), n_topo))
    else:
        drawn = np.rint(rng.normal(centres[:, None], sigma, (len(centres), n_topo)))
        topographic = np.clip(drawn, 0, n_partners - 1).astype(np.int64)
    random = rng.integers(0, n_partners, (len(centres), degree - n_topo))
    return rng.permuted(np.concatenate([topographic, random], axis=1), axis=1)


def centres(n_mon: int, n_partners: int) -> np.ndarray:
    """Partner index at the relative place of each MON cell, shape (n_mon,)."""
    return np.arange(n_mon) / max(n_mon - 1, 1) * (n_partners - 1)


def build_ll_to_mon_indices(params: NetworkParams) -> tuple[np.ndarray, np.ndarray]:
    """LL -> MON: every MON cell has exactly `ll_to_mon_in_degree` inputs.

    With `ll_mon_bernoulli` and topography 0 every pair is drawn with `p_ll_to_mon` instead, the
    published rule; the in-degree then varies.

    Returns
    -------
    i, j : ndarray of int
        LL source and MON target, ordered by MON cell.
    """
    rng = generator(params.seed, "ll_mon wiring")
    if uses_bernoulli(params):
        j, i = np.nonzero(rng.random((params.n_mon, params.n_ll)) < params.p_ll_to_mon)
        return i, j
    contacts = mixed_contacts(
        centres(params.n_mon, params.n_ll),
        params.ll_to_mon_in_degree,
        params.n_ll,
        params.ll_to_mon_sigma,
        params.ll_to_mon_topography_strength,
        rng,
    )
    return contacts.ravel(), np.repeat(np.arange(params.n_mon), params.ll_to_mon_in_degree)


def uses_bernoulli(params: NetworkParams) -> bool:
    """Whether LL -> MON is wired by the published rule for topography 0."""
    return params.ll_mon_bernoulli and params.ll_to_mon_topography_strength == 0


def build_mon_to_ts_indices(params: NetworkParams) -> tuple[np.ndarray, np.ndarray]:
    """MON -> TS: every MON cell has exactly `mon_to_ts_out_degree` targets.

    Returns
    -------
    i, j : ndarray of int
        MON source and TS target, ordered by MON cell.
    """
    contacts = mixed_contacts(
        centres(params.n_mon, params.n_ts),
        params.mon_to_ts_out_degree,
        params.n_ts,
        params.mon_to_ts_sigma,
        params.mon_to_ts_topography_strength,
        generator(params.seed, "mon_ts wiring"),
    )
    return np.repeat(np.arange(params.n_mon), params.mon_to_ts_out_degree), contacts.ravel()


def lateral_kernel(
    n_ts: int, radius: int, peak: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """TS -> TS inhibition on the ring: ``peak*(1 - d/radius)`` for ``0 < d <= radius``.

    Returns
    -------
    i, j : ndarray of int
        Pairs of different cells, sorted.
    w : ndarray of float
        In the unit of `peak`; 0 at ``d = radius``.
    """
    reach = np.arange(1, min(radius, n_ts // 2) + 1)
    steps = np.unique(np.concatenate([reach, n_ts - reach]))  # round the ring, both ways
    cells = np.arange(n_ts)
    i = np.repeat(cells, steps.size)
    j = np.sort((cells[:, None] + steps) % n_ts, axis=1).ravel()
    distance = np.abs(i - j)
    return i, j, peak * (1 - np.minimum(distance, n_ts - distance) / radius)


def messenger_contacts(params: NetworkParams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """TS -> TS contacts of the messenger: all pairs, a cell with itself too.

    Returns
    -------
    i, j : ndarray of int, shape (n_ts**2,)
    distance : ndarray of int
        Along TS, which ends where it ends; shuffled, along a random order of the cells.
    """
    place = np.arange(params.n_ts)
    if params.messenger_shuffled:
        place = generator(params.seed, "messenger order").permutation(params.n_ts)
    i, j = np.divmod(np.arange(params.n_ts**2), params.n_ts)
    return i, j, np.abs(place[i] - place[j])


def initial_ll_mon_weights(params: NetworkParams, n: int) -> np.ndarray:
    """Weights before training in mV: uniform above `ll_mon_w_init_mV` (plastic) or the mean."""
    u = generator(params.seed, "ll_mon weights").random(n)
    if params.ll_mon_use_stdp:
        return params.ll_mon_w_init_mV + params.ll_mon_w_jitter_stdp_mV * u
    return params.ll_mon_w_mean_mV + params.ll_mon_w_jitter_mV * u


def initial_mon_ts_weights(params: NetworkParams, n: int) -> np.ndarray:
    """Weights before training, dimensionless, uniform above `mon_ts_w_init`."""
    u = generator(params.seed, "mon_ts weights").random(n)
    return params.mon_ts_w_init + params.mon_ts_w_jitter * u


def drivers(params: NetworkParams, purpose: str, n: int, probability: float) -> np.ndarray:
    """1 for each cell that drives a global inhibitory cell, else 0; shape (n,)."""
    return (generator(params.seed, purpose).random(n) < probability).astype(float)


@dataclasses.dataclass(frozen=True)
class Wiring:
    """All that a seed decides before the first step."""

    ll_mon: Projection
    mon_ts: Projection
    ll_mon_w_init_mV: np.ndarray
    mon_ts_w_init: np.ndarray
    mon_drives: np.ndarray
    ts_drives: np.ndarray

    @staticmethod
    def of(params: NetworkParams) -> Wiring:
        ll_mon = Projection.by_source(*build_ll_to_mon_indices(params))
        # the messenger's rule is one of presynaptic spikes alone
        ordered = Projection.by_source if params.has_messenger else Projection.by_target
        mon_ts = ordered(*build_mon_to_ts_indices(params))
        p_ts = params.ts_to_global_inh_p if params.use_ts_feedback_inh else 0.0
        return Wiring(
            ll_mon=ll_mon,
            mon_ts=mon_ts,
            ll_mon_w_init_mV=initial_ll_mon_weights(params, ll_mon.i.size),
            mon_ts_w_init=initial_mon_ts_weights(params, mon_ts.i.size),
            mon_drives=drivers(
                params, "mon drives i_mon", params.n_mon, params.mon_to_global_inh_p
            ),
            ts_drives=drivers(params, "ts drives i_ts", params.n_ts, p_ts),
        )

    @property
    def sha256(self) -> str:
        """Checksum of the contacts of both plastic projections."""
        digest = hashlib.sha256()
        for projection in (self.ll_mon, self.mon_ts):
            digest.update(projection.i.tobytes())
            digest.update(projection.j.tobytes())
        return digest.hexdigest()

    @property
    def ll_mon_target_mV(self) -> float:
        """T of LL -> MON: mean initial summed input over the MON cells that have any."""
        return mean_summed_input(self.ll_mon.j, self.ll_mon_w_init_mV)

    @property
    def mon_ts_target(self) -> float:
        """Mean initial summed input over the TS cells that have any."""
        return mean_summed_input(self.mon_ts.j, self.mon_ts_w_init)


def mean_summed_input(target: np.ndarray, w: np.ndarray) -> float:
    """Mean over targets of their summed weight, targets without input left out; 0 without any."""
    sums = np.bincount(target, weights=w)
    return float(sums[sums > 0].mean()) if (sums > 0).any() else 0.0
