"""Figures of the local layer; each shows the trained network beside its untrained twin.

The docstring of a figure is its caption in the report.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.draw import by_name
from driver.figures.page import colour_of, legend
from driver.formatting import text
from models.cube.local import moment as kind
from models.cube.local.measure import recalled, step_overlap
from models.cube.local.wiring import wiring_of
from models.cube.metrics.output import defined_mean, learning_times
from models.cube.show import learning_panels, pages, panels, series_panels, view
from models.cube.show.series_panels import LIMIT
from models.cube.show.view import IOU_STEPS, LABELS, Shown, test_name
from stimuli.dots import period


def snapshot(shown: Shown) -> Figure:
    """Input, prediction, error and the three planes at one step; trained left, untrained right.

    Look for a prediction on the open square, which is where the dot moves next, and an error
    without colour: red pixels were missed, blue ones are false alarms.
    """
    subject = f"Step {shown.moment[1] - 1}"
    figure, halves = pages.page_of_two(shown, subject, (7, 6.8), beside=True)
    for half, label in zip(halves, LABELS, strict=True):
        grid = half.add_gridspec(2, 2)
        frames = [half.add_subplot(grid[k]) for k in ((0, 0), (0, 1), (1, 0))]
        space = half.add_subplot(grid[1, 1], projection="3d")
        draw_moment(shown, label, frames, space)
        half.suptitle(moment_words(shown, label), color=colour_of(label), fontsize=9.5)
    return figure


def draw_moment(shown: Shown, label: str, frames, space) -> None:
    """The 2 x 2 panels of the layer at the moment of a seed."""
    step = shown.moment[1] - 1
    moment = kind.seen(shown, label, step, step + 1, at=step)
    seen, predicted, wrong = frames
    panels.draw_frame(seen, moment.frames[0], top=1.0)
    panels.mark_dots(seen, *moment.dots, "dot")
    seen.set_title(moment.words[0])
    panels.draw_frame(predicted, moment.frames[1], top=1.0)
    panels.mark_dots(predicted, *moment.target, "target", panels.OUTPUT)
    predicted.set_title(f"{moment.words[1]}; target: open square")
    panels.draw_error(wrong, moment.frames[2])
    missed, false = kind.wrong_pixels(moment.frames[2])
    wrong.set_title(f"error: {missed} missed (red), {false} false (blue)")
    kind.draw_space(space, shown.params, moment)
    space.set_title(f"hidden spikes: {moment.blocks.count.sum()}")


def moment_words(shown: Shown, label: str) -> str:
    step, arrays = shown.moment[1], shown.recordings[label]
    rate, n_steps = kind.recent_rate(shown.params, shown.dots, arrays, step)
    iou = step_overlap(shown.params, arrays).iou[max(0, step - IOU_STEPS) : step]
    return (
        f"{label}: step {step - 1}; fire {text(rate)}, mean of the last {n_steps} steps; "
        f"IoU {text(defined_mean(iou))}, last {iou.size}"
    )


def learning(shown: Shown) -> Figure:
    """Learning: overlap with the next frame, firing of the hidden cells, pixels of the output.

    Look for an overlap that rises to 1 within some loops while the output falls to as many pixels
    as there are dots. Grey: the input is off; afterwards the overlap should be back at once.
    Hidden spikes that are not locked to the dot are chaos of their own.
    """
    p = shown.params
    off = view.off_ranges(shown.recordings["trained"]["shown"][: p.steps])
    figure = pages.page(shown, 8.5, f"Learning; means of the last {learning_panels.LEARNING_STEPS}")
    axes = figure.subplots(3, 1, sharex=True)
    overlap = {label: step_overlap(p, shown.recordings[label]) for label in LABELS}
    learning_panels.draw_running_iou(axes[0], {k: v.iou for k, v in overlap.items()}, "steps")
    mark_times(axes[0], shown, overlap["trained"].iou, off)
    cells = wiring_of(p, shown.dots).n_hidden
    rates = {label: shown.recordings[label]["n_hidden"] / cells for label in LABELS}
    learning_panels.draw_per_step(axes[1], rates, "hidden spikes\nper cell and step")
    if axes[1].get_ylim()[1] > 0.8 * p.target_rate:
        axes[1].axhline(p.target_rate, label=f"homeostasis aims at {p.target_rate:g}", **LIMIT)
    pixels = {label: found.n_output for label, found in overlap.items()}
    learning_panels.draw_per_step(axes[2], pixels, "output pixels\nper step")
    axes[2].axhline(shown.dots.dots, label="as many as dots", **LIMIT)
    locked = {label: shown.number_of(label, "hidden.locked_fraction") for label in LABELS}
    shares = [f"{label} {text(share)}" for label, share in locked.items()]
    titles = (
        "Overlap of the output with the next frame",
        f"Hidden cells; input-locked share at the end: {', '.join(shares)}",
        "Size of the output",
    )
    for ax, letter, title in zip(axes, "ABC", titles, strict=True):
        series_panels.shade_off(ax, off)
        ax.set(xlim=(0, p.steps))
        ax.set_title(f"{letter}  {title}")
        style.legend_above(ax)
    axes[-1].set_xlabel(series_panels.STEPS)
    return figure


def mark_times(ax, shown: Shown, iou, off) -> None:
    """Learning times of the trained network, and after the first pause those since its end."""
    begin = [0, *(stop for first, stop in off[:1] if first > 0 and stop < iou.size)]
    ends = [*(off[0][0] for _ in begin[1:]), iou.size]
    for first, stop in zip(begin, ends, strict=True):
        learning_panels.mark_learning(ax, learning_times(iou[first:stop]), first)


def tests(shown: Shown) -> Figure:
    """Frozen tests: overlap with the next frame on other paths, without any learning.

    Look beyond the same loop: only never-seen loops and random launches tell whether motion was
    learned, or a loop by heart. A copy of the input overlaps with the next frame by the line's
    height; grey strokes: as many pixels at random.
    """
    n = len(shown.results["trained"].get("tests") or {})
    figure = pages.page(shown, 4.4, "Frozen tests", width_in=max(8, 3 + 1.5 * n))
    pages.draw_tests(figure.subplots(), shown, shown.number_of("trained", "copy_iou"))
    return figure


def weights(shown: Shown) -> Figure:
    """Weights of every projection at the start and at the end of the training.

    The untrained twin keeps those of the start. Input links only ever grow; look for readout
    weights that move apart, up for the next pixel of a path and down for all others.
    """
    return pages.weight_page(shown)


def recall(shown: Shown) -> Figure | None:
    """What is left after the cut: the output against where the unseen dot would be.

    Look for a median that stays above the grey line, 5 times chance, until the dotted one at a
    quarter of the loop.
    """  # None unless the network was made to run freely
    names = recalled(shown.recordings["trained"])
    if not names:
        return None
    figure = pages.page(
        shown, 1.6 + 1.7 * len(names), "Recall after the cut: trained left, untrained right"
    )
    axes = figure.subplots(len(names), 2, sharex=True, sharey=True, squeeze=False)
    quarter = period(shown.params.n) / 4
    for row, name in zip(axes, names, strict=True):
        for ax, label in zip(row, LABELS, strict=True):
            arrays = shown.recordings[label]
            both = [np.atleast_2d(arrays[f"recall_{name}_{k}"]) for k in ("iou", "chance")]
            colour = colour_of(label)
            learning_panels.draw_recall(ax, *both, quarter, colour)
            held = np.median(arrays[f"recall_{name}_held"])
            n = both[0].shape[0]
            launches = "1 launch" if n == 1 else f"{n} launches"
            ax.set_title(
                f"{test_name(name)}, {label}: held {held:g} steps, {launches}", color=colour
            )
            ax.set_ylabel("IoU with the\nunseen dot (1)" if label == "trained" else "")
            ax.label_outer()
    legend(figure, axes[0, 0])
    return figure


FIGURES = by_name(snapshot, learning, tests, recall, weights)
