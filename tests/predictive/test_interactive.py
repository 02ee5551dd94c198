"""The spiking network from Python: runs on Brian go on from steps and back, files, refusals."""

from __future__ import annotations

import copy
import gc
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bio_snn.predictive_coding import PredictiveCodingNetwork, PredictiveCodingParams
from driver.engine.compiler import compiler
from driver.engine.model import Block, Spikes
from models.predictive import runs

BACKEND = "cpp_standalone" if compiler() else "numpy"
SIZES = (4, 6, 5, 2)  # those of the other tests: one program
ON = [1.0, 0.0]


def network(sizes=(2, 3, 1), **changes) -> PredictiveCodingNetwork:
    return PredictiveCodingNetwork(sizes, **{"seed": 0, "backend": BACKEND} | changes)


def inputs(n_steps: int) -> np.ndarray:
    return np.random.default_rng(2).uniform(-1, 3, (n_steps, 4))


def everything(net: PredictiveCodingNetwork) -> dict[str, np.ndarray]:
    return {key: array.copy() for key, array in net._state.items()}


def assert_same_state(one, other, tolerance: float = 1e-12) -> None:
    assert one.time_ms == other.time_ms
    for key, array in everything(one).items():
        other_array = everything(other)[key]
        np.testing.assert_allclose(array, other_array, rtol=tolerance, atol=tolerance, err_msg=key)


