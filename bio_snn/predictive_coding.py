"""Networks that learn by predicting: see `models.predictive`."""

from models.predictive.classifiers import DendriticClassifier, RatePredictiveCoding
from models.predictive.interactive import PredictiveCodingNetwork
from models.predictive.params import SpikingParams as PredictiveCodingParams

__all__ = [
    "DendriticClassifier",
    "PredictiveCodingNetwork",
    "PredictiveCodingParams",
    "RatePredictiveCoding",
]
