"""Flags and command lines that no run can be made of: one line, exit status 2, nothing written."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import typing
from pathlib import Path
from random import Random
from unittest import mock

from driver.flags.from_dataclass import FieldInfo, fields
from driver.run.request import RunOptions
from tests.attack.doors import DOORS, LL, PYTHON, REPOSITORY, Door, copied, finished
from tests.faults.judge import Kind, Wrong

NUMBERS = ("0", "-1", "1", "1e308", "-1e308", "5e-324", "nan", "inf", "-inf", "1e400", "1e-9")
NUMBERS += ("9" * 30, "9" * 5000, "2147483648", "9223372036854775808", "-0.0", "0x10", "1_000")
WORDS = ("", " ", "abc", "\udcff", "é", "\x1b[2J", "a\nb", "--", "-", "None", "True", "x" * 5000)
WORDS += ("../x", "/dev/null", "\0", "~", "$HOME", "%s", "{0}", "auto")


def random_sets(kind: Kind, random: Random, k: int) -> None:
    """Up to six flags with values out of their type, their bounds, and beyond."""
    door = DOORS[k % len(DOORS)]
    mode = random.choice(door.modes)
    classes = [RunOptions, *door.room.format.parts(mode).values()]
    if random.random() < 0.2:
        classes = list(door.room.flags())  # of other presets too
    infos = [info for cls in classes for info in fields(cls).values() if info.name != "mode"]
    words = ["--mode", mode]
    for info in random.sample(infos, random.randint(1, 6)):
        values = [value_of(info, random) for _ in range(random.choice((1, 1, 1, 0, 2)))]
        words += [f"--{info.flag}", *(value for value in values if value is not None)]
    refuse(kind, door, words)


def value_of(info: FieldInfo, random: Random) -> str | None:
    """A value for a flag; None for a switch, which mostly has none."""
    chance, default = random.random(), info.default
    if info.type is bool and chance < 0.8:
        return None
    if chance < 0.15:
        return random.choice((*NUMBERS, *WORDS))
    if typing.get_origin(info.type) is typing.Literal and chance < 0.7:
        return random.choice(typing.get_args(info.type))
    if not isinstance(default, int | float):
        return random.choice(WORDS if default is None or chance < 0.5 else (str(default),))
    edges = [edge for edge in (info.low, info.high) if edge is not None]
    if edges and chance < 0.5:
        edge = random.choice(edges)
        return str(random.choice((edge, edge - 1, edge + 1, edge * 1.0000001)))
    if chance < 0.7:
        return random.choice(NUMBERS)
    factor = random.choice((-1, 0.5, 1, 2, 10, 1000))
    return str(type(default)(default * factor))


def refuse(kind: Kind, door: Door, words: list[str], *allowed: int) -> None:
    """A command line that is refused, or taken, and leaves nothing; nothing is simulated."""
    with (
        kind.trial(door.shown(*words)),
        mock.patch("driver.command.life.execute", lambda room, request: 0),
    ):
        said = door.call(*words, limit_s=20)
        said.judge(*allowed)
        if left := [path.name for path in Path().iterdir() if path.name != "Runs"]:
            raise Wrong(f"left behind: {left}")


# --- by hand -----------------------------------------------------------------------------

# All doors; with 2 in front nothing but a refusal is right. Escapes are those of Python.
LINES = r"""
2 --run-name ..
2 --run-name .
2 --run-name Logs
2 --run-name
  --run-name ../../x
  --run-name /etc/passwd