@pytest.mark.parametrize("module", ["neuron", "plasticity", "predictive_coding"])
def test_imports_need_neither_brian_nor_pyplot(module):
    code = (
        f"import sys, bio_snn.{module}\n"
        "assert not {'brian2', 'torch', 'sklearn', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    assert done.returncode == 0


# --- steps -----------------------------------------------------------------------------------


def test_what_a_step_leaves_can_be_read():
    net = network()
    assert net.sizes == (2, 3, 1) and net.time_ms == 0 and net.seed == 0 and net.modulation == 1
    for _ in range(60):
        output = net.forward(np.array(ON), modulation=0.5)
    assert output.shape == (1,) and net.time_ms == 60 and net.modulation == 1
    assert [w.shape for w in net.weights] == [(3, 2), (1, 3)]
    assert [w.shape for w in net.prediction_weights] == [(3, 2), (1, 3)]
    for name in ("biases", "errors", "potentials", "thresholds"):
        assert [array.shape for array in getattr(net, name)] == [(3,), (1,)]
    assert [fired.shape for fired in net.spikes] == [(2,), (3,), (1,)]
    assert net.mean_error() == pytest.approx(np.mean([abs(e) for es in net.errors for e in es]))


def test_what_is_read_is_a_copy():
    net, untouched = network(), network()
    for array in (*net.weights, *net.errors, *net.biases, net.forward(ON)):
        array[...] = 7
    untouched.forward(ON)
    assert_same_state(net, untouched, 0)


def test_modulation_is_set_for_all_calls_or_given_to_one():
    one, other = network(), network(modulation=0.5)
    one.modulation = 0.5
    for _ in range(40):
        np.testing.assert_array_equal(one.forward(ON), other.forward(ON))
    one.modulation = 2
    one.forward(ON, modulation=0.5), other.forward(ON)
    assert_same_state(one, other, 0)
    one.reset()
    assert one.modulation == 2


def test_numbers_come_from_parameters_and_single_ones():
    p = PredictiveCodingParams(tau_m_ms=12, gain=5, sizes=(4, 4), seed=9)
    net = network(params=p, gain=6.0)
    assert (net.params.tau_m_ms, net.params.gain, net.sizes, net.seed) == (12, 6, (2, 3, 1), 0)


def test_a_network_without_a_seed_draws_one_and_keeps_it():
    one, other = network(seed=None), network(seed=None)
    assert one.seed != other.seed
    np.testing.assert_array_equal(network(seed=one.seed).weights[0], one.weights[0])
    weights = one.weights[0]
    one.reset()
    np.testing.assert_array_equal(one.weights[0], weights)


# --- runs on Brian ---------------------------------------------------------------------------


def test_a_run_goes_on_from_steps_and_steps_from_a_run():
    net, steps = (network(SIZES, g_apical=0.3, modulation=0.5) for _ in range(2))
    x, errors, fired = inputs(350), [], []
    for row in x[:70]:
        net.forward(row)
    found = net.simulate(x[70:300], every_ms=100)
    last = net.spikes
    for k, row in enumerate(x):
        at = steps.forward(row)
        fired.append(steps.spikes)
        jumps = np.concatenate(steps.spikes[1:]) * 0.2  # 1/(r_max tau_err), after the error counts
        errors.append(np.abs(np.concatenate(steps.errors) - jumps))
        if k == 299:
            np.testing.assert_allclose(found.output, at, atol=1e-12)
            assert_same_state(net, steps)
    for row in x[300:]:
        net.forward(row)
    assert_same_state(net, steps)
    for layer, spikes in enumerate(found.spikes):
        step, index = np.nonzero([row[layer] for row in fired[70:300]])
        assert step.size > 10
        np.testing.assert_array_equal(spikes.step, step)
        np.testing.assert_array_equal(spikes.index, index)
        np.testing.assert_array_equal(last[layer], fired[299][layer])
    assert found.stops_ms.tolist() == [100, 200, 230]
    means = [
        np.mean(errors[first:stop], axis=0) for first, stop in ((70, 170), (170, 270), (270, 300))
    ]
    np.testing.assert_allclose(np.concatenate(found.errors, axis=1), means, atol=1e-12)


def test_an_input_or_a_modulation_for_all_times_is_one_for_each():
    M = np.linspace(0, 1, 120)
    nets = [network(SIZES) for _ in range(3)]
    nets[0].simulate(np.tile([1, 0, -1, 2], (120, 1)), modulation=M)
    nets[1].simulate([1, 0, -1, 2], 120, modulation=lambda ms: M[ms])
    for factor in M:
        nets[2].forward([1, 0, -1, 2], factor)
    for other in nets[1:]:
        assert_same_state(nets[0], other)
    frozen = network(SIZES)
    frozen.simulate(inputs(120), modulation=0)
    np.testing.assert_array_equal(frozen.weights[0], network(SIZES).weights[0])


def test_only_what_is_asked_for_is_recorded():
    net = network(SIZES)
    found = net.simulate(inputs(50), record="errors")
    assert found.spikes == () and len(found.errors) == 3
    found = net.simulate(inputs(50), record=["spikes"])
    assert found.errors == () and len(found.spikes) == 4
    assert net.time_ms == 100


def test_the_engine_is_kept_closed_with_the_network_and_opened_again(monkeypatch):
    net, closed = network(SIZES), []
    net.simulate(inputs(10))
    engine = net._runs.sim.engine
    net.simulate(inputs(10))
    assert net._runs.sim.engine is engine
    net.close()
    net.close()
    close = type(engine).close
    monkeypatch.setattr(type(engine), "close", lambda self: closed.append(close(self)))
    net.simulate(inputs(10))
    assert net._runs.sim.engine is not engine and net.time_ms == 30
    del net
    gc.collect()
    assert len(closed) == 1


def test_work_that_is_worth_it_is_compiled_once(monkeypatch):
    opened = []

    class Fake:
        """Counts how often it is opened; it runs nothing."""

        def __init__(self, params, n_steps, session):
            self.model, self.engine = None, SimpleNamespace(backend=choose(n_steps), close=int)
            opened.append(self.engine.backend)

        def run(self, state, x, M):
            return Block(state, dict.fromkeys("012", Spikes.concatenate([])), {})

    def choose(n_steps):
        return "numpy" if n_steps < 1500 else "cpp_standalone"

    monkeypatch.setattr(runs, "Simulation", Fake)
    monkeypatch.setattr(runs, "choose", lambda backend, model, n, cells: (choose(n), ""))
    net = network(backend="auto")
    for _ in range(5):
        net.simulate(ON, 500, record="spikes")
    assert opened == ["numpy", "cpp_standalone"]


# --- files -----------------------------------------------------------------------------------


def test_a_saved_network_goes_on_where_it_was(tmp_path):
    net, other = network(), network(seed=5)
    for _ in range(120):
        net.forward(ON)
    path = net.save(tmp_path / "half")
    assert path == tmp_path / "half"
    other.load(path)
    assert (other.seed, other.time_ms) == (0, 120)
    for _ in range(50):
        np.testing.assert_array_equal(net.forward(ON), other.forward(ON))
    assert_same_state(net, other, 0)
    other.reset()
    assert_same_state(other, network(), 0)


def test_files_that_do_not_fit_are_refused_and_change_nothing(tmp_path):
    path, net = network(seed=3).save(tmp_path / "state.npz"), network()
    with np.load(path) as file:
        arrays = dict(file)
    before = everything(net)

    def refused(words: str, **changes) -> None:
        np.savez(path, **{k: v for k, v in (arrays | changes).items() if v is not None})
        with pytest.raises(ValueError, match=words):
            net.load(path)

    refused("not finite numbers in layer1.v", **{"layer1.v": np.array([0, np.nan, 0])})
    refused("not finite numbers in layer1.v", **{"layer1.v": np.zeros(3, complex)})
    refused(r"layer1.v \(None in the file, \(3,\) here\)", **{"layer1.v": None})
    refused(r"layer1.v \(\(2,\) in the file, \(3,\) here\)", **{"layer1.v": np.zeros(2)})
    refused(r"more \(\(2,\) in the file, None here\)", more=np.zeros(2))
    refused("not a saved network", **{"layer1.v": np.array([print] * 3)})  # no pickle is opened
    refused("not a saved network", seed=None)
    refused("not a saved network", numbers="[1, 2]")
    refused("not a saved network.*done -1", done=-1)
    for given, words in (
        (
            {"sizes": (2, 4, 1)},
            r"another network: sizes \(\[2, 4, 1\] in the file, \[2, 3, 1\] here",
        ),
        ({"gain": 5.0}, r"another network: gain \(5.0 in the file, 4.0 here\)"),
    ):
        network(**given).save(path)
        with pytest.raises(ValueError, match=words):
            net.load(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="not a saved network"):
        net.load(path)
    with pytest.raises(FileNotFoundError):
        net.load(tmp_path / "nowhere")
    assert (net.seed, net.time_ms) == (0, 0)
    for key, array in everything(net).items():
        np.testing.assert_array_equal(array, before[key])


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, error, words",
    [
        ({"sizes": 3}, TypeError, "sizes 3: needed two or more whole numbers from 1"),
        ({"sizes": [2]}, ValueError, r"sizes \[2\]: needed two or more"),
        ({"sizes": [2, 0]}, ValueError, r"sizes \[2, 0\]: needed .* from 1 to 100000"),
        ({"sizes": [2, 100_001]}, ValueError, "sizes .*needed .* from 1 to 100000"),
        ({"sizes": [2, 1.5]}, TypeError, "sizes 1.5: needed two or more whole"),
        ({"sizes": [2, True]}, TypeError, "sizes True: needed two or more whole"),
        ({"sizes": "23"}, TypeError, "sizes '2': needed two or more whole"),
        ({"seed": -1}, ValueError, "seed -1: .*greater than or equal to 0"),
        ({"seed": 2**31}, ValueError, "seed 2147483648: .*less than or equal to 2147483647"),
        ({"seed": 1.0}, TypeError, "seed 1.0: needed a whole number"),
        ({"backend": "genn"}, ValueError, "backend 'genn' is not one of auto, numpy, cython"),
        ({"params": {}}, TypeError, "params {}: needed SpikingParams"),
        ({"engine": "rate"}, TypeError, "unknown: engine; known are A_minus"),
        ({"train_s": 3.0}, TypeError, "unknown: train_s; known are"),
        ({"tau_m_ms": 0.5}, ValueError, "tau_m_ms 0.5: .*greater than or equal to 1"),
        ({"w_min": 3}, ValueError, "w_min 3 is larger than w_max 2"),
        ({"modulation": -1}, ValueError, "modulation -1: .*greater than or equal to 0"),
    ],
)
def test_a_network_that_cannot_be_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        network(**given)


