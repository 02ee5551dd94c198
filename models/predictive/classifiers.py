"""The learners of samples to be used from Python: fit, predict, energy, save and load."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from driver.experiment.network import Session
from driver.flags.keywords import built, refuse_unknown
from models.predictive import arguments, dendritic, equilibrium, rate, stored
from models.predictive.learner import Learner, accuracy, beyond, half_squares, matrices
from models.predictive.params import DendriticParams, EquilibriumParams, ImageParams, RateParams

PROTOCOL = frozenset({"seed", "data", "test_size", "scaling", "hidden", "epochs"})


class Classifier:
    """A learner of samples with targets; which one, a class below says.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input first.
    seed : int, optional
        Of weights at start and of the order of samples; drawn if not given.
    backend : {"auto", "numpy", "cython", "cpp_standalone"}
    **numbers
        Of the rule, see its parameters in `models.predictive.params`.

    Attributes
    ----------
    epochs_done : int
        So a fit goes on where the last one ended, as if it had been one.
    weights : list of ndarray, shape (n_l, n_(l-1))
    biases : list of ndarray, shape (n_l,)
    """

    learner: type[Learner]
    params_class: type[ImageParams]

    def __init__(
        self, sizes: Sequence[int], *, seed: int | None = None, backend: str = "auto",
        **numbers: Any,
    ):  # fmt: skip
        self.sizes, self.backend = arguments.layer_sizes(sizes), arguments.backend(backend)
        known = [f.name for f in dataclasses.fields(self.params_class) if f.name not in PROTOCOL]
        refuse_unknown(numbers, known)
        seed = arguments.seed_or_drawn(seed)
        rates = self.params_class().lr[: len(self.sizes) - 1]
        given = {"seed": seed, "hidden": self.sizes[1:-1], "lr": rates, **numbers}
        if isinstance(given["lr"], Real):
            given["lr"] = (given["lr"],)
        self.params = built(self.params_class, {}, given, "of_rule")
        self._opened: Learner | None = None
        self.reset_weights()

    seed = property(lambda self: self.params.seed)

    @property
    def weights(self) -> list[np.ndarray]:
        return [w.copy() for w in matrices(self._state)[0]]

    @property
    def biases(self) -> list[np.ndarray]:
        return [b.copy() for b in matrices(self._state)[1]]

    def fit(self, X, Y, epochs: int = 1) -> list[dict[str, float]]:
        """Learn samples `X`, shape (n, n_in), with targets `Y`, (n, n_out), or labels, (n,).

        Returns
        -------
        list of dict
            After each epoch: `epoch`, mean squared `error` of the output over 2, and, of labels or
            one-hot targets, the `accuracy`, of the samples that were learned.
        """
        x, y = self._pairs(X, Y)
        if not isinstance(epochs, Integral) or isinstance(epochs, bool):
            raise TypeError(f"epochs {epochs!r}: needed a whole number")
        if epochs < 1:
            raise ValueError(f"epochs {epochs}: needed at least 1")
        tell = bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())
        history = []
        for _ in range(epochs):
            with np.errstate(all="ignore"):  # said below in one sentence
                block = self._network.epoch(self._state, self.epochs_done, x, y)
            if words := beyond(block.state):
                kept = f"those of epoch {self.epochs_done} are kept: try a smaller lr"
                raise FloatingPointError(f"{words}; {kept}")
            self._state = block.state
            self.epochs_done += 1
            outputs = self.predict(x)
            error = half_squares(self.learner.rates(outputs), y)
            row = {"epoch": self.epochs_done, "error": error}
            known = {"accuracy": accuracy(outputs, y.argmax(axis=1))} if tell else {}
            history.append(row | known)
        return history

    def predict(self, X) -> np.ndarray:
        """Outputs, shape (n, n_out)."""
        return self.learner.predicted(self.params, self._state, self._samples(X))

    def reset_state(self) -> None:
        """Dynamic state to initial values; all weights kept. Every sample begins anew: nothing."""

    def reset_weights(self) -> None:
        """Weights redrawn from the stored seed: the same initial weights again."""
        self._state = self.learner.begin(self.params, self.sizes)
        self.epochs_done = 0

    def reset(self) -> None:
        """Both; a run after it reproduces the first run bit for bit."""
        self.reset_state()
        self.reset_weights()

    def save(self, path: str | Path) -> Path:
        """Write parameters, weights and biases to an .npz file of exactly this name."""
        return stored.save(path, self._identity(), self._state, self.seed, self.epochs_done)

    def load(self, path: str | Path) -> None:
        """Take what `save` wrote; ValueError if it is of another network, or damaged."""
        self._state, seed, self.epochs_done = stored.load(path, self._identity(), self._state)
        self.params = dataclasses.replace(self.params, seed=seed)
        self.close()

    def _identity(self) -> dict[str, Any]:
        known = dataclasses.asdict(self.params)
        return {"sizes": self.sizes, **{k: v for k, v in known.items() if k not in PROTOCOL}}

    def close(self) -> None:
        """Let the engine go; the next fit opens it again."""
        if self._opened is not None:
            self._closed()
            self._opened = None

    @property
    def _network(self) -> Learner:
        if self._opened is None:
            self._opened = self.learner(self.params, self.sizes, Session(self.backend))
            self._closed = weakref.finalize(self, self._opened.engine.close)
        return self._opened

    def _samples(self, X) -> np.ndarray:
        n = self.sizes[0]
        return arguments.numbers("X", X, (None, n), f"rows of {n} numbers")

    def _pairs(self, X, Y) -> tuple[np.ndarray, np.ndarray]:
        x, y = self._samples(X), self._targets(Y)
        if len(x) != len(y):
            raise ValueError(f"Y has {len(y)} rows, X {len(x)}")
        return x, y

    def _targets(self, Y) -> np.ndarray:
        n = self.sizes[-1]
        if np.ndim(Y) == 1 and np.asarray(Y).dtype.kind in "iu":
            labels = np.asarray(Y)
            if labels.size and not 0 <= labels.min() <= labels.max() < n:
                raise ValueError(
                    f"Y {labels.min()} to {labels.max()}: needed labels from 0 to {n - 1}"
                )
            return np.eye(n)[labels]
        return arguments.numbers("Y", Y, (None, n), f"labels, or rows of {n} numbers")


class RatePredictiveCoding(Classifier):
    """Supervised predictive coding with rates, Whittington and Bogacz (2017)."""

    learner, params_class = rate.Rate, RateParams

    def energy(self, X, Y) -> float:
        """Mean over samples of F before relaxation: half the squared error of the output."""
        x, y = self._pairs(X, Y)
        return half_squares(self.predict(x), y)

    def relax(self, x, y=None) -> np.ndarray:
        """F of one sample while its states relax, shape (n_relax + 1,).

        The target `y` is a label or a row of numbers; without it the output is free.
        """
        n, p = self.sizes[0], self.params
        row = arguments.numbers("x", x, (n,), f"{n} numbers")[None]
        target = None if y is None else self._targets(np.asarray(y)[None])
        return rate.relax(*matrices(self._state), row, target, p.gamma, p.n_relax)[2][:, 0]


class EquilibriumNetwork(Classifier):
    """Equilibrium propagation, Scellier and Bengio (2017), with a nudge to either side."""

    learner, params_class = equilibrium.Equilibrium, EquilibriumParams

    def energy(self, X) -> np.ndarray:
        """E of each sample after the free steps of a prediction, shape (n,)."""
        x, p, made = self._samples(X), self.params, matrices(self._state)
        states = equilibrium.relax(*made, x, p.gamma, p.predict_steps)
        return equilibrium.energy(*made, x, states)

    def cost(self, X, Y) -> float:
        """Mean over samples of half the squared error of the output."""
        x, y = self._pairs(X, Y)
        return half_squares(self.predict(x), y)


class DendriticClassifier(Classifier):
    """One layer of spiking cells whose dendrites learn what a teacher does to the soma.

    Inputs are rates from 0 to 1. Traces go on from sample to sample, so the state has them, too.

    Parameters
    ----------
    n_in, n_classes : int
    """

    learner, params_class = dendritic.Dendritic, DendriticParams

    def __init__(self, n_in: int, n_classes: int, **more: Any):
        super().__init__((n_in, n_classes), **more)

    def predict(self, X, mode: str = "analog") -> np.ndarray:
        """Potentials of the dendrites, shape (n, n_out): of the numbers, or of Poisson spikes."""
        if mode not in ("analog", "spiking"):
            raise ValueError(f"mode {mode!r} is not one of analog, spiking")
        if mode == "analog":
            return super().predict(X)
        return dendritic.spiking_outputs(self.params, self._state, self._samples(X))

    def reset_state(self) -> None:
        """Potentials, thresholds and traces to initial values; all weights kept."""
        kept = {key: self._state[key] for key in ("weights1.w", "layer1.bias")}
        self._state = self.learner.begin(self.params, self.sizes) | kept

    def _samples(self, X) -> np.ndarray:
        found = super()._samples(X)
        if found.min() < 0 or found.max() > 1:
            worst = found.min() if found.min() < 0 else found.max()
            raise ValueError(f"X {worst:g}: needed rates from 0 to 1")
        return found
