"""Panels of weights, learning, frozen tests and recall; see `panels`."""

from __future__ import annotations

import warnings

import numpy as np

from driver.figures import panels, style
from driver.figures.page import colour_of
from models.cube.metrics.output import LEARNING_STEPS, TIMES_CHANCE, running_mean
from models.cube.show.series_panels import LIMIT
from models.cube.show.view import test_name

BAR = 0.36
COPY = {"color": style.BRIGHT, "ls": "-", "lw": 1.6}


def draw_weights(ax, before, after, floor: float | None, ceiling: float | None):
    """Weights of a projection at the start and at the end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    before, after : ndarray, shape (n_links,)
    floor, ceiling : float or None
        Bounds of the weights, dotted.
    """
    both = np.concatenate([before, after])
    low, high = (both.min(), both.max()) if both.size else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.05, high + 0.05)
    panels.draw_weights(ax, before, after, low, high, "links")
    shown = [bound for bound in (floor, ceiling) if bound is not None and low <= bound <= high]
    for k, bound in enumerate(shown):
        ax.axvline(bound, label="bound" if k == 0 else None, **LIMIT)
    ax.set(xlabel="weight (1)", yscale="log", ylim=(0.5, 2 * max(1, both.size / 2)))
    return ax


def weight_words(before, after) -> str:
    """Mean before and after, and how many links have changed."""
    share = np.mean(before != after) if after.size else 0.0
    some = f"{100 * share:.2g} %" if 0 < share < 0.01 else f"{100 * share:.0f} %"
    if not after.size:
        return "0 links"
    return (
        f"{after.size} links; mean {before.mean():.3g} → {after.mean():.3g}; {some} changed"
    ).replace("-", "\N{MINUS SIGN}")


def draw_running_iou(ax, iou: dict[str, np.ndarray], unit: str):
    """Mean IoU of the last 50 moves or steps, gaps where it is undefined.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    iou : dict of str to ndarray, shape (n_steps,)
        By label.
    unit : str
    """
    means = {label: running_mean(values, LEARNING_STEPS) for label, values in iou.items()}
    panels.draw_series(ax, means, "undefined: no output, no target")
    ax.set(ylim=(-0.03, 1.08), ylabel=f"IoU (1),\nmean of {LEARNING_STEPS} {unit}")
    return ax


def mark_learning(ax, times: dict[float, float], first: int = 0):
    """Points where the 50-step mean first reached a level; `first` is where counting began.

    When that was, the legend says: words beside the points would lie on the line.
    """
    found = {steps: level for level, steps in sorted(times.items()) if np.isfinite(steps)}
    if found:  # of levels reached at once only the highest
        at = [first + steps - 1 for steps in found]
        words = ", ".join(f"{level:g} after {steps:.0f}" for steps, level in found.items())
        look = {"ms": 6, "mfc": "white", "mec": style.TRAINED, "mew": 1.3, "zorder": 4}
        when = "since the pause" if first else "reached"
        ax.plot(at, [*found.values()], "o", label=f"{when} {words} steps", **look)
    return ax


def draw_per_step(ax, counts: dict[str, np.ndarray], label: str):
    """A count per step, mean of 50 steps."""
    means = {name: running_mean(values, LEARNING_STEPS) for name, values in counts.items()}
    panels.draw_series(ax, means)
    tops = [np.nanmax(line.get_ydata()) for line in ax.lines if np.isfinite(line.get_ydata()).any()]
    ax.set(ylim=(0, 1.1 * max(tops, default=0) or 1), ylabel=label)
    if not any(np.any(values) for values in counts.values()):
        style.say(ax, "silent")
    return ax


def draw_tests(ax, names: list[str], trained: dict, untrained: dict, copy: float):
    """Mean IoU of each frozen test: trained, untrained, chance and a plain copy of the input.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    names : list of str
    trained, untrained : dict of str to (float, float, int)
        IoU, its chance, and moves looked at; NaN is undefined.
    copy : float
        IoU of a copy of the frame that is shown, with the target.
    """
    if not names:
        return style.empty(ax, "no frozen tests in this run")
    place = np.arange(len(names))
    for label, found, side in (("trained", trained, -0.5), ("untrained", untrained, 0.5)):
        at = place + side * BAR
        iou, chance = (np.array([found[name][k] for name in names]) for k in (0, 1))
        look = {"color": colour_of(label), "edgecolor": "white"}
        ax.bar(at, iou, BAR, label=label, hatch="//" if side > 0 else None, **look)
        name = "chance, as many pixels" if side < 0 else None
        ends = at - BAR / 2, at + BAR / 2
        ax.hlines(chance, *ends, color=style.MUTED, lw=2.2, zorder=4, label=name)
        for x, value in zip(at, iou, strict=True):
            write_value(ax, x, value)
    if np.isfinite(copy):
        ax.axhline(copy, label=f"copy of the input: {copy:.2f}", zorder=0, **COPY)
    ax.set_xticks(place, [f"{test_name(n)}\n{trained[n][2]} moves" for n in names])
    ax.set(ylim=(0, 1.15), xlim=(-0.6, len(names) - 0.4), ylabel="mean IoU (1)")
    return style.legend_above(ax)


def write_value(ax, x: float, value: float) -> None:
    """The number over its bar; undefined in words, for it has none."""
    undefined = not np.isfinite(value)
    text, angle = ("undefined", 90) if undefined else (f"{value:.2f}", 0)
    at = x, 0.02 if undefined else value
    look = {"ha": "center", "va": "bottom", "fontsize": 8, "rotation": angle}
    ax.annotate(text, at, (0, 3), textcoords="offset points", **look)


def draw_recall(ax, iou: np.ndarray, chance: np.ndarray, quarter: float, colour: str):
    """Overlap with the unseen dot after the cut: median and quartiles over launches.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    iou, chance : ndarray, shape (n_launches, n_steps)
    quarter : float
        Steps that must be held: a quarter of the loop.
    """
    step = np.arange(1, iou.shape[1] + 1)
    low, median, high = quartiles(iou)
    ax.fill_between(step, low, high, step="mid", color=colour, alpha=0.25, lw=0, label="quartiles")
    ax.plot(step, median, color=colour, lw=1.5, drawstyle="steps-mid", label="median")
    limit = TIMES_CHANCE * quartiles(chance)[1]
    name = f"{TIMES_CHANCE} times chance"
    ax.plot(step, limit, color=style.CHANCE, lw=3.5, zorder=1, label=name)
    ax.axvline(quarter, label=f"P/4 = {quarter:g} steps", **LIMIT)
    ax.set(xlim=(0.5, step.size + 0.5), ylim=(-0.03, 1.05))
    ax.set(xlabel="steps since the cut", ylabel="IoU with the unseen dot (1)")
    if not np.any(iou > 0):
        style.say(ax, "no overlap in any step" if np.isfinite(iou).any() else "undefined")
    return ax


def quartiles(values: np.ndarray) -> np.ndarray:
    """Quartiles over the first axis, shape (3, n_steps); NaN where nothing is defined."""
    with warnings.catch_warnings():  # a column of NaN is meant to give NaN
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanpercentile(np.asarray(values, dtype=float), (25, 50, 75), axis=0)
