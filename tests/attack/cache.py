"""Compiled programs that are not what was compiled: no other results, nothing of others is run."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from unittest import mock

from driver.engine.compile.program import BuildError
from tests.attack.doors import LL, Door, home, made, same_bits
from tests.faults.disks import flip as flip_bit
from tests.faults.judge import Kind, Wrong

WORDS = (*LL.tiny, "--run-name", "a", "--no-figures")
NOTICED = "it would be compiled anew"
SCRIPT = "#!/bin/sh\necho planted >{outside}/ran\nexit 1\n"


@functools.cache
def reference(door: Door) -> tuple[Path, Path]:
    """A run, and a cache with its program alone."""
    from driver.engine import compiled

    build, used = compiled.find_or_build, []

    def noted(*given):
        used.append(build(*given))
        return used[-1]

    with mock.patch.object(compiled, "find_or_build", noted):
        folder, kept = made(door), Path(home().name, "kept")
    (program,) = used
    shutil.copytree(program, kept / "programs" / program.name)
    (kept / "index").mkdir()
    for entry in (program.parents[1] / "index").iterdir():
        if entry.read_text() == program.name:
            shutil.copy(entry, kept / "index")
    return folder, kept


def attacked(kind: Kind, what: str, change: Callable[[Path, Path], object], limit_s=20) -> None:
    """A run with a copy of the cache after `change(program, outside)`: right, or not believed.

    Nothing outside may be written.
    """
    folder, kept = reference(LL)
    cache, outside = Path("cache").absolute(), Path("outside").absolute()
    outside.mkdir()
    shutil.copytree(kept, cache, symlinks=True)
    with kind.trial(f"{what}; PROGRAM_CACHE=... {LL.shown(*WORDS)}"):
        (program,) = (cache / "programs").iterdir()
        change(program, outside)
        before = contents(outside)
        build = mock.patch(
            "driver.engine.compile.program.generate", side_effect=BuildError(NOTICED)
        )
        places = {"PROGRAM_CACHE": str(cache), "XDG_CACHE_HOME": str(Path("other").absolute())}
        with build, mock.patch.dict(os.environ, places):
            said = LL.call(*WORDS, limit_s=limit_s)
        if contents(outside) != before:
            raise Wrong("something outside was written, or run")
        if said.status == 0:
            same_bits(Path("Runs/a"), folder)
        said.judge(0, 1, 2)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def flip(kind: Kind, random: Random, k: int) -> None:
    """One flipped bit in what is run or read of a program."""
    name = random.choice(("main", "main", "main", "manifest.json", "static_arrays/*"))

    def change(program: Path, outside: Path) -> None:
        path = random.choice(sorted(p for p in program.glob(name) if p.stat().st_size))
        flip_bit(path, random.randrange(path.stat().st_size), random.randrange(8))

    attacked(kind, f"a bit of {name} (try {k})", change)


# --- by hand -----------------------------------------------------------------------------


def script(program: Path, outside: Path) -> None:
    (program / "main").write_text(SCRIPT.format(outside=outside))


def link_to_script(program: Path, outside: Path) -> None:
    script(program, outside)
    shutil.move(program / "main", outside / "main")
    (program / "main").symlink_to(outside / "main")


def wiring(program: Path, outside: Path) -> None:
    path = program / "manifest.json"
    name = '"mon_ts.i": "'
    text = path.read_text()
    assert name in text
    path.write_text(text.replace(name, f"{name}../../../../../../../../../../..{outside}/"))


def generator(program: Path, outside: Path) -> None:
    path = program / "manifest.json"
    path.write_text(path.read_text().replace('"inputs": {', '"inputs": {"none.none": null, '))


def empty(program: Path, outside: Path) -> None:
    (program / "manifest.json").write_text("")


def writable(program: Path, outside: Path) -> None:
    """Others may have changed it, and all checksums with it."""
    program.chmod(0o777)
    script(program, outside)


def writable_main(program: Path, outside: Path) -> None:
    (program / "main").chmod(0o777)
    script(program, outside)


def writable_cache(program: Path, outside: Path) -> None:
    program.parents[1].chmod(0o777)
    script(program, outside)


def of_another(program: Path, outside: Path) -> None:
    script(program, outside)
    for path in (program.parents[1], program, program / "main"):
        os.chown(path, 12345, 12345)


def arrays_elsewhere(program: Path, outside: Path) -> None:
    shutil.move(program / "static_arrays", outside / "arrays")
    (program / "static_arrays").symlink_to(outside / "arrays")


def elsewhere(program: Path, outside: Path) -> None:
    script(program, outside)
    shutil.move(program, outside / "program")
    program.symlink_to(outside / "program")


def index(program: Path, outside: Path) -> None:
    script(program, outside)
    shutil.move(program, outside / "program")
    for entry in (program.parents[1] / "index").iterdir():
        entry.write_text("../../outside/program")


def lock_link(program: Path, outside: Path) -> None:
    shutil.rmtree(program)
    (outside / "precious").write_text("precious")
    lock = program.parents[1] / "lock"
    lock.unlink(missing_ok=True)
    lock.symlink_to(outside / "precious")


def building_link(program: Path, outside: Path) -> None:
    shutil.rmtree(program)
    (outside / "precious").write_text("precious")
    (program.parents[1] / "building_x").symlink_to(outside)


PLANTED = (
    script,
    link_to_script,
    wiring,
    generator,
    empty,
    writable,
    writable_main,
    writable_cache,
)
PLANTED += (arrays_elsewhere, elsewhere, index, lock_link, building_link)
PLANTED += (of_another,) * (os.geteuid() == 0)


def plant(kind: Kind, random: Random, k: int) -> None:
    """Change `k` of those that were made by hand."""
    attacked(kind, PLANTED[k].__name__.replace("_", " "), PLANTED[k])
