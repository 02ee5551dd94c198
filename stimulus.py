"""The outside world of the lateral line: dipole flow, held snapshots, sweeps.

A small sphere near a fish makes a dipole flow. `n_ll` afferents (LL) along the body turn
the flow along the body into firing rates. Top to bottom: constants, flow field, rate law,
noise, where the source is (`Frames`), training, test, whole-array versions.

NumPy only. `params` is the model's ``NetworkParams``; sphere radius and body length are taken
from it and override those of `StimulusParams`. A draw depends on the seed, the name of its
stream and the number of its snapshot, so a stream may be made in pieces of any size.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from driver.randomness import generator

RATE_MODES = ("raw", "modulation")
CHOLESKY_REGULARISER = 1e-9  # 1e-12 is at the limit for 100 afferents
MIN_RHO_SQUARED_CM2 = 1e-9
MIN_DISTANCE_CM = 1e-6  # a normal law may draw D <= 0, for which there is no field
MIN_SPEED_CM_S = 0.1  # likewise for a drawn speed
SWEEP_MARGIN_CM = 0.5  # the test sweep starts this far outside the body
STANDALONE_MARGIN_CM = 1.0  # and that of `simulate_lateral_line` this far

Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(config=ConfigDict(extra="forbid", frozen=True))
class StimulusParams:
    """Constants of source, rate law and rate noise."""

    sphere_radius_cm: Annotated[float, Field(ge=1e-3, allow_inf_nan=False)] = 0.5
    """Radius R of the sphere (cm). The network parameter of the same name overrides it."""

    lateral_line_length_cm: Annotated[float, Field(ge=0.1, allow_inf_nan=False)] = 4.0
    """Length L of the row of afferents (cm). Network parameter `ll_body_length_cm` overrides it."""

    mu_distance_cm: Positive = 1.5
    """Mean source distance (cm): the fixed training distance, and the mean of the normal law."""

    sigma_distance_cm: NotNegative = 0.6
    """SD of the normal law of the source distance (cm)."""

    mu_speed_cm_s: Positive = 5.0
    """Mean source speed (cm/s), for sweeps without a given speed."""

    sigma_speed_cm_s: NotNegative = 1.0
    """SD of the source speed (cm/s), for sweeps without a given speed."""

    r0_hz: NotNegative = 40.0
    """Spontaneous rate of an afferent (Hz)."""

    rmax_hz: Positive = 200.0
    """Highest rate of an afferent (Hz)."""

    A_per_cm: Finite = 300.0
    """Rate change per flow velocity, Hz per (cm/s) = 1/cm."""

    sigma_noise_hz: NotNegative = 10.0
    """SD of the rate noise (Hz)."""

    tau_noise_s: Positive = 0.1
    """Correlation time of the rate noise in a sweep (s)."""

    l_noise_cm: Positive = 1.0
    """Correlation length of the rate noise along the body (cm)."""


DEFAULT_STIMULUS = StimulusParams()


# Flow field


def neuromast_positions(n_ll: int, length_cm: float) -> np.ndarray:
    """Positions of the afferents, shape (n_ll,), cm: equispaced from 0 to L, ends included."""
    return np.linspace(0.0, length_cm, n_ll)


def hydrodynamic_velocity_parallel(
    xi_cm,
    x_cm,
    d_cm,
    speed_cm_s,
    direction,
    radius_cm,
    *,
    direction_y=0.0,
    body_y_cm=0.0,
    sensing_axis=(1.0, 0.0),
) -> np.ndarray:
    """Flow of a moving sphere at the afferents, along their sensing axis (cm/s).

    Everything broadcasts: ``x_cm[:, None]`` and the like put time on the first axis.

    Parameters
    ----------
    xi_cm, body_y_cm : array_like
        Position of the afferents, along and across the body.
    x_cm, d_cm : array_like
        Source position X, and Y = D.
    speed_cm_s, radius_cm : array_like
        Speed U and radius R of the sphere.
    direction, direction_y : array_like
        Direction of motion (e_X, e_Y).
    sensing_axis : pair of array_like
        Direction (s_x, s_y) along which the afferents measure.

    Notes
    -----
    Gradient of phi = (R**3/2) U (e . rho)/rho**3. For e_X = +1 the lobe under the source is
    positive and the flanks negative, the opposite of the flow around a body moving in still
    water. It is kept: the published numbers depend on it.
    """
    dx = np.asarray(xi_cm, dtype=float) - x_cm
    dy = np.asarray(body_y_cm, dtype=float) - d_cm
    rho_squared = np.maximum(dx**2 + dy**2, MIN_RHO_SQUARED_CM2)
    c = -0.5 * np.asarray(speed_cm_s) * np.asarray(radius_cm) ** 3 / rho_squared**2.5
    v_x = c * ((2 * dx**2 - dy**2) * direction + 3 * dx * dy * direction_y)
    v_y = c * (3 * dx * dy * direction - (dx**2 - 2 * dy**2) * direction_y)
    return v_x * sensing_axis[0] + v_y * sensing_axis[1]


# Rate law


def ll_rates(velocity_cm_s, noise_hz, stimulus: StimulusParams) -> np.ndarray:
    """Rates of the afferents, Hz: clip(r0 + A v + eta, 0, rmax); eta = 0 if `noise_hz` is None."""
    drive_hz = stimulus.r0_hz + stimulus.A_per_cm * np.asarray(velocity_cm_s)
    if noise_hz is not None:
        drive_hz = drive_hz + noise_hz
    return np.clip(drive_hz, 0.0, stimulus.rmax_hz)


def add_test_noise(rates_hz, zeta_hz) -> np.ndarray:
    """Rates with extra test noise, Hz: floored at 0, no ceiling. As they are if it is None."""
    return rates_hz if zeta_hz is None else np.maximum(0.0, np.asarray(rates_hz) + zeta_hz)


def apply_rate_mode(rates_hz, params, stimulus: StimulusParams) -> np.ndarray:
    """Rates after baseline subtraction and gain, Hz: max(0, (r - b) gain)."""
    if params.ll_rate_mode not in RATE_MODES:
        raise ValueError(f"ll_rate_mode = {params.ll_rate_mode!r}: must be one of {RATE_MODES}")
    baseline_hz = max(0.0, params.ll_rate_baseline_subtract_hz)
    if params.ll_rate_mode == "modulation":
        baseline_hz += stimulus.r0_hz
    return np.maximum(0.0, (np.asarray(rates_hz) - baseline_hz) * max(0.0, params.ll_rate_gain))


def noise_factor(xi_cm, l_noise_cm: float) -> np.ndarray:
    """Matrix that turns independent normal numbers into noise correlated along the body.

    Returns
    -------
    factor : ndarray, shape (n_ll, n_ll)
        Cholesky factor of exp(-((xi_i - xi_j)/l)**2/2), with 1e-9 added to the diagonal.

    Raises
    ------
    ValueError
        If that matrix is not positive definite in double precision.
    """
    distance = np.subtract.outer(xi_cm, xi_cm)
    covariance = np.exp(-0.5 * (distance / l_noise_cm) ** 2)
    covariance[np.diag_indices_from(covariance)] += CHOLESKY_REGULARISER
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise ValueError(
            f"l_noise_cm = {l_noise_cm}: too long for {len(xi_cm)} afferents, their noise "
            "covariance is not positive definite; choose a shorter length or fewer afferents"
        ) from error


# Where the source is


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
    rates_hz = ll_rates(_velocity(frames, params), frames.eta_hz, stimulus)
    return apply_rate_mode(add_test_noise(rates_hz, frames.zeta_hz), params, stimulus)


def _velocity(frames: Frames, params) -> np.ndarray:
    """Flow at every afferent in every frame, shape (n_frames, n_ll), cm/s."""
    x_cm, d_cm, direction = (a[:, None] for a in (frames.x_cm, frames.d_cm, frames.direction))
    return hydrodynamic_velocity_parallel(
        _positions(params), x_cm, d_cm, params.speed_cm_s, direction, params.sphere_radius_cm
    )


def _positions(params) -> np.ndarray:
    return neuromast_positions(params.n_ll, params.ll_body_length_cm)


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
    return _held_frames(params, stimulus, "training", first_step, n_steps, total_steps)


def _held_frames(
    params, stimulus: StimulusParams, phase: str, first_step: int, n_steps: int, total_steps: int
) -> Frames:
    """Snapshots over a stretch of `phase`, "training" or "held test", of `total_steps` in all.

    One generator for both; the phase names the random streams.
    """
    hold = hold_steps(params)
    snapshot = np.arange(first_step // hold, -(-(first_step + n_steps) // hold))
    xi_cm = _positions(params)
    scale = _noise_scale(params, snapshot * hold, total_steps)
    d_cm, eta_hz = _snapshot_draws(params, stimulus, phase, snapshot, xi_cm, scale)
    backward = params.training_bidirectional & (snapshot % 2 == 1)
    return Frames(
        first_step=first_step // hold * hold,
        frame_steps=hold,
        x_cm=xi_cm[_position_index(params, phase, snapshot)],
        d_cm=d_cm,
        direction=np.where(backward, -1.0, 1.0),
        eta_hz=eta_hz,
    )


def _noise_scale(params, start_step: np.ndarray, total_steps: int) -> np.ndarray:
    """Noise factor of the snapshots that begin at `start_step`: early, then late."""
    is_early = start_step / max(1, total_steps - 1) < params.training_noise_switch_fraction
    return np.where(is_early, params.training_noise_scale_early, params.training_noise_scale_late)


def _position_index(params, phase: str, snapshot: np.ndarray) -> np.ndarray:
    """Afferent under the source in each snapshot; a pass visits every afferent once.

    Ordered passes run forward and backward in turn, so each end is held twice in a row.
    """
    pass_number, place = np.divmod(snapshot, params.n_ll)
    if params.training_ordered_sweeps:
        return np.where(pass_number % 2 == 0, place, params.n_ll - 1 - place)
    index = np.empty_like(snapshot)
    for number in np.unique(pass_number).tolist():
        order = generator(params.seed, f"{phase} shuffled pass", number).permutation(params.n_ll)
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
        return lambda rng: _normal_distance(rng, stimulus, low, high)
    if not low <= high:
        raise ValueError(
            f"training_distance_min_cm = {low}: must not exceed training_distance_max_cm = {high}"
        )
    return low if low == high else lambda rng: rng.uniform(low, high)


def _normal_distance(rng, stimulus: StimulusParams, low=None, high=None) -> float:
    """Distance from the normal law, raised to `low` and lowered to `high`, cm."""
    d_cm = rng.normal(stimulus.mu_distance_cm, stimulus.sigma_distance_cm)
    return np.clip(d_cm, MIN_DISTANCE_CM if low is None else low, high)


# Test: a sweep, or held snapshots


def n_test_steps(params) -> int:
    """Steps of the test that `params` asks for."""
    return _held_test_steps(params) if params.test_using_held_snapshots else _sweep_steps(params)


def test_frames(params, stimulus: StimulusParams) -> Frames:
    """Sweep, or held snapshots if `params.test_using_held_snapshots`, with its noise.

    A sweep has one frame a step. So has a held test with extra noise, which is drawn for
    every step; without it, a frame is one hold.
    """
    test = _held_test if params.test_using_held_snapshots else _sweep_test
    return test(params, stimulus)


def _sweep_steps(params) -> int:
    """Of a speed that NetworkParams keeps at 0.1 cm/s or more."""
    return round(params.test_path_cm / params.speed_cm_s / params.dt_s)


def _held_test_steps(params) -> int:
    """One complete pass; as long as the sweep it would visit a fifth of the body."""
    return params.n_ll * hold_steps(params)


def _sweep_test(params, stimulus, margin_cm=SWEEP_MARGIN_CM, stream="test noise") -> Frames:
    """Straight sweep that begins `margin_cm` outside the body and never wraps around."""
    n_steps = _sweep_steps(params)
    sign = _sign(params.direction)
    start_cm = -margin_cm if sign > 0 else params.ll_body_length_cm + margin_cm
    x_cm = start_cm + sign * params.speed_cm_s * params.dt_s * np.arange(n_steps)
    eta_hz = _ornstein_uhlenbeck(params, stimulus, n_steps, generator(params.seed, stream))
    constant = np.ones(n_steps)
    frames = Frames(0, 1, x_cm, params.distance_cm * constant, sign * constant, eta_hz)
    return _with_extra_noise(frames, params)


def _held_test(params, stimulus) -> Frames:
    n_steps = _held_test_steps(params)
    frames = _held_frames(params, stimulus, "held test", 0, n_steps, n_steps)
    return _with_extra_noise(frames, params)


def _ornstein_uhlenbeck(params, stimulus: StimulusParams, n_steps: int, rng):
    """Noise of a sweep, shape (n_steps, n_ll), Hz; None if it is off.

    Starts at zero and is updated once before the first sample, so about the first 0.1 s are
    quieter. The Euler step makes the stationary SD sigma/sqrt(1 - dt/(2 tau)).
    """
    if stimulus.sigma_noise_hz == 0:
        return None
    share = params.dt_s / stimulus.tau_noise_s
    if share > 1:
        raise ValueError(
            f"tau_noise_s = {stimulus.tau_noise_s}: must be at least dt_s = {params.dt_s}"
        )
    factor = noise_factor(_positions(params), stimulus.l_noise_cm)
    kick_hz = stimulus.sigma_noise_hz * np.sqrt(2 * share)
    eta_hz = np.zeros((n_steps, params.n_ll))
    now = np.zeros(params.n_ll)
    for row in eta_hz:
        now = now * (1 - share) + kick_hz * (factor @ rng.standard_normal(params.n_ll))
        row[:] = now
    return eta_hz


def _with_extra_noise(frames: Frames, params) -> Frames:
    """Independent noise for every afferent and step, if there is any; then one frame a step."""
    if params.test_ll_noise_hz == 0:
        return frames
    n_steps = frames.n_frames * frames.frame_steps
    noise = generator(params.seed, "extra test noise").standard_normal((n_steps, params.n_ll))
    return dataclasses.replace(frames.per_step(n_steps), zeta_hz=params.test_ll_noise_hz * noise)


def _sign(direction: float) -> float:
    """+1 or -1; 0 counts as +1."""
    return 1.0 if direction >= 0 else -1.0


# Whole-array versions, for tests, figures and small runs


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
    return _sweep_table(_sweep_test(params, stimulus), params, stimulus)


def make_test_rates_held_snapshots(params, stimulus: StimulusParams = DEFAULT_STIMULUS) -> dict:
    """The held test, as `make_test_rates`; D_cm and direction have the shape (n_steps,)."""
    frames = _held_test(params, stimulus).per_step(_held_test_steps(params))
    return _table(frames, params, stimulus)


def simulate_lateral_line(
    duration_s: float = 1.2,
    n_ll: int = 20,
    dt_s: float = 0.001,
    *,
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
    distance = _normal_distance(rng, stimulus)
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
    frames = _sweep_test(sweep, stimulus, STANDALONE_MARGIN_CM, "stand-alone noise")
    return _sweep_table(frames, sweep, stimulus)


def _sweep_table(frames: Frames, params, stimulus: StimulusParams) -> dict:
    constants = {"D_cm": params.distance_cm, "direction": _sign(params.direction)}
    return _table(frames, params, stimulus) | constants


def _table(frames: Frames, params, stimulus: StimulusParams) -> dict:
    """What is known of a test with one frame a step."""
    velocity = _velocity(frames, params)
    return {
        "t_s": params.dt_s * np.arange(frames.n_frames),
        "xi_cm": _positions(params),
        "X_cm": frames.x_cm,
        "Y_cm": frames.d_cm,
        "U_cm_s": params.speed_cm_s,
        "D_cm": frames.d_cm,
        "direction": frames.direction,
        "v_cm_s": velocity,
        "eta_hz": np.zeros_like(velocity) if frames.eta_hz is None else frames.eta_hz,
        "rates_hz": frame_rates(frames, params, stimulus),
    }
