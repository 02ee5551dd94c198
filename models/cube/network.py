"""The networks of `equations.py`, built once per structure.

A structure is what cannot change without compiling anew: sizes, which links there are and which
of them learn, how excitability is controlled. Every other number arrives with each block. Here
stand dots, retina, cells and output; the rest in the `network` of each kind (see `kinds`).
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.objects import in_order, links, network, scheduled
from driver.engine.randomness import normal, stream_id, uniform
from models.cube import equations as eq
from models.cube.kinds import KINDS

ADAPTATION = eq.ADAPTATION, eq.ADAPTATION_THRESHOLD, eq.ADAPTATION_RESET
HOMEOSTASIS = eq.HOMEOSTASIS, eq.HOMEOSTASIS_THRESHOLD, eq.HOMEOSTASIS_RESET
EXCITABILITY = {"adaptation": ADAPTATION, "homeostasis": HOMEOSTASIS}
INJECT = {
    ("adaptation", False): eq.ADAPTATION_INJECT,
    ("adaptation", True): eq.ADAPTATION_INJECT_NOISY,
    ("homeostasis", False): eq.HOMEOSTASIS_INJECT,
    ("homeostasis", True): eq.HOMEOSTASIS_INJECT_NOISY,
}
LIGHT, DRIVE = ("before_groups", 0), ("before_groups", 10)  # slots: the retina fires in between


def build(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Make the network of a structure; see `structure` in the `values` of a kind.

    Returns
    -------
    brian2.Network
        Spikes of a population are recorded by the monitor ``<population>_spikes``.
    """
    b2.defaultclock.dt = structure["dt_s"] * b2.second
    made = KINDS[structure["model"]].network.objects(structure)
    return network(made, wiring, structure["populations"])


# --- what is seen ------------------------------------------------------------------------------


def eyes(structure: dict, *, keeps: bool = False, recalls: bool = False) -> list:
    """Dots that move as equations, the retina that they light, and how they do.

    Parameters
    ----------
    keeps : bool
        The retina has the frame before as well.
    recalls : bool
        While there is no input, the retina sees what the output shows.
    """
    dots = b2.NeuronGroup(
        structure["dots"],
        eq.STEP + eq.SHOWN + eq.DOTS + eq.AHEAD + eq.LAUNCHES,
        threshold=eq.DOTS_ARE_SOMEWHERE,
        reset="",
        namespace={"uniform": uniform(), "LAUNCH": stream_id("dot launch")},
        name="dots",
    )
    in_order(dots, "start", eq.COUNT_MOVE, eq.DRAW, eq.MOVE, eq.BOUNCE, eq.LAUNCHED)
    scheduled(dots, {"spike": ("start", 10)})
    retina = seeing(structure, keeps, recalls)
    return [dots, retina, told_by(dots, retina, "light", {"light": eq.LIGHT})]


def seeing(structure: dict, keeps: bool, recalls: bool) -> b2.NeuronGroup:
    """The retina, see `eyes`."""
    model = eq.RETINA
    model += eq.LAST_FRAME if keeps else ""
    model += eq.STEP + eq.SHOWN + eq.FREE_RUNNING if recalls else ""
    events = {"was_lit": eq.WAS_LIT} if keeps else {}
    retina = b2.NeuronGroup(
        structure["n"] ** 2, model, threshold=eq.LIT, reset="", events=events, name="retina"
    )
    scheduled(retina, dict.fromkeys(("spike", *events), ("before_groups", 5)))
    codes = [eq.LAST_FRAME_KEEP] if keeps else []
    codes += [eq.RETINA_IMAGINE, eq.FORGET] if recalls else [eq.RETINA_CLEAR]
    in_order(retina, "start", *codes)
    return retina


def told_by(dots, group, name: str, code: dict[str, str]) -> b2.Synapses:
    """What the dots tell each pixel at the start of a step."""
    return scheduled(links(dots, group, "", code, name), dict.fromkeys(code, LIGHT))


# --- cells ---------------------------------------------------------------------------------------


def spiking(
    name: str,
    n: int,
    structure: dict,
    extra: str = "",
    on_reset: str = "",
    events: dict[str, str] | None = None,
) -> b2.NeuronGroup:
    """Cells with an event of their own for "fired one step ago".

    Parameters
    ----------
    extra, on_reset : str
        More of their equations and of their reset.
    events : dict of str, optional
        More events: when a cell has them, by name.
    """
    model, threshold, reset = EXCITABILITY[structure["excitability"]]
    noisy = structure["noisy"]
    group = b2.NeuronGroup(
        n,
        eq.STEP + eq.MEMBRANE + model + (eq.NOISE if noisy else "") + extra,
        threshold=threshold,
        reset=reset + on_reset,
        events={"fired": eq.FIRED} | (events or {}),
        method="exact",
        namespace={"normal": normal(), "NOISE_STREAM": stream_id(f"{name} noise")} if noisy else {},
        name=name,
    )
    group.run_on_event("fired", eq.FIRED_RESET, when="resets", order=-1)
    in_order(group, "after_groups", INJECT[structure["excitability"], noisy])
    return group


# --- output -----------------------------------------------------------------------------------


def outputs(
    structure: dict,
    dots,
    model: str = eq.OUTPUT,
    threshold: str = eq.OUTPUT_THRESHOLD,
    clear: str = eq.OUTPUT_CLEAR,
    compare: str = eq.COMPARE_OUTPUT,
    target: str = eq.TARGET,
) -> tuple[b2.NeuronGroup, b2.Synapses]:
    """Output pixels and the target that the dots set for them."""
    output = b2.NeuronGroup(
        structure["n"] ** 2, model + eq.TEACHER, threshold=threshold, reset="", name="output"
    )
    scheduled(output, {"spike": ("after_synapses", 5)})
    in_order(output, "start", clear)
    in_order(output, "before_resets", compare)
    return output, told_by(dots, output, "output_target", {"aim": target})


def readout(
    source, output, name="readout", drive=eq.READOUT_DRIVE, learn=eq.READOUT_LEARN
) -> b2.Synapses:
    """Links that drive the output in the same step and learn from its error."""
    made = links(source, output, eq.READOUT, {"show": drive, "correct": learn}, name)
    return scheduled(made, {"show": "synapses", "correct": "after_resets"})
