"""``run_summary.json`` and the closing lines of a run, from the results of its seeds."""

from __future__ import annotations

from typing import Any

import driver.experiment.summary
from driver.experiment.statistics import mean_sd
from driver.formatting import number
from models.lateral_line.params import NetworkParams
from models.lateral_line.wiring import topographic_contacts

SCHEMA_VERSION = 2
QUALITY = (
    *("sigma_theta_rad", "delta_trial_rad", "valid_fraction"),
    *("sigma_theta_body_rad", "delta_trial_body_rad"),
    *("valid_fraction_body", "valid_fraction_body_window"),
)
NUMBERS = (*QUALITY, "valid_fraction_window", "usable_map", "silent")


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
        "mon_ts_gain_test_mV": params.mon_ts_gain_test_mV,
    }
    runs = [seed_summary(r) for r in results]
    return driver.experiment.summary.run_summary(head, runs, failed_seeds, over_seeds)


def over_seeds(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What all seeds say together, trained and untrained."""
    return {
        "pv_map_quality": aggregate([run["pv_map_quality"] for run in runs]),
        "untrained": aggregate([run["untrained"]["pv_map_quality"] for run in runs]),
        "difference": aggregate([run["difference"] for run in runs]),
    }


def aggregate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, SD (ddof 1) and n of each number over seeds; undefined ones only counted."""
    return {name: mean_sd([row[name] for row in rows]) for name in QUALITY}


def place(window: tuple[float, float] | None) -> str:
    """Where the path is scored, for a label: all of it, or the evaluation window (cm)."""
    return "path" if window is None else f"{window[0]:g} to {window[1]:g} cm"


def place_of(results: dict[str, Any]) -> str:
    """`place` of a results file."""
    low, high = results["eval_x_min_cm"], results["eval_x_max_cm"]
    return place(None if low is None else (low, high))


def spoken(where: str) -> str:
    """A `place` within a sentence, after an article."""
    return where if where == place(None) else f"window {where}"


def contrast(results: dict[str, Any], key: str) -> tuple[float | None, ...]:
    """Trained, untrained and their difference; undefined where either is."""
    pair = results[key], results["untrained"][key]
    return *pair, None if None in pair else pair[0] - pair[1]


def headline(p: NetworkParams) -> str:
    """A network and its training in half a line."""

    def topography(strength: float, degree: int) -> str:
        return f"{strength:g} ({topographic_contacts(degree, strength)} of {degree} contacts)"

    ll_mon = topography(p.ll_to_mon_topography_strength, p.ll_to_mon_in_degree)
    mon_ts = topography(p.mon_to_ts_topography_strength, p.mon_to_ts_out_degree)
    return (
        f"{p.n_ll} LL, {p.n_mon} MON, {p.n_ts} TS; {p.n_training_trials} trials of "
        f"{p.trial_duration_s:g} s; topography {ll_mon} / {mon_ts}; "
        f"LL->MON {'plastic' if p.ll_mon_use_stdp else 'fixed'}"
    )


def closing_lines(results: dict[str, Any]) -> list[str]:
    """What came out, trained and untrained side by side."""
    where, twin = place_of(results), results["untrained"]
    # of a window the share is not the `valid_fraction` of the file, which counts the whole path
    share = f"valid_fraction, {where}" if where == place(None) else f"valid share of {where}"
    rows = [
        (f"sigma_theta, {where} (rad)", "sigma_theta_rad"),
        (share, "valid_fraction_window"),
        (f"Delta_trial, {where} (rad)", "delta_trial_rad"),
        ("sigma_theta, body (rad)", "sigma_theta_body_rad"),
        ("valid share of the body", "valid_fraction_body_window"),
    ]
    width = max(26, *(len(label) + 1 for label, _ in rows))
    lines = [f"{'':{width}}{'trained':>10}{'untrained':>11}{'difference':>12}"]
    for label, key in rows:
        trained, untrained, difference = contrast(results, key)
        lines.append(
            f"{label:{width}}{number(trained):>10}{number(untrained):>11}"
            f"{number(difference, signed=True):>12}"
        )
    spikes, twin_spikes = results["spikes"]["ts"], twin["spikes"]["ts"]
    lines.append(
        f"{'TS spikes in the test':{width}}{spikes:>10}{twin_spikes:>11}{spikes - twin_spikes:>+12}"
    )
    return [*lines, *rate_lines(results), *results["warnings"], seed_line(results)]


def metric_words(metrics: dict[str, float | None]) -> list[str]:
    """What the status says of a seed in training."""
    if not metrics:
        return []
    sigma, valid = (number(metrics[k], 2) for k in ("sigma_theta_rad", "valid_fraction"))
    return [
        f"mean weight {number(metrics['w_mean'], 4)}",
        f"in training sigma_theta {sigma} rad, valid {valid}",
    ]


def outcome_words(results: dict[str, Any]) -> list[str]:
    """What the status says of a seed that is finished."""
    twin, valid = results["untrained"]["sigma_theta_rad"], results["valid_fraction_window"]
    sigma = number(results["sigma_theta_rad"])
    return [f"sigma_theta {sigma} rad (untrained {number(twin)}), valid {number(valid)}"]


def sweep_columns() -> dict[str, tuple[str, ...]]:
    """What the table of a sweep holds of each run; a tuple names what is nested."""
    pair = {"trained": NUMBERS, "untrained": NUMBERS}
    return pair | {"difference": QUALITY, "ts_spikes": (), "ts_spikes_untrained": ()}


def sweep_row(results: dict[str, Any]) -> dict[str, Any]:
    """The `sweep_columns` of a finished run."""
    twin = results["untrained"]
    return {
        "trained": {name: results[name] for name in NUMBERS},
        "untrained": {name: twin[name] for name in NUMBERS},
        "difference": results["difference"],
        "ts_spikes": results["spikes"]["ts"],
        "ts_spikes_untrained": twin["spikes"]["ts"],
    }


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
