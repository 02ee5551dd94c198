"""Did the network learn? What the numbers of a run say on its page, in sentences and tables.

The first sentence is that of `models.lateral_line.outcome`. Sentences are plain; a page sets σ_θ in
them with `marked_up`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from markupsafe import Markup

from driver.experiment.comparison import direction
from driver.experiment.metric import Metric, row_of
from driver.experiment.statistics import paired
from driver.formatting import interval, number
from driver.report.numbers import number_table
from driver.report.numbers import table_of_seeds as seed_table
from driver.report.page import Table, marked_up
from models.lateral_line import outcome
from models.lateral_line.metric_table import (
    ALIGNED,
    ALIGNED_PATH,
    ALIGNED_READINGS,
    BODY,
    DELTA,
    ORDER,
    PATH,
    SIGMA,
    TABLE,
)
from models.lateral_line.metrics import USABLE_VALID_FRACTION
from models.lateral_line.outcome import (
    OTHER,
    Numbers,
    both,
    decides,
    deciding,
    lower,
    other_says_otherwise,
    usable,
    value,
    window,
)
from models.lateral_line.summary import place_of, spoken


def details(results: Numbers) -> list[str]:
    """What a reader of the headline must know."""
    twin, texts = results["untrained"], []
    if results["evaluation_mode"] == "untrained":
        texts.append(
            "Trained and untrained are the same network; the numbers are those of its start."
        )
    elif lower(results) is not None:
        texts.append(
            f"{decides(results)} Lower is better. One seed describes; whether training helps is a "
            "question to several (--multi-seed)."
        )
    for who, numbers in (("Trained", results), ("Untrained", twin)):
        if not usable(numbers, deciding(results)):
            texts.append(f"{who}: {why_not(numbers)}.")
    texts += [text] if (text := other_says_otherwise(results, spoken(place_of(results)))) else []
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
    aligned = results.get("map") is not None  # what decides stands first
    labels = {
        **{m.name: m.label for m in ALIGNED_READINGS if aligned},
        **shown_labels(where),
        "delta_trial_body_rad": f"{DELTA}, body",
        "delta_trial_rad": f"{DELTA}, {where}",
        "ts_spikes": "TS spikes in the test",
    }
    shown = [replace(m, meaning="") for m in TABLE.renamed(labels)]
    notes = [chance(results), *(definitions() if aligned else ())]
    caption = Markup("<br>").join(map(marked_up, notes))
    return number_table(shown, results, words=number, caption=caption)


def definitions() -> list[str]:
    """What the readings of a map are that may be turned and mirrored."""
    return [
        f"{m.label[0].upper() if m.label.isascii() else m.label[0]}{m.label[1:]}: {m.meaning}."
        for m in ALIGNED_READINGS
        if m.meaning
    ]


def shown_labels(where: str) -> dict[str, str]:
    """Names of the numbers of the map, of body and path."""
    return {
        BODY.name: f"{BODY.symbol}, body",
        BODY.valid: "decoded share of the body",
        PATH.name: f"{PATH.symbol}, {where}",
        PATH.valid: f"valid fraction, {where}",
    }


def headline(results: Numbers) -> str:
    """Yes or no, of one seed, and `outcome.headline`."""
    better = lower(results)
    trained, twin = both(results)
    plain = "" if better is None else "Yes, in this seed. " if better else "No, not in this seed. "
    return f"{plain if trained != twin else ''}{outcome.headline(results)}"


def difference_of_seeds(every: Sequence[Numbers], sigma: Metric) -> dict[str, Any]:
    """`paired` of the seeds whose maps are usable, trained and untrained."""
    pairs = [(value(r, sigma), value(r["untrained"], sigma)) for r in every]
    return asdict(paired(*zip(*pairs, strict=True)))


def headline_of_seeds(every: Sequence[Numbers]) -> str:
    """Whether the network learned, by several seeds: a plain answer first.

    It is yes or no only where the interval of the mean difference leaves 0 out.
    """
    if all(r["evaluation_mode"] == "untrained" for r in every):
        return "Nothing was to be learned: no weight could change in this run."
    pairs = [lower(r) for r in every if lower(r) is not None]
    if not pairs:
        return "It cannot be said: no seed has a usable map both trained and untrained."
    without = len(every) - len(pairs)
    rest = f"; {without} cannot be compared" if without else ""
    seeds = f"{sum(pairs)} of {len(every)} seeds"
    way = direction(difference_of_seeds(every, deciding(every[0]))["difference"])
    plain = {"lower": "Yes.", "higher": "No, it got worse."}.get(way, "It cannot be said.")
    return f"{plain} The map of the {window(every[0])} is better after training in {seeds}{rest}."


def details_of_seeds(every: Sequence[Numbers]) -> list[str]:
    """The mean difference over results files, and seeds that were not counted."""
    sigma, texts = deciding(every[0]), [decides(every[0])]
    d = difference_of_seeds(every, sigma)["difference"]
    if d["n"]:
        texts.append(
            f"Mean difference of {sigma.label}, trained − untrained: "
            f"{interval(d, signed=True)} rad, n = {d['n']}. Lower is better; the answer is yes or "
            "no only where the 95 % interval in brackets, Student's t, leaves 0 out."
        )
    other = OTHER[sigma]
    on_other = difference_of_seeds(every, other)["difference"]
    if d["mean"] * on_other["mean"] < 0:
        texts.append(
            f"{other.label} says otherwise, on average: {interval(on_other, signed=True)} rad. It "
            "does not count."
        )
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
    labels = shown_labels(place_of(every[0]))
    if every[0].get("map") is not None:
        labels = {m.name: m.label for m in (ALIGNED, ALIGNED_PATH, ORDER)} | labels
    shown = [replace(m, meaning="") for m in TABLE.renamed(labels)]
    return seed_table(shown, rows, words=number, without_difference=(BODY.valid, PATH.valid))
