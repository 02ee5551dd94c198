"""The same network as GeNN can express it: `network.py` in the vocabulary of brian2genn.

What differs, and why the model stays the same:

* GeNN knows one order inside a step (states, thresholds and resets, then presynaptic, then
  postsynaptic pathways), so a trace has risen before the presynaptic pathway reads it. `fired`
  takes the spike of this step off again: coincident spikes pair as in `equations.TRACE`.
* Its kernels cannot read tables, so the stimulus of a step is written into variables before it.
* Code that runs regularly sees one group at a time. Sums over synapses go through a blackboard
  (`driver.engine.genn.blackboard`): one group writes, the other reads.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.genn.blackboard import blackboard
from driver.engine.randomness import stream_id, uniform
from models.lateral_line import equations as eq
from models.lateral_line import network as plain

# fmt: off
# ruff: noqa: E501

STEP = eq.STEP.replace("t_in_timesteps", "timestep(t, dt)")

LL_SOURCE = """
frame_start : integer (shared, constant)                       # absolute step of the first stimulus frame
frame_steps : integer (shared, constant)                       # steps that a frame is held
frame       = (step - frame_start)//frame_steps : integer (shared)
X           : meter                                            # source position along the body
D           : meter                                            # source distance from the body
e_X         : 1                                                # direction of motion, +1 or -1
eta         : Hz                                               # noise of the rate, before its ceiling
zeta        : Hz                                               # and after it
"""
LL_SHOW = """
X = source_x(frame*dt)
D = source_distance(frame*dt)
e_X = source_direction(frame*dt)
eta = noise(frame*dt, i)
zeta = extra_noise(frame*dt, i)
"""
LL_RATE = eq.LL_RATE.replace("extra_noise(frame*dt, i)", "zeta").replace("noise(frame*dt, i)", "eta")

# 1 for a cell that fires in this step, which the Euler step of the next one clears
FIRED = """
dfired/dt   = -fired/dt : 1
"""
FIRED_RESET = "fired = 1"
BEFORE_SPIKE = "(trace_post - fired_post)"

# The homeostasis of `equations.py`; S and scale go over the blackboard, under these keys.
KEYS = ("LL_MON", "LL_MON_SCALE", "MON_TS", "MON_TS_SCALE", "TS_TOTAL", "TS_CELLS", "TS_MEAN")

MON_SUM_CLEAR = "S = put(LL_MON, i, 0*volt)"
LL_MON_SUM_ADD = "w = add(LL_MON, j, w)"
MON_SCALE = f"""
S = look(LL_MON, i)*volt
{eq.MON_SCALE}
scale = put(LL_MON_SCALE, i, scale)
"""
LL_MON_RESCALE = eq.LL_MON_RESCALE.replace("scale_post", "look(LL_MON_SCALE, j)")

TS_SUM_CLEAR = "S = put(MON_TS, i, 0)"
MON_TS_SUM_ADD = "w = add(MON_TS, j, w)"
TS_MEAN_CLEAR = """
total = put(TS_TOTAL, 0, 0)
n_cells = put(TS_CELLS, 0, 0)
"""
TS_MEAN_ADD = """
S = add(TS_TOTAL, 0, look(MON_TS, i))
scale = add(TS_CELLS, 0, int(S > 0))
"""
TS_MEAN_DIVIDE = f"""
total = look(TS_TOTAL, 0)
n_cells = look(TS_CELLS, 0)
{eq.TS_MEAN_DIVIDE}
mean = put(TS_MEAN, 0, mean)
"""
TS_SCALE = f"""
S_target = look(TS_MEAN, 0)
{eq.TS_SCALE}
scale = put(MON_TS_SCALE, i, scale)
"""
MON_TS_RESCALE = eq.MON_TS_RESCALE.replace("scale_post", "look(MON_TS_SCALE, j)")
# fmt: on


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network; arguments and populations are those of `network.build`."""
    dt = structure["dt_s"] * b2.second
    b2.defaultclock.dt = dt
    trial_clock = b2.Clock(structure["trial_steps"] * dt, name="trial_clock")

    ll = afferents(structure, dt)
    mon = cells(
        "mon", structure["n_mon"], eq.LIF + eq.TRACE + FIRED + eq.MON_HOMEOSTASIS, structure
    )
    ts = cells("ts", structure["n_ts"], eq.LIF + eq.TRACE + FIRED + eq.TS_HOMEOSTASIS, structure)
    i_mon = cells("i_mon", 1, eq.LIF, structure)
    i_ts = cells("i_ts", 1, eq.LIF, structure)
    mon_background = background("mon_background", structure["n_mon"])
    ts_background = background("ts_background", structure["n_ts"])
    ts_mean = b2.NeuronGroup(1, eq.TS_MEAN, namespace=blackboard(*KEYS), name="ts_mean")

    projections = [
        ll_to_mon(ll, mon, structure["plastic_ll_mon"]),
        mon_to_ts(mon, ts),
        plain.static(mon, i_mon, eq.EXCITATION, "mon_i_mon"),
        plain.static(i_mon, mon, eq.INHIBITION, "i_mon_mon"),
        plain.static(ts, ts, eq.INHIBITION, "ts_ts"),
        plain.static(ts, i_ts, eq.EXCITATION, "ts_i_ts"),
        plain.static(i_ts, ts, eq.INHIBITION, "i_ts_ts"),
        plain.static(mon_background, mon, eq.EXCITATION, "mon_background_mon", eq.STATIC_SHARED),
        plain.static(ts_background, ts, eq.EXCITATION, "ts_background_ts", eq.STATIC_SHARED),
    ]
    for synapses in projections:
        synapses.connect(i=wiring[f"{synapses.name}.i"], j=wiring[f"{synapses.name}.j"])

    by_name = {synapses.name: synapses for synapses in projections}
    if structure["plastic_ll_mon"]:
        ll_mon_homeostasis(mon, by_name["ll_mon"], trial_clock)
    mon_ts_homeostasis(ts, by_name["mon_ts"], ts_mean, trial_clock)

    populations = [ll, mon, ts, i_mon, i_ts]
    monitors = [b2.SpikeMonitor(group, name=f"{group.name}_spikes") for group in populations]
    return b2.Network(
        populations, mon_background, ts_background, ts_mean, projections, monitors, name="network"
    )


