"""Warnings of a finished network: weights that never moved or lie at a bound, cells at a ceiling.

Such a network gives numbers like any other, and they mean little. A room says what it knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from driver.experiment.statistics import weight_statistics

AT_A_BOUND = 0.95  # share of the weights of a projection
AT_CEILING = 0.9  # mean rate over the highest that there can be
RTOL = 1e-9  # of a weight that is at its bound

Bounds = tuple[float | None, float | None]  # floor and ceiling


def weight_warnings(
    weights: Mapping[str, tuple[np.ndarray, np.ndarray]], bounds: Mapping[str, Bounds] | None = None
) -> Iterator[str]:
    """Of projections that learn: weights before and after, and bounds where there are any."""
    weights = {name: pair for name, pair in weights.items() if pair[0].size}
    moved = {name for name, (before, after) in weights.items() if (before != after).any()}
    if weights and not moved:
        yield f"{', '.join(weights)}: no weight moved in training"
    for name in (name for name in weights if name in moved):
        floor, ceiling = (bounds or {}).get(name, (None, None))
        before, after = (shares(w, floor, ceiling) for w in weights[name])
        for place, bound in (("floor", floor), ("ceiling", ceiling)):
            if before[place] < AT_A_BOUND <= after[place]:  # some begin at 0
                yield f"{name}: {after[place]:.1%} of the weights lie at their {place}, {bound:g}"


def shares(w: np.ndarray, floor: float | None, ceiling: float | None) -> dict[str, float]:
    """Of weights at their bounds; NaN where there is none."""
    found = weight_statistics(
        w,
        floor=None if floor is None else floor + RTOL * abs(floor),
        ceiling=None if ceiling is None else ceiling - RTOL * abs(ceiling),
    )
    return {"floor": found["at_floor"], "ceiling": found["at_ceiling"]}


def rate_warnings(rates: Mapping[str, tuple[float, float]], unit: str) -> Iterator[str]:
    """Of mean rates of populations, each with the highest rate that a cell can have."""
    for name, (rate, ceiling) in rates.items():
        if rate >= AT_CEILING * ceiling:
            yield (
                f"{name}: cells fire {rate:.3g} {unit}, {rate / ceiling:.0%} of the most that they "
                "can: rates say nothing"
            )
