"""The Brian objects of `equations`, built once per size.

A structure is what cannot change without compiling anew: sizes of the layers, steps of a window,
length of a block. Synapses are listed target by target, so that ``w.reshape(n_out, n_in)`` is the
weight matrix.
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.exponential import exponential
from driver.engine.objects import in_order, links, network, run_in_order
from driver.engine.randomness import stream_id, uniform
from models.predictive import equations as eq

PIXELS = stream_id("pixels")


def table(name: str, n_rows: int, n_columns: int | None, dt) -> b2.TimedArray:
    """A number, or a row of them, for each step or sample of a block; a block brings them."""
    shape = n_rows if n_columns is None else (n_rows, n_columns)
    return b2.TimedArray(np.zeros(shape), dt=dt, name=name)


def group(n: int, text: str, name: str, names: dict | None = None, **more) -> b2.NeuronGroup:
    return b2.NeuronGroup(n, text, method="euler", namespace=names or {}, name=name, **more)


# --- spiking -----------------------------------------------------------------------------------


def spiking(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Groups ``inputs``, ``layer1`` ..., synapses ``basal1``, ``apical1`` ... into them."""
    dt = b2.defaultclock.dt = structure["dt_s"] * b2.second
    n_in, *layers = structure["sizes"]
    rows = structure["block_steps"]
    inputs = group(
        n_in, eq.SPIKING_INPUT, "inputs", {"stimulus": table("stimulus", rows, n_in, dt)},
        threshold=eq.SPIKING_INPUT_FIRES, reset=eq.SPIKING_INPUT_RESET, order=10,
    )  # fmt: skip
    in_order(inputs, "start", eq.SHOW)
    names = {"modulation": table("modulation", rows, None, dt), "exponential": exponential()}
    below, made = inputs, [inputs]
    for k, n in enumerate(layers, 1):
        layer = group(
            n, eq.SPIKING_LAYER, f"layer{k}", names, threshold=eq.FIRES, reset=eq.SPIKING_RESET,
            order=10,  # sums before it, weights before these
        )  # fmt: skip
        in_order(layer, "start", eq.MODULATE, eq.PREDICT)
        in_order(layer, "groups", eq.COUNT, first=11)
        basal = links(
            below, layer, eq.SPIKING_BASAL, eq.BASAL_PRE, f"basal{k}", on_post=eq.BASAL_POST
        )
        in_order(basal, "groups", eq.SCALE, first=5)
        apical = links(
            below, layer, eq.APICAL, "", f"apical{k}", on_post=eq.APICAL_POST, method="euler"
        )
        apical.state_updater.order = 0
        made += [layer, basal, apical]
        below = layer
    return network(made, wiring, [g.name for g in made if isinstance(g, b2.NeuronGroup)])


# --- learners with a window a sample -------------------------------------------------------------


class Window:
    """The clock of the windows, and what happens at their beginning, in order."""

    def __init__(self, structure: dict):
        self.structure = structure
        b2.defaultclock.dt = structure["dt_s"] * b2.second
        self.clock = b2.Clock(structure["window"] * b2.defaultclock.dt, name="windows")
        self.steps = []

    def table(self, name: str, n_columns: int) -> dict[str, b2.TimedArray]:
        return {name: table(name, self.structure["block_rows"], n_columns, self.clock.dt)}

    def first(self, *steps: tuple) -> None:
        """Add pairs of a group, or of synapses, and its code."""
        self.steps += steps

    def close(self) -> None:
        run_in_order(*self.steps, name="{group}_window_{k}", clock=self.clock)


