"""The sequence memory from Python: runs one after the other, what is recorded, what is refused."""

from __future__ import annotations

import dataclasses
import gc
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from models.sequence.interactive import grid as grid_module
from models.sequence.interactive import recorder
from models.sequence.interactive.grid import NodeCollection
from models.sequence.simulation import Simulation
from sequence_learning import InputGenerator, Network, Recorder, nest_init

ROOT = Path(__file__).parents[2]


def network(**changes) -> Network:
    return Network(
        **{"grid_shape": (3, 2), "k_max": 4, "n_inputs": 30, "backend": "numpy"} | changes
    )


def inputs(grid: Network, **changes) -> InputGenerator:
    """Presentations of 60 ms in noise of 40 to 80 ms."""
    return InputGenerator(grid, **{"t_noise_range": [40, 80], "t_pattern": 60} | changes)


def some_spikes(grid: Network, n_steps: int):
    bits = np.random.default_rng(5).random((n_steps, grid.params.n_inputs)) < 0.01
    step, index = np.nonzero(bits)
    return index, step.astype(float)


def assert_same_state(one: Network, other: Network) -> None:
    assert one.step == other.step
    for key, array in one.state.items():
        np.testing.assert_array_equal(array, other.state[key], err_msg=key)


@pytest.fixture(scope="module")
def grid():
    """A network that is trained a little; tests may run it on."""
    with network() as made:
        yield made


@pytest.fixture
def keep(grid) -> Recorder:
    return Recorder(grid)


