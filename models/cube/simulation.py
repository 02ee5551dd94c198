"""One network of one seed, ready for blocks of steps."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.experiment.network import Network, Session, State
from models.cube import values
from models.cube.params import GroupsParams, LocalParams, Params
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
        p = self.params
        return run_path(p, self.dots, n_steps)

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
        if self._is_frozen(window, first):
            weights = (key for key in gains if key.endswith((".eta", ".eta_out")))
            gains |= dict.fromkeys(weights, 0.0)
        other = {} if dots is self.dots else values.dot_values(self.params, dots)
        return self.constants | other | gains | window

    def _is_frozen(self, window: values.Values, first: int) -> bool:
        freezes = isinstance(self.params, LocalParams) and self.params.freeze_when_off
        return freezes and window["dots.off_from"] <= first < window["dots.off_to"]

    def block_steps(
        self, first: int, stop: int, *, learn: bool, dots: DotParams | None = None
    ) -> int:
        """Length of the next block: whole moves, but it ends where the input goes on or off."""
        ratio = self.params.ratio
        most = int(CELL_STEPS_PER_BLOCK // n_cells(self.params))
        most = max(SHORTEST_BLOCK, min(LONGEST_BLOCK, most))
        ends = [stop, first + max(1, most // ratio) * ratio]
        ends += [border for window in off_windows(dots or self.dots) for border in window]
        return min(end for end in ends if end > first) - first


def run_path(p: Params, dots: DotParams, n_steps: int) -> Path:
    """Where the dots of a run are."""
    shown = values.shown_at_launch(p)
    return dot_path(
        dots, p.n, p.ratio, n_steps, p.seed, shown_at_launch=shown, ahead=values.ahead(p)
    )


def n_cells(p: Params) -> int:
    """Spiking cells of a network."""
    return 2 * p.n**2 if isinstance(p, LocalParams) else p.n**2 * p.L


def work(p: Params) -> tuple[int, int]:
    """Steps of a run with its twin and its tests, in steps of the numpy target; and cells.

    These networks have some thirty pieces of code a step, several times as many as the driver's
    estimate for that target has in mind.
    """
    return 2 * PIECES * (p.steps + TEST_STEPS), n_cells(p)


def tube_radius(p: Params) -> int:
    """R: pixels around the dot that count as its tube."""
    return p.m if isinstance(p, GroupsParams) else 3


def reach_back(p: Params) -> int:
    """M: steps for which a dot is remembered."""
    return 4 * p.ratio if p.ratio >= 2 else 16


def without_input(dots: DotParams, first: int, stop: int) -> DotParams:
    """The same stimulus, off in steps `first` to `stop` - 1 and at no other time; dots move on."""
    return dataclasses.replace(dots, off_from=(first + 1,), off_to=(stop,), dot_when_off="continue")


def with_input(dots: DotParams) -> DotParams:
    """The same stimulus, never off."""
    return dataclasses.replace(dots, off_from=(), off_to=())
