"""Circuits, links and cells."""

import dataclasses

import numpy as np
import pytest

from driver.engine.randomness import generator
from models.sequence.params import Params
from models.sequence.wiring import distances, link_chances, wiring

P = Params()


def test_circuits_have_from_k_min_to_k_max_cells_by_the_seed():
    made = wiring(P)
    assert made.sizes.min() >= 2 and made.sizes.max() <= 10 and made.sizes.size == 50
    assert made.n_cells == made.sizes.sum() == made.circuit_of.size
    many = np.concatenate([wiring(dataclasses.replace(P, seed=s)).sizes for s in range(40)])
    np.testing.assert_allclose(np.bincount(many, minlength=11)[2:] / many.size, 1 / 9, atol=0.03)


def test_a_link_is_all_cells_to_all_cells_of_another_circuit():
    made = wiring(P)
    assert len(made.links) == 1000 == len(np.unique(made.links, axis=0))
    a, b = made.links.T
    assert (a != b).all()
    assert made.recurrent[0].size == (made.sizes[a] * made.sizes[b]).sum()
    pairs = np.unique(np.stack(made.recurrent), axis=1)
    assert pairs.shape[1] == made.recurrent[0].size
    linked = np.stack([made.circuit_of[x] for x in made.recurrent], axis=1)
    np.testing.assert_array_equal(np.unique(linked, axis=0), np.unique(made.links, axis=0))
    mean = distances(P)[a, b].mean()
    assert 4.0 < mean < 4.7  # the specification: 4.3 to 4.4


def by_rejection(p: Params, n: int, draws) -> np.ndarray:
    """Links as the original program draws them: a length, then a pair about as far apart."""
    distance, found = distances(p), []
    while len(found) < n:
        d = draws.exponential(1 / p.link_lambda)
        pairs = np.argwhere((distance > d - 1) & (distance <= d + 1))
        if len(pairs):
            a, b = pairs[draws.integers(len(pairs))]
            if a != b:
                found.append((a, b))
    return np.array(found)


def test_lengths_of_links_are_those_of_the_rejection_procedure():
    p = dataclasses.replace(P, grid_columns=6, grid_rows=4)
    found = by_rejection(p, 6000, generator(1, "rejection"))
    distance = distances(p)
    known, which = np.unique(distance, return_inverse=True)
    expected = np.bincount(which.ravel(), link_chances(p).ravel()) * len(found)
    drawn = np.bincount(which.reshape(distance.shape)[tuple(found.T)], minlength=known.size)
    often = expected > 5
    chi = ((drawn - expected)[often] ** 2 / expected[often]).sum() / often.sum()
    assert chi < 1.8
    assert drawn[~often].sum() < 100


def test_repeated_links_add_up_and_pairs_of_cells_are_sparse():
    multi = wiring(dataclasses.replace(P, links="length_multi"))
    assert len(multi.links) == 1000 and 700 < len(np.unique(multi.links, axis=0)) < 850
    pairwise = wiring(dataclasses.replace(P, links="pairwise"))
    density = pairwise.recurrent[0].size / pairwise.n_cells**2
    assert density == pytest.approx(0.063, abs=0.006)
    i, j = pairwise.recurrent
    assert (pairwise.circuit_of[i] != pairwise.circuit_of[j]).all()


def test_every_seed_has_the_same_size_compiled_and_nothing_real_is_filled_up():
    sizes = set()
    for seed in range(20):
        made = wiring(dataclasses.replace(P, seed=seed))
        ends = made.ends()
        sizes.add(tuple(i.size for i, _ in ends.values()))
        n = made.recurrent[0].size
        i, j = ends["cell_cell"]
        np.testing.assert_array_equal(i[:n], made.slot_of[made.recurrent[0]])
        assert (i[n:] == made.n_slots - 1).all() and (j[n:] == made.n_slots - 1).all()
        assert made.slot_of.max() < made.n_slots - 1
        assert (ends["input_cell"][0][made.inputs[0].size :] == P.n_inputs).all()
    assert len(sizes) == 1


def test_without_links_there_are_no_recurrent_synapses():
    for changes in ({"n_links": 0}, {"grid_columns": 1, "grid_rows": 1}):
        made = wiring(dataclasses.replace(P, **changes))
        assert made.recurrent[0].size == 0 == len(made.links)
        assert made.ends()["cell_cell"][0].size == 1


def test_all_links_there_are():
    made = wiring(dataclasses.replace(P, grid_columns=3, grid_rows=2, n_links=30))
    assert len(made.links) == 30
