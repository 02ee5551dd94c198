"""How good the output is: overlap with the target, learning times, lags, recall.

Output spikes come as two integer arrays, `pixel` (p = y*n + x) and `step` (ascending). A
target is one pixel per dot and step, `target_x` and `target_y` of shape (n_steps, K), -1
where a dot has none; dots on one pixel are one pixel of the target. The overlap of two sets
of pixels is IoU = |O and Y| / |O or Y|. Two empty sets have none: NaN, left out of every
mean and counted, or silence would look like success.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from models.cube.metrics.focus import share
from models.cube.metrics.tube import check_spikes, chunks, spike_slices

PIXELS_AT_ONCE = 4_000_000  # pixels times steps of a table of booleans
LEVELS = (0.5, 0.8, 0.9)  # of the mean IoU, for the learning times
LEARNING_STEPS = 50
IOU_STEPS = 100  # window of the IoU at the end of a run
MAX_LAG_STEPS = 200
HIT_RADIUS = 1  # pixels
RECALL_STEPS = 10
TIMES_CHANCE = 5


def plane_spikes(index, step, n: int, z: int) -> tuple[np.ndarray, np.ndarray]:
    """Spikes of layer `z` of a cube as pixel and step, of lattice indices (z*n + y)*n + x."""
    index, step = np.asarray(index), np.asarray(step)
    begin = z * n * n
    own = (index >= begin) & (index < begin + n * n)
    return index[own] - begin, step[own]


def target_pixels(target_x, target_y, n: int) -> np.ndarray:
    """Pixel of every dot and step, int, shape (n_steps, K); -1 for none and for a repeated one.

    Raises
    ------
    ValueError
        If the shapes are not (n_steps, K), a pixel lies outside the image, or only one of
        its coordinates is -1.
    """
    x, y = np.asarray(target_x), np.asarray(target_y)
    if x.ndim != 2 or x.shape != y.shape:
        raise ValueError(f"target_x {x.shape} and target_y {y.shape} must be (n_steps, K)")
    if x.dtype.kind not in "iu" or y.dtype.kind not in "iu":
        raise TypeError("target_x and target_y must be integers")
    if x.size and (min(x.min(), y.min()) < -1 or max(x.max(), y.max()) >= n):
        raise ValueError(f"targets must lie in 0 to {n - 1}, or be -1 for none")
    if np.any((x < 0) != (y < 0)):
        raise ValueError("a target needs both coordinates, or -1 for both")
    pixel = np.where(x < 0, -1, y.astype(np.int64) * n + x)
    for k in range(1, pixel.shape[1]):
        repeated = (pixel[:, :k] == pixel[:, k : k + 1]).any(axis=1)
        pixel[repeated, k] = -1
    return pixel


def _fired(pixel, row, first: int, stop: int, n_pixels: int) -> np.ndarray:
    """Whether a pixel fired in a row (step or move), bool, shape (stop - first, n_pixels)."""
    fired = np.zeros((stop - first, n_pixels), dtype=bool)
    for part in spike_slices(row, first, stop):
        fired[row[part] - first, pixel[part]] = True
    return fired


def _rows_at_once(n_pixels: int) -> int:
    return max(1, PIXELS_AT_ONCE // n_pixels)


def _among(fired, target) -> np.ndarray:
    """Whether each target (n_rows, K) is among the pixels `fired` of its row; -1 never is."""
    return fired[np.arange(len(fired))[:, None], target] & (target >= 0)


@dataclass(frozen=True, eq=False)
class Overlap:
    """Overlap of output and target in every row (step or move)."""

    iou: np.ndarray  # (n_rows,) NaN where both are empty
    n_output: np.ndarray  # (n_rows,) pixels that fired
    n_target: np.ndarray  # (n_rows,) target pixels

    @property
    def n_undefined(self) -> int:
        """Rows in which both were empty."""
        return int(np.isnan(self.iou).sum())

    @property
    def mean(self) -> float:
        """Mean over the rows that are defined; NaN if none is."""
        return defined_mean(self.iou)


def defined_mean(values) -> float:
    """Mean of what is not NaN; NaN of nothing."""
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else np.nan


def step_iou(pixel, step, target_x, target_y, n: int) -> Overlap:
    """IoU of the output with the target at every step.

    Parameters
    ----------
    pixel, step : ndarray of int, shape (n_spikes,)
        Output spikes, steps ascending; those beyond the targets are left out.
    target_x, target_y : ndarray of int, shape (n_steps, K)
    n : int
        Pixels per side.
    """
    pixel, step = check_spikes(pixel, step, n * n)
    target = target_pixels(target_x, target_y, n)
    n_output, n_both = np.zeros((2, len(target)), dtype=np.int64)
    for a, b in chunks(0, len(target), _rows_at_once(n * n)):
        fired = _fired(pixel, step, a, b, n * n)
        n_output[a:b] = fired.sum(axis=1)
        n_both[a:b] = _among(fired, target[a:b]).sum(axis=1)
    n_target = (target >= 0).sum(axis=1)
    return Overlap(share(n_both, n_output + n_target - n_both), n_output, n_target)


def running_mean(values, width: int) -> np.ndarray:
    """Mean of the last `width` values, shape kept; undefined ones are left out.

    NaN before `width` values have passed, and where none of them is defined.
    """
    values = np.asarray(values, dtype=float)
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    out = np.full(values.size, np.nan)
    if values.size >= width:
        windows = np.lib.stride_tricks.sliding_window_view
        defined = ~np.isnan(values)
        total = windows(np.where(defined, values, 0.0), width).sum(axis=1)
        out[width - 1 :] = share(total, windows(defined, width).sum(axis=1))
    return out


def learning_times(iou) -> dict[float, float]:
    """Steps until the 50-step mean IoU first reaches each of `LEVELS`: a dict level -> steps.

    Counted from the first value of `iou` (n_steps,), so at least 50; NaN if never.
    """
    mean = running_mean(iou, LEARNING_STEPS)
    times = {}
    for level in LEVELS:
        reached = np.flatnonzero(mean >= level)
        times[level] = float(reached[0] + 1) if reached.size else np.nan
    return times


def relearning_speed_up(iou, off: int, on: int) -> float:
    """Time to a mean IoU of 0.8 at first over the time to it after a pause of the input.

    `iou` (n_steps,) is the whole run; `off` is the first step without input, `on` the first
    one with input again. Both times are counted from the start of their part and take at
    least one window of 50 steps. NaN if the level is not reached in either.
    """
    if not 0 <= off <= on <= len(iou):
        raise ValueError(f"pause {off} to {on} is not within the {len(iou)} steps")
    return share(learning_times(iou[:off])[0.8], learning_times(iou[on:])[0.8])


def chance_iou(n_output, n_target, n_pixels: int) -> np.ndarray:
    """Expected IoU of as many pixels drawn at random, shape kept; NaN where both are empty.

    The overlap of a random set with the target is hypergeometric.
    """
    sizes = np.stack(np.broadcast_arrays(n_output, n_target), axis=-1)
    pairs, which = np.unique(sizes.reshape(-1, 2), axis=0, return_inverse=True)
    a, b = pairs.T
    expected = np.where(a + b > 0, 0.0, np.nan)
    for h in range(1, int(pairs.min(axis=1).max(initial=0)) + 1):
        ok = (h <= a) & (h <= b) & (h >= a + b - n_pixels)
        x, y = a[ok], b[ok]
        log_p = _log_choose(y, h) + _log_choose(n_pixels - y, x - h) - _log_choose(n_pixels, x)
        expected[ok] += np.exp(log_p) * h / (x + y - h)
    return expected[which.ravel()].reshape(sizes.shape[:-1])


def _log_choose(n, k):
    return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)


def copy_iou(frame_x, frame_y, n: int, horizon: int = 1) -> float:
    """Mean IoU of each frame with the one `horizon` frames later: the score of a plain copy.

    `frame_x`, `frame_y` of shape (n_frames, K), one row a frame, -1 for no dot.
    """
    if horizon < 1:
        raise ValueError(f"horizon must be at least 1, got {horizon}")
    frame = target_pixels(frame_x, frame_y, n)
    now, later = frame[:-horizon], frame[horizon:]
    same = (now[:, :, None] == later[:, None, :]) & (now >= 0)[:, :, None]
    n_both = same.sum(axis=(1, 2))
    n_either = (now >= 0).sum(axis=1) + (later >= 0).sum(axis=1) - n_both
    return defined_mean(share(n_both, n_either))


@dataclass(frozen=True, eq=False)
class Hits:
    """Dots that were hit and output pixels that lie at a dot, within a radius (max norm)."""

    hit_rate: float  # hit targets over all targets
    hit_rate_of_dot: np.ndarray  # (K,) the same of each dot; NaN without a target
    precision: float  # output pixels near a target over all output pixels


def hits(pixel, row, target_x, target_y, n: int, radius: int = 0, first: int = 0) -> Hits:
    """Hit rate of every dot and precision of the output over rows (steps or moves).

    Parameters
    ----------
    pixel, row : ndarray of int, shape (n_spikes,)
        Output spikes, rows ascending.
    target_x, target_y : ndarray of int, shape (n_rows, K)
        Dots on one pixel are hit together. Output in a row without a target is imprecise.
    radius : int
        Pixels by which both coordinates may be off.
    first : int
        First row that counts.
    """
    pixel, row = check_spikes(pixel, row, n * n)
    target_pixels(target_x, target_y, n)  # checks; here a repeated dot keeps its pixel
    x, y = np.asarray(target_x), np.asarray(target_y)
    given, hit = x >= 0, np.zeros(x.shape, dtype=bool)
    n_near = n_output = 0
    for a, b in chunks(first, len(x), _rows_at_once(n * n)):
        fired = np.zeros((b - a, n + 2 * radius, n + 2 * radius), dtype=bool)
        inner = slice(radius, radius + n)
        fired[:, inner, inner] = _fired(pixel, row, a, b, n * n).reshape(-1, n, n)
        around = _neighbourhoods(x[a:b], y[a:b], radius)
        hit[a:b] = fired[around].any(axis=(2, 3)) & given[a:b]
        near = np.zeros_like(fired)
        near[tuple(part[given[a:b]] for part in np.broadcast_arrays(*around))] = True
        n_near += int((fired & near).sum())
        n_output += int(fired.sum())
    n_hit, n_given = hit[first:].sum(axis=0), given[first:].sum(axis=0)
    return Hits(share(n_hit.sum(), n_given.sum()), share(n_hit, n_given), share(n_near, n_output))


def _neighbourhoods(x, y, radius: int):
    """Indices (row, y, x) of the square around every target, in an image with that margin."""
    offset = np.arange(2 * radius + 1)
    row = np.arange(len(x))[:, None, None, None]
    return row, y[:, :, None, None] + offset[:, None], x[:, :, None, None] + offset


@dataclass(frozen=True, eq=False)
class LaggedOverlap:
    """Output of a cube against the dot of some moves before."""

    iou_of_lag: np.ndarray  # (n_lags,) mean over the moves, lags 0, 1, ... moves; NaN if undefined
    best_iou: float
    best_lag: float  # moves; the shortest of equals; NaN if no lag is defined
    expected_lag: int  # moves, floor((L - 1)/ratio): one layer a step
    n_undefined: int  # moves without output and target at the best lag
    hit_rate: float  # within radius 1 at the best lag, as the next two
    hit_rate_of_dot: np.ndarray  # (K,)
    precision: float


def expected_lag(depth: int, ratio: int) -> int:
    """Moves that the input takes to the back plane, at one layer a step."""
    return (depth - 1) // ratio


def lagged_iou(
    pixel,
    step,
    move_x,
    move_y,
    n: int,
    *,
    ratio: int,
    depth: int,
    group: int = 1,
    first_move: int = 0,
) -> LaggedOverlap:
    """IoU of the back plane during each move with the dot of every earlier move.

    O_k, the pixels that fired in steps k*ratio to (k + 1)*ratio - 1, is compared with the dot
    pixels of move k - l, for l = 0 to 200 // ratio, and averaged over the moves.

    Parameters
    ----------
    pixel, step : ndarray of int, shape (n_spikes,)
        Spikes of the back plane (`plane_spikes`), steps ascending from step 0 of the run.
    move_x, move_y : ndarray of int, shape (n_moves, K)
        Dots during every move from step 0 on; -1 while the input is off.
    n : int
        Pixels per side.
    ratio, depth : int
        Steps per move, and layers of the cube.
    group : int
        Side of the groups: above 1, both maps are reduced to n/group x n/group, and the
        radius of a hit is one group.
    first_move : int
        First k that counts; earlier dots still serve as targets.

    Raises
    ------
    ValueError
        If `group` does not divide `n`, and as `check_spikes` and `target_pixels`.
    """
    pixel, step = check_spikes(pixel, step, n * n)
    target_pixels(move_x, move_y, n)
    pixel, x, y, side = _reduced(pixel, np.asarray(move_x), np.asarray(move_y), n, group)
    target = target_pixels(x, y, side)
    move, lags = step // ratio, range(MAX_LAG_STEPS // ratio + 1)
    total, n_defined, n_undefined = np.zeros((3, len(lags)))
    for a, b in chunks(first_move, len(target), _rows_at_once(side * side)):
        fired = _fired(pixel, move, a, b, side * side)
        for lag in lags:
            iou = _iou_at_lag(fired[max(lag - a, 0) :], target, max(a, lag) - lag)
            total[lag] += np.nansum(iou)
            n_defined[lag] += np.count_nonzero(~np.isnan(iou))
            n_undefined[lag] += np.count_nonzero(np.isnan(iou))
    iou_of_lag = share(total, n_defined)
    is_defined = not np.isnan(iou_of_lag).all()
    best = int(np.nanargmax(iou_of_lag)) if is_defined else 0
    near = hits(
        pixel, move, _later(x, best), _later(y, best), side, HIT_RADIUS, max(first_move, best)
    )
    return LaggedOverlap(
        iou_of_lag=iou_of_lag,
        best_iou=float(iou_of_lag[best]),
        best_lag=float(best) if is_defined else np.nan,
        expected_lag=expected_lag(depth, ratio),
        n_undefined=int(n_undefined[best]),
        hit_rate=near.hit_rate,
        hit_rate_of_dot=near.hit_rate_of_dot,
        precision=near.precision,
    )


def _reduced(pixel, x, y, n: int, group: int):
    """Output pixels and targets on the map of groups, and its side; -1 stays -1."""
    if group < 1 or n % group:
        raise ValueError(f"group must divide n = {n}, got {group}")
    side = n // group
    return pixel // n // group * side + pixel % n // group, x // group, y // group, side


def _iou_at_lag(fired, target, first: int) -> np.ndarray:
    """IoU of rows of output with as many rows of targets from `first` on."""
    own = target[first : first + len(fired)]
    n_both = _among(fired, own).sum(axis=1)
    return share(n_both, fired.sum(axis=1) + (own >= 0).sum(axis=1) - n_both)


def _later(coordinate, lag: int):
    """Targets moved `lag` rows down; -1 where there was no row."""
    moved = np.full_like(coordinate, -1)
    moved[lag:] = coordinate[: len(coordinate) - lag]
    return moved


@dataclass(frozen=True, eq=False)
class Recall:
    """What the output shows of the dot after the input was removed."""

    iou: np.ndarray  # (n_steps,) with the dot where it would be (phantom)
    mean_iou: float
    chance_of_step: np.ndarray  # (n_steps,) expected IoU of as many random pixels
    n_steps_held: int  # until 10 steps begin whose mean IoU is not above 5 times chance
    best_phase_hit: float  # share of steps with the dot among the output, at the best phase
    best_phase: float  # moves by which the output is ahead of the phantom
    mean_phase_hit: float  # mean over all phases: what the best one must stand out from
    on_loop_fraction: float  # output pixels on the loop over all output pixels; NaN if silent
    on_loop_chance: float  # loop pixels over all pixels
    output_per_step: float  # pixels


def recall(pixel, step, phantom_x, phantom_y, loop_x, loop_y, n: int, *, ratio: int = 1) -> Recall:
    """Measure recall over the steps after removal of the input.

    Parameters
    ----------
    pixel, step : ndarray of int, shape (n_spikes,)
        Output spikes; step 0 is the first step without input. Removal falls on a move.
    phantom_x, phantom_y : ndarray of int, shape (n_steps, K)
        Where the dots would be at every step.
    loop_x, loop_y : ndarray of int, shape (P, K)
        The closed path of the dots, one row a move, row 0 at the first step.
    n : int
        Pixels per side.
    ratio : int
        Steps per move.
    """
    overlap = step_iou(pixel, step, phantom_x, phantom_y, n)
    pixel, step = check_spikes(pixel, step, n * n)
    chance = chance_iou(overlap.n_output, overlap.n_target, n * n)
    phase_hit = _phase_hits(pixel, step, loop_x, loop_y, n, len(overlap.iou), ratio)
    on_loop = np.zeros(n * n, dtype=bool)
    on_loop[target_pixels(loop_x, loop_y, n)[np.asarray(loop_x) >= 0]] = True
    n_on_loop = sum(
        int(_fired(pixel, step, a, b, n * n)[:, on_loop].sum())
        for a, b in chunks(0, len(overlap.iou), _rows_at_once(n * n))
    )
    n_output = int(overlap.n_output.sum())
    is_defined = not np.isnan(phase_hit).any()
    return Recall(
        iou=overlap.iou,
        mean_iou=overlap.mean,
        chance_of_step=chance,
        n_steps_held=_steps_held(overlap.iou, chance),
        best_phase_hit=float(phase_hit.max()),
        best_phase=float(phase_hit.argmax()) if is_defined else np.nan,
        mean_phase_hit=float(phase_hit.mean()),
        on_loop_fraction=share(n_on_loop, n_output),
        on_loop_chance=float(on_loop.mean()),
        output_per_step=share(n_output, len(overlap.iou)),
    )


def _steps_held(iou, chance) -> int:
    """Steps, from removal on, until a window of 10 steps begins that is not above 5 times chance.

    Perfect recall of 20 steps followed by silence gives 20; all steps if no window fails.
    """
    above = running_mean(iou, RECALL_STEPS) > TIMES_CHANCE * running_mean(chance, RECALL_STEPS)
    windows = above[RECALL_STEPS - 1 :]
    if windows.size and windows.all():
        return above.size
    return int(np.argmin(windows)) if windows.size else 0


def _phase_hits(pixel, step, loop_x, loop_y, n: int, n_steps: int, ratio: int) -> np.ndarray:
    """Share of steps (and dots) with the loop pixel of that phase in the output, shape (P,)."""
    target_pixels(loop_x, loop_y, n)
    loop = np.asarray(loop_y) * n + np.asarray(loop_x)
    if loop.size == 0 or loop.min() < 0:
        raise ValueError("the loop needs a pixel for every dot and move")
    n_phases, n_hit = len(loop), np.zeros(len(loop), dtype=np.int64)
    for a, b in chunks(0, n_steps, _rows_at_once(n * n)):
        fired, move = _fired(pixel, step, a, b, n * n), np.arange(a, b) // ratio
        for phase in range(n_phases):
            n_hit[phase] += _among(fired, loop[(move + phase) % n_phases]).sum()
    return share(n_hit, np.full(n_phases, n_steps * loop.shape[1]))
