"""Equilibrium propagation: see `models.predictive`."""

from models.predictive.classifiers import EquilibriumNetwork

__all__ = ["EquilibriumNetwork"]
