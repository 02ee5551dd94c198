"""The network on a quadratic energy from Python, in NumPy or on PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from driver.flags.keywords import built, check_kind
from models.predictive import arguments, stored
from models.predictive.energy import Energy, Perceptron, parts_of
from models.predictive.params import EnergyParams
from models.predictive.samples import is_tensor, rows, samples

DTYPES = {"numpy": "float64", "torch": "float32"}  # of a backend, by default
INITS = ("xavier", "normal")  # s.d. of weights n_in**-0.5, or 0.1


class EnergyNetwork:
    """A perceptron of tanh layers, trained by back-propagation on a quadratic energy.

    Parameters
    ----------
    sizes : sequence of int
        Units of each layer, the input first.
    backend : {"numpy", "torch"}
    device : str, optional
        Of torch; a GPU if there is one.
    multi_gpu : bool
        With torch: share a batch among the GPUs.
    bias : bool
        Whether biases learn, from 0.
    init : {"xavier", "normal"}
        S.d. of the weights at start: ``n_in**-0.5``, or 0.1.
    seed : int, optional
        Of the weights, which are the same on both backends; drawn if not given.
    dtype : {"float32", "float64"}, optional
        By default float64 with numpy, float32 with torch.
    """

    def __init__(
        self, sizes, *, reg: float = 1e-4, backend: str = "numpy", device=None,
        multi_gpu: bool = False, bias: bool = True, init: str = "xavier", momentum: float = 0.0,
        seed: int | None = None, dtype=None,
    ):  # fmt: skip
        self.sizes, self.bias, self.init = arguments.layer_sizes(sizes), bool(bias), init
        one_of("backend", backend, DTYPES)
        one_of("init", init, INITS)
        name = getattr(dtype, "__name__", str(dtype or DTYPES[backend])).removeprefix("torch.")
        one_of("dtype", name, DTYPES.values())
        given = {"seed": arguments.seed_or_drawn(seed), "reg": reg, "momentum": momentum}
        self.params = built(EnergyParams, {}, given, "of_rule")
        made = (self.sizes, self.params.reg, self.params.momentum, name)
        if backend == "torch":
            self.perceptron = torch_energy().TorchPerceptron(*made, device, multi_gpu)
        elif device is None and not multi_gpu:
            self.perceptron = Perceptron(*made)
        else:
            words = f"device {device!r}, multi_gpu {multi_gpu!r}"
            raise ValueError(f"{words}: allowed with backend 'torch' only")
        self.reset()

    seed = property(lambda self: self.params.seed)
    n = property(lambda self: len(self.sizes) - 1, doc="Layers with weights.")
    weights = property(lambda self: [v.copy() for v in self.perceptron.parts()[0][: self.n]])
    biases = property(lambda self: [v.copy() for v in self.perceptron.parts()[0][self.n :]])

    def reset(self) -> None:
        """Weights of the seed, as at first; biases and velocities 0."""
        values, velocities = parts_of(Energy.begin(self.params, self.sizes))
        if self.init == "normal":
            for w in values[: self.n]:
                w *= 0.1 * w.shape[1] ** 0.5
        self.perceptron.load(values, velocities)

    def predict(self, x):
        """f(x), shape (n_out,) or, of rows, (n, n_out): an array, of a tensor a tensor."""
        found = self.perceptron.outputs(rows("x", x, self.sizes[0]))
        found = found if np.ndim(x) == 2 else found[0]
        return x.new_tensor(found) if is_tensor(x) else found

    def forward(self, x):
        """As `predict`; from a tensor with torch, gradients go through it."""
        if not (is_tensor(x) and hasattr(self.perceptron, "called")):
            return self.predict(x)
        rows("x", x, self.sizes[0])
        return self.perceptron.called(self.perceptron.tensor(x)).to(x.device)

    def energy(self, x, t) -> float:
        """Mean over samples of half the squared error, and reg/2 of all squared weights."""
        return self.perceptron.gradients(*samples(self.sizes, x, t))[0]

    def gradients(self, x, t) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
        """Of the energy: at weights and biases of each layer, and at the input."""
        _, found, of_x = self.perceptron.gradients(*samples(self.sizes, x, t))
        return [*zip(found[: self.n], found[self.n :], strict=True)], of_x.reshape(np.shape(x))

    def train_step(self, x, t, lr: float = 0.01) -> float:
        """A step down the gradient; returns the energy before it."""
        check_kind("lr", lr, Real, "a number above 0")
        if not 0 < lr < math.inf:
            raise ValueError(f"lr {lr}: needed a finite number above 0")
        rates = self.n * [float(lr)] + self.n * [float(lr * self.bias)]
        return self.perceptron.step(*samples(self.sizes, x, t), rates)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Weights ``W0...``, biases ``b0...``, and their velocities ``vW0...``, ``vb0...``."""
        names = [f"{kind}{k}" for kind in ("W", "b", "vW", "vb") for k in range(self.n)]
        values, velocities = self.perceptron.parts()
        return {k: v.copy() for k, v in zip(names, [*values, *velocities], strict=True)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave; ValueError if it is of another network, or not finite."""
        ours = self.state_dict()
        for key in sorted(ours.keys() | state.keys()):
            if (there := np.shape(state.get(key))) != (here := np.shape(ours.get(key))):
                raise ValueError(f"{key} of shape {there}, needed {here}, () if there is none")
            arguments.numbers(key, state[key], here, "numbers")
        values = [state[key] for key in ours]
        self.perceptron.load(values[: 2 * self.n], values[2 * self.n :])

    def save(self, path: str | Path) -> Path:
        """Write an .npz file of exactly this name, which either backend can load."""
        return stored.save(path, self._identity(), self.state_dict(), self.seed, 0)

    def load(self, path: str | Path) -> None:
        """Take what `save` wrote; ValueError if it is of another network, or damaged."""
        self.load_state_dict(stored.load(path, self._identity(), self.state_dict())[0])

    def _identity(self) -> dict[str, Any]:
        p = self.params
        return {"sizes": self.sizes, "bias": self.bias, "reg": p.reg, "momentum": p.momentum}


def one_of(name: str, value: Any, allowed) -> None:
    if value not in (*allowed,):
        raise ValueError(f"{name} {value!r} is not one of {', '.join(allowed)}")


def torch_energy() -> ModuleType:
    """The module `torch_energy`; `ImportError`, which says what to install, without PyTorch."""
    try:
        from models.predictive import torch_energy as found
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        words = "needs PyTorch: pip install torch (see requirements-torch.txt)"
        raise ImportError(words) from None
    return found
