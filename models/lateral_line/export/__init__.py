"""A finished run for other programs, read from its folder: CSV here, and `to_neo`, `export_nwb`.

Tables have one row a seed, a record, a spike or a synapse. Floats are written with all their
digits, so that reading them gives the same bits; what is undefined is an empty cell.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from driver.export.csv import Columns, export_numbers, finished, write_csv
from models.lateral_line.export.neo import to_neo
from models.lateral_line.export.nwb import export_nwb
from models.lateral_line.saved import Run, Seed
from models.lateral_line.values import POPULATIONS

__all__ = ["export_csv", "export_nwb", "to_neo"]

PROJECTIONS = {"ll_mon": "mV", "mon_ts": "1"}  # and the unit of their weights
WEIGHTS = {  # a column of the table, of one projection below the other
    "source": ("ll_mon_i", "mon_ts_i"),
    "target": ("ll_mon_j", "mon_ts_j"),
    "initial": ("ll_mon_w_init_mV", "mon_ts_w_init"),
    "final": ("ll_mon_w_mV", "mon_ts_w"),
}
SERIES = ("w_mean", "w_std", "w_mean_abs_delta", "w_frac_delta_gt_1e3", "w_mean_abs_step")
DECODED = ("pv_theta_true", "pv_theta_hat", "untrained_pv_theta_hat") + (
    *("pv_body_theta_true", "pv_body_theta_hat", "untrained_pv_body_theta_hat"),
)


def export_csv(run: Run, folder: Path) -> list[Path]:
    """Write the tables of every finished seed.

    Parameters
    ----------
    run : Run
    folder : Path
        Made if it is not there; older tables of the same names are replaced.

    Returns
    -------
    list of Path
        ``results.csv``, and for each seed ``seed_<s>_series.csv``,
        ``seed_<s>_map_in_training.csv``, ``seed_<s>_spikes.csv``, ``seed_<s>_weights.csv`` and
        ``seed_<s>_decoded.csv``.

    Raises
    ------
    NotARun
        If no seed is finished, or a file of one is missing.
    """
    written = export_numbers(run, folder)
    for seed in finished(run):
        for name, table in TABLES.items():
            path = folder / f"seed_{seed.number}_{name}.csv"
            written.append(write_csv(path, table(seed)))
    return written


# --- tables: column by name, all of one length -------------------------------------------


def series_table(seed: Seed) -> Columns:
    """Records over training; no rate belongs to the first, which is before trial 1."""
    a = seed.recordings
    rate_hz = a["ts_ckpt_rate_series"]
    before = np.full(a["checkpoint_t_s"].size - rate_hz.size, np.nan)
    return {
        "time_s": a["checkpoint_t_s"],
        **{name: a[f"{name}_series"] for name in SERIES},
        "ts_ckpt_rate_hz": np.concatenate([before, rate_hz]),
        **{f"tracked_weight_{k}": w for k, w in enumerate(a["tracked_weight_series"].T)},
    }


def map_table(seed: Seed) -> Columns:
    """Decodes in training, with plasticity on and held stimuli: not to be set beside the test."""
    a = seed.recordings
    return {
        "time_s": a["pv_ckpt_t_s"],
        "sigma_theta_rad": a["pv_sigma_theta_series"],
        "delta_trial_rad": a["pv_delta_trial_series"],
        "valid_fraction": a["pv_valid_fraction_series"],
    }


def spike_table(seed: Seed) -> Columns:
    """Recorded spikes, by phase and population; steps count from the start of their phase.

    Phase ``train`` is the end of the training, its steps count from the start of the training.
    """
    parts = [
        (phase, population, seed.spikes(phase, population))
        for phase in ("train", "test", "untrained")
        for population in POPULATIONS
    ]
    phases, populations, spikes = zip(*parts, strict=True)
    step, sizes = np.concatenate([s.step for s in spikes]), [s.step.size for s in spikes]
    return {
        "phase": np.repeat(phases, sizes),
        "population": np.repeat(populations, sizes),
        "cell": np.concatenate([s.index for s in spikes]),
        "step": step,
        "time_s": step * seed.dt_s,
    }


def weight_table(seed: Seed) -> Columns:
    """One row a synapse, in construction order; duplicates are separate synapses."""
    w = seed.weights
    sizes = [w[f"{projection}_i"].size for projection in PROJECTIONS]
    return {
        "projection": np.repeat(list(PROJECTIONS), sizes),
        **{name: np.concatenate([w[key] for key in keys]) for name, keys in WEIGHTS.items()},
        "unit": np.repeat(list(PROJECTIONS.values()), sizes),
    }


def decoded_table(seed: Seed) -> Columns:
    """Source and decoded angle at every step of the test, in the path and the body window."""
    a = seed.recordings
    n_steps = a["test_x_cm"].size
    return {
        "step": np.arange(n_steps),
        "time_s": np.arange(n_steps) * seed.dt_s,
        "test_x_cm": a["test_x_cm"],
        "test_d_cm": a["test_d_cm"],
        **{f"{name}_rad": a[name] for name in DECODED},
    }


TABLES: dict[str, Callable[[Seed], Columns]] = {
    "series": series_table,
    "map_in_training": map_table,
    "spikes": spike_table,
    "weights": weight_table,
    "decoded": decoded_table,
}
