"""What is looked at before a run begins: flags that clash or do nothing, weights."""

from __future__ import annotations

from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import Adjustment, UsageError
from models.lateral_line.params import NetworkParams, path_ends
from stimulus import StimulusParams


def without_effect(given: frozenset[str], p: NetworkParams) -> list[Adjustment]:
    """Flags that were typed and change nothing in this run."""
    plastic = {name for name in given if name.startswith("ll_mon_")} - {
        *("ll_mon_use_stdp", "ll_mon_bernoulli", "ll_mon_w_mean_mV", "ll_mon_w_jitter_mV"),
    }
    loop = {"ts_to_global_inh_p", "ts_to_global_inh_drive_mV", "global_inh_to_ts_mV"}
    fixed = {"ll_mon_w_mean_mV", "ll_mon_w_jitter_mV"}
    bernoulli = p.ll_mon_bernoulli and p.ll_to_mon_topography_strength == 0
    idle = [
        (plastic, not p.ll_mon_use_stdp, "no effect without --use-ll-mon-stdp"),
        (fixed & given, p.ll_mon_use_stdp, "no effect with --use-ll-mon-stdp"),
        (loop & given, not p.use_ts_feedback_inh, "no effect without --use-ts-feedback-inh"),
        (
            {"p_ll_to_mon"} & given,
            not bernoulli,
            "used only with --ll-mon-bernoulli at --ll-mon-topo 0",
        ),
        (
            {"ll_mon_bernoulli"} & given,
            p.ll_mon_bernoulli and p.ll_to_mon_topography_strength > 0,
            "no effect unless --ll-mon-topo is 0",
        ),
    ]
    infos = cli.fields(NetworkParams)
    found = [
        Adjustment(infos[name].flag, getattr(p, name), getattr(p, name), reason)
        for names, is_idle, reason in idle
        if is_idle
        for name in sorted(names)
    ]
    signs = (("apre", "ll_mon_apre"), ("apre", "mon_ts_apre"))
    signs += (("apost", "ll_mon_apost"), ("apost", "mon_ts_apost"))
    for kind, name in signs:
        value = getattr(p, name)
        if value < 0 if kind == "apre" else value > 0:
            usual = "negative: pre before post depresses"
            usual = usual if kind == "apre" else "positive: post before pre potentiates"
            found.append(Adjustment(infos[name].flag, value, value, usual))
    return found


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
