"""Frozen Poisson patterns in ongoing Poisson noise: what a sequence memory is shown.

    p = PatternParams(n_patterns=2)
    shown = training(p, seed=1, n_steps=100_000)
    shown.bits(first=0, n_steps=1000)    # spikes of the inputs, (1000, 100)

A step is 1 ms. A *pattern* is one frozen spike train a channel, a *presentation* one time that it
is shown, a *phase* a presentation or the noise between two. Every draw depends on the seed, a name
and a place, so a stimulus is the same in whatever pieces it is asked for. Klampfl and Maass (2013).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.randomness import generator
from driver.flags.from_dataclass import STRICT

STEP_S = 1e-3
NOISE = -1  # in place of a pattern
CHUNK = 1000  # steps of background that are drawn together
LEAST_GAP = 300  # steps of noise between two presentations of a test, at least

Rate = Annotated[float, Field(ge=0, le=1000)]
Share = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[int, Field(ge=1, le=10**6)]
Factor = Annotated[float, Field(ge=0.1, le=10)]


# fmt: off
@dataclass(config=STRICT)
class PatternParams:
    """What the inputs do. Times are whole milliseconds, one step each."""

    n_inputs: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Input channels; each projects to all cells."""
    r_noise_hz: Rate = 5.0
    """Background rate of a channel between patterns, Hz."""
    r_input_hz: Rate = 5.0
    """Rate of a pattern, Hz, when it is drawn."""
    r_noise_pattern_hz: Rate = 2.0
    """Background rate during a pattern, Hz."""
    use_noise: bool = True
    """Background spikes; without, the time between patterns is silent."""
    t_noise_min_ms: Annotated[int, Field(ge=0, le=10**6)] = 300
    """Time between two presentations is uniform from here ..."""
    t_noise_max_ms: Milliseconds = 500
    """... to here, ms."""

    # --- patterns ---------------------------------------------------------------------
    n_patterns: Annotated[int, Field(ge=1, le=1000)] = 1
    """Patterns P, frozen for the whole run."""
    t_pattern_ms: Annotated[tuple[Milliseconds, ...], Field(min_length=1)] = (300,)
    """Duration, ms: one for all patterns, or one for each."""
    pattern_sequences: tuple[str, ...] = ()
    """Patterns that follow one another without noise between them, by number from 0, such as \
`0,1 2`; each pattern alone if not given."""
    pattern_mode: Literal[
        "random_iterate", "random_independent", "random_switching", "alternating"
    ] = "random_iterate"
    """Which sequence is next: random_iterate goes to the next one with `p_switch` and repeats \
otherwise; random_independent draws by `p_sequence`; random_switching goes to another one with \
`p_switch`; alternating takes turns."""
    p_switch: Share = 1.0
    """Probability of another sequence, for random_iterate and random_switching."""
    p_sequence: tuple[Annotated[float, Field(ge=0)], ...] = ()
    """Weights of the sequences for random_independent; equal if not given."""
    p_noise: Share = 1.0
    """Probability that noise follows a sequence."""
    time_warp_min: Factor = 1.0
    """A presentation in training lasts longer by a factor that is uniform from here ..."""
    time_warp_max: Factor = 1.0
    """... to here."""
    shown: Literal["frozen", "shuffled", "fresh"] = "frozen"
    """What training shows at each presentation: the frozen pattern; its spikes at random times of \
the same channel; or new Poisson spikes. The last two are controls: nothing to be remembered."""
# fmt: on

    @property
    def durations(self) -> tuple[int, ...]:
        """Steps of each pattern."""
        given = self.t_pattern_ms
        return given * self.n_patterns if len(given) == 1 else given

    @property
    def sequences(self) -> list[list[int]]:
        """Patterns of each sequence."""
        if not self.pattern_sequences:
            return [[k] for k in range(self.n_patterns)]
        return [[int(k) for k in text.split(",")] for text in self.pattern_sequences]

    def relations(self) -> Iterator[tuple[bool, str]]:
        """What must hold, see `driver.flags.rules`."""
        low, high = self.t_noise_min_ms, self.t_noise_max_ms
        yield low <= high, f"--t-noise-min-ms {low} is larger than --t-noise-max-ms {high}"
        low, high = self.time_warp_min, self.time_warp_max
        yield low <= high, f"--time-warp-min {low:g} is larger than --time-warp-max {high:g}"
        n, given = self.n_patterns, len(self.t_pattern_ms)
        words = " ".join(map(str, self.t_pattern_ms))
        yield given in (1, n), f"--t-pattern-ms {words}: {given} durations, needed 1 or {n}"
        for text in self.pattern_sequences:
            members = text.split(",")
            known = all(k.strip().isdecimal() and int(k) < n for k in members)
            allowed = f"numbers from 0 to {n - 1}, joined by commas"
            yield known, f"--pattern-sequences {text!r}: {allowed}"
        weights, n_sequences = self.p_sequence, len(self.pattern_sequences) or n
        words = " ".join(f"{w:g}" for w in weights)
        fits = not weights or (len(weights) == n_sequences and sum(weights) > 0)
        yield fits, f"--p-sequence {words}: needed {n_sequences} weights, not all of them 0"


