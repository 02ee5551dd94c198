"""Flags and command lines that no run can be made of: one line, exit status 2, nothing written."""

from __future__ import annotations

import functools
import shlex
import subprocess
import sys
import typing
from pathlib import Path
from random import Random
from unittest import mock

from driver.flags.from_dataclass import FieldInfo, fields
from driver.run.request import RunOptions
from tests import program
from tests.attack.doors import DOORS, LL, Door, copied, finished
from tests.faults.judge import Kind, Wrong

NUMBERS = ("0", "-1", "1", "1e308", "-1e308", "5e-324", "nan", "inf", "-inf", "1e400", "1e-9")
NUMBERS += ("9" * 30, "9" * 5000, "2147483648", "9223372036854775808", "-0.0", "0x10", "1_000")
WORDS = ("", " ", "abc", "\udcff", "é", "\x1b[2J", "a\nb", "--", "-", "None", "True", "x" * 5000)
WORDS += ("../x", "/dev/null", "~", "$HOME", "%s", "{0}", "auto")


def random_sets(kind: Kind, random: Random, k: int) -> None:
    """Up to six flags with values out of their type, their bounds, and beyond."""
    door = DOORS[k % len(DOORS)]
    mode = random.choice(door.modes)
    classes = [RunOptions, *door.room.format.parts(mode).values()]
    if random.random() < 0.2:
        classes = list(door.room.flags())  # of other presets too
    infos = [info for cls in classes for info in fields(cls).values() if info.name != "mode"]
    words = ["--mode", mode]
    for info in random.sample(infos, random.choice((1, 1, 1, 2, 3, 6))):
        values = [value_of(info, random) for _ in range(random.choice((*8 * (1,), 0, 2)))]
        words += [f"--{info.flag}", *(value for value in values if value is not None)]
    refuse(kind, door, words)


def value_of(info: FieldInfo, random: Random) -> str | None:
    """A value for a flag; None for a switch, which mostly has none."""
    chance, default = random.random(), info.default
    if info.type is bool and chance < 0.8:
        return None
    if chance < 0.1:
        return random.choice((*NUMBERS, *WORDS))
    if typing.get_origin(info.type) is typing.Literal and chance < 0.7:
        return random.choice(typing.get_args(info.type))
    if not isinstance(default, int | float):
        return random.choice(WORDS if default is None or chance < 0.5 else (str(default),))
    edges = [edge for edge in (info.low, info.high) if edge is not None]
    if edges and chance < 0.4:
        edge = random.choice(edges)
        return str(random.choice((edge, edge - 1, edge + 1, edge * 1.0000001)))
    if chance < 0.55:
        return random.choice(NUMBERS)
    factor = random.choice((-1, 0.5, 0.9, 1, 1.1, 2, 10, 1000))
    return str(type(default)(default * factor))


def refuse(kind: Kind, door: Door, words: list[str], *allowed: int) -> None:
    """A command line that is refused, or taken, and leaves nothing; nothing is simulated."""
    ended = mock.patch("driver.command.life.execute", lambda room, request: 0)
    with kind.trial(door.shown(*words)), ended:
        before = listing()
        said = door.call(*words, limit_s=20)
        if said.status == 0 and allowed:
            raise Wrong(f"taken: {' '.join(words[:2])}")
        said.judge(*allowed)
        if left := listing() - before:
            raise Wrong(f"left behind: {sorted(left)}")


def listing() -> set[str]:
    return {str(path) for pattern in ("*", "Runs/*") for path in Path().glob(pattern)}


# --- by hand -----------------------------------------------------------------------------

