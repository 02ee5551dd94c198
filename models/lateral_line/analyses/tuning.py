"""What cells do while the source passes: spikes, rates and drive by source position.

Plain functions of arrays, like `models.lateral_line.metrics`: no file, no axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driver.engine.model import Spikes

MAX_BINS = 40
HALF_WIDTH_CM = 0.05  # of the one bin around a source that never moves
# Of a bin. A step on a border may lie a rounding error below it; without this, bins of five steps
# each hold four, five or six of them.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Passage:
    """The test by source position: the evaluation window or the whole path, in equal bins.

    Attributes
    ----------
    x_cm : ndarray, shape (n_t,)
        Source position at every step, counted from `origin_cm`.
    origin_cm : float
        Lower end of the evaluation window; 0, the start of the body, without one.
    edges_cm : ndarray, shape (n_bins + 1,)
        Counted from `origin_cm`. No more bins than places, at most `MAX_BINS`.
    which : ndarray of int, shape (n_t,)
        Bin of every step; -1 outside the window.
    time_s : ndarray, shape (n_bins,)
        How long the source was in each bin; 0 where it never was.
    """

    x_cm: np.ndarray
    origin_cm: float
    edges_cm: np.ndarray
    which: np.ndarray
    time_s: np.ndarray

    @staticmethod
    def of(x_cm, dt_s: float, window: tuple[float, float] | None = None) -> Passage:
        """Bins of a test with source positions `x_cm` in cm, shape (n_t,)."""
        low, high = (np.min(x_cm), np.max(x_cm)) if window is None else window
        origin = 0.0 if window is None else low
        inside = (x_cm >= low) & (x_cm <= high)
        n_bins = int(np.clip(np.unique(x_cm[inside]).size, 1, MAX_BINS))
        if high == low:
            low, high = low - HALF_WIDTH_CM, high + HALF_WIDTH_CM
        share = (x_cm - low) / (high - low)
        bins = np.clip(np.floor(share * n_bins + ROUNDING).astype(np.int64), 0, n_bins - 1)
        which = np.where(inside, bins, -1)
        time_s = np.bincount(bins[inside], minlength=n_bins) * dt_s
        edges = np.linspace(low, high, n_bins + 1) - origin
        return Passage(x_cm - origin, float(origin), edges, which, time_s)

    @property
    def n_bins(self) -> int:
        return self.time_s.size

    @property
    def ends_cm(self) -> tuple[float, float]:
        return self.edges_cm[0], self.edges_cm[-1]

    @property
    def centres_cm(self) -> np.ndarray:
        """Shape (n_bins,), counted from `origin_cm`."""
        return (self.edges_cm[:-1] + self.edges_cm[1:]) / 2

    def inside(self, spikes: Spikes) -> Spikes:
        """The spikes that fall while the source is in the window."""
        kept = self.which[spikes.step] >= 0
        return Spikes(spikes.index[kept], spikes.step[kept])

    def counts(self, spikes: Spikes, n_cells: int) -> np.ndarray:
        """Spikes of every cell in every bin, shape (n_cells, n_bins)."""
        kept = self.inside(spikes)
        at = kept.index.astype(np.int64) * self.n_bins + self.which[kept.step]
        return np.bincount(at, minlength=n_cells * self.n_bins).reshape(n_cells, self.n_bins)

    def rates_hz(self, spikes: Spikes, n_cells: int) -> np.ndarray:
        """Rate of every cell in every bin, Hz, shape (n_cells, n_bins); NaN where never visited."""
        time_s = np.where(self.time_s > 0, self.time_s, np.nan)
        return self.counts(spikes, n_cells) / time_s


def ts_drive_mV_per_ms(mon_counts, i, j, w, n_ts: int, gain_mV: float, time_s) -> np.ndarray:
    """Excitation that MON sends to every TS cell: spikes times w G, of all its synapses, per time.

    Parameters
    ----------
    mon_counts : ndarray of int, shape (n_mon, n_bins)
    i, j, w : ndarray, shape (n_synapses,)
        MON source, TS target, weight (dimensionless).
    n_ts : int
    gain_mV : float
        G, the EPSP of a unit weight.
    time_s : ndarray, shape (n_bins,)

    Returns
    -------
    ndarray, shape (n_ts, n_bins)
        Sum of the EPSPs within a bin by the time in it, mV/ms, so that a bin that holds more steps
        is no stripe; NaN in a bin that the source never visited.
    """
    # bin by bin: all bins at once would take as many weights as synapses times bins
    drive = [gain_mV * np.bincount(j, w * counts[i], n_ts) for counts in mon_counts.T]
    time_s = np.asarray(time_s, dtype=float)
    return np.transpose(drive) / np.where(time_s > 0, 1e3 * time_s, np.nan)


def winners(drive_mV_per_ms) -> np.ndarray:
    """TS cell with the largest drive in each bin, shape (n_bins,); NaN without any drive."""
    drive = np.nan_to_num(drive_mV_per_ms)
    return np.where(drive.max(axis=0) > 0, drive.argmax(axis=0), np.nan)


def incoming(j, n_cells: int, values) -> np.ndarray:
    """Mean of `values`, one per synapse, over the synapses of each target `j`, shape (n_cells,).

    NaN for a cell without synapses.
    """
    n = np.bincount(j, minlength=n_cells)
    return np.bincount(j, values, n_cells) / np.where(n > 0, n, np.nan)


def spread(n_cells: int, n_shown: int) -> np.ndarray:
    """Cells in the middle of `n_shown` equal parts of a layer; all of a layer with fewer."""
    n_shown = min(n_cells, n_shown)
    return ((np.arange(n_shown) + 0.5) * n_cells / n_shown).astype(np.int64)
