"""What learners of images have in common: an epoch of samples, in pieces of the compiled length.

A rule (`rate`, `equilibrium`, `dendritic`) adds its numbers. Weights and biases are all that an
epoch leaves behind, and the order of its samples is a function of seed and epoch: so a run goes on
from any epoch with the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace

import numpy as np

from driver.engine.model import Block, Model, contacts
from driver.engine.randomness import generator
from driver.experiment.going_on import Arrays
from driver.experiment.learning import NotFinite
from driver.experiment.network import Network, Session, State
from models.predictive.controls import controls
from models.predictive.outcome import judge_accuracy
from models.predictive.params import STEP_S, ImageParams
from stimuli.digits import N_CLASSES, SIZES, Split, split_of

BLOCK_ROWS = 256  # samples of a block
LARGEST = 1e6  # of any number of a state


def full(sizes: Sequence[int], *names: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Sources and targets of synapses from all to all into every layer, target by target."""
    found = {}
    for k, (n_in, n_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True), 1):
        j, i = np.indices((n_out, n_in))
        found |= {f"{name}{k}": (i.ravel(), j.ravel()) for name in names}
    return found


def matrices(state: State) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights, shape (n_out, n_in), and biases of each layer."""
    biases = [state[f"layer{k}.bias"] for k in range(1, 1 + sum(".bias" in key for key in state))]
    weights = [state[f"weights{k}.w"].reshape(b.size, -1) for k, b in enumerate(biases, 1)]
    return weights, biases


def state_of(weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> State:
    """The inverse of `matrices`."""
    found = {f"weights{k}.w": w.ravel() for k, w in enumerate(weights, 1)}
    return found | {f"layer{k}.bias": b for k, b in enumerate(biases, 1)}


class ImageLearner:
    """A learner of samples with targets: what is asked of it, and what is measured.

    A class below adds ``first_weights(p, rng, n_out, n_in)``, ``predicted(p, state, x)`` and
    ``epoch(state, epoch, x, y)``, which learns all samples once and returns a block.
    """

    params: ImageParams
    sizes: tuple[int, ...]
    data: Split | None

    @classmethod
    def of(cls, p: ImageParams, session: Session | None = None):
        """With the images of its parameters."""
        data = split_of(p.data, p.test_size, p.seed, p.scaling, p.contrast)
        return cls(p, cls.sizes_of(p), session, data)

    @staticmethod
    def sizes_of(p: ImageParams) -> tuple[int, ...]:
        return SIZES[p.data][1], *p.hidden, N_CLASSES

    @property
    def layers(self) -> range:
        return range(1, len(self.sizes))

    def initial_state(self) -> State:
        return self.begin(self.params, self.sizes)

    @classmethod
    def begin(cls, p: ImageParams, sizes: Sequence[int]) -> State:
        """Weights and biases of a seed."""
        rng = generator(p.seed, "initial weights")
        shapes = zip(sizes[1:], sizes[:-1], strict=True)
        weights = [cls.first_weights(p, rng, n_out, n_in) for n_out, n_in in shapes]
        return state_of(weights, [np.zeros(n) for n in sizes[1:]])

    def outputs(self, state: State, x: np.ndarray) -> np.ndarray:
        return self.predicted(self.params, state, x)

    def eta(self, epoch: int) -> dict[str, float]:
        """Learning rates of an epoch."""
        rates = self.params.lr + self.params.lr[-1:] * len(self.layers)
        factor = self.params.lr_decay**epoch
        return {f"layer{k}.eta": factor * rates[k - 1] for k in self.layers}

    @staticmethod
    def rates(outputs: np.ndarray) -> np.ndarray:
        """Outputs on the scale of the targets."""
        return outputs

    def order(self, epoch: int, n: int) -> np.ndarray:
        """In which an epoch shows its samples."""
        return generator(self.params.seed, "order of samples", epoch).permutation(n)

    def blocks(
        self, state: State, first: int, stop: int, *, learn: bool = True, hold: bool = False
    ) -> Iterator[tuple[Block, int]]:
        """Epochs `first` to `stop` - 1 of the training part; yields each and how many are done.

        The state is given back whatever `hold` is: the course of a training is made of it.
        """
        y = one_hot(self.data.y_train, self.data.n_classes)
        for epoch in range(first, stop):
            block = self.epoch(state, epoch, self.data.x_train, y)
            state = block.state
            if words := beyond(state):
                raise NotFinite(f"{words} after epoch {epoch + 1}: no valid results, lower --lr")
            yield block, epoch + 1

    def course(self, block: Block) -> dict[str, float]:
        """What is recorded of an epoch."""
        d, y = self.data, one_hot(self.data.y_train, self.data.n_classes)
        train = self.outputs(block.state, d.x_train)
        return {
            "train_accuracy": accuracy(train, d.y_train),
            "accuracy": accuracy(self.outputs(block.state, d.x_test), d.y_test),
            "error": half_squares(self.rates(train), y),
        }

    def tried(self, state: State, label: str) -> Arrays:
        """Outputs of the test part, and the biases."""
        d = self.data
        found = {"outputs": self.outputs(state, d.x_test), "labels": d.y_test}
        found["train_accuracy"] = accuracy(self.outputs(state, d.x_train), d.y_train)
        return found | {k: v for k, v in state.items() if k.endswith(".bias")}

    def of_network(self, arrays: Arrays) -> dict[str, float]:
        """Numbers of one network by itself."""
        found = {"accuracy": accuracy(arrays["outputs"], arrays["labels"])}
        return found | {"train_accuracy": float(arrays["train_accuracy"])}

    def measure(self, recordings: Mapping[str, Arrays]) -> dict[str, dict]:
        """All numbers of both networks, beside those of the controls."""
        beside, found = controls(self.params), {}
        for label, arrays in recordings.items():
            numbers = self.of_network(arrays) | beside
            for name, level in beside.items():
                numbers[f"over_{name}"] = numbers["accuracy"] - level
            found[label] = numbers | judge_accuracy(numbers).stored()
        return found


class Learner(ImageLearner, Network):
    """One whose network is Brian's; a rule's class has the rest.

    Attributes
    ----------
    builder : str
        See `driver.engine.model.Model`.
    """

    builder: str
    populations: tuple[str, ...] = ()

    def __init__(
        self,
        p: ImageParams,
        sizes: Sequence[int],
        session: Session | None = None,
        data: Split | None = None,
    ):
        self.params, self.sizes, self.data = p, tuple(sizes), data
        self.constants = self.numbers()
        structure = {"dt_s": STEP_S, "sizes": list(sizes), "block_rows": BLOCK_ROWS}
        model = Model(
            builder=f"models.predictive.network:{self.builder}",
            structure=structure | self.structure(),
            wiring=contacts(full(sizes, "weights")),
            state=tuple(self.initial_state()),
            scratch=self.scratch(),
            populations=self.populations,
        )
        super().__init__(model, p.work, session)

    def epoch(self, state: State, epoch: int, x: np.ndarray, y: np.ndarray) -> Block:
        """Learn all samples `x`, shape (n, n_in), with targets `y`, (n, n_out), once."""
        order = self.order(epoch, len(x))
        given, block = self.constants | self.eta(epoch), None
        for first in range(0, len(x), BLOCK_ROWS):
            rows = order[first : first + BLOCK_ROWS]
            tables = {"samples.values": padded(x[rows]), "targets.values": padded(y[rows])}
            start = (epoch * len(x) + first) * self.params.window
            n_steps = rows.size * self.params.window
            block = self.engine.run(given | tables | state, first_step=start, n_steps=n_steps)
            state = block.state
            if not all(np.isfinite(array).all() for array in state.values()):
                break  # who asked for the epoch looks at it, and no block takes it
        return block


class HostLearner(ImageLearner):
    """One that needs no engine: NumPy, or what its class brings along."""

    backend = "numpy"

    def __init__(
        self,
        p: ImageParams,
        sizes: Sequence[int],
        session: Session | None = None,
        data: Split | None = None,
    ):
        self.params, self.sizes, self.data = p, tuple(sizes), data
        self.model = SimpleNamespace(wiring=contacts(full(sizes, "weights")))
        self.rounded = lambda state: state
        self.engine = SimpleNamespace(backend=self.backend, holds=False, close=lambda: None)
        (session or Session()).status.update(backend=self.backend)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        """Nothing to let go of."""


def beyond(state: State) -> str:
    """Which array has left the numbers, or all that weights can sensibly be; empty if none has."""
    for key, array in state.items():
        largest = np.abs(array).max(initial=0)
        if not largest <= LARGEST:
            return f"{key} is {'not finite' if np.isnan(largest) else f'beyond {LARGEST:g}'}"
    return ""


def half_squares(outputs: np.ndarray, y: np.ndarray) -> float:
    """Mean over samples of half the squared error."""
    return float(((outputs - y) ** 2).sum(axis=1).mean() / 2)


def accuracy(outputs: np.ndarray, labels: np.ndarray) -> float:
    """Share of samples whose largest output is that of their class."""
    return float((outputs.argmax(axis=1) == labels).mean())


def padded(rows: np.ndarray) -> np.ndarray:
    """As many rows as a block has."""
    found = np.zeros((BLOCK_ROWS, rows.shape[1]))
    found[: len(rows)] = rows
    return found


def one_hot(labels: np.ndarray, n_classes: int) -> np.ndarray:
    return np.eye(n_classes)[labels]
