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

from driver.engine.compile.program import GENERATOR
from driver.engine.compile.serve import (
    HELPERS,
    OPEN,
    WAIT,
    clock_arrays,
    give_lines,
    input_variables,
    leave_clocks_alone,
    take_lines,
    watch,
    wiring_files,
)
from driver.engine.compile.threads import share_loops
from driver.engine.compile.tune import tune
from driver.engine.model import Variable, resolve
from driver.engine.timing.counters import GIVE_PROFILE, add_counters, counted


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())
    with np.load(folder / "wiring.npz") as stored:
        wiring = dict(stored)
    refuse_openmp()
    b2.set_device("cpp_standalone", build_on_run=False)
    network = resolve(request["builder"])(request["structure"], wiring)
    network.run(b2.defaultclock.dt, namespace={})
    inputs = input_variables(network, wiring)
    objects = counted(the_run_lines()) if request["profiled"] else []
    serve_blocks(network, request, inputs)
    b2.get_device().build(directory=str(folder), compile=False, run=False)
    require_no_delays((folder / "main.cpp").read_text())
    add_helpers(folder / "main.cpp", request)
    shared = share_loops(folder, request["crossover"]) if request["threaded"] else []
    tune(folder)
    if objects:
        add_counters(folder / "network.cpp")
    manifest = {
        "generator": GENERATOR,
        "inputs": {key: dataclasses.asdict(variable) for key, variable in inputs.items()},
        "wiring": wiring_files(wiring),
        "objects": objects,
        "shared": shared,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def refuse_openmp() -> None:
    """Under OpenMP the sums ``S_post += w`` of a `run_regularly` are unprotected parallel loops."""
    threads = b2.prefs.devices.cpp_standalone.openmp_threads
    if threads:
        raise ValueError(
            f"the Brian preference devices.cpp_standalone.openmp_threads is {threads}, must be 0: "
            "the sums of the homeostasis would be silently wrong. Use processes (--multi-seed)"
        )


def serve_blocks(network, request: dict, inputs: dict[str, Variable]) -> None:
    """Turn the one `run` of the generated ``main`` into a loop over blocks."""
    leave_clocks_alone()
    lines = the_run_lines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{network.name}.run("))
    run = f"{network.name}.run({b2.defaultclock.dt_!r},"
    if not lines[start].startswith(run):
        raise RuntimeError(f"expected {run!r} in the generated program, found {lines[start]!r}")
    populations = request["populations"]
    lines[:] = [
        *(
            switchable(line, populations)
            for line in lines[:start]
            if "set_from_command" not in line
        ),
        *OPEN,
        WAIT,
        *take_lines(network, inputs, populations),
        *rewind_lines(network),
        lines[start].replace(run, f"{network.name}.run(n_steps*{b2.defaultclock.dt_!r},"),
        *give_lines(network, {key: inputs[key] for key in request["state"]}, populations),
        *([GIVE_PROFILE] if request["profiled"] else []),
        "fflush(answer);",
        "}",
        "return 0;",
        *lines[start + 1 :],
    ]


def the_run_lines() -> list[str]:
    """Generated lines of the one `run`, to be edited in place."""
    runs = [payload[1] for kind, payload in b2.get_device().main_queue if kind == "run_network"]
    if len(runs) != 1:
        raise RuntimeError(f"a program serves blocks of one run(), this one has {len(runs)}")
    return runs[0]


def rewind_lines(network) -> list[str]:
    """Set clocks to 0; zero delays leave nothing in the queues."""
    return [f"{network.name}.t = 0;", *(f"{name}[0] = 0;" for name in clock_arrays())]


def switchable(line: str, populations: list[str]) -> str:
    """Let the monitor of a population count its spikes when they are not to be recorded."""
    for name in populations:
        line = line.replace(f"_run_{name}_spikes_codeobject", f"watch_{name}")
    return line


def add_helpers(main_file: Path, request: dict) -> None:
    """Put what `serve_blocks` calls in front of ``main``."""
    device = b2.get_device()
    (network,) = device.networks
    code = HELPERS + ("extern std::vector<double> profile;\n" if request["profiled"] else "")
    for name in request["populations"]:
        space = device.get_array_name(network[name].variables["_spikespace"])
        code += watch(name, f"brian::{space}[{network[name].N}]")
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
