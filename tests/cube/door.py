"""The cube's command line in tests: networks as small as will show something.

With a compiler each kind is compiled once and a run takes a second; without, many times that.
"""

from __future__ import annotations

import contextlib
import functools
import io
import tempfile
from pathlib import Path

import numpy as np

import cube_brian2
from driver.engine.compiler import compiler
from tests.program import load_json, load_npz

BACKEND = ("--backend", "cpp_standalone" if compiler() else "numpy")
KINDS = {
    "cube": ("--mode", "relay-b", "--n", "8", "--L", "8", "--ratio", "4", "--steps", "120"),
    "waves": (
        *("--mode", "02_02", "--fidelity", "reference"),
        *("--n", "8", "--L", "6", "--steps", "120"),
    ),
    "local": ("--mode", "local-cancel", "--n", "8", "--steps", "240", "--eta-out", "0.2",
              "--off-from", "101", "--off-to", "140"),
    "predict": ("--mode", "local-recall", "--n", "7", "--r", "2", "--steps", "300"),
    "groups": ("--mode", "groups", "--n", "8", "--L", "8", "--ratio", "4", "--steps", "120"),
}  # fmt: skip


def call(*flags) -> tuple[int, str]:
    """Status and what was said by ``main(flags)`` in this process."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = cube_brian2.main([str(flag) for flag in flags])
        except SystemExit as end:
            status = end.code
    return status, said.getvalue()


def run(root: Path, *flags, name: str = "run", figures: bool = False) -> Path:
    """Run without figures; the folder of the run."""
    places = ("--output-root", root, "--run-name", name)
    status, said = call(*places, *BACKEND, *flags, *(() if figures else ("--no-figures",)))
    assert status == 0, said
    return root / name


@functools.cache
def home() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="cube_runs_")


@functools.cache
def shared(kind: str) -> Path:
    """A run that several tests look at, made once; to be read only."""
    return run(Path(tempfile.mkdtemp(dir=home().name)), *KINDS[kind])


def results(folder: Path, seed: int = 0) -> dict:
    return load_json(folder / f"artifacts/seed_{seed}_results.json")


def recording(folder: Path, label: str = "trained", seed: int = 0) -> dict[str, np.ndarray]:
    return load_npz(folder / f"artifacts/seed_{seed}_{label}.npz")
