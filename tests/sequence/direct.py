"""The model evaluated step by step and synapse by synapse, from the sums over spikes themselves.

Nothing decays here: the EPSP of a synapse is summed over all its spikes in every step (equation 5
of the specification), and every pair of a synapse and a spike of its cell is looked at alone.
"""

from __future__ import annotations

import math

import numpy as np

from models.sequence import values
from models.sequence.params import Params
from models.sequence.wiring import Wiring

STEP_S = 1e-3


def epsp(step: int, spikes: list[tuple[int, float]], rise_s: float, decay_s: float) -> float:
    """Of one synapse, from the step and size of each of its spikes."""
    since = [((step - at) * STEP_S, size) for at, size in spikes if at < step]
    return sum(size * (math.exp(-t / decay_s) - math.exp(-t / rise_s)) for t, size in since)


def sizes_of(steps: list[int], U: float, D: float, F: float) -> list[tuple[int, float]]:
    """Each spike with what short-term plasticity leaves it, equations 7 and 8."""
    found, u, R = [], U, 1.0
    for k, step in enumerate(steps):
        if k:
            gap = (step - steps[k - 1]) * STEP_S
            u, R = (
                U + u * (1 - U) * math.exp(-gap / F),
                1 + (R - u * R - 1) * math.exp(-gap / D),
            )
        found.append((step, u * R))
    return found


def evaluate(wiring: Wiring, input_bits: np.ndarray, cell_bits: np.ndarray, learn: bool = True):
    """Potentials of every step, and w, S and Q of both projections at the end.

    Parameters
    ----------
    input_bits, cell_bits : ndarray of bool, shape (n_steps, n_inputs) and (n_steps, n_cells)
    """
    p: Params = wiring.params
    rise_s, decay_s = p.taus_s
    drawn = values.depression_of_cells(wiring)
    trains = {
        "input_cell": [[(int(t), 1.0) for t in np.flatnonzero(column)] for column in input_bits.T],
        "cell_cell": [
            sizes_of([int(t) for t in np.flatnonzero(column)], *(drawn[x][k] for x in "UDF"))
            for k, column in enumerate(cell_bits.T)
        ],
    }
    ends = {"input_cell": wiring.inputs, "cell_cell": wiring.recurrent}
    state = values.initial_state(wiring)
    w, S, Q = (
        {name: [float(x) for x in state[f"{name}.{v}"][: i.size]] for name, (i, _) in ends.items()}
        for v in "wSQ"
    )
    u = np.zeros(cell_bits.shape)
    for step in range(len(cell_bits)):
        y = {
            name: [epsp(step, train, rise_s, decay_s) for train in of_source]
            for name, of_source in trains.items()
        }
        for name, (i, j) in ends.items():
            for k in range(i.size):
                u[step, j[k]] += w[name][k] * y[name][i[k]]
        if not learn:
            continue
        for name, (i, j) in ends.items():
            for k in range(i.size):
                if cell_bits[step, j[k]]:
                    weight, mean, square = w[name][k], S[name][k], Q[name][k]
                    eta = rate(p, step, mean, square)
                    P = math.exp(weight)
                    weight += eta * (y[name][i[k]] - P) / max(P, eta)
                    w[name][k] = weight
                    S[name][k] = mean + eta * (weight - mean)
                    Q[name][k] = square + eta * (weight**2 - square)
    return u, {"w": w, "S": S, "Q": Q}


def rate(p: Params, step: int, mean: float, square: float) -> float:
    """Learning rate of a synapse, equation 9, or one of those without variance tracking."""
    if p.learning_rate == "variance":
        return min(1.0, max(0.0, p.eta0 * (square - mean**2) / (1 + math.exp(-mean))))
    return p.eta0 / (step + 1) if p.learning_rate == "one_over_steps" else p.eta0
