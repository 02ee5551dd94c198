"""One network of one seed, ready for blocks of steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from driver.engine.choose import choose, open_engine
from driver.engine.model import Block, Engine
from driver.engine.timing.profile import Profile
from models.cube import values
from models.cube.params import GroupsParams, LocalParams, Params
from stimuli.dots import DotParams, Launch, Path, dot_path, off_windows

State = dict[str, np.ndarray]
CELL_STEPS_PER_BLOCK = 5e7  # bounds the spikes of a block that are held in memory
LONGEST_BLOCK, SHORTEST_BLOCK = 1000, 50
TEST_STEPS, PIECES = 1000, 4


class Simulation:
    """One network of one seed: blocks of steps on whichever backend.

    Parameters
    ----------
    params : LocalParams, CubeParams or GroupsParams
    dots : DotParams
    backend : str
        One of `driver.engine.choose.BACKENDS`.
    say : callable
        Told in a line what was chosen and what takes time.
    profile : Profile, optional
        Told where all of it goes.
    threads : int
        Of a compiled program.
    """

    def __init__(
        self,
        params: Params,
        dots: DotParams,
        backend: str,
        say=lambda text: None,
        profile: Profile | None = None,
        threads: int = 1,
    ):
        self.params, self.dots = params, dots
        self.wiring = values.wiring_of(params, dots)
        model = values.model(params, dots, self.wiring)
        chosen, reason = choose(backend, model, *work(params))
        say(f"backend {chosen}: {reason}")
        self.constants = values.constants(params, dots, self.wiring)
        self.populations = model.populations
        self.engine: Engine = open_engine(chosen, model, say, profile, threads)

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *error) -> None:
        self.engine.close()

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

    def blocks(
        self, state: State, first: int, stop: int, *, learn: bool, dots: DotParams | None = None
    ) -> Iterator[tuple[Block, int]]:
        """Run steps `first` to `stop` - 1; yields each block and the step after it.

        Parameters
        ----------
        dots : DotParams, optional
            Another stimulus for the same number of dots.
        """
        dots = dots or self.dots
        while first < stop:
            n_steps = self._block_steps(first, stop, dots)
            given = self._given(first, n_steps, learn, dots) | state
            block = self.engine.run(
                given, first_step=first, n_steps=n_steps, record=self.populations
            )
            state, first = block.state, first + n_steps
            yield block, first

    def _given(self, first: int, n_steps: int, learn: bool, dots: DotParams) -> values.Values:
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

    def _block_steps(self, first: int, stop: int, dots: DotParams) -> int:
        """Length of the next block: whole moves, but it ends where the input goes on or off."""
        ratio = self.params.ratio
        most = int(CELL_STEPS_PER_BLOCK // n_cells(self.params))
        most = max(SHORTEST_BLOCK, min(LONGEST_BLOCK, most))
        ends = [stop, first + max(1, most // ratio) * ratio]
        ends += [border for window in off_windows(dots) for border in window]
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
