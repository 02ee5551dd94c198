"""The experiment: train in blocks, freeze, test, and test the untrained twin beside it.

Reading order is running order: `simulate` at the end tells the story.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from pathlib import Path

import numpy as np

from driver.backend import Block, Engine, Spikes, choose, open_engine
from driver.progress import Progress
from models.lateral_line import checkpoint, metrics, values
from models.lateral_line.metrics import MapQuality
from models.lateral_line.params import NetworkParams
from models.lateral_line.records import Records
from models.lateral_line.wiring import Wiring
from stimulus import Frames, StimulusParams, n_test_steps, test_frames, training_frames

State = dict[str, np.ndarray]
TAIL_S = 2.0  # the last seconds of training whose spikes are kept


class Simulation:
    """One network of one seed: blocks of training, and tests, on whichever backend.

    Parameters
    ----------
    params : NetworkParams
    stimulus : StimulusParams
    backend : str
        One of `driver.backend.BACKENDS`.
    say : callable
        Told in a line what was chosen and what takes time.
    """

    def __init__(self, params: NetworkParams, stimulus: StimulusParams, backend: str, say):
        self.params, self.stimulus = params, stimulus
        self.wiring = Wiring.of(params)
        model = values.model(params, self.wiring)
        n_steps = params.training_steps + 2 * n_test_steps(params)
        n_cells = 2 * (params.n_mon + params.n_ts) + params.n_ll
        chosen, reason = choose(backend, model, n_steps, n_cells)
        say(f"backend {chosen}: {reason}")
        self.constants = values.constants(params, stimulus, self.wiring)
        self.capacity = model.structure["n_frames"]
        self.engine: Engine = open_engine(chosen, model, say)

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *error) -> None:
        self.engine.close()

    def initial_state(self) -> State:
        return values.initial_state(self.params, self.wiring)

    def train(
        self, state: State, first: int, n_steps: int, record=(), *, learn: bool = True
    ) -> tuple[Block, Frames]:
        """A block of training steps from absolute step `first`; with `learn` off all stays.

        Raises
        ------
        ValueError
            If the block does not start a trial: rescaling is due at the borders of trials and
            its clock counts from the start of the block.
        """
        if first % self.params.trial_steps:
            raise ValueError(f"a block of training starts with a trial, not at step {first}")
        frames = training_frames(self.params, self.stimulus, first, n_steps)
        switches = values.switches(self.params, ll_mon=learn, mon_ts=learn, homeostasis=learn)
        block = self._run(state, frames, switches, values.TRAINING, 0, first, n_steps, record)
        return block, frames

    def settle(self, state: State, step: int) -> State:
        """Apply the homeostasis that falls due at the end of a trial.

        Rescaling stands before the step that follows it. So after the last trial one more
        step is run, frozen but for the homeostasis, and only its weights are kept.
        """
        if step == 0:
            return state
        last = max(0, min(step, self.params.training_steps) - 1)
        frames = dataclasses.replace(
            training_frames(self.params, self.stimulus, last, 1), first_step=step
        )
        switches = values.switches(self.params, ll_mon=False, mon_ts=False, homeostasis=True)
        block = self._run(state, frames, switches, values.TRAINING, 0, step, 1, ())
        return state | {key: block.state[key] for key in values.WEIGHTS}

    def test(self, state: State, start: int) -> tuple[Block, Frames]:
        """The test from absolute step `start`, which is its own step 0; weights are frozen.

        Random numbers of the test count from its start, so the afferents' spikes are the same
        for every training length of a seed, and for the untrained twin.

        Raises
        ------
        RuntimeError
            If a frozen weight changed by a single bit.
        """
        frames = test_frames(self.params, self.stimulus)
        keep = self.params.keep_mon_ts_stdp_during_test
        switches = values.switches(self.params, ll_mon=False, mon_ts=keep, homeostasis=False)
        n_steps = n_test_steps(self.params)
        block = self._run(
            state, frames, switches, values.TEST, start, start, n_steps, values.POPULATIONS
        )
        for key in values.WEIGHTS if not keep else ("ll_mon.w",):
            if not np.array_equal(block.state[key], state[key]):
                raise RuntimeError(f"{key} changed in the test although it was frozen")
        return block, frames

    def _run(self, state, frames, switches, phase, phase_start, first, n_steps, record) -> Block:
        source = values.source(frames, self.capacity, phase, phase_start)
        given = self.constants | switches | source | state
        return self.engine.run(given, first_step=first, n_steps=n_steps, record=record)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one test showed.

    Attributes
    ----------
    spikes : dict of Spikes
        By population; steps count from the start of the test.
    path, body, ll : MapQuality
        TS decode in the evaluation window (the whole path if none is set), TS decode over the
        body 0 to L, and the decode of the LL afferents in the evaluation window.
    """

    spikes: dict[str, Spikes]
    path: MapQuality
    body: MapQuality
    ll: MapQuality


