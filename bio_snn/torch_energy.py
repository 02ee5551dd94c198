"""The same on PyTorch, which is imported when the name is: see `models.predictive.torch_energy`."""

from models.predictive.energy_network import torch_energy

__all__ = ["TorchEnergyNetwork"]  # noqa: F822


def __getattr__(name: str):
    if name in __all__:
        return getattr(torch_energy(), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
