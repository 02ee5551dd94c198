"""A finished run for other programs, read from its folder: CSV here, and `to_neo`, `export_nwb`.

Tables have one row a seed, a record, a spike or a synapse. Floats are written with all their
digits, so that reading them gives the same bits; what is undefined is an empty cell.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from driver.files import plain, replace_file
from driver.run.saved import NotARun
from models.lateral_line.export.neo import to_neo
from models.lateral_line.export.nwb import export_nwb
from models.lateral_line.saved import Run, Seed
from models.lateral_line.values import POPULATIONS

__all__ = ["export_csv", "export_nwb", "to_neo"]

PROJECTIONS = {
    "ll_mon": ("ll_mon_w_init_mV", "ll_mon_w_mV", "mV"),
    "mon_ts": ("mon_ts_w_init", "mon_ts_w", "1"),
}
SERIES = ("w_mean", "w_std", "w_mean_abs_delta", "w_frac_delta_gt_1e3", "w_mean_abs_step")
DECODED = ("pv_theta_true", "pv_theta_hat", "untrained_pv_theta_hat") + (
    *("pv_body_theta_true", "pv_body_theta_hat", "untrained_pv_body_theta_hat"),
)

Columns = Mapping[str, Iterable]


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
    seeds = [run.seed(s) for s in run.finished]
    if not seeds:
        raise NotARun(f"{run.folder} has no finished seed to export")
    folder.mkdir(parents=True, exist_ok=True)
    written = [write_csv(folder / "results.csv", results_table(seeds))]
    for seed in seeds:
        for name, table in TABLES.items():
            path = folder / f"seed_{seed.number}_{name}.csv"
            written.append(write_csv(path, table(seed)))
    return written


# --- tables: column by name, all of one length -------------------------------------------


def results_table(seeds: Sequence[Seed]) -> Columns:
    """Every number of the results files; ``untrained.`` and ``difference.`` beside the trained."""
    rows = [flat(seed.results) for seed in seeds]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested keys joined by dots; lists of words by semicolons; truth as JSON spells it."""
    found = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            found[prefix + key] = "; ".join(str(v) for v in value)
        else:
            found[prefix + key] = json.dumps(value) if isinstance(value, bool) else value
    return found


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
    step = np.concatenate([s.step for _, _, s in parts])
    return {
        "phase": [phase for phase, _, s in parts for _ in range(s.step.size)],
        "population": [population for _, population, s in parts for _ in range(s.step.size)],
        "cell": np.concatenate([s.index for _, _, s in parts]),
        "step": step,
        "time_s": step * seed.dt_s,
    }


def weight_table(seed: Seed) -> Columns:
    """One row a synapse, in construction order; duplicates are separate synapses."""
    w = seed.weights
    sizes = {projection: w[f"{projection}_i"].size for projection in PROJECTIONS}

    def column(values: Callable[[str], np.ndarray]) -> np.ndarray:
        return np.concatenate([values(projection) for projection in PROJECTIONS])

    return {
        "projection": [projection for projection, n in sizes.items() for _ in range(n)],
        "source": column(lambda projection: w[f"{projection}_i"]),
        "target": column(lambda projection: w[f"{projection}_j"]),
        "initial": column(lambda projection: w[PROJECTIONS[projection][0]]),
        "final": column(lambda projection: w[PROJECTIONS[projection][1]]),
        "unit": [PROJECTIONS[projection][2] for projection, n in sizes.items() for _ in range(n)],
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


def write_csv(path: Path, columns: Columns) -> Path:
    """Write a header of names and a row for each entry."""
    rows = zip(*(cells(column) for column in columns.values()), strict=True)

    def write(file) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        text.detach()  # flushes; the file is closed by who opened it

    return replace_file(path, write)


def cells(column: Iterable) -> list:
    """Plain numbers, which `csv` writes with all their digits; None, an empty cell, for NaN."""
    if not isinstance(column, np.ndarray):
        return plain(list(column))
    values = column.tolist()
    if column.dtype.kind != "f" or np.isfinite(column).all():
        return values
    return [v if known else None for v, known in zip(values, np.isfinite(column), strict=True)]
