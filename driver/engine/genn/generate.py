"""``python -m driver.engine.genn.generate FOLDER``: write a GeNN project that serves blocks.

Runs under an interpreter of its own, that of `requirements-genn.txt`. brian2genn writes the GeNN
model and a program that runs it once; the program is replaced by one that serves blocks
(`driver.engine.genn.server`), and three things are put right:

* **The order inside a step.** GeNN delivers the spikes of the last step before it updates the
  neurons, so spikes would be in flight between two blocks. The two halves of its step are called
  the other way round: neurons, then synapses. Nothing waits at the end of a step but the input
  that GeNN keeps apart until the next update, which is added to its target.
* **The room for synapses.** GeNN reserves it for the longest row of the wiring at hand, and
  another seed's would overflow it. The bounds come with the request (`driver.engine.genn.engine`).
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

from driver.engine.compile.program import GENERATOR
from driver.engine.compile.serve import input_variables, leave_clocks_alone, wiring_files
from driver.engine.genn import blackboard
from driver.engine.genn.server import server
from driver.engine.genn.step import SWITCHES
from driver.engine.model import resolve

CLIP = """
SUPPORT_CODE_FUNC double _clip(const double value, const double low, const double high)
{
    return value < low ? low : (value > high ? high : value);
}
"""
INT = "template <typename T> SUPPORT_CODE_FUNC int int_(const T value) { return (int)value; }"


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())
    with np.load(folder / "wiring.npz") as stored:
        wiring = dict(stored)
    device = describe(request, wiring, folder)
    (folder / blackboard.HEADER_FILE).write_text(blackboard.HEADER)
    network = device.net
    inputs = input_variables(network, wiring)
    for key in [key for key in inputs if key.split(".")[1] in SWITCHES]:
        del inputs[key]  # stages of the step set them
    rewrite(folder / "magicnetwork_model.cpp", lambda text: bounded_rows(text, request["rows"]))
    text, counted = server(device, request, inputs)
    (folder / "main.cpp").write_text(text)
    manifest = {
        "generator": GENERATOR,
        "objects": counted,
        "fixed": [],
        "flags": [],
        "shared": [],
        "inputs": {key: dataclasses.asdict(variable) for key, variable in inputs.items()},
        "wiring": wiring_files(wiring),
        "sources": sorted(device.source_files),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def describe(request: dict, wiring: dict[str, np.ndarray], folder: Path):
    """The device, after brian2genn has written its project for the model."""
    from brian2genn.genn_generator import GeNNCodeGenerator  # and the device is known

    for name, genn_name, code in (("clip", "_clip", CLIP), ("int", "int_", INT)):
        known = DEFAULT_FUNCTIONS[name].implementations
        known.add_implementation(GeNNCodeGenerator, code, name=genn_name)
    b2.prefs.codegen.cpp.headers += [f'"{blackboard.HEADER_FILE}"']
    b2.set_device("genn", build_on_run=False, use_GPU=request["on_gpu"])
    network = resolve(request["builder"])(request["structure"], wiring)
    network.run(b2.defaultclock.dt, namespace={})
    device = get_device()
    device.run_statement_used = False  # it would refuse the wiring, which it writes only now
    leave_clocks_alone()
    device.net_objects = sorted(device.net_objects, key=lambda item: item.name)
    device.build(directory=str(folder), compile=False, run=False, use_GPU=request["on_gpu"])
    return device


# --- what brian2genn wrote, changed --------------------------------------------------------------


def rewrite(file: Path, change) -> None:
    file.write_text(change(file.read_text()))


def replaced(pattern: str, by: str, text: str) -> str:
    """`re.sub` that insists on finding what it replaces."""
    text, found = re.subn(pattern, by, text)
    if not found:
        raise RuntimeError(f"brian2genn did not write what was expected: {pattern}")
    return text


def bounded_rows(text: str, rows: dict[str, list[int]]) -> str:
    """Reserve the room that the request asks for, not that of the wiring at hand."""
    for name, (row, column) in rows.items():
        text = replaced(rf"const long maxRow{name}=.*", f"const long maxRow{name}= {row};", text)
        text = replaced(rf"const long maxCol{name}=.*", f"const long maxCol{name}= {column};", text)
    return text


if __name__ == "__main__":
    main(Path(sys.argv[1]))
