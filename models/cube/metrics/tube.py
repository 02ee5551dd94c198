"""The input tube: the cells of the cube that the dot can have reached (causal cone).

A cell at depth z hears of the dot at the earliest z steps later, one layer a step. With
d(t) the dot pixel, a cell is in the tube at step t if the dot stood within `radius` of its
column at some step t - tau, tau in [z, z + reach_back]:

    Tube(t) = {(x, y, z) : exists tau in [z, z + M], max(|x - dx(t - tau)|, |y - dy(t - tau)|) <= R}

While the input is off the dot causes nothing, and before step 0 there was none. With
several dots the tube is the union. Exact, also where the dot comes back to a pixel.

Spikes come as two integer arrays of one length, `index` (lattice index (z*n + y)*n + x) and
`step` (absolute, ascending), as they are recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

STEPS_AT_ONCE = 256  # steps whose visits are held at a time
SPIKES_AT_ONCE = 1_000_000
NEVER = np.int32(-(2**31))  # last visit of a pixel that was not visited


def check_spikes(index, step, n_cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Spikes as two signed integer arrays, shape (n_spikes,), without copying large ones.

    Raises
    ------
    TypeError
        If `index` or `step` are not integers: step numbers are wanted, not times.
    ValueError
        If the shapes differ, a step is negative or smaller than the one before, or a cell is
        outside 0 to `n_cells` - 1.
    """
    index, step = np.asarray(index), np.asarray(step)
    if index.shape != step.shape or step.ndim != 1:
        raise ValueError(f"index {index.shape} and step {step.shape} must be equally long 1-d")
    if step.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if step.dtype.kind not in "iu" or index.dtype.kind not in "iu":
        raise TypeError("index and step must be integers: pass step numbers, not times")
    if index.min() < 0 or index.max() >= n_cells:
        raise ValueError(f"index must be 0 to {n_cells - 1}, got {index.min()} to {index.max()}")
    if step[0] < 0 or np.any(step[1:] < step[:-1]):
        raise ValueError("step must be ascending from 0 on")
    return _signed(index), _signed(step)


def _signed(values):
    return values if values.dtype in (np.int32, np.int64) else values.astype(np.int64)


def first_spike_of(step, *steps: int) -> list[int]:
    """Number of the first spike at or after each of `steps`, in ascending steps (n_spikes,)."""
    # In the dtype of `step`: any other would copy all of it at every call.
    return [int(at) for at in np.searchsorted(step, np.array(steps, dtype=step.dtype))]


def spike_slices(step, first: int, stop: int, at_most: int | None = None) -> Iterator[slice]:
    """Slices of the spikes of steps `first` to `stop` - 1, each of at most `at_most` spikes."""
    begin, end = first_spike_of(step, first, stop)
    at_most = SPIKES_AT_ONCE if at_most is None else at_most
    for at in range(begin, end, at_most):
        yield slice(at, min(at + at_most, end))


def chunks(first: int, stop: int, n_steps: int) -> Iterator[tuple[int, int]]:
    """Consecutive ranges [a, b) of at most `n_steps` that make up [first, stop)."""
    for a in range(first, stop, n_steps):
        yield a, min(a + n_steps, stop)


