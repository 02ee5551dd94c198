"""The rules that learn images: against direct evaluations, gradients, and themselves resumed."""

import dataclasses

import numpy as np
import pytest

from driver.engine.randomness import generator, stream_id, uniform_numpy
from driver.experiment.network import Session
from models.predictive import equilibrium, rate
from models.predictive.dendritic import Dendritic
from models.predictive.equilibrium import Equilibrium
from models.predictive.learner import BLOCK_ROWS, matrices, one_hot
from models.predictive.params import DendriticParams, EquilibriumParams, RateParams
from models.predictive.rate import Rate
from stimuli.digits import Split
from tests.program import BACKEND

SIZES = (7, 6, 5, 3)  # two hidden layers: states of both have to move at once
N, PIXELS = 12, stream_id("pixels")


def samples(n: int = N, low: float = -1.0) -> Split:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(low, 1, (n, SIZES[0])), rng.integers(0, SIZES[-1], n)
    return Split(x, y, x, y, (1, SIZES[0]), SIZES[-1])


def rate_of(backend: str, **changes) -> Rate:
    p = RateParams(**{"seed": 3, "hidden": SIZES[1:-1], "n_relax": 9, "lr": (0.05,), **changes})
    return Rate(p, SIZES, Session(backend), samples())


def equilibrium_of(backend: str, **changes) -> Equilibrium:
    own = {"lr": (0.2, 0.15, 0.1), "n_free": 6, "n_nudged": 4}
    p = EquilibriumParams(**{"seed": 3, "hidden": SIZES[1:-1], **own, **changes})
    return Equilibrium(p, SIZES, Session(backend), samples(low=0.0))


def dendritic_of(backend: str, **changes) -> Dendritic:
    d = samples(low=0.0)
    p = DendriticParams(**{"seed": 3, "show_ms": 40, "lr": (0.1,), **changes})
    return Dendritic(p, (SIZES[0], SIZES[-1]), Session(backend), d)


def in_order(learner, epoch: int):
    """Samples of an epoch one by one, with targets."""
    d = learner.data
    for k in generator(learner.params.seed, "order of samples", epoch).permutation(N):
        yield d.x_train[k], one_hot(d.y_train, SIZES[-1])[k]


def rate_directly(learner, state, n_epochs: int):
    """Weights and biases after some epochs, sample by sample, from the definition."""
    weights, biases = ([a.copy() for a in arrays] for arrays in matrices(state))
    p = learner.params
    for epoch in range(n_epochs):
        eta = p.lr[0] * p.lr_decay**epoch
        for x, y in in_order(learner, epoch):
            errors, rates, _ = rate.relax(weights, biases, x[None], y[None], p.gamma, p.n_relax)
            for w, b, err, r in zip(weights, biases, errors, rates, strict=True):
                w += eta * (err.T @ r - p.reg * w)
                b += eta * err[0]
    return weights, biases


def equilibrium_directly(learner, state, n_epochs: int):
    weights, biases = ([a.copy() for a in arrays] for arrays in matrices(state))
    p = learner.params
    for epoch in range(n_epochs):
        for x, y in in_order(learner, epoch):
            made = (x[None], y[None], p.gamma, p.n_free, p.n_nudged, p.beta)
            of_w, of_b = equilibrium.gradients(weights, biases, *made)
            for k, eta in enumerate(p.lr):
                weights[k] *= 1 - eta * p.lr_decay**epoch * p.reg
                weights[k] -= eta * p.lr_decay**epoch * of_w[k]
                biases[k] -= eta * p.lr_decay**epoch * of_b[k]
    return weights, biases


