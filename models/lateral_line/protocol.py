"""The experiment: train in blocks, freeze, test, and test the untrained twin beside it.

`simulate` tells the story; `evaluate` is the test alone, of weights that were stored.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from driver.engine.model import Block, Spikes
from driver.experiment.learning import learn
from driver.experiment.network import Session, State
from driver.run.progress import Progress
from models.lateral_line import checkpoint, metrics, values
from models.lateral_line.metrics import MapQuality
from models.lateral_line.params import NetworkParams
from models.lateral_line.passes import Pass
from models.lateral_line.simulation import Simulation, x_per_step
from models.lateral_line.training import Training, begin, onward
from models.lateral_line.wiring import Wiring
from stimulus import Frames, StimulusParams, n_test_steps


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one test showed.

    Attributes
    ----------
    spikes : dict of Spikes
        Of the first pass, by population; steps count from the start of the test.
    path, body, ll : MapQuality
        TS decode in the evaluation window (the whole path if none is set), TS decode over the
        body 0 to L, and the decode of the LL afferents in the evaluation window, of the first pass.
    passes : tuple of Pass
        TS spikes and source of every pass.
    """

    spikes: dict[str, Spikes]
    path: MapQuality
    body: MapQuality
    ll: MapQuality
    passes: tuple[Pass, ...]


def judge(blocks: Sequence[tuple[Block, Frames]], start: int, params: NetworkParams) -> Outcome:
    """Measure the passes of a test."""
    n_steps, (first, _) = n_test_steps(params), blocks[0]
    passes = tuple(
        Pass(
            ts.step - start - number * n_steps,
            ts.index,
            x_per_step(frames, number * n_steps, n_steps),
        )
        for number, (ts, frames) in enumerate((b.spikes["ts"], frames) for b, frames in blocks)
    )
    spikes = {
        name: Spikes(s.index, s.step - start) for name, s in first.spikes.items()
    }  # counted from the start of the test
    x_cm = passes[0].x_cm

    def decode(population: str, n: int, window) -> MapQuality:
        s = spikes[population]
        return metrics.pv_map_quality_from_ts_spikes(
            step=s.step, index=s.index, n_cells=n, x_cm=x_cm, dt_s=params.dt_s, window=window
        )

    return Outcome(
        spikes,
        path=decode("ts", params.n_ts, params.eval_window_cm),
        body=decode("ts", params.n_ts, params.body_window_cm),
        ll=decode("ll", params.n_ll, params.eval_window_cm),
        passes=passes,
    )


Weights = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Stored:
    """Weights that an earlier run learned, in construction order, and where they come from.

    Attributes
    ----------
    initial, final : (ndarray, ndarray)
        LL -> MON in mV and MON -> TS, before and after that training; LL -> MON may be that of
        before it in both, see `models.lateral_line.stored.stored`.
    source : dict
        Run, seed, checksum of the weights, number of trials, and which LL -> MON weights are in
        `final`, for the results file.
    wiring : Wiring, optional
        That of the parameters if not given.
    """

    initial: Weights
    final: Weights
    source: dict[str, Any]
    wiring: Wiring | None = None


@dataclasses.dataclass(frozen=True)
class Result:
    """All that a run knows at its end; `models.lateral_line.results` writes it down.

    Attributes
    ----------
    initial_weights, final_weights : (ndarray, ndarray)
        LL -> MON in mV and MON -> TS, in construction order, before and after training: those of
        both tests. A weight that never moved has the same bits in both.
    training : Training or None
        None if stored weights were tested.
    source : dict or None
        Whose weights these are, if they were not trained here.
    numbers : dict, optional
        Every number, as in ``seed_<s>_results.json``, where they were asked for.
    """

    params: NetworkParams
    stimulus: StimulusParams
    backend: str
    wiring: Wiring
    initial_weights: Weights
    final_weights: Weights
    training: Training | None
    source: dict[str, Any] | None
    trained: Outcome
    untrained: Outcome
    test_frames: Frames
    train_seconds: float
    total_seconds: float
    numbers: dict[str, Any] | None = None

    @property
    def training_steps(self) -> int:
        """Steps of training in this run: none if stored weights were tested."""
        return self.params.training_steps if self.training else 0