def test_the_import_needs_neither_brian_nor_pyplot():
    code = (
        "import sys, sequence_learning\n"
        "assert not {'brian2', 'matplotlib', 'matplotlib.pyplot'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- runs ------------------------------------------------------------------------------------


def test_the_demonstration_draws_without_a_display(tmp_path):
    nest_init()
    folder = tmp_path / "made" / "here"
    with network() as grid:
        inpgen = inputs(grid, n_patterns=2, pattern_sequences=[[0], [1]])
        recorder = Recorder(grid, show_figures=True, figures_dir=folder)
        ids = recorder.run_network(inpgen=inpgen, t_sim=300, title="Train #1")
        assert not folder.exists()
        recorder.set(create_plot=True, plot_history=True)
        with pytest.warns(UserWarning, match="no display: figures are saved in") as told:
            recorder.run_network(inpgen=inpgen, t_sim=200, dt_rec=50, title="Train #2")
            recorder.run_network(
                inpgen=inpgen, t_sim=300, title="Test #1", train=False, order_neurons=True,
                id_list=ids,
            )  # fmt: skip
        assert len(told) == 1
        assert [result.title for result in recorder.history] == ["Train #2", "Test #1"]
        recorder.reset_recorders()
        assert recorder.last is None and recorder.history == [] and grid.step == 500
    names = {path.name: path.read_bytes()[:4] for path in folder.iterdir()}
    assert names == dict.fromkeys(
        (
            *("002_train_2_run.png", "002_train_2_weights.png", "002_train_2_history.png"),
            *("003_test_1_run.png", "003_test_1_history.png"),
        ),
        b"\x89PNG",
    )


def test_two_runs_are_what_one_run_is_and_a_test_between_them_changes_nothing():
    with network() as whole, network() as parts:
        spikes = some_spikes(whole, 400)
        one, two = Recorder(whole), Recorder(parts)
        one.run_network(InputGenerator(whole, spikes=spikes), t_sim=400)
        given = InputGenerator(parts, spikes=spikes)
        two.run_network(given, t_sim=200)
        first = two.last.spikes
        trained = {key: array.copy() for key, array in parts.state.items()}
        two.run_network(t_sim=100, train=False)
        two.run_network(inputs(parts), t_sim=100, train=False, reset_state=False)
        for key, array in trained.items():
            np.testing.assert_array_equal(array, parts.state[key], err_msg=key)
        two.run_network(given, t_sim=200)
        assert_same_state(whole, parts)
        then = two.last.spikes
        step, index = np.r_[first.step, then.step + 200], np.r_[first.index, then.index]
        np.testing.assert_array_equal(step, one.last.spikes.step)
        np.testing.assert_array_equal(index, one.last.spikes.index)
        shown, late = one.last.shown.bits, two.last.shown.bits
        np.testing.assert_array_equal(shown[200:], late)
        assert shown.sum() == len(set(zip(*spikes, strict=True)))


def test_a_schedule_goes_on_and_a_presentation_that_was_cut_does_not(grid):
    made = inputs(grid, t_noise_range=(40, 40))  # and presentations of 60 ms

    def shown(n_steps: int) -> tuple[list, list, list]:
        found = made.show(n_steps)
        phases = found.phases
        return phases.pattern.tolist(), phases.stop.tolist(), found.complete.tolist()

    assert shown(120) == ([-1, 0, -1], [40, 100, 120], [False, True, False])
    assert shown(20) == ([-1], [20], [False])  # the rest of the noise
    assert shown(90) == ([1, -1], [60, 90], [True, False])  # no noise is left
    assert shown(30) == ([-1, 0], [10, 30], [False, False])
    assert shown(100) == ([-1, 1], [40, 100], [False, True])
    assert shown(80) == ([-1, 0], [40, 80], [False, False])


def test_every_run_has_noise_of_its_own():
    made, again = (inputs(network(), pattern_mode=1) for _ in range(2))
    first, second = made.show(200), made.show(200)
    assert set(first.phases.pattern) == set(second.phases.pattern) == {-1, 1}
    assert not np.array_equal(first.of_background, second.of_background)
    np.testing.assert_array_equal(again.show(200).bits, first.bits)


def test_patterns_are_frozen_until_they_are_changed(grid):
    made = inputs(grid, use_noise=False, pattern_sequences=[[1, 0]], t_pattern=[60.0, 30])
    before = made.get_patterns()
    assert [pattern.shape for pattern in before] == [(60, 30), (30, 30)]
    for _ in range(2):
        shown = made.show(400)
        assert shown.complete.any() and not shown.of_background.any()
        for k in np.flatnonzero(shown.complete):
            rows = slice(shown.phases.start[k], shown.phases.stop[k])
            np.testing.assert_array_equal(shown.bits[rows], before[shown.phases.pattern[k]])
    made.force_refresh_patterns()
    assert not np.array_equal(made.get_patterns()[0], before[0])
    made.set_patterns([([3, 4], [0.0, 59.0]), before[1]])
    changed = made.get_patterns()
    assert np.argwhere(changed[0]).tolist() == [[0, 3], [59, 4]]
    np.testing.assert_array_equal(changed[1], before[1])


def test_a_run_without_inputs_has_none_and_circuits_fire_all_the_same(keep, grid):
    keep.run_network(t_sim=300, train=False)
    assert not keep.last.shown.bits.any() and set(keep.last.labels) == {-1}
    rate = keep.last.metrics["rate_hz"] * grid.n_cells / grid.size_grid.size
    assert 85 < rate < 105  # of a circuit: 100 Hz, a step has 0.095 spikes; 1800 draws


def test_only_training_moves_weights(keep, grid):
    before = grid.weights.input.copy()
    keep.run_network(inputs(grid), t_sim=200, train=False)
    np.testing.assert_array_equal(grid.weights.input, before)
    first = keep.last.spikes
    keep.run_network(inputs(grid), t_sim=200, train=False)
    assert keep.last.shown.bits.any()
    assert keep.last.spikes.index.tolist() != first.index.tolist()  # its draws are its own
    keep.run_network(inputs(grid), t_sim=200)
    assert (grid.weights.input != before).mean() > 0.9


def test_a_test_has_draws_of_its_own_and_can_go_on_from_the_training():
    with network() as grid:
        keep = Recorder(grid)
        keep.run_network(t_sim=40, train=False)
        tested = keep.last.spikes
        keep.run_network(t_sim=40)  # both from rest: only the draws differ
        trained = keep.last.spikes
        assert tested.index[:10].tolist() != trained.index[:10].tolist()
        keep.run_network(t_sim=10, train=False, reset_state=False)
        start, since = keep.last.start, keep.last.start["cells.last"] - keep.last.first
        np.testing.assert_array_equal(since, grid.state["cells.last"] - grid.step)
        np.testing.assert_array_equal(start["cells.A"], grid.state["cells.A"])
        keep.run_network(t_sim=10, train=False)
        assert not keep.last.start["cells.A"].any()


def test_a_state_that_is_not_finite_ends_the_run_and_leaves_the_network(grid, keep, monkeypatch):
    before, blocks = grid.state, Simulation.blocks

    def spoiled(self, *args, **conditions):
        for block, after in blocks(self, *args, **conditions):
            if after > grid.step + 50:
                block.state["cell_cell.w"][2] = np.nan
            yield block, after

    monkeypatch.setattr(Simulation, "blocks", spoiled)
    source, cell = (end[2] for end in grid.wiring.recurrent)
    words = rf"cell_cell.w of the synapse from {source} to cell {cell} .* record 50 ms"
    with pytest.raises(RuntimeError, match=words):
        keep.run_network(t_sim=100, dt_rec=50)
    assert grid.state is before and keep.last is None


def test_the_engine_is_closed_with_the_network_and_opened_again(monkeypatch):
    closed = []
    with network(grid_shape=(2, 1), n_inputs=3) as grid:
        keep = Recorder(grid)
        keep.run_network(t_sim=10)
        keep.run_network(t_sim=10)
        engine = grid._sim.engine
        monkeypatch.setattr(type(engine), "close", lambda self: closed.append(self))
    assert grid._sim is None
    keep.run_network(t_sim=10)
    assert grid._sim.engine is not engine and grid.step == 30
    n_closed = len(closed)
    del grid, keep
    gc.collect()
    assert len(closed) == n_closed + 1


# --- what is recorded ------------------------------------------------------------------------


def test_recorded_cells_are_those_asked_for_in_this_order(keep, grid):
    n = grid.n_cells

    def recorded(**chosen) -> list[int]:
        ids = keep.run_network(t_sim=5, train=False, **chosen)
        assert keep.last.ids.tolist() == ids == keep.last.order.tolist()
        assert keep.last.potentials.shape == (5, len(ids))
        return ids

    mask = np.arange(n) % 2 == 0
    assert recorded(id_list=[5, 2, 3], selection=slice(1), readout_size=1) == [5, 2, 3]
    three = keep.last.potentials
    assert recorded(selection=slice(1, 4), readout_size=1) == [1, 2, 3]
    assert recorded(selection=mask) == np.flatnonzero(mask).tolist()
    assert recorded(selection=grid.get_node_collections(slice(0, 2))) == grid.get_cells([0, 1])
    some = recorded(readout_size=4)
    assert len(set(some)) == 4 and recorded(id_list=some) == some
    assert recorded() == list(range(n))
    keep.run_network(t_sim=5, train=False)
    assert three.shape == (5, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stp": "synapse"},
        {"use_stp": False, "learning_rate": "constant", "links": "length_multi"},
        {"learning_rate": "one_over_steps", "kernel": "euler1ms", "w_init": "neg_log_uniform"},
    ],
    ids=["cell", "synapse", "multi", "euler"],
)
def test_potentials_are_replayed_as_the_engine_had_them(changes):
    with network(**changes) as grid:
        keep = Recorder(grid)
        keep.run_network(inputs(grid), t_sim=60)
        state, first, seen = grid.state, grid.step, {}

        def run(bits, stops, record, **how):
            def both(state, now):
                record(state, now)
                seen[now + 1 - first] = state

            return Network.run(grid, bits, stops, both, **how)

        grid.run = run
        keep.run_network(inputs(grid), t_sim=160, dt_rec=40)
        result, slot = keep.last, grid.wiring.slot_of
        assert result.first == first and result.start["input_cell.w"] is state["input_cell.w"]
        for stop in (40, 80, 120, 160):
            quiet = ~np.isin(
                np.arange(grid.n_cells), result.spikes.index[result.spikes.step == stop - 1]
            )
            u = (seen[stop]["cells.A"] - seen[stop]["cells.B"])[slot]
            np.testing.assert_allclose(result.potentials[stop - 1, quiet], u[quiet], atol=1e-9)
            w = seen[stop]["input_cell.w"][: grid.wiring.inputs[0].size]
            recorded = np.zeros_like(grid.weights.input)
            recorded[tuple(result.ends["input_cell"])] = result.weights["input_cell"][stop // 40]
            np.testing.assert_array_equal(recorded[grid.wiring.inputs], w)
        assert keep.verify_rate_fractions() < 1e-9  # and the weights at the end agree
        assert np.ptp(result.potentials, axis=0).min() > 0.1


def test_a_single_circuit_without_links_is_replayed():
    with network(grid_shape=(1, 1), k_min=3) as grid:
        keep = Recorder(grid)
        keep.run_network(inputs(grid), t_sim=100)
        assert keep.last.ends["cell_cell"][0].size == 0 and keep.verify_rate_fractions() < 1e-9


def test_work_that_is_worth_it_is_compiled_once(monkeypatch):
    opened, engine = [], grid_module.Simulation

    def open_(wiring, n_steps, session):
        opened.append(n_steps)
        return engine(wiring, n_steps, dataclasses.replace(session, backend="numpy"))

    monkeypatch.setattr(grid_module, "Simulation", open_)
    monkeypatch.setattr(
        grid_module, "choose", lambda _, model, n, cells: ("numpy" if n < 25 else "cpp", "")
    )
    with network(grid_shape=(2, 1), n_inputs=3, backend="auto") as grid:
        keep = Recorder(grid)
        for _ in range(3):
            keep.run_network(t_sim=10)
    assert opened == [10, 30] and grid.step == 30


def test_rate_fractions_share_out_the_rate_of_a_circuit(keep, grid):
    keep.run_network(inputs(grid), t_sim=150)
    result = keep.last
    sums = np.add.reduceat(result.rate_fractions, grid.wiring.first_cell, axis=1)
    np.testing.assert_allclose(sums, 1, atol=1e-9)
    one = result.wiring.sizes[grid.circuit_of] == 1
    assert (result.rate_fractions[:, one] == 1).all()
    keep.last.__dict__.pop("circuits")
    keep.last.weights["input_cell"][-1, 4] += 1e-6
    with pytest.raises(RuntimeError, match="weights of the replay are off by 1.0e-06"):
        keep.verify_rate_fractions()


def test_weights_and_epsps_are_recorded_where_they_were_asked_for(grid, keep):
    spikes = some_spikes(grid, 250)
    given = InputGenerator(grid, spikes=spikes)
    keep.run_network(given, t_sim=250, dt_rec=100, id_list=[4, 1], train=False)
    result = keep.last
    assert result.record_ms.tolist() == [0, 100, 200, 250]
    source, cell = result.ends["input_cell"]
    assert cell.tolist() == [1] * 30 + [4] * 30 and sorted(source[:30]) == list(range(30))
    np.testing.assert_array_equal(result.weights["input_cell"][2], grid.weights.input[source, cell])
    index, times = spikes
    for row, now in enumerate((99, 199, 249), start=1):
        lag = np.where(times <= now, now - times, np.inf)
        size = np.exp(-lag / 20) - np.exp(-lag / 2)
        expected = np.bincount(index, size, 30)[source]
        np.testing.assert_allclose(result.epsps["input_cell"][row], expected, atol=1e-12)
    assert result.epsps["cell_cell"].shape == (4, result.ends["cell_cell"][0].size)
    assert not result.shown.of_pattern.any()
    assert result.shown.bits.sum() == len(set(zip(*spikes, strict=True)))
    keep.run_network(given, t_sim=20, train=False)
    assert keep.last.record_ms.tolist() == [0, 20]


def test_cells_are_ordered_by_when_they_are_active_in_the_last_complete_presentation(grid, keep):
    made = inputs(grid)
    keep.run_network(made, t_sim=300, train=False, order_neurons=True, id_list=[7, 3, 5, 0, 9])
    result = keep.last
    assert result.order_valid and sorted(result.order) == [0, 3, 5, 7, 9]
    k = np.flatnonzero(result.shown.complete)[-1]
    p = result.rate_fractions[result.shown.phases.start[k] : result.shown.phases.stop[k]]
    turn = np.angle(np.exp(2j * np.pi * np.arange(60) / 60) @ p) % (2 * np.pi)
    assert result.order.tolist() == result.ids[np.argsort(turn)].tolist()
    with pytest.warns(UserWarning, match="no complete presentation") as told:
        keep.run_network(made, t_sim=50, train=False, order_neurons=True, id_list=[7, 3])
    assert told[0].filename == __file__
    assert not keep.last.order_valid and keep.last.order.tolist() == [7, 3]


# --- the grid --------------------------------------------------------------------------------


def test_cells_and_circuits_are_found_by_each_other(grid):
    assert grid.size_grid.shape == (2, 3) and grid.size_grid.sum() == grid.n_cells
    cells = grid.get_circuit_grid()
    assert [len(c) for row in cells for c in row] == grid.size_grid.ravel().tolist()
    assert sum((c for row in cells for c in row), []) == list(range(grid.n_cells))
    for k in cells[1][2]:
        assert grid.circuit_of[k] == 5 and tuple(grid.position_of[k]) == (2, 1)
    assert grid.get_cells(slice(4, None)) == cells[1][1] + cells[1][2]


def test_scripts_for_nest_find_what_they_know(grid):
    nest_init(threads=4)
    nodes = grid.get_node_collections()
    nodes.max_neuron_gid = max(nodes.global_id)
    assert nodes.max_neuron_gid == grid.n_cells - 1
    assert nodes.global_id == tuple(range(grid.n_cells))
    assert NodeCollection((3,)).global_id == 3


@pytest.mark.parametrize("shape", [(3, 2), (1, 1), (2, 5)])
def test_circuits_are_drawn_with_their_sizes(shape):
    made = Network(grid_shape=shape)
    (ax,), total = made.visualize_circuits().axes, f"{made.n_cells} cells"
    assert [int(text.get_text()) for text in ax.texts] == made.size_grid.ravel().tolist()
    assert total in ax.get_xlabel()
    (ax,) = made.visualize_circuits_3d_barchart().axes
    (bars,) = ax.collections
    assert len(bars.get_facecolor()) == 6 * made.size_grid.size


def test_a_saved_network_goes_on_where_it_was(tmp_path):
    with network() as one, network() as other:
        spikes = some_spikes(one, 200)
        first, second = (InputGenerator(n, spikes=spikes) for n in (one, other))
        Recorder(one).run_network(first, t_sim=100)
        path = one.save(tmp_path / "half")
        assert path == tmp_path / "half"
        second.show(100)
        other.load(path)
        for grid, given in ((one, first), (other, second)):
            Recorder(grid).run_network(given, t_sim=100)
        assert_same_state(one, other)


def test_the_state_of_another_network_is_refused(tmp_path):
    path = network().save(tmp_path / "state.npz")
    other = network(n_conn=4, eta0=0.1)
    before = other.state
    with pytest.raises(ValueError, match=r"eta0 \(0.05 in the file, 0.1 here\), n_conn \(None in"):
        other.load(path)
    assert other.state is before
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"cells.A": arrays["cells.A"][:-1]})
    with pytest.raises(ValueError, match=r"network: cells.A \(\(24,\) in the file, \(25,\) here\)"):
        network().load(path)
    np.savez(path, **arrays | {"cells.A": np.full(25, np.nan)})
    with pytest.raises(ValueError, match="not finite numbers in cells.A"):
        network().load(path)
    np.savez(path, **arrays | {"cells.A": np.array([print] * 25)})
    with pytest.raises(ValueError, match="not a saved network"):  # a pickle is not opened
        network().load(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="not a saved network"):
        network().load(path)


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, error, words",
    [
        ({"grid_shape": 5}, TypeError, "grid_shape 5: needed .columns, rows."),
        ({"grid_shape": (3, 2, 1)}, ValueError, r"grid_shape \(3, 2, 1\): needed"),
        ({"grid_shape": (3, 0)}, ValueError, "grid_rows 0: .*greater than or equal to 1"),
        ({"grid_shape": (3, 2.5)}, TypeError, "grid_rows 2.5: needed a whole number"),
        ({"k_min": 0}, ValueError, "k_min 0: .*greater than or equal to 1"),
        ({"k_min": 5}, ValueError, "k_min 5 is larger than k_max 4"),
        ({"k_min": 2.5}, TypeError, "k_min 2.5: needed a whole number"),
        ({"n_conn": 31}, ValueError, "n_conn 31: 6 circuits have 30 pairs"),
        ({"n_conn": "most"}, TypeError, "n_conn 'most': needed a whole number"),
        ({"grid_shape": (1, 1), "n_conn": 1}, ValueError, "n_conn 1: .*single circuit"),
        ({"r_max": 501}, ValueError, "r_max 501: .*less than or equal to 500"),
        ({"tau_rise": 30}, ValueError, "tau_rise 30 is not below tau_decay 20"),
        ({"tau_rise": 0.5, "kernel": "euler1ms"}, ValueError, "kernel euler1ms with tau_rise 0.5"),
        ({"eta0": 1.5}, ValueError, "eta0 1.5: .*less than or equal to 1"),
        ({"eta0": np.nan}, ValueError, "eta0 nan .*finite"),
        ({"eta0": True}, TypeError, "eta0 True: needed a number"),
        ({"stp": "maybe"}, ValueError, "stp maybe: .*'cell', 'synapse' or 'none'"),
        ({"use_stp": 1}, TypeError, "use_stp 1: needed True or False"),
        ({"backend": "nest"}, ValueError, "backend 'nest' is not one of auto, numpy"),
        ({"colour": 1}, TypeError, "unknown: colour; known are .*lam"),
    ],
)
def test_a_network_that_cannot_be_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        network(**given)


