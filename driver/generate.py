"""``python -m driver.generate FOLDER``: write a model's C++ project, to be run block by block.

FOLDER holds ``request.json`` and ``wiring.npz`` (see `driver.program.generate`). The program reads
its number of steps from ``$BLOCK_STEPS``; ``manifest.json`` says which file holds which array.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import brian2 as b2
import numpy as np

from driver.backend import Variable, resolve, settable, tables


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text())
    with np.load(folder / "wiring.npz") as stored:
        wiring = dict(stored)
    b2.set_device("cpp_standalone", build_on_run=False)
    network = resolve(request["builder"])(request["structure"], wiring)
    network.run(b2.defaultclock.dt, namespace={})
    take_steps_from_environment(network, b2.defaultclock.dt_)
    b2.get_device().build(directory=str(folder), compile=False, run=False)
    (folder / "manifest.json").write_text(json.dumps(manifest(network, request, wiring)))


def take_steps_from_environment(network, dt: float) -> None:
    """Replace the compiled-in duration of the one `run` by a number read at run time."""
    device = b2.get_device()
    device.insert_code(
        "before_start", 'const double _block_steps = std::atof(std::getenv("BLOCK_STEPS"));'
    )
    fixed = f"{network.name}.run({dt!r},"
    ours = f"{network.name}.run(_block_steps*{dt!r},"
    changed = 0
    for kind, payload in device.main_queue:
        if kind == "run_network":
            lines = payload[1]
            changed += sum(fixed in line for line in lines)
            lines[:] = [line.replace(fixed, ours) for line in lines]
    if changed != 1:
        raise RuntimeError(f"expected one {fixed!r} in the generated program, found {changed}")


def manifest(network, request: dict, wiring: dict[str, np.ndarray]) -> dict:
    """Names, types, sizes and files of the arrays that go in and come out."""
    device = b2.get_device()
    variables = {}
    for key, variable in settable(network).items():
        contacts = wiring.get(f"{key.split('.')[0]}.i")  # synapses have no size yet
        size = None if contacts is None or variable.scalar else len(contacts)
        variables[key] = Variable.of(variable, size)
    variables |= {key: Variable.of(table.values) for key, table in tables(network).items()}
    return {
        "variables": {key: dataclasses.asdict(v) for key, v in variables.items()},
        "state": {
            key: f"{device.get_array_filename(settable(network)[key])}" for key in request["state"]
        },
        "spikes": {
            name: {
                part: device.get_array_filename(network[f"{name}_spikes"].variables[part])
                for part in ("i", "t")
            }
            for name in request["populations"]
        },
        "wiring": {
            f"{name}.{end}": f"_static_array__array_{name}_{word}"
            for name in {key.split(".")[0] for key in wiring}
            for end, word in (("i", "sources"), ("j", "targets"))
        },
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
