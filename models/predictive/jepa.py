"""Joint embedding: from one half of an image the embedding of the other, Assran et al. (2023).

z_c = g(c),  z_t = g'(t),  p = h(z_c);  g, h: tanh layers, the last one linear
none     L = mean over samples of |p - z_t|^2 / 2,  g' = g, and gradients go through both branches
ema      the same L; gradients go through z_c only,  g' <- ema g' + (1 - ema) g  after each step
vicreg   L = 25 mean (p - z_t)^2 + sum over z_c, z_t of [25 mean max(0, 1 - std) + c_w C^2 / d],
         C^2 = sum of squared covariances off the diagonal,  g' = g, Bardes et al. (2022)
and in each  + reg/2 * sum of all squared weights

A constant z has L = 0 with the first: the loss says nothing of what was learned, so collapse is
measured. All by hand in NumPy, which at these sizes takes a third of the time of PyTorch.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from driver.engine.model import Block, contacts
from driver.engine.randomness import generator
from driver.experiment.going_on import Arrays
from driver.experiment.metric import UNTRAINED
from driver.experiment.network import Session, State
from models.predictive.controls import LINEAR_C
from models.predictive.energy import forward
from models.predictive.learner import HostLearner, accuracy, full, state_of
from models.predictive.outcome import judge_embedding
from models.predictive.params import JepaParams
from stimuli.digits import SIZES, Split

Net = tuple[list[np.ndarray], list[np.ndarray]]  # weights, shape (n_out, n_in), and biases
INVARIANCE = VARIANCE = 25.0  # weights of two terms of vicreg, as published
TINY = 1e-4  # added to a variance, as published
BETAS, ADAM_TINY = (0.9, 0.999), 1e-8  # of Adam, Kingma and Ba (2015)
SIDES = (-1.0, 1.0)  # what tells the shared encoder a left half from a right one


def net_of(flat: np.ndarray, sizes: Sequence[int]) -> Net:
    """A network in views into its numbers: all weights, then all biases."""
    pairs = [*zip(sizes[1:], sizes[:-1], strict=True)]
    shapes = [*pairs, *((n_out,) for n_out, _ in pairs)]
    found, at = [], 0
    for shape in shapes:
        found.append(flat[at : (at := at + math.prod(shape))].reshape(shape))
    return found[: len(pairs)], found[len(pairs) :]


def backward(net: Net, a: Sequence[np.ndarray], delta: np.ndarray, into: Net) -> np.ndarray:
    """Add to gradients what a gradient `delta` at the output means; returns that at the input."""
    for k in reversed(range(len(net[0]))):
        into[0][k] += delta.T @ a[k]
        into[1][k] += delta.sum(axis=0)
        delta = delta @ net[0][k]
        if k:
            delta *= 1 - a[k] * a[k]
    return delta


def spread(z: np.ndarray, c_w: float) -> tuple[float, np.ndarray]:
    """Variance and covariance terms of vicreg of a batch, and their gradient."""
    n, d = z.shape
    z = z - z.mean(axis=0)
    std = np.sqrt((z * z).sum(axis=0) / (n - 1) + TINY)
    off = z.T @ z / (n - 1)
    np.fill_diagonal(off, 0)
    value = VARIANCE * np.maximum(0, 1 - std).mean() + c_w * (off * off).sum() / d
    return value, (4 * c_w * z @ off - VARIANCE * (std < 1) / std * z) / (d * (n - 1))


@dataclasses.dataclass(frozen=True)
class Joint:
    """Encoder, predictor and loss. Its numbers `theta` are one vector, the encoder's first."""

    encoder: tuple[int, ...]
    predictor: tuple[int, ...]
    anti_collapse: str
    ema: float
    c_w: float
    reg: float

    @property
    def n_encoder(self) -> int:
        return n_numbers(self.encoder)

    def nets(self, theta: np.ndarray) -> tuple[Net, Net]:
        n = self.n_encoder
        return net_of(theta[:n], self.encoder), net_of(theta[n:], self.predictor)

    def first(self, rng: np.random.Generator, sd: float | None = None) -> np.ndarray:
        """Weights at start, of s.d. n_in**-0.5 or `sd`, and biases of 0."""
        theta = np.zeros(self.n_encoder + n_numbers(self.predictor))
        for weights, _ in self.nets(theta):
            for w in weights:
                w[...] = rng.normal(0, sd or w.shape[1] ** -0.5, w.shape)
        return theta

    def embed(self, flat: np.ndarray, x: np.ndarray) -> np.ndarray:
        """z of samples, by the encoder in the first numbers of `flat`."""
        return forward(*net_of(flat[: self.n_encoder], self.encoder), x)[-1]

    def predict(self, theta: np.ndarray, c: np.ndarray) -> np.ndarray:
        return forward(*self.nets(theta)[1], self.embed(theta, c))[-1]

    def gradient(
        self, theta: np.ndarray, target: np.ndarray, c: np.ndarray, t: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """The loss of a batch, and its gradient at `theta`; `target`: numbers of g'."""
        slope = np.zeros_like(theta)
        (g, h), (of_g, of_h) = self.nets(theta), self.nets(slope)
        a_c, a_t = forward(*g, c), forward(*net_of(target, self.encoder), t)
        a_p = forward(*h, a_c[-1])
        error = a_p[-1] - a_t[-1]
        more_c = more_t = 0.0
        if self.anti_collapse == "vicreg":
            of_c, more_c = spread(a_c[-1], self.c_w)
            of_t, more_t = spread(a_t[-1], self.c_w)
            loss = INVARIANCE * (error * error).mean() + of_c + of_t
            delta = 2 * INVARIANCE * error / error.size
        else:
            loss, delta = (error * error).sum() / (2 * len(c)), error / len(c)
        backward(g, a_c, backward(h, a_p, delta, of_h) + more_c, of_g)
        if self.anti_collapse != "ema":
            backward(g, a_t, more_t - delta, of_g)
        for w, of_w in zip(g[0] + h[0], of_g[0] + of_h[0], strict=True):
            loss += self.reg * (w * w).sum() / 2
            of_w += self.reg * w
        return float(loss), slope

    def follow(self, target: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Numbers of g' after a step."""
        kept = self.ema if self.anti_collapse == "ema" else 0.0
        return kept * target + (1 - kept) * theta[: self.n_encoder]

    def named(self, theta: np.ndarray) -> State:
        """Numbers under the room's names, of which `flat` is the inverse."""
        encoder, (weights, biases) = self.nets(theta)
        found = state_of(*encoder)
        found |= {f"predictor{k}.w": w.ravel() for k, w in enumerate(weights, 1)}
        return found | {f"predictor{k}.b": b for k, b in enumerate(biases, 1)}

    def flat(self, state: State) -> np.ndarray:
        empty = self.named(np.zeros(self.n_encoder + n_numbers(self.predictor)))
        return np.concatenate([state[key] for key in empty])


def n_numbers(sizes: Sequence[int]) -> int:
    return sum(n_out * (n_in + 1) for n_in, n_out in zip(sizes[:-1], sizes[1:], strict=True))


def collapse(z: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """What embeddings `z`, shape (n, d), of many samples still say, and how well they are foretold.

    Mean s.d. of a dimension; effective rank exp(entropy of the shares of squared singular values),
    from 1 to d; R2 of `predicted`. The last two are NaN where all samples are alike.
    """
    std, total = float(z.std(axis=0).mean()), ((z - z.mean(axis=0)) ** 2).sum()
    if not total:
        return {"std": std, "effective_rank": math.nan, "r2": math.nan}
    shares = singular_values(z) ** 2
    shares = shares[shares > 0] / shares.sum()
    rank = math.exp(-(shares * np.log(shares)).sum())
    return {
        "std": std,
        "effective_rank": rank,
        "r2": float(1 - ((predicted - z) ** 2).sum() / total),
    }


def singular_values(z: np.ndarray) -> np.ndarray:
    """Of the centred embeddings over sqrt(n): s.d. along their principal axes."""
    return np.linalg.svd(z - z.mean(axis=0), compute_uv=False) / len(z) ** 0.5


def halves(x: np.ndarray, shape: tuple[int, int]) -> list[np.ndarray]:
    """Left and right halves of images, rows, each with a last number that says which."""
    parts = np.split(x.reshape(-1, *shape), 2, axis=2)
    rows = (part.reshape(len(x), -1) for part in parts)
    return [np.insert(row, row.shape[1], side, 1) for row, side in zip(rows, SIDES, strict=True)]


class Jepa(HostLearner):
    """The room's learner: it never sees a label, but a linear read-out, the probe, does.

    `accuracy` is that of the probe, of the embeddings of both halves.
    """

    def __init__(self, p: JepaParams, sizes: Sequence[int], *more: Session | Split | None):
        super().__init__(p, sizes, *more)
        self.joint = self.joint_of(p, sizes)
        self.model.wiring |= contacts(full(self.joint.predictor, "predictor"))

    @staticmethod
    def sizes_of(p: JepaParams) -> tuple[int, ...]:
        return SIZES[p.data][1] // 2 + 1, *p.hidden, p.embedding

    @staticmethod
    def joint_of(p: JepaParams, sizes: Sequence[int]) -> Joint:
        predictor = (sizes[-1], *p.predictor, sizes[-1])
        return Joint(tuple(sizes), predictor, p.anti_collapse, p.ema, p.c_w, p.reg)

    @classmethod
    def begin(cls, p: JepaParams, sizes: Sequence[int]) -> State:
        joint = cls.joint_of(p, sizes)
        theta = joint.first(generator(p.seed, "initial weights"))
        moments = {f"adam.{name}": np.zeros_like(theta) for name in ("mean", "square")}
        return joint.named(theta) | moments | {"target": theta[: joint.n_encoder].copy()}

    @np.errstate(over="ignore", invalid="ignore")  # who asked for the epoch looks at its end
    def epoch(self, state: State, epoch: int, x: np.ndarray, y: np.ndarray | None = None) -> Block:
        """Learn all images `x` once, in batches of at least `batch_size`; labels are of no use."""
        p, joint, (c, t) = self.params, self.joint, halves(x, self.data.shape)
        theta, target = joint.flat(state), state["target"]
        mean, square = (state[f"adam.{name}"] for name in ("mean", "square"))
        batches = np.array_split(self.order(epoch, len(x)), max(1, len(x) // p.batch_size))
        for step, rows in enumerate(batches, epoch * len(batches) + 1):
            _, slope = joint.gradient(theta, target, c[rows], t[rows])
            mean = BETAS[0] * mean + (1 - BETAS[0]) * slope
            square = BETAS[1] * square + (1 - BETAS[1]) * slope * slope
            m, v = mean / (1 - BETAS[0] ** step), square / (1 - BETAS[1] ** step)
            theta = theta - p.lr[0] * p.lr_decay**epoch * m / (np.sqrt(v) + ADAM_TINY)
            target = joint.follow(target, theta)
        moments = {"adam.mean": mean, "adam.square": square}
        return Block(joint.named(theta) | moments | {"target": target}, {}, {})

    def course(self, block: Block) -> dict[str, float]:
        """The loss of the training part as one batch, and `collapse` of the test part."""
        theta, target = self.joint.flat(block.state), block.state["target"]
        images = halves(self.data.x_train, self.data.shape)
        loss, _ = self.joint.gradient(theta, target, *images)
        return {"loss": loss} | collapse(*self.embedded(block.state))

    def embedded(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        """z_t and its prediction, of the test part."""
        c, t = halves(self.data.x_test, self.data.shape)
        z = self.joint.embed(state["target"], t)
        return z, self.joint.predict(self.joint.flat(state), c)

    def features(self, state: State, x: np.ndarray) -> np.ndarray:
        """What the probe is given: embeddings of both halves, shape (n, 2 d)."""
        theta, images = self.joint.flat(state), halves(x, self.data.shape)
        return np.hstack([self.joint.embed(theta, half) for half in images])

    def tried(self, state: State, label: str) -> Arrays:
        """Outputs of the probe for the test part, `collapse` there, and the biases."""
        d, (z, predicted) = self.data, self.embedded(state)
        seen = [self.features(state, x) for x in (d.x_train, d.x_test)]
        train, test = probe(seen, d.y_train, LINEAR_C[self.params.data])
        found = {"outputs": test, "labels": d.y_test, "spectrum": singular_values(z)}
        found |= {"train_accuracy": accuracy(train, d.y_train)} | collapse(z, predicted)
        return found | {k: v for k, v in state.items() if k.endswith(".bias")}

    def of_network(self, arrays: Arrays) -> dict[str, float]:
        found = {name: float(arrays[name]) for name in ("std", "effective_rank", "r2")}
        return super().of_network(arrays) | found

    def measure(self, recordings: Mapping[str, Arrays]) -> dict[str, dict]:
        found = super().measure(recordings)
        level = found[UNTRAINED]["accuracy"]
        for numbers in found.values():
            numbers["over_untrained"] = numbers["accuracy"] - level
            numbers |= judge_embedding(numbers).stored()
        return found


def probe(x: Sequence[np.ndarray], y_train: np.ndarray, C: float) -> list[np.ndarray]:
    """Chances of each class in both parts `x`, by softmax regression of features of equal s.d."""
    from sklearn.linear_model import LogisticRegression

    mean, sd = x[0].mean(axis=0), x[0].std(axis=0)
    scaled = [(part - mean) / np.where(sd > 0, sd, 1.0) for part in x]
    model = LogisticRegression(C=C, max_iter=2000).fit(scaled[0], y_train)
    return [model.predict_proba(part) for part in scaled]
