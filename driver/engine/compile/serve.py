"""The block protocol on the side of the program, in C++; `driver.engine.compiled` speaks our side.

A program stays: after its wiring is built it waits for a block on standard input, runs it and
answers on the file descriptor ``$ANSWER_FD``, until the input ends. So a block costs neither a
start nor files.

A request begins with ``n_steps`` (int64). If that is -1 it goes on with one byte for each array of
``manifest["state"]``, and the answer is those whose byte is 1. Else it is a block, and goes on,
without padding, with

* one byte for each population: record its spikes, or only count them;
* one byte that is 1 if the state is to be in the answer. It stays in the program in any case;
* for each array of ``manifest["inputs"]`` one byte: 0 it is what it was after the last block,
  1 it follows, 2 it is all zero.

The answer to a block is the number (int32) of the first array of the state that is not finite, or
-1; the state, if asked for; and for each population its number of spikes and the number recorded
(int64), the recorded cells (int32) and, if recorded, the number of them in each step (int32).
"""

from __future__ import annotations

import brian2 as b2
import numpy as np

from driver.engine.model import Variable, is_table, settable, tables

HELPERS = """
#include <csignal>
#include <cstring>
#include <algorithm>
static FILE* answer = nullptr;
static bool take(void* to, size_t bytes) { return fread(to, 1, bytes, stdin) == bytes; }
static bool take_input(void* to, size_t bytes) {
    char how;
    if (!take(&how, 1)) return false;
    if (how == 2) std::memset(to, 0, bytes);
    return how != 1 || take(to, bytes);
}
static void give(const void* from, size_t bytes) {
    if (bytes && fwrite(from, 1, bytes, answer) != bytes) exit(3);
}
// flags and numbers in single precision come and go as doubles, whose bytes are counted
template <typename small>
static bool take_as_double(small* to, size_t bytes) {
    char how;
    if (!take(&how, 1)) return false;
    const size_t n = bytes/sizeof(double);
    if (how == 2) std::fill(to, to + n, 0);
    if (how != 1) return true;
    double some[512];
    for (size_t k = 0; k < n; k += 512) {
        const size_t here = std::min<size_t>(n - k, 512);
        if (!take(some, here*sizeof(double))) return false;
        std::copy(some, some + here, to + k);
    }
    return true;
}
template <typename small>
static void give_as_double(const small* from, size_t bytes) {
    const size_t n = bytes/sizeof(double);
    double some[512];
    for (size_t k = 0; k < n; k += 512) {
        const size_t here = std::min<size_t>(n - k, 512);
        std::copy(from + k, from + k + here, some);
        give(static_cast<const void*>(some), here*sizeof(double));
    }
}
static bool take_input(int8_t* to, size_t bytes) { return take_as_double(to, bytes); }
static bool take_input(float* to, size_t bytes) { return take_as_double(to, bytes); }
static void give(const int8_t* from, size_t bytes) { give_as_double(from, bytes); }
static void give(const float* from, size_t bytes) { give_as_double(from, bytes); }
template <typename bits, bits exponent, typename number>
static bool all_finite(const number* from, size_t n) {
    bits bad = 0;
    for (size_t k = 0; k < n; k++) {
        bits b;
        std::memcpy(&b, from + k, sizeof(b));
        bad |= (b & exponent) == exponent;
    }
    return !bad;
}
static bool is_finite(const double* from, size_t bytes) {
    return all_finite<uint64_t, 0x7ff0000000000000ULL>(from, bytes/sizeof(double));
}
static bool is_finite(const float* from, size_t bytes) {
    return all_finite<uint32_t, 0x7f800000U>(from, bytes/sizeof(double));
}
static bool is_finite(const void*, size_t) { return true; }  // whole numbers and flags
"""

OPEN = [
    "std::signal(SIGTERM, SIG_IGN);",  # a cluster ends all at once: our parent saves first
    "std::signal(SIGHUP, SIG_IGN);",
    'answer = fdopen(atoi(getenv("ANSWER_FD")), "wb");',
    "int64_t n_steps;",
    "char with_state;",
]
WAIT = "while (take(&n_steps, sizeof(n_steps))) {"


