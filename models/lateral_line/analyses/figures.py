"""Figures of the reconstruction from stored weights, and of what the afferents alone tell apart.

Panels take axes and arrays; below them are the figures of a seed, made of its weights and
parameters. Nothing of a simulation is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.figures.page import colour_of
from models.lateral_line.analyses import geometry
from models.lateral_line.analyses.reconstruction import Reconstruction, reconstruct
from models.lateral_line.saved import Seed
from models.lateral_line.show.pages import page
from models.lateral_line.show.position_panels import GUIDE, draw_body_map, draw_image
from stimulus import neuromast_positions

POSITION = "source x (cm)"
GHOST = "ghost window {:g}–{:g} cm".format(*geometry.GHOST_WINDOW_CM)
NO_PAIR = "undefined: no two places\ncan be compared"
LINES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)))
MIN_PEAK_BINS = 5  # of the histogram, so that a bar is not as wide as the panel

# --- panels ------------------------------------------------------------------------------


def draw_ts_activity(ax, x_cm, activity, active):
    """Activity of every TS cell by source position, as colours; its own largest value is 1.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x_cm : ndarray, shape (n_x,)
    activity : ndarray, shape (n_ts, n_x)
    active : ndarray of bool, shape (n_ts,)
        The others are grey; if there is none, words say so.
    """
    n_ts, half = len(activity), np.diff(x_cm[:2])[0] / 2
    place = (x_cm[0] - half, x_cm[-1] + half, -0.5, n_ts - 0.5)
    best = np.where(active, activity.max(axis=1), np.nan)[:, None]
    draw_image(ax, activity / best, place, 0, 1)
    if not np.any(active):
        style.say(ax, "no TS cell is active")
    ax.set(xlabel=POSITION, ylabel="TS cell index")
    ax.locator_params(axis="y", integer=True)
    return ax


def draw_peak_histogram(ax, trained: Reconstruction, untrained: Reconstruction):
    """Share of active TS cells with 0, 1, 2, ... peaks, trained beside untrained."""
    found = {"trained": trained, "untrained": untrained}
    n_bins = max(MIN_PEAK_BINS, *(r.histogram.size for r in found.values()))
    for (condition, r), left in zip(found.items(), (-0.4, 0.0), strict=True):
        shares = np.zeros(n_bins)
        shares[: r.histogram.size] = r.histogram / max(1, r.n_active)
        trained_look = {"color": style.TRAINED, "alpha": 0.45}
        untrained_look = {"facecolor": "none", "edgecolor": style.UNTRAINED, "lw": 1.6}
        look = trained_look if condition == "trained" else untrained_look
        label = f"{condition}: {r.n_active} of {r.n_cells} active,\n{several(r)}"
        ax.bar(np.arange(n_bins) + left, shares, width=0.4, align="edge", label=label, **look)
    silent = [condition for condition, r in found.items() if r.n_active == 0]
    if silent:
        style.say(ax, f"no active cell: {', '.join(silent)}")
    ax.set(xlabel="peaks of a TS cell (count)", ylabel="share of active cells (1)", ylim=(0, 1))
    ax.set_xticks(range(n_bins))
    ax.legend(loc="upper right", borderaxespad=0)
    return ax


def several(r: Reconstruction) -> str:
    """How many active cells have two peaks or more, in words."""
    return f"{100 * r.share_multimodal:.0f} % with ≥ 2 peaks" if r.n_active else "peaks undefined"


def draw_similarity(ax, x_cm, similarity):
    """How alike the afferents find any two places, as colours from −1 to 1; grey: undefined.

    Dotted lines bound the ghost window; a white line runs where places 1 cm or more apart
    reach 0.8.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x_cm : ndarray, shape (n_x,)
    similarity : ndarray, shape (n_x, n_x)
    """
    half = np.diff(x_cm[:2])[0] / 2
    low, high = x_cm[0] - half, x_cm[-1] + half
    draw_image(ax, similarity, (low, high, low, high), -1, 1, aspect="equal")
    far = geometry.separations(x_cm) >= geometry.FAR_CM
    if np.any(similarity[far] >= geometry.ALIKE):
        alike = np.where(far, np.nan_to_num(similarity, nan=-1.0), -1.0)
        ax.contour(x_cm, x_cm, alike, [geometry.ALIKE], colors="white", linewidths=1)
    for apart in geometry.GHOST_WINDOW_CM:
        for sign in (1, -1):
            shifted = np.array([low, high]) + sign * apart
            ax.plot([low, high], shifted, color="white", lw=0.9, ls=":")
    if not np.isfinite(similarity).any():
        style.say(ax, NO_PAIR)
    ax.set(xlim=(low, high), ylim=(low, high), xlabel=POSITION, ylabel="other source x′ (cm)")
    return ax


def draw_ghost_profile(ax, x_cm, similarities: Mapping[str, np.ndarray], what: str):
    """Mean likeness of two places by how far apart they are; the ghost window shaded.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x_cm : ndarray, shape (n_x,)
        Equally spaced.
    similarities : mapping of str to ndarray, shape (n_x, n_x)
        By the label of their line; of a single one the largest value is drawn as well.
    what : str
        What the likeness is, for the axis.
    """
    apart = np.asarray(x_cm) - x_cm[0]
    window = geometry.GHOST_WINDOW_CM
    ax.axvspan(*window, color=style.CHANCE, lw=0, zorder=0)
    words, below = GHOST.replace("window", "window\n"), ax.get_xaxis_transform()
    ax.text(np.mean(window), 0.98, words, transform=below, ha="center", va="top", fontsize=7)
    ax.axhline(0, color=style.MUTED, lw=0.8, zorder=1)
    greys = np.linspace(0.0, 0.6, len(similarities))
    for k, (label, similarity) in enumerate(similarities.items()):
        mean, largest = geometry.by_separation(similarity)
        dashes = LINES[k % len(LINES)]
        ax.plot(apart, mean, color=str(greys[k]), ls=dashes, lw=1.5, label=label)
        if len(similarities) == 1:
            ax.plot(apart, largest, color=style.DARK, lw=1, ls=LINES[1], label="largest")
    if not any(np.isfinite(s).any() for s in similarities.values()):
        style.say(ax, NO_PAIR)
    low = np.nanmin([0.0, *(np.nanmin(s, initial=0.0) for s in similarities.values())])
    ax.set(xlim=(0, apart[-1]), ylim=(-0.05 if low == 0 else -1.05, 1.05))
    ax.set(xlabel="distance between the places |x − x′| (cm)", ylabel=what)
    return ax


def draw_ghosts(ax, ghosts: Mapping[str, geometry.Ghosts], notes: Mapping[str, str]):
    """Largest value and RMS of a likeness in the ghost window, one row a condition.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ghosts : mapping of str to Ghosts
        By the label of their row, from above.
    notes : mapping of str to str
        Words at the end of a row.
    """
    rows = np.arange(len(ghosts))
    ax.barh(rows, [g.rms for g in ghosts.values()], 0.55, color=style.MUTED, label="RMS")
    largest = [g.largest for g in ghosts.values()]
    ax.plot(largest, rows, "D", ms=6, color=style.DARK, clip_on=False, label="largest")
    for row, (label, g) in enumerate(ghosts.items()):
        words = [f"RMS {g.rms:.3f}", *([notes[label]] if label in notes else [])]
        text = "undefined" if np.isnan(g.rms) else ", ".join(words)
        ax.text(1.02, row, text, va="center", fontsize=8)
    ax.set(ylim=(len(ghosts) - 0.4, -0.6), xlim=(min(0.0, ax.get_xlim()[0]), 1))
    ax.set_yticks(rows, list(ghosts))
    ax.set_xlabel(f"likeness in the {GHOST}")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2)
    return ax


# --- figures of a seed -------------------------------------------------------------------


def tuning_multimodality(saved: Seed) -> Figure:
    """Activity of TS as stored weights make it, its peaks, and what the afferents tell apart."""
    found = {c: reconstruct(saved, initial=c == "untrained") for c in ("trained", "untrained")}
    subject = "Reconstructed from stored weights, without simulation: " + condition()
    subject += f"\ndashed: {GUIDE}"
    figure = page(saved, 10, subject)
    upper, lower = figure.add_gridspec(2, 1, height_ratios=(1.3, 1))
    left, right = upper.subgridspec(1, 2, wspace=0.03).subplots(sharex=True, sharey=True)
    for ax, letter, (name, r) in zip((left, right), "AB", found.items(), strict=True):
        draw_ts_activity(ax, r.x_cm, r.activity, r.active)
        draw_body_map(ax, 0.0, saved.params.ll_body_length_cm, r.n_cells)
        ax.set_title(f"{letter}  TS, {name}", color=colour_of(name))
    right.label_outer()
    label = "activity (share of the cell’s largest); grey: not active"
    figure.colorbar(left.images[0], ax=[left, right], label=label, pad=0.01, aspect=30)
    histogram, alike, profile = lower.subgridspec(1, 3, width_ratios=(1.15, 1, 1)).subplots()
    draw_peak_histogram(histogram, *found.values())
    histogram.set_title("C  Peaks of the active cells")
    geometry_panels(figure, alike, profile, saved)
    return figure


def geometry_panels(figure: Figure, alike, profile, saved: Seed) -> None:
    x_cm, xi_cm = grid_of(saved)
    rates = geometry.rates_hz(x_cm, xi_cm, stimulus=saved.run.stimulus)
    c = geometry.correlation(rates)
    draw_similarity(alike, x_cm, c)
    alike.set_title("D  LL: correlation of two places")
    bar = figure.colorbar(alike.images[0], ax=alike, pad=0.02, aspect=25, shrink=0.8)
    bar.set_label("correlation (1)")
    draw_ghost_profile(profile, x_cm, {"mean": c}, "correlation (1)")
    far = geometry.partners(c, x_cm)
    if np.isfinite(far.largest):
        words = f"largest from {geometry.FAR_CM:g} cm on {far.largest:.2f};\n".replace("-", "−")
        words += f"a partner ≥ {geometry.ALIKE:g}: {100 * far.share:.0f} % of the places"
        profile.text(0.98, 0.02, words, transform=profile.transAxes, ha="right", fontsize=8)
    profile.legend(loc="upper right", borderaxespad=0)
    profile.set_title("E  LL: ghosts")


def tuning_multimodality_distance(saved: Seed) -> Figure:
    """Whether many source distances tell places apart that one distance does not."""
    x_cm, xi_cm = grid_of(saved)
    found = geometry.over_distances(x_cm, xi_cm, saved.run.stimulus)
    names = {f"{d_cm:g} cm": c for d_cm, c in found.single.items()}
    low, high = geometry.AVERAGED_CM[0], geometry.AVERAGED_CM[-1]
    mean = f"mean of {len(geometry.AVERAGED_CM)}\n({low:g}–{high:g} cm)"
    ghosts = dict(zip(names, found.ghosts.values(), strict=True)) | {mean: found.averaged_ghosts}
    change = f"{change_words(found.change_percent)}\nthe mean of the others, {found.mean_rms:.3f}"
    subject = "LL alone, no weights: correlation of the afferents’ rates at two places, "
    figure = page(saved, 5.2, f"{subject}by source distance")
    similarities = names | {mean.replace("\n", " "): found.averaged}
    variant_panels(figure, x_cm, similarities, ghosts, {mean: change}, "mean correlation (1)")
    return figure


def tuning_multimodality_ensemble(saved: Seed) -> Figure:
    """Whether places are told apart over ensembles of conditions."""
    x_cm, xi_cm = grid_of(saved)
    found = geometry.over_ensembles(x_cm, xi_cm, saved.run.stimulus)
    notes = {}
    for name, e in list(found.items())[1:]:
        notes[name] = f"{change_words(e.change_percent)} single; {e.n_conditions} conditions"
        notes[name] += f",\n{e.n_empty} of them without a code, left out" if e.n_empty else ""
    ghosts = {name: e.ghosts for name, e in found.items()}
    similarities = {name: e.similarity for name, e in found.items()}
    subject = "LL alone, no weights: cosine similarity of rates above their 70th percentile, "
    figure = page(saved, 5.2, f"{subject}mean over conditions")
    variant_panels(figure, x_cm, similarities, ghosts, notes, "mean similarity (1)")
    return figure


def variant_panels(figure: Figure, x_cm, similarities, ghosts, notes, what: str) -> None:
    profile, bars = figure.subplots(1, 2, width_ratios=(1, 1.05))
    draw_ghost_profile(profile, x_cm, similarities, what)
    profile.legend(loc="upper right", borderaxespad=0)
    profile.set_title("A  By distance between the places")
    draw_ghosts(bars, ghosts, notes)
    bars.set_title("B  Ghosts", pad=20)


def change_words(percent: float) -> str:
    """Change of the ghosts' RMS against the reference."""
    if np.isnan(percent):
        return "undefined against"
    return f"{abs(percent):.0f} % {'below' if percent >= 0 else 'above'}"


def grid_of(saved: Seed) -> tuple[np.ndarray, np.ndarray]:
    """Source positions and afferents, cm."""
    p = saved.params
    body = p.ll_body_length_cm
    return geometry.source_positions(body), neuromast_positions(p.n_ll, body)


def condition() -> str:
    """The source of the reconstruction, in words."""
    s = geometry.SINGLE
    return f"source at {s.distance_cm:g} cm, {s.speed_cm_s:g} cm/s, radius {s.radius_cm:g} cm"
