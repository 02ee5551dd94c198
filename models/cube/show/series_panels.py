"""Panels of a cube over time, after removal, by lag and by layer; see `panels`."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LogNorm

from driver.figures import style
from models.cube.metrics.focus import FIRING_BAND, MIN_LAYER_ILF, MIN_SPIKES_PER_MOVE, Activity
from models.cube.metrics.verdict import FOCUSED_ILI, FOCUSED_OUT_RATE

STEPS = "step (1 step = 1 ms)"
SPIKES = "cividis"  # bright is many, as in the frames; none is black
MARKER = {  # hollow over full: both can be seen where they are equal
    "trained": {"marker": "o", "ms": 4},
    "untrained": {"marker": "s", "ms": 6, "mfc": "none"},
}
LIMIT = {"color": style.MIDDLE, "ls": ":", "lw": 1.4}


def shade_off(ax, ranges):
    """Grey where the input is off; `ranges` are steps ``[first, stop)``. Returns the axes."""
    for k, (first, stop) in enumerate(ranges):
        name = "input off" if k == 0 else None
        ax.axvspan(first, stop, color=style.CHANCE, lw=0, zorder=0, label=name)
    return ax


def bin_edges(activity: Activity) -> np.ndarray:
    """Steps at which the bins begin, and where the last one ends."""
    edges = np.arange(activity.steps.size + 1) * activity.bin_steps
    edges[-1] = activity.n_done
    return edges


def draw_series(ax, activities: dict[str, Activity], name: str):
    """A series in bins; undefined bins are gaps.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    activities : dict of str to Activity
        By label.
    name : {'in_tube_rate', 'out_tube_rate', 'ili'}
    """
    for label, activity in activities.items():
        look = {"baseline": None, "label": label}
        ax.stairs(getattr(activity, name), bin_edges(activity), **style.LINE[label], **look)
    ax.set_xlim(0, max(a.n_done for a in activities.values()))
    return ax


def draw_rates(inside, outside, activities: dict[str, Activity]):
    """Rates in the tube and outside it, each with what a focused cube should keep to."""
    draw_series(inside, activities, "in_tube_rate")
    low, high = FIRING_BAND
    inside.axhline(low, label=f"wanted: {low:g} to {high:g}", **LIMIT)
    draw_series(outside, activities, "out_tube_rate")
    outside.axhline(FOCUSED_OUT_RATE, label=f"limit {FOCUSED_OUT_RATE:g}", **LIMIT)
    for ax in (inside, outside):
        ax.set_ylim(0, max(1.15 * top_of(ax), 1.15 * ax.lines[-1].get_ydata()[0]))
        ax.set_ylabel("spikes per cell\nand step")
        style.legend_above(ax)
    if top_of(inside) > high:
        inside.axhline(high, **LIMIT)
    if not top_of(outside):
        style.say(outside, "no spike outside the tube")
    return inside, outside


def top_of(ax) -> float:
    """Largest value of the stairs in a panel; 0 without any."""
    tops = [np.nanmax(v) for v in map(values_of, ax.patches) if np.isfinite(v).any()]
    return float(max(tops, default=0.0))


def values_of(patch) -> np.ndarray:
    data = getattr(patch, "get_data", None)  # other patches are shades
    return np.asarray(data().values, dtype=float) if data else np.array([np.nan])


def draw_ili(ax, activities: dict[str, Activity], is_meaningful: bool, chance: float):
    """Input-locked index: 1 is all spikes in the tube, 0 as many as by chance."""
    draw_series(ax, activities, "ili")
    ax.axhline(FOCUSED_ILI, label=f"focused from {FOCUSED_ILI:g}", **LIMIT)
    ax.axhline(0, color=style.MUTED, lw=0.8)
    low = min(np.nanmin([0.0, *values_of(patch)]) for patch in ax.patches)
    ax.set(ylim=(low - 0.08, 1.08), ylabel="ILI (1)")
    if not any(np.isfinite(values_of(patch)).any() for patch in ax.patches):
        style.say(ax, "silent: undefined")
    elif not is_meaningful:
        style.say(ax, f"says little: the tube fills {chance:.0%} of the cube", y=0.3)
    return style.legend_above(ax)


def draw_layers(ax, activity: Activity, top: float):
    """Spikes per step by layer and time, on a logarithmic scale; black is none.

    Returns
    -------
    matplotlib.collections.QuadMesh
        For a colour bar; None for a silent cube.
    """
    depth = activity.layers.shape[1]
    ax.set(ylabel="layer z", ylim=(-0.5, depth - 0.5))
    per_step = activity.layers / activity.steps[:, None]
    ax.set_xlim(0, activity.n_done)
    ax.locator_params(axis="y", integer=True, nbins=6)
    ax.set_facecolor("black")
    if not per_step.any():
        style.say(ax, "silent")
        return None
    norm = LogNorm(1 / activity.bin_steps, max(top, 2 / activity.bin_steps))
    shown = np.ma.masked_equal(per_step, 0).T
    layers = np.arange(depth + 1) - 0.5
    return ax.pcolormesh(bin_edges(activity), layers, shown, cmap=SPIKES, norm=norm)


def draw_removal(ax, removed, continued, t_ext: float, is_final: bool, limit: int, stop: int):
    """Spikes of each step after the input was removed, and of the same steps with it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    removed, continued : ndarray of int, shape (n_steps,)
    t_ext : float
        Step of the last spike; a lower bound unless `is_final`.
    limit : int
        Step by which a focused cube has become silent.
    stop : int
        Steps that are shown.
    """
    step = np.arange(1, removed.size + 1)[:stop]
    look = {"lw": 0.9, "drawstyle": "steps-mid"}
    ax.plot(step, continued[:stop], color=style.BRIGHT, label="input going on", **look)
    ax.plot(step, removed[:stop], color=style.DARK, label="input removed", **look)
    ax.axvline(limit, label=f"limit L + M + 20 = {limit}", **LIMIT)
    name = rf"$T_\mathrm{{ext}}$ = {t_ext:.0f}" if is_final else "no end within the record"
    if is_final and t_ext <= stop:
        ax.axvline(t_ext, color=style.DARK, ls="--", lw=1.2, label=name)
    else:
        ax.plot([], [], color=style.DARK, ls="--", lw=1.2, label=name)
    ax.set_yscale("symlog", linthresh=1)
    ax.set(xlim=(0, stop), ylim=(-0.1, max(10, 2 * max(continued.max(), removed.max()))))
    ax.set(xlabel="steps since the removal", ylabel="spikes per step")
    if not (removed.any() or continued.any()):
        style.say(ax, "silent, with input and without")
    return ax


def draw_lags(ax, by_label: dict[str, np.ndarray], expected: int):
    """IoU of the back plane with the dot of so many moves before.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    by_label : dict of str to ndarray, shape (n_lags,)
    expected : int
        Moves that one layer a step takes.
    """
    n_lags = max(v.size for v in by_label.values())
    for label, values in by_label.items():
        marker = MARKER[label] if n_lags < 60 else {}
        ax.plot(np.arange(values.size), values, label=label, **style.LINE[label], **marker)
    ax.axvline(expected, label=f"expected: {expected} moves", **LIMIT)
    ax.set(
        xlabel="lag (moves)", ylabel="mean IoU (1)", ylim=(-0.03, 1.05), xlim=(-0.5, n_lags - 0.5)
    )
    if not any(np.isfinite(v).any() for v in by_label.values()):
        style.say(ax, "the back plane is silent: undefined")
    return style.legend_above(ax)


def draw_reach(spikes, locked, per_move: dict, layer_ilf: dict, reach: dict):
    """Spikes per move by layer, and the share of them that lies in the tube."""
    for label in per_move:
        z = np.arange(per_move[label].size)
        name = "none" if np.isnan(reach[label]) else f"{reach[label]:.0f}"
        spikes.plot(
            z, per_move[label], label=f"{label}: reach {name}", **style.LINE[label], **MARKER[label]
        )
        locked.plot(z, layer_ilf[label], label=label, **style.LINE[label], **MARKER[label])
    spikes.axhline(MIN_SPIKES_PER_MOVE, label=f"reached from {MIN_SPIKES_PER_MOVE:g}", **LIMIT)
    spikes.set_yscale("symlog", linthresh=0.5, linscale=0.5)
    spikes.set(ylabel="spikes per move", ylim=(-0.05, max(2, 1.6 * top_line(spikes))))
    locked.axhline(MIN_LAYER_ILF, label=f"reached from {MIN_LAYER_ILF:g}", **LIMIT)
    locked.set(ylabel="input-locked fraction (1)", ylim=(-0.03, 1.05))
    if not any(np.isfinite(v).any() for v in layer_ilf.values()):
        style.say(locked, "silent: undefined")
    for ax in (spikes, locked):
        ax.set(xlabel="layer z", xlim=(-0.5, z.size - 0.5))
        ax.locator_params(axis="x", integer=True)
        style.legend_above(ax)
    return spikes, locked


def top_line(ax) -> float:
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in ax.lines])
    return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
