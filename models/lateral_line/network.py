"""The network of `equations.py`, built once per structure.

A structure is what cannot change without compiling anew: sizes, time step, length of a trial
and whether LL -> MON is plastic. Everything else is a number that arrives with each block.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.randomness import stream_id, uniform
from models.lateral_line import equations as eq

NO_DELAY = {"pre": 0 * b2.second}
NO_DELAYS = {"pre": 0 * b2.second, "post": 0 * b2.second}


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network.

    Parameters
    ----------
    structure : dict
        ``n_ll``, ``n_mon``, ``n_ts``, ``dt_s``, ``trial_steps``, ``n_frames`` (capacity of the
        stimulus tables) and ``plastic_ll_mon``.
    wiring : dict of ndarray of int
        ``"<synapses>.i"`` and ``"<synapses>.j"``.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    dt = structure["dt_s"] * b2.second
    b2.defaultclock.dt = dt
    trial_clock = b2.Clock(structure["trial_steps"] * dt, name="trial_clock")

    ll = afferents(structure, dt)
    mon = cells("mon", structure["n_mon"], eq.LIF + eq.TRACE + eq.MON_HOMEOSTASIS, structure)
    ts = cells("ts", structure["n_ts"], eq.LIF + eq.TRACE + eq.TS_HOMEOSTASIS, structure)
    i_mon = cells("i_mon", 1, eq.LIF, structure)
    i_ts = cells("i_ts", 1, eq.LIF, structure)
    mon_background = background("mon_background", structure["n_mon"])
    ts_background = background("ts_background", structure["n_ts"])
    ts_mean = b2.NeuronGroup(1, eq.TS_MEAN, name="ts_mean")

    projections = [
        ll_to_mon(ll, mon, structure["plastic_ll_mon"]),
        mon_to_ts(mon, ts),
        static(mon, i_mon, eq.EXCITATION, "mon_i_mon"),
        static(i_mon, mon, eq.INHIBITION, "i_mon_mon"),
        static(ts, ts, eq.INHIBITION, "ts_ts"),
        static(ts, i_ts, eq.EXCITATION, "ts_i_ts"),
        static(i_ts, ts, eq.INHIBITION, "i_ts_ts"),
        static(mon_background, mon, eq.EXCITATION, "mon_background_mon", eq.STATIC_SHARED),
        static(ts_background, ts, eq.EXCITATION, "ts_background_ts", eq.STATIC_SHARED),
        b2.Synapses(ts, ts_mean, name="ts_ts_mean"),
    ]
    for synapses in projections:
        synapses.connect(i=wiring[f"{synapses.name}.i"], j=wiring[f"{synapses.name}.j"])

    by_name = {synapses.name: synapses for synapses in projections}
    if structure["plastic_ll_mon"]:
        ll_mon_homeostasis(mon, by_name["ll_mon"], trial_clock)
    mon_ts_homeostasis(ts, by_name["mon_ts"], ts_mean, by_name["ts_ts_mean"], trial_clock)

    populations = [ll, mon, ts, i_mon, i_ts]
    monitors = [b2.SpikeMonitor(group, name=f"{group.name}_spikes") for group in populations]
    return b2.Network(
        populations, mon_background, ts_background, ts_mean, projections, monitors, name="network"
    )


def afferents(structure: dict, dt) -> b2.NeuronGroup:
    """LL: Poisson afferents that feel the dipole flow of the source."""
    return b2.NeuronGroup(
        structure["n_ll"],
        eq.STEP + eq.DRAWS + eq.LL_SOURCE + eq.LL_FLOW + eq.LL_RATE + eq.TRACE,
        threshold=eq.LL_THRESHOLD,
        reset=eq.LL_RESET,
        method="euler",
        namespace=afferent_tables(structure, dt),
        name="ll",
    )


def afferent_tables(structure: dict, dt) -> dict:
    """What the afferents draw from and the stimulus, one row per frame."""
    n_frames, n_ll = structure["n_frames"], structure["n_ll"]

    def table(name, shape, unit):
        return b2.TimedArray(np.zeros(shape) * unit, dt=dt, name=name)

    return {
        "uniform": uniform(),
        "LL_SPIKES": stream_id("LL spikes"),
        "source_x": table("source_x", n_frames, b2.meter),
        "source_distance": table("source_distance", n_frames, b2.meter),
        "source_direction": table("source_direction", n_frames, 1),
        "noise": table("noise", (n_frames, n_ll), b2.Hz),
        "extra_noise": table("extra_noise", (n_frames, n_ll), b2.Hz),
    }


def cells(name: str, n: int, model: str, structure: dict) -> b2.NeuronGroup:
    """LIF cells; those with a spike trace raise it at the reset."""
    reset = f"{eq.LIF_RESET}; {eq.TRACE_RESET}" if eq.TRACE in model else eq.LIF_RESET
    return b2.NeuronGroup(
        n,
        eq.STEP + model,
        threshold=eq.LIF_THRESHOLD,
        reset=reset,
        method="euler",
        namespace={"trial_steps": structure["trial_steps"]},
        name=name,
    )


def background(name: str, n: int) -> b2.NeuronGroup:
    """One Poisson source per target cell."""
    return b2.NeuronGroup(
        n,
        eq.STEP + eq.DRAWS + eq.BACKGROUND,
        threshold=eq.BACKGROUND_THRESHOLD,
        reset=eq.BACKGROUND_RESET,
        namespace={"uniform": uniform(), "BACKGROUND_SPIKES": stream_id(name)},
        name=name,
    )


def ll_to_mon(ll, mon, plastic: bool) -> b2.Synapses:
    if not plastic:
        return static(ll, mon, eq.LL_MON_FIXED_ON_PRE, "ll_mon", eq.LL_MON_FIXED)
    return after_resets(
        b2.Synapses(
            ll,
            mon,
            eq.LL_MON_PLASTIC,
            on_pre=eq.LL_MON_ON_PRE,
            on_post=eq.LL_MON_ON_POST,
            delay=NO_DELAYS,
            name="ll_mon",
        )
    )


def mon_to_ts(mon, ts) -> b2.Synapses:
    return after_resets(
        b2.Synapses(
            mon,
            ts,
            eq.MON_TS_PLASTIC,
            on_pre=eq.MON_TS_ON_PRE,
            on_post=eq.MON_TS_ON_POST,
            delay=NO_DELAYS,
            name="mon_ts",
        )
    )


def after_resets(synapses: b2.Synapses) -> b2.Synapses:
    """Run the postsynaptic pathway after the traces have risen (see `equations.TRACE`)."""
    synapses.post.when = "after_resets"
    return synapses


def static(source, target, on_pre: str, name: str, model: str = eq.STATIC) -> b2.Synapses:
    return b2.Synapses(source, target, model, on_pre=on_pre, delay=NO_DELAY, name=name)


def in_order(clock, *steps) -> None:
    """Run `(group, code)` pairs one after the other at each tick of `clock`.

    All of them stand in the slot ``start``, before the step; `order` sequences them.
    """
    for order, (group, code) in enumerate(steps):
        name = f"{group.name}_homeostasis_{order}"
        group.run_regularly(code, clock=clock, when="start", order=order, name=name)


def ll_mon_homeostasis(mon, ll_mon, clock) -> None:
    in_order(
        clock,
        (mon, eq.MON_SUM_CLEAR),
        (ll_mon, eq.SUM_ADD),
        (mon, eq.MON_SCALE),
        (ll_mon, eq.LL_MON_RESCALE),
    )


def mon_ts_homeostasis(ts, mon_ts, ts_mean, ts_ts_mean, clock) -> None:
    in_order(
        clock,
        (ts, eq.TS_SUM_CLEAR),
        (mon_ts, eq.SUM_ADD),
        (ts_mean, eq.TS_MEAN_CLEAR),
        (ts_ts_mean, eq.TS_MEAN_ADD),
        (ts_mean, eq.TS_MEAN_DIVIDE),
        (ts_ts_mean, eq.TS_MEAN_TELL),
        (ts, eq.TS_SCALE),
        (mon_ts, eq.MON_TS_RESCALE),
    )
