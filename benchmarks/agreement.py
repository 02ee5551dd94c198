"""Whether all backends are one model: the same seeds on each, number beside number.

What counts as agreement is stated here, before anything is measured. numpy is the reference.

* Cython and C++ standalone keep NumPy's arithmetic: every spike, every weight, bit for bit.
* GeNN adds the contributions of a step in another order, so that a sum of doubles may differ in
  its last bit, 1e-16 of its size. A threshold lies between two such numbers once in some 1e13
  comparisons and these runs make some 1e9, so all spikes are expected to be the same. The other
  intervals say what would still be the same model if they were not: see `SHARE_OF_SE`,
  `SHARE_OF_SD` and `MAX_KS`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from driver.engine.choose import choose
from driver.engine.model import Model
from driver.experiment.statistics import estimate
from driver.run.checkpoint import digest
from models.lateral_line import values
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.protocol import Result, simulate
from models.lateral_line.results import seed_results
from models.lateral_line.wiring import Wiring

REFERENCE = "numpy"
EXACT = ("cython", "cpp_standalone")
BACKENDS = (*EXACT, "genn")
SEEDS = 10
FEWER_SEEDS = {"cython": 3}  # as slow as numpy, and bits need no statistics
TRIALS = 20  # of 0.8 s; both homeostases are due twice

# A backend that shifts a mean by less than half of its standard error over seeds would not be
# noticed in a study of this many seeds.
SHARE_OF_SE = 0.5
# And one whose paired differences lie, with 95 % confidence, within a tenth of the SD over seeds
# would need more than a thousand seeds to be noticed (t test of two samples, power 0.8).
SHARE_OF_SD = 0.1
# Largest distance of two cumulative distributions of weights. Of two samples of 8000 weights from
# one distribution 5 % lie more than 1.36*sqrt(2/8000) = 0.021 apart.
MAX_KS = 0.02
# Differences below this share of a value are rounding, and count as none.
ROUNDING = 1e-9

RATES = ("ll", "mon", "ts")
MAP = ("sigma_theta_rad", "valid_fraction")
WEIGHTS = ("ll_mon_mV", "mon_ts")


@dataclasses.dataclass(frozen=True)
class Measured:
    """One seed on one backend: its numbers, its weights, a digest of all spikes, and its time."""

    numbers: dict[str, float | None]
    weights: dict[str, np.ndarray]
    spikes: str
    seconds: float


# --- the lateral line ----------------------------------------------------------------------


def measure(quick: bool = False) -> dict:
    """All backends at hand; `quick` has three seeds of six trials."""
    seeds, trials = (3, 6) if quick else (SEEDS, TRIALS)
    fast = dataclasses.replace(
        apply_model_mode(NetworkParams(), "ll_fast"), n_training_trials=trials
    )

    def run(backend: str, k: int) -> Measured:
        return read(simulate(dataclasses.replace(fast, seed=fast.seed + k), backend=backend))

    reference, backends = on_backends(run, values.model(fast, Wiring.of(fast)), BACKENDS, seeds)
    over_seeds = {name: estimate(column(reference, name)) for name in reference[0].numbers}
    numbers = {name: {"mean": e.mean, "sd": e.sd, "n": e.n} for name, e in over_seeds.items()}
    seconds = [m.seconds for m in reference]
    return {
        "seeds": seeds,
        "trials": trials,
        "reference": {"backend": REFERENCE, "numbers": numbers, "seconds": seconds},
        "backends": backends,
    }


def read(result: Result) -> Measured:
    everything = seed_results(result)
    weights = dict(zip(WEIGHTS, result.final_weights, strict=True))
    numbers = {f"training, {k} rate (Hz)": everything["training"]["rates_hz"][k] for k in RATES}
    for condition, outcome in (("trained", everything), ("untrained", everything["untrained"])):
        numbers |= {f"{condition}, {k} rate (Hz)": outcome["rates_hz"][k] for k in RATES}
        numbers |= {f"{condition}, {k}": outcome[k] for k in MAP}
    for name, w in weights.items():
        numbers |= {f"{name} weights, mean": float(w.mean()), f"{name} weights, SD": float(w.std())}
    return Measured(numbers, weights, digest(spikes_of(result)), result.total_seconds)


def spikes_of(result: Result) -> dict[str, np.ndarray]:
    """Every recorded spike, and how many there were in the training."""
    found = {f"{name}, number": np.array(n) for name, n in result.training.counts.items()}
    outcomes = {"trained": result.trained.spikes, "untrained": result.untrained.spikes}
    for when, spikes in ({"training": result.training.tail} | outcomes).items():
        for name, s in spikes.items():
            order = np.lexsort((s.index, s.step))
            found[f"{name}, {when}"] = np.array([s.index[order], s.step[order]])
    return found


# --- verdicts ------------------------------------------------------------------------------


def on_backends(
    run: Callable[[str, int], Measured], model: Model, backends: Sequence[str], seeds: int
) -> tuple[list[Measured], dict[str, dict]]:
    """Seeds of one network on the reference, and what `compare` finds of each backend.

    Parameters
    ----------
    run : callable
        From a backend and the number of a seed, 0 to `seeds` - 1.
    model : Model
        What is asked whether a backend can run it here; else the backend is ``skipped``.
    """
    reference = [run(REFERENCE, k) for k in range(seeds)]
    found: dict[str, dict] = {}
    for backend in backends:
        try:
            choose(backend, model, 1, 1)
        except ValueError as error:
            found[backend] = {"skipped": str(error)}
            continue
        n = min(seeds, FEWER_SEEDS.get(backend, seeds))
        measured = [run(backend, k) for k in range(n)]
        found[backend] = compare(reference[:n], measured, backend in EXACT)
    return reference, found


def compare(reference: list[Measured], other: list[Measured], exact: bool) -> dict:
    """Every quantity of a backend beside the reference, each with a verdict."""
    pairs = list(zip(reference, other, strict=True))
    same = sum(a.spikes == b.spikes for a, b in pairs)
    rows = {
        name: judge(column(reference, name), column(other, name), exact)
        for name in reference[0].numbers
    }
    for name in reference[0].weights:
        weights = [(a.weights[name], b.weights[name]) for a, b in pairs]
        rows[f"{name} weights, KS distance"] = judge_distributions(weights, exact)
    return {
        "seeds": len(reference),
        "exact": exact,
        "same_spikes": {"seeds": same, "agrees": same == len(reference)},
        "quantities": rows,
        "agrees": same == len(reference) and all(row["agrees"] for row in rows.values()),
        "seconds": [m.seconds for m in other],
    }


def column(measured: list[Measured], name: str) -> list[float | None]:
    return [m.numbers[name] for m in measured]


def judge(
    reference: Sequence[float | None], other: Sequence[float | None], exact: bool
) -> dict[str, float | bool | None]:
    """Whether a number is the same on two backends, by seed.

    Parameters
    ----------
    reference, other : sequence of float or None
        One entry a seed; None and NaN are undefined, and must be so for the same seeds.
    exact : bool
        Every bit, or within the intervals at the head of this file.
    """
    a, b = np.array(reference, float), np.array(other, float)  # None becomes NaN
    defined = np.isfinite(a)
    if not np.array_equal(defined, np.isfinite(b)):
        return {"difference": None, "low": None, "high": None, "allowed": 0.0, "agrees": False}
    a, b = a[defined], b[defined]
    difference = b - a
    if not exact:
        difference[np.abs(difference) <= ROUNDING * np.abs(a)] = 0.0
    interval = estimate(difference)
    row = {"difference": interval.mean, "low": interval.low, "high": interval.high}
    if exact or not difference.any():
        return row | {"allowed": 0.0, "agrees": not difference.any()}
    sd = float(a.std(ddof=1)) if a.size > 1 else 0.0
    agrees = (
        abs(interval.mean) <= SHARE_OF_SE * sd / math.sqrt(a.size)
        and interval.low <= 0 <= interval.high
        and max(-interval.low, interval.high) <= SHARE_OF_SD * sd
    )
    return row | {"allowed": SHARE_OF_SD * sd, "agrees": bool(agrees)}


def judge_distributions(pairs: list[tuple[np.ndarray, np.ndarray]], exact: bool) -> dict:
    """Whether the weights of each seed are the same, or distributed alike."""
    farthest = max(distance(a, b) for a, b in pairs)
    agrees = all(np.array_equal(a, b) for a, b in pairs) if exact else farthest < MAX_KS
    return {"distance": farthest, "allowed": 0.0 if exact else MAX_KS, "agrees": bool(agrees)}


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance; weights that differ by rounding only count as equal."""
    if a.shape == b.shape:
        scale = max(np.abs(a).max(), np.abs(b).max())
        b = np.where(np.abs(b - a) <= ROUNDING * scale, a, b)
    return float(stats.ks_2samp(a, b, method="asymp").statistic)


def median_seconds(found: dict) -> str:
    return f"{np.median(found['seconds']):.1f}" if "seconds" in found else ""
