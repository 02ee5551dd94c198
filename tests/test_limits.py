"""What is said of a finished network whose weights or rates lie at a limit."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

import stimulus
from driver.experiment.limits import rate_warnings, weight_warnings
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import PRESETS, apply_model_mode
from models.lateral_line.warnings import (
    LOOPS,
    is_of_a_preset,
    rates_at_a_limit,
    weights_at_a_limit,
)

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


def result(params: NetworkParams, every: int, after: float):
    """A test in which each TS cell fires every so many steps, and all weights end at one value."""
    steps = np.arange(0, stimulus.n_test_steps(params), every)
    silent = SimpleNamespace(index=np.zeros(0, int))
    spikes = dict.fromkeys(("ll", "mon", "i_mon", "i_ts"), silent)
    spikes["ts"] = SimpleNamespace(index=np.tile(np.arange(params.n_ts), steps.size))
    flow = stimulus.StimulusParams(sphere_radius_cm=params.sphere_radius_cm)
    return SimpleNamespace(
        params=params,
        stimulus=flow,
        initial_weights=(START, 0.03 * START),
        final_weights=(START, np.full(100, after)),
        training=None,
        trained=SimpleNamespace(spikes=spikes),
        test_frames=stimulus.test_frames(params, flow),
    )


def test_the_lateral_line_tells_what_lies_at_a_limit():
    fast = apply_model_mode(NetworkParams(), "ll_fast")
    usual = result(dataclasses.replace(fast, ll_mon_use_stdp=False), every=9, after=0.01)
    assert [*weights_at_a_limit(usual), *rates_at_a_limit(usual)] == []
    flood = dataclasses.replace(fast, sphere_radius_cm=100.0)
    ll_mon, mon_ts = weights_at_a_limit(result(flood, 2, 0.028))
    assert ll_mon == "LL->MON: no weight moved in training"
    assert mon_ts.startswith("MON->TS: 100.0% of the weights lie at their ceiling, 0.028")
    ts, ll = rates_at_a_limit(result(flood, 2, 0.028))
    assert ts.startswith("TS in the test: cells fire 500 Hz, 100%")
    assert ll.startswith("LL in the test: 100% of all rates lie at 0 or at --rmax-hz 200")


@pytest.mark.parametrize("mode", PRESETS)
def test_an_inhibitory_cell_that_never_fires_is_the_recipe_of_a_preset(mode):
    p = apply_model_mode(NetworkParams(), mode)
    assert all(is_of_a_preset(p, names) for _, names in LOOPS.values())
    stronger = dataclasses.replace(p, mon_to_global_inh_drive_mV=30.0)
    assert not is_of_a_preset(stronger, LOOPS["i_mon"][1])
