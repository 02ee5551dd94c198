"""A seed from request to files: learn, then a frozen test; the twin the same. And its metrics."""

from __future__ import annotations

import dataclasses

import numpy as np

from driver.engine.model import Block, Spikes
from driver.engine.randomness import uniform_numpy
from driver.experiment.learning import Twins, twins
from driver.experiment.metric import Metric, MetricTable
from driver.experiment.network import Network, Session
from driver.experiment.seed_files import save_arrays, save_results
from driver.run.request import Request
from tests.small import network
from tests.small.params import Params

TEST = 2000  # steps
PREFERENCE = Metric("preference", meaning="Difference of the mean weights of both groups over sum.")
ANSWERED = Metric("answered", label="spikes of a cell per event", limits=(0, 1))
RATE = Metric("rate", label="rate of a cell in the test", unit="Hz")
METRICS = MetricTable((PREFERENCE, ANSWERED, RATE), title="correlated inputs")


class Simulation(Network):
    """One network of one seed."""

    def __init__(self, p: Params, session: Session):
        self.params = p
        super().__init__(network.model(p), (p.steps, p.n_inputs + p.n_cells), session)

    def initial_state(self) -> dict[str, np.ndarray]:
        return network.initial_state(self.params)

    def given(self, first: int, n_steps: int, *, learn: bool) -> dict:
        """Numbers of a block besides its state; without learning no weight moves."""
        p, tau_s = self.params, self.params.tau_ms / 1000
        found = {"plastic.eta": p.eta * learn, "plastic.w_max": p.w_max, "cells.tau": tau_s}
        found |= {"inputs.seed": p.seed, "inputs.p": p.rate, "inputs.tau": tau_s}
        return found | {"inputs.c": p.correlation * network.correlated(p)}


@dataclasses.dataclass(frozen=True)
class Records:
    """Mean weights after each block, of the correlated inputs and of the others."""

    correlated: np.ndarray
    means: list = dataclasses.field(default_factory=list)

    def feed(self, block: Block, first: int, stop: int) -> None:
        w = block.state["plastic.w"].reshape(self.correlated.size, -1)
        self.means.append((w[self.correlated].mean(), w[~self.correlated].mean()))

    def copy(self) -> Records:
        return Records(self.correlated, [*self.means])

    def arrays(self) -> dict[str, np.ndarray]:
        return {"w_mean": np.array(self.means).reshape(-1, 2)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self.means[:] = arrays["w_mean"]


def simulate(p: Params, session: Session) -> Twins:
    """Run the network and its twin."""
    with Simulation(p, session) as sim:

        def test(state, label):
            run = sim.blocks(state, p.steps, p.steps + TEST, learn=False)
            return {"test_step": Spikes.concatenate([b.spikes["cells"] for b, _ in run]).step}

        return twins(sim, p.steps, lambda: Records(network.correlated(p)), test, session)


def measure(p: Params, arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """All numbers of one network, from its recording."""
    correlated, other = arrays["w_mean"][-1]
    step, both = arrays["test_step"], correlated + other
    tested = np.arange(p.steps, p.steps + TEST)
    events = tested[uniform_numpy(p.seed, network.STREAMS["EVENT"], 0, tested) < p.rate]
    answers = np.isin(step, events + 1).sum()
    return {
        "preference": (correlated - other) / both if both else np.nan,
        "answered": answers / (events.size * p.n_cells) if events.size else np.nan,
        "rate": step.size / p.n_cells / (TEST * network.DT_S),
    }


def work(request: Request) -> tuple[int, int]:
    p = request.params
    return 2 * (p.steps + TEST), p.n_inputs + p.n_cells


def run_seed(request: Request, log, status, saved) -> None:
    p = request.params
    found = simulate(p, Session.of(request, log, status, saved))
    save_arrays(request, found, {"n_inputs": p.n_inputs})
    metrics = {label: measure(p, arrays) for label, arrays in found.recordings.items()}
    save_results(request, found, metrics)
