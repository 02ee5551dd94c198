"""The network of `equations.py`, built once per structure.

A structure is what cannot change without compiling anew: sizes, time step, length of a trial,
whether LL -> MON is plastic, by which rule MON -> TS is, and whether TS has flat inhibition.
Everything else is a number that arrives with each block.
"""

from __future__ import annotations

import dataclasses

import brian2 as b2
import numpy as np

from driver.engine.objects import connect, links, record, run_in_order, scheduled
from driver.engine.randomness import stream_id, uniform
from models.lateral_line import equations as eq


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What Brian and GeNN are told differently; these are the words of Brian.

    Attributes
    ----------
    step, source, rate, trace : str
        Equations of the step, the stimulus, the rate that follows from it, and a spike trace.
    show_source : str
        Code that writes the stimulus of a step into variables, before it.
    trace_reset : str
        What a cell with a trace does at a spike, besides its reset.
    trace_post : str
        The trace that the presynaptic rules read: without a spike of this very step.
    learn_post : str
        Slot of the postsynaptic rules: after the traces have risen (see `equations.TRACE`).
    namespace : dict
        Of cells and of synapses that learn.
    ll_mon_homeostasis, mon_ts_homeostasis : tuple of (str, str)
        Object and code, in the order in which they run at the start of a trial.
    homeostasis_name : str
        Of each piece of it, see `driver.engine.objects.run_in_order`.
    """

    step: str = eq.STEP
    source: str = eq.LL_SOURCE
    rate: str = eq.LL_RATE
    trace: str = eq.TRACE
    show_source: str = ""
    trace_reset: str = eq.TRACE_RESET
    trace_post: str = "trace_post"
    learn_post: str = "after_resets"
    namespace: dict = dataclasses.field(default_factory=dict)
    ll_mon_homeostasis: tuple[tuple[str, str], ...] = (
        ("mon", eq.MON_SUM_CLEAR),
        ("ll_mon", eq.SUM_ADD),
        ("mon", eq.MON_SCALE),
        ("ll_mon", eq.LL_MON_RESCALE),
    )
    mon_ts_homeostasis: tuple[tuple[str, str], ...] = (
        ("ts", eq.TS_SUM_CLEAR),
        ("mon_ts", eq.SUM_ADD),
        ("ts_mean", eq.TS_MEAN_CLEAR),
        ("ts_ts_mean", eq.TS_MEAN_ADD),
        ("ts_mean", eq.TS_MEAN_DIVIDE),
        ("ts_ts_mean", eq.TS_MEAN_TELL),
        ("ts", eq.TS_SCALE),
        ("mon_ts", eq.MON_TS_RESCALE),
    )
    homeostasis_name: str = "{group}_homeostasis_{k}"


BRIAN = Dialect()


def build(structure: dict, wiring: dict[str, np.ndarray], dialect: Dialect = BRIAN) -> b2.Network:
    """Make the network.

    Parameters
    ----------
    structure : dict
        ``n_ll``, ``n_mon``, ``n_ts``, ``dt_s``, ``trial_steps``, ``n_frames`` (capacity of the
        stimulus tables), ``plastic_ll_mon``, ``messenger`` (whether its rule changes MON -> TS),
        ``messenger_trials`` (capacity of its table, 0 without it) and ``flat_inhibition``.
    wiring : dict of ndarray of int
        ``"<synapses>.i"`` and ``"<synapses>.j"``.
    dialect : Dialect

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    dt = structure["dt_s"] * b2.second
    b2.defaultclock.dt = dt
    trial_clock = b2.Clock(structure["trial_steps"] * dt, name="trial_clock")

    ll = afferents(structure, dt, dialect)
    learns = eq.LIF + dialect.trace
    mon = cells("mon", structure["n_mon"], learns + eq.MON_HOMEOSTASIS, structure, dialect)
    of_ts = learns + eq.TS_HOMEOSTASIS + (eq.MESSENGER if structure["messenger"] else "")
    ts = cells("ts", structure["n_ts"], of_ts, structure, dialect)
    i_mon = cells("i_mon", 1, eq.LIF, structure, dialect)
    i_ts = cells("i_ts", 1, eq.LIF, structure, dialect)
    mon_background = background("mon_background", structure["n_mon"], dialect)
    ts_background = background("ts_background", structure["n_ts"], dialect)
    ts_mean = b2.NeuronGroup(1, eq.TS_MEAN, namespace=dialect.namespace, name="ts_mean")

    projections = [
        ll_to_mon(ll, mon, structure["plastic_ll_mon"], dialect),
        mon_to_ts(mon, ts, structure, dialect),
        links(mon, i_mon, eq.STATIC, eq.EXCITATION, "mon_i_mon"),
        links(i_mon, mon, eq.STATIC, eq.INHIBITION, "i_mon_mon"),
        links(ts, ts, eq.STATIC, eq.INHIBITION, "ts_ts"),
        links(ts, i_ts, eq.STATIC, eq.EXCITATION, "ts_i_ts"),
        links(i_ts, ts, eq.STATIC, eq.INHIBITION, "i_ts_ts"),
        links(mon_background, mon, eq.STATIC_SHARED, eq.EXCITATION, "mon_background_mon"),
        links(ts_background, ts, eq.STATIC_SHARED, eq.EXCITATION, "ts_background_ts"),
    ]
    if "ts_ts_mean.i" in wiring:  # GeNN does without
        projections.append(b2.Synapses(ts, ts_mean, name="ts_ts_mean"))
    others = [mon_background, ts_background, ts_mean]
    if structure["messenger"]:
        projections.append(messenger(ts, structure, trial_clock))
    if structure["flat_inhibition"]:
        pool = b2.NeuronGroup(1, eq.TS_POOL, name="ts_pool")
        projections.append(flat_inhibition(ts, pool))
        others.append(pool)
    connect(projections, wiring)

    made = {item.name: item for item in (mon, ts, ts_mean, *projections)}
    homeostases = [dialect.ll_mon_homeostasis] if structure["plastic_ll_mon"] else []
    for pieces in (*homeostases, dialect.mon_ts_homeostasis):
        steps = ((made[name], code) for name, code in pieces)
        run_in_order(*steps, clock=trial_clock, name=dialect.homeostasis_name)

    populations = [ll, mon, ts, i_mon, i_ts]
    return b2.Network(populations, others, projections, record(populations), name="network")


