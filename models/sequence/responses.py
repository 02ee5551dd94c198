"""The response of a network to a test, cut into its presentations; NumPy only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial

import numpy as np

from driver.engine.model import Spikes
from models.sequence.params import Params
from models.sequence.potentials import potentials, rate_fractions
from models.sequence.wiring import Wiring, wiring
from stimuli import patterns
from stimuli.patterns import NOISE, STEP_S, Stimulus

AFTER = 200  # steps after a pattern that belong to its response; later noise is rest
BIN = 10  # steps of a bin of spike counts


def tests(p: Params) -> dict[str, Stimulus]:
    """What each network is shown at the end, by name: `whole` first."""
    n, fewer = p.test_presentations, max(2, p.test_presentations // 4)
    make = partial(patterns.test, p, p.seed)
    found = {
        "whole": make("whole", n),
        "cue": make("cue", n, cue_ms=p.cue_steps),
        "reversed": make("reversed", fewer, treatment=patterns.reverse),
    }
    lose = partial(patterns.deleted, share=p.test_deleted)
    move = partial(patterns.jittered, sd_ms=p.test_jitter_ms)
    found["deleted"] = make("deleted", fewer, treatment=lose)
    found["jittered"] = make("jittered", fewer, treatment=move)
    if p.test_warp is not None:
        found["warped"] = make("warped", fewer, warp=p.test_warp)
    return found


@dataclasses.dataclass(frozen=True)
class Rest:
    """Noise more than `AFTER` steps after a pattern, and what is compared with it.

    Attributes
    ----------
    p : ndarray, shape (n_cells,)
        Mean rate fractions at rest.
    rate, pattern_rate : ndarray, shape (n_cells,) and (n_patterns, n_cells)
        Spikes per second at rest, and during each pattern.
    entropy, pattern_entropy : float
        Mean over circuits of more than one cell, bit.
    """

    p: np.ndarray
    rate: np.ndarray
    pattern_rate: np.ndarray
    entropy: float
    pattern_entropy: float


@dataclasses.dataclass(frozen=True)
class Response:
    """Rate fractions and spikes around each presentation.

    Attributes
    ----------
    pattern : ndarray of int, shape (n_presentations,)
    p : ndarray, shape (n_presentations, n_lags, n_cells)
        Rate fractions from the first step of a pattern on, to `AFTER` steps after the longest.
    spikes : ndarray of bool, same shape
    rest : Rest, optional
        Of the test with the whole pattern.
    """

    pattern: np.ndarray
    p: np.ndarray
    spikes: np.ndarray
    rest: Rest | None = None

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
    wiring: Wiring,
    arrays: Mapping[str, np.ndarray],
    shown: Stimulus,
    spikes: Spikes,
    with_rest: bool = False,
) -> Response:
    """Cut a test into its presentations; `arrays` have the weights, see `potentials`."""
    phases, durations = shown.phases, wiring.params.durations
    bits = shown.bits(0, phases.n_steps)
    u = potentials(wiring, arrays, bits, spikes, np.float32)
    fired = np.zeros(u.shape, bool)
    fired[spikes.step, spikes.index] = True
    which = phases.presentations()
    longest = max(round(d * phases.warp[which].max()) for d in durations)
    window = phases.start[which][:, None] + np.arange(longest + AFTER)
    window = np.minimum(window, phases.n_steps - 1)
    p = rate_fractions(wiring, u[window])
    rest = rest_of(wiring, phases.labels(), u, fired) if with_rest else None
    return Response(phases.pattern[which], p, fired[window], rest)


def rest_of(wiring: Wiring, labels: np.ndarray, u: np.ndarray, fired: np.ndarray) -> Rest:
    """What a test was like between patterns."""
    rest, n_patterns = is_rest(labels), wiring.params.n_patterns
    p = rate_fractions(wiring, u[rest])
    in_patterns = rate_fractions(wiring, u[labels != NOISE])
    rates = [fired[labels == k].mean(axis=0) / STEP_S for k in range(n_patterns)]
    return Rest(
        p=p.mean(axis=0, dtype=float),
        rate=fired[rest].mean(axis=0) / STEP_S,
        pattern_rate=np.array(rates),
        entropy=entropy_bit(wiring, p),
        pattern_entropy=entropy_bit(wiring, in_patterns),
    )


def responses(p: Params, arrays: Mapping[str, np.ndarray], *names: str) -> dict[str, Response]:
    """The response of a network to each of its tests, or to some, from its recording.

    That to the test `whole` knows what the network does at rest.
    """
    made, tried = wiring(p), tests(p)
    return {
        name: respond(made, arrays, tried[name], spikes_of(arrays, name), name == "whole")
        for name in names or tried
    }


def spikes_of(arrays: Mapping[str, np.ndarray], test: str) -> Spikes:
    """Spikes of the cells in a test."""
    index, step = arrays[f"{test}_index"].astype(np.int32), arrays[f"{test}_step"]
    return Spikes(index, step.astype(np.int64))


def is_rest(labels: np.ndarray) -> np.ndarray:
    """Steps of noise more than `AFTER` steps after a pattern; all noise if these are too few."""
    noise = labels == NOISE
    step = np.arange(labels.size)
    last = np.maximum.accumulate(np.where(noise, -1, step))  # -1: a test begins without traces
    late = noise & (step - last > AFTER)
    return late if np.count_nonzero(late) >= AFTER else noise


def several(wiring: Wiring) -> np.ndarray:
    """Cells that share their circuit with others: a single one always fires at the full rate."""
    return wiring.sizes[wiring.circuit_of] > 1


def entropy_bit(wiring: Wiring, p: np.ndarray) -> float:
    """Entropy of rate fractions, mean over steps and circuits of several cells; NaN of none."""
    cells = several(wiring)
    p = p[:, cells]
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    n_circuits = np.count_nonzero(wiring.sizes > 1)
    return float(-(p * logs).sum(dtype=float) / len(p) / n_circuits) if n_circuits else np.nan
