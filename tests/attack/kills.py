"""kill -9 at any moment, then the same command with --go-on; and the faults of `tests.faults`."""

from __future__ import annotations

import functools
import signal
import time
from pathlib import Path
from random import Random

from tests import program
from tests.attack.doors import DOORS, LL, Door, made, merge, same_bits
from tests.faults import disks, instructions, kills
from tests.faults.judge import Kind, Wrong
from tests.faults.lab import LONG, Lab, Victim, strike

# The program itself, but that it saves after every block.
DOOR = """
from driver import door
from driver.experiment import learning
import {name}
learning.CHECKPOINT_S = 0.0
door.start({name}.main)
"""


class GoingOn(Victim):
    """A run that is always started by the same command."""

    def words(self, shown_in: str | None = None) -> list[str]:
        return [*self.typed, "--go-on"]


def flags(door: Door) -> tuple[str, ...]:
    return LONG if door is LL else ()


@functools.cache
def reference(door: Door) -> tuple[Path, float]:
    """A run that nothing happens to, and how long it takes as a process of its own."""
    folder, start = made(door, *flags(door)), time.monotonic()
    root = folder.parent / "alone"
    ended = program.finish(launched(door, root), root)
    assert ended.status == 0, ended.said
    return folder, time.monotonic() - start


def launched(door: Door, root: Path):
    words = [*door.tiny, *flags(door), "--output-root", root, "--run-name", "run", "--no-figures"]
    code = DOOR.format(name=door.script.removesuffix(".py"))
    return program.launch(root, [*words, "--go-on"], code=code)


def kill(kind: Kind, random: Random, k: int) -> None:
    """One run that is killed once; it goes on where its last checkpoint stood, to the same bits."""
    door = DOORS[k % len(DOORS)]
    folder, seconds = reference(door)
    if door is LL:  # the lateral line counts its trials: none may be lost
        lab = Lab(Path.cwd(), 1, 0)
        lab.random = random
        victim = GoingOn(Path.cwd())
        expected = program.Run(0, folder.parent, folder.name, "")
        victim.typed = [*map(str, victim.typed), *LONG]
        lab.strike_until_complete(kind, victim, expected, 0.9 * seconds, 1, signal.SIGKILL)
        return
    root, struck = Path.cwd(), []
    with kind.trial(f"{door.shown('$TINY', '--go-on')}, killed after", struck):
        process, moment = launched(door, root), random.uniform(0, 0.9 * seconds)
        if strike(process, moment, signal.SIGKILL, random.random() < 0.5):
            struck.append(f"{moment:.2f} s")
        program.finish(process, root)
        if not program.gone(process.mark):
            raise Wrong(f"still running: {program.alive(process.mark)}")
        ended = program.finish(launched(door, root), root)
        if ended.status:
            raise Wrong(f"exit {ended.status}: {ended.said.strip()[-200:]}")
        same_bits(root / "run", folder)


FAULTS = (
    *(kills.checkpoint_writes, kills.compilation, kills.compiled_program, kills.several_seeds),
    *(kills.two_at_once, kills.interrupts, instructions.records_of_a_training),
    *(disks.foreign, disks.full_disk, disks.read_only),
)


def fault(kind: Kind, random: Random, k: int) -> None:
    """All of one kind of fault, on the lateral line."""
    lab = Lab(Path.cwd(), 50, k)
    FAULTS[k % len(FAULTS)](lab)
    for found in lab.kinds:
        found.problems = [f"{found.name}: {problem}" for problem in found.problems]
        merge(kind, found)
