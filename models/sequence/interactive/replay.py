"""Potentials of any run, trained or not, computed again from its spikes; NumPy only.

The engine returns spikes, and its state where a block ends. Weights of a cell move at its own
spikes alone, so given the spikes everything in between follows: u = sum w y with the weights since
the last spike of the cell, and at the next one the rule of `equations`, with y of that very step.
This is the calculation of the engine and no approximation; sums are in another order, so it agrees
to rounding, and `Result` holds the weights at the end against those of the engine.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from scipy.signal import lfilter

from driver.engine.model import Spikes
from models.sequence import values
from models.sequence.params import Params
from models.sequence.wiring import Wiring
from stimuli.patterns import STEP_S

State = Mapping[str, np.ndarray]
CHUNK = 4_000_000  # numbers that are held at a time


def afferents(wiring: Wiring, cells: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Numbers of the synapses of each of `cells`, by projection."""
    ends = zip(values.PLASTIC, (wiring.inputs, wiring.recurrent), strict=True)
    return {name: [np.flatnonzero(j == cell) for cell in cells] for name, (_, j) in ends}


def traces(wiring: Wiring, state: State, name: str, chosen: np.ndarray, now: int):
    """Both parts of the EPSPs of some synapses in a state after step `now`; EPSP is a - b."""
    p = wiring.params
    if name == "input_cell":
        source = wiring.inputs[0][chosen]
        return state["inputs.a"][source], state["inputs.b"][source]
    if p.stp != "synapse":
        slot = wiring.slot_of[wiring.recurrent[0][chosen]]
        return state["cells.a"][slot], state["cells.b"][slot]
    since, (rise, decay) = (now - state["cell_cell.last"][chosen]) * STEP_S, p.taus_s
    a, b = (state[f"cell_cell.{k}_own"][chosen] for k in "ab")
    return a * np.exp(-since / decay), b * np.exp(-since / rise)


def sizes(drawn: State, start: State, spikes: Spikes) -> np.ndarray:
    """u R of each spike, ordered by time, of sources with `x`, `uf` and `last` to begin with."""
    found = np.empty(spikes.index.size)
    x, uf, last = (start[k].copy() for k in ("x", "uf", "last"))
    U, D, F = (drawn[k] for k in "UDF")
    edges = np.flatnonzero(np.diff(spikes.step, prepend=-1, append=-1))  # steps with spikes
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        k, step = spikes.index[low:high], spikes.step[low]
        gap = (step - last[k]) * STEP_S
        x[k] = 1 + (x[k] - uf[k] * x[k] - 1) * np.exp(-gap / D[k])
        uf[k] = U[k] + uf[k] * (1 - U[k]) * np.exp(-gap / F[k])
        last[k] = step
        found[low:high] = uf[k] * x[k]
    return found


def taught(p: Params, w, S, Q, y, step: int):
    """Weights and their means after a spike of the cell in `step`, from EPSPs `y` in that step."""
    if p.learning_rate == "variance":
        eta = p.eta0 * (Q - S * S) / (1 + np.exp(-S))
    else:
        eta = p.eta0 / (1 + step * (p.learning_rate == "one_over_steps"))
    eta, P = np.clip(eta, 0, 1), np.exp(w)
    w = w + eta * (y - P) / np.clip(P, eta, 1e300)
    return w, S + eta * (w - S), Q + eta * (w * w - Q)


