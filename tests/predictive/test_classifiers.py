"""The learners of samples from Python: fit in one go or two, predict, save, load, refuse."""

import warnings

import numpy as np
import pytest

from bio_snn.equilibrium import EquilibriumNetwork
from bio_snn.predictive_coding import DendriticClassifier, RatePredictiveCoding

SIZES = [5, 4, 3]
FEW = {
    RatePredictiveCoding: {"n_relax": 4, "lr": (0.1,)},
    EquilibriumNetwork: {"n_free": 5, "n_nudged": 3, "lr": (0.3, 0.2)},
}
rng = np.random.default_rng(0)
X, LABELS = rng.uniform(0, 1, (20, 5)), rng.integers(0, 3, 20)


def made(cls, seed: int | None = 0, **more):
    return cls(SIZES, seed=seed, backend="numpy", **FEW[cls] | more)


@pytest.fixture(params=FEW)
def cls(request):
    return request.param


def test_a_fit_in_two_goes_is_a_fit_in_one(cls, tmp_path):
    one, two = made(cls), made(cls)
    history = one.fit(X, LABELS, epochs=3)
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[-1]["error"] < history[0]["error"]
    two.fit(X, np.eye(3)[LABELS])
    path = two.save(tmp_path / "net.npz")
    third = made(cls, seed=7)
    third.load(path)
    assert third.seed == 0 and third.epochs_done == 1
    assert third.fit(X, LABELS, epochs=2) == history[1:]
    for ours, theirs in zip(one.weights + one.biases, third.weights + third.biases, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_reset_reproduces_the_first_run(cls):
    net = made(cls)
    first, before = net.fit(X, LABELS), net.predict(X)
    net.reset_state()
    np.testing.assert_array_equal(net.predict(X), before)
    net.reset()
    assert net.fit(X, LABELS) == first
    other = made(cls, seed=None)
    assert other.seed != net.seed and not np.allclose(other.weights[0], net.weights[0])


def test_energies():
    net = made(RatePredictiveCoding)
    y = np.eye(3)[LABELS]
    F = net.relax(X[0], y[0])
    assert F.shape == (5,) and np.diff(F).max() <= 0
    assert F[0] == pytest.approx(net.energy(X[:1], y[:1]))
    assert net.relax(X[0]).max() == 0, "without a target the forward pass is the end"
    np.testing.assert_array_equal(net.relax(X[0], LABELS[0]), F)
    for x, target in ((X[:2], y[0]), (X[0], y[:2])):
        with pytest.raises(ValueError, match="needed"):
            net.relax(x, target)
    net = made(EquilibriumNetwork)
    with pytest.raises(ValueError, match="Y has 1 rows, X 20"):
        net.cost(X, y[:1])
    assert net.energy(X).shape == (20,) and net.cost(X, y) > 0


@pytest.mark.parametrize(
    ("arguments", "error", "complaint"),
    [
        ((X[:, :4], LABELS), ValueError, r"X .* of shape \(20, 4\): needed rows of 5 numbers"),
        ((X[0], LABELS), ValueError, "needed rows of 5 numbers"),
        ((X, LABELS[:9]), ValueError, "Y has 9 rows, X 20"),
        ((X, LABELS + 1), ValueError, "Y 1 to 3: needed labels from 0 to 2"),
        ((X, np.zeros((20, 2))), ValueError, "needed labels, or rows of 3 numbers"),
        ((X * np.nan, LABELS), ValueError, "X nan: needed rows of 5 numbers, finite"),
        ((X, LABELS, 0), ValueError, "epochs 0: needed at least 1"),
        ((X, LABELS, True), TypeError, "epochs True"),
        (([["a"] * 5], [0]), TypeError, "X"),
    ],
)
def test_samples_that_are_none(cls, arguments, error, complaint):
    net = made(cls)
    before = net.weights
    with pytest.raises(error, match=complaint):
        net.fit(*arguments)
    np.testing.assert_array_equal(before[0], net.weights[0])


@pytest.mark.parametrize(
    ("keywords", "complaint"),
    [
        ({"sizes": [5]}, "sizes"),
        ({"sizes": [5, 0, 3]}, "sizes"),
        ({"sizes": [5, True]}, "sizes"),
        ({"gamma": 2.0}, "gamma"),
        ({"lr": (0.1, 0.1, 0.1)}, "3 values, layers of the network: 2"),
        ({"lr": (0.0,)}, "lr"),
        ({"backend": "torch"}, "backend 'torch' is not one of auto"),
        ({"backend": "genn"}, "backend 'genn'"),
        ({"epochs": 3}, "unknown: epochs"),
        ({"rule": "incremental"}, "unknown: rule"),
        ({"seed": -1}, "seed"),
    ],
)
def test_networks_that_are_none(cls, keywords, complaint):
    with pytest.raises((ValueError, TypeError), match=complaint):
        cls(**{"sizes": SIZES, "seed": 0, **keywords})


def test_files_that_are_none(cls, tmp_path):
    net = made(cls)
    path = net.save(tmp_path / "net.npz")
    with np.load(path) as file:
        content = dict(file)
    other = cls([5, 6, 3], seed=0, backend="numpy", **FEW[cls])
    with pytest.raises(ValueError, match="is of another network: sizes"):
        other.load(path)
    for name, value in (("weights1.w", np.full(20, np.nan)), ("weights1.w", np.zeros(3))):
        np.savez(tmp_path / "bad.npz", **content | {name: value})
        with pytest.raises(ValueError, match="weights1.w"):
            net.load(tmp_path / "bad.npz")
    del content["layer2.bias"]
    np.savez(tmp_path / "bad.npz", **content)
    with pytest.raises(ValueError, match="layer2.bias"):
        net.load(tmp_path / "bad.npz")
    np.savez(tmp_path / "bad.npz", **content, pickled=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="is not a saved network"):
        net.load(tmp_path / "bad.npz")


def test_a_rate_that_is_too_large_keeps_the_last_good_weights():
    net = made(RatePredictiveCoding, lr=(1e6,))
    before = net.weights
    with (
        warnings.catch_warnings(),
        pytest.raises(FloatingPointError, match="those of epoch [0-9]+ are kept: try a smaller lr"),
    ):
        warnings.simplefilter("error", RuntimeWarning)  # one sentence is enough
        net.fit(X, LABELS, epochs=20)
    assert all(np.isfinite(w).all() for w in net.weights) and len(before) == 2


def test_accuracy_is_of_labels_alone():
    net = made(RatePredictiveCoding, lr=0.1)
    assert "accuracy" in net.fit(X, LABELS)[0] and "accuracy" in net.fit(X, np.eye(3)[LABELS])[0]
    assert "accuracy" not in net.fit(X, X[:, :3])[0]


def test_dendrites_from_python():
    net = DendriticClassifier(5, 3, seed=1, backend="numpy", show_ms=60, lr=0.1)
    for _ in range(2):
        history = net.fit(X, LABELS, epochs=3)
    assert history[-1]["epoch"] == 6 and 0 < history[-1]["error"] < 0.5, "of rates"
    trained = net.weights[0]
    for mode in ("analog", "spiking"):
        assert net.predict(X, mode).shape == (20, 3)
    many = DendriticClassifier(5, 3, seed=1, backend="numpy", show_ms=9000)
    many._state = net._state
    near = many.predict(X, "spiking") - many.predict(X)
    assert np.abs(near).max() < 0.3 * np.ptp(many.predict(X)), "long shows lead to the analog one"
    net.reset_state()
    np.testing.assert_array_equal(net.weights[0], trained)
    with pytest.raises(ValueError, match="needed rates from 0 to 1"):
        net.predict(X - 0.5)
    with pytest.raises(ValueError, match="mode 'both' is not one of analog, spiking"):
        net.predict(X, "both")