def input_variables(network, wiring: dict[str, np.ndarray]) -> dict[str, Variable]:
    """Every array that a block may set, in the order of the request."""
    inputs = {}
    for key, variable in settable(network).items():
        contacts = wiring.get(f"{key.split('.')[0]}.i")  # synapses have no size yet
        size = None if contacts is None or variable.scalar else len(contacts)
        told = Variable.of(variable, size)
        single = told.dtype == "<f4"  # such numbers come and go in double precision
        inputs[key] = Variable(told.size, "<f8") if single else told
    return inputs | {key: Variable.of(table.values) for key, table in tables(network).items()}


def take_lines(
    network, inputs: dict[str, Variable], state: list[str], populations: list[str]
) -> list[str]:
    """Answer a request for the state; or read that of a block, and forget what was recorded."""
    lines = ["if (n_steps < 0) {", "char wanted;"]
    for key in state:
        give = f"give({array_pointer(network, key)}, {bytes_of(inputs[key])});"
        lines += ["if (!take(&wanted, 1)) exit(3);", f"if (wanted) {give}"]
    lines += ["fflush(answer);", "continue;", "}"]
    lines += [f"if (!take(&record_{name}, 1)) exit(3);" for name in populations]
    lines.append("if (!take(&with_state, 1)) exit(3);")
    for key, variable in inputs.items():
        where = f"{array_pointer(network, key)}, {bytes_of(variable)}"
        lines.append(f"if (!take_input({where})) exit(3);")
    for name in populations:
        lines += [f"count_{name} = 0;", f"cells_{name}.clear();", f"by_step_{name}.clear();"]
    return lines


def give_lines(network, state: dict[str, Variable], populations: list[str]) -> list[str]:
    """Answer with whether all is finite, the state if it was asked for, and the spikes."""
    places = {
        key: f"{array_pointer(network, key)}, {bytes_of(variable)}"
        for key, variable in state.items()
    }
    lines = ["int32_t not_finite = -1;"]
    for n, (key, variable) in enumerate(state.items()):
        test = f"if (not_finite < 0 && !is_finite({places[key]})) not_finite = {n};"
        lines += [test] if variable.dtype[1] == "f" else []
    lines.append("give(&not_finite, sizeof(not_finite));")
    lines += ["if (with_state) {", *(f"give({place});" for place in places.values()), "}"]
    for name in populations:
        lines += [
            f"give(&count_{name}, sizeof(int64_t));",
            f"{{ const int64_t n = cells_{name}.size(); give(&n, sizeof(n)); }}",
            f"give(cells_{name}.data(), cells_{name}.size()*sizeof(int32_t));",
            f"give(by_step_{name}.data(), by_step_{name}.size()*sizeof(int32_t));",
        ]
    return lines


def bytes_of(variable: Variable) -> int:
    return variable.size * np.dtype(variable.dtype).itemsize


def array_pointer(network, key: str) -> str:
    """C++ expression of the data of a variable or table."""
    name = array_name(network, key)
    return f"{name}.data()" if name.startswith("_dynamic") else name


def array_name(network, key: str) -> str:
    """C++ name of the array of a variable or table."""
    device = b2.get_device()
    group, variable = key.split(".")
    if is_table(key):
        return f"{group}_values"
    brian = network[group].variables[variable]
    return device.get_array_name(brian, access_data=brian not in device.dynamic_arrays)


def watch(name: str, n_spikes: str, cells: str) -> str:
    """A monitor that counts spikes and, if asked to, records them; called in every step.

    Brian's own notes the time of each spike, and asks of each whether its cell is recorded. Here
    all cells are; `n_spikes` and `cells` are C++ of how many fired and a pointer to the first.
    """
    return f"""
static char record_{name} = 1;
static int64_t count_{name} = 0;
static std::vector<int32_t> cells_{name}, by_step_{name};
static void watch_{name}() {{
    const int32_t n = {n_spikes};
    count_{name} += n;
    if (!record_{name}) return;
    by_step_{name}.push_back(n);
    cells_{name}.insert(cells_{name}.end(), {cells}, {cells} + n);
}}
"""


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
