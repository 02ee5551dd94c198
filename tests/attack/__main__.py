"""The whole attack, again: what was tried, what failed, and the shortest command of each failure.

    python -m tests.attack [name ...] [--tries N] [--seed S] [--jobs N]

Flags and command lines that make no sense, kills, flipped bits in programs, JSON and checkpoints,
forged checkpoints and weights, folders full of links, on all four programs; and the faults of
`tests.faults`: kills at chosen moments, Ctrl+C, two at once; as root full disks, which are mounted.
Runs are tiny. Prints a table in Markdown and below it what failed; exit status 1 if anything did.

Try `k` of an attack depends on its name, the seed and `k` alone.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))  # from any folder

from tests.attack import cache, checkpoints, flags, folders, json_files, kills
from tests.attack.doors import DOORS, LL, Door, begun, finished, home, merge
from tests.faults.judge import Kind, say, table

MOST_MEMORY = 6 << 30  # of an attacked process: what asks for more fails


@dataclasses.dataclass(frozen=True)
class Attack:
    """One kind of attack: what it does in try `k`, in a folder of its own, and how often."""

    name: str
    tries: int
    attempt: Callable[[Kind, Random, int], None]
    needs: Sequence[Callable[[Door], object]] = ()
    doors: Sequence[Door] = DOORS

    def prepare(self) -> None:
        """Make the runs that are attacked, once for all processes."""
        for make in self.needs:
            for door in self.doors:
                make(door)


ATTACKS = {
    attack.name: attack
    for attack in (
        Attack("flags", 1000, flags.random_sets),
        Attack("commands", flags.N_LINES, flags.command_lines, (finished,)),
        Attack("kills", 500, kills.kill, (kills.reference,)),
        Attack("cache", 300, cache.flip, (cache.reference,), (LL,)),
        Attack("planted", len(cache.PLANTED), cache.plant, (cache.reference,), (LL,)),
        Attack("json", 1000, json_files.flip, (finished, json_files.swept)),
        Attack("structure", 500, json_files.break_structure, (finished, json_files.swept)),
        Attack("checkpoints", 300, checkpoints.damage, (finished, begun)),
        Attack("forged", checkpoints.N_FORGED, checkpoints.forge, (finished, begun)),
        Attack("weights", len(checkpoints.HOSTILE), checkpoints.weights, (finished,), (LL,)),
        Attack("folders", 4 * len(folders.CASES), folders.attack, (finished, begun)),
        Attack("faults", len(kills.FAULTS), kills.fault),
    )
}


def one(attack: Attack, seed: int, k: int) -> Kind:
    """Try `k`, in a folder of its own."""
    kind, there = Kind(attack.name), Path(tempfile.mkdtemp(dir=home().name))
    with contextlib.chdir(there):
        try:
            attack.attempt(kind, Random(f"{seed} {attack.name} {k}"), k)
        except Exception as error:  # of the attack itself: an hour must not be lost by it
            kind.problems.append(f"try {k}: {type(error).__name__}: {error}")
    shutil.rmtree(there, ignore_errors=True)
    return kind


def run(attack: Attack, tries: int, seed: int, jobs: int) -> Kind:
    """All tries of an attack, shared among `jobs` processes."""
    say(f"{time.strftime('%H:%M:%S')}  {attack.name}")
    attack.prepare()
    total = Kind(attack.name)
    with ProcessPoolExecutor(jobs, get_context("fork"), limit) as pool:
        for kind in pool.map(one, *zip(*((attack, seed, k) for k in range(tries)), strict=True)):
            merge(total, kind)
    return total


def limit() -> None:
    """An attacked process may be asked for more memory than there is."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.attack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(ATTACKS)}")
    parser.add_argument("--tries", type=int, help="of each attack, instead of its own number")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="tries at once")
    options = parser.parse_args()
    if unknown := set(options.names) - set(ATTACKS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(ATTACKS)}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    started = time.monotonic()
    os.environ.setdefault("PROGRAM_CACHE", str(Path(home().name, "programs")))
    os.environ["MPLBACKEND"] = "Agg"
    attacks = [ATTACKS[name] for name in options.names or ATTACKS]
    with home():
        kinds = [
            run(attack, options.tries or attack.tries, options.seed, options.jobs)
            for attack in attacks
        ]
    say(f"\n{table(kinds)}\n\n{time.monotonic() - started:.0f} s")
    return 0 if all(kind.good for kind in kinds) else 1


if __name__ == "__main__":
    sys.exit(main())
