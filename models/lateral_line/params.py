"""Parameters of the lateral-line model: fields, bounds, presets.

The string below a field is the help of its flag and its row in docs/flags.md. Bounds stand with
the field; a value beyond one is refused. Only strengths (rates, weights, gains, noise) below 0,
shares beyond 0 or 1, and speeds below 0.1 are moved to the bound, with a line, if they come from a
flag: so the published program documents it.
No Brian here, so `--help` and validation answer at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.randomness import MAX_SEED
from driver.flags.from_dataclass import MOVED, STRICT, Flag
from driver.flags.rules import Relation, broken
from stimulus import SWEEP_MARGIN_CM

Count = Annotated[int, Field(ge=1, le=100_000_000)]
NonNegative = Annotated[float, Field(ge=0)]
Strength = Annotated[float, Field(ge=0), MOVED]
Share = Annotated[float, Field(ge=0, le=1), MOVED]
Finite = float


# fmt: off
@dataclass(config=STRICT)
class NetworkParams:
    """Every number of a run. Units are in the names; pure numbers have none."""

    # --- sizes, time, seed ------------------------------------------------------------
    n_ll: Count = 100
    """LL afferents, equispaced on the body, both ends included."""
    n_mon: Count = 3200
    """MON cells."""
    n_ts: Count = 300
    """TS cells, a ring of decoded angles."""
    dt_s: Annotated[float, Field(ge=1e-6)] = 0.001
    """Time step of the integration and of every rate. The model is calibrated at 1 ms."""
    trial_duration_s: Annotated[float, Field(ge=1e-3)] = 1.2
    """Simulated time of a training trial."""
    n_training_trials: Annotated[int, Field(ge=0)] = 200
    """Trials of the whole training."""
    checkpoint_trials: Count = 10
    """Trials between two records of weight statistics."""
    pv_eval_every_checkpoints: Count = 2
    """The map is decoded during training on every N-th record."""
    checkpoint_save_every_n_checkpoints: Annotated[Count, Flag("checkpoint-save-every-n")] = 10
    """Records between two writes of the checkpoint file."""
    keep_training_spikes: bool = False
    """Keep the spikes of the whole training in recordings and rasters, not of its last 2 s only."""

    # --- source in training -----------------------------------------------------------
    training_position_hold_s: Annotated[float, Field(ge=1e-4)] = 0.05
    """Time that a source position is held in training."""
    training_noise_scale_early: Annotated[Strength, Flag("training-noise-early")] = 0.0
    """Snapshot noise before the switch, in units of the noise SD."""
    training_noise_scale_late: Annotated[Strength, Flag("training-noise-late")] = 0.0
    """Snapshot noise after the switch, in units of the noise SD."""
    test_ll_noise_hz: Strength = 0.0
    """SD of extra white rate noise in the test, on top of the correlated noise."""
    training_noise_switch_fraction: Annotated[Share, Flag("training-noise-switch")] = 0.5
    """Fraction of the training at which early noise becomes late noise."""
    training_positions: Literal["body", "path"] = "body"
    """Where the source is held in training: along the body, or along a path that begins and ends \
0.5 cm beyond it, as the sweeps of the test do. `body` and `path` name the window that decides."""
    training_ordered_sweeps: bool = True
    """Ordered passes along the body and back, else a shuffled order for each pass."""
    training_fixed_distance: bool = True
    """Train at the mean distance of the stimulus law (1.5 cm); the bounds are ignored."""
    training_bidirectional: bool = False
    """Alternate the direction of flow between snapshots."""
    training_distance_min_cm: Annotated[float | None, Field(gt=0)] = 0.8
    """Smallest training distance. With both bounds the distance is uniform between them, drawn \
