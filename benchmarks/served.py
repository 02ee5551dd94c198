"""One of our networks as a program that runs on request, as the hand-written ones do.

    python -m benchmarks.served REQUEST

REQUEST is JSON: the network's kind and size, the backend, and a folder for files. When the first
step is done (so everything is generated and compiled) it prints a line of JSON. Each number on
standard input is a number of units (trials, or moves of eight steps) to go on with; ``save`` keeps
the state in the folder, and who is started there later begins with it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import networks
from benchmarks.networks import Network
from benchmarks.timing import cpu_clock


def main() -> None:
    request = json.loads(sys.argv[1])
    kind, size, backend = request["kind"], request["size"], request["backend"]
    folder = Path(request["folder"])
    kept = folder / f"state_{kind}_{size}.npz"
    start = time.perf_counter()
    if backend == "cython":
        import brian2

        brian2.prefs.codegen.runtime.cython.cache_dir = str(folder / "cython")
    with Network(networks.of_kind(kind, size), backend) as network:
        network.run(1)
        network.go_to(network.sim.initial_state(), 0)
        answer({"start_s": time.perf_counter() - start, "settled": kept.exists()})
        if kept.exists():
            with np.load(kept) as stored:
                network.go_to({key: stored[key] for key in network.state}, int(stored["step"]))
        cpu = cpu_clock()
        for line in sys.stdin:
            if line == "save\n":
                np.savez(kept, step=network.step, **network.state)
                answer({})
            else:
                start = cpu()
                found = go_on(network, int(line) * networks.UNIT_STEPS[kind])
                answer({"cpu_s": cpu() - start} | found)


def answer(content: dict) -> None:
    print(json.dumps(content), flush=True)


def go_on(network: Network, n_steps: int) -> dict[str, float]:
    """Spikes and mean weights, under the names that the hand-written programs give them."""
    answer = {f"{name}_spikes": n for name, n in network.run(n_steps).items()}
    if network.is_line:
        answer["ll_mon_w_mean_mV"] = network.state["ll_mon.w"].mean() * 1e3
        answer["mon_ts_w_mean"] = network.state["mon_ts.w"].mean()
    return answer


if __name__ == "__main__":
    main()
