"""Whether the activity of the cube follows the input: focus metrics, and what is left without it.

A spike is *input-locked* if it lies in the tube of the dot. Of the others, a spike is part of
a *wave* if a presynaptic cell fired one step before, else *spontaneous*; the three fractions
add up to 1. Counts come first (`count_spikes`, additive over blocks of steps) and ratios
after (`focus`), so that a run of any length is measured in bounded memory.

Undefined is NaN, never a stand-in: without a spike there is no input-locked fraction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from scipy.sparse import csr_array

from models.cube.metrics.tube import Tube, check_spikes, chunks, first_spike_of, spike_slices
from models.cube.metrics.verdict import LARGEST_CHANCE

FIRING_BAND = (0.001, 0.25)  # spikes per cell and step, in the tube
MIN_SPIKES_PER_MOVE = 0.5  # of a layer that is reached
MIN_LAYER_ILF = 0.5
N_BLOCKS = 12  # per side of the image, for the input correlation
BIN_STEPS = 8
MAX_LAG_STEPS = 160
SURVIVAL_STEPS = (200, 1000)  # after the removal of the input
QUIET_STEPS = 20  # silence after which the activity counts as ended
LINKS_AT_ONCE = 2_000_000
TABLE_CELLS = 16_000_000  # cells times steps of a table of booleans


def share(part, whole):
    """`part` / `whole` as float, shape kept; NaN where `whole` is zero."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    out = np.full(np.broadcast(part, whole).shape, np.nan)
    out = np.divide(part, whole, out=out, where=whole != 0)
    return out if out.ndim else float(out)


def link_matrix(pre, post, n_cells: int) -> csr_array:
    """Links as a sparse boolean matrix (pre, post), shape (n_cells, n_cells).

    Parameters
    ----------
    pre, post : ndarray of int, shape (n_links,)
        Lattice index of the sending and the receiving cell. Every link counts, whatever its
        weight: leave out those of weight 0.

    Raises
    ------
    ValueError
        If the lengths differ or a cell is outside 0 to `n_cells` - 1.
    """
    pre, post = np.asarray(pre), np.asarray(post)
    if pre.shape != post.shape or pre.ndim != 1:
        raise ValueError(f"pre {pre.shape} and post {post.shape} must be equally long 1-d")
    if pre.size and not (0 <= min(pre.min(), post.min()) and max(pre.max(), post.max()) < n_cells):
        raise ValueError(f"cells of links must be 0 to {n_cells - 1}")
    return csr_array((np.ones(pre.size, dtype=bool), (pre, post)), shape=(n_cells, n_cells))