for each snapshot; with None for one, normal (--mu-distance-cm, --sigma-distance-cm) and cut."""
    training_distance_max_cm: Annotated[float | None, Field(gt=0)] = 1.8
    """Largest training distance."""

    # --- sphere and afferents ---------------------------------------------------------
    speed_cm_s: Annotated[float, Field(ge=0.1), MOVED] = 5.0
    """Speed of the sphere: strength of the flow, and of the motion in the test sweep."""
    distance_cm: Annotated[float, Field(ge=1e-6)] = 1.5
    """Distance of the source in the test sweep."""
    direction: Finite = 1.0
    """Direction of the test sweep; only the sign counts, 0 is +1."""
    sphere_radius_cm: Annotated[float, Field(ge=1e-3)] = 0.5
    """Radius of the sphere; the flow grows with its cube."""
    ll_rate_mode: Literal["raw", "modulation"] = "raw"
    """`modulation` subtracts the spontaneous rate from the LL rates, `raw` does not."""
    ll_rate_baseline_subtract_hz: Annotated[Strength, Flag("ll-baseline-subtract-hz")] = 0.0
    """Rate subtracted from the LL rates before the gain."""
    ll_rate_gain: Strength = 1.0
    """Factor on the LL rates."""
    ll_body_length_cm: Annotated[float, Field(ge=0.1)] = 4.0
    """Length of the lateral line."""

    # --- test -------------------------------------------------------------------------
    test_path_cm: Annotated[float, Field(ge=1e-9)] = 4.0
    """Length of the test sweep, which starts 0.5 cm before the body."""
    test_passes: Count = 1
    """Passes of the test, each with noise of its own. The first one is what sigma_theta is read \
from; from two on, the map is also read with the rotation and reflection that suit it best, chosen \
on one half of the passes and scored on the other."""
    test_there_and_back: bool = False
    """Every second pass of the test goes the way back, with the flow of that direction."""
    eval_x_min_cm: Annotated[float | None, Flag("eval-x-min", alias="eval-x-min-cm")] = None
    """Lower end of the evaluation window on the test path; none is the whole path."""
    eval_x_max_cm: Annotated[float | None, Flag("eval-x-max", alias="eval-x-max-cm")] = None
    """Upper end of the evaluation window."""

    # --- sizes, time, seed ------------------------------------------------------------
    seed: Annotated[int, Field(gt=-1, lt=MAX_SEED + 1), Flag("seed-start")] = 123
    """Seed of the (first) run; everything random follows from it."""

    # --- neurons ----------------------------------------------------------------------
    vth_mV: Finite = -54.0
    """Threshold."""
    vreset_mV: Finite = -60.0
    """Reset."""
    el_mV: Finite = -74.0
    """Leak reversal."""
    tau_ref_ms: Annotated[float, Field(ge=0, lt=1e4)] = 2.0
    """Absolute refractory time."""
    tau_m_ms: Annotated[float, Field(ge=0.1)] = 10.0
    """Membrane time constant."""
    tau_s_ms: Annotated[float, Field(ge=0.1)] = 2.0
    """Decay time of excitation and inhibition."""

    # --- LL -> MON --------------------------------------------------------------------
    p_ll_to_mon: Share = 0.03
    """Density of the Bernoulli wiring, used with --ll-mon-bernoulli at topography 0 only."""
    ll_mon_bernoulli: bool = False
    """At topography 0 draw every LL -> MON pair with --p-ll-to-mon (the published rule) \
