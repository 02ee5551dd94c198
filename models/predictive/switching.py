"""Inputs that switch: does a spiking cell predict its own rate of each, or only its mean?

Three inputs, a new one every `show_ms`, never the same twice. An epoch is one of them shown. The
error of a cell is |mean predicted rate - spikes| over what is left of a show after `settle_ms`, in
units of r_max. Basal weights learn in the first part of the training alone: while they move, the
rates that are to be predicted do too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from driver.engine.model import Block, Spikes
from driver.engine.randomness import generator
from driver.experiment.going_on import Arrays
from driver.experiment.metric import TRAINED
from driver.experiment.network import Session, State
from models.predictive.outcome import BESIDE, judge_prediction
from models.predictive.params import STEP_S, SpikingParams
from models.predictive.spiking import Simulation, at_rest, cleared, layers

N_PATTERNS = 3
UNTAUGHT = 0.5  # rate that a dendrite without weights predicts
STATIC = ("A_plus", "A_minus", "kappa")  # of basal weights: 0 holds them


def patterns(n_in: int) -> np.ndarray:
    """What is shown, shape (3, n_in): two neighbours on a ring; of two inputs each alone, both."""
    if n_in == 2:
        return np.array([[1.0, 0], [0, 1], [1, 1]])
    k, found = np.arange(N_PATTERNS), np.zeros((N_PATTERNS, n_in))
    found[k, k] = found[k, (k + 1) % n_in] = 1
    return found


def order(seed: int, purpose: str, n: int) -> np.ndarray:
    """Which input is shown when, shape (n,): at random, but never the same twice."""
    rng = generator(seed, f"inputs of the {purpose}")
    steps = rng.integers(1, N_PATTERNS, n)
    steps[0] = rng.integers(N_PATTERNS)
    return np.cumsum(steps) % N_PATTERNS


@dataclasses.dataclass(frozen=True)
class Shows:
    """Rates of shows in units of r_max, shape (n_shows, n_cells): predicted and fired."""

    predicted: np.ndarray
    fired: np.ndarray

    @property
    def error(self) -> np.ndarray:
        return np.abs(self.predicted - self.fired)


class Switching(Simulation):
    """The network before switching inputs."""

    def __init__(self, p: SpikingParams, session: Session | None = None):
        super().__init__(p, (p.n_shows + p.test_shows) * p.show_ms, session)
        self.shown = patterns(p.sizes[0])

    @classmethod
    def of(cls, p: SpikingParams, session: Session | None = None) -> Switching:
        return cls(p, session)

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.params.sizes

    def show(self, state: State, pattern: int, M: float, changes: State) -> Block:
        """One input; the sums that are left are of its scored part."""
        p, x = self.params, self.shown[[pattern]]
        spikes = {name: [] for name in self.model.populations}
        for first, stop in ((0, p.settle_ms), (p.settle_ms, p.show_ms)):
            n = stop - first
            block = self.run(cleared(state), np.repeat(x, n, axis=0), np.full(n, M), changes)
            state = block.state
            for name, s in block.spikes.items():
                spikes[name].append(dataclasses.replace(s, step=s.step + first))
        joined = {name: Spikes.concatenate(parts) for name, parts in spikes.items()}
        return Block(state, joined, {name: s.index.size for name, s in joined.items()})

    def blocks(
        self,
        state: State,
        first: int,
        stop: int,
        *,
        learn: bool,
        changes: State | None = None,
        hold: bool = False,
    ) -> Iterator[tuple[Block, int]]:
        """Shows `first` to `stop` - 1 of the training; yields each and the number of shows done.

        The state is given back whatever `hold` is: it is small, and each show begins at rest.
        """
        p = self.params
        chosen, settles = order(p.seed, "training", p.n_shows), round(p.w_learns * p.n_shows)
        held = {f"basal{k}.{name}": 0.0 for k in layers(p.sizes) for name in STATIC}
        for k in range(first, stop):
            now = (changes or {}) | (held if k >= settles else {})
            block = self.show(state, chosen[k], p.modulation * learn, now)
            state = block.state
            yield block, k + 1

    def rates(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Predicted and fired of one show, of all cells layer after layer, shape (n_cells,)."""
        p = self.params
        steps = p.show_ms - p.settle_ms
        predicted, fired = [], []
        for k in layers(p.sizes):
            spikes = block.spikes[f"layer{k}"].between(p.settle_ms, p.show_ms)
            predicted.append(block.state[f"layer{k}.sum_phi"] / steps)
            counts = np.bincount(spikes.index, minlength=p.sizes[k])
            fired.append(counts / (p.r_max_hz * STEP_S * steps))
        return np.concatenate(predicted), np.concatenate(fired)

    def test(self, state: State) -> Shows:
        """Shows of a test that begins at rest, without learning."""
        p = self.params
        state, found = state | at_rest(p), []
        for pattern in order(p.seed, "test", p.test_shows):
            block = self.show(state, pattern, 0.0, {})
            state = block.state
            found.append(self.rates(block))
        return Shows(*(np.array(rates) for rates in zip(*found, strict=True)))

    def controls(self) -> dict[str, Shows]:
        """Tests of what could explain a low error away: bias alone, and a dendrite out of time."""
        p, none = self.params, {f"apical{k}.eta_p": 0.0 for k in layers(self.params.sizes)}
        state, raster = self.initial_state(), {name: [] for name in self.model.populations}
        for block, _ in self.blocks(state, 0, p.n_shows, learn=True, changes=none):
            state = block.state
            for name, spikes in block.spikes.items():
                raster[name].append(bits(spikes, p.show_ms, self.size_of(name)))
        found = {"bias_only": self.test(state)}
        if p.g_apical == 0:  # or else what is predicted would change the spikes
            fired = {name: np.concatenate(rows) for name, rows in raster.items()}
            found["shuffled"] = self.test(state | shuffled_dendrite(p, fired))
        return found

    def course(self, block: Block) -> dict[str, np.ndarray | float]:
        """What is recorded of a show: the error of every cell."""
        predicted, fired = self.rates(block)
        return {"error": np.abs(predicted - fired)}

    def tried(self, state: State, label: str) -> Arrays:
        """Rates in the test, those of the controls, and the biases."""
        tests = {"test": self.test(state)}
        tests |= self.controls() if label == TRAINED else {}
        found = {k: v for k, v in state.items() if k.endswith(".b")}
        for name, shows in tests.items():
            found |= {f"{name}_predicted": shows.predicted, f"{name}_fired": shows.fired}
        return found

    def measure(self, recordings: Mapping[str, Arrays]) -> dict[str, dict]:
        """All numbers of both networks; of the twin there are no controls."""
        found = {}
        for label, arrays in recordings.items():
            shows = shows_of(arrays, "test")
            best = np.clip(np.median(shows.fired, axis=0), 0, 1)  # constant of each cell
            numbers = self.errors("error", shows) | {
                "constant": float(np.abs(best - shows.fired).mean()),
                "untaught": float(np.abs(UNTAUGHT - shows.fired).mean()),
                "above_r_max": float((shows.fired > 1).mean()),
            }
            for name in ("bias_only", "shuffled"):
                known = f"{name}_fired" in arrays
                numbers |= self.errors(name, shows_of(arrays, name) if known else None)
            for name in (*BESIDE, "untaught"):
                numbers[f"error_over_{name}"] = over(numbers["error"], numbers[name])
            found[label] = numbers | judge_prediction(numbers).stored()
        return found

    def errors(self, name: str, shows: Shows | None) -> dict[str, float]:
        """Mean error of all cells, and of those of the first and of the top layer."""
        of_layer = np.repeat(layers(self.sizes), self.sizes[1:])
        chosen = {"": of_layer > 0, "_first": of_layer == 1, "_top": of_layer == of_layer[-1]}
        return {
            f"{name}{where}": float(shows.error[:, cells].mean()) if shows else np.nan
            for where, cells in chosen.items()
        }

    def size_of(self, population: str) -> int:
        return self.params.sizes[int(population.removeprefix("layer").replace("inputs", "0"))]


