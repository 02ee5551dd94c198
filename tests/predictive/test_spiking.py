"""The spiking network: stored values, NumPy against Brian, and what learning may and may not do."""

from __future__ import annotations

import numpy as np
import pytest

from driver.experiment.network import Session
from models.predictive.interactive import PredictiveCodingNetwork
from models.predictive.neuron import STDP, SpikingNeuron
from models.predictive.params import SpikingParams
from models.predictive.spiking import Simulation, constants, initial_state
from models.predictive.stepper import Stepper

ON = [1.0, 0.0]
WINDOW = {1: 0.00951, 5: 0.00779, 20: 0.00368, 40: 0.00135}  # ms, change for A = 0.01


def network(**changes) -> PredictiveCodingNetwork:
    return PredictiveCodingNetwork(**{"sizes": [2, 3, 1], "seed": 0} | changes)


def run(net: PredictiveCodingNetwork, x, n_steps: int) -> list[list[int]]:
    """Spikes of each cell, by layer."""
    counts = [np.zeros(n, int) for n in net.sizes]
    for _ in range(n_steps):
        net.forward(x)
        for count, fired in zip(counts, net.spikes, strict=True):
            count += fired
    return [count.tolist() for count in counts]


def errors(net: PredictiveCodingNetwork, n_steps: int) -> np.ndarray:
    """Mean of abs(error) after each step."""
    found = []
    for _ in range(n_steps):
        net.forward(ON)
        found.append(net.mean_error())
    return np.array(found)


def learned(net: PredictiveCodingNetwork) -> bytes:
    arrays = (*net.weights, *net.prediction_weights, *net.biases)
    return b"".join(array.tobytes() for array in arrays)


# --- the network -----------------------------------------------------------------------------


def test_stored_counts_of_spikes():
    net, seen = network(), np.zeros(6, int)
    for first, stop, expected in (
        (0, 500, [49, 0, 36, 39, 31, 52]),
        (500, 1000, [99, 0, 66, 71, 60, 86]),
        (1000, 10_000, [999, 0, 327, 438, 370, 568]),  # ten times 0.1 is below 1
    ):
        seen += np.concatenate(run(net, ON, stop - first))
        assert seen.tolist() == expected


def test_stored_output():
    net = network()
    run(net, ON, 99)
    assert net.forward(ON) == pytest.approx([1.178356684482034], abs=1e-12)


@pytest.mark.parametrize(
    "backend", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.compiler)]
)
def test_brian_does_what_the_steps_in_numpy_do(backend):
    p = SpikingParams(sizes=(4, 6, 5, 2), seed=3, g_apical=0.3)
    x = np.random.default_rng(1).uniform(-3, 3, (5, 4)).repeat(100, axis=0)
    with Simulation(p, len(x), Session(backend)) as sim:
        block = sim.run(initial_state(p), x, np.full(len(x), 0.5))
    state = initial_state(p)
    stepper = Stepper(p.sizes, constants(p), state)
    fired = [stepper.step(row, 0.5) for row in x]
    for k, name in enumerate(("inputs", "layer1", "layer2", "layer3")):
        step, index = np.nonzero([by_layer[k] for by_layer in fired])
        assert step.size > 30
        np.testing.assert_array_equal(block.spikes[name].step, step)
        np.testing.assert_array_equal(block.spikes[name].index, index)
    assert block.state["inputs.p"].min() < 0
    for key, array in state.items():
        np.testing.assert_allclose(block.state[key], array, rtol=1e-12, atol=1e-12, err_msg=key)


def test_every_cell_fires_in_100_ms():
    for seed in range(100):
        net = network(seed=seed)
        _, hidden, top = run(net, ON, 99)
        assert min(hidden + top) >= 1
        assert net.forward(ON) > 0.3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_error_falls(seed):
    found = errors(network(seed=seed), 3000)
    assert found[2500:].mean() < 0.6 * found[200:700].mean()


