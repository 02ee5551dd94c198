"""Training in blocks: from record to record, so that it can stop and go on at any of them."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.backend import Spikes
from driver.progress import Progress
from models.lateral_line import values
from models.lateral_line.params import NetworkParams
from models.lateral_line.records import Records
from models.lateral_line.simulation import Simulation, State, x_per_step

TAIL_S = 2.0  # the last seconds of training whose spikes are kept


@dataclasses.dataclass
class Training:
    """Where a training stood at its last record. Complete at any moment, also when interrupted.

    Attributes
    ----------
    state : dict of ndarray
        After `trial` trials.
    counts : dict of int
        Spikes of each population since the start.
    tail : dict of Spikes
        Spikes of the last `TAIL_S` seconds of the whole training.
    """

    state: State
    trial: int
    records: Records
    counts: dict[str, int]
    tail: dict[str, Spikes]


def begin(sim: Simulation) -> Training:
    """Before trial 1: initial state, first record, and the decode of the untouched network."""
    p = sim.params
    state = sim.initial_state()
    records = Records.start(p, state["mon_ts.w"])
    none = {name: Spikes.concatenate([]) for name in values.POPULATIONS}
    decode_untouched(sim, state, records)
    return Training(state, 0, records, dict.fromkeys(values.POPULATIONS, 0), none)


def decode_untouched(sim: Simulation, state: State, records: Records) -> None:
    """Show the trials up to the first record to the frozen network, and decode them."""
    p, trial, spikes, x_cm = sim.params, 0, [], []
    while trial < next_record(0, p):
        stop = next_stop(trial, p)
        first, n_steps = trial * p.trial_steps, (stop - trial) * p.trial_steps
        block, frames = sim.train(state, first, n_steps, ("ts",), learn=False)
        spikes.append(block.spikes["ts"])
        x_cm.append(x_per_step(frames, first, n_steps))
        state, trial = block.state, stop
    if trial:
        records.add_decode(0.0, Spikes.concatenate(spikes), 0, np.concatenate(x_cm))


def train(sim: Simulation, training: Training, progress: Progress, save) -> Training:
    """Run the trials that remain; `save(training)` is called when a checkpoint is due."""
    while training.trial < sim.params.n_training_trials:
        train_to_next_record(sim, training, progress)
        if training.records.save_due(training.trial):
            save(training)
    return training


def train_to_next_record(sim: Simulation, training: Training, progress: Progress) -> None:
    """Run blocks up to the next record, then bring `training` there in one go."""
    p = sim.params
    state, trial, counts = training.state, training.trial, dict(training.counts)
    ts_spikes, x_cm = [], []
    tail = {name: [spikes] for name, spikes in training.tail.items()}
    while trial < next_record(training.trial, p):
        stop = next_stop(trial, p)
        first, n_steps = trial * p.trial_steps, (stop - trial) * p.trial_steps
        in_tail = first + n_steps > tail_start(p)
        record = values.POPULATIONS if in_tail else ("ts",)
        block, frames = sim.train(state, first, n_steps, record)
        state, trial = block.state, stop
        ts_spikes.append(block.spikes["ts"])
        x_cm.append(x_per_step(frames, first, n_steps))
        for name, n in block.counts.items():
            counts[name] += n
            if in_tail:
                tail[name].append(block.spikes[name].between(tail_start(p), first + n_steps))
        progress.advance(n_steps // p.trial_steps, training.records.note())
    spikes = Spikes.concatenate(ts_spikes)
    training.records.add(trial, state["mon_ts.w"], spikes, np.concatenate(x_cm))
    training.state, training.trial, training.counts = state, trial, counts
    training.tail = {name: Spikes.concatenate(parts) for name, parts in tail.items()}


def next_record(trial: int, params: NetworkParams) -> int:
    """Trial of the next record: a multiple of `checkpoint_trials`, or the last."""
    record = (trial // params.checkpoint_trials + 1) * params.checkpoint_trials
    return min(record, params.n_training_trials)


def next_stop(trial: int, params: NetworkParams) -> int:
    """Trial at which the next block ends: a record, or as long as a block may be."""
    return min(next_record(trial, params), trial + values.MAX_BLOCK_TRIALS)


def tail_start(params: NetworkParams) -> int:
    """Absolute step from which the spikes of training are kept."""
    return max(0, params.training_steps - round(TAIL_S / params.dt_s))
