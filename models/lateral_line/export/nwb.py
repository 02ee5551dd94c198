"""A seed as a file of Neurodata Without Borders (NWB).

An NWB file has one clock, and a unit is a cell watched over stretches of it. So the clock is that
of the simulation, from the first step of training on, and a cell of the trained network is one
unit, watched at the end of the training and in the test. The untrained twin is another network in
the same test at the same time: its cells are units of their own. Column ``network`` tells the two
apart, and a reader who aligns units to epoch ``test`` compares them at once. One table with a
column, not two tables, because readers look at ``units`` and nowhere else.
"""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path

import numpy as np

from driver.files import plain, replace_file
from models.lateral_line.export.spikes import Phase, optional, phases, source_cm, trains
from models.lateral_line.saved import Seed
from models.lateral_line.values import POPULATIONS

NETWORK = {"train": "trained", "test": "trained", "untrained": "untrained"}
METRE_PER_CM = 0.01


def export_nwb(seed: Seed, path: Path) -> Path:
    """Write recorded spikes and source positions of a seed.

    Parameters
    ----------
    seed : Seed
        Finished.
    path : Path
        Of the file, replaced if it is there; its folder is made.

    Returns
    -------
    Path
        `path`. In the file: ``units`` with ``spike_times`` (s), ``obs_intervals``, ``network``
        (trained or untrained), ``population`` and ``cell`` for every cell, silent ones too;
        ``epochs``; the stimulus ``source``, cm with the factor to m; in ``scratch`` the JSON of
        ``params.json`` and of the results file. A spike of step n is at time n*dt, where steps of
        the test go on from those of the training.

    Raises
    ------
    UsageError
        If pynwb is not installed.
    """
    pynwb = optional("pynwb")
    file = nwb_file(pynwb, seed)
    memory = io.BytesIO()  # a file of some MB; so it can be written in one go
    with optional("h5py").File(memory, "w") as container:
        with pynwb.NWBHDF5IO(file=container, mode="w") as writer:
            writer.write(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    return replace_file(path, lambda target: target.write(memory.getbuffer()))


def nwb_file(pynwb, seed: Seed):
    """The file in memory."""
    run, r = seed.run, seed.results
    start = run.file["environment"]["start_time_utc"]
    file = pynwb.NWBFile(
        session_description=f"simulation {run.name}, mode {run.mode}, seed {seed.number}",
        experiment_description="lateral line, LL -> MON -> TS: end of the training, test, and "
        "the same test of the same network with its initial weights; there is no animal",
        identifier=f"{run.name}, seed {seed.number}, {start}, {r['params_sha256']}",
        session_start_time=datetime.datetime.fromisoformat(start),
        session_id=f"{run.name}_seed_{seed.number}",
        keywords=["simulation", "lateral line", "spike-timing-dependent plasticity"],
    )
    file.units = units(pynwb, seed)
    for phase in phases(seed):
        if phase.name != "untrained":
            first = session_start(seed, phase)
            times = first * seed.dt_s, (first + phase.n_steps) * seed.dt_s
            file.add_epoch(*times, tags=["training" if phase.name == "train" else "test"])
    file.add_stimulus(source_series(pynwb, seed))
    for name, content in (("parameters", run.file), ("results", r)):
        text = json.dumps(plain(content))
        file.add_scratch(text, name=name, description=f"{name} of the simulation, JSON")
    return file


def session_start(seed: Seed, phase: Phase) -> int:
    """First step of a phase by the clock of the session; tests begin where the training ends."""
    return phase.start if phase.name == "train" else int(seed.recordings["n_training_steps"])


def units(pynwb, seed: Seed):
    """The units table: cells of the trained network, then those of its twin.

    Columns are handed over whole; adding thousands of units one by one takes many times longer.
    """
    cells = [(name, k) for name in POPULATIONS for k in range(seed.n_cells(name))]
    rows, spike_times, intervals = [], [], []
    for network in ("trained", "untrained"):
        times, watched = observed(seed, network)
        rows += [(network, *cell) for cell in cells]
        spike_times += times
        intervals += [watched] * len(cells)
    network, population, cell = zip(*rows, strict=True)
    described = {
        "network": ("trained, or untrained: the same cells with the initial weights", network),
        "population": ("ll, mon, ts; i_mon and i_ts are single inhibitory cells", population),
        "cell": ("index in its population, from 0", np.array(cell)),
    }
    column = optional("hdmf.common").VectorData
    return pynwb.misc.Units(
        name="units",
        description="all cells, silent ones too",
        resolution=seed.dt_s,
        columns=[
            *ragged("spike_times", "s", spike_times),
            *ragged("obs_intervals", "when the cell was recorded, s", intervals),
            *(
                column(name=name, description=words, data=data)
                for name, (words, data) in described.items()
            ),
        ],
    )


def observed(seed: Seed, network: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Spike times of every cell of a network, s, and the stretches recorded, shape (n, 2), s."""
    parts = [phase for phase in phases(seed) if NETWORK[phase.name] == network]
    firsts = [session_start(seed, phase) for phase in parts]
    stretches = [
        (first * seed.dt_s, (first + phase.n_steps) * seed.dt_s)
        for first, phase in zip(firsts, parts, strict=True)
    ]
    times = []
    for population in POPULATIONS:
        by_phase = [
            [steps - phase.start + first for steps in trains(seed, phase, population)]
            for first, phase in zip(firsts, parts, strict=True)
        ]
        times += [np.concatenate(cell) * seed.dt_s for cell in zip(*by_phase, strict=True)]
    return times, np.array(stretches)


def ragged(name: str, description: str, rows: list[np.ndarray]):
    """A column whose cells hold several entries, and its index, as NWB stores them."""
    common = optional("hdmf.common")
    data = common.VectorData(name=name, description=description, data=np.concatenate(rows))
    ends = np.cumsum([len(row) for row in rows])
    return data, common.VectorIndex(name=f"{name}_index", data=ends, target=data)


def source_series(pynwb, seed: Seed):
    """Position of the source over the recorded stretch of the trained network."""
    parts = [phase for phase in phases(seed) if NETWORK[phase.name] == "trained"]
    return pynwb.behavior.SpatialSeries(
        name="source",
        data=np.concatenate([source_cm(seed, phase) for phase in parts]),
        reference_frame="x along the body, 0 at its head end; y distance from the body",
        unit="meters",
        conversion=METRE_PER_CM,
        starting_time=session_start(seed, parts[0]) * seed.dt_s,
        rate=1 / seed.dt_s,
        description="position of the sphere: x, y",
    )
