"""What each backend costs, beside C++ by hand and NEST, and how all of it grows with size.

Every program runs the same network in a process of its own (`peers`, `networks`); they go on in
turn, and what is quoted is their ratio. All of ours are generated and compiled anew. Linux only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import tempfile
import time
from pathlib import Path

from benchmarks import figures, networks, peers
from benchmarks.growth import growth
from benchmarks.networks import n_synapses
from benchmarks.peers import LABELS, NEST_THREADS, OURS, Peer, PeerError, why_not
from benchmarks.timing import in_turn, spread, spread_of_ratio

BASE = {"lateral_line": 3200, "waves": 48, "quiet": 48}
SIZES = {
    "lateral_line": (800, 1600, 3200, 6400, 12_800, 25_600, 51_200),
    "waves": (16, 24, 32, 48, 64, 96),
    "quiet": (16, 24, 32, 48, 64, 96),
}
QUICK_BASE = {"lateral_line": 3200, "waves": 32, "quiet": 32}
QUICK_SIZES = {"lateral_line": (800, 3200, 12_800), "waves": (16, 24, 32), "quiet": (32,)}
ALL = (OURS, "plain", "plain_ieee", "numpy", "genn", "genn_gpu", "nest", "nest_2")
CURVE = (OURS, "plain", "numpy", "genn", "nest")
QUICK_CURVE = (OURS, "plain", "nest")
CYTHON_S = 330  # what compiling its code may take, so it comes last

SETTLE_UNITS = {"lateral_line": 5, "waves": 190, "quiet": 30}
MOST_UNITS = 400
OUT_OF_TIME = "the time of this measurement was up"


def measure(quick: bool = False) -> dict:
    """All measurements: at most 6 minutes with `quick`, half an hour without."""
    sizes, base = (QUICK_SIZES, QUICK_BASE) if quick else (SIZES, BASE)
    curve = QUICK_CURVE if quick else CURVE
    repeats, base_repeats = (2, 3) if quick else (3, 7)
    rows: dict[str, dict[str, dict]] = {kind: {str(n): {} for n in sizes[kind]} for kind in sizes}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), 300 if quick else 1600, 0.4 if quick else 0.8)
        for kind, size in base.items():
            rows[kind][str(size)] = bench.measure(kind, size, ALL, base_repeats)
        # growing, so that what time does not suffice for is the largest
        others = [(rank, kind, size) for kind in sizes for rank, size in enumerate(sizes[kind])]
        for _, kind, size in sorted(others):
            if size != base[kind]:
                rows[kind][str(size)] = bench.measure(kind, size, curve, repeats)
        line = base["lateral_line"]
        if quick:
            cython = {"not_measured": "compiling takes minutes, left out by --quick"}
        elif bench.left_s < CYTHON_S:
            cython = {"not_measured": OUT_OF_TIME}
        else:  # in turn with ours once more
            both = bench.measure("lateral_line", line, (OURS, "cython"), base_repeats)
            cython = both["cython"]
        rows["lateral_line"][str(line)]["cython"] = cython
    results = {"base": base, "sizes": rows, "growth": all_growth(rows)}
    figures.backends(results)
    return results


def applies(program: str, kind: str) -> bool:
    """Whether a program has this kind of network: NEST the lateral line only."""
    return kind == "lateral_line" or program not in NEST_THREADS


@dataclasses.dataclass
class Bench:
    """Where programs are measured side by side, for a limited time.

    Attributes
    ----------
    folder : Path
        For what is compiled, and for files between programs.
    seconds : float
        After so many, nothing new is begun.
    chunk_s : float
        What a program is asked for at a time takes about so long.
    """

    folder: Path
    seconds: float
    chunk_s: float
    start: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        return self.start + self.seconds - time.monotonic()

    def print(self, text: str) -> None:
        print(f"{time.monotonic() - self.start:5.0f} s  {text}", flush=True)

    def measure(self, kind: str, size: int, programs: tuple, repeats: int) -> dict[str, dict]:
        """Rows by program, ours first; what cannot be measured has ``not_measured``, a reason."""
        self.print(f"{kind}, {size}")
        rows: dict[str, dict] = {program: {} for program in programs if applies(program, kind)}
        running: dict[str, Peer] = {}
        asks = {}
        with contextlib.ExitStack() as stack:
            for program in rows:
                reason = OUT_OF_TIME if self.left_s < 0 else why_not(program)
                try:
                    if reason is None:
                        peer = peers.start(program, kind, size, self.folder)
                        stack.callback(peer.close)
                        units = self.settle(peer, program, kind)
                        asks[program] = functools.partial(peer.ask, units)
                        running[program] = peer
                except PeerError as error:
                    reason = str(error)
                if reason is not None:
                    rows[program] = {"not_measured": reason}
                    self.print(f"  {program}: not measured, {reason}")
            answers = in_turn(asks, repeats)
            for program, peer in running.items():
                rows[program] = row(kind, size, answers[program], answers.get(OURS), peer)
                cpu_ms = rows[program]["cpu_ms_per_step"]["median"]
                self.print(f"  {program}: {cpu_ms:.4g} ms a step")
        return rows

    def settle(self, peer: Peer, program: str, kind: str) -> int:
        """Let a network settle, unless it began in the settled state of ours; units of a chunk."""
        if not peer.settled:
            peer.ask(SETTLE_UNITS[kind])
        if program == OURS:
            peer.save()
        return max(1, min(MOST_UNITS, round(self.chunk_s / peer.ask(1)["wall_s"])))


def row(kind: str, size: int, answers: list[dict], ours: list[dict] | None, peer: Peer) -> dict:
    """What one program costs, and its ratio to ours, repeat by repeat."""
    # a program is always asked for as many
    n_steps = answers[0]["units"] * networks.UNIT_STEPS[kind]
    populations = networks.populations(kind, size)
    cpu = [a["cpu_s"] for a in answers]
    events = [
        sum(a[f"{name}_spikes"] * degree for name, (_, degree) in populations.items())
        for a in answers
    ]
    seconds = len(answers) * n_steps * 1e-3
    memory, synapses = peer.memory_mb(), n_synapses(kind, size)
    found = {
        "cpu_ms_per_step": spread([1e3 * s / n_steps for s in cpu]),
        "wall_ms_per_step": spread([1e3 * a["wall_s"] / n_steps for a in answers]),
        "events_per_step": sum(events) / (len(answers) * n_steps),
        "ns_per_event": None,
        "rates_hz": {
            name: sum(a[f"{name}_spikes"] for a in answers) / n / seconds
            for name, (n, _) in populations.items()
        },
        "memory_mb": memory,
        "synapses": synapses,
        "bytes_per_synapse": memory * 2**20 / synapses,
        "start_s": peer.start_s,
        "units": answers[0]["units"],
    }
    if all(events):
        found["ns_per_event"] = spread([1e9 * s / n for s, n in zip(cpu, events, strict=True)])
    if ours:
        scale = answers[0]["units"] / ours[0]["units"]
        found["over_ours"] = spread_of_ratio(cpu, [scale * a["cpu_s"] for a in ours])
    return found


def all_growth(rows: dict) -> dict:
    """Fits of time and memory, by kind and program, in cells and in synapses."""
    found: dict[str, dict] = {kind: {} for kind in rows}
    for kind, by_size in rows.items():
        for program in LABELS:
            measured = {
                networks.n_cells(kind, int(size)): row[program]
                for size, row in by_size.items()
                if "cpu_ms_per_step" in row.get(program, {})
            }
            if measured:
                each = measured.values()
                cpu = [row["cpu_ms_per_step"]["median"] for row in each]
                memory = [row["memory_mb"] for row in each]
                found[kind][program] = {
                    "cpu_ms_per_step": growth(list(measured), cpu),
                    "memory_mb": growth([row["synapses"] for row in each], memory),
                }
    return found


def compared(rows: dict) -> list[str]:
    """The programs that stand at more than one size."""
    return [p for p in LABELS if sum(p in row for row in rows.values()) > 1]
