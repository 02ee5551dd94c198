"""One of our networks as a program that runs on request, as the hand-written ones do.

    python -m benchmarks.served '{"kind": "waves", "backend": "cpp_standalone", "size": 48}'

When the network is ready and its first step is done (so everything is generated and compiled) it
prints a line of JSON. Each number on standard input is a number of units (trials, or moves of
eight steps) to go on with; ``save FILE`` writes the state, which another backend may start from.
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
    start = time.perf_counter()
    if "cython_cache" in request:
        import brian2

        brian2.prefs.codegen.runtime.cython.cache_dir = request["cython_cache"]
    kind = request["kind"]
    with Network(networks.of_kind(kind, request["size"]), request["backend"]) as network:
        network.run(1)
        network.go_to(network.sim.initial_state(), 0)
        answer({"start_s": time.perf_counter() - start})
        if Path(request["state"]).is_file():
            load(network, request["state"])
        cpu = cpu_clock()
        for line in sys.stdin:
            if line.startswith("save "):
                np.savez(line[5:].strip(), step=network.step, **network.state)
                answer({})
            else:
                start = cpu()
                found = go_on(network, int(line) * networks.UNIT_STEPS[kind])
                answer({"cpu_s": cpu() - start} | found)


def answer(content: dict) -> None:
    print(json.dumps(content), flush=True)


def load(network: Network, file: str) -> None:
    with np.load(file) as stored:
        network.go_to({key: stored[key] for key in network.state}, int(stored["step"]))


def go_on(network: Network, n_steps: int) -> dict[str, float]:
    """Spikes and mean weights, under the names that the hand-written programs give them."""
    answer = {f"{name}_spikes": n for name, n in network.run(n_steps).items()}
    if network.is_line:
        answer["ll_mon_w_mean_mV"] = network.state["ll_mon.w"].mean() * 1e3
        answer["mon_ts_w_mean"] = network.state["mon_ts.w"].mean()
    return answer


if __name__ == "__main__":
    main()
