"""Potentials and rate fractions, from spikes and weights; NumPy only.

All follows from the spikes, so potentials are not recorded but computed where they are wanted.
While nothing is learned (`potentials`): u_k = sum_i w_ki y_ki, with spikes of inputs of size 1 and
those of cells of the size that short-term plasticity leaves them. Otherwise (`replay`): step by
step, as `equations` say. Tests hold both equal to the simulation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from scipy.signal import lfilter
from scipy.sparse import csr_array

from driver.engine.model import Spikes
from models.sequence import values
from models.sequence.wiring import Wiring
from stimuli.patterns import STEP_S

Arrays = Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights of a network by source and cell, 0 where there is no synapse.

    Attributes
    ----------
    input, recurrent : ndarray, shape (n_inputs, n_cells) and (n_cells, n_cells)
        Repeated links add up.
    """

    input: np.ndarray
    recurrent: np.ndarray

    @staticmethod
    def of(wiring: Wiring, arrays: Arrays, before: str = "") -> Weights:
        """From ``<before>input_cell.w`` and ``<before>cell_cell.w`` of a state or a recording."""
        n, found = wiring.n_cells, []
        for name, (i, j) in wiring.synapses.items():
            w = np.zeros((wiring.params.n_inputs if name == "input_cell" else n, n))
            np.add.at(w, (i, j), arrays[f"{before}{name}.w"][: i.size])
            found.append(w)
        return Weights(*found)


def spent(drawn: Mapping, x, uf, last, step):
    """Resources and share u of a spike in `step`, from those of the last one, see `equations`."""
    gap = (step - last) * STEP_S
    U, D, F = (drawn[k] for k in "UDF")
    x = 1 + (x - uf * x - 1) * np.exp(-gap / D)
    return x, U + uf * (1 - U) * np.exp(-gap / F)


def efficacies(wiring: Wiring, spikes: Spikes) -> np.ndarray:
    """u R of each spike of a cell, from rest; spikes ordered by time."""
    drawn = values.depression_of_cells(wiring)
    order = np.argsort(spikes.index, kind="stable")
    index, step = spikes.index[order], spikes.step[order]
    rank = np.arange(index.size) - np.searchsorted(index, index)  # within its cell
    found = np.empty(index.size)
    x, uf = np.ones(wiring.n_cells), np.zeros(wiring.n_cells)
    last = np.full(wiring.n_cells, values.NEVER)
    by_rank = np.argsort(rank, kind="stable")
    edges = np.searchsorted(rank[by_rank], np.arange(rank.max(initial=-1) + 2))
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        which = by_rank[low:high]
        k, now = index[which], step[which]
        own = {name: array[k] for name, array in drawn.items()}
        x[k], uf[k] = spent(own, x[k], uf[k], last[k], now)
        last[k] = now
        found[which] = uf[k] * x[k]
    back = np.empty_like(found)
    back[order] = found
    return back


def potentials(
    wiring: Wiring,
    arrays: Arrays,
    bits: np.ndarray,
    spikes: Spikes,
    dtype: type = np.float64,
) -> np.ndarray:
    """Potential of each cell in each step of a test, shape (n_steps, n_cells).

    Parameters
    ----------
    wiring : Wiring
    arrays : dict of ndarray
        With the weights ``input_cell.w`` and ``cell_cell.w``.
    bits : ndarray of bool, shape (n_steps, n_inputs)
        Spikes of the inputs.
    spikes : Spikes
        Of the cells.
    dtype : type
        np.float32 is good to six digits and takes half of the time.
    """
    if wiring.params.stp == "synapse":
        w = {f"{name}.w": arrays[f"{name}.w"] for name in wiring.synapses}
        return replay(wiring, values.initial_state(wiring) | w, bits, spikes)[0].astype(dtype)
    weights = Weights.of(wiring, arrays)
    size = efficacies(wiring, spikes).astype(dtype)
    fired = csr_array((size, (spikes.step, spikes.index)), (len(bits), wiring.n_cells))
    impulses = csr_array(bits.astype(dtype)) @ weights.input.astype(dtype)
    impulses += fired @ weights.recurrent.astype(dtype)
    return epsps(impulses, *wiring.params.taus_s)