def test_without_modulation_nothing_is_learned():
    net = network(modulation=0.0)
    before = learned(net)
    found = errors(net, 3000)
    assert learned(net) == before
    assert found[2500:].mean() > 0.9 * found[200:700].mean()
    net.forward(ON, modulation=1.0)
    assert learned(net) != before


def test_the_strongest_input_leaves_the_network_active():
    net = network()
    run(net, [10, 10], 4000)
    inputs, hidden, top = run(net, [10, 10], 1000)
    assert inputs == [1000, 1000] and min(hidden + top) > 10
    assert np.isfinite(np.frombuffer(learned(net))).all() and np.isfinite(net.mean_error())


def test_stdp_of_a_synapse_does_not_depend_on_their_number():
    """So little is learned that the spikes are the same; all inputs fire at once."""
    changes = []
    for n in (1, 2, 10):
        net = network(sizes=[n, 1], w_sd=0.0, kappa=0.0, eta_p=0.0, A_plus=1e-6, A_minus=2e-6)
        inputs, (spikes,) = run(net, np.ones(n), 200)
        assert inputs == [19] * n and spikes > 10
        changes.append(net.weights[0].ravel() - 1 / n)
        assert np.ptp(changes[-1]) == 0
    assert abs(changes[0][0]) > 1e-6
    np.testing.assert_allclose([c[0] for c in changes], changes[0][0], rtol=1e-6)


# --- begin anew ------------------------------------------------------------------------------


def test_a_run_after_a_reset_is_the_first_run():
    net, same = network(), network()
    first = [net.forward(ON).tobytes() for _ in range(200)]
    end = learned(net)
    net.reset()
    assert net.time_ms == 0 and not np.concatenate(net.spikes).any()
    assert [net.forward(ON).tobytes() for _ in range(200)] == first
    assert learned(net) == end
    assert [same.forward(ON).tobytes() for _ in range(200)] == first
    assert learned(network(seed=1)) != learned(network())


def test_resets_keep_what_they_do_not_say():
    net, new = network(), network()
    run(net, ON, 200)
    trained = learned(net)
    net.reset_state()
    assert learned(net) == trained
    for name in ("errors", "potentials", "thresholds"):
        found, begun = (np.concatenate(getattr(n, name)) for n in (net, new))
        np.testing.assert_array_equal(found, begun, err_msg=name)
    run(net, ON, 200)
    before = np.concatenate(net.errors + net.thresholds)
    net.reset_weights()
    assert learned(net) == learned(new)
    np.testing.assert_array_equal(np.concatenate(net.errors + net.thresholds), before)
    run(net, ON, 200)
    basal = net.weights
    net.reset_state(predictions=True)
    np.testing.assert_array_equal(net.weights[0], basal[0])
    assert not any(array.any() for array in net.prediction_weights + net.biases)


# --- the cell and its synapse ------------------------------------------------------------------


@pytest.mark.parametrize(
    "current, rate",
    [(0.5, 0), (1.0, 0), (1.05, 0.020), (1.5, 0.051), (2, 0.072), (5, 0.159), (10, 0.252)],
)
def test_the_cell_fires_at_the_rate_of_its_current(current, rate):
    cell = SpikingNeuron(dendrites=False)
    assert sum(cell.forward(current) for _ in range(1000)) / 1000 == rate


def test_a_dendrite_delays_the_current_and_currents_add_up():
    slow, fast, halves = SpikingNeuron(), SpikingNeuron(dendrites=False), SpikingNeuron()
    spikes = np.array(
        [(slow.forward(2), fast.forward(2), halves.forward([0.5, 1.5])) for _ in range(1000)]
    )
    first = spikes.argmax(axis=0)
    assert first[0] > first[1] > 0
    np.testing.assert_allclose(spikes[500:].sum(axis=0), 36, atol=1)
    np.testing.assert_array_equal(spikes[:, 0], spikes[:, 2])


