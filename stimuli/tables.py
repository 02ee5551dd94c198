"""Whole arrays of training and test, and a sweep without a network: tests, figures, small runs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from driver.engine.randomness import generator
from stimuli.flow import DEFAULT_STIMULUS, StimulusParams
from stimuli.frames import (
    Frames,
    frame_rates,
    frame_velocity,
    normal_distance,
    positions,
    training_frames,
    training_steps,
)
from stimuli.sweeps import held_test, held_test_steps, sign_of, sweep_test

MIN_SPEED_CM_S = 0.1  # a normal law may draw U <= 0
STANDALONE_MARGIN_CM = 1.0  # the stand-alone sweep starts this far outside the body


def make_training_rates(
    params, stimulus: StimulusParams = DEFAULT_STIMULUS
) -> tuple[np.ndarray, list[dict], np.ndarray]:
    """The whole training as arrays; memory grows with the trials, so runs do without it.

    Returns
    -------
    rates : ndarray, shape (n_steps, n_ll)
        Hz, complete.
    samples : list of dict
        X_cm, D_cm, direction, t_start_s and t_end_s of each snapshot.
    x_trace : ndarray, shape (n_steps,)
        Source position, cm.
    """
    n_steps = training_steps(params)
    frames = training_frames(params, stimulus, 0, n_steps)
    start = frames.frame_steps * np.arange(frames.n_frames)
    times_s = params.dt_s * start, params.dt_s * np.minimum(start + frames.frame_steps, n_steps)
    names = ("X_cm", "D_cm", "direction", "t_start_s", "t_end_s")
    table = np.column_stack((frames.x_cm, frames.d_cm, frames.direction, *times_s))
    samples = [dict(zip(names, row, strict=True)) for row in table.tolist()]
    frame = frames.frame_of(np.arange(n_steps))
    return frame_rates(frames, params, stimulus)[frame], samples, frames.x_cm[frame]


def make_test_rates(params, stimulus: StimulusParams = DEFAULT_STIMULUS) -> dict:
    """The test sweep as arrays, whichever test `params` asks for.

    Returns
    -------
    dict
        t_s, X_cm, Y_cm : shape (n_steps,); xi_cm : shape (n_ll,); v_cm_s, eta_hz, rates_hz :
        shape (n_steps, n_ll), `rates_hz` being complete; U_cm_s, D_cm, direction : numbers.
    """
    return _sweep_table(sweep_test(params, stimulus), params, stimulus)


def make_test_rates_held_snapshots(params, stimulus: StimulusParams = DEFAULT_STIMULUS) -> dict:
    """The held test, as `make_test_rates`; D_cm and direction have the shape (n_steps,)."""
    frames = held_test(params, stimulus).per_step(held_test_steps(params))
    return _table(frames, params, stimulus)


def simulate_lateral_line(
    *,
    duration_s: float = 1.2,
    n_ll: int = 20,
    dt_s: float = 0.001,
    speed_cm_s: float | None = None,
    distance_cm: float | None = None,
    direction: float | None = None,
    seed: int = 0,
    stimulus: StimulusParams = DEFAULT_STIMULUS,
) -> dict:
    """One sweep without a network, from 1 cm outside the body; returns as `make_test_rates`.

    Speed, distance and direction are drawn, in this order, and used where not given.
    """
    rng = generator(seed, "stand-alone sweep")
    speed = max(MIN_SPEED_CM_S, rng.normal(stimulus.mu_speed_cm_s, stimulus.sigma_speed_cm_s))
    distance = normal_distance(rng, stimulus)
    sign = rng.choice([-1.0, 1.0])
    speed = speed if speed_cm_s is None else speed_cm_s
    sweep = SimpleNamespace(
        n_ll=n_ll,
        dt_s=dt_s,
        seed=seed,
        speed_cm_s=speed,
        test_path_cm=speed * duration_s,
        distance_cm=distance if distance_cm is None else distance_cm,
        direction=sign if direction is None else direction,
        sphere_radius_cm=stimulus.sphere_radius_cm,
        ll_body_length_cm=stimulus.lateral_line_length_cm,
        ll_rate_mode="raw",
        ll_rate_baseline_subtract_hz=0.0,
        ll_rate_gain=1.0,
        test_ll_noise_hz=0.0,
    )
    frames = sweep_test(sweep, stimulus, margin_cm=STANDALONE_MARGIN_CM, stream="stand-alone noise")
    return _sweep_table(frames, sweep, stimulus)


def _sweep_table(frames: Frames, params, stimulus: StimulusParams) -> dict:
    constants = {"D_cm": params.distance_cm, "direction": sign_of(params.direction)}
    return _table(frames, params, stimulus) | constants


def _table(frames: Frames, params, stimulus: StimulusParams) -> dict:
    """What is known of a test with one frame a step."""
    velocity = frame_velocity(frames, params)
    return {
        "t_s": params.dt_s * np.arange(frames.n_frames),
        "xi_cm": positions(params),
        "X_cm": frames.x_cm,
        "Y_cm": frames.d_cm,
        "U_cm_s": params.speed_cm_s,
        "D_cm": frames.d_cm,
        "direction": frames.direction,
        "v_cm_s": velocity,
        "eta_hz": np.zeros_like(velocity) if frames.eta_hz is None else frames.eta_hz,
        "rates_hz": frame_rates(frames, params, stimulus),
    }
