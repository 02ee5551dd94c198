"""Figures of the benchmarks, from what was measured."""

from __future__ import annotations

import contextlib
from pathlib import Path

from benchmarks.peers import LABELS, OURS
from benchmarks.report import RESULTS
from driver.figures import style

PROGRAMS = {
    OURS: {"color": style.TRAINED, "marker": "o"},
    "plain": {"color": style.BRIGHT, "marker": "s"},
    "cython": {"color": style.MUTED, "marker": "^", "linestyle": "none"},
    "numpy": {"color": style.MIDDLE, "marker": "v"},
    "genn": {"color": style.UNTRAINED, "marker": "P"},
    "nest": {"color": style.DARK, "marker": "D"},
}
PANELS = {
    "lateral_line": ("Lateral line, LL -> MON -> TS", "MON cells"),
    "waves": ("Cube 02_02, dense with waves", "n = L (n³ cells)"),
    "quiet": ("Cube relay-a, quiet", "n = L (n³ cells)"),
}
CPU_TIME = "CPU time per step (ms)"


@contextlib.contextmanager
def figure(file: Path, width: float, height: float):
    """An empty figure, which is saved at the end."""
    from matplotlib.figure import Figure

    with style.applied():
        drawn = Figure(figsize=(width, height), layout="constrained")
        yield drawn
        drawn.savefig(file, **style.PNG)


def draw_spreads(ax, x: list, spreads: list[dict], **look) -> None:
    """Medians, with bars from the lowest to the highest."""
    middle = [s["median"] for s in spreads]
    below = [s["median"] - s["low"] for s in spreads]
    above = [s["high"] - s["median"] for s in spreads]
    ax.errorbar(x, middle, (below, above), ms=4, capsize=2, **look)


def log_axes(ax, sizes: list[int] | None = None, y: str = "log") -> None:
    """Logarithmic axes, of `y` if it is "log"; with `sizes`, ticks at these."""
    if not ax.has_data():
        style.empty(ax, "not measured")
        return
    ax.set(xscale="log", yscale=y)
    ax.minorticks_off()
    if sizes:
        ax.set_xticks(sizes, [f"{n / 1000:g}k" if n >= 1000 else str(n) for n in sizes])


def cube(results: dict, file: Path = RESULTS / "cube.png") -> None:
    """Cost of a step against spikes and against size."""
    costs, sizes = results["by_spikes"], results["by_size"]["n"]
    fixed, slope = costs["ms_without_spikes"], costs["ns_per_spike"]
    with figure(file, 9, 3.6) as drawn:
        by_spikes, by_size = drawn.subplots(1, 2)
        by_spikes.plot(costs["spikes_per_step"], costs["cpu_ms_per_step"], "o", ms=4)
        label = f"{fixed:.2f} ms + {slope:.0f} ns per spike"
        by_spikes.axline((0, fixed), slope=slope * 1e-6, color="k", ls=":", label=label)
        by_spikes.set(xlabel="spikes per step", ylabel=CPU_TIME)
        by_spikes.set(xlim=(0, None), ylim=(0, None), title="n = L = 48, while waves grow")
        by_spikes.legend()
        for kind, mark in {"quiet": "o-", "waves": "s-"}.items():
            found = results["by_size"][kind]
            label = f"{kind}: grows as n to the {found['power_of_n']:.1f}"
            by_size.plot(sizes, found["cpu_ms_per_step"], mark, ms=4, label=label)
        by_size.set(xlabel="n = L", ylabel=CPU_TIME, title="by size")
        by_size.legend()
        log_axes(by_size, sizes)


