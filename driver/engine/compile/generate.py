"""``python -m driver.engine.compile.generate FOLDER``: write a C++ project that serves blocks.

Brian's standalone program runs once: start, one run, write all arrays, end. Ours stays and serves
blocks, see `driver.engine.compile.serve`. A profiled program adds its times to an answer, see
`driver.engine.timing.counters`.

FOLDER holds ``request.json`` and ``wiring.npz`` (see `driver.engine.compile.program.generate`).
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import brian2 as b2
import numpy as np

from driver.engine.compile import arrays
from driver.engine.compile.pathways import direct_pathways
from driver.engine.compile.program import GENERATOR
from driver.engine.compile.serve import (
    HELPERS,
    OPEN,
    WAIT,
    array_name,
    clock_arrays,
    give_lines,
    input_variables,
    leave_clocks_alone,
    take_lines,
    watch,
    wiring_files,
)
from driver.engine.compile.steps import Steps, take_objects, write_steps
from driver.engine.model import Variable, resolve
from driver.engine.timing.counters import CLOCK, END_COUNTING, GIVE_PROFILE, begin_counting


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())
    with np.load(folder / "wiring.npz") as stored:
        wiring = dict(stored)
    refuse_openmp()
    if request["structure"].get("precision") == "single":
        b2.prefs.core.default_float_dtype = np.float32
    b2.set_device("cpp_standalone", build_on_run=False)
    network = resolve(request["builder"])(request["structure"], wiring)
    network.run(b2.defaultclock.dt, namespace={})
    inputs = input_variables(network, wiring)
    objects = serve_blocks(network, request, inputs)
    b2.get_device().build(directory=str(folder), compile=False, run=False)
    require_no_delays((folder / "main.cpp").read_text())
    flags = arrays.flags(folder, flag_candidates(network, inputs))
    arrays.shrink(folder, flags.values())
    arrays.keep_ends_once(folder)
    arrays.spread(folder / "objects.cpp")
    crossover = request["crossover"] if request["threaded"] else 0
    steps = write_steps(folder, objects, crossover, request["profiled"])
    shared = steps.shared + direct_pathways(folder, crossover)
    if request["profiled"]:
        (folder / "counters.h").write_text(CLOCK)
    add_helpers(folder / "main.cpp", request, steps)
    manifest = {
        "generator": GENERATOR,
        "inputs": {key: dataclasses.asdict(variable) for key, variable in inputs.items()},
        "fixed": [key for key in inputs if array_name(network, key) not in steps.written],
        "flags": sorted(flags),
        "wiring": wiring_files(wiring),
        "objects": steps.objects,
        "shared": shared,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def flag_candidates(network, inputs: dict[str, Variable]) -> dict[str, str]:
    """C++ names of the arrays of numbers that may be flags, by variable."""
    many = [key for key, variable in inputs.items() if variable.size > 1]
    names = {key: array_name(network, key) for key in many if inputs[key].dtype[1] == "f"}
    return {key: name for key, name in names.items() if name.startswith("_array")}


def refuse_openmp() -> None:
    """Under OpenMP the sums ``S_post += w`` of a `run_regularly` are unprotected parallel loops."""
    threads = b2.prefs.devices.cpp_standalone.openmp_threads
    if threads:
        raise ValueError(
            f"the Brian preference devices.cpp_standalone.openmp_threads is {threads}, must be 0: "
            "the sums of the homeostasis would be silently wrong. Use processes (--multi-seed)"
        )


def serve_blocks(network, request: dict, inputs: dict[str, Variable]) -> list[tuple[str, int]]:
    """Turn the one `run` of the generated ``main`` into a loop over blocks.

    Returns what a step calls, each every so many steps; see `driver.engine.compile.steps`.
    """
    leave_clocks_alone()
    lines = the_run_lines()
    populations = request["populations"]
    objects = [(switchable(name, populations), every) for name, every in take_objects(lines)]
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{network.name}.run("))
    profiled = request["profiled"]
    lines[:] = [
        *(line for line in lines[:start] if "set_from_command" not in line),
        *OPEN,
        WAIT,
        *take_lines(network, inputs, request["state"], populations),
        *(f"{name}[0] = 0;" for name in clock_arrays()),  # no delays: queues are empty
        *(begin_counting("n_counters") if profiled else []),
        "advance(n_steps);",
        *(END_COUNTING if profiled else []),
        *give_lines(network, {key: inputs[key] for key in request["state"]}, populations),
        *([GIVE_PROFILE] if profiled else []),
        "fflush(answer);",
        "}",
        "return 0;",
        *lines[start + 1 :],
    ]
    return objects


def the_run_lines() -> list[str]:
    """Generated lines of the one `run`, to be edited in place."""
    runs = [payload[1] for kind, payload in b2.get_device().main_queue if kind == "run_network"]
    if len(runs) != 1:
        raise RuntimeError(f"a program serves blocks of one run(), this one has {len(runs)}")
    return runs[0]


def switchable(function: str, populations: list[str]) -> str:
    """The monitor of a population is ours, which can count spikes without recording them."""
    names = {f"_run_{name}_spikes_codeobject": f"watch_{name}" for name in populations}
    return names.get(function, function)


def add_helpers(main_file: Path, request: dict, steps: Steps) -> None:
    """Put what `serve_blocks` calls in front of ``main``."""
    device = b2.get_device()
    (network,) = device.networks
    code = HELPERS
    if request["profiled"]:
        code += f'#include "counters.h"\nconstexpr int n_counters = {len(steps.objects)};\n'
    for name in request["populations"]:
        space = f"brian::{device.get_array_name(network[name].variables['_spikespace'])}"
        code += watch(name, f"{space}[{network[name].N}]", space)
    code += steps.text
    text = main_file.read_text()
    marker = "int main(int argc, char **argv)"
    if text.count(marker) != 1:
        raise RuntimeError("the generated main.cpp does not look as expected")
    main_file.write_text(text.replace(marker, code + marker))


def require_no_delays(main_text: str) -> None:
    """A spike in flight at the end of a block would be lost."""
    device = b2.get_device()
    for synapses in device.synapses:
        for pathway in synapses._pathways:
            delay = device.get_array_name(pathway.variables["delay"], access_data=False)
            if f"{delay}[0] = 0.0;" not in main_text:
                raise ValueError(f"{pathway.name} needs a scalar delay of 0, given as delay=")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
