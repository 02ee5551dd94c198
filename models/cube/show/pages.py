"""What the figures of a seed have in common: size, headline, names of things."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from models.cube.metrics.results import projections
from models.cube.params import GroupsParams, LocalParams, Params
from models.cube.show.view import Shown
from stimuli.dots import DotParams

WIDTH_IN = 12
LOOK = {  # of a line
    "trained": {"color": style.TRAINED, "lw": 1.5},
    "untrained": {"color": style.UNTRAINED, "lw": 1.3, "ls": (0, (4, 1.5))},
}
TESTS = {
    "same": "same loop",
    "mirrored": "mirrored",
    "shifted": "shifted",
    "reversed": "reversed",
    "new": "random launches",
    "held_out": "never-seen loops",
    "seen": "seen loops",
}


def page(shown: Shown, height_in: float, subject: str, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure with the headline of the seed, and below it what the figure shows."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    figure.suptitle("\n".join([headline(shown), subject, *remarks(shown)]))
    return figure


def page_of_two(
    shown: Shown, subject: str, size_in: tuple[float, float], beside: bool
) -> tuple[Figure, list]:
    """A page with a headline and a part for the trained and one for the untrained network.

    Parameters
    ----------
    size_in : (float, float)
        Width and height of one part, inches.
    beside : bool
        Side by side instead of one above the other.

    Returns
    -------
    figure : Figure
    parts : list of matplotlib.figure.SubFigure
    """
    text = "\n".join([headline(shown), subject, *remarks(shown)])
    # a part of its own: a headline over parts takes its room from the last of them
    head = 0.22 + 0.19 * (1 + text.count("\n"))
    n_rows, n_columns = (1, 2) if beside else (2, 1)
    width, height = n_columns * size_in[0], n_rows * size_in[1]
    figure = Figure(figsize=(width, head + height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    rows = [head, *[size_in[1]] * n_rows]
    grid = figure.add_gridspec(1 + n_rows, n_columns, height_ratios=rows, hspace=0)
    figure.add_subfigure(grid[0, :]).suptitle(text, y=0.92)
    places = [grid[1 + k // n_columns, k % n_columns] for k in range(2)]
    return figure, [figure.add_subfigure(place) for place in places]


def headline(shown: Shown) -> str:
    return f"{network(shown.params)}; {stimulus(shown.dots)}; seed {shown.number}"


def network(p: Params) -> str:
    """Kind and size of a network, in words."""
    if isinstance(p, LocalParams):
        kind = "Local layer, motion cells" if p.hidden == "motion" else "Local layer"
        return f"{kind}, {p.n} × {p.n} pixels, {p.steps} steps"
    kind = f"Groups of {p.m}³ cells" if isinstance(p, GroupsParams) else "Cube"
    each = f"{p.ratio} steps a move" if p.ratio > 1 else "1 step a move"
    return f"{kind}, {p.n} × {p.n} × {p.L} cells, {p.steps} steps, {each}"


def stimulus(dots: DotParams) -> str:
    n = "one dot" if dots.dots == 1 else f"{dots.dots} dots"
    return f"{n}, {dots.stimulus}"


def remarks(shown: Shown) -> list[str]:
    """What a reader must know before comparing trained with untrained."""
    trained, twin = (shown.recordings[label] for label in ("trained", "untrained"))
    spikes = ("n_hidden", "n_near") if shown.is_local else ("bin_layers", "bin_inside")
    same = all(np.array_equal(trained[name], twin[name]) for name in spikes)
    found = [] if changed(trained) else ["no weight has changed in training"]
    cells = "hidden cells" if shown.is_local else "cells"
    found += [f"the {cells} of both networks fired alike throughout"] if same else []
    return ["; ".join(found)] if found else []


def changed(arrays) -> bool:
    """Whether training has changed any weight."""
    return any(
        not np.array_equal(arrays[f"initial.{name}.w"], arrays[f"{name}.w"])
        for name in projections(arrays)
    )


def colour_of(label: str) -> str:
    return LOOK[label]["color"]


def test_name(name: str) -> str:
    """A frozen test in words."""
    return TESTS.get(name, name.replace("_", " "))


test_name.__test__ = False  # no test, whatever a collector makes of its name


def legend(figure: Figure, ax) -> None:
    """One legend for panels that are alike, below them."""
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
