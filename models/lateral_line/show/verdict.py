"""Did the network learn? What the numbers of a run say, in sentences and rows of a table.

A seed is described, not tested: no sentence here claims more than "lower in this seed". The body
comes first, because the wiring maps the body. Where little could be decoded there is no map, and
`sigma_theta` is not compared. Sentences are plain; a page sets σ_θ in them with `marked_up`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from driver.experiment.metric import Metric, contrast, row_of
from driver.experiment.statistics import mean_sd
from driver.formatting import number
from driver.report.numbers import number_table
from driver.report.numbers import table_of_seeds as seed_table
from driver.report.page import Table, marked_up
from models.lateral_line.metric_table import BODY, DELTA, PATH, SIGMA, TABLE
from models.lateral_line.metrics import USABLE_VALID_FRACTION
from models.lateral_line.summary import place_of, spoken

Numbers = dict[str, Any]  # of one test: a results file, or its "untrained"


def usable(numbers: Numbers, sigma: Metric = BODY) -> bool:
    """Whether enough was decoded for `sigma_theta` to mean a map."""
    return sigma.counted(numbers) is not None


def lower(results: Numbers) -> bool | None:
    """Whether `sigma_theta` of the body is lower than the twin's; None if there is no such pair."""
    twin = results["untrained"]
    if not (usable(results) and usable(twin)):
        return None
    return results[BODY.name] < twin[BODY.name]


def headline(results: Numbers) -> str:
    """What one seed says, in a sentence."""
    twin = results["untrained"]
    if results["evaluation_mode"] == "untrained":
        return "Nothing was to be learned: no weight could change in this run."
    if usable(results) and usable(twin):
        return compared(results, "body", BODY.name)
    if usable(results):
        return "There is a usable map after training, and none without."
    if usable(twin):
        return "There is no usable map after training; the untrained network has one."
    if not results["spikes"]["ts"] and not twin["spikes"]["ts"]:
        return "It cannot be said: TS is silent in the test, trained and untrained."
    return "It cannot be said: there is no usable map, trained or untrained."


def compared(results: Numbers, place: str, key: str) -> str:
    """The trained `sigma_theta` beside that of the twin."""
    trained, twin = results[key], results["untrained"][key]
    if trained == twin:
        same = "the same with and without training"
        return f"{SIGMA} of the {place} is {same}: {number(trained)} rad."
    word = "lower" if trained < twin else "higher"
    values = f"{number(trained)} rad, untrained {number(twin)} rad"
    return f"{SIGMA} of the {place} is {word} after training: {values}."


def details(results: Numbers) -> list[str]:
    """What a reader of the headline must know."""
    twin, texts = results["untrained"], []
    if results["evaluation_mode"] == "untrained":
        texts.append(
            "Trained and untrained are the same network; the numbers are those of its start."
        )
    elif lower(results) is not None:
        good = "the trained map is the more exact one" if lower(results) else "it is not better"
        good = "nothing has changed" if results[BODY.name] == twin[BODY.name] else good
        texts.append(
            f"Lower is better: in this one seed {good}. One seed describes; whether training "
            "helps is a question to several (--multi-seed)."
        )
    for who, numbers in (("Trained", results), ("Untrained", twin)):
        if not usable(numbers):
            texts.append(f"{who}: {why_not(numbers)}.")
    texts += path_says_otherwise(results)
    if results["evaluation_mode"] != "untrained":
        texts.append(moved(results))
    return texts


def why_not(numbers: Numbers) -> str:
    """Why there is no usable map of the body."""
    if not numbers["spikes"]["ts"]:
        return "TS is silent in the test, so nothing could be decoded and every angle is undefined"
    valid = numbers[BODY.valid]
    if not valid:
        return "TS fires in the test, but not while the source is at the body"
    if numbers[BODY.name] is None and valid >= USABLE_VALID_FRACTION:
        text = "all that was decoded lies in a single bin of the body: one bias has no spread, so"
        return f"{text} {SIGMA} is undefined"
    share = f"only {valid:.0%} of the body could be decoded"
    if numbers[BODY.name] is None:
        return f"{share}, too little for {SIGMA}"
    return f"{share} (a usable map needs {USABLE_VALID_FRACTION:.0%}), so its {SIGMA} means little"


