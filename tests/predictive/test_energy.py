"""Back-propagation on a quadratic energy: gradients, examples, both backends, files, the room."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bio_snn.energy_based import EnergyNetwork
from driver.experiment.network import Session
from models.predictive.energy import Energy
from models.predictive.learner import matrices, one_hot
from models.predictive.params import EnergyParams
from stimuli.digits import Split
from tests.program import render_nothing

ROOT = Path(__file__).parents[2]
rng = np.random.default_rng(3)
X, T = rng.normal(size=(6, 2)), rng.normal(size=(6, 3))
STEP = 1e-6
BACKENDS = ("numpy", "torch")


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param == "torch":
        torch()
    return request.param


def torch():
    return pytest.importorskip("torch", reason="pip install -r requirements-torch.txt")


def torch_network(*sizes, **more):
    torch()
    from bio_snn.torch_energy import TorchEnergyNetwork

    return TorchEnergyNetwork(*sizes, **more)


def made(sizes=(2, 4, 3), seed: int | None = 0, **more) -> EnergyNetwork:
    return EnergyNetwork(sizes, seed=seed, **more)


def slopes(f, a: np.ndarray) -> np.ndarray:
    """Of `f()` as each number of `a` is moved, by central differences."""
    found = np.empty(a.shape)
    for place in np.ndindex(a.shape):
        sides = []
        for move in (STEP, -STEP):
            a[place] += move
            sides.append(f())
            a[place] -= move
        found[place] = (sides[0] - sides[1]) / (2 * STEP)
    return found


@pytest.mark.parametrize("sizes", [(2, 2), (2, 3, 1), (2, 4, 3, 2)])
@pytest.mark.parametrize("batch", [False, True])
def test_gradients_are_those_of_finite_differences(backend, sizes, batch):
    """The one at the input, too, which the earlier program had wrong."""
    net = made(sizes, backend=backend, reg=0.3, dtype="float64")
    x, t = X.copy(), np.resize(T, (6, sizes[-1]))
    x, t = (x, t) if batch else (x[0], t[0])
    layers, of_x = net.gradients(x, t)
    assert of_x.shape == x.shape and len(layers) == len(sizes) - 1
    np.testing.assert_allclose(of_x, slopes(lambda: net.energy(x, t), x), atol=1e-8)
    state = {k: v + 0.1 for k, v in net.state_dict().items()}
    net.load_state_dict(state)

    def energy() -> float:
        net.load_state_dict(state)
        return net.energy(x, t)

    for k, found in enumerate(net.gradients(x, t)[0]):
        for name, of_values in zip("Wb", found, strict=True):
            exact = slopes(energy, state[f"{name}{k}"])
            np.testing.assert_allclose(of_values, exact, atol=1e-8)


def test_the_energy_of_the_example_falls_for_every_seed(backend):
    x, t, ends = np.array([1.0, -1.0]), np.array([0.5]), []
    for seed in range(50 if backend == "numpy" else 5):
        net = made((2, 4, 1), seed, backend=backend)
        first = net.train_step(x, t, lr=0.01)
        for _ in range(49):
            net.train_step(x, t)
        ends.append(net.energy(x, t))
        assert ends[-1] < first, seed
    assert max(ends) < 0.05 and np.median(ends) < 0.01


def test_a_step_returns_the_energy_before_it_and_follows_the_velocity(backend):
    net = made(backend=backend, momentum=0.5, reg=0.1, dtype="float64")
    W, before = net.weights, net.energy(X, T)
    first = net.gradients(X, T)[0]
    squares = ((net.predict(X) - T) ** 2).sum(axis=1).mean()
    assert before == pytest.approx(squares / 2 + 0.05 * sum((w * w).sum() for w in W))
    assert net.train_step(X, T, 0.2) == pytest.approx(before, rel=1e-12)
    np.testing.assert_allclose(net.weights[0], W[0] - 0.2 * first[0][0])
    second = net.gradients(X, T)[0]
    net.train_step(X, T, 0.3)
    expected = W[1] - 0.2 * 1.5 * first[1][0] - 0.3 * second[1][0]
    np.testing.assert_allclose(net.weights[1], expected)
    assert np.abs(net.biases[0]).max() > 0
    net.reset()
    np.testing.assert_array_equal(net.weights[0], W[0])
    np.testing.assert_array_equal(net.state_dict()["vW0"], 0 * W[0])


def test_initial_weights_and_no_biases(backend):
    sizes = (400, 300, 2)
    for init, sd in (("xavier", 0.05), ("normal", 0.1)):
        w = made(sizes, init=init, backend=backend).weights[0]
        assert w.std() == pytest.approx(sd, rel=0.01) and w.shape == (300, 400)
    assert made(sizes, None).seed != made(sizes, None).seed
    net = made(bias=False, backend=backend)
    net.train_step(X, T)
    assert not any(b.any() for b in net.biases)


@pytest.mark.parametrize(("dtype", "atol"), [("float64", 1e-10), ("float32", 1e-4)])
def test_both_backends_do_the_same_for_100_steps(dtype, atol):
    torch()
    nets = [made(backend=b, momentum=0.9, dtype=dtype) for b in BACKENDS]
    energies = [[net.train_step(X, T, 0.05) for _ in range(100)] for net in nets]
    np.testing.assert_allclose(*energies, atol=atol)
    assert energies[0][-1] < 0.5 * energies[0][0]
    states = [net.state_dict() for net in nets]
    for key in states[0]:
        assert states[0][key].dtype == states[1][key].dtype == dtype
        np.testing.assert_allclose(states[0][key], states[1][key], atol=atol, err_msg=key)


def test_samples_come_as_arrays_lists_or_tensors(backend):
    net = made(backend=backend, dtype="float64")
    many = net.predict(X)
    assert many.shape == (6, 3) and many.dtype == np.float64
    for one in (X[0], X[0].tolist(), tuple(X[0])):
        np.testing.assert_allclose(net.forward(one), many[0])
    np.testing.assert_allclose(net.forward(X.tolist()), many)
    np.testing.assert_allclose(net.predict([1, -1]), net.predict([1.0, -1.0]))
    x = torch().tensor(X, requires_grad=True)
    assert not net.predict(x).requires_grad and net.predict(x).dtype == x.dtype
    np.testing.assert_allclose(net.forward(x).detach(), many)
    assert net.forward(x).requires_grad == (backend == "torch")
    assert net.energy(x, torch().tensor(T)) == pytest.approx(net.energy(X, T), rel=1e-12)


def test_a_network_goes_to_a_file_and_comes_back(backend, tmp_path):
    net = made(backend=backend, momentum=0.9)
    net.train_step(X, T)
    path = net.save(tmp_path / "a.npz")
    other = made(seed=1, momentum=0.9, backend=backend)
    other.load(path)
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, other.state_dict()[key])
    assert net.train_step(X, T) == other.train_step(X, T), "velocities come back, too"
    with pytest.raises(ValueError, match="another network: sizes"):
        made((2, 5, 3), momentum=0.9).load(path)
    with np.load(path) as file:
        content = dict(file)
    for change, words in (
        ({"b1": None}, "b1"),
        ({"W0": np.full((4, 2), np.nan)}, "W0"),
        ({"W0": np.array([{}], dtype=object)}, "not a saved network"),
    ):
        bad = {k: v for k, v in (content | change).items() if v is not None}
        np.savez(tmp_path / "bad.npz", **bad)
        with pytest.raises(ValueError, match=words):
            other.load(tmp_path / "bad.npz")
    state = net.state_dict()
    for change in ({"W0": np.zeros((4, 3))}, {"b0": np.full(4, np.inf)}, {"W2": np.zeros((1, 1))}):
        with pytest.raises(ValueError, match=[*change][0]):
            other.load_state_dict(state | change)
    with pytest.raises(ValueError, match="vb1"):
        other.load_state_dict({k: v for k, v in state.items() if k != "vb1"})


@pytest.mark.parametrize(
    ("keywords", "complaint"),
    [
        ({"sizes": [2]}, "sizes"),
        ({"sizes": [2, 0]}, "sizes"),
        ({"sizes": [2, True]}, "sizes True"),
        ({"sizes": [2, 1.5]}, "sizes"),
        ({"backend": "jax"}, "backend 'jax' is not one of numpy, torch"),
        ({"init": "zeros"}, "init 'zeros' is not one of xavier, normal"),
        ({"dtype": "float16"}, "dtype 'float16' is not one of float64, float32"),
        ({"rule": "equilibrium"}, "rule"),
        ({"momentum": 1.0}, "momentum 1.0"),
        ({"momentum": -0.1}, "momentum -0.1"),
        ({"reg": -1.0}, "reg -1.0"),
        ({"reg": "much"}, "reg 'much'"),
        ({"seed": -1}, "seed -1"),
        ({"device": "cpu"}, "device 'cpu'.* 'torch' only"),
        ({"multi_gpu": True}, "multi_gpu True.* 'torch' only"),
    ],
)
def test_networks_that_are_none(keywords, complaint):
    with pytest.raises((ValueError, TypeError), match=complaint):
        EnergyNetwork(**{"sizes": [2, 1], **keywords})


BAD_SAMPLES = [
    ((X[:, :1], T), "x .*needed 2 numbers, or rows of them"),
    ((X, T[:, :1]), "target .*needed 3 numbers"),
    ((X[0], 0.5), "target 0.5 of shape"),
    ((X, T[:5]), "target has 5 rows, x 6"),
    ((X * np.nan, T), "x nan"),
    ((X, T * np.inf), "target -?inf"),
    ((X[None], T), "x .* of shape"),
    (([[1, 2], [3]], T), "x .*rows of different lengths"),
    (([], T), "x .*needed 2 numbers"),
    ((["a", "b"], T), "x .*needed 2 numbers"),
]


@pytest.mark.parametrize(("given", "complaint"), BAD_SAMPLES)
def test_samples_that_are_none(given, complaint):
    net = made()
    for ask in (net.train_step, net.energy, net.gradients):
        with pytest.raises((ValueError, TypeError), match=complaint):
            ask(*given)
    assert net.state_dict()["vW0"].max() == 0


@pytest.mark.parametrize("lr", [0, -0.1, np.nan, np.inf, "0.1", True])
def test_learning_rates_that_are_none(lr):
    with pytest.raises((ValueError, TypeError), match=f"lr {lr!r}"):
        made().train_step(X, T, lr)


# --- PyTorch -----------------------------------------------------------------------------------


def test_the_module_learns_by_itself_and_in_a_graph():
    ends = []
    for seed in range(5):
        net = torch_network([2, 4, 1], seed=seed)
        first = net.train_step([1.0, -1.0], [0.5])
        for _ in range(49):
            net.train_step(np.array([1.0, -1.0]), torch().tensor([0.5]))
        ends.append(net.energy([1, -1], [0.5]).item())
        assert ends[-1] < first
    assert np.median(ends) < 0.05
    net(torch().ones(3, 2)).sum().backward()
    assert net.layers[0].weight.grad.abs().sum() > 0
    penalty = sum((p * p).sum() for p in net.parameters())
    x, t = torch().tensor(X), torch().tensor(T[:, :1])
    expected = (((net(x) - t) ** 2).mean() + 1e-4 * penalty) / 2
    assert net.energy(x, t).item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_module_has_pytorchs_first_weights_an_optimizer_and_a_seed():
    state = torch().random.get_rng_state()
    net = torch_network([400, 300, 2], seed=1, optimizer=lambda p: torch().optim.Adam(p, lr=0.1))
    assert torch().equal(state, torch().random.get_rng_state())
    w = net.layers[0].weight
    assert 0.0499 < w.abs().max() <= 0.05 and w.std().item() == pytest.approx(0.05 / 3**0.5, 0.01)
    net.train_step(np.ones(400), [1, 1])
    assert (
        net.layers[1].bias - torch_network([400, 300, 2], seed=1).layers[1].bias
    ).abs().min() > 0
    for given, complaint in BAD_SAMPLES[:4]:
        with pytest.raises((ValueError, TypeError), match=complaint):
            torch_network([2, 3]).train_step(*given)
    for bad in ({"lr": 0.0}, {"reg": -1.0}, {"sizes": [2]}):
        with pytest.raises(ValueError, match=[*bad][0]):
            torch_network(**{"sizes": [2, 3], **bad})


def test_several_gpus_on_a_machine_without_are_one_device_and_a_warning():
    if torch().cuda.device_count() > 1:
        pytest.skip("there are several")
    with pytest.warns(UserWarning, match="on one device"):
        net = made(backend="torch", multi_gpu=True, device="cpu", dtype="float64")
    assert net.train_step(X, T) == pytest.approx(made().train_step(X, T), rel=1e-12)
    with pytest.raises(ValueError, match="device 'gpu'"):
        made(backend="torch", device="gpu")


def test_several_gpus_share_the_module_whose_forward_is_called(monkeypatch):
    """What PyTorch is asked for, where it says that there are three."""
    nn = torch().nn
    from models.predictive import torch_energy

    class Parallel(nn.Module):
        def __init__(self, module, ids):
            super().__init__()
            self.module, self.ids, self.calls = module, ids, 0

        def forward(self, x):
            self.calls += 1
            return self.module(x)

    monkeypatch.setattr(torch_energy.torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch_energy.nn, "DataParallel", Parallel)
    module = torch_energy.Layers((2, 3))
    assert torch_energy.in_parallel(module, torch().device("cuda:1")).ids == [1, 0, 2]
    net = made(backend="torch", dtype="float64")
    net.perceptron.called = Parallel(net.perceptron.module, [])
    assert net.train_step(X, T) == pytest.approx(made().train_step(X, T), rel=1e-12)
    net.predict(X)
    assert net.perceptron.called.calls == 2


def test_without_pytorch_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "models.predictive.torch_energy", raising=False)
    monkeypatch.delattr("models.predictive.torch_energy", raising=False)
    with pytest.raises(ImportError, match="needs PyTorch: pip install torch .*requirements-torch"):
        made(backend="torch")
    with pytest.raises(ImportError, match="needs PyTorch"):
        torch_name()


def torch_name():
    from bio_snn.torch_energy import TorchEnergyNetwork  # noqa: F401


def test_the_package_is_imported_without_what_it_does_not_need():
    code = (
        "import sys, bio_snn, bio_snn.energy_based, bio_snn.torch_energy\n"
        "import bio_snn.training, bio_snn.datasets\n"
        "assert not {'torch', 'sklearn', 'matplotlib', 'brian2'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- the room ----------------------------------------------------------------------------------


def learner(**changes) -> Energy:
    p = EnergyParams(**{"seed": 3, "hidden": (4,), "batch_size": 4, "lr": (0.1, 0.05), **changes})
    y = np.arange(6) % 3
    return Energy(p, (2, 4, 3), Session(), Split(X, y, X, y, (1, 2), 3))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_an_epoch_is_its_steps_and_goes_on_with_the_same_bits(momentum):
    with learner(momentum=momentum, lr_decay=0.5) as made_:
        first = made_.initial_state()
        whole = [block.state for block, _ in made_.blocks(first, 0, 3)]
        again = [block.state for block, _ in made_.blocks(whole[0], 1, 3)]
    for key in first:
        np.testing.assert_array_equal(whole[2][key], again[1][key])
    net, y = made(momentum=momentum), one_hot(np.arange(6) % 3, 3)
    net.perceptron.load([a for part in matrices(first) for a in part], net.perceptron.velocities)
    for epoch in range(3):
        order = made_.order(epoch, 6)
        for batch in (order[:4], order[4:]):
            rates = 0.5**epoch * np.array([0.1, 0.05])
            net.perceptron.step(X[batch], y[batch], [*rates, *rates])
    for ours, theirs in zip(net.weights + net.biases, sum(matrices(whole[2]), []), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
        assert np.abs(ours).max() > 0


@pytest.mark.slow
def test_the_preset_runs_draws_and_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    from tests.predictive import test_run as door

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(door.TINY, "energy", (*door.IMAGES, "--hidden", "6"))
    run = door.test_a_learner_runs_draws_and_goes_on_with_the_same_bits
    run(tmp_path, "energy", monkeypatch)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--backend", "cython"), "--backend cython: --mode energy runs on none but numpy"),
        (("--backend", "cpp_standalone"), "--backend cpp_standalone"),
        (("--momentum", "1"), "--momentum 1"),
        (("--batch-size", "0"), "--batch-size 0"),
        (("--lr", "0"), "--lr"),
        (("--lr", "1", "1", "1"), "--lr 1.0 1.0 1.0: 3 values"),
    ],
)
def test_nonsense_ends_with_2_and_leaves_nothing(tmp_path, monkeypatch, capsys, words, complaint):
    from tests.predictive.test_run import program

    monkeypatch.chdir(tmp_path)
    render_nothing(monkeypatch)
    assert program("--mode", "energy", *words) == 2
    said = capsys.readouterr()
    assert complaint in said.err + said.out
    assert [*tmp_path.iterdir()] == []
