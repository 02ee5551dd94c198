"""A seed of the cube room from request to files, and what it will cost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driver.room import parameter_file as parameters
from driver.run import checkpoint
from driver.run.status import Status
from models.cube.options import Request
from models.cube.params import MODELS

SECONDS_PER_RUN = 2.0
SECONDS_PER_CELL_STEP = 1e-8  # of a compiled program; waves cost ten times as much


def headline(request: Request) -> str:
    """Sizes and stimulus, for the log."""
    from models.cube import summary

    return summary.headline(request.params, request.dots)


def length(request: Request) -> int:
    """Steps of the run."""
    return request.params.steps


def work(request: Request) -> tuple[int, int]:
    """Steps of a run, and cells."""
    from models.cube import simulation

    return simulation.work(request.params)


def seconds(request: Request) -> float:
    """Seconds of one core that a run will take once compiled, roughly."""
    n_steps, n_cells = work(request)
    return SECONDS_PER_RUN + n_steps * n_cells * SECONDS_PER_CELL_STEP


def parameter_file(request: Request) -> dict[str, Any]:
    """The parts of ``params.json`` that the model knows."""
    options = request.options
    head = {"model": MODELS[type(request.params)], "fidelity": options.fidelity}
    head["display"] = {name: getattr(options, name) for name in ("down", "every", "animation")}
    return head | parameters(request)


def check_checkpoint(request: Request, path: Path) -> None:
    """Raise `ValueError` unless the checkpoint is one that this seed can go on from."""
    from models.cube.artifacts import require_same

    stored, _ = checkpoint.resumed(path)
    require_same(stored, request.params, request.dots, path)


def run_seed(
    request: Request, log: logging.Logger, status: Status, saved: Callable[[], object]
) -> None:
    """Simulate one seed and write its files; see `driver.room.Room`."""
    from models.cube.artifacts import Files, save_seed
    from models.cube.protocol import simulate

    p, dots = request.params, request.dots
    files = Files(p, dots, request.checkpoint, request.resumed, log)
    how = {"backend": request.options.backend, "threads": request.options.threads}
    how |= {"log": log, "status": status}
    result = simulate(p, dots, keeper=files, saved=saved, **how)
    status.phase("saving")
    save_seed(result, request.folder, request.options)


def completed(request: Request) -> None:
    """A checkpoint holds whole recordings: of a run that is complete it may go."""
    for seed in request.seeds:
        checkpoint.remove(request.of(seed).checkpoint)
