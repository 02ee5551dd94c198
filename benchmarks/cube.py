"""Speed and memory of the dot-prediction models: steps per second, cost per spike and per cell.

Each number is CPU time of the compiled program on one core, and wall time beside it: on a shared
machine the first says what the program costs and the second what was waited for. Linux only.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks import figures, networks
from benchmarks.networks import Cost, costs
from benchmarks.timing import peak_mb_of_run, spread
from models.cube.params import CubeParams, GroupsParams, LocalParams
from models.cube.presets import PRESETS

DOOR = str(Path(__file__).parents[1] / "cube_brian2.py")
WAVES = CubeParams(**PRESETS["02_02"].reference)
SPEEDS = {  # a network, steps of a repeat, and steps before; without those each begins anew
    "waves": (WAVES, 600, 3000),
    "rise": (WAVES, 600, 0),
    "relay": (networks.cube("quiet", 48), 1000, 200),
    "local": (LocalParams(), 20_000, 3000),
    "motion": (LocalParams(**PRESETS["local-predict"].fixed), 20_000, 200),
    "groups": (GroupsParams(r_in=1), 500, 200),
}
RUNS = {
    "n = L = 96, 02_02 in waves": "--mode 02_02 --fidelity reference --n 96 --layers 96",
    "n = L = 48, 02_02 in waves": "--mode 02_02 --fidelity reference",
    "n = L = 48, groups": "--mode groups --n 48 --layers 48",
}


def measure(quick: bool = False) -> dict:
    """All measurements; `quick` takes some minutes, the full set about ten."""
    repeats = 3 if quick else 7
    sizes = (16, 24, 32, 48) if quick else (16, 24, 32, 48, 64, 96)
    results: dict = {
        name: speeds(costs(params, n_steps, repeats, settle))
        for name, (params, n_steps, settle) in SPEEDS.items()
    }
    results |= {
        "by_spikes": cost_by_spikes(),
        "by_size": cost_by_size(sizes),
        "memory_mb": {name: memory_mb(flags) for name, flags in RUNS.items()},
    }
    figures.cube(results)
    return results


def speeds(found: list[Cost]) -> dict:
    """Steps per second of CPU and of wall time, over repeats."""
    return {
        "steps_per_cpu_s": spread([cost.n_steps / cost.cpu_s for cost in found]),
        "steps_per_s": spread([cost.n_steps / cost.wall_s for cost in found]),
        "spikes_per_step": spread([spikes_per_step(cost) for cost in found]),
    }


def spikes_per_step(cost: Cost) -> float:
    """Of a cube's cells, or of a layer's hidden ones."""
    return (cost.counts.get("cells", 0) + cost.counts.get("hidden", 0)) / cost.n_steps


def cost_by_spikes() -> dict:
    """Cost of a step while waves grow, n = 48, and a line through it."""
    n_steps = 200
    with networks.Network(WAVES) as network:
        found = [network.timed(n_steps) for _ in range(20)]
    spikes = [spikes_per_step(cost) for cost in found]
    cpu_ms = [cost.cpu_ms_per_step for cost in found]
    slope, start = np.polyfit(spikes, cpu_ms, 1)
    return {
        "spikes_per_step": spikes,
        "cpu_ms_per_step": cpu_ms,
        "ns_per_spike": slope * 1e6,
        "ms_without_spikes": start,
    }


def cost_by_size(sizes: tuple[int, ...]) -> dict:
    """Cost of a step of n = L cubes, quiet (relay-a) and in waves (02_02), and fitted powers."""
    found: dict = {"n": list(sizes)}
    for kind, settle, n_steps in (("quiet", 96, 400), ("waves", 1496, 200)):
        cpu_ms = []
        for n in sizes:
            n_timed = n_steps * max(1, 48 // n)  # a small one needs more to be timed
            (cost,) = costs(networks.cube(kind, n), n_timed, settle=settle)
            cpu_ms.append(cost.cpu_ms_per_step)
        power, _ = np.polyfit(np.log(sizes), np.log(cpu_ms), 1)
        found[kind] = {"cpu_ms_per_step": cpu_ms, "power_of_n": power}
    return found


def memory_mb(flags: str) -> float:
    """Peak memory of a whole run, this process and the program."""
    with tempfile.TemporaryDirectory() as folder:
        command = [DOOR, *flags.split(), "--steps", "800", "--no-figures", "--run-name", "run"]
        command += ["--output-root", folder, "--backend", "cpp_standalone"]
        peak_mb_of_run(command)  # compiles
        return peak_mb_of_run([*command, "--overwrite"])
