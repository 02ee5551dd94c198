"""The figure of several seeds: key numbers, trained beside untrained, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.experiment import statistics
from driver.experiment.statistics import Estimate
from driver.figures import style
from driver.files import replace_file
from models.cube.show.view import text
from models.cube.summary import TEXTS, key_numbers

CUBE = ("ili", "in_tube_rate", "out_tube_rate", "output_iou", "t_ext", "readout_iou")
LOCAL = ("iou", "test_same_iou", "test_new_iou", "test_held_out_iou", "recall_steps_held")
LOOK = {
    "untrained": {"color": style.UNTRAINED, "marker": "s", "ms": 6},
    "trained": {"color": style.TRAINED, "marker": "o", "ms": 5.5},
}
PLACE = {"untrained": 0, "trained": 1}
MAX_NAMED = 12  # seeds with their number beside the line
N_COLUMNS = 3


def draw_summary(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Draw the key numbers of several seeds into a file.

    Parameters
    ----------
    rows : sequence of dict
        ``seed`` and the metrics of ``trained`` and ``untrained``, one a seed.
    path : Path
    """
    with style.applied():
        figure = seeds_summary(rows)
        return replace_file(Path(path), lambda file: figure.savefig(file, **style.PNG))


def seeds_summary(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Key numbers of every seed, trained and untrained joined, with their means.

    Look for lines that all go the same way. The mean has its 95 % interval; values that are
    undefined are counted in the title and left out.
    """
    found = {label: [key_numbers(row[label]) for row in rows] for label in LOOK}
    names = [name for name in keys(rows) if any_known(found, name)]
    n_rows = max(1, -(-len(names) // N_COLUMNS))
    n_columns = max(1, min(N_COLUMNS, len(names)))
    figure = Figure(figsize=(12, 1.2 + 3.6 * n_rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)
    figure.suptitle(f"{len(rows)} seeds, untrained and trained joined\n{verdicts(rows)}")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        values = {label: column(found[label], name) for label in LOOK}
        draw_pairs(ax, [row["seed"] for row in rows], values)
        ax.set_ylabel(TEXTS[name])
        ax.set_title(title(values))
    if names:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    for ax in axes[len(names) :]:
        style.empty(ax, "no numbers") if not names else ax.set_axis_off()
    return figure


def keys(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Numbers that are compared: those of a cube or of the local layer."""
    return CUBE if rows and "ili" in rows[0]["trained"] else LOCAL


def any_known(found: Mapping[str, Sequence[Mapping]], name: str) -> bool:
    """Whether any seed has the number; a model lacks some, and then all lack them."""
    return any(row[name] is not None for rows in found.values() for row in rows)


def column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    """One number of every seed, shape (n_seeds,); NaN where it is undefined."""
    return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=float)


def verdicts(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many seeds have which verdict."""
    said = []
    for label in ("trained", "untrained"):
        all_of_them = [row[label]["verdict"] for row in rows]
        counts = [f"{all_of_them.count(v)} {v}" for v in dict.fromkeys(all_of_them)]
        said.append(f"{label}: {', '.join(counts)}")
    return "; ".join(said)


def title(values: Mapping[str, np.ndarray]) -> str:
    """Mean difference with its interval, and how many values are undefined."""
    difference = statistics.paired(values["trained"], values["untrained"]).difference
    missing = [
        f"{int(np.isnan(v).sum())} {label}" for label, v in values.items() if np.isnan(v).any()
    ]
    words = f"trained − untrained: {text(difference.mean, 2)} (n = {difference.n})"
    if np.isfinite([difference.low, difference.high]).all():
        words += f"\n95 % interval {text(difference.low, 2)} to {text(difference.high, 2)}"
    return words + (f"\nundefined: {', '.join(missing)}" if missing else "")


def draw_pairs(ax, seeds: Sequence[int], values: Mapping[str, np.ndarray]):
    """A line for each seed from untrained to trained, the means beside them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    seeds : sequence of int
    values : dict of str to ndarray, shape (n_seeds,)
        For ``trained`` and ``untrained``; NaN is undefined and has no point.
    """
    both = np.stack([values[label] for label in PLACE])
    ax.plot(list(PLACE.values()), both, color=style.MUTED, lw=0.9, zorder=1)
    for label, at in PLACE.items():
        points = {**LOOK[label], "label": f"{label}: a seed"}
        ax.plot(np.full(len(seeds), at), values[label], ls="none", clip_on=False, **points)
        mean = statistics.estimate(values[label])
        side = at + (0.16 if at else -0.16)
        look = {**LOOK[label], "mfc": "none", "label": f"{label}: mean, 95 % interval"}
        ax.errorbar(side, mean.mean, arms(mean), capsize=4, lw=1.6, **look)
    ax.set_xticks(list(PLACE.values()), list(PLACE))
    ax.set_xlim(-0.4, 1.4)
    if not np.isfinite(both).any():
        return style.say(ax, "undefined in every seed")
    name_seeds(ax, seeds, values["trained"])
    low, high = ax.get_ylim()
    high = high if np.nanmax(both) > 0 else 1.0
    ax.set_ylim(low if np.nanmin(both) < 0 else -0.04 * high, high)
    return ax


def name_seeds(ax, seeds: Sequence[int], trained: np.ndarray) -> None:
    """Number of each seed at its line; of seeds with one value together."""
    if len(seeds) > MAX_NAMED:
        return
    at: dict[float, list[str]] = {}
    for seed, value in zip(seeds, trained, strict=True):
        if np.isfinite(value):
            at.setdefault(float(value), []).append(str(seed))
    for value, names in at.items():
        which = "seed" if len(names) == 1 else "seeds"
        place = {"textcoords": "offset points", "fontsize": 7, "ha": "right", "va": "bottom"}
        ax.annotate(f"{which} {', '.join(names)}", (1, value), (-6, 2), **place)


def arms(found: Estimate) -> list[list[float]] | None:
    """How far the interval reaches below and above the mean; None without one."""
    if not np.isfinite([found.low, found.high]).all():
        return None
    # equal values may differ from their mean by rounding, and an arm must not be negative
    return [[max(0.0, found.mean - found.low)], [max(0.0, found.high - found.mean)]]
