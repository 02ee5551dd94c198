"""Who is connected to whom: circuits on a grid, links between them, cells; NumPy only.

Cells are numbered circuit by circuit. Their number and that of the synapses vary with the seed; so
that one compiled program serves all seeds, every circuit has room for `k_max` cells (a *slot* each)
and synapses are filled up with some from an input that never fires to a cell that is not there.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property, lru_cache

import numpy as np

from driver.engine.randomness import generator
from models.sequence.params import Params

WINDOW = (
    1.0  # a link of drawn length d joins circuits that are more than d - 1 apart, at most d + 1
)
SPARE = 1.5  # more synapses than are expected, each time that they do not fit


@dataclasses.dataclass(frozen=True)
class Wiring:
    """The structure of a seed.

    Attributes
    ----------
    params : Params
    sizes : ndarray of int, shape (n_circuits,)
        Cells of each circuit.
    links : ndarray of int, shape (n_links, 2)
        Source and target circuit.
    recurrent : (ndarray of int, ndarray of int)
        Source and target cell of each recurrent synapse, ordered by target: what learns at a spike
        of a cell lies together in memory.
    """

    params: Params
    sizes: np.ndarray
    links: np.ndarray
    recurrent: tuple[np.ndarray, np.ndarray]

    @property
    def n_cells(self) -> int:
        return int(self.sizes.sum())

    @cached_property
    def circuit_of(self) -> np.ndarray:
        """Circuit of each cell."""
        return np.repeat(np.arange(self.sizes.size), self.sizes)

    @cached_property
    def first_cell(self) -> np.ndarray:
        """Of each circuit."""
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def slot_of(self) -> np.ndarray:
        """Place of each cell in the network that is compiled."""
        within = np.arange(self.n_cells) - self.first_cell[self.circuit_of]
        return self.circuit_of * self.params.k_max + within

    @cached_property
    def positions(self) -> np.ndarray:
        """Place of each circuit on the grid, shape (n_circuits, 2)."""
        return positions(self.params)

    @cached_property
    def inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Input and cell of each input synapse: every input, every cell."""
        targets, sources = np.indices((self.n_cells, self.params.n_inputs)).reshape(2, -1)
        return sources, targets

    @property
    def synapses(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Source and cell of each synapse, by projection."""
        return {"input_cell": self.inputs, "cell_cell": self.recurrent}

    @property
    def n_slots(self) -> int:
        """Cells of the compiled network; the last is never there."""
        return self.params.n_circuits * self.params.k_max + 1

    def ends(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Sources and targets of each projection in the compiled network, filled up."""
        p, nobody = self.params, self.n_slots - 1
        slot, mean = self.slot_of, (p.k_min + p.k_max) / 2
        (i_in, j_in), (i, j) = self.inputs, self.recurrent
        most_cells, n_recurrent = p.n_circuits * p.k_max, p.link_count * mean**2
        most = p.link_count * p.k_max**2
        if p.links == "pairwise":
            n_recurrent = pair_chances(p).sum() * mean**2
            most = most_cells**2
        room_in = room(i_in.size, p.n_inputs * p.n_circuits * mean, p.n_inputs * most_cells)
        room_rec = room(i.size, n_recurrent, most)
        return {
            "input_cell": (filled(i_in, room_in, p.n_inputs), filled(slot[j_in], room_in, nobody)),
            "cell_cell": (filled(slot[i], room_rec, nobody), filled(slot[j], room_rec, nobody)),
        }


def room(n: int, expected: float, most: int) -> int:
    """How many synapses are made so that `n` fit: one number for almost all seeds."""
    size = SPARE * expected
    while size < n:
        size *= SPARE
    return max(1, min(int(size), most))


def filled(numbers: np.ndarray, size: int, value: int) -> np.ndarray:
    return np.concatenate([numbers, np.full(size - numbers.size, value)]).astype(np.int32)


def positions(p: Params) -> np.ndarray:
    """Columns and rows of the circuits, row by row of the grid, shape (n_circuits, 2)."""
    number = np.arange(p.n_circuits)
    return np.stack([number % p.grid_columns, number // p.grid_columns], axis=1)


def distances(p: Params) -> np.ndarray:
    """Between circuits, grid units, shape (n_circuits, n_circuits)."""
    place = positions(p).astype(float)
    return np.linalg.norm(place[:, None] - place[None], axis=-1)


@lru_cache(maxsize=8)
def wiring(p: Params) -> Wiring:
    """The structure of the seed of `p`."""
    sizes = generator(p.seed, "circuit sizes").integers(p.k_min, p.k_max + 1, p.n_circuits)
    draws = generator(p.seed, "links")
    if p.links == "pairwise":
        links, recurrent = pairs_of_cells(p, sizes, draws)
    else:
        links = links_of_circuits(p, draws)
        recurrent = cells_of_links(sizes, links)
    i, j = recurrent
    by_target = np.lexsort((i, j))
    return Wiring(p, sizes, links, (i[by_target], j[by_target]))


def link_chances(p: Params) -> np.ndarray:
    """Probability that a drawn link joins circuits a and b, shape (n_circuits, n_circuits).

    A length d is drawn from an exponential distribution of mean 1/lambda, and one of all ordered
    pairs with d - 1 < distance <= d + 1; nothing is linked to itself, and lengths without a pair
    are drawn again. Here the two draws are one: the integral over d.
    """
    distance = distances(p)
    known, pair = np.unique(distance, return_inverse=True)
    edges = np.unique(np.concatenate([[0.0], known - WINDOW, known + WINDOW]).clip(0))
    low, high = edges[:-1], edges[1:]
    middle = (low + high) / 2
    # how many pairs compete for a length in each of these intervals
    counts = np.bincount(pair.ravel(), minlength=known.size)
    reached = np.abs(known[:, None] - middle) < WINDOW
    rivals = counts @ reached
    mass = np.exp(-p.link_lambda * low) - np.exp(-p.link_lambda * high)
    of_pair = reached @ np.divide(mass, rivals, out=np.zeros_like(mass), where=rivals > 0)
    chances = of_pair[pair.reshape(distance.shape)]
    np.fill_diagonal(chances, 0)
    return chances / chances.sum() if chances.any() else chances


def links_of_circuits(p: Params, draws: np.random.Generator) -> np.ndarray:
    """Source and target circuit of each link; distinct ones unless repetition is asked for."""
    chances = link_chances(p).ravel()
    if not p.link_count or not chances.any():
        return np.empty((0, 2), int)
    again = p.links == "length_multi"
    chosen = draws.choice(chances.size, p.link_count, replace=again, p=chances)
    return np.stack(np.divmod(np.sort(chosen), p.n_circuits), axis=1)


def cells_of_links(sizes: np.ndarray, links: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All cells of the source circuit to all cells of the target circuit."""
    first = np.cumsum(sizes) - sizes
    blocks = [
        np.indices((sizes[a], sizes[b])).reshape(2, -1) + [[first[a]], [first[b]]] for a, b in links
    ]
    i, j = np.concatenate(blocks, axis=1) if blocks else np.empty((2, 0), int)
    return i, j


def pair_chances(p: Params) -> np.ndarray:
    """Probability that a cell of circuit a is connected to one of b, with single pairs."""
    apart = distances(p)
    return np.where(apart > 0, p.link_lambda * np.exp(-p.link_lambda * apart), 0)


def pairs_of_cells(p: Params, sizes: np.ndarray, draws: np.random.Generator):
    """Single pairs of cells of different circuits, with probability lambda exp(-lambda d)."""
    circuit = np.repeat(np.arange(sizes.size), sizes)
    chance = pair_chances(p)[circuit[:, None], circuit[None]]
    i, j = np.nonzero(draws.random(chance.shape) < chance)
    links = np.unique(np.stack([circuit[i], circuit[j]], axis=1), axis=0)
    return links, (i, j)
