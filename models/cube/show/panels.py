"""Panels of a moment: frames and the view in space. Each takes axes and arrays, returns the axes.

Nothing here opens a file or computes a result; what is empty says so in words.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from driver.figures import style
from models.cube.show.view import Moment

INPUT, CELLS, OUTPUT = "#cc3311", style.DARK, "#22aa55"
COLOURS = {"input": INPUT, "hidden": CELLS, "output": OUTPUT}  # of planes
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


def draw_space(ax, moment: Moment, n: int, planes: dict[int, str]):
    """The network in space: the front plane on the left, spikes one circle a block.

    Parameters
    ----------
    ax : mpl_toolkits.mplot3d.axes3d.Axes3D
    moment : Moment
    n : int
        Pixels a side.
    planes : dict of int to str
        Names of planes by their depth, the last one that of the output.

    Returns
    -------
    tuple of Path3DCollection
        Spikes, dots, output: what an animation moves.
    """
    blocks, dots, output, back = moment.blocks, moment.dots, moment.output, max(planes)
    look = {"c": CELLS, "alpha": ALPHA, "lw": 0, "depthshade": False}
    size = areas(blocks.count, blocks.down)
    made = (
        scatter(ax, blocks.x, blocks.y, blocks.z, s=size, **look),
        scatter(ax, *dots, np.zeros(len(dots[0])), **DOT),
        scatter(ax, *output, np.full(len(output[0]), float(back)), **OUT),
    )
    outline_planes(ax, n, planes)
    space_axes(ax, n, back + 1)
    return made


def areas(count, down: int) -> np.ndarray:
    """Points^2: 4 per spike in blocks of 4 cells, and as much more as blocks are smaller."""
    return POINTS2_PER_SPIKE * max(1.0, REFERENCE_DOWN / down) * np.asarray(count, dtype=float)


def scatter(ax, x, y, z, **look):
    """Points of the cube: depth z goes to the right, x to the back, y downwards."""
    return ax.scatter(z, x, y, **look)


def move_points(points, x, y, z, sizes=None) -> None:
    """Give what `scatter` made other places."""
    points._offsets3d = tuple(np.asarray(a, dtype=float) for a in (z, x, y))
    if sizes is not None:
        points.set_sizes(sizes)
        points.stale = True


def outline_planes(ax, n: int, planes: dict[int, str]) -> None:
    """A frame and a name for each plane."""
    low, high = -0.5, n - 0.5
    for z, name in planes.items():
        colour = COLOURS[name]
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
