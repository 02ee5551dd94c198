"""The networks of `equations.py`, built once per structure.

A structure is what cannot change without compiling anew: sizes, which links there are and which
of them learn, how excitability is controlled. Every other number arrives with each block.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.randomness import normal, stream_id, uniform
from models.cube import equations as eq

NO_DELAY = 0 * b2.second

ADAPTATION = eq.ADAPTATION, eq.ADAPTATION_THRESHOLD, eq.ADAPTATION_RESET
HOMEOSTASIS = eq.HOMEOSTASIS, eq.HOMEOSTASIS_THRESHOLD, eq.HOMEOSTASIS_RESET
EXCITABILITY = {"adaptation": ADAPTATION, "homeostasis": HOMEOSTASIS}
INJECT = {
    ("adaptation", False): eq.ADAPTATION_INJECT,
    ("adaptation", True): eq.ADAPTATION_INJECT_NOISY,
    ("homeostasis", False): eq.HOMEOSTASIS_INJECT,
    ("homeostasis", True): eq.HOMEOSTASIS_INJECT_NOISY,
}


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network of a structure; see `values.structure` for its entries.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    b2.defaultclock.dt = structure["dt_s"] * b2.second
    made = {"local": local_layer, "cube": cube}[structure["model"]](structure)
    return wired(made, structure, wiring)


def wired(made: list, structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """The network of these objects, with its links and monitors."""
    for synapses in made:
        if isinstance(synapses, b2.Synapses):
            synapses.connect(i=wiring[f"{synapses.name}.i"], j=wiring[f"{synapses.name}.j"])
    monitors = [
        b2.SpikeMonitor(group, name=f"{group.name}_spikes")
        for group in made
        if group.name in structure["populations"]
    ]
    return b2.Network(made, monitors, name="network")


def cube(structure: dict) -> list:
    """Dots, retina, lattice or groups; a readout and a reward where the structure has them."""
    dots, retina, light = eyes(structure)
    n_cells = structure["n"] ** 2 * structure["L"]
    cells = spiking("cells", n_cells, structure)
    made = [dots, retina, light, cells, drive(retina, cells)]
    made += [projection(structure, cells, role) for role in structure["roles"]]
    if structure["readout"]:
        output, aim = outputs(structure, dots)
        made += [output, aim, readout(cells, output)]
    if structure["rule"] == "reward":
        made += reward(structure, dots, cells)
    if structure["rule"] == "reward-column":
        made += column_reward(structure, dots, cells)
    if "kept" in structure["roles"].values():
        keep_incoming(structure, cells, next(s for s in made if s.name == "intra"))
    return made


def local_layer(structure: dict) -> list:
    """Dots, retina, one layer of hidden cells, output pixels."""
    dots, retina, light = eyes(structure)
    hidden = spiking("hidden", structure["n_hidden"], structure)
    made = [dots, retina, light, hidden]
    if structure["hidden"] == "motion":
        output, aim = branches(structure, dots)
        made += [seen(retina, hidden, "input", "spike"), seen(retina, hidden, "before", "was_lit")]
        made += [readout(hidden, output, "readout_x", eq.DRIVE_X, eq.LEARN_X)]
        made += [readout(hidden, output, "readout_y", eq.DRIVE_Y, eq.LEARN_Y)]
    else:
        output, aim = outputs(structure, dots)
        made += [receptive_field(retina, hidden), readout(hidden, output)]
    if structure["recall"]:
        made.append(feedback(output, retina))
    return [*made, output, aim]


# --- what is seen ------------------------------------------------------------------------------


def eyes(structure: dict) -> tuple[b2.NeuronGroup, b2.NeuronGroup, b2.Synapses]:
    """Dots that move as equations, and the retina that they light."""
    dots = b2.NeuronGroup(
        structure["dots"],
        eq.STEP + eq.SHOWN + eq.DOTS + eq.AHEAD + eq.LAUNCHES,
        threshold=eq.DOTS_ARE_SOMEWHERE,
        reset="",
        namespace={"uniform": uniform(), "LAUNCH": stream_id("dot launch")},
        name="dots",
    )
    in_order(dots, "start", eq.COUNT_MOVE, eq.DRAW, eq.MOVE, eq.BOUNCE, eq.LAUNCHED)
    dots.thresholder["spike"].when = "start"
    dots.thresholder["spike"].order = 10
    retina = seeing(structure)
    light = pathways(dots, retina, "", {"light": eq.LIGHT}, "light")
    light.light.when, light.light.order = "before_groups", 0
    return dots, retina, light


def seeing(structure: dict) -> b2.NeuronGroup:
    """The retina; where a model needs it, with the frame before, or open to the output."""
    keeps, recalls = structure.get("hidden") == "motion", structure.get("recall", False)
    model = eq.RETINA
    model += eq.LAST_FRAME if keeps else ""
    model += eq.STEP + eq.SHOWN + eq.FREE_RUNNING if recalls else ""
    events = {"was_lit": eq.WAS_LIT} if keeps else {}
    retina = b2.NeuronGroup(
        structure["n"] ** 2, model, threshold=eq.LIT, reset="", events=events, name="retina"
    )
    for event in ("spike", *events):
        retina.thresholder[event].when, retina.thresholder[event].order = "before_groups", 5
    codes = [eq.LAST_FRAME_KEEP] if keeps else []
    codes += [eq.RETINA_IMAGINE, eq.FORGET] if recalls else [eq.RETINA_CLEAR]
    in_order(retina, "start", *codes)
    return retina


def feedback(output, retina) -> b2.Synapses:
    """What the output shows is what the retina sees next, while there is no input."""
    synapses = pathways(output, retina, "", {"imagine": eq.IMAGINE}, "feedback")
    synapses.imagine.when = "after_resets"
    return synapses


def pixels(name: str, structure: dict, model: str, threshold=None, when=None) -> b2.NeuronGroup:
    """One cell a pixel."""
    if threshold is None:
        return b2.NeuronGroup(structure["n"] ** 2, model, name=name)
    group = b2.NeuronGroup(structure["n"] ** 2, model, threshold=threshold, reset="", name=name)
    group.thresholder["spike"].when, group.thresholder["spike"].order = when, 5
    return group


def drive(retina, cells) -> b2.Synapses:
    """The retina drives the cells of the front plane in the same step."""
    synapses = pathways(retina, cells, eq.INPUT, {"drive": eq.INPUT_ON_PRE}, "drive")
    synapses.drive.when, synapses.drive.order = "before_groups", 10
    return synapses


def seen(retina, hidden, name: str, event: str) -> b2.Synapses:
    """Fixed links of motion cells, from the present frame or from the last one."""
    synapses = b2.Synapses(
        retina,
        hidden,
        eq.FIXED,
        on_pre={"see": eq.INPUT_DELIVER},
        on_event={"see": event},
        delay={"see": NO_DELAY},
        name=name,
    )
    synapses.see.when, synapses.see.order = "before_groups", 10
    return synapses


def receptive_field(retina, hidden) -> b2.Synapses:
    """Input links of hidden cells: they drive in the same step, and learn after it."""
    code = {"see": eq.INPUT_DELIVER, "learn": eq.INPUT_ON_LIT}
    synapses = pathways(retina, hidden, eq.INPUT_PLASTIC, code, "input")
    synapses.see.when, synapses.see.order = "before_groups", 10
    synapses.learn.when = "after_resets"
    return synapses


# --- cells and the links between them ----------------------------------------------------------


def spiking(name: str, n: int, structure: dict) -> b2.NeuronGroup:
    """Cells with an event of their own for "fired one step ago"."""
    model, threshold, reset = EXCITABILITY[structure["excitability"]]
    noisy = structure["noisy"]
    events, extra = {"fired": eq.FIRED}, ""
    if structure.get("rule") in ("reward", "reward-column"):
        extra += eq.HEARS_REWARD
    if structure.get("rule") == "reward-column":
        extra += eq.PAIRS
        reset += eq.PAIRS_RESET
        events["paired"] = threshold  # the same spikes again: they raise a second trace later
    if "kept" in structure.get("roles", {}).values():
        extra += eq.INCOMING
    group = b2.NeuronGroup(
        n,
        eq.STEP + eq.MEMBRANE + model + (eq.NOISE if noisy else "") + extra,
        threshold=threshold,
        reset=reset,
        events=events,
        method="exact",
        namespace={"normal": normal(), "NOISE_STREAM": stream_id(f"{name} noise")} if noisy else {},
        name=name,
    )
    group.run_on_event("fired", eq.FIRED_RESET, when="resets", order=-1)
    if structure.get("rule") == "reward-column":
        group.run_on_event("paired", eq.PAIRS_LATER, when="after_resets", order=20)
    in_order(group, "after_groups", INJECT[structure["excitability"], noisy])
    return group


def projection(structure: dict, cells, role: str) -> b2.Synapses:
    """Links of one role. How they learn, or not, is ``structure["roles"][role]``.

    "fixed" and "hebb" speak for themselves; "shared" is one weight for all; "twice" has links
    that a spike may take more than once; "kept" is "hebb" under a kept sum of the weights into a
    cell; "reward" and "reward-column" learn from a reward.
    """
    deliver = {"deliver": eq.DELIVER}
    match structure["roles"][role]:
        case "fixed":
            return after_resets(pathways(cells, cells, eq.FIXED, deliver, role))
        case "shared":
            return after_resets(pathways(cells, cells, eq.SHARED, deliver, role))
        case "hebb" | "kept":
            code = {"learn": eq.HEBB_ON_FIRED} | deliver
            return after_resets(pathways(cells, cells, eq.HEBB, code, role))
        case "twice":
            code = {"learn": eq.TWICE_ON_FIRED, "deliver": eq.TWICE_DELIVER}
            return after_resets(pathways(cells, cells, eq.HEBB + eq.TWICE, code, role))
        case "reward":
            code = {"learn": eq.REWARDED_ON_FIRED} | deliver
            return after_resets(pathways(cells, cells, eq.REWARDED, code, role))
    return eligible(structure, cells, role)


def pathways(source, target, model: str, code: dict[str, str], name: str) -> b2.Synapses:
    """Synapses with named presynaptic pathways; one called "learn" of cells acts a step later."""
    late = {"learn": "fired"} if "fired" in source.events else {}
    return b2.Synapses(
        source,
        target,
        model,
        on_pre=code,
        on_event={key: late.get(key, "spike") for key in code},
        delay={key: NO_DELAY for key in code},
        name=name,
    )


def after_resets(synapses: b2.Synapses) -> b2.Synapses:
    """Learning first, then delivery; both when it is known who fired in this step."""
    for order, pathway in enumerate(synapses._pathways):
        pathway.when, pathway.order = "after_resets", 5 + order
    return synapses


def in_order(group, when: str, *codes: str) -> None:
    """Run pieces of code one after the other in a slot of every step."""
    for order, code in enumerate(codes):
        group.run_regularly(code, when=when, order=order, name=f"{group.name}_{when}_{order}")


# --- output -----------------------------------------------------------------------------------


def outputs(structure: dict, dots) -> tuple[b2.NeuronGroup, b2.Synapses]:
    """Output pixels and the target that the dots set for them."""
    model = eq.OUTPUT + eq.TEACHER
    output = pixels("output", structure, model, eq.OUTPUT_THRESHOLD, "after_synapses")
    in_order(output, "start", eq.OUTPUT_CLEAR)
    in_order(output, "before_resets", eq.COMPARE_OUTPUT)
    return output, targets(dots, output)


def branches(structure: dict, dots) -> tuple[b2.NeuronGroup, b2.Synapses]:
    """Output pixels with a branch for the column and one for the row."""
    model = eq.BRANCHES + eq.TEACHER
    output = pixels("output", structure, model, eq.BRANCHES_THRESHOLD, "after_synapses")
    in_order(output, "start", eq.BRANCHES_CLEAR)
    in_order(output, "before_resets", eq.COMPARE_BRANCHES)
    return output, targets(dots, output, eq.BRANCH_TARGETS)


def targets(dots, group, code: str = eq.TARGET) -> b2.Synapses:
    """The dots tell each pixel whether they will be on it."""
    aim = pathways(dots, group, "", {"aim": code}, f"{group.name}_target")
    aim.aim.when, aim.aim.order = "before_groups", 0
    return aim


def readout(
    source, output, name="readout", drive=eq.READOUT_DRIVE, learn=eq.READOUT_LEARN
) -> b2.Synapses:
    """Links that drive the output in the same step and learn from its error."""
    synapses = b2.Synapses(
        source,
        output,
        eq.READOUT,
        on_pre={"show": drive, "correct": learn},
        delay={"show": NO_DELAY, "correct": NO_DELAY},
        name=name,
    )
    synapses.show.when = "synapses"
    synapses.correct.when = "after_resets"
    return synapses


# --- reward, and what is kept in proportion ------------------------------------------------------


def reward(structure: dict, dots, cells) -> list:
    """One reward for all links, in the step in which the output plane earned it."""
    aim = pixels("aim", structure, eq.AIM)
    meter = b2.NeuronGroup(1, eq.METER, name="meter")
    in_order(aim, "start", eq.AIM_CLEAR)
    in_order(meter, "start", eq.METER_CLEAR)
    back = pathways(cells, aim, "", {"show": eq.FIRED_AT}, "back")
    count = pathways(cells, meter, "", {"count": eq.COUNT_ALL}, "count")
    for pathway in (back.show, count.count):
        pathway.when, pathway.order = "after_resets", 0
    compare = b2.Synapses(aim, meter, name="compare")
    tell = b2.Synapses(meter, cells, name="tell")
    steps = (compare, eq.COMPARE), (meter, eq.JUDGE), (tell, eq.TELL)
    for order, (group, code) in enumerate(steps, start=1):
        group.run_regularly(code, when="after_resets", order=order, name=f"reward_{order}")
    return [aim, meter, targets(dots, aim), back, count, compare, tell]


def column_reward(structure: dict, dots, cells) -> list:
    """A reward for each column of cells, judged at the end of each move."""
    column = pixels("column", structure, eq.COLUMN)
    in_order(column, "start", eq.COLUMN_CLEAR)
    near = pathways(dots, column, "", {"near": eq.DISTANCE}, "near")
    near.near.when, near.near.order = "before_groups", 0
    back = pathways(cells, column, "", {"show": eq.FIRED_AT}, "back")
    back.show.when, back.show.order = "after_resets", 0
    tell = b2.Synapses(column, cells, name="tell")
    every_move(structure, (column, eq.COLUMN_JUDGE), (tell, eq.TELL))
    return [column, near, back, tell]


def eligible(structure: dict, cells, role: str) -> b2.Synapses:
    """Links that learn from reward through an eligibility trace."""
    synapses = b2.Synapses(
        cells,
        cells,
        eq.ELIGIBLE,
        on_pre={"early": eq.ELIGIBLE_ON_PRE, "deliver": eq.DELIVER},
        on_post={"late": eq.ELIGIBLE_ON_POST},
        delay={name: NO_DELAY for name in ("early", "deliver", "late")},
        name=role,
    )
    every_move(structure, (synapses, eq.ELIGIBLE_EVERY_MOVE), first=-5)
    return after_resets(synapses)


def keep_incoming(structure: dict, cells, intra) -> None:
    """Keep the sum of the weights into each cell from its own group."""
    steps = (cells, eq.SUM_CLEAR), (intra, eq.SUM_ADD), (intra, eq.SUM_RESCALE)
    every_move(structure, *steps)


def every_move(structure: dict, *steps, first: int = -10) -> None:
    """Run `(group, code)` pairs in this order before each move; blocks start with a move."""
    period = structure["ratio"] * structure["dt_s"] * b2.second
    for order, (group, code) in enumerate(steps, start=first):
        name = f"{group.name}_every_move_{order - first}"
        group.run_regularly(code, dt=period, when="start", order=order, name=name)
