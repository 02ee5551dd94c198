"""Back-propagation on a quadratic energy: see `models.predictive.energy_network`."""

from models.predictive.energy_network import EnergyNetwork

__all__ = ["EnergyNetwork"]
