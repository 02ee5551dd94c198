"""Frames, and the held snapshots of the training."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimuli import frames as frames_module
from stimuli.flow import StimulusParams, neuromast_positions
from stimuli.frames import (
    frame_rates,
    hold_steps,
    training_frames,
    training_positions,
    training_steps,
)
from tests.stimulus_bench import RANDOM, SMALL, STIMULUS, field, network, whole_training

# Frames


def test_frame_of_counts_from_the_first_step_and_refuses_steps_outside():
    frames = training_frames(network(), STIMULUS, 1230, 100)
    assert (frames.first_step, frames.frame_steps, frames.n_frames) == (1200, 50, 3)
    assert frames.frame_of([1200, 1249, 1250, 1349]).tolist() == [0, 0, 1, 2]
    for outside in (1199, 1350):
        with pytest.raises(ValueError, match=r"\[1200, 1350\)"):
            frames.frame_of(outside)


def test_per_step_gives_one_frame_a_step():
    frames = training_frames(network(**RANDOM), STIMULUS, 0, 1000)
    steps = frames.per_step(120, from_step=40)
    assert (steps.first_step, steps.frame_steps, steps.n_frames) == (40, 1, 120)
    frame = np.arange(40, 160) // 50
    for name in ("x_cm", "d_cm", "direction", "eta_hz"):
        assert np.array_equal(getattr(steps, name), getattr(frames, name)[frame])


# Training


def test_thesis_training_has_24_snapshots_a_trial():
    params = network()
    assert training_steps(params) == 1_200_000
    assert hold_steps(params) == 50
    assert training_frames(params, STIMULUS, 1200, 1200).n_frames == 24
    assert hold_steps(network(training_position_hold_s=1e-4)) == 1


def test_ordered_passes_hold_both_ends_twice_in_a_row():
    xi = neuromast_positions(100, 4.0)
    x = training_frames(network(), STIMULUS, 0, 400 * 50).x_cm
    assert np.array_equal(x, np.concatenate([xi, xi[::-1], xi, xi[::-1]]))
    assert x[99] == x[100] == 4.0
    assert x[199] == x[200] == 0.0


def test_shuffled_passes_visit_every_position_once_in_a_fresh_order():
    params = network(training_ordered_sweeps=False)
    xi = neuromast_positions(100, 4.0)
    passes = training_frames(params, STIMULUS, 0, 300 * 50).x_cm.reshape(3, 100)
    assert np.array_equal(np.sort(passes, axis=1), np.tile(xi, (3, 1)))
    assert not np.array_equal(passes[0], passes[1])
    assert not np.array_equal(passes[0], xi)


ON_THE_PATH = dict(training_positions="path", training_position_hold_s=0.01)


def test_a_path_begins_and_ends_half_a_centimetre_beyond_the_body():
    """100 afferents lie 4/99 cm apart; 5 cm have 123.75 such spaces, so 124."""
    held_cm = training_positions(network(training_positions="path"))
    assert (held_cm[0], held_cm[-1], held_cm.size) == (-0.5, 4.5, 125)
    assert np.diff(held_cm) == pytest.approx(np.full(124, 5 / 124))
    assert np.diff(held_cm).mean() == pytest.approx(4 / 99, rel=0.5 / 124)
    on_body = training_positions(network())
    assert np.array_equal(on_body, neuromast_positions(100, 4.0))


@pytest.mark.parametrize(("n_ll", "n_held"), [(1, 3), (2, 2), (5, 6), (9, 11), (41, 51)])
def test_few_afferents_have_a_path_too(n_ll, n_held):
    held_cm = training_positions(network(n_ll=n_ll, training_positions="path"))
    assert held_cm.size == n_held
    ends = neuromast_positions(n_ll, 4.0)[[0, -1]] + [-0.5, 0.5]
    assert np.array_equal(held_cm[[0, -1]], ends)


def test_ordered_passes_go_along_the_path_and_back():
    params = network(**ON_THE_PATH)
    held_cm = training_positions(params)
    x = training_frames(params, STIMULUS, 0, 3 * 125 * 10).x_cm
    assert np.array_equal(x, np.concatenate([held_cm, held_cm[::-1], held_cm]))


def test_shuffled_passes_visit_every_place_of_the_path_once():
    params = network(**ON_THE_PATH, training_ordered_sweeps=False)
    passes = training_frames(params, STIMULUS, 0, 3 * 125 * 10).x_cm.reshape(3, 125)
    assert np.array_equal(np.sort(passes, axis=1), np.tile(training_positions(params), (3, 1)))
    assert not np.array_equal(passes[0], passes[1])


@pytest.mark.parametrize("ordered", [True, False])
def test_pieces_of_a_training_on_the_path_are_the_same_however_it_is_cut(ordered):
    params = network(**SMALL | RANDOM | dict(training_positions="path"))
    params.training_ordered_sweeps = ordered
    whole = whole_training(params)
    for n_steps in (1, 20, 33, 401):
        for first in range(0, 1203, n_steps)[:40]:
            piece = training_frames(params, STIMULUS, first, min(n_steps, 1203 - first))
            start = piece.first_step // 20
            for name in ("x_cm", "d_cm", "eta_hz"):
                cut = getattr(whole, name)[start : start + piece.n_frames]
                assert np.array_equal(getattr(piece, name), cut), name


def test_the_path_moves_the_source_and_nothing_else():
    body, path = (
        whole_training(network(**SMALL | RANDOM | dict(training_positions=where)))
        for where in ("body", "path")
    )
    for name in ("d_cm", "eta_hz", "direction"):
        assert np.array_equal(getattr(body, name), getattr(path, name)), name
    assert not np.array_equal(body.x_cm, path.x_cm)


def test_direction_alternates_only_in_bidirectional_training():
    one_way = training_frames(network(direction=-1.0), STIMULUS, 0, 1200)
    assert (one_way.direction == 1).all()
    both = network(training_bidirectional=True)
    assert training_frames(both, STIMULUS, 50, 200).direction.tolist() == [-1, 1, -1, 1]


def test_equal_bounds_are_exactly_the_distance():
    params = network(training_distance_min_cm=1.1, training_distance_max_cm=1.1)
    assert (training_frames(params, STIMULUS, 0, 1200).d_cm == 1.1).all()


def test_fixed_distance_ignores_the_bounds():
    params = network(training_fixed_distance=True, training_distance_min_cm=0.2)
    assert (training_frames(params, STIMULUS, 0, 1200).d_cm == 1.5).all()
    nearer = StimulusParams(mu_distance_cm=1.2)
    assert (training_frames(params, nearer, 0, 1200).d_cm == 1.2).all()


def test_distance_between_two_bounds_is_uniform_and_new_for_every_snapshot():
    d = training_frames(network(training_distance_max_cm=1.8), STIMULUS, 0, 2000 * 50).d_cm
    assert len(np.unique(d)) == 2000
    assert 0.8 <= d.min() < 0.81
    assert 1.79 < d.max() < 1.8  # at 2000 draws, a gap of 1 % at an end has chance 2e-9
    # SD of the mean of 2000 uniform numbers on an interval of 1 cm: 0.0065 cm; 5 SD.
    assert d.mean() == pytest.approx(1.3, abs=0.033)


@pytest.mark.parametrize(("low", "high"), [(1.4, None), (None, 1.6)])
def test_distance_with_one_bound_is_normal_and_pushed_onto_the_bound(low, high):
    params = network(training_distance_min_cm=low, training_distance_max_cm=high)
    d = training_frames(params, STIMULUS, 0, 2000 * 50).d_cm
    bound, inside = (low, d > 1.4) if high is None else (high, d < 1.6)
    assert (inside | (d == bound)).all()
    # P(N(1.5, 0.6) < 1.4) = P(N > 1.6) = 0.434, with an SD of 0.011 in 2000 draws; 5 SD.
    assert np.mean(d == bound) == pytest.approx(0.434, abs=0.055)
    assert (d > 0).all()


def test_distances_out_of_order_are_an_error():
    params = network(training_distance_min_cm=1.8)
    with pytest.raises(ValueError, match="training_distance_min_cm = 1.8.*max_cm = 0.8"):
        training_frames(params, STIMULUS, 0, 1200)


def test_steps_outside_the_training_are_an_error():
    with pytest.raises(ValueError, match="n_steps = 2.*1200000 steps"):
        training_frames(network(), STIMULUS, 1_199_999, 2)
    with pytest.raises(ValueError, match="first_step = -1"):
        training_frames(network(), STIMULUS, -1, 2)


def test_noise_factor_changes_at_the_first_snapshot_past_the_fraction():
    # 1000 steps in 100 snapshots. Snapshot 50 starts at 500/999 = 0.5005005 of the training,
    # past the switch; 500/1000 would still be before it.
    params = network(
        n_training_trials=1,
        trial_duration_s=1.0,
        training_position_hold_s=0.01,
        training_noise_scale_late=1.0,
        training_noise_switch_fraction=0.5005,
    )
    is_noisy = whole_training(params).eta_hz.any(axis=1)
    assert np.flatnonzero(is_noisy).tolist() == list(range(50, 100))
    assert training_frames(params, STIMULUS, 0, 500).eta_hz is None
    assert training_frames(params, STIMULUS, 500, 500).eta_hz is not None
    params.training_noise_scale_early, params.training_noise_scale_late = 1.0, 0.0
    is_noisy = whole_training(params).eta_hz.any(axis=1)
    assert np.flatnonzero(is_noisy).tolist() == list(range(50))


def test_noise_grows_with_its_factor_alone():
    once, thrice = (
        whole_training(network(**SMALL, training_noise_scale_early=factor)) for factor in (1.0, 3.0)
    )
    assert once.eta_hz.any()
    assert thrice.eta_hz == pytest.approx(3 * once.eta_hz, rel=1e-12)


def test_training_without_chance_draws_nothing(monkeypatch):
    def refuse(*_):
        raise AssertionError("a random number was asked for")

    monkeypatch.setattr(frames_module, "generator", refuse)
    frames = training_frames(network(), STIMULUS, 0, 12_000)
    assert frames.n_frames == 240
    assert frames.eta_hz is None
    assert frames.zeta_hz is None


@settings(max_examples=30, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 1202), max_size=6, unique=True),
    one_bound=st.booleans(),
    ordered=st.booleans(),
)
def test_training_does_not_depend_on_how_it_is_cut(cuts, one_bound, ordered):
    changes = SMALL | RANDOM | dict(training_bidirectional=True, training_ordered_sweeps=ordered)
    if one_bound:
        changes |= dict(training_distance_max_cm=None)
    params = network(**changes)
    whole = whole_training(params).per_step(1203)
    edges = [0, *sorted(cuts), 1203]
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        piece = training_frames(params, STIMULUS, first, last - first).per_step(last - first, first)
        for name in ("x_cm", "d_cm", "direction", "eta_hz"):
            assert np.array_equal(getattr(piece, name), getattr(whole, name)[first:last]), name


def test_training_rate_follows_the_law():
    """Field, noise and clip of one snapshot, put together by hand."""
    params = network(**SMALL | RANDOM)
    frames = whole_training(params)
    k = 11
    velocity = field(neuromast_positions(7, 4.0) - frames.x_cm[k], frames.d_cm[k])
    expected = np.clip(40 + 300 * velocity + frames.eta_hz[k], 0, 200)
    assert frame_rates(frames, params, STIMULUS)[k] == pytest.approx(expected, rel=1e-12)


def test_snapshot_noise_has_the_stated_covariance():
    params = network(
        n_ll=9,
        n_training_trials=200,
        trial_duration_s=1.0,
        training_noise_scale_early=2.0,
        training_noise_scale_late=2.0,
    )
    eta = whole_training(params).eta_hz
    n = len(eta)
    assert n == 4000
    xi = neuromast_positions(9, 4.0)
    covariance = 20.0**2 * np.exp(-0.5 * np.subtract.outer(xi, xi) ** 2)
    # An entry of the sample covariance has an SD of at most variance*sqrt(2/n), 2.2 %; 5 SD.
    assert eta.T @ eta / n == pytest.approx(covariance, abs=5 * 400 * np.sqrt(2 / n))
    # Snapshots are independent: the product of neighbours averages to zero.
    assert np.abs((eta[1:] * eta[:-1]).mean(axis=0)).max() < 5 * 400 / np.sqrt(n)
