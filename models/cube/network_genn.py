"""The same networks as GeNN can express them: `network.py` in the vocabulary of brian2genn.

GeNN updates all neurons and then delivers spikes through all synapses; the stages that our step
has in between are listed (`driver.engine.genn.step`). What differs, and why the model stays the same:

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

from driver.engine.genn.blackboard import blackboard
from driver.engine.genn.step import Deliver, Fire, Neurons, Run, Settle
from driver.engine.randomness import normal, stream_id, uniform
from models.cube import equations as eq
from models.cube.network import wired

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
COLUMN = "look(SHOWN, {k})*int(look(X_AHEAD, {k}) == x)*int(abs(look(Y_AHEAD, {k}) - y) <= strip)"
ROW = "look(SHOWN, {k})*int(look(Y_AHEAD, {k}) == y)*int(abs(look(X_AHEAD, {k}) - x) <= strip)"
ON = """
on             : 1                                                # 1 for a pixel that is on
"""
SHOW_IMAGINED = "imagined = look(IMAGINED, i)"

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
TWICE_DELIVER = "I_syn_post += acts*traversed*w"
LEARN = "w = (1 - learns)*w + learns*({})"

KEPT_CLEAR = "S = put(TOTAL, i, 0)"
KEPT_ADD = "w = add(TOTAL, j, w)"
KEPT_SHARE = "S = put(SHARE, i, S_target/look(TOTAL, i))"
KEPT_RESCALE = eq.SUM_RESCALE.replace("S_target/S_post", "look(SHARE, j)")
# fmt: on


def learning(delivers: str, learns: str) -> str:
    """One pathway of both; `learns` is an assignment to the weight."""
    return f"{delivers}\n{LEARN.format(learns.removeprefix('w = '))}"


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network of a structure, with the stages of its step.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    b2.defaultclock.dt = structure["dt_s"] * b2.second
    made, stages = {"local": local_layer, "cube": cube}[structure["model"]](structure)
    network = wired(made, structure, wiring)
    network.genn_step = stages
    return network


def cube(structure: dict) -> tuple[list, tuple]:
    """Dots, retina, lattice or groups; a readout where the structure has one."""
    n_cells = structure["n"] ** 2 * structure["L"]
    dots, retina = moving_dots(structure), seeing(structure)
    cells = spiking("cells", n_cells, structure)
    made = [dots, retina, cells, links(retina, cells, eq.INPUT, "I_syn_post += acts*gain", "drive")]
    made += [projection(structure, cells, role) for role in structure["roles"]]
    roles = tuple(structure["roles"])
    learners = tuple(r for r, how in structure["roles"].items() if how not in ("fixed", "shared"))
    stages = [Run("start"), Fire("retina", "lit"), Deliver("retina", acts=("drive",)), Neurons()]
    stages += [Deliver("cells", learns=learners, late="spiked")] if learners else []
    if structure["readout"]:
        output = outputs(structure)
        made += [output, readout(cells, output)]
        stages += [Deliver("cells", acts=(*roles, "readout")), *answered("readout")]
        stages += [Deliver("cells", learns=("readout",))]
    else:
        stages += [Deliver("cells", acts=roles)]
    if "kept" in structure["roles"].values():
        keep_incoming(structure, cells, next(s for s in made if s.name == "intra"))
    return made, tuple(stages)


def local_layer(structure: dict) -> tuple[list, tuple]:
    """Dots, retina, one layer of hidden cells, output pixels."""
    dots, retina = moving_dots(structure), seeing(structure)
    hidden = spiking("hidden", structure["n_hidden"], structure)
    made = [dots, retina, hidden]
    stages = [Run("start"), Fire("retina", "lit"), Deliver("retina", acts=("input",))]
    if structure["hidden"] == "motion":
        output, readouts = branches(structure), ("readout_x", "readout_y")
        made += [links(retina, hidden, eq.FIXED, DELIVER, name) for name in ("input", "before")]
        made += [readout(hidden, output, f"readout_{k}", f"drive_{k}", f"error_{k}") for k in "xy"]
        stages += [Fire("retina", "was_lit", record=False), Deliver("retina", acts=("before",))]
        learns = []
    else:
        output, readouts = outputs(structure), ("readout",)
        made += [receptive_field(retina, hidden), readout(hidden, output)]
        learns = [Fire("retina", "lit", record=False), Deliver("retina", learns=("input",))]
    stages += [Neurons(), Deliver("hidden", acts=readouts), *answered(*readouts)]
    stages += [Deliver("hidden", learns=readouts), *learns]
    if structure["recall"]:
        run(retina, "end", SHOW_IMAGINED)
        stages += [Run("end")]
    return [*made, output], tuple(stages)


def answered(*readouts: str) -> list:
    """The output has its drive, decides, and is compared with its target."""
    return [*(Settle(name) for name in readouts), Run("answer"), Fire("output", "on")]


# --- what is seen ------------------------------------------------------------------------------


def run(group, slot: str, *codes: str, first: int = 0, dt=None) -> None:
    """Run pieces of code one after the other in a slot of every step."""
    for order, code in enumerate(codes, start=first):
        name = f"{group.name}_run_regularly_{slot}_{order - first}"
        group.run_regularly(code, dt=dt, when="start", order=order, name=name)


def moving_dots(structure: dict) -> b2.NeuronGroup:
    dots = b2.NeuronGroup(
        structure["dots"],
        STEP + eq.SHOWN + eq.DOTS + eq.AHEAD + eq.LAUNCHES + "told : 1",
        namespace={"uniform": uniform(), "LAUNCH": stream_id("dot launch")} | blackboard(*KEYS),
        name="dots",
    )
    run(dots, "start", eq.COUNT_MOVE, eq.DRAW, eq.MOVE, eq.BOUNCE, eq.LAUNCHED, TELL)
    return dots


def of_all_dots(term: str, structure: dict) -> str:
    """Sum of a term over the dots."""
    return " + ".join(term.format(k=k) for k in range(structure["dots"]))


def seeing(structure: dict) -> b2.NeuronGroup:
    """The retina; where a model needs it, with the frame before, or open to the output."""
    keeps, recalls = structure.get("hidden") == "motion", structure.get("recall", False)
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
    return retina


# --- cells and the links between them ----------------------------------------------------------


def spiking(name: str, n: int, structure: dict) -> b2.NeuronGroup:
    """Cells, as one discrete map per step."""
    model, threshold, reset = EXCITABILITY[structure["excitability"]]
    noisy = structure["noisy"]
    model = STEP + CELLS + (model if noisy else model.replace(" + noise", ""))
    if noisy:
        model += eq.NOISE
    if "kept" in structure.get("roles", {}).values():
        model += eq.INCOMING
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
    return b2.Synapses(
        source,
        target,
        f"{model}\n{switches}",
        on_pre=on_pre,
        delay={"pre": 0 * b2.second},
        namespace=blackboard(*KEYS),
        name=name,
    )


def projection(structure: dict, cells, role: str) -> b2.Synapses:
    """Links of one role; how they learn is ``structure["roles"][role]``, as in `network.py`."""
    match structure["roles"][role]:
        case "fixed":
            return links(cells, cells, eq.FIXED, DELIVER, role)
        case "shared":
            return links(cells, cells, eq.SHARED, DELIVER, role)
        case "hebb" | "kept":
            return links(cells, cells, eq.HEBB, learning(DELIVER, eq.HEBB_ON_FIRED), role)
        case "twice":
            code = learning(TWICE_DELIVER, eq.TWICE_ON_FIRED)
            return links(cells, cells, eq.HEBB + eq.TWICE, code, role)
    raise ValueError(f"{role}: no description for GeNN of {structure['roles'][role]}")


def receptive_field(retina, hidden) -> b2.Synapses:
    """Input links of hidden cells: they drive in the same step, and learn after it."""
    code = learning(DELIVER, eq.INPUT_ON_LIT)
    return links(retina, hidden, eq.INPUT_PLASTIC, code, "input")


def keep_incoming(structure: dict, cells, intra) -> None:
    """Keep the sum of the weights into each cell from its own group."""
    period = structure["ratio"] * structure["dt_s"] * b2.second
    steps = (cells, KEPT_CLEAR), (intra, KEPT_ADD), (cells, KEPT_SHARE), (intra, KEPT_RESCALE)
    for order, (group, code) in enumerate(steps, start=-10):
        name = f"{group.name}_run_regularly_start_kept_{order + 10}"
        group.run_regularly(code, dt=period, when="start", order=order, name=name)


# --- output -----------------------------------------------------------------------------------


def outputs(structure: dict) -> b2.NeuronGroup:
    """Output pixels and the target that the dots set for them."""
    clear = f"target = {of_all_dots(TARGET, structure)}\ndrive = 0"
    decide = f"{eq.COMPARE_OUTPUT}\non = int({eq.OUTPUT_THRESHOLD})"
    return pixels(structure, eq.OUTPUT, clear, decide)


def branches(structure: dict) -> b2.NeuronGroup:
    """Output pixels with a branch for the column and one for the row."""
    clear = f"column = {of_all_dots(COLUMN, structure)}\nrow = {of_all_dots(ROW, structure)}"
    clear += "\ndrive_x = 0\ndrive_y = 0"
    decide = f"{eq.COMPARE_BRANCHES}\non = int({eq.BRANCHES_THRESHOLD})"
    return pixels(structure, eq.BRANCHES, clear, decide)


def pixels(structure: dict, model: str, clear: str, decide: str) -> b2.NeuronGroup:
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
    run(output, "answer", decide + tell)
    return output


def readout(source, output, name="readout", drive="drive", error="error") -> b2.Synapses:
    """Links that drive the output in the same step and learn from its error."""
    code = f"{drive}_post += acts*w\nw = w + learns*eta_out*{error}_post"
    return links(source, output, eq.READOUT, code, name)
