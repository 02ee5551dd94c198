"""What each backend costs, beside C++ by hand and NEST, and how all of it grows with size.

Every program runs the same network in a process of its own (`peers`, `networks`); they go on in
turn, and what is quoted is their ratio. All of ours are generated and compiled anew. Linux only.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import backends_figure, backends_table, networks, side_by_side
from benchmarks.growth import growth
from benchmarks.peers import LABELS, OURS, Workshop

BASE = {"lateral_line": 3200, "waves": 48, "quiet": 48}
SIZES = {
    "lateral_line": (800, 1600, 3200, 6400, 12_800, 25_600, 51_200),
    "waves": (16, 24, 32, 48, 64, 96),
    "quiet": (16, 24, 32, 48, 64, 96),
}
QUICK_BASE = {"lateral_line": 3200, "waves": 32, "quiet": 32}
QUICK_SIZES = {
    "lateral_line": (800, 3200, 12_800),
    "waves": (16, 24, 32),
    "quiet": (32,),
}
ALL = (OURS, "plain", "plain_ieee", "numpy", "genn", "genn_gpu", "nest", "nest_2")
CURVE = (OURS, "plain", "numpy", "genn", "nest")
QUICK_CURVE = (OURS, "plain", "nest")
CYTHON_S = 330  # what compiling its code may take, so it comes last

table = backends_table.table


def measure(quick: bool = False) -> dict:
    """All measurements: at most 6 minutes with `quick`, half an hour without."""
    sizes, base = (QUICK_SIZES, QUICK_BASE) if quick else (SIZES, BASE)
    curve = QUICK_CURVE if quick else CURVE
    repeats, base_repeats = (2, 3) if quick else (3, 7)
    timetable = side_by_side.Timetable(300 if quick else 1600, 0.4 if quick else 0.8)
    rows: dict[str, dict[str, dict]] = {kind: {} for kind in networks.KINDS}
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        for kind, size in in_order(sizes, base):
            is_base = size == base[kind]
            programs = [p for p in (ALL if is_base else curve) if applies(p, kind)]
            rows[kind][str(size)] = side_by_side.measure(
                workshop, kind, size, programs, base_repeats if is_base else repeats, timetable
            )
        rows["lateral_line"][str(base["lateral_line"])]["cython"] = cython(
            workshop, base["lateral_line"], base_repeats, timetable, quick
        )
    rows = {
        kind: dict(sorted(r.items(), key=lambda item: int(item[0]))) for kind, r in rows.items()
    }
    results = {"base": base, "sizes": rows, "growth": all_growth(rows)}
    backends_figure.draw(results)
    return results


def in_order(sizes: dict, base: dict):
    """First the size at which all programs are compared, of each kind; then the others, growing.

    So what time does not suffice for is the largest.
    """
    yield from base.items()
    others = [(rank, kind, size) for kind in sizes for rank, size in enumerate(sizes[kind])]
    for _, kind, size in sorted(others):
        if size != base[kind]:
            yield kind, size


def applies(program: str, kind: str) -> bool:
    """Whether a program has this kind of network: NEST the lateral line only."""
    return kind == "lateral_line" or not program.startswith("nest")


def cython(workshop: Workshop, size: int, repeats: int, timetable, quick: bool) -> dict:
    """The row of cython, at one size, in turn with ours once more."""
    if quick:
        return {"not_measured": "compiling takes minutes, left out by --quick"}
    if timetable.left_s < CYTHON_S:
        return {"not_measured": side_by_side.OUT_OF_TIME}
    programs = [OURS, "cython"]
    found = side_by_side.measure(workshop, "lateral_line", size, programs, repeats, timetable)
    return found["cython"]


def all_growth(rows: dict) -> dict:
    """Fits of time, memory and starting time, by kind and program, in cells."""
    found: dict[str, dict] = {}
    for kind, by_size in rows.items():
        found[kind] = {}
        for program in LABELS:
            measured = {
                networks.n_cells(kind, int(size)): row[program]
                for size, row in by_size.items()
                if program in row and "not_measured" not in row[program]
            }
            if measured:
                found[kind][program] = growth_of(measured)
    return found


def growth_of(measured: dict[int, dict]) -> dict:
    cells = list(measured)
    cpu = [row["cpu_ms_per_step"]["median"] for row in measured.values()]
    synapses = [row["synapses"] for row in measured.values()]
    return {
        "cpu_ms_per_step": growth(cells, cpu),
        "memory_mb": growth(synapses, [row["memory_mb"] for row in measured.values()]),
    }