def afferents(structure: dict, dt) -> b2.NeuronGroup:
    """LL: Poisson afferents that feel the dipole flow of the source."""
    ll = b2.NeuronGroup(
        structure["n_ll"],
        STEP + eq.DRAWS + LL_SOURCE + eq.LL_FLOW + LL_RATE + eq.TRACE,
        threshold=eq.LL_THRESHOLD,
        reset=eq.LL_RESET,
        method="euler",
        namespace=plain.afferent_tables(structure, dt),
        name="ll",
    )
    ll.run_regularly(LL_SHOW, when="start", name="ll_run_regularly_start_0")
    return ll


def cells(name: str, n: int, model: str, structure: dict) -> b2.NeuronGroup:
    """LIF cells; those with a spike trace raise it at the reset."""
    reset = f"{eq.LIF_RESET}; {eq.TRACE_RESET}; {FIRED_RESET}" if FIRED in model else eq.LIF_RESET
    return b2.NeuronGroup(
        n,
        STEP + model,
        threshold=eq.LIF_THRESHOLD,
        reset=reset,
        method="euler",
        namespace={"trial_steps": structure["trial_steps"]} | blackboard(*KEYS),
        name=name,
    )


def background(name: str, n: int) -> b2.NeuronGroup:
    """One Poisson source per target cell."""
    return b2.NeuronGroup(
        n,
        STEP + eq.DRAWS + eq.BACKGROUND,
        threshold=eq.BACKGROUND_THRESHOLD,
        reset=eq.BACKGROUND_RESET,
        namespace={"uniform": uniform(), "BACKGROUND_SPIKES": stream_id(name)},
        name=name,
    )


def ll_to_mon(ll, mon, plastic: bool) -> b2.Synapses:
    if not plastic:
        return plain.static(ll, mon, eq.LL_MON_FIXED_ON_PRE, "ll_mon", eq.LL_MON_FIXED)
    return learning(ll, mon, eq.LL_MON_PLASTIC, eq.LL_MON_ON_PRE, eq.LL_MON_ON_POST, "ll_mon")


def mon_to_ts(mon, ts) -> b2.Synapses:
    return learning(mon, ts, eq.MON_TS_PLASTIC, eq.MON_TS_ON_PRE, eq.MON_TS_ON_POST, "mon_ts")


def learning(source, target, model: str, on_pre: str, on_post: str, name: str) -> b2.Synapses:
    return b2.Synapses(
        source,
        target,
        model,
        on_pre=on_pre.replace("trace_post", BEFORE_SPIKE),
        on_post=on_post,
        delay=plain.NO_DELAYS,
        namespace=blackboard(*KEYS),
        name=name,
    )


def in_order(clock, *steps) -> None:
    """Run `(group, code)` pairs one after the other at each tick of `clock`."""
    for order, (group, code) in enumerate(steps):
        name = (
            f"{group.name}_run_regularly_start_{order}"  # brian2genn knows such code by this word
        )
        group.run_regularly(code, clock=clock, when="start", order=order, name=name)


def ll_mon_homeostasis(mon, ll_mon, clock) -> None:
    in_order(
        clock,
        (mon, MON_SUM_CLEAR),
        (ll_mon, LL_MON_SUM_ADD),
        (mon, MON_SCALE),
        (ll_mon, LL_MON_RESCALE),
    )


def mon_ts_homeostasis(ts, mon_ts, ts_mean, clock) -> None:
    in_order(
        clock,
        (ts, TS_SUM_CLEAR),
        (mon_ts, MON_TS_SUM_ADD),
        (ts_mean, TS_MEAN_CLEAR),
        (ts, TS_MEAN_ADD),
        (ts_mean, TS_MEAN_DIVIDE),
        (ts, TS_SCALE),
        (mon_ts, MON_TS_RESCALE),
    )
