"""Dots that move over an image of n x n pixels and bounce at its borders.

    parameters = DotParams(stimulus="orbit")
    path = dot_path(parameters, n=48, ratio=8, n_steps=4000, seed=0, shown_at_launch=False)
    path.x[t, k], path.y[t, k], path.shown[t]

A step is one update of the network; a dot moves every `ratio` steps. x is the column, y the row.
The same motion stands as equations in `models.cube.equations` (DOTS and what follows); a test
holds the two equal.

A dot that moves equally fast along both axes runs through a closed loop of 2(n - 1) moves, and
there are as many loops: unfold x and y to phases that advance together, and their difference, the
*loop number*, never changes. So "a trajectory never seen" is well defined: a loop that no
training launch lies on (`held_out_every`).
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.engine.randomness import stream_id, uniform_numpy
from driver.flags.from_dataclass import STRICT, Flag

LAUNCH = "dot launch"
LEFT, RIGHT, TOP, BOTTOM = range(4)
NEVER = 2**31 - 1
SHIFT_COLUMNS = 7  # of the loop that the test shifts


# fmt: off
@dataclass(config=STRICT)
class DotParams:
    """What moves over the image."""

    stimulus: Literal["orbit", "relaunch", "mirror", "reverse"] = "relaunch"
    """orbit: one launch, one closed loop; relaunch: a new random launch every `relaunch_every` \
moves; mirror and reverse: the loop of orbit, reflected left to right or run backwards."""
    dots: Annotated[int, Field(ge=1, le=8)] = 1
    """Dots that move independently of each other."""
    speed: Annotated[int, Field(ge=1)] = 1
    """Pixels per move away from the edge of the launch."""
    speed_t: Annotated[int, Field(ge=1)] = 1
    """Pixels per move along the edge of the launch."""
    relaunch_every: Annotated[int | None, Field(ge=1, le=10**9)] = None
    """Moves between two launches; one closed loop, 2(n - 1), if not given."""
    held_out_every: Annotated[int, Field(ge=0)] = 0
    """Every k-th closed loop is never launched on in training, so that it can test; 0 holds out \
none. Needs one speed along both axes."""
    off_from: Annotated[tuple[int, ...], Flag("off-from")] = ()
    """First step, from 1, of each time during which the input is off."""
    off_to: Annotated[tuple[int, ...], Flag("off-to")] = ()
    """Last step of each of them."""
    dot_when_off: Literal["stop", "continue"] = "continue"
    """What an unseen dot does: it waits where it vanished, or moves on."""
# fmt: on


@dataclasses.dataclass(frozen=True)
class Launch:
    """Where K dots start and how fast; integer arrays of shape (K,)."""

    x: np.ndarray
    y: np.ndarray
    vx: np.ndarray
    vy: np.ndarray

    @staticmethod
    def of(*dots: tuple[int, int, int, int]) -> Launch:
        """From ``(x, y, vx, vy)`` of each dot."""
        return Launch(*np.array(dots, dtype=np.int64).T)

    def mirrored(self, n: int) -> Launch:
        """Reflected left to right."""
        return Launch(n - 1 - self.x, self.y, -self.vx, self.vy)

    def reversed(self) -> Launch:
        """Run backwards."""
        return Launch(self.x, self.y, -self.vx, -self.vy)

    def shifted(self, n: int, columns: int = SHIFT_COLUMNS) -> Launch:
        """Moved on along x alone, which is another loop."""
        x, vx = bounced(self.x + np.sign(self.vx) * (columns % (2 * (n - 1))), self.vx, n)
        return Launch(x, self.y, vx, self.vy)


@dataclasses.dataclass(frozen=True)
class Path:
    """Where the dots are at each step.

    Attributes
    ----------
    x, y : ndarray of int, shape (n_steps, K)
        Position at each step, also while the input is off.
    next_x, next_y : ndarray of int, shape (n_steps, K)
        Where each dot would be after `ahead` more moves (a relaunch is not foreseen).
    shown : ndarray of bool, shape (n_steps,)
        Whether the input is on.
    move : ndarray of int, shape (n_steps,)
        Moves made so far, launches included.
    launched : ndarray of bool, shape (n_steps,)
        Whether the frame of this step is the first of a launch.
    """

    x: np.ndarray
    y: np.ndarray
    next_x: np.ndarray
    next_y: np.ndarray
    shown: np.ndarray
    move: np.ndarray
    launched: np.ndarray

    def __getitem__(self, steps: slice) -> Path:
        return Path(*(getattr(self, f.name)[steps] for f in dataclasses.fields(Path)))


def period(n: int) -> int:
    """Moves of a closed loop at speed 1."""
    return 2 * (n - 1)


def fold(u: np.ndarray, n: int) -> np.ndarray:
    """Coordinate 0 to n - 1 of an unfolded one: a triangle wave of period 2(n - 1)."""
    return (n - 1) - np.abs((n - 1) - np.mod(u, period(n)))


def bounced(u: np.ndarray, v: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinate and velocity after one step to `u`, at most n - 1 beyond a border."""
    v = np.where(u < 0, np.abs(v), np.where(u > n - 1, -np.abs(v), v))
    return fold(u, n), v


def phase(x: np.ndarray, v: np.ndarray, n: int) -> np.ndarray:
    """Unfolded coordinate, 0 to 2(n - 1) - 1, of a dot at `x` with velocity `v`."""
    return np.mod(np.where(v > 0, x, -x), period(n))


def loop_number(launch: Launch, n: int) -> np.ndarray:
    """Which closed loop each dot runs through, 0 to 2(n - 1) - 1."""
    return np.mod(phase(launch.x, launch.vx, n) - phase(launch.y, launch.vy, n), period(n))


