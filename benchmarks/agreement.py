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
import hashlib
import math
import time
from collections.abc import Sequence

import numpy as np

from driver.engine.choose import choose
from driver.experiment.statistics import estimate
from models.lateral_line import values
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.protocol import Result, simulate
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
    """One seed on one backend."""

    numbers: dict[str, float | None]
    weights: dict[str, np.ndarray]
    spikes: str
    seconds: float


def measure(quick: bool = False) -> dict:
    """All backends at hand; `quick` has three seeds of six trials."""
    seeds, trials = (3, 6) if quick else (SEEDS, TRIALS)
    reference = run_seeds(REFERENCE, seeds, trials)
    results = {
        "seeds": seeds,
        "trials": trials,
        "reference": {
            "backend": REFERENCE,
            "numbers": {name: spread_of(column(reference, name)) for name in names(reference)},
            "seconds": [m.seconds for m in reference],
        },
        "backends": {},
    }
    for backend in BACKENDS:
        missing = why_not(backend)
        if missing:
            results["backends"][backend] = {"skipped": missing}
            continue
        measured = run_seeds(backend, min(seeds, FEWER_SEEDS.get(backend, seeds)), trials)
        some = reference[: len(measured)]
        results["backends"][backend] = compare(some, measured, backend in EXACT)
    return results


def params_of(seed: int, trials: int) -> NetworkParams:
    fast = apply_model_mode(NetworkParams(), "ll_fast")
    return dataclasses.replace(fast, seed=seed, n_training_trials=trials)


def why_not(backend: str) -> str | None:
    """Why a backend cannot be run here, or None."""
    params = params_of(1, 1)
    try:
        choose(backend, values.model(params, Wiring.of(params)), 1, 1)
    except ValueError as error:
        return str(error)
    return None


def run_seeds(backend: str, seeds: int, trials: int) -> list[Measured]:
    first = NetworkParams().seed
    return [run_seed(backend, params_of(first + k, trials)) for k in range(seeds)]


def run_seed(backend: str, params: NetworkParams) -> Measured:
    start = time.perf_counter()
    result = simulate(params, backend=backend)
    seconds = time.perf_counter() - start
    weights = dict(zip(WEIGHTS, result.final_weights, strict=True))
    return Measured(numbers_of(result), weights, spikes_of(result), seconds)


def numbers_of(result: Result) -> dict[str, float | None]:
    """The numbers that are compared, by name."""
    everything = result.numbers
    found = {f"training, {k} rate (Hz)": everything["training"]["rates_hz"][k] for k in RATES}
    for condition, outcome in (("trained", everything), ("untrained", everything["untrained"])):
        found |= {f"{condition}, {k} rate (Hz)": outcome["rates_hz"][k] for k in RATES}
        found |= {f"{condition}, {k}": outcome[k] for k in MAP}
    for name, w in zip(WEIGHTS, result.final_weights, strict=True):
        found |= {f"{name} weights, mean": float(w.mean()), f"{name} weights, SD": float(w.std())}
    return found


def spikes_of(result: Result) -> str:
    """Hash of every spike that the run kept, and of how many there were in the training."""
    digest = hashlib.sha256(repr(sorted(result.training.counts.items())).encode())
    for spikes in (result.training.tail, result.trained.spikes, result.untrained.spikes):
        for name, s in sorted(spikes.items()):
            order = np.lexsort((s.index, s.step))
            digest.update(name.encode() + s.index[order].tobytes() + s.step[order].tobytes())
    return digest.hexdigest()


# --- verdicts ------------------------------------------------------------------------------


def compare(reference: list[Measured], other: list[Measured], exact: bool) -> dict:
    """Every quantity of a backend beside the reference, each with a verdict."""
    same = sum(a.spikes == b.spikes for a, b in zip(reference, other, strict=True))
    rows = {name: judge(column(reference, name), column(other, name), exact) for name in
            names(reference)}  # fmt: skip
    for name in reference[0].weights:
        pairs = [(a.weights[name], b.weights[name]) for a, b in zip(reference, other, strict=True)]
        rows[f"{name} weights, KS distance"] = judge_distributions(pairs, exact)
    return {
        "seeds": len(reference),
        "exact": exact,
        "same_spikes": {"seeds": same, "agrees": same == len(reference)},
        "quantities": rows,
        "agrees": same == len(reference) and all(row["agrees"] for row in rows.values()),
        "seconds": [m.seconds for m in other],
    }


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
    a, b = (np.array([np.nan if v is None else v for v in x], float) for x in (reference, other))
    defined = np.isfinite(a)
    if not np.array_equal(defined, np.isfinite(b)):
        return {"difference": None, "low": None, "high": None, "allowed": 0.0, "agrees": False}
    a, b = a[defined], b[defined]
    difference = b - a
    if not exact:
        difference[np.abs(difference) <= ROUNDING * np.abs(a)] = 0.0
    interval = estimate(difference)
    sd = float(a.std(ddof=1)) if a.size > 1 else 0.0
    row = {"difference": interval.mean, "low": interval.low, "high": interval.high}
    if exact or not difference.any():
        return row | {"allowed": 0.0, "agrees": not difference.any()}
    agrees = (
        abs(interval.mean) <= SHARE_OF_SE * sd / math.sqrt(a.size)
        and interval.low <= 0 <= interval.high
        and max(-interval.low, interval.high) <= SHARE_OF_SD * sd
    )
    return row | {"allowed": SHARE_OF_SD * sd, "agrees": bool(agrees)}


