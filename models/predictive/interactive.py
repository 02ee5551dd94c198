"""The spiking network to be used from Python, one step or one run after the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from driver.flags.keywords import SWITCH, check_kind, steps
from models.predictive import arguments, spiking, stored
from models.predictive.params import SpikingParams
from models.predictive.runs import Result, Runs
from models.predictive.stepper import Stepper

RECORDS = ("spikes", "errors")


class PredictiveCodingNetwork:
    """Spiking layers that learn to predict their own spikes from the layer below.

    Parameters
    ----------
    sizes : sequence of int
        Cells of each layer, the input first.
    params : SpikingParams, optional
        Numbers of cells and learning.
    seed : int, optional
        Of the weights at start; drawn if not given. `load` takes that of the file.
    backend : {"auto", "numpy", "cython", "cpp_standalone"}
        Of `simulate`.
    **numbers
        `arguments.NUMBERS`: single ones instead of those of `params`.

    Attributes
    ----------
    modulation : float
        Factor of all learning where a call gives none; a setting, so no reset changes it.
    spikes : list of ndarray of bool
        Of the last step, by layer, the input first.
    time_ms : int
    weights, prediction_weights : list of ndarray, shape (n_l, n_(l-1))
        Of each layer above the input, basal and apical. All these lists are copies.
    biases, errors, potentials, thresholds : list of ndarray, shape (n_l,)
    """

    def __init__(
        self, sizes: Sequence[int], *, params: SpikingParams | None = None, seed: int | None = None,
        backend: str = "auto", **numbers: Any,
    ):  # fmt: skip
        backend, seed = arguments.backend(backend), arguments.seed_or_drawn(seed)
        self.params = arguments.parameters(sizes, seed, params, numbers)
        self.sizes, self.modulation = self.params.sizes, self.params.modulation
        self._runs = Runs(self.params, backend)
        self._state = spiking.initial_state(self.params)
        self._stepper = Stepper(self.sizes, spiking.constants(self.params), self._state)
        self._begin()

    def __getstate__(self) -> dict[str, Any]:
        """A copy has the numbers; it opens an engine of its own."""
        known = {k: v for k, v in vars(self).items() if k not in ("_runs", "_stepper")}
        return known | {"_backend": self._runs.backend}

    def __setstate__(self, known: dict[str, Any]) -> None:
        self._runs = Runs(known["params"], known.pop("_backend"))
        vars(self).update(known)
        self._stepper = Stepper(self.sizes, spiking.constants(self.params), self._state)

    seed = property(lambda self: self.params.seed)
    weights = property(lambda self: self._each("w", "basal"))
    prediction_weights = property(lambda self: self._each("w", "apical"))
    biases = property(lambda self: self._each("b"))
    errors = property(lambda self: self._each("eps"))
    potentials = property(lambda self: self._each("v"))
    thresholds = property(lambda self: self._each("theta"))

    def _each(self, name: str, part: str = "layer") -> list[np.ndarray]:
        parts = self._stepper.parts
        return [parts[f"{part}{k}"][name].copy() for k in spiking.layers(self.sizes)]

    @property
    def modulation(self) -> float:
        return self._modulation

    @modulation.setter
    def modulation(self, M: float) -> None:
        self._modulation = arguments.factor(M)

    def mean_error(self) -> float:
        """Mean of abs(error) over all cells."""
        return float(np.abs(np.concatenate(self.errors)).mean())

    def forward(self, x, modulation: float | None = None) -> np.ndarray:
        """One step of 1 ms with input `x`, shape (n_0,); returns rates of the top layer."""
        M = self.modulation if modulation is None else arguments.factor(modulation)
        self.spikes = self._stepper.step(arguments.inputs(x, self.params), M)
        self.time_ms += 1
        return self._each("p")[-1]

    def simulate(
        self, x, duration_ms: int | None = None,
        modulation: float | Sequence[float] | Callable[[int], float] | None = None,
        record: Iterable[str] = RECORDS, every_ms: int = 100,
    ) -> Result:  # fmt: skip
        """What `forward` in each ms would do, on Brian: for runs of seconds and more.

        Parameters
        ----------
        x : array_like, shape (n_0,) or (n_ms, n_0)
        modulation : optional
            A number, one for each ms, or a function of the ms from 0.
        record : iterable of str
            Some of `RECORDS`.
        every_ms : int
            Stretch over which errors are averaged; the last one may be shorter.
        """
        x = arguments.inputs(x, self.params, rows=True)
        if duration_ms is None and x.ndim == 1:
            raise ValueError("duration_ms None: needed with one x for all times")
        n_steps = len(x) if duration_ms is None else steps("duration_ms", duration_ms)
        if x.ndim == 2 and len(x) != n_steps:
            raise ValueError(f"x has {len(x)} rows, duration_ms is {n_steps}")
        record = (record,) if isinstance(record, str) else tuple(record)
        if unknown := [name for name in record if name not in RECORDS]:
            raise ValueError(f"record {unknown[0]!r} is not one of {', '.join(RECORDS)}")
        every = steps("every_ms", every_ms) if "errors" in record else n_steps
        M = arguments.factors(self.modulation if modulation is None else modulation, n_steps)
        x = np.broadcast_to(x, (n_steps, self.sizes[0]))
        state, found = self._runs.run(self._state, x, M, every)
        self._take(state)
        last = [s.between(n_steps - 1, n_steps).index for s in found.spikes]
        self.spikes = [np.isin(np.arange(n), i) for n, i in zip(self.sizes, last, strict=True)]
        self.time_ms += n_steps
        return dataclasses.replace(found, **{k: () for k in RECORDS if k not in record})

    def close(self) -> None:
        """Let the engine of `simulate` go; the next one opens it again."""
        self._runs.close()

    # --- begin anew, save, load ----------------------------------------------------------------

    def _take(self, values: spiking.State) -> None:
        for key, array in values.items():
            self._state[key][...] = array

    def _begin(self, time_ms: int = 0) -> None:
        self.spikes, self.time_ms = [np.zeros(n, bool) for n in self.sizes], time_ms

    def reset_state(self, predictions: bool = False) -> None:
        """Potentials, thresholds, traces, filters and errors as at the beginning; weights are kept.

        With `predictions`, apical weights and biases, too, are 0 as at the beginning.
        """
        check_kind("predictions", predictions, *SWITCH)
        self._take(spiking.at_rest(self.params))
        if predictions:
            first = spiking.first_weights(self.params, self.seed)
            self._take({k: v for k, v in first.items() if not k.startswith("basal")})
        self._begin()

    def reset_weights(self) -> None:
        """Weights redrawn from the stored seed: the same initial weights again."""
        self._take(spiking.first_weights(self.params, self.seed))

    def reset(self) -> None:
        """Both; a run after it reproduces the first run bit for bit."""
        self.reset_state()
        self.reset_weights()

    def save(self, path: str | Path) -> Path:
        """Write parameters and state to an .npz file of exactly this name."""
        numbers = arguments.numbers_of(self.params)
        return stored.save(path, numbers, self._state, self.seed, self.time_ms)

    def load(self, path: str | Path) -> None:
        """Take the state of a file that `save` wrote; ValueError if it is of another network."""
        numbers = arguments.numbers_of(self.params)
        state, seed, time_ms = stored.load(path, numbers, self._state)
        self.params = dataclasses.replace(self.params, seed=seed)
        self._take(state)
        self._begin(time_ms)