def test_what_is_odd_but_possible_is_a_network():
    assert network(n_conn="all").wiring.links.shape == (30, 2)
    assert network(grid_shape=(1, 1)).wiring.recurrent[0].size == 0
    assert network(k_max=np.int64(3)).size_grid.max() <= 3
    assert network(use_stp=False, stp="synapse").params.stp == "none"
    with pytest.warns(UserWarning, match="r_max 300 Hz is above 200"):
        network(r_max=300)


@pytest.mark.parametrize(
    "given, error, words",
    [
        ({"r_noise": -1}, ValueError, "r_noise -1: .*greater than or equal to 0"),
        ({"r_noise_pattern": "2"}, TypeError, "r_noise_pattern '2': needed a number"),
        ({"use_noise": 1}, TypeError, "use_noise 1: needed True or False"),
        ({"t_noise_range": 500}, TypeError, "t_noise_range 500: needed two times"),
        ({"t_noise_range": [1, 2, 3]}, ValueError, r"t_noise_range \[1, 2, 3\]: needed"),
        ({"t_noise_range": [80, 40]}, ValueError, "t_noise_range 80 is larger than"),
        ({"t_noise_range": [-1, 40]}, ValueError, "t_noise_range -1: needed a multiple"),
        ({"t_pattern": [60.0]}, ValueError, r"t_pattern \[60.0\]: 1 durations, n_patterns is 2"),
        ({"t_pattern": 60.5}, ValueError, "t_pattern 60.5: needed a multiple of 1 ms"),
        ({"t_pattern": 0}, ValueError, "t_pattern 0: needed a multiple of 1 ms, at least 1"),
        ({"pattern_sequences": []}, ValueError, r"pattern_sequences \[\]: needed one or more"),
        ({"pattern_sequences": "01"}, TypeError, "pattern_sequences '01': needed lists"),
        ({"pattern_sequences": [[0], []]}, ValueError, "pattern_sequences '': numbers from 0"),
        ({"pattern_sequences": [[2]]}, ValueError, "pattern_sequences '2': numbers from 0 to 1"),
        ({"pattern_sequences": [[0.5]]}, ValueError, "pattern_sequences '0.5': numbers from 0"),
        ({"pattern_mode": "all"}, ValueError, "pattern_mode all: .*'random_iterate'.*'altern"),
        ({"pattern_mode": 2}, ValueError, "pattern_mode 2: sequences are 0 to 1"),
        ({"p_sequence": [1.0]}, ValueError, "p_sequence 1: needed 2 weights"),
        (
            {"time_warp_range": (0.01, 1)},
            ValueError,
            "time_warp_range 0.01: .*greater than or equal to 0.1",
        ),
        ({"seed": -1}, ValueError, "seed -1: .*greater than or equal to 0"),
        ({"spikes": ([30], [1])}, ValueError, "spikes: indices 30 to 30, allowed 0 to 29"),
        ({"spikes": ([3], [-1])}, ValueError, "spikes: times from 0 ms on"),
        ({"spikes": ([3], [1, 2])}, ValueError, "spikes: 1 indices, 2 times"),
        ({"volume": 3}, TypeError, "unknown: volume"),
    ],
)
def test_inputs_that_cannot_be_are_refused(grid, given, error, words):
    with pytest.raises(error, match=words):
        inputs(grid, **given)


