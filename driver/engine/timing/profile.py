"""Where the time of a run goes: each object of the network, and all that is not the network.

Every second of wall time stands in one account and in no other. An account is open at a time:
`phase` opens one for good, `part` one for a while. The time in the loop over steps is what the
engine tells, by object, as Brian names it: ``mon_stateupdater``, ``mon_ts_pre``.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from driver import STARTED

LOOP, CLOCK = "loop over steps", "the profile's own clock"
START_UP, GENERATION, COMPILING = "start-up", "code generation", "compiling"
ENGINE, BLOCKS, FIGURES = "opening the engine", "transport of blocks", "figures and report"
PHASES = {
    "preparing": "wiring, initial state",
    "training": "Python around the blocks of the run",
    "testing": "Python around the blocks of the tests",
    "saving": "results and files",
    "drawing": FIGURES,
    "done": "closing lines, summary",
}
REST = "clocks, calls"
LITTLE = 0.002  # share of the loop below which an object is not worth a line


class Profile:
    """Accounts of wall time, in seconds.

    Attributes
    ----------
    parts : dict of float
        What was not in the loop over steps, by account.
    objects : dict of float
        What was in it, by object.
    loop_seconds : float
        All of the loop.
    n_steps : int
        How many steps it had.
    """

    def __init__(self) -> None:
        self.parts: dict[str, float] = defaultdict(float)
        self.objects: dict[str, float] = defaultdict(float)
        self.loop_seconds, self.n_steps = 0.0, 0
        self.account, self.since = START_UP, STARTED

    def phase(self, name: str) -> None:
        """From now on time goes to the account of a phase of a run, see `driver.run.status`."""
        self._open(PHASES.get(name, name))

    def _open(self, account: str) -> None:
        now = time.perf_counter()
        self.parts[self.account] += now - self.since
        self.account, self.since = account, now

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Within it time goes to the account `name`, and afterwards where it went before."""
        before = self.account
        self._open(name)
        try:
            yield
        finally:
            self._open(before)

    def parted(self, name: str, function: Callable) -> Callable:
        """`function`, whose calls go to the account `name`."""
        return self.part(name)(function)

    def loop(
        self, objects: Iterable[tuple[str, float]], seconds: float, clock: float, n_steps: int
    ) -> None:
        """Book the loop of a block, which ran within the open account.

        Parameters
        ----------
        objects : iterable of (str, float)
            Object and seconds; one may come in several pieces.
        seconds, clock : float
            Of the whole loop without that of the profile's own clock, and of that clock.
        """
        for name, spent in objects:
            self.objects[name] += spent
        self.loop_seconds += seconds
        self.n_steps += n_steps
        self.parts[CLOCK] += clock
        self.parts[self.account] -= seconds + clock

    def summary(self) -> dict[str, Any]:
        """Content of ``profile`` in ``run_summary.json``; seconds, the largest first."""
        self._open(self.account)
        rest = self.loop_seconds - sum(self.objects.values())
        return {
            "seconds": self.loop_seconds + sum(self.parts.values()),
            "n_steps": self.n_steps,
            "loop_seconds": self.loop_seconds,
            "loop": largest_first(self.objects | {REST: rest}),
            "outside": largest_first(self.parts),
        }


def part(profile: Profile | None, name: str) -> contextlib.AbstractContextManager[None]:
    """An account of `profile` for a while; nothing where nobody asked for one."""
    return contextlib.nullcontext() if profile is None else profile.part(name)


def largest_first(seconds: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def table(summary: Mapping[str, Any]) -> list[str]:
    """Lines for people: where the time went, in the loop by object and around it.

    Shares are of the loop, and of what is around it; objects of next to no time share a line.
    """
    whole, loop, n_steps = summary["seconds"], summary["loop_seconds"], summary["n_steps"]
    objects, small = split(summary["loop"], LITTLE * loop)
    if small:
        objects[f"{len(small)} others"] = sum(small.values())
    head = f"{LOOP} ({n_steps})"
    width = 4 + max(map(len, [head, *objects, *summary["outside"]]))

    def line(name: str, seconds: float, of: float, n_steps: int = 0) -> str:
        share = seconds / of if of else 0.0
        text = f"{name:{width}}{seconds:10.3f}{share:9.1%}"
        return f"{text}{seconds / n_steps * 1e9:12.0f}" if n_steps else text

    return [
        f"{'where the time went':{width}}{'seconds':>10}{'share':>9}{'ns a step':>12}",
        line(head, loop, whole, n_steps),
        *(line(f"  {name}", s, loop, n_steps) for name, s in objects.items()),
        line("around it", whole - loop, whole),
        *(line(f"  {name}", s, whole - loop) for name, s in summary["outside"].items()),
        line("all", whole, whole),
    ]


def split(seconds: Mapping[str, float], least: float) -> tuple[dict[str, float], dict[str, float]]:
    """Entries of at least so many seconds, and the others."""
    large = {name: s for name, s in seconds.items() if s >= least}
    return large, {name: s for name, s in seconds.items() if name not in large}
