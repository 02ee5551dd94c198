"""Does a published claim hold? Intervals over seeds, for the trained network and its twin."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from driver.experiment.statistics import Estimate, estimate
from studies.study import Claim, Condition, matching

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "cannot be said"

Rows = Sequence[Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Part:
    """A claim at one condition.

    Attributes
    ----------
    condition : dict of str
    trained : Estimate
        Of the differences that the claim is about, over seeds.
    n_lower : int
        Seeds whose difference is below zero.
    untrained : Estimate or None
        Of the same in the untrained twins; None for a claim about learning.
    learned : Estimate or None
        Of the first minus the second, seed by seed.
    verdict, twin : str
        For the trained network, and for its twin (empty for a claim about learning).
    why : str
        Why it cannot be said; empty otherwise.
    """

    condition: Condition
    trained: Estimate
    n_lower: int
    untrained: Estimate | None
    learned: Estimate | None
    verdict: str
    twin: str
    why: str


@dataclasses.dataclass(frozen=True)
class Judged:
    """A claim, its parts and the verdict over all of them."""

    claim: Claim
    verdict: str
    beside: str  # what the untrained twin says of it
    parts: list[Part]


def judge(claim: Claim, rows: Rows) -> Judged:
    """Judge a claim by the runs of a study; rows as of `studies.measure.measure`.

    It holds if it holds at every condition that it is said of, and does not if it fails at one.
    """
    everything: list[Condition] = []
    for row in rows:
        condition = {k: v for k, v in row["condition"].items() if k != "seed"}
        if condition not in everything:
            everything.append(condition)
    parts = [part(claim, at, rows) for at in (claim.at or everything)]
    verdict = over([p.verdict for p in parts])
    return Judged(claim, verdict, beside(claim, verdict, parts), parts)


def over(verdicts: Sequence[str]) -> str:
    if FAILS in verdicts:
        return FAILS
    return HOLDS if verdicts and set(verdicts) == {HOLDS} else UNKNOWN


def part(claim: Claim, at: Condition, rows: Rows) -> Part:
    here = by_seed(rows, at)
    trained, untrained = ({s: r[who] for s, r in here.items()} for who in ("trained", "untrained"))
    if claim.kind in ("learning", "best"):
        base = untrained if claim.kind == "learning" else best_untrained(claim, at, rows)
        a = [minus(trained[s], base.get(s)) for s in here]
        x = estimate(a)
        verdict, why = region(x, claim), reason(x, bool(here))
        lost = sum(trained[s] is None and base.get(s) is not None for s in here)
        if verdict == HOLDS and lost:  # the worst maps are not in the mean
            verdict, why = UNKNOWN, f"after training {lost} of {len(here)} have no usable map"
        return Part(at, x, n_lower(a), None, None, verdict, "", why)
    if claim.kind == "contrast":
        there = by_seed(rows, {**at, **(claim.against or {})})
        base = {who: {s: r[who] for s, r in there.items()} for who in ("trained", "untrained")}
    else:
        base = {who: dict.fromkeys(here, claim.value) for who in ("trained", "untrained")}
    seeds = [s for s in here if s in base["trained"]]
    a = [minus(trained[s], base["trained"][s]) for s in seeds]
    b = [minus(untrained[s], base["untrained"][s]) for s in seeds]
    x, y = estimate(a), estimate(b)
    learned = estimate([minus(i, j) for i, j in zip(a, b, strict=True)])
    verdicts = region(x, claim), region(y, claim)
    return Part(at, x, n_lower(a), y, learned, *verdicts, reason(x, bool(seeds)))


def best_untrained(claim: Claim, at: Condition, rows: Rows) -> dict[int, float | None]:
    """Best value of each untrained network over the axis `over`; none where a run is missing."""
    rest = {k: v for k, v in at.items() if k != claim.over}
    seeds: dict[int, list[Mapping[str, Any]]] = {}
    for r in rows:
        if matching(r["condition"], rest):
            seeds.setdefault(r["condition"]["seed"], []).append(r)
    best = max if claim.expect == "higher" else min
    found: dict[int, float | None] = {}
    for seed, members in seeds.items():
        known = [r["value"]["untrained"] for r in members if r["trained"]]
        complete = len(known) == len(members)
        usable = [value for value in known if value is not None]
        found[seed] = best(usable, default=None) if complete else None
    return found


def n_lower(differences: Sequence[float | None]) -> int:
    return sum(d is not None and d < 0 for d in differences)


def by_seed(rows: Rows, at: Condition) -> dict[int, Mapping[str, float | None]]:
    """Values of the runs at a condition that are done, by seed."""
    there = [r for r in rows if matching(r["condition"], at) and r["trained"]]
    return {r["condition"]["seed"]: r["value"] for r in there}


def minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def region(x: Estimate, claim: Claim) -> str:
    """Where the interval lies.

    A direction holds if the interval is clear of zero on its side, and does not if it excludes an
    effect of `margin`. No effect holds if the interval is within the margin, and does not if it
    is clear of zero and not within.
    """
    if x.n < 2:
        return UNKNOWN
    if claim.expect == "none":
        if -claim.margin <= x.low and x.high <= claim.margin:
            return HOLDS
        return FAILS if x.low > 0 or x.high < 0 else UNKNOWN
    low, high = (x.low, x.high) if claim.expect == "higher" else (-x.high, -x.low)
    if low > 0:
        return HOLDS
    return FAILS if high < claim.margin else UNKNOWN


def reason(x: Estimate, was_run: bool) -> str:
    if not was_run:
        return "the condition was not run"
    if x.n == 0:
        return "no run has what it takes: no usable map, or one to compare with is missing"
    return "one run has no interval" if x.n == 1 else ""


def beside(claim: Claim, verdict: str, parts: Sequence[Part]) -> str:
    """What the untrained twin makes of the verdict on the trained network."""
    if claim.kind == "learning":
        return "against its untrained twin, seed by seed"
    if claim.kind == "best":
        return f"against the untrained network at its best {claim.over}, seed by seed"
    twin = over([p.twin for p in parts])
    if twin == UNKNOWN:
        return "of the untrained twin it cannot be said"
    text = "in the untrained twin it holds too" if twin == HOLDS else "in the twin it does not hold"
    if claim.expect == "none" or verdict != HOLDS:
        return text
    stronger = [part_learned(p, claim) for p in parts]
    if all(stronger):
        return f"{text}; training makes it stronger"
    return f"{text}; that training adds to it is not shown"


def part_learned(p: Part, claim: Claim) -> bool:
    x = p.learned
    known = x is not None and x.n >= 2
    return known and (x.high < 0 if claim.expect == "lower" else x.low > 0)
