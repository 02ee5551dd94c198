"""Blocks as calls of one compiled program (Brian's C++ standalone mode)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from driver.backend import Block, Model, Spikes, Variable, checked
from driver.program import find_or_build


class BlockError(RuntimeError):
    """The compiled program failed or complained."""


class StandaloneEngine:
    """The model's program and a working folder with this run's wiring.

    Parameters
    ----------
    model : Model
    say : callable
        Told in a line when a compilation starts and ends.
    """

    backend = "cpp_standalone"

    def __init__(self, model: Model, say=lambda text: None):
        self.model = model
        self.program = find_or_build(model, say)
        self.manifest = json.loads((self.program / "manifest.json").read_text())
        self.variables = {k: Variable(**v) for k, v in self.manifest["variables"].items()}
        self.folder = Path(tempfile.mkdtemp(prefix="ll_block_"))
        for name in ("in", "out"):
            (self.folder / name).mkdir()
        shutil.copytree(self.program / "static_arrays", self.folder / "static_arrays")
        for key, name in self.manifest["wiring"].items():
            write(self.folder / "static_arrays" / name, model.wiring[key], np.int32)

    def run(
        self, values: Mapping[str, np.ndarray | float], *, first_step: int, n_steps: int
    ) -> Block:
        """Run a block, see `driver.backend.Engine`."""
        arrays = checked(values, self.variables, self.model)
        arguments = [self._argument(key, array) for key, array in arrays.items()]
        arguments += [
            f"{key}={first_step}" for key in self.variables if key.endswith(".first_step")
        ]
        self._call(arguments, n_steps)
        state = {key: self._read(self.manifest["state"][key], key) for key in self.model.state}
        spikes = {name: self._spikes(name, first_step) for name in self.model.populations}
        return Block(state, spikes)

    def _argument(self, key: str, array: np.ndarray) -> str:
        if array.size == 1:
            return f"{key}={array[0].item()!r}"
        write(self.folder / "in" / key, array, array.dtype)
        return f"{key}=in/{key}"

    def _call(self, arguments: list[str], n_steps: int) -> None:
        process = subprocess.Popen(
            [self.program / "main", "--results_dir", "out/", *arguments],
            cwd=self.folder,
            env={**os.environ, "BLOCK_STEPS": str(n_steps), "LD_BIND_NOW": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl+C is ours to handle
        )
        try:
            output, _ = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
        # The program reports a file that it could not read and goes on with a default.
        if process.returncode or output.strip():
            raise BlockError(f"block failed (status {process.returncode}): {output.strip()[-800:]}")

    def _read(self, name: str, key: str) -> np.ndarray:
        array = np.fromfile(self.folder / "out" / name, dtype=self.variables[key].dtype)
        if array.size != self.variables[key].size:
            raise BlockError(f"the program wrote {array.size} values of {key}")
        return array

    def _spikes(self, population: str, first_step: int) -> Spikes:
        files = self.manifest["spikes"][population]
        index = np.fromfile(self.folder / "out" / files["i"], dtype=np.int32)
        seconds = np.fromfile(self.folder / "out" / files["t"], dtype=np.float64)
        step = np.rint(seconds / self.model.structure["dt_s"]).astype(np.int64)
        return Spikes(index, step + first_step)

    def close(self) -> None:
        """Delete the working folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def write(path: Path, array: np.ndarray, dtype) -> None:
    np.ascontiguousarray(array, dtype=dtype).tofile(path)
