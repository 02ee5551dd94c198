"""Speed and memory of the dot-prediction models: steps per second, cost per spike and per cell.

Each number is CPU time of the compiled program on one core, and wall time beside it: on a shared
machine the first says what the program costs and the second what was waited for. Linux only.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import peak_memory_mb, ranged, spread
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params
from models.cube.presets import PRESETS
from models.cube.simulation import Simulation
from stimuli.dots import DotParams

DOOR = str(Path(__file__).parents[1] / "cube_brian2.py")
FIGURE = Path(__file__).parent / "results" / "cube.png"
WAVES = PRESETS["02_02"].reference
GOALS = {"waves": 800, "local": 19_000}
MEMORY_GOAL_MB = 4000
ORBIT = DotParams(stimulus="orbit")


def measure(quick: bool = False) -> dict:
    """All measurements; `quick` takes some minutes, the full set about ten."""
    repeats = 3 if quick else 7
    results = {
        "waves": speed(CubeParams(**WAVES), 600, repeats, settle=3000),
        "rise": speed(CubeParams(**WAVES), 600, repeats, settle=0),
        "relay": speed(CubeParams(**PRESETS["relay-a"].fixed | {"readout": False}), 1000, repeats),
        "local": speed(LocalParams(), 20_000, repeats, settle=3000),
        "motion": speed(LocalParams(**PRESETS["local-predict"].fixed), 20_000, repeats),
        "groups": speed(GroupsParams(r_in=1), 500, repeats),
        "by_spikes": cost_by_spikes(),
        "by_size": cost_by_size((16, 24, 32, 48) if quick else (16, 24, 32, 48, 64, 96)),
        "memory_mb": memory(),
    }
    draw(results)
    return results


class Timed:
    """A network whose blocks are timed."""

    def __init__(self, params: Params):
        self.sim = Simulation(params, ORBIT, "cpp_standalone")
        self.state, self.step = self.sim.initial_state(), 0

    def __enter__(self) -> Timed:
        return self

    def __exit__(self, *error) -> None:
        self.sim.engine.close()

    def run(self, n_steps: int) -> tuple[float, float, float]:
        """CPU seconds of the program, wall seconds, and spikes, each per step."""
        pid, first = self.sim.engine.process.pid, self.step
        cpu, wall, spikes = program_seconds(pid), time.perf_counter(), 0
        for block, stop in self.sim.blocks(self.state, first, first + n_steps, learn=True):
            self.state, self.step = block.state, stop
            spikes += sum(n for name, n in block.counts.items() if name in ("cells", "hidden"))
        cpu, wall = program_seconds(pid) - cpu, time.perf_counter() - wall
        return cpu / n_steps, wall / n_steps, spikes / n_steps


def program_seconds(pid: int) -> float:
    """CPU time of a program of one thread, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def speed(params: Params, n_steps: int, repeats: int, settle: int = 200) -> dict:
    """Steps per second of CPU and of wall time, over repeats; with `settle` 0 each starts anew."""
    rows = []
    with Timed(params) as network:
        if settle:
            network.run(settle)
        for _ in range(repeats):
            if not settle:
                network.state, network.step = network.sim.initial_state(), 0
            rows.append(network.run(n_steps))
    cpu, wall, spikes = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "steps_per_cpu_s": spread(list(1 / cpu)),
        "steps_per_s": spread(list(1 / wall)),
        "spikes_per_step": spread(list(spikes)),
    }


def cost_by_spikes() -> dict:
    """Cost of a step while waves grow, n = 48, and a line through it."""
    with Timed(CubeParams(**WAVES)) as network:
        rows = np.array([network.run(200) for _ in range(20)])
    spikes, cpu_ms = rows[:, 2], rows[:, 0] * 1e3
    slope, start = np.polyfit(spikes, cpu_ms, 1)
    return {
        "spikes_per_step": list(spikes),
        "cpu_ms_per_step": list(cpu_ms),
        "ns_per_spike": slope * 1e6,
        "ms_without_spikes": start,
    }


