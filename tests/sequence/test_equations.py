"""The network against a direct evaluation of its equations, and on every backend alike."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from driver.engine.exponential import exponential_numpy
from driver.engine.model import Spikes
from driver.engine.randomness import generator
from driver.experiment.network import Session
from models.sequence import potentials, values
from models.sequence.params import PRESETS, Params
from models.sequence.simulation import Simulation, in_cells
from models.sequence.wiring import wiring
from stimuli.patterns import training
from tests.sequence import direct

TINY = Params(**PRESETS["tiny"])
TOY = {"grid_columns": 2, "grid_rows": 1, "n_inputs": 1, "train_s": 1.0, "kernel": "euler1ms"}
TOY |= {"w_init": "zero", "n_links": 2}


def bits(seed: int, n_steps: int, rates_hz) -> np.ndarray:
    """Poisson spikes, a column a rate."""
    return generator(seed, "toy").random((n_steps, len(rates_hz))) < np.array(rates_hz) * 1e-3


def forced(p: Params, input_bits, cell_bits, learn=True, block_steps=100):
    """State and potentials at the end of every block with given spikes."""
    made, n_steps = wiring(p), len(cell_bits)
    shown = SimpleNamespace(bits=lambda first, n: input_bits[first : first + n])
    with Simulation(made, n_steps, Session("numpy"), forced=True, block_steps=block_steps) as sim:
        blocks = sim.blocks(
            sim.initial_state(), 0, n_steps, learn=learn, shown=shown, forced=cell_bits
        )
        return made, [(block.state, stop) for block, stop in blocks]


@pytest.mark.parametrize(
    ("k", "rates", "more"),
    [
        (1, (60, 50), {"stp": "none"}),  # T1 a
        (1, (2, 100), {"stp": "none"}),  # T1 b
        (2, (20, 50), {"stp": "none"}),  # T2
        (2, (20, 50), {}),  # T3
        pytest.param(2, (20, 50), {"learning_rate": "one_over_steps"}, marks=pytest.mark.slow),
        pytest.param(
            2,
            (20, 50),
            {"learning_rate": "constant", "w_init": "log_uniform"},
            marks=pytest.mark.slow,
        ),
        pytest.param(2, (20, 50), {"kernel": "exact", "n_inputs": 3}, marks=pytest.mark.slow),
    ],
)
def test_toys_are_what_a_direct_evaluation_gives(k, rates, more):
    p = Params(**{**TOY, "k_min": k, "k_max": k, **more})
    input_bits = bits(1, p.steps, [rates[0]] * p.n_inputs)
    cell_bits = bits(2, p.steps, [rates[1]] * 2 * k)
    made, blocks = forced(p, input_bits, cell_bits)
    u, plastic = direct.evaluate(made, input_bits, cell_bits)
    assert np.abs(u).max() > 0.05
    for state, stop in blocks:  # the state after a step: the spikes of that step do not count yet
        if stop < p.steps and not input_bits[stop - 1].any() and not cell_bits[stop - 1].any():
            decayed = after_decay(p, state)
            assert decayed[made.slot_of] == pytest.approx(u[stop], abs=1e-10)
    end = blocks[-1][0]
    for name, (i, _) in (("input_cell", made.inputs), ("cell_cell", made.recurrent)):
        assert i.size
        for variable in "wSQ":
            found = end[f"{name}.{variable}"]
            assert found[: i.size] == pytest.approx(plastic[variable][name], abs=1e-10)
            assert set(found[i.size :]) <= {0.0, 1.0}, "what fills up has moved"


def after_decay(p: Params, state) -> np.ndarray:
    """Potentials one step later, of no spikes."""
    rise, decay = p.taus_s
    return state["cells.A"] * np.exp(-1e-3 / decay) - state["cells.B"] * np.exp(-1e-3 / rise)


def test_a_toy_has_spikes_of_both_at_once():
    """Else the order within a step would not be tested."""
    both = bits(1, 1000, [60])[:, 0] & bits(2, 1000, [50])[:, 0]
    assert both.sum() >= 2


def test_a_single_pair_by_hand():
    """One spike of the input, five steps later one of the cell, w = 0."""
    p = Params(**{**TOY, "k_min": 1, "k_max": 1, "kernel": "exact", "train_s": 0.02})
    input_bits, cell_bits = np.zeros((20, 1), bool), np.zeros((20, 2), bool)
    input_bits[3], cell_bits[8, 0] = True, True
    made, blocks = forced(p, input_bits, cell_bits)
    y = np.exp(-5 / 20) - np.exp(-5 / 2)
    w = blocks[-1][0]["input_cell.w"][:2]
    assert w == pytest.approx([0.025 * (y - 1), 0.0], abs=1e-15)  # eta 0.05/2, P = 1


def test_a_weight_that_is_very_negative_does_not_explode():
    p = Params(**{**TOY, "k_min": 1, "k_max": 1, "train_s": 0.02})
    made = wiring(p)
    input_bits, cell_bits = np.zeros((20, 1), bool), np.zeros((20, 2), bool)
    input_bits[3], cell_bits[8, 0] = True, True
    shown = SimpleNamespace(bits=lambda first, n: input_bits[first : first + n])
    with Simulation(made, 20, Session("numpy"), forced=True) as sim:
        start = sim.initial_state()
        start["input_cell.w"][0] = start["input_cell.S"][0] = -40.0
        start["input_cell.Q"][0] = 1700.0
        ((block, _),) = sim.blocks(start, 0, 20, learn=True, shown=shown, forced=cell_bits)
    assert -40 < block.state["input_cell.w"][0] <= -39


def test_without_learning_no_weight_moves():
    p = Params(**{**TOY, "k_min": 2, "k_max": 2})
    made, blocks = forced(p, bits(1, 1000, [60]), bits(2, 1000, [50] * 4), learn=False)
    start = values.initial_state(made)
    for key in ("input_cell.w", "cell_cell.w", "input_cell.Q", "cell_cell.S"):
        np.testing.assert_array_equal(blocks[-1][0][key], start[key])


@pytest.mark.slow
def test_plasticity_of_synapses_of_their_own_is_that_of_cells_where_it_is_the_same():
    p = Params(**{**TOY, "k_min": 2, "k_max": 2, "stp_relative_sd": 0.0})
    given = bits(1, 1000, [20]), bits(2, 1000, [50] * 4)
    ends = [
        forced(dataclasses.replace(p, stp=scope), *given)[1][-1][0] for scope in ("cell", "synapse")
    ]
    assert ends[0]["cell_cell.w"][:8].any()
    for key in ("input_cell.w", "cell_cell.w", "cell_cell.Q", "cells.A"):
        assert ends[1][key] == pytest.approx(ends[0][key], abs=1e-10)


def run(p: Params, backend: str, cuts=()):
    """Spikes and end state of a training, cut at `cuts`."""
    made, parts = wiring(p), []
    shown = training(p, p.seed, p.steps)
    with Simulation(made, p.steps, Session(backend)) as sim:
        state, first = sim.initial_state(), 0
        for stop in (*cuts, p.steps):
            for block, _ in sim.blocks(state, first, stop, learn=True, shown=shown):
                parts.append(block.spikes["cells"])
                state = block.state
            first = stop
    return made, in_cells(made, parts), state


def require_same(one, other) -> None:
    np.testing.assert_array_equal(one[1].index, other[1].index)
    np.testing.assert_array_equal(one[1].step, other[1].step)
    for key in one[2]:
        np.testing.assert_array_equal(one[2][key], other[2][key], err_msg=key)


@pytest.mark.slow
@pytest.mark.compiler
def test_cython_gives_the_bits_of_numpy():
    p = dataclasses.replace(TINY, train_s=0.5)
    require_same(run(p, "numpy"), run(p, "cython"))


# a program of its own each: minutes of compiling, and the plain one says most
SLOW_STP = [pytest.param(stp, marks=pytest.mark.slow) for stp in ("synapse", "none")]


@pytest.mark.parametrize("stp", ["cell", *SLOW_STP])
@pytest.mark.compiler
def test_numpy_and_compiled_give_the_same_bits(stp):
    p = dataclasses.replace(TINY, stp=stp, train_s=1.0)
    one, other = run(p, "numpy"), run(p, "cpp_standalone")
    assert one[1].index.size > 300
    require_same(one, other)


def test_blocks_cut_anywhere_give_the_same_bits():
    p = dataclasses.replace(TINY, train_s=0.6)
    require_same(run(p, "numpy"), run(p, "numpy", cuts=(1, 137, 500)))


def test_every_circuit_fires_at_its_rate():
    made, spikes, _ = run(dataclasses.replace(TINY, train_s=2.0), "numpy")
    counts = np.bincount(made.circuit_of[spikes.index], minlength=made.sizes.size) / 2.0
    assert spikes.index.min() >= 0, "a place without a cell has fired"
    # two cells of a circuit may fire in one step: with K alike ones a little more than with one
    assert counts == pytest.approx(np.full(6, 97), abs=25)


def test_potentials_computed_from_spikes_are_those_of_the_network():
    for stp in ("cell", "synapse"):
        p = dataclasses.replace(TINY, stp=stp)
        made, shown = wiring(p), training(p, p.seed, 700)
        with Simulation(made, 700, Session("numpy")) as sim:
            states, parts = [], []
            for stop in (350, 700):
                state = states[-1] if states else sim.initial_state()
                for block, _ in sim.blocks(state, stop - 350, stop, learn=False, shown=shown):
                    states.append(block.state)
                    parts.append(block.spikes["cells"])
        spikes = in_cells(made, parts)
        u = potentials.potentials(made, states[0], shown.bits(0, 700), spikes)
        stepped = after_decay(p, states[0])[made.slot_of]
        assert u[350] == pytest.approx(stepped, abs=1e-9)
        fractions = potentials.rate_fractions(made, u)
        sums = np.add.reduceat(fractions, made.first_cell, axis=1)
        assert np.abs(sums - 1).max() < 1e-9
        single = potentials.potentials(made, states[0], shown.bits(0, 700), spikes, np.float32)
        assert single == pytest.approx(u, abs=1e-3)


def test_rates_of_the_network_itself_share_that_of_the_circuit():
    """Read from the engine after single steps, not computed again."""
    made = wiring(TINY)
    shown = training(TINY, TINY.seed, 400)
    with Simulation(made, 400, Session("numpy"), block_steps=40) as sim:
        for _ in sim.blocks(sim.initial_state(), 0, 400, learn=True, shown=shown):
            r_dt = np.array(sim.engine.brian["cells.r_dt"].get_value())
            sums = np.add.reduceat(r_dt[made.slot_of], made.first_cell)
            assert sums == pytest.approx(np.full(made.sizes.size, 0.1), abs=1e-10)
            assert (np.delete(r_dt, made.slot_of) == 0).all()


def test_rate_fractions_of_far_potentials_are_shares():
    made = wiring(TINY)
    u = np.array([[-1e4] * made.n_cells, [1e4] * made.n_cells, np.arange(made.n_cells) * 300.0])
    fractions = potentials.rate_fractions(made, u)
    sums = np.add.reduceat(fractions, made.first_cell, axis=1)
    assert np.abs(sums - 1).max() < 1e-9


def test_sizes_of_spikes_follow_the_equations_of_depression():
    made = wiring(TINY)
    drawn = values.depression_of_cells(made)
    steps = [5, 9, 30, 31, 200]
    index = np.zeros(5, np.int32)
    found = potentials.efficacies(made, Spikes(index, np.array(steps)))
    expected = direct.sizes_of(steps, *(drawn[k][0] for k in "UDF"))
    assert found == pytest.approx([size for _, size in expected], abs=1e-12)
    assert found[0] == pytest.approx(drawn["U"][0])


@pytest.mark.parametrize("low, high", [(-699, 699), (-8, 2), (-0.1, 0.1)])
def test_exponential_is_that_of_a_library_to_one_last_place(low, high):
    x = generator(1, "x").uniform(low, high, 100_000)
    expected = np.exp(x)
    assert (np.abs(exponential_numpy(x) - expected) <= np.spacing(expected)).all()


def test_exponential_at_its_ends():
    assert exponential_numpy(0.0) == 1
    assert 0 < exponential_numpy(-1e9) < 1e-300
    assert np.isfinite(exponential_numpy(1e9))
