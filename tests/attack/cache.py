"""Compiled programs that are not what was compiled: no other results, nothing of others is run."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from unittest import mock

from driver.engine import compiled
from driver.engine.compile.program import BuildError
from tests.attack.doors import LL, Door, contents, home, made, same_bits
from tests.faults.disks import flip as flip_bit
from tests.faults.judge import Kind, Wrong

NOTICED = "it would be compiled anew"
FLIPPED = ("main", "main", "main", "manifest.json", "static_arrays/*")


@functools.cache
def reference(door: Door) -> tuple[Path, Path]:
    """A run, and a cache with its program alone."""
    build, used = compiled.find_or_build, []

    def noted(*given):
        used.append(build(*given))
        return used[-1]

    with mock.patch.object(compiled, "find_or_build", noted):
        folder, kept = made(door), Path(home().name, "kept")
    (kept / "index").mkdir(mode=0o700, parents=True)
    shutil.copytree(used[0], kept / "programs" / used[0].name)
    for entry in (used[0].parents[1] / "index").iterdir():
        if entry.read_text() == used[0].name:
            shutil.copy(entry, kept / "index")
    return folder, kept


def attacked(kind: Kind, what: str, change: Callable[[Path, Path], object]) -> None:
    """A run with a copy of the cache after `change(program, outside)`: right, or not believed."""
    folder, kept = reference(LL)
    cache, outside = Path("cache").absolute(), Path("outside").absolute()
    outside.mkdir()
    (outside / "precious").write_text("precious")
    shutil.copytree(kept, cache)
    with kind.trial(f"{what}; PROGRAM_CACHE=... {LL.shown(*LL.new)}"):
        (program,) = (cache / "programs").iterdir()
        change(program, outside)
        before = contents(outside)
        build = "driver.engine.compile.program.generate"
        places = {"PROGRAM_CACHE": str(cache), "XDG_CACHE_HOME": str(Path("other").absolute())}
        with (
            mock.patch.dict(os.environ, places),
            mock.patch(build, side_effect=BuildError(NOTICED)),
        ):
            said = LL.call(*LL.new, limit_s=20)
        if contents(outside) != before:
            raise Wrong("something outside was written, or run")
        if said.status == 0:
            same_bits(Path("Runs/a"), folder)
        said.judge(0, 1, 2)


def flip(kind: Kind, random: Random, k: int) -> None:
    """One flipped bit in what is run or read of a program."""
    name = random.choice(FLIPPED)

    def change(program: Path, outside: Path) -> None:
        path = random.choice(sorted(p for p in program.glob(name) if p.stat().st_size))
        flip_bit(path, random.randrange(path.stat().st_size), random.randrange(8))

    attacked(kind, f"a bit of {name} (try {k})", change)


# --- by hand -----------------------------------------------------------------------------


def script(program: Path, outside: Path) -> None:
    """Shows that it was run."""
    (program / "main").write_text(f"#!/bin/sh\necho planted >{outside}/ran\nexit 1\n")


def away(name: str) -> Callable:
    """Put a part of the program elsewhere, and a link in its place."""

    def change(program: Path, outside: Path) -> None:
        shutil.move(program / name, outside / "moved")
        (program / name).symlink_to(outside / "moved")

    return change


def mode(name: str) -> Callable:
    """Others may have changed it, and all checksums with it."""
    return lambda program, outside: (program / name).chmod(0o777)


def text(name: str, old: str, new: str) -> Callable:
    """Edit a part of the cache, all of it if `old` is empty."""

    def change(program: Path, outside: Path) -> None:
        for path in program.parents[1].glob(name):
            known, put = path.read_text(), new.format(outside=outside)
            path.write_text(known.replace(old or known, put))

    return change


def gone(program: Path, outside: Path) -> None:
    shutil.rmtree(program)


def lead_out(name: str, target: str) -> Callable:
    """A link in the cache, out of it."""
    return lambda p, outside: (p.parents[1] / name).symlink_to(outside / target)


def of_another(program: Path, outside: Path) -> None:
    for path in (program.parents[1], program, program / "main"):
        os.chown(path, 12345, 12345)


MANIFEST = "programs/*/manifest.json"
PLANTED: dict[str, tuple[Callable, ...]] = {
    "main is a script": (script,),
    "main is a link to a script": (script, away("main")),
    "wiring is written elsewhere": (
        text(MANIFEST, '"mon_ts.i": "', '"mon_ts.i": "../../..{outside}/'),
    ),
    "an empty input": (text(MANIFEST, '"inputs": {', '"inputs": {{"none.none": null, '),),
    "no manifest": (lambda program, outside: (program / "manifest.json").unlink(),),
    "a folder that others can write to": (script, mode(".")),
    "a program that others can write to": (script, mode("main")),
    "a cache that others can write to": (script, mode("../..")),
    "arrays elsewhere": (away("static_arrays"),),
    "a program elsewhere": (script, away("")),
    "an index that climbs": (script, away(""), text("index/*", "", "../../outside/moved")),
    "a lock that is a link": (gone, lead_out("lock", "precious")),
    "a build that is a link": (gone, lead_out("building_x", "")),
}
if not os.geteuid():
    PLANTED["a cache of another user"] = (script, of_another)


def plant(kind: Kind, random: Random, k: int) -> None:
    """Change `k` of those that were made by hand."""
    what, changes = list(PLANTED.items())[k % len(PLANTED)]

    def change(program: Path, outside: Path) -> None:
        for one in changes:
            one(program, outside)

    attacked(kind, what, change)
