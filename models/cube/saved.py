"""A run folder of the cube room, read.

run = Run("Runs/dots")
seed = run.seed(0)
seed.results["trained"]["ili"], seed.recording("trained")["cells_step"], seed.weights
"""

from __future__ import annotations

from typing import Any

from driver.run import saved
from models.cube.format import FORMAT
from models.cube.params import Params
from stimuli.dots import DotParams


class Run(saved.Run):
    """A run of the local layer, the cube or groups of neurons."""

    format = FORMAT

    @property
    def dots(self) -> DotParams:
        return self.parts["stimulus_params"]

    def seed(self, seed: int | None = None) -> Seed:
        return Seed(self, self.known(seed))


class Seed(saved.Seed):
    """One seed: parameters, results, weights and two recordings."""

    params: Params

    @property
    def dots(self) -> DotParams:
        return self.run.dots

    def state(self) -> dict[str, Any]:
        """Weights under the names that the network takes: to be put into an initial state."""
        weights = self.weights
        names = [key.removesuffix("_w") for key in weights if key.endswith("_w")]
        return {f"{name}.w": weights[f"{name}_w"] for name in names}


load_run = Run  # how the door calls it