def epsps(impulses: np.ndarray, rise_s: float, decay_s: float) -> np.ndarray:
    """Impulses as double-exponential EPSPs that begin a step later; steps along the first axis."""
    decay, rise = (float(np.exp(-STEP_S / tau)) for tau in (decay_s, rise_s))
    # the difference of two geometric series, each begun by the impulse of the step before
    up, back = np.array([0, decay - rise]), np.array([1, -decay - rise, decay * rise])
    return lfilter(up.astype(impulses.dtype), back.astype(impulses.dtype), impulses, axis=0)


def rate_fractions(wiring: Wiring, u: np.ndarray, cells=slice(None)) -> np.ndarray:
    """Softmax of potentials within each circuit, same shape as `u`; `cells` are whole circuits."""
    circuit = wiring.circuit_of[cells]
    first = np.flatnonzero(np.diff(circuit, prepend=-1))
    circuit = np.repeat(np.arange(first.size), np.diff(first, append=circuit.size))
    e = u - np.maximum.reduceat(u, first, axis=-1)[..., circuit]
    np.exp(e, out=e)
    e /= np.add.reduceat(e, first, axis=-1)[..., circuit]
    return e


# --- while something is learned -----------------------------------------------------------------


def ends(wiring: Wiring) -> tuple[np.ndarray, np.ndarray]:
    """Of all synapses, those of inputs first: source, cells counted after the inputs, and cell."""
    (a, b), (i, j) = wiring.synapses.values()
    return np.r_[a, wiring.params.n_inputs + i], np.r_[b, j]


def of_synapses(wiring: Wiring, state: Arrays, variable: str) -> np.ndarray:
    """A variable of all synapses, in this order."""
    parts = wiring.synapses.items()
    return np.concatenate([state[f"{name}.{variable}"][: i.size] for name, (i, _) in parts])


def columns(wiring: Wiring) -> np.ndarray:
    """Place of the EPSP of each synapse among `traces`."""
    if wiring.params.stp != "synapse":
        return ends(wiring)[0]
    n = wiring.recurrent[0].size
    return np.r_[wiring.inputs[0], wiring.params.n_inputs + np.arange(n)]


def epsps_of(wiring: Wiring, state: Arrays, now: int) -> np.ndarray:
    """Of all synapses, in a state after step `now`."""
    a, b = traces(wiring, state, now)
    return (a - b)[columns(wiring)]


def traces(wiring: Wiring, state: Arrays, now: int) -> tuple[np.ndarray, np.ndarray]:
    """Both parts of the EPSPs in a state after step `now`; an EPSP is a - b.

    Of each input, then of each cell, or each recurrent synapse if its plasticity is its own.
    """
    p, n = wiring.params, wiring.recurrent[0].size
    a, b = (state[f"inputs.{k}"][: p.n_inputs] for k in "ab")
    if p.stp != "synapse":
        return tuple(np.r_[x, state[f"cells.{k}"][wiring.slot_of]] for k, x in (("a", a), ("b", b)))
    rise, decay = p.taus_s
    since = (now - state["cell_cell.last"][:n]) * STEP_S
    return (
        np.r_[a, state["cell_cell.a_own"][:n] * np.exp(-since / decay)],
        np.r_[b, state["cell_cell.b_own"][:n] * np.exp(-since / rise)],
    )


def grouped(keys: np.ndarray, n: int) -> list[np.ndarray]:
    """Places of each key from 0 to n - 1."""
    stop = np.cumsum(np.bincount(keys, minlength=n))
    return np.split(np.argsort(keys, kind="stable"), stop[:-1])


def gathered(groups: list[np.ndarray], which) -> np.ndarray:
    return np.concatenate([groups[k] for k in which]) if len(which) else np.empty(0, int)


