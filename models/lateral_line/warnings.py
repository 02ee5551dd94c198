"""What a reader must know before believing a number of a finished seed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from driver.experiment.limits import rate_warnings, weight_warnings
from models.lateral_line import metrics, summary
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import PRESETS, apply_model_mode
from models.lateral_line.protocol import Outcome, Result
from stimuli.frames import frame_velocity
from stimulus import ll_rates, n_test_steps

CLIPPED = 0.9  # share of the LL rates
LOOPS = {  # inhibition by a single cell: what it is, and what it hangs on
    "i_mon": (
        "global inhibition of MON",
        ("mon_to_global_inh_p", "mon_to_global_inh_drive_mV", "global_inh_to_mon_mV"),
    ),
    "i_ts": (
        "feedback inhibition of TS",
        ("ts_to_global_inh_p", "ts_to_global_inh_drive_mV", "global_inh_to_ts_mV"),
    ),
}


def warnings(result: Result) -> list[str]:
    """A sentence each."""
    p, found = result.params, []
    where = summary.spoken(summary.place(p.eval_window_cm))
    if summary.ll_mon_weights(result.source) == "initial":
        found.append(summary.NOT_AS_TRAINED)
    for name, outcome in (("trained", result.trained), ("untrained", result.untrained)):
        if why := why_not(outcome, where):
            found.append(f"{name} network: {why}")
    found += [*weights_at_a_limit(result), *rates_at_a_limit(result)]
    for cell, (what, names) in LOOPS.items():
        spikes = result.trained.spikes[cell].index.size
        spikes += result.training.counts[cell] if result.training else 0
        if is_enabled(p, cell) and not spikes and not is_of_a_preset(p, names):
            found.append(f"{what} is enabled but its cell never fired")
    return found


def why_not(outcome: Outcome, where: str) -> str:
    """Why there is no usable map of the path or window; empty if there is one."""
    path, needed = outcome.path, metrics.USABLE_VALID_FRACTION
    if not outcome.spikes["ts"].index.size:
        return "TS is silent in the test, nothing could be decoded"
    if path.silent:
        return "TS fires in the test, but not in the evaluation window"
    if path.valid_fraction_window < needed:
        share = f"only {path.valid_fraction_window:.0%} of the {where} could be decoded"
        return f"no usable map, {share} (usable from {needed:.0%})"
    if not metrics.is_usable_map(path):
        where = f"all that was decoded lies in a single bin of the {where}"
        return f"no usable map, {where}, so sigma_theta is undefined"
    return ""


def weights_at_a_limit(result: Result) -> Iterator[str]:
    p = result.params
    if not p.can_learn:
        return
    plastic = {"MON->TS": (1, p.mon_ts_wmax)}
    if p.ll_mon_use_stdp:
        plastic = {"LL->MON": (0, p.ll_mon_wmax_mV)} | plastic
    for name, (k, ceiling) in plastic.items():
        pair = result.initial_weights[k], result.final_weights[k]
        yield from weight_warnings({name: pair}, {name: (0.0, ceiling)})


def rates_at_a_limit(result: Result) -> Iterator[str]:
    p = result.params
    refractory = math.floor(p.tau_ref_ms * 1e-3 / p.dt_s + 1e-6)  # steps, as in `values`
    most_hz = 1 / (max(1, refractory) * p.dt_s)
    counts = {name: s.index.size for name, s in result.trained.spikes.items()}
    phases = {"in the test": (counts, n_test_steps(p) * p.dt_s)}
    if result.training is not None and result.training_steps:
        phases["in training"] = result.training.counts, result.training_steps * p.dt_s
    for when, (counts, seconds) in phases.items():
        layers = {"mon": p.n_mon, "ts": p.n_ts}
        rates = {f"{k.upper()} {when}": counts[k] / (n * seconds) for k, n in layers.items()}
        yield from rate_warnings({name: (hz, most_hz) for name, hz in rates.items()}, "Hz")
    frames, top = result.test_frames, result.stimulus.rmax_hz
    sensed = ll_rates(frame_velocity(frames, p), frames.eta_hz, result.stimulus)
    if (clipped := np.mean((sensed <= 0) | (sensed >= top))) >= CLIPPED:
        yield (
            f"LL in the test: {clipped:.0%} of all rates lie at 0 or at --rmax-hz {top:g}: the "
            "flow is too strong for them"
        )


def is_enabled(p: NetworkParams, cell: str) -> bool:
    """Whether an inhibitory cell is driven and inhibits."""
    _, names = LOOPS[cell]
    return all(getattr(p, name) > 0 for name in names) and (cell != "i_ts" or p.use_ts_feedback_inh)


def is_of_a_preset(p: NetworkParams, names: tuple[str, ...]) -> bool:
    """Whether some preset has these values: then a cell that never fires is its recipe."""
    ours = [getattr(p, name) for name in names]
    presets = [apply_model_mode(NetworkParams(), mode) for mode in PRESETS]
    return any(ours == [getattr(preset, name) for name in names] for preset in presets)
