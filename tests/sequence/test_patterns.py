"""Stimulus: frozen patterns in noise, the same in whatever pieces it is asked for."""

import dataclasses

import numpy as np
import pytest

from driver.engine.randomness import generator
from driver.flags.rules import broken
from stimuli import patterns
from stimuli.patterns import NOISE, PatternParams, frozen_patterns, random_phases, training

P = PatternParams(n_patterns=2, t_pattern_ms=(300, 200))


def with_(**changes) -> PatternParams:
    return dataclasses.replace(P, **changes)


def test_a_stimulus_is_the_same_in_any_pieces():
    shown = training(P, seed=3, n_steps=6000)
    whole = shown.bits(0, 6000)
    pieces = [shown.bits(first, stop - first) for first, stop in ((0, 1), (1, 1777), (1777, 6000))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    longer = training(P, seed=3, n_steps=9000)
    np.testing.assert_array_equal(longer.bits(0, 6000), whole)


def test_seeds_and_names_have_noise_of_their_own():
    one = training(P, 3, 2000).bits(0, 2000)
    assert (one != training(P, 4, 2000).bits(0, 2000)).any()
    whole, cue = (patterns.test(P, 3, name, 2) for name in ("whole", "cue"))
    assert (whole.parts(0, 900)[1] != cue.parts(0, 900)[1]).any()


def test_a_pattern_is_frozen_and_the_background_is_not():
    shown = training(P, seed=3, n_steps=20_000)
    of_pattern, background = shown.parts(0, 20_000)
    first, second, *_ = shown.phases.presentations(0)
    start, stop = shown.phases.start, shown.phases.stop
    one, other = (slice(start[k], stop[k]) for k in (first, second))
    np.testing.assert_array_equal(of_pattern[one], of_pattern[other])
    np.testing.assert_array_equal(of_pattern[one], frozen_patterns(P, 3)[0])
    assert (background[one] != background[other]).any()
    assert not of_pattern[shown.phases.labels() == NOISE].any()


def test_rates_are_those_asked_for():
    shown = training(P, seed=3, n_steps=100_000)
    of_pattern, background = shown.parts(0, 100_000)
    labels = shown.phases.labels()
    rates = [
        background[labels == NOISE].mean(), background[labels != NOISE].mean(),
        np.concatenate(frozen_patterns(P, 3)).mean(),
    ]  # fmt: skip
    assert np.array(rates) * 1000 == pytest.approx([5, 2, 5], rel=0.15)  # 250 spikes of patterns
    silent = training(with_(use_noise=False, r_input_hz=0.0), 3, 2000)
    assert not silent.bits(0, 2000).any()


def test_phases_take_turns_with_noise_between_within_its_range():
    phases = random_phases(P, 50_000, generator(1, "x"))
    assert phases.pattern[0] == NOISE and phases.n_steps == 50_000
    assert (phases.start[1:] == phases.stop[:-1]).all()
    noise = (phases.stop - phases.start)[phases.pattern == NOISE][:-1]
    assert noise.min() >= 300 and noise.max() <= 500
    shown = phases.pattern[phases.presentations()]
    np.testing.assert_array_equal(shown[:4], [0, 1, 0, 1])


def test_sequences_are_shown_back_to_back_and_noise_may_be_left_out():
    p = with_(pattern_sequences=("0,1", "1"), p_noise=0.0)
    shown = random_phases(p, 5000, generator(1, "x"))
    np.testing.assert_array_equal(shown.pattern[1:7], [0, 1, 1, 0, 1, 1])
    np.testing.assert_array_equal(shown.sequence[1:7], [0, 0, 1, 0, 0, 1])


@pytest.mark.parametrize(
    ("mode", "more", "share"),
    [
        ("random_iterate", {"p_switch": 0.0}, 0.0),
        ("random_iterate", {"p_switch": 1.0}, 0.5),
        ("alternating", {"p_switch": 0.0}, 0.5),
        ("random_independent", {"p_sequence": (0.8, 0.2)}, 0.2),
        ("random_switching", {"p_switch": 0.5}, 0.5),
    ],
)
def test_modes_choose_sequences(mode, more, share):
    p = with_(pattern_mode=mode, **more)
    phases = random_phases(p, 300_000, generator(1, "x"))
    assert phases.pattern[phases.presentations()].mean() == pytest.approx(share, abs=0.06)


def test_one_sequence_cannot_switch():
    p = PatternParams(pattern_mode="random_switching")
    assert set(random_phases(p, 5000, generator(1, "x")).pattern) == {0, NOISE}


def test_treatments_change_what_they_say():
    bits = frozen_patterns(P, 3)[0]
    draws = generator(1, "x")
    np.testing.assert_array_equal(patterns.reverse(bits, draws)[::-1], bits)
    half = patterns.deleted(bits, draws, 0.5)
    assert (half <= bits).all() and half.sum() == pytest.approx(bits.sum() / 2, rel=0.25)
    moved = patterns.jittered(bits, draws, 10.0)
    assert moved.sum() == pytest.approx(bits.sum(), rel=0.1) and (moved != bits).any()
    np.testing.assert_array_equal(patterns.jittered(bits, draws, 0.0), bits)
    mixed = patterns.shuffled(bits, draws)
    np.testing.assert_array_equal(mixed.sum(axis=0), bits.sum(axis=0))
    assert (mixed != bits).any()
    assert (patterns.fresh(bits, draws, P).sum(axis=0) != bits.sum(axis=0)).any()
    for length in (150, 600):
        long = patterns.warped(bits, length)
        assert len(long) == length and set(np.nonzero(long)[1]) == set(np.nonzero(bits)[1])


@pytest.mark.parametrize("shown", ["shuffled", "fresh"])
def test_controls_of_the_training_are_new_at_each_presentation(shown):
    found = training(with_(shown=shown), 3, 5000)
    first, second = found.phases.presentations(0)[:2]
    one, other = found.presentation(first), found.presentation(second)
    assert (one != other).any()
    np.testing.assert_array_equal(found.presentation(first), one)
    same_counts = (one.sum(axis=0) == other.sum(axis=0)).all()
    assert same_counts == (shown == "shuffled")


def test_a_test_shows_each_pattern_as_often_and_leaves_room_after_a_cue():
    shown = patterns.test(P, 3, "cue", 3, cue_ms=100)
    phases = shown.phases
    which = phases.presentations()
    np.testing.assert_array_equal(phases.pattern[which], [0, 1] * 3)
    np.testing.assert_array_equal((phases.stop - phases.start)[which], 100)
    gaps = np.diff(phases.start[which])
    assert gaps[::2].min() >= 300 + patterns.LEAST_GAP  # as if it had been shown to its end
    assert gaps[1::2].min() >= 200 + patterns.LEAST_GAP
    bits = shown.presentation(which[0])[:100]
    np.testing.assert_array_equal(bits, frozen_patterns(P, 3)[0][:100])
    assert phases.n_steps - phases.start[which[-1]] >= 200 + patterns.LEAST_GAP


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"t_noise_min_ms": 600}, "--t-noise-min-ms 600 is larger than --t-noise-max-ms 500"),
        ({"t_pattern_ms": (1, 2, 3)}, "--t-pattern-ms 1 2 3: 3 durations, needed 1 or 2"),
        ({"pattern_sequences": ("0,2",)}, "--pattern-sequences '0,2': numbers from 0 to 1"),
        ({"pattern_sequences": ("",)}, "--pattern-sequences ''"),
        ({"p_sequence": (1.0,)}, "--p-sequence 1: needed 2 weights"),
        ({"p_sequence": (0.0, 0.0)}, "--p-sequence 0 0"),
        ({"time_warp_min": 2.0}, "--time-warp-min 2 is larger than --time-warp-max 1"),
    ],
)
def test_what_does_not_fit_is_named(changes, words):
    assert words in broken(with_(**changes).relations())
