"""One layer that learns by dendrites, Urbanczik and Senn (2014): its numbers, and two read-outs."""

from __future__ import annotations

import numpy as np

from driver.engine.randomness import stream_id, uniform_numpy
from driver.experiment.going_on import Arrays
from driver.experiment.network import State
from models.predictive.learner import Learner, accuracy
from models.predictive.params import STEP_S, DendriticParams

TEST = stream_id("pixels of the test")
SETTLED = 1 / 3  # of a show, before the potential is read


def spiking_outputs(p: DendriticParams, state: State, x: np.ndarray) -> np.ndarray:
    """Mean potential of each dendrite over the last two thirds of a show, shape (n, n_out).

    The potential is linear in the traces, so they are averaged and it is computed once.
    """
    chance = x * p.r_max_hz * STEP_S
    leak, jump = STEP_S / (p.tau_s_ms * 1e-3), 1 / (p.r_max_hz * p.tau_s_ms * 1e-3)
    trace, total, first = np.zeros_like(x), np.zeros_like(x), int(p.show_ms * SETTLED)
    cells = np.arange(x.size).reshape(x.shape)
    for step in range(p.show_ms):
        trace -= leak * trace
        total += trace * (step >= first)
        trace += jump * (uniform_numpy(p.seed, TEST, cells, step) < chance)
    return Dendritic.predicted(p, state, total / (p.show_ms - first))


class Dendritic(Learner):
    """The network on Brian."""

    builder = "dendritic"
    populations = ("layer1",)

    def structure(self) -> dict:
        return {"window": self.params.window}

    def scratch(self) -> tuple[str, ...]:
        return ("inputs.r", "layer1.y", "layer1.v_a", "layer1.phi")

    def numbers(self) -> dict[str, float]:
        p, ms = self.params, 1e-3
        inputs = {"seed": p.seed, "tau_s": p.tau_s_ms * ms, "tau_mean": p.tau_mean_s}
        cells = {
            "tau_m": p.tau_m_ms * ms,
            "tau_theta": p.tau_theta_ms * ms,
            "theta_0": p.theta_0,
            "delta_theta": p.delta_theta,
            "I_max": p.i_max,
        }
        found = {f"inputs.{k}": v for k, v in inputs.items()}
        found |= {f"layer1.{k}": v for k, v in cells.items()}
        return found | {f"{group}.r_max": p.r_max_hz for group in ("inputs", "layer1")}

    @classmethod
    def begin(cls, p: DendriticParams, sizes) -> State:
        """Weights and biases of 0; traces and cells at rest, which a sample finds as they are."""
        n_in, n_out = sizes
        found = super().begin(p, sizes)
        found |= {"inputs.p": np.zeros(n_in), "inputs.p_mean": np.zeros(n_in)}
        return found | {"layer1.v": np.zeros(n_out), "layer1.theta": np.full(n_out, p.theta_0)}

    @staticmethod
    def rates(outputs: np.ndarray) -> np.ndarray:
        """Predicted rates of potentials, in units of r_max."""
        return 1 / (1 + np.exp(-np.clip(outputs, -500, 500)))

    @staticmethod
    def first_weights(p, rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
        return np.zeros((n_out, n_in))

    @staticmethod
    def predicted(p, state: State, x: np.ndarray) -> np.ndarray:
        """Potential of each dendrite if every trace were its pixel, shape (n, n_out)."""
        w = state["weights1.w"].reshape(-1, x.shape[1])
        return (x - state["inputs.p_mean"]) @ w.T + state["layer1.bias"]

    def tried(self, state: State, label: str) -> Arrays:
        found = super().tried(state, label) | {"p_mean": state["inputs.p_mean"]}
        return found | {"spiking_outputs": spiking_outputs(self.params, state, self.data.x_test)}

    def of_network(self, arrays: Arrays) -> dict[str, float]:
        found = super().of_network(arrays)
        return found | {"spiking_accuracy": accuracy(arrays["spiking_outputs"], arrays["labels"])}
