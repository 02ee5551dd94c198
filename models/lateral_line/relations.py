"""Relations between parameters that must hold, each with the sentence that says what is wrong.

Messages name flags, as a user typed them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stimulus import SWEEP_MARGIN_CM

if TYPE_CHECKING:
    from models.lateral_line.params import NetworkParams

MAX_TEST_RATES = 2 * 10**8  # steps times afferents of a test: a table of 1.6 GB


def check(p: NetworkParams) -> None:
    """Relations between fields. Messages name flags, as a user typed them.

    Raises
    ------
    ValueError
        With one sentence per broken relation.
    """
    problems = [text for holds, text in relations(p) if not holds]
    if problems:
        raise ValueError("; ".join(problems))


def relations(p: NetworkParams):
    """Pairs (holds, message) of all relations between fields."""
    steps = p.trial_duration_s / p.dt_s
    yield (
        round(steps) >= 1 and abs(steps - round(steps)) < 1e-6,
        f"--trial-duration-s {p.trial_duration_s:g} is not a whole number of steps "
        f"of --dt-s {p.dt_s:g}",
    )
    low, high = p.training_distance_min_cm, p.training_distance_max_cm
    yield (
        p.training_fixed_distance or low is None or high is None or low <= high,
        f"--training-distance-min-cm {low} is larger than --training-distance-max-cm {high}",
    )
    yield (
        p.vreset_mV < p.vth_mV,
        f"--vreset-mv {p.vreset_mV:g} must lie below --vth-mv {p.vth_mV:g}",
    )
    yield p.el_mV < p.vth_mV, f"--el-mv {p.el_mV:g} must lie below --vth-mv {p.vth_mV:g}"
    for flag, tau in (("tau-m-ms", p.tau_m_ms), ("tau-s-ms", p.tau_s_ms)):
        yield (
            tau * 1e-3 >= p.dt_s,
            f"--{flag} {tau:g} is shorter than --dt-s {p.dt_s:g}: the Euler step is unstable",
        )
    yield from weight_bounds(p)
    yield from rate_bounds(p)
    yield from path_bounds(p)
    yield (
        p.training_steps + MAX_TEST_RATES < 2**31,
        f"--n-training-trials {p.n_training_trials}: more than 2**31 steps in all",
    )
    for flag, degree in (
        ("ll-mon-in-degree", p.ll_to_mon_in_degree),
        ("mon-ts-out-degree", p.mon_to_ts_out_degree),
    ):
        yield (
            p.n_mon * degree < 2**31,
            f"--{flag} {degree} times --n-mon {p.n_mon}: more than 2**31 synapses",
        )
    yield (
        p.p_ll_to_mon > 0 or not p.ll_mon_bernoulli or p.ll_to_mon_topography_strength > 0,
        "--p-ll-to-mon 0 with --ll-mon-bernoulli at --ll-mon-topo 0 leaves no LL -> MON synapse",
    )


def weight_bounds(p: NetworkParams):
    """Initial weights of the plastic projections lie below their ceiling."""
    if p.ll_mon_use_stdp:
        yield (
            p.ll_mon_w_init_mV + p.ll_mon_w_jitter_stdp_mV <= p.ll_mon_wmax_mV,
            f"--ll-mon-w-init-mv {p.ll_mon_w_init_mV:g} plus --ll-mon-w-jitter-stdp-mv "
            f"{p.ll_mon_w_jitter_stdp_mV:g} exceeds --ll-mon-wmax-mv {p.ll_mon_wmax_mV:g}",
        )
    yield (
        p.mon_ts_w_init + p.mon_ts_w_jitter <= p.mon_ts_wmax,
        f"--mon-ts-w-init {p.mon_ts_w_init:g} plus --mon-ts-w-jitter {p.mon_ts_w_jitter:g} "
        f"exceeds --mon-ts-wmax {p.mon_ts_wmax:g}",
    )


def rate_bounds(p: NetworkParams):
    """A Poisson source fires at most once a step."""
    for flag, rate in (("bg-rate-mon-hz", p.bg_rate_mon_hz), ("bg-rate-ts-hz", p.bg_rate_ts_hz)):
        yield (
            rate * p.dt_s < 1,
            f"--{flag} {rate:g} is not below one spike per step, {1 / p.dt_s:g} Hz",
        )


def path_bounds(p: NetworkParams):
    """The test has steps, not too many, and the evaluation window holds some of them."""
    steps = round(p.test_path_cm / p.speed_cm_s / p.dt_s)
    most = MAX_TEST_RATES // p.n_ll
    yield (
        2 <= steps <= most,
        f"--test-path-cm {p.test_path_cm:g} at --speed-cm-s {p.speed_cm_s:g} takes {steps} steps; "
        f"2 to {most} are possible with --n-ll {p.n_ll}",
    )
    low, high = p.eval_x_min_cm, p.eval_x_max_cm
    if (low is None) != (high is None):
        given, missing = ("min", "max") if high is None else ("max", "min")
        yield False, f"--eval-x-{given} needs --eval-x-{missing} as well"
        return
    if low is None:
        return
    yield low < high, f"--eval-x-max {high:g} must be larger than --eval-x-min {low:g}"
    start, end = sorted(path_ends(p))
    places = p.n_ll - 1 if p.test_using_held_snapshots else max(steps, 1)
    step_cm = (end - start) / max(places, 1)
    first = max(0, math.ceil((low - start) / step_cm - 1e-9))
    yield (
        first < places + p.test_using_held_snapshots and start + first * step_cm <= high,
        f"--eval-x-min {low:g} to --eval-x-max {high:g} holds no step of the test path, "
        f"{start:g} to {end:g} cm",
    )


def path_ends(p: NetworkParams) -> tuple[float, float]:
    """Where the test sweep starts and ends, in cm along the body."""
    if p.test_using_held_snapshots:
        return 0.0, p.ll_body_length_cm
    if p.direction < 0:
        start = p.ll_body_length_cm + SWEEP_MARGIN_CM
        return start, start - p.test_path_cm
    return -SWEEP_MARGIN_CM, -SWEEP_MARGIN_CM + p.test_path_cm
