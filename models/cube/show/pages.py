"""What the figures of a seed have in common: headline, names of things."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import page as pages
from driver.figures.page import WIDTH_IN
from models.cube.metrics.results import projections
from models.cube.params import GroupsParams, LocalParams, Params
from models.cube.show.view import Shown
from stimuli.dots import DotParams

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
    return pages.page(heading(shown, subject), height_in, width_in)


def page_of_two(
    shown: Shown, subject: str, size_in: tuple[float, float], beside: bool
) -> tuple[Figure, list]:
    """A part for the trained and one for the untrained network; see `driver.figures.page`."""
    return pages.page_of_two(heading(shown, subject), size_in, beside)


def heading(shown: Shown, subject: str) -> str:
    return "\n".join([headline(shown), subject, *remarks(shown)])


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


def test_name(name: str) -> str:
    """A frozen test in words."""
    return TESTS.get(name, name.replace("_", " "))


test_name.__test__ = False  # no test, whatever a collector makes of its name
