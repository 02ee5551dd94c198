"""The experiment: run the network while it learns, remove the input, test it frozen; then the twin.

`simulate` tells the story. The untrained twin has the same seed, the same weights to start with
and the same stimulus, and never learns; it goes through everything that the trained network does.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from driver.experiment.metric import LABELS
from driver.run.progress import Progress
from driver.run.status import Status
from models.cube.params import LocalParams, Params
from models.cube.records import Records
from models.cube.simulation import Simulation, State, run_path, with_input, without_input
from models.cube.trials import launches, run_recall, run_test
from stimuli.dots import DotParams

REMOVAL_STEPS = 1000  # after the run, without input; long enough for the survival of activity
CHECKPOINT_S = 30.0  # between two checkpoints, at least
Arrays = dict[str, np.ndarray]


class NotFinite(ValueError):
    """Potentials or weights have left the numbers; the run ends with a status of its own."""

    exit_status = 3


class Keeper(Protocol):
    """Where a run keeps what it has, so that it can go on; see `models.cube.artifacts`."""

    def recording(self, label: str) -> Arrays | None:
        """What was finished before."""

    def checkpoint(self, label: str) -> Arrays | None:
        """Where it was interrupted."""

    def save_recording(self, label: str, arrays: Arrays) -> None: ...

    def save_checkpoint(self, label: str, arrays: Arrays) -> None: ...


class Forgetful:
    """Keeps nothing: a run in memory."""

    def recording(self, label: str) -> None:
        return None

    checkpoint = recording

    def save_recording(self, label: str, arrays: Arrays) -> None:
        pass

    save_checkpoint = save_recording


@dataclasses.dataclass(frozen=True)
class Result:
    """All that a run knows at its end.

    Attributes
    ----------
    recordings : dict of dict of ndarray
        By label, `trained` and `untrained`; see `artifacts`.
    seconds : float
        Wall-clock time of this go.
    """

    params: Params
    dots: DotParams
    backend: str
    recordings: dict[str, Arrays]
    seconds: float


def simulate(
    params: Params,
    dots: DotParams,
    *,
    backend: str = "auto",
    threads: int = 1,
    log: logging.Logger | None = None,
    status: Status | None = None,
    keeper: Keeper | None = None,
    saved: Callable[[], None] = lambda: None,
) -> Result:
    """Run the network of `params`, and its untrained twin.

    Parameters
    ----------
    keeper : Keeper, optional
        Files to go on from and to write to; nothing is kept without one.
    saved : callable
        Called after each checkpoint.

    Raises
    ------
    NotFinite
        If potentials or weights are not finite at the end.
    """
    log, status, keeper = (
        log or logging.getLogger(__name__),
        status or Status(),
        keeper or Forgetful(),
    )
    started = time.monotonic()

    def say(text: str) -> None:
        log.info(text)
        status.phase("preparing", note=text)

    recordings = {label: keeper.recording(label) for label in LABELS}
    with Simulation(params, dots, backend, say, status.profile, threads) as sim:
        status.update(backend=sim.engine.backend)
        for label in LABELS:
            if recordings[label] is None:
                recordings[label] = run_label(sim, label, log, status, keeper, saved)
                keeper.save_recording(label, recordings[label])
        return Result(params, dots, sim.engine.backend, recordings, time.monotonic() - started)


def run_label(sim: Simulation, label: str, log, status: Status, keeper: Keeper, saved) -> Arrays:
    """The run of one network and everything that is tried with it afterwards."""
    records = Records.start(sim.params, sim.dots, run_path(sim.params, sim.dots, sim.params.steps))
    end, initial = main_run(sim, label, records, log, status, keeper, saved)
    state = end.state
    status.phase("testing")
    arrays = end.records.arrays() | weights(sim, initial, state) | stimulus(sim)
    if isinstance(sim.params, LocalParams):
        log.info(f"{label}: frozen tests")
        return arrays | local_tests(sim, state)
    log.info(f"{label}: removing the input")
    return arrays | removal(sim, state, label == "trained") | cube_tests(sim, state)


def main_run(sim, label, records, log, status, keeper, saved) -> tuple[Standing, State]:
    """The run itself, from its beginning or its last checkpoint; its end and its first state."""
    p, initial = sim.params, sim.initial_state()
    now = Standing(0, initial, records)
    stored = keeper.checkpoint(label)
    if stored is not None:
        records.restore(stored)
        now = Standing(int(stored["step"]), {k: stored[f"state.{k}"] for k in initial}, records)
        log.info(f"{label}: going on after step {now.step} of {p.steps}")
    status.phase("training", label=label, step=now.step)
    progress = Progress(p.steps - now.step, label, log, status, before=now.step, unit="step")

    def checkpoint() -> None:
        keeper.save_checkpoint(label, now.arrays())
        saved()

    written = time.monotonic()
    try:
        for block, stop in sim.blocks(now.state, now.step, p.steps, learn=label == "trained"):
            require_finite(block.state, label, stop)
            done, fed = stop - now.step, now.records.copy()
            fed.feed(block, now.step, stop)
            now = Standing(stop, block.state, fed)  # one instruction: Ctrl+C comes before or after
            progress.advance(done)
            if time.monotonic() - written > CHECKPOINT_S and now.step < p.steps:
                checkpoint()
                written = time.monotonic()
    except KeyboardInterrupt:
        if now.step:
            checkpoint()
        raise
    finally:
        progress.close()
    return now, initial


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where a run stands between two blocks: steps done, state after them, what was kept."""

    step: int
    state: State
    records: Records

    def arrays(self) -> Arrays:
        """To be saved as a checkpoint."""
        state = {f"state.{key}": array for key, array in self.state.items()}
        return state | {"step": self.step} | self.records.arrays()


