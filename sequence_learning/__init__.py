"""Sequence learning in a grid of winner-take-all circuits, from Python: see `examples/sequence.py`.

from sequence_learning import Network, InputGenerator, Recorder, nest_init
"""

from models.sequence.interactive import nest_init
from models.sequence.interactive.grid import Network
from models.sequence.interactive.inputs import InputGenerator
from models.sequence.interactive.recorder import Recorder

__all__ = ["InputGenerator", "Network", "Recorder", "nest_init"]
