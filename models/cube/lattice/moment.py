"""What is shown of a lattice at one moment: a move of the dot; see `models.cube.show.view`."""

from __future__ import annotations

import numpy as np

from models.cube.lattice.values import lag_moves, n_cells
from models.cube.params import CubeParams, GroupsParams
from models.cube.show import panels, view
from models.cube.show.view import Arrays, Moment, Shown
from stimuli.dots import DotParams

UNIT = "move"
CELLS, SERIES = "cells", ("bin_layers", "bin_inside")  # which of them fired when
FRAMES = ("input", "back")
RATE_STEPS = 200  # window of the rate in a header


def headline(p: CubeParams) -> str:
    """Kind and size of the network, in words."""
    kind = f"Groups of {p.m}³ cells" if isinstance(p, GroupsParams) else "Cube"
    each = f"{p.ratio} steps a move" if p.ratio > 1 else "1 step a move"
    return f"{kind}, {p.n} × {p.n} × {p.L} cells, {p.steps} steps, {each}"


def n_steps(p: CubeParams) -> int:
    """Steps of a moment."""
    return p.ratio


def n_steps_before(p: CubeParams) -> int:
    """Steps that what is seen took to come through."""
    return (lag_moves(p) + 1) * p.ratio


def film_steps(p: CubeParams) -> int:
    """Steps of a frame of the film."""
    return max(1, p.ratio // 4)


def spike_steps(p: CubeParams, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the spikes of the cells, and of the back plane."""
    back = np.asarray(arrays["cells_i"]) >= p.n**2 * (p.L - 1)
    return arrays["cells_step"], arrays["cells_step"][back]


def recent_rate(p: CubeParams, dots: DotParams, arrays: Arrays, stop: int) -> tuple[float, int]:
    """Spikes per cell and step in the last 200 steps before `stop`, and how many are known."""
    first = max(int(arrays["kept_from"]), stop - RATE_STEPS)
    n_spikes = view.between(arrays, "cells", first, stop).size
    return view.rate(n_spikes, n_cells(p), stop - first), stop - first


def overlap_of_steps(p: CubeParams, arrays: Arrays) -> None:
    """No number for a header: the back plane answers once a move."""


def seen(shown: Shown, label: str, first: int, stop: int, at: int) -> Moment:
    """Spikes of steps `first` to `stop` - 1, with the dots of step `at` and those due by then."""
    p, arrays, lag = shown.params, shown.recordings[label], lag_moves(shown.params)
    dots = view.dots_at(arrays, at)
    index = view.between(arrays, "cells", first, stop)
    back = view.plane_counts(index, p.n, p.L - 1)
    return Moment(
        dots=dots,
        target=view.dots_at(arrays, at - lag * p.ratio),
        frames=(view.input_image(p, *dots), back),
        words=(view.input_words(dots), f"back plane: {view.pixels(np.count_nonzero(back))}"),
        blocks=view.pooled(index, p.n, p.L, shown.block),
        output=np.nonzero(back)[::-1],
    )


# --- in space -----------------------------------------------------------------------------------


def planes(p: CubeParams) -> dict[int, str]:
    """Planes that have a frame and a name, by depth."""
    return {0: "input", p.L - 1: "output"}


def draw_space(ax, p: CubeParams, moment: Moment):
    """The front plane on the left, the back plane on the right; see `panels.draw_space`."""
    made = panels.draw_space(ax, moment, p.n, planes(p))
    ax.set_xlabel("layer z", labelpad=-2)
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    return made


def block_sizes(shown: Shown) -> range:
    """Cells along a side of a block, that a page may choose from."""
    return range(shown.block, max(shown.block, shown.params.n // 6) + 1)


def points(p: CubeParams, arrays: Arrays, down: int, frame: range) -> tuple[np.ndarray, ...]:
    """Numbers and spikes of the blocks that fired."""
    index = view.between(arrays, "cells", frame.start, frame.stop)
    return view.block_counts(index, p.n, down)


def output_pixels(p: CubeParams, arrays: Arrays, frame: range) -> np.ndarray:
    """Pixels of the back plane that fired."""
    index = view.between(arrays, "cells", frame.start, frame.stop)
    return np.flatnonzero(view.plane_counts(index, p.n, p.L - 1))
