"""``run_summary.json`` and the closing lines of a run, from the results of its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from driver.experiment import metric
from driver.experiment.metric import spread
from driver.formatting import number
from driver.run.request import Request
from driver.run.saved import NotARun
from models.lateral_line import outcome
from models.lateral_line.metric_table import ALIGNED, ALIGNED_READINGS, ORDER, TABLE
from models.lateral_line.wiring import topographic_contacts

QUALITY = (
    *("sigma_theta_rad", "delta_trial_rad", "valid_fraction"),
    *("sigma_theta_body_rad", "delta_trial_body_rad"),
    *("valid_fraction_body", "valid_fraction_body_window"),
)


def headline(request: Request) -> str:
    """A network and its training in half a line."""
    p = request.params

    def topography(strength: float, degree: int) -> str:
        return f"{strength:g} ({topographic_contacts(degree, strength)} of {degree} contacts)"

    ll_mon = topography(p.ll_to_mon_topography_strength, p.ll_to_mon_in_degree)
    mon_ts = topography(p.mon_to_ts_topography_strength, p.mon_to_ts_out_degree)
    return (
        f"{p.n_ll} LL, {p.n_mon} MON, {p.n_ts} TS; {p.n_training_trials} trials of "
        f"{p.trial_duration_s:g} s; topography {ll_mon} / {mon_ts}; "
        f"LL->MON {'plastic' if p.ll_mon_use_stdp else 'fixed'}, "
        f"MON->TS by {'a messenger' if p.has_messenger else 'STDP'}"
    )


def curve(seed) -> tuple[str, Any] | None:
    """Error of the map as it was decoded in training, for the index of runs."""
    try:
        return "σ_θ", seed.series["pv_sigma_theta_series"]
    except NotARun:
        return None


# --- run_summary.json, sweep.json ----------------------------------------------------------------


def seed_summary(results: dict[str, Any]) -> dict[str, Any]:
    """A seed's part of ``run_summary.json``, from its results file."""

    def part(numbers: dict[str, Any]) -> dict[str, Any]:
        return {
            "ts_spikes_during_test_window": numbers["spikes"]["ts"],
            "pv_map_quality": {name: numbers[name] for name in QUALITY},
        }

    return {
        "seed": results["seed"],
        **part(results),
        "untrained": part(results["untrained"]),
        "difference": results["difference"],
    }


def run_summary(
    request: Request, results: list[dict[str, Any]], failed: list[int]
) -> dict[str, Any]:
    """Content of ``run_summary.json``; see `driver.room.Room`."""
    params = request.params
    head = {
        "schema_version": request.format.schema_version,
        "ll_mon_topo": params.ll_to_mon_topography_strength,
        "mon_ts_topo": params.mon_to_ts_topography_strength,
        "mon_ts_sigma": params.mon_to_ts_sigma,
        "mon_ts_gain_mV": params.mon_ts_gain_mV,
        "mon_ts_gain_test_mV": params.mon_ts_gain_test_mV,
    }
    runs = [seed_summary(r) for r in results]
    return metric.one_or_all(head, runs, failed, over_seeds)


def over_seeds(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What all seeds say together, trained and untrained."""
    return {
        "pv_map_quality": spread(QUALITY, [run["pv_map_quality"] for run in runs]),
        "untrained": spread(QUALITY, [run["untrained"]["pv_map_quality"] for run in runs]),
        "difference": spread(QUALITY, [run["difference"] for run in runs]),
    }


def sweep_columns() -> dict[str, tuple[str, ...]]:
    """What the table of a sweep holds of each run; a tuple names what is nested."""
    more = {"difference": QUALITY, "ts_spikes": (), "ts_spikes_untrained": ()}
    return metric.sweep_columns(TABLE) | more


def sweep_row(results: dict[str, Any]) -> dict[str, Any]:
    """The `sweep_columns` of a finished run."""
    return metric.sweep_row(TABLE, results) | {
        "difference": results["difference"],
        "ts_spikes": results["spikes"]["ts"],
        "ts_spikes_untrained": results["untrained"]["spikes"]["ts"],
    }


# --- lines ---------------------------------------------------------------------------------------


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


def closing_lines(results: dict[str, Any]) -> list[str]:
    """What came out, trained and untrained side by side."""
    where = place_of(results)
    # of a window the share is not the `valid_fraction` of the file, which counts the whole path
    share = f"valid_fraction, {where}" if where == place(None) else f"valid share of {where}"
    labels = {
        "sigma_theta_rad": f"sigma_theta, {where}",
        "valid_fraction_window": share,
        "delta_trial_rad": f"Delta_trial, {where}",
        "sigma_theta_body_rad": "sigma_theta, body",
        "valid_fraction_body_window": "valid share of the body",
        "ts_spikes": "TS spikes in the test",
    }
    if results.get("map") is not None:  # what decides stands first
        labels = {m.name: outcome.console(m.label) for m in ALIGNED_READINGS} | labels
    lines = metric.comparison_lines(TABLE.renamed(labels), results)
    said = outcome.console(f"{outcome.headline(results)} {outcome.decides(results)}")
    other = outcome.console(outcome.other_says_otherwise(results, spoken(where)))
    notes = [*rate_lines(results), *results["warnings"], said, *([other] if other else [])]
    return [*lines, *notes, seed_line(results)]


def deciding(results: dict[str, Any]) -> metric.Metric:
    """What a seed is judged by, under the name that the console has."""
    found = outcome.deciding(results)
    return replace(found, label=outcome.console(found.label))


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
    settled = "is not stable yet" if stable is None else f"is stable after {stable:g} s"
    changes += f"; the mean weight {settled}, single ones may still move"
    return [f"mean rates, training / test (Hz): {rates}", changes]


NOT_AS_TRAINED = (
    "not the network as trained: its LL -> MON weights are those of before training, its "
    "MON -> TS weights those of after it (--ll-mon-weights initial)"
)


def ll_mon_weights(source: Mapping[str, Any] | None) -> str:
    """Which LL -> MON weights were tested, from the `source` of a results file; once always final.

    Those of a run that trained are its own, ``final``.
    """
    return (source or {}).get("ll_mon_weights", "final")


def learned(results: dict[str, Any]) -> str:
    """Whose weights were tested, in words."""
    source = results["source"]
    text = f"{source['n_training_trials']} trials of {source['run']}, seed {source['seed']}"
    return f"{text}; LL->MON weights {ll_mon_weights(source)}"


def seed_line(results: dict[str, Any]) -> str:
    """One line a seed, in the form that scripts read."""
    sigma = results["sigma_theta_rad"]
    text = "nan" if sigma is None else number(sigma)  # scripts read it as a number
    valid = number(results["valid_fraction"])
    line = f"Seed {results['seed']} results: sigma_theta={text} rad, valid_fraction={valid}"
    if results.get("map") is None:
        return line
    sigma, order = (number(m.value(results)) for m in (ALIGNED, ORDER))
    return f"{line}, aligned sigma_theta={sigma} rad, order={order}"


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
