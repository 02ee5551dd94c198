"""What a run folder of the dot-prediction models looks like."""

from __future__ import annotations

from driver.run.format import Format
from models.cube.presets import PRESETS
from stimuli.dots import DotParams


def parts(mode: str) -> dict[str, type]:
    """Parameters of a preset by their name in ``params.json``."""
    return {"network_params": PRESETS[mode].model, "stimulus_params": DotParams}


FORMAT = Format(
    prog="cube_brian2.py", parts=parts, unit="step", integrator="exact", schema_version=1
)
