"""What the figures of a seed have in common: headline, weights, frozen tests."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from driver.figures import page as pages
from driver.figures import style
from driver.figures.page import WIDTH_IN, legend
from models.cube.kinds import kind_of
from models.cube.metrics.results import bounds, projections
from models.cube.params import Params
from models.cube.show import learning_panels
from models.cube.show.view import LABELS, Shown
from stimuli.dots import DotParams


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
    return kind_of(p).moment.headline(p)


def stimulus(dots: DotParams) -> str:
    n = "one dot" if dots.dots == 1 else f"{dots.dots} dots"
    return f"{n}, {dots.stimulus}"


def remarks(shown: Shown) -> list[str]:
    """What a reader must know before comparing trained with untrained."""
    trained, twin = (shown.recordings[label] for label in ("trained", "untrained"))
    same = all(np.array_equal(trained[name], twin[name]) for name in shown.kind.SERIES)
    found = [] if changed(trained) else ["no weight has changed in training"]
    found += [f"the {shown.kind.CELLS} of both networks fired alike throughout"] if same else []
    return ["; ".join(found)] if found else []


def changed(arrays) -> bool:
    """Whether training has changed any weight."""
    return any(
        not np.array_equal(arrays[f"initial.{name}.w"], arrays[f"{name}.w"])
        for name in projections(arrays)
    )


def weight_page(shown: Shown) -> Figure:
    """Weights before and after training, a panel for each projection."""
    arrays = shown.recordings["trained"]
    names = projections(arrays)
    n_columns = min(3, max(1, len(names)))
    n_rows = -(-len(names) // n_columns) or 1
    figure = page(shown, 1.6 + 2.7 * n_rows, "Weights before and after training")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        before, after = arrays[f"initial.{name}.w"], arrays[f"{name}.w"]
        ceiling, floor = bounds(shown.params, name)
        learning_panels.draw_weights(ax, before, after, floor, ceiling)
        ax.set_title(f"{name}\n{learning_panels.weight_words(before, after)}")
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    if names:
        legend(figure, max(axes, key=lambda ax: len(ax.get_legend_handles_labels()[1])))
    else:
        style.empty(axes[0], "no weights of their own in this network")
    return figure


def draw_tests(ax, shown: Shown, copy: float):
    """Bars of the frozen tests of a seed."""
    names = list(shown.results["trained"].get("tests") or {})
    found = [
        {
            name: (
                shown.number_of(label, f"tests.{name}.iou"),
                shown.number_of(label, f"tests.{name}.chance_iou"),
                shown.results[label]["tests"][name]["n_moves"],
            )
            for name in names
        }
        for label in LABELS
    ]
    return learning_panels.draw_tests(ax, names, *found, copy)
