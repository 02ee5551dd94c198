"""What the figures of a seed have in common: size, headline, names of things."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver import style
from models.cube.params import GroupsParams, LocalParams, Params
from models.cube.results import projections
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
    "new": "new launches",
    "held_out": "never-seen loops",
    "seen": "seen loops",
}


def page(shown: Shown, height_in: float, subject: str, width_in: float = WIDTH_IN) -> Figure:
    """An empty figure with the headline of the seed, and below it what the figure shows."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    figure.suptitle("\n".join([headline(shown), subject, *remarks(shown)]))
    return figure


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
    if changed(trained):
        return []
    spikes = "n_hidden" if shown.is_local else "bin_layers"
    same = np.array_equal(trained[spikes], twin[spikes])
    end = ": trained and untrained fired the same" if same else ""
    return [f"no weight has changed in training{end}"]


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
