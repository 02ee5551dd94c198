"""What a finished seed writes down as arrays, and all of its files in their order.

Tables of names with unit and meaning stand in docs/files.md and are held against a real run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from driver.engine.model import Spikes
from driver.experiment.seed_files import write_arrays
from driver.run.folder import RunFolder
from models.lateral_line.format import FORMAT
from models.lateral_line.metrics import MapQuality
from models.lateral_line.passes import Pass
from models.lateral_line.protocol import Result
from models.lateral_line.records import Records
from models.lateral_line.results import seed_results
from models.lateral_line.simulation import x_per_step
from models.lateral_line.values import POPULATIONS
from stimulus import hold_steps, n_test_steps, training_frames, training_positions


def recordings(result: Result) -> dict[str, np.ndarray]:
    """Content of ``seed_<s>_recordings.npz``: all that figures are drawn from.

    Steps of ``test_*`` and ``untrained_*`` count from the start of the test, those of ``train_*``
    from the start of the training, whose last two seconds are kept.
    """
    p = result.params
    n_steps = n_test_steps(p)
    arrays: dict[str, Any] = {
        "schema_version": FORMAT.schema_version,
        "seed": p.seed,
        "dt_s": p.dt_s,
        "n_training_steps": result.training_steps,
        "test_x_cm": x_per_step(result.test_frames, 0, n_steps),
        "test_d_cm": result.test_frames.per_step(n_steps, 0).d_cm,
        **training_sources(result),
        **training_series(result),
    }
    for name in POPULATIONS:
        tail = result.training.tail[name] if result.training else Spikes.concatenate([])
        arrays |= spike_arrays(f"train_{name}", tail)
    for label, outcome in (("test", result.trained), ("untrained", result.untrained)):
        for name, spikes in outcome.spikes.items():
            arrays |= spike_arrays(f"{label}_{name}", spikes)
    arrays["passes_x_cm"] = np.array([one.x_cm for one in result.trained.passes])
    for label, outcome in (("", result.trained), ("untrained_", result.untrained)):
        arrays |= spike_arrays(f"{label}passes_ts", spikes_of_all(outcome.passes))
        arrays |= map_arrays(f"{label}pv", outcome.path)
        arrays |= map_arrays(f"{label}pv_body", outcome.body)
        arrays |= map_arrays(f"{label}pv_ll", outcome.ll)
    return {key: np.asarray(value) for key, value in arrays.items()}


def spike_arrays(label: str, spikes: Spikes) -> dict[str, np.ndarray]:
    return {f"{label}_i": spikes.index, f"{label}_step": spikes.step}


def spikes_of_all(passes: Sequence[Pass]) -> Spikes:
    """Spikes of all passes; steps count from the start of the first."""
    n_steps = passes[0].x_cm.size
    return Spikes.concatenate(
        [Spikes(one.index, one.step + number * n_steps) for number, one in enumerate(passes)]
    )


def map_arrays(label: str, quality: MapQuality) -> dict[str, Any]:
    names = ("theta_true", "theta_hat", "delta_theta")
    names += ("theta_bins", "bias_theta", "sigma_trial_theta")
    numbers = ("sigma_theta", "delta_trial", "valid_fraction")
    return {f"{label}_{name}": getattr(quality, name) for name in (*names, *numbers)}


def training_series(result: Result) -> dict[str, np.ndarray]:
    """Series over the training; empty if there was none in this run."""
    if result.training:
        return result.training.records.arrays()
    records = Records.start(result.params, result.initial_weights[1])
    return {name: array[:0] for name, array in records.arrays().items()}


def training_sources(result: Result) -> dict[str, np.ndarray]:
    """Source positions of the first pass of the training, at most two passes long."""
    p = result.params
    n_steps = min(result.training_steps, 2 * len(training_positions(p)) * hold_steps(p))
    if n_steps == 0:
        return {"train_x_cm": np.empty(0), "train_d_cm": np.empty(0)}
    frames = training_frames(p, result.stimulus, 0, n_steps)
    return {"train_x_cm": frames.x_cm, "train_d_cm": frames.d_cm}


def weight_artifact(result: Result) -> dict[str, np.ndarray]:
    """Content of ``<tag>_seed_<s>.npz``: wiring, and weights before and after training."""
    ll_init, mon_ts_init = result.initial_weights
    ll_w, mon_ts_w = result.final_weights
    wiring = result.wiring
    return {
        "trial_idx": np.int64(result.params.n_training_trials - 1),
        "mon_ts_w": mon_ts_w,
        "mon_ts_i": wiring.mon_ts.i,
        "mon_ts_j": wiring.mon_ts.j,
        "mon_ts_w_init": mon_ts_init,
        "ll_mon_i": wiring.ll_mon.i,
        "ll_mon_j": wiring.ll_mon.j,
        "ll_mon_w_mV": ll_w,
        "ll_mon_w_init_mV": ll_init,
    }


def sidecar(result: Result, mode: str) -> dict[str, Any]:
    """Content of ``<tag>_seed_<s>_params.json``: enough to rebuild the network."""
    p = result.params
    names = (
        *("n_ll", "n_mon", "n_ts", "speed_cm_s", "distance_cm", "direction"),
        *("training_noise_scale_early", "training_noise_scale_late"),
        *("mon_ts_apre", "mon_ts_apost", "mon_ts_wmax"),
    )
    return {
        "schema_version": FORMAT.schema_version,
        "mode": mode,
        "seed": p.seed,
        **{name: getattr(p, name) for name in names},
        "network_params": asdict(p),
        "stimulus_params": asdict(result.stimulus),
        "wiring_sha256": result.wiring.sha256,
    }


def save_learning_artifacts(*, result: Result, folder: RunFolder, mode: str, tag: str) -> None:
    """Write everything of one seed into ``artifacts/``; the results file comes last."""
    found = {"recordings": recordings(result)}
    write_arrays(folder, tag, found, weight_artifact(result), sidecar(result, mode))
    numbers = seed_results(result) | {"save_tag": tag}
    folder.write_json(f"artifacts/seed_{result.params.seed}_results.json", numbers)
