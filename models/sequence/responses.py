"""The response of a network to a test, cut into its presentations; NumPy only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial

import numpy as np

from driver.engine.model import Spikes
from models.sequence.params import Params
from models.sequence.potentials import potentials, rate_fractions
from models.sequence.wiring import Wiring
from stimuli import patterns
from stimuli.patterns import NOISE, Stimulus

AFTER = 200  # steps after a pattern that belong to its response; later noise is rest
BIN = 10  # steps of a bin of spike counts


def tests(p: Params) -> dict[str, Stimulus]:
    """What each network is shown at the end, by name: `whole` first."""
    n, half = p.test_presentations, max(2, p.test_presentations // 2)
    make = partial(patterns.test, p, p.seed)
    found = {
        "whole": make("whole", n),
        "cue": make("cue", n, cue_ms=p.cue_steps),
        "deleted": make("deleted", half, treatment=partial(patterns.deleted, share=p.test_deleted)),
        "jittered": make(
            "jittered", half, treatment=partial(patterns.jittered, sd_ms=p.test_jitter_ms)
        ),
        "reversed": make("reversed", half, treatment=patterns.reverse),
    }
    if p.test_warp is not None:
        found["warped"] = make("warped", half, warp=p.test_warp)
    return found


@dataclasses.dataclass(frozen=True)
class Response:
    """Rate fractions and spikes around each presentation.

    Attributes
    ----------
    pattern : ndarray of int, shape (n_presentations,)
    p : ndarray, shape (n_presentations, n_lags, n_cells)
        Rate fractions from the first step of a pattern on, to `AFTER` steps after the longest.
    spikes : ndarray of bool, same shape
    rest_p : ndarray, shape (n_cells,)
        Mean in noise more than `AFTER` steps after a pattern.
    rest_rate, pattern_rate : ndarray, shape (n_cells,) and (n_patterns, n_cells)
        Spikes per second then, and during each pattern.
    rest_entropy, pattern_entropy : float
        Mean over circuits of more than one cell, bit.
    """

    pattern: np.ndarray
    p: np.ndarray
    spikes: np.ndarray
    rest_p: np.ndarray
    rest_rate: np.ndarray
    pattern_rate: np.ndarray
    rest_entropy: float
    pattern_entropy: float

    def of(self, pattern: int) -> np.ndarray:
        """Presentations of a pattern."""
        return np.flatnonzero(self.pattern == pattern)

    def counts(self, lags: slice = slice(None)) -> np.ndarray:
        """Spikes of each cell in bins of `BIN` steps, shape (n_presentations, n_bins, n_cells)."""
        part = self.spikes[:, lags]
        n_bins = part.shape[1] // BIN
        shape = (len(part), n_bins, BIN, part.shape[2])
        return part[:, : n_bins * BIN].reshape(shape).sum(axis=2)


def respond(
    wiring: Wiring, arrays: Mapping[str, np.ndarray], shown: Stimulus, spikes: Spikes
) -> Response:
    """Cut a test into its presentations; `arrays` have the weights, see `potentials`."""
    phases, params = shown.phases, wiring.params
    n_steps = phases.n_steps
    bits = shown.bits(0, n_steps)
    p = rate_fractions(wiring, potentials(wiring, arrays, bits, spikes))
    fired = np.zeros(p.shape, bool)
    fired[spikes.step, spikes.index] = True
    which = phases.presentations()
    longest = max(round(d * phases.warp[which].max()) for d in params.durations)
    window = phases.start[which][:, None] + np.arange(longest + AFTER)
    window = np.minimum(window, n_steps - 1)
    labels = phases.labels()
    rest = is_rest(labels)
    patterns_shown = np.arange(params.n_patterns)
    entropy = entropies(wiring, p)
    return Response(
        pattern=phases.pattern[which],
        p=p[window].astype(np.float32),
        spikes=fired[window],
        rest_p=p[rest].mean(axis=0),
        rest_rate=fired[rest].mean(axis=0) / patterns.STEP_S,
        pattern_rate=np.array([fired[labels == k].mean(axis=0) for k in patterns_shown])
        / patterns.STEP_S,
        rest_entropy=float(entropy[rest].mean()),
        pattern_entropy=float(entropy[labels != NOISE].mean()),
    )


def is_rest(labels: np.ndarray) -> np.ndarray:
    """Steps of noise more than `AFTER` steps after a pattern; all noise if these are too few."""
    noise = labels == NOISE
    step = np.arange(labels.size)
    last = np.maximum.accumulate(np.where(noise, -1, step))
    late = noise & ((last < 0) | (step - last > AFTER))
    return late if np.count_nonzero(late) >= AFTER else noise


def several(wiring: Wiring) -> np.ndarray:
    """Cells that share their circuit with others: a single one always fires at the full rate."""
    return wiring.sizes[wiring.circuit_of] > 1


def entropies(wiring: Wiring, p: np.ndarray) -> np.ndarray:
    """Entropy of the rate fractions, mean over circuits of several cells, bit; (n_steps,)."""
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    of_circuit = -np.add.reduceat(p * logs, wiring.first_cell, axis=1)
    chosen = wiring.sizes > 1
    return of_circuit[:, chosen].mean(axis=1) if chosen.any() else np.full(len(p), np.nan)
