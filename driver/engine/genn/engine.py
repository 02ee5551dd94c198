"""Blocks on GeNN, through brian2genn, from the environment of everything else.

brian2genn needs an older Brian than we do, so it lives in an environment of its own, which only
writes code: `driver.engine.genn.generate` runs there, and what comes out is a program that serves
blocks like any other (`driver.engine.compiled`). So a run on GeNN has the same folder, metrics and
figures.

``python -m driver.engine.genn.engine`` says what of it is found (`driver.engine.genn.found`).
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import numpy as np

from driver.engine.compile.program import BuildError, Maker, compile_units, run
from driver.engine.compiled import StandaloneEngine
from driver.engine.compiler import ARITHMETIC, HOT, cores
from driver.engine.genn.found import interpreter, versions, where_cuda_is, where_genn_is
from driver.engine.model import Block, Model
from driver.engine.timing.profile import Profile

RANDOMKIT = "brianlib/randomkit"  # what Brian's generated programs draw from; ours do not
MOST = 2**32  # GeNN numbers the places for synapses with 32 bits


class GennEngine(StandaloneEngine):
    """The model's GeNN program, running, with this run's wiring.

    GeNN wants synapses sorted by their source, so theirs are sorted here, and whatever belongs to
    them on the way in and out.
    """

    holds = False

    def __init__(
        self, backend: str, model: Model, say=lambda text: None, profile: Profile | None = None
    ):
        self.backend = backend
        self.order, wiring = sorted_wiring(model.wiring, model.genn.without)
        self.back = {name: np.argsort(order) for name, order in self.order.items()}
        for_genn = dataclasses.replace(
            model,
            builder=model.genn.builder,
            scratch=(*model.scratch, *model.genn.scratch),
            wiring=wiring,
        )
        super().__init__(for_genn, say, profile)

    def maker(self) -> GennMaker:
        return GennMaker(self.model, self.profile is not None, on_gpu=self.backend == "genn_gpu")

    def run(self, values, *, state=None, hold=False, **how) -> Block:
        """Run a block, see `driver.engine.model.Engine`; the state is given back in any case."""
        given = {key: self._in(key, value) for key, value in {**values, **(state or {})}.items()}
        block = super().run(given, **how)
        state = {key: self._out(key, value) for key, value in block.state.items()}
        return dataclasses.replace(block, state=state)

    def _in(self, key: str, value):
        order = self.order.get(key.split(".")[0])
        return value if order is None or np.size(value) != order.size else np.asarray(value)[order]

    def _out(self, key: str, value: np.ndarray) -> np.ndarray:
        back = self.back.get(key.split(".")[0])
        return value if back is None or value.size != back.size else value[back]


def sorted_wiring(wiring, without: tuple[str, ...]):
    """Wiring sorted by source, then target, and the order of each of its synapses groups."""
    orders, made = {}, {}
    for name in {key[:-2]: None for key in wiring}:
        if name in without:
            continue
        i, j = wiring[f"{name}.i"], wiring[f"{name}.j"]
        order = np.lexsort((j, i))
        made[f"{name}.i"], made[f"{name}.j"] = i[order], j[order]
        if not np.array_equal(order, np.arange(order.size)):
            orders[name] = order
    return orders, made


def row_bounds(wiring) -> dict[str, list[int]]:
    """Room for the synapses of one source and of one target: of the longest, with some to spare.

    The networks of a sweep draw their wiring anew; with the room to spare nearly all of them
    share a program.

    Raises
    ------
    BuildError
        If a projection needs more places than GeNN can number.
    """
    bounds = {}
    for name in {key[:-2]: None for key in wiring}:
        ends = (wiring[f"{name}.i"], wiring[f"{name}.j"])
        bounds[name] = [room(np.unique(end, return_counts=True)[1]) for end in ends]
        for end, longest in zip(ends, bounds[name], strict=True):
            places = (int(end.max(initial=0)) + 1) * longest
            if places >= MOST:
                raise BuildError(
                    f"--backend genn: {name} would need {places:.2g} places for synapses, as many "
                    f"for each cell as its largest has, {longest}; GeNN can number {MOST:.2g}"
                )
    return bounds


def room(lengths: np.ndarray) -> int:
    """Room for rows of these lengths: theirs if they have one, else with some to spare."""
    longest = int(lengths.max(initial=1))
    return longest if (lengths == longest).all() else rounded_up(longest)


def rounded_up(n: int) -> int:
    """The next power of two.

    The longest row varies by a tenth or two from seed to seed. Finer steps were tried, an eighth
    of a power of two: ten seeds of the fast network then needed five programs, and now one.

    Examples
    --------
    >>> rounded_up(5), rounded_up(17), rounded_up(128)
    (8, 32, 128)
    """
    return 1 << (int(n) - 1).bit_length()


@dataclasses.dataclass(frozen=True)
class GennMaker(Maker):
    """Makes a program through brian2genn and GeNN."""

    on_gpu: bool = False

    def request(self) -> dict:
        """Room for synapses; and what makes the program, so that another GeNN makes another one."""
        makers = [str(where_genn_is()), versions("genn_gpu" if self.on_gpu else "genn")]
        said = {"rows": row_bounds(self.model.wiring), "on_gpu": self.on_gpu, "makers": makers}
        return said | {"profiled": self.profiled}

    def command(self, folder: Path) -> list[str]:
        """As in `Maker`; brian2genn writes sets in their order, so their hashes are fixed."""
        words = [str(interpreter()), "-m", "driver.engine.genn.generate", str(folder)]
        return ["env", "PYTHONHASHSEED=0", *words]

    def compile(self, source: Path, cxx: str) -> None:
        """GeNN writes its kernels; they become a library, and everything else a program."""
        environment = {**os.environ, "GENN_PATH": str(where_genn_is()), "CXX": cxx}
        build = [str(where_genn_is() / "bin" / "genn-buildmodel.sh")]
        build += [] if self.on_gpu else ["-c"]
        build += ["-i", f"{source}:{source / RANDOMKIT}", "magicnetwork_model.cpp"]
        run(build, source, environment)
        kernels = source / "magicnetwork_model_CODE"
        make = ["make", "-j", str(cores()), "-C", kernels.name]
        if not self.on_gpu:  # GeNN compiles them without optimisation
            flags = " ".join([HOT, "-w", *ARITHMETIC])
            make.append(f"CXXFLAGS=-c -fPIC -std=c++11 -MMD -MP {flags}")
        run(make, source, environment)
        sources = json.loads((source / "manifest.json").read_text())["sources"]
        names = [f"{RANDOMKIT}/randomkit.cc", *sources, "main.cpp"]
        text = "\n".join(f'#include "{name}"' for name in names if name != "objects.cpp")
        (source / "program.cpp").write_text(text)
        link = (f"-L{kernels.name}", "-lrunner", f"-Wl,-rpath,$ORIGIN/{kernels.name}")
        units = {"program.cpp": False, "objects.cpp": True}
        compile_units(source, cxx, units, flags=(f"-I{RANDOMKIT}",), link=link)


def main() -> int:
    """Say what was found, or what is missing; the status is that of the CPU's backend."""
    try:
        print(f"genn: {where_genn_is()}, {interpreter()}, {versions('genn')}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        print(f"genn_gpu: {where_cuda_is()}, {versions('genn_gpu')}")
    except ValueError as error:
        print(f"no genn_gpu: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
