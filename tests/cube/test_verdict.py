"""Verdicts at and around every limit, and what they say of undefined metrics."""

import numpy as np
import pytest

from models.cube.metrics.verdict import judge_cube, judge_prediction, judge_recall

L, M = 48, 32
FOCUSED = {
    "ili": 1.0, "wave_index": 0.0, "t_ext": 40.0, "out_tube_rate": 0.0, "reach": 47.0,
    "rate": 6e-5, "survival": 0.0, "chance": 0.04,
}  # fmt: skip


def verdict(**changes):
    return judge_cube(FOCUSED | changes, L, M).verdict


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "focused"),
        ({"ili": 0.9}, "focused"),
        ({"ili": 0.899}, "none of these"),
        ({"wave_index": 0.1}, "focused"),
        ({"wave_index": 0.101}, "none of these"),
        ({"t_ext": 100}, "focused"),  # L + M + 20
        ({"t_ext": 101}, "none of these"),
        ({"out_tube_rate": 4.9e-4}, "focused"),
        ({"out_tube_rate": 5e-4}, "none of these"),
        ({"reach": 46}, "silent"),
        ({"reach": np.nan}, "silent"),
        ({"reach": 46, "rate": 9.9e-5}, "silent"),
        ({"reach": 46, "rate": 1e-4}, "none of these"),
        ({"ili": 0.499}, "driven waves"),
        ({"ili": 0.5}, "none of these"),
        ({"ili": 0.1, "survival": 0.1}, "none of these"),
        ({"ili": 0.1, "survival": 0.101}, "self-sustained waves"),
        ({"ili": 0.1, "survival": 1.01, "reach": 3, "rate": 0.06}, "self-sustained waves"),
        ({"ili": 0.1, "survival": 1e-6}, "none of these"),
        ({"ili": 0.1, "reach": 3}, "silent"),  # before driven waves
    ],
)
def test_verdicts_at_their_limits(changes, expected):
    assert verdict(**changes) == expected


@pytest.mark.parametrize("metric", ["ili", "wave_index", "t_ext", "out_tube_rate", "reach"])
@pytest.mark.parametrize("undefined", [None, np.nan, "missing"])
def test_what_is_undefined_is_not_focused(metric, undefined):
    metrics = {k: v for k, v in FOCUSED.items() if k != metric} | {"rate": 0.01}
    if undefined != "missing":
        metrics[metric] = undefined
    result = judge_cube(metrics, L, M)
    assert result.verdict == "none of these"
    not_met = [c for c in result.of("focused") if not c.met]
    assert [(c.metric, c.met) for c in not_met] == [(metric, None)]
    assert str(not_met[0]).endswith("none, undefined")


def test_no_layer_reached_is_short_of_the_back_but_no_reading_is_nothing():
    assert verdict(reach=np.nan) == "silent"
    assert verdict(reach=None) == "none of these"
    assert verdict(reach=3, rate=np.nan) == "none of these"


def test_waves_need_a_survival():
    assert verdict(ili=0.1, survival=np.nan) == "none of these"
    assert verdict(ili=np.nan, survival=0.5) == "none of these"


def test_a_run_without_a_spike_is_silent():
    undefined = dict.fromkeys(("ili", "wave_index", "reach", "survival"), np.nan)
    assert verdict(**undefined, rate=0.0, t_ext=0.0) == "silent"


def test_an_end_not_seen_is_undefined_unless_already_too_late():
    def t_ext(value):
        result = judge_cube(FOCUSED | {"t_ext": value, "t_ext_is_final": False}, L, M)
        assert result.verdict == "none of these"
        return next(c.met for c in result.conditions if c.metric == "t_ext")

    assert t_ext(60) is None
    assert t_ext(600) is False
    assert verdict(t_ext=60, t_ext_is_final=True) == "focused"


def test_conditions_say_why():
    result = judge_cube(FOCUSED | {"ili": 0.5, "out_tube_rate": 0.01}, L, M)
    assert [str(c) for c in result.of("focused")] == [
        "ili >= 0.9: 0.5, not met",
        "wave_index <= 0.1: 0, met",
        "t_ext <= 100: 40, met",
        "out_tube_rate < 0.0005: 0.01, not met",
        "reach = 47: 47, met",
    ]
    assert [c.metric for c in result.of("silent")] == ["reach", "rate"]
    assert [c.metric for c in result.of("driven waves")] == ["ili", "survival"]


def test_a_large_chance_level_is_noted_and_does_not_change_the_verdict():
    result = judge_cube(FOCUSED | {"chance": 0.31}, L, M)
    assert result.verdict == "focused"
    assert result.notes == ("ILI not meaningful: chance level 0.31 exceeds 0.3",)
    assert judge_cube(FOCUSED, L, M).notes == ()
    assert judge_cube(FOCUSED | {"chance": np.nan}, L, M).notes == ()


def test_numpy_numbers_give_plain_booleans():
    result = judge_cube({k: np.float64(v) for k, v in FOCUSED.items()}, L, M)
    assert {type(c.met) for c in result.conditions} == {bool}


def test_prediction():
    assert judge_prediction(0.9).verdict == "predicts"
    assert judge_prediction(0.89).verdict == "does not predict"
    undefined = judge_prediction(np.nan)
    assert undefined.verdict == "does not predict" and undefined.conditions[0].met is None


def test_recall():
    assert judge_recall(24, 94).verdict == "recalls"
    assert judge_recall(23, 94).verdict == "does not recall"
    assert judge_recall(None, 94).verdict == "does not recall"