@pytest.mark.parametrize(
    "given, words",
    [
        ([np.zeros((60, 30))], "patterns: 1 given, needed 2"),
        ([np.zeros((60, 29))] * 2, r"pattern 0: shape \(60, 29\), needed 0 and 1 of shape"),
        ([([3], [60.0])] * 2, "pattern 0: times from 0 ms on are needed, before 60 ms"),
    ],
)
def test_patterns_that_do_not_fit_are_refused(grid, given, words):
    made = inputs(grid)
    before = made.get_patterns()
    with pytest.raises(ValueError, match=words):
        made.set_patterns(given)
    np.testing.assert_array_equal(made.get_patterns(), before)


@pytest.mark.parametrize(
    "given, error, words",
    [
        ({"t_sim": 0}, ValueError, "t_sim 0: needed a multiple of 1 ms"),
        ({"t_sim": 10.5}, ValueError, "t_sim 10.5: needed a multiple of 1 ms"),
        ({"dt_rec": 11}, ValueError, "dt_rec 11 ms is longer than t_sim 10 ms"),
        ({"id_list": [0, 99]}, ValueError, r"id_list: no cells \[99\], allowed are 0 to"),
        ({"id_list": [0, 1, 0]}, ValueError, "id_list: a cell is there more than once"),
        ({"id_list": [0.5]}, TypeError, "id_list .*: needed whole numbers"),
        ({"id_list": []}, ValueError, "id_list: no cell is chosen"),
        ({"selection": [-1]}, ValueError, r"selection: no cells \[-1\]"),
        ({"selection": [True]}, ValueError, r"selection: a mask of shape \(1,\)"),
        ({"readout_size": 99}, ValueError, "readout_size 99: allowed are 1 to"),
        ({"train": "no"}, TypeError, "train 'no': needed True or False"),
        ({"inpgen": 3}, TypeError, "inpgen 3: needed an InputGenerator or None"),
    ],
)
def test_a_run_that_cannot_be_is_refused(grid, keep, given, error, words, monkeypatch):
    monkeypatch.setattr(Network, "run", lambda *args, **more: pytest.fail("it was run"))
    with pytest.raises(error, match=words):
        keep.run_network(**{"t_sim": 10} | given)


