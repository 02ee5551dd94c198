"""Training on the digits from Python, and the digits as a data set."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bio_snn.datasets import gather_digits_dataset, load_digits_dataset
from bio_snn.training import EnergyTrainer, TrainingConfig
from models.predictive import trainer as module
from models.predictive.datasets import main, standardised
from models.predictive.energy import Energy
from models.predictive.learner import matrices
from models.predictive.params import EnergyParams
from stimuli.digits import split_of

pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")
ROOT = Path(__file__).parents[2]
SMALL = {"sizes": [64, 6, 10], "lr": 0.05, "epochs": 3, "random_state": 4}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(folder: str = "checkpoints", **changes) -> EnergyTrainer:
    return EnergyTrainer(TrainingConfig(checkpoint_dir=folder, **SMALL | changes))


def files(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def arrays(path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_training_says_how_it_goes_and_leaves_its_files(capsys):
    trainer = made(log_interval=2)
    assert not Path("checkpoints").exists()
    records = trainer.train()
    last = records[-1]
    assert list(last) == ["loss", "train_accuracy", "test_accuracy", "seconds"]
    assert trainer.history == [row["loss"] for row in records] and len(records) == 3
    assert trainer.history[2] < trainer.history[0] and last["test_accuracy"] > 0.7
    (line,) = capsys.readouterr().out.splitlines()
    second = records[1]
    assert line == f"Epoch 002: loss={second['loss']:.4f} test_acc={second['test_accuracy']:.3f}"
    names = {"epoch_1.npz", "epoch_2.npz", "epoch_3.npz", "training_loss.png"}
    assert {*files("checkpoints")} == names
    assert files("checkpoints")["training_loss.png"].startswith(b"\x89PNG")
    stored = arrays("checkpoints/epoch_3.npz")
    assert json.loads(str(stored["config"]))["lr"] == 0.05 and stored["epoch"] == 3
    np.testing.assert_array_equal(stored["sizes"], [64, 6, 10])
    np.testing.assert_array_equal(stored["W1"], trainer.net.weights[1])
    np.testing.assert_array_equal(stored["scale"], trainer.scale)


def test_an_evaluation_is_of_what_is_shown():
    trainer = made()
    trainer.train()
    found = trainer.evaluate(trainer.X_test, trainer.y_test)
    told = trainer.net.predict(trainer.X_test).argmax(axis=1)
    assert found.accuracy == (told == trainer.y_test).mean() == trainer.records[-1]["test_accuracy"]
    np.testing.assert_array_equal(found.confusion.sum(axis=1), np.bincount(trainer.y_test))
    assert np.trace(found.confusion) == round(found.accuracy * len(told))
    eight_for_one = ((trainer.y_test == 8) & (told == 1)).sum()
    assert found.confusion[8, 1] == eight_for_one != found.confusion[1, 8]
    train = trainer.evaluate(trainer.X_train, trainer.y_train)
    assert (
        train.energy
        == trainer.history[-1]
        == trainer.net.energy(trainer.X_train, np.eye(10)[trainer.y_train])
    )
    for y in (trainer.y_test[:-1], trainer.y_test + 1, trainer.y_test + 0.5):
        with pytest.raises(ValueError, match="needed labels from 0 to 9"):
            trainer.evaluate(trainer.X_test, y)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_run_is_a_function_of_its_random_state_and_goes_on_with_the_same_bits(
    backend, monkeypatch
):
    """Killed while it writes its second checkpoint."""
    if backend == "torch":
        pytest.importorskip("torch", reason="pip install -r requirements-torch.txt")
    made("a", backend=backend).train()
    state = np.random.get_state()[1].copy()
    made("b", backend=backend).train()
    np.testing.assert_array_equal(state, np.random.get_state()[1])
    assert files("a") == files("b")

    class Killed(BaseException):
        pass

    def half(target, write):
        raise Killed

    killed, whole = made("c", backend=backend), module.replace_file
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(
            module, "replace_file", lambda t, w: (half if t.stem == "epoch_2" else whole)(t, w)
        )
        killed.train()
    assert [*files("c")] == ["epoch_1.npz"] and len(killed.records) == 1
    np.testing.assert_array_equal(killed.net.weights[0], arrays("c/epoch_1.npz")["W0"])
    again = EnergyTrainer.from_checkpoint("c/epoch_1.npz")
    assert [again.history, len(again.train())] == [killed.history, 3]
    assert files("c") == files("a")
    killed.train()
    assert files("c") == files("a"), "the object itself goes on, too"
    assert len(EnergyTrainer.from_checkpoint("c/epoch_3.npz", epochs=4).train()) == 4
    assert made("d", backend=backend, random_state=5).train() and files("d") != files("a")


def test_its_epochs_are_those_of_the_room():
    trainer = made()
    trainer.train()
    learner = Energy.of(EnergyParams(seed=4, hidden=(6,)))
    *_, (block, _) = learner.blocks(learner.initial_state(), 0, 3)
    for ours, theirs in zip(trainer.net.weights, matrices(block.state)[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_no_random_state_is_drawn_and_kept():
    first, second = made(random_state=None), made(random_state=None)
    assert first.config.random_state != second.config.random_state
    first.train()
    again = EnergyTrainer.from_checkpoint("checkpoints/epoch_1.npz")
    np.testing.assert_array_equal(again.X_test, first.X_test)


def test_no_epochs_leave_an_empty_folder():
    assert made(epochs=0).train() == [] and files("checkpoints") == {}


def test_it_stops_early_and_does_not_go_on():
    trainer = made(epochs=40, lr=0.1, momentum=0.95, early_stop=1)
    n = len(trainer.train())
    assert 1 < n < 40 and np.argmax(np.diff(trainer.history) >= 0) == n - 2
    path = f"checkpoints/epoch_{n}.npz"
    assert len(EnergyTrainer.from_checkpoint(path).train()) == n


def test_a_rate_that_is_too_large_ends_with_the_last_good_checkpoint():
    trainer = made(lr=1e3)
    with pytest.raises(FloatingPointError, match=r"epoch \d with lr 1000; last good checkpoint: "):
        trainer.train()
    kept = {f"epoch_{k}.npz" for k in range(1, len(trainer.records) + 1)}
    assert {*files("checkpoints")} == kept and np.isfinite(trainer.net.weights[0]).all()
    trainer = made("later")
    trainer.train()
    trainer.config = dataclasses.replace(trainer.config, epochs=9)
    trainer.learner.params = dataclasses.replace(trainer.learner.params, lr=(1e200,))
    with pytest.raises(FloatingPointError, match=r"in epoch 4 .*later/epoch_3.npz"):
        trainer.train()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sizes": [64, 32]}, "needed 64 first and 10 last"),
        ({"sizes": [63, 10]}, "needed 64 first"),
        ({"sizes": [64]}, "sizes"),
        ({"sizes": [64, 0, 10]}, "sizes"),
        ({"sizes": [64, True, 10]}, "sizes True"),
        ({"sizes": 64}, "sizes 64"),
        ({"lr": 0.0}, "lr 0.0"),
        ({"lr": float("nan")}, "lr nan"),
        ({"lr": "fast"}, "lr fast"),
        ({"momentum": 1.0}, "momentum 1.0"),
        ({"reg": -1.0}, "reg -1.0"),
        ({"batch_size": 0}, "batch_size 0"),
        ({"batch_size": 1.5}, "batch_size 1.5"),
        ({"epochs": -1}, "epochs -1"),
        ({"epochs": 2.0}, "epochs 2.0"),
        ({"log_interval": 0}, "log_interval 0"),
        ({"early_stop": 0}, "early_stop 0"),
        ({"clip": 0.0}, "clip 0"),
        ({"clip": -1.0}, "clip -1"),
        ({"test_size": 1.0}, "test_size 1.0"),
        ({"test_size": 0.001}, "test_size 0.001: two images of each digit"),
        ({"test_size": 0.999}, "test_size 0.999: two images of each digit"),
        ({"random_state": -1}, "random_state -1"),
        ({"random_state": 1.5}, "random_state 1.5"),
        ({"backend": "jax"}, "backend 'jax' is not one of numpy, torch"),
        ({"rule": "backprop"}, "rule"),
    ],
)
def test_configurations_that_are_none(changes, complaint, here):
    with pytest.raises((ValueError, TypeError), match=complaint):
        made(**changes)
    assert [*here.iterdir()] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"W0": None}, "W0"),
        ({"vb1": None}, "vb1"),
        ({"W0": np.zeros((5, 64))}, r"W0 of shape \(5, 64\), needed \(6, 64\)"),
        ({"b0": np.full(6, np.nan)}, "b0 nan"),
        ({"config": None}, "config"),
        ({"config": '{"sizes": [64, 5, 10]}'}, "W0 of shape"),
        ({"config": '{"rule": 1, "sizes": [64, 6, 10]}'}, "rule"),
        ({"loss": np.zeros(2)}, "shorter|longer"),
        ({"epoch": 2}, "1 records after epoch 2"),
        ({"more": np.array([{}], dtype=object)}, "allow_pickle"),
    ],
)
def test_checkpoints_that_are_none(change, complaint):
    made(epochs=1).train()
    found = arrays("checkpoints/epoch_1.npz") | change
    np.savez("bad.npz", **{k: v for k, v in found.items() if v is not None})
    with pytest.raises(ValueError, match=f"bad.npz is not a checkpoint.*({complaint})"):
        EnergyTrainer.from_checkpoint("bad.npz")
    Path("bad.npz").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="bad.npz is not a checkpoint"):
        EnergyTrainer.from_checkpoint("bad.npz")


@pytest.mark.slow
def test_the_configuration_of_the_description_reaches_94_percent():
    config = {"sizes": [64, 32, 10], "lr": 0.05, "epochs": 5}
    found = [made(**config, random_state=s).train()[-1]["test_accuracy"] for s in range(5)]
    assert np.mean(found) >= 0.94 and min(found) >= 0.92


# --- data set ----------------------------------------------------------------------------------


def test_pixels_have_mean_0_and_sd_1_in_the_training_part_alone():
    X_train, X_test, y_train, y_test = load_digits_dataset(random_state=0)
    assert (X_train.shape, X_test.shape) == ((1347, 64), (450, 64))
    assert X_train.dtype == np.float64 and y_test.dtype == np.int64
    constant = X_train.std(axis=0) == 0
    assert constant.sum() == 4 and not X_train[:, constant].any() and not X_test[:, constant].any()
    np.testing.assert_allclose(X_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X_train[:, ~constant].std(axis=0), 1)
    assert X_train.max() > 30 and np.abs(X_test.mean(axis=0)).max() > 0.01
    clipped = load_digits_dataset(random_state=0, clip=3)
    np.testing.assert_array_equal(clipped[0], np.clip(X_train, -3, 3))
    room = split_of("digits", 0.25, 0, "standard")
    np.testing.assert_array_equal(clipped[1], room.x_test)
    np.testing.assert_array_equal(y_train, room.y_train)
    from sklearn.datasets import load_digits

    split, mean, scale = standardised(random_state=0)
    raw = {row.tobytes() for row in load_digits().data}
    back = np.where(constant, mean, X_test * np.where(constant, 1, scale) + mean)
    assert sum(row.tobytes() in raw for row in back.round() + 0.0) > 440, "-0 is 0"


def test_a_split_without_a_seed_is_another_and_leaves_the_global_generator_alone():
    np.random.seed(0)
    first = load_digits_dataset()[2]
    np.random.seed(0)
    state = np.random.get_state()[1].copy()
    assert not np.array_equal(first, load_digits_dataset()[2])
    np.testing.assert_array_equal(state, np.random.get_state()[1])


def test_the_documented_command_runs_from_anywhere_and_replaces_whole_files(here):
    script = ROOT / "scripts" / "gather_digits_dataset.py"
    words = "--out-dir data --test-size 0.2 --random-state 0".split()
    done = subprocess.run([sys.executable, script, *words], capture_output=True, text=True)
    lines = [
        "data/train.npz: 1437 samples, of each digit 142,146,142,146,145,145,145,143,139,144",
        "data/test.npz: 360 samples, of each digit 36,36,35,37,36,37,36,36,35,36",
    ]
    assert (done.stdout.splitlines(), done.stderr) == (lines, "")
    train, test = arrays("data/train.npz"), arrays("data/test.npz")
    assert {*train} == {*test} == {"X", "y", "mean", "scale"}
    np.testing.assert_array_equal(train["X"], load_digits_dataset(0.2, 0)[0])
    Path("data/train.npz").write_bytes(b"old")
    assert gather_digits_dataset("data", 0.2, 0) == (Path("data/train.npz"), Path("data/test.npz"))
    np.testing.assert_array_equal(arrays("data/train.npz")["X"], train["X"])
    assert len([*Path("data").iterdir()]) == 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--test-size 0", "test_size 0.0"),
        ("--test-size 0.001", "test_size 0.001: two images of each digit"),
        ("--random-state -1", "random_state -1"),
        ("--random-state a", "--random-state"),
        ("--out-dir /dev/null/a", "/dev/null"),
    ],
)
def test_a_command_that_cannot_be_run_writes_nothing(words, complaint, capsys, here):
    with pytest.raises(SystemExit) as end:
        main(words.split())
    assert end.value.code == 2 and complaint in capsys.readouterr().err
    assert [*here.iterdir()] == []


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("stimuli.digits.find_spec", lambda name: None)
    for ask in (load_digits_dataset, made):
        with pytest.raises(ImportError, match="needs scikit-learn: pip install -r requirements-le"):
            ask()