def dendritic_directly(learner, state, n_epochs: int):
    """Step by step, in milliseconds and NumPy."""
    s, p, dt = {key: array.copy() for key, array in state.items()}, learner.params, 1e-3
    w = s["weights1.w"].reshape(SIZES[-1], SIZES[0])
    step, phase = 0, p.r_max_hz * dt
    trace, mean, v, theta, bias = (
        s[k] for k in ("inputs.p", "inputs.p_mean", "layer1.v", "layer1.theta", "layer1.bias")
    )
    for epoch in range(n_epochs):
        eta = p.lr[0] * p.lr_decay**epoch
        for x, y in in_order(learner, epoch):
            for _ in range(p.show_ms):
                drift = (trace - mean) * dt / p.tau_mean_s
                trace -= trace * dt / (p.tau_s_ms * 1e-3)
                mean += drift
                seen = trace - mean
                phi = 1 / (1 + np.exp(-(w @ seen + bias)))
                v += (p.i_max * y - v) * dt / (p.tau_m_ms * 1e-3)
                theta += (p.theta_0 - theta) * dt / (p.tau_theta_ms * 1e-3)
                w -= eta * phase * np.outer(phi, seen)
                bias -= eta * phase * phi
                fires = v >= theta
                w[fires] += eta * seen
                bias[fires] += eta
                v[fires], theta[fires] = 0, theta[fires] + p.delta_theta
                spikes = uniform_numpy(p.seed, PIXELS, np.arange(SIZES[0]), step) < x * phase
                trace[spikes] += 1 / (p.r_max_hz * p.tau_s_ms * 1e-3)
                step += 1
    return [w], [bias]


RULES = {
    "rate": (rate_of, rate_directly),
    "equilibrium": (equilibrium_of, equilibrium_directly),
    "dendritic": (dendritic_of, dendritic_directly),
}


@pytest.mark.parametrize(
    "name", ["rate", "dendritic", pytest.param("equilibrium", marks=pytest.mark.slow)]
)
def test_a_rule_does_what_its_definition_says_on_every_backend(name):
    """numpy and C++ to the bit, both as a direct evaluation to 1e-10."""
    make, directly = RULES[name]
    ends = {}
    for backend in dict.fromkeys(("numpy", BACKEND)):
        with make(backend) as learner:
            initial = learner.initial_state()
            for block, _ in learner.blocks(initial, 0, 2):
                ends[backend] = block.state
    expected = [*zip(*directly(learner, initial, 2), strict=True)]
    for key in initial:
        np.testing.assert_array_equal(ends["numpy"][key], ends[BACKEND][key], err_msg=key)
    found = zip(*matrices(ends["numpy"]), strict=True)
    for (w, b), (w_direct, b_direct), (first, _) in zip(
        found, expected, zip(*matrices(initial), strict=True), strict=True
    ):
        np.testing.assert_allclose(w, w_direct, atol=1e-10)
        np.testing.assert_allclose(b, b_direct, atol=1e-10)
        assert np.abs(w - first).max() > 1e-3, "it learns at all"


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("rate", "equilibrium")]


@pytest.mark.parametrize("name", ["dendritic", *SLOW])
def test_epochs_go_on_with_the_same_bits(name, monkeypatch):
    """Resumed after an epoch, and in blocks of another length."""
    make, _ = RULES[name]
    with make("numpy") as learner:
        whole = [block.state for block, _ in learner.blocks(learner.initial_state(), 0, 3)]
        again = [block.state for block, _ in learner.blocks(whole[0], 1, 3)]
    for key in whole[2]:
        np.testing.assert_array_equal(whole[2][key], again[1][key])
    assert BLOCK_ROWS > 5
    monkeypatch.setattr("models.predictive.learner.BLOCK_ROWS", 5)
    with make("numpy") as learner:
        *_, (cut, _) = learner.blocks(learner.initial_state(), 0, 3)
    for key in whole[2]:
        np.testing.assert_array_equal(whole[2][key], cut.state[key])


