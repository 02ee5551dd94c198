"""Joint embedding to be used from Python, with plain gradient steps on samples or batches."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from driver.engine.randomness import generator
from driver.flags.keywords import SWITCH, built, check_kind
from models.predictive import arguments, stored
from models.predictive.jepa import Joint, collapse
from models.predictive.params import VICREG_ROWS, JepaParams
from models.predictive.samples import rows

INITS = {"xavier": None, "normal": 0.1}  # s.d. of weights at start; None: n_in**-0.5


class JointEmbeddingNetwork:
    """From a context the embedding of a target: encoder, predictor, moving average of the encoder.

    Parameters
    ----------
    encoder_sizes : sequence of int
        Units of each layer, the input first.
    predictor_sizes : sequence of int, optional
        From an embedding to an embedding; linear if not given.
    anti_collapse : {"ema", "vicreg", "none"}
        The loss, see `models.predictive.jepa`; vicreg takes batches of 16 or more. With none all
        embeddings become the same, and the loss falls fastest: for demonstration.
    ema : float
        Share of itself that the target keeps in a step, with ema.
    reg : float
        Weight of the sum of squared weights in the loss, times 1/2.
    init : {"xavier", "normal"}
        S.d. of the weights at start: ``n_in**-0.5``, or 0.1.
    bias : bool
        Whether biases learn, from 0.
    seed : int, optional
        Of the weights; drawn if not given.
    c_w : float
        Weight of the covariances, with vicreg.

    Attributes
    ----------
    steps_done : int
    """

    def __init__(
        self, encoder_sizes: Sequence[int], predictor_sizes: Sequence[int] | None = None, *,
        anti_collapse: str = "ema", ema: float = 0.99, reg: float = 0.0, init: str = "xavier",
        bias: bool = True, seed: int | None = None, c_w: float = 25.0,
    ):  # fmt: skip
        encoder = sizes_of("encoder_sizes", encoder_sizes)
        d = encoder[-1]
        chosen = (d, d) if predictor_sizes is None else predictor_sizes
        predictor = sizes_of("predictor_sizes", chosen)
        if not predictor[0] == predictor[-1] == d:
            words = f"needed {d} first and last, as encoder_sizes ends"
            raise ValueError(f"predictor_sizes {[*predictor]}: {words}")
        check_kind("bias", bias, *SWITCH)
        if init not in INITS:
            raise ValueError(f"init {init!r} is not one of {', '.join(INITS)}")
        given = {"anti_collapse": anti_collapse, "ema": ema, "reg": reg, "c_w": c_w}
        seed = arguments.seed_or_drawn(seed)
        p = built(JepaParams, {}, given | {"seed": seed}, "of_rule")
        if anti_collapse == "none":
            words = "all embeddings become the same, however low the loss; see collapse_report"
            warnings.warn(f"anti_collapse 'none': {words}", stacklevel=2)
        self.joint = Joint(encoder, predictor, p.anti_collapse, p.ema, p.c_w, p.reg)
        self.seed, self.bias, self.init = p.seed, bool(bias), init
        self.reset_weights()

    def forward(self, c, t) -> tuple[np.ndarray, np.ndarray]:
        """The embedding foretold of a target `t` by a context `c`, and the embedding it has."""
        (left, right), flat = self._pairs(c, t), np.ndim(c) == 1
        found = self.joint.predict(self._theta, left), self.joint.embed(self._target, right)
        return (found[0][0], found[1][0]) if flat else found

    def embed(self, x) -> np.ndarray:
        """Embeddings by the encoder, shape (d,) or, of rows, (n, d)."""
        found = self.joint.embed(self._theta, rows("x", x, self.joint.encoder[0]))
        return found[0] if np.ndim(x) == 1 else found

    def loss(self, c, t) -> float:
        return self.joint.gradient(self._theta, self._target, *self._batch(c, t))[0]

    def train_step(self, c, t, lr: float = 0.01) -> float:
        """A step down the gradient of encoder and predictor; returns the loss before it."""
        check_kind("lr", lr, Real, "a number above 0")
        if not 0 < lr < math.inf:
            raise ValueError(f"lr {lr}: needed a finite number above 0")
        with np.errstate(over="ignore", invalid="ignore"):
            loss, slope = self.joint.gradient(self._theta, self._target, *self._batch(c, t))
            theta = self._theta - lr * self._learns * slope
        if not (math.isfinite(loss) and np.isfinite(theta).all()):
            raise FloatingPointError(f"weights are not finite with lr {lr}: those before are kept")
        self._theta, self._target = theta, self.joint.follow(self._target, theta)
        self.steps_done += 1
        return loss

    def collapse_report(self, c, t=None) -> dict[str, float]:
        """`std`, `effective_rank` and `r2` of the embeddings of targets `t`, of `c` if not given.

        See `models.predictive.jepa.collapse`; of many samples.
        """
        foretold, z = self.forward(c, c if t is None else t)
        return collapse(np.atleast_2d(z), np.atleast_2d(foretold))

    def reset_state(self) -> None:
        """Dynamic state to initial values; all weights kept. Every sample begins anew: nothing."""

    def reset_weights(self) -> None:
        """Weights redrawn from the stored seed, and the target with them."""
        rng = generator(self.seed, "initial weights")
        self._theta = self.joint.first(rng, INITS[self.init])
        self._target, self.steps_done = self._theta[: self.joint.n_encoder].copy(), 0
        self._learns = np.ones_like(self._theta)
        for b in [b for _, biases in self.joint.nets(self._learns) for b in biases]:
            b[...] = self.bias

    def reset(self) -> None:
        """Both; a run after it reproduces the first run bit for bit."""
        self.reset_state()
        self.reset_weights()

    def save(self, path: str | Path) -> Path:
        """Write numbers, weights and target to an .npz file of exactly this name."""
        return stored.save(path, self._identity(), self._state(), self.seed, self.steps_done)

    def load(self, path: str | Path) -> None:
        """Take what `save` wrote; ValueError if it is of another network, or damaged."""
        state, self.seed, self.steps_done = stored.load(path, self._identity(), self._state())
        self._theta, self._target = self.joint.flat(state), state["target"]

    def _identity(self) -> dict[str, Any]:
        return dataclasses.asdict(self.joint) | {"bias": self.bias, "init": self.init}

    def _state(self) -> dict[str, np.ndarray]:
        return self.joint.named(self._theta) | {"target": self._target}

    def _pairs(self, c, t) -> tuple[np.ndarray, np.ndarray]:
        n = self.joint.encoder[0]
        found = rows("c", c, n), rows("t", t, n)
        if np.shape(c) != np.shape(t):
            raise ValueError(f"t of shape {np.shape(t)}: needed {np.shape(c)}, as c has")
        return found

    def _batch(self, c, t) -> tuple[np.ndarray, np.ndarray]:
        """Pairs to learn from."""
        found, least = self._pairs(c, t), VICREG_ROWS
        if self.joint.anti_collapse == "vicreg" and len(found[0]) < least:
            raise ValueError(f"c has {len(found[0])} rows: vicreg needs {least} or more")
        return found


def sizes_of(name: str, value) -> tuple[int, ...]:
    """`arguments.layer_sizes`, whose complaint begins with the name."""
    try:
        return arguments.layer_sizes(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None
