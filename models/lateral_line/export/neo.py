"""A seed for Neo, and so for Elephant and what else reads its objects."""

from __future__ import annotations

import json

import numpy as np

from driver.files import plain
from models.lateral_line.export.spikes import Phase, optional, phases, source_cm, trains
from models.lateral_line.saved import Seed
from models.lateral_line.values import POPULATIONS

DESCRIPTIONS = {
    "train": "end of the training; time counts from the start of the training",
    "test": "test of the trained network; time counts from the start of the test",
    "untrained": "the same test of the same network with its initial weights",
}


def to_neo(seed: Seed):
    """Recorded spikes and source positions as a Neo block.

    Parameters
    ----------
    seed : Seed

    Returns
    -------
    neo.Block
        A segment for each phase: ``train`` (the last seconds of the training; absent without
        training), ``test`` and ``untrained``. In each a spike train for every cell, silent ones
        too, annotated with ``population`` and ``cell``, and the source as an analog signal, cm,
        with channels ``x_cm`` and ``d_cm``. A spike of step n is at time n*dt. Annotations of the
        block: ``run``, ``mode``, ``seed``, and ``parameters``, the JSON of ``params.json``.

    Raises
    ------
    UsageError
        If Neo is not installed.
    """
    neo = optional("neo")
    run = seed.run
    block = neo.Block(
        name=f"{run.name}, seed {seed.number}",
        description="simulated lateral line: LL -> MON -> TS",
        run=run.name,
        mode=run.mode,
        seed=seed.number,
        parameters=json.dumps(plain(run.file)),
    )
    block.segments.extend([segment(neo, seed, phase) for phase in phases(seed)])
    block.check_relationships()
    return block


def segment(neo, seed: Seed, phase: Phase):
    """Spike trains and source of one phase; each phase has a clock of its own."""
    quantity = optional("quantities").Quantity
    dt_s = seed.dt_s
    start_s, stop_s = phase.start * dt_s, (phase.start + phase.n_steps) * dt_s
    sampling_rate = quantity(1 / dt_s, "Hz")
    found = neo.Segment(name=phase.name, description=DESCRIPTIONS[phase.name])
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
            for population in POPULATIONS
            for cell, steps in enumerate(trains(seed, phase, population))
        ]
    )
    source = neo.AnalogSignal(
        source_cm(seed, phase),
        units="cm",
        t_start=quantity(start_s, "s"),
        sampling_rate=sampling_rate,
        name="source",
        description="position along the body, from its head, and distance from it",
        array_annotations={"channel_names": np.array(["x_cm", "d_cm"])},
    )
    found.analogsignals.append(source)
    return found
