"""``python -m driver.generate_genn FOLDER``: write a model's GeNN project, made to serve blocks.

Runs under an interpreter of its own, that of `requirements-genn.txt`. brian2genn writes the GeNN
model and a program that runs it once; here its ``main`` becomes the block server of
`driver.generate`, which speaks the same protocol, and three things are put right:

* **The order inside a step.** GeNN delivers the spikes of the last step before it updates the
  neurons, so spikes would be in flight between two blocks. The two halves of its step are called
  the other way round: neurons, then synapses. Nothing waits at the end of a step but the input
  that GeNN keeps apart until the next update, which is added to its target (`settle_lines`).
* **The room for synapses.** GeNN reserves it for the longest row of the wiring at hand, and
  another seed's would overflow it. The bounds come with the request (see `driver.genn`).
* **`clip` and `int`**, which brian2genn computes in single precision and as a truth value.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path

import brian2 as b2
import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.devices.device import get_device
from brian2genn.genn_generator import GeNNCodeGenerator  # and the import makes the device known

from driver import blackboard
from driver.backend import Variable, is_table, resolve, settable, tables
from driver.program import GENERATOR

CLIP = """
SUPPORT_CODE_FUNC double _clip(const double value, const double low, const double high)
{
    return value < low ? low : (value > high ? high : value);
}
"""
INT = "template <typename T> SUPPORT_CODE_FUNC int int_(const T value) { return (int)value; }"

MAIN = """
#include "main.h"
#include "magicnetwork_model_CODE/definitions.h"
%(headers)s
using namespace brian;
static FILE* answer = nullptr;
static bool take(void* to, size_t bytes) { return fread(to, 1, bytes, stdin) == bytes; }
static bool take_table(void* to, size_t bytes) {
    char given;
    if (!take(&given, 1)) return false;
    return given ? take(to, bytes) : memset(to, 0, bytes) != nullptr;
}
static void give(const void* from, size_t bytes) {
    if (bytes && fwrite(from, 1, bytes, answer) != bytes) exit(3);
}
%(watches)s
#include "engine.cpp"