NO_INPUT = [
    ([1], ValueError, r"x \[1\] of shape \(1,\): needed 2 numbers"),
    (1.0, ValueError, r"x 1.0 of shape \(\): needed 2 numbers"),
    ([1, np.nan], ValueError, "x nan: needed 2 numbers, finite"),
    ([-np.inf, 0], ValueError, "x -inf: needed 2 numbers, finite"),
    ([0, -10.5], ValueError, "x -10.5: allowed are -10 to 10"),
    ([True, False], TypeError, "x .* of bool: needed 2 numbers"),
    (["1", "0"], TypeError, "x .*: needed 2 numbers"),
    (None, TypeError, "x None .*: needed 2 numbers"),
    ([[1, 0], [1]], ValueError, "x .*different lengths: needed 2 numbers"),
]


@pytest.mark.parametrize(
    "x, error, words", [*NO_INPUT, ([[1, 0]], ValueError, "x .*1, 2.: needed")]
)
def test_an_input_that_cannot_be_is_refused(x, error, words):
    net = network()
    with pytest.raises(error, match=words):
        net.forward(x)
    assert net.time_ms == 0


def test_the_largest_input_follows_from_the_unit_of_rates():
    with pytest.raises(ValueError, match="x 5.1: allowed are -5 to 5"):
        network(r_max_hz=200).forward([5.1, 0])
    assert network(r_max_hz=200).forward([5, -5]).shape == (1,)


