"""Does a published claim hold? Intervals over seeds, for the trained network and its twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driver.experiment.comparison import by_condition
from driver.experiment.statistics import Estimate, estimate
from studies.study import WHO, Claim, Condition, matching

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "cannot be said"

Rows = Sequence[Mapping[str, Any]]
BySeed = Mapping[int, Mapping[str, float | None]]  # value by ``trained`` and ``untrained``


@dataclass(frozen=True)
class Part:
    """A claim at one condition; of one about learning there is nothing to say of the twin."""

    condition: Condition
    trained: Estimate  # of the differences that the claim is about, over seeds
    n_lower: int  # seeds whose difference is below zero
    untrained: Estimate | None  # of the same in the untrained twins
    learned: Estimate | None  # of the first minus the second, seed by seed
    verdict: str
    twin: str  # the verdict on the twin
    why: str  # why it cannot be said; empty otherwise


@dataclass(frozen=True)
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
    conditions = claim.at or [condition for condition, _ in by_condition(rows)]
    parts = [part(claim, at, rows) for at in conditions]
    verdict = over([p.verdict for p in parts])
    return Judged(claim, verdict, beside(claim, verdict, parts), parts)


def over(verdicts: Sequence[str]) -> str:
    if FAILS in verdicts:
        return FAILS
    return HOLDS if verdicts and set(verdicts) == {HOLDS} else UNKNOWN


def part(claim: Claim, at: Condition, rows: Rows) -> Part:
    here = by_seed(rows, at)
    there = compared_with(claim, at, rows, here)
    seeds = [seed for seed in here if seed in there]
    trained, untrained = (column(here, who, seeds) - column(there, who, seeds) for who in WHO)
    x, y, learned = estimate(trained), estimate(untrained), estimate(trained - untrained)
    verdict, why, n_lower = region(x, claim), reason(x, bool(seeds)), int(np.sum(trained < 0))
    if claim.kind not in ("learning", "best"):
        return Part(at, x, n_lower, y, learned, verdict, region(y, claim), why)
    missing = {seed for seed in seeds if here[seed]["trained"] is None}
    lost = sum(there[seed]["trained"] is not None for seed in missing)
    if verdict == HOLDS and lost:  # the worst maps are not in the mean
        verdict = UNKNOWN
        why = f"after training {lost} of {len(seeds)} have no usable map or number"
    return Part(at, x, n_lower, None, None, verdict, "", why)


def compared_with(claim: Claim, at: Condition, rows: Rows, here: BySeed) -> BySeed:
    """What the values `here` of the condition `at` are compared with, seed by seed."""
    if claim.kind == "contrast":
        return by_seed(rows, at | claim.against)
    if claim.kind == "level":
        return {seed: dict.fromkeys(WHO, claim.value) for seed in here}
    if claim.kind == "learning":
        return {seed: dict.fromkeys(WHO, values["untrained"]) for seed, values in here.items()}
    return best_untrained(claim, at, rows)


def best_untrained(claim: Claim, at: Condition, rows: Rows) -> BySeed:
    """Best value of each untrained network over the axis `over`; none where a run is missing."""
    rest = {k: v for k, v in at.items() if k != claim.over}
    members = [r for r in rows if matching(r["condition"], rest)]
    best, found = max if claim.expect == "higher" else min, {}
    for seed in {r["condition"]["seed"] for r in members}:
        own = [r for r in members if r["condition"]["seed"] == seed]
        usable = [r["value"]["untrained"] for r in own if r["value"]["untrained"] is not None]
        complete = all(r["state"] == "done" for r in own)
        found[seed] = dict.fromkeys(WHO, best(usable, default=None) if complete else None)
    return found


def by_seed(rows: Rows, at: Condition) -> BySeed:
    """Values of the runs at a condition that are done, by seed."""
    there = [r for r in rows if matching(r["condition"], at) and r["state"] == "done"]
    return {r["condition"]["seed"]: r["value"] for r in there}


def column(values: BySeed, who: str, seeds: Sequence[int]) -> np.ndarray:
    """Values of one of the networks, shape (n_seeds,); NaN where undefined."""
    return np.array([values[seed][who] for seed in seeds], dtype=float)


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
        what = "no usable map or number, or one to compare with is missing"
        return f"no run has what it takes: {what}"
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
    if all(learns(p.learned, claim) for p in parts):
        return f"{text}; training makes it stronger"
    return f"{text}; that training adds to it is not shown"


def learns(x: Estimate, claim: Claim) -> bool:
    return x.n >= 2 and (x.high < 0 if claim.expect == "lower" else x.low > 0)
