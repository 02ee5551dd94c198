"""What stored weights alone make of a source: LL rates -> MON -> TS, without a simulation (8.7).

    trained = reconstruct(run.seed(123), initial=False)
    trained.share_multimodal, trained.histogram

Two linear layers, each rectified at a global percentile; no spikes, inhibition or noise. The scale
of the weights does not matter. Below are plain functions of arrays, and `reconstruct` for a seed of
a run folder. An activity has the shape (n_cells, n_x), with the position of the source last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from models.lateral_line.analyses.geometry import SINGLE, Source, rates_hz, source_positions
from models.lateral_line.saved import Seed
from stimulus import apply_rate_mode, neuromast_positions

THRESHOLD_PERCENTILE = 85  # of all entries of a layer: 15 % are active
ACTIVE_SHARE = 0.02  # of the largest activity: a cell that reaches it is active
SMOOTHING_BINS = 1.0  # SD of the Gaussian, grid steps
PROMINENCE_SHARE = 0.2  # of the range of a cell's smoothed activity
SPACING_SHARE = 0.04  # of the grid, between two peaks
SEVERAL = 2  # peaks from which a cell is multimodal


def mon_activity(rates, ll_mon) -> np.ndarray:
    """Activity of MON: drive over its median of each cell, rectified; 8.7 step 1.

    Parameters
    ----------
    rates : ndarray, shape (n_x, n_ll)
        Hz.
    ll_mon : sparse array, shape (n_ll, n_mon)
        Weights; several synapses of a pair summed.

    Returns
    -------
    ndarray, shape (n_mon, n_x)
        In units of weight times Hz.
    """
    drive = ll_mon.T @ rates.T
    return rectified(drive - np.median(drive, axis=1, keepdims=True))


def ts_activity(mon, mon_ts) -> np.ndarray:
    """Activity of TS, shape (n_ts, n_x): drive from `mon`, (n_mon, n_x), rectified; 8.7 step 2.

    `mon_ts` is sparse, shape (n_mon, n_ts).
    """
    return rectified(mon_ts.T @ mon)


def rectified(drive) -> np.ndarray:
    """What exceeds the 85th percentile of all entries, 0 elsewhere; shape kept."""
    return np.maximum(drive - np.percentile(drive, THRESHOLD_PERCENTILE), 0.0)


def active_cells(activity) -> np.ndarray:
    """Whether each cell reaches 2 % of the largest activity, bool, shape (n_cells,); 8.7 step 3.

    No cell is active where there is no activity.
    """
    best = activity.max(axis=1)
    return (best > 0) & (best >= ACTIVE_SHARE * best.max())


def peaks(curve) -> np.ndarray:
    """Grid indices of the peaks of one cell's activity, the highest first; 8.7 step 3.

    A rise to an end of the grid is no peak: its other side was not looked at. `curve` has the
    shape (n_x,).
    """
    smooth = gaussian_filter1d(np.asarray(curve, dtype=float), SMOOTHING_BINS)
    spacing = max(1, round(SPACING_SHARE * smooth.size))
    least = PROMINENCE_SHARE * np.ptp(smooth)
    if least == 0:  # flat
        return np.empty(0, dtype=np.int64)
    found, _ = find_peaks(smooth, prominence=least, distance=spacing)
    return found[np.argsort(-smooth[found], kind="stable")]


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Activity of TS by source position, and how many peaks each cell has.

    Attributes
    ----------
    x_cm : ndarray, shape (n_x,)
        Source positions.
    activity : ndarray, shape (n_ts, n_x)
        Only comparable within itself: its unit is that of the weights.
    active : ndarray of bool, shape (n_ts,)
    peaks : sequence of ndarray of int
        Of each cell, grid indices of its peaks, the highest first; none of a cell that is not
        active.
    """

    x_cm: np.ndarray
    activity: np.ndarray
    active: np.ndarray
    peaks: Sequence[np.ndarray]

    @property
    def n_cells(self) -> int:
        return self.active.size

    @property
    def n_active(self) -> int:
        return int(self.active.sum())

    @cached_property
    def n_peaks(self) -> np.ndarray:
        """Peaks of each cell, shape (n_ts,); NaN of a cell that is not active."""
        return np.where(self.active, [p.size for p in self.peaks], np.nan)

    @property
    def mean_peaks(self) -> float:
        """Over active cells; NaN without any."""
        return float(np.mean(self.n_peaks[self.active])) if self.n_active else np.nan

    @property
    def share_multimodal(self) -> float:
        """Share of active cells with two peaks or more; NaN without any."""
        return float(np.mean(self.n_peaks[self.active] >= SEVERAL)) if self.n_active else np.nan

    @property
    def share_unimodal(self) -> float:
        """Share of active cells with one peak; NaN without any."""
        return float(np.mean(self.n_peaks[self.active] == 1)) if self.n_active else np.nan

    @property
    def histogram(self) -> np.ndarray:
        """Active cells with 0, 1, 2, ... peaks."""
        return np.bincount(self.n_peaks[self.active].astype(np.int64))

    @property
    def secondary_cm(self) -> np.ndarray:
        """Distance of every further peak from the highest one of its cell, all cells, cm."""
        away = [np.abs(self.x_cm[p[1:]] - self.x_cm[p[0]]) for p in self.peaks if p.size > 1]
        return np.concatenate(away) if away else np.empty(0)

    @property
    def numbers(self) -> dict[str, Any]:
        """What to report, for a results file: None where undefined."""
        away = self.secondary_cm
        defined = self.n_active > 0
        return {
            "n_cells": self.n_cells,
            "n_active": self.n_active,
            "n_not_active": self.n_cells - self.n_active,
            "mean_peaks": self.mean_peaks if defined else None,
            "share_multimodal": self.share_multimodal if defined else None,
            "histogram": self.histogram.tolist(),
            "secondary_median_cm": float(np.median(away)) if away.size else None,
        }


def reconstruct_arrays(x_cm, rates, ll_mon, mon_ts) -> Reconstruction:
    """Carry `rates`, shape (n_x, n_ll), through two sparse weight matrices, and count peaks."""
    activity = ts_activity(mon_activity(rates, ll_mon), mon_ts)
    active = active_cells(activity)
    none = np.empty(0, dtype=np.int64)
    found = [peaks(a) if is_active else none for a, is_active in zip(activity, active, strict=True)]
    return Reconstruction(np.asarray(x_cm), activity, active, found)


def reconstruct(seed: Seed, initial: bool, source: Source = SINGLE) -> Reconstruction:
    """Reconstruct TS from the weights of a run folder.

    Parameters
    ----------
    seed : Seed
        Rate law, rate mode, body and afferents are those of its run.
    initial : bool
        Weights before training, which are those of the untrained twin, instead of after it.
    source : Source
        The published condition if not given, whatever the run was trained and tested with.

    Raises
    ------
    NotARun
        If the weights of the seed are not there.

    Notes
    -----
    The published numbers were made with initial LL -> MON and trained MON -> TS weights; here both
    are of the same moment.
    """
    p = seed.params
    x_cm = source_positions(p.ll_body_length_cm)
    xi_cm = neuromast_positions(p.n_ll, p.ll_body_length_cm)
    rates = apply_rate_mode(rates_hz(x_cm, xi_cm, source, seed.run.stimulus), p, seed.run.stimulus)
    weights = (seed.matrix(name, initial=initial) for name in ("ll_mon", "mon_ts"))
    return reconstruct_arrays(x_cm, rates, *weights)
