"""Compiled programs: generated once per structure, kept in a cache, found again at once.

A program's folder is named by a hash of what was generated, the compiler and its flags. A
second, smaller index maps a hash of everything that goes *into* generation to that name, so
that a known model starts without generating, and without importing Brian.

The cache lies in ``$PROGRAM_CACHE``, else ``$XDG_CACHE_HOME/brian_programs`` or
``~/.cache/brian_programs``, see `driver.engine.compile.store`. It may be deleted at any time.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from driver.engine.compile import passes, store
from driver.engine.compile.join import units
from driver.engine.compiler import COLD, FLAGS, HOT, compiler, cores
from driver.engine.model import Model
from driver.engine.timing.profile import COMPILING, GENERATION, Profile, part
from driver.files import on_disk, replace_file

MOST_HOT_UNITS = 4  # each reads all headers

ROOT = Path(__file__).parents[3]
ENGINE = Path(__file__).parents[1]
# Which generator this process knows; a program made by another one speaks another protocol.
GENERATOR = hashlib.sha256(
    b"".join(file.read_bytes() for file in sorted(ENGINE.rglob("*.py")))
).hexdigest()[:16]
# Files of a model that decide what is generated; what is measured or drawn compiles nothing anew.
DECIDES = ("equations", "network", "network_genn", "values", "wiring")

HEADERS = """
#include "objects.h"
#include "brianlib/common_math.h"
#include "brianlib/stdint_compat.h"
#include <climits>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <stdlib.h>
#include <tuple>
"""


class BuildError(RuntimeError):
    """Code generation or the compiler failed; the message carries its last lines."""


@dataclasses.dataclass(frozen=True)
class Maker:
    """How a model becomes a program: this one through Brian's C++ standalone mode.

    Attributes
    ----------
    model : Model
    profiled : bool
        It counts the time of each object, see `driver.engine.timing.counters`.
    threaded : bool
        Loops over large groups can be shared by threads, see `driver.engine.compile.passes`.
    """

    model: Model
    profiled: bool = False
    threaded: bool = False

    def request(self) -> dict:
        """What the generator is told beyond the model."""
        said = {"profiled": self.profiled, "threaded": self.threaded}
        return said | {"crossover": passes.CROSSOVER}

    def command(self, folder: Path) -> list[str]:
        """Command that writes the project, in a process of its own.

        Brian's standalone device is a global state of its process; here it never is ours.
        """
        return [sys.executable, "-m", "driver.engine.compile.generate", str(folder)]

    def compile(self, source: Path, cxx: str) -> None:
        """Make ``main`` in the project's folder.

        Headers dominate the time, so the files are joined into few units.
        """
        (source / "all.h").write_text(HEADERS)
        joined = units(source, is_cold, min(cores(), MOST_HOT_UNITS))
        threads = (passes.FLAG,) if self.threaded else ()
        compile_units(source, cxx, joined, flags=("-include", "all.h", *threads), link=threads)


def cached(maker: Maker, cxx: str) -> Path | None:
    """Folder of the model's program if it was compiled before, and is what was compiled."""
    program = remembered(store.cache_folder(), maker, cxx)
    return program if program and not store.damage(program) else None


def remembered(root: Path, maker: Maker, cxx: str) -> Path | None:
    """Folder of the model's program as the index names it; what lies in it was not looked at."""
    with contextlib.suppress(OSError, UnicodeError):
        name = (root / "index" / recipe_key(maker, cxx)).read_text().strip()
        if re.fullmatch("[0-9a-f]{24}", name) and (root / "programs" / name).is_dir():
            return root / "programs" / name
    return None


def find_or_build(maker: Maker, say, profile: Profile | None = None) -> Path:
    """Folder of the model's program, compiled now if need be.

    Raises
    ------
    BuildError
        If there is no compiler, or generation or compilation fails.
    """
    cxx = compiler()
    if cxx is None:
        raise BuildError("compiling needs a C++ compiler; none found (try $CXX)")
    try:
        root, wrong = store.place()
    except store.NoPlace as error:
        raise BuildError(str(error)) from None
    if wrong:
        say(f"{wrong}: compiled programs are kept in {root}")
    known = remembered(root, maker, cxx)
    if known and not store.damage(known):
        return known
    for name in ("index", "programs"):
        (root / name).mkdir(mode=0o700, exist_ok=True)
    with store.locked(root / "lock"):  # two runs that start together compile once
        known = remembered(root, maker, cxx)
        if known:
            if not (why := store.damage(known)):
                return known
            say(f"the compiled program {known} is not used: {why}")
            shutil.rmtree(known)
        for left in root.glob("building_*"):  # by a compilation that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=root, prefix="building_") as work:
            try:
                name = _build(maker, cxx, Path(work), root / "programs", say, profile)
            except OSError as error:
                raise on_disk(error, root / "programs") from None
        entry = root / "index" / recipe_key(maker, cxx)
        replace_file(entry, lambda file: file.write(name.encode()))
    return root / "programs" / name


