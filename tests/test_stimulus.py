"""Dipole field, rate law, noise, held snapshots and sweeps."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stimulus
from stimulus import (
    StimulusParams,
    add_test_noise,
    apply_rate_mode,
    frame_rates,
    hold_steps,
    hydrodynamic_velocity_parallel,
    ll_rates,
    make_test_rates,
    make_test_rates_held_snapshots,
    make_training_rates,
    n_test_steps,
    neuromast_positions,
    noise_factor,
    simulate_lateral_line,
    training_frames,
    training_steps,
)

STIMULUS = StimulusParams()
NO_NOISE = StimulusParams(sigma_noise_hz=0.0)
LL_THESIS = dict(
    n_ll=100,
    dt_s=0.001,
    trial_duration_s=1.2,
    n_training_trials=1000,
    training_position_hold_s=0.05,
    training_noise_scale_early=0.0,
    training_noise_scale_late=0.0,
    training_noise_switch_fraction=0.5,
    training_ordered_sweeps=True,
    training_fixed_distance=False,
    training_bidirectional=False,
    training_distance_min_cm=0.8,
    training_distance_max_cm=0.8,
    speed_cm_s=5.0,
    distance_cm=0.8,
    direction=1.0,
    sphere_radius_cm=0.5,
    ll_rate_mode="raw",
    ll_rate_baseline_subtract_hz=0.0,
    ll_rate_gain=1.0,
    ll_body_length_cm=4.0,
    test_path_cm=5.0,
    test_using_held_snapshots=False,
    test_ll_noise_hz=0.0,
    seed=123,
)
SMALL = dict(n_ll=7, n_training_trials=3, trial_duration_s=0.401, training_position_hold_s=0.02)
"""1203 steps in 61 snapshots, the last one cut to 3 steps; trials end within snapshots."""

RANDOM = dict(
    training_noise_scale_early=0.5,
    training_noise_scale_late=1.0,
    training_ordered_sweeps=False,
    training_distance_max_cm=1.8,
)


def network(**changes):
    """Parameters of the thesis preset with `changes`."""
    unknown = set(changes) - set(LL_THESIS)
    assert not unknown, unknown
    return SimpleNamespace(**LL_THESIS | changes)


def whole_training(params, constants=STIMULUS):
    return training_frames(params, constants, 0, training_steps(params))


def field(dx_cm, d_cm, direction=1.0, **more):
    return hydrodynamic_velocity_parallel(dx_cm, 0.0, d_cm, 5.0, direction, 0.5, **more)


# Constants


@pytest.mark.parametrize(
    "wrong",
    [{"r0_hz": -1}, {"tau_noise_s": 0}, {"A_per_cm": float("nan")}, {"rmax_hz": float("inf")}],
)
def test_a_constant_out_of_bounds_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StimulusParams(**wrong)


def test_a_misspelt_constant_is_an_error():
    with pytest.raises(ValueError, match="r0_Hz"):
        StimulusParams(r0_Hz=40)


# Field

WORKED = [  # dx (cm), D (cm), v (cm/s), rate (Hz): U = 5 cm/s, R = 0.5 cm, e_X = +1
    (0, 0.8, 0.610351562, 200),
    (0.4, 0.8, 0.174692811, 92.407843),
    (0.565685, 0.8, 0, 40),
    (0.8, 0.8, -0.107895932, 7.631220),
    (0.979796, 0.8, -0.123526471, 2.942059),
    (2.0, 0.8, -0.049594428, 25.121672),
    (0, 1.5, 0.092592593, 67.777778),
    (0.5, 1.5, 0.055339859, 56.601958),
    (0, 0.2, 39.0625, 200),
]


@pytest.mark.parametrize(("dx", "d", "velocity", "rate"), WORKED)
def test_field_and_rate_have_the_worked_values(dx, d, velocity, rate):
    # The table gives nine decimals, and dx = 0.565685 (a zero) to six: slope 0.7 per s.
    tolerance = 1e-6 if velocity == 0 else 1e-9
    assert field(dx, d) == pytest.approx(velocity, abs=tolerance)
    assert field(dx, d, -1.0) == -field(dx, d)
    assert ll_rates(field(dx, d), None, STIMULUS) == pytest.approx(rate, abs=3e-4)


@given(d=st.floats(0.1, 5.0))
def test_field_vanishes_at_d_over_root_two_and_is_lowest_at_root_one_and_a_half_d(d):
    peak = field(0.0, d)
    assert abs(field(d / np.sqrt(2), d)) < 1e-12 * peak
    lowest = d * np.sqrt(1.5)
    assert field(lowest, d) < min(field(0.99 * lowest, d), field(1.01 * lowest, d))


def test_field_is_the_gradient_of_its_potential():
    """Any direction and sensing axis, against central differences of the potential."""
    x, y, d, step = 0.3, 0.1, 0.9, 1e-5
    e, s = (0.6, 0.8), (np.cos(0.4), np.sin(0.4))

    def potential(px, py):
        dx, dy = px, py - d
        return 0.5 * 0.5**3 * 5.0 * (e[0] * dx + e[1] * dy) / (dx**2 + dy**2) ** 1.5

    slope_x = (potential(x + step, y) - potential(x - step, y)) / (2 * step)
    slope_y = (potential(x, y + step) - potential(x, y - step)) / (2 * step)
    velocity = field(x, d, e[0], direction_y=e[1], body_y_cm=y, sensing_axis=s)
    # Central differences are off by the order of step**2; the slopes are of order one.
    assert velocity == pytest.approx(slope_x * s[0] + slope_y * s[1], abs=1e-8)


def test_field_on_the_source_itself_is_finite():
    assert np.isfinite(field(np.array([0.0, 1e-6]), 0.0)).all()


def test_afferents_are_equispaced_with_both_ends():
    xi = neuromast_positions(100, 4.0)
    assert (xi[0], xi[-1]) == (0.0, 4.0)
    assert np.diff(xi) == pytest.approx(np.full(99, 4 / 99))
    assert neuromast_positions(1, 4.0).tolist() == [0.0]


def test_seven_afferents_saturate_under_a_source_at_mid_body():
    """Source over an afferent next to the middle; midway between two of them there are six."""
    xi = neuromast_positions(100, 4.0)
    rates = ll_rates(field(xi - xi[50], 0.8), None, STIMULUS)
    assert np.flatnonzero(rates == 200).tolist() == [47, 48, 49, 50, 51, 52, 53]


# Rate law


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_rates_lie_between_zero_and_the_ceiling(velocity, noise):
    assert 0 <= ll_rates(velocity, noise, STIMULUS) <= 200


def test_noise_adds_within_the_clip():
    assert ll_rates(0.1, 5.0, STIMULUS) == pytest.approx(75.0)


def test_extra_test_noise_may_exceed_the_ceiling_but_not_fall_below_zero():
    assert add_test_noise([200.0, 3.0], [10.0, -10.0]).tolist() == [210.0, 0.0]


def test_rate_mode_subtracts_baseline_then_applies_gain():
    rates = np.array([0.0, 45.0, 100.0])

    def moded(**changes):
        return apply_rate_mode(rates, network(**changes), STIMULUS).tolist()

    assert moded() == rates.tolist()
    assert moded(ll_rate_baseline_subtract_hz=10.0, ll_rate_gain=2.0) == [0.0, 70.0, 180.0]
    assert moded(ll_rate_mode="modulation") == [0.0, 5.0, 60.0]
    assert moded(ll_rate_mode="modulation", ll_rate_baseline_subtract_hz=4.0) == [0.0, 1.0, 56.0]
    assert moded(ll_rate_baseline_subtract_hz=-5.0, ll_rate_gain=-1.0) == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="ll_rate_mode = 'loud'.*raw.*modulation"):
        moded(ll_rate_mode="loud")


def test_rate_mode_applies_to_training_and_test():
    doubled = network(n_training_trials=1, ll_rate_gain=2.0)
    plain = network(n_training_trials=1)
    assert np.array_equal(make_training_rates(doubled)[0], 2 * make_training_rates(plain)[0])
    for make in (make_test_rates, make_test_rates_held_snapshots):
        assert np.array_equal(make(doubled)["rates_hz"], 2 * make(plain)["rates_hz"])


# Noise


def test_noise_factor_is_a_root_of_the_covariance():
    xi = neuromast_positions(100, 4.0)
    factor = noise_factor(xi, 1.0)
    covariance = np.exp(-0.5 * np.subtract.outer(xi, xi) ** 2) + 1e-9 * np.eye(100)
    # Rounding of 100 products of order one.
    assert factor @ factor.T == pytest.approx(covariance, abs=1e-13)


def test_a_covariance_without_root_names_the_correlation_length(monkeypatch):
    monkeypatch.setattr(stimulus, "CHOLESKY_REGULARISER", -0.1)
    with pytest.raises(ValueError, match="l_noise_cm = 1.0"):
        noise_factor(neuromast_positions(100, 4.0), 1.0)


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


def independent_sweep_noise(n_ll, dt_s, duration_s):
    """Sweep noise of afferents further apart than it is correlated."""
    params = network(n_ll=n_ll, dt_s=dt_s, test_path_cm=5.0 * duration_s)
    return make_test_rates(params, StimulusParams(l_noise_cm=1e-3))["eta_hz"]


def test_sweep_noise_begins_quiet():
    eta = independent_sweep_noise(n_ll=500, dt_s=0.001, duration_s=0.6)
    # SD over 500 afferents: relative error 1/sqrt(1000) = 3.2 %; 5 of these.
    share = 0.001 / 0.1
    assert eta[0].std() == pytest.approx(10 * np.sqrt(2 * share), rel=0.16)
    # After six correlation times the start is forgotten to exp(-12).
    assert eta[-1].std() == pytest.approx(10.025, rel=0.16)


def test_sweep_noise_has_the_stationary_sd_and_correlation_of_the_recursion():
    # A coarse step sets the recursion (SD 1.1547 sigma) apart from the exact process (sigma).
    eta = independent_sweep_noise(n_ll=20, dt_s=0.05, duration_s=500.0)[20:]
    # 200 000 values, correlation 0.5 per step: SD known to 0.2 %, correlation to 0.002; 5 SD.
    assert eta.std() == pytest.approx(10 / np.sqrt(1 - 0.05 / 0.2), rel=0.01)
    assert (eta[1:] * eta[:-1]).mean() / eta.var() == pytest.approx(0.5, abs=0.01)
    assert 1 / np.sqrt(1 - 0.001 / 0.2) == pytest.approx(1.0025, abs=5e-5)  # thesis step


def test_sweep_noise_shorter_than_a_step_is_an_error():
    with pytest.raises(ValueError, match="tau_noise_s = 0.0005.*dt_s = 0.001"):
        make_test_rates(network(), StimulusParams(tau_noise_s=0.0005))


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

    monkeypatch.setattr(stimulus, "generator", refuse)
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


def test_whole_training_agrees_with_its_frames():
    params = network(**SMALL | RANDOM)
    rates, samples, x_trace = make_training_rates(params)
    frames = whole_training(params)
    assert rates.shape == (1203, 7)
    assert x_trace.shape == (1203,)
    assert np.array_equal(rates[::20], frame_rates(frames, params, STIMULUS))
    assert np.array_equal(rates[:-3], np.repeat(rates[:-3:20], 20, axis=0))
    assert [s["X_cm"] for s in samples] == x_trace[::20].tolist() == frames.x_cm.tolist()
    assert [s["D_cm"] for s in samples] == frames.d_cm.tolist()
    assert list(samples[-1]) == ["X_cm", "D_cm", "direction", "t_start_s", "t_end_s"]
    assert samples[1]["t_start_s"] == samples[0]["t_end_s"] == pytest.approx(0.02)
    assert (samples[-1]["t_start_s"], samples[-1]["t_end_s"]) == pytest.approx((1.2, 1.203))


def test_training_rate_follows_the_law():
    """Field, noise and clip of one snapshot, put together by hand."""
    params = network(**SMALL | RANDOM)
    frames = whole_training(params)
    k = 11
    velocity = field(neuromast_positions(7, 4.0) - frames.x_cm[k], frames.d_cm[k])
    expected = np.clip(40 + 300 * velocity + frames.eta_hz[k], 0, 200)
    assert frame_rates(frames, params, STIMULUS)[k] == pytest.approx(expected, rel=1e-12)


def test_radius_and_length_of_the_network_override_those_of_the_stimulus():
    odd = StimulusParams(sphere_radius_cm=9.0, lateral_line_length_cm=9.0)
    params = network(n_training_trials=1)
    assert np.array_equal(make_training_rates(params, odd)[0], make_training_rates(params)[0])
    assert np.array_equal(
        make_test_rates(params, odd)["rates_hz"], make_test_rates(params)["rates_hz"]
    )
    longer = make_test_rates(network(ll_body_length_cm=7.0, sphere_radius_cm=0.25))
    assert longer["xi_cm"][-1] == 7.0
    velocity = hydrodynamic_velocity_parallel(0.0, -0.5, 0.8, 5.0, 1.0, 0.25)
    assert longer["v_cm_s"][0, 0] == pytest.approx(velocity)


def test_no_trials_give_empty_arrays():
    rates, samples, x_trace = make_training_rates(network(n_training_trials=0, **RANDOM))
    assert rates.shape == (0, 100)
    assert samples == []
    assert x_trace.shape == (0,)


MEAN_RATES_HZ = [  # D (cm), over the training positions, over the test path
    (0.2, 21.97, 21.51),
    (0.4, 34.64, 32.29),
    (0.6, 44.11, 40.96),
    (0.8, 50.54, 47.09),
    (1.0, 48.73, 46.36),
    (1.2, 46.85, 45.20),
    (1.5, 44.99, 43.94),
    (2.0, 43.20, 42.64),
    (2.5, 42.18, 41.85),
    (3.0, 41.55, 41.34),
]


@pytest.mark.parametrize(("d", "in_training", "in_test"), MEAN_RATES_HZ)
def test_mean_rates_without_noise_are_the_tabulated_ones(d, in_training, in_test):
    params = network(distance_cm=d, training_distance_min_cm=d, training_distance_max_cm=d)
    one_pass = training_frames(params, NO_NOISE, 0, 100 * 50)
    training_rates = frame_rates(one_pass, params, NO_NOISE)
    test_rates = make_test_rates(params, NO_NOISE)["rates_hz"]
    # Tabulated to 0.01 Hz, by way of 0.001 Hz (50.5346 -> 50.535 -> 50.54): 0.005 + 0.0005.
    assert training_rates.mean() == pytest.approx(in_training, abs=0.00551)
    assert test_rates.mean() == pytest.approx(in_test, abs=0.00551)


# Test


def test_thesis_sweep_runs_past_both_ends():
    sweep = make_test_rates(network())
    assert n_test_steps(network()) == len(sweep["t_s"]) == 1000
    assert sweep["X_cm"][[0, -1]] == pytest.approx([-0.5, 4.495])
    assert np.diff(sweep["X_cm"]) == pytest.approx(np.full(999, 0.005))
    assert (sweep["Y_cm"] == 0.8).all()
    assert (sweep["U_cm_s"], sweep["D_cm"], sweep["direction"]) == (5.0, 0.8, 1.0)


def test_backward_sweep_mirrors_the_forward_one():
    forward = make_test_rates(network(direction=0.0), NO_NOISE)
    backward = make_test_rates(network(direction=-3.0), NO_NOISE)
    assert (forward["direction"], backward["direction"]) == (1.0, -1.0)
    assert backward["X_cm"][[0, -1]] == pytest.approx([4.5, -0.495])
    assert backward["v_cm_s"] == pytest.approx(-forward["v_cm_s"][:, ::-1], abs=1e-12)


def test_fast_sweep_leaves_the_last_half_centimetre_out():
    x = make_test_rates(network(test_path_cm=4.0))["X_cm"]
    assert len(x) == 800
    assert x[-1] == pytest.approx(3.495)


def test_sweep_rates_are_field_plus_noise():
    sweep = make_test_rates(network())
    expected = np.clip(40 + 300 * sweep["v_cm_s"] + sweep["eta_hz"], 0, 200)
    assert sweep["rates_hz"] == pytest.approx(expected)
    assert sweep["eta_hz"].any()
    frames = stimulus.test_frames(network(), STIMULUS)
    assert (frames.first_step, frames.frame_steps, frames.n_frames) == (0, 1, 1000)
    assert frames.zeta_hz is None
    assert np.array_equal(frame_rates(frames, network(), STIMULUS), sweep["rates_hz"])
    assert stimulus.test_frames(network(), NO_NOISE).eta_hz is None


def test_held_test_visits_every_position_once():
    params = network(test_using_held_snapshots=True)
    frames = stimulus.test_frames(params, STIMULUS)
    assert n_test_steps(params) == 5000
    assert (frames.first_step, frames.frame_steps, frames.n_frames) == (0, 50, 100)
    assert np.array_equal(frames.x_cm, neuromast_positions(100, 4.0))
    assert (frames.d_cm == 0.8).all()
    table = make_test_rates_held_snapshots(network())
    assert np.array_equal(table["X_cm"], np.repeat(frames.x_cm, 50))
    assert list(table) == list(make_test_rates(network())) == list(simulate_lateral_line())
    per_frame = frame_rates(frames, params, STIMULUS)
    assert np.array_equal(table["rates_hz"], np.repeat(per_frame, 50, axis=0))


def test_held_test_and_training_share_rules_but_no_random_numbers():
    params = network(**RANDOM, test_using_held_snapshots=True)
    test = stimulus.test_frames(params, STIMULUS)
    training = training_frames(params, STIMULUS, 0, 5000)
    assert np.array_equal(np.sort(test.x_cm), np.sort(training.x_cm))
    for name in ("x_cm", "d_cm", "eta_hz"):
        assert not np.array_equal(getattr(test, name), getattr(training, name)), name
    # The switch is measured within the test: factor 0.5 in its first half, 1 in its second.
    # 50 snapshots of 100 correlated afferents: some 5 independent values each, so SDs are
    # known to about 5 %, and a ratio of two is far from 1.
    assert test.eta_hz[50:].std() / test.eta_hz[:50].std() > 1.5


@pytest.mark.parametrize("held", [False, True])
def test_extra_test_noise_is_white_and_beyond_the_ceiling(held):
    params = network(test_using_held_snapshots=held, test_ll_noise_hz=30.0)
    quiet = network(test_using_held_snapshots=held)
    frames = stimulus.test_frames(params, STIMULUS)
    assert frames.frame_steps == 1
    assert frames.zeta_hz.shape == (n_test_steps(params), 100)
    # 100 000 values or more: SD known to 0.22 %, correlations to 0.3 %; 5 SD.
    assert frames.zeta_hz.std() == pytest.approx(30, rel=0.012)
    for product in (
        frames.zeta_hz[1:] * frames.zeta_hz[:-1],
        frames.zeta_hz[:, 1:] * frames.zeta_hz[:, :-1],
    ):
        assert abs(product.mean()) < 0.016 * 900
    rates = frame_rates(frames, params, STIMULUS)
    assert rates.min() == 0
    assert rates.max() > 200
    without = stimulus.test_frames(quiet, STIMULUS).per_step(n_test_steps(quiet))
    before = frame_rates(without, quiet, STIMULUS)
    assert np.array_equal(rates, np.maximum(0, before + frames.zeta_hz))


# Random streams


def random_parts(**changes):
    """Everything random that these parameters lead to."""
    params = network(**SMALL | RANDOM | dict(test_ll_noise_hz=5.0) | changes)
    training, test = whole_training(params), stimulus.test_frames(params, STIMULUS)
    return {
        "order": training.x_cm,
        "distance": training.d_cm,
        "training noise": training.eta_hz,
        "sweep noise": test.eta_hz,
        "extra noise": test.zeta_hz,
    }


def test_a_seed_fixes_everything_and_another_changes_everything():
    first, again, other = random_parts(), random_parts(), random_parts(seed=124)
    for name, values in first.items():
        assert np.array_equal(values, again[name]), name
        assert not np.array_equal(values, other[name]), name


def test_one_source_of_chance_leaves_the_others_alone():
    first = random_parts()
    for changes, changed in [
        ({"test_ll_noise_hz": 6.0}, {"extra noise"}),
        ({"training_ordered_sweeps": True}, {"order"}),
        ({"training_distance_max_cm": 1.9}, {"distance"}),
        ({"training_noise_scale_late": 2.0}, {"training noise"}),
    ]:
        now = random_parts(**changes)
        differing = {name for name in first if not np.array_equal(first[name], now[name])}
        assert differing == changed


# Stand-alone sweep


def test_stand_alone_sweep_has_its_own_defaults():
    sweep = simulate_lateral_line()
    assert sweep["rates_hz"].shape == sweep["v_cm_s"].shape == (1200, 20)
    assert sweep["X_cm"][0] == (-1.0 if sweep["direction"] > 0 else 5.0)
    assert np.diff(sweep["X_cm"]) == pytest.approx(sweep["direction"] * sweep["U_cm_s"] * 0.001)
    assert (sweep["rates_hz"] >= 0).all()
    assert np.array_equal(sweep["rates_hz"], simulate_lateral_line(seed=0)["rates_hz"])


def test_stand_alone_sweep_uses_what_is_given():
    sweep = simulate_lateral_line(0.5, 10, speed_cm_s=2.0, distance_cm=0.7, direction=-1, seed=3)
    assert (sweep["U_cm_s"], sweep["D_cm"], sweep["direction"]) == (2.0, 0.7, -1.0)
    assert sweep["rates_hz"].shape == (500, 10)
    drawn = simulate_lateral_line(0.5, 10, seed=3)
    assert np.array_equal(sweep["eta_hz"], drawn["eta_hz"])


def test_stand_alone_sweep_draws_speed_distance_and_direction():
    sweeps = [simulate_lateral_line(0.002, 2, seed=seed) for seed in range(400)]
    speed, distance, direction = (
        np.array([sweep[name] for sweep in sweeps]) for name in ("U_cm_s", "D_cm", "direction")
    )
    # 400 draws: the mean is known to SD/20, the SD to SD/28; 5 of these.
    assert speed.mean() == pytest.approx(5, abs=5 / 20)
    assert speed.std() == pytest.approx(1, abs=5 / 28)
    assert distance.mean() == pytest.approx(1.5, abs=5 * 0.6 / 20)
    assert distance.std() == pytest.approx(0.6, abs=5 * 0.6 / 28)
    assert direction.mean() == pytest.approx(0, abs=5 / 20)
    assert speed.min() >= 0.1
    assert distance.min() > 0