def chance(rate_hz: float) -> float:
    """Of a spike in a step, at this rate."""
    return -np.expm1(-rate_hz * STEP_S)


@lru_cache(maxsize=8)
def frozen_patterns(p: PatternParams, seed: int) -> tuple[np.ndarray, ...]:
    """Spikes of each pattern, bool arrays of shape (steps, n_inputs)."""
    return tuple(
        generator(seed, "pattern", k).random((n_steps, p.n_inputs)) < chance(p.r_input_hz)
        for k, n_steps in enumerate(p.durations)
    )


@dataclasses.dataclass(frozen=True)
class Phases:
    """Noise and presentations, one after the other; arrays of shape (n_phases,).

    Attributes
    ----------
    start, stop : ndarray of int
        Steps.
    pattern : ndarray of int
        Number of the pattern, -1 in noise.
    sequence : ndarray of int
        Number of the sequence it is part of, -1 in noise.
    warp : ndarray of float
        How much longer a presentation lasts than the pattern.
    """

    start: np.ndarray
    stop: np.ndarray
    pattern: np.ndarray
    sequence: np.ndarray
    warp: np.ndarray

    @staticmethod
    def of(rows: Sequence[tuple[int, int, int, float]], n_steps: int | None = None) -> Phases:
        """From the length, pattern, sequence and warp of each phase, cut after `n_steps`."""
        length, pattern, sequence, warp = (np.array(column) for column in zip(*rows, strict=True))
        stop = np.cumsum(length)
        start = stop - length
        n_steps = stop[-1] if n_steps is None else n_steps
        kept = (start < n_steps) & (length > 0)
        columns = (start, np.minimum(stop, n_steps), pattern, sequence, warp)
        return Phases(*(column[kept] for column in columns))

    @property
    def n_steps(self) -> int:
        return int(self.stop[-1])

    def at(self, steps) -> np.ndarray:
        """Phase of each step."""
        return np.searchsorted(self.stop, steps, side="right")

    def labels(self) -> np.ndarray:
        """Pattern of each step, -1 in noise, shape (n_steps,)."""
        return np.repeat(self.pattern, self.stop - self.start)

    def presentations(self, pattern: int | None = None) -> np.ndarray:
        """Phases in which a pattern, or any, is shown."""
        return np.flatnonzero(self.pattern >= 0 if pattern is None else self.pattern == pattern)


def random_phases(
    p: PatternParams,
    n_steps: int,
    draws: np.random.Generator,
    current: int | None = None,
    left: int | None = None,
) -> Phases:
    """Phases of a training: noise first, then sequences with noise after them.

    One that goes on begins with what is `left` of the noise, steps, after the sequence `current`.
    """
    rows = []

    def noise(length: int | None = None) -> int:
        if length is None:
            length = int(draws.integers(p.t_noise_min_ms, p.t_noise_max_ms + 1))
        rows.append((length, NOISE, NOISE, 1.0))
        return length

    done = noise(left)
    while done < n_steps:
        current = next_sequence(p, current, draws)
        for pattern in p.sequences[current]:
            warp = draws.uniform(p.time_warp_min, p.time_warp_max)
            length = max(1, round(p.durations[pattern] * warp))
            rows.append((length, pattern, current, warp))
            done += length
        if draws.random() < p.p_noise:
            done += noise()
    return Phases.of(rows, n_steps)


def next_sequence(p: PatternParams, current: int | None, draws: np.random.Generator) -> int:
    """Number of the sequence to be shown after `current`."""
    n = len(p.sequences)
    switches = draws.random() < p.p_switch
    if p.pattern_mode == "random_independent":
        weights = np.array(p.p_sequence or np.ones(n))
        return int(draws.choice(n, p=weights / weights.sum()))
    if current is None:
        return 0
    if p.pattern_mode == "random_switching":
        others = [k for k in range(n) if k != current]
        return int(draws.choice(others)) if switches and others else current
    return (current + 1) % n if switches or p.pattern_mode == "alternating" else current


# --- what becomes of a pattern when it is shown --------------------------------------------------


def jittered(bits: np.ndarray, draws: np.random.Generator, sd_ms: float) -> np.ndarray:
    """Every spike moved by a normal draw, within the presentation."""
    step, channel = np.nonzero(bits)
    moved = step + np.rint(draws.normal(0, sd_ms, step.size)).astype(int)
    found = np.zeros_like(bits)
    found[np.clip(moved, 0, len(bits) - 1), channel] = True
    return found


def deleted(bits: np.ndarray, draws: np.random.Generator, share: float) -> np.ndarray:
    """A share of the spikes left out."""
    return bits & (draws.random(bits.shape) >= share)


