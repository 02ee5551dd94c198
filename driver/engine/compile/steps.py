"""The loop over the steps of a block, written out: what a step calls, in Brian's order.

Brian's own loop looks up in every step which clocks tick in it. Here each clock ticks every so
many steps of the network, which is known when the loop is written.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import brian2 as b2

from driver.engine.compile.passes import Piece, is_better, join, read, write_pass
from driver.engine.timing.counters import readable

ADD = re.compile(r"\w+\.add\(&(\w+), (\w+)\);")
FORMS = ("", "_dynamic")  # a piece names arrays without it


def take_objects(lines: list[str]) -> list[tuple[str, int]]:
    """What generated lines add to the network, each to be called every so many steps.

    The lines are taken away. Raises RuntimeError for a clock that ticks between two steps.
    """
    every = {clock.name: period(clock) for clock in b2.get_device().clocks}
    found = [ADD.fullmatch(line.strip()) for line in lines]
    lines[:] = [line for line, match in zip(lines, found, strict=True) if not match]
    return [(match[2], every[match[1]]) for match in found if match]


def period(clock) -> int:
    """Steps of the network from one tick of a clock to the next."""
    steps = float(clock.dt_ / b2.defaultclock.dt_)
    if abs(steps - round(steps)) > 1e-6:
        raise RuntimeError(f"the clock {clock.name} ticks each {steps} steps, not at whole ones")
    return round(steps)


@dataclasses.dataclass(frozen=True)
class Steps:
    """The loop.

    Attributes
    ----------
    text : str
        C++ of the function ``advance(n_steps)``, and of what is declared before it.
    objects : list of str
        Brian's names of what a profiled program counts the time of, in the order of its counters.
    shared : list of str
        Functions of passes that threads share.
    written : set of str
        Names of the arrays that it writes.
    """

    text: str
    objects: list[str]
    shared: list[str]
    written: set[str]


def write_steps(
    folder: Path, objects: list[tuple[str, int]], crossover: int, profiled: bool
) -> Steps:
    """Join in the project in `folder` what can be joined, and write the loop that calls it.

    `crossover` is the number of cells from which on threads share a pass; 0: never.
    """
    pieces = [piece_of(folder, *item) for item in objects]
    written = {prefix + name for piece in pieces for name in piece.written for prefix in FORMS}
    steps = Steps("", [], [], written)
    declared, lines = [], ["last = ticks();"] if profiled else []
    for found in join(pieces):
        names = [readable(piece.function) for piece in found.pieces]
        is_shared = 0 < crossover <= found.size
        call, counts = found.pieces[0].function, [f"count(counters[{len(steps.objects)}], last);"]
        if is_better(found, is_shared):
            inside = profiled and not is_shared  # threads would count at the same time
            first = len(steps.objects) if inside else None
            call = write_pass(folder, found, is_shared, first)
            counts = [] if inside else counts
            names = names if inside else [" + ".join(names)]
            declared.append(f"void {call}();")
            if is_shared:
                steps.shared.append(call)
        steps.objects.extend(names if profiled else [])
        lines += on_tick(found.every, [f"{call}();", *(counts if profiled else [])])
    for clock in sorted(b2.get_device().clocks, key=lambda clock: clock.name):
        lines += on_tick(period(clock), tick_lines(clock))
    lines = "\n        ".join(lines)
    text = "\n".join(declared) + LOOP % lines
    return dataclasses.replace(steps, text=text)


LOOP = """
static void advance(const int64_t n_steps)
{
    using namespace brian;
    for(int64_t step=0; step<n_steps; step++)
    {
        %s
    }
}
"""


def piece_of(folder: Path, function: str, every: int) -> Piece:
    """What a function does, from its file; or of ours, see `driver.engine.compile.serve.watch`."""
    if function.startswith("watch_"):
        space = f"_array_{function.removeprefix('watch_')}__spikespace"
        return Piece(function, every, frozenset({space}), frozenset())
    text = (folder / "code_objects" / f"{function.removeprefix('_run_')}.cpp").read_text()
    return read(text, every)


def on_tick(every: int, lines: list[str]) -> list[str]:
    """Lines that are due every so many steps."""
    return lines if every == 1 else [f"if(step % {every} == 0) {{", *lines, "}"]


def tick_lines(clock) -> list[str]:
    """What a clock does at its end of a step."""
    t, step, dt = (
        b2.get_device().get_array_name(clock.variables[name]) for name in ("t", "timestep", "dt")
    )
    return [f"{step}[0] += 1;", f"{t}[0] = {step}[0]*{dt}[0];"]
