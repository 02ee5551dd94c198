"""The experiment: train in blocks, freeze, test, and test the untrained twin beside it.

Reading order is running order: `simulate` at the end tells the story.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from pathlib import Path

import numpy as np

from driver.backend import Block, Spikes
from driver.progress import Progress
from models.lateral_line import checkpoint, metrics, values
from models.lateral_line.metrics import MapQuality
from models.lateral_line.params import NetworkParams
from models.lateral_line.simulation import Simulation, State, x_per_step
from models.lateral_line.training import Training, begin, train
from models.lateral_line.wiring import Wiring
from stimulus import Frames, StimulusParams, n_test_steps


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


@dataclasses.dataclass(frozen=True)
class Result:
    """All that a run knows at its end; `models.lateral_line.results` writes it down."""

    params: NetworkParams
    stimulus: StimulusParams
    backend: str
    wiring: Wiring
    training: Training
    initial_state: State
    final_state: State
    trained: Outcome
    untrained: Outcome
    test_frames: Frames
    train_seconds: float
    total_seconds: float

    @property
    def initial_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """LL -> MON in mV and MON -> TS, in construction order, before training."""
        return self._weights(self.initial_state)

    @property
    def final_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """The same after training; a weight that never moved has the same bits in both."""
        return self._weights(self.final_state)

    def _weights(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        return (
            self.wiring.ll_mon.from_network(state["ll_mon.w"]) / values.MV,
            self.wiring.mon_ts.from_network(state["mon_ts.w"]),
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
        Written every `checkpoint_save_every_n_checkpoints` records, after the last trial, and on
        Ctrl+C.
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
        except KeyboardInterrupt:
            if training.trial:
                save(training)
            raise
        finally:
            progress.close()
        trained_at = time.monotonic()

        end = params.training_steps
        initial = sim.initial_state()
        trained = sim.settle(training.state, end)
        untrained = trained | {key: initial[key] for key in values.WEIGHTS}
        log.info("testing, trained and untrained")
        block, frames = sim.test(trained, end)
        twin, _ = sim.test(untrained, end)
    return Result(
        params=params,
        stimulus=stimulus,
        backend=sim.engine.backend,
        wiring=sim.wiring,
        training=training,
        initial_state=initial,
        final_state=trained,
        trained=judge(block, frames, end, params),
        untrained=judge(twin, frames, end, params),
        test_frames=frames,
        train_seconds=trained_at - started,
        total_seconds=time.monotonic() - started,
    )
