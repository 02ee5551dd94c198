"""Metrics on responses that are known: what a memory is, and what only looks like one."""

import dataclasses

import numpy as np
import pytest

from models.sequence import assembly, memory
from models.sequence.outcome import NOTHING, RECOGNISES, REMEMBERS, judge
from models.sequence.params import Params
from models.sequence.responses import AFTER, Response, Rest
from models.sequence.wiring import wiring

P = Params(k_min=3, k_max=3)
N, T = wiring(P).n_cells, 300
RNG = np.random.default_rng(1)
REST = np.full(N, 0.13)  # the mean of a cell over the pattern


def course(lags) -> np.ndarray:
    """Rate fractions of cells that take turns: cell k is active around lag 2 k."""
    middle = np.arange(N) * T / N
    return 0.05 + 0.9 * np.exp(-(((np.asarray(lags)[:, None] - middle) / 15) ** 2))


def response(fractions, n=30, pattern=None, rest=True) -> Response:
    """`n` presentations alike but for the draw of spikes."""
    p = np.repeat(fractions[None], n, axis=0).astype(np.float32)
    spikes = RNG.random(p.shape) < 0.1 * p
    pattern = np.zeros(n, int) if pattern is None else pattern
    rates = spikes[:, :T].mean(axis=(0, 1))[None] * 1000
    known = Rest(REST, REST * 100, rates, 1.5, 0.5) if rest else None
    return Response(pattern, p, spikes, known)


LAGS = np.arange(T + AFTER)
WHOLE = response(np.where(LAGS[:, None] < T, course(LAGS), REST))


def cued(lags) -> Response:
    """Response to a cue that goes on at these `lags` of the pattern."""
    return response(np.where(np.isfinite(lags)[:, None], course(np.nan_to_num(lags)), REST))


def test_a_network_that_goes_on_by_itself_replays_and_completes():
    found = memory.replay(P, WHOLE, cued(LAGS.astype(float)))
    assert found["slope"] == pytest.approx(1, abs=0.1) and found["error_ms"] < 12
    assert memory.completion_ms(P, WHOLE, cued(LAGS.astype(float))) >= 195


def test_twice_as_fast_is_a_slope_of_two():
    fast = np.where(LAGS < 100, LAGS, np.minimum(100 + 2 * (LAGS - 100), 299)).astype(float)
    assert memory.replay(P, WHOLE, cued(fast))["slope"] == pytest.approx(2, abs=0.25)


def test_one_that_stops_at_the_cue_stands_still():
    stuck = np.minimum(LAGS, 100).astype(float)
    found = memory.replay(P, WHOLE, cued(stuck))
    assert abs(found["slope"]) < 0.1 and found["error_ms"] > 40
    assert memory.completion_ms(P, WHOLE, cued(stuck)) < 60


def test_one_that_falls_silent_completes_nothing():
    gone = np.where(LAGS < 100, LAGS, np.nan)
    assert memory.completion_ms(P, WHOLE, cued(gone)) < 12
    assert memory.replay(P, WHOLE, cued(gone))["error_ms"] > 50


def test_no_spikes_after_the_cue_leave_replay_undefined():
    cue = dataclasses.replace(WHOLE, spikes=np.zeros_like(WHOLE.spikes))
    found = memory.replay(P, WHOLE, cue)
    assert np.isnan(found["slope"]) and np.isnan(found["error_ms"])


def test_the_pattern_is_told_from_spikes_after_its_end_only_if_they_differ():
    p = dataclasses.replace(P, n_patterns=2)
    shown = np.arange(60) % 2
    same = response(np.tile(REST, (T + AFTER, 1)), 60, shown)
    assert memory.memory_after_offset(p, same) == pytest.approx(0.5, abs=0.2)
    fractions = np.tile(same.p[0], (60, 1, 1))
    fractions[shown == 1, :, ::3] += 0.6
    spikes = RNG.random(fractions.shape) < 0.1 * fractions
    other = dataclasses.replace(same, spikes=spikes)
    assert memory.memory_after_offset(p, other) > 0.95
    assert np.isnan(memory.memory_after_offset(P, WHOLE))
    before = dataclasses.replace(other, spikes=np.where(LAGS[None, :, None] < T, spikes, False))
    assert memory.memory_after_offset(p, before) <= 0.6


def test_similarity_of_a_response_with_itself_and_its_reverse():
    assert memory.similarity(P, WHOLE) == pytest.approx(1, abs=1e-6)
    reverse = dataclasses.replace(WHOLE, p=WHOLE.p[:, T - 1 :: -1])
    assert memory.similarity(P, WHOLE, reverse) < 0.2
    assert np.isnan(memory.correlation(np.ones(4), np.arange(4)))


