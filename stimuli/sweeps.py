"""The test: a sweep along the body, or one pass of held snapshots, with its noise."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.engine.randomness import generator
from stimuli.flow import StimulusParams, noise_factor
from stimuli.frames import SWEEP_MARGIN_CM, Frames, held_frames, hold_steps, positions


def n_test_steps(params) -> int:
    """Steps of a pass of the test that `params` asks for."""
    return held_test_steps(params) if params.test_using_held_snapshots else _sweep_steps(params)


def test_frames(params, stimulus: StimulusParams, number: int = 0) -> Frames:
    """Sweep, or held snapshots if `params.test_using_held_snapshots`, with its noise.

    Steps count from the start of the test, so those of pass `number`, counted from 0, follow those
    of the one before. Each has noise of its own. A sweep has one frame a step. So has a held test
    with extra noise, which is drawn for every step; without it, a frame is one hold.
    """
    test = held_test if params.test_using_held_snapshots else sweep_test
    return test(params, stimulus, number)


def _sweep_steps(params) -> int:
    """Of a speed that NetworkParams keeps at 0.1 cm/s or more."""
    return round(params.test_path_cm / params.speed_cm_s / params.dt_s)


def held_test_steps(params) -> int:
    """One complete pass; as long as the sweep it would visit a fifth of the body."""
    return params.n_ll * hold_steps(params)


def sweep_test(
    params, stimulus, number=0, *, margin_cm=SWEEP_MARGIN_CM, stream="test noise"
) -> Frames:
    """Straight sweep that begins `margin_cm` outside the body and never wraps around."""
    n_steps = _sweep_steps(params)
    sign = sign_of(params.direction)
    start_cm = -margin_cm if sign > 0 else params.ll_body_length_cm + margin_cm
    if is_way_back(params, number):
        start_cm += sign * params.test_path_cm
        sign = -sign
    x_cm = start_cm + sign * params.speed_cm_s * params.dt_s * np.arange(n_steps)
    rng = stream_of_pass(params.seed, stream, number)
    eta_hz = _ornstein_uhlenbeck(params, stimulus, n_steps, rng, settled=number > 0)
    constant = np.ones(n_steps)
    source = x_cm, params.distance_cm * constant, sign * constant
    return _with_extra_noise(Frames(number * n_steps, 1, *source, eta_hz), params, number)


def held_test(params, stimulus, number=0) -> Frames:
    """Held snapshots on every afferent once, in random streams of their own."""
    n_steps = held_test_steps(params)
    frames = held_frames(params, stimulus, "held test", number * n_steps, n_steps, n_steps)
    # unlike passes of the training, those of the test go back only if they are asked to
    x_cm = positions(params) if params.training_ordered_sweeps else frames.x_cm
    way = -1 if is_way_back(params, number) else 1
    source = {"x_cm": x_cm[::way], "direction": way * frames.direction}
    return _with_extra_noise(dataclasses.replace(frames, **source), params, number)


def is_way_back(params, number: int) -> bool:
    """Whether pass `number` goes back along the way of the pass before it."""
    return number % 2 == 1 and params.test_there_and_back


def stream_of_pass(seed: int, purpose: str, number: int) -> np.random.Generator:
    """Of the first pass it is the stream of `purpose` itself, as when there was only one."""
    return generator(seed, purpose, number) if number else generator(seed, purpose)


def _ornstein_uhlenbeck(params, stimulus: StimulusParams, n_steps: int, rng, *, settled: bool):
    """Noise of a sweep, shape (n_steps, n_ll), Hz; None if it is off.

    Starts at zero and is updated once before the first sample, so about the first 0.1 s are
    quieter; `settled`, it starts as it goes on. The Euler step makes the stationary SD
    sigma/sqrt(1 - dt/(2 tau)).
    """
    if stimulus.sigma_noise_hz == 0:
        return None
    share = params.dt_s / stimulus.tau_noise_s
    if share > 1:
        raise ValueError(
            f"tau_noise_s = {stimulus.tau_noise_s}: must be at least dt_s = {params.dt_s}"
        )
    factor = noise_factor(positions(params), stimulus.l_noise_cm)
    kick_hz = stimulus.sigma_noise_hz * np.sqrt(2 * share)
    eta_hz = np.zeros((n_steps, params.n_ll))
    now = np.zeros(params.n_ll)
    if settled:
        now = stimulus.sigma_noise_hz * (factor @ rng.standard_normal(params.n_ll))
    for row in eta_hz:
        now = now * (1 - share) + kick_hz * (factor @ rng.standard_normal(params.n_ll))
        row[:] = now
    return eta_hz


def _with_extra_noise(frames: Frames, params, number: int) -> Frames:
    """Independent noise for every afferent and step, if there is any; then one frame a step."""
    if params.test_ll_noise_hz == 0:
        return frames
    n_steps = frames.n_frames * frames.frame_steps
    rng = stream_of_pass(params.seed, "extra test noise", number)
    noise = rng.standard_normal((n_steps, params.n_ll))
    return dataclasses.replace(frames.per_step(n_steps), zeta_hz=params.test_ll_noise_hz * noise)


def sign_of(direction: float) -> float:
    """+1 or -1; 0 counts as +1."""
    return 1.0 if direction >= 0 else -1.0