@pytest.mark.parametrize(
    "M, error, words",
    [
        (-0.1, ValueError, "modulation -0.1: needed a finite number from 0 on"),
        (np.inf, ValueError, "modulation inf: needed a finite"),
        ("1", TypeError, "modulation '1': needed a number"),
        (True, TypeError, "modulation True: needed a number"),
    ],
)
def test_a_modulation_that_cannot_be_is_refused(M, error, words):
    net = network()
    calls = [lambda: net.forward(ON, M), lambda: net.simulate(ON, 10, M)]
    calls.append(lambda: setattr(net, "modulation", M))
    for call in calls:
        with pytest.raises(error, match=words):
            call()


@pytest.mark.parametrize(
    "given, error, words",
    [
        *(({"x": x}, error, words) for x, error, words in NO_INPUT[1:7]),
        ({"x": ON}, ValueError, "duration_ms None: needed with one x"),
        ({"x": ON, "duration_ms": 0}, ValueError, "duration_ms 0: needed a multiple of 1 ms"),
        ({"x": ON, "duration_ms": 1.5}, ValueError, "duration_ms 1.5: needed a multiple"),
        ({"x": ON, "duration_ms": True}, TypeError, "duration_ms True: needed a number"),
        ({"duration_ms": 9}, ValueError, "x has 10 rows, duration_ms is 9"),
        ({"x": np.ones((10, 3))}, ValueError, "x .*10, 3.: needed rows of 2 numbers"),
        ({"x": np.ones((0, 2))}, ValueError, "x .*0, 2.: needed rows of 2 numbers"),
        ({"modulation": [1.0]}, ValueError, r"modulation \[1.0\] .*needed a number or 10"),
        ({"modulation": [-1.0] * 10}, ValueError, "modulation -1.0: needed a finite"),
        ({"modulation": lambda ms: np.nan}, ValueError, "modulation nan: needed .*finite"),
        ({"record": "weights"}, ValueError, "record 'weights' is not one of spikes, errors"),
        ({"every_ms": 0}, ValueError, "every_ms 0: needed a multiple of 1 ms"),
    ],
)
def test_a_run_that_cannot_be_is_refused(given, error, words, monkeypatch):
    monkeypatch.setattr(runs.Runs, "run", lambda *args: pytest.fail("it was run"))
    with pytest.raises(error, match=words):
        network().simulate(**{"x": np.ones((10, 2))} | given)


def test_a_copy_goes_its_own_way():
    net = network()
    net.forward([1.0, 0.0])
    twin = copy.deepcopy(net)
    for _ in range(50):
        np.testing.assert_array_equal(net.forward([1.0, 0.0]), twin.forward([1.0, 0.0]))
    for ours, theirs in zip(net.weights, twin.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for key in twin._state:
        np.testing.assert_array_equal(net._state[key], twin._state[key], err_msg=key)
    before = net.weights
    twin.forward([1.0, 0.0])
    np.testing.assert_array_equal(before[0], net.weights[0])
