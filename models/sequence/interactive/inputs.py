"""What the network is shown in its runs: frozen patterns in noise, or spikes that are given."""

from __future__ import annotations

import dataclasses
from numbers import Integral, Real
from typing import Any

import numpy as np

from driver.engine.randomness import MAX_SEED, generator
from models.sequence.interactive.grid import Network
from models.sequence.interactive.keywords import built, check_kind, pair, refuse_unknown, steps
from stimuli.patterns import NOISE, PatternParams, Phases, Stimulus, frozen_patterns, random_phases

NAMES = {
    "r_noise": "r_noise_hz",
    "r_input": "r_input_hz",
    "r_noise_pattern": "r_noise_pattern_hz",
    "t_noise_range": "t_noise_min_ms",
    "t_pattern": "t_pattern_ms",
    "time_warp_range": "time_warp_min",
} | {
    name: name
    for name in (
        *("n_inputs", "use_noise", "n_patterns", "pattern_sequences", "pattern_mode", "p_switch"),
        *("p_sequence", "p_noise", "t_noise_max_ms", "time_warp_max"),
    )
}


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
    after : tuple
        Where the next run goes on.
    """

    of_pattern: np.ndarray
    of_background: np.ndarray
    phases: Phases
    complete: np.ndarray
    after: tuple[int, int] = (0, 0)

    @property
    def bits(self) -> np.ndarray:
        return self.of_pattern | self.of_background

    @staticmethod
    def noise(bits: np.ndarray, after: tuple[int, int] = (0, 0)) -> Shown:
        """Spikes that belong to no pattern."""
        phases = Phases.of([(len(bits), NOISE, NOISE, 1.0)])
        return Shown(np.zeros_like(bits), bits, phases, np.zeros(1, bool), after)


class InputGenerator:
    """Noise and patterns for the inputs of a network; times in ms, rates in Hz.

    Patterns are drawn once and are the same in all runs. The schedule of noise and presentations
    goes on from run to run; a presentation that the end of a run cuts is not resumed: the next run
    begins with noise.

    Parameters
    ----------
    grid : Network
    r_noise, r_input, r_noise_pattern : float
        Background between patterns, pattern, background in patterns.
    use_noise : bool
        Without, what is between patterns is silent.
    t_noise_range : (float, float)
        Time between patterns is uniform in it.
    n_patterns : int
    t_pattern : float or sequence of float
        Duration of all patterns, or of each.
    pattern_sequences : list of list of int
        Patterns that follow one another without noise; each pattern alone if not given.
    pattern_mode : str or int
        "random_iterate", "random_independent", "random_switching", "alternating", see
        `stimuli.patterns.PatternParams`; a number: always that sequence.
    time_warp_range : (float, float)
        A presentation lasts longer by a factor uniform in it.
    seed : int, optional
        That of the network if not given.
    spikes : (indices, times), optional
        Spikes to be shown instead of all this, input and ms from the first run on.
    **more
        `p_switch`, `p_sequence`, `p_noise`, see `PatternParams`.

    Raises
    ------
    TypeError, ValueError
        Naming the parameter, its value and what is allowed.
    """

    def __init__(
        self, grid: Network, r_noise=5.0, r_input=5.0, r_noise_pattern=2.0, use_noise=True,
        t_noise_range=(500.0, 800.0), n_patterns=2, t_pattern=300.0, pattern_sequences=None,
        pattern_mode="random_iterate", *, time_warp_range=(1.0, 1.0), seed=None, spikes=None,
        **more: Any,
    ):  # fmt: skip
        refuse_unknown(more, ("p_switch", "p_sequence", "p_noise"))
        self.n_inputs = grid.params.n_inputs
        low, high = pair("t_noise_range", t_noise_range, "two times in ms, the shorter first")
        low_warp, high_warp = pair("time_warp_range", time_warp_range, "two factors")
        for factor in (low_warp, high_warp):
            check_kind("time_warp_range", factor, Real, "two factors")
        lengths = [t_pattern] if np.ndim(t_pattern) == 0 else t_pattern
        given = {
            "r_noise": r_noise, "r_input": r_input, "r_noise_pattern": r_noise_pattern,
            "use_noise": use_noise, "n_inputs": self.n_inputs, "n_patterns": n_patterns,
            "t_noise_range": steps("t_noise_range", low, least=0),
            "t_noise_max_ms": steps("t_noise_range", high),
            "t_pattern": tuple(steps("t_pattern", t) for t in lengths),
            "time_warp_range": low_warp, "time_warp_max": high_warp,
            "pattern_mode": pattern_mode, **more,
        }  # fmt: skip
        if np.ndim(t_pattern) and len(t_pattern) != n_patterns:
            raise ValueError(
                f"t_pattern {t_pattern!r}: {len(t_pattern)} durations, n_patterns is {n_patterns}"
            )
        if "p_sequence" in more:
            given["p_sequence"] = tuple(np.atleast_1d(more["p_sequence"]).tolist())
        if pattern_sequences is not None:
            given["pattern_sequences"] = texts(pattern_sequences)
        if isinstance(pattern_mode, Integral) and not isinstance(pattern_mode, bool):
            n = n_patterns if pattern_sequences is None else len(pattern_sequences)
            if not 0 <= pattern_mode < n:
                raise ValueError(f"pattern_mode {pattern_mode}: sequences are 0 to {n - 1}")
            given["pattern_mode"] = "random_independent"
            given["p_sequence"] = tuple(float(k == pattern_mode) for k in range(n))
        self.params: PatternParams = built(PatternParams, NAMES, given)
        self.seed = grid.params.seed if seed is None else seed
        check_kind("seed", self.seed, Integral, "a whole number")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed {self.seed}: allowed are 0 to {MAX_SEED}")
        self._spikes = None if spikes is None else placed("spikes", spikes, self.n_inputs)
        self._place, self._refreshed = (0, 0), 0  # schedules begun, steps of the present one
        self._patterns = frozen_patterns(self.params, self.seed)

    def get_patterns(self) -> list[np.ndarray]:
        """Spikes of each pattern, bool, shape (steps, n_inputs)."""
        return [pattern.copy() for pattern in self._patterns]

    def set_patterns(self, patterns) -> None:
        """Show other patterns from now on.

        Parameters
        ----------
        patterns : sequence
            For each pattern an array as `get_patterns` has it, or a tuple (indices, times in ms).

        Raises
        ------
        ValueError
            For another number of patterns or inputs, or spikes beyond the duration of a pattern.
        """
        durations, made = self.params.durations, []
        if len(patterns) != len(durations):
            raise ValueError(f"patterns: {len(patterns)} given, needed {len(durations)}")
        for k, (pattern, n_steps) in enumerate(zip(patterns, durations, strict=True)):
            shape = (n_steps, self.n_inputs)
            if isinstance(pattern, tuple):
                step, index = placed(f"pattern {k}", pattern, self.n_inputs, n_steps)
                bits = np.zeros(shape, bool)
                bits[step, index] = True
            else:
                bits = np.array(pattern)
                if bits.shape != shape or not np.isin(bits, (0, 1)).all():
                    raise ValueError(
                        f"pattern {k}: shape {bits.shape}, needed 0 and 1 of shape {shape}"
                    )
            made.append(bits.astype(bool))
        self._patterns = tuple(made)

    def force_refresh_patterns(self) -> None:
        """Draw all patterns anew."""
        self._refreshed += 1
        seed = generator(self.seed, "seed of new patterns", self._refreshed).integers(MAX_SEED)
        self._patterns = frozen_patterns(self.params, int(seed))

    def show(self, n_steps: int) -> Shown:
        """What the next run of so many steps is shown; `commit` it when it was."""
        begun, start = self._place
        if self._spikes is not None:
            step, index = self._spikes
            bits = np.zeros((n_steps, self.n_inputs), bool)
            inside = (step >= start) & (step < start + n_steps)
            bits[step[inside] - start, index[inside]] = True
            return Shown.noise(bits, (begun, start + n_steps))
        begun, start = self._beginning(begun, start)
        p, stop = self.params, start + n_steps
        phases = self._schedule(begun, stop)
        shown = Stimulus(p, self.seed, f"runs {begun}", phases, patterns=self._patterns)
        keep = phases.stop > start
        first, last, pattern, sequence, warp = (v[keep] for v in vars(phases).values())
        lengths = [max(1, round(p.durations[k] * f)) for k, f in zip(pattern, warp, strict=True)]
        complete = (pattern != NOISE) & (last - first == lengths)
        own = Phases(np.maximum(first - start, 0), last - start, pattern, sequence, warp)
        return Shown(*shown.parts(start, n_steps), own, complete, (begun, stop))

    def commit(self, shown: Shown) -> None:
        """The next run goes on after this."""
        self._place = shown.after

    def _schedule(self, begun: int, stop: int) -> Phases:
        """The schedule up to a step; a longer one begins with the same phases."""
        draws = generator(self.seed, "phases of runs", begun)
        return random_phases(self.params, stop, draws)

    def _beginning(self, begun: int, start: int) -> tuple[int, int]:
        """Where a run begins: at `start`, or if a presentation is going on there, in the noise
        that comes next. Where noise is too rare to be waited for, another schedule is begun.
        """
        p = self.params
        longest = p.time_warp_max * sum(p.durations) + p.t_noise_max_ms
        for reach in (1, 100):
            phases = self._schedule(begun, start + 1 + int(reach * longest))
            later = (phases.stop > start) & (phases.pattern == NOISE)
            if later.any():
                return begun, max(start, int(phases.start[np.argmax(later)]))
        return begun + 1, 0


def texts(sequences) -> tuple[str, ...]:
    """Sequences of patterns as `PatternParams` has them."""
    words = "a list of lists of numbers of patterns, such as [[0, 1], [2]]"
    if isinstance(sequences, str) or not hasattr(sequences, "__len__"):
        raise TypeError(f"pattern_sequences {sequences!r}: needed {words}")
    if not len(sequences) or not all(hasattr(s, "__len__") and len(s) for s in sequences):
        raise ValueError(f"pattern_sequences {sequences!r}: needed {words}, none of them empty")
    for member in (k for s in sequences for k in s):
        check_kind("pattern_sequences", member, Integral, words)
    return tuple(",".join(str(int(k)) for k in s) for s in sequences)


def placed(name: str, spikes, n_inputs: int, n_steps: int | None = None):
    """Step and input of spikes (indices, times in ms), checked."""
    index, times = pair(name, spikes, "(indices, times in ms)")
    index, times = np.atleast_1d(index), np.atleast_1d(np.asarray(times, float))
    if index.size and index.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices are {index.dtype}, needed whole numbers")
    if index.shape != times.shape:
        raise ValueError(f"{name}: {index.size} indices, {times.size} times")
    if index.size and not (0 <= index.min() and index.max() < n_inputs):
        raise ValueError(
            f"{name}: indices {index.min()} to {index.max()}, allowed 0 to {n_inputs - 1}"
        )
    end = np.inf if n_steps is None else n_steps
    if not (np.isfinite(times) & (times >= 0) & (times < end)).all():
        raise ValueError(f"{name}: times from 0 ms on are needed, before {end:g} ms")
    return np.floor(times + 1e-9).astype(int), index.astype(int)
