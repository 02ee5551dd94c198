"""Inputs that switch: what is shown, what is scored, and the controls."""

import numpy as np
import pytest

from driver.engine.model import Spikes
from driver.experiment.network import Session
from models.predictive.outcome import (
    BESIDE,
    LEARNS,
    LESS,
    NOTHING,
    judge_accuracy,
    judge_prediction,
)
from models.predictive.params import SpikingParams
from models.predictive.spiking import constants, initial_state, layers
from models.predictive.stepper import Stepper
from models.predictive.switching import (
    Shows,
    Switching,
    bits,
    order,
    over,
    patterns,
    shuffled_dendrite,
    traces,
)
from tests.program import BACKEND

SHORT = SpikingParams(
    seed=2, sizes=(4, 6, 5, 2), train_s=1.2, show_ms=100, settle_ms=40, test_shows=3
)


def test_inputs_differ_and_none_is_shown_twice_in_a_row():
    for n_in in (2, 3, 5):
        shown = patterns(n_in)
        assert shown.shape == (3, n_in) and len({tuple(row) for row in shown}) == 3
        assert (shown.sum(axis=1) > 0).all()
    chosen = order(1, "training", 3000)
    assert (np.diff(chosen) != 0).all() and set(chosen) == {0, 1, 2}
    assert np.abs(np.bincount(chosen) / 3000 - 1 / 3).max() < 0.05
    assert not np.array_equal(chosen, order(1, "test", 3000))
    np.testing.assert_array_equal(chosen[:9], order(1, "training", 3000)[:9])


def test_shows_are_those_of_the_stepper():
    """Rates of the scored part, the basal weights held after a third, and not before."""
    p = SHORT
    state = initial_state(p)
    stepper, chosen = Stepper(p.sizes, constants(p), state), order(p.seed, "training", p.n_shows)
    expected, w = [], []
    for k in range(p.n_shows):
        if k == 4:  # a third of 12
            for layer in layers(p.sizes):
                stepper.constants[f"basal{layer}"] |= dict.fromkeys(
                    ("A_plus", "A_minus", "kappa"), 0
                )
        phi, fired = [], []
        for step in range(p.show_ms):
            spikes = stepper.step(patterns(4)[chosen[k]], 1.0)
            if step == p.settle_ms - 1:
                before = [stepper.parts[f"layer{n}"]["sum_phi"].copy() for n in layers(p.sizes)]
            if step >= p.settle_ms:
                fired.append(np.concatenate(spikes[1:]))
        after = [stepper.parts[f"layer{n}"]["sum_phi"] for n in layers(p.sizes)]
        phi = np.concatenate([a - b for a, b in zip(after, before, strict=True)]) / 60
        expected.append((phi, np.sum(fired, axis=0) / 6.0))
        w.append(state["basal1.w"].copy())
    with Switching(p, Session(BACKEND)) as net:
        for (block, _), (phi, fired), basal in zip(
            net.blocks(net.initial_state(), 0, p.n_shows, learn=True), expected, w, strict=True
        ):
            rates = net.rates(block)
            np.testing.assert_allclose(rates[0], phi, atol=1e-10)
            np.testing.assert_allclose(rates[1], fired, atol=1e-12)
            np.testing.assert_allclose(block.state["basal1.w"], basal, atol=1e-12)
    assert np.abs(w[3] - w[0]).max() > 1e-3 and np.array_equal(w[4], w[11])


def test_the_twin_does_not_move_and_a_test_changes_nothing():
    with Switching(SHORT, Session(BACKEND)) as net:
        first = net.initial_state()
        *_, (end, _) = net.blocks(first, 0, 6, learn=False)
        for key in first:
            if key.endswith((".w", ".b")):
                np.testing.assert_array_equal(end.state[key], first[key])
        one, two = net.test(first), net.test(first)
    np.testing.assert_array_equal(one.fired, two.fired)
    assert one.predicted == pytest.approx(0.5), "with weights of 0"


def test_controls_learn_from_the_same_spikes_without_the_relation():
    with Switching(SHORT, Session(BACKEND)) as net:
        state = net.initial_state()
        *_, (end, _) = net.blocks(state, 0, SHORT.n_shows, learn=True)
        learned, beside = net.test(end.state), net.controls()
    assert beside.keys() == {"bias_only", "shuffled"}
    for shows in beside.values():
        np.testing.assert_array_equal(shows.fired, learned.fired)
        assert np.abs(shows.predicted - learned.predicted).max() > 0.01
    spread = beside["bias_only"].predicted.std(axis=0)
    assert spread.max() < 1e-3, "the bias predicts one rate a cell"


