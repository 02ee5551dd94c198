"""Recorded spikes of a seed for other programs: cells at the end, the output all the time."""

from __future__ import annotations

from driver.engine.model import Spikes
from driver.experiment.metric import LABELS
from driver.export.spikes import Recording
from driver.run.saved import Seed
from models.cube.kinds import kind_of
from models.cube.values import DT_S


def recordings(seed: Seed) -> list[Recording]:
    """Of both networks the cells in the steps that are judged, and the output in all steps."""
    p, found = seed.params, []
    wiring = kind_of(p).wiring.wiring_of(p, seed.dots)
    for label in LABELS:
        arrays = seed.recording(label)
        first, stop = int(arrays["kept_from"]), int(arrays["kept_to"])
        cells, n_cells = (
            ("hidden", wiring.n_hidden) if p.model == "local" else ("cells", p.n**2 * p.L)
        )
        for name, n, start, end, what in (
            (cells, n_cells, first, stop, "the steps that are judged"),
            ("output", p.n**2, 0, int(arrays["n_steps"]), "all steps"),
        ):
            spikes = Spikes(arrays[f"{name}_i"], arrays[f"{name}_step"].astype("int64"))
            found.append(
                Recording(
                    network=label,
                    phase=name,
                    description=f"{name} of the {label} network, {what}, from the start of the run",
                    start=start,
                    n_steps=end - start,
                    session_start=start,
                    dt_s=DT_S,
                    n_cells={name: n},
                    spikes={name: spikes},
                )
            )
    return found