instead of giving each MON cell its full in-degree. Each seed then compiles a program of its own."""
    ll_to_mon_in_degree: Annotated[Count, Flag("ll-mon-in-degree")] = 3
    """LL inputs per MON cell."""
    ll_to_mon_sigma: Annotated[float, Field(ge=1e-6), Flag("ll-mon-sigma")] = 15.0
    """SD of a topographic draw, in LL indices."""
    ll_to_mon_topography_strength: Annotated[Share, Flag("ll-mon-topo")] = 0.01
    """Share of topographic contacts (nominal: it is rounded to whole contacts)."""
    ll_mon_w_mean_mV: Strength = 7.0
    """Lower end of the fixed weights."""
    ll_mon_w_jitter_mV: Strength = 3.0
    """Width of the uniform spread above it."""
    ll_mon_use_stdp: Annotated[bool, Flag("use-ll-mon-stdp")] = False
    """Make LL -> MON plastic."""
    ll_mon_apre: Finite = 0.01
    """Gain of pre before post, multiplicative."""
    ll_mon_apost: Finite = -0.0105
    """Gain of post before pre, multiplicative; negative is depression."""
    ll_mon_wmax_mV: Strength = 20.0
    """Upper bound of plastic weights."""
    ll_mon_w_init_mV: Strength = 10.0
    """Lower end of initial plastic weights."""
    ll_mon_w_jitter_stdp_mV: Strength = 2.0
    """Width of the uniform spread above it."""
    ll_mon_homeo_eta: Finite = 0.0
    """Rate of the rescaling of summed LL -> MON input; 0 or less is off."""
    ll_mon_homeo_every_trials: Count = 10
    """Its period."""

    # --- MON -> TS --------------------------------------------------------------------
    mon_to_ts_out_degree: Annotated[Count, Flag("mon-ts-out-degree")] = 16
    """TS targets per MON cell."""
    mon_to_ts_sigma: Annotated[float, Field(ge=1e-6), Flag("mon-ts-sigma")] = 120.0
    """SD of a topographic draw, in TS indices."""
    mon_to_ts_topography_strength: Annotated[Share, Flag("mon-ts-topo")] = 0.05
    """Share of topographic contacts (nominal: it is rounded to whole contacts)."""
    mon_ts_rule: Literal["stdp", "messenger"] = "stdp"
    """What changes the weights: pair STDP, or a messenger that spreads from TS cells that fire."""
    mon_ts_apre: Finite = 0.02
    """Gain of pre before post, additive, in units of the weight."""
    mon_ts_apost: Finite = -0.021
    """Gain of post before pre, additive; negative is depression."""
    mon_ts_wmax: Strength = 0.045
    """Upper bound of the weights."""
    mon_ts_w_init: Strength = 0.02
    """Lower end of initial weights."""
    mon_ts_w_jitter: Strength = 0.01
    """Width of the uniform spread above it."""
    mon_ts_homeo_eta: Finite = 0.0
    """Rate of the rescaling of summed MON -> TS input; 0 or less is off."""
    mon_ts_homeo_every_trials: Count = 10
    """Its period."""
    mon_ts_homeo_target: Literal["current-mean", "initial-mean"] = "current-mean"
    """What summed MON -> TS input is drawn to: its mean now (published) or at the start."""
    mon_ts_gain_mV: Strength = 30.0
    """EPSP of a unit weight."""
    mon_ts_gain_test_mV: Annotated[float | None, Field(ge=0)] = None
    """EPSP of a unit weight in the test, trained and untrained; none is that of the training."""
    stdp_tau_ms: Annotated[float, Field(ge=0.1)] = 20.0
    """Decay time of all spike traces of both rules."""

    # --- messenger --------------------------------------------------------------------
    messenger_rate_start: NonNegative = 1e-4
    """Change of a weight at a spike of its source, per unit of messenger above its usual level, \
