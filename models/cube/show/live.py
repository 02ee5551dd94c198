"""The moving dot while a network runs: frame, prediction, error map and spikes in space."""

from __future__ import annotations

import numpy as np

from driver.engine.model import Block
from driver.figures import style
from models.cube.params import Params
from models.cube.records import Records
from models.cube.show.film import Film
from models.cube.show.view import Shown
from models.cube.simulation import run_path
from stimuli.dots import DotParams


class Moments:
    """Pictures of the last moment of a block."""

    def __init__(self, params: Params, dots: DotParams):
        self.params, self.dots = params, dots
        path = run_path(params, dots, params.steps)
        names = ("x", "y", "next_x", "next_y", "shown", "move", "launched")
        self.path = {name: getattr(path, name) for name in names}

    def pixels(self, label: str, block: Block, records: Records, first: int, stop: int):
        """Shape (height, width, 4); see `models.cube.show.film`."""
        arrays = self.path | records.series.arrays() | {"kept_from": first, "kept_to": stop}
        for name, spikes in block.spikes.items():
            arrays |= {f"{name}_i": spikes.index, f"{name}_step": np.asarray(spikes.step)}
        shown = Shown(self.params, self.dots, self.params.seed, {label: arrays}, {})
        every = shown.kind.film_steps(self.params)
        with style.applied():
            return Film(shown, label, every).frame(max(first, stop - every))