def threads(results: dict, names: dict[str, str], file: Path = RESULTS / "threads.png") -> None:
    """Ratio against the number of cells; `names` are those of the networks."""
    with figure(file, 5, 3.6) as drawn:
        ax = drawn.subplots()
        for kind, name in names.items():
            cells = [row["cells"] for row in results[kind]]
            draw_spreads(ax, cells, [row["ratio"] for row in results[kind]], marker="o", label=name)
        ax.axhline(1, color="k", lw=0.8)
        ax.axvline(results["crossover"], color="k", ls=":", lw=0.8, label="shared from here on")
        ax.set(xlabel="cells of the largest group")
        ax.set_ylabel(f"time of {results['threads']} threads / of one")
        log_axes(ax)
        ax.set_yscale("log", base=2)
        ax.set_yticks([0.5, 0.6, 0.7, 0.8, 1, 1.5, 2, 3])  # what a ratio of two threads can be
        ax.set_ylim(*within([row["ratio"] for kind in names for row in results[kind]]))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.legend()


def within(spreads: list[dict]) -> tuple[float, float]:
    """A little more than from the lowest to the highest, and 0.5 to 1 in any case."""
    low, high = min(s["low"] for s in spreads), max(s["high"] for s in spreads)
    return min(low, 0.5) * 0.95, max(high, 1) * 1.1


def backends(results: dict, file: Path = RESULTS / "backends.png") -> None:
    """Time of a step for each kind of network above; memory and first start below."""
    with figure(file, 10, 6.4) as drawn:
        times, (line_memory, waves_memory, start) = drawn.subplots(2, 3)
        for ax, kind in zip(times, PANELS, strict=True):
            draw_time(ax, results["sizes"].get(kind, {}), kind)
        for ax, kind in ((line_memory, "lateral_line"), (waves_memory, "waves")):
            draw_memory(ax, results["sizes"].get(kind, {}), kind)
        draw_start(start, results["sizes"])
        # one legend for all panels: the first shows every program that was measured
        handles, labels = times[0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside lower center", ncols=len(labels) or 1)


def points(rows: dict, program: str, x: str, y: str) -> tuple[list, list]:
    """Two quantities of a program, over the sizes at which both were measured."""
    found = [{"size": int(size)} | row.get(program, {}) for size, row in rows.items()]
    found = [row for row in found if row.get(y) is not None]
    return [row[x] for row in found], [row[y] for row in found]


def label_of(program: str) -> str:
    return LABELS[program].replace("`", "")


def draw_time(ax, rows: dict, kind: str) -> None:
    for program, look in PROGRAMS.items():
        sizes, times = points(rows, program, "size", "cpu_ms_per_step")
        if sizes:
            draw_spreads(ax, sizes, times, label=label_of(program), **look)
    title, size = PANELS[kind]
    ax.set(title=title, xlabel=size, ylabel=CPU_TIME)
    log_axes(ax, [int(size) for size in rows])


def draw_memory(ax, rows: dict, kind: str) -> None:
    for program, look in PROGRAMS.items():
        synapses, memory = points(rows, program, "synapses", "memory_mb")
        if synapses:
            ax.plot(synapses, memory, ms=4, **look)
    title = PANELS[kind][0].split(",")[0]
    ax.set(title=f"Memory: {title}", xlabel="synapses", ylabel="peak memory (MB)")
    log_axes(ax)


def draw_start(ax, sizes: dict) -> None:
    """Seconds from nothing to the end of the first step, of the backends that compile each size."""
    for program in (OURS, "genn"):
        for kind, line in {"lateral_line": "-", "waves": "--"}.items():
            synapses, seconds = points(sizes.get(kind, {}), program, "synapses", "start_s")
            if synapses:
                label = f"{label_of(program)}: {PANELS[kind][0].split(',')[0]}"
                ax.plot(synapses, seconds, line, ms=4, label=label, **PROGRAMS[program])
    ax.set(xlabel="synapses", ylabel="generate, compile, first step (s)", title="Cold start")
    log_axes(ax, y="linear")
    if ax.has_data():
        ax.set(ylim=(0, 1.6 * ax.get_ylim()[1]))
        ax.legend(loc="upper left")