def test_the_apical_dendrite_drives_the_soma_only_where_it_is_coupled():
    alone, coupled = SpikingNeuron(), SpikingNeuron(g_apical=1.0)
    spikes = [(alone.forward(0, apical=2), coupled.forward(0, apical=2)) for _ in range(200)]
    assert np.sum(spikes, axis=0)[0] == 0 < np.sum(spikes, axis=0)[1]
    assert alone.state["v_a"] == pytest.approx(2)


def test_the_threshold_returns_to_its_rest():
    cell = SpikingNeuron(theta_0=2.0)
    assert sum(cell.forward(5) for _ in range(100)) > 5 and cell.state["theta"][0] > 2.1
    for _ in range(1000):
        cell.forward(0)
    assert cell.state["theta"] == pytest.approx(2.0, abs=1e-12)
    cell.reset()
    assert (cell.state["v"], cell.state["theta"]) == (0.0, 2.0)


def pair(lag_ms: int, modulation: float = 1.0, n_in: int = 1, **numbers) -> np.ndarray:
    """Change of weights by one spike of all sources and one of the target `lag_ms` later."""
    numbers = {"A_plus": 0.01, "A_minus": 0.01} | numbers
    synapse = STDP(np.ones((1, n_in)), **numbers)
    pre, post = max(0, -lag_ms), max(0, lag_ms)
    for step in range(abs(lag_ms) + 3):
        weights = synapse.step([step == pre] * n_in, [step == post], modulation)
    return weights[0] - 1


@pytest.mark.parametrize("lag_ms", WINDOW)
def test_the_window_of_stdp(lag_ms):
    assert pair(lag_ms) == pytest.approx(WINDOW[lag_ms], abs=1e-5)
    assert pair(-lag_ms) == pytest.approx(-WINDOW[lag_ms], abs=1e-5)
    assert pair(lag_ms, hebbian=False) == pytest.approx(-pair(lag_ms), abs=1e-12)
    assert pair(lag_ms, modulation=0.5) == pytest.approx(pair(lag_ms) / 2, abs=1e-12)
    assert pair(lag_ms, n_in=10) == pytest.approx([pair(lag_ms)[0]] * 10, abs=0)


def test_spikes_in_the_same_step_change_nothing_and_neither_do_any_without_modulation():
    assert pair(0) == 0
    assert pair(5, modulation=0.0) == 0


def test_weights_stay_within_their_bounds():
    synapse = STDP([[1.0]], A_plus=0.5, A_minus=0.5, w_min=0.9, w_max=1.2)
    synapse.step([True], [False])
    assert synapse.step([False], [True]) == 1.2
    assert synapse.step([True], [False]) == 0.9


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: SpikingNeuron(tau_m=5), TypeError, "unknown: tau_m; known are .*tau_m_ms"),
        (lambda: SpikingNeuron(tau_m_ms=0), ValueError, "tau_m_ms 0: .*greater than or equal to 1"),
        (lambda: SpikingNeuron(dendrites=1), TypeError, "dendrites 1: needed True or False"),
        (lambda: SpikingNeuron().forward(np.nan), ValueError, "inputs nan: .*finite"),
        (lambda: SpikingNeuron().forward("1"), TypeError, "inputs .*needed one or more numbers"),
        (lambda: SpikingNeuron().forward(0, [[1]]), ValueError, "apical .* of shape"),
        (lambda: STDP([1.0]), ValueError, "weights .*a row for each target"),
        (lambda: STDP([[1.0]]).step([2], [0]), ValueError, r"pre \[2\]: needed 1 times"),
        (lambda: STDP([[1.0]]).step([1], [0, 1]), ValueError, "post .*: needed 1 times"),
        (lambda: STDP([[1.0]]).step([1], [0], -1), ValueError, "modulation -1: needed"),
    ],
)
def test_what_a_cell_or_a_synapse_cannot_be_given(call, error, words):
    with pytest.raises(error, match=words):
        call()
