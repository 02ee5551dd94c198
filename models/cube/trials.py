"""What is tried with a network after its run: frozen tests on other paths.

All plasticity is off. Each test starts from the state at the end of the run, with the dots moved to
another place, and the first frame of a launch cannot be foreseen: direction takes two. What is
tried with one of the models only stands in its own `trials`, see `models.cube.kinds`.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.engine.model import Spikes
from driver.engine.randomness import generator
from driver.experiment.going_on import Arrays
from driver.experiment.network import State
from models.cube.kinds import kind_of
from models.cube.metrics.output import chance_iou, step_iou
from models.cube.simulation import Simulation, run_path
from stimuli.dots import (
    DotParams,
    Launch,
    Path,
    dot_path,
    first_launch,
    is_held_out,
    launch,
    on_loop,
    period,
    together,
)

LOOP_STEPS = 180  # of a test on one loop
N_LAUNCHES = 16  # of a test on many
FIRST_NEW_LAUNCH = 10**6  # of tests: from a part of the stream that training never meets


def dots_shown(sim: Simulation, after: int) -> Arrays:
    """Where the dots were during the run and `after` steps more."""
    path = run_path(sim.params, sim.dots, sim.params.steps + after)
    small = np.int16
    return {
        **{name: getattr(path, name).astype(small) for name in ("x", "y", "next_x", "next_y")},
        **{name: getattr(path, name) for name in ("shown", "move", "launched")},
    }


def tested(sim: Simulation, state: State) -> Arrays:
    """IoU per move of each frozen test, and what a random output would get."""
    arrays = {}
    for name, starts in launches(sim).items():
        iou, chance = run_test(sim, state, starts)
        arrays |= {f"test_{name}_iou": iou, f"test_{name}_chance": chance}
    return arrays


def launches(sim: Simulation) -> dict[str, list[Launch]]:
    """Tests by name, each a list of launches.

    ``same``, ``mirrored``, ``shifted`` and ``reversed`` are of the first launch of the run; ``new``
    are random launches of the kind that training draws, on loops that it may have met;
    ``held_out`` lie on loops that training never launched on, and ``seen`` on the others.
    """
    p, dots = sim.params, sim.dots
    first = first_launch(dots, p.n, p.seed)
    tests = {
        "same": [first],
        "mirrored": [first.mirrored(p.n)],
        "shifted": [first.shifted(p.n)],
        "reversed": [first.reversed()],
    }
    if dots.stimulus != "relaunch":
        return tests
    free = dataclasses.replace(dots, held_out_every=0)
    tests["new"] = [launch(free, p.n, p.seed, FIRST_NEW_LAUNCH + k) for k in range(N_LAUNCHES)]
    if dots.held_out_every:
        for name, held in (("held_out", True), ("seen", False)):
            tests[name] = [on_loops(sim, held, k) for k in range(N_LAUNCHES)]
    return tests


def on_loops(sim: Simulation, held: bool, number: int) -> Launch:
    """All dots on random loops that are held out, or on others."""
    p, dots = sim.params, sim.dots
    rng = generator(p.seed, "test loops", int(held), number)
    every = dots.held_out_every
    made = []
    for _ in range(dots.dots):
        while True:
            one = on_loop(
                int(rng.integers(period(p.n))), int(rng.integers(period(p.n))), p.n, dots.speed
            )
            if is_held_out(one, p.n, every)[0] == held:
                made.append(one)
                break
    return together(made)


def run_test(sim: Simulation, state: State, starts: list[Launch]) -> tuple[np.ndarray, ...]:
    """IoU and chance of each move of launches, shown one after the other to the frozen network."""
    p = sim.params
    n_moves = LOOP_STEPS // p.ratio if len(starts) == 1 else period(p.n)
    n_moves = max(n_moves, period(p.n)) if p.ratio > 1 else n_moves
    n_moves += kind_of(p).trials.warm_up(p)
    rows = [one_launch(sim, state, start, n_moves) for start in starts]
    return tuple(np.concatenate(part) for part in zip(*rows, strict=True))


def orbiting(dots: DotParams) -> DotParams:
    """The same dots on one path each, always seen."""
    return dataclasses.replace(dots, stimulus="orbit", off_from=(), off_to=())


def one_launch(
    sim: Simulation, state: State, start: Launch, n_moves: int
) -> tuple[np.ndarray, np.ndarray]:
    """IoU and chance of each move after the first ones."""
    p, n_steps = sim.params, n_moves * sim.params.ratio
    path = path_of(sim, start, n_steps)
    output = shown(sim, sim.launched(state, start), p.steps, n_steps)
    target = path.next_x[:: p.ratio], path.next_y[:: p.ratio]
    overlap = step_iou(output.index, output.step // p.ratio, *target, p.n)
    chance = chance_iou(overlap.n_output, overlap.n_target, p.n**2)
    skip = kind_of(p).trials.warm_up(p)
    return overlap.iou[skip:], chance[skip:]


def path_of(sim: Simulation, start: Launch, n_steps: int) -> Path:
    """The path of one launch, as it is shown after the end of a run: a move comes first."""
    p = sim.params
    dots = orbiting(sim.dots)
    return dot_path(
        dots,
        p.n,
        p.ratio,
        n_steps,
        p.seed,
        shown_at_launch=False,
        start=start,
        ahead=kind_of(p).values.ahead(p),
    )


def shown(sim: Simulation, state: State, first: int, n_steps: int, dots=None) -> Spikes:
    """Output spikes of a frozen network, counted from `first` on."""
    dots = dots or orbiting(sim.dots)
    blocks = sim.blocks(state, first, first + n_steps, learn=False, dots=dots, hold=True)
    spikes = Spikes.concatenate([block.spikes["output"] for block, _ in blocks])
    return Spikes(spikes.index, spikes.step - first)
