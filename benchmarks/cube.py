"""Speed and memory of the dot-prediction models: steps per second, cost per spike and per cell.

Each number is CPU time of the compiled program on one core, and wall time beside it: on a shared
machine the first says what the program costs and the second what was waited for. Linux only.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks import networks, report
from benchmarks.networks import Cost, Network
from benchmarks.report import ranged
from benchmarks.timing import peak_mb_of_run, spread
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params
from models.cube.presets import PRESETS

DOOR = str(Path(__file__).parents[1] / "cube_brian2.py")
WAVES = CubeParams(**PRESETS["02_02"].reference)
SPIKING = ("cells", "hidden")  # populations, of a cube and of a layer
GOALS = {"waves": 800, "local": 19_000}
MEMORY_GOAL_MB = 4000
NAMES = {
    "waves": "cube 02_02 in full waves, n = L = 48",
    "rise": "the same, its first 600 steps",
    "relay": "relay-a, n = L = 48",
    "local": "local layer, n = 48, r_out = 3",
    "motion": "motion cells (local-predict), n = 48",
    "groups": "groups, n = L = 48, m = 4 (7 million links)",
}
RUNS = {
    "n = L = 96, 02_02 in waves": "--mode 02_02 --fidelity reference --n 96 --layers 96",
    "n = L = 48, 02_02 in waves": "--mode 02_02 --fidelity reference",
    "n = L = 48, groups": "--mode groups --n 48 --layers 48",
}


def measure(quick: bool = False) -> dict:
    """All measurements; `quick` takes some minutes, the full set about ten."""
    repeats = 3 if quick else 7
    motion = LocalParams(**PRESETS["local-predict"].fixed)
    results = {
        "waves": speed(WAVES, 600, repeats, settle=3000),
        "rise": speed(WAVES, 600, repeats, settle=0),
        "relay": speed(networks.cube("quiet", 48), 1000, repeats),
        "local": speed(LocalParams(), 20_000, repeats, settle=3000),
        "motion": speed(motion, 20_000, repeats),
        "groups": speed(GroupsParams(r_in=1), 500, repeats),
        "by_spikes": cost_by_spikes(),
        "by_size": cost_by_size((16, 24, 32, 48) if quick else (16, 24, 32, 48, 64, 96)),
        "memory_mb": memory(),
    }
    draw(results)
    return results


def speed(params: Params, n_steps: int, repeats: int, settle: int = 200) -> dict:
    """Steps per second of CPU and of wall time, over repeats; with `settle` 0 each starts anew."""
    costs = []
    with Network(params) as network:
        if settle:
            network.run(settle)
        for _ in range(repeats):
            if not settle:
                network.go_to(network.sim.initial_state(), 0)
            costs.append(network.timed(n_steps))
    return {
        "steps_per_cpu_s": spread([n_steps / cost.cpu_s for cost in costs]),
        "steps_per_s": spread([n_steps / cost.wall_s for cost in costs]),
        "spikes_per_step": spread([n_spikes(cost) / n_steps for cost in costs]),
    }


def n_spikes(cost: Cost) -> int:
    return sum(cost.counts.get(name, 0) for name in SPIKING)


def cost_by_spikes() -> dict:
    """Cost of a step while waves grow, n = 48, and a line through it."""
    n_steps = 200
    with Network(WAVES) as network:
        costs = [network.timed(n_steps) for _ in range(20)]
    spikes = [n_spikes(cost) / n_steps for cost in costs]
    cpu_ms = [1e3 * cost.cpu_s / n_steps for cost in costs]
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
            steps = n_steps * max(1, 48 // n)  # a small one needs more to be timed
            with Network(networks.cube(kind, n)) as network:
                network.run(settle)
                cpu_ms.append(1e3 * network.timed(steps).cpu_s / steps)
        power, _ = np.polyfit(np.log(sizes), np.log(cpu_ms), 1)
        found[kind] = {"cpu_ms_per_step": cpu_ms, "power_of_n": power}
    return found


def memory() -> dict[str, float]:
    """Peak memory of whole runs, this process and the program, MB."""
    found = {}
    for name, flags in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            command = [DOOR, *flags.split(), "--steps", "800", "--no-figures", "--run-name", "run"]
            command += ["--output-root", folder, "--backend", "cpp_standalone"]
            peak_mb_of_run(command)  # compiles
            found[name] = peak_mb_of_run([*command, "--overwrite"])
    return found


def draw(results: dict) -> None:
    """Cost of a step against spikes and against size."""
    with report.figure(report.RESULTS / "cube.png", 9, 3.6) as figure:
        by_spikes, by_size = figure.subplots(1, 2)
        draw_by_spikes(by_spikes, results["by_spikes"])
        draw_by_size(by_size, results["by_size"])


def draw_by_spikes(ax, costs: dict):
    spikes, fixed, slope = (
        costs["spikes_per_step"],
        costs["ms_without_spikes"],
        costs["ns_per_spike"],
    )
    ax.plot(spikes, costs["cpu_ms_per_step"], "o", ms=4)
    label = f"{fixed:.2f} ms + {slope:.0f} ns per spike"
    ax.axline((0, fixed), slope=slope * 1e-6, color="k", ls=":", label=label)
    ax.set(xlabel="spikes per step", ylabel="CPU time per step (ms)")
    ax.set(xlim=(0, None), ylim=(0, None), title="n = L = 48, while waves grow")
    ax.legend()
    return ax


def draw_by_size(ax, costs: dict):
    for kind, mark in {"quiet": "o-", "waves": "s-"}.items():
        label = f"{kind}: grows as n to the {costs[kind]['power_of_n']:.1f}"
        ax.plot(costs["n"], costs[kind]["cpu_ms_per_step"], mark, ms=4, label=label)
    ax.set(xlabel="n = L", ylabel="CPU time per step (ms)", title="by size")
    ax.legend()
    return report.log_axes(ax, costs["n"])


def table(results: dict, machine: dict) -> str:
    """The measurements as Markdown, beside what was to be reached."""
    columns = ("spikes_per_step", "steps_per_cpu_s", "steps_per_s")
    speeds = [
        [name, *(ranged(results[key][c]) for c in columns), GOALS.get(key, "")]
        for key, name in NAMES.items()
    ]
    by_spikes, by_size = results["by_spikes"], results["by_size"]
    return report.page(
        "The cube, the local layer and groups of neurons",
        f"{report.described(machine)} One core, C++ standalone, learning on, spikes recorded; "
        f"median (lowest to highest) of {results['waves']['steps_per_s']['n']} repeats. Waiting "
        "is longer where the machine is shared.",
        report.table(
            "network | spikes per step | steps per CPU second | steps per second waited | to reach",
            speeds,
        ),
        f"A step at n = 48 costs {by_spikes['ms_without_spikes']:.2f} ms of CPU and "
        f"{by_spikes['ns_per_spike']:.0f} ns more for each spike. With n = L it grows as n to the "
        f"{by_size['quiet']['power_of_n']:.1f} when quiet, and to the "
        f"{by_size['waves']['power_of_n']:.1f} in waves (there are n cubed cells).",
        "![Cost of a step against spikes and size](cube.png)",
        "Peak memory, the run and its program together (to reach at n = L = 96: "
        f"{MEMORY_GOAL_MB} MB):",
        report.table("run | MB", [(k, f"{mb:.0f}") for k, mb in results["memory_mb"].items()]),
    )