@dataclass(frozen=True, eq=False)
class Tube:
    """Causal cone of K dots on an n x n image in a cube of `depth` layers.

    Raises
    ------
    TypeError
        If a coordinate is not an integer.
    ValueError
        If a size is out of range, the shapes disagree, or a dot that is shown lies outside
        the image. Coordinates of steps that are not shown are not looked at.
    """

    n: int  # pixels per side
    depth: int  # layers L
    radius: int  # R, pixels
    reach_back: int  # M, steps
    dot_x: np.ndarray  # (n_steps, K) column of every dot, from step 0 on
    dot_y: np.ndarray  # (n_steps, K) row
    shown: np.ndarray  # (n_steps,) bool; False while the input is off

    def __post_init__(self):
        for name in ("dot_x", "dot_y", "shown"):
            object.__setattr__(self, name, np.asarray(getattr(self, name)))
        for name, least in (("n", 1), ("depth", 1), ("radius", 0), ("reach_back", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        x, y, shown = self.dot_x, self.dot_y, self.shown
        if x.ndim != 2 or x.shape != y.shape or shown.shape != x.shape[:1]:
            raise ValueError(
                f"dot_x {x.shape} and dot_y {y.shape} must be (n_steps, K) and "
                f"shown {shown.shape} (n_steps,)"
            )
        if x.dtype.kind not in "iu" or y.dtype.kind not in "iu" or shown.dtype != bool:
            raise TypeError("dot_x and dot_y must be integers and shown boolean")
        seen = np.stack([x[shown], y[shown]])
        if seen.size and (seen.min() < 0 or seen.max() >= self.n):
            raise ValueError(f"a dot that is shown must lie in 0 to {self.n - 1}")

    @property
    def n_cells(self) -> int:
        """Cells of the cube, N."""
        return self.n * self.n * self.depth

    @property
    def n_steps(self) -> int:
        """Steps of which the path is known; the tube is defined for 0 to `n_steps` - 1."""
        return len(self.shown)

    def inside(self, index, step) -> np.ndarray:
        """Whether each spike lies in the tube, bool, shape (n_spikes,).

        Parameters
        ----------
        index, step : ndarray of int, shape (n_spikes,)
            Lattice index and absolute step, ascending; any first step.

        Raises
        ------
        TypeError, ValueError
            As `check_spikes`, and for a step beyond the path.
        """
        index, step = check_spikes(index, step, self.n_cells)
        within = np.zeros(step.size, dtype=bool)
        if step.size == 0:
            return within
        if step[-1] >= self.n_steps:
            raise ValueError(f"step {step[-1]} is beyond the path of {self.n_steps} steps")
        for a, b in chunks(int(step[0]), int(step[-1]) + 1, STEPS_AT_ONCE):
            parts = list(spike_slices(step, a, b))
            oldest = a - (self.depth - 1) - self.reach_back
            last_visit = self._last_visit(oldest, b) if parts else None
            for part in parts:
                z, pixel = np.divmod(index[part], self.n * self.n)
                y, x = np.divmod(pixel, self.n)
                heard = step[part] - z
                within[part] = last_visit[heard - oldest, y, x] >= heard - self.reach_back
        return within

    def sizes(self, first: int, stop: int) -> np.ndarray:
        """Cells in the tube at steps `first` to `stop` - 1, int, shape (stop - first,).

        The layer at depth z holds as many as there were pixels visited in [u - M, u], u = t - z.

        Raises
        ------
        ValueError
            Unless 0 <= first <= stop <= n_steps.
        """
        if not 0 <= first <= stop <= self.n_steps:
            raise ValueError(f"steps {first} to {stop} are not within 0 to {self.n_steps}")
        deepest = first - (self.depth - 1)
        visited = np.zeros(stop - deepest + 1, dtype=np.int64)  # one zero ahead of the sums
        for a, b in chunks(deepest, stop, STEPS_AT_ONCE):
            last_visit = self._last_visit(a - self.reach_back, b)[self.reach_back :]
            recent = last_visit >= np.arange(a, b)[:, None, None] - self.reach_back
            visited[a - deepest + 1 : b - deepest + 1] = recent.sum(axis=(1, 2))
        running = np.cumsum(visited)
        return running[self.depth :] - running[: running.size - self.depth]

    def chance(self, first: int, stop: int) -> float:
        """Mean share of the cube in the tube, c: the chance level; NaN without a step."""
        sizes = self.sizes(first, stop)
        return float(sizes.sum() / (sizes.size * self.n_cells)) if sizes.size else np.nan

    def _last_visit(self, first: int, stop: int) -> np.ndarray:
        """Last step of [first, u] at which the dot was near, shape (stop - first, n, n).

        Row u - first holds it for every pixel; `NEVER` where there was none.
        """
        side = self.n + 2 * self.radius  # a margin takes what hangs over the image
        last = np.full((stop - first, side, side), NEVER)
        begin = max(first, 0)
        u = begin + np.flatnonzero(self.shown[begin : max(stop, 0)])
        offset = np.arange(2 * self.radius + 1)
        when = u[:, None, None, None]
        y = self.dot_y[u][:, :, None, None] + offset[:, None]
        x = self.dot_x[u][:, :, None, None] + offset
        last[when - first, y, x] = when
        np.maximum.accumulate(last, axis=0, out=last)
        return last[:, self.radius : self.radius + self.n, self.radius : self.radius + self.n]
