"""A seed for Neo, and so for Elephant and what else reads its objects."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from driver.export.spikes import Recording, optional
from driver.files import plain, replace_file
from driver.run.saved import Seed


def to_neo(seed: Seed, recordings: Sequence[Recording], about: str):
    """Recorded spikes as a Neo block.

    Parameters
    ----------
    seed : Seed
    recordings : sequence of Recording
    about : str
        What was simulated.

    Returns
    -------
    neo.Block
        A segment for each recording, with its phase as name and annotated with `network`. In each a
        spike train for every cell, silent ones too, annotated with `population` and `cell`, and an
        analog signal for what was shown. A spike of step n is at time n*dt. Annotations of the
        block: `run`, `mode`, `seed`, and `parameters`, the JSON of ``params.json``.

    Raises
    ------
    UsageError
        If Neo is not installed.
    """
    neo = optional("neo")
    run = seed.run
    block = neo.Block(
        name=f"{run.name}, seed {seed.number}",
        description=about,
        run=run.name,
        mode=run.mode,
        seed=seed.number,
        parameters=json.dumps(plain(run.file)),
    )
    block.segments.extend([segment(neo, recording) for recording in recordings])
    block.check_relationships()
    return block


def export_neo(seed: Seed, recordings: Sequence[Recording], about: str, path: Path) -> Path:
    """Write `to_neo` as the file that ``neo.io.PickleIO(path).read_block()`` reads."""
    block = to_neo(seed, recordings, about)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / path.name
        optional("neo.io").PickleIO(str(whole)).write_block(block)
        return replace_file(path, lambda target: target.write(whole.read_bytes()))


def segment(neo, recording: Recording):
    """Spike trains and signals of one recording; each has a clock of its own."""
    quantity, dt_s = optional("quantities").Quantity, recording.dt_s
    start_s, stop_s = recording.start * dt_s, (recording.start + recording.n_steps) * dt_s
    sampling_rate = quantity(1 / dt_s, "Hz")
    found = neo.Segment(
        name=recording.phase, description=recording.description, network=recording.network
    )
    found.spiketrains.extend(
        [
            neo.SpikeTrain(
                steps * dt_s,
                units="s",
                t_start=start_s,
                t_stop=stop_s,
                sampling_rate=sampling_rate,
                name=f"{population} {cell}",
                population=population,
                cell=cell,
            )
            for population in recording.n_cells
            for cell, steps in enumerate(recording.trains(population))
        ]
    )
    for signal in recording.signals:
        analog = neo.AnalogSignal(
            signal.values,
            units=signal.unit,
            t_start=quantity(start_s, "s"),
            sampling_rate=sampling_rate,
            name=signal.name,
            description=signal.description,
            array_annotations={"channel_names": np.array(signal.channels)},
        )
        found.analogsignals.append(analog)
    return found