2 --run-name \udcff
2 --run-name a\x00b
2 --run-name "a\nb"
2 --run-name \x1b[2J
2 --run-name {long}
2 --save-tag ../x
2 --save-tag ''
2 --save-tag \udcff
2 --save-tag mid_checkpoint
2 --save-tag a\x00
2 --output-root \udcff
2 --output-root /dev/null
2 --output-root /proc
2 --output-root a\x00
2 --output-root /dev/full/x
2 --save-weights-dir /dev/null
2 --save-weights-dir ''
2 --resume-from Runs/none
2 --resume-from ''
2 --resume-from /dev/null
2 --resume-from a\x00
2 --go-on
2 --go-on --run-name a --overwrite
2 --go-on --run-name a --resume-from Runs/a
2 --multi-seed 0
2 --multi-seed -5
2 --multi-seed 1000000000
2 --multi-seed 1e3
2 --multi-seed {digits}
2 --seed-start -1
2 --seed-start 99999999999999999999
2 --seed-start 1.5
2 --seed-start nan
2 --jobs 0
2 --jobs 1000000000 --multi-seed 2
2 --threads 0
2 --threads 1000000000 --backend cpp_standalone
2 --backend fortran
2 --backend genn
2 --mode none
2 --mode ''
2 --mode \udcff
2 --no-such-flag 1
2 --no-such-\udcff
2 --\x1b[2J
2 @file
2 -x
2 --profile --multi-seed 2
2 status Runs/none
2 status /dev/null
2 status \udcff
2 status a\x00
2 status --none
2 report
2 report Runs
2 figures /
2 export Runs/none --output /dev/null
2 none
2 ''
2 \udcff
2 sweep
2 sweep s --grid
2 sweep s --grid =
2 sweep s --grid x
2 sweep s --grid seed=1
2 sweep s --grid {flag}=1,1 --dry-run
2 sweep s --grid {flag}=nan --dry-run
2 sweep s --grid {flag}=@{flag} --dry-run
2 sweep s --grid {flag}=1 --file none.toml
2 sweep s --file none.toml
2 sweep s --file /dev/null/x
2 sweep s --file \udcff
2 sweep s --file Runs
2 sweep \udcff --dry-run
2 sweep .. --dry-run
2 sweep a\x00 --dry-run
2 sweep s --jobs 0
2 sweep s --multi-seed 1000000000 --dry-run
2 sweep s --scheduler none:0
"""
# Of one door only: values that are numbers and mean nothing.
OWN = r"""
0 2 --trial-duration-s 1e308
0 2 --trial-duration-s 1e-308
0 2 --dt-s -1
0 2 --dt-s 0
0 2 --dt-s 1e308
0 2 --n-ts 0
0 2 --n-ts 9999999999
0 2 --r0-hz nan
0 2 --training-noise-late 1e308
0 2 --tau-noise-s 1e-9
0 2 --n-training-trials 1e3
0 2 --weights-from Runs/none
0 2 --weights-from ''
0 2 --weights-from \udcff
0 2 --weights-from Runs --resume-from Runs
0 2 --ll-mon-weights initial
1 2 --mode relay-b --n 0
1 2 --mode relay-b --n 99999
1 2 --mode relay-b --steps 99999999999999999999
1 2 --mode relay-b --ratio 0
1 2 --mode local-recall --r 99
1 2 --variant relay-b --mode relay-a
1 2 --off-from 10 --off-to 5
2 2 --n-inputs 0
2 2 --n-inputs 999999999999
2 2 --train-s 1e308
2 2 --train-s -1
2 2 --k-min 5 --k-max 3
2 2 --eta0 1e308
2 2 --test-presentations 0
3 2 --sizes
3 2 --sizes 0 0
3 2 --sizes 1
3 2 --sizes 4 -1 2
3 2 --sizes 999999999 999999999
3 2 --train-s 1e308
3 2 --mode rate --test-size 0
3 2 --mode rate --test-size 1
3 2 --mode rate --epochs 0
"""
FLAG = ("n-ts", "n", "n-inputs", "train-s")
# Through a shell, for what depends on the environment: the status that is right, and the line.
SHELL = (
    (0, "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $RUN --run-name é"),
    (0, "$RUN --run-name b 2>&-"),
    (0, "$RUN --run-name b >&-"),
    (0, "$DOOR status Runs/a | head -c 0"),
    (0, "PROGRAM_CACHE= HOME=$PWD/home $RUN --run-name b"),
    (0, "PROGRAM_CACHE=/dev/null/x HOME=/dev/null $RUN --run-name b --backend auto"),
    (2, "PROGRAM_CACHE=/dev/null/x HOME=/dev/null TMPDIR=/dev/null $RUN --run-name b"),
    (2, "CXX=/none PATH=/none $RUN --run-name b"),
    (2, "TMPDIR=/dev/null $RUN --run-name b"),
    (2, "$RUN --run-name $(printf '\\377')"),
    (2, "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $RUN --run-name $(printf '\\377')"),
    (2, "$DOOR sweep s --scheduler 127.0.0.1:1 --n-training-trials 2"),
)


def lines() -> list[tuple[Door, bool, list[str]]]:
    """Every line by hand: whose it is, whether it has to be refused, and its words."""
    found = []
    for place, door in enumerate(DOORS):
        for line in LINES.strip("\n").splitlines():
            found.append((door, line.startswith("2"), split(line[2:], place)))
    for line in OWN.strip().splitlines():
        place = int(line[0])
        found.append((DOORS[place], line[2] == "2", split(line[4:], place)))
    return found


def split(line: str, place: int) -> list[str]:
    words = [
        word.encode().decode("unicode_escape") for word in shlex.split(line.replace("\\", "\\\\"))
    ]
    fill = {"{long}": "x" * 5000, "{digits}": "9" * 5000, "{flag}": FLAG[place]}
    for name, text in fill.items():
        words = [word.replace(name, text) for word in words]
    return words


def command_lines(kind: Kind, random: Random, k: int) -> None:
    """Line `k` of those that were made by hand."""
    known = lines()
    if k >= len(known):
        return through_a_shell(kind, *SHELL[k - len(known)])
    door, refused, words = known[k]
    copied(finished(door))
    before = sorted(os.listdir("Runs"))
    refuse(kind, door, words, *((2,) if refused else ()))
    if sorted(os.listdir("Runs")) != before:
        kind.problems.append(f"{door.shown(*words)}: Wrong: left behind in Runs")


def through_a_shell(kind: Kind, status: int, line: str) -> None:
    """A line in an environment that is not as it should be."""
    copied(finished(LL))
    before = {path.name for path in Path().iterdir()} | {"home", "tmp"}
    door = f"{PYTHON} {REPOSITORY / LL.script}"
    words = shlex.join([*LL.tiny, "--no-figures"])
    typed = line.replace("$RUN", f"{door} {words}").replace("$DOOR", door)
    with kind.trial(line):
        done = subprocess.run(["bash", "-c", typed], capture_output=True, timeout=120)
        said = done.stderr.decode(errors="replace")
        if "Traceback" in said:
            raise Wrong(f"a traceback: {said.strip().splitlines()[-1][:200]}")
        if done.returncode != status:
            raise Wrong(f"exit {done.returncode} instead of {status}: {said.strip()[-200:]}")
        left = {path.name for path in Path().iterdir()} - before
        runs = {path.name for path in Path("Runs").iterdir()} - {"a"}
        if left - {"Logs"} or (status == 2 and (left or runs)):
            raise Wrong(f"left behind: {sorted(left | runs)}")
    shutil.rmtree("Runs")


N_LINES = len(lines()) + len(SHELL)
