"""Cost of a step, memory and time to the first step, against size."""

from __future__ import annotations

from pathlib import Path

from benchmarks import networks
from benchmarks.peers import LABELS, OURS
from driver.figures import style

FIGURE = Path(__file__).parent / "results" / "backends.png"
LOOKS = {
    OURS: {"color": style.TRAINED, "marker": "o"},
    "plain": {"color": style.BRIGHT, "marker": "s"},
    "cython": {"color": style.MUTED, "marker": "^", "linestyle": "none"},
    "numpy": {"color": style.MIDDLE, "marker": "v"},
    "genn": {"color": style.UNTRAINED, "marker": "P"},
    "nest": {"color": style.DARK, "marker": "D"},
}
TITLES = {
    "lateral_line": "Lateral line, LL -> MON -> TS",
    "waves": "Cube 02_02, dense with waves",
    "quiet": "Cube relay-a, quiet",
}
X_LABELS = {"lateral_line": "MON cells", "waves": "n = L (n³ cells)", "quiet": "n = L (n³ cells)"}
SYNAPSES = "synapses"


def draw(results: dict, file: Path = FIGURE) -> None:
    """Time of a step for each kind of network above; memory and first start below."""
    from matplotlib.figure import Figure

    with style.applied():
        figure = Figure(figsize=(10, 6.4), layout="constrained")
        axes = figure.subplots(2, 3)
        for ax, kind in zip(axes[0], networks.KINDS, strict=True):
            draw_time(ax, results, kind)
        draw_memory(axes[1, 0], results, "lateral_line")
        draw_memory(axes[1, 1], results, "waves")
        draw_start(axes[1, 2], results)
        label(figure, axes[0, 0])
        file.parent.mkdir(exist_ok=True)
        figure.savefig(file, **style.PNG)


def label(figure, ax) -> None:
    """One legend for all panels; the first one shows every program that was measured."""
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels) or 1)


def points(results: dict, kind: str, program: str, value) -> tuple[list[int], list]:
    """Sizes at which a program was measured, and what `value` takes from each row."""
    rows = results["sizes"].get(kind, {})
    found = {
        int(size): value(row[program])
        for size, row in rows.items()
        if program in row and "not_measured" not in row[program]
    }
    return list(found), list(found.values())


def draw_time(ax, results: dict, kind: str):
    for program, look in LOOKS.items():
        sizes, times = points(results, kind, program, lambda row: row["cpu_ms_per_step"])
        if not sizes:
            continue
        middle = [t["median"] for t in times]
        reach = [[t["median"] - t["low"] for t in times], [t["high"] - t["median"] for t in times]]
        name = LABELS[program].replace("`", "")
        ax.errorbar(sizes, middle, reach, label=name, ms=4, capsize=2, **look)
    ax.set(title=TITLES[kind], xlabel=X_LABELS[kind], ylabel="CPU time per step (ms)")
    return on_sizes(ax, results, kind)


def on_sizes(ax, results: dict, kind: str):
    sizes = [int(size) for size in results["sizes"].get(kind, {})]
    if not ax.has_data():
        return style.empty(ax, "not measured")
    ax.set(xscale="log", yscale="log")
    ax.minorticks_off()
    names = [f"{size / 1000:g}k" if size >= 1000 else str(size) for size in sizes]
    ax.set_xticks(sizes, names)
    return ax


def draw_memory(ax, results: dict, kind: str):
    for program, look in LOOKS.items():
        _, counts = points(results, kind, program, lambda row: row["synapses"])
        _, memory = points(results, kind, program, lambda row: row["memory_mb"])
        if counts:
            ax.plot(counts, memory, ms=4, **look)
    ax.set(
        xlabel=SYNAPSES, ylabel="peak memory (MB)", title=f"Memory: {TITLES[kind].split(',')[0]}"
    )
    if ax.has_data():
        ax.set(xscale="log", yscale="log")
        ax.minorticks_off()
        return ax
    return style.empty(ax, "not measured")


def draw_start(ax, results: dict):
    """Seconds from nothing to the end of the first step, of the backends that compile each size."""
    marks = {"lateral_line": "-", "waves": "--"}
    for program in (OURS, "genn"):
        for kind, line in marks.items():
            _, seconds = points(results, kind, program, lambda row: row["start_s"])
            _, counts = points(results, kind, program, lambda row: row["synapses"])
            if counts and None not in seconds:
                name = f"{LABELS[program].replace('`', '')}: {TITLES[kind].split(',')[0]}"
                ax.plot(counts, seconds, line, ms=4, label=name, **LOOKS[program])
    ax.set(xlabel=SYNAPSES, ylabel="generate, compile, first step (s)", title="Cold start")
    if not ax.has_data():
        return style.empty(ax, "not measured")
    ax.set(xscale="log", ylim=(0, 1.6 * ax.get_ylim()[1]))
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return ax