def simulate(
    params: NetworkParams,
    checkpoint_path: Path | None = None,
    resume_checkpoint: Path | None = None,
    *,
    stimulus: StimulusParams | None = None,
    session: Session | None = None,
    **options,
) -> Result:
    """Train the network of `params`, test it, and test its untrained twin.

    The twin is the same network at the same moment, same membranes, same afferent and
    background spikes, with the weights that it had before training: nothing else differs.

    Parameters
    ----------
    params : NetworkParams
    checkpoint_path : Path, optional
        Written every `checkpoint_save_every_n_checkpoints` records, after the last trial, and on
        Ctrl+C.
    resume_checkpoint : Path, optional
        Continue from this file; the result has the bits of an uninterrupted run.
    stimulus : StimulusParams, optional
    session : Session, optional
        With both paths.
    **options
        If there is no session, other fields of `driver.experiment.network.Session`: `backend`,
        `threads`, `precision`, `log`, `status`, `saved`.

    Raises
    ------
    ValueError
        For a checkpoint of another seed, size or recipe, or with more trials than asked for.
    """
    session = session or Session(checkpoint=checkpoint_path, resumed=resume_checkpoint, **options)
    started = time.monotonic()
    with Simulation(params, stimulus or StimulusParams(), session) as sim:
        training = train(sim, begun(sim, session), session)
        trained_at, end = time.monotonic(), params.training_steps
        initial = sim.initial_state()
        trained = sim.settle(training.state, end)
        untrained = trained | {key: initial[key] for key in values.WEIGHTS}
        return Result(
            initial_weights=stored_weights(sim.wiring, initial),
            final_weights=stored_weights(sim.wiring, trained),
            training=training,
            source=None,
            train_seconds=trained_at - started,
            **both_tests(sim, trained, untrained, end, session),
            total_seconds=time.monotonic() - started,
        )


def begun(sim: Simulation, session: Session) -> Training:
    """The training before its first trial, or where its checkpoint stands."""
    if session.resumed is None:
        return begin(sim)
    training, complaint = checkpoint.load(session.resumed, sim)
    if complaint:
        session.log.warning(complaint)
    n_trials = sim.params.n_training_trials
    session.log.info(f"resuming after trial {training.done} of {n_trials}")
    return training


def train(sim: Simulation, training: Training, session: Session) -> Training:
    """Train up to the last trial."""
    log, status = session.log, session.status

    def save(training: Training) -> None:
        if session.checkpoint is not None:
            checkpoint.save(session.checkpoint, training, sim)
            session.saved()

    def onward_live(now: Training, progress: Progress) -> Iterator[Training]:
        for there in onward(sim, now, progress):
            session.live(there)
            yield there

    left = sim.params.n_training_trials - training.done
    log.info(f"training: {left} trials")
    status.phase("training", trial=training.done, metrics=training.records.last())
    progress = Progress(left, "training", log, status, before=training.done)
    return learn(
        training,
        onward_live,
        progress,
        save,
        lambda now, _: now.records.save_due(now.done),
    )


def evaluate(
    params: NetworkParams,
    stored: Stored,
    *,
    stimulus: StimulusParams | None = None,
    session: Session | None = None,
    **options,
) -> Result:
    """Test stored weights, and their untrained twin, from resting membranes; no training.

    Parameters are those of `simulate`; `params` may hold another test than the one they were
    trained with.
    """
    session = session or Session(**options)
    started = time.monotonic()
    with Simulation(params, stimulus or StimulusParams(), session, stored.wiring) as sim:
        trained, untrained = (
            sim.initial_state() | network_weights(sim.wiring, weights)
            for weights in (stored.final, stored.initial)
        )
        return Result(
            initial_weights=stored.initial,
            final_weights=stored.final,
            training=None,
            source=stored.source,
            train_seconds=0.0,
            **both_tests(sim, trained, untrained, 0, session),
            total_seconds=time.monotonic() - started,
        )


def both_tests(
    sim: Simulation, trained: State, untrained: State, start: int, session: Session
) -> dict[str, Any]:
    """Test the network with both sets of weights at the same moment; fields of a `Result`."""
    session.log.info("testing, trained and untrained")
    session.status.phase("testing")
    blocks, twin = (list(sim.passes(state, start)) for state in (trained, untrained))
    return {
        "params": sim.params,
        "stimulus": sim.stimulus,
        "backend": sim.engine.backend,
        "wiring": sim.wiring,
        "trained": judge(blocks, start, sim.params),
        "untrained": judge(twin, start, sim.params),
        "test_frames": blocks[0][1],
    }


def stored_weights(wiring: Wiring, state: State) -> Weights:
    """LL -> MON in mV and MON -> TS, in construction order."""
    return (
        wiring.ll_mon.from_network(state["ll_mon.w"]) / values.MV,
        wiring.mon_ts.from_network(state["mon_ts.w"]),
    )


def network_weights(wiring: Wiring, weights: Weights) -> State:
    """The reverse of `stored_weights`, up to a rounding of LL -> MON."""
    ll_mon_mV, mon_ts = weights
    return {
        "ll_mon.w": wiring.ll_mon.to_network(ll_mon_mV) * values.MV,
        "mon_ts.w": wiring.mon_ts.to_network(mon_ts),
    }