def test_a_dendrite_in_time_is_the_learner():
    """The control with every moment its own: the same weights, so only the time differs."""
    with Switching(SHORT, Session(BACKEND)) as net:
        state = net.initial_state()
        fired = {name: [] for name in net.model.populations}
        for block, _ in net.blocks(state, 0, SHORT.n_shows, learn=True):
            for name, spikes in block.spikes.items():
                fired[name].append(bits(spikes, SHORT.show_ms, net.size_of(name)))
    fired = {name: np.concatenate(rows) for name, rows in fired.items()}
    own = shuffled_dendrite(SHORT, fired, np.arange(len(fired["inputs"])))
    for key, array in own.items():
        np.testing.assert_allclose(array, block.state[key], atol=1e-10, err_msg=key)


def test_a_dendrite_that_learns_nothing_gets_no_verdict_of_learning():
    """Plasticity of the basal weights alone pulls rates to where an untaught dendrite is."""
    p = SpikingParams(
        seed=301, sizes=(4, 6, 5, 2), eta_p=0.0, eta_b=0.0, train_s=4, show_ms=100, settle_ms=40
    )
    with Switching(p, Session(BACKEND)) as net:
        first = net.initial_state()
        *_, (end, _) = net.blocks(first, 0, p.n_shows, learn=True)
        tried = {
            "trained": net.tried(end.state, "trained"),
            "untrained": net.tried(first, "untrained"),
        }
        numbers = net.measure(tried)
    assert numbers["trained"]["error_over_untaught"] == pytest.approx(1)
    assert numbers["trained"]["verdict"] == numbers["untrained"]["verdict"] == NOTHING


def test_what_excites_the_soma_has_no_shuffled_control():
    p = SpikingParams(sizes=(4, 6, 5, 2), train_s=0.2, show_ms=100, settle_ms=40, g_apical=0.1)
    with Switching(p, Session(BACKEND)) as net:
        assert net.controls().keys() == {"bias_only"}
        tried = net.tried(net.initial_state(), "trained")
        numbers = net.measure({"trained": tried, "untrained": tried})["trained"]
    assert np.isnan(numbers["shuffled"]) and np.isnan(numbers["error_over_shuffled"])
    assert any("excites the soma" in note for note in numbers["notes"])


def test_traces_are_those_of_the_equations():
    fired = bits(Spikes(np.array([0, 1, 0]), np.array([0, 2, 3])), 6, 2)
    assert fired.sum() == 3 and fired[3, 0]
    found, p = traces(fired, SHORT), 0.5
    leak = 1 - 1 / 20
    np.testing.assert_allclose(
        found[:, 0], [0, p, p * leak, p * leak**2, p * leak**3 + p, (p * leak**3 + p) * leak]
    )


def test_verdicts():
    shows = Shows(np.array([[0.5, 0.2]]), np.array([[0.7, 0.1]]))
    np.testing.assert_allclose(shows.error, [[0.2, 0.1]])
    assert np.isnan(over(1.0, 0.0)) and over(1.0, 2.0) == 0.5
    good = {f"error_over_{name}": 0.4 for name in (*BESIDE, "untaught")}
    good |= {"shuffled": 0.2, "bias_only": 0.2}
    assert judge_prediction(good).verdict == LEARNS
    for name in BESIDE:
        assert judge_prediction(good | {f"error_over_{name}": 0.6}).verdict == LESS
    assert (
        judge_prediction(good | {"error_over_constant": 2, "error_over_untaught": 0.9}).verdict
        == NOTHING
    )
    undefined = good | {"shuffled": np.nan, "error_over_shuffled": np.nan}
    assert judge_prediction(undefined).verdict == LEARNS and judge_prediction(undefined).notes
    twin = undefined | {"bias_only": np.nan, "error_over_bias_only": np.nan}
    assert judge_prediction(twin).verdict == LESS
    for accuracy, verdict in ((0.97, LEARNS), (0.96, LESS), (0.2, NOTHING)):
        assert judge_accuracy({"accuracy": accuracy, "linear": 0.96}).verdict == verdict
