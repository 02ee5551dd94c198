"""Joint embedding: see `models.predictive`."""

from models.predictive.joint_embedding import JointEmbeddingNetwork

__all__ = ["JointEmbeddingNetwork"]
