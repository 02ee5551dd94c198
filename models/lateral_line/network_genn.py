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
from models.lateral_line import equations as eq
from models.lateral_line import network

# fmt: off
# ruff: noqa: E501

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

DIALECT = network.Dialect(
    step=eq.STEP.replace("t_in_timesteps", "timestep(t, dt)"),
    source=LL_SOURCE,
    rate=LL_RATE,
    trace=eq.TRACE + FIRED,
    show_source=LL_SHOW,
    trace_reset=f"{eq.TRACE_RESET}; {FIRED_RESET}",
    trace_post=BEFORE_SPIKE,
    learn_post="synapses",
    namespace=blackboard(*KEYS),
    ll_mon_homeostasis=(
        ("mon", MON_SUM_CLEAR),
        ("ll_mon", LL_MON_SUM_ADD),
        ("mon", MON_SCALE),
        ("ll_mon", LL_MON_RESCALE),
    ),
    mon_ts_homeostasis=(
        ("ts", TS_SUM_CLEAR),
        ("mon_ts", MON_TS_SUM_ADD),
        ("ts_mean", TS_MEAN_CLEAR),
        ("ts", TS_MEAN_ADD),
        ("ts_mean", TS_MEAN_DIVIDE),
        ("ts", TS_SCALE),
        ("mon_ts", MON_TS_RESCALE),
    ),
    homeostasis_name="{group}_run_regularly_{when}_{k}",  # brian2genn knows such code by this word
)


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network; arguments and populations are those of `network.build`."""
    return network.build(structure, wiring, DIALECT)
