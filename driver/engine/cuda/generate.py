"""``python -m driver.engine.cuda.generate FOLDER``: write a CUDA project that serves blocks.

Runs under an interpreter of its own, that of `requirements-cuda.txt`. brian2cuda writes a program
that runs once, as Brian's C++ standalone mode does; here its one run becomes a loop over blocks
that speaks the protocol of `driver.engine.compile.serve`, with a copy to the GPU before and one
from it after a block. What else is changed:

* **Sums of code that runs regularly.** ``S_post += w`` in the `run_regularly` of synapses is a race
  as brian2cuda writes it; here it is atomic, as it is at a spike. What cannot be is refused.
* **Random numbers.** Those of a network are functions of its state, see `driver.engine.randomness`;
  one that draws from Brian's generators is refused.
* **Counting.** A monitor whose spikes are not asked for only counts, on the GPU.
* **Threads.** A spike gets as many as the largest of its pathway needs, not all 1024 of a block.
* **The start.** Synapses are looked through for two of the same cells by sorting, not by a tree of
  them all, and the lists of a pathway are copied at once, not one for each source.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import get_identifiers
from brian2cuda.codeobject import CUDAStandaloneAtomicsCodeObject, CUDAStandaloneCodeObject
from brian2cuda.cuda_generator import CUDAAtomicsCodeGenerator, ParallelisationError
from brian2cuda.device import CUDAStandaloneDevice

from driver.engine.compile.generate import require_no_delays, the_run_lines
from driver.engine.compile.program import GENERATOR
from driver.engine.compile.serve import (
    HELPERS,
    OPEN,
    WAIT,
    array_pointer,
    bytes_of,
    clock_arrays,
    give_lines,
    input_variables,
    leave_clocks_alone,
    take_lines,
    wiring_files,
)
from driver.engine.cuda.rewrite import edit, switchable, watch
from driver.engine.model import Variable, is_table, resolve

QUIET = 'if (!freopen("said.txt", "w", stdout)) exit(3);'  # what brian2cuda prints is no complaint


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())
    with np.load(folder / "wiring.npz") as stored:
        wiring = dict(stored)
    device = activate(request["compute_capability"])
    network = resolve(request["builder"])(request["structure"], wiring)
    network.run(b2.defaultclock.dt, namespace={})
    inputs = input_variables(network, wiring)
    serve_blocks(network, request, inputs)
    device.insert_code("before_start", QUIET)
    device.build(directory=str(folder), compile=False, run=False)
    refuse_drawing(device)
    require_no_delays((folder / "main.cu").read_text())
    edit(folder, HELPERS + "".join(watched(network, name) for name in request["populations"]))
    manifest = {
        "generator": GENERATOR,
        "inputs": {key: dataclasses.asdict(variable) for key, variable in inputs.items()},
        "fixed": [],
        "flags": [],
        "wiring": wiring_files(wiring),
        "objects": [],
        "shared": [],
        "one_each": sorted(ONE_EACH),
        "sources": sorted(device.writer.source_files),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def activate(compute_capability: float) -> CUDAStandaloneDevice:
    """brian2cuda's device, told what it would otherwise ask a GPU for."""
    preferences = b2.prefs.devices.cuda_standalone.cuda_backend
    preferences.detect_gpus = False
    preferences.gpu_id = 0
    preferences.compute_capability = compute_capability
    preferences.cuda_runtime_version = 13.0  # any from 8 on: which has atomic sums of doubles
    for kind in (CUDAStandaloneCodeObject, CUDAStandaloneAtomicsCodeObject):
        kind.generator_class = Generator  # for all code, not only for that at spikes
    b2.set_device("cuda_standalone", build_on_run=False)
    return b2.get_device()


# --- synapses that write to cells ------------------------------------------------------------

ENDS = {"_presynaptic_idx": "i", "_postsynaptic_idx": "j"}
ONE_EACH: set[str] = set()
"""Ends of synapses, ``"<synapses>.j"``, of which a cell may have one only: they set a variable of
it, so that of several the last would win, and on a GPU any may be that."""


class Generator(CUDAAtomicsCodeGenerator):
    """brian2cuda's, which refuses what would be a race."""

    def translate_one_statement_sequence(self, statements, scalar=False):
        for statement in statements:
            if scalar and statement.op != ":=" and reads_itself(statement):
                raise NotImplementedError(
                    f"{self.name}: all cells at once would change the one {statement.var}"
                )
        return super().translate_one_statement_sequence(statements, scalar)

    def parallelise_code(self, statements):
        """With atomic sums; code at spikes that cannot have them runs for one spike at a time."""
        for statement in statements:
            end = ENDS.get(self.variable_indices.get(statement.var))
            sets = statement.op == "=" and not statement.inplace
            if end and sets and not is_number(statement.expr):
                ONE_EACH.add(f"{self.owner.name}.{end}")
        try:
            return super().parallelise_code(statements)
        except ParallelisationError:
            if self.template_name == "synapses":
                raise
            raise NotImplementedError(f"{self.name} cannot be a sum of many at once") from None


