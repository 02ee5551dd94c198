"""A single cell of the spiking network, and its pair STDP, to be used from Python step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from driver.flags.keywords import SWITCH, check_kind
from models.predictive import arguments, spiking
from models.predictive.params import STEP_S, SpikingParams
from models.predictive.stepper import by_group, cell, stdp


class SpikingNeuron:
    """A soma with an adaptive threshold, a basal dendrite that drives it and an apical one.

    Without `dendrites` currents act on the soma at once. `params`, `numbers`: as of the network.
    Attribute `state` has potentials ``v``, ``v_b``, ``v_a`` of soma and dendrites, and ``theta``.
    """

    def __init__(self, *, dendrites=True, params: SpikingParams | None = None, **numbers: Any):
        check_kind("dendrites", dendrites, *SWITCH)
        self.dendrites = dendrites
        self.params = arguments.parameters((1, 1), 0, params, numbers)
        self.constants = by_group(spiking.constants(self.params))["layer1"]
        self.reset()

    def reset(self) -> None:
        """The cell at rest."""
        rest = by_group(spiking.at_rest(self.params))["layer1"]
        self.state = {name: rest[name] for name in ("v", "v_b", "v_a", "theta")}

    def forward(self, inputs, apical=0.0) -> bool:
        """One step of 1 ms; returns whether the cell fires.

        `inputs`, `apical`: one or more currents into a dendrite, which add up, in units of the
        potential that they lead to.
        """
        s, c = self.state, self.constants
        basal, apical = (current(k, v) for k, v in (("inputs", inputs), ("apical", apical)))
        if not self.dendrites:
            s["v_b"][:], s["v_a"][:] = basal, apical
        for name, rate in cell(s | {"b": 0.0}, c, basal, apical).items():
            s[name] += STEP_S * rate
        fires = s["v"] >= s["theta"]
        s["v"][fires] = c["v_reset"]
        s["theta"][fires] += c["delta_theta"]
        return bool(fires[0])


def current(name: str, value) -> float:
    """The sum of one or more currents."""
    return arguments.numbers(name, np.atleast_1d(value), (None,), "one or more numbers").sum()


class STDP:
    """Pair STDP, all to all, of weights of shape (n_out, n_in); it keeps a copy of them.

    Spikes of sources act first, then those of targets, then traces rise: spikes in the same step do
    not see each other. Traces decay exponentially; in the network, in Euler steps, to 0.95 in 1 ms
    where this is 0.951. `params`, `numbers`: as of the network.
    """

    def __init__(self, weights, *, params: SpikingParams | None = None, **numbers: Any):
        words = "numbers, a row for each target"
        self.weights = arguments.numbers("weights", weights, (None, None), words)
        sizes = self.weights.shape[::-1]
        self.params = arguments.parameters(sizes, 0, params, numbers)
        self.constants = by_group(spiking.constants(self.params))["basal1"]
        self.pre_trace, self.post_trace = map(np.zeros, sizes)

    def step(self, pre, post, modulation: float = 1.0) -> np.ndarray:
        """One step of 1 ms with spikes `pre`, shape (n_in,), and `post`, (n_out,); the weights."""
        M, traces = arguments.factor(modulation), (self.pre_trace, self.post_trace)
        taus = self.params.tau_plus_ms, self.params.tau_minus_ms
        fired = spikes("pre", pre, self.pre_trace.size), spikes("post", post, self.post_trace.size)
        for trace, tau in zip(traces, taus, strict=True):
            trace *= np.exp(-1 / tau)
        stdp(self.weights, *fired, *traces, self.constants, M)
        for trace, rises in zip(traces, fired, strict=True):
            trace += rises
        return self.weights.copy()


def spikes(name: str, value, n: int) -> np.ndarray:
    found = np.asarray(value)
    if found.shape != (n,) or not np.isin(found, (0, 1)).all():
        raise ValueError(f"{name} {value!r}: needed {n} times True or False")
    return found.astype(bool)
