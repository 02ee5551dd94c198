"""Ctrl+C between any two instructions of the bookkeeping of a training."""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from driver.experiment import learning
from driver.experiment.learning import learn
from driver.experiment.network import Session
from driver.run.progress import Progress
from models.lateral_line import records, training
from models.lateral_line.simulation import Simulation
from models.lateral_line.training import Training
from tests import program
from tests.faults.judge import Wrong
from tests.faults.lab import Lab
from tests.program import resolve

FILES = (learning.__file__, training.__file__, records.__file__)


def contents(made: Training) -> dict[str, np.ndarray]:
    """All that a checkpoint would hold of a training."""
    arrays = {"trial": made.done, "records.trial": made.records.trial}
    arrays |= {"w_last": made.records.w_last} | made.records.arrays()
    arrays |= {f"state.{k}": v for k, v in made.state.items()}
    arrays |= {f"count.{k}": v for k, v in made.counts.items()}
    for name, spikes in made.tail.items():
        arrays |= {f"tail.{name}.i": spikes.index, f"tail.{name}.step": spikes.step}
    return {key: np.asarray(value) for key, value in arrays.items()}


class Interrupter:
    """Raises KeyboardInterrupt before the `n`-th instruction of `FILES`, as a signal may."""

    def __init__(self, n: int):
        self.n, self.where = n, ""

    def __call__(self, frame, event, _):
        if frame.f_code.co_filename not in FILES:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.n -= 1
            if self.n == 0:
                self.where = f"{frame.f_code.co_qualname}, line {frame.f_lineno}"
                raise KeyboardInterrupt
        return self


def interrupted_records(root: Path, every: int = 1) -> Iterator[tuple[str, list[str]]]:
    """Interrupt the second record of a training at each (`every`-th) of its instructions.

    Yields
    ------
    where : str
    found : list of str
        What of the saved training is neither as before the record nor as after it.
    """
    request = resolve([*program.SMALL, "--output-root", str(root)])
    progress = Progress(program.TRIALS, "", logging.getLogger(__name__))
    session = Session(request.options.backend)
    with Simulation(request.params, request.stimulus, session) as sim:

        def one_record(now: Training, progress: Progress) -> Iterator[Training]:
            return itertools.islice(training.onward(sim, now, progress), 1)

        begun = training.next_standing(sim, training.begin(sim), progress)
        before, n = contents(begun), 0
        after = contents(training.next_standing(sim, begun, progress))
        while True:
            n += every
            saved, interrupter = [], Interrupter(n)
            earlier = sys.gettrace()
            sys.settrace(interrupter)
            try:
                learn(begun, one_record, progress, saved.append, lambda *_: False)
            except KeyboardInterrupt:
                pass
            finally:
                sys.settrace(earlier)
            if not interrupter.where:
                return
            if not saved and not interrupter.where.startswith("learn,"):
                yield interrupter.where, ["nothing was saved"]
            now = contents(saved[-1] if saved else begun)
            found = [program.differing(now, then) for then in (before, after)]
            yield (
                interrupter.where,
                min(found, key=len) + program.differing(contents(begun), before),
            )


def records_of_a_training(lab: Lab) -> None:
    """An interrupted training is saved as it was before the record, or as it is after it."""
    kind = lab.kind("Ctrl+C between two instructions of a record")
    for where, found in interrupted_records(lab.fresh()):
        with kind.trial(where):
            if found:
                raise Wrong(f"half a record would be saved: {', '.join(found[:4])}")
