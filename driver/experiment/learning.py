"""Learning in blocks, so that a run can stop and go on between any two; and its untrained twin.

`twins` is the experiment of a model that has no other: a network learns to its end and is tried,
then the same network with the same weights to start with and the same stimulus, which never learns.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from driver.engine.model import Block, Gone
from driver.experiment.going_on import Arrays, TwinCheckpoint
from driver.experiment.metric import LABELS, TRAINED, UNTRAINED
from driver.experiment.network import Network, Session, State
from driver.run.isolation import interrupts_wait
from driver.run.progress import Progress

CHECKPOINT_S = 30.0  # between two checkpoints of twins, at least


class NotFinite(ValueError):
    """Potentials or weights have left the numbers; the run ends with a status of its own."""

    exit_status = 3


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where a run stands between two blocks; replaced and never changed, so it is always whole.

    The records are what a model keeps, bounded, and the same however the run is cut: an object
    with ``feed(block, first, stop)``, ``copy()``, ``arrays()`` and ``restore(arrays)``.
    """

    done: int  # steps
    state: State
    records: Any

    def arrays(self) -> Arrays:
        """To be saved."""
        state = {f"state.{key}": array for key, array in self.state.items()}
        return state | {"step": self.done} | self.records.arrays()

    def moved(self, stored: Arrays) -> Standing:
        """The beginning of a run moved to what `arrays` gave; empty arrays leave it there."""
        if not stored:
            return self
        self.records.restore(stored)
        state = {key: stored[f"state.{key}"] for key in self.state}
        return Standing(int(stored["step"]), state, self.records)


def learn(
    now: Standing,
    onward: Callable[[Standing, Progress], Iterable[Standing]],
    progress: Progress,
    save: Callable[[Standing], object],
    due: Callable[[Standing, float], bool],
    patient: bool = False,
) -> Standing:
    """Go from one standing to the next, as far as they go; returns the last.

    ``onward(now, progress)`` yields them and advances the progress, which is closed at the end.
    ``save(now)`` is called on Ctrl+C and when ``due(now, seconds)`` since the last time. A model
    may have a standing of its own, with `done`. One whose state may lie in a program is `patient`:
    an interruption waits for the end of the block, since where it began is gone.
    """
    saved_at = time.monotonic()
    onward_from_now = iter(onward(now, progress))
    try:
        while True:
            with interrupts_wait() if patient else contextlib.nullcontext():
                there = next(onward_from_now, None)
                if there is None:
                    break
                now = there
            if due(now, time.monotonic() - saved_at):
                save(now)
                saved_at = time.monotonic()
    except KeyboardInterrupt:
        with contextlib.suppress(Gone):  # interrupted where nobody can wait: by the block itself
            if now.done:
                save(now)
        raise
    finally:
        progress.close()
    return now


@dataclasses.dataclass(frozen=True)
class Twins:
    """What a run and its twin have left.

    A recording, by label, has what the records gave, weights before and after learning
    (``initial.<projection>.w``, ``<projection>.w``), and what was measured.
    """

    backend: str
    recordings: dict[str, Arrays]
    ends: dict[str, tuple[np.ndarray, np.ndarray]]  # i and j of each synapse, by projection
    seconds: float  # wall-clock time of this go


def twins(
    network: Network,
    length: int,
    start: Callable[[], Any],
    measure: Callable[[State, str], Arrays],
    session: Session,
    *,
    twin_steps: int | None = None,
    **conditions: Any,
) -> Twins:
    """Run `length` steps, or other units of the room, of a network and of its twin; what is in the
    checkpoint is not run again.

    ``network.blocks`` takes ``learn=`` and the `conditions`, ``start()`` gives empty records,
    ``measure(state, label)`` arrays of what is tried at the end. Of the twin `twin_steps` are run,
    where not all of them matter. Raises `NotFinite`.
    """
    lengths = {TRAINED: length, UNTRAINED: length if twin_steps is None else twin_steps}
    began, kept = time.monotonic(), TwinCheckpoint(session)
    initial = network.rounded(network.initial_state())
    for label in [label for label in LABELS if label not in kept.done]:
        now = Standing(0, initial, start()).moved(kept.standing(label))
        if now.done:
            session.log.info(
                f"{label}: going on after {session.unit} {now.done} of {lengths[label]}"
            )
        session.status.phase("training", label=label, **{session.unit: now.done})
        end = run_one(network, lengths[label], now, label, kept, session, conditions)
        session.status.phase("testing")
        arrays = end.records.arrays() | weights(initial, end.state)
        kept.finish(label, arrays | measure(end.state, label))
    wiring = network.model.wiring
    ends = {name: (wiring[f"{name}.i"], wiring[f"{name}.j"]) for name in projections(initial)}
    return Twins(network.engine.backend, kept.done, ends, time.monotonic() - began)


def run_one(
    network, length: int, now: Standing, label: str, kept, session: Session, conditions
) -> Standing:
    """One of the two networks, from where it stands to its end."""
    learn_too = {"learn": label == TRAINED, **conditions}

    def onward(now: Standing, progress: Progress) -> Iterator[Standing]:
        for block, stop in network.blocks(now.state, now.done, length, hold=True, **learn_too):
            require_finite(block, label, stop, now.done, session.unit)
            records = now.records.copy()
            records.feed(block, now.done, stop)
            session.live(label, block, records, now.done, stop)
            progress.advance(stop - now.done)
            now = Standing(stop, block.state, records)
            yield now

    def save(now: Standing) -> None:
        kept.save(label, now.arrays())
        session.saved()

    def due(now: Standing, seconds: float) -> bool:
        return seconds > CHECKPOINT_S and now.done < length

    log, status = session.log, session.status
    progress = Progress(length - now.done, label, log, status, before=now.done, unit=session.unit)
    end = learn(now, onward, progress, save, due, patient=network.engine.holds)
    return dataclasses.replace(end, state=dict(end.state))


def require_finite(block: Block, label: str, step: int, good: int, unit: str = "step") -> None:
    """Raise `NotFinite` if anything that evolves is no number any more; it was after `good`."""
    if key := block.not_finite:
        last = f"last good after {unit} {good}"
        raise NotFinite(
            f"{label}: {key} is not finite after {unit} {step}, {last}: no valid results"
        )


def weights(initial: State, state: State) -> Arrays:
    """Weights before and after, by projection."""
    names = [f"{name}.w" for name in projections(initial)]
    return {f"initial.{key}": initial[key] for key in names} | {key: state[key] for key in names}


def projections(state: State) -> list[str]:
    """Names of the projections that have weights."""
    return [key.removesuffix(".w") for key in state if key.endswith(".w")]