def received(index, step, links: csr_array) -> np.ndarray:
    """Whether a presynaptic cell of each spike fired one step before, bool, shape (n_spikes,).

    Parameters
    ----------
    index, step : ndarray of int, shape (n_spikes,)
        All spikes, steps ascending. The spikes of the very first step have no step before.
    links : csr_array of bool, shape (n_cells, n_cells)
        From `link_matrix`.
    """
    n_cells = links.shape[0]
    index, step = check_spikes(index, step, n_cells)
    reached = np.zeros(step.size, dtype=bool)
    if step.size == 0:
        return reached
    degree = np.diff(links.indptr)
    at_most = max(1, LINKS_AT_ONCE // max(1, int(degree.max(initial=1))))
    first, stop = int(step[0]), int(step[-1]) + 1
    table = np.zeros((min(stop - first, max(1, TABLE_CELLS // n_cells)), n_cells), dtype=bool)
    for a, b in chunks(first, stop, len(table)):
        table[: b - a] = False
        for part in spike_slices(step, a - 1, b - 1, at_most):
            # A row of the matrix per spike, one after the other: its targets, one step later.
            row = np.repeat(step[part] + 1 - a, degree[index[part]])
            table[row, links[index[part]].indices] = True
        for part in spike_slices(step, a, b):
            reached[part] = table[step[part] - a, index[part]]
    return reached


@dataclass(frozen=True, eq=False)
class SpikeCounts:
    """Spikes of a range of steps by kind; counts of consecutive ranges can be added."""

    n_steps: int
    n_cells: int
    tube_size: int  # cells in the tube, summed over the steps
    layer_inside: np.ndarray  # (depth,) spikes in the tube
    layer_outside: np.ndarray  # (depth,) spikes outside
    n_wave: int  # outside, a presynaptic cell fired one step before
    n_spontaneous: int  # outside, none did

    def __add__(self, other: SpikeCounts) -> SpikeCounts:
        if self.n_cells != other.n_cells or len(self.layer_inside) != len(other.layer_inside):
            raise ValueError("only counts of the same cube can be added")
        both = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return SpikeCounts(**both | {"n_cells": self.n_cells})


def count_spikes(tube: Tube, links: csr_array, index, step, first: int, stop: int) -> SpikeCounts:
    """Sort the spikes of steps `first` to `stop` - 1 into locked, wave and spontaneous.

    Parameters
    ----------
    tube : Tube
    links : csr_array of bool, shape (n_cells, n_cells)
        From `link_matrix`.
    index, step : ndarray of int, shape (n_spikes,)
        Spikes, steps ascending. They must include those of step `first` - 1, which tell the
        waves of step `first`; others before and after are not looked at.
    """
    index, step = check_spikes(index, step, tube.n_cells)
    tube_size = int(tube.sizes(first, stop).sum())
    before, begin, end = first_spike_of(step, first - 1, first, stop)
    inside = tube.inside(index[begin:end], step[begin:end])
    moved = received(index[before:end], step[before:end], links)[begin - before :]
    outside, per_layer = ~inside, tube.n * tube.n
    layer_inside, layer_all = np.zeros((2, tube.depth), dtype=np.int64)
    for part in spike_slices(step, first, stop):
        z, own = index[part] // per_layer, slice(part.start - begin, part.stop - begin)
        layer_inside += np.bincount(z[inside[own]], minlength=tube.depth)
        layer_all += np.bincount(z, minlength=tube.depth)
    return SpikeCounts(
        n_steps=stop - first,
        n_cells=tube.n_cells,
        tube_size=tube_size,
        layer_inside=layer_inside,
        layer_outside=layer_all - layer_inside,
        n_wave=int(np.count_nonzero(outside & moved)),
        n_spontaneous=int(np.count_nonzero(outside & ~moved)),
    )


@dataclass(frozen=True, eq=False)
class Focus:
    """How far the activity follows the input; rates are spikes per cell and step."""

    n_steps: int
    n_spikes: int
    chance: float  # c, mean share of the cube in the tube
    ilf: float  # input-locked fraction
    ili: float  # input-locked index, (ILF - c)/(1 - c)
    ili_is_meaningful: bool  # c is at most 0.3
    wave_index: float
    spontaneous_fraction: float  # ilf + wave_index + spontaneous_fraction = 1
    rate: float  # of the whole cube
    in_tube_rate: float
    out_tube_rate: float
    in_firing_band: bool  # the rate in the tube is 0.001 to 0.25; False where it is undefined
    reach: float  # deepest layer reached; NaN if none is
    spikes_per_move: np.ndarray  # (depth,)
    layer_ilf: np.ndarray  # (depth,) input-locked fraction; NaN in a silent layer


def focus(counts: SpikeCounts, ratio: int) -> Focus:
    """Focus metrics from counts of spikes.

    A layer is reached with at least 0.5 spikes per dot move (`ratio` steps) of which at least
    half lie in the tube; the layers before it need not be.
    """
    n_inside, n_outside = int(counts.layer_inside.sum()), int(counts.layer_outside.sum())
    n_spikes, cell_steps = n_inside + n_outside, counts.n_steps * counts.n_cells
    layer = counts.layer_inside + counts.layer_outside
    per_move, layer_ilf = share(layer * ratio, counts.n_steps), share(counts.layer_inside, layer)
    # Comparisons with NaN are False: a silent layer is not reached.
    reached = np.flatnonzero((per_move >= MIN_SPIKES_PER_MOVE) & (layer_ilf >= MIN_LAYER_ILF))
    chance = share(counts.tube_size, cell_steps)
    ilf = share(n_inside, n_spikes)
    in_tube_rate = share(n_inside, counts.tube_size)
    return Focus(
        n_steps=counts.n_steps,
        n_spikes=n_spikes,
        chance=chance,
        ilf=ilf,
        ili=share(ilf - chance, 1 - chance),
        ili_is_meaningful=bool(chance <= LARGEST_CHANCE),
        wave_index=share(counts.n_wave, n_spikes),
        spontaneous_fraction=share(counts.n_spontaneous, n_spikes),
        rate=share(n_spikes, cell_steps),
        in_tube_rate=in_tube_rate,
        out_tube_rate=share(n_outside, cell_steps - counts.tube_size),
        in_firing_band=bool(FIRING_BAND[0] <= in_tube_rate <= FIRING_BAND[1]),
        reach=float(reached[-1]) if reached.size else np.nan,
        spikes_per_move=per_move,
        layer_ilf=layer_ilf,
    )


def _dot_in_blocks(tube: Tube, first: int, n_bins: int, n_blocks: int) -> np.ndarray:
    """Steps a dot is shown in every image block and bin, shape (n_bins, n_blocks**2).

    Bins of 8 steps from `first` on, which may lie before step 0, where there was no dot.
    """
    begin, stop = max(first, 0), max(first + n_bins * BIN_STEPS, 0)
    step = begin + np.flatnonzero(tube.shown[begin:stop])
    row, column = tube.dot_y[step] * n_blocks // tube.n, tube.dot_x[step] * n_blocks // tube.n
    key = ((step - first) // BIN_STEPS)[:, None] * n_blocks**2 + row * n_blocks + column
    return np.bincount(key.ravel(), minlength=n_bins * n_blocks**2).reshape(n_bins, -1)


def _spikes_in_blocks(tube: Tube, index, step, first: int, n_bins: int, n_blocks: int):
    """Spikes of all layers in every image block and bin, shape (n_bins, n_blocks**2)."""
    count = np.zeros(n_bins * n_blocks**2, dtype=np.int64)
    for part in spike_slices(step, first, first + n_bins * BIN_STEPS):
        y, x = np.divmod(index[part] % (tube.n * tube.n), tube.n)
        block = y * n_blocks // tube.n * n_blocks + x * n_blocks // tube.n
        key = (step[part] - first) // BIN_STEPS * n_blocks**2 + block
        count += np.bincount(key, minlength=count.size)
    return count.reshape(n_bins, -1)


def _pearson_over_time(a, b) -> float:
    """Correlation of two arrays (n_bins, n_blocks) without the mean over time of each block."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return share((a * b).sum(), np.sqrt((a * a).sum() * (b * b).sum()))


def input_correlation(tube: Tube, index, step, first: int, stop: int) -> tuple[float, float]:
    """Correlation of the spikes with the place of the dot, and the lag in steps at which.

    Spikes of all layers and steps of dot occupancy are counted in 12 x 12 blocks of the image
    and bins of 8 steps; the mean over time of each block is removed. The best of the lags 0
    to 160 steps, in steps of a bin, the shortest of equals. Both NaN if nothing varies.
    """
    index, step = check_spikes(index, step, tube.n_cells)
    n_bins, n_blocks = (stop - first) // BIN_STEPS, min(N_BLOCKS, tube.n)
    if n_bins < 2:
        return np.nan, np.nan
    spikes = _spikes_in_blocks(tube, index, step, first, n_bins, n_blocks)
    # The dot before the window counts too, so that every lag is judged on the same spikes.
    n_lags = MAX_LAG_STEPS // BIN_STEPS
    dot = _dot_in_blocks(tube, first - MAX_LAG_STEPS, n_bins + n_lags, n_blocks)
    r = [_pearson_over_time(spikes, dot[n_lags - lag :][:n_bins]) for lag in range(n_lags + 1)]
    if np.isnan(r).all():
        return np.nan, np.nan
    best = int(np.nanargmax(r))
    return r[best], float(best * BIN_STEPS)


def spikes_per_step(step, first: int, stop: int) -> np.ndarray:
    """Spikes of every step from `first` to `stop` - 1, int, shape (stop - first,)."""
    count = np.zeros(stop - first, dtype=np.int64)
    step = np.asarray(step)
    if step.size:
        for part in spike_slices(step, first, stop):
            count += np.bincount(step[part] - first, minlength=count.size)
    return count


def survival(after_removal, input_on, window: tuple[int, int] = SURVIVAL_STEPS) -> float:
    """Activity left without the input, S: mean rate after removal over that with input.

    Parameters
    ----------
    after_removal, input_on : ndarray of int, shape (n_steps,)
        Spikes of every step since the removal, and of the same steps of the same network with
        the input left on.
    window : (int, int)
        Steps since the removal that are averaged.

    Returns
    -------
    float
        NaN if either record ends before the window does, or the input drives no spike.
    """
    first, stop = window
    if min(len(after_removal), len(input_on)) < stop:
        return np.nan
    return share(np.sum(after_removal[first:stop]), np.sum(input_on[first:stop]))


def extinction(after_removal) -> tuple[float, bool]:
    """Steps until the last spike after removal, T_ext, and whether that is final.

    `after_removal` holds the spikes of every step since the removal, shape (n_steps,). The
    first step without input is step 1, so 0 means that no spike came at all. The activity
    counts as ended if the record goes on for 20 silent steps; if it does not, the first value
    is a lower bound and the second False.
    """
    after_removal = np.asarray(after_removal)
    fired = np.flatnonzero(after_removal)
    last = int(fired[-1]) + 1 if fired.size else 0
    return float(last), bool(after_removal.size - last >= QUIET_STEPS)


@dataclass(eq=False)
class Activity:
    """Series over a whole run, in bins of steps; fed block by block, however it is cut.

    All arrays grow with the bins seen; the last bin may be partly filled (`steps`).
    """

    n_cells: int
    bin_steps: int
    n_done: int  # steps fed so far; the next block starts here
    steps: np.ndarray  # (n_bins,) steps of the bin that were fed
    tube_size: np.ndarray  # (n_bins,) cells in the tube, summed over the steps
    inside: np.ndarray  # (n_bins,) spikes in the tube
    outside: np.ndarray  # (n_bins,) spikes outside
    layers: np.ndarray  # (n_bins, depth) spikes

    @classmethod
    def empty(cls, n: int, depth: int, bin_steps: int) -> Activity:
        """Before the first step."""
        if bin_steps < 1:
            raise ValueError(f"bin_steps must be at least 1, got {bin_steps}")
        series = (np.zeros(0, dtype=np.int64) for _ in range(4))
        layers = np.zeros((0, depth), dtype=np.int64)
        return cls(n * n * depth, bin_steps, 0, *series, layers)

    def feed(self, tube: Tube, index, step, stop: int) -> None:
        """Count the spikes of the next block, steps `n_done` to `stop` - 1.

        Raises
        ------
        ValueError
            If the tube is of another cube or its path too short, `stop` lies before `n_done`,
            or a spike lies outside the block.
        """
        first, depth = self.n_done, self.layers.shape[1]
        if (tube.n_cells, tube.depth) != (self.n_cells, depth):
            raise ValueError("the tube belongs to a cube of another size")
        index, step = check_spikes(index, step, self.n_cells)
        if step.size and not first <= step[0] <= step[-1] < stop:
            raise ValueError(f"spikes of steps {step[0]} to {step[-1]} in block {first} to {stop}")
        sizes = tube.sizes(first, stop)
        self._grow(-(-stop // self.bin_steps))
        n_bins, which = len(self.steps), np.arange(first, stop) // self.bin_steps
        self.steps += np.bincount(which, minlength=n_bins)
        np.add.at(self.tube_size, which, sizes)
        for part in spike_slices(step, first, stop) if step.size else ():
            self._count(tube, index[part], step[part])
        self.n_done = stop

    def _grow(self, n_bins: int) -> None:
        for name in ("steps", "tube_size", "inside", "outside", "layers"):
            series = getattr(self, name)
            more = np.zeros((n_bins - len(series), *series.shape[1:]), dtype=np.int64)
            setattr(self, name, np.concatenate([series, more]))

    def _count(self, tube: Tube, index, step) -> None:
        n_bins, depth = self.layers.shape
        which, inside = step // self.bin_steps, tube.inside(index, step)
        self.inside += np.bincount(which[inside], minlength=n_bins)
        self.outside += np.bincount(which[~inside], minlength=n_bins)
        begin = int(which[0])  # a block fills few of the bins of a long run
        key = (which - begin) * depth + index // (tube.n * tube.n)
        filled = np.bincount(key, minlength=(int(which[-1]) - begin + 1) * depth)
        self.layers[begin : int(which[-1]) + 1] += filled.reshape(-1, depth)

    @property
    def rate(self) -> np.ndarray:
        """Spikes per cell and step, shape (n_bins,)."""
        return share(self.inside + self.outside, self.steps * self.n_cells)

    @property
    def in_tube_rate(self) -> np.ndarray:
        """Spikes per cell of the tube and step, shape (n_bins,); NaN without a tube."""
        return share(self.inside, self.tube_size)

    @property
    def out_tube_rate(self) -> np.ndarray:
        """Spikes per cell outside the tube and step, shape (n_bins,)."""
        return share(self.outside, self.steps * self.n_cells - self.tube_size)

    @property
    def ili(self) -> np.ndarray:
        """Input-locked index, shape (n_bins,); NaN in a bin without spikes."""
        chance = share(self.tube_size, self.steps * self.n_cells)
        return share(share(self.inside, self.inside + self.outside) - chance, 1 - chance)

    def arrays(self) -> dict[str, np.ndarray]:
        """State by name, to be saved; `from_arrays` takes it back."""
        return {f.name: np.array(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Activity:
        """The accumulator that gave `arrays()`; other names in the mapping are left alone."""
        names = [f.name for f in fields(cls)]
        missing = [name for name in names if name not in arrays]
        if missing:
            raise ValueError(f"arrays of the activity lack {', '.join(missing)}")
        state = {name: np.array(arrays[name]) for name in names}
        scalars = {name: int(state[name]) for name in ("n_cells", "bin_steps", "n_done")}
        return cls(**state | scalars)