def over(value: float, reference: float) -> float:
    """A ratio; undefined over nothing."""
    return value / reference if reference > 0 else np.nan


def shows_of(arrays: Arrays, name: str) -> Shows:
    """A test as it was stored."""
    return Shows(arrays[f"{name}_predicted"], arrays[f"{name}_fired"])


def bits(spikes: Spikes, n_steps: int, n_cells: int) -> np.ndarray:
    """Spikes as truth values, shape (n_steps, n_cells)."""
    found = np.zeros((n_steps, n_cells), bool)
    found[spikes.step, spikes.index] = True
    return found


def traces(fired: np.ndarray, p: SpikingParams) -> np.ndarray:
    """Rate traces p before each step."""
    from scipy.signal import lfilter

    tau_s, jump = p.tau_s_ms * 1e-3, 1 / (p.r_max_hz * p.tau_s_ms * 1e-3)
    after = lfilter([jump], [1, STEP_S / tau_s - 1], fired.astype(float), axis=0)
    return np.concatenate([np.zeros((1, fired.shape[1])), after[:-1]])


def shuffled_dendrite(
    p: SpikingParams, fired: dict[str, np.ndarray], moments: np.ndarray | None = None
) -> State:
    """Apical weights and biases learned from the same spikes by dendrites that read their input at
    a random earlier moment, anew in every step: what is left when the time relation is lost.

    Parameters
    ----------
    fired : dict of ndarray of bool, shape (n_steps, n_cells)
    moments : ndarray of int, shape (n_steps,), optional
        Which moments are read; the learner itself reads each its own.
    """
    found, below = {}, fired["inputs"]
    n_steps, dt, M = len(below), STEP_S, p.modulation
    if moments is None:
        drawn = generator(p.seed, "shuffled moments").random(n_steps)
        moments = (drawn * np.arange(1, n_steps + 1)).astype(int)
    leak, rise = dt / (p.tau_apical_ms * 1e-3), dt * M * p.r_max_hz
    decay = 1 - dt / (p.tau_s_ms * 1e-3)  # a spike comes after the traces have moved
    for k in layers(p.sizes):
        seen, spikes = traces(below, p)[moments], fired[f"layer{k}"]
        w, b, v_a = (
            np.zeros((p.sizes[k], p.sizes[k - 1])),
            np.zeros(p.sizes[k]),
            np.zeros(p.sizes[k]),
        )
        for now, fires in zip(seen, spikes, strict=True):
            phi = 1 / (1 + np.exp(-v_a))
            w -= p.eta_p * rise * phi[:, None] * now
            v_a += leak * (w @ now + b - v_a)
            b -= p.eta_b * rise * phi
            w[fires] += p.eta_p * M * decay * now
            b[fires] += p.eta_b * M
        found |= {f"apical{k}.w": w.ravel(), f"layer{k}.b": b}
        below = spikes
    return found
