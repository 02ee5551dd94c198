"""The lateral line in one page
============================

Build the network, train it, measure its map, draw it. Four short trials do not make the map better;
preset `ll_selforg` does, in under a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib.figure import Figure

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

from models.lateral_line import equations, values
from models.lateral_line.metrics import pv_map_quality_from_ts_spikes
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import LL_FAST
from models.lateral_line.simulation import Simulation, x_per_step
from stimulus import StimulusParams, n_test_steps


def build(n_trials: int) -> Simulation:
    """LL -> MON -> TS, 800 MON cells and 80 TS cells, wired for seed 123."""
    params = NetworkParams(**LL_FAST | {"n_training_trials": n_trials})
    return Simulation(params, StimulusParams())


def run(sim: Simulation) -> dict:
    """Train in one block; then test the network, and its twin with the weights of the start."""
    initial, end = sim.initial_state(), sim.params.training_steps
    block, _ = sim.train(initial, 0, end)
    trained = sim.settle(block.state, end)  # the homeostasis that falls due at the end
    untrained = trained | {weights: initial[weights] for weights in values.WEIGHTS}
    return {"trained": sim.test(trained, end), "untrained": sim.test(untrained, end)}


def measure(p: NetworkParams, block, frames) -> tuple:
    """TS spikes of a test as (source x, cell), and how well x is decoded from them."""
    step, cell = block.spikes["ts"].step - p.training_steps, block.spikes["ts"].index
    x_cm, body = x_per_step(frames, 0, n_test_steps(p)), p.body_window_cm
    quality = pv_map_quality_from_ts_spikes(
        step=step, index=cell, n_cells=p.n_ts, x_cm=x_cm, dt_s=p.dt_s, window=body
    )
    return x_cm[step], cell, f"error {quality.sigma_theta:.2f} rad"


if __name__ == "__main__":
    print("A MON -> TS synapse:", equations.MON_TS_ON_PRE, equations.MON_TS_ON_POST, sep="\n")
    with build(n_trials=4) as network:
        tests = run(network)
    figure = Figure(figsize=(9, 4), layout="constrained")
    for ax, (name, test) in zip(figure.subplots(1, 2, sharey=True), tests.items(), strict=True):
        x, cell, error = measure(network.params, *test)
        print(f"{name}: {error}")
        ax.plot(x, cell, "k.", ms=1)
        ax.set(xlabel="source x (cm)", ylabel="TS cell", title=f"{name}: {error}")
    figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "lateral_line.png", dpi=150)
