"""The measurements of `backends` as a page and a figure; what was not measured says why."""

from __future__ import annotations

from pathlib import Path

from benchmarks import networks, report
from benchmarks.nest_peer import DIFFERENCES
from benchmarks.peers import LABELS, OURS
from benchmarks.report import ranged
from driver.figures import style

TITLES = {
    "lateral_line": "Lateral line, {size} MON cells",
    "waves": "Cube 02_02 in waves, n = L = {size}",
    "quiet": "Cube relay-a without readout, n = L = {size}",
}
SHORT = {"lateral_line": "lateral line", "waves": "cube in waves", "quiet": "quiet cube"}
SIZE_NAMES = {"lateral_line": "MON cells", "waves": "n = L", "quiet": "n = L"}
NOT_MEASURED = "not measured"

SIDE_BY_SIDE = (
    "program | CPU ms a step | times ours | waited, ms a step | ns an event | events a step | "
    "rates, Hz | peak MB | cold start, s"
)
GROWTH = (
    "network | program | sizes | exponent of CPU time in cells (95 %) | its error | "
    "fixed µs + ns a cell (95 %) | its error | nearer | bytes a synapse added (95 %)"
)
HEAD = """\
Median (lowest to highest) of repeats in turn. CPU time is that of a program and all that it \
starts, on one thread unless it says otherwise; of ours it has the transport of blocks in it, not \
the decoding and records of a run. Ratios are taken repeat by repeat. Learning is on everywhere."""
NOTES = """\
The cells of MON that a TS cell and I_MON hear grow in number with MON; their weights fall by the \
same factor, so that rates stay. An event is one delivery by LL -> MON, MON -> TS or TS -> TS, or \
by a link of the cube. Error is the root mean square of the relative residuals. Peak memory is \
that of a program and what it has running; of ours Python, its libraries and the compiled \
program. Bytes a synapse is all of the memory over all synapses, cells and libraries included; \
what a synapse adds is the slope. Cold start is generating, compiling and the first step, with \
nothing kept from before; of the hand-written programs it is compiling, of NEST building the \
network. The hand-written programs draw weights of their own, so their rates differ from ours as \
those of another seed do; when the waves of a cube begin is chance.

`cython` compiles for minutes and is measured at one size. Cubes are not compared with NEST: it \
has no synapse that learns one step after the spike of its source.

What NEST computes is near to ours, not the same:
"""


def table(results: dict, machine: dict) -> str:
    """Side by side at one size, then over sizes, then how it grows."""
    parts = [f"{report.described(machine)} {HEAD}"]
    for kind, rows in results["sizes"].items():
        base = str(results["base"][kind])
        if base in rows:
            cells = [[LABELS[p], *cells_of(row)] for p, row in rows[base].items()]
            parts.append(f"## {TITLES[kind].format(size=base)}")
            parts.append(report.table(SIDE_BY_SIDE, cells))
    parts.append("## Over sizes")
    for kind, rows in results["sizes"].items():
        if len(rows) > 1:
            parts += [f"CPU milliseconds a step, {SHORT[kind]}:", over_sizes(kind, rows)]
    fits = [
        [SHORT[kind], LABELS[program], *fit_cells(found)]
        for kind, programs in results["growth"].items()
        for program, found in programs.items()
        if found["cpu_ms_per_step"]["n"] > 1
    ]
    differences = [f"{k}. {text}" for k, text in enumerate(DIFFERENCES, start=1)]
    return report.page(
        "Backends, C++ by hand and NEST, and how cost grows with size",
        *parts,
        "## Growth",
        report.table(GROWTH, fits),
        "![Time, memory and cold start against size](backends.png)",
        "\n".join([NOTES, *differences]),
    )


def cells_of(row: dict) -> list[str]:
    """What one program costs."""
    if "not_measured" in row:
        return [f"{NOT_MEASURED}: {row['not_measured']}", "", "", "", "", "", "", ""]
    return [
        ranged(row["cpu_ms_per_step"]),
        ranged(row["over_ours"]) if "over_ours" in row else NOT_MEASURED,
        ranged(row["wall_ms_per_step"]),
        ranged(row["ns_per_event"]) if row["ns_per_event"] else NOT_MEASURED,
        f"{row['events_per_step']:.4g}",
        ", ".join(f"{name} {rate:.3g}" for name, rate in row["rates_hz"].items()),
        f"{row['memory_mb']:.0f}",
        NOT_MEASURED if row["start_s"] is None else f"{row['start_s']:.3g}",
    ]


def over_sizes(kind: str, rows: dict) -> str:
    """CPU milliseconds a step of each program, and of ours what it takes besides."""
    programs = [p for p in LABELS if sum(p in row for row in rows.values()) > 1]
    columns = [SIZE_NAMES[kind], "synapses", *(LABELS[p] for p in programs)]
    columns += ["ours: peak MB", "bytes a synapse", "cold start, s"]
    return report.table(
        " | ".join(columns),
        [
            [size, f"{networks.n_synapses(kind, int(size)):.3g}"]
            + [number(row.get(p), "cpu_ms_per_step") for p in programs]
            + [number(row.get(OURS), k) for k in ("memory_mb", "bytes_per_synapse", "start_s")]
            for size, row in rows.items()
        ],
    )


