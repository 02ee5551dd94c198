"""What is shown of the local layer at one moment: a step; see `models.cube.show.view`."""

from __future__ import annotations

import numpy as np

from models.cube.local.measure import step_overlap
from models.cube.local.wiring import wiring_of
from models.cube.params import LocalParams
from models.cube.show import panels, view
from models.cube.show.view import Arrays, Blocks, Moment, Shown
from stimuli.dots import DotParams

UNIT = "step"
CELLS, SERIES = "hidden cells", ("n_hidden", "n_near")  # which of them fired when
FRAMES = ("input", "prediction", "error")
RATE_STEPS = 100  # window of the rate in a header


def headline(p: LocalParams) -> str:
    """Kind and size of the network, in words."""
    kind = "Local layer, motion cells" if p.hidden == "motion" else "Local layer"
    return f"{kind}, {p.n} × {p.n} pixels, {p.steps} steps"


def n_steps(p: LocalParams) -> int:
    """Steps of a moment."""
    return 1


def n_steps_before(p: LocalParams) -> int:
    """Steps that what is seen took to come through."""
    return 2 * p.ratio


def film_steps(p: LocalParams) -> int:
    """Steps of a frame of the film."""
    return 1


def spike_steps(p: LocalParams, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the spikes of the cells, and of the output."""
    return arrays["hidden_step"], arrays["output_step"]


def recent_rate(p: LocalParams, dots: DotParams, arrays: Arrays, stop: int) -> tuple[float, int]:
    """Spikes per cell and step in the last 100 steps before `stop`, and how many those are."""
    first = max(0, stop - RATE_STEPS)
    n_spikes, n_cells = int(np.sum(arrays["n_hidden"][first:stop])), wiring_of(p, dots).n_hidden
    return view.rate(n_spikes, n_cells, stop - first), stop - first


def overlap_of_steps(p: LocalParams, arrays: Arrays) -> np.ndarray:
    """IoU of the output with the next frame at every step."""
    return step_overlap(p, arrays).iou


def seen(shown: Shown, label: str, first: int, stop: int, at: int) -> Moment:
    """Input, prediction and error at step `at`; hidden spikes of steps `first` to `stop` - 1."""
    p, arrays = shown.params, shown.recordings[label]
    dots, target = view.dots_at(arrays, at), view.dots_at(arrays, at, ahead=True)
    output = view.pixel_counts(view.between(arrays, "output", at, at + 1), p.n) > 0
    hidden = view.pixel_counts(view.between(arrays, "hidden", first, stop), p.n)
    error = view.input_image(p, *target) - output
    missed, false = wrong_pixels(error)
    y, x = np.nonzero(hidden)
    return Moment(
        dots=dots,
        target=target,
        frames=(view.input_image(p, *dots), output, error),
        words=(
            view.input_words(dots),
            f"prediction: {view.pixels(np.count_nonzero(output))}",
            f"error: {missed} missed, {false} false",
        ),
        blocks=Blocks(x, y, np.ones(x.size), hidden[y, x], 1),
        output=np.nonzero(output)[::-1],
    )


def wrong_pixels(error: np.ndarray) -> tuple[int, int]:
    """Pixels that were missed, and false ones."""
    return np.count_nonzero(error == 1), np.count_nonzero(error == -1)


# --- in space -----------------------------------------------------------------------------------


def planes(p: LocalParams) -> dict[int, str]:
    """Planes that have a frame and a name, by depth."""
    return {0: "input", 1: "hidden", 2: "output"}


def draw_space(ax, p: LocalParams, moment: Moment):
    """Input, hidden cells and output as three planes; see `panels.draw_space`."""
    made = panels.draw_space(ax, moment, p.n, planes(p))
    ax.set_box_aspect((1.3, 1, 1), zoom=1.0)
    ax.set_xticks([])
    return made


def block_sizes(shown: Shown) -> range:
    """Cells along a side of a block, that a page may choose from."""
    return range(1, 2)


def points(p: LocalParams, arrays: Arrays, down: int, frame: range) -> tuple[np.ndarray, ...]:
    """Pixels over which hidden cells fired, and their spikes."""
    index = view.between(arrays, "hidden", frame.start, frame.stop) % p.n**2
    return np.unique(index, return_counts=True)


def output_pixels(p: LocalParams, arrays: Arrays, frame: range) -> np.ndarray:
    """Pixels of the output that were on."""
    return np.unique(view.between(arrays, "output", frame.start, frame.stop))
