"""One network of one seed, ready for blocks of training and for tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from driver.engine.model import Block
from driver.experiment.network import Network, Session, State
from models.lateral_line import values
from models.lateral_line.params import NetworkParams
from models.lateral_line.wiring import Wiring
from stimulus import Frames, StimulusParams, n_test_steps, test_frames, training_frames


class Simulation(Network):
    """One network of one seed: blocks of training, and tests, on whichever backend."""

    def __init__(
        self,
        params: NetworkParams,
        stimulus: StimulusParams,
        session: Session | None = None,
        wiring: Wiring | None = None,
    ):
        self.params, self.stimulus = params, stimulus
        self.wiring = wiring or Wiring.of(params)
        self.constants = values.constants(params, stimulus, self.wiring)
        super().__init__(values.model(params, self.wiring), work(params), session)
        self.capacity = self.model.structure["n_frames"]

    def initial_state(self) -> State:
        return values.initial_state(self.params, self.wiring)

    def train(
        self,
        state: State,
        first: int,
        n_steps: int,
        record=(),
        *,
        learn: bool = True,
        hold: bool = False,
    ) -> tuple[Block, Frames]:
        """A block of training steps from absolute step `first`; with `learn` off all stays.

        With `hold` its state is that of the program, see `driver.engine.model.Held`.

        Raises
        ------
        ValueError
            If the block does not start a trial: rescaling is due at the borders of trials and
            its clock counts from the start of the block.
        """
        if first % self.params.trial_steps:
            raise ValueError(f"a block of training starts with a trial, not at step {first}")
        frames = training_frames(self.params, self.stimulus, first, n_steps)
        switches = values.switches(self.params, ll_mon=learn, mon_ts=learn, homeostasis=learn)
        when = (values.TRAINING, 0, first, n_steps)
        return self._run(state, frames, switches, *when, record, hold), frames

    def settle(self, state: State, step: int) -> State:
        """Apply the homeostasis that falls due at the end of a trial.

        Rescaling stands before the step that follows it. So after the last trial one more
        step is run, frozen but for the homeostasis, and only its weights are kept.
        """
        if step == 0:
            return state
        last = max(0, min(step, self.params.training_steps) - 1)
        frames = dataclasses.replace(
            training_frames(self.params, self.stimulus, last, 1), first_step=step
        )
        switches = values.switches(self.params, ll_mon=False, mon_ts=False, homeostasis=True)
        block = self._run(state, frames, switches, values.TRAINING, 0, step, 1, ())
        return state | {key: block.state[key] for key in values.WEIGHTS}

    def test(self, state: State, start: int, number: int = 0) -> tuple[Block, Frames]:
        """A pass of the test, which has its step 0 at absolute step `start`; weights are frozen.

        Random numbers of the test count from its start, so the afferents' spikes are the same
        for every training length of a seed, and for the untrained twin.

        Raises
        ------
        RuntimeError
            If a frozen weight changed by a single bit.
        """
        state = self.rounded(state)
        frames = test_frames(self.params, self.stimulus, number)
        keep = self.params.keep_mon_ts_stdp_during_test
        switches = values.switches(self.params, ll_mon=False, mon_ts=keep, homeostasis=False)
        switches |= values.test_gain(self.params)
        n_steps = n_test_steps(self.params)
        first = start + number * n_steps
        block = self._run(
            state, frames, switches, values.TEST, start, first, n_steps, values.POPULATIONS
        )
        for key in values.WEIGHTS if not keep else ("ll_mon.w",):
            if not np.array_equal(block.state[key], state[key]):
                raise RuntimeError(f"{key} changed in the test although it was frozen")
        return block, frames

    def passes(self, state: State, start: int) -> Iterator[tuple[Block, Frames]]:
        """All passes of the test, one after the other."""
        for number in range(self.params.test_passes):
            block, frames = self.test(state, start, number)
            yield block, frames
            state = block.state

    def _run(
        self, state, frames, switches, phase, phase_start, first, n_steps, record, hold=False
    ) -> Block:
        source = values.source(frames, self.capacity, phase, phase_start)
        tables = values.messenger_tables(self.params, first)
        given = self.constants | switches | source | tables
        how = {"first_step": first, "n_steps": n_steps, "record": record}
        return self.engine.run(given, **how, state=state, hold=hold)


def work(params: NetworkParams) -> tuple[int, int]:
    """Steps of a run, and cells: what it costs."""
    n_steps = params.training_steps + 2 * params.test_passes * n_test_steps(params)
    return n_steps, 2 * (params.n_mon + params.n_ts) + params.n_ll


def x_per_step(frames: Frames, first: int, n_steps: int) -> np.ndarray:
    """Source position at each step, shape (n_steps,), cm."""
    return frames.x_cm[frames.frame_of(np.arange(first, first + n_steps))]
