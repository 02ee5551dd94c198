"""The block protocol on the side of the program, in C++; `driver.engine.compiled` speaks our side.

A program stays: after its wiring is built it waits for a block on standard input, runs it and
answers on the file descriptor ``$ANSWER_FD``, until the input ends. So a block costs neither a
start nor files.

A request is, in this order and without padding, ``n_steps`` (int64), one byte for each
population (record its spikes or only count them), and every array of ``manifest["inputs"]``,
tables after a byte that is 0 if the table is all zero and left out. The
answer is every array of ``manifest["state"]`` and, for each population, its number of spikes
(int64), the number recorded (int64) and the recorded ``i`` (int32) and steps (float64 seconds).
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.model import Variable, is_table, settable, tables

HELPERS = """
#include <csignal>
#include <cstring>
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

OPEN = [
    "std::signal(SIGTERM, SIG_IGN);",  # a cluster ends all at once: our parent saves first
    "std::signal(SIGHUP, SIG_IGN);",
    'answer = fdopen(atoi(getenv("ANSWER_FD")), "wb");',
    "int64_t n_steps;",
]
WAIT = "while (take(&n_steps, sizeof(n_steps))) {"


def input_variables(network, wiring: dict[str, np.ndarray]) -> dict[str, Variable]:
    """Every array that a block may set, in the order of the request."""
    inputs = {}
    for key, variable in settable(network).items():
        contacts = wiring.get(f"{key.split('.')[0]}.i")  # synapses have no size yet
        size = None if contacts is None or variable.scalar else len(contacts)
        inputs[key] = Variable.of(variable, size)
    return inputs | {key: Variable.of(table.values) for key, table in tables(network).items()}


def take_lines(network, inputs: dict[str, Variable], populations: list[str]) -> list[str]:
    """Read a request, and forget what was recorded."""
    lines = [f"if (!take(&record_{name}, 1)) exit(3);" for name in populations]
    for key, variable in inputs.items():
        take = "take_table" if is_table(key) else "take"
        lines.append(f"if (!{take}({array_pointer(network, key)}, {bytes_of(variable)})) exit(3);")
    for name in populations:
        lines.append(f"count_{name} = 0;")
        lines += [f"{recorded(network, name, part)}.clear();" for part in "it"]
    return lines


def give_lines(network, state: dict[str, Variable], populations: list[str]) -> list[str]:
    """Answer with the state, and with the spikes."""
    lines = [
        f"give({array_pointer(network, key)}, {bytes_of(variable)});"
        for key, variable in state.items()
    ]
    for name in populations:
        i, t = (recorded(network, name, part) for part in "it")
        lines += [
            f"give(&count_{name}, sizeof(int64_t));",
            f"{{ const int64_t n = {i}.size(); give(&n, sizeof(n)); }}",
            f"give({i}.data(), {i}.size()*sizeof({i}[0]));",
            f"give({t}.data(), {t}.size()*sizeof({t}[0]));",
        ]
    return lines


def bytes_of(variable: Variable) -> int:
    return variable.size * np.dtype(variable.dtype).itemsize


def array_pointer(network, key: str) -> str:
    """C++ expression of the data of a variable or table."""
    device = b2.get_device()
    group, variable = key.split(".")
    if is_table(key):
        return f"{group}_values"
    brian = network[group].variables[variable]
    if brian in device.dynamic_arrays:
        return f"{device.get_array_name(brian, access_data=False)}.data()"
    return device.get_array_name(brian)


def recorded(network, population: str, part: str) -> str:
    """C++ vector in which a monitor keeps ``i`` or ``t`` of the spikes."""
    variable = network[f"{population}_spikes"].variables[part]
    return b2.get_device().get_array_name(variable, access_data=False)


def watch(name: str, n_spikes: str) -> str:
    """A monitor that can count spikes without recording them; `n_spikes` is C++ of their number."""
    return (
        f"static char record_{name} = 1;\n"
        f"static int64_t count_{name} = 0;\n"
        f"static void watch_{name}() {{\n"
        f"    count_{name} += {n_spikes};\n"
        f"    if (record_{name}) _run_{name}_spikes_codeobject();\n}}\n"
    )


def wiring_files(wiring: dict[str, np.ndarray]) -> dict[str, str]:
    """File of ``static_arrays/`` that each end of the contacts is read from."""
    words = {"i": "sources", "j": "targets"}
    return {key: f"_static_array__array_{key[:-2]}_{words[key[-1]]}" for key in sorted(wiring)}


def leave_clocks_alone() -> None:
    """Drop what sets clocks to 0, once and in any order: a block begins with that."""
    queue = b2.get_device().main_queue
    clocks = clock_arrays()
    queue[:] = [q for q in queue if q[0] != "set_by_single_value" or q[1][0] not in clocks]


def clock_arrays() -> list[str]:
    """C++ names of time and step of every clock, in one order (Brian holds clocks in a set)."""
    device = b2.get_device()
    variables = [clock.variables[v] for clock in device.clocks for v in ("t", "timestep")]
    return sorted(device.get_array_name(variable) for variable in variables)