def rate(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Groups ``inputs``, ``layer1`` ..., synapses ``weights1`` ... into them."""
    window = Window(structure)
    n_in, *layers = structure["sizes"]
    inputs = group(n_in, eq.RATE_INPUT, "inputs", window.table("samples", n_in))
    window.first((inputs, eq.SHOW_SAMPLE))
    below, made = inputs, [inputs]
    for k, n in enumerate(layers, 1):
        last = k == len(layers)
        names = {"exponential": exponential(), **(window.table("targets", n) if last else {})}
        text = eq.RATE_OUTPUT if last else eq.RATE_HIDDEN
        layer = group(n, text, f"layer{k}", names, order=1, events={"teaches": eq.LAST})
        layer.run_on_event("teaches", eq.RATE_BIAS_LEARNS)
        text = eq.RATE_FIRST if k == 1 else eq.RATE_UPPER
        learns = {"on_post": eq.RATE_LEARNS, "on_event": {"post": "teaches"}}
        weights = links(below, layer, text, "", f"weights{k}", **learns)
        window.first((layer, eq.CLEAR_DRIVE), (weights, eq.SUM_DRIVE), (layer, eq.FORWARD))
        window.first((layer, eq.TEACH if last else eq.TANH))
        if not last:
            in_order(layer, "groups", eq.TANH, first=2)
        if k > 1:  # errors go down before the states move, rates go up after it
            weights.summed_updaters["back_pre"].order = 0
            weights.summed_updaters["drive_post"].order = 3
        made += [layer, weights]
        below = layer
    window.close()
    return network(made, wiring, [])


def equilibrium(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Groups ``inputs``, ``layer1`` ..., synapses ``weights1`` ... into them."""
    window = Window(structure)
    n_in, *layers = structure["sizes"]
    inputs = group(n_in, eq.RATE_INPUT, "inputs", window.table("samples", n_in))
    window.first((inputs, eq.SHOW_SAMPLE))
    below, made = inputs, [inputs]
    for k, n in enumerate(layers, 1):
        last = k == len(layers)
        text = eq.EQUILIBRIUM_OUTPUT if last else eq.EQUILIBRIUM_HIDDEN
        ends = {"free_ends": eq.FREE_ENDS, "plus_ends": eq.PLUS_ENDS}
        events = {name: code.format(**structure) for name, code in ends.items()}
        events["teaches"] = eq.LAST
        names = window.table("targets", n) if last else {}
        layer = group(n, text, f"layer{k}", names, order=1, events=events)
        in_order(layer, "groups", eq.CLIP, first=2)
        for event, code in (
            ("free_ends", eq.KEEP_FREE),
            ("plus_ends", eq.KEEP_PLUS),
            ("teaches", eq.EQUILIBRIUM_BIAS_LEARNS),
        ):
            layer.run_on_event(event, code)
        learns = {"on_event": {"post": "teaches"}}
        if k == 1:
            weights = links(
                below, layer, eq.EQUILIBRIUM_FIRST, "", "weights1",
                on_post=eq.EQUILIBRIUM_LEARNS_FIRST, **learns,
            )  # fmt: skip
            window.first((layer, eq.CLEAR_UP), (weights, eq.SUM_UP))
        else:
            weights = links(
                below, layer, eq.EQUILIBRIUM_UPPER, "", f"weights{k}",
                on_post=eq.EQUILIBRIUM_LEARNS, **learns,
            )  # fmt: skip
            for updater in weights.summed_updaters.values():
                updater.order = 0
        window.first((layer, eq.BEGIN), *([(layer, eq.TEACH_Y)] if last else []))
        made += [layer, weights]
        below = layer
    window.close()
    return network(made, wiring, [])


def dendritic(structure: dict, wiring: dict[str, np.ndarray]) -> b2.Network:
    """Groups ``inputs`` and ``layer1``, synapses ``weights1``."""
    window = Window(structure)
    n_in, n_out = structure["sizes"]
    names = {"uniform": uniform(), "PIXELS": PIXELS, **window.table("samples", n_in)}
    inputs = group(
        n_in, eq.POISSON, "inputs", names, threshold=eq.POISSON_FIRES, reset=eq.POISSON_RESET,
        order=0,
    )  # fmt: skip
    names = {"exponential": exponential(), **window.table("targets", n_out)}
    layer = group(
        n_out, eq.DENDRITIC, "layer1", names, threshold=eq.FIRES, reset=eq.DENDRITIC_RESET, order=3
    )
    weights = links(
        inputs, layer, eq.DENDRITIC_SYNAPSE, "", "weights1", on_post=eq.DENDRITIC_POST,
        method="euler",
    )  # fmt: skip
    weights.summed_updaters["v_a_post"].order = 1
    in_order(layer, "groups", eq.PREDICT_CLASS, first=2)
    weights.state_updater.order = 4
    window.first((inputs, eq.SHOW_SAMPLE), (layer, eq.TEACH_Y))
    window.close()
    return network([inputs, layer, weights], wiring, ["layer1"])