int main() {
    signal(SIGTERM, SIG_IGN);  // a cluster ends all at once: our parent saves first
    engine network;
    _init_arrays();
    _load_arrays();
    {
        %(wire)s
    }
    %(rows)s
    initializeSparse();
    answer = fdopen(atoi(getenv("ANSWER_FD")), "wb");
    int64_t n_steps;
    while (take(&n_steps, sizeof(n_steps))) {
        %(take)s
        %(to_genn)s
        copyStateToDevice(false);
        iT = 0;
        t = 0;
        network.run(n_steps*DT);
        network.getStateFromGPU();
        %(settle)s
        %(from_genn)s
        %(give)s
        fflush(answer);
    }
    return 0;
}
"""


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())
    with np.load(folder / "wiring.npz") as stored:
        wiring = dict(stored)
    device = describe(request, wiring, folder)
    (folder / blackboard.HEADER_FILE).write_text(blackboard.HEADER)
    network = device.net
    inputs = input_variables(network, wiring)
    rewrite(folder / "magicnetwork_model.cpp", lambda text: bounded_rows(text, request["rows"]))
    rewrite(folder / "engine.cpp", lambda text: in_brian_order(text, request["populations"]))
    (folder / "main.cpp").write_text(server(device, request, inputs))
    manifest = {
        "generator": GENERATOR,
        "objects": [],
        "inputs": {key: dataclasses.asdict(variable) for key, variable in inputs.items()},
        "wiring": {
            key: f"_static_array__array_{key[:-2]}_{'sources' if key[-1] == 'i' else 'targets'}"
            for key in sorted(wiring)
        },
        "sources": sorted(device.source_files),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def describe(request: dict, wiring: dict[str, np.ndarray], folder: Path):
    """The device, after brian2genn has written its project for the model."""
    for name, genn_name, code in (("clip", "_clip", CLIP), ("int", "int_", INT)):
        known = DEFAULT_FUNCTIONS[name].implementations
        known.add_implementation(GeNNCodeGenerator, code, name=genn_name)
    b2.prefs.codegen.cpp.headers += [f'"{blackboard.HEADER_FILE}"']
    b2.set_device("genn", build_on_run=False, use_GPU=request["on_gpu"])
    network = resolve(request["builder"])(request["structure"], wiring)
    network.run(b2.defaultclock.dt, namespace={})
    device = get_device()
    device.run_statement_used = False  # it would refuse the wiring, which it writes only now
    device.net_objects = sorted(device.net_objects, key=lambda item: item.name)
    device.build(directory=str(folder), compile=False, run=False, use_GPU=request["on_gpu"])
    return device


def input_variables(network, wiring: dict[str, np.ndarray]) -> dict[str, Variable]:
    """Every array that a block may set, in the order of the request."""
    inputs = {}
    for key, variable in settable(network).items():
        contacts = wiring.get(f"{key.split('.')[0]}.i")
        size = None if contacts is None or variable.scalar else len(contacts)
        inputs[key] = Variable.of(variable, size)
    return inputs | {key: Variable.of(table.values) for key, table in tables(network).items()}


# --- what brian2genn wrote, changed --------------------------------------------------------------


def rewrite(file: Path, change) -> None:
    file.write_text(change(file.read_text()))


def replaced(pattern: str, by, text: str, at_least: int = 1) -> str:
    """`re.sub` that insists on finding what it replaces."""
    text, found = re.subn(pattern, by, text)
    if found < at_least:
        raise RuntimeError(f"brian2genn did not write what was expected: {pattern}")
    return text


def bounded_rows(text: str, rows: dict[str, list[int]]) -> str:
    """Reserve the room that the request asks for, not that of the wiring at hand."""
    for name, (row, column) in rows.items():
        text = replaced(rf"const long maxRow{name}=.*", f"const long maxRow{name}= {row};", text)
        text = replaced(rf"const long maxCol{name}=.*", f"const long maxCol{name}= {column};", text)
    return text


def in_brian_order(text: str, populations: list[str]) -> str:
    """Neurons first, then synapses; monitors that can only count."""
    text = replaced(r"stepTime\(\);", "updateNeurons(t); updateSynapses(t); iT++;", text)
    for name in populations:
        text = replaced(rf"_run_{name}_spikes_codeobject\(\);", f"watch_{name}();", text)
    return text


# --- the server ----------------------------------------------------------------------------------


def server(device, request: dict, inputs: dict[str, Variable]) -> str:
    """Text of main.cpp."""
    populations = request["populations"]
    headers = sorted(device.header_files) + b2.prefs.codegen.cpp.headers
    listed = ["<csignal>", "<cstring>", *headers]
    parts = {
        "headers": [f"#include {h}" if h[0] in '"<' else f'#include "{h}"' for h in listed],
        "watches": [watch(name) for name in populations],
        "wire": device.make_main_lines(),
        "rows": [row_line(model) for model in device.synapse_models],
        "take": [
            *(f"if (!take(&record_{name}, 1)) exit(3);" for name in populations),
            *(take_line(device, key, variable) for key, variable in inputs.items()),
            *(line for name in populations for line in forget_lines(device, name)),
        ],
        "to_genn": list(transfers(device, to_genn=True)),
        "settle": list(settle_lines(device)),
        "from_genn": list(transfers(device, to_genn=False)),
        "give": [
            *(give_line(device, key, inputs[key]) for key in request["state"]),
            *(line for name in populations for line in give_spikes(device, name)),
        ],
    }
    return MAIN % {name: "\n        ".join(lines) for name, lines in parts.items()}


def watch(name: str) -> str:
    return (
        f"static char record_{name} = 1;\n"
        f"static int64_t count_{name} = 0;\n"
        f"static void watch_{name}() {{\n"
        f"    count_{name} += spikeCount_{name};\n"
        f"    if (record_{name}) _run_{name}_spikes_codeobject();\n}}"
    )


def row_line(model) -> str:
    """Tell GeNN who is connected to whom."""
    name = model.name
    ends = ", ".join(f"_dynamic_array_{name}__synaptic_{end}" for end in ("pre", "post"))
    return (
        f"initialize_sparse_synapses({ends}, rowLength{name}, ind{name}, maxRowLength{name}, "
        f"{model.srcN}, {model.trgN}, sparseSynapseIndices{name});"
    )


def transfers(device, to_genn: bool):
    """Lines that copy every variable between Brian's arrays and GeNN's."""
    for group in (*device.neuron_models, *device.synapse_models):
        shared = ((name, 1, f"&{name}{group.name}") for name in group.shared_variables)
        own = ((name, group.N, f"{name}{group.name}") for name in group.variables)
        listed = shared if group in device.synapse_models else (*shared, *own)
        for name, n, there in listed:
            here = f"_array_{group.name}_{name}"
            ends = (here, n, there) if to_genn else (there, n, here)
            yield "std::copy_n({}, {}, {});".format(*ends)
    for group in device.synapse_models:
        for name in group.variables:
            here = f"_dynamic_array_{group.name}_{name}[k]"
            there = f"{name}{group.name}[sparseSynapseIndices{group.name}[k]]"
            ends = (there, here) if to_genn else (here, there)
            size = f"sparseSynapseIndices{group.name}.size()"
            yield f"for (size_t k = 0; k < {size}; k++) {ends[0]} = {ends[1]};"


def settle_lines(device):
    """Input that GeNN keeps apart until the next update of its target is added to it now."""
    for group in device.synapse_models:
        found = re.search(r"\$\((\w+)\) \+= \$\(inSyn\)", group.postSyntoCurrent)
        if found:
            target, waiting = f"{found[1]}{group.trgname}[k]", f"inSyn{group.name}[k]"
            step = f"{target} += {waiting}; {waiting} = 0;"
            yield f"for (int k = 0; k < {group.trgN}; k++) {{ {step} }}"


def take_line(device, key: str, variable: Variable) -> str:
    size = variable.size * np.dtype(variable.dtype).itemsize
    take = "take_table" if is_table(key) else "take"
    return f"if (!{take}({array_pointer(device, key)}, {size})) exit(3);"


def give_line(device, key: str, variable: Variable) -> str:
    size = variable.size * np.dtype(variable.dtype).itemsize
    return f"give({array_pointer(device, key)}, {size});"


def array_pointer(device, key: str) -> str:
    """C++ expression of the data of a variable or table."""
    group, variable = key.split(".")
    if is_table(key):
        return f"{group}_values"
    brian = device.net[group].variables[variable]
    if brian in device.dynamic_arrays:
        return f"{device.get_array_name(brian, access_data=False)}.data()"
    return device.get_array_name(brian)


def forget_lines(device, name: str) -> list[str]:
    return [f"count_{name} = 0;", *(f"{recorded(device, name, part)}.clear();" for part in "it")]


def recorded(device, population: str, part: str) -> str:
    variable = device.net[f"{population}_spikes"].variables[part]
    return device.get_array_name(variable, access_data=False)


def give_spikes(device, name: str) -> list[str]:
    i, t = (recorded(device, name, part) for part in "it")
    return [
        f"give(&count_{name}, sizeof(int64_t));",
        f"{{ const int64_t n = {i}.size(); give(&n, sizeof(n)); }}",
        f"give({i}.data(), {i}.size()*sizeof({i}[0]));",
        f"give({t}.data(), {t}.size()*sizeof({t}[0]));",
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
