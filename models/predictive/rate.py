"""Predictive coding with rates: its numbers, and what needs no engine: prediction and energy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driver.experiment.network import State
from models.predictive.learner import Learner, matrices
from models.predictive.params import STEP_S

Arrays = Sequence[np.ndarray]


def forward(weights: Arrays, biases: Arrays, x: np.ndarray) -> list[np.ndarray]:
    """States x_l of each layer without errors, shape (n, n_l): what is predicted from below."""
    found, r = [], x
    for w, b in zip(weights, biases, strict=True):
        found.append(r @ w.T + b)
        r = np.tanh(found[-1])
    return found


def relax(
    weights: Arrays,
    biases: Arrays,
    x: np.ndarray,
    y: np.ndarray | None,
    gamma: float,
    n_steps: int,
    *,
    fixed: bool = False,
) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """Relax the states of samples, the output held at `y`, or free without it.

    Parameters
    ----------
    x, y : ndarray, shape (n, n_in), (n, n_out)
    fixed : bool
        Predictions and slopes stay those of the forward pass (fixed-prediction assumption): the
        errors go to the gradients of back-propagation.

    Returns
    -------
    errors : list of ndarray, shape (n, n_l)
        At the end, by layer.
    rates : list of ndarray
        Below each layer, the samples first.
    F : ndarray, shape (n_steps + 1, n)
        Sum of squared errors / 2, in every step.
    """
    states = forward(weights, biases, x)
    begun = [x, *(np.tanh(s) for s in states[:-1])]
    predicted = [s.copy() for s in states]
    if y is not None:
        states[-1] = np.array(y, float)
    energies = []
    for step in range(n_steps + 1):
        rates = begun if fixed else [x, *(np.tanh(s) for s in states[:-1])]
        if not fixed:
            predicted = [r @ w.T + b for r, w, b in zip(rates, weights, biases, strict=True)]
        errors = [s - mu for s, mu in zip(states, predicted, strict=True)]
        energies.append(sum((e**2).sum(axis=1) for e in errors) / 2)
        if step == n_steps:
            break
        for k in range(len(states) - 1):
            back = errors[k + 1] @ weights[k + 1]
            states[k] = states[k] + gamma * (-errors[k] + (1 - rates[k + 1] ** 2) * back)
        if y is None:
            states[-1] = states[-1] - gamma * errors[-1]
    return errors, rates, np.array(energies)


class Rate(Learner):
    """The network on Brian."""

    builder = "rate"

    def structure(self) -> dict:
        return {"window": self.params.window}

    def scratch(self) -> tuple[str, ...]:
        of_all = [f"layer{k}.{name}" for k in self.layers for name in ("x", "drive")]
        of_hidden = [f"layer{k}.{name}" for k in self.layers[:-1] for name in ("r", "back")]
        return ("inputs.r", *of_all, *of_hidden)

    def numbers(self) -> dict[str, float]:
        p = self.params
        found = {f"layer{k}.window": self.params.window for k in self.layers}
        found |= {f"layer{k}.reg": p.reg for k in self.layers}
        return found | {f"layer{k}.tau": STEP_S / p.gamma for k in self.layers[:-1]}

    @staticmethod
    def first_weights(p, rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
        return rng.normal(0, n_in**-0.5, (n_out, n_in))

    @staticmethod
    def predicted(p, state: State, x: np.ndarray) -> np.ndarray:
        """Predicted targets, shape (n, n_out)."""
        return forward(*matrices(state), x)[-1]
