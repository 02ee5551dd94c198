"""``run_summary.json`` and the closing lines of a run, from the results of its seeds."""

from __future__ import annotations

import math
from typing import Any

from models.lateral_line import metrics
from models.lateral_line.params import NetworkParams

SCHEMA_VERSION = 2
QUALITY = (
    *("sigma_theta_rad", "delta_trial_rad", "valid_fraction"),
    *("sigma_theta_body_rad", "delta_trial_body_rad"),
    *("valid_fraction_body", "valid_fraction_body_window"),
)


def quality(numbers: dict[str, Any]) -> dict[str, Any]:
    return {name: numbers[name] for name in QUALITY}


def seed_summary(results: dict[str, Any]) -> dict[str, Any]:
    """A seed's part of ``run_summary.json``, from its results file."""
    return {
        "seed": results["seed"],
        "ts_spikes_during_test_window": results["spikes"]["ts"],
        "pv_map_quality": quality(results),
        "untrained": {
            "ts_spikes_during_test_window": results["untrained"]["spikes"]["ts"],
            "pv_map_quality": quality(results["untrained"]),
        },
        "difference": results["difference"],
    }


def run_summary(
    params: NetworkParams, results: list[dict[str, Any]], failed_seeds: list[int]
) -> dict[str, Any]:
    """Content of ``run_summary.json``.

    Parameters
    ----------
    params : NetworkParams
        Of the first seed.
    results : list of dict
        Contents of the seeds' results files, in seed order.
    failed_seeds : list of int
        Seeds without one.
    """
    head = {
        "schema_version": SCHEMA_VERSION,
        "ll_mon_topo": params.ll_to_mon_topography_strength,
        "mon_ts_topo": params.mon_to_ts_topography_strength,
        "mon_ts_sigma": params.mon_to_ts_sigma,
        "mon_ts_gain_mV": params.mon_ts_gain_mV,
    }
    runs = [seed_summary(r) for r in results]
    if len(runs) + len(failed_seeds) == 1 and runs:
        return head | runs[0]
    return head | {
        "runs": runs,
        "failed_seeds": failed_seeds,
        "aggregate": {
            "pv_map_quality": aggregate([run["pv_map_quality"] for run in runs]),
            "untrained": aggregate([run["untrained"]["pv_map_quality"] for run in runs]),
            "difference": aggregate([run["difference"] for run in runs]),
        },
    }


def aggregate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, SD (ddof 1) and n of each number over seeds; undefined ones only counted."""
    return {name: metrics.aggregate([row[name] for row in rows]) for name in QUALITY}


def closing_lines(results: dict[str, Any]) -> list[str]:
    """What came out, trained and untrained side by side."""
    twin, delta = results["untrained"], results["difference"]
    rows = [
        ("sigma_theta, path (rad)", "sigma_theta_rad"),
        ("valid_fraction, path", "valid_fraction"),
        ("Delta_trial, path (rad)", "delta_trial_rad"),
        ("sigma_theta, body (rad)", "sigma_theta_body_rad"),
        ("valid share of the body", "valid_fraction_body_window"),
    ]
    lines = [f"{'':26}{'trained':>10}{'untrained':>11}{'difference':>12}"]
    for label, key in rows:
        lines.append(
            f"{label:26}{number(results[key]):>10}{number(twin[key]):>11}"
            f"{number(delta[key], signed=True):>12}"
        )
    spikes, twin_spikes = results["spikes"]["ts"], twin["spikes"]["ts"]
    lines.append(
        f"{'TS spikes in the test':26}{spikes:>10}{twin_spikes:>11}{spikes - twin_spikes:>+12}"
    )
    return [*lines, *rate_lines(results), *results["warnings"], seed_line(results)]


def rate_lines(results: dict[str, Any]) -> list[str]:
    train, test = results["training"]["rates_hz"], results["rates_hz"]
    w, stable = results["weights"]["mon_ts"], results["training"]["stabilization_time_s"]
    changes = (
        f"MON->TS: mean |dw| {w['mean_abs_delta']:.4g}, moved {w['frac_delta_gt_1e3']:.1%}, "
        f"at w_max {w['frac_at_wmax']:.1%}, at 0 {w['frac_at_zero']:.1%}"
    )
    if results["source"]:
        rates = ", ".join(f"{k.upper()} {number(test[k], 1)}" for k in test)
        return [
            f"mean rates in the test (Hz): {rates}",
            f"{changes}, learned in {learned(results)}",
        ]
    rates = ", ".join(f"{k.upper()} {number(train[k], 1)} / {number(test[k], 1)}" for k in test)
    settled = "not reached" if stable is None else f"after {stable:g} s"
    return [f"mean rates, training / test (Hz): {rates}", f"{changes}; stable mean {settled}"]


def learned(results: dict[str, Any]) -> str:
    """Whose weights were tested, in words."""
    source = results["source"]
    return f"{source['n_training_trials']} trials of {source['run']}, seed {source['seed']}"


def seed_line(results: dict[str, Any]) -> str:
    """One line a seed, in the form that scripts read."""
    sigma = results["sigma_theta_rad"]
    text = "nan" if sigma is None else number(sigma)  # scripts read it as a number
    valid = number(results["valid_fraction"])
    return f"Seed {results['seed']} results: sigma_theta={text} rad, valid_fraction={valid}"


def number(value: float | None, digits: int = 3, signed: bool = False) -> str:
    if value is None or not math.isfinite(value):
        return "undefined"
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
