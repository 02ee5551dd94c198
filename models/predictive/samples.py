"""Samples and targets that the networks of `energy` are given, one or a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.predictive import arguments


def is_tensor(value: Any) -> bool:
    return hasattr(value, "detach")


def rows(name: str, value: Any, n: int) -> np.ndarray:
    """A sample or a batch, of arrays, lists or tensors, as finite rows of `n` numbers."""
    value = value.detach().cpu().numpy() if is_tensor(value) else value
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.shape[-1:] == (n,):
        if value.ndim < 3 and value.size and np.isfinite(value).all():
            return np.atleast_2d(value)  # what stands below takes longer than a step
    is_list = isinstance(value, list | tuple) and value  # of rows of different lengths, maybe
    is_one = np.ndim(value[0]) == 0 if is_list else np.ndim(value) == 1
    shape = (n,) if is_one else (None, n)
    return np.atleast_2d(arguments.numbers(name, value, shape, f"{n} numbers, or rows of them"))


def samples(sizes: Sequence[int], x: Any, t: Any) -> tuple[np.ndarray, np.ndarray]:
    """Samples and targets, one to one."""
    x, t = rows("x", x, sizes[0]), rows("target", t, sizes[-1])
    if len(x) != len(t):
        raise ValueError(f"target has {len(t)} rows, x {len(x)}")
    return x, t
