"""Figure of a sweep: the map by condition, every seed a point, trained beside untrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from models.lateral_line.comparison import CONDITIONS, WINDOWS, by_condition, score
from models.lateral_line.metrics import MAX_ANGLE_BINS, USABLE_VALID_FRACTION, chance_band
from models.lateral_line.show.panels import SIGMA
from models.lateral_line.show.summary_figure import LOOK

ASIDE = {"untrained": -0.17, "trained": 0.17}
SPREAD = 0.09  # of the points of a condition, so that they do not cover each other
MAX_LABEL = 28  # letters of a condition below the axis

Row = Mapping[str, Any]


def sweep_figure(title: str, rows: Sequence[Row], compared: Sequence[Mapping[str, Any]]) -> Figure:
    """Score over path and body, paired difference, and decoded share, by condition.

    Parameters
    ----------
    title : str
    rows : sequence of dict
        Runs, as in ``sweep.json``.
    compared : sequence of dict
        What `models.lateral_line.comparison.compare` says of them.
    """
    groups = by_condition(rows)
    figure = Figure(figsize=(max(8.0, min(20.0, 4 + 0.9 * len(groups))), 12), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    figure.suptitle(title)
    axes = figure.subplots(4, 1, sharex=True, height_ratios=(1.3, 1.3, 1, 0.9))
    for ax, letter, window in zip(axes, "AB", WINDOWS, strict=False):
        mark_chance(ax)
        draw_scores(ax, [members for _, members in groups], compared, window)
        ax.set_title(f"{letter}  {SIGMA} over the {window}; hollow: no usable map, not averaged")
    draw_differences(axes[2], [members for _, members in groups], compared, "body")
    axes[2].set_title(f"C  Trained − untrained, {SIGMA} over the body; lower is better")
    draw_valid(axes[3], [members for _, members in groups])
    axes[3].set_title("D  Decoded share of the path (of the evaluation window, if one was set)")
    axes[3].set_xticks(range(len(groups)), [label(c) for c, _ in groups], rotation=turned(groups))
    axes[3].set_xlabel(axis_label([c for c, _ in groups]))
    axes[3].set_xlim(-0.6, len(groups) - 0.4)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def axis_label(conditions: Sequence[Mapping[str, str]]) -> str:
    """Names of what varies; those that always have the same value joined."""
    names = list(conditions[0]) if conditions else []
    if not names:
        return "condition"
    follows = all(len(set(c.values())) == 1 for c in conditions)
    return (" = " if follows else ", ").join(names)


def label(condition: Mapping[str, str]) -> str:
    """Values of a condition; one, if all are the same."""
    values = list(condition.values())
    text = ", ".join(values[:1] if len(set(values)) == 1 else values) or "all"
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"


def turned(groups: Sequence) -> int:
    return 90 if any(len(label(c)) > 8 for c, _ in groups) and len(groups) > 4 else 0


def mark_chance(ax) -> None:
    low, _, high = chance_band(MAX_ANGLE_BINS)
    name = f"chance, 5–95 % ({MAX_ANGLE_BINS} bins)"
    ax.axhspan(low, high, color=style.CHANCE, lw=0, zorder=0, label=name)


def offsets(n: int) -> np.ndarray:
    """Where the points of `n` seeds stand beside the middle of a condition."""
    return np.linspace(-SPREAD, SPREAD, n) if n > 1 else np.zeros(n)


def draw_scores(ax, groups: Sequence[Sequence[Row]], compared, window: str):
    """Every seed as a point, the mean over usable maps with its interval beside it."""
    value = WINDOWS[window][0]
    for name in reversed(CONDITIONS):
        look = LOOK[name]
        for k, members in enumerate(groups):
            done = [row for row in members if row["trained"]]
            at = k + ASIDE[name] + offsets(len(done))
            y = [np.nan if row[name][value] is None else row[name][value] for row in done]
            usable = np.array([score(row, name, window) is not None for row in done], dtype=bool)
            for which, fill in ((usable, look["color"]), (~usable, "white")):
                spots = {**look, "ms": 3.5, "mfc": fill, "mew": 0.8, "ls": "none"}
                ax.plot(at[which], np.array(y)[which], **spots)
            draw_mean(ax, k + 1.9 * ASIDE[name], compared[k][window][name], look)
        ax.plot([], [], ls="none", label=name, **look)
    ax.plot([], [], "k_", ms=9, label="mean, 95 % interval")
    ax.set(ylabel=f"{SIGMA} (rad)", ylim=(0, None))
    return ax


def draw_mean(ax, x: float, estimate: Mapping[str, Any], look: Mapping[str, Any]) -> None:
    if not np.isfinite(number(estimate["mean"])):
        return
    ax.plot([x - 0.07, x + 0.07], [estimate["mean"]] * 2, color=look["color"], lw=2)
    low, high = number(estimate["low"]), number(estimate["high"])
    if np.isfinite(low):
        ax.plot([x, x], [low, high], color=look["color"], lw=1.2)


def number(value: float | None) -> float:
    """As JSON has it, null is undefined."""
    return np.nan if value is None else value


def draw_differences(ax, groups: Sequence[Sequence[Row]], compared, window: str):
    """Trained minus untrained of each seed with two usable maps; n and the interval of the mean."""
    ax.axhline(0, color=style.MUTED, lw=1)
    for k, members in enumerate(groups):
        pairs = [
            (score(row, "trained", window), score(row, "untrained", window))
            for row in members
            if row["trained"]
        ]
        known = np.array([a - b for a, b in pairs if a is not None and b is not None])
        ax.plot(k + offsets(known.size), known, "D", ms=3.5, color=style.DARK, mew=0)
        found = compared[k][window]["paired"]["difference"]
        draw_mean(ax, k + 0.3, found, {"color": style.DARK})
        text = f"n = {found['n']}"
        text += f"\n{found['n_undefined']} left out" if found["n_undefined"] else ""
        where = ax.get_xaxis_transform()
        ax.text(k, 0.98, text, transform=where, ha="center", va="top", fontsize=7)
    ax.set_ylabel("difference (rad)")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.25 * (high - low))  # room for the words
    return ax


def draw_valid(ax, groups: Sequence[Sequence[Row]]):
    """Share of the test that could be decoded, every seed."""
    for name in reversed(CONDITIONS):
        for k, members in enumerate(groups):
            done = [row for row in members if row["trained"]]
            y = [row[name]["valid_fraction_window"] for row in done]
            ax.plot(k + ASIDE[name] + offsets(len(done)), y, ls="none", **{**LOOK[name], "ms": 3.5})
    ax.axhline(USABLE_VALID_FRACTION, color=style.MUTED, ls=":", lw=1.2)
    ax.set(ylabel="valid fraction (1)", ylim=(-0.04, 1.06))
    return ax
