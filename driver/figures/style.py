"""How every figure looks: fonts, lines and colours, in one place.

Colours differ in lightness as well as in hue, so they stay apart in grey and for colour-blind
eyes. Dots and lines carry the difference a second time: a condition is never told by its colour
alone. `BRIGHT`, `MIDDLE` and `DARK` are for populations; which one is whose, a model says.
"""

from __future__ import annotations

import contextlib
import threading

BRIGHT, MIDDLE, DARK = "#d69a1e", "#bb5566", "#004488"
TRAINED, UNTRAINED, CHANCE = "#000000", "#009988", "#d9d9d9"
LOOK = {  # of the point of a network
    "untrained": {"color": UNTRAINED, "marker": "s", "ms": 6},
    "trained": {"color": TRAINED, "marker": "o", "ms": 5.5},
}
LINE = {  # of its line
    "trained": {"color": TRAINED, "lw": 1.5},
    "untrained": {"color": UNTRAINED, "lw": 1.3, "ls": (0, (4, 1.5))},
}
MUTED = "#808080"  # what is neither data of a population nor of a condition

DPI = 180
SETTINGS = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters everywhere
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.formatter.useoffset": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.2,
    "lines.linewidth": 1.2,
    "figure.titlesize": 11,
    "figure.dpi": 100,
    "savefig.dpi": DPI,
}
# for `Figure.savefig`; written in half the time of the smallest file, which is a tenth smaller
PNG = {"format": "png", "pil_kwargs": {"compress_level": 3}}
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def applied():
    """Make and save figures inside: this style and nothing of the user's own settings.

    The settings belong to the process, so one thread draws at a time; they are put back.
    """
    import matplotlib

    settings = {**matplotlib.rcParamsDefault, **SETTINGS}
    del settings["backend"]  # the one setting that would not be put back
    with _one_at_a_time, matplotlib.rc_context(settings):
        yield


def say(ax, text: str, x: float | None = None, y: float = 0.5):
    """Write `text` into a panel, or part of one, that has nothing to show; returns the axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    text : str
    x : float, optional
        Centre of the text on the x axis; the middle of the panel if not given.
    y : float
        Centre of the text as a share of the panel's height.
    """
    where = ax.transAxes if x is None else ax.get_xaxis_transform()
    box = {"facecolor": "white", "edgecolor": MUTED, "boxstyle": "round,pad=0.4"}
    at = (0.5 if x is None else x, y)
    ax.text(*at, text, transform=where, ha="center", va="center", bbox=box, zorder=5)
    return ax


def empty(ax, text: str):
    """Make a panel without data say so, and drop its meaningless ticks; returns the axes."""
    ax.set(xticks=[], yticks=[])
    return say(ax, text)


def legend_above(ax, **options):
    """Put the legend over the upper right corner, where it can hide no data; returns the axes."""
    place = {"loc": "lower right", "bbox_to_anchor": (1.0, 0.985), "borderaxespad": 0.0}
    ax.legend(**place, **{"ncols": 4} | options)
    return ax
