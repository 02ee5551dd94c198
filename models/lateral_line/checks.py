"""What is looked at before a run begins: flags that clash or do nothing, weights."""

from __future__ import annotations

from collections.abc import Iterator

from driver.flags import rules
from driver.flags.from_dataclass import Adjustment, UsageError
from driver.flags.rules import Relation, Unused, flags_of, note_unused, remark
from models.lateral_line.params import NetworkParams, lasts_a_step, path_ends
from stimulus import StimulusParams

USUAL_HZ, BYTES_A_SPIKE = 10.0, 12  # of a MON or TS cell; index and step
V_SPREAD_MV = 2.0  # potentials start at rest and up to so far above, see `values.initial_state`


def without_effect(given: frozenset[str], p: NetworkParams) -> list[Adjustment]:
    """Flags that were typed and change nothing in this run, and gains of the other sign."""
    flags = flags_of(NetworkParams)
    found = note_unused(given, unused(p), p)
    for name in ("ll_mon_apre", "mon_ts_apre"):
        if getattr(p, name) < 0:
            found.append(remark(flags, p, name, "negative: pre before post depresses"))
    for name in ("ll_mon_apost", "mon_ts_apost"):
        if getattr(p, name) > 0:
            found.append(remark(flags, p, name, "positive: post before pre potentiates"))
    return found


def warnings(p: NetworkParams, stimulus: StimulusParams) -> Iterator[Adjustment]:
    """What can be run, and means little."""
    flags, radius = flags_of(NetworkParams, StimulusParams), p.sphere_radius_cm
    places = [(p, "distance_cm")]
    if p.training_fixed_distance:
        places.append((stimulus, "mu_distance_cm"))
    elif p.training_distance_min_cm is not None:
        places.append((p, "training_distance_min_cm"))
    for group, name in places:
        if getattr(group, name) <= radius:
            inside = f"the body lies inside the sphere, --sphere-radius-cm {radius:g}"
            yield remark(flags, group, name, inside)
    if p.vth_mV - p.el_mV < V_SPREAD_MV:
        at_rest = f"less than {V_SPREAD_MV:g} mV below --vth-mv {p.vth_mV:g}: cells start above it"
        yield remark(flags, p, "el_mV", at_rest)
    if p.keep_training_spikes:
        a_second = p.n_ll * stimulus.r0_hz + (p.n_mon + p.n_ts) * USUAL_HZ
        n_bytes = BYTES_A_SPIKE * a_second * p.training_steps * p.dt_s
        if n_bytes > 1e9:
            much = f"some {n_bytes / 1e9:.0f} GB of memory and disk"
            yield remark(flags, p, "keep_training_spikes", much)


def unused(p: NetworkParams) -> Iterator[Unused]:
    """Pairs (why, fields) of what these parameters do not use."""
    fixed = ("ll_mon_w_mean_mV", "ll_mon_w_jitter_mV")
    if not p.ll_mon_use_stdp:
        elsewhere = {"ll_mon_use_stdp", "ll_mon_bernoulli", *fixed}
        plastic = {name for name in vars(p) if name.startswith("ll_mon_")} - elsewhere
        yield "no effect without --use-ll-mon-stdp", plastic
    if p.ll_mon_use_stdp:
        yield "no effect with --use-ll-mon-stdp", fixed
    rule = ("mon_ts_apre", "mon_ts_apost")
    messenger = {name for name in vars(p) if name.startswith("messenger_")}
    if p.has_messenger:
        yield "no effect with --mon-ts-rule messenger", rule
        if not p.ll_mon_use_stdp:
            yield "no effect with --mon-ts-rule messenger and fixed LL -> MON", ("stdp_tau_ms",)
    else:
        yield "no effect without --mon-ts-rule messenger", messenger
    if p.test_passes == 1:
        yield "no effect with --test-passes 1", ("test_there_and_back",)
    if not p.use_ts_feedback_inh:
        loop = ("ts_to_global_inh_p", "ts_to_global_inh_drive_mV", "global_inh_to_ts_mV")
        yield "no effect without --use-ts-feedback-inh", loop
    topographic = p.ll_to_mon_topography_strength > 0
    if topographic or not p.ll_mon_bernoulli:
        yield "used only with --ll-mon-bernoulli at --ll-mon-topo 0", ("p_ll_to_mon",)
    if topographic and p.ll_mon_bernoulli:
        yield "no effect unless --ll-mon-topo is 0", ("ll_mon_bernoulli",)


def check_conflicts(given: frozenset[str], p: NetworkParams, stimulus: StimulusParams) -> None:
    """Combinations in which one flag would silently overrule another."""
    bounds = {"training_distance_min_cm", "training_distance_max_cm"} & given
    if p.training_fixed_distance and bounds:
        flag = "--" + sorted(bounds)[0].replace("_", "-")
        raise UsageError(
            f"{flag} has no effect with --training-fixed-distance, which trains at "
            f"{stimulus.mu_distance_cm:g} cm; give --no-training-fixed-distance"
        )
    check_rates(p, stimulus)
    check_path(p)
    rules.require(flow_relations(p, stimulus))


def flow_relations(p: NetworkParams, stimulus: StimulusParams) -> Iterator[Relation]:
    """The flow can be felt, and its noise can be made."""
    rest, top = stimulus.r0_hz, stimulus.rmax_hz
    yield rest <= top, f"--r0-hz {rest:g} lies above --rmax-hz {top:g}: the flow is never felt"
    if stimulus.sigma_noise_hz:
        yield lasts_a_step("tau_noise_s", stimulus.tau_noise_s, p.dt_s)


def check_path(p: NetworkParams) -> None:
    """The test passes the body, at least in part."""
    low, high = p.body_window_cm
    start, end = sorted(path_ends(p))
    if not (low < end and high > start):
        raise UsageError(f"--test-path-cm {p.test_path_cm:g} ends before it reaches the body")


def check_rates(p: NetworkParams, stimulus: StimulusParams) -> None:
    """An afferent fires at most once a step; extra test noise is reckoned with 4 SD."""
    subtracted = p.ll_rate_baseline_subtract_hz
    subtracted += stimulus.r0_hz if p.ll_rate_mode == "modulation" else 0.0

    def fits(rate_hz: float, gain: float) -> bool:
        return max(0.0, rate_hz - subtracted) * gain * p.dt_s <= 1

    noisy_hz = stimulus.rmax_hz + 4 * p.test_ll_noise_hz
    for flag, value, holds in (
        ("rmax-hz", stimulus.rmax_hz, fits(stimulus.rmax_hz, 1.0)),
        ("ll-rate-gain", p.ll_rate_gain, fits(stimulus.rmax_hz, p.ll_rate_gain)),
        ("test-ll-noise-hz", p.test_ll_noise_hz, fits(noisy_hz, p.ll_rate_gain)),
    ):
        if not holds:
            raise UsageError(
                f"--{flag} {value:g} allows LL rates of more than one spike per step, "
                f"{1 / p.dt_s:g} Hz"
            )
