"""A program of ``--backend cuda`` on a CPU: all of its text, in g++, beside `cuda_on_cpu.h`.

It is no GPU: the threads of a kernel come one after the other, so a race does not show. What shows
is whether the program is the model.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from driver.engine.compile.program import run
from driver.engine.compiler import ARITHMETIC
from driver.engine.cuda.engine import CudaEngine, CudaMaker
from driver.engine.cuda.rewrite import join

HEADER = Path(__file__).parent / "cuda_on_cpu.h"
INCLUDES = re.compile(r'^#include ?[<"](thrust|curand|cuda\.h|cuda_profiler)[^\n]*$', re.MULTILINE)
LAUNCH = re.compile(r"(\w+)<<<([^;]*?)>>>\(")


def launched(text: str) -> str:
    """The text with calls of `launch` in the place of CUDA's triple brackets."""
    made, at = [], 0
    for found in LAUNCH.finditer(text):
        grid = ", ".join(found[2].split(",")[:2])
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        call = f"{found[1]}({text[found.end() : end]}"
        made += [text[at : found.start()], f"launch({grid}, [&] {{ {call}; }})"]
        at = end
    return "".join([*made, text[at:]])


@dataclasses.dataclass(frozen=True)
class OnCpu(CudaMaker):
    """As `CudaMaker`, up to the compiler."""

    def request(self) -> dict:
        return super().request() | {"flags": ["g++"]}  # a program of its own

    def compile(self, source: Path, cxx: str) -> None:
        sources = json.loads((source / "manifest.json").read_text())["sources"]
        (unit,) = join(source, sources, 1)
        text = launched(INCLUDES.sub("", (source / unit).read_text()))
        (source / "unit.cpp").write_text(text)
        for header in [*source.glob("*.h"), *source.glob("brianlib/*.h")]:
            header.write_text(INCLUDES.sub("", header.read_text()))
        flags = ["-std=c++17", "-w", "-O1", *ARITHMETIC, "-I.", "-include", str(HEADER)]
        run([cxx, *flags, "unit.cpp", "-o", "main"], source)


class EngineOnCpu(CudaEngine):
    def maker(self) -> OnCpu:
        return OnCpu(self.model)
