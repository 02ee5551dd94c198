"""STDP: a class to be stepped, the equations, at a spike of the source and of the target."""

from models.predictive.equations import BASAL_POST, BASAL_PRE, SPIKING_BASAL
from models.predictive.neuron import STDP
from models.predictive.params import SpikingParams

__all__ = ["BASAL_POST", "BASAL_PRE", "SPIKING_BASAL", "STDP", "SpikingParams"]