# Of which doors, whether nothing but a refusal is right, and the values of a flag or a word, parted
# by " | ". Escapes are those of Python.
LINES = r"""
0123 2 --run-name: .. | . | Logs |  | \udcff | a\nb | \x1b[2J | {long}
0123 0 --run-name: ../../x | /etc/passwd | é
0123 2 --save-tag: ../x | '' | \udcff | mid_checkpoint | a/b
0123 2 --output-root: \udcff | /dev/null | /proc | /dev/full/x
0123 2 --save-weights-dir: /dev/null | '' | \udcff
0123 2 --resume-from: Runs/none | '' | /dev/null | Runs
0123 2 --go-on:  | --run-name a --overwrite | --run-name a --resume-from Runs/a
0123 2 --multi-seed: 0 | -5 | 1000000000 | 1e3 | {digits} | 2 --profile
0123 2 --seed-start: -1 | 99999999999999999999 | 1.5 | nan | {digits}
0123 2 --jobs: 0 | -1 | x
0123 2 --threads: 0 | 1000000000 --backend cpp_standalone | 2 --backend numpy
0123 2 --backend: fortran | genn | ''
0123 2 --mode: none | '' | \udcff | ../x
0123 2 --no-such-flag: 1 | \udcff | \x1b[2J
0123 2 status: Runs/none | /dev/null | \udcff | --none
0123 2 report:  | Runs | /dev/null
0123 2 {export}: Runs/none --output /dev/null | Runs/a --output /dev/null
0123 2 none:  | @file | -x | \udcff
0123 2 sweep:  | \udcff | .. | s --jobs 0
0123 2 sweep s --grid:  | = | x | seed=1 | {flag}=1,1 | {flag}=nan | {flag}=@{flag}
0123 2 sweep s --file: none.toml | /dev/null/x | \udcff | Runs | none.toml --grid {flag}=1
0123 2 sweep s --multi-seed: 1000000000 | 0 | nan
0 2 --trial-duration-s: 1e308 | 1e-308 | 0
0 2 --dt-s: -1 | 0 | 1e308 | 1e-308
0 2 --n-ts: 0 | 9999999999
0 2 --training-noise-late: 1e308 | nan
0 2 --tau-noise-s: 1e-9 | 0
0 2 --weights-from: Runs/none | '' | \udcff | Runs | Runs/a --resume-from Runs/a
0 2 --ll-mon-weights: initial | none
1 2 --mode relay-b --n: 0 | 99999
1 2 --mode relay-b --steps: 99999999999999999999 | -1
1 2 --mode relay-b --variant: relay-a | local-recall
1 2 --off-from: 10 --off-to 5 | -1
2 2 --n-inputs: 0 | 999999999999
2 2 --train-s: 1e308 | -1 | 1e-308
2 2 --k-min: 5 --k-max 3 | -1
3 2 --sizes:  | 0 0 | 1 | 4 -1 2 | 999999999 999999999
3 2 --train-s: 1e308 | nan | -1
3 2 --mode rate --test-size: 0 | 1 | 1e-300
3 2 --mode rate --epochs: 0 | 1e3
"""
FLAG = ("n-ts", "n", "n-inputs", "train-s")
# Through a shell, for what depends on the environment: what status is right, and the line.
SHELL = (
    ((0, 2), "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $RUN --run-name é"),
    ((0,), "$RUN --run-name b 2>&-"),
    ((0,), "$RUN --run-name b >&-"),
    ((0,), "$DOOR status Runs/a | head -c 0"),
    ((0,), "PROGRAM_CACHE= HOME=$PWD/home $RUN --run-name b"),
    ((0,), "PROGRAM_CACHE=/dev/null/x HOME=/dev/null $SHORT --backend auto"),
    ((2,), "CXX=/none PATH=/none $RUN --run-name b"),
    ((2,), "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $RUN --run-name $(printf '\\377')"),
    ((2,), "$DOOR sweep s --scheduler 127.0.0.1:1 --n-training-trials 2"),
)


def by_hand() -> list[tuple[Door, bool, list[str]]]:
    """Every line: whose it is, whether it has to be refused, and its words."""
    found = []
    for line in LINES.strip("\n").splitlines():
        doors, must, rest = line.split(maxsplit=2)
        head, _, values = rest.partition(": ")
        more = " --dry-run" if head.startswith("sweep") else ""  # nothing is run
        for value in values.split(" | "):
            words = split(f"{head} {value}{more}")
            for place in map(int, doors):
                fill = {"{long}": "x" * 5000, "{digits}": "9" * 5000, "{flag}": FLAG[place]}
                filled = [functools.reduce(put, fill.items(), word) for word in words]
                if filled[0] == "{export}":
                    filled[:1] = DOORS[place].export
                found.append((DOORS[place], must == "2", filled))
    return found


def split(line: str) -> list[str]:
    """Words of a line, escapes read."""
    words = shlex.split(line.replace("\\", "\\\\"))
    return [word.encode("ascii", "backslashreplace").decode("unicode_escape") for word in words]


def put(word: str, pair: tuple[str, str]) -> str:
    return word.replace(*pair)


HAND = by_hand()
N_LINES = len(HAND) + len(SHELL)


def command_lines(kind: Kind, random: Random, k: int) -> None:
    """Line `k` of those that were made by hand."""
    if k >= len(HAND):
        return through_a_shell(kind, *SHELL[(k - len(HAND)) % len(SHELL)])
    door, must, words = HAND[k]
    copied(finished(door))
    refuse(kind, door, words, *((2,) if must else ()))


def through_a_shell(kind: Kind, right: tuple[int, ...], line: str) -> None:
    """A line in an environment that is not as it should be."""
    copied(finished(LL))
    may_stay = listing() | {"home"} | ({"Logs", "Runs/b", "Runs/é"} if 0 in right else set())
    door = f"{sys.executable} {program.REPOSITORY / LL.script}"
    run = f"{door} {shlex.join([*LL.tiny, '--no-figures'])}"
    names = {"$SHORT": "$RUN --run-name b --n-training-trials 1", "$RUN": run, "$DOOR": door}
    typed = ["bash", "-c", functools.reduce(put, names.items(), line)]
    with kind.trial(line):
        done = subprocess.run(typed, capture_output=True, timeout=600)
        said = done.stderr.decode(errors="replace")
        if "Traceback" in said:
            raise Wrong(f"a traceback: {said.strip().splitlines()[-1][:200]}")
        if done.returncode not in right:
            raise Wrong(f"exit {done.returncode}, not {right}: {' '.join(said.split())[-200:]}")
        if left := listing() - may_stay:
            raise Wrong(f"left behind: {sorted(left)}")