def judge(block: Block, frames: Frames, start: int, params: NetworkParams) -> Outcome:
    """Measure a test block."""
    spikes = {
        name: Spikes(s.index, s.step - start) for name, s in block.spikes.items()
    }  # counted from the start of the test
    x_cm = x_per_step(frames, 0, n_test_steps(params))

    def decode(population: str, n: int, window) -> MapQuality:
        s = spikes[population]
        return metrics.pv_map_quality_from_ts_spikes(
            s.step, s.index, n, x_cm, params.dt_s, window=window
        )

    return Outcome(
        spikes,
        path=decode("ts", params.n_ts, params.eval_window_cm),
        body=decode("ts", params.n_ts, params.body_window_cm),
        ll=decode("ll", params.n_ll, params.eval_window_cm),
    )


def x_per_step(frames: Frames, first: int, n_steps: int) -> np.ndarray:
    """Source position at each step, shape (n_steps,), cm."""
    return frames.x_cm[frames.frame_of(np.arange(first, first + n_steps))]


@dataclasses.dataclass
class Training:
    """Where a training stands: the state at a step, and what was recorded so far."""

    state: State
    trial: int
    records: Records
    counts: dict[str, int]
    tail: dict[str, list[Spikes]]


def begin(sim: Simulation) -> Training:
    """Before trial 1: initial state, first record, and the decode of the untouched network."""
    state = sim.initial_state()
    records = Records.start(sim.params, state["mon_ts.w"])
    training = Training(state, 0, records, dict.fromkeys(values.POPULATIONS, 0), empty_tail())
    n_steps = min(sim.params.checkpoint_trials * sim.params.trial_steps, sim.params.training_steps)
    n_steps = min(n_steps, values.MAX_BLOCK_TRIALS * sim.params.trial_steps)
    if n_steps:
        block, frames = sim.train(state, 0, n_steps, ("ts",), learn=False)
        records.add_decode(0.0, block.spikes["ts"], 0, x_per_step(frames, 0, n_steps))
    return training


def empty_tail() -> dict[str, list[Spikes]]:
    return {name: [] for name in values.POPULATIONS}


def train(sim: Simulation, training: Training, progress: Progress, save) -> Training:
    """Run the trials that remain; `save(training)` is called when a checkpoint is due."""
    p = sim.params
    interval: list[Spikes] = []
    positions: list[np.ndarray] = []
    while training.trial < p.n_training_trials:
        stop = next_stop(training.trial, p)
        first, n_steps = training.trial * p.trial_steps, (stop - training.trial) * p.trial_steps
        record = values.POPULATIONS if first + n_steps > tail_start(p) else ("ts",)
        block, frames = sim.train(training.state, first, n_steps, record)
        progress.advance(stop - training.trial, training.records.note())
        training.state, training.trial = block.state, stop
        for name, n in block.counts.items():
            training.counts[name] += n
        for name in record if len(record) > 1 else ():
            training.tail[name].append(block.spikes[name].between(tail_start(p), first + n_steps))
        interval.append(block.spikes["ts"])
        positions.append(x_per_step(frames, first, n_steps))
        if stop % p.checkpoint_trials == 0 or stop == p.n_training_trials:
            spikes, x_cm = Spikes.concatenate(interval), np.concatenate(positions)
            training.records.add(stop, block.state["mon_ts.w"], spikes, x_cm)
            interval, positions = [], []
            if training.records.save_due(stop):
                save(training)
    return training


