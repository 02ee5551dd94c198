"""Programs in turn, on one network of one size: what each costs, and against ours."""

from __future__ import annotations

import contextlib
import time

from benchmarks import networks
from benchmarks.machine import spread
from benchmarks.peers import OURS, Peer, PeerError, Workshop, why_not

SETTLE_UNITS = {"lateral_line": 5, "waves": 190, "quiet": 30}
MOST_UNITS = 400
OUT_OF_TIME = "the time of this measurement was up"


class Timetable:
    """How long it may all take; tells what is being done.

    Parameters
    ----------
    seconds : float
        After so many, nothing new is begun.
    chunk_s : float
        What a program is asked for at a time takes about so long.
    """

    def __init__(self, seconds: float, chunk_s: float, say=print):
        self.start, self.seconds, self.chunk_s, self._say = time.monotonic(), seconds, chunk_s, say

    @property
    def left_s(self) -> float:
        return self.start + self.seconds - time.monotonic()

    def say(self, text: str) -> None:
        self._say(f"{time.monotonic() - self.start:5.0f} s  {text}", flush=True)


def measure(
    workshop: Workshop, kind: str, size: int, programs: list[str], repeats: int, time_: Timetable
) -> dict[str, dict]:
    """Rows by program, ours first; what cannot be measured has ``not_measured``, a reason."""
    time_.say(f"{kind}, {size}")
    rows: dict[str, dict] = {}
    peers: dict[str, Peer] = {}
    units: dict[str, int] = {}
    answers: dict[str, list[dict]] = {}
    with contextlib.ExitStack() as stack:
        for program in programs:
            reason = OUT_OF_TIME if time_.left_s < 0 else why_not(program)
            if reason is None:
                try:
                    peer = workshop.start(program, kind, size)
                    stack.callback(peer.close)
                    units[program] = settled(workshop, peer, program, kind, size, time_)
                    peers[program], answers[program] = peer, []
                    continue
                except PeerError as error:
                    reason = str(error)
            rows[program] = {"not_measured": reason}
            time_.say(f"  {program}: not measured, {reason}")
        in_turn(peers, units, answers, repeats)
        for program, peer in peers.items():
            rows[program] = row(kind, size, answers[program], answers.get(OURS), peer)
            time_.say(f"  {program}: {rows[program]['cpu_ms_per_step']['median']:.4g} ms a step")
    return {program: rows[program] for program in programs}


def settled(
    workshop: Workshop, peer: Peer, program: str, kind: str, size: int, time_: Timetable
) -> int:
    """Let a network settle, or take over the settled state of ours; units for one chunk."""
    state = workshop.state_file(kind, size)
    if program == OURS:
        peer.ask(SETTLE_UNITS[kind])
        peer.save(state)
    elif program.startswith(("plain", "nest")) or not state.exists():
        peer.ask(SETTLE_UNITS[kind])
    first = peer.ask(1)
    return max(1, min(MOST_UNITS, round(time_.chunk_s / first["wall_s"])))


def in_turn(peers: dict[str, Peer], units: dict[str, int], answers: dict, repeats: int) -> None:
    """Ask all programs, in an order that moves on by one each time."""
    order = list(peers)
    for _ in range(repeats):
        for program in order:
            answers[program].append(peers[program].ask(units[program]))
        order = order[1:] + order[:1]


def row(kind: str, size: int, answers: list[dict], ours: list[dict] | None, peer: Peer) -> dict:
    """What one program costs, and its ratio to ours, repeat by repeat."""
    steps = [a["units"] * networks.UNIT_STEPS[kind] for a in answers]
    events = [synaptic_events(kind, size, a) for a in answers]
    cpu = per(answers, "cpu_s", steps, 1e3)
    memory, synapses = peer.memory_mb(), networks.n_synapses(kind, size)
    found = {
        "cpu_ms_per_step": spread(cpu),
        "wall_ms_per_step": spread(per(answers, "wall_s", steps, 1e3)),
        "events_per_step": sum(events) / sum(steps),
        "ns_per_event": spread(per(answers, "cpu_s", events, 1e9)) if all(events) else None,
        "rates_hz": rates(kind, size, answers),
        "memory_mb": memory,
        "synapses": synapses,
        "bytes_per_synapse": memory * 2**20 / synapses,
        "start_s": peer.ready.get("start_s"),
        "units": answers[0]["units"],
    }
    if ours:
        reference = per(ours, "cpu_s", [a["units"] * networks.UNIT_STEPS[kind] for a in ours], 1e3)
        found["over_ours"] = spread([a / b for a, b in zip(cpu, reference, strict=True)])
    return found


def per(answers: list[dict], key: str, counts: list[float], factor: float) -> list[float]:
    return [
        factor * a[key] / n if n else float("inf") for a, n in zip(answers, counts, strict=True)
    ]


def synaptic_events(kind: str, size: int, answer: dict) -> float:
    """Deliveries by the links of `networks.n_synapses` and by lateral inhibition."""
    if kind != "lateral_line":
        n_cells = networks.n_cells(kind, size)
        return answer["spikes"] * networks.n_synapses(kind, size) / n_cells
    p = networks.lateral_line(size)
    out_degree = p.n_mon * p.ll_to_mon_in_degree / p.n_ll
    lateral = 2 * (p.ts_lateral_radius - 1)
    counts = (answer[f"{name}_spikes"] for name in ("ll", "mon", "ts"))
    degrees = out_degree, p.mon_to_ts_out_degree, lateral
    return sum(n * degree for n, degree in zip(counts, degrees, strict=True))


def rates(kind: str, size: int, answers: list[dict]) -> dict[str, float]:
    """Mean rate of each population, Hz."""
    seconds = sum(a["units"] for a in answers) * networks.UNIT_STEPS[kind] * 1e-3
    if kind != "lateral_line":
        spikes = sum(a["spikes"] for a in answers)
        return {"cells": spikes / networks.n_cells(kind, size) / seconds}
    p = networks.lateral_line(size)
    cells = {"ll": p.n_ll, "mon": p.n_mon, "ts": p.n_ts}
    return {
        name: sum(a[f"{name}_spikes"] for a in answers) / n / seconds for name, n in cells.items()
    }
