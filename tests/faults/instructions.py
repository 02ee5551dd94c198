"""Ctrl+C between any two instructions of the bookkeeping of a training."""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from driver.run.progress import Progress
from models.lateral_line import records, training
from models.lateral_line.simulation import Simulation
from models.lateral_line.training import Training
from tests import program
from tests.faults.judge import Wrong
from tests.faults.lab import Lab
from tests.program import resolve

FILES = (training.__file__, records.__file__)


def contents(made: Training) -> dict[str, np.ndarray]:
    """All that a checkpoint would hold of a training."""
    arrays = {"trial": made.trial, "records.trial": made.records.trial}
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
        What of the training is neither as before the record nor as after it.
    """
    request = resolve([*program.SMALL, "--output-root", str(root)])
    progress = Progress(program.TRIALS, "", logging.getLogger(__name__))
    backend = request.options.backend
    with Simulation(request.params, request.stimulus, backend, lambda text: None) as sim:
        begun = training.begin(sim)
        training.train_to_next_record(sim, begun, progress)
        before, n = contents(begun), 0
        whole = copy.deepcopy(begun)
        training.train_to_next_record(sim, whole, progress)
        after = contents(whole)
        while True:
            n += every
            struck, interrupter = copy.deepcopy(begun), Interrupter(n)
            earlier = sys.gettrace()
            sys.settrace(interrupter)
            try:
                training.train_to_next_record(sim, struck, progress)
            except KeyboardInterrupt:
                pass
            finally:
                sys.settrace(earlier)
            if not interrupter.where:
                return
            now = contents(struck)
            found = [program.differing(now, then) for then in (before, after)]
            yield interrupter.where, min(found, key=len)


def records_of_a_training(lab: Lab) -> None:
    """An interrupted training is saved as it was before the record, or as it is after it."""
    kind = lab.kind("Ctrl+C between two instructions of a record")
    for where, found in interrupted_records(lab.fresh()):
        with kind.trial(where):
            if found:
                raise Wrong(f"half a record would be saved: {', '.join(found[:4])}")
