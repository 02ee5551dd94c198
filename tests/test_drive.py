"""The afferents' drive as Brian equations equals the drive of stimulus.py."""

import dataclasses

import brian2 as b2
import numpy as np
import pytest

import stimulus
from models.lateral_line import network, values
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from stimulus import StimulusParams

STIMULUS = StimulusParams()
# Metres and hertz there, centimetres here: the unit factors round differently, by a few
# parts in 1e16 for each of about ten operations; the clip at 0 turns that into absolute error.
TOLERANCE_HZ = 1e-9


def rates_of_equations(params, frames, phase_start, n_steps):
    """Rates that the LL group of the network computes, shape (n_steps, n_ll), Hz."""
    b2.set_device("runtime")
    b2.prefs.codegen.target = "numpy"
    b2.defaultclock.dt = params.dt_s * b2.second
    capacity = values.frame_capacity(params)
    structure = {"n_ll": params.n_ll, "n_frames": capacity}
    group = network.afferents(structure, params.dt_s * b2.second)
    given = values.afferents(params, STIMULUS)
    given |= values.source(frames, capacity, values.TRAINING, phase_start)
    given |= {"ll.seed": params.seed, "ll.first_step": phase_start, "ll.tau_trace": 0.02}
    for key, value in given.items():
        owner, name = key.split(".")
        if name == "values":
            table = group.namespace[owner]
            table.values[...] = np.reshape(value, table.values.shape)
        elif owner == "ll":
            group.variables[name].set_value(value)
    monitor = b2.StateMonitor(group, "rate", record=True, name="rates")
    b2.Network(group, monitor).run(n_steps * b2.defaultclock.dt, namespace={})
    return monitor.rate_.T.copy()  # a view goes with its monitor (Brian2 2.11)


def params_with(**changes):
    base = apply_model_mode(NetworkParams(), "ll_thesis")
    return dataclasses.replace(base, n_training_trials=2, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"training_bidirectional": True, "ll_rate_mode": "modulation", "ll_rate_gain": 1.5},
        {"training_noise_scale_early": 1.0, "training_ordered_sweeps": False},
        {"training_distance_min_cm": 0.5, "training_distance_max_cm": 1.8},
        {"sphere_radius_cm": 0.7, "ll_body_length_cm": 6.0, "ll_rate_baseline_subtract_hz": 20.0},
    ],
    ids=["thesis", "bidirectional modulation", "noise and shuffling", "distances", "body"],
)
def test_training_equations_and_arrays_give_the_same_rates(changes):
    params = params_with(**changes)
    first, n_steps = 1230, 300  # starts within a hold
    frames = stimulus.training_frames(params, STIMULUS, first, n_steps)
    shifted = dataclasses.replace(frames, first_step=frames.first_step - first)
    whole, _, _ = stimulus.make_training_rates(params, STIMULUS)
    computed = rates_of_equations(params, shifted, first, n_steps)
    assert np.ptp(whole[first : first + n_steps]) > 50  # a drive, not a constant
    np.testing.assert_allclose(computed, whole[first : first + n_steps], atol=TOLERANCE_HZ)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"direction": -1.0, "test_ll_noise_hz": 5.0},
        {"test_ll_noise_hz": 30.0, "ll_rate_mode": "modulation", "ll_rate_gain": 2.0},
    ],
    ids=["sweep", "backward with extra noise", "modulation"],
)
def test_sweep_equations_and_arrays_give_the_same_rates(changes):
    params = params_with(**changes)
    frames = stimulus.test_frames(params, STIMULUS)
    n_steps = stimulus.n_test_steps(params)
    computed = rates_of_equations(params, frames, 0, n_steps)
    expected = stimulus.make_test_rates(params, STIMULUS)["rates_hz"]
    np.testing.assert_allclose(computed, expected, atol=TOLERANCE_HZ)
