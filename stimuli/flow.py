"""Flow and rate law of the lateral line: what `n_ll` afferents (LL) feel of a sphere near by.

A small sphere near a fish makes a dipole flow. The afferents along the body turn the flow along
the body into firing rates. Constants, flow field, rate law, noise along the body; where the
source is stands in `stimuli.frames`.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.flags.from_dataclass import STRICT

RATE_MODES = ("raw", "modulation")
CHOLESKY_REGULARISER = 1e-9  # 1e-12 is at the limit for 100 afferents
MIN_RHO_SQUARED_CM2 = 1e-9

Finite = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(config=STRICT)
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
    *,
    xi_cm,
    x_cm,
    d_cm,
    speed_cm_s,
    direction,
    radius_cm,
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
