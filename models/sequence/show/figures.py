"""Figures of a seed, drawn from its folder and from nothing else; `FIGURES` lists them.

What needs the responses to the tests takes them from `view.network`, computed once for a seed.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import draw, panels, style
from driver.figures import page as pages
from driver.figures.page import colour_of, legend
from driver.formatting import number, text
from models.sequence.assembly import expected_weight
from models.sequence.records import COLUMNS
from models.sequence.responses import AFTER, BIN
from models.sequence.show import panels as own
from models.sequence.show.view import BEFORE, LABELS, MAX_PATTERNS, TESTS, input_spikes, network
from models.sequence.wiring import wiring
from stimuli.patterns import STEP_S

WITHIN, CELLS = "time from the beginning of the pattern (ms)", "cells by activation time"
SIMILARITIES = ("forward", "deleted", "jittered", "reversed")


def page(seed, height_in: float, subject: str) -> Figure:
    """An empty figure with the headline of the seed, and below it what the figure shows."""
    p, results = seed.params, seed.results
    n, lengths = p.n_patterns, "/".join(map(str, sorted(set(p.durations))))
    patterns = f"{n} patterns" if n > 1 else "one pattern"
    patterns += f" (first {MAX_PATTERNS} shown)" if n > MAX_PATTERNS else ""
    words = f"{p.grid_columns} × {p.grid_rows} circuits, {results['n_cells']} cells; {patterns} of "
    words += f"{lengths} ms, {p.train_s:g} s of training; seed {seed.number}: {results['verdict']}"
    return pages.page(f"{words}\n{subject}", height_in)


def shown(p) -> range:
    """Patterns that have panels of their own."""
    return range(min(p.n_patterns, MAX_PATTERNS))


def of(p, pattern: int) -> str:
    return f", pattern {pattern}" if p.n_patterns > 1 else ""


def presentation(seed) -> Figure:
    """Spikes of one presentation of a pattern in the test, trained beside untrained.

    Below, the cells: first those of the assembly (at least twice their rate at rest), then the
    others, both by their time of activation in this network. Look for a rising line of spikes in
    the assembly while the pattern is shown, for others that fall silent meanwhile, and for how long
    the assembly goes on after the pattern. A line before the pattern is a replay in mere noise. An
    untrained network also answers, with fewer cells.
    """
    p = seed.params
    n = len(shown(p))
    figure = page(seed, 1.2 + 5.2 * n, "One presentation in the test, between the dotted lines")
    axes = figure.subplots(2 * n, 2, squeeze=False, sharey="row", height_ratios=(1, 2.4) * n)
    for k in shown(p):
        background, of_pattern = input_spikes(p, "whole", k)
        inputs = (*background, own.BACKGROUND, "background"), (*of_pattern, own.PATTERN, "pattern")
        for label, above, below in zip(LABELS, *axes[2 * k : 2 * k + 2], strict=True):
            own.draw_spikes(above, inputs, p.n_inputs)
            above.set_title(f"{label}{of(p, k)}", color=colour_of(label))
            above.tick_params(labelbottom=False)
            draw_cells(below, seed, label, "whole", k)
            for ax in (above, below):
                own.frame_times(ax, (0, None), (p.durations[k], None))
                ax.set_xlim(-BEFORE, p.durations[k] + AFTER)
        axes[2 * k, 0].set_ylabel("input channels")
        axes[2 * k + 1, 0].set_ylabel(CELLS)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    labels = [f"input spikes of the {label}" for label in labels]
    figure.legend(handles, labels, loc="outside lower center", ncols=2, markerscale=2)
    return figure


def draw_cells(ax, seed, label: str, test: str, pattern: int) -> None:
    """Spikes around the presentation that is shown, cells in the order of their network."""
    found = network(seed, label)
    step, cell = found.spikes[test, pattern]
    place = np.argsort(found.orders[pattern])
    own.draw_spikes(ax, [(step, place[cell], colour_of(label), None)], place.size)
    own.mark_assembly(ax, found.sizes[pattern], place.size)
    ax.set(xlim=(-BEFORE, seed.params.durations[pattern] + AFTER), xlabel=WITHIN)


def replay(seed) -> Figure:
    """What follows a cue, the beginning of a pattern, with nothing but noise shown after it.

    Left: where in the pattern the network is, decoded from the spikes of single bins of 10 ms of
    single presentations; grey is the share of the bins of a true time. Look for a large share along
    the line of true time: replay. A level band means that the network stands still, one at the very
    beginning that it is back at rest. Right: spikes after one cue, cells as in the figure of a
    presentation.
    """
    p = seed.params
    n = len(shown(p))
    subject = f"After a cue of {p.cue_steps} ms: decoded time, and spikes of one presentation"
    figure = page(seed, 8.2, subject)
    axes = figure.subplots(2, 1 + n, width_ratios=(1, *[1.9 / n] * n), sharex="col", sharey="col")
    images = []
    for row, label in zip(axes, LABELS, strict=True):
        found, numbers = network(seed, label), seed.numbers(label)["replay"]
        images += own.draw_decoded(row[0], found.true_ms, found.decoded_ms, max(p.durations), BIN)
        words = f"slope {number(numbers['slope'], 2)}, error {number(numbers['error_ms'], 0)} ms"
        words = words.replace("-", "\N{MINUS SIGN}").replace("undefined ms", "undefined")
        row[0].set_title(f"{label}: {words}", color=colour_of(label))
        row[0].set_ylabel("decoded time (ms)")
        for k, ax in zip(shown(p), row[1:], strict=True):
            draw_cells(ax, seed, label, "cue", k)
            ends = (p.cue_steps, "end of the cue"), (p.durations[k], "end of the pattern")
            own.frame_times(ax, (0, "beginning"), *ends)
            ax.set_title(f"{label}{of(p, k)}", color=colour_of(label))
            ax.set_xlabel(WITHIN if ax in axes[1] else "")
        row[1].set_ylabel(CELLS)
    axes[1, 0].set_xlabel("true time in the pattern (ms)")
    if images:
        top = max(image.get_array().max() for image in images)
        for image in images:
            image.set_clim(0, top)
        figure.colorbar(images[0], ax=axes[:, 0], label="share of bins", aspect=40, pad=0.02)
    parts = [ax.get_legend_handles_labels() for ax in (axes[0, 0], axes[0, 1])]
    handles, labels = (first + second for first, second in zip(*parts, strict=True))
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def profiles(seed) -> Figure:
    """Mean rate fractions of all cells in the tests, by lag from the beginning of a pattern.

    Cells in the order of their network, as in the figure of a presentation, the assembly below the
    line: by activation time in the whole pattern. Look for a band that rises through the assembly;
    that goes on after the end of a cue where the sequence is remembered; and that is gone, and not
    only turned round, where the pattern runs backwards. Of several patterns the second is shown in
    the order of the first: its own assembly lies elsewhere.
    """
    p = seed.params
    columns = [(name, 0) for name in TESTS] + [("whole", 1)] * (p.n_patterns > 1)
    first = " in pattern 0" if p.n_patterns > 1 else ""
    figure = page(
        seed, 8.4, f"Mean rate fraction of each cell{first}; dotted: end of what is shown"
    )
    axes = figure.subplots(2, len(columns), sharey="row", sharex="col")
    names = {"whole": "whole pattern", "cue": f"cue of {p.cue_steps} ms", "reversed": "reversed"}
    for row, label in zip(axes, LABELS, strict=True):
        found = network(seed, label)
        for ax, (name, k) in zip(row, columns, strict=True):
            own.draw_profile(ax, found.profiles[name][k], found.orders[0])
            own.mark_assembly(ax, found.sizes[0], found.orders[0].size, "white", ax is row[-1])
            end = p.cue_steps if name == "cue" else p.durations[k]
            ax.axvline(end, color="white", **own.EDGE)
            ax.set_title(f"{label}: {'pattern 1' if k else names[name]}", color=colour_of(label))
        row[0].set_ylabel(CELLS)
    for ax in axes[1]:
        ax.set_xlabel("time in the pattern (ms)")
    figure.colorbar(axes[0, 0].images[0], ax=axes, label="mean rate fraction", aspect=40, pad=0.015)
    return figure


def completion(seed) -> Figure:
    """How much of the response to the whole pattern a cue evokes, and how robust a response is.

    Completion: projection of the mean response to the cue on that to the whole pattern, as
    deviations from rest; 1 where they are alike. Look for how long it stays above 1/e after the end
    of the cue. Single responses: their correlation with the mean response to the pattern. High with
    fewer spikes, low for the reversed pattern: a response to the sequence; high for all: one to
    rates.
    """
    p = seed.params
    figure = page(seed, 4.6, f"Completion after a cue of {p.cue_steps} ms; likeness of responses")
    *left, right = figure.subplots(1, len(shown(p)) + 1)
    for k, ax in zip(shown(p), left, strict=True):
        courses = {label: network(seed, label).courses[k] for label in LABELS}
        own.draw_course(ax, courses, p.cue_steps, p.durations[k])
        ax.sharey(left[0])
        ax.set(xlabel=WITHIN, ylabel="" if k else "completion")
        ax.set_title(f"{'AB'[k]}  Completion{of(p, k)}")
    for label, shift in zip(LABELS, (-0.1, 0.1), strict=True):
        values = [seed.numbers(label)[name] for name in SIMILARITIES]
        look = {"ls": "none", **style.LOOK[label], "label": label, "clip_on": False}
        right.plot(np.arange(len(values)) + shift, np.array(values, float), **look)
    if not right.dataLim.intervaly[0] < np.inf:
        style.say(right, "undefined: no response varies")
    right.set_xticks(range(len(SIMILARITIES)), ("whole", "deleted", "jittered", "reversed"))
    right.set(ylabel="correlation with the mean response", xlim=(-0.5, len(SIMILARITIES) - 0.5))
    right.set_ylim(min(0, right.get_ylim()[0]), 1)
    right.set_title(f"{'BC'[len(left) - 1]}  Single responses")
    right.grid(axis="y", color=style.CHANCE, lw=0.6)
    right.legend(loc="lower left")
    legend(figure, left[0])
    return figure


def learning(seed) -> Figure:
    """What changes over the training.

    A: correlation of the spike counts, in bins of 10 ms, of each presentation with the one before
    of the same pattern; beside it the mean of the same in the tests. B: mean weights and their S.D.
    C: mean of the tracked variance of a weight, which sets its learning rate. Look for a likeness
    that rises and stays, and for a variance that falls: learning ends by itself.
    """
    p, found = seed.params, seed.recording("trained")
    figure = page(seed, 8.4, "Over the training")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(1.4, 1, 1))
    step, pattern, likeness = found["likeness"].T
    for k in shown(p):
        its, words = pattern == k, f"in training{of(p, k)}"
        look = {"marker": "os"[k], "ms": 3.5, "mew": 0, "color": own.PATTERNS[k], "ls": "none"}
        top.plot(step[its] * STEP_S, likeness[its], label=words, alpha=0.7, **look)
    if not likeness.size:
        style.say(top, "no pattern was shown twice")
    for label in LABELS:
        mean = np.mean(network(seed, label).likeness)
        top.axhline(mean, label=f"{label}, in the test", zorder=0, **style.LINE[label])
    top.set(ylabel="correlation of counts", ylim=(min(0, *top.get_ylim()), None))
    top.set_title("A  Likeness of successive presentations")
    start = {
        name: found[f"initial.{name}.w"] for name in own.PROJECTIONS if found[f"{name}.w"].size
    }
    course = found["course"]
    for name, colour in zip(own.PROJECTIONS, (own.BACKGROUND, own.PATTERN), strict=True):
        if name not in start:
            continue
        first = start[name].mean(), start[name].std(), 1.0
        columns = [COLUMNS.index(f"{name}_{what}") + 1 for what in ("w", "w_sd", "variance")]
        w, sd, variance = np.vstack([first, course[:, columns]]).T
        t = np.append(0, course[:, 0]) * STEP_S
        middle.fill_between(t, w - sd, w + sd, color=colour, alpha=0.15, lw=0)
        middle.plot(t, w, color=colour, label=f"{own.PROJECTIONS[name]}, mean ± S.D.")
        bottom.semilogy(t, variance, color=colour, label=own.PROJECTIONS[name])
    middle.set(ylabel="weight")
    middle.set_title("B  Weights")
    bottom.set(ylabel="variance of a weight", xlabel="training time (s)", xlim=(0, p.train_s))
    bottom.set_title("C  Tracked variance, mean over synapses")
    own.plain_log(bottom.yaxis)
    for ax in (top, middle, bottom):
        style.legend_above(ax)
    return figure


def weights(seed) -> Figure:
    """Weights before and after training, and what a weight does.

    A, B: look for a peak at the dotted line, ln(rate x area of an EPSP), where a weight settles
    whose source has nothing to do with the spikes of the cell; weights above it are what was
    learned. For recurrent ones it is that of a cell of mean rate, its EPSPs as small as short-term
    plasticity makes them. C: EPSPs of a train of spikes, of a weight of 1.
    """
    p, found = seed.params, seed.weights
    figure = page(seed, 4.3, "Weights before and after training; EPSPs")
    axes = figure.subplots(1, 3)
    rate = p.r_max_hz * p.n_circuits / seed.results["n_cells"]
    rise, decay = p.taus_s
    size = own.efficacies(50, 1e3 / rate, p)[-1]
    lines = expected_weight(p), np.log(rate * (decay - rise) * size)
    words = f"{p.r_noise_hz:g} Hz", f"{rate:.0f} Hz × {size:.2g}"
    for ax, letter, name, line, said in zip(
        axes, "AB", own.PROJECTIONS, lines, words, strict=False
    ):
        before, after = found[f"{name}_w_init"], found[f"{name}_w"]
        both = np.concatenate([before, after])
        low, high = np.percentile(both, [0.5, 100]) if both.size else (-1, 0)
        panels.draw_weights(ax, before, after, low, high + 0.1 * (high == low))
        if np.isfinite(line):
            own.frame_times(ax, (line, f"ln(rate × area), rate {said}"))
        ax.set_xlabel(f"weight (those below {text(low, 2)} in the first bin)")
        ax.set_title(f"{letter}  {own.PROJECTIONS[name].capitalize()} weights", pad=44)
    own.draw_epsps(axes[2], p, 6, 20)
    axes[2].set_title("C  EPSPs of spikes every 20 ms", pad=44)
    for ax in axes:
        style.legend_above(ax, ncols=1)
    return figure


def circuits(seed) -> Figure:
    """Cells of each circuit by its place on the grid, as a map and as bars.

    The cells of a circuit share a constant rate: one that is alone in its circuit always fires.
    """
    p = seed.params
    figure = page(seed, 4.2, "Sizes of the circuits")
    shape, sizes = (p.grid_columns, p.grid_rows), wiring(p).sizes
    own.draw_circuit_map(figure.add_subplot(1, 2, 1), sizes, shape)
    own.draw_circuit_bars(figure.add_subplot(1, 2, 2, projection="3d"), sizes, shape)
    return figure


def windows(seed) -> Figure:
    """Plasticity as its rules say, for one pair of spikes or a train; from the parameters alone.

    A: the form of the paper, c y exp(-w) - 1 at w = 0: a cell that fires soon after its input
    strengthens the synapse, and weakens it otherwise. B: the form that is simulated, (y - exp(w))
    over the larger of exp(w) and the learning rate, times the rate of the start of a training: weak
    synapses grow more. C: share of its resources that each spike of a regular train uses.
    """
    p = seed.params
    figure = page(seed, 4.4, "Windows of plasticity, from the parameters alone")
    titles = "A  STDP, as in the paper, w = 0", "B  STDP, as simulated", "C  Short-term plasticity"
    draws = own.draw_paper_window, own.draw_window, own.draw_efficacies
    for ax, draw_panel, title in zip(figure.subplots(1, 3), draws, titles, strict=True):
        draw_panel(ax, p)
        ax.set_title(title)
    return figure


FIGURES = draw.by_name(
    *(presentation, replay, profiles, completion, learning, weights, circuits, windows)
)
