"""Constants, dipole field, rate law, noise along the body."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimuli import flow
from stimuli.flow import (
    StimulusParams,
    add_test_noise,
    apply_rate_mode,
    hydrodynamic_velocity_parallel,
    ll_rates,
    neuromast_positions,
    noise_factor,
)
from tests.stimulus_bench import STIMULUS, field, network

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


def test_the_published_call_fails_instead_of_giving_other_numbers():
    with pytest.raises(TypeError, match="positional"):
        hydrodynamic_velocity_parallel(0.5, 0.0, 0.0, 1.5, 5.0, 0.5)


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


# Noise


def test_noise_factor_is_a_root_of_the_covariance():
    xi = neuromast_positions(100, 4.0)
    factor = noise_factor(xi, 1.0)
    covariance = np.exp(-0.5 * np.subtract.outer(xi, xi) ** 2) + 1e-9 * np.eye(100)
    # Rounding of 100 products of order one.
    assert factor @ factor.T == pytest.approx(covariance, abs=1e-13)


def test_a_covariance_without_root_names_the_correlation_length(monkeypatch):
    monkeypatch.setattr(flow, "CHOLESKY_REGULARISER", -0.1)
    with pytest.raises(ValueError, match="l_noise_cm = 1.0"):
        noise_factor(neuromast_positions(100, 4.0), 1.0)
