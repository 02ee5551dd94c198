"""What the network is shown in its runs: frozen patterns in noise, or spikes that are given."""

from __future__ import annotations

import dataclasses
from numbers import Integral
from typing import Any

import numpy as np

from driver.engine.randomness import MAX_SEED, generator
from driver.flags.keywords import built, check_kind, pair, refuse_unknown, steps
from models.sequence.interactive.grid import Network
from models.sequence.params import Params
from stimuli.patterns import NOISE, PatternParams, Phases, Stimulus, frozen_patterns, random_phases

NAMES = {
    "r_noise": "r_noise_hz", "r_input": "r_input_hz", "r_noise_pattern": "r_noise_pattern_hz",
    "t_noise_range": "t_noise_min_ms", "t_pattern": "t_pattern_ms",
    "time_warp_range": "time_warp_min",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Shown:
    """The inputs of one run.

    Attributes
    ----------
    of_pattern, of_background : ndarray of bool, shape (n_steps, n_inputs)
    phases : Phases
        Noise and presentations, by steps of the run.
    complete : ndarray of bool, shape (n_phases,)
        Presentations that were not cut by the end of the run.
    """

    of_pattern: np.ndarray
    of_background: np.ndarray
    phases: Phases
    complete: np.ndarray

    @property
    def bits(self) -> np.ndarray:
        return self.of_pattern | self.of_background

    @staticmethod
    def noise(bits: np.ndarray) -> Shown:
        """Spikes that belong to no pattern."""
        phases = Phases.of([(len(bits), NOISE, NOISE, 1.0)])
        return Shown(np.zeros_like(bits), bits, phases, np.zeros(1, bool))


class InputGenerator:
    """Noise and patterns for the inputs of a network; times in ms, rates in Hz.

    Patterns are drawn once and are the same in all runs. The schedule of noise and presentations
    goes on from run to run; after a presentation, whole or cut by the end of a run, the next run
    begins with noise.

    Parameters
    ----------
    r_noise, r_input, r_noise_pattern : float
        Background between patterns, pattern, background in patterns.
    use_noise : bool
        Without, what is between patterns is silent.
    t_noise_range, time_warp_range : (float, float)
        Time between patterns, and the factor by which one lasts longer, are uniform in these.
    t_pattern : float or sequence of float
        Duration of all patterns, or of each.
    pattern_sequences : list of list of int
        Patterns that follow one another without noise; each pattern alone if not given.
    pattern_mode : str or int
        See `stimuli.patterns.PatternParams`; a number: always that sequence.
    seed : int, optional
        That of the network if not given.
    spikes : (indices, times), optional
        Spikes to be shown instead of all this, input and ms from the first run on.
    **more
        `p_switch`, `p_sequence`, `p_noise`, see `PatternParams`.
    """

    def __init__(
        self, grid: Network, r_noise=5.0, r_input=5.0, r_noise_pattern=2.0, use_noise=True,
        t_noise_range=(500.0, 800.0), n_patterns=2, t_pattern=300.0, pattern_sequences=None,
        pattern_mode="random_iterate", *, time_warp_range=(1.0, 1.0), seed=None, spikes=None,
        **more: Any,
    ):  # fmt: skip
        refuse_unknown(more, ("p_switch", "p_sequence", "p_noise"))
        self.n_inputs = grid.params.n_inputs
        self._number, grid.generators = grid.generators, grid.generators + 1  # noise of its own
        low, high = pair("t_noise_range", t_noise_range, "two times in ms, the shorter first")
        warps = pair("time_warp_range", time_warp_range, "two factors")
        lengths = [t_pattern] if np.ndim(t_pattern) == 0 else t_pattern
        given = {
            "r_noise": r_noise, "r_input": r_input, "r_noise_pattern": r_noise_pattern,
            "use_noise": use_noise, "n_inputs": self.n_inputs, "n_patterns": n_patterns,
            "t_noise_range": steps("t_noise_range", low, least=0),
            "t_noise_max_ms": steps("t_noise_range", high),
            "t_pattern": tuple(steps("t_pattern", t) for t in lengths),
            "time_warp_range": warps[0], "time_warp_max": warps[1],
            "pattern_mode": pattern_mode, **more,
        }  # fmt: skip
        if np.ndim(t_pattern) and len(t_pattern) != n_patterns:
            words = f"{len(t_pattern)} durations, n_patterns is {n_patterns}"
            raise ValueError(f"t_pattern {t_pattern!r}: {words}")
        if "p_sequence" in more:
            given["p_sequence"] = tuple(np.atleast_1d(more["p_sequence"]).tolist())
        if pattern_sequences is not None:
            check_kind("pattern_sequences", pattern_sequences, list | tuple, "lists of patterns")
            if not pattern_sequences:
                raise ValueError("pattern_sequences []: needed one or more, such as [[0, 1], [2]]")
            found = (",".join(map(str, np.atleast_1d(s))) for s in pattern_sequences)
            given["pattern_sequences"] = tuple(found)
        if isinstance(pattern_mode, Integral) and not isinstance(pattern_mode, bool):
            n = n_patterns if pattern_sequences is None else len(pattern_sequences)
            if not 0 <= pattern_mode < n:
                raise ValueError(f"pattern_mode {pattern_mode}: sequences are 0 to {n - 1}")
            given["pattern_mode"] = "random_independent"
            given["p_sequence"] = tuple(float(k == pattern_mode) for k in range(n))
        self.params: PatternParams = built(PatternParams, NAMES, given)
        self.seed = grid.params.seed if seed is None else seed
        built(Params, {}, {"seed": self.seed})  # or it is refused
        self._spikes = None if spikes is None else placed("spikes", spikes, self.n_inputs)
        self._step = self._run = self._refreshed = 0
        self._place: tuple[int | None, int | None] = None, None  # last sequence, noise left
        self._patterns = frozen_patterns(self.params, self.seed)

    def get_patterns(self) -> list[np.ndarray]:
        """Spikes of each pattern, bool, shape (steps, n_inputs)."""
        return [pattern.copy() for pattern in self._patterns]

    def set_patterns(self, patterns) -> None:
        """Show others: arrays as `get_patterns` has them, or tuples (indices, times in ms)."""
        durations, made = self.params.durations, []
        if len(patterns) != len(durations):
            raise ValueError(f"patterns: {len(patterns)} given, needed {len(durations)}")
        for k, (pattern, n_steps) in enumerate(zip(patterns, durations, strict=True)):
            bits = np.zeros((n_steps, self.n_inputs), bool)
            if isinstance(pattern, tuple):
                bits[placed(f"pattern {k}", pattern, self.n_inputs, n_steps)] = True
            elif np.shape(pattern) == bits.shape and np.isin(pattern, (0, 1)).all():
                bits[:] = pattern
            else:
                words = f"shape {np.shape(pattern)}, needed 0 and 1 of shape {bits.shape}"
                raise ValueError(f"pattern {k}: {words}")
            made.append(bits)
        self._patterns = tuple(made)

    def force_refresh_patterns(self) -> None:
        """Draw all patterns anew."""
        self._refreshed += 1
        seed = generator(self.seed, "seed of new patterns", self._refreshed).integers(MAX_SEED)
        self._patterns = frozen_patterns(self.params, int(seed))

    def show(self, n_steps: int) -> Shown:
        """What the next run is shown."""
        begin, run = self._step, self._run
        self._step, self._run = begin + n_steps, run + 1
        if self._spikes is not None:
            step, index = self._spikes
            bits = np.zeros((n_steps, self.n_inputs), bool)
            inside = (step >= begin) & (step < begin + n_steps)
            bits[step[inside] - begin, index[inside]] = True
            return Shown.noise(bits)
        p = self.params
        phases, longer = (
            random_phases(
                p, n, generator(self.seed, "phases of runs", self._number, run), *self._place
            )
            for n in (n_steps, n_steps + p.t_noise_max_ms)
        )
        whole = longer.stop[: phases.stop.size]  # where phases end that the run may cut
        begun = phases.sequence[phases.sequence != NOISE]
        self._place = (
            int(begun[-1]) if begun.size else self._place[0],
            int(whole[-1]) - n_steps if phases.pattern[-1] == NOISE else None,
        )
        shown = Stimulus(
            p, self.seed, f"run {run} of {self._number}", phases, patterns=self._patterns
        )
        complete = (phases.pattern != NOISE) & (phases.stop == whole)
        return Shown(*shown.parts(0, n_steps), phases, complete)


def placed(name: str, spikes, n_inputs: int, n_steps: float = np.inf):
    """Step and input of spikes (indices, times in ms), checked."""
    index, times = pair(name, spikes, "(indices, times in ms)")
    index, times = np.atleast_1d(index), np.atleast_1d(np.asarray(times, float))
    if index.size and index.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices are {index.dtype}, needed whole numbers")
    if index.shape != times.shape:
        raise ValueError(f"{name}: {index.size} indices, {times.size} times")
    if index.size and not (0 <= index.min() and index.max() < n_inputs):
        words = f"{index.min()} to {index.max()}, allowed 0 to {n_inputs - 1}"
        raise ValueError(f"{name}: indices {words}")
    if not (np.isfinite(times) & (times >= 0) & (times < n_steps)).all():
        raise ValueError(f"{name}: times from 0 ms on are needed, before {n_steps:g} ms")
    return np.floor(times + 1e-9).astype(int), index.astype(int)
