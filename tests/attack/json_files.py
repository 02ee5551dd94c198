"""JSON of runs and sweeps, flipped and broken: no other value without a word, no traceback."""

from __future__ import annotations

import copy
import functools
import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from driver.flags.from_dataclass import UsageError
from driver.run.saved import NotARun
from driver.sweep.axes import axes_of
from driver.sweep.plan import plan
from driver.sweep.table import rows, write_table
from tests.attack.doors import DOORS, ESCAPES, Door, copied, finished, home
from tests.faults.disks import flip as flip_bit
from tests.faults.judge import Kind, Wrong

WORD = re.compile(r"[\w.+-]+")
TOLD = re.compile(r"checksum|edited|damaged|sha256|not (?:match|belong)|verified", re.I)


@functools.cache
def swept(door: Door) -> Path:
    """A sweep of two seeds, to be read only."""
    root = Path(tempfile.mkdtemp(dir=home().name))
    argv = [*door.tiny, "--multi-seed", "2"]
    sweep = plan(door.room, "s", axes_of((), ()), argv, root, figures=False)
    for job in sweep.jobs:
        said = door.call(*job.argv)
        assert said.status == 0, said.err
    write_table(sweep, rows(sweep, {}))
    return root / "s"


def files(door: Door) -> list[str]:
    """What lies in a run and in a sweep, by name."""
    of_seed = (f"artifacts/seed_{door.seed}_{name}.json" for name in ("results", "status"))
    return ["params.json", "run_summary.json", *of_seed, "sweep.json"]


def source(door: Door, name: str) -> Path:
    return swept(door) if name == "sweep.json" else finished(door)


# --- flipped -----------------------------------------------------------------------------


def flip(kind: Kind, random: Random, k: int) -> None:
    """One flipped bit: whoever reads the file says so, or shows nothing that was not written."""
    door = DOORS[k % len(DOORS)]
    name = random.choice(files(door))
    folder = copied(source(door, name))
    path = folder / name
    place, bit = random.randrange(path.stat().st_size), random.randrange(8)
    word = "report" if random.random() < 0.1 else "status"
    with kind.trial(f"bit {bit} of byte {place} of {name}; {door.shown(word, folder)} or Run()"):
        before = shown(door, folder, word) | read(door, folder, name)
        flip_bit(path, place, bit)
        for now in (shown(door, folder, word), read(door, folder, name)):
            if false := sorted(now - before):
                raise Wrong(f"believed silently; {', '.join(map(str, false[:3]))}"[:150])


def read(door: Door, folder: Path, name: str) -> set:
    """Every value of a file with its place, as `Run` has it; empty if something is said."""
    if name == "sweep.json":
        return set()
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            run = door.room.open(folder)
            seed, values = run.seed(), {"params.json": run.file, "run_summary.json": run.summary}
            value = values.get(name) or (seed.status if "status" in name else seed.results)
            if said or value is None or getattr(run, "unverified", False):
                return set()
            known = {(k, *part): v for k, v in value.items() for part, v in leaves(v)}
            return {(*place, repr(v)) for place, v in known.items()} | {str(run.parts)}
    except (NotARun, UsageError, OSError):
        return set()
    except Exception as error:
        raise Wrong(f"Run: a traceback: {type(error).__name__}: {error}") from None


def shown(door: Door, folder: Path, word: str) -> set[str]:
    """Words and numbers that are shown of a folder; empty if damage is spoken of."""
    said, page = door.call(word, folder), folder / "report.html"
    said.judge()
    text = page.read_text() if word == "report" and page.exists() else said.out
    return set() if said.status or said.err or TOLD.search(text) else set(WORD.findall(text))


# --- broken ------------------------------------------------------------------------------

VALUES = (None, "", "x", [], {}, -1, 0, 1.5, True, 1e308, 10**30, 300_000_000, [[None]], {"a": 1})
VALUES += ("\x1b]0;x\x07\x1b[2J", "../../../x", "\udcff", "<script>alert(1)</script>", "x" * 10**6)
RAW = {
    "nested 50 000 deep": lambda path: path.write_text("[" * 50_000 + "]" * 50_000),
    "an object nested 50 000 deep": lambda p: p.write_text('{"a":' * 50_000 + "1" + "}" * 50_000),
    "a pipe": lambda path: os.mkfifo(path),
    "a folder": lambda path: path.mkdir(),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(4096)),
    "bytes": lambda path: path.write_bytes(b"\xff\xfe{}"),
    "null": lambda path: path.write_text("null"),
    "a list": lambda path: path.write_text("[]"),
    "an empty object": lambda path: path.write_text("{}"),
    "a number of 5000 digits": lambda path: path.write_text(
        '{"schema_version": ' + "9" * 5000 + "}"
    ),
    "Infinity": lambda path: path.write_text('{"schema_version": Infinity}'),
    "half of it": None,
}


def leaves(value: Any, whole: bool = False, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """The way to every value inside a JSON value, and the value; `whole`: to containers too."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, whole, (*path, key))
        if not whole or not path:
            return
    yield path, value


def mutated(content: Any, place: tuple, value: Any) -> Any:
    """A copy with another value somewhere; ``...`` takes it out."""
    content = copy.deepcopy(content)
    inside = functools.reduce(lambda part, key: part[key], place[:-1], content)
    if value is ...:
        del inside[place[-1]]
    else:
        inside[place[-1]] = value
    return content


def break_structure(kind: Kind, random: Random, k: int) -> None:
    """A file that is no JSON of ours: every word ends with a message, and knows its neighbours."""
    door = DOORS[k % len(DOORS)]
    name = random.choice(files(door))
    folder = copied(source(door, name), "bad")
    path = folder / name
    content = path.read_text()
    path.unlink()
    if random.random() < 0.25:
        what = random.choice(list(RAW))
        (RAW[what] or (lambda path: path.write_text(content[: len(content) // 2])))(path)
    else:
        found = [place for place, _ in leaves(json.loads(content), whole=True)]
        shallow = [place for place in found if len(place) <= 2]
        place = random.choice(shallow if random.random() < 0.6 else found)
        value = random.choice((..., None, *VALUES))
        what = f"{'.'.join(map(str, place))} = {'(gone)' if value is ... else repr(value)[:40]}"
        path.write_text(json.dumps(mutated(json.loads(content), place, value)))
    good = copied(finished(door), "good")
    other = (*random.choice((("report",), door.export)), folder)
    for words in (("status", folder), ("status",), other):
        with kind.trial(f"{door.shown(*words)}, {name} with {what}"):
            said = door.call(*words, limit_s=60)
            said.judge(0, 2, *(() if words == ("status",) else (1,)))
            if found := ESCAPES.search(said.out + said.err):
                raise Wrong(f"the terminal was sent {found[0]!r}")
            if words == ("status",) and (said.status or f"{good}: " not in said.out):
                raise Wrong(f"exit {said.status}, the run beside it is not shown: {said.err[:150]}")
    shutil.rmtree("Runs")
