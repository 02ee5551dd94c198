"""The measurements of `backends` as Markdown; what was not measured says why."""

from __future__ import annotations

from benchmarks import networks
from benchmarks.machine import ranged
from benchmarks.nest_peer import DIFFERENCES
from benchmarks.peers import LABELS, OURS

TITLES = {
    "lateral_line": "Lateral line, {size} MON cells",
    "waves": "Cube 02_02 in waves, n = L = {size}",
    "quiet": "Cube relay-a without readout, n = L = {size}",
}
SHORT = {"lateral_line": "lateral line", "waves": "cube in waves", "quiet": "quiet cube"}
SIZE_NAMES = {"lateral_line": "MON cells", "waves": "n = L", "quiet": "n = L"}
NOT_MEASURED = "not measured"


def table(results: dict, machine: dict) -> str:
    """Side by side at one size, then over sizes, then how it grows."""
    lines = ["# Backends, C++ by hand and NEST, and how cost grows with size", "", *head(machine)]
    for kind, rows in results["sizes"].items():
        base = str(results["base"][kind])
        if base in rows:
            lines += side_by_side(kind, base, rows[base])
    lines += ["", "## Over sizes", ""]
    for kind, rows in results["sizes"].items():
        lines += over_sizes(kind, rows) if len(rows) > 1 else []
    lines += growth(results["growth"])
    lines += ["", "![Time, memory and cold start against size](backends.png)"]
    return "\n".join(lines + notes()) + "\n"


def head(machine: dict) -> list[str]:
    return [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['compiler']}, "
        f"Python {machine['python']}, `{machine['flags']}`. Median (lowest to highest) of repeats "
        "in turn. CPU time is that of a program and all that it starts, on one thread unless it "
        "says otherwise; of ours it has the transport of blocks in it, not the decoding and "
        "records of a run. Ratios are taken repeat by repeat. Learning is on everywhere.",
    ]


def side_by_side(kind: str, size: str, rows: dict) -> list[str]:
    """All programs on one network."""
    lines = ["", f"## {TITLES[kind].format(size=size)}", ""]
    lines += [
        "| program | CPU ms a step | times ours | waited, ms a step | ns an event | events a step "
        "| rates, Hz | peak MB | cold start, s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [f"| {LABELS[program]} | {cells(row)} |" for program, row in rows.items()]


def cells(row: dict) -> str:
    if "not_measured" in row:
        return f"{NOT_MEASURED}: {row['not_measured']}" + " |" * 7
    ratio = ranged(row["over_ours"]) if "over_ours" in row else NOT_MEASURED
    hz = ", ".join(f"{name} {rate:.3g}" for name, rate in row["rates_hz"].items())
    return " | ".join(
        [
            ranged(row["cpu_ms_per_step"]),
            ratio,
            ranged(row["wall_ms_per_step"]),
            ranged(row["ns_per_event"]) if row["ns_per_event"] else NOT_MEASURED,
            f"{row['events_per_step']:.4g}",
            hz,
            f"{row['memory_mb']:.0f}",
            NOT_MEASURED if row["start_s"] is None else f"{row['start_s']:.3g}",
        ]
    )


def over_sizes(kind: str, rows: dict) -> list[str]:
    """CPU milliseconds a step of each program, and of ours what it takes besides."""
    programs = [p for p in LABELS if any(p in row for row in rows.values())]
    programs = [p for p in programs if sum(p in row for row in rows.values()) > 1]
    names = [LABELS[p] for p in programs]
    ours = ["ours: peak MB", "bytes a synapse", "cold start, s"]
    lines = [f"CPU milliseconds a step, {SHORT[kind]}:", ""]
    lines += ["| " + " | ".join([SIZE_NAMES[kind], "synapses", *names, *ours]) + " |"]
    lines += ["|" + "---|" * (2 + len(names) + len(ours))]
    for size, row in rows.items():
        count = networks.n_synapses(kind, int(size))
        times = [short(row.get(p), "cpu_ms_per_step") for p in programs]
        mine = [short(row.get(OURS), key) for key in ("memory_mb", "bytes_per_synapse", "start_s")]
        lines.append("| " + " | ".join([size, f"{count:.3g}", *times, *mine]) + " |")
    return [*lines, ""]


def short(row: dict | None, key: str) -> str:
    """One number of a row; why there is none stands below the tables."""
    if row is None or "not_measured" in row or row[key] is None:
        return "-"
    return ranged(row[key]) if isinstance(row[key], dict) else f"{row[key]:.3g}"


def growth(found: dict) -> list[str]:
    """Exponents and straight lines, and which of them fits."""
    lines = ["## Growth", ""]
    lines += [
        "| network | program | sizes | exponent of CPU time in cells (95 %) | its error | "
        "fixed µs + ns a cell (95 %) | its error | nearer | bytes a synapse added (95 %) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, programs in found.items():
        for program, fits in programs.items():
            if fits["cpu_ms_per_step"]["n"] > 1:
                lines.append(f"| {SHORT[kind]} | {LABELS[program]} | {fitted(fits)} |")
    return lines


def fitted(fits: dict) -> str:
    time, memory = fits["cpu_ms_per_step"], fits["memory_mb"]["straight_line"]
    power, line = time["power_law"], time["straight_line"]
    if power is None:
        return f"{time['n']} | too few sizes" + " |" * 5
    added = f"{memory['each'] * 2**20:.3g} ± {memory['each_half'] * 2**20:.2g}"
    return " | ".join(
        [
            str(time["n"]),
            f"{power['exponent']:.2f} ({power['low']:.2f} to {power['high']:.2f})",
            f"{power['error']:.0%}",
            f"{line['fixed'] * 1e3:.3g} ± {line['fixed_half'] * 1e3:.2g} + "
            f"{line['each'] * 1e6:.3g} ± {line['each_half'] * 1e6:.2g}",
            f"{line['error']:.0%}",
            "straight line" if time["better"] == "straight_line" else "power law",
            added,
        ]
    )


def notes() -> list[str]:
    return [
        "",
        "The cells of MON that a TS cell and I_MON hear grow in number with MON; their weights "
        "fall by the same factor, so that rates stay. An event is one delivery by LL -> MON, "
        "MON -> TS or TS -> TS, or by a link of the cube. Error is the root mean square of the "
        "relative residuals. Peak memory is that of a program and what it has running; of ours "
        "Python, its libraries and the compiled program. Bytes a synapse is all of the memory "
        "over all synapses, cells and libraries included; what a synapse adds is the slope. Cold "
        "start is generating, compiling and the first step, with nothing kept from before; of "
        "the hand-written programs it is compiling, of NEST building the network. The "
        "hand-written programs draw weights of their own, so their rates differ from ours as "
        "those of another seed do; when the waves of a cube begin is chance.",
        "",
        "`cython` compiles for minutes and is measured at one size. Cubes are not compared with "
        "NEST: it has no synapse that learns one step after the spike of its source.",
        "",
        "What NEST computes is near to ours, not the same:",
        "",
        *(f"{k}. {text}" for k, text in enumerate(DIFFERENCES, start=1)),
    ]