def judge_distributions(pairs: list[tuple[np.ndarray, np.ndarray]], exact: bool) -> dict:
    """Whether the weights of each seed are the same, or distributed alike."""
    farthest = max(distance(a, b) for a, b in pairs)
    if exact:
        agrees = all(np.array_equal(a, b) for a, b in pairs)
    else:
        agrees = farthest < MAX_KS
    return {"distance": farthest, "allowed": 0.0 if exact else MAX_KS, "agrees": bool(agrees)}


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance; weights that differ by rounding only count as equal."""
    scale = max(np.abs(a).max(), np.abs(b).max())
    b = np.where(np.abs(b - a) <= ROUNDING * scale, a, b) if a.shape == b.shape else b
    grid = np.union1d(a, b)
    shares = [np.searchsorted(np.sort(x), grid, side="right") / x.size for x in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())


def names(measured: list[Measured]) -> list[str]:
    return list(measured[0].numbers)


def column(measured: list[Measured], name: str) -> list[float | None]:
    return [m.numbers[name] for m in measured]


def spread_of(column: list[float | None]) -> dict[str, float | int]:
    over_seeds = estimate(column)
    return {"mean": over_seeds.mean, "sd": over_seeds.sd, "n": over_seeds.n}


# --- as Markdown ---------------------------------------------------------------------------


def table(results: dict, machine: dict) -> str:
    """Every quantity of every backend, with its verdict."""
    lines = [
        "# One model on every backend",
        "",
        f"`ll_fast` shortened to {results['trials']} trials, {results['seeds']} seeds "
        f"(Cython: {FEWER_SEEDS['cython']}), each on every backend; differences are by seed, "
        f"against {REFERENCE}. What counts as agreement was stated before, in "
        "`benchmarks/agreement.py`.",
        "",
        f"Cython and C++ standalone: no bit may differ. GeNN: the same spikes are expected; "
        f"else the mean difference lies within {SHARE_OF_SE:g} standard errors of the mean over "
        f"seeds, its 95 % interval holds 0 and lies within {SHARE_OF_SD:g} SD over seeds, and "
        f"distributions of weights lie less than {MAX_KS:g} apart (Kolmogorov-Smirnov).",
        "",
        "| backend | same spikes | largest KS distance | quantities that agree | verdict | "
        "s per seed |",
        "|---|---|---|---|---|---|",
        *(summary_row(name, found) for name, found in results["backends"].items()),
        "",
        f"| quantity | {REFERENCE}, mean (SD over seeds) | "
        + " | ".join(f"{name}, difference" for name in ran(results))
        + " |",
        "|---|---|" + "---|" * len(ran(results)),
        *(quantity_row(results, name) for name in results["reference"]["numbers"]),
        "",
        f"A dash is no difference at all (for GeNN: below {ROUNDING:g} of the value). Seconds are "
        "medians, without compiling, of a machine that had other work too.",
        "",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
        f"Python {machine['python']}.",
    ]
    return "\n".join(lines) + "\n"


def ran(results: dict) -> dict:
    return {k: v for k, v in results["backends"].items() if "skipped" not in v}


def summary_row(name: str, found: dict) -> str:
    if "skipped" in found:
        return f"| {name} | not run: {found['skipped']} | | | | |"
    rows = found["quantities"]
    agree = sum(row["agrees"] for row in rows.values())
    farthest = max(row["distance"] for row in rows.values() if "distance" in row)
    verdict = "agrees" if found["agrees"] else "**DISAGREES**"
    seconds = float(np.median(found["seconds"]))
    same = f"{found['same_spikes']['seeds']} of {found['seeds']} seeds"
    return (
        f"| {name} | {same} | {farthest:.2g} | {agree} of {len(rows)} | {verdict} | {seconds:.1f} |"
    )


def quantity_row(results: dict, name: str) -> str:
    spread = results["reference"]["numbers"][name]
    cells = [said(found["quantities"][name]) for found in ran(results).values()]
    return f"| {name} | {spread['mean']:.4g} ({spread['sd']:.2g}) | " + " | ".join(cells) + " |"


def said(row: dict) -> str:
    """A difference in words."""
    if row["difference"] is None:
        return "**undefined for other seeds**"
    if row["difference"] == row["low"] == row["high"] == 0:
        return "–"
    text = f"{row['difference']:+.2g} [{row['low']:+.2g}, {row['high']:+.2g}]"
    return text if row["agrees"] else f"**{text}**"
