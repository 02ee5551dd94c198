"""Statistics over seeds, against textbook values and their own symmetries."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver.experiment.statistics import estimate, mean_sd, paired

NUMBERS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 6)), min_size=2, max_size=9)


@pytest.mark.parametrize("n, critical", [(3, 4.302652729911275), (11, 2.2281388519649385)])
def test_the_interval_is_that_of_student(n, critical):
    """Critical values of a table, for n - 1 degrees of freedom."""
    e = estimate(list(range(n)))
    assert (e.mean, e.n, e.method) == ((n - 1) / 2, n, "t")
    half = critical * np.std(range(n), ddof=1) / math.sqrt(n)
    assert (e.low, e.high) == pytest.approx((e.mean - half, e.mean + half))


def test_equal_values_have_an_interval_of_no_width():
    """Also where their mean is rounded to another number."""
    for n in (5, 11, 60):
        e = estimate([0.998] * n)
        assert e.sd == 0 and e.low == e.high == pytest.approx(0.998)


def test_what_is_undefined_is_counted_and_not_averaged():
    e = estimate([None, 1.0, math.nan, 3.0])
    assert (e.mean, e.n, e.n_undefined) == (2.0, 2, 2)


@pytest.mark.parametrize("values, mean", [([], None), ([None], None), ([2.0, None], 2.0)])
def test_fewer_than_two_values_have_no_interval(values, mean):
    e = estimate(values)
    assert math.isnan(e.mean) if mean is None else e.mean == mean
    assert math.isnan(e.low) and math.isnan(e.high) and math.isnan(e.sd) and e.method == "none"


def lognormal(rng, sigma, n):
    """With mean 1."""
    return rng.lognormal(-(sigma**2) / 2, sigma, n)


def with_outliers(rng, n):
    """1 in 10 at three times the value, mean 1.2."""
    return rng.normal(1, 0.2, n) * np.where(rng.random(n) < 0.1, 3, 1)


SAMPLES = {  # sample of n, its true mean, bounds of the coverage
    "normal": (lambda rng, n: rng.normal(1, 2, n), 1, (0.93, 0.97)),
    "lognormal 0.5": (lambda rng, n: lognormal(rng, 0.5, n), 1, (0.89, 0.97)),
    "lognormal 0.8": (lambda rng, n: lognormal(rng, 0.8, n), 1, (0.84, 0.97)),
    "outliers": (with_outliers, 1.2, (0.68, 0.97)),
    "pairs": (lambda rng, n: lognormal(rng, 0.5, n) - lognormal(rng, 0.5, n), 0, (0.93, 0.98)),
}


@pytest.mark.parametrize("n", [5, 10, 20])
@pytest.mark.parametrize("kind", SAMPLES)
def test_the_interval_holds_the_mean_as_often_as_is_said(kind, n):
    """As in the table of the module; bounds are 3.5 standard errors of 1500 samples around it."""
    draw, mean, (low, high) = SAMPLES[kind]
    rng = np.random.default_rng(5)
    found = (estimate(draw(rng, n)) for _ in range(1500))
    assert low < np.mean([e.low <= mean <= e.high for e in found]) < high


@settings(max_examples=30, deadline=None)
@given(NUMBERS)
def test_swapping_the_conditions_turns_the_difference_round(x):
    y = [v + 1 for v in reversed(x)]
    one, other = paired(x, y), paired(y, x)
    assert one.difference.mean == pytest.approx(-other.difference.mean, abs=1e-9)
    assert one.difference.low == pytest.approx(-other.difference.high, abs=1e-6, nan_ok=True)
    assert one.p_value == pytest.approx(other.p_value)


def test_a_pair_with_an_undefined_member_is_left_out():
    p = paired([1.0, None, 3.0, 9.0], [2.0, 5.0, 5.0, None])
    assert (p.difference.n, p.difference.n_undefined, p.n_lower) == (2, 2, 2)
    assert p.difference.mean == -1.5


def test_the_permutation_test_counts_sign_patterns():
    """Four differences of one sign: 2 of the 16 patterns are as extreme."""
    assert paired([1, 2, 3, 4], [0, 0, 0, 0]).p_value == pytest.approx(2 / 16)
    assert paired([1, -1, 2, -2], [0, 0, 0, 0]).p_value == pytest.approx(1.0)
    assert math.isnan(paired([1.0], [0.0]).p_value)


def test_runs_that_do_not_make_pairs_are_refused():
    with pytest.raises(ValueError, match="2 and 1"):
        paired([1.0, 2.0], [1.0])


def test_aggregate_leaves_out_and_counts_the_undefined():
    found = mean_sd([1.0, None, 3.0, np.nan, 5.0])
    assert found == {"mean": 3.0, "sd": 2.0, "n": 3, "n_excluded": 2}
    assert mean_sd([2.0]) == {"mean": 2.0, "sd": None, "n": 1, "n_excluded": 0}
    assert mean_sd([None]) == {"mean": None, "sd": None, "n": 0, "n_excluded": 1}
    assert mean_sd([]) == {"mean": None, "sd": None, "n": 0, "n_excluded": 0}
