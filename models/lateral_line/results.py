"""What a finished seed writes down: its results file and its arrays.

Tables of names with unit and meaning stand in docs/files.md and are held against a real run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from driver.experiment import metric
from driver.run.saved import checksum
from models.lateral_line import cell_tuning, map_metrics, metrics, readout
from models.lateral_line.format import FORMAT
from models.lateral_line.metrics import MapQuality
from models.lateral_line.params import NetworkParams
from models.lateral_line.protocol import Outcome, Result
from models.lateral_line.simulation import x_per_step
from models.lateral_line.warnings import warnings
from models.lateral_line.wiring import lateral_kernel, topographic_contacts, uses_bernoulli
from stimulus import StimulusParams, n_test_steps

N_PERMUTATIONS = 40  # of the cells, for the chance of an aligned map: a tenth of a second each ten

# --- params.json -----------------------------------------------------------------------


def effective(params: NetworkParams, stimulus: StimulusParams) -> dict[str, Any]:
    """What follows from the parameters, for ``params.json``."""
    kernel, _, _ = lateral_kernel(params.n_ts, params.ts_lateral_radius, 1.0)
    return {
        "ll_mon_wiring": "bernoulli" if uses_bernoulli(params) else "fixed in-degree",
        "ll_mon_topographic_contacts": topographic_contacts(
            params.ll_to_mon_in_degree, params.ll_to_mon_topography_strength
        ),
        "mon_ts_topographic_contacts": topographic_contacts(
            params.mon_to_ts_out_degree, params.mon_to_ts_topography_strength
        ),
        "training_distance_law": distance_law(params, stimulus),
        "ts_lateral_synapses": int(kernel.size),
    }


def distance_law(params: NetworkParams, stimulus: StimulusParams) -> str:
    low, high = params.training_distance_min_cm, params.training_distance_max_cm
    if params.training_fixed_distance:
        return f"{stimulus.mu_distance_cm:g} cm"
    if low is None or high is None:
        mean_sd = f"{stimulus.mu_distance_cm:g}, {stimulus.sigma_distance_cm:g}"
        return f"normal ({mean_sd}) cm, cut to [{low}, {high}], per snapshot"
    return f"{low:g} cm" if low == high else f"uniform, {low:g} to {high:g} cm, per snapshot"


# --- artifacts/seed_<s>_results.json ---------------------------------------------------


def seed_results(result: Result) -> dict[str, Any]:
    """Content of ``seed_<s>_results.json``."""
    p = result.params
    trained = outcome_numbers(result.trained, result)
    untrained = outcome_numbers(result.untrained, result)
    return {
        "schema_version": FORMAT.schema_version,
        "seed": p.seed,
        "evaluation_mode": evaluation_mode(result),
        "source": result.source,
        "n_training_trials": p.n_training_trials,
        "params_sha256": checksum(p, result.stimulus),
        "backend": result.backend,
        **test_condition(p),
        **trained,
        "untrained": untrained,
        "difference": difference(trained, untrained),
        "chance_sigma_theta_rad": chance(result.trained.path),
        "deciding_window": p.training_positions,
        "training": training_numbers(result),
        "weights": weight_numbers(result),
        "warnings": warnings(result),
    }


def evaluation_mode(result: Result) -> str:
    """``extract`` is the test of weights that another run learned."""
    if result.training is None:
        return "extract"
    return "training" if result.params.can_learn else "untrained"


def test_condition(p: NetworkParams) -> dict[str, Any]:
    names = (
        *("distance_cm", "test_ll_noise_hz", "direction", "speed_cm_s", "sphere_radius_cm"),
        *("test_path_cm", "test_using_held_snapshots", "eval_x_min_cm", "eval_x_max_cm"),
        *("test_passes", "test_there_and_back"),
        "mon_ts_gain_test_mV",
    )
    return {name: getattr(p, name) for name in names}


def outcome_numbers(outcome: Outcome, result: Result) -> dict[str, Any]:
    """Every number of one test; undefined is NaN, which JSON says as null."""
    p = result.params
    seconds = n_test_steps(p) * p.dt_s
    x_cm = x_per_step(result.test_frames, 0, n_test_steps(p))
    counts = {name: s.index.size for name, s in outcome.spikes.items()}
    widths = {}
    for name, n_cells in layers(p).items():
        s = outcome.spikes[name]
        widths[name] = metrics.tuning_widths(s.step, s.index, n_cells, x_cm, p.dt_s)
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
        "spikes": counts,
        "rates_hz": rates_hz(counts, p, seconds),
        "map": map_numbers(outcome, p),
    }


def map_numbers(outcome: Outcome, p: NetworkParams) -> dict[str, Any] | None:
    """The map with the rotation and reflection that suit it best; None of a single pass."""
    if p.test_passes == 1:
        return None
    read = outcome.passes, p.n_ts, p.dt_s
    x_cm = outcome.passes[0].x_cm
    ends = (float(x_cm.min()), float(x_cm.max())) if p.eval_window_cm is None else p.eval_window_cm
    tuning = cell_tuning.cell_tuning(*read, p.body_window_cm)
    order = map_metrics.map_order(tuning.preferred_cm, tuning.tuned, p.body_window_cm, p.n_ts)
    error = readout.decoding_error(*read, p.body_window_cm)
    return {
        "n_passes": p.test_passes,
        **{
            name: aligned_numbers(
                map_metrics.aligned_map(*read, window, n_permutations=N_PERMUTATIONS)
            )
            for name, window in (("body", p.body_window_cm), ("path", ends))
        },
        "order": order.order,
        "order_chance": quantiles(order.order_permuted),
        "order_on_line": order.order_on_line,
        "n_pieces": order.n_pieces,
        "coverage": order.coverage,
        "tuned_share": tuning.n_tuned / p.n_ts,
        "single_peaked_share": tuning.single_peaked_share,
        "tuning_width_cm": tuning.width_cm,
        "decoding_error_cm": error.linear_rms_cm,
        "decoding_error_likelihood_cm": error.likelihood_rms_cm,
        "decoding_error_chance_cm": error.constant_rms_cm,
    }


def aligned_numbers(m: map_metrics.AlignedMap) -> dict[str, Any]:
    return {
        "sigma_theta_rad": m.sigma_theta_rad,
        "sigma_theta_unaligned_rad": m.sigma_theta_unaligned_rad,
        "sigma_theta_chance_rad": quantiles(m.permuted_rad),
        "rms_error_rad": m.rms_error_rad,
        "rms_error_cm": m.rms_error_cm,
        "valid_fraction": m.valid_fraction,
        "reflected": list(m.reflected),
        "rotation_rad": list(m.rotation_rad),
    }


def quantiles(band: tuple[float, float, float]) -> dict[str, float]:
    """Of what chance gives."""
    low, median, high = band
    return {"p05": low, "median": median, "p95": high}


def layers(p: NetworkParams) -> dict[str, int]:
    """Cells of each layer."""
    return {"ll": p.n_ll, "mon": p.n_mon, "ts": p.n_ts}


def rates_hz(counts: dict[str, int] | None, p: NetworkParams, seconds: float) -> dict[str, float]:
    """Spikes per cell and second of each layer; NaN in no time at all."""
    return {k: counts[k] / (n * seconds) if seconds else np.nan for k, n in layers(p).items()}


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
    return metric.difference({name: trained[name] for name in names}, untrained)


def chance(quality: MapQuality) -> dict[str, Any]:
    """Band of sigma_theta for as many uniform random biases as bins were decoded."""
    low, median, high = metrics.chance_band(quality.n_bins_decoded)
    return {"p05": low, "median": median, "p95": high, "n_bins": quality.n_bins_decoded}


def training_numbers(result: Result) -> dict[str, Any]:
    p = result.params
    counts = result.training.counts if result.training else None
    return {
        "spikes": counts,
        "rates_hz": rates_hz(counts, p, result.training_steps * p.dt_s),
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