def _build(maker: Maker, cxx: str, work: Path, programs: Path, say, profile) -> str:
    start = time.perf_counter()
    source = work / "source"
    with part(profile, GENERATION):
        generate(maker, source)
    name = program_key(source, cxx)
    if (programs / name).is_dir() and not store.damage(programs / name):
        return name
    say("compiling the network (once for this size; later runs start at once)")
    with part(profile, COMPILING):
        maker.compile(source, cxx)
    shutil.rmtree(source / "results", ignore_errors=True)
    for table in wiring_tables(source):
        (source / "static_arrays" / table).unlink(missing_ok=True)  # each run brings its own
    shutil.rmtree(programs / name, ignore_errors=True)  # one that is damaged
    sealed = work / name
    os.replace(source, sealed)
    store.seal(sealed)
    os.replace(sealed, programs / name)
    say(f"compiled in {time.perf_counter() - start:.0f} s")
    return name


def wiring_tables(source: Path) -> list[str]:
    """Tables of a project that hold the wiring that it was generated with."""
    manifest = json.loads((source / "manifest.json").read_text())
    return list(manifest.get("wiring", {}).values())


def generate(maker: Maker, folder: Path) -> None:
    """Write the project and its ``manifest.json``."""
    model = maker.model
    folder.mkdir(parents=True)
    np.savez(folder / "wiring.npz", **model.wiring)
    request = {key: getattr(model, key) for key in ("builder", "structure", "state", "populations")}
    (folder / "request.json").write_text(json.dumps(request | maker.request()))
    done = subprocess.run(maker.command(folder), cwd=ROOT, capture_output=True, text=True)
    (folder / "wiring.npz").unlink()
    if done.returncode:
        raise BuildError(f"code generation failed:\n{_tail(done.stderr)}")


def compile_units(
    source: Path, cxx: str, units: dict[str, bool], flags: tuple[str, ...], link: tuple = ()
) -> None:
    """Compile units of a generated project into ``main``, as many at a time as there are cores.

    Only what runs every step is optimised fully: `units` says of each whether it is cold. Bounding
    the parallel jobs bounds the memory: about 0.25 GB each.
    """

    def compile_one(name: str) -> str:
        level = COLD if units[name] else HOT
        command = [*shlex.split(cxx), level, *FLAGS, "-I.", *flags]
        run([*command, "-c", name, "-o", name + ".o"], source)
        return name + ".o"

    with concurrent.futures.ThreadPoolExecutor(max_workers=cores()) as pool:
        objects = list(pool.map(compile_one, units))
    run([*shlex.split(cxx), *objects, *link, "-o", "main"], source)
    for leftover in (*objects, *(name for name in units if name != "objects.cpp")):
        (source / leftover).unlink()


def is_cold(name: str) -> bool:
    """Whether a generated file runs once per block and not once per step."""
    base = Path(name).name
    return "/" not in name or base.startswith(("before_run", "after_run")) or "_create_" in base


def recipe_key(maker: Maker, cxx: str) -> str:
    """Hash of everything that decides what will be generated and how it is compiled."""
    model = maker.model
    parts = [
        json.dumps([model.builder, model.structure, model.state, model.populations]),
        json.dumps({k: len(v) for k, v in model.wiring.items()}),
        json.dumps([type(maker).__name__, maker.request()]),
        GENERATOR,
        *(file.read_text() for file in model_files(model.builder)),
        importlib.metadata.version("brian2"),
        importlib.metadata.version("numpy"),
        toolchain(cxx),
    ]
    return _sha("\0".join(parts))


def model_files(builder: str) -> list[Path]:
    """The file of a model's builder, and those beside and below it that decide what it builds."""
    own = Path(importlib.util.find_spec(builder.split(":")[0]).origin)
    return sorted({own, *(f for f in own.parent.rglob("*.py") if f.stem in DECIDES)})


def program_key(source: Path, cxx: str) -> str:
    """Hash of the generated text, the compiler and its flags."""
    files = sorted(p for p in source.rglob("*") if p.suffix in (".cpp", ".cu", ".h", ".json"))
    digest = hashlib.sha256(toolchain(cxx).encode())
    for file in files:
        digest.update(str(file.relative_to(source)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:24]


def toolchain(cxx: str) -> str:
    """Compiler, flags and processor (programs are compiled for the one they run on)."""
    tools = [os.stat(tool) for tool in map(shutil.which, shlex.split(cxx)) if tool]
    known = [(tool.st_size, int(tool.st_mtime)) for tool in tools]
    cpu = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line for line in lines if line.startswith("flags")), cpu)
    return json.dumps([cxx, known, FLAGS, HOT, COLD, cpu])


def run(command: list[str], cwd: Path, environment: dict[str, str] | None = None) -> None:
    """Run a tool.

    Raises
    ------
    BuildError
        If it fails, with what it said last.
    """
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed:\n{_tail(done.stdout + done.stderr)}")


def _tail(text: str, lines: int = 25) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
