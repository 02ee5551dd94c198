"""Where the source is: frames, and the held snapshots of the training.

A draw depends on the seed, the name of its stream and the number of its snapshot, so a stream
may be made in pieces of any size. `params` is the model's ``NetworkParams``; sphere radius and
body length are taken from it and override those of `StimulusParams`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from driver.engine.randomness import generator
from stimuli.flow import (
    StimulusParams,
    add_test_noise,
    apply_rate_mode,
    hydrodynamic_velocity_parallel,
    ll_rates,
    neuromast_positions,
    noise_factor,
)

SWEEP_MARGIN_CM = 0.5  # the test sweep starts this far outside the body
MIN_DISTANCE_CM = 1e-6  # a normal law may draw D <= 0, for which there is no field


@dataclasses.dataclass(frozen=True, eq=False)
class Frames:
    """Source and noise over a stretch of steps; constant during each frame."""

    first_step: int
    """Absolute step at which frame 0 begins. In a piece of the training it may lie before the
    step that was asked for, because whole snapshots are given."""

    frame_steps: int
    """Steps per frame."""

    x_cm: np.ndarray
    """Source position along the body, shape (n_frames,), cm."""

    d_cm: np.ndarray
    """Source distance, shape (n_frames,), cm."""

    direction: np.ndarray
    """Direction of motion e_X, +1 or -1, shape (n_frames,)."""

    eta_hz: np.ndarray | None = None
    """Noise inside the clip of the rate law, shape (n_frames, n_ll), Hz; None where all zero."""

    zeta_hz: np.ndarray | None = None
    """Extra test noise after the clip, shape (n_frames, n_ll), Hz; None where all zero."""

    @property
    def n_frames(self) -> int:
        return len(self.x_cm)

    def frame_of(self, steps) -> np.ndarray:
        """Frame of each absolute step, same shape as `steps`; a step outside is a ValueError."""
        frame = (np.asarray(steps) - self.first_step) // self.frame_steps
        if np.any((frame < 0) | (frame >= self.n_frames)):
            end = self.first_step + self.n_frames * self.frame_steps
            raise ValueError(f"steps = {steps}: all must lie in [{self.first_step}, {end})")
        return frame

    def per_step(self, n_steps: int, from_step: int | None = None) -> Frames:
        """The same with one frame a step, for `n_steps` steps from `from_step` (or frame 0)."""
        start = self.first_step if from_step is None else from_step
        frame = self.frame_of(np.arange(start, start + n_steps))
        eta_hz = None if self.eta_hz is None else self.eta_hz[frame]
        zeta_hz = None if self.zeta_hz is None else self.zeta_hz[frame]
        source = self.x_cm[frame], self.d_cm[frame], self.direction[frame]
        return Frames(start, 1, *source, eta_hz, zeta_hz)


def frame_rates(frames: Frames, params, stimulus: StimulusParams) -> np.ndarray:
    """Complete rates of the afferents, shape (n_frames, n_ll), Hz.

    Field, noise, clip, extra test noise and rate mode, in this order.
    """
    rates_hz = ll_rates(frame_velocity(frames, params), frames.eta_hz, stimulus)
    return apply_rate_mode(add_test_noise(rates_hz, frames.zeta_hz), params, stimulus)


def frame_velocity(frames: Frames, params) -> np.ndarray:
    """Flow at every afferent in every frame, shape (n_frames, n_ll), cm/s."""
    x_cm, d_cm, direction = (a[:, None] for a in (frames.x_cm, frames.d_cm, frames.direction))
    return hydrodynamic_velocity_parallel(
        xi_cm=positions(params),
        x_cm=x_cm,
        d_cm=d_cm,
        speed_cm_s=params.speed_cm_s,
        direction=direction,
        radius_cm=params.sphere_radius_cm,
    )


def positions(params) -> np.ndarray:
    """Positions of the afferents along the body, shape (n_ll,), cm."""
    return neuromast_positions(params.n_ll, params.ll_body_length_cm)


def training_positions(params) -> np.ndarray:
    """Where the source is held in training, ascending, shape (n,), cm.

    At every afferent, or as densely on a path that begins and ends `SWEEP_MARGIN_CM` beyond them.
    """
    xi_cm = positions(params)
    if params.training_positions == "body":
        return xi_cm
    low, high = xi_cm[0] - SWEEP_MARGIN_CM, xi_cm[-1] + SWEEP_MARGIN_CM
    spacing = (xi_cm[-1] - xi_cm[0]) / max(params.n_ll - 1, 1) or SWEEP_MARGIN_CM
    return np.linspace(low, high, round((high - low) / spacing) + 1)


# Held snapshots: the training, and the held test


def training_steps(params) -> int:
    """Steps of the whole training: whole trials of whole steps."""
    return params.n_training_trials * round(params.trial_duration_s / params.dt_s)


def hold_steps(params) -> int:
    """Steps for which one source position is held."""
    return max(1, round(params.training_position_hold_s / params.dt_s))


def training_frames(params, stimulus: StimulusParams, first_step: int, n_steps: int) -> Frames:
    """Held snapshots that cover the absolute steps `first_step` to `first_step` + `n_steps` - 1.

    A snapshot is the same in whatever piece of the training it is asked for. Steps outside the
    training, or a least distance above the greatest, are a ValueError.
    """
    total_steps = training_steps(params)
    if not 0 <= first_step <= first_step + n_steps <= total_steps:
        raise ValueError(
            f"first_step = {first_step}, n_steps = {n_steps}: "
            f"must lie within the {total_steps} steps of the training"
        )
    return held_frames(params, stimulus, "training", first_step, n_steps, total_steps)


def held_frames(
    params, stimulus: StimulusParams, phase: str, first_step: int, n_steps: int, total_steps: int
) -> Frames:
    """Snapshots over a stretch of `phase`, "training" or "held test", of `total_steps` in all.

    One generator for both; the phase names the random streams. Steps beyond `total_steps` are those
    of another pass of the test, whose noise switches anew.
    """
    hold = hold_steps(params)
    snapshot = np.arange(first_step // hold, -(-(first_step + n_steps) // hold))
    scale = _noise_scale(params, snapshot * hold % max(1, total_steps), total_steps)
    d_cm, eta_hz = _snapshot_draws(params, stimulus, phase, snapshot, positions(params), scale)
    held_cm = training_positions(params) if phase == "training" else positions(params)
    backward = params.training_bidirectional & (snapshot % 2 == 1)
    return Frames(
        first_step=first_step // hold * hold,
        frame_steps=hold,
        x_cm=held_cm[_position_index(params, phase, snapshot, len(held_cm))],
        d_cm=d_cm,
        direction=np.where(backward, -1.0, 1.0),
        eta_hz=eta_hz,
    )


def _noise_scale(params, start_step: np.ndarray, total_steps: int) -> np.ndarray:
    """Noise factor of the snapshots that begin at `start_step`: early, then late."""
    is_early = start_step / max(1, total_steps - 1) < params.training_noise_switch_fraction
    return np.where(is_early, params.training_noise_scale_early, params.training_noise_scale_late)


def _position_index(params, phase: str, snapshot: np.ndarray, n_held: int) -> np.ndarray:
    """Which of `n_held` positions each snapshot holds; a pass visits every one once.

    Ordered passes run forward and backward in turn, so each end is held twice in a row.
    """
    pass_number, place = np.divmod(snapshot, n_held)
    if params.training_ordered_sweeps:
        return np.where(pass_number % 2 == 0, place, n_held - 1 - place)
    index = np.empty_like(snapshot)
    for number in np.unique(pass_number).tolist():
        order = generator(params.seed, f"{phase} shuffled pass", number).permutation(n_held)
        here = pass_number == number
        index[here] = order[place[here]]
    return index


def _snapshot_draws(params, stimulus: StimulusParams, phase: str, snapshot, xi_cm, scale):
    """Distances, shape (n_snapshots,), cm, and noise, shape (n_snapshots, n_ll), Hz, or None.

    Within a snapshot the distance is drawn before the noise. Each noise vector is multiplied
    on its own: a product of all of them at once may differ in the last bit with their number.
    """
    law = _distance_law(params, stimulus)
    sd_hz = scale * stimulus.sigma_noise_hz
    d_cm = np.full(len(snapshot), np.nan if callable(law) else law, dtype=float)
    eta_hz = np.zeros((len(snapshot), len(xi_cm))) if sd_hz.any() else None
    factor = None if eta_hz is None else noise_factor(xi_cm, stimulus.l_noise_cm)
    for row, number in enumerate(snapshot.tolist()):
        if not (callable(law) or sd_hz[row]):
            continue
        rng = generator(params.seed, f"{phase} stimulus", number)
        if callable(law):
            d_cm[row] = law(rng)
        if sd_hz[row]:
            eta_hz[row] = sd_hz[row] * (factor @ rng.standard_normal(len(xi_cm)))
    return d_cm, eta_hz


def _distance_law(params, stimulus: StimulusParams) -> float | Callable:
    """Distance of the held snapshots (cm): a number, or a function of a generator to draw it.

    A bound of the training distance may be None, meaning not given.
    """
    low, high = params.training_distance_min_cm, params.training_distance_max_cm
    if params.training_fixed_distance:
        return stimulus.mu_distance_cm
    if low is None or high is None:
        return lambda rng: normal_distance(rng, stimulus, low, high)
    if not low <= high:
        raise ValueError(
            f"training_distance_min_cm = {low}: must not exceed training_distance_max_cm = {high}"
        )
    return low if low == high else lambda rng: rng.uniform(low, high)


def normal_distance(rng, stimulus: StimulusParams, low=None, high=None) -> float:
    """Distance from the normal law, raised to `low` and lowered to `high`, cm."""
    d_cm = rng.normal(stimulus.mu_distance_cm, stimulus.sigma_distance_cm)
    return np.clip(d_cm, MIN_DISTANCE_CM if low is None else low, high)
