"""Training on the digits: see `models.predictive.trainer`."""

from models.predictive.trainer import EnergyTrainer, TrainingConfig

__all__ = ["EnergyTrainer", "TrainingConfig"]
