"""Learning in blocks, so that a run can stop and go on between any two; and its untrained twin.

`twins` is the experiment of a model that has no other: a network learns to its end and is tried,
then the same network with the same weights to start with and the same stimulus, which never learns.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np

from driver.engine.model import Block
from driver.experiment.going_on import Arrays, TwinCheckpoint, under
from driver.experiment.metric import LABELS, TRAINED
from driver.experiment.network import Network, Session, State
from driver.run.progress import Progress

CHECKPOINT_S = 30.0  # between two checkpoints of twins, at least


class NotFinite(ValueError):
    """Potentials or weights have left the numbers; the run ends with a status of its own."""

    exit_status = 3


class Records(Protocol):
    """What a model keeps of a run while it goes on: bounded, and the same however it is cut."""

    def feed(self, block: Block, first: int, stop: int) -> None:
        """Take what is kept of steps `first` to `stop` - 1."""

    def copy(self) -> Records:
        """A copy that can be fed while this one stays as it is."""

    def arrays(self) -> Arrays:
        """All of it, to be saved."""

    def restore(self, arrays: Arrays) -> None:
        """Take back what `arrays` gave."""


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where a run stands between two blocks: units done, state after them, what was kept.

    It is replaced by the next one and never changed, so it is whole whenever Ctrl+C comes.
    """

    done: int
    state: State
    records: Records


S = TypeVar("S")  # a Standing, or anything else that has `done`


def learn(
    now: S,
    onward: Callable[[S, Progress], Iterable[S]],
    progress: Progress,
    save: Callable[[S], object],
    due: Callable[[S, float], bool],
) -> S:
    """Go from one standing to the next, as far as they go; returns the last.

    Parameters
    ----------
    now : Standing
    onward : callable
        ``onward(now, progress)`` yields one standing after the other, and advances the progress.
    progress : Progress
        Closed at the end.
    save : callable
        ``save(now)``: when it is due, and on Ctrl+C if anything is done.
    due : callable
        ``due(now, seconds)`` after each standing, `seconds` after the last save.
    """
    saved_at = time.monotonic()
    try:
        for there in onward(now, progress):
            now = there  # one instruction: a signal comes before or after it
            if due(now, time.monotonic() - saved_at):
                save(now)
                saved_at = time.monotonic()
    except KeyboardInterrupt:
        if now.done:
            save(now)
        raise
    finally:
        progress.close()
    return now


# --- the experiment of a model that has no other ---------------------------------------------


@dataclasses.dataclass(frozen=True)
class Twins:
    """All that a run knows at its end.

    Attributes
    ----------
    recordings : dict of dict of ndarray
        By label, `trained` and `untrained`: what the records gave, weights before and after
        (``initial.<projection>.w``, ``<projection>.w``), and what was measured.
    ends : dict of (ndarray, ndarray)
        Presynaptic and postsynaptic cell of each synapse, by projection.
    seconds : float
        Wall-clock time of this go.
    """

    backend: str
    recordings: dict[str, Arrays]
    ends: dict[str, tuple[np.ndarray, np.ndarray]]
    seconds: float


def twins(
    network: Network,
    length: int,
    start: Callable[[], Records],
    measure: Callable[[State, str], Arrays],
    session: Session,
) -> Twins:
    """Run a network and its untrained twin; what was finished before is in the checkpoint.

    Parameters
    ----------
    network : Network
        Its ``blocks(state, first, stop, learn=...)`` yields each block and the step after it.
    length : int
        Steps of a run.
    start : callable
        ``start()``: the records of a run at its beginning.
    measure : callable
        ``measure(state, label)``: arrays of what is tried at the end, from the state there.
    session : Session

    Raises
    ------
    NotFinite
        If anything that evolves is no number any more.
    """
    began, kept, status = time.monotonic(), TwinCheckpoint(session), session.status
    initial = network.initial_state()
    for label in LABELS:
        if label in kept.done:
            continue
        now = standing(initial, start(), kept.standing(label))
        if now.done:
            session.log.info(f"{label}: going on after step {now.done} of {length}")
        status.phase("training", label=label, step=now.done)
        end = run_one(network, length, now, label, kept, session)
        status.phase("testing")
        arrays = end.records.arrays() | weights(initial, end.state)
        kept.finish(label, arrays | measure(end.state, label))
    wiring = network.model.wiring
    names = [key.removesuffix(".w") for key in initial if key.endswith(".w")]
    ends = {name: (wiring[f"{name}.i"], wiring[f"{name}.j"]) for name in names}
    return Twins(network.engine.backend, kept.done, ends, time.monotonic() - began)


def run_one(
    network: Network,
    length: int,
    now: Standing,
    label: str,
    kept: TwinCheckpoint,
    session: Session,
) -> Standing:
    """One of the two networks, from where it stands to its end."""

    def onward(now: Standing, progress: Progress) -> Iterator[Standing]:
        for block, stop in network.blocks(now.state, now.done, length, learn=label == TRAINED):
            require_finite(block.state, label, stop)
            records = now.records.copy()
            records.feed(block, now.done, stop)
            progress.advance(stop - now.done)
            now = Standing(stop, block.state, records)
            yield now

    def save(now: Standing) -> None:
        state = {f"state.{key}": array for key, array in now.state.items()}
        kept.save(label, state | {"step": now.done} | now.records.arrays())
        session.saved()

    def due(now: Standing, seconds: float) -> bool:
        return seconds > CHECKPOINT_S and now.done < length

    log, status = session.log, session.status
    progress = Progress(length - now.done, label, log, status, before=now.done, unit="step")
    return learn(now, onward, progress, save, due)


def standing(initial: State, records: Records, stored: Arrays) -> Standing:
    """The beginning of a run, or where its checkpoint stands."""
    if not stored:
        return Standing(0, initial, records)
    records.restore(stored)
    return Standing(int(stored["step"]), under("state.", stored), records)


def require_finite(state: State, label: str, step: int) -> None:
    """Raise `NotFinite` if anything that evolves is no number any more."""
    for key, array in state.items():
        if not np.isfinite(array).all():
            raise NotFinite(f"{label}: {key} is not finite after step {step}: no valid results")


def weights(initial: State, state: State) -> Arrays:
    """Weights before and after, by projection."""
    names = [key for key in state if key.endswith(".w")]
    before = {f"initial.{key}": initial[key] for key in names}
    return before | {key: state[key] for key in names}