def next_stop(trial: int, params: NetworkParams) -> int:
    """Trial at which the next block ends: a record, the end, or as long as a block may be."""
    record = (trial // params.checkpoint_trials + 1) * params.checkpoint_trials
    return min(record, params.n_training_trials, trial + values.MAX_BLOCK_TRIALS)


def tail_start(params: NetworkParams) -> int:
    """Absolute step from which the spikes of training are kept."""
    return max(0, params.training_steps - round(TAIL_S / params.dt_s))


@dataclasses.dataclass(frozen=True)
class Result:
    """All that a run knows at its end; `models.lateral_line.results` writes it down."""

    params: NetworkParams
    stimulus: StimulusParams
    backend: str
    wiring: Wiring
    training: Training
    final_state: State
    trained: Outcome
    untrained: Outcome
    test_frames: Frames
    train_seconds: float
    total_seconds: float

    @property
    def final_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """LL -> MON in mV and MON -> TS, in construction order, after training."""
        w = self.final_state
        return (
            self.wiring.ll_mon.from_network(w["ll_mon.w"]) / values.MV,
            self.wiring.mon_ts.from_network(w["mon_ts.w"]),
        )


def simulate(
    params: NetworkParams,
    checkpoint_path: Path | None = None,
    resume_checkpoint: Path | None = None,
    *,
    stimulus: StimulusParams | None = None,
    backend: str = "auto",
    log: logging.Logger | None = None,
) -> Result:
    """Train the network of `params`, test it, and test its untrained twin.

    The twin is the same network at the same moment, same membranes, same afferent and
    background spikes, with the weights that it had before training: nothing else differs.

    Parameters
    ----------
    params : NetworkParams
    checkpoint_path : Path, optional
        Written every `checkpoint_save_every_n_checkpoints` records and after the last trial.
    resume_checkpoint : Path, optional
        Continue from this file; the result has the bits of an uninterrupted run.
    stimulus : StimulusParams, optional
    backend : str
    log : logging.Logger, optional

    Raises
    ------
    ValueError
        For a checkpoint of another seed, size or recipe, or with more trials than asked for.
    """
    log = log or logging.getLogger(__name__)
    stimulus = stimulus or StimulusParams()
    started = time.monotonic()
    with Simulation(params, stimulus, backend, log.info) as sim:
        if resume_checkpoint is None:
            training = begin(sim)
        else:
            training = checkpoint.load(resume_checkpoint, sim)
            log.info(f"resuming after trial {training.trial} of {params.n_training_trials}")

        def save(training: Training) -> None:
            if checkpoint_path is not None:
                checkpoint.save(checkpoint_path, training, sim)

        log.info(f"training: {params.n_training_trials - training.trial} trials")
        progress = Progress(params.n_training_trials - training.trial, "training", log)
        try:
            train(sim, training, progress, save)
        finally:
            progress.close()
        trained_at = time.monotonic()

        end = params.training_steps
        trained = sim.settle(training.state, end)
        untrained = trained | {key: sim.initial_state()[key] for key in values.WEIGHTS}
        log.info("testing, trained and untrained")
        block, frames = sim.test(trained, end)
        twin, _ = sim.test(untrained, end)
    return Result(
        params=params,
        stimulus=stimulus,
        backend=sim.engine.backend,
        wiring=sim.wiring,
        training=training,
        final_state=trained,
        trained=judge(block, frames, end, params),
        untrained=judge(twin, frames, end, params),
        test_frames=frames,
        train_seconds=trained_at - started,
        total_seconds=time.monotonic() - started,
    )
