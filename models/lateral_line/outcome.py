"""Did the network learn? What the numbers of one seed say, in a sentence for console and page.

A seed is described, not tested: no sentence here claims more than "better in this seed". One window
decides, that in which the source is held in training: the body, or the path beyond it. Where there
are several passes of the test the map is read aligned. Where little could be decoded there is no
map, and `sigma_theta` is not compared.
"""

from __future__ import annotations

from typing import Any

from driver.experiment.metric import Metric, key_numbers
from driver.formatting import number
from models.lateral_line.metric_table import ALIGNED, ALIGNED_PATH, BODY, ORDER, PATH, SIGMA, TABLE

Numbers = dict[str, Any]  # of one test: a results file, or its "untrained"
DECIDING = {("body", False): BODY, ("body", True): ALIGNED}
DECIDING |= {("path", False): PATH, ("path", True): ALIGNED_PATH}
OTHER = {BODY: PATH, PATH: BODY, ALIGNED: ALIGNED_PATH, ALIGNED_PATH: ALIGNED}  # window
WAY_OUT = {BODY: "of the body", PATH: "of the path"}
WAY_OUT |= {ALIGNED: "of the body, aligned,", ALIGNED_PATH: "of the path, aligned,"}


def window(results: Numbers) -> str:
    """The window that decides, ``body`` or ``path``."""
    return results.get("deciding_window", "body")  # runs of before it could be chosen: the body


def deciding(results: Numbers) -> Metric:
    """The reading of `sigma_theta` that decides."""
    return DECIDING[window(results), results.get("map") is not None]


def value(numbers: Numbers, sigma: Metric) -> float | None:
    """`sigma_theta` of a network; None unless enough was decoded for it to mean a map."""
    return sigma.counted(key_numbers(TABLE, numbers))


def usable(numbers: Numbers, sigma: Metric = BODY) -> bool:
    """Whether enough was decoded for `sigma_theta` to mean a map."""
    return value(numbers, sigma) is not None


def lower(results: Numbers) -> bool | None:
    """Whether what decides is lower than the twin's; None if there is no such pair."""
    trained, twin = both(results)
    return None if trained is None or twin is None else trained < twin


def both(results: Numbers) -> tuple[float | None, float | None]:
    """What decides, trained and untrained."""
    sigma = deciding(results)
    return value(results, sigma), value(results["untrained"], sigma)


def headline(results: Numbers) -> str:
    """What one seed says, in a sentence."""
    twin = results["untrained"]
    if results["evaluation_mode"] == "untrained":
        return "Nothing was to be learned: no weight could change in this run."
    trained_value, twin_value = both(results)
    if trained_value is not None and twin_value is not None:
        return compared(results, deciding(results)) + ordered(results)
    if trained_value is not None:
        return "There is a usable map after training, and none without."
    if twin_value is not None:
        return "There is no usable map after training; the untrained network has one."
    if not results["spikes"]["ts"] and not twin["spikes"]["ts"]:
        return "It cannot be said: TS is silent in the test, trained and untrained."
    return "It cannot be said: there is no usable map, trained or untrained."


def compared(results: Numbers, sigma: Metric, place: str = "") -> str:
    """The trained `sigma_theta` beside that of the twin."""
    trained, twin = value(results, sigma), value(results["untrained"], sigma)
    where = place or WAY_OUT[sigma]
    if trained == twin:
        return (
            f"Training changed nothing: {SIGMA} {where} is {number(trained)} rad with and without."
        )
    word = "better" if trained < twin else "worse"
    values = f"{number(trained)} rad, untrained {number(twin)} rad"
    return f"The map is {word} after training: {SIGMA} {where} is {values}."


def ordered(results: Numbers) -> str:
    """The order of the map, trained and untrained, where it was measured."""
    if results.get("map") is None:
        return ""
    found = (ORDER.value(numbers) for numbers in (results, results["untrained"]))
    trained, twin = (number(None if r is None else round(r, 2) + 0.0, 2) for r in found)
    chance, order = results["untrained"]["map"]["order_chance"]["p95"], ORDER.value(results)
    words = f"(chance up to {number(chance, 2)}; 1 is perfect)"
    sentence = f" Its order is {trained}, untrained {twin} {words}."
    if order is not None and chance is not None and order <= chance:
        sentence += " So it is no map: cells prefer places, but neighbours no neighbouring ones."
    return sentence


def decides(results: Numbers) -> str:
    """Which window decides, and why, in a sentence."""
    place = window(results)
    return f"The {place} decides, where the source was held in training."


def other_says_otherwise(results: Numbers, place: str) -> str:
    """The other window, where it has trained and untrained the other way round; else empty.

    `place` is what is scored of the path, see `models.lateral_line.summary.spoken`.
    """
    first, other = deciding(results), OTHER[deciding(results)]
    pairs = [[value(r, sigma) for r in (results, results["untrained"])] for sigma in (first, other)]
    if any(v is None for pair in pairs for v in pair):
        return ""
    change, on_other = (trained - twin for trained, twin in pairs)
    if change * on_other >= 0:
        return ""
    where = "body" if other in (BODY, ALIGNED) else place
    who, aligned = "whole path" if where == "path" else where, results.get("map") is not None
    said = compared(results, other, f"of the {where}{', aligned,' if aligned else ''}")
    return f"The {who} says otherwise, and does not count. {said}"


def console(text: str) -> str:
    """A sentence as the console has it, without signs that a terminal may lack."""
    return text.replace(SIGMA, "sigma_theta").replace("−", "-")