def network(seed: int, scale: float = 1.0):
    rng = np.random.default_rng(seed)
    pairs = [*zip(SIZES[1:], SIZES[:-1], strict=True)]
    weights = [scale * rng.normal(0, n_in**-0.5, (n_out, n_in)) for n_out, n_in in pairs]
    return weights, [0.1 * rng.normal(size=n) for n, _ in pairs]


def test_the_energy_never_rises_in_relaxation():
    data = samples(200)
    y = one_hot(data.y_train, SIZES[-1])
    for seed in range(5):
        made = network(seed)
        assert np.diff(rate.relax(*made, data.x_train, y, 0.1, 100)[2], axis=0).max() <= 1e-14
        free = rate.relax(*made, data.x_train, None, 0.1, 100)[2]
        assert np.abs(free).max() == 0, "the forward pass is the fixed point of the free network"
        path = equilibrium.trajectory(*network(seed, 0.5), np.abs(data.x_train), 0.5, 60)
        E = np.array(
            [equilibrium.energy(*network(seed, 0.5), np.abs(data.x_train), s) for s in path]
        )
        assert np.diff(E, axis=0).max() <= 1e-12


def test_fixed_predictions_give_the_gradient_of_back_propagation():
    (weights, biases), data = network(1), samples()
    y = one_hot(data.y_train, SIZES[-1])
    fixed = rate.relax(weights, biases, data.x_train, y, 0.1, 200, fixed=True)
    states = rate.forward(weights, biases, data.x_train)
    delta = y - states[-1]
    for k in reversed(range(len(weights))):
        below = data.x_train if k == 0 else np.tanh(states[k - 1])
        exact, found = delta.T @ below, fixed[0][k].T @ fixed[1][k]
        assert np.linalg.norm(found - exact) < 1e-6 * np.linalg.norm(exact)
        delta = (delta @ weights[k]) * (1 - below**2)
    moving = rate.relax(weights, biases, data.x_train, y, 0.1, 200)
    assert np.linalg.norm(moving[0][0] - fixed[0][0]) > 1e-3, "the default is not back-propagation"


def test_the_nudges_estimate_the_gradient_of_the_cost():
    """Against finite differences of the cost at the free fixed point: cosine above .999."""
    (weights, biases), data = network(2, 0.3), samples(low=0.0)
    biases = [b + 0.4 for b in biases]  # states between their bounds
    x, y = data.x_train, one_hot(data.y_train, SIZES[-1])

    def cost() -> float:
        return ((equilibrium.relax(weights, biases, x, 0.5, 400)[-1] - y) ** 2).sum() / 2

    of_w, of_b = equilibrium.gradients(weights, biases, x, y, 0.5, 400, 400, 0.01)
    for arrays, estimates in ((weights, of_w), (biases, of_b)):
        for array, estimate in zip(arrays, estimates, strict=True):
            exact = np.empty_like(array)
            for place in np.ndindex(array.shape):
                sides = []
                for step in (1e-5, -1e-5):
                    array[place] += step
                    sides.append(cost())
                    array[place] -= step
                exact[place] = (sides[0] - sides[1]) / 2e-5
            norms = np.linalg.norm(exact) * np.linalg.norm(estimate)
            assert (exact * estimate).sum() / norms > 0.999
            assert 0.98 < np.linalg.norm(estimate) / np.linalg.norm(exact) < 1.02


def test_learning_rates_are_of_each_layer_and_fall():
    with equilibrium_of("numpy", lr_decay=0.5) as learner:
        assert learner.eta(2) == {"layer1.eta": 0.05, "layer2.eta": 0.0375, "layer3.eta": 0.025}
    with rate_of("numpy") as learner:
        assert set(learner.eta(0).values()) == {0.05}


def test_a_seed_has_its_own_weights_and_order():
    with rate_of("numpy") as learner:
        first = learner.initial_state()
        learner.params = dataclasses.replace(learner.params, seed=4)
        other = learner.initial_state()
    assert not np.allclose(first["weights1.w"], other["weights1.w"])