when training starts."""
    messenger_rate_end: NonNegative = 2e-5
    """The same when the reach has shrunk; it falls as the reach does."""
    messenger_tau_ms: Annotated[float, Field(gt=0)] = 60.0
    """Decay time of the messenger."""
    messenger_mean_tau_s: Annotated[float, Field(gt=0)] = 3.0
    """Time over which its usual level is averaged."""
    messenger_reach_start: Annotated[float, Field(gt=0)] = 150.0
    """SD of the messenger's spread when training starts, in TS cells; at most half of TS."""
    messenger_reach_end: Annotated[float, Field(gt=0)] = 6.0
    """The same when it has shrunk."""
    messenger_shrink_fraction: Annotated[float, Field(ge=0, le=1)] = 0.85
    """Fraction of the training over which reach and rate shrink, exponentially."""
    messenger_shuffled: bool = False
    """Spread the messenger among TS cells in a random order that stays (control)."""

    # --- test -------------------------------------------------------------------------
    keep_mon_ts_stdp_during_test: bool = False
    """Leave MON -> TS plastic in the test (diagnostic)."""
    test_using_held_snapshots: bool = False
    """Test with one pass of held positions instead of the moving sweep."""

    # --- inhibition -------------------------------------------------------------------
    mon_to_global_inh_p: Annotated[Share, Flag("mon-global-inh-p")] = 0.06
    """Share of MON cells that drive I_MON."""
    mon_to_global_inh_drive_mV: Annotated[Strength, Flag("mon-global-inh-drive-mv")] = 0.5
    """EPSP of MON on I_MON."""
    global_inh_to_mon_mV: Annotated[Strength, Flag("mon-global-inh-mv")] = 1.4
    """IPSP of I_MON on every MON cell."""
    ts_lateral_radius: Count = 14
    """Radius of TS lateral inhibition on the ring, in TS indices."""
    ts_local_inh_peak_mV: Strength = 1.0
    """Peak IPSP of TS lateral inhibition; it falls linearly to 0 at the radius."""
    ts_flat_inh_mV: NonNegative = 0.0
    """IPSP of every TS spike on all of TS, the cell that fired included."""
    use_ts_feedback_inh: bool = False
    """Build the TS -> I_TS -> TS loop."""
    ts_to_global_inh_p: Annotated[Share, Flag("ts-feedback-p")] = 0.12
    """Share of TS cells that drive I_TS."""
    ts_to_global_inh_drive_mV: Annotated[Strength, Flag("ts-feedback-drive-mv")] = 0.35
    """EPSP of TS on I_TS."""
    global_inh_to_ts_mV: Annotated[Strength, Flag("ts-feedback-inh-mv")] = 0.8
    """IPSP of I_TS on every TS cell."""

    # --- background -------------------------------------------------------------------
    bg_rate_mon_hz: Strength = 22.0
    """Background rate of a MON cell."""
    bg_rate_ts_hz: Strength = 12.0
    """Background rate of a TS cell."""
    bg_w_mon_mV: Strength = 1.5
    """EPSP of a background spike on MON."""
    bg_w_ts_mV: Strength = 0.6
    """EPSP of a background spike on TS."""
    # fmt: on

    def __post_init__(self) -> None:
        check(self)

    @property
    def trial_steps(self) -> int:
        """Steps of a training trial."""
        return round(self.trial_duration_s / self.dt_s)

    @property
    def training_steps(self) -> int:
        """Steps of the whole training."""
        return self.n_training_trials * self.trial_steps

    @property
    def has_messenger(self) -> bool:
        """Whether the messenger's rule changes MON -> TS."""
        return self.mon_ts_rule == "messenger"

    @property
    def can_learn(self) -> bool:
        """Whether any weight can differ from its start after the training."""
        rule = self.mon_ts_apre, self.mon_ts_apost
        steps = [*((self.messenger_rate_start,) if self.has_messenger else rule)]
        steps.append(max(0.0, self.mon_ts_homeo_eta))
        if self.ll_mon_use_stdp:
            steps += [self.ll_mon_apre, self.ll_mon_apost, max(0.0, self.ll_mon_homeo_eta)]
        return self.n_training_trials > 0 and any(steps)

    @property
    def gain_in_test_mV(self) -> float:
        """EPSP of a unit MON -> TS weight in the test."""
        tested = self.mon_ts_gain_test_mV
        return self.mon_ts_gain_mV if tested is None else tested

    @property
    def training_window_cm(self) -> tuple[float, float]:
        """Where the source is held in training."""
        margin = SWEEP_MARGIN_CM if self.training_positions == "path" else 0.0
        return -margin, self.ll_body_length_cm + margin

    @property
    def body_window_cm(self) -> tuple[float, float]:
        """The body, 0 to L: the window in which the wiring's map is defined."""
        return 0.0, self.ll_body_length_cm

    @property
    def eval_window_cm(self) -> tuple[float, float] | None:
        """The evaluation window as given, or None for the whole path."""
        if self.eval_x_min_cm is None:
            return None
        return self.eval_x_min_cm, self.eval_x_max_cm


