"""Joint embedding: gradients by hand, collapse measured, runs that go on, and what is refused."""

import dataclasses

import numpy as np
import pytest

from bio_snn.jepa import JointEmbeddingNetwork
from models.predictive import jepa, outcome
from models.predictive.jepa import Jepa, Joint, collapse, halves
from models.predictive.params import JepaParams
from stimuli.digits import Split
from tests.predictive import test_run
from tests.predictive.test_run import here  # noqa: F401, a fixture

KINDS = ("none", "ema", "vicreg")
rng = np.random.default_rng(4)
C, T = rng.normal(size=(2, 20, 3))
EXAMPLE = ([1, 0], [0, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_finite_differences(kind):
    """At every number of encoder and predictor; that of a stopped target is none."""
    joint = Joint((3, 5, 4), (4, 6, 4), kind, 0.9, 7.0, 0.3)
    theta = joint.first(np.random.default_rng(1)) + 0.1
    n = joint.n_encoder
    target = theta[:n] - (0.2 if kind == "ema" else 0)
    assert not np.shares_memory(theta, target)

    def loss(at: np.ndarray) -> float:
        return joint.gradient(at, target if kind == "ema" else at[:n], C, T)[0]

    slope, found = joint.gradient(theta, target, C, T)[1], np.empty_like(theta)
    for k, step in enumerate(1e-6 * np.eye(theta.size)):
        found[k] = (loss(theta + step) - loss(theta - step)) / 2e-6
    np.testing.assert_allclose(slope, found, atol=1e-6 * np.abs(found).max())
    for part in (slope[:n], slope[n:]):
        assert np.count_nonzero(part) == part.size
    if kind == "ema":  # the same numbers in a target that learns, too
        open_ = dataclasses.replace(joint, anti_collapse="none")
        both = open_.gradient(theta, target, C, T)[1]
        assert np.abs(both - slope)[:n].max() > 1e-2
        np.testing.assert_array_equal(both[n:], slope[n:])


def test_the_terms_of_vicreg_are_those_of_the_paper():
    z = rng.normal(size=(30, 4)) * (0.3, 0.8, 1.5, 2.0)
    value, _ = jepa.spread(z, 3.0)
    off = np.cov(z.T) - np.diag(z.var(axis=0, ddof=1))
    std = np.sqrt(z.var(axis=0, ddof=1) + 1e-4)
    expected = 25 * np.maximum(0, 1 - std).mean() + 3 * (off**2).sum() / 4
    assert value == pytest.approx(expected)


def test_the_example_falls_for_every_seed_without_collapse():
    kept = []
    for seed in range(50):
        net = JointEmbeddingNetwork([2, 4, 2], seed=seed)
        begun = np.linalg.norm(net.forward(*EXAMPLE)[1])
        losses = [net.train_step(*EXAMPLE, lr=0.05) for _ in range(50)]
        assert net.loss(*EXAMPLE) < losses[0]
        kept.append(np.linalg.norm(net.forward(*EXAMPLE)[1]) / begun)
    assert np.median(kept) > 0.5


@pytest.mark.parametrize("ema", [0.0, 0.75])
def test_the_target_follows_the_encoder(ema):
    net = JointEmbeddingNetwork([3, 4, 2], seed=1, ema=ema)
    first = net._state()
    loss = net.loss(C, T)
    assert net.train_step(C, T) == loss, "the loss before the step"
    encoder = net._theta[: net.joint.n_encoder]
    np.testing.assert_allclose(net._target, ema * first["target"] + (1 - ema) * encoder)
    assert np.abs(net._target - first["target"]).max() > 0


def test_collapse_is_measured():
    n = 400
    z = rng.normal(size=(n, 6))
    z = np.linalg.qr(z - z.mean(axis=0))[0] * n**0.5
    found = collapse(z, z)
    assert found["std"] == pytest.approx(1) and found["r2"] == 1
    assert found["effective_rank"] == pytest.approx(6)
    assert collapse(z, np.zeros_like(z))["r2"] == pytest.approx(0), "the mean foretells nothing"
    line = collapse(1e-3 * z[:, :1] * np.ones(6) + 5, z)
    assert line["effective_rank"] == pytest.approx(1) and line["std"] == pytest.approx(1e-3)
    flat = collapse(np.full((9, 3), 0.5), np.zeros((9, 3)))
    assert flat["std"] == 0 and np.isnan([flat["effective_rank"], flat["r2"]]).all()
    with pytest.warns(UserWarning, match="become the same"):
        net = JointEmbeddingNetwork([3, 8, 4], anti_collapse="none", seed=2, reg=1e-3)
    before = net.collapse_report(C, T)
    for _ in range(400):
        net.train_step(C, T, lr=0.1)
    assert net.collapse_report(C, T)["std"] < 0.1 * before["std"] and net.loss(C, T) < 1e-2


@pytest.mark.parametrize(
    ("std", "gain", "verdict"),
    [
        (0.01, 0.10, outcome.COLLAPSED),
        (0.5, 0.02, outcome.LEARNS),
        (0.5, 0.01, outcome.LESS),
        (0.5, 0.0, outcome.NOTHING),
        (0.01, -0.2, outcome.COLLAPSED),
    ],
)
def test_a_verdict_looks_at_spread_and_gain(std, gain, verdict):
    numbers = {"std": std, "over_untrained": gain, "accuracy": 0.96, "linear": 0.97}
    found = outcome.judge_embedding(numbers)
    assert found.verdict == verdict and "0.97" in found.notes[0]
    assert not outcome.judge_embedding(numbers | {"linear": 0.95}).notes


# --- from Python --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ema", "vicreg"])
def test_a_network_goes_on_from_a_file_and_begins_anew(kind, tmp_path):
    net = JointEmbeddingNetwork([3, 5, 4], anti_collapse=kind, seed=0)
    first, z = [net.train_step(C, T) for _ in range(3)], net.embed(C)
    path = net.save(tmp_path / "net.npz")
    other = JointEmbeddingNetwork([3, 5, 4], anti_collapse=kind, seed=9)
    other.load(path)
    assert other.seed == 0 and other.steps_done == 3
    rest = [net.train_step(C, T) for _ in range(3)]
    assert [other.train_step(C, T) for _ in range(3)] == rest
    np.testing.assert_array_equal(net.embed(C), other.embed(C))
    net.reset()
    assert [net.train_step(C, T) for _ in range(3)] == first
    net.reset_state()
    np.testing.assert_array_equal(net.embed(C), z)
    np.testing.assert_allclose(net.embed(C[0]), z[0])
    for changed in ({"ema": 0.5}, {"predictor_sizes": [4, 8, 4]}, {"bias": False}):
        theirs = JointEmbeddingNetwork([3, 5, 4], **{"anti_collapse": kind, **changed})
        with pytest.raises(ValueError, match="is of another network"):
            theirs.load(path)


def test_without_bias_none_learns():
    net = JointEmbeddingNetwork([3, 4, 2], bias=False, init="normal", seed=0)
    assert 0.05 < net._state()["weights1.w"].std() < 0.2
    net.train_step(C, T, lr=0.5)
    state = net._state()
    assert not state["layer1.bias"].any() and not state["predictor1.b"].any()


@pytest.mark.parametrize(
    ("keywords", "complaint"),
    [
        ({"encoder_sizes": [3]}, "encoder_sizes: sizes"),
        ({"encoder_sizes": [3, True]}, "encoder_sizes: sizes"),
        ({"predictor_sizes": [4, 0]}, "predictor_sizes: sizes"),
        ({"predictor_sizes": [4, 3]}, r"predictor_sizes \[4, 3\]: needed 4 first and last"),
        ({"anti_collapse": "sigreg"}, "anti_collapse.*vicreg"),
        ({"ema": 1.0}, "ema 1"),
        ({"ema": -0.1}, "ema -0.1"),
        ({"reg": -1.0}, "reg -1"),
        ({"c_w": float("nan")}, "c_w nan"),
        ({"init": "he"}, "init 'he' is not one of xavier, normal"),
        ({"bias": 1}, "bias 1"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_networks_that_are_none(keywords, complaint):
    with pytest.raises((ValueError, TypeError), match=complaint):
        JointEmbeddingNetwork(**{"encoder_sizes": [3, 4], "seed": 0, **keywords})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ((C[:, :2], T[:, :2]), "c .*needed 3 numbers"),
        ((C, T[:5]), r"t of shape \(5, 3\): needed \(20, 3\)"),
        ((C[0], T[:1]), "t of shape"),
        ((C * np.nan, T), "c nan"),
        ((C, T, 0.0), "lr 0"),
        ((C, T, True), "lr True"),
        ((C[:15], T[:15]), "c has 15 rows: vicreg needs 16 or more"),
    ],
)
def test_batches_that_are_none(given, complaint):
    net = JointEmbeddingNetwork([3, 4], anti_collapse="vicreg", seed=0)
    before = net.embed(C)
    with pytest.raises((ValueError, TypeError), match=complaint):
        net.train_step(*given)
    np.testing.assert_array_equal(net.embed(C), before)


def test_a_step_that_is_too_large_keeps_the_last_good_weights():
    net = JointEmbeddingNetwork([3, 4], seed=0)
    with pytest.raises(FloatingPointError, match="with lr 1e"):
        for _ in range(20):
            net.train_step(C, T, lr=1e80)
    assert np.isfinite(net.embed(C)).all()


# --- in the room --------------------------------------------------------------------------------


def test_halves_share_no_pixel_and_say_which_they_are():
    left, right = halves(np.arange(24.0).reshape(2, 12), (3, 4))
    np.testing.assert_array_equal(left[0], [0, 1, 4, 5, 8, 9, -1])
    np.testing.assert_array_equal(right[1], [14, 15, 18, 19, 22, 23, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_epochs_are_adam_and_go_on_with_the_same_bits(kind):
    x, y = rng.uniform(size=(50, 16)), np.arange(50) % 10
    changes = {"hidden": (5,), "embedding": 4, "batch_size": 16, "lr_decay": 0.5}
    p = JepaParams(seed=3, anti_collapse=kind, **changes)
    learner = Jepa(p, (9, 5, 4), None, Split(x, y, x, y, (4, 4)))
    initial = learner.initial_state()
    whole = [block.state for block, _ in learner.blocks(initial, 0, 3)]
    again = [block.state for block, _ in learner.blocks(whole[0], 1, 3)]
    for key in initial:
        np.testing.assert_array_equal(whole[2][key], again[1][key], err_msg=key)
    theta, joint = learner.joint.flat(initial), learner.joint
    target, m, v = theta[: joint.n_encoder], 0, 0
    c, t = halves(x, (4, 4))
    for step in range(6):
        epoch, part = divmod(step, 3)
        rows = np.array_split(learner.order(epoch, 50), 3)[part]
        slope = joint.gradient(theta, target, c[rows], t[rows])[1]
        m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
        m_hat, v_hat = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))
        theta = theta - 1e-3 * 0.5**epoch * m_hat / (v_hat**0.5 + 1e-8)
        kept = 0.99 if kind == "ema" else 0
        target = kept * target + (1 - kept) * theta[: joint.n_encoder]
    np.testing.assert_allclose(joint.flat(whole[1]), theta, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(whole[1]["target"], target, rtol=1e-12, atol=1e-12)


def test_a_preset_runs_draws_and_goes_on_with_the_same_bits(here, monkeypatch):  # noqa: F811
    pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")
    tiny = (*test_run.IMAGES, "--hidden", "6", "--embedding", "4", "--predictor", "5")
    monkeypatch.setitem(test_run.TINY, "jepa-vicreg", tiny)
    test_run.test_a_learner_runs_draws_and_goes_on_with_the_same_bits(
        here, "jepa-vicreg", monkeypatch
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("jepa-vicreg", "--batch-size", "15"), "--batch-size 15: vicreg takes statistics of 16"),
        (("jepa-ema", "--ema", "1"), "--ema 1"),
        (("jepa-ema", "--lr", "0.1", "0.1"), "--lr 0.1 0.1: one value"),
        (("jepa-none", "--anti-collapse", "hope"), "--anti-collapse"),
        (("jepa-none", "--embedding", "0"), "--embedding 0"),
        (("jepa", "--epochs", "3"), "--mode 'jepa' is not one of"),
    ],
)
def test_flags_that_are_nonsense_end_with_2(here, words, complaint, capsys):  # noqa: F811
    assert test_run.program("--mode", *words) == 2
    said = capsys.readouterr()
    assert complaint in said.err + said.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("none", {"std": (0, 0.02), "accuracy": (0, 0.9)}),
        ("ema", {"std": (0.2, 2), "r2": (0.3, 1), "accuracy": (0.91, 1)}),
        (
            "vicreg",
            {"std": (0.2, 2), "r2": (0.3, 1), "accuracy": (0.95, 1), "over_untrained": (0.01, 1)},
        ),
    ],
)
def test_presets_reach_what_they_are_held_to(kind, limits):
    """Means of five seeds, of which the preset knows nothing."""
    pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")
    found = []
    for seed in range(301, 306):
        learner = Jepa.of(JepaParams(seed=seed, anti_collapse=kind))
        initial = learner.initial_state()
        *_, (block, _) = learner.blocks(initial, 0, 100)
        tried = {"untrained": initial, "trained": block.state}
        numbers = learner.measure({label: learner.tried(s, label) for label, s in tried.items()})
        found.append(numbers["trained"])
    for name, (low, high) in limits.items():
        assert low <= np.mean([numbers[name] for numbers in found]) <= high, name
