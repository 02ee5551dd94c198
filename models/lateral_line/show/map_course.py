"""How the map of a seed came about in training, from its records: what figures and film show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from driver.figures.points import Band
from models.lateral_line import cell_tuning, map_metrics, metrics
from models.lateral_line.params import NetworkParams
from models.lateral_line.saved import Seed
from models.lateral_line.show import panels
from models.lateral_line.show.map_panels import RANDOM_ORDER, cells, share_of_peak
from models.lateral_line.show.panels import SIGMA
from models.lateral_line.values import messenger_reach

N_PERMUTATIONS = 100  # of the chance of the order


@dataclass(frozen=True, eq=False)
class Course:
    """Maps at the records of a training, by the number of trials; the first is untouched.

    Attributes
    ----------
    params : NetworkParams
    trial : ndarray of int, shape (n_map,)
    spikes : ndarray of int, shape (n_map, n_ts, n_bins)
        Since the record before.
    steps : ndarray of int, shape (n_map, n_bins)
    decode_trial, sigma_theta, mirrored : ndarray, shape (n_pv,)
        Trials of the decodes, their `sigma_theta` in radians, and that with TS mirrored.
    """

    params: NetworkParams
    trial: np.ndarray
    spikes: np.ndarray
    steps: np.ndarray
    decode_trial: np.ndarray
    sigma_theta: np.ndarray
    mirrored: np.ndarray

    @staticmethod
    def of(saved: Seed) -> Course | None:
        """None without a training, or if the records of its maps were not kept."""
        return Course.of_arrays(saved.params, saved.recordings)

    @staticmethod
    def of_arrays(p: NetworkParams, a: Mapping[str, np.ndarray]) -> Course | None:
        """The same of records as arrays."""
        trial = a.get("map_trial_series")
        if trial is None or trial.size < 2:
            return None
        return Course(
            p,
            *(trial, a["map_spikes_series"], a["map_steps_series"]),
            a["pv_ckpt_t_s"] / p.trial_duration_s,
            *(a["pv_sigma_theta_series"], a["pv_sigma_theta_mirrored_series"]),
        )

    def tuning(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Rates, Hz, shape (n_ts, n_bins), and whether a cell is tuned, of record `k`."""
        p, spikes = self.params, self.spikes[k].astype(np.int64)
        rate = cell_tuning.smoothed_rates(spikes, self.steps[k] * p.dt_s, p.training_window_cm)
        return rate, cell_tuning.are_tuned(rate, spikes.sum(axis=1))

    def share(self, k: int) -> np.ndarray:
        """Rates as shares of each cell's peak, shape (n_ts, n_bins); NaN: not tuned."""
        return share_of_peak(*self.tuning(k))

    def map_order(self, k: int, n_permutations: int = 0) -> map_metrics.MapOrder:
        rate, tuned = self.tuning(k)
        p, preferred = self.params, np.where(np.isfinite(rate), rate, -1.0).argmax(axis=1)
        low, high = p.training_window_cm
        x_cm = low + (preferred + 0.5) * (high - low) / rate.shape[1]
        read = x_cm, tuned, (low, high), p.n_ts
        return map_metrics.map_order(*read, n_permutations=n_permutations)

    @cached_property
    def order(self) -> np.ndarray:
        """Order of the map at every record, shape (n_map,); NaN below three tuned cells."""
        return np.array([self.map_order(k).order for k in range(self.trial.size)])

    @cached_property
    def order_chance(self) -> Band:
        """Where the order lies if the cells of the last map are put in random order."""
        low, median, high = self.map_order(-1, N_PERMUTATIONS).order_permuted
        return Band(low, high, RANDOM_ORDER, median)

    @cached_property
    def sigma(self) -> dict[str, np.ndarray]:
        """`sigma_theta` of the decodes, radians, shape (n_pv,) each, by what is told of it.

        A map that organises itself has no orientation: of it, the better of the two reflections.
        """
        if self.params.has_messenger:
            return {"better of the two reflections": np.fmin(self.sigma_theta, self.mirrored)}
        return {"as the cells are numbered": self.sigma_theta, "mirrored": self.mirrored}

    @property
    def sigma_chance(self) -> Band:
        """Where `sigma_theta` lies without order, read in the same way."""
        n_bins = min(metrics.MAX_ANGLE_BINS, self.params.n_ts)
        if not self.params.has_messenger:
            return panels.chance(n_bins)
        low, median, high = map_metrics.aligned_chance_band(n_bins)
        return Band(low, high, f"chance {SIGMA}, 5–95 % ({n_bins} bins)", median)

    def reach(self, trial) -> np.ndarray | None:
        """SD of the messenger's spread after `trial` trials, cells; None without it."""
        return messenger_reach(self.params, trial) if self.params.has_messenger else None

    def moment(self, k: int) -> str:
        """Which record `k` is, and how far the messenger reached then."""
        words = f"trial {self.trial[k]}" if self.trial[k] else "untouched"
        reach = self.reach(self.trial[[k]])
        return words if reach is None else f"{words}, reach {cells(reach[0])} cells"

    def moments(self, n: int) -> list[int]:
        """Records at up to `n` moments evenly over the training, with the first and the last."""
        at = np.linspace(self.trial[0], self.trial[-1], n)
        return sorted({int(np.abs(self.trial - t).argmin()) for t in at})
