"""From parameters to the numbers that the network takes: the only place where units change.

Keys are ``"<group>.<variable>"`` of `equations.py`, values are in SI base units.
"""

from __future__ import annotations

import math

import numpy as np

from driver.engine.model import ForGenn, Model, contacts
from driver.engine.randomness import generator
from models.lateral_line.params import NetworkParams
from models.lateral_line.wiring import Wiring, lateral_kernel, messenger_contacts
from stimulus import (
    Frames,
    StimulusParams,
    hold_steps,
    n_test_steps,
    neuromast_positions,
)

MV, MS, CM = 1e-3, 1e-3, 1e-2
NEVER = 2**31 - 1
TRAINING, TEST = 0, 1
MAX_BLOCK_TRIALS = 25  # bounds what is lost or waited for, and the spikes held in memory

WEIGHTS = ("ll_mon.w", "mon_ts.w")
MEMBRANES = ("mon", "ts", "i_mon", "i_ts")
STATE = (
    "ll.trace",
    *(f"{group}.{name}" for group in MEMBRANES for name in ("v", "g_e", "g_i", "ready")),
    "mon.trace",
    "ts.trace",
    "mon_background.next_event",
    "ts_background.next_event",
    *WEIGHTS,
)
MESSENGER_STATE = ("ts.D", "ts.D_mean")
SCRATCH = (
    *("mon.S", "mon.scale", "ts.S", "ts.scale", "ts.S_target"),
    *("ts_mean.total", "ts_mean.n_cells", "ts_mean.mean"),
)
POPULATIONS = ("ll", "mon", "ts", "i_mon", "i_ts")
FOR_GENN = ForGenn(
    builder="models.lateral_line.network_genn:build",
    scratch=(
        *(f"ll.{name}" for name in ("X", "D", "e_X", "eta", "zeta")),
        *("mon.fired", "ts.fired"),
    ),
    without=("ts_ts_mean",),
)


def state_of(params: NetworkParams) -> tuple[str, ...]:
    """Names of all that evolves."""
    return (*STATE, *MESSENGER_STATE) if params.has_messenger else STATE


def model(params: NetworkParams, wiring: Wiring) -> Model:
    """The network of these parameters, as the driver takes it."""
    mon, ts = np.arange(params.n_mon), np.arange(params.n_ts)
    one_mon, one_ts = 0 * mon, 0 * ts
    lateral_i, lateral_j, _ = lateral_contacts(params)
    ends = {
        "ll_mon": wiring.ll_mon.in_network,
        "mon_ts": wiring.mon_ts.in_network,
        "mon_i_mon": (mon, one_mon),
        "i_mon_mon": (one_mon, mon),
        "ts_ts": (lateral_i, lateral_j),
        "ts_i_ts": (ts, one_ts),
        "i_ts_ts": (one_ts, ts),
        "mon_background_mon": (mon, mon),
        "ts_background_ts": (ts, ts),
        "ts_ts_mean": (ts, one_ts),
    }
    scratch = SCRATCH if params.ll_mon_use_stdp else (*SCRATCH, "mon.S_target")
    if params.has_messenger:
        ends["ts_messenger"] = messenger_contacts(params)[:2]
        scratch += ("ts.released", "ts_messenger.share")
    if params.ts_flat_inh_mV:
        ends["ts_ts_pool"] = (ts, one_ts)
        scratch += ("ts_pool.n_spikes",)
    return Model(
        builder="models.lateral_line.network:build",
        structure={
            "n_ll": params.n_ll,
            "n_mon": params.n_mon,
            "n_ts": params.n_ts,
            "dt_s": params.dt_s,
            "trial_steps": params.trial_steps,
            "n_frames": frame_capacity(params),
            "plastic_ll_mon": params.ll_mon_use_stdp,
            "messenger": params.has_messenger,
            "messenger_trials": block_trials(params) if params.has_messenger else 0,
            "flat_inhibition": params.ts_flat_inh_mV > 0,
        },
        wiring=contacts(ends),
        state=state_of(params),
        scratch=scratch,
        populations=POPULATIONS,
        genn=for_genn(params),
    )


