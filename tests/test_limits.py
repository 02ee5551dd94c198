"""What is said of a finished network whose weights or rates lie at a limit."""

import numpy as np
import pytest

from driver.experiment.limits import rate_warnings, weight_warnings

START = np.linspace(0.2, 0.8, 100)


def end(share, bound):
    w = START + 0.01
    w[: round(share * 100)] = bound
    return w


@pytest.mark.parametrize(
    "after, said",
    [
        (START, ["a: no weight moved in training"]),
        (START + 0.01, []),
        (end(0.94, 1.0), []),
        (end(0.95, 1.0), ["a: 95.0% of the weights lie at their ceiling, 1"]),
        (end(1.0, 0.0), ["a: 100.0% of the weights lie at their floor, 0"]),
    ],
)
def test_weights_that_say_nothing_are_told(after, said):
    assert list(weight_warnings({"a": (START, after)}, {"a": (0.0, 1.0)})) == said


def test_one_projection_that_learns_is_enough_and_weights_may_begin_at_a_bound():
    zero = np.zeros(100)
    pairs = {"a": (START, START), "b": (START, START + 0.1), "c": (zero, np.eye(1, 100)[0])}
    assert list(weight_warnings(pairs, {"c": (0.0, None)})) == []
    assert list(weight_warnings({"a": (zero[:0], zero[:0])})) == []


def test_cells_at_their_ceiling_are_told():
    (text,) = rate_warnings({"TS": (450.0, 500.0), "MON": (449.0, 500.0)}, "Hz")
    assert text.startswith("TS: cells fire 450 Hz, 90% of the most that they can")
