"""Training in blocks: from record to record, so that it can stop and go on at any of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from driver.engine.model import Spikes
from driver.experiment.network import State
from driver.run.progress import Progress
from models.lateral_line import values
from models.lateral_line.params import NetworkParams
from models.lateral_line.records import Records
from models.lateral_line.simulation import Simulation, x_per_step

TAIL_S = 2.0  # the last seconds of training whose spikes are kept


@dataclasses.dataclass(frozen=True)
class Training:
    """Where a training stands at a record; see `driver.experiment.learning.Standing`.

    Attributes
    ----------
    state : dict of ndarray
        After `done` trials.
    counts : dict of int
        Spikes of each population since the start.
    tail : dict of Spikes
        Spikes of the last `TAIL_S` seconds of the whole training, or of all of it.
    """

    state: State
    done: int
    records: Records
    counts: dict[str, int]
    tail: dict[str, Spikes]


def begin(sim: Simulation) -> Training:
    """Before trial 1: initial state, first record, and the decode of the untouched network."""
    p = sim.params
    state = sim.rounded(sim.initial_state())
    records = Records.start(p, state["mon_ts.w"])
    none = {name: Spikes.concatenate([]) for name in values.POPULATIONS}
    decode_untouched(sim, state, records)
    return Training(state, 0, records, dict.fromkeys(values.POPULATIONS, 0), none)


def decode_untouched(sim: Simulation, state: State, records: Records) -> None:
    """Show the trials up to the first record to the frozen network, and decode them."""
    shown = list(blocks_to_record(sim, state, 0, learn=False))
    if shown:
        spikes = Spikes.concatenate([block.spikes["ts"] for block, _, _ in shown])
        x_cm = np.concatenate([x_cm for _, x_cm, _ in shown])
        records.add_decode(0.0, spikes, 0, x_cm)
        records.add_map(0, spikes, 0, x_cm)


def blocks_to_record(sim: Simulation, state: State, trial: int, *, learn: bool = True):
    """Run blocks from `trial` to the next record; yields (block, positions, trials done).

    The state of a block can only be read before the next.
    """
    p, end = sim.params, next_record(trial, sim.params)
    while trial < end:
        stop = min(end, trial + values.MAX_BLOCK_TRIALS)
        first, n_steps = trial * p.trial_steps, (stop - trial) * p.trial_steps
        record = values.POPULATIONS if first + n_steps > tail_start(p) else ("ts",)
        block, frames = sim.train(state, first, n_steps, record, learn=learn, hold=True)
        yield block, x_per_step(frames, first, n_steps), stop
        state, trial = block.state, stop


def onward(sim: Simulation, training: Training, progress: Progress) -> Iterator[Training]:
    """Run the trials that remain; yields where the training stands at each record."""
    while training.done < sim.params.n_training_trials:
        training = next_standing(sim, training, progress)
        yield training


def next_standing(sim: Simulation, training: Training, progress: Progress) -> Training:
    """Run blocks up to the next record, and make it."""
    kept = tail_start(sim.params), sim.params.training_steps
    done, counts = training.done, dict(training.counts)
    ts_spikes, positions = [], []
    tail = {name: [spikes] for name, spikes in training.tail.items()}
    for block, x_cm, trial in blocks_to_record(sim, training.state, training.done):
        ts_spikes.append(block.spikes["ts"])
        positions.append(x_cm)
        for name, n in block.counts.items():
            counts[name] += n
            tail[name].append(block.spikes[name].between(*kept))
        progress.advance(trial - done, training.records.note(), **training.records.last())
        done = trial
    records = training.records.copy()
    state = dict(block.state)
    records.add(done, state["mon_ts.w"], Spikes.concatenate(ts_spikes), np.concatenate(positions))
    kept_spikes = {name: Spikes.concatenate(parts) for name, parts in tail.items()}
    return Training(state, done, records, counts, kept_spikes)


def next_record(trial: int, params: NetworkParams) -> int:
    """Trial of the next record: a multiple of `checkpoint_trials`, or the last."""
    record = (trial // params.checkpoint_trials + 1) * params.checkpoint_trials
    return min(record, params.n_training_trials)


def tail_start(params: NetworkParams) -> int:
    """Absolute step from which the spikes of training are kept."""
    if params.keep_training_spikes:
        return 0
    return max(0, params.training_steps - round(TAIL_S / params.dt_s))
