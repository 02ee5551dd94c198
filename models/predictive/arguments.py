"""What the network can be given from Python; messages have argument, value and what is allowed."""

from __future__ import annotations

import dataclasses
import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from driver.engine.model import BACKENDS, CUDA, GENN
from driver.engine.randomness import MAX_SEED
from driver.flags.keywords import WHOLE, built, check_kind, refuse_unknown
from models.predictive.params import SpikingParams

FIELDS = tuple(SpikingParams.__pydantic_fields__)
LARGEST = 100_000  # cells of a layer
NUMBERS = FIELDS[FIELDS.index("tau_m_ms") :]  # before it stands the protocol of the room


def layer_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Cells of each layer, the input first."""
    words = f"two or more whole numbers from 1 to {LARGEST}"
    check_kind("sizes", sizes, Sequence | np.ndarray, words)
    for n in sizes:
        check_kind("sizes", n, WHOLE[0], words)
    if len(sizes) < 2 or min(sizes) < 1 or max(sizes) > LARGEST:
        raise ValueError(f"sizes {list(map(int, sizes))}: needed {words}")
    return tuple(map(int, sizes))


def backend(name: str) -> str:
    """One that these networks run on."""
    allowed = [known for known in BACKENDS if known not in (*GENN, CUDA)]
    if name not in allowed:
        raise ValueError(f"backend {name!r} is not one of {', '.join(allowed)}")
    return name


def seed_or_drawn(seed: int | None) -> int:
    return int(np.random.default_rng().integers(MAX_SEED + 1)) if seed is None else seed


def parameters(
    sizes: Sequence[int], seed: int, params: SpikingParams | None, numbers: Mapping[str, Any]
) -> SpikingParams:
    """Those of `params` and, instead of some, `numbers`."""
    sizes = layer_sizes(sizes)
    refuse_unknown(numbers, NUMBERS)
    check_kind("params", params, SpikingParams | None, "SpikingParams")
    before = {name: getattr(params, name) for name in NUMBERS} if params else {}
    made = built(SpikingParams, {}, before | dict(numbers) | {"seed": seed})
    return dataclasses.replace(made, sizes=sizes)  # any: the room wants more


def numbers_of(p: SpikingParams) -> dict[str, Any]:
    """Parameters that make a network another one."""
    return {name: getattr(p, name) for name in ("sizes", *NUMBERS)}


def numbers(name: str, value: Any, shape: tuple[int | None, ...], words: str) -> np.ndarray:
    """Finite numbers of a shape, None where any length will do."""
    try:
        found = np.asarray(value)
    except ValueError:
        given = f"{name} {reprlib.repr(value)}"
        raise ValueError(f"{given}, rows of different lengths: needed {words}") from None
    fits = found.ndim == len(shape) and found.size
    fits = fits and all(n in (None, m) for n, m in zip(shape, found.shape, strict=True))
    if found.dtype.kind not in "iuf" or not fits:
        given = f"{name} {reprlib.repr(value)}"
        if found.dtype.kind not in "iuf":
            raise TypeError(f"{given} of {found.dtype}: needed {words}")
        raise ValueError(f"{given} of shape {found.shape}: needed {words}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} {found[~np.isfinite(found)][0]}: needed {words}, finite")
    return found.astype(float)


def inputs(x: Any, p: SpikingParams, rows: bool = False) -> np.ndarray:
    """The input of a step, or of each step of a run."""
    n, limit = p.sizes[0], 1000 / p.r_max_hz
    if rows and np.ndim(x) == 2:
        found = numbers("x", x, (None, n), f"rows of {n} numbers, one a ms")
    else:
        found = numbers("x", x, (n,), f"{n} numbers")
    worst = found.flat[np.abs(found).argmax()]
    if abs(worst) > limit:
        raise ValueError(f"x {worst:g}: allowed are {-limit:g} to {limit:g}, a spike in each ms")
    return found


def factor(M: Any) -> float:
    """A neuromodulation."""
    check_kind("modulation", M, Real, "a number from 0 on")
    if not (math.isfinite(M) and M >= 0):
        raise ValueError(f"modulation {M}: needed a finite number from 0 on")
    return float(M)


def factors(M: float | Sequence[float] | Callable[[int], float], n_steps: int) -> np.ndarray:
    """The neuromodulation of each step of a run."""
    if callable(M):
        M = [M(k) for k in range(n_steps)]
    if np.ndim(M) == 0:
        return np.full(n_steps, factor(M))
    found = numbers("modulation", M, (n_steps,), f"a number or {n_steps}, one a ms")
    factor(found.min())
    return found