def test_more_is_refused_before_anything_is_run(grid, keep, tmp_path, monkeypatch):
    monkeypatch.setattr(Network, "run", lambda *args, **more: pytest.fail("it was run"))
    other = inputs(network(n_inputs=20))
    with pytest.raises(ValueError, match="inpgen is for 20 inputs, the network has 30"):
        keep.run_network(other, t_sim=10)
    with pytest.raises(ValueError, match=r"recordings would take .* GB, .*selection.*dt_rec"):
        keep.run_network(t_sim=10**7)
    with pytest.raises(TypeError, match="unknown: create_plots; known are create_plot,"):
        keep.set(create_plots=True)
    with pytest.raises(TypeError, match="save_figures 1: needed True or False"):
        keep.set(show_figures=False, save_figures=1)
    assert keep.show_figures is True  # nothing of it was taken
    (tmp_path / "file").touch()
    keep.set(create_plot=True, figures_dir=tmp_path / "file" / "below")
    with pytest.raises(ValueError, match="figures_dir .*below: cannot be written to"):
        keep.run_network(t_sim=10)
    with pytest.raises(RuntimeError, match="nothing was recorded yet"):
        keep.verify_rate_fractions()
    for circuits in (6, [0, 7]):
        with pytest.raises(ValueError, match="allowed are 0 to 5"):
            grid.get_cells(circuits)


def test_recordings_just_within_the_limit_are_made(keep, monkeypatch):
    monkeypatch.setattr(recorder, "LIMIT_BYTES", 1e6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keep.run_network(t_sim=10, train=False)
    assert keep.last.potentials.size


def test_two_generators_of_a_grid_share_patterns_but_no_noise():
    grid = Network(grid_shape=(2, 2), n_inputs=10)
    one, other = (InputGenerator(grid, n_patterns=1, t_pattern=100) for _ in range(2))
    for a, b in zip(one.get_patterns(), other.get_patterns(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (one.show(2000).bits != other.show(2000).bits).any()