def reverse(bits: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Run backwards."""
    return bits[::-1]


def shuffled(bits: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """The spikes of each channel at random times."""
    return draws.permuted(bits, axis=0)


def fresh(bits: np.ndarray, draws: np.random.Generator, p: PatternParams) -> np.ndarray:
    """New spikes of the rate of a pattern."""
    return draws.random(bits.shape) < chance(p.r_input_hz)


def warped(bits: np.ndarray, n_steps: int) -> np.ndarray:
    """Stretched or shortened to `n_steps`; spikes that meet in a step are one."""
    found = np.zeros((n_steps, bits.shape[1]), bool)
    step, channel = np.nonzero(bits)
    found[step * n_steps // len(bits), channel] = True
    return found


Treatment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Stimulus:
    """What the inputs do over some phases.

    Attributes
    ----------
    params : PatternParams
    seed : int
    name : str
        Of its draws: stimuli of other names have other noise.
    phases : Phases
    treatment : callable, optional
        ``treatment(bits, draws)``: what is shown in place of a pattern.
    patterns : tuple of ndarray, optional
        Spikes of the patterns; those of the seed if not given.
    """

    params: PatternParams
    seed: int
    name: str
    phases: Phases
    treatment: Treatment | None = None
    patterns: tuple[np.ndarray, ...] | None = None

    @cached_property
    def _background_chance(self) -> tuple[float, float]:
        p = self.params
        rates = (p.r_noise_hz, p.r_noise_pattern_hz) if p.use_noise else (0.0, 0.0)
        return chance(rates[0]), chance(rates[1])

    def bits(self, first: int, n_steps: int) -> np.ndarray:
        """Whether each input fires in each step, shape (n_steps, n_inputs)."""
        of_pattern, of_background = self.parts(first, n_steps)
        return of_pattern | of_background

    def parts(self, first: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of the patterns and of the background; one in both is one spike."""
        shape, stop, phases = (n_steps, self.params.n_inputs), first + n_steps, self.phases
        of_pattern, of_background = np.zeros(shape, bool), np.zeros(shape, bool)
        for k in range(phases.at(first), phases.at(stop - 1) + 1):
            if phases.pattern[k] != NOISE:
                low, high = max(first, phases.start[k]), min(stop, phases.stop[k])
                shown = self.presentation(k)[low - phases.start[k] : high - phases.start[k]]
                of_pattern[low - first : high - first] = shown
        between, during = self._background_chance
        phase = phases.at(np.arange(first, stop))
        limit = np.where(phases.pattern[phase] == NOISE, between, during)[:, None]
        for chunk in range(first // CHUNK, (stop - 1) // CHUNK + 1):
            drawn = generator(self.seed, f"background of {self.name}", chunk)
            low, high = max(first, chunk * CHUNK), min(stop, (chunk + 1) * CHUNK)
            numbers = drawn.random((CHUNK, self.params.n_inputs))
            rows = slice(low - first, high - first)
            of_background[rows] = numbers[low - chunk * CHUNK :][: high - low] < limit[rows]
        return of_pattern, of_background

    def presentation(self, k: int) -> np.ndarray:
        """Spikes of the pattern in phase `k` as it is shown then, shape (steps, n_inputs)."""
        patterns = self.patterns or frozen_patterns(self.params, self.seed)
        found = patterns[self.phases.pattern[k]]
        length = round(len(found) * self.phases.warp[k])
        if length != len(found):
            found = warped(found, max(1, length))
        if self.treatment is not None:
            found = self.treatment(found, generator(self.seed, f"shown of {self.name}", int(k)))
        return found


def training(p: PatternParams, seed: int, n_steps: int) -> Stimulus:
    """What is shown in training."""
    treatment = {"frozen": None, "shuffled": shuffled, "fresh": partial(fresh, p=p)}[p.shown]
    phases = random_phases(p, n_steps, generator(seed, "phases of training"))
    return Stimulus(p, seed, "training", phases, treatment)


def test(
    p: PatternParams,
    seed: int,
    name: str,
    n_each: int,
    *,
    cue_ms: int | None = None,
    warp: float = 1.0,
    treatment: Treatment | None = None,
) -> Stimulus:
    """Every pattern in turn, `n_each` times, noise before and after each.

    Parameters
    ----------
    cue_ms : int, optional
        Only so much of the beginning of each pattern is shown.
    warp : float
        Factor of the duration.
    treatment : callable, optional
    """
    draws = generator(seed, f"phases of {name}")
    low = max(p.t_noise_min_ms, LEAST_GAP)
    high = max(p.t_noise_max_ms, low)
    rows, hidden = [], 0  # steps of the last pattern that were not shown
    for presentation in range(n_each * p.n_patterns):
        pattern = presentation % p.n_patterns
        length = max(1, round(p.durations[pattern] * warp))
        shown = length if cue_ms is None else min(cue_ms, length)
        rows.append((hidden + int(draws.integers(low, high + 1)), NOISE, NOISE, 1.0))
        rows.append((shown, pattern, pattern, warp))
        hidden = length - shown
    rows.append((hidden + high, NOISE, NOISE, 1.0))
    return Stimulus(p, seed, name, Phases.of(rows), treatment)
