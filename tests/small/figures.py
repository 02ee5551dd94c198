"""Figures of a seed."""

from __future__ import annotations

from matplotlib.figure import Figure

from driver.figures import draw, panels, style


def weights(seed) -> Figure:
    """Weights before and after learning; mean weight of both groups of inputs meanwhile."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    w, w_max, mean = seed.weights, seed.params.w_max, seed.recording("trained")["w_mean"]
    panels.draw_weights(left, w["plastic_w_init"], w["plastic_w"], 0, w_max)
    left.set_xlabel("weight (threshold 1)")
    right.plot(range(1, len(mean) + 1), mean, label=["correlated", "others"])
    right.set(xlabel="time (s)", ylabel="mean weight", ylim=(0, w_max))
    style.legend_above(left)
    style.legend_above(right)
    return figure


FIGURES = draw.by_name(weights)
