"""Equilibrium propagation: its numbers, and what needs no engine: prediction, energy and cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from driver.experiment.network import State
from models.predictive.learner import Learner, matrices
from models.predictive.params import STEP_S

Arrays = Sequence[np.ndarray]


def relax(
    weights: Arrays,
    biases: Arrays,
    x: np.ndarray,
    gamma: float,
    n_steps: int,
    *,
    start: Arrays | None = None,
    y: np.ndarray | None = None,
    beta: float = 0.0,
) -> list[np.ndarray]:
    """States of each layer after `n_steps`, from 0 or from `start`, shape (n, n_l)."""
    path = trajectory(weights, biases, x, gamma, n_steps, start=start, y=y, beta=beta)
    return deque(path, maxlen=1)[0]


def trajectory(
    weights: Arrays, biases: Arrays, x: np.ndarray, gamma: float, n_steps: int, *,
    start: Arrays | None = None, y: np.ndarray | None = None, beta: float = 0.0,
) -> Iterator[list[np.ndarray]]:  # fmt: skip
    """The states before the first and after each of `n_steps`, see `relax`."""
    states = [np.zeros((len(x), b.size)) for b in biases] if start is None else list(start)
    yield states
    for _ in range(n_steps):
        below = [x, *states[:-1]]
        inputs = [r @ w.T + b for r, w, b in zip(below, weights, biases, strict=True)]
        for k in range(len(states) - 1):
            inputs[k] = inputs[k] + states[k + 1] @ weights[k + 1]
        if y is not None:
            inputs[-1] = inputs[-1] + beta * (y - states[-1])
        states = [np.clip(s + gamma * (i - s), 0, 1) for s, i in zip(states, inputs, strict=True)]
        yield states


def energy(weights: Arrays, biases: Arrays, x: np.ndarray, states: Arrays) -> np.ndarray:
    """E of samples in a state, shape (n,)."""
    below = [x, *states[:-1]]
    found = np.zeros(len(x))
    for s, r, w, b in zip(states, below, weights, biases, strict=True):
        found += (s * s).sum(axis=1) / 2 - ((r @ w.T + b) * s).sum(axis=1)
    return found


def gradients(
    weights: Arrays, biases: Arrays, x, y, gamma: float, n_free: int, n_nudged: int, beta: float
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Estimate of the gradient of the cost, summed over samples: what learning descends."""
    go = (weights, biases, x, gamma)
    free = relax(*go, n_free)
    plus, minus = (relax(*go, n_nudged, start=free, y=y, beta=b) for b in (beta, -beta))
    of_w, of_b = [], []
    for k in range(len(weights)):
        up, down = (x, x) if k == 0 else (plus[k - 1], minus[k - 1])
        of_w.append(-(plus[k].T @ up - minus[k].T @ down) / (2 * beta))
        of_b.append(-(plus[k] - minus[k]).sum(axis=0) / (2 * beta))
    return of_w, of_b


class Equilibrium(Learner):
    """The network on Brian."""

    builder = "equilibrium"

    def structure(self) -> dict:
        p = self.params
        return {"window": self.params.window, "n_free": p.n_free, "n_nudged": p.n_nudged}

    def scratch(self) -> tuple[str, ...]:
        names = ("s", "up", "down", "s_free", "s_plus")
        last = f"layer{self.layers[-1]}"
        return ("inputs.r", *(f"layer{k}.{n}" for k in self.layers for n in names), f"{last}.y")

    def numbers(self) -> dict[str, float]:
        p, last = self.params, f"layer{self.layers[-1]}"
        found = {f"layer{k}.window": self.params.window for k in self.layers}
        found |= {f"layer{k}.tau": STEP_S / p.gamma for k in self.layers}
        found |= {f"layer{k}.reg": p.reg for k in self.layers}
        found |= {f"layer{k}.two_beta": 2 * p.beta for k in self.layers}
        of_output = {"beta": p.beta, "n_free": p.n_free, "n_nudged": p.n_nudged}
        return found | {f"{last}.{key}": value for key, value in of_output.items()}

    @staticmethod
    def first_weights(p, rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
        bound = p.w_scale * (6 / (n_in + n_out)) ** 0.5
        return rng.uniform(-bound, bound, (n_out, n_in))

    @staticmethod
    def predicted(p, state: State, x: np.ndarray) -> np.ndarray:
        """Output after free steps, shape (n, n_out)."""
        return relax(*matrices(state), x, p.gamma, p.predict_steps)[-1]
