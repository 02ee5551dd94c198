"""Whole arrays of training and test, and the sweep without a network."""

import numpy as np
import pytest

from stimuli.flow import StimulusParams, hydrodynamic_velocity_parallel
from stimuli.frames import frame_rates, training_frames
from stimuli.tables import (
    make_test_rates,
    make_test_rates_held_snapshots,
    make_training_rates,
    simulate_lateral_line,
)
from tests.stimulus_bench import NO_NOISE, RANDOM, SMALL, STIMULUS, network, whole_training

# Training and test


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


def test_rate_mode_applies_to_training_and_test():
    doubled = network(n_training_trials=1, ll_rate_gain=2.0)
    plain = network(n_training_trials=1)
    assert np.array_equal(make_training_rates(doubled)[0], 2 * make_training_rates(plain)[0])
    for make in (make_test_rates, make_test_rates_held_snapshots):
        assert np.array_equal(make(doubled)["rates_hz"], 2 * make(plain)["rates_hz"])


def test_radius_and_length_of_the_network_override_those_of_the_stimulus():
    odd = StimulusParams(sphere_radius_cm=9.0, lateral_line_length_cm=9.0)
    params = network(n_training_trials=1)
    assert np.array_equal(make_training_rates(params, odd)[0], make_training_rates(params)[0])
    assert np.array_equal(
        make_test_rates(params, odd)["rates_hz"], make_test_rates(params)["rates_hz"]
    )
    longer = make_test_rates(network(ll_body_length_cm=7.0, sphere_radius_cm=0.25))
    assert longer["xi_cm"][-1] == 7.0
    velocity = hydrodynamic_velocity_parallel(
        xi_cm=0.0, x_cm=-0.5, d_cm=0.8, speed_cm_s=5.0, direction=1.0, radius_cm=0.25
    )
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


# Stand-alone sweep


def test_stand_alone_sweep_has_its_own_defaults():
    sweep = simulate_lateral_line()
    assert sweep["rates_hz"].shape == sweep["v_cm_s"].shape == (1200, 20)
    assert sweep["X_cm"][0] == (-1.0 if sweep["direction"] > 0 else 5.0)
    assert np.diff(sweep["X_cm"]) == pytest.approx(sweep["direction"] * sweep["U_cm_s"] * 0.001)
    assert (sweep["rates_hz"] >= 0).all()
    assert np.array_equal(sweep["rates_hz"], simulate_lateral_line(seed=0)["rates_hz"])


def test_stand_alone_sweep_uses_what_is_given():
    sweep = simulate_lateral_line(
        duration_s=0.5, n_ll=10, speed_cm_s=2.0, distance_cm=0.7, direction=-1, seed=3
    )
    assert (sweep["U_cm_s"], sweep["D_cm"], sweep["direction"]) == (2.0, 0.7, -1.0)
    assert sweep["rates_hz"].shape == (500, 10)
    drawn = simulate_lateral_line(duration_s=0.5, n_ll=10, seed=3)
    assert np.array_equal(sweep["eta_hz"], drawn["eta_hz"])


def test_stand_alone_sweep_draws_speed_distance_and_direction():
    sweeps = [simulate_lateral_line(duration_s=0.002, n_ll=2, seed=seed) for seed in range(400)]
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