def replay(
    wiring: Wiring,
    start: Arrays,
    bits: np.ndarray,
    spikes: Spikes,
    cells=slice(None),
    first: int = 0,
    learn: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Potentials of `cells` in each step, and the weights of all synapses at the end.

    Parameters
    ----------
    wiring : Wiring
    start : dict of ndarray
        State of the engine before absolute step `first`.
    bits : ndarray of bool, shape (n_steps, n_inputs)
        Spikes of the inputs.
    spikes : Spikes
        Of all cells, by steps of the run.
    cells : index
    first : int
    learn : bool

    Returns
    -------
    u : ndarray, shape (n_steps, n_cells)
    w : ndarray, shape (n_synapses,)
        Those of inputs first.
    """
    p, n_inputs, n_cells = wiring.params, wiring.params.n_inputs, wiring.n_cells
    i, column, (pre, post) = wiring.recurrent[0], columns(wiring), ends(wiring)
    w, S, Q = (of_synapses(wiring, start, variable) for variable in "wSQ")
    if p.stp == "synapse":
        drawn = values.depression(p, wiring.ends()["cell_cell"][0].size, "synapses")
        units, whose, places = grouped(i, n_cells), "cell_cell", slice(0, i.size)
    else:
        drawn = values.depression_of_cells(wiring)
        units, whose, places = list(np.arange(n_cells)[:, None]), "cells", wiring.slot_of
    x, uf, last = (np.array(start[f"{whose}.{k}"][places]) for k in ("x", "uf", "last"))
    a, b = traces(wiring, start, first - 1)
    A, B = (start[f"cells.{k}"][wiring.slot_of] for k in "AB")
    b_stays, a_stays = (np.exp(-STEP_S / tau) for tau in p.taus_s)
    efficacy = np.ones(a.size)
    leaving, onto = grouped(pre, n_inputs + n_cells), grouped(post, n_cells)
    fired = np.split(spikes.index, np.searchsorted(spikes.step, np.arange(1, len(bits))))
    u = np.empty((len(bits), np.arange(n_cells)[cells].size))
    for step, k in enumerate(fired):
        for array, stays in ((A, a_stays), (a, a_stays), (B, b_stays), (b, b_stays)):
            array *= stays
        u[step] = (A - B)[cells]
        own = gathered(units, k)
        parts = {name: array[own] for name, array in drawn.items()}
        x[own], uf[own] = spent(parts, x[own], uf[own], last[own], first + step)
        last[own] = first + step
        efficacy[n_inputs + own] = uf[own] * x[own]
        shown = np.flatnonzero(bits[step])
        rise = np.r_[shown, n_inputs + own]
        a[rise] += efficacy[rise]
        b[rise] += efficacy[rise]
        reached = gathered(leaving, np.r_[shown, n_inputs + k])
        arrives = np.bincount(post[reached], w[reached] * efficacy[column[reached]], n_cells)
        A += arrives
        B += arrives
        if not learn or not k.size:
            continue
        s = gathered(onto, k)
        now = a[column[s]], b[column[s]]
        dw, w[s], S[s], Q[s] = taught(p, w[s], S[s], Q[s], now[0] - now[1], first + step)
        A += np.bincount(post[s], dw * now[0], n_cells)
        B += np.bincount(post[s], dw * now[1], n_cells)
    return u, w


def taught(p, w, S, Q, y, step: int):
    """Change of weights at a spike of their cell, and w, S and Q after it, from EPSPs `y`."""
    if p.learning_rate == "variance":
        eta = p.eta0 * (Q - S * S) / (1 + np.exp(-S))
    else:
        eta = p.eta0 / (1 + step * (p.learning_rate == "one_over_steps"))
    eta, P = np.clip(eta, 0, 1), np.exp(w)
    dw = eta * (y - P) / np.clip(P, eta, 1e300)
    w = w + dw
    return dw, w, S + eta * (w - S), Q + eta * (w * w - Q)
