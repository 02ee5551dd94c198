"""Figures of a cube, or of groups; each shows the trained network beside its untrained twin.

The docstring of a figure is its caption in the report.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.draw import by_name
from driver.figures.page import colour_of
from driver.formatting import text
from models.cube.lattice import moment as kind
from models.cube.lattice.records import activity_in
from models.cube.lattice.values import group_side, lag_moves, reach_back
from models.cube.metrics.output import chance_iou, step_iou
from models.cube.metrics.results import moves, path_in, while_shown
from models.cube.metrics.verdict import EXTRA_STEPS
from models.cube.params import CubeParams
from models.cube.show import learning_panels, pages, panels, series_panels, view
from models.cube.show.view import LABELS, Moment, Shown


def snapshot(shown: Shown) -> Figure:
    """Input, back plane and the whole cube at one moment, trained above, untrained below.

    Look for a back plane that shows the dot where it was some moves before (open square), and for
    spikes that lie on one line from the input to the output: they belong to the dot. Spikes
    everywhere are waves. In the view in space spikes are pooled into blocks; the area of a circle
    grows with their number.
    """
    (first, stop), down = shown.moment, shown.block
    steps = f"step {first}" if stop - first == 1 else f"steps {first} to {stop - 1}, one move"
    each = "one circle a cell" if down == 1 else f"blocks of {down} × {down} × {down} cells"
    subject = f"{steps}; the view in space pools spikes: {each}"
    figure, rows = pages.page_of_two(shown, subject, (12, 4.0), beside=False)
    for row, label in zip(rows, LABELS, strict=True):
        grid = row.add_gridspec(1, 3, width_ratios=(1, 1, 1.75), wspace=0.05)
        frames = [row.add_subplot(grid[k]) for k in range(2)]
        moment = kind.seen(shown, label, first, stop, at=first)
        draw_moment(shown, label, (*frames, row.add_subplot(grid[2], projection="3d")), moment)
        row.suptitle(moment_words(shown, label, moment), color=colour_of(label), fontsize=9.5)
    return figure


def draw_moment(shown: Shown, label: str, axes, moment: Moment) -> None:
    """The three panels of a cube at the moment of a seed."""
    p, lag = shown.params, lag_moves(shown.params)
    front, back, space = axes
    panels.draw_frame(front, moment.frames[0], top=1.0)
    panels.mark_dots(front, *moment.dots, "dot")
    front.set_title(moment.words[0])
    panels.draw_frame(back, moment.frames[1])
    panels.mark_dots(back, *moment.target, f"dot {lag} moves before", panels.OUTPUT)
    back.set_title(f"{moment.words[1]}; {back_words(p, moment, lag)}")
    kind.draw_space(space, p, moment)
    space.set_title(
        "spikes: blue; dot: red; output: green" if moment.blocks.count.size else "no spikes"
    )


def back_words(p: CubeParams, moment: Moment, lag: int) -> str:
    group = group_side(p)
    iou = view.overlap(moment.frames[1], *moment.target, group)
    level = "group-level IoU" if group > 1 else "IoU"
    when = f"{lag} moves before" if lag > 1 else ("of this move", "of the move before")[lag]
    return f"{level} {text(iou, 2)}\nwith the dot {when}"


def moment_words(shown: Shown, label: str, moment: Moment) -> str:
    stop, arrays = shown.moment[1], shown.recordings[label]
    rate, n_steps = kind.recent_rate(shown.params, shown.dots, arrays, stop)
    return (
        f"{label}: step {stop - 1}, {moment.blocks.count.sum()} spikes; "
        f"fire {text(rate)} per cell and step, mean of the last {n_steps} steps"
    )


def activity(shown: Shown) -> Figure:
    """Firing in the tube of the dot and outside it, the input-locked index, and where spikes are.

    Look for a rate outside the tube that stays under its limit and an index near 1 for the whole
    run; an index that falls while the network learns means that learning makes waves. Below:
    spikes by layer, bright where there are many and black where there is none; a focused cube fires
    in all of them, a silent one only near layer 0.
    """
    both = {label: activity_in(shown.recordings[label]) for label in LABELS}
    every = both["trained"].bin_steps
    figure = pages.page(shown, 11, f"Activity over time, in bins of {every} steps")
    axes = figure.subplots(5, 1, sharex=True, height_ratios=(1, 1, 1, 1.2, 1.2))
    results = shown.results["trained"]
    series_panels.draw_rates(axes[0], axes[1], both)
    series_panels.draw_ili(
        axes[2], both, bool(results.get("ili_is_meaningful", True)), results.get("chance") or 0
    )
    per_step = [a.layers / a.steps[:, None] for a in both.values()]
    top = max(float(values.max(initial=0)) for values in per_step)
    meshes = [
        series_panels.draw_layers(ax, both[k], top) for ax, k in zip(axes[3:], LABELS, strict=True)
    ]
    off = view.off_ranges(shown.recordings["trained"]["shown"][: shown.params.steps])
    for ax in axes:
        series_panels.shade_off(ax, off)
    titles = ("Rate in the tube", "Rate outside the tube", "Input-locked index")
    titles += tuple(f"Spikes by layer, {label}" for label in LABELS)
    for ax, letter, title in zip(axes, "ABCDE", titles, strict=True):
        ax.set_title(f"{letter}  {title}")
    axes[-1].set_xlabel(series_panels.STEPS)
    mesh = next((m for m in meshes if m is not None), None)
    if mesh is not None:
        figure.colorbar(
            mesh, ax=axes[3:], label="spikes per step (black: none)", pad=0.01, aspect=30
        )
    return figure


def removal(shown: Shown) -> Figure:
    """Spikes after the input was removed at the end of the run, and in the same steps with it.

    Look for the two lines to part at once and for the one without input to end before the dotted
    limit: the activity was that of the dot. If it goes on, it feeds itself.
    """
    p = shown.params
    limit = p.L + reach_back(p) + EXTRA_STEPS
    figure = pages.page(shown, 7, f"Input removed after step {p.steps}; the left part enlarged")
    axes = figure.subplots(2, 2, sharey=True, width_ratios=(1.3, 1))
    for row, label in zip(axes, LABELS, strict=True):
        arrays = shown.recordings[label]
        removed, continued = arrays["removal_count"], arrays["continued_count"]
        t_ext = shown.number_of(label, "t_ext")
        is_final = bool(shown.results[label].get("t_ext_is_final", True))
        for ax, stop in zip(row, (min(removed.size, 2 * limit), removed.size), strict=True):
            series_panels.draw_removal(ax, removed, continued, t_ext, is_final, limit, stop)
        survival = text(shown.number_of(label, "survival"))
        end = text(t_ext) if is_final else f"beyond {removed.size}"
        words = rf"{label}: $T_\mathrm{{ext}}$ {end} steps; survival $S$ {survival}"
        row[0].set_title(words, color=colour_of(label))
        style.legend_above(row[1], ncols=2)
        row[1].set_ylabel("")
    return figure


def output_by_lag(shown: Shown) -> Figure:
    """Overlap of the back plane with the dot of so many moves before.

    Look for one peak at the dotted line, where a relay of one layer a step puts it, and for
    nothing beside it. A flat line means that the back plane says nothing of the dot.
    """
    kind = "groups" if group_side(shown.params) > 1 else "pixels"
    figure = pages.page(shown, 4.2, f"Back plane during a move, as a set of {kind}", width_in=10)
    ax = figure.subplots()
    values = {label: shown.series_of(label, "output.iou_of_lag") for label in LABELS}
    series_panels.draw_lags(ax, values, lag_moves(shown.params))
    best = [
        f"{label}: best {text(shown.number_of(label, 'output.best_iou'), 2)} at lag "
        f"{text(shown.number_of(label, 'output.best_lag'))}"
        for label in LABELS
    ]
    ax.set_title("\n".join(best))
    return figure


def weights(shown: Shown) -> Figure:
    """Weights of every projection at the start and at the end of the training.

    The untrained twin keeps those of the start. Look for mass at a bound: links that are all at
    their ceiling carry waves, links at their floor have been unlearned.
    """
    return pages.weight_page(shown)


def reach(shown: Shown) -> Figure:
    """How deep the activity gets, and how much of each layer's belongs to the dot.

    Look for spikes in every layer up to the last one, all of them locked to the input.
    """
    first = shown.results["trained"].get("first_step", 0)
    figure = pages.page(shown, 4.2, f"Spikes by layer, from step {first} on")
    axes = figure.subplots(1, 2)
    found = {
        key: {label: shown.series_of(label, key) for label in LABELS}
        for key in ("spikes_per_move", "layer_ilf")
    }
    deepest = {label: shown.number_of(label, "reach") for label in LABELS}
    series_panels.draw_reach(*axes, found["spikes_per_move"], found["layer_ilf"], deepest)
    return figure


def readout(shown: Shown) -> Figure | None:
    """The learned readout: overlap with the next frame over the run, and in frozen tests.

    Look for a trained line that rises above a plain copy of the input, and for tests on other
    loops: what is high on the same loop alone was learned by heart.
    """  # None without a readout
    if not shown.params.readout:
        return None
    figure = pages.page(shown, 7, "Learned readout of the back plane: the next frame")
    over, tests = figure.subplots(2, 1)
    found = {label: move_overlap(shown, label) for label in LABELS}
    learning_panels.draw_running_iou(over, {k: v.iou for k, v in found.items()}, "moves")
    chance = chance_iou(found["trained"].n_output, found["trained"].n_target, shown.params.n**2)
    mean = learning_panels.running_mean(chance, learning_panels.LEARNING_STEPS)
    over.plot(mean, color=style.CHANCE, lw=3.5, zorder=1, label="chance, as many pixels as trained")
    if not found["trained"].n_output.any():
        style.say(over, "trained: no pixel was ever on")
    over.set(xlabel="move", xlim=(0, chance.size))
    over.set_title("A  Over the run")
    style.legend_above(over)
    pages.draw_tests(tests, shown, shown.number_of("trained", "readout.copy_iou"))
    tests.set_title("B  Frozen tests")
    return figure


def move_overlap(shown: Shown, label: str):
    """IoU of the readout during each move with the frame to come."""
    p, arrays = shown.params, shown.recordings[label]
    path, every = path_in(arrays)[: p.steps], moves(p)
    move = arrays["output_step"] // p.ratio
    x, y = (a[every] for a in while_shown(path, path.next_x, path.next_y))
    return step_iou(arrays["output_i"], move, x, y, p.n)


FIGURES = by_name(snapshot, activity, removal, output_by_lag, reach, readout, weights)
