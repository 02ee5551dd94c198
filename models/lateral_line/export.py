"""A finished run for other programs, read from its folder: tables, and spikes with the source.

Tables have one row a seed, a record, a spike or a synapse. Floats are written with all their
digits, so that reading them gives the same bits; what is undefined is an empty cell.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from driver.engine.model import Spikes
from driver.export.csv import Columns
from driver.export.spikes import Recording, Signal, spike_table
from models.lateral_line.saved import Seed
from models.lateral_line.values import POPULATIONS
from stimulus import training_frames

DESCRIPTIONS = {
    "train": "end of the training; time counts from the start of the training",
    "test": "test of the trained network; time counts from the start of the test",
    "untrained": "the same test of the same network with its initial weights",
}
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


# --- spikes ------------------------------------------------------------------------------


def recordings(seed: Seed) -> list[Recording]:
    """The shown end of the training (none without training), the test, and the twin's test.

    Tests begin where the training ends, by the clock of the session.
    """
    end, n_test = int(seed.recordings["n_training_steps"]), seed.recordings["test_x_cm"].size
    n_tail = seed.n_tail_steps
    train = recording(seed, "train", "trained", end - n_tail, n_tail, end - n_tail)
    test = recording(seed, "test", "trained", 0, n_test, end)
    twin = recording(seed, "untrained", "untrained", 0, n_test, end)
    return [*([train] if n_tail else []), test, twin]


def recording(
    seed: Seed, phase: str, network: str, start: int, n_steps: int, session_start: int
) -> Recording:
    source = Signal(
        "source",
        source_cm(seed, phase, start, n_steps),
        unit="cm",
        channels=("x_cm", "d_cm"),
        description="position along the body, from its head, and distance from it",
        frame="x along the body, 0 at its head end; d distance from the body",
        metres=0.01,
    )
    n_cells = {name: seed.n_cells(name) for name in POPULATIONS}
    spikes: dict[str, Spikes] = {name: seed.spikes(phase, name) for name in POPULATIONS}
    return Recording(
        network,
        phase,
        DESCRIPTIONS[phase],
        start,
        n_steps,
        session_start,
        seed.dt_s,
        n_cells,
        spikes,
        [source],
    )


def source_cm(seed: Seed, phase: str, start: int, n_steps: int) -> np.ndarray:
    """Position along the body and distance from it at each step, shape (n_steps, 2), cm.

    Training stimuli are a function of the stored parameters; those of the test are stored.
    """
    if phase == "train":
        frames = training_frames(seed.params, seed.run.stimulus, start, n_steps)
        frames = frames.per_step(n_steps, start)
        return np.column_stack([frames.x_cm, frames.d_cm])
    return np.column_stack([seed.recordings["test_x_cm"], seed.recordings["test_d_cm"]])


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
    "spikes": lambda seed: spike_table(recordings(seed)),
    "weights": weight_table,
    "decoded": decoded_table,
}
