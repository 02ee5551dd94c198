"""Figures of the grid, and where figures go; matplotlib is imported when the first is drawn."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from driver.figures import style
from driver.files import replace_file

FILES_ONLY = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # backends without a window
_warned = []


def headless() -> bool:
    """Whether there is no display to show a figure on."""
    import matplotlib

    backend = matplotlib.get_backend().lower()
    if backend in FILES_ONLY:
        return True
    windows = not backend.startswith("module:") and backend not in ("nbagg", "webagg", "ipympl")
    displays = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform == "linux" and windows and not displays


def drawn(make: Callable, shown: Any):
    """``make(new, shown)`` in the project's style; ``new(width, height)`` opens a figure."""
    without = headless()

    def new(width: float, height: float):
        from matplotlib.figure import Figure

        size = {"figsize": (width, height), "layout": "constrained"}
        if without:
            return Figure(**size)
        from matplotlib import pyplot as plt

        return plt.figure(**size)

    with style.applied():
        return make(new, shown)


def save(figure, target: Path) -> None:
    with style.applied():
        replace_file(target, lambda file: figure.savefig(file, **style.PNG))


def show(folder: Path) -> None:
    """Open the windows of what was drawn; without a display, say once where the files are."""
    if headless():
        if not _warned:
            text = f"no display: figures are saved in {folder}"
            warnings.warn(text, stacklevel=4)  # at the call of `run_network`
            _warned.append(folder)
        return
    from matplotlib import pyplot as plt

    plt.show()


def close(figures: Iterable) -> None:
    """Forget figures that pyplot holds."""
    if "matplotlib.pyplot" in sys.modules:
        for figure in figures:
            sys.modules["matplotlib.pyplot"].close(figure)


# --- the grid --------------------------------------------------------------------------------


def circuit_map(new: Callable, sizes: np.ndarray):
    """Sizes of circuits as shades and numbers."""
    rows, columns = sizes.shape
    figure = new(1.8 + 0.5 * min(columns, 40), 1.4 + 0.5 * min(rows, 40))
    ax = figure.subplots()
    image = ax.imshow(sizes, cmap="Blues", origin="lower", vmin=0)
    if sizes.size <= 400:
        for (row, column), size in np.ndenumerate(sizes):
            colour = "white" if size > 0.6 * sizes.max() else "black"
            ax.text(column, row, size, ha="center", va="center", color=colour, fontsize=8)
    ax.set(ylabel="grid row", xlabel=f"grid column\n{sizes.sum()} cells in {sizes.size} circuits")
    ax.set(xticks=whole(columns), yticks=whole(rows))
    ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=ax, label="cells of the circuit", shrink=0.9)
    return figure


def whole(n: int) -> range:
    """At most ten numbers of rows or columns."""
    return range(0, n, -(-n // 10))


def circuit_bars(new: Callable, sizes: np.ndarray):
    """Sizes of circuits as bars on the grid."""
    import matplotlib as mpl

    rows, columns = sizes.shape
    figure = new(7.0, 5.2)
    ax = figure.add_subplot(projection="3d")
    y, x = (k.ravel() - 0.35 for k in np.indices(sizes.shape))
    height = sizes.ravel()
    colours = mpl.colormaps["Blues"](0.25 + 0.75 * height / height.max())
    ax.bar3d(x, y, np.zeros(height.size), 0.7, 0.7, height, color=colours, shade=True)
    longest = max(rows, columns)
    ax.set_box_aspect((max(columns / longest, 0.3), max(rows / longest, 0.3), 0.5), zoom=0.9)
    ax.set(xlabel="grid column", ylabel="grid row", zlabel="cells of the circuit")
    ax.set(xticks=whole(columns), yticks=whole(rows))
    ax.set_title(f"{sizes.sum()} cells in {sizes.size} circuits")
    return figure
