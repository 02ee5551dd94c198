"""What a finished seed writes down: its results file and its arrays.

Tables of names with unit and meaning stand in the README and are held against a real run.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from driver.backend import Spikes
from driver.run_folder import RunFolder
from models.lateral_line import metrics, summary
from models.lateral_line.metrics import MapQuality
from models.lateral_line.params import NetworkParams
from models.lateral_line.protocol import Outcome, Result, simulate
from models.lateral_line.records import N_TRACKED, SERIES
from models.lateral_line.simulation import x_per_step
from models.lateral_line.values import POPULATIONS
from models.lateral_line.wiring import lateral_kernel, topographic_contacts, uses_bernoulli
from stimulus import StimulusParams, hold_steps, n_test_steps, training_frames

SCHEMA_VERSION = 2
INHIBITION = {"i_mon": "global inhibition of MON", "i_ts": "feedback inhibition of TS"}


def run_spatial_two_stage_model(
    params: NetworkParams,
    checkpoint_path: Path | None = None,
    resume_checkpoint: Path | None = None,
    **options,
) -> dict[str, Any]:
    """Train, test and compare with the untrained twin; everything in memory.

    Parameters and errors are those of `models.lateral_line.protocol.simulate`.

    Returns
    -------
    dict
        The arrays of `recordings`, wiring, weights before and after, the numbers of `seed_results`
        (also one by one, under the names of the figures), and the `Result` itself, which
        `save_learning_artifacts` takes, under ``result``.
    """
    result = simulate(params, checkpoint_path, resume_checkpoint, **options)
    ll_w, mon_ts_w = result.final_weights
    wiring, numbers = result.wiring, seed_results(result)
    w, training = numbers["weights"]["mon_ts"], result.training_steps * params.dt_s
    test = n_test_steps(params) * params.dt_s
    return recordings(result) | {
        "result": result,
        "results": numbers,
        "params": params,
        "w_before": result.initial_weights[1],
        "w_after": mon_ts_w,
        "ll_to_mon_i": wiring.ll_mon.i,
        "ll_to_mon_j": wiring.ll_mon.j,
        "ll_to_mon_w_mV": ll_w,
        "mon_to_ts_i": wiring.mon_ts.i,
        "mon_to_ts_j": wiring.mon_ts.j,
        "w_mean_abs_delta_final": w["mean_abs_delta"],
        "w_frac_delta_gt_1e3_final": w["frac_delta_gt_1e3"],
        "w_frac_at_wmax_final": w["frac_at_wmax"],
        "w_frac_at_zero_final": w["frac_at_zero"],
        "stabilization_time_s": stabilization_time(result),
        "train_duration_s": training,
        "test_duration_s": test,
        "total_duration_s": training + test,
        **{
            f"tuning_fwhm_{name}_{key}": width[kind]
            for name, width in numbers["tuning_width"].items()
            for key, kind in (("cm_mean", "mean_cm"), ("cm_sd", "sd_cm"), ("n_valid", "n_cells"))
        },
    }


# --- params.json -----------------------------------------------------------------------


def parameters(params: NetworkParams, stimulus: StimulusParams) -> dict[str, Any]:
    """The parts of ``params.json`` that the model knows."""
    return {
        "network_params": asdict(params),
        "stimulus_params": asdict(stimulus),
        "effective": {
            "ll_mon_wiring": "bernoulli" if uses_bernoulli(params) else "fixed in-degree",
            "ll_mon_topographic_contacts": topographic_contacts(
                params.ll_to_mon_in_degree, params.ll_to_mon_topography_strength
            ),
            "mon_ts_topographic_contacts": topographic_contacts(
                params.mon_to_ts_out_degree, params.mon_to_ts_topography_strength
            ),
            "training_distance_law": distance_law(params, stimulus),
            "ts_lateral_synapses": int(
                lateral_kernel(params.n_ts, params.ts_lateral_radius, 1.0)[0].size
            ),
        },
    }


def distance_law(params: NetworkParams, stimulus: StimulusParams) -> str:
    low, high = params.training_distance_min_cm, params.training_distance_max_cm
    if params.training_fixed_distance:
        return f"{stimulus.mu_distance_cm:g} cm"
    if low is None or high is None:
        mean_sd = f"{stimulus.mu_distance_cm:g}, {stimulus.sigma_distance_cm:g}"
        return f"normal ({mean_sd}) cm, cut to [{low}, {high}], per snapshot"
    return f"{low:g} cm" if low == high else f"uniform, {low:g} to {high:g} cm, per snapshot"


def params_sha256(params: NetworkParams, stimulus: StimulusParams) -> str:
    """Checksum of all parameters."""
    text = json.dumps([asdict(params), asdict(stimulus)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


# --- artifacts/seed_<s>_results.json ---------------------------------------------------


def seed_results(result: Result) -> dict[str, Any]:
    """Content of ``seed_<s>_results.json``."""
    p = result.params
    trained = outcome_numbers(result.trained, result)
    untrained = outcome_numbers(result.untrained, result)
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": p.seed,
        "evaluation_mode": evaluation_mode(result),
        "source": result.source,
        "n_training_trials": p.n_training_trials,
        "params_sha256": params_sha256(p, result.stimulus),
        "backend": result.backend,
        **test_condition(p),
        **trained,
        "untrained": untrained,
        "difference": difference(trained, untrained),
        "chance_sigma_theta_rad": chance(result.trained.path),
        "training": training_numbers(result),
        "weights": weight_numbers(result),
        "warnings": warnings(result),
    }


def evaluation_mode(result: Result) -> str:
    """``extract`` is the test of weights that another run learned."""
    if result.training is None:
        return "extract"
    return "training" if can_learn(result.params) else "untrained"


def can_learn(p: NetworkParams) -> bool:
    """Whether any weight can differ from its start after the training."""
    steps = (p.mon_ts_apre, p.mon_ts_apost, max(0.0, p.mon_ts_homeo_eta))
    if p.ll_mon_use_stdp:
        steps += (p.ll_mon_apre, p.ll_mon_apost, max(0.0, p.ll_mon_homeo_eta))
    return p.n_training_trials > 0 and any(steps)


def test_condition(p: NetworkParams) -> dict[str, Any]:
    names = (
        *("distance_cm", "test_ll_noise_hz", "direction", "speed_cm_s", "sphere_radius_cm"),
        *("test_path_cm", "test_using_held_snapshots", "eval_x_min_cm", "eval_x_max_cm"),
    )
    return {name: getattr(p, name) for name in names}


def outcome_numbers(outcome: Outcome, result: Result) -> dict[str, Any]:
    """Every number of one test; undefined is NaN, which JSON says as null."""
    p = result.params
    seconds = n_test_steps(p) * p.dt_s
    x_cm = x_per_step(result.test_frames, 0, n_test_steps(p))
    cells = {"ll": p.n_ll, "mon": p.n_mon, "ts": p.n_ts}
    widths = {
        name: metrics.tuning_widths(s.step, s.index, cells[name], x_cm, p.dt_s)
        for name, s in outcome.spikes.items()
        if name in cells
    }
    path, body, ll = outcome.path, outcome.body, outcome.ll
    return {
        "sigma_theta_rad": path.sigma_theta,
        "valid_fraction": path.valid_fraction,
        "valid_fraction_window": path.valid_fraction_window,
        "delta_trial_rad": path.delta_trial,
        "sigma_theta_body_rad": body.sigma_theta,
        "valid_fraction_body": body.valid_fraction,
        "valid_fraction_body_window": body.valid_fraction_window,
        "delta_trial_body_rad": body.delta_trial,
        "usable_map": metrics.is_usable_map(path),
        "silent": path.silent,
        "n_bins_decoded": path.n_bins_decoded,
        "sigma_theta_ll_rad": ll.sigma_theta,
        "delta_trial_ll_rad": ll.delta_trial,
        "valid_fraction_ll": ll.valid_fraction,
        "sharpening": metrics.ratio(ll.sigma_theta, path.sigma_theta),
        "variability": metrics.ratio(path.delta_trial, ll.delta_trial),
        **{f"sigma_w_{name}_cm": w.mean_cm for name, w in widths.items()},
        "tuning_width": {name: width_numbers(w) for name, w in widths.items()},
        "spikes": {name: int(s.index.size) for name, s in outcome.spikes.items()},
        "rates_hz": {
            name: outcome.spikes[name].index.size / (n * seconds) for name, n in cells.items()
        },
    }


def width_numbers(w: metrics.TuningWidth) -> dict[str, Any]:
    names = (
        *("mean_cm", "sd_cm", "n_cells", "contiguous_mean_cm", "contiguous_sd_cm"),
        *("well_driven_mean_cm", "well_driven_sd_cm", "n_well_driven_cells"),
    )
    return {name: getattr(w, name) for name in names}


def difference(trained: dict[str, Any], untrained: dict[str, Any]) -> dict[str, float]:
    """Trained minus untrained for the numbers that are judged; NaN where either is."""
    names = (
        *("sigma_theta_rad", "valid_fraction", "delta_trial_rad"),
        *("sigma_theta_body_rad", "delta_trial_body_rad"),
        *("valid_fraction_body", "valid_fraction_body_window"),
    )
    return {name: trained[name] - untrained[name] for name in names}


def chance(quality: MapQuality) -> dict[str, Any]:
    """Band of sigma_theta for as many uniform random biases as bins were decoded."""
    low, median, high = metrics.chance_band(quality.n_bins_decoded)
    return {"p05": low, "median": median, "p95": high, "n_bins": quality.n_bins_decoded}


def training_numbers(result: Result) -> dict[str, Any]:
    p = result.params
    counts = result.training.counts if result.training else None
    seconds = result.training_steps * p.dt_s
    cells = {"ll": p.n_ll, "mon": p.n_mon, "ts": p.n_ts}
    rates = {k: counts[k] / (n * seconds) if seconds else np.nan for k, n in cells.items()}
    return {
        "spikes": counts,
        "rates_hz": rates,
        "stabilization_time_s": stabilization_time(result),
        "seconds": result.train_seconds,
        "seconds_in_all": result.total_seconds,
    }


def stabilization_time(result: Result) -> float | None:
    if result.training is None:
        return None
    series = result.training.records.arrays()
    return metrics.estimate_stabilization_time(series["checkpoint_t_s"], series["w_mean_series"])


def weight_numbers(result: Result) -> dict[str, Any]:
    p = result.params
    ll_init, mon_ts_init = result.initial_weights
    ll_w, mon_ts_w = result.final_weights
    ll_max = p.ll_mon_wmax_mV if p.ll_mon_use_stdp else None
    mean_abs_delta, frac_moved = metrics.weight_change(mon_ts_init, mon_ts_w)
    ll_delta, _ = metrics.weight_change(ll_init, ll_w)
    return {
        "mon_ts": metrics.weight_statistics(mon_ts_w, p.mon_ts_wmax)
        | {"mean_abs_delta": mean_abs_delta, "frac_delta_gt_1e3": frac_moved},
        "mon_ts_initial": metrics.weight_statistics(mon_ts_init, p.mon_ts_wmax),
        "ll_mon_mV": metrics.weight_statistics(ll_w, ll_max) | {"mean_abs_delta": ll_delta},
        "ll_mon_initial_mV": metrics.weight_statistics(ll_init, ll_max),
        "ll_mon_homeo_target_mV": result.wiring.ll_mon_target_mV,
    }


def warnings(result: Result) -> list[str]:
    """What a reader must know before believing a number."""
    p, found = result.params, []
    where = summary.spoken(summary.place(p.eval_window_cm))
    for name, outcome in (("trained", result.trained), ("untrained", result.untrained)):
        if not outcome.spikes["ts"].index.size:
            found.append(f"{name} network: TS is silent in the test, nothing could be decoded")
        elif outcome.path.silent:
            found.append(f"{name} network: TS fires in the test, but not in the evaluation window")
        elif outcome.path.valid_fraction_window < metrics.USABLE_VALID_FRACTION:
            found.append(
                f"{name} network: no usable map, only "
                f"{outcome.path.valid_fraction_window:.0%} of the {where} could be decoded "
                f"(usable from {metrics.USABLE_VALID_FRACTION:.0%})"
            )
        elif not metrics.is_usable_map(outcome.path):
            found.append(
                f"{name} network: no usable map, all that was decoded lies in a single bin of "
                f"the {where}, so sigma_theta is undefined"
            )
    drives = {
        "i_mon": p.global_inh_to_mon_mV * p.mon_to_global_inh_drive_mV * p.mon_to_global_inh_p,
        "i_ts": p.use_ts_feedback_inh
        * (p.global_inh_to_ts_mV * p.ts_to_global_inh_drive_mV * p.ts_to_global_inh_p),
    }
    for name, drive in drives.items():
        spikes = result.trained.spikes[name].index.size
        spikes += result.training.counts[name] if result.training else 0
        if drive and not spikes:
            found.append(f"{INHIBITION[name]} is enabled but its cell never fired")
    return found


# --- arrays ----------------------------------------------------------------------------


def recordings(result: Result) -> dict[str, np.ndarray]:
    """Content of ``seed_<s>_recordings.npz``: all that figures are drawn from.

    Steps of ``test_*`` and ``untrained_*`` count from the start of the test, those of ``train_*``
    from the start of the training, whose last two seconds are kept.
    """
    p = result.params
    n_steps = n_test_steps(p)
    arrays: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
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
    for label, outcome in (("", result.trained), ("untrained_", result.untrained)):
        arrays |= map_arrays(f"{label}pv", outcome.path)
        arrays |= map_arrays(f"{label}pv_body", outcome.body)
        arrays |= map_arrays(f"{label}pv_ll", outcome.ll)
    return {key: np.asarray(value) for key, value in arrays.items()}


def spike_arrays(label: str, spikes: Spikes) -> dict[str, np.ndarray]:
    return {f"{label}_i": spikes.index, f"{label}_step": spikes.step}


def map_arrays(label: str, quality: MapQuality) -> dict[str, Any]:
    names = ("theta_true", "theta_hat", "delta_theta")
    names += ("theta_bins", "bias_theta", "sigma_trial_theta")
    numbers = ("sigma_theta", "delta_trial", "valid_fraction")
    return {f"{label}_{name}": getattr(quality, name) for name in (*names, *numbers)}


def training_series(result: Result) -> dict[str, np.ndarray]:
    """Series over the training; empty if there was none in this run."""
    if result.training:
        return result.training.records.arrays()
    n_tracked = min(N_TRACKED, result.wiring.mon_ts.i.size)
    return {name: np.empty(0) for name in SERIES} | {
        "tracked_weight_series": np.empty((0, n_tracked))
    }


def training_sources(result: Result) -> dict[str, np.ndarray]:
    """Source positions of the first pass of the training, at most two passes long."""
    p = result.params
    n_steps = min(result.training_steps, 2 * p.n_ll * hold_steps(p))
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
        "schema_version": np.int64(SCHEMA_VERSION),
        "seed": np.int64(result.params.seed),
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
        "schema_version": SCHEMA_VERSION,
        "mode": mode,
        "seed": p.seed,
        **{name: getattr(p, name) for name in names},
        "network_params": asdict(p),
        "stimulus_params": asdict(result.stimulus),
        "wiring_sha256": result.wiring.sha256,
    }


def save_learning_artifacts(result: Result, folder: RunFolder, mode: str, tag: str) -> None:
    """Write everything of one seed into ``artifacts/``; the results file comes last."""
    seed = result.params.seed
    folder.write_npz(f"artifacts/seed_{seed}_recordings.npz", recordings(result))
    folder.write_npz(f"artifacts/{tag}_seed_{seed}.npz", weight_artifact(result))
    folder.write_json(f"artifacts/{tag}_seed_{seed}_params.json", sidecar(result, mode))
    numbers = seed_results(result) | {"save_tag": tag}
    folder.write_json(f"artifacts/seed_{seed}_results.json", numbers)
