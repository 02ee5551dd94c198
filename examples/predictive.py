"""Predictive coding in one page
=============================

Spiking cells whose dendrites learn to predict what their cell fires to each of three inputs. That
an untrained dendrite does not is little to say: preset `spiking` has controls, a bias alone first.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

from driver.experiment.network import State
from models.predictive import equations
from models.predictive.params import SpikingParams
from models.predictive.switching import Shows, Switching


def build() -> Switching:
    """3 inputs, 8 cells, 3 cells above; every 500 ms another input is on."""
    return Switching(SpikingParams(sizes=(3, 8, 3), seed=123))


def run(sim: Switching, learn: bool) -> State:
    """The state after 80 shows; nothing of a twin moves, so it is left as it begins."""
    state = sim.initial_state()
    if learn:
        for block, _ in sim.blocks(state, 0, sim.params.n_shows, learn=True):
            state = block.state
    return state


def measure(sim: Switching, state: State) -> Shows:
    """Rates of each cell in 40 more shows, predicted and fired, in units of r_max."""
    return sim.test(state)


def draw(tests: dict[str, Shows], target: Path) -> None:
    """Predicted over fired rate, a point for each cell and show; on the line they are equal."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for ax, (name, test) in zip(axes, tests.items(), strict=True):
        ax.plot([0, 1], [0, 1], "0.7")
        ax.plot(test.fired.ravel(), test.predicted.ravel(), "k.", ms=3)
        error = f"{name}: error {np.mean(test.error):.3f}"
        ax.set(xlabel="fired (r_max)", ylabel="predicted (r_max)", title=error)
    figure.savefig(target, dpi=150)


if __name__ == "__main__":
    print("A dendrite learns:", equations.PREDICT, equations.APICAL, sep="\n")
    with build() as network:
        twins = {"trained": True, "untrained": False}
        tests = {name: measure(network, run(network, learn)) for name, learn in twins.items()}
    for name, test in tests.items():
        print(f"{name}: error {np.mean(test.error):.3f} r_max")
    draw(tests, Path(sys.argv[1] if len(sys.argv) > 1 else "predictive.png"))
