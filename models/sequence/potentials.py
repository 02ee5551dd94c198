"""Potentials and rate fractions of a test, from its spikes and the weights; NumPy only.

While nothing is learned the potentials follow from the spikes alone, so they are not recorded but
computed where they are wanted: u_k = sum_i w_ki y_ki, with spikes of inputs of size 1 and those of
cells of the size that short-term plasticity leaves them. A test holds them equal to the simulation.
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
    def of(wiring: Wiring, arrays: Mapping[str, np.ndarray], before: str = "") -> Weights:
        """From ``<before>input_cell.w`` and ``<before>cell_cell.w`` of a state or a recording."""
        n = wiring.n_cells
        found = []
        for name, (i, j), n_sources in (
            ("input_cell", wiring.inputs, wiring.params.n_inputs),
            ("cell_cell", wiring.recurrent, n),
        ):
            w = np.zeros((n_sources, n))
            np.add.at(w, (i, j), arrays[f"{before}{name}.w"][: i.size])
            found.append(w)
        return Weights(*found)


def efficacies(wiring: Wiring, spikes: Spikes) -> np.ndarray:
    """u R of each spike of a cell, from rest; spikes ordered by time."""
    drawn = values.depression_of_cells(wiring)
    U, D, F = (drawn[k] for k in "UDF")
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
        k = index[which]
        gap = (step[which] - last[k]) * STEP_S
        x[k] = 1 + (x[k] - uf[k] * x[k] - 1) * np.exp(-gap / D[k])
        uf[k] = U[k] + uf[k] * (1 - U[k]) * np.exp(-gap / F[k])
        last[k] = step[which]
        found[which] = uf[k] * x[k]
    back = np.empty_like(found)
    back[order] = found
    return back


def own_impulses(wiring: Wiring, spikes: Spikes, w: np.ndarray, n_steps: int) -> np.ndarray:
    """What recurrent spikes add to potentials where each synapse has its own plasticity."""
    i, j = wiring.recurrent
    n = wiring.ends()["cell_cell"][0].size
    drawn = values.depression(wiring.params, n, "synapses")
    found = np.zeros((n_steps, wiring.n_cells))
    for cell in range(wiring.n_cells):
        own = np.flatnonzero(i == cell)
        U, D, F = (drawn[k][own] for k in "UDF")
        x, uf, last = np.ones(own.size), np.zeros(own.size), values.NEVER
        for step in spikes.step[spikes.index == cell]:
            gap = (step - last) * STEP_S
            x = 1 + (x - uf * x - 1) * np.exp(-gap / D)
            uf = U + uf * (1 - U) * np.exp(-gap / F)
            last = step
            np.add.at(found[step], j[own], w[own] * uf * x)
    return found


def potentials(
    wiring: Wiring,
    arrays: Mapping[str, np.ndarray],
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
    n_steps, weights = len(bits), Weights.of(wiring, arrays)
    impulses = csr_array(bits.astype(dtype)) @ weights.input.astype(dtype)
    if wiring.params.stp == "synapse":
        w = arrays["cell_cell.w"]
        impulses += own_impulses(wiring, spikes, w, n_steps).astype(dtype)
    else:
        size = efficacies(wiring, spikes).astype(dtype)
        fired = csr_array((size, (spikes.step, spikes.index)), (n_steps, wiring.n_cells))
        impulses += fired @ weights.recurrent.astype(dtype)
    return epsps(impulses, *wiring.params.taus_s)


def epsps(impulses: np.ndarray, rise_s: float, decay_s: float) -> np.ndarray:
    """Impulses as double-exponential EPSPs that begin a step later; steps along the first axis."""
    decay, rise = (float(np.exp(-STEP_S / tau)) for tau in (decay_s, rise_s))
    # the difference of two geometric series, each begun by the impulse of the step before
    up, back = np.array([0, decay - rise]), np.array([1, -decay - rise, decay * rise])
    return lfilter(up.astype(impulses.dtype), back.astype(impulses.dtype), impulses, axis=0)


def rate_fractions(wiring: Wiring, u: np.ndarray) -> np.ndarray:
    """Softmax of potentials within each circuit; the sum over a circuit is 1, same shape as `u`."""
    first, circuit = wiring.first_cell, wiring.circuit_of
    e = u - np.maximum.reduceat(u, first, axis=-1)[..., circuit]
    np.exp(e, out=e)
    e /= np.add.reduceat(e, first, axis=-1)[..., circuit]
    return e
