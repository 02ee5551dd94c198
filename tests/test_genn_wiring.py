"""Synapses sorted for GeNN and back, and the room that is reserved for them."""

import dataclasses
import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.engine.genn import engine as genn
from driver.engine.genn.engine import GennEngine, room, rounded_up, row_bounds, sorted_wiring

N = 12
PAIRS = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), min_size=1, max_size=60)


def wiring_of(**groups) -> dict[str, np.ndarray]:
    ends = {}
    for name, pairs in groups.items():
        ends[f"{name}.i"], ends[f"{name}.j"] = np.array(pairs, np.int32).T
    return ends


def engine_of(wiring, without=()) -> GennEngine:
    """What of an engine puts values in order; nothing is compiled."""
    engine = GennEngine.__new__(GennEngine)
    engine.order, _ = sorted_wiring(wiring, without)
    engine.back = {name: np.argsort(order) for name, order in engine.order.items()}
    return engine


@given(PAIRS)
def test_sorted_wiring_holds_the_same_pairs_by_source_then_target(pairs):
    """Two contacts of one pair are two, and keep their order."""
    wiring = wiring_of(links=pairs)
    _, made = sorted_wiring(wiring, ())
    found = list(zip(made["links.i"].tolist(), made["links.j"].tolist(), strict=True))
    assert found == sorted(pairs)
    assert made["links.i"].dtype == np.int32
    assert [tuple(pair) for pair in np.array(pairs)] == [
        (wiring["links.i"][k], wiring["links.j"][k]) for k in range(len(pairs))
    ]  # and what was given is left alone


@given(PAIRS, PAIRS)
def test_what_belongs_to_a_pair_goes_with_it_and_comes_back(one, other):
    wiring = wiring_of(one=one, other=other)
    engine, (_, made) = engine_of(wiring), sorted_wiring(wiring, ())
    for name in ("one", "other"):
        weights = np.arange(len(wiring[f"{name}.i"])) + 0.5
        there = engine._in(f"{name}.w", weights)
        given = dict(enumerate(zip(wiring[f"{name}.i"], wiring[f"{name}.j"], strict=True)))
        for k, w in enumerate(there):
            assert given[int(w)] == (made[f"{name}.i"][k], made[f"{name}.j"][k])
        np.testing.assert_array_equal(engine._out(f"{name}.w", there), weights)


@given(PAIRS)
def test_sorting_again_changes_nothing_and_a_sorted_wiring_needs_no_order(pairs):
    _, made = sorted_wiring(wiring_of(links=pairs), ())
    orders, again = sorted_wiring(made, ())
    assert orders == {}
    for key in made:
        np.testing.assert_array_equal(again[key], made[key])


def test_numbers_and_cells_are_left_in_their_order():
    engine = engine_of(wiring_of(links=[(2, 0), (1, 1), (0, 2)]))
    for key, value in (("links.G", 3.0), ("links.G", np.ones(1)), ("cells.v", np.arange(3.0))):
        np.testing.assert_array_equal(engine._in(key, value), value)
        np.testing.assert_array_equal(engine._out(key, np.atleast_1d(value)), np.atleast_1d(value))


def test_synapses_that_genn_does_without_are_left_out():
    orders, made = sorted_wiring(
        wiring_of(links=[(1, 0), (0, 1)], told=[(1, 0), (0, 0)]), ("told",)
    )
    assert sorted(made) == ["links.i", "links.j"] and list(orders) == ["links"]


# --- room ----------------------------------------------------------------------------------


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_rounding_up_is_enough_and_keeps_the_order(one, other):
    for n in (one, other):
        assert n <= rounded_up(n) < 2 * n or n == rounded_up(n) == 1
    if one <= other:
        assert rounded_up(one) <= rounded_up(other)


def test_rounding_up_has_few_values():
    assert len({rounded_up(n) for n in range(1, 1025)}) == 11


@given(PAIRS)
def test_the_room_is_enough_for_every_source_and_target(pairs):
    wiring = wiring_of(links=pairs)
    (row, column) = row_bounds(wiring)["links"]
    assert row >= np.bincount(wiring["links.i"]).max()
    assert column >= np.bincount(wiring["links.j"]).max()


def test_rows_of_one_length_have_their_own_room_and_no_rows_need_little():
    assert room(np.array([10, 10, 10])) == 10
    assert room(np.array([10, 9])) == 16
    assert room(np.array([], int)) == 1


@pytest.mark.parametrize("module", [genn])
def test_examples_are_right(module):
    tested = doctest.testmod(module)
    assert tested.attempted >= 1 and tested.failed == 0


def test_seeds_of_the_fast_network_share_their_room():
    """Ten seeds, one program."""
    from models.lateral_line import values
    from models.lateral_line.params import NetworkParams
    from models.lateral_line.presets import apply_model_mode
    from models.lateral_line.wiring import Wiring

    fast, rooms = apply_model_mode(NetworkParams(), "ll_fast"), set()
    for seed in range(fast.seed, fast.seed + 10):
        params = dataclasses.replace(fast, seed=seed)
        model = values.model(params, Wiring.of(params))
        rooms.add(str(row_bounds(sorted_wiring(model.wiring, model.genn.without)[1])))
    assert len(rooms) == 1
