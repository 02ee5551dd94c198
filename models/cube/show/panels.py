"""Panels of a moment: frames and the view in space. Each takes axes and arrays, returns the axes.

Nothing here opens a file or computes a result; what is empty says so in words.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from driver.figures import style
from models.cube.show.view import Blocks

INPUT, CELLS, OUTPUT = "#cc3311", style.DARK, "#22aa55"
POINTS2_PER_SPIKE, REFERENCE_DOWN = 4, 4
ALPHA = 0.6
ERROR = LinearSegmentedColormap.from_list("error", [style.DARK, "white", INPUT])
FRAME = {"origin": "upper", "interpolation": "nearest"}
DOT = {"s": 42, "c": INPUT, "marker": "s", "depthshade": False, "lw": 0}
OUT = {"s": 30, "c": OUTPUT, "marker": "s", "depthshade": False, "lw": 0}
VIEW = {"elev": 16, "azim": -62}
ZOOM = 1.12


def draw_frame(ax, image: np.ndarray, top: float | None = None):
    """A frame in grey, row y downwards.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    image : ndarray, shape (n, n)
    top : float, optional
        What is white; the largest value if not given.
    """
    top = float(image.max()) if top is None else top
    ax.imshow(image, cmap="gray", vmin=0, vmax=top or 1.0, **FRAME)
    return frame_axes(ax)


def draw_error(ax, error: np.ndarray):
    """Target minus output: red is missed, blue a false alarm, white right or empty."""
    ax.imshow(error, cmap=ERROR, vmin=-1, vmax=1, **FRAME)
    return frame_axes(ax)


def frame_axes(ax):
    for spine in ax.spines.values():
        spine.set_visible(True)
    ax.set(xlabel="x (pixels)", ylabel="y (pixels)")
    ax.locator_params(integer=True, nbins=5)
    return ax


def mark_dots(ax, x, y, label: str, colour: str = INPUT):
    """Open squares around pixels, so that what lies in them can be seen; returns the axes."""
    look = {"marker": "s", "ms": 11, "mfc": "none", "mew": 1.6, "ls": "none"}
    ax.plot(x, y, color=colour, label=label, **look)
    return ax


def draw_space(ax, blocks: Blocks, n: int, depth: int, dots, output, down: int):
    """The cube in space: front plane on the left, back plane on the right.

    Parameters
    ----------
    ax : mpl_toolkits.mplot3d.axes3d.Axes3D
    blocks : Blocks
        One circle each.
    n, depth : int
    dots, output : (ndarray, ndarray)
        x and y of the dots that are shown, and of the pixels of the back plane that fired.
    down : int
        Cells along a side of a block.

    Returns
    -------
    tuple of Path3DCollection
        Spikes, dots, output: what an animation moves.
    """
    made = (
        scatter(ax, blocks.x, blocks.y, blocks.z, **spikes_look(blocks.count, down)),
        scatter(ax, *dots, np.zeros(len(dots[0])), **DOT),
        scatter(ax, *output, np.full(len(output[0]), depth - 1.0), **OUT),
    )
    outline_planes(ax, n, {0: "input", depth - 1: "output"}, (INPUT, OUTPUT))
    space_axes(ax, n, depth)
    ax.set_xlabel("layer z", labelpad=-2)
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    return made


def draw_planes(ax, n: int, dots, hidden: np.ndarray, output):
    """The local layer in space: input, hidden cells and output as three planes.

    Parameters
    ----------
    ax : mpl_toolkits.mplot3d.axes3d.Axes3D
    n : int
    dots, output : (ndarray, ndarray)
        x and y.
    hidden : ndarray, shape (n, n)
        Spikes over each pixel.

    Returns
    -------
    tuple of Path3DCollection
        Hidden spikes, dots, output.
    """
    y, x = np.nonzero(hidden)
    made = (
        scatter(ax, x, y, np.ones(x.size), **spikes_look(hidden[y, x], 1)),
        scatter(ax, *dots, np.zeros(len(dots[0])), **DOT),
        scatter(ax, *output, np.full(len(output[0]), 2.0), **OUT),
    )
    outline_planes(ax, n, {0: "input", 1: "hidden", 2: "output"}, (INPUT, CELLS, OUTPUT))
    space_axes(ax, n, 3)
    ax.set_box_aspect((1.3, 1, 1), zoom=1.0)
    ax.set_xticks([])
    return made


def areas(count, down: int) -> np.ndarray:
    """Points^2: 4 per spike in blocks of 4 cells, and as much more as blocks are smaller."""
    return POINTS2_PER_SPIKE * max(1.0, REFERENCE_DOWN / down) * np.asarray(count, dtype=float)


def spikes_look(count, down: int) -> dict:
    return {"s": areas(count, down), "c": CELLS, "alpha": ALPHA, "lw": 0, "depthshade": False}


def scatter(ax, x, y, z, **look):
    """Points of the cube: depth z goes to the right, x to the back, y downwards."""
    return ax.scatter(z, x, y, **look)


def move_points(points, x, y, z, sizes=None) -> None:
    """Give what `scatter` made other places."""
    points._offsets3d = tuple(np.asarray(a, dtype=float) for a in (z, x, y))
    if sizes is not None:
        points.set_sizes(sizes)
        points.stale = True


def outline_planes(ax, n: int, names: dict[int, str], colours) -> None:
    """A frame and a name for each plane."""
    low, high = -0.5, n - 0.5
    for (z, name), colour in zip(names.items(), colours, strict=True):
        corners = [low, high, high, low, low], [low, low, high, high, low]
        ax.plot([z] * 5, *corners, color=colour, lw=1, alpha=0.8)
        ax.text(z, low, low - 0.06 * n, name, color=colour, ha="center", va="bottom", fontsize=8.5)


def space_axes(ax, n: int, depth: int):
    ax.set(xlim=(-0.5, depth - 0.5), ylim=(-0.5, n - 0.5), zlim=(n - 0.5, -0.5))
    ax.set_box_aspect((max(0.7, min(2.0, depth / n)) * 1.25, 1, 1), zoom=ZOOM)
    ax.view_init(**VIEW)
    for axis, name in ((ax.yaxis, "x"), (ax.zaxis, "y")):
        axis.get_major_locator().set_params(integer=True, nbins=4)
        axis.set_label_text(name)
        axis.labelpad = -4
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color((0.97, 0.97, 0.97, 1))
    ax.tick_params(pad=-1, labelsize=7)
    ax.grid(False)
    return ax
