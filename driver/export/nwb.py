"""A seed as a file of Neurodata Without Borders (NWB).

An NWB file has one clock, and a unit is a cell watched over stretches of it. So the clock is one
that all recordings of a network share, and a cell of the trained network is one unit. The untrained
twin is another network in the same tests at the same time: its cells are units of their own. Column
``network`` tells the two apart, and a reader who aligns units to an epoch compares them at once.
One table with a column, not two tables, because readers look at ``units`` and nowhere else.
"""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from driver.export.spikes import Recording, optional
from driver.files import plain, replace_file
from driver.run.saved import Seed

TAGS = {"train": "training"}


def export_nwb(seed: Seed, recordings: Sequence[Recording], about: str, path: Path) -> Path:
    """Write recorded spikes of a seed, and what was shown.

    Parameters
    ----------
    seed : Seed
        Finished.
    recordings : sequence of Recording
        Those of a network that have signals follow each other without a gap.
    about : str
        What was simulated.
    path : Path
        Of the file, replaced if it is there; its folder is made.

    Returns
    -------
    Path
        `path`. In the file: ``units`` with ``spike_times`` (s), ``obs_intervals``, ``network``
        (trained or untrained), ``population`` and ``cell`` for every cell, silent ones too;
        ``epochs``, tagged with the phase; what was shown as ``stimulus``, with its factor to m; in
        ``scratch`` the JSON of ``params.json`` and of the results file. A spike of step n is at
        time n*dt, by the clock of the session.

    Raises
    ------
    UsageError
        If pynwb is not installed.
    """
    pynwb = optional("pynwb")
    file = nwb_file(pynwb, seed, recordings, about)
    memory = io.BytesIO()  # a file of some MB; so it can be written in one go
    with optional("h5py").File(memory, "w") as container:
        with pynwb.NWBHDF5IO(file=container, mode="w") as writer:
            writer.write(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    return replace_file(path, lambda target: target.write(memory.getbuffer()))


def nwb_file(pynwb, seed: Seed, recordings: Sequence[Recording], about: str):
    """The file in memory."""
    run, results = seed.run, seed.results
    start = run.file["environment"]["start_time_utc"]
    file = pynwb.NWBFile(
        session_description=f"simulation {run.name}, mode {run.mode}, seed {seed.number}",
        experiment_description=f"{about}; there is no animal",
        identifier=f"{run.name}, seed {seed.number}, {start}, {results['params_sha256']}",
        session_start_time=datetime.datetime.fromisoformat(start),
        session_id=f"{run.name}_seed_{seed.number}",
        keywords=["simulation", "spiking neural network", "plasticity"],
    )
    file.units = units(pynwb, recordings)
    own = [r for r in recordings if r.network == recordings[0].network]  # the twin's are the same
    for r in own:
        file.add_epoch(*stretch(r), tags=[TAGS.get(r.phase, r.phase)])
    for series in stimuli(pynwb, own):
        file.add_stimulus(series)
    for name, content in (("parameters", run.file), ("results", results)):
        text = json.dumps(plain(content))
        file.add_scratch(text, name=name, description=f"{name} of the simulation, JSON")
    return file


def stretch(r: Recording) -> tuple[float, float]:
    """Its beginning and end by the clock of the session, s."""
    return r.session_start * r.dt_s, (r.session_start + r.n_steps) * r.dt_s


def units(pynwb, recordings: Sequence[Recording]):
    """The units table: cells of the trained network, then those of its twin.

    Columns are handed over whole; adding thousands of units one by one takes many times longer.
    """
    rows, spike_times, intervals = [], [], []
    populations = {(r.network, name): n for r in recordings for name, n in r.n_cells.items()}
    for (network, population), n_cells in populations.items():
        own = [r for r in recordings if r.network == network and population in r.n_cells]
        rows += [(network, population, cell) for cell in range(n_cells)]
        intervals += [np.array([stretch(r) for r in own])] * n_cells
        by_recording = [
            [(steps - r.start + r.session_start) * r.dt_s for steps in r.trains(population)]
            for r in own
        ]
        spike_times += [np.concatenate(parts) for parts in zip(*by_recording, strict=True)]
    network, population, cell = zip(*rows, strict=True)
    described = {
        "network": ("trained, or untrained: the same cells with the initial weights", network),
        "population": ("population of the model", population),
        "cell": ("index in its population, from 0", np.array(cell)),
    }
    column = optional("hdmf.common").VectorData
    return pynwb.misc.Units(
        name="units",
        description="all cells, silent ones too",
        resolution=recordings[0].dt_s,
        columns=[
            *ragged("spike_times", "s", spike_times),
            *ragged("obs_intervals", "when the cell was recorded, s", intervals),
            *(
                column(name=name, description=words, data=data)
                for name, (words, data) in described.items()
            ),
        ],
    )


def ragged(name: str, description: str, rows: list[np.ndarray]):
    """A column whose cells hold several entries, and its index, as NWB stores them."""
    common = optional("hdmf.common")
    data = common.VectorData(name=name, description=description, data=np.concatenate(rows))
    ends = np.cumsum([len(row) for row in rows])
    return data, common.VectorIndex(name=f"{name}_index", data=ends, target=data)


def stimuli(pynwb, recordings: Sequence[Recording]) -> list:
    """A series for each signal, over all recordings that have it."""
    found = []
    for name in dict.fromkeys(signal.name for r in recordings for signal in r.signals):
        pairs = [(r, signal) for r in recordings for signal in r.signals if signal.name == name]
        first, signal = pairs[0]
        series = pynwb.behavior.SpatialSeries(
            name=name,
            data=np.concatenate([signal.values for _, signal in pairs]),
            reference_frame=signal.frame,
            unit="meters",
            conversion=signal.metres,
            starting_time=first.session_start * first.dt_s,
            rate=1 / first.dt_s,
            description=f"{signal.description}: {', '.join(signal.channels)}",
        )
        found.append(series)
    return found