def require_finite(state: State, label: str, step: int) -> None:
    """Raise `NotFinite` if anything that evolves is no number any more."""
    for key, array in state.items():
        if not np.isfinite(array).all():
            raise NotFinite(f"{label}: {key} is not finite after step {step}: no valid results")


def weights(sim: Simulation, initial: State, state: State) -> Arrays:
    """Weights before and after, by projection."""
    names = [key for key in state if key.endswith(".w")]
    before = {f"initial.{key}": initial[key] for key in names}
    return before | {key: state[key] for key in names}


def stimulus(sim: Simulation) -> Arrays:
    """Where the dots were, and of a cube also where they were during the removal."""
    p = sim.params
    after = 0 if isinstance(p, LocalParams) else removal_steps(p)
    path = run_path(p, sim.dots, p.steps + after)
    small = np.int16
    return {
        **{name: getattr(path, name).astype(small) for name in ("x", "y", "next_x", "next_y")},
        **{name: getattr(path, name) for name in ("shown", "move", "launched")},
    }


def removal(sim: Simulation, state: State, learn: bool) -> Arrays:
    """Spikes per step without input, and in the same steps with it; learning stays as it was."""
    first, stop = sim.params.steps, sim.params.steps + removal_steps(sim.params)
    ways = {
        "removal_count": without_input(sim.dots, first, stop),
        "continued_count": with_input(sim.dots),
    }
    return {name: counts(sim, state, first, stop, learn, dots) for name, dots in ways.items()}


def removal_steps(p: Params) -> int:
    """Long enough for the survival of activity, and for what is in flight to arrive."""
    least = max(REMOVAL_STEPS, 2 * (p.L + 4 * p.ratio + 20))
    return -(-least // p.ratio) * p.ratio


def counts(sim: Simulation, state: State, first: int, stop: int, learn: bool, dots) -> np.ndarray:
    """Spikes of the cells in each step."""
    n, found = first, []
    for block, end in sim.blocks(state, first, stop, learn=learn, dots=dots):
        found.append(np.bincount(block.spikes["cells"].step - n, minlength=end - n))
        n = end
    return np.concatenate(found)


def cube_tests(sim: Simulation, state: State) -> Arrays:
    """Of a cube with a learned readout: other loops, random launches."""
    if not sim.params.readout:
        return {}
    return tested(sim, state)


def local_tests(sim: Simulation, state: State) -> Arrays:
    """Frozen tests of the local layer; what it recalls, if it can run freely."""
    arrays = tested(sim, state)
    if not sim.params.recall:
        return arrays
    for name, starts in launches(sim).items():
        found = [run_recall(sim, state, start) for start in starts]
        arrays[f"recall_{name}_held"] = np.array([r.n_steps_held for r in found])
        arrays[f"recall_{name}_iou"] = np.array([r.iou for r in found])
        arrays[f"recall_{name}_chance"] = np.array([r.chance_of_step for r in found])
    return arrays


def tested(sim: Simulation, state: State) -> Arrays:
    """IoU per move of each frozen test, and what a random output would get."""
    arrays = {}
    for name, starts in launches(sim).items():
        trial = run_test(sim, state, starts)
        arrays |= {f"test_{name}_iou": trial.iou, f"test_{name}_chance": trial.chance}
    return arrays
