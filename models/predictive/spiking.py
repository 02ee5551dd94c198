"""The spiking network of one seed: its numbers, its state, and inputs that switch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driver.engine.model import Block, Model, Spikes, contacts
from driver.experiment.network import Network, Session, State
from models.predictive.learner import full
from models.predictive.params import STEP_S, SpikingParams

BLOCK_STEPS = 500
REST = {"theta": "theta_0"}  # variables that do not begin at 0, by the parameter they begin at
INPUTS = ("u", "p", "x_bar")
CELLS = ("v", "v_b", "v_a", "theta", "eps", "p", "x_bar", "y_bar", "rate", "sum_phi", "sum_eps")
SCRATCH = ("I_a", "I_b", "phi", "M")


def layers(sizes: Sequence[int]) -> range:
    """Numbers of the layers above the input."""
    return range(1, len(sizes))


def constants(p: SpikingParams) -> dict[str, float]:
    """Numbers of the model, SI, by ``"<group>.<variable>"``."""
    ms = 1e-3
    rates = {"r_max": p.r_max_hz, "tau_s": p.tau_s_ms * ms, "tau_p": p.tau_plus_ms * ms}
    cell = rates | {
        "tau_m": p.tau_m_ms * ms,
        "tau_b": p.tau_basal_ms * ms,
        "tau_a": p.tau_apical_ms * ms,
        "tau_theta": p.tau_theta_ms * ms,
        "tau_q": p.tau_minus_ms * ms,
        "tau_r": p.tau_rate_ms * ms,
        "tau_err": p.tau_err_ms * ms,
        "theta_0": p.theta_0,
        "delta_theta": p.delta_theta,
        "v_reset": p.v_reset,
        "g_a": p.g_apical,
        "gain": p.gain,
        "eta_b": p.eta_b,
    }
    sign = 1 if p.hebbian else -1
    basal = {
        "A_plus": sign * p.A_plus,
        "A_minus": sign * p.A_minus,
        "kappa": p.kappa,
        "rho": p.rho_hz,
        "w_min": p.w_min,
        "w_max": p.w_max,
    }
    basal["kappa"] *= 1e-3  # a second, a kHz
    found = {f"inputs.{k}": v for k, v in rates.items()}
    for k in layers(p.sizes):
        for name, part in (("layer", cell), ("basal", basal), ("apical", {"eta_p": p.eta_p})):
            found |= {f"{name}{k}.{key}": value for key, value in part.items()}
    return found


def first_weights(p: SpikingParams, seed: int | None) -> dict[str, np.ndarray]:
    """Basal weights at start, layer after layer from one generator; predictions are 0."""
    rng, found = np.random.default_rng(seed), {}
    for k in layers(p.sizes):
        n_out, n_in = p.sizes[k], p.sizes[k - 1]
        drawn = rng.normal(1 / n_in, p.w_sd, (n_out, n_in))
        found[f"basal{k}.w"] = np.clip(drawn, p.w_min, p.w_max).ravel()
    for k in layers(p.sizes):
        found[f"apical{k}.w"] = np.zeros(p.sizes[k] * p.sizes[k - 1])
        found[f"layer{k}.b"] = np.zeros(p.sizes[k])
    return found


def at_rest(p: SpikingParams) -> State:
    """All that moves but weights and biases, as it begins."""
    found = {f"inputs.{name}": np.zeros(p.sizes[0]) for name in INPUTS}
    for k in layers(p.sizes):
        begin = {name: getattr(p, REST[name]) if name in REST else 0.0 for name in CELLS}
        found |= {f"layer{k}.{name}": np.full(p.sizes[k], x) for name, x in begin.items()}
    return found


def initial_state(p: SpikingParams, seed: int | None = None) -> State:
    return at_rest(p) | first_weights(p, p.seed if seed is None else seed)


def model(p: SpikingParams) -> Model:
    groups = [f"layer{k}" for k in layers(p.sizes)]
    return Model(
        builder="models.predictive.network:spiking",
        structure={"dt_s": STEP_S, "sizes": list(p.sizes), "block_steps": BLOCK_STEPS},
        wiring=contacts(full(p.sizes, "basal", "apical")),
        state=tuple(initial_state(p)),
        scratch=("inputs.x", *(f"{g}.{name}" for g in groups for name in SCRATCH)),
        populations=("inputs", *groups),
    )


class Simulation(Network):
    """A network whose inputs and neuromodulation are given step by step."""

    def __init__(self, p: SpikingParams, n_steps: int, session: Session | None = None):
        self.params, self.constants = p, constants(p)
        super().__init__(model(p), (n_steps, sum(p.sizes)), session)

    def initial_state(self) -> State:
        return initial_state(self.params)

    def run(
        self, state: State, x: np.ndarray, M: np.ndarray, changes: State | None = None
    ) -> Block:
        """Run ``len(x)`` steps with inputs `x`, shape (n_steps, n_in), in pieces that fit.

        `changes` are values that differ from those of the parameters.
        """
        spikes: dict[str, list[Spikes]] = {name: [] for name in self.model.populations}
        for first in range(0, len(x), BLOCK_STEPS):
            n_steps = min(BLOCK_STEPS, len(x) - first)
            rows, factors = np.zeros((BLOCK_STEPS, x.shape[1])), np.zeros(BLOCK_STEPS)
            rows[:n_steps], factors[:n_steps] = (a[first : first + n_steps] for a in (x, M))
            tables = {"stimulus.values": rows, "modulation.values": factors}
            given = self.constants | (changes or {}) | tables | state
            block = self.engine.run(
                given, first_step=first, n_steps=n_steps, record=self.model.populations
            )
            state = block.state
            for name, found in block.spikes.items():
                spikes[name].append(found)
        joined = {name: Spikes.concatenate(parts) for name, parts in spikes.items()}
        return Block(state, joined, {name: s.index.size for name, s in joined.items()})


def cleared(state: State) -> State:
    """With sums that begin anew."""
    sums = ("sum_phi", "sum_eps")
    return {k: np.zeros_like(v) if k.endswith(sums) else v for k, v in state.items()}