def test_cells_are_ordered_by_their_time_of_activation():
    time, sharp = assembly.activation(course(np.arange(T)))
    middle = slice(10, -10)
    assert time[middle] == pytest.approx(np.arange(N)[middle] * T / N, abs=3)
    assert np.isnan(assembly.activation(np.zeros((10, 2)))[0]).all()
    flat = assembly.activation(np.ones((10, 2)))
    assert flat[1] == pytest.approx(0, abs=1e-9) and sharp.min() > 0.2
    assert (np.diff(assembly.order(course(np.arange(T)))[10:-10]) == 1).all()


def test_variance_that_repeats_is_that_of_the_mean():
    made = wiring(P)
    assert assembly.explained(made, WHOLE, 0, T) == pytest.approx(1, abs=0.1)
    flat = response(np.tile(REST, (T + AFTER, 1)))
    assert np.isnan(assembly.explained(made, flat, 0, T)), "Poisson's draw alone explains nothing"
    other = np.stack([RNG.permutation(course(LAGS).T).T for _ in range(30)]).astype(np.float32)
    own = dataclasses.replace(WHOLE, p=other, spikes=RNG.random(other.shape) < 0.1 * other)
    assert abs(assembly.explained(made, own, 0, T)) < 0.1


def test_an_assembly_fires_twice_as_much_as_at_rest():
    made = wiring(P)
    rates = np.full((1, N), 30.0)
    rates[0, :40] = 70.0
    rest = dataclasses.replace(WHOLE.rest, rate=np.full(N, 100 / 3), pattern_rate=rates)
    whole = dataclasses.replace(WHOLE, rest=rest)
    assert assembly.members(made, whole, 0).sum() == 40
    assert assembly.selectivity(whole, assembly.members(made, whole, 0), 0) == pytest.approx(2.1)
    assert assembly.specificity([np.eye(4, dtype=bool)[0], np.ones(4, bool)]) == 0
    assert np.isnan(assembly.specificity([np.zeros(4, bool)]))


NUMBERS = {
    "replay": {"slope": 1.0, "error_ms": 20.0}, "completion_ms": 180.0, "forward": 0.98,
    "reversed": 0.3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, REMEMBERS),
        ({"replay": {"slope": 0.0, "error_ms": 60.0}}, RECOGNISES),
        ({"replay": {"slope": np.nan, "error_ms": np.nan}}, RECOGNISES),
        ({"completion_ms": 22.0}, RECOGNISES),
        ({"completion_ms": 22.0, "reversed": 0.91, "forward": 0.94}, NOTHING),
        ({"completion_ms": 16.0, "forward": 0.67, "reversed": 0.06}, NOTHING),
    ],
)
def test_a_verdict_needs_all_its_conditions(changes, verdict):
    found = judge(P, NUMBERS | changes)
    assert found.verdict == verdict
    assert {c.verdict for c in found.conditions} == {REMEMBERS, RECOGNISES}


def test_a_response_without_a_course_leaves_replay_undefined():
    flat = response(np.tile(REST, (T + AFTER, 1)))
    found = memory.replay(P, flat, flat)
    assert np.isnan(found["slope"]) and np.isnan(found["error_ms"])


def test_readout_looks_no_further_than_the_response_of_a_shorter_pattern():
    """Cells that say what is shown are read without a fault, also if patterns differ in length."""
    p = dataclasses.replace(P, n_patterns=2, t_pattern_ms=(100, 300), cue_ms=40)
    pattern = np.arange(40) % 2
    spikes = np.zeros((40, T + AFTER, N), bool)
    for k, steps in enumerate(p.durations):
        spikes[pattern == k, :steps, k] = True
        spikes[pattern == k, steps:, 2] = True
    spikes[pattern == 0, 100 + AFTER :] = False  # the next presentation
    spikes[pattern == 0, 100 + AFTER :, 1] = True
    found = assembly.readout(p, dataclasses.replace(WHOLE, pattern=pattern, spikes=spikes))
    assert found["readout"] == 1 and found["readout_majority"] < 0.8


def test_little_data_leaves_replay_undefined():
    few = {k: getattr(WHOLE, k)[:4] for k in ("pattern", "p", "spikes")}
    assert np.isnan(memory.replay(P, WHOLE, dataclasses.replace(WHOLE, **few))["slope"])


def test_a_network_that_never_changes_completes_nothing_that_can_be_named():
    flat = response(np.tile(REST.astype(np.float32), (T + AFTER, 1)))
    flat = dataclasses.replace(flat, rest=dataclasses.replace(flat.rest, p=flat.p[0, 0]))
    assert np.isnan(memory.completion_ms(P, flat, flat))
    assert np.isnan(memory.similarity(P, flat))
