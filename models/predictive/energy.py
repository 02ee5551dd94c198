"""Back-propagation on a quadratic energy: its arithmetic, and the learner of images.

a_0 = x,  a_k = tanh(W_k a_(k-1) + b_k) for k < K,  f(x) = W_K a_(K-1) + b_K
E = mean over samples of |f(x) - t|^2 / 2 + reg/2 * sum of all squared weights
d_K = f(x) - t,  d_k = (1 - a_k^2) * W_(k+1)' d_(k+1)
dE/dW_k = mean of d_k a_(k-1)' + reg W_k,  dE/db_k = mean of d_k,  dE/dx = W_1' d_1
V <- momentum V - lr dE,  W <- W + V
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driver.engine.model import Block
from driver.experiment.network import State
from models.predictive.learner import HostLearner, matrices, state_of
from models.predictive.rate import Arrays, Rate


def forward(weights: Arrays, biases: Arrays, x: np.ndarray) -> list[np.ndarray]:
    """Activities a_0 to f(x) of samples, shape (n, n_k)."""
    found = [x]
    for k, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        h = found[-1] @ w.T + b
        found.append(np.tanh(h) if k < len(weights) else h)
    return found


def gradients(
    weights: Arrays, biases: Arrays, x: np.ndarray, t: np.ndarray, reg: float
) -> tuple[float, list[np.ndarray], np.ndarray]:
    """E with targets `t`, shape (n, n_out); its gradients at all weights, then biases; at `x`."""
    a, of_w, of_b = forward(weights, biases, x), [], []
    delta = (a[-1] - t) / len(t)
    squares = len(t) * (delta * delta).sum() + reg * sum((w * w).sum() for w in weights)
    for k in reversed(range(len(weights))):
        of_w.insert(0, delta.T @ a[k] + reg * weights[k])
        of_b.insert(0, delta.sum(axis=0))
        delta = delta @ weights[k]
        if k:
            delta *= 1 - a[k] * a[k]
    return float(squares) / 2, of_w + of_b, delta


class Perceptron:
    """All weights, then all biases, as `values`, and their velocities V.

    `models.predictive.torch_energy.TorchPerceptron` is its twin.
    """

    def __init__(self, sizes: Sequence[int], reg: float, momentum: float, dtype: str = "float64"):
        self.n, self.reg, self.momentum, self.dtype = len(sizes) - 1, reg, momentum, dtype

    def load(self, values: Arrays, velocities: Arrays) -> None:
        self.values = [np.array(v, self.dtype) for v in values]
        self.velocities = [np.array(v, self.dtype) for v in velocities]

    def parts(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return self.values, self.velocities

    def outputs(self, x: np.ndarray) -> np.ndarray:
        return forward(self.values[: self.n], self.values[self.n :], x.astype(self.dtype))[-1]

    def gradients(self, x: np.ndarray, t: np.ndarray) -> tuple[float, list, np.ndarray]:
        x, t = x.astype(self.dtype), t.astype(self.dtype)
        return gradients(self.values[: self.n], self.values[self.n :], x, t, self.reg)

    def step(self, x: np.ndarray, t: np.ndarray, rates: Sequence[float]) -> float:
        """One step with a learning rate for each of the values; returns E before it."""
        before, found, _ = self.gradients(x, t)
        for value, v, of_value, lr in zip(self.values, self.velocities, found, rates, strict=True):
            v *= self.momentum
            v -= lr * of_value
            value += v
        return before


def state_of_parts(values: Arrays, velocities: Arrays) -> State:
    """The room's names for what a `Perceptron` has; `parts_of` is the inverse."""
    n = len(values) // 2
    return state_of(values[:n], values[n:]) | {f"velocity{k}": v for k, v in enumerate(velocities)}


def parts_of(state: State) -> tuple[list[np.ndarray], list[np.ndarray]]:
    weights, biases = matrices(state)
    return weights + biases, [state[f"velocity{k}"] for k in range(2 * len(weights))]


class Energy(HostLearner):
    """The room's learner; `perceptron` does the arithmetic."""

    perceptron: type = Perceptron
    first_weights = staticmethod(Rate.first_weights)

    @classmethod
    def begin(cls, p, sizes: Sequence[int]) -> State:
        weights, biases = matrices(super().begin(p, sizes))
        return state_of_parts(weights + biases, [np.zeros_like(v) for v in weights + biases])

    @staticmethod
    def predicted(p, state: State, x: np.ndarray) -> np.ndarray:
        return forward(*matrices(state), x)[-1]

    @np.errstate(over="ignore", invalid="ignore")  # who asked for the epoch looks at its end
    def epoch(self, state: State, epoch: int, x: np.ndarray, y: np.ndarray) -> Block:
        """Learn all samples `x`, shape (n, n_in), with targets `y`, (n, n_out), once."""
        p, order = self.params, self.order(epoch, len(x))
        net = self.perceptron(self.sizes, p.reg, p.momentum)
        net.load(*parts_of(state))
        for first in range(0, len(x), p.batch_size):
            rows = order[first : first + p.batch_size]
            net.step(x[rows], y[rows], 2 * [*self.eta(epoch).values()])
        return Block(state_of_parts(*net.parts()), {}, {})
