"""The experiment of the cube room: a seed from request to files, and what it will cost.

`simulate` tells the story: run the network while it learns, then remove the input, or test it
frozen; then the same with its twin.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from driver.experiment.going_on import Start
from driver.experiment.learning import Twins, twins
from driver.experiment.limits import rate_warnings
from driver.experiment.metric import TRAINED
from driver.experiment.network import Session
from driver.experiment.seed_files import save_arrays, save_results
from driver.report.live import shown_live
from driver.room import parameter_file as parameters
from driver.run.status import Status
from models.cube import simulation, values
from models.cube.checks import warnings
from models.cube.kinds import kind_of
from models.cube.metrics.results import bounds, measure
from models.cube.options import Request
from models.cube.params import MODELS, Params
from models.cube.records import Records
from models.cube.simulation import Simulation, run_path
from stimuli.dots import DotParams


def work(request: Request) -> tuple[int, int]:
    """Steps of a run, and cells."""
    return simulation.work(request.params)


def parameter_file(request: Request) -> dict[str, Any]:
    """The parts of ``params.json`` that the model knows."""
    options = request.options
    head = {"model": MODELS[type(request.params)], "fidelity": options.fidelity}
    head["display"] = {name: getattr(options, name) for name in ("down", "every", "animation")}
    return head | parameters(request)


def start(request: Request) -> Start:
    """How the network begins; see `driver.room.Room`."""
    p, dots = request.params, request.dots
    wiring = values.wiring_of(p, dots)
    begin, reached = values.initial_state(p, dots, wiring), kind_of(p).records.reached
    return Start(begin, values.constants(p, dots, wiring), reached)


def run_seed(
    request: Request, log: logging.Logger, status: Status, saved: Callable[[], object]
) -> None:
    """Simulate one seed and write its files; see `driver.room.Room`."""
    p, dots, fidelity = request.params, request.dots, request.options.fidelity
    session = Session.of(request, log, status, saved)
    with shown_live(request, session, lambda *shown: moments(p, dots).pixels(*shown)) as session:
        result = simulate(p, dots, session)
    status.phase("saving")
    size = {"n": p.n, "ratio": p.ratio, "n_steps": p.steps} | kind_of(p).values.size(p)
    save_arrays(request, result, size, fidelity=fidelity)
    metrics = {label: measure(p, dots, arrays) for label, arrays in result.recordings.items()}
    model = MODELS[type(p)]
    kind, trained = kind_of(p).measure, metrics[TRAINED]
    said = [*warnings(p, dots), *rate_warnings(kind.rates(p, trained), "times a step")]
    limits = {name: bounds(p, name)[::-1] for name in result.ends}
    save_results(request, result, metrics, said, limits, fidelity=fidelity, model=model)


@functools.cache
def moments(p: Params, dots: DotParams):
    """What is drawn of a run with ``--live``; without it nothing of figures is imported."""
    from models.cube.show.live import Moments

    return Moments(p, dots)


def simulate(params: Params, dots: DotParams, session: Session | None = None, **options) -> Twins:
    """Run the network of `params`, remove its input or test it frozen; then its untrained twin.

    The twin has the same seed, the same weights to start with and the same stimulus, and never
    learns; it goes through everything that the trained network does.

    Parameters
    ----------
    params : LocalParams, CubeParams or GroupsParams
    dots : DotParams
    session : Session, optional
    **options
        Fields of `driver.experiment.network.Session`, such as `backend`, if there is no session.

    Raises
    ------
    NotFinite
        If potentials or weights are not finite.
    """
    session = session or Session(**options)
    path, after_run = run_path(params, dots, params.steps), kind_of(params).trials.after_run
    with Simulation(params, dots, session) as sim:
        return twins(
            sim,
            params.steps,
            start=lambda: Records.start(params, dots, path),
            measure=lambda state, label: after_run(sim, state, label, session.log),
            session=session,
        )