def for_genn(params: NetworkParams) -> ForGenn | str:
    """How GeNN takes it, or why it cannot."""
    if params.has_messenger:
        return "--mon-ts-rule messenger has no description for GeNN"
    if params.ts_flat_inh_mV:
        return "--ts-flat-inh-mv has no description for GeNN"
    return FOR_GENN


def block_trials(params: NetworkParams) -> int:
    """Trials of the longest block of training."""
    return min(params.checkpoint_trials, MAX_BLOCK_TRIALS)


def frame_capacity(params: NetworkParams) -> int:
    """Rows of the stimulus tables: enough for a block and for the test, a power of two.

    Rounding up lets networks that are tested at another speed share a compiled program.
    """
    held = params.test_using_held_snapshots and params.test_ll_noise_hz == 0
    block = block_trials(params) * params.trial_steps
    needed = max(block // hold_steps(params) + 2, params.n_ll if held else n_test_steps(params))
    return max(1024, 1 << (needed - 1).bit_length())


def initial_state(params: NetworkParams, wiring: Wiring) -> dict[str, np.ndarray]:
    """State before the first step."""
    sizes = {"mon": params.n_mon, "ts": params.n_ts, "i_mon": 1, "i_ts": 1}
    state: dict[str, np.ndarray] = {"ll.trace": np.zeros(params.n_ll)}
    for name, n in sizes.items():
        state[f"{name}.v"] = np.full(n, params.el_mV * MV)
        state[f"{name}.g_e"] = np.zeros(n)
        state[f"{name}.g_i"] = np.zeros(n)
        state[f"{name}.ready"] = np.zeros(n, np.int32)
    for name in ("mon", "ts"):
        u = generator(params.seed, f"{name} v").random(sizes[name])
        state[f"{name}.v"] += 2 * MV * u
        state[f"{name}.trace"] = np.zeros(sizes[name])
    for name, rate_hz in (("mon", params.bg_rate_mon_hz), ("ts", params.bg_rate_ts_hz)):
        state[f"{name}_background.next_event"] = first_events(params, name, sizes[name], rate_hz)
    if params.has_messenger:
        state |= {key: np.zeros(params.n_ts) for key in MESSENGER_STATE}
    state["ll_mon.w"] = wiring.ll_mon.to_network(wiring.ll_mon_w_init_mV) * MV
    state["mon_ts.w"] = wiring.mon_ts.to_network(wiring.mon_ts_w_init)
    return state


def first_events(params: NetworkParams, name: str, n: int, rate_hz: float) -> np.ndarray:
    """Step of each background source's first spike; never for a rate of 0."""
    if rate_hz == 0:
        return np.full(n, NEVER, np.int32)
    gaps = generator(params.seed, f"{name} background start").geometric(rate_hz * params.dt_s, n)
    return np.minimum(gaps - 1, NEVER).astype(np.int32)


def constants(
    params: NetworkParams, stimulus: StimulusParams, wiring: Wiring
) -> dict[str, np.ndarray | float]:
    """Everything that stays the same through training and test."""
    values: dict[str, np.ndarray | float] = {}
    for name in MEMBRANES:
        values[f"{name}.E_L"] = params.el_mV * MV
        values[f"{name}.V_th"] = params.vth_mV * MV
        values[f"{name}.V_reset"] = params.vreset_mV * MV
        values[f"{name}.tau_m"] = params.tau_m_ms * MS
        values[f"{name}.tau_s"] = params.tau_s_ms * MS
        values[f"{name}.refractory_steps"] = math.floor(params.tau_ref_ms * MS / params.dt_s + 1e-6)
    for name in ("ll", "mon", "ts"):
        values[f"{name}.tau_trace"] = euler_time_constant(params.stdp_tau_ms * MS, params.dt_s)
    for name in ("ll", "mon_background", "ts_background"):
        values[f"{name}.seed"] = params.seed
    return (
        values
        | afferents(params, stimulus)
        | background(params)
        | inhibition(params, wiring)
        | plasticity(params)
        | homeostasis(params, wiring)
        | messenger(params)
    )


def euler_time_constant(tau: float, dt: float) -> float:
    """Time constant with which one Euler step multiplies by exactly ``exp(-dt/tau)``."""
    return dt / -math.expm1(-dt / tau)


def afferents(params: NetworkParams, stimulus: StimulusParams) -> dict[str, np.ndarray | float]:
    subtracted = params.ll_rate_baseline_subtract_hz
    if params.ll_rate_mode == "modulation":
        subtracted += stimulus.r0_hz
    return {
        "ll.position": neuromast_positions(params.n_ll, params.ll_body_length_cm) * CM,
        "ll.U": params.speed_cm_s * CM,
        "ll.R": params.sphere_radius_cm * CM,
        "ll.r_0": stimulus.r0_hz,
        "ll.A": stimulus.A_per_cm / CM,
        "ll.r_max": stimulus.rmax_hz,
        "ll.baseline": subtracted,
        "ll.gain": params.ll_rate_gain,
    }


def background(params: NetworkParams) -> dict[str, float]:
    def log_miss(rate_hz: float) -> float:
        return math.log1p(-rate_hz * params.dt_s) or -1.0  # a source that never fires needs none

    return {
        "mon_background.log_miss": log_miss(params.bg_rate_mon_hz),
        "ts_background.log_miss": log_miss(params.bg_rate_ts_hz),
        "mon_background_mon.w": params.bg_w_mon_mV * MV,
        "ts_background_ts.w": params.bg_w_ts_mV * MV,
    }


def inhibition(params: NetworkParams, wiring: Wiring) -> dict[str, np.ndarray]:
    _, _, lateral = lateral_contacts(params)
    flat = {"ts_pool.w": params.ts_flat_inh_mV * MV} if params.ts_flat_inh_mV else {}
    return flat | {
        "mon_i_mon.w": wiring.mon_drives * params.mon_to_global_inh_drive_mV * MV,
        "i_mon_mon.w": np.full(params.n_mon, params.global_inh_to_mon_mV * MV),
        "ts_ts.w": lateral,
        "ts_i_ts.w": wiring.ts_drives * params.ts_to_global_inh_drive_mV * MV,
        "i_ts_ts.w": np.full(params.n_ts, params.global_inh_to_ts_mV * MV),
    }


def lateral_contacts(params: NetworkParams) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """TS -> TS contacts and weights in volt; a ring of one cell has one of weight 0."""
    i, j, w = lateral_kernel(
        params.n_ts, params.ts_lateral_radius, params.ts_local_inh_peak_mV * MV
    )
    return (i, j, w) if i.size else (np.zeros(1, int), np.zeros(1, int), np.zeros(1))


def plasticity(params: NetworkParams) -> dict[str, float]:
    values = {"mon_ts.G": params.mon_ts_gain_mV * MV, "mon_ts.w_max": params.mon_ts_wmax}
    if not params.has_messenger:
        values["mon_ts.A_plus"] = params.mon_ts_apre
        values["mon_ts.A_minus"] = params.mon_ts_apost
    if params.ll_mon_use_stdp:
        values["ll_mon.w_max"] = params.ll_mon_wmax_mV * MV
        values["ll_mon.A_plus"] = params.ll_mon_apre
        values["ll_mon.A_minus"] = params.ll_mon_apost
    return values


def messenger(params: NetworkParams) -> dict[str, np.ndarray | float]:
    """Of the messenger, all but what shrinks; nothing without it."""
    if not params.has_messenger:
        return {}
    return {
        "ts.tau_D": euler_time_constant(params.messenger_tau_ms * MS, params.dt_s),
        "ts.tau_mean": params.messenger_mean_tau_s,
        "ts_messenger.distance": messenger_contacts(params)[2],
    }


def shrunk(params: NetworkParams, start: float, end: float, trials: np.ndarray) -> np.ndarray:
    """What shrinks from `start` to `end`, in each of `trials`.

    start (end/start)**s, where s goes from 0 to 1 over the fraction of the training in which reach
    and rate shrink. It depends on the number of the trial alone, not on the blocks of a run.
    """
    shrinking = params.messenger_shrink_fraction * params.n_training_trials
    done = np.minimum(np.asarray(trials) / shrinking, 1.0) if shrinking else np.ones(len(trials))
    return start * (end / start) ** done if start else np.zeros(len(trials))


def messenger_reach(params: NetworkParams, trials: np.ndarray) -> np.ndarray:
    """SD of the messenger's spread in each of `trials`, in TS cells."""
    return shrunk(params, params.messenger_reach_start, params.messenger_reach_end, trials)


def messenger_rate(params: NetworkParams, trials: np.ndarray) -> np.ndarray:
    """Learning rate of the messenger's rule in each of `trials`."""
    return shrunk(params, params.messenger_rate_start, params.messenger_rate_end, trials)


def messenger_tables(params: NetworkParams, first_step: int) -> dict[str, np.ndarray]:
    """Rate and spread in the trials of a block that starts at `first_step`; nothing without it."""
    if not params.has_messenger:
        return {}
    trials = first_step // params.trial_steps + np.arange(block_trials(params))
    reach = messenger_reach(params, trials)[:, None]
    return {
        "rate.values": messenger_rate(params, trials),
        "gauss.values": np.exp(-0.5 * (np.arange(params.n_ts) / reach) ** 2),
    }


def test_gain(params: NetworkParams) -> dict[str, float]:
    """The EPSP of a unit weight in the test."""
    return {"mon_ts.G": params.gain_in_test_mV * MV}


def homeostasis(params: NetworkParams, wiring: Wiring) -> dict[str, float]:
    fixed = wiring.mon_ts_target if params.mon_ts_homeo_target == "initial-mean" else 0.0
    values = {
        "mon.homeo_every": params.ll_mon_homeo_every_trials,
        "ts.homeo_every": params.mon_ts_homeo_every_trials,
        "ts_mean.fixed_target": fixed,
    }
    if params.ll_mon_use_stdp:
        values["mon.S_target"] = wiring.ll_mon_target_mV * MV
    return values


def switches(
    params: NetworkParams, *, ll_mon: bool, mon_ts: bool, homeostasis: bool
) -> dict[str, float]:
    """Learning and homeostasis on or off."""
    values = {
        "mon_ts.learn": float(mon_ts),
        "mon.homeo_eta": max(0.0, params.ll_mon_homeo_eta) * homeostasis,
        "ts.homeo_eta": max(0.0, params.mon_ts_homeo_eta) * homeostasis,
    }
    if params.ll_mon_use_stdp:
        values["ll_mon.learn"] = float(ll_mon)
    return values


def source(frames: Frames, capacity: int, phase: int, phase_start: int) -> dict:
    """Stimulus tables of a block, and the phase whose random streams it draws from.

    `frames.first_step` counts from the start of the phase, like the draws of the spikes.
    """
    values: dict[str, np.ndarray | float] = {
        "ll.frame_start": phase_start + frames.first_step,
        "ll.frame_steps": frames.frame_steps,
        "source_x.values": padded(frames.x_cm * CM, capacity),
        "source_distance.values": padded(frames.d_cm * CM, capacity),
        "source_direction.values": padded(frames.direction, capacity),
    }
    for name, table in (("noise", frames.eta_hz), ("extra_noise", frames.zeta_hz)):
        if table is not None:
            values[f"{name}.values"] = padded(table, capacity)
    for name in ("ll", "mon_background", "ts_background"):
        values[f"{name}.phase"] = phase
        values[f"{name}.phase_start"] = phase_start
    return values


def padded(table: np.ndarray, capacity: int) -> np.ndarray:
    """Repeat the last row up to `capacity` rows."""
    if len(table) > capacity:
        raise ValueError(f"{len(table)} stimulus frames do not fit {capacity} rows")
    return np.concatenate([table, np.repeat(table[-1:], capacity - len(table), axis=0)])
