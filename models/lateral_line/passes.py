"""Passes of a test, joined and in two halves: what is chosen on one is scored on the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.lateral_line import metrics


class Pass(NamedTuple):
    """One sweep of the source along the body during the test.

    Attributes
    ----------
    step, index : ndarray of int, shape (n_spikes,)
        Spikes of TS: step from the start of the pass, any order, and cell.
    x_cm : ndarray, shape (n_t,)
        Position of the source at every step.
    """

    step: np.ndarray
    index: np.ndarray
    x_cm: np.ndarray


class Test(NamedTuple):
    """All passes one after the other, apart by a boxcar or more and begun on multiples of it."""

    step: np.ndarray  # (n_spikes,) of the whole test
    index: np.ndarray  # (n_spikes,)
    x_cm: np.ndarray  # (n_t,) NaN between passes
    inside: np.ndarray  # (n_t,) within the window
    half: np.ndarray  # (n_t,) 0 or 1


def joined(passes: Sequence[Pass], n_cells: int, width: int, window) -> Test:
    """Join passes into one test and divide it into halves.

    Pairs of passes alternate between the halves, so each has both directions, which decode
    with lags of opposite sign. Of two passes each is a half.
    """
    if not window[0] < window[1]:
        raise ValueError(f"window must be (a, b) with a < b, got {window}")
    no_spike, first = np.zeros(0, dtype=np.int64), 0
    steps, indices, xs, halves = [no_spike], [no_spike], [np.zeros(0)], [no_spike]
    for number, one in enumerate(passes):
        x_cm = np.asarray(one.x_cm, dtype=float)
        if x_cm.ndim != 1:
            raise ValueError(f"x_cm must have shape (n_t,), got {x_cm.shape}")
        step, index = metrics.spikes_in_phase(one.step, one.index, n_cells, x_cm.size)
        padded = np.pad(x_cm, (0, width + -x_cm.size % width), constant_values=np.nan)
        steps.append(step + first)
        indices.append(index)
        xs.append(padded)
        halves.append(np.full(padded.size, number if len(passes) == 2 else number // 2 % 2))
        first += padded.size
    x_cm = np.concatenate(xs)
    inside = (x_cm >= window[0]) & (x_cm <= window[1])
    return Test(*map(np.concatenate, (steps, indices)), x_cm, inside, np.concatenate(halves))


def both_halves(passes) -> Sequence[Pass]:
    """The passes, or none where they do not make two halves."""
    return passes if len(passes) >= 2 else ()


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if np.size(values) else np.nan
