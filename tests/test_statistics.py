"""Statistics over seeds, against textbook values and their own symmetries."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driver.experiment.statistics import BOOTSTRAP_FROM, estimate, mean_sd, paired

NUMBERS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 6)), min_size=2, max_size=9)


def test_few_values_have_the_interval_of_student():
    """Critical value 4.302653 for two degrees of freedom."""
    e = estimate([1.0, 2.0, 3.0])
    assert (e.mean, e.sd, e.n, e.method) == (2.0, 1.0, 3, "t")
    half = 4.302652729911275 / math.sqrt(3)
    assert (e.low, e.high) == pytest.approx((2 - half, 2 + half))


def test_from_ten_values_on_the_interval_is_bootstrapped_and_always_the_same():
    x = list(np.random.default_rng(3).exponential(size=BOOTSTRAP_FROM))
    e = estimate(x)
    assert e.method == "BCa bootstrap" and e == estimate(x)
    assert e.low < e.mean < e.high
    assert e.high - e.mean > e.mean - e.low  # it follows the skew, as t cannot
    assert estimate(x[:-1]).method == "t"


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


def test_the_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = [
        e.low <= 1.0 <= e.high for e in (estimate(list(rng.normal(1, 2, 5))) for _ in range(400))
    ]
    assert 0.92 < np.mean(held) < 0.98  # 0.95 with a standard error of 0.011


@settings(max_examples=30, deadline=None)
@given(NUMBERS)
def test_swapping_the_conditions_turns_the_difference_round(x):
    y = [v + 1 for v in reversed(x)]
    one, other = paired(x, y), paired(y, x)
    assert one.difference.mean == pytest.approx(-other.difference.mean, abs=1e-9)
    assert one.difference.low == pytest.approx(-other.difference.high, abs=1e-6)
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