def reads_itself(statement) -> bool:
    return statement.inplace or statement.var in get_identifiers(statement.expr)


def is_number(expression: str) -> bool:
    try:
        return bool(np.isfinite(float(expression)))
    except ValueError:
        return False


def refuse_drawing(device: CUDAStandaloneDevice) -> None:
    """Numbers of a generator would depend on how a run is cut into blocks."""
    by_place = device.codeobjects_with_rng
    runs = by_place["host_api"]["per_run"]
    drawing = [code for run in runs for codes in run.values() for code in codes]
    if drawing := drawing + by_place["device_api"]["every_tick"]:
        raise NotImplementedError(f"{drawing[0].name} draws random numbers from Brian's generator")


# --- the loop over blocks ----------------------------------------------------------------------


def serve_blocks(network, request: dict, inputs: dict[str, Variable]) -> None:
    """Turn the one `run` of the generated ``main`` into a loop over blocks."""
    leave_clocks_alone()
    lines = the_run_lines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"{network.name}.run("))
    run = f"{network.name}.run({b2.defaultclock.dt_!r},"
    if not lines[start].startswith(run):
        raise RuntimeError(f"expected {run!r} in the generated program, found {lines[start]!r}")
    names = request["populations"]
    state = {key: inputs[key] for key in request["state"]}
    lines[:] = [
        *(switchable(line, names) for line in lines[:start] if is_of_a_block(line)),
        *(f"prepare_{name}();" for name in names),
        *OPEN,
        WAIT,
        *take_lines(network, inputs, list(state), names),
        *(copy_line(network, key, variable, "HostToDevice") for key, variable in inputs.items()),
        *(f"start_{name}();" for name in names),
        *(f"dev{recorded(network, name, part)}.clear();" for name in names for part in "it"),
        f"{network.name}.t = 0;",
        *(f"{name}[0] = 0;" for name in clock_arrays()),
        lines[start].replace(run, f"{network.name}.run(n_steps*{b2.defaultclock.dt_!r},"),
        *(copy_line(network, key, variable, "DeviceToHost") for key, variable in state.items()),
        *(f"stop_{name}();" for name in names),
        *(copied(recorded(network, name, part)) for name in names for part in "it"),
        *(keep_line(network, name) for name in names),
        *give_lines(network, state, names),
        "fflush(answer);",
        "}",
        "return 0;",
        *lines[start + 1 :],
    ]


def is_of_a_block(line: str) -> bool:
    return "set_from_command_line" not in line and "_run_random_number_buffer" not in line


def recorded(network, population: str, part: str) -> str:
    """C++ vector in which a monitor keeps ``i`` or ``t`` of the spikes."""
    variable = network[f"{population}_spikes"].variables[part]
    return b2.get_device().get_array_name(variable, access_data=False)


def keep_line(network, name: str) -> str:
    """Count the spikes of each step, as the protocol wants it."""
    i, t = (recorded(network, name, part) for part in "it")
    return f"keep_{name}({i}, {t}, n_steps, {b2.defaultclock.dt_!r});"


def copied(vector: str) -> str:
    return f"{vector} = dev{vector};"


def copy_line(network, key: str, variable: Variable, direction: str) -> str:
    """Copy a variable or table, all of it."""
    ends = on_gpu(network, key), array_pointer(network, key)
    to, source = ends if direction == "HostToDevice" else ends[::-1]
    call = f"cudaMemcpy({to}, {source}, {bytes_of(variable)}, cudaMemcpy{direction})"
    return f"CUDA_SAFE_CALL({call});"


def on_gpu(network, key: str) -> str:
    """C++ expression of the data of a variable or table on the GPU."""
    device = b2.get_device()
    group, variable = key.split(".")
    if is_table(key):
        return f"dev{group}_values"
    brian = network[group].variables[variable]
    if brian in device.dynamic_arrays:
        vector = device.get_array_name(brian, access_data=False, prefix="dev")
        return f"thrust::raw_pointer_cast({vector}.data())"
    return device.get_array_name(brian, prefix="dev")


def watched(network, name: str) -> str:
    """The monitor of a population."""
    space = b2.get_device().get_array_name(network[name].variables["_spikespace"])
    return watch(name, space, network[name].N)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
