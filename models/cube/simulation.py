"""One network of one seed, ready for blocks of steps."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.experiment.network import Network, Session, State
from models.cube import values
from models.cube.kinds import kind_of
from models.cube.params import Params
from stimuli.dots import DotParams, Launch, Path, dot_path, off_windows

CELL_STEPS_PER_BLOCK = 5e7  # bounds the spikes of a block that are held in memory
LONGEST_BLOCK, SHORTEST_BLOCK = 1000, 50
TEST_STEPS, PIECES = 1000, 4


class Simulation(Network):
    """One network of one seed: blocks of steps on whichever backend."""

    def __init__(self, params: Params, dots: DotParams, session: Session | None = None):
        self.params, self.dots = params, dots
        self.wiring = values.wiring_of(params, dots)
        self.constants = values.constants(params, dots, self.wiring)
        super().__init__(values.model(params, dots, self.wiring), work(params), session)

    def initial_state(self) -> State:
        return values.initial_state(self.params, self.dots, self.wiring)

    def path(self, n_steps: int) -> Path:
        """Where the dots are in the first `n_steps` steps of the run."""
        return run_path(self.params, self.dots, n_steps)

    def launched(self, state: State, launch: Launch) -> State:
        """`state` with the dots at the start of another path."""
        dots = {f"dots.{name}": getattr(launch, name).astype(float) for name in vars(launch)}
        return state | dots | {"dots.moves": np.zeros(self.dots.dots, np.int32)}

    def given(
        self, first: int, n_steps: int, *, learn: bool, dots: DotParams | None = None
    ) -> values.Values:
        """Values of a block; `dots` is another stimulus for the same number of dots."""
        dots = dots or self.dots
        window = values.window(self.params, dots, first, n_steps)
        gains = values.switches(self.params, self.wiring, learn=learn)
        is_off = window["dots.off_from"] <= first < window["dots.off_to"]
        if is_off and kind_of(self.params).values.freezes_when_off(self.params):
            weights = (key for key in gains if key.endswith((".eta", ".eta_out")))
            gains |= dict.fromkeys(weights, 0.0)
        other = {} if dots is self.dots else values.dot_values(self.params, dots)
        return self.constants | other | gains | window

    def block_steps(
        self, first: int, stop: int, *, learn: bool, dots: DotParams | None = None
    ) -> int:
        """Length of the next block: whole moves, but it ends where the input goes on or off."""
        ratio = self.params.ratio
        most = int(CELL_STEPS_PER_BLOCK // work(self.params)[1])
        most = max(SHORTEST_BLOCK, min(LONGEST_BLOCK, most))
        ends = [stop, first + max(1, most // ratio) * ratio]
        ends += [border for window in off_windows(dots or self.dots) for border in window]
        return min(end for end in ends if end > first) - first


def run_path(p: Params, dots: DotParams, n_steps: int) -> Path:
    """Where the dots of a run are."""
    kind = kind_of(p).values
    return dot_path(
        dots,
        p.n,
        p.ratio,
        n_steps,
        p.seed,
        shown_at_launch=kind.shown_at_launch(p),
        ahead=kind.ahead(p),
    )


def work(p: Params) -> tuple[int, int]:
    """Steps of a run with its twin and its tests, in steps of the numpy target; and cells.

    These networks have some thirty pieces of code a step, several times as many as the driver's
    estimate for that target has in mind.
    """
    return 2 * PIECES * (p.steps + TEST_STEPS), kind_of(p).values.n_cells(p)


def without_input(dots: DotParams, first: int, stop: int) -> DotParams:
    """The same stimulus, off in steps `first` to `stop` - 1 and at no other time; dots move on."""
    return dataclasses.replace(dots, off_from=(first + 1,), off_to=(stop,), dot_when_off="continue")


def with_input(dots: DotParams) -> DotParams:
    """The same stimulus, never off."""
    return dataclasses.replace(dots, off_from=(), off_to=())
