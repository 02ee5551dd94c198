"""Parameters and shorthands of the tests of the lateral line's stimulus."""

from types import SimpleNamespace

from stimuli.flow import StimulusParams, hydrodynamic_velocity_parallel
from stimuli.frames import training_frames, training_steps

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
    training_positions="body",
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
    test_passes=1,
    test_there_and_back=False,
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
    return hydrodynamic_velocity_parallel(
        xi_cm=dx_cm, x_cm=0.0, d_cm=d_cm, speed_cm_s=5.0, direction=direction, radius_cm=0.5, **more
    )
