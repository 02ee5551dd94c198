"""The same networks as GeNN can express them: `network.py` in the vocabulary of brian2genn.

GeNN updates all neurons and then delivers spikes through all synapses; the stages that our step
has in between are listed (`driver.engine.genn.step`). What differs, and why the model stays the
same:

* Cells are one discrete map per step (`CELLS`, the equations of leak, injection and adaptation
  put into each other), not pieces of code in different slots.
* Dots, retina and output are small and live on the host, where code runs regularly. The dots
  tell the others where they are over a blackboard (`driver.engine.genn.blackboard`).
* GeNN knows one presynaptic pathway, so delivering and learning are the two halves of one; the
  stage that sends the spikes says which of them acts.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np
from brian2.stateupdaters.explicit import ExplicitStateUpdater

from driver.engine import objects
from driver.engine.genn.blackboard import blackboard
from driver.engine.genn.step import Fire, Run, Settle
from driver.engine.randomness import normal, stream_id, uniform
from models.cube import equations as eq
from models.cube.kinds import KINDS

# fmt: off
# ruff: noqa: E501

DISCRETE = ExplicitStateUpdater("x_new = dt*f(x,t)")   # dx/dt = F/dt: the next x is F
STEP = eq.STEP.replace("t_in_timesteps", "timestep(t, dt)")

# --- dots, retina and output: over the blackboard, one place for each dot ------------------------

KEYS = ("X", "Y", "X_AHEAD", "Y_AHEAD", "SHOWN", "IMAGINED", "TOTAL", "SHARE")

TELL = """
told = put(X, i, x)
told = put(Y, i, y)
told = put(X_AHEAD, i, x_ahead)
told = put(Y_AHEAD, i, y_ahead)
told = put(SHOWN, i, shown)
"""
LIGHT = "look(SHOWN, {k})*int(abs(look(X, {k}) - x) <= radius)*int(abs(look(Y, {k}) - y) <= radius)"
TARGET = "look(SHOWN, {k})*int(look(X_AHEAD, {k}) == x)*int(look(Y_AHEAD, {k}) == y)"
ON = """
on             : 1                                                # 1 for a pixel that is on
"""

# --- cells ---------------------------------------------------------------------------------------

CELLS = """
v_rest         : 1 (constant)
tau_v          : second (shared, constant)
rho            : 1 (shared)                                       # exp(-dt/tau_v), once per step and not for each cell
leaked         = v*rho + v_rest - v_rest*rho : 1
dI_syn/dt      = 0/dt : 1                                         # taken in
dspiked/dt     = 0/dt : 1                                         # until the reset of this step
"""
CELLS_LEAK = "rho = exp(-dt/tau_v)"
ADAPTATION = """
dv/dt          = (int(timer <= 0)*(leaked + I_syn + noise) + int(timer > 0)*v_ref)/dt : 1
dtimer/dt      = (timer - int(timer > 0))/dt : 1
da/dt          = a*keep/dt : 1
keep           : 1 (shared)                                       # exp(-dt/tau_a)
tau_a          : second (shared, constant)
a_jump         : 1 (shared, constant)
theta0         : 1 (shared, constant)
tau_ref        : 1 (shared, constant)
v_ref          : 1 (shared, constant)
"""
ADAPTATION_LEAK = "keep = exp(-dt/tau_a)"
HOMEOSTASIS = """
dv/dt          = (leaked + I_syn + noise)/dt : 1
dtheta/dt      = (int(step > 0)*clip(theta + eta_theta*(spiked - r_target), theta_min, theta_max) + int(step <= 0)*theta)/dt : 1
eta_theta      : 1 (shared, constant)
r_target       : 1 (shared, constant)
theta_min      : 1 (shared, constant)
theta_max      : 1 (shared, constant)
"""
EXCITABILITY = {
    "adaptation": (ADAPTATION, eq.ADAPTATION_THRESHOLD, eq.ADAPTATION_RESET),
    "homeostasis": (HOMEOSTASIS, eq.HOMEOSTASIS_THRESHOLD, eq.HOMEOSTASIS_RESET),
}

# --- links: what acts and what learns --------------------------------------------------------------

ACTS = "acts : 1 (shared)"
LEARNS = "learns : 1 (shared)"
DELIVER = "I_syn_post += acts*w"
LEARN = "w = (1 - learns)*w + learns*({})"
# fmt: on


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network of a structure, with the stages of its step.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    b2.defaultclock.dt = structure["dt_s"] * b2.second
    made, stages = KINDS[structure["model"]].network_genn.objects(structure)
    built = objects.network(made, wiring, structure["populations"])
    built.genn_step = stages
    return built


# --- what is seen ------------------------------------------------------------------------------


def run(group, slot: str, *codes: str, first: int = 0) -> None:
    """Run pieces of code one after the other in a slot of every step, see `Run`."""
    name = f"{{group}}_run_regularly_{slot}_{{k}}"  # brian2genn knows such code by this word
    objects.in_order(group, "start", *codes, first=first, name=name)


def eyes(structure: dict, *, keeps: bool = False, recalls: bool = False) -> list:
    """Dots that move as equations, and the retina; see `eyes` of `network`."""
    dots = b2.NeuronGroup(
        structure["dots"],
        STEP + eq.SHOWN + eq.DOTS + eq.AHEAD + eq.LAUNCHES + "told : 1",
        namespace={"uniform": uniform(), "LAUNCH": stream_id("dot launch")} | blackboard(*KEYS),
        name="dots",
    )
    run(dots, "start", eq.COUNT_MOVE, eq.DRAW, eq.MOVE, eq.BOUNCE, eq.LAUNCHED, TELL)
    model = eq.RETINA + (eq.LAST_FRAME if keeps else "")
    model += STEP + eq.SHOWN + eq.FREE_RUNNING if recalls else ""
    retina = b2.NeuronGroup(
        structure["n"] ** 2,
        model,
        threshold=eq.LIT,
        reset="",
        namespace=blackboard(*KEYS),
        name="retina",
    )
    lit = of_all_dots(LIGHT, structure)
    see = f"lit = imagined*(1 - shown) + {lit}\nimagined = 0" if recalls else f"lit = {lit}"
    run(retina, "start", *([eq.LAST_FRAME_KEEP] if keeps else []), see, first=10)
    return [dots, retina]


def of_all_dots(term: str, structure: dict) -> str:
    """Sum of a term over the dots."""
    return " + ".join(term.format(k=k) for k in range(structure["dots"]))


# --- cells and the links between them ----------------------------------------------------------


def spiking(name: str, n: int, structure: dict, extra: str = "") -> b2.NeuronGroup:
    """Cells, as one discrete map per step; `extra` are more of their equations."""
    model, threshold, reset = EXCITABILITY[structure["excitability"]]
    noisy = structure["noisy"]
    model = STEP + CELLS + (model if noisy else model.replace(" + noise", ""))
    model += (eq.NOISE if noisy else "") + extra
    group = b2.NeuronGroup(
        n,
        model,
        threshold=threshold,
        reset=reset,
        method=DISCRETE,
        namespace={"normal": normal(), "NOISE_STREAM": stream_id(f"{name} noise")}
        | blackboard(*KEYS),
        name=name,
    )
    run(group, "start", *([ADAPTATION_LEAK] if "keep" in model else []), CELLS_LEAK)
    return group


def links(source, target, model: str, on_pre: str, name: str) -> b2.Synapses:
    """Synapses that a stage of the step tells to act or to learn."""
    switches = "\n".join(s for s in (ACTS, LEARNS) if s.split()[0] in on_pre)
    model = f"{model}\n{switches}"
    return objects.links(source, target, model, on_pre, name, namespace=blackboard(*KEYS))


def learning(delivers: str, learns: str) -> str:
    """One pathway of both; `learns` is an assignment to the weight."""
    return f"{delivers}\n{LEARN.format(learns.removeprefix('w = '))}"


# --- output -----------------------------------------------------------------------------------


def outputs(structure: dict) -> b2.NeuronGroup:
    """Output pixels and the target that the dots set for them."""
    clear = f"target = {of_all_dots(TARGET, structure)}\ndrive = 0"
    return pixels(structure, eq.OUTPUT, clear, eq.COMPARE_OUTPUT, eq.OUTPUT_THRESHOLD)


def pixels(structure: dict, model: str, clear: str, compare: str, threshold: str) -> b2.NeuronGroup:
    """Output pixels: what they start a step with, and how they decide once they have a drive."""
    tell = "\non = put(IMAGINED, i, on)" if structure.get("recall") else ""
    output = b2.NeuronGroup(
        structure["n"] ** 2,
        model + eq.TEACHER + ON,
        threshold="on > 0",
        reset="",
        namespace=blackboard(*KEYS),
        name="output",
    )
    run(output, "start", clear, first=10)
    run(output, "answer", f"{compare}\non = int({threshold}){tell}")
    return output


def readout(source, output, name="readout", drive="drive", error="error") -> b2.Synapses:
    """Links that drive the output in the same step and learn from its error."""
    code = f"{drive}_post += acts*w\nw = w + learns*eta_out*{error}_post"
    return links(source, output, eq.READOUT, code, name)


def answered(*readouts: str) -> list:
    """The output has its drive, decides, and is compared with its target."""
    return [*(Settle(name) for name in readouts), Run("answer"), Fire("output", "on")]
