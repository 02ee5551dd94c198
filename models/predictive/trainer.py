"""Training on the digits from Python: the room's epochs, with a checkpoint after each."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from driver.experiment.learning import NotFinite
from driver.files import plain, replace_file
from driver.flags.keywords import WHOLE, built, check_kind
from models.predictive import arguments
from models.predictive.datasets import standardised
from models.predictive.energy import Energy, parts_of, state_of_parts
from models.predictive.energy_network import EnergyNetwork, torch_energy
from models.predictive.learner import one_hot
from models.predictive.params import EnergyParams
from models.predictive.samples import rows
from stimuli.digits import N_CLASSES

COURSE = ("loss", "train_accuracy", "test_accuracy")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """What an `EnergyTrainer` is made of; it looks at the values, too."""

    sizes: Iterable[int]  # 64 pixels first, 10 digits last
    lr: float = 0.01
    epochs: int = 10
    batch_size: int = 32
    checkpoint_dir: str | Path = "checkpoints"
    log_interval: int = 1  # epochs between two lines
    random_state: int | None = None  # of split, weights and order, a stream each; None: drawn
    momentum: float = 0.9
    reg: float = 1e-4
    clip: float | None = 3.0  # s.d. that pixels are cut off at
    test_size: float = 0.25
    backend: str = "numpy"
    early_stop: int | None = None  # epochs without a lower loss after which it ends

    def __post_init__(self):
        if isinstance(self.sizes, Iterable):
            object.__setattr__(self, "sizes", tuple(self.sizes))


class Evaluation(NamedTuple):
    """`confusion` counts the images shown, by row, and what they were taken for, by column."""

    energy: float
    accuracy: float
    confusion: np.ndarray


class EnergyTrainer:
    """Trains an `EnergyNetwork`, net, on digits.

    Attributes
    ----------
    X_train, X_test, y_train, y_test : ndarray
        See `models.predictive.datasets.load_digits_dataset`.
    records : list of dict
        Of each epoch: loss, the energy of the training part after it; train_accuracy;
        test_accuracy; seconds, NaN of epochs before a checkpoint.
    history : list of float
        The losses.
    """

    def __init__(self, config: TrainingConfig):
        check_kind("config", config, TrainingConfig, "a TrainingConfig")
        sizes = arguments.layer_sizes(config.sizes)
        if (sizes[0], sizes[-1]) != (64, N_CLASSES):
            raise ValueError(f"sizes {[*sizes]}: needed 64 first and {N_CLASSES} last")
        whole("epochs", config.epochs, 0)
        whole("log_interval", config.log_interval, 1)
        if config.early_stop is not None:
            whole("early_stop", config.early_stop, 1)
        seed = arguments.seed_or_drawn(config.random_state)
        self.config = config = dataclasses.replace(config, random_state=seed)
        names = ("batch_size", "momentum", "reg", "test_size", "random_state")
        given = {name: getattr(config, name) for name in names} | {"lr": (config.lr,)}
        p = built(EnergyParams, {"random_state": "seed"}, given, "of_rule")
        more = {"reg": p.reg, "momentum": p.momentum, "backend": config.backend, "seed": seed}
        self.net = EnergyNetwork(sizes, **more)
        data, self.mean, self.scale = standardised(config.test_size, seed, config.clip)
        learner = Energy if config.backend == "numpy" else torch_energy().TorchEnergy
        self.learner = learner(p, sizes, data=data)
        self.X_train, self.X_test = data.x_train, data.x_test
        self.y_train, self.y_test = data.y_train, data.y_test
        self.folder, self.records = Path(config.checkpoint_dir), []

    @property
    def history(self) -> list[float]:
        return [row["loss"] for row in self.records]

    def train(self) -> list[dict[str, float]]:
        """Go on to the last epoch; returns the records. `FloatingPointError` if lr is too large."""
        self.folder.mkdir(parents=True, exist_ok=True)
        while len(self.records) < self.config.epochs and not self._stopped():
            self._epoch(len(self.records) + 1)
        if self.records:
            self._draw()
        return self.records

    def evaluate(self, X, y) -> Evaluation:
        """Energy, accuracy and confusion of images that are scaled as `X_test` is."""
        x, words = rows("X", X, self.net.sizes[0]), "labels from 0 to 9, one an image"
        labels = arguments.numbers("y", y, (len(x),), words).astype(int)
        if not (np.equal(labels, y).all() and np.isin(labels, range(N_CLASSES)).all()):
            raise ValueError(f"y {y!r}: needed {words}")
        told, confusion = self.net.predict(x).argmax(axis=1), np.zeros((N_CLASSES, N_CLASSES), int)
        np.add.at(confusion, (labels, told), 1)
        energy = self.net.energy(x, one_hot(labels, N_CLASSES))
        return Evaluation(energy, float((told == labels).mean()), confusion)

    @classmethod
    def from_checkpoint(cls, path: str | Path, epochs: int | None = None) -> EnergyTrainer:
        """As it was after an epoch, to go on with the same bits; to more `epochs` if given.

        ValueError for a file that is no checkpoint, incomplete or of other sizes.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {key: file[key] for key in file.files}
            config = json.loads(str(found["config"])) | {"checkpoint_dir": Path(path).parent}
            trainer = cls(TrainingConfig(**config | ({} if epochs is None else {"epochs": epochs})))
            trainer.net.load_state_dict({k: found[k] for k in trainer.net.state_dict()})
            courses = zip(*(found[k].tolist() for k in COURSE), strict=True)
            trainer.records = [row_of(course, math.nan) for course in courses]
            if len(trainer.records) != int(found["epoch"]):
                raise ValueError(f"{len(trainer.records)} records after epoch {found['epoch']}")
        except (ValueError, KeyError, EOFError, BadZipFile, AttributeError, TypeError) as error:
            raise ValueError(f"{path} is not a checkpoint of this trainer: {error}") from None
        return trainer

    def _stopped(self) -> bool:
        n, losses = self.config.early_stop, self.history
        return n is not None and len(losses) > n and min(losses[-n:]) >= min(losses[:-n])

    def _epoch(self, epoch: int) -> None:
        began, net = time.perf_counter(), self.net.perceptron
        state = state_of_parts(*net.parts())
        try:
            block, _ = next(self.learner.blocks(state, epoch - 1, epoch))
            net.load(*parts_of(block.state))
            train = self.evaluate(self.X_train, self.y_train)
            test = self.evaluate(self.X_test, self.y_test)
            course = (train.energy, train.accuracy, test.accuracy)
            records = [*self.records, row_of(course, time.perf_counter() - began)]
            self._save(records)
        except NotFinite:
            good = self.path(epoch - 1) if epoch > 1 else "there is none"
            raise FloatingPointError(
                f"weights left the numbers in epoch {epoch} with lr {self.config.lr:g}; last good "
                f"checkpoint: {good}; try a smaller lr"
            ) from None
        except BaseException:  # Ctrl+C, too: of an epoch that did not end nothing is kept
            net.load(*parts_of(state))
            raise
        self.records = records
        if epoch % self.config.log_interval == 0:
            print(f"Epoch {epoch:03d}: loss={train.energy:.4f} test_acc={test.accuracy:.3f}")

    def path(self, epoch: int) -> Path:
        return self.folder / f"epoch_{epoch}.npz"

    def _save(self, records: list[dict[str, float]]) -> None:
        config = plain(dataclasses.asdict(self.config))
        del config["checkpoint_dir"]  # where the file stands
        content = {k: [row[k] for row in records] for k in COURSE} | self.net.state_dict()
        content |= {"sizes": self.net.sizes, "epoch": len(records), "config": json.dumps(config)}
        content |= {"mean": self.mean, "scale": self.scale}
        replace_file(self.path(len(records)), partial(np.savez_compressed, **content))

    def _draw(self) -> None:
        from driver.figures import page, style

        epochs = np.arange(1, len(self.records) + 1)
        with style.applied():
            figure = page.page(f"Digits, layers of {', '.join(map(str, self.net.sizes))}", 3.6, 9)
            loss, accuracy = figure.subplots(1, 2)
            for ax, name, colour in zip(
                (loss, accuracy, accuracy), COURSE, (style.TRAINED, style.DARK, style.TRAINED),
                strict=True,
            ):  # fmt: skip
                y = [row[name] for row in self.records]
                ax.plot(epochs, y, color=colour, marker="o", ms=3, label=name.replace("_", " "))
                ax.set(xlabel="epoch")
                ax.xaxis.get_major_locator().set_params(integer=True)
            loss.set(ylabel="energy of the training part", ylim=(0, None))
            accuracy.set(ylabel="accuracy")
            style.legend_above(accuracy)
            write = partial(figure.savefig, **style.PNG)
            replace_file(self.folder / "training_loss.png", write)


def row_of(course: Iterable[float], seconds: float) -> dict[str, float]:
    return dict(zip(COURSE, course, strict=True)) | {"seconds": seconds}


def whole(name: str, value, least: int) -> None:
    check_kind(name, value, *WHOLE)
    if value < least:
        raise ValueError(f"{name} {value}: needed a whole number from {least} on")
