"""One network of one seed, ready for blocks, and the session that it is run in."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driver.engine.choose import choose, open_engine
from driver.engine.model import Block, Engine, Model, Precision
from driver.experiment.going_on import identity
from driver.run.request import Request
from driver.run.status import Status

State = dict[str, np.ndarray]
LONGEST_BLOCK = 1000  # steps, where a model does not say another


@dataclasses.dataclass(frozen=True)
class Session:
    """With what a run is made, who is told of it, and where it is saved; by default nowhere."""

    backend: str = "auto"
    threads: int = 1  # of a compiled program
    precision: Precision = "double"  # of its numbers
    log: logging.Logger = logging.getLogger(__name__)
    status: Status = dataclasses.field(default_factory=Status)
    checkpoint: Path | None = None  # where to save
    resumed: Path | None = None  # where to go on from
    saved: Callable[[], object] = lambda: None  # called after each checkpoint
    identity: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # see `going_on`
    unit: str = "step"  # of the training, see `driver.run.format.Format`
    live: Callable[..., object] = lambda *shown: None  # told what each block gave, to draw it

    @staticmethod
    def of(request: Request, log: logging.Logger, status: Status, saved) -> Session:
        """The session of a seed, from what `driver.room.Room.run_seed` is given."""
        options, places = request.options, (request.checkpoint, request.resumed)
        known_by = identity(request.format, request.parts, options.precision)
        speed = (options.backend, options.threads, options.precision)
        made = (*speed, log, status, *places, saved, known_by)
        return Session(*made, request.format.unit)

    def prepare(self, text: str) -> None:
        """Say what takes time before the first block."""
        self.log.info(text)
        self.status.phase("preparing", note=text)


class Network:
    """A network on a backend; closed at the end of a ``with`` statement.

    A model's own class adds ``initial_state()`` and, for `blocks`, ``given(first, n_steps,
    **conditions)``: values of a block besides its state.

    Parameters
    ----------
    model : Model
    work : (int, int)
        Steps of a run, and cells: by them a backend is chosen.
    session : Session, optional
    """

    def __init__(self, model: Model, work: tuple[int, int], session: Session | None = None):
        session = session or Session()
        chosen, reason = choose(session.backend, model, *work)
        session.prepare(f"backend {chosen}: {reason}")
        profile, threads = session.status.profile, session.threads
        self.precision = session.precision
        if session.precision == "single":
            model = dataclasses.replace(model, structure=model.structure | {"precision": "single"})
        self.model = model
        for value in getattr(self, "constants", {}).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)  # so that a program need not be told them again
        self.engine: Engine = open_engine(chosen, model, session.prepare, profile, threads)
        session.status.update(backend=self.engine.backend)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.engine.close()

    def rounded(self, state: State) -> State:
        """`state` in numbers that this network can hold."""
        if self.precision == "double":
            return state
        numbers = {key for key, array in state.items() if array.dtype.kind == "f"}
        single = {key: state[key].astype(np.float32).astype(float) for key in numbers}
        return {key: single.get(key, array) for key, array in state.items()}

    def block_steps(self, first: int, stop: int, **conditions) -> int:
        """Length of the block that starts at `first`, at most stop - first."""
        return min(LONGEST_BLOCK, stop - first)

    def blocks(
        self, state: State, first: int, stop: int, *, hold: bool = False, **conditions
    ) -> Iterator[tuple[Block, int]]:
        """Run steps `first` to `stop` - 1; yields each `Block` and the step after it.

        With `hold` the state of a block can only be read before the next, see
        `driver.engine.model.Held`.
        """
        how = {"record": self.model.populations, "hold": hold}
        while first < stop:
            n_steps = self.block_steps(first, stop, **conditions)
            given = self.given(first, n_steps, **conditions)
            block = self.engine.run(given, first_step=first, n_steps=n_steps, state=state, **how)
            state, first = block.state, first + n_steps
            yield block, first