def number(row: dict | None, key: str) -> str:
    """One number of a row; why there is none stands at the size at which all are compared."""
    if row is None or row.get(key) is None:
        return "-"
    return ranged(row[key]) if isinstance(row[key], dict) else f"{row[key]:.3g}"


def fit_cells(fits: dict) -> list[str]:
    """Exponents and straight lines, and which of them fits."""
    time, memory = fits["cpu_ms_per_step"], fits["memory_mb"]["straight_line"]
    power, line = time["power_law"], time["straight_line"]
    if power is None:
        return [time["n"], "too few sizes", "", "", "", "", ""]
    return [
        time["n"],
        f"{power['exponent']:.2f} ({power['low']:.2f} to {power['high']:.2f})",
        f"{power['error']:.0%}",
        f"{line['fixed'] * 1e3:.3g} ± {line['fixed_half'] * 1e3:.2g} + "
        f"{line['each'] * 1e6:.3g} ± {line['each_half'] * 1e6:.2g}",
        f"{line['error']:.0%}",
        "straight line" if time["better"] == "straight_line" else "power law",
        f"{memory['each'] * 2**20:.3g} ± {memory['each_half'] * 2**20:.2g}",
    ]


# --- the figure ----------------------------------------------------------------------------

LOOKS = {
    OURS: {"color": style.TRAINED, "marker": "o"},
    "plain": {"color": style.BRIGHT, "marker": "s"},
    "cython": {"color": style.MUTED, "marker": "^", "linestyle": "none"},
    "numpy": {"color": style.MIDDLE, "marker": "v"},
    "genn": {"color": style.UNTRAINED, "marker": "P"},
    "nest": {"color": style.DARK, "marker": "D"},
}
PANELS = {
    "lateral_line": "Lateral line, LL -> MON -> TS",
    "waves": "Cube 02_02, dense with waves",
    "quiet": "Cube relay-a, quiet",
}
X_LABELS = {"lateral_line": "MON cells", "waves": "n = L (n³ cells)", "quiet": "n = L (n³ cells)"}


def draw(results: dict, file: Path = report.RESULTS / "backends.png") -> None:
    """Time of a step for each kind of network above; memory and first start below."""
    with report.figure(file, 10, 6.4) as figure:
        axes = figure.subplots(2, 3)
        for ax, kind in zip(axes[0], networks.KINDS, strict=True):
            draw_time(ax, results, kind)
        draw_memory(axes[1, 0], results, "lateral_line")
        draw_memory(axes[1, 1], results, "waves")
        draw_start(axes[1, 2], results)
        # one legend for all panels: the first shows every program that was measured
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels) or 1)


def points(results: dict, kind: str, program: str, x: str, y: str) -> tuple[list, list]:
    """Two quantities of a program, over the sizes at which both were measured."""
    found = [
        {"size": int(size)} | row.get(program, {})
        for size, row in results["sizes"].get(kind, {}).items()
    ]
    found = [row for row in found if row.get(y) is not None]
    return [row[x] for row in found], [row[y] for row in found]


def draw_time(ax, results: dict, kind: str):
    for program, look in LOOKS.items():
        sizes, times = points(results, kind, program, "size", "cpu_ms_per_step")
        if sizes:
            label = LABELS[program].replace("`", "")
            report.draw_spreads(ax, sizes, times, label=label, **look)
    ax.set(title=PANELS[kind], xlabel=X_LABELS[kind], ylabel="CPU time per step (ms)")
    all_sizes = [int(size) for size in results["sizes"].get(kind, {})]
    return report.log_axes(ax, all_sizes) if ax.has_data() else style.empty(ax, NOT_MEASURED)


def draw_memory(ax, results: dict, kind: str):
    for program, look in LOOKS.items():
        counts, memory = points(results, kind, program, "synapses", "memory_mb")
        if counts:
            ax.plot(counts, memory, ms=4, **look)
    title = f"Memory: {PANELS[kind].split(',')[0]}"
    ax.set(title=title, xlabel="synapses", ylabel="peak memory (MB)")
    return report.log_axes(ax) if ax.has_data() else style.empty(ax, NOT_MEASURED)


def draw_start(ax, results: dict):
    """Seconds from nothing to the end of the first step, of the backends that compile each size."""
    for program in (OURS, "genn"):
        for kind, line in {"lateral_line": "-", "waves": "--"}.items():
            counts, seconds = points(results, kind, program, "synapses", "start_s")
            if counts:
                label = f"{LABELS[program].replace('`', '')}: {PANELS[kind].split(',')[0]}"
                ax.plot(counts, seconds, line, ms=4, label=label, **LOOKS[program])
    ax.set(xlabel="synapses", ylabel="generate, compile, first step (s)", title="Cold start")
    if not ax.has_data():
        return style.empty(ax, NOT_MEASURED)
    ax.set(xscale="log", ylim=(0, 1.6 * ax.get_ylim()[1]))
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return ax
