"""``python -m driver.generate FOLDER``: write a model's C++ project, made to serve blocks.

Brian's standalone program runs once: start, one run, write all arrays, end. Ours stays: after
the wiring is built it waits for a block on standard input, runs it and answers on the file
descriptor ``$ANSWER_FD``, until the input ends. So a block costs neither a start nor files.

A request is, in this order and without padding, ``n_steps`` (int64), one byte for each
population (record its spikes or only count them), and every array of ``manifest["inputs"]``,
tables after a byte that is 0 if the table is all zero and left out. The
answer is every array of ``manifest["state"]`` and, for each population, its number of spikes
(int64), the number recorded (int64) and the recorded ``i`` (int32) and steps (float64 seconds).
A profiled program adds its times, see `driver.counters`.

FOLDER holds ``request.json`` and ``wiring.npz`` (see `driver.program.generate`).
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import brian2 as b2
import numpy as np

from driver.backend import Variable, is_table, resolve, settable, tables
from driver.counters import add_counters, counted
from driver.program import GENERATOR
from driver.threads import share_loops
from driver.tune import tune

HELPERS = """
#include <csignal>
static FILE* answer = nullptr;
static bool take(void* to, size_t bytes) { return fread(to, 1, bytes, stdin) == bytes; }
static bool take_table(void* to, size_t bytes) {
    char given;
    if (!take(&given, 1)) return false;
    return given ? take(to, bytes) : std::memset(to, 0, bytes) != nullptr;
}
static void give(const void* from, size_t bytes) {
    if (bytes && fwrite(from, 1, bytes, answer) != bytes) exit(3);
}
"""


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


def input_variables(network, wiring: dict[str, np.ndarray]) -> dict[str, Variable]:
    """Every array that a block may set, in the order of the request."""
    inputs = {}
    for key, variable in settable(network).items():
        contacts = wiring.get(f"{key.split('.')[0]}.i")  # synapses have no size yet
        size = None if contacts is None or variable.scalar else len(contacts)
        inputs[key] = Variable.of(variable, size)
    return inputs | {key: Variable.of(table.values) for key, table in tables(network).items()}


def serve_blocks(network, request: dict, inputs: dict[str, Variable]) -> None:
    """Turn the one `run` of the generated ``main`` into a loop over blocks."""
    queue = b2.get_device().main_queue  # clocks are rewound in each block, not once, in any order
    queue[:] = [q for q in queue if q[0] != "set_by_single_value" or q[1][0] not in clock_arrays()]
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
        "std::signal(SIGTERM, SIG_IGN);",  # a cluster ends all at once: our parent saves first
        'answer = fdopen(atoi(getenv("ANSWER_FD")), "wb");',
        "int64_t n_steps;",
        "while (take(&n_steps, sizeof(n_steps))) {",
        *(f"if (!take(&record_{name}, 1)) exit(3);" for name in populations),
        *(take_line(key, variable) for key, variable in inputs.items()),
        *rewind_lines(network, populations),
        lines[start].replace(run, f"{network.name}.run(n_steps*{b2.defaultclock.dt_!r},"),
        *(give_line(key, inputs[key]) for key in request["state"]),
        *(line for name in populations for line in give_spikes(network, name)),
        *(["give(profile.data(), profile.size()*sizeof(double));"] if request["profiled"] else []),
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


def take_line(key: str, variable: Variable) -> str:
    size = variable.size * np.dtype(variable.dtype).itemsize
    take = "take_table" if is_table(key) else "take"
    return f"if (!{take}({array_pointer(key)}, {size})) exit(3);"


def give_line(key: str, variable: Variable) -> str:
    return f"give({array_pointer(key)}, {variable.size * np.dtype(variable.dtype).itemsize});"


def array_pointer(key: str) -> str:
    """C++ expression of the data of a variable or table."""
    device = b2.get_device()
    group, variable = key.split(".")
    if is_table(key):
        return f"{group}_values"
    (network,) = device.networks
    brian = network[group].variables[variable]
    if brian in device.dynamic_arrays:
        return f"{device.get_array_name(brian, access_data=False)}.data()"
    return device.get_array_name(brian)


def rewind_lines(network, populations: list[str]) -> list[str]:
    """Set clocks to 0 and forget recorded spikes; zero delays leave nothing in the queues."""
    lines = [f"{network.name}.t = 0;", *(f"{name}[0] = 0;" for name in clock_arrays())]
    for name in populations:
        lines += [f"count_{name} = 0;"]
        lines += [f"{recorded(network, name, part)}.clear();" for part in ("i", "t")]
    return lines


def clock_arrays() -> list[str]:
    """C++ names of time and step of every clock, in one order (Brian holds clocks in a set)."""
    device = b2.get_device()
    variables = [clock.variables[v] for clock in device.clocks for v in ("t", "timestep")]
    return sorted(device.get_array_name(variable) for variable in variables)


def recorded(network, population: str, part: str) -> str:
    variable = network[f"{population}_spikes"].variables[part]
    return b2.get_device().get_array_name(variable, access_data=False)


def give_spikes(network, name: str) -> list[str]:
    i, t = (recorded(network, name, part) for part in ("i", "t"))
    return [
        f"give(&count_{name}, sizeof(int64_t));",
        f"{{ const int64_t n = {i}.size(); give(&n, sizeof(n)); }}",
        f"give({i}.data(), {i}.size()*sizeof({i}[0]));",
        f"give({t}.data(), {t}.size()*sizeof({t}[0]));",
    ]


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
        code += (
            f"static char record_{name} = 1;\n"
            f"static int64_t count_{name} = 0;\n"
            f"static void watch_{name}() {{\n"
            f"    count_{name} += brian::{space}[{network[name].N}];\n"
            f"    if (record_{name}) _run_{name}_spikes_codeobject();\n}}\n"
        )
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


def wiring_files(wiring: dict[str, np.ndarray]) -> dict[str, str]:
    """File of ``static_arrays/`` that each end of the contacts is read from."""
    words = {"i": "sources", "j": "targets"}
    return {key: f"_static_array__array_{key[:-2]}_{words[key[-1]]}" for key in sorted(wiring)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
