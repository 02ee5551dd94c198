"""The stimulus without a network: a sphere passes the body, the afferents answer."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.draw import draw
from driver.figures.page import page
from models.lateral_line.show.panels import COLOUR
from models.lateral_line.show.position_panels import COLOURS, draw_image
from stimulus import DEFAULT_STIMULUS, StimulusParams, simulate_lateral_line

DISTANCES_CM = (0.7, 1.5, 2.3)
DIRECTIONS = {"→": 1.0, "←": -1.0}
SPEED_CM_S, N_LL, SEED = 10.0, 30, 0
LINES = {"→": "-", "←": (0, (4, 1.5))}


def draw_stimulus_figure(target: Path) -> Path:
    """Draw the stimulus figure into the file `target`, PNG; returns it."""
    return draw(target, stimulus_figure, DEFAULT_STIMULUS)


def stimulus_figure(stimulus: StimulusParams = DEFAULT_STIMULUS) -> Figure:
    """Three distances, both directions: geometry, source, mean rate, and rate along the body."""
    length_cm = stimulus.lateral_line_length_cm
    sweeps = {
        (d_cm, arrow): simulate_lateral_line(
            duration_s=(length_cm + 2.0) / SPEED_CM_S,  # from 1 cm before the body to 1 cm after
            n_ll=N_LL,
            speed_cm_s=SPEED_CM_S,
            distance_cm=d_cm,
            direction=sign,
            seed=SEED,
            stimulus=stimulus,
        )
        for d_cm in DISTANCES_CM
        for arrow, sign in DIRECTIONS.items()
    }
    figure = page(
        f"A sphere of radius {stimulus.sphere_radius_cm:g} cm passes {N_LL} afferents at "
        f"{SPEED_CM_S:g} cm/s, forward (→, solid) and backward (←, dashed)\n"
        f"rates with noise of {stimulus.sigma_noise_hz:g} Hz, the same in all sweeps",
        height_in=11,
        width_in=13,
    )
    grid = figure.add_gridspec(3, 3, height_ratios=(1, 1, 1))
    draw_geometry(figure.add_subplot(grid[0, 0]), sweeps, stimulus)
    draw_source(figure.add_subplot(grid[0, 1]), sweeps, length_cm)
    draw_mean_rates(figure.add_subplot(grid[0, 2]), sweeps)
    draw_rate_images(figure, grid, sweeps)
    return figure


def colour(d_cm: float):
    """Of a distance: the nearer, the darker."""
    return matplotlib.colormaps[COLOURS](0.85 * DISTANCES_CM.index(d_cm) / (len(DISTANCES_CM) - 1))


def draw_geometry(ax, sweeps, stimulus: StimulusParams):
    """Body, afferents and the paths of the source, seen from above; equal scales."""
    length_cm = stimulus.lateral_line_length_cm
    ax.plot([0, length_cm], [0, 0], lw=4, color=COLOUR["ll"], solid_capstyle="butt", label="body")
    xi_cm = next(iter(sweeps.values()))["xi_cm"]
    ax.plot(xi_cm, 0 * xi_cm, "|", ms=7, color=style.TRAINED, label=f"{xi_cm.size} afferents")
    angle, radius = np.linspace(0, 2 * np.pi, 100), stimulus.sphere_radius_cm
    for d_cm in DISTANCES_CM:
        x_cm = sweeps[d_cm, "→"]["X_cm"]
        ax.plot(x_cm[[0, -1]], [d_cm, d_cm], lw=0)  # the arrow alone would not widen the axes
        arrow = {"arrowstyle": "<|-|>", "color": colour(d_cm), "mutation_scale": 12, "lw": 1.5}
        ax.annotate("", (x_cm[0], d_cm), (x_cm[-1], d_cm), arrowprops=arrow)
        circle = x_cm[0] + radius * np.cos(angle), d_cm + radius * np.sin(angle)
        ax.plot(*circle, color=colour(d_cm), lw=1)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set(xlabel="along the body x (cm)", ylabel="from the body y (cm)")
    ax.set_title("A  Geometry (sphere at the start of →)")
    ax.legend(loc="lower right", ncols=2)
    return ax


def draw_source(ax, sweeps, length_cm: float):
    """Source position over time, the same at every distance."""
    for arrow, dashes in LINES.items():
        sweep = sweeps[DISTANCES_CM[0], arrow]
        ax.plot(sweep["t_s"], sweep["X_cm"], color=style.TRAINED, ls=dashes, label=arrow)
    for end, label in ((0, "body ends"), (length_cm, None)):
        ax.axhline(end, color=COLOUR["ll"], lw=1, ls=(0, (1, 2)), label=label)
    ax.set(xlabel="time (s)", ylabel="source X (cm)", xlim=(0, sweep["t_s"][-1]))
    ax.set_title("B  Source")
    return style.legend_above(ax)


def draw_mean_rates(ax, sweeps):
    """Rate over time, mean over the afferents."""
    for (d_cm, arrow), sweep in sweeps.items():
        label = f"{d_cm:g} cm" if arrow == "→" else None
        mean_hz = sweep["rates_hz"].mean(axis=1)
        ax.plot(sweep["t_s"], mean_hz, color=colour(d_cm), ls=LINES[arrow], label=label)
    ax.set(xlabel="time (s)", ylabel="mean LL rate (Hz)", xlim=(0, sweep["t_s"][-1]))
    ax.set_title("C  Mean rate")
    return style.legend_above(ax)


def draw_rate_images(figure, grid, sweeps):
    """Rate of every afferent over time: a column a distance, a row a direction, one scale."""
    top = max(sweep["rates_hz"].max() for sweep in sweeps.values())
    axes = []
    for k, ((d_cm, arrow), sweep) in enumerate(sweeps.items()):
        first = axes[0] if axes else None
        ax = figure.add_subplot(grid[1 + k % 2, k // 2], sharex=first, sharey=first)
        half_cm = np.diff(sweep["xi_cm"]).mean() / 2
        ends = sweep["xi_cm"][0] - half_cm, sweep["xi_cm"][-1] + half_cm
        place = (sweep["t_s"][0], sweep["t_s"][-1], *ends)
        draw_image(ax, sweep["rates_hz"].T, place, 0, top)
        ax.set(xlabel="time (s)", ylabel="afferent at x (cm)")
        ax.set_title(f"{'DEFGHI'[k % 2 * 3 + k // 2]}  {d_cm:g} cm, {arrow}")
        ax.label_outer()
        axes.append(ax)
    figure.colorbar(axes[0].images[0], ax=axes, label="LL rate (Hz)", pad=0.01, aspect=40)