def replay(
    wiring: Wiring, start: State, bits: np.ndarray, spikes: Spikes, cells, first: int, learn: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Potentials of some cells in each step of a run, and their weights at its end.

    Parameters
    ----------
    wiring : Wiring
    start : dict of ndarray
        State of the engine before the run.
    bits : ndarray of bool, shape (n_steps, n_inputs)
        Spikes of the inputs.
    spikes : Spikes
        Of all cells, with steps of the run.
    cells : sequence of int
    first : int
        Absolute step at which the run began.
    learn : bool

    Returns
    -------
    u : ndarray, shape (n_steps, n_cells)
    w : list of ndarray
        Of each cell, those of its inputs first, as `afferents` has them.
    """
    p, n_inputs, n_steps = wiring.params, wiring.params.n_inputs, len(bits)
    chosen = afferents(wiring, cells)
    rec = sources(wiring, start, chosen["cell_cell"], first)
    at = spread(spikes, rec.cell)
    size = sizes(rec.drawn, rec.begin, Spikes(at.index, at.step + first))
    levels = [
        np.r_[start[f"inputs.{k}"][:n_inputs], own] for k, own in zip("ab", rec.levels, strict=True)
    ]
    into = [wiring.inputs[0][numbers] for numbers in chosen["input_cell"]]
    learned = [
        tuple(np.r_[start[f"input_cell.{v}"][i], start[f"cell_cell.{v}"][j]] for v in "wSQ")
        for i, j in zip(*chosen.values(), strict=True)
    ]
    fired = [spikes.step[spikes.index == cell] if learn else np.empty(0, int) for cell in cells]
    u = np.empty((n_steps, len(cells)))
    chunk = max(1, CHUNK // (n_inputs + rec.cell.size))
    for low in range(0, n_steps, chunk):
        high = min(low + chunk, n_steps)
        impulses = np.zeros((high - low, n_inputs + rec.cell.size))
        impulses[:, :n_inputs] = bits[low:high]
        a, b = np.searchsorted(at.step, (low, high))
        impulses[at.step[a:b] - low, n_inputs + at.index[a:b]] = size[a:b]
        both = []
        for k, tau in enumerate(p.taus_s[::-1]):
            stays = np.exp(-STEP_S / tau)
            both.append(lfilter([0, stays], [1, -stays], np.vstack([levels[k], impulses]), 0)[1:])
            levels[k] = both[k][-1] + impulses[-1]
        y = both[0] - both[1]
        for k, spiked in enumerate(fired):
            now = spiked[slice(*np.searchsorted(spiked, (low, high)))] - low
            own = y[:, n_inputs:][:, rec.parts[k]]
            u[low:high, k], learned[k] = follow(
                p, learned[k], y[:, :n_inputs], own, into[k], rec.column[k], now, first + low
            )
    return u, [w for w, _, _ in learned]


def follow(p: Params, now, of_inputs, of_cells, i, j, spikes, first: int):
    """Potential of one cell over some steps, and its weights `now` (w, S, Q) after them.

    The EPSPs have shape (n_steps, n_sources); `i` and `j` are the sources of its synapses.
    """

    def potential(steps: slice) -> np.ndarray:
        w_in = np.bincount(i, now[0][: i.size], of_inputs.shape[1])
        w_rec = np.bincount(j, now[0][i.size :], of_cells.shape[1])
        return of_inputs[steps] @ w_in + of_cells[steps] @ w_rec

    found, here = [], 0
    for step in spikes:
        found.append(potential(slice(here, step + 1)))
        now = taught(p, *now, np.r_[of_inputs[step, i], of_cells[step, j]], first + step)
        here = step + 1
    return np.concatenate([*found, potential(slice(here, None))]), now


@dataclasses.dataclass(frozen=True)
class Sources:
    """Where recurrent EPSPs come from: cells, or synapses that have a plasticity of their own.

    Attributes
    ----------
    cell : ndarray of int
        Whose spikes each source has.
    drawn, begin : dict of ndarray
        U, D, F; and x, uf, last before the run.
    levels : tuple of ndarray
        Both parts of the EPSPs before the run.
    parts, column : list
        For each cell that is looked at, the sources it has, and which of these each synapse is.
    """

    cell: np.ndarray
    drawn: State
    begin: State
    levels: tuple[np.ndarray, np.ndarray]
    parts: list[slice]
    column: list[np.ndarray]


def sources(wiring: Wiring, start: State, chosen: list[np.ndarray], first: int) -> Sources:
    """Of the recurrent synapses `chosen`, by cell."""
    ends = wiring.recurrent[0]
    if wiring.params.stp != "synapse":
        slot, everything = wiring.slot_of, slice(0, wiring.n_cells)
        begin = {k: start[f"cells.{k}"][slot] for k in ("x", "uf", "last")}
        levels = start["cells.a"][slot], start["cells.b"][slot]
        return Sources(
            np.arange(wiring.n_cells), values.depression_of_cells(wiring), begin, levels,
            [everything] * len(chosen), [ends[part] for part in chosen],
        )  # fmt: skip
    own = np.concatenate([np.empty(0, int), *chosen])
    drawn = values.depression(wiring.params, wiring.ends()["cell_cell"][0].size, "synapses")
    stop = np.cumsum([part.size for part in chosen])
    return Sources(
        cell=ends[own],
        drawn={k: array[own] for k, array in drawn.items()},
        begin={k: start[f"cell_cell.{k}"][own] for k in ("x", "uf", "last")},
        levels=traces(wiring, start, "cell_cell", own, first - 1),
        parts=[slice(b - part.size, b) for b, part in zip(stop, chosen, strict=True)],
        column=[np.arange(part.size) for part in chosen],
    )


def spread(spikes: Spikes, source: np.ndarray) -> Spikes:
    """Spikes of columns that each have a cell as their `source`, in the order of time."""
    by_source = np.argsort(source, kind="stable")
    low, high = (
        np.searchsorted(source[by_source], spikes.index, side) for side in ("left", "right")
    )
    reach = high - low
    within = np.arange(reach.sum()) - np.repeat(np.cumsum(reach) - reach, reach)
    return Spikes(by_source[np.repeat(low, reach) + within], np.repeat(spikes.step, reach))
