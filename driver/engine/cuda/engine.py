"""Blocks on an NVIDIA GPU, through brian2cuda, from the environment of everything else.

brian2cuda lives in an environment of its own, which only writes code:
`driver.engine.cuda.generate` runs there, and what comes out is a program that serves blocks like
any other (`driver.engine.compiled`). **It has not been run: no GPU was at hand.** It was compiled.

On a GPU sums of several synapses are made in no fixed order, so a sum may differ in its last bit
from run to run. Neither equal spikes nor an exact resume can be promised.

``python -m driver.engine.cuda.engine`` says what of it is found (`driver.engine.cuda.found`).
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np

from driver.engine.compile.program import Maker, run
from driver.engine.compiled import BlockError, StandaloneEngine
from driver.engine.compiler import cores
from driver.engine.cuda import found
from driver.engine.cuda.rewrite import join
from driver.engine.model import Block, Model, Spikes
from driver.engine.timing.profile import Profile

# No fused multiply-add: rounding as on the CPU wherever nothing is summed up by many.
NVCC = ["-std=c++17", "-w", "-O3", "--fmad=false", "-dc", "-I."]
UNTOLD = "9.0"  # compute capability to compile for where no GPU is seen
MOST_UNITS = 8  # each reads the headers of thrust and curand


class CudaEngine(StandaloneEngine):
    """The model's CUDA program, running, with this run's wiring."""

    backend = "cuda"
    holds = False

    def __init__(self, model: Model, say=lambda text: None, profile: Profile | None = None):
        if profile is not None:
            raise ValueError("--profile with --backend cuda: a GPU works after it was asked to")
        super().__init__(model, say)
        say("on a GPU sums have no fixed order: last bits may differ from run to run")

    def maker(self) -> CudaMaker:
        return CudaMaker(self.model)

    def _provide(self, wiring) -> None:
        for key in json.loads((self.program / "manifest.json").read_text())["one_each"]:
            cells = self.model.wiring[key]
            if np.unique(cells).size < cells.size:
                raise BlockError(
                    f"--backend cuda: several synapses {key.split('.')[0]} set a variable of one "
                    "cell, and on a GPU any of them may be the last"
                )
        super()._provide(wiring)

    def run(self, values, *, hold=False, **how) -> Block:
        """Run a block, see `driver.engine.model.Engine`; the state is given back in any case.

        Spikes of a step come in the order of cells.
        """
        block = super().run(values, **how)
        return dataclasses.replace(block, spikes={k: in_order(s) for k, s in block.spikes.items()})

    def _complaint(self) -> str:
        said = self.folder / "said.txt"  # some errors of brian2cuda stand there
        lines = said.read_text(errors="replace").splitlines() if said.exists() else []
        return "\n".join([super()._complaint(), *lines[-3:]])


def in_order(spikes: Spikes) -> Spikes:
    order = np.lexsort((spikes.index, spikes.step))
    return Spikes(spikes.index[order], spikes.step[order])


@dataclasses.dataclass(frozen=True)
class CudaMaker(Maker):
    """Makes a program through brian2cuda and nvcc."""

    def request(self) -> dict:
        """What the program is compiled for, and what makes it."""
        makers = found.versions()
        return {
            "makers": makers,
            "compute_capability": float(makers["compute_capability"] or UNTOLD),
            "flags": NVCC,
        }

    def command(self, folder: Path) -> list[str]:
        """As in `Maker`; brian2cuda writes sets in their order, so their hashes are fixed."""
        words = [str(found.interpreter()), "-m", "driver.engine.cuda.generate", str(folder)]
        return ["env", "PYTHONHASHSEED=0", f"CUDA_PATH={found.where_cuda_is()}", *words]

    def compile(self, source: Path, cxx: str) -> None:
        """Make ``main``: units that refer to each other's memory on the GPU, then linked."""
        nvcc = [str(found.where_cuda_is() / "bin" / "nvcc"), f"-ccbin={cxx}"]
        target = f"-arch=sm_{str(self.request()['compute_capability']).replace('.', '')}"
        sources = json.loads((source / "manifest.json").read_text())["sources"]
        units = join(source, sources, min(cores(), MOST_UNITS))
        include, library = found.curand()

        def compile_one(unit: str) -> None:
            run([*nvcc, *NVCC, target, f"-I{include}", unit, "-o", f"{unit}.o"], source)

        with concurrent.futures.ThreadPoolExecutor(max_workers=cores()) as pool:
            list(pool.map(compile_one, units))
        link = ["-Xlinker", str(library), "-Xlinker", f"-rpath={library.parent}"]
        run([*nvcc, target, *(f"{unit}.o" for unit in units), *link, "-o", "main"], source)
        for unit in units:
            (source / unit).unlink()
            (source / f"{unit}.o").unlink()


def main() -> int:
    """Say what was found, or what is missing."""
    try:
        found.check()
        print(f"cuda: {found.where_cuda_is()}, {found.interpreter()}, {found.versions()}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
