"""Series that are recorded during training: weight statistics and the decoded map."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.engine.model import Spikes
from driver.engine.randomness import generator
from models.lateral_line import cell_tuning, metrics
from models.lateral_line.params import NetworkParams

N_TRACKED = 24
MAX_MAPS = 100  # that are kept of a training, evenly over it
SERIES = (
    "checkpoint_t_s",
    "w_mean_series",
    "w_std_series",
    "w_mean_abs_delta_series",
    "w_frac_delta_gt_1e3_series",
    "w_mean_abs_step_series",
    "tracked_weight_series",
    "ts_ckpt_rate_series",
    "pv_ckpt_t_s",
    "pv_sigma_theta_series",
    "pv_delta_trial_series",
    "pv_valid_fraction_series",
    "pv_sigma_theta_mirrored_series",
    "map_trial_series",
    "map_spikes_series",
    "map_steps_series",
)
KINDS = {"map_trial_series": np.int64, "map_spikes_series": np.uint16, "map_steps_series": np.int64}


@dataclasses.dataclass
class Records:
    """Series over training, by name, and what they refer to.

    Decodes during training are made with plasticity on and held stimuli, so they compare with
    each other and not with the test. The first, at time 0, is of the untouched network.

    Attributes
    ----------
    w_before : ndarray, shape (n_synapses,)
        MON -> TS weights before the whole training, in network order.
    tracked : ndarray of int
        Synapses whose weights are kept at every record.
    series : dict of list
        Keys of `SERIES`.
    """

    params: NetworkParams
    w_before: np.ndarray
    w_last: np.ndarray
    tracked: np.ndarray
    series: dict[str, list]
    trial: int = 0

    @staticmethod
    def start(params: NetworkParams, w: np.ndarray) -> Records:
        rng = generator(params.seed, "tracked synapses")
        tracked = np.sort(rng.choice(w.size, min(N_TRACKED, w.size), replace=False))
        records = Records(params, w, w, tracked, {name: [] for name in SERIES})
        records.add_weights(0.0, w)
        return records

    def copy(self) -> Records:
        """A copy that can be added to while this one stays as it is."""
        series = {name: list(values) for name, values in self.series.items()}
        return dataclasses.replace(self, series=series)

    def add_weights(self, t_s: float, w: np.ndarray) -> None:
        mean_abs_delta, frac_moved = metrics.weight_change(self.w_before, w)
        for name, value in (
            ("checkpoint_t_s", t_s),
            ("w_mean_series", w.mean()),
            ("w_std_series", w.std()),
            ("w_mean_abs_delta_series", mean_abs_delta),
            ("w_frac_delta_gt_1e3_series", frac_moved),
            ("w_mean_abs_step_series", np.abs(w - self.w_last).mean()),
            ("tracked_weight_series", w[self.tracked]),
        ):
            self.series[name].append(value)
        self.w_last = w

    def add(self, trial: int, w: np.ndarray, ts_spikes: Spikes, x_cm: np.ndarray) -> None:
        """A record after `trial` trials, with the TS spikes and positions since the last one."""
        p = self.params
        seconds = (trial - self.trial) * p.trial_duration_s
        t_s = trial * p.trial_duration_s
        self.add_weights(t_s, w)
        self.series["ts_ckpt_rate_series"].append(ts_spikes.index.size / (p.n_ts * seconds))
        first = self.trial * p.trial_steps
        if self.number(trial) % p.pv_eval_every_checkpoints == 0:
            self.add_decode(t_s, ts_spikes, first, x_cm)
        self.add_map(trial, ts_spikes, first, x_cm)
        self.trial = trial

    def add_decode(self, t_s: float, ts_spikes: Spikes, first: int, x_cm: np.ndarray) -> None:
        """Decode the map from spikes of absolute steps from `first` on."""
        quality = metrics.pv_map_quality_from_ts_spikes(
            step=ts_spikes.step - first,
            index=ts_spikes.index,
            n_cells=self.params.n_ts,
            x_cm=x_cm,
            dt_s=self.params.dt_s,
        )
        self.series["pv_ckpt_t_s"].append(t_s)
        self.series["pv_sigma_theta_series"].append(quality.sigma_theta)
        mirrored = metrics.mirrored_sigma_theta(quality)
        self.series["pv_sigma_theta_mirrored_series"].append(mirrored)
        self.series["pv_delta_trial_series"].append(quality.delta_trial)
        self.series["pv_valid_fraction_series"].append(quality.valid_fraction)

    def add_map(self, trial: int, ts_spikes: Spikes, first: int, x_cm: np.ndarray) -> None:
        """TS spikes by position since the last record, from absolute step `first` on.

        Of a long training every second, fourth ... record is kept, and the newest.
        """
        p = self.params
        spikes, steps = cell_tuning.spikes_by_position(
            ts_spikes.step - first, ts_spikes.index, p.n_ts, x_cm, p.training_window_cm
        )
        for name, value in (
            ("map_trial_series", trial),
            ("map_spikes_series", np.minimum(spikes, np.iinfo(np.uint16).max).astype(np.uint16)),
            ("map_steps_series", steps),
        ):
            self.series[name].append(value)
        numbers = [self.number(trial) for trial in self.series["map_trial_series"]]
        every = 1 << max(0, (-(-numbers[-1] // MAX_MAPS) - 1).bit_length())
        kept = [k for k, n in enumerate(numbers) if n % every == 0 or n == numbers[-1]]
        for name in KINDS:
            self.series[name] = [self.series[name][k] for k in kept]

    def number(self, trial: int) -> int:
        """Number of the record after `trial` trials, from 1; absolute, also after a resume."""
        return -(-trial // self.params.checkpoint_trials)

    def save_due(self, trial: int) -> bool:
        every = self.params.checkpoint_save_every_n_checkpoints
        return self.number(trial) % every == 0 or trial == self.params.n_training_trials

    def last(self) -> dict[str, float | None]:
        """The last of the series that tell how it goes, under the names of a results file.

        A map that organises itself has no orientation: of it, the better of the two reflections.
        """
        names = {
            "sigma_theta_rad": "pv_sigma_theta_series",
            "delta_trial_rad": "pv_delta_trial_series",
            "valid_fraction": "pv_valid_fraction_series",
            "w_mean": "w_mean_series",
        }
        last = {name: (self.series[key] or [None])[-1] for name, key in names.items()}
        if self.params.has_messenger and last["sigma_theta_rad"] is not None:
            mirrored = self.series["pv_sigma_theta_mirrored_series"][-1]
            last["sigma_theta_rad"] = min(last["sigma_theta_rad"], mirrored)
        return last

    def note(self) -> str:
        """The last decode in a few words."""
        last = self.last()
        sigma, valid = last["sigma_theta_rad"], last["valid_fraction"]
        if sigma is None:
            return ""
        return f"in training sigma_theta {sigma:.2f} rad, valid {valid:.2f}"

    def arrays(self) -> dict[str, np.ndarray]:
        """Series as arrays."""
        made = {
            name: np.array(values, dtype=KINDS.get(name, float))
            for name, values in self.series.items()
        }
        n_bins = metrics.N_POSITION_BINS
        shapes = {"map_spikes_series": (self.params.n_ts, n_bins), "map_steps_series": (n_bins,)}
        return made | {name: made[name].reshape(-1, *shape) for name, shape in shapes.items()}