def afferents(structure: dict, dt, dialect: Dialect = BRIAN) -> b2.NeuronGroup:
    """LL: Poisson afferents that feel the dipole flow of the source."""
    ll = b2.NeuronGroup(
        structure["n_ll"],
        dialect.step + eq.DRAWS + dialect.source + eq.LL_FLOW + dialect.rate + eq.TRACE,
        threshold=eq.LL_THRESHOLD,
        reset=eq.LL_RESET,
        method="euler",
        namespace=afferent_tables(structure, dt),
        name="ll",
    )
    if dialect.show_source:
        ll.run_regularly(dialect.show_source, when="start", name="ll_run_regularly_start_0")
    return ll


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


def cells(
    name: str, n: int, model: str, structure: dict, dialect: Dialect = BRIAN
) -> b2.NeuronGroup:
    """LIF cells; those with a spike trace raise it at the reset."""
    learns = dialect.trace in model
    return b2.NeuronGroup(
        n,
        dialect.step + model,
        threshold=eq.LIF_THRESHOLD,
        reset=f"{eq.LIF_RESET}; {dialect.trace_reset}" if learns else eq.LIF_RESET,
        method="euler",
        namespace={"trial_steps": structure["trial_steps"]} | dialect.namespace,
        name=name,
    )


def background(name: str, n: int, dialect: Dialect = BRIAN) -> b2.NeuronGroup:
    """One Poisson source per target cell."""
    return b2.NeuronGroup(
        n,
        dialect.step + eq.DRAWS + eq.BACKGROUND,
        threshold=eq.BACKGROUND_THRESHOLD,
        reset=eq.BACKGROUND_RESET,
        namespace={"uniform": uniform(), "BACKGROUND_SPIKES": stream_id(name)},
        name=name,
    )


def ll_to_mon(ll, mon, plastic: bool, dialect: Dialect = BRIAN) -> b2.Synapses:
    if not plastic:
        return links(ll, mon, eq.LL_MON_FIXED, eq.LL_MON_FIXED_ON_PRE, "ll_mon")
    rules = eq.LL_MON_PLASTIC, eq.LL_MON_ON_PRE, eq.LL_MON_ON_POST
    return learning(ll, mon, rules, "ll_mon", dialect)


def mon_to_ts(mon, ts, structure: dict, dialect: Dialect = BRIAN) -> b2.Synapses:
    if structure["messenger"]:
        rules = eq.MON_TS_MESSENGER, eq.MON_TS_MESSENGER_ON_PRE
        return links(mon, ts, *rules, "mon_ts", namespace=trial_tables(structure, rate=()))
    rules = eq.MON_TS_PLASTIC, eq.MON_TS_ON_PRE, eq.MON_TS_ON_POST
    return learning(mon, ts, rules, "mon_ts", dialect)


def trial_tables(structure: dict, **shapes: tuple[int, ...]) -> dict[str, b2.TimedArray]:
    """Tables with a row for each trial of a block."""
    n_trials, dt = structure["messenger_trials"], structure["trial_steps"] * structure["dt_s"]
    return {
        name: b2.TimedArray(np.zeros((n_trials, *shape)), dt=dt * b2.second, name=name)
        for name, shape in shapes.items()
    }


def flat_inhibition(ts, pool) -> b2.Synapses:
    """Every TS spike on all of TS, after the other synapses of its step."""
    made = links(ts, pool, "", eq.POOL_ON_PRE, "ts_ts_pool")
    pieces = (made, eq.POOL_TELL), (pool, eq.POOL_CLEAR)
    run_in_order(*pieces, when="after_synapses", name="{group}_flat_{k}")
    return made


def messenger(ts, structure: dict, trial_clock) -> b2.Synapses:
    """What a TS spike spreads over TS, itself included; its reach is renewed every trial."""
    tables = trial_tables(structure, gauss=(structure["n_ts"],))
    rules = eq.TS_MESSENGER, eq.TS_MESSENGER_ON_PRE
    made = links(ts, ts, *rules, "ts_messenger", namespace=tables)
    pieces = (ts, eq.RELEASE_CLEAR), (made, eq.SHARE_SPREAD), (made, eq.SHARE_SCALE)
    run_in_order(*pieces, clock=trial_clock, name="{group}_reach_{k}")
    return scheduled(made, {"pre": ("synapses", 1)})  # after the weights have read D


def learning(source, target, rules: tuple[str, str, str], name: str, dialect: Dialect):
    """Synapses that learn by `rules`: their equations, at a spike before, at one behind them."""
    model, on_pre, on_post = rules
    on_pre = on_pre.replace("trace_post", dialect.trace_post)
    namespace = dialect.namespace
    made = links(source, target, model, on_pre, name, on_post=on_post, namespace=namespace)
    return scheduled(made, {"post": dialect.learn_post})
