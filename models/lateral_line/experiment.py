"""A seed of the lateral line from request to files, and what it will cost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from driver.experiment.network import Session
from driver.report.live import shown_live
from driver.room import parameter_file as parameters
from driver.run import checkpoint as checkpoints
from driver.run.status import Status
from models.lateral_line import simulation
from models.lateral_line.artifacts import save_learning_artifacts
from models.lateral_line.checkpoint import require_same
from models.lateral_line.options import Request
from models.lateral_line.params import NetworkParams
from models.lateral_line.protocol import evaluate, simulate
from models.lateral_line.results import effective
from models.lateral_line.stored import stored
from models.lateral_line.training import Training

# Seconds of one core for a step of 3200 MON cells, and for start, test and saving. Measured, see
# benchmarks/results; with the messenger TS fires more, and every spike of it reaches all of TS.
SECONDS_PER_STEP, SECONDS_PER_RUN = 1.3e-5, 2.0
SECONDS_PER_MESSENGER_STEP = 2.0e-5


def length(request: Request) -> int:
    """Trials of the training."""
    return request.params.n_training_trials


def work(request: Request) -> tuple[int, int]:
    """Steps of a run, and cells."""
    return simulation.work(request.params)


def seconds(request: Request) -> float:
    """Seconds of one core that a run will take once compiled, roughly."""
    p = request.params
    steps = p.training_steps if request.options.weights_from is None else 0
    per_step = SECONDS_PER_MESSENGER_STEP if p.has_messenger else SECONDS_PER_STEP
    return SECONDS_PER_RUN + steps * per_step * p.n_mon / 3200


def parameter_file(request: Request) -> dict[str, Any]:
    """The parts of ``params.json`` that the model knows."""
    source = str(request.options.weights_from or "") or None
    return {
        "weights_from": source,
        "ll_mon_weights": request.options.ll_mon_weights if source else None,
        **parameters(request),
        "effective": effective(request.params, request.stimulus),
    }


def check_checkpoint(request: Request, path: Path) -> None:
    """Raise `ValueError` unless the checkpoint is one that this seed can go on from."""
    content, _ = checkpoints.resumed(path)
    require_same(content, request.params, request.stimulus, path)


def live_pixels(params: NetworkParams, training: Training):
    """What is drawn with ``--live``; without it nothing of figures is imported."""
    from models.lateral_line.show.live import pixels

    return pixels(params, training)


def run_seed(
    request: Request, log: logging.Logger, status: Status, saved: Callable[[], object]
) -> None:
    """Train and test one seed, or test the weights that were stored for it; write its files."""
    session, options = Session.of(request, log, status, saved), request.options
    params, stimulus, source = request.params, request.stimulus, request.weights
    if source is not None:
        log.info(f"testing weights of {source.folder}, LL -> MON {options.ll_mon_weights}")
        weights = stored(source.seed(params.seed), options.ll_mon_weights)
        result = evaluate(params, weights, stimulus=stimulus, session=session)
    else:
        with shown_live(request, session, partial(live_pixels, params)) as session:
            result = simulate(params, stimulus=stimulus, session=session)
    status.phase("saving")
    save_learning_artifacts(
        result=result, folder=request.folder, mode=options.mode, tag=options.save_tag
    )
