"""A dot-prediction network of the golden fixtures, block by block, on any backend."""

from __future__ import annotations

import numpy as np

from driver.engine.choose import open_engine
from driver.engine.model import Block, Engine
from models.cube import values
from stimuli.dots import DotParams, Launch

ORBIT = DotParams(stimulus="orbit")
GOLDEN_LAUNCH = Launch.of((2, 0, 1, 1))


def u(i, j):
    """Numbers in [0, 1) that no random generator makes: a weight for each pair of cells."""
    return np.mod(0.6180339887498949 * np.asarray(i) + 0.7548776662466927 * np.asarray(j), 1.0)


class Bench:
    """One network on one backend."""

    def __init__(self, params, dots: DotParams = ORBIT, backend: str = "numpy"):
        self.params, self.dots = params, dots
        self.wiring = values.wiring_of(params, dots)
        self.model = values.model(params, dots, self.wiring)
        self.engine: Engine = open_engine(backend, self.model)

    def start(self, launch: Launch | None = GOLDEN_LAUNCH) -> dict:
        return values.initial_state(self.params, self.dots, self.wiring, launch)

    def block(self, state, first: int, n_steps: int, *, learn=True, change=None) -> Block:
        given = (
            values.constants(self.params, self.dots, self.wiring)
            | values.switches(self.params, self.wiring, learn=learn)
            | values.window(self.params, self.dots, first, n_steps)
            | state
            | (change or {})
        )
        return self.engine.run(
            given, first_step=first, n_steps=n_steps, record=self.model.populations
        )
