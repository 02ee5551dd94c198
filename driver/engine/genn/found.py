"""What of GeNN is there, and in which versions.

Three settings say where things are: ``$GENN_PATH``, GeNN 4.9.0; ``$GENN_PYTHON``, the interpreter
of `requirements-genn.txt` (``.venv-genn``, which ``make genn`` makes, if not given); and
``$CUDA_PATH`` for ``--backend genn_gpu``.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
GENN_VERSIONS = "4.2.1 or later, before 5 (4.9.0 is tested)"
PACKAGES = ("brian2genn", "brian2", "numpy")  # whose versions decide what is generated
TELL = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


def where_genn_is() -> Path:
    """Folder of GeNN.

    Raises
    ------
    ValueError
        If ``$GENN_PATH`` is not set, or names a folder without a GeNN that brian2genn can use.
    """
    named = os.environ.get("GENN_PATH")
    if not named:
        raise ValueError(
            "--backend genn needs GeNN 4.9.0 and its own environment: set GENN_PATH to a copy of "
            "GeNN's source and run `make genn` (see docs/genn.md)"
        )
    folder = Path(named).absolute()
    version = genn_version(folder)
    if version is None or not (folder / "bin" / "genn-buildmodel.sh").exists():
        missing = "version.txt" if version is None else "bin/genn-buildmodel.sh"
        raise ValueError(f"GENN_PATH={named}: no {missing} of GeNN there")
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if not (4, 2, 1) <= numbers < (5,):
        raise ValueError(f"GENN_PATH={named} is GeNN {version}; {GENN_VERSIONS} is needed")
    return folder


def genn_version(folder: Path) -> str | None:
    try:
        return (folder / "version.txt").read_text().strip()
    except OSError:
        return None


def interpreter() -> Path:
    """Python of the environment that brian2genn lives in.

    Raises
    ------
    ValueError
        If there is none, or brian2genn is not in it.
    """
    named = os.environ.get("GENN_PYTHON")
    # absolute, not resolved: a link is how Python knows the environment that it belongs to
    python = Path(named).absolute() if named else ROOT / ".venv-genn" / "bin" / "python"
    said = f"GENN_PYTHON={named}" if named else str(python.relative_to(ROOT))
    if not python.exists():
        raise ValueError(f"--backend genn: no Python at {said}; `make genn` makes one")
    if not packages(python):
        raise ValueError(f"--backend genn: no brian2genn in {said}; `make genn` makes one with it")
    return python


@functools.cache
def packages(python: Path, names: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Versions of packages in the environment of an interpreter; empty if one is missing."""
    try:
        done = subprocess.run([python, "-c", TELL, *names], capture_output=True, text=True)
    except OSError:
        return {}
    return json.loads(done.stdout) if done.returncode == 0 else {}


def where_cuda_is() -> Path:
    """Folder of a CUDA toolkit that GeNN 4 compiles with.

    Raises
    ------
    ValueError
        If ``$CUDA_PATH`` is not set, has no nvcc that works, or is too new.
    """
    named = os.environ.get("CUDA_PATH")
    if not named or not (Path(named) / "bin" / "nvcc").exists():
        raise ValueError(
            f"--backend genn_gpu needs CUDA_PATH, the folder of a CUDA toolkit; it is {named!r}"
        )
    folder = Path(named).absolute()
    release = cuda_release(folder)
    if release is None:
        raise ValueError(f"CUDA_PATH={named}: its nvcc does not tell its release")
    if int(release.split(".")[0]) > 12:
        raise ValueError(
            f"CUDA_PATH={named} is CUDA {release}, which GeNN 4.9.0 does not compile with: "
            "CUDA 12 or older is needed"
        )
    return folder


@functools.cache
def cuda_release(folder: Path) -> str | None:
    done = tell(f"{folder}/bin/nvcc", "--version")
    found = re.search(r"release (\d+\.?\d*)", done or "")
    return found and found[1]


@functools.cache
def card() -> str | None:
    """Compute capability of the GPU, which its programs are compiled for; None if none is seen."""
    done = tell("nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader")
    return done and done.splitlines()[0].strip()


def tell(*command: str) -> str | None:
    """What a command says, None if it fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def check(backend: str) -> None:
    """Refuse what could not be built, before anything is written.

    Raises
    ------
    ValueError
        If a piece of the environment is missing.
    """
    where_genn_is()
    interpreter()
    if backend == "genn_gpu":
        where_cuda_is()


def versions(backend: str) -> dict[str, str | None]:
    """What makes the programs of a backend, for the record and for the cache of programs.

    Raises
    ------
    ValueError
        As `check`.
    """
    check(backend)
    found = {"genn": genn_version(where_genn_is()), **packages(interpreter())}
    if backend == "genn_gpu":
        found |= {"cuda": cuda_release(where_cuda_is()), "compute_capability": card()}
    return found