def cost_by_size(sizes: tuple[int, ...]) -> dict:
    """Cost of a step of n = L cubes, quiet (relay-a) and in waves (02_02), and fitted powers."""
    kinds = {
        "quiet": (PRESETS["relay-a"].fixed | {"readout": False}, 100, 400),
        "waves": (WAVES, 1500, 200),
    }
    found: dict = {"n": list(sizes)}
    for kind, (preset, settle, n_steps) in kinds.items():
        cpu_ms = []
        for n in sizes:
            with Timed(CubeParams(**preset | {"n": n, "L": n})) as network:
                network.run(settle // 8 * 8)
                cpu_ms.append(network.run(n_steps * max(1, 48 // n))[0] * 1e3)
        power, _ = np.polyfit(np.log(sizes), np.log(cpu_ms), 1)
        found[kind] = {"cpu_ms_per_step": cpu_ms, "power_of_n": power}
    return found


def memory() -> dict[str, float]:
    """Peak memory of whole runs, this process and the program, MB."""
    sizes = {
        "n = L = 96, 02_02 in waves": ("--mode", "02_02", "--n", "96", "--layers", "96"),
        "n = L = 48, 02_02 in waves": ("--mode", "02_02"),
        "n = L = 48, groups": ("--mode", "groups", "--n", "48", "--layers", "48"),
    }
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for k, (name, flags) in enumerate(sizes.items()):
            how = ("--fidelity", "reference") if "02_02" in name else ()
            argv = [DOOR, *flags, *how, "--steps", "800", "--no-figures", "--run-name", str(k)]
            argv += ["--output-root", folder, "--backend", "cpp_standalone"]
            peak_memory_mb(argv)  # compiles
            found[name] = peak_memory_mb([*argv, "--overwrite"])
    return found


def draw(results: dict) -> None:
    """Cost of a step against spikes and against size."""
    from matplotlib.figure import Figure

    from driver.figures import style

    with style.applied():
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        by_spikes, by_size = figure.subplots(1, 2)
        draw_by_spikes(by_spikes, results["by_spikes"])
        draw_by_size(by_size, results["by_size"])
        figure.savefig(FIGURE, **style.PNG)


def draw_by_spikes(left, r: dict) -> None:
    x, y = np.array(r["spikes_per_step"]), np.array(r["cpu_ms_per_step"])
    left.plot(x, y, "o", ms=4)
    line = np.array([0, x.max()])
    label = f"{r['ms_without_spikes']:.2f} ms + {r['ns_per_spike']:.0f} ns per spike"
    left.plot(line, r["ms_without_spikes"] + r["ns_per_spike"] * 1e-6 * line, "k:", label=label)
    left.set(xlabel="spikes per step", ylabel="CPU time per step (ms)", ylim=(0, None))
    left.set_title("n = L = 48, while waves grow")
    left.legend(frameon=False)


def draw_by_size(right, sizes: dict) -> None:
    for kind, mark in (("quiet", "o-"), ("waves", "s-")):
        label = f"{kind}: grows as n to the {sizes[kind]['power_of_n']:.1f}"
        right.loglog(sizes["n"], sizes[kind]["cpu_ms_per_step"], mark, ms=4, label=label)
    right.set(xlabel="n = L", ylabel="CPU time per step (ms)")
    right.set_xticks(sizes["n"], [str(n) for n in sizes["n"]], minor=False)
    right.minorticks_off()
    right.set_title("by size")
    right.legend(frameon=False)


NAMES = {
    "waves": "cube 02_02 in full waves, n = L = 48",
    "rise": "the same, its first 600 steps",
    "relay": "relay-a, n = L = 48",
    "local": "local layer, n = 48, r_out = 3",
    "motion": "motion cells (local-predict), n = 48",
    "groups": "groups, n = L = 48, m = 4 (7 million links)",
}


def table(results: dict, machine: dict) -> str:
    """The measurements as Markdown, beside what was to be reached."""
    head = f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
    repeats = results["waves"]["steps_per_s"]["n"]
    lines = [
        "# The cube, the local layer and groups of neurons",
        "",
        f"{head}Python {machine['python']}. One core, C++ standalone, learning on, spikes "
        f"recorded; median (lowest to highest) of {repeats} repeats. Waiting is longer where the "
        "machine is shared.",
        "",
        "| network | spikes per step | steps per CPU second | steps per second waited | to reach |",
        "|---|---|---|---|---|",
    ]
    for key, name in NAMES.items():
        r = results[key]
        columns = ("spikes_per_step", "steps_per_cpu_s", "steps_per_s")
        cells = " | ".join(ranged(r[c]) for c in columns)
        lines.append(f"| {name} | {cells} | {GOALS.get(key, '')} |")
    by = results["by_spikes"]
    lines += [
        "",
        f"A step at n = 48 costs {by['ms_without_spikes']:.2f} ms of CPU and "
        f"{by['ns_per_spike']:.0f} ns more for each spike. With n = L it grows as n to the "
        f"{results['by_size']['quiet']['power_of_n']:.1f} when quiet, and to the "
        f"{results['by_size']['waves']['power_of_n']:.1f} in waves (there are n cubed cells).",
        "",
        "![Cost of a step against spikes and size](cube.png)",
        "",
        f"Peak memory, the run and its program together (to reach at n = L = 96: "
        f"{MEMORY_GOAL_MB} MB):",
        "",
        "| run | MB |",
        "|---|---|",
        *(f"| {name} | {mb:.0f} |" for name, mb in results["memory_mb"].items()),
    ]
    return "\n".join(lines) + "\n"