def is_held_out(launch: Launch, n: int, every: int) -> np.ndarray:
    """Whether each dot's loop is one that training never launches on."""
    if not every:
        return np.zeros(launch.x.shape, bool)
    number = loop_number(launch, n)
    return (number % every == 0) & (number < period(n) - 1)  # never two loops side by side


def launch(p: DotParams, n: int, seed: int, number: int = 0) -> Launch:
    """Launch `number` of all dots: an edge, a place on it, inwards, left or right along it.

    A launch onto a held-out loop is moved along its edge by one pixel, onto the next loop.
    """
    dots = np.arange(p.dots)
    drawn = [uniform_numpy(seed, stream_id(LAUNCH) + k, dots, number) for k in range(3)]
    edge = np.floor(4 * drawn[0]).astype(np.int64)
    along = np.floor(n * drawn[1]).astype(np.int64)
    side = np.where(drawn[2] < 0.5, 1, -1)
    made = from_edge(edge, along, side, p, n)
    beside = along + np.where(along == n - 1, -1, 1)
    held = is_held_out(made, n, p.held_out_every)
    return from_edge(edge, np.where(held, beside, along), side, p, n)


def from_edge(
    edge: np.ndarray, along: np.ndarray, side: np.ndarray, p: DotParams, n: int
) -> Launch:
    """A launch from an edge inwards."""
    across = np.where((edge == LEFT) | (edge == TOP), 0, n - 1)
    inward = np.where((edge == LEFT) | (edge == TOP), p.speed, -p.speed)
    is_x = (edge == LEFT) | (edge == RIGHT)
    return Launch(
        x=np.where(is_x, across, along),
        y=np.where(is_x, along, across),
        vx=np.where(is_x, inward, side * p.speed_t),
        vy=np.where(is_x, side * p.speed_t, inward),
    )


def first_launch(p: DotParams, n: int, seed: int) -> Launch:
    """The launch that a run starts with."""
    start = launch(p, n, seed)
    match p.stimulus:
        case "mirror":
            return start.mirrored(n)
        case "reverse":
            return start.reversed()
    return start


def relaunch_moves(p: DotParams, n: int) -> int:
    """Moves between two launches; 0 for a dot that is launched once."""
    return (p.relaunch_every or period(n)) if p.stimulus == "relaunch" else 0


def off_windows(p: DotParams) -> list[tuple[int, int]]:
    """Steps ``[first, stop)``, counted from 0, during which the input is off."""
    return [(first - 1, last) for first, last in zip(p.off_from, p.off_to, strict=True)]


def input_on(p: DotParams, first_step: int, n_steps: int) -> np.ndarray:
    """Whether the input is on at each step."""
    step = np.arange(first_step, first_step + n_steps)
    off = np.zeros(n_steps, bool)
    for first, stop in off_windows(p):
        off |= (step >= first) & (step < stop)
    return ~off


def dot_path(
    p: DotParams,
    n: int,
    ratio: int,
    n_steps: int,
    seed: int,
    *,
    shown_at_launch: bool,
    start: Launch | None = None,
    ahead: int = 1,
) -> Path:
    """Where the dots are at steps 0 to `n_steps` - 1.

    Parameters
    ----------
    p : DotParams
    n : int
        Pixels a side.
    ratio : int
        Steps per move. Moves are made at the beginning of a step.
    n_steps, seed : int
    shown_at_launch : bool
        Whether step 0 shows the launch; if not, the dots move once before they are seen.
    start : Launch, optional
        Instead of the one that is drawn.
    ahead : int
        Moves from each frame to its target.
    """
    shown = input_on(p, 0, n_steps)
    step = np.arange(n_steps)
    due = (step % ratio == 0) & ((step > 0) | (not shown_at_launch))
    if p.dot_when_off == "stop":
        due &= shown
    move = np.cumsum(due)
    x, y, next_x, next_y = (np.empty((n_steps, p.dots), np.int64) for _ in range(4))
    every = relaunch_moves(p, n)
    number = move // every if every else np.zeros_like(move)
    borders = np.flatnonzero(np.diff(number, prepend=-1, append=-1))
    for first, stop in pairwise(borders):
        here, m = slice(first, stop), number[first]
        at = start if m == 0 and start is not None else None
        at = at or (first_launch(p, n, seed) if m == 0 else launch(p, n, seed, int(m)))
        moved = (move[here] - m * every)[:, None]
        unfolded_x, unfolded_y = phase(at.x, at.vx, n), phase(at.y, at.vy, n)
        x[here] = fold(unfolded_x + np.abs(at.vx) * moved, n)
        y[here] = fold(unfolded_y + np.abs(at.vy) * moved, n)
        next_x[here] = fold(unfolded_x + np.abs(at.vx) * (moved + ahead), n)
        next_y[here] = fold(unfolded_y + np.abs(at.vy) * (moved + ahead), n)
    launched = np.diff(number, prepend=-1) != 0 if every else (move == 0) & (step == 0)
    return Path(x, y, next_x, next_y, shown, move, launched)


def on_loop(number: int, at: int, n: int, speed: int = 1) -> Launch:
    """A dot on closed loop `number`, `at` moves into it, equally fast along both axes."""
    a = (at * speed) % period(n)
    b = (a - number) % period(n)
    x, y = fold(np.array([a, b]), n)
    return Launch.of((x, y, speed if a < n - 1 else -speed, speed if b < n - 1 else -speed))


def together(launches: list[Launch]) -> Launch:
    """Several dots in the place of one each."""
    return Launch(*(np.concatenate(parts) for parts in zip(*map(astuple, launches), strict=True)))


def astuple(start: Launch) -> tuple[np.ndarray, ...]:
    return start.x, start.y, start.vx, start.vy