def path_says_otherwise(results: Numbers) -> list[str]:
    """The path or window, where its order of trained and untrained is not that of the body."""
    twin = results["untrained"]
    both = [usable(r, w) for r in (results, twin) for w in (BODY, PATH)]
    if not all(both):
        return []
    change, on_path = (results[k] - twin[k] for k in (BODY.name, PATH.name))
    if change * on_path >= 0:
        return []
    where = spoken(place_of(results))
    who = "whole path" if where == "path" else where
    return [f"The {who} says otherwise: {compared(results, where, PATH.name)}"]


def moved(results: Numbers) -> str:
    """Whether the training did anything to the weights."""
    w = results["weights"]["mon_ts"]
    if not w["mean_abs_delta"]:
        return "No MON→TS weight changed."
    return (
        f"{w['frac_delta_gt_1e3']:.0%} of the MON→TS weights moved by more than 0.001, on average "
        f"by {w['mean_abs_delta']:.2g}; {w['frac_at_wmax']:.0%} are at their ceiling."
    )


def chance(results: Numbers) -> str:
    """Where `sigma_theta` lies without any order."""
    band, where = results["chance_sigma_theta_rad"], place_of(results)
    if band["p05"] is None:
        return f"Chance cannot be given: fewer than two bins of the {spoken(where)} were decoded."
    reach = f"{number(band['p05'], 2)} to {number(band['p95'], 2)} rad"
    place = f"{'on' if where == 'path' else 'in'} the {spoken(where)}"
    words = f"{reach} {place} (5 to 95 %, {band['n_bins']} decoded bins)"
    return f"Chance, a map without order: {SIGMA} {words}."


def table(results: Numbers) -> Table:
    """The judged numbers of one seed: trained, untrained, difference."""
    where = place_of(results)
    labels = {
        **shown_labels(where),
        "delta_trial_body_rad": f"{DELTA}, body",
        "delta_trial_rad": f"{DELTA}, {where}",
        "ts_spikes": "TS spikes in the test",
    }
    caption = marked_up(chance(results))
    return number_table(TABLE.renamed(labels), results, words=number, caption=caption)


def shown_labels(where: str) -> dict[str, str]:
    """Names of the numbers of the map, of body and path."""
    return {
        BODY.name: f"{BODY.symbol}, body",
        BODY.valid: "decoded share of the body",
        PATH.name: f"{PATH.symbol}, {where}",
        PATH.valid: f"valid fraction, {where}",
    }


def headline_of_seeds(every: Sequence[Numbers]) -> str:
    """What several seeds say, in a sentence."""
    if all(r["evaluation_mode"] == "untrained" for r in every):
        return "Nothing was to be learned: no weight could change in this run."
    pairs = [lower(r) for r in every if lower(r) is not None]
    if not pairs:
        return "It cannot be said: no seed has a usable map both trained and untrained."
    without = len(every) - len(pairs)
    rest = f"; {without} cannot be compared" if without else ""
    seeds = f"{sum(pairs)} of {len(every)} seeds"
    return f"{SIGMA} of the body is lower after training in {seeds}{rest}."


def details_of_seeds(every: Sequence[Numbers]) -> list[str]:
    """The mean difference over results files, and seeds that were not counted."""
    d, texts = mean_sd([contrast(BODY, r)[2] for r in every]), []
    if d["n"]:
        spread = f"SD {number(d['sd'])}, " if d["sd"] is not None else ""
        mean = f"{number(d['mean'], signed=True)} rad, {spread}n = {d['n']}"
        texts.append(f"Lower is better. Mean difference, trained − untrained: {mean}.")
    without = [str(r["seed"]) for r in every if lower(r) is None]
    if without:
        texts.append(
            f"Not compared, for want of a usable map trained or untrained: seed "
            f"{', '.join(without)}. Means and SD are over all defined values."
        )
    return texts


def table_of_seeds(every: Sequence[Numbers]) -> Table:
    """Every seed in a row; mean, SD and number of defined values below."""
    rows = [row_of(TABLE, r["seed"], r) for r in every]
    shown = TABLE.renamed(shown_labels(place_of(every[0])))
    return seed_table(shown, rows, words=number, without_difference=(BODY.valid, PATH.valid))