MAX_TEST_RATES = 2 * 10**8  # steps times afferents of a test: a table of 1.6 GB


def check(p: NetworkParams) -> None:
    """Relations between fields. Messages name flags, as a user typed them.

    Raises
    ------
    ValueError
        With one sentence per broken relation.
    """
    if problems := broken(relations(p)):
        raise ValueError(problems)


def relations(p: NetworkParams) -> Iterator[Relation]:
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
    yield from time_bounds(p)
    yield from messenger_bounds(p)
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


def time_bounds(p: NetworkParams) -> Iterator[Relation]:
    """What decays, or is held, does so for a step at least: shorter, the Euler step is unstable."""
    times = ["tau_m_ms", "tau_s_ms", "stdp_tau_ms", "training_position_hold_s"]
    times += ["messenger_tau_ms", "messenger_mean_tau_s"] if p.has_messenger else []
    for name in times:
        yield lasts_a_step(name, getattr(p, name), p.dt_s)
    yield (
        p.training_position_hold_s / p.dt_s < 2**31,
        f"--training-position-hold-s {p.training_position_hold_s:g}: more than 2**31 steps",
    )


def lasts_a_step(name: str, value: float, dt_s: float) -> Relation:
    """A time, in the unit that its name ends with, is no shorter than a step."""
    unit = name.rpartition("_")[2]
    return (
        value * {"s": 1.0, "ms": 1e-3}[unit] >= dt_s * (1 - 1e-9),
        f"--{name.replace('_', '-')} {value:g} ({unit}) is shorter than a step, --dt-s {dt_s:g} "
        f"(s)",
    )


def messenger_bounds(p: NetworkParams) -> Iterator[Relation]:
    """The messenger reaches no further than TS and does not widen."""
    if not p.has_messenger:
        return
    reach = p.messenger_reach_start, p.messenger_reach_end
    for flag, cells in zip(("start", "end"), reach, strict=True):
        yield (
            cells <= p.n_ts / 2,
            f"--messenger-reach-{flag} {cells:g} is more than half of --n-ts {p.n_ts}",
        )
    rate = p.messenger_rate_start, p.messenger_rate_end
    for name, (start, end) in (("reach", reach), ("rate", rate)):
        yield (
            end <= start,
            f"--messenger-{name}-end {end:g} exceeds --messenger-{name}-start {start:g}: the "
            f"{name} of the messenger shrinks",
        )


def weight_bounds(p: NetworkParams) -> Iterator[Relation]:
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


def rate_bounds(p: NetworkParams) -> Iterator[Relation]:
    """A Poisson source fires at most once a step."""
    for flag, rate in (("bg-rate-mon-hz", p.bg_rate_mon_hz), ("bg-rate-ts-hz", p.bg_rate_ts_hz)):
        yield (
            rate * p.dt_s < 1,
            f"--{flag} {rate:g} is not below one spike per step, {1 / p.dt_s:g} Hz",
        )


def path_bounds(p: NetworkParams) -> Iterator[Relation]:
    """The test has steps, not too many, and the evaluation window holds some of them."""
    steps = round(p.test_path_cm / p.speed_cm_s / p.dt_s)
    most = MAX_TEST_RATES // p.n_ll
    yield (
        2 <= steps <= most,
        f"--test-path-cm {p.test_path_cm:g} at --speed-cm-s {p.speed_cm_s:g} takes {steps} steps; "
        f"2 to {most} are possible with --n-ll {p.n_ll}",
    )
    yield (
        p.test_passes * steps <= MAX_TEST_RATES,
        f"--test-passes {p.test_passes} of {steps} steps are more than {MAX_TEST_RATES} steps",
    )
    held = p.n_ll * p.training_position_hold_s / p.dt_s
    yield (
        not p.test_using_held_snapshots or p.test_passes * held <= most,
        f"--training-position-hold-s {p.training_position_hold_s:g} at --n-ll {p.n_ll} places, "
        f"--test-passes {p.test_passes}: a test of {held:.3g} steps a pass; {most} are possible",
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
