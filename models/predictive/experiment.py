"""A seed from request to files: train, then a test without learning; the untrained twin; controls.

Nothing of a twin moves, so its training is not run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from driver.engine.model import Block, resolve
from driver.experiment.going_on import Arrays, Start
from driver.experiment.learning import Twins, twins
from driver.experiment.limits import rate_warnings
from driver.experiment.metric import TRAINED
from driver.experiment.network import Session
from driver.experiment.seed_files import save_arrays, save_results
from driver.run.request import Request
from models.predictive.learner import LARGEST
from models.predictive.params import LEARNERS, STEP_S, SpikingParams
from models.predictive.spiking import constants, initial_state

COURSE = "course_"


@dataclasses.dataclass(frozen=True)
class Records:
    """What ``score(block)`` gives, number by number, after each epoch."""

    score: Callable[[Block], Mapping[str, Any]]
    rows: dict[str, list] = dataclasses.field(default_factory=dict)

    def feed(self, block: Block, first: int, stop: int) -> None:
        for name, value in self.score(block).items():
            self.rows.setdefault(name, []).append(value)

    def copy(self) -> Records:
        return Records(self.score, {name: [*values] for name, values in self.rows.items()})

    def arrays(self) -> Arrays:
        return {f"{COURSE}{name}": np.array(values) for name, values in self.rows.items()}

    def restore(self, arrays: Arrays) -> None:
        courses = {k.removeprefix(COURSE): v for k, v in arrays.items() if k.startswith(COURSE)}
        self.rows.update((name, [*values]) for name, values in courses.items())


def learner_of(p) -> type:
    """The class that learns with these parameters; see `LEARNERS`."""
    return resolve(next(where for cls, where in LEARNERS.values() if type(p) is cls))


def opened(p, session: Session | None = None):
    """The learner of some parameters, with its data, ready to run."""
    return learner_of(p).of(p, session)


def start(request: Request) -> Start:
    """How the network begins; see `driver.room.Room`."""
    p = request.params
    if isinstance(p, SpikingParams):
        return Start(initial_state(p), constants(p), reached)
    cls = learner_of(p)
    begin = cls.begin(p, cls.sizes_of(p))
    bounds = {
        f"{key}_{end}": x for key in begin for end, x in (("min", -LARGEST), ("max", LARGEST))
    }
    return Start(begin, bounds, reached)


def reached(records: Arrays) -> int:
    """How many epochs have been recorded."""
    return next((v.shape[0] for k, v in records.items() if k.startswith(COURSE)), 0)


def length(request: Request) -> int:
    return request.params.epochs


def work(request: Request) -> tuple[int, int]:
    """None for an engine of a learner that has none: nothing is worth compiling."""
    p = request.params
    return (1, 1) if getattr(p, "on_host", False) else p.work


def run_seed(request: Request, log, status, saved) -> None:
    p = request.params
    session = Session.of(request, log, status, saved)
    with opened(p, session) as learner:
        found = twins(
            learner, p.epochs, lambda: Records(learner.course), learner.tried, session,
            twin_steps=0,
        )  # fmt: skip
        metrics = learner.measure(found.recordings)
    save_arrays(request, found, {"sizes": learner.sizes})
    basal = [name for name in found.ends if name.startswith("basal")]
    bounds = {name: (p.w_min, p.w_max) for name in basal}
    save_results(request, found, metrics, [*rates_at_a_limit(p, found)], bounds)


def rates_at_a_limit(p, found: Twins) -> Iterator[str]:
    """Of the spiking network, whose rates are to be predicted."""
    fired = found.recordings[TRAINED].get("test_fired")
    if fired is not None:
        yield from rate_warnings({"cells": (fired.mean() * p.r_max_hz, 1 / STEP_S)}, "Hz")
