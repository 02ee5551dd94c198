"""The networks of `energy` on PyTorch; who imports this file imports PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.utils import skip_init

from driver.engine.randomness import generator
from driver.flags.keywords import built
from models.predictive import arguments
from models.predictive.energy import Energy
from models.predictive.params import EnergyParams
from models.predictive.samples import rows, samples


class Layers(nn.Module):
    """Linear layers with tanh between; values are not drawn but loaded."""

    def __init__(self, sizes: Sequence[int], **where):
        super().__init__()
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.layers = nn.ModuleList(skip_init(nn.Linear, *pair, **where) for pair in pairs)

    @property
    def values(self) -> list[nn.Parameter]:
        return [layer.weight for layer in self.layers] + [layer.bias for layer in self.layers]

    @torch.no_grad()
    def load(self, arrays: Sequence[np.ndarray]) -> None:
        for value, array in zip(self.values, arrays, strict=True):
            value.copy_(torch.as_tensor(array))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *hidden, last = self.layers
        for layer in hidden:
            x = torch.tanh(layer(x))
        return last(x)


class TorchPerceptron:
    """The twin of `models.predictive.energy.Perceptron`; gradients are autograd's."""

    def __init__(
        self, sizes: Sequence[int], reg: float, momentum: float, dtype: str = "float32",
        device=None, multi_gpu: bool = False,
    ):  # fmt: skip
        self.n, self.reg, self.momentum = len(sizes) - 1, reg, momentum
        self.where = {"dtype": getattr(torch, dtype), "device": device_of(device)}
        self.module = Layers(sizes, **self.where)
        self.called = in_parallel(self.module, self.where["device"]) if multi_gpu else self.module

    def load(self, values: Sequence[np.ndarray], velocities: Sequence[np.ndarray]) -> None:
        self.module.load(values)
        self.velocities = [torch.tensor(v, **self.where) for v in velocities]

    def parts(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [*map(on_host, self.module.values)], [*map(on_host, self.velocities)]

    def tensor(self, a) -> torch.Tensor:
        return torch.as_tensor(a, **self.where)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return on_host(self.called(self.tensor(x)))

    def energy(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return quadratic(self.called(x), t, self.reg, self.module.values[: self.n])

    def gradients(self, x: np.ndarray, t: np.ndarray) -> tuple[float, list, np.ndarray]:
        x = self.tensor(x).requires_grad_()
        before = self.energy(x, self.tensor(t))
        *found, of_x = torch.autograd.grad(before, [*self.module.values, x])
        return before.item(), [*map(on_host, found)], on_host(of_x)

    def step(self, x: np.ndarray, t: np.ndarray, rates: Sequence[float]) -> float:
        values, before = self.module.values, self.energy(self.tensor(x), self.tensor(t))
        found = torch.autograd.grad(before, values)
        with torch.no_grad():
            for value, v, of_value, lr in zip(values, self.velocities, found, rates, strict=True):
                value += v.mul_(self.momentum).sub_(of_value, alpha=lr)
        return before.item()


class TorchEnergy(Energy):
    """The learner of images whose arithmetic is PyTorch's."""

    backend, perceptron = "torch", TorchPerceptron


class TorchEnergyNetwork(Layers):
    """A module with the energy of `EnergyNetwork`, whose penalty here has the biases, too.

    Parameters
    ----------
    optimizer : function, optional
        ``optimizer(parameters)`` makes one; plain SGD with `lr` if not given.
    seed : int, optional
        Of weights and biases, uniform within ``n_in**-0.5`` as PyTorch has them; drawn if not
        given.
    """

    def __init__(
        self, sizes, reg: float = 1e-4, lr: float = 0.01, seed: int | None = None,
        optimizer: Callable | None = None,
    ):  # fmt: skip
        given = {"seed": arguments.seed_or_drawn(seed), "reg": reg, "lr": (lr,)}
        p, sizes = built(EnergyParams, {}, given, "of_rule"), arguments.layer_sizes(sizes)
        super().__init__(sizes)
        self.sizes, self.reg, rng = sizes, p.reg, generator(p.seed, "initial weights")
        ends = 2 * [n_in**-0.5 for n_in in self.sizes[:-1]]
        self.load([rng.uniform(-c, c, v.shape) for c, v in zip(ends, self.values, strict=True)])
        self.optimizer = (optimizer or partial(torch.optim.SGD, lr=p.lr[0]))(self.parameters())

    def forward(self, x) -> torch.Tensor:
        """f(x) of a sample or a batch, of tensors, arrays or lists."""
        rows("x", x, self.sizes[0])
        return super().forward(self._tensor(x))

    def energy(self, x, t) -> torch.Tensor:
        """Mean over samples of half the squared error, and reg/2 of all squared parameters."""
        samples(self.sizes, x, t)
        return quadratic(self(x), self._tensor(t), self.reg, self.parameters())

    def train_step(self, x, t) -> float:
        """A step of the optimizer; returns the energy before it."""
        self.optimizer.zero_grad()
        before = self.energy(x, t)
        before.backward()
        self.optimizer.step()
        return before.item()

    def _tensor(self, a) -> torch.Tensor:
        like = self.values[0]
        return torch.as_tensor(a, dtype=like.dtype, device=like.device)


def quadratic(outputs: torch.Tensor, t: torch.Tensor, reg: float, penalised) -> torch.Tensor:
    squares = ((outputs - t) ** 2).sum(dim=-1).mean()
    return (squares + reg * sum((p * p).sum() for p in penalised)) / 2


def on_host(a: torch.Tensor) -> np.ndarray:
    return a.detach().cpu().numpy().copy()


def device_of(name) -> torch.device:
    name = name or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {name!r}: {str(error).splitlines()[0]}") from None


def in_parallel(module: nn.Module, device: torch.device) -> nn.Module:
    """The module whose forward shares a batch among all GPUs, its own first; one if it cannot."""
    n = torch.cuda.device_count()
    if n < 2 or device.type != "cuda":
        words = f"multi_gpu=True: {n} GPUs here; on one device, {device}"
        warnings.warn(words, UserWarning, stacklevel=4)
        return module
    return nn.DataParallel(module, sorted(range(n), key=lambda k: k != device.index))
