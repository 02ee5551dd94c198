"""A moving dot in one page
========================"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

from driver.engine.model import Spikes
from models.cube import equations
from models.cube.metrics.output import running_mean, step_iou
from models.cube.params import LocalParams
from models.cube.simulation import Simulation
from stimulus import DotParams

N_STEPS = 3000  # of 1 ms


def build() -> Simulation:
    """Retina, hidden cells with patches of 3 x 3 pixels, output that learns the next frame."""
    return Simulation(LocalParams(n=24, steps=N_STEPS), DotParams(stimulus="orbit"))


def run(sim: Simulation, learn: bool) -> Spikes:
    """Output pixels that were on, and when; the twin that never learns is `learn` off."""
    blocks = sim.blocks(sim.initial_state(), 0, N_STEPS, learn=learn)
    return Spikes.concatenate([block.spikes["output"] for block, _ in blocks])


def measure(sim: Simulation, output: Spikes) -> np.ndarray:
    """Overlap (IoU) of the output with the next frame, each step; NaN where both are empty."""
    dot = sim.path(N_STEPS)
    return step_iou(output.index, output.step, dot.next_x, dot.next_y, sim.params.n).iou


def draw(iou: dict[str, np.ndarray], target: Path) -> None:
    """Overlap over time, trained beside untrained."""
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    ax = figure.subplots()
    for name, values in iou.items():
        ax.plot(running_mean(values, 50), label=name, ls="-" if name == "trained" else "--")
    ax.set(xlabel="step (ms)", ylabel="IoU with the next frame, mean of 50", ylim=(-0.05, 1.05))
    ax.legend()
    figure.savefig(target, dpi=150)


if __name__ == "__main__":
    print("A readout link:", equations.READOUT_DRIVE, equations.READOUT_LEARN, sep="\n")
    with build() as network:
        twins = {"trained": True, "untrained": False}
        found = {name: measure(network, run(network, learn)) for name, learn in twins.items()}
    for name, values in found.items():
        print(f"{name}: IoU {np.nanmean(values[-100:]):.2f} over the last 100 steps")
    draw(found, Path(sys.argv[1] if len(sys.argv) > 1 else "moving_dot.png"))
