"""What figures show of a seed: the responses of a network to its tests, made small; NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from driver.run.saved import NotARun
from models.sequence import assembly, memory
from models.sequence.params import Params
from models.sequence.responses import AFTER, BIN, Response, responses, tests
from models.sequence.wiring import wiring

LABELS = ("trained", "untrained")
TESTS = ("whole", "cue", "reversed")
BEFORE = 200  # steps of noise that are shown before a presentation
SHOWN = 1  # presentation of each pattern whose spikes are shown: the first begins at rest
MAX_PATTERNS = 2  # shown one by one


@dataclass(frozen=True)
class Network:
    """One network of a seed; lists are of patterns, dictionaries of `TESTS`.

    Attributes
    ----------
    profiles : ndarray, shape (n_lags, n_cells)
        Mean rate fractions to `AFTER` steps after the pattern.
    orders : ndarray, shape (n_cells,)
        The `sizes` cells of the assembly by their time of activation, then the others.
    true_ms, decoded_ms : ndarray, shape (n_bins,)
        Time within the pattern after a cue, see `memory.decoded_times`.
    courses : ndarray, shape (n_lags,)
        Of completion.
    likeness : float
        Mean correlation of spike counts of successive presentations.
    spikes : (ndarray, ndarray)
        Step from the beginning of the pattern and cell around one presentation, by test, pattern.
    """

    profiles: dict[str, list[np.ndarray]]
    orders: list[np.ndarray]
    sizes: list[int]
    true_ms: np.ndarray
    decoded_ms: np.ndarray
    courses: list[np.ndarray]
    likeness: list[float]
    spikes: dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]


@lru_cache(maxsize=4)
def network(seed, label: str) -> Network:
    """The trained or untrained network of a saved seed.

    Raises
    ------
    NotARun
        If the folder has another wiring than the parameters make: weights would go astray.
    """
    p, arrays, made = seed.params, seed.recording(label), wiring(seed.params)
    for name, ends in made.synapses.items():
        for end, numbers in zip("ij", ends, strict=True):
            if not np.array_equal(seed.weights[f"{name}_{end}"], numbers):
                raise NotARun(f"{seed.weight_file}: {name} is wired by another program")
    found = responses(p, arrays, *TESTS)
    whole, cue = found["whole"], found["cue"]
    orders, sizes = [], []
    for k, n_steps in enumerate(p.durations):
        by_time = assembly.order(memory.template(whole, k, n_steps))
        member = assembly.members(made, whole, k)[by_time]
        orders.append(np.concatenate([by_time[member], by_time[~member]]))
        sizes.append(int(member.sum()))
    patterns = range(p.n_patterns)
    return Network(
        {
            name: [
                memory.template(response, k, n_steps + AFTER).astype(np.float32)
                for k, n_steps in enumerate(p.durations)
            ]
            for name, response in found.items()
        },
        orders,
        sizes,
        *memory.decoded_times(p, whole, cue),
        [memory.completion_course(p, whole, cue, k) for k in patterns],
        [likeness(whole, k, n_steps) for k, n_steps in enumerate(p.durations)],
        {
            (name, k): around(p, name, k, arrays[f"{name}_step"], arrays[f"{name}_index"])
            for name in ("whole", "cue")
            for k in patterns[:MAX_PATTERNS]
        },
    )


def likeness(whole: Response, pattern: int, n_steps: int) -> float:
    """As `records.Records.compare`, of the presentations of a test."""
    counts = whole.counts(slice(0, n_steps // BIN * BIN))[whole.of(pattern)]
    pairs = zip(counts[:-1], counts[1:], strict=True)
    return float(np.mean([memory.correlation(one, other) for one, other in pairs]))


def around(p: Params, name: str, pattern: int, step, *others) -> tuple:
    """What happens in the presentation that is shown, by steps from its beginning."""
    start = first_step(p, name, pattern)
    inside = (step >= start - BEFORE) & (step < start + p.durations[pattern] + AFTER)
    return (step[inside] - start, *(other[inside] for other in others))


def first_step(p: Params, name: str, pattern: int) -> int:
    """Of the presentation of a pattern in a test that is shown."""
    phases = tests(p)[name].phases
    return int(phases.start[phases.presentations(pattern)[SHOWN]])


def input_spikes(p: Params, name: str, pattern: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Steps and channels of the background, and of the pattern, around the same presentation."""
    begin = first_step(p, name, pattern) - BEFORE
    n_steps = BEFORE + p.durations[pattern] + AFTER
    of_pattern, background = tests(p)[name].parts(begin, n_steps)
    found = []
    for bits in (background & ~of_pattern, of_pattern):
        step, channel = np.nonzero(bits)
        found.append((step - BEFORE, channel))
    return found
