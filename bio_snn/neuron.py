"""The spiking cell: a class to be stepped, its equations, its numbers."""

from models.predictive.equations import BASAL, RESET, SOMA
from models.predictive.neuron import SpikingNeuron
from models.predictive.params import SpikingParams

EQUATIONS = SOMA + BASAL

__all__ = ["EQUATIONS", "RESET", "SpikingNeuron", "SpikingParams"]
