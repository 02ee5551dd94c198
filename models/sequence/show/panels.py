"""Panels of the sequence memory: axes and arrays in, axes out; nothing here opens a file."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import LogLocator, ScalarFormatter

from driver.figures import style
from driver.figures.panels import dot_size
from models.sequence.memory import COMPLETED
from models.sequence.potentials import spent

PROJECTIONS = {"input_cell": "input", "cell_cell": "recurrent"}
BACKGROUND, PATTERN, CUE = style.DARK, style.MIDDLE, style.BRIGHT
PATTERNS = style.TRAINED, style.MIDDLE  # their points
MAX_NUMBERS = 400  # circuits with their size written on them
WINDOW_MS = np.arange(-50, 100.25, 0.25)
PAPER_SCALE = 0.05 * np.exp(5)  # c of Klampfl and Maass (2013)
WEIGHTS = (-3, -2, -1, 0)
RATES_HZ = (5, 10, 20, 50, 100)
TRAIN = 8  # spikes
WHOLE = {"integer": True, "min_n_ticks": 1}  # ticks of an axis of cells
EDGE = {"ls": ":", "lw": 1.2, "zorder": 4}


def frame_times(ax, *edges: tuple[float, str | None]):
    """Dotted lines, each with its label: those of the end of a cue in another colour."""
    for x, label in edges:
        colour = CUE if "cue" in (label or "") else PATTERN
        ax.axvline(x, color=colour, label=None if label == "beginning" else label, **EDGE)
    return ax


def draw_spikes(ax, parts, n_rows: int):
    """Dots of one size; `parts` are (steps, rows, colour, label)."""
    n_spikes = sum(step.size for step, *_ in parts)
    look = {"ls": "none", "marker": "o", "mew": 0, "ms": dot_size(ax, n_spikes)}
    for step, row, colour, label in parts:
        ax.plot(step, row, color=colour, label=label, rasterized=True, **look)
    if not n_spikes:
        style.say(ax, "no spikes")
    ax.set_ylim(-0.5, n_rows - 0.5)
    ax.yaxis.get_major_locator().set_params(**WHOLE)
    return ax


def mark_assembly(ax, size: int, n_cells: int, colour: str = style.MUTED, named: bool = True):
    """A line above the cells of the assembly; their number and that of the others at the right."""
    if 0 < size < n_cells:
        ax.axhline(size - 0.5, color=colour, lw=0.8)
    where = {"xycoords": "axes fraction", "textcoords": "offset points", "rotation": 90}
    where |= {"ha": "left", "fontsize": 8, "color": style.MUTED}
    if named:
        ax.annotate(f"assembly {size}", (1, 0), (3, 0), va="bottom", **where)
        ax.annotate(f"others {n_cells - size}", (1, 1), (3, 0), va="top", **where)
    return ax


def draw_profile(ax, profile: np.ndarray, order: np.ndarray):
    """Rate fractions as an image, a row a cell in this order, lag across."""
    n_lags, n_cells = profile.shape
    extent = (0, n_lags, -0.5, n_cells - 0.5)
    look = {"cmap": "magma", "vmin": 0, "vmax": 1, "origin": "lower", "aspect": "auto"}
    ax.imshow(profile.T[order], extent=extent, interpolation="nearest", **look)
    ax.yaxis.get_major_locator().set_params(**WHOLE)
    return ax


def draw_decoded(ax, true_ms, decoded_ms, length_ms: float, bin_ms: float) -> list:
    """Share of bins that are decoded as each time, by true time; returns the image, if any."""
    if true_ms.size == 0:
        style.empty(ax, "no spikes between the end of the cue\nand that of the pattern")
        return []
    edges = np.arange(0, length_ms + bin_ms / 2, bin_ms)
    across = np.arange(true_ms.min() - bin_ms / 2, true_ms.max() + bin_ms, bin_ms)
    counts, *_ = np.histogram2d(true_ms, decoded_ms, (across, edges))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = ax.pcolormesh(across, edges, share.T, cmap="Greys")
    ends = across[[0, -1]]
    ax.plot(ends, ends, color=PATTERN, lw=1.4, label="true time")
    if np.ptp(true_ms) > 0:
        line = np.polyval(np.polyfit(true_ms, decoded_ms, 1), ends)
        ax.plot(ends, line, color=CUE, lw=1.6, ls=(0, (4, 1.5)), label="regression")
    ax.set(xlim=ends, ylim=(0, length_ms))
    return [image]


def draw_course(ax, courses: dict[str, np.ndarray], cue_ms: float, length_ms: float):
    """Completion by lag; later than the pattern there is little that could be completed."""
    stop = int(length_ms) + 20
    for label, course in courses.items():
        ax.plot(np.arange(course.size)[:stop], course[:stop], label=label, **style.LINE[label])
    ax.axhline(COMPLETED, color=style.MUTED, lw=0.8, label="1/e")
    ax.axhline(0, color=style.CHANCE, lw=0.8, zorder=0)
    ax.set_xlim(0, stop)
    return frame_times(ax, (cue_ms, "end of the cue"), (length_ms, "end of the pattern"))


def plain_log(axis) -> None:
    """Numbers of a logarithmic axis as they are read: 0.2, not 2 x 10^-1."""
    low, high = axis.get_view_interval()
    axis.set_minor_locator(LogLocator(subs=(2, 3, 4, 5, 7) if high < 30 * low else (2, 5)))
    axis.set_major_formatter(ScalarFormatter())
    axis.set_minor_formatter(ScalarFormatter())


def draw_circuit_map(ax, sizes: np.ndarray, shape: tuple[int, int]):
    """Cells of each circuit by its place, as colour and number; `shape` is columns, rows."""
    grid = np.reshape(sizes, shape[::-1])
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=1.25 * grid.max(), origin="lower")
    if grid.size <= MAX_NUMBERS:
        for (row, column), n in np.ndenumerate(grid):
            colour = "white" if n > 0.75 * grid.max() else "black"
            ax.text(column, row, str(n), ha="center", va="center", color=colour)
    words = f"{sizes.size} circuit{'s' * (sizes.size > 1)}, {sizes.sum()} cells"
    ax.set(xlabel=f"column of the grid ({words})", ylabel="row of the grid")
    ax.locator_params(**WHOLE)
    return ax


def draw_circuit_bars(ax, sizes: np.ndarray, shape: tuple[int, int]):
    """The same as bars in space; `ax` has the projection "3d"."""
    row, column = np.divmod(np.arange(sizes.size), shape[0])
    look = {"color": "#7fa8d1", "edgecolor": style.DARK, "linewidth": 0.3}
    ax.bar3d(column - 0.35, row - 0.35, 0, 0.7, 0.7, sizes, **look)
    ax.set(xlabel="column", ylabel="row", zlabel="cells", zlim=(0, 1.05 * sizes.max()))
    ax.set(xlim=(-0.5, shape[0] - 0.5), ylim=(-0.5, shape[1] - 0.5))
    across, deep = np.maximum(shape, 2)
    ax.set_box_aspect((across, deep, 0.5 * max(across, deep)), zoom=1.1)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.get_major_locator().set_params(**WHOLE)
    return ax


def epsp(t_ms: np.ndarray, taus_s: tuple[float, float]) -> np.ndarray:
    """Of a spike at 0, of size 1."""
    rise, decay = (1e3 * tau for tau in taus_s)
    since = np.maximum(t_ms, 0)
    return np.exp(-since / decay) - np.exp(-since / rise)


def efficacies(n: int, gap_ms: float, p) -> np.ndarray:
    """u R of each of `n` spikes, one every `gap_ms`, at the mean U, D and F; 1 without STP."""
    if p.stp == "none":
        return np.ones(n)
    means = {"U": p.stp_u, "D": p.stp_d_ms * 1e-3, "F": p.stp_f_ms * 1e-3}
    x, uf, found = 1.0, p.stp_u, []
    for _ in range(n):
        found.append(uf * x)
        x, uf = spent(means, x, uf, 0, gap_ms)
    return np.array(found)


def draw_epsps(ax, p, n: int, gap_ms: float):
    """EPSPs of a train of spikes of a weight of 1, of inputs and of cells."""
    t = np.arange(0, n * gap_ms + 100, 0.5)
    how = "no" if p.stp == "none" else "with"
    for sizes, look, label in (
        (np.ones(n), {"color": BACKGROUND}, "input"),
        (efficacies(n, gap_ms, p), {"color": PATTERN, "ls": "--"}, "cell"),
    ):
        y = sum(size * epsp(t - k * gap_ms, p.taus_s) for k, size in enumerate(sizes))
        words = f"{label}, {how} short-term plasticity" if label == "cell" else label
        ax.plot(t, y, label=words, **look)
    ax.plot(np.arange(n) * gap_ms, np.full(n, -0.06), "|", color=style.MUTED, ms=7, label="spikes")
    ax.set(xlim=(-5, t[-1]), ylim=(-0.12, None), xlabel="time (ms)", ylabel="EPSP")
    return ax


def draw_paper_window(ax, p):
    """Change of a weight of 0 by the lag of the cell's spike after its input's, as in the paper."""
    change = PAPER_SCALE * epsp(WINDOW_MS, p.taus_s) - 1
    ax.plot(WINDOW_MS, change, color=style.TRAINED)
    last = np.flatnonzero(change > 0).max(initial=0)
    if 0 < last < change.size - 1:
        frame_times(ax, (WINDOW_MS[last], f"0 at {WINDOW_MS[last]:.0f} ms"))
        ax.legend(loc="upper right")
    return frame_window(ax, "change of the weight (over the learning rate)")


def draw_window(ax, p):
    """The same as it is simulated, at several weights and the learning rate of the start."""
    eta = min(1.0, p.eta0 / 2 if p.learning_rate == "variance" else p.eta0)
    for w, shade in zip(WEIGHTS, shades(WEIGHTS), strict=True):
        change = eta * (epsp(WINDOW_MS, p.taus_s) - np.exp(w)) / max(np.exp(w), eta)
        ax.plot(WINDOW_MS, change, color=shade, label=f"w = {w}".replace("-", "\N{MINUS SIGN}"))
    ax.legend(loc="upper right")
    return frame_window(ax, f"change of the weight (learning rate {eta:.3g})")


def frame_window(ax, label: str):
    ax.axhline(0, color=style.MUTED, lw=0.6)
    ax.axvline(0, color=style.MUTED, lw=0.6)
    ax.set(xlim=WINDOW_MS[[0, -1]], xlabel="spike of the cell after that of its source (ms)")
    ax.set_ylabel(label)
    return ax


def draw_efficacies(ax, p):
    """u R over a train of spikes at several rates."""
    if p.stp == "none":
        return style.empty(ax, "no short-term plasticity:\nall spikes are alike")
    top = 0.0
    for rate, shade in zip(RATES_HZ, shades(RATES_HZ), strict=True):
        found = efficacies(TRAIN, 1e3 / rate, p)
        ax.plot(np.arange(1, TRAIN + 1), found, "o-", ms=4, color=shade, label=f"{rate} Hz")
        top = max(top, found.max())
    ax.set(xlabel="spike of a regular train", ylim=(0, 1.3 * top))
    ax.set_ylabel("efficacy u R (at the mean U, D and F)")
    ax.legend(loc="upper right", ncols=3)
    return ax


def shades(values) -> list[str]:
    """Greys from light to black."""
    return [str(shade) for shade in np.linspace(0.75, 0, len(values))]
