"""Recorded spikes of a seed for other programs: all tests, one after the other."""

from __future__ import annotations

from driver.engine.model import Spikes
from driver.experiment.metric import LABELS
from driver.export.spikes import Recording
from driver.run.saved import Seed
from models.sequence.responses import tests
from models.sequence.wiring import wiring
from stimuli.patterns import STEP_S


def recordings(seed: Seed) -> list[Recording]:
    """Every test of both networks, a phase each, with a clock of its own."""
    n_cells, found = wiring(seed.params).n_cells, []
    for label in LABELS:
        arrays, begin = seed.recording(label), 0
        for name, stimulus in tests(seed.params).items():
            spikes = Spikes(arrays[f"{name}_index"], arrays[f"{name}_step"].astype("int64"))
            n_steps = stimulus.phases.n_steps
            found.append(
                Recording(
                    network=label,
                    phase=name,
                    description=f"test {name} of the {label} network, from its start",
                    start=0,
                    n_steps=n_steps,
                    session_start=begin,
                    dt_s=STEP_S,
                    n_cells={"cells": n_cells},
                    spikes={"cells": spikes},
                )
            )
            begin += n_steps
    return found
