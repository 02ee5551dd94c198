"""How cost grows: the fits find what was put in."""

import numpy as np
import pytest

from benchmarks.growth import growth, power_law, straight_line

SIZES = np.array([800, 1600, 3200, 6400, 12_800, 25_600, 51_200])


@pytest.mark.parametrize("exponent", [0.5, 1.0, 3.7])
def test_a_power_law_is_found_exactly(exponent):
    fit = power_law(SIZES, 2e-3 * SIZES**exponent)
    assert fit["exponent"] == pytest.approx(exponent)
    assert fit["at_1"] == pytest.approx(2e-3)
    assert fit["error"] == pytest.approx(0, abs=1e-9)


def test_the_interval_holds_the_exponent_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        fit = power_law(SIZES, SIZES**1.2 * np.exp(rng.normal(0, 0.1, SIZES.size)))
        hits += fit["low"] <= 1.2 <= fit["high"]
    # 95 % of 400 draws, give or take three standard errors of 1.1 %
    assert hits / 400 == pytest.approx(0.95, abs=0.033)


def test_a_straight_line_gives_fixed_cost_and_cost_of_each():
    fit = straight_line(SIZES, 5.0 + 2e-3 * SIZES)
    assert fit["fixed"] == pytest.approx(5.0)
    assert fit["each"] == pytest.approx(2e-3)


def test_the_nearer_of_both_is_named():
    assert growth(SIZES, 5.0 + 2e-3 * SIZES)["better"] == "straight_line"
    assert growth(SIZES, 1e-3 * SIZES**1.5)["better"] == "power_law"


def test_two_sizes_have_no_growth():
    assert growth([1, 2], [1.0, 2.0]) == {
        "n": 2,
        "power_law": None,
        "straight_line": None,
        "better": None,
    }
