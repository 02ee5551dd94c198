"""What of CUDA and brian2cuda is there, and in which versions.

Two settings say where things are: ``$CUDA_PATH``, a CUDA toolkit (that of the ``nvcc`` on the path,
if not given), and ``$BRIAN2CUDA_PYTHON``, the interpreter of `requirements-cuda.txt`
(``.venv-cuda``, which ``make cuda-env`` makes, if not given; or this one, if that is not there).
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from driver.engine.genn.found import card, cuda_release, packages, tell

ROOT = Path(__file__).parents[3]
PACKAGES = ("brian2cuda", "brian2", "numpy")  # whose versions decide what is generated
OLDEST_CUDA = 12  # its thrust is C++17, as we compile


class Curand(NamedTuple):
    """Header and library of curand; brian2cuda's programs ask for it though ours draw nothing."""

    include: Path
    library: Path


def interpreter() -> Path:
    """Python of the environment that brian2cuda lives in.

    Raises
    ------
    ValueError
        If there is none, or brian2cuda is not in it.
    """
    named, made = os.environ.get("BRIAN2CUDA_PYTHON"), ROOT / ".venv-cuda" / "bin" / "python"
    # absolute, not resolved: a link is how Python knows the environment that it belongs to
    python = Path(named).absolute() if named else made if made.exists() else Path(sys.executable)
    if not python.exists():
        raise ValueError(
            f"--backend cuda: no Python at BRIAN2CUDA_PYTHON={named}; `make cuda-env` makes one"
        )
    if not packages(python, PACKAGES):
        said = f"BRIAN2CUDA_PYTHON={named}" if named else python
        raise ValueError(
            f"--backend cuda: no brian2cuda in {said}; `make cuda-env` makes an environment with "
            "it, for Python 3.12 or newer (see docs/cuda.md)"
        )
    return python


def where_cuda_is() -> Path:
    """Folder of a CUDA toolkit.

    Raises
    ------
    ValueError
        If there is none, its nvcc does not work, or it is too old.
    """
    named, nvcc = os.environ.get("CUDA_PATH"), shutil.which("nvcc")
    if not named and not nvcc:
        raise ValueError(
            "--backend cuda needs a CUDA toolkit: set CUDA_PATH to its folder, the one with "
            "bin/nvcc (see docs/cuda.md)"
        )
    folder = Path(named).absolute() if named else Path(nvcc).resolve().parents[1]
    said = f"CUDA_PATH={named}" if named else str(folder)
    if not (folder / "bin" / "nvcc").exists():
        raise ValueError(f"--backend cuda: no bin/nvcc in {said}")
    release = cuda_release(folder)
    if release is None:
        raise ValueError(f"--backend cuda: the nvcc of {said} does not tell its release")
    if int(release.split(".")[0]) < OLDEST_CUDA:
        raise ValueError(
            f"--backend cuda: {said} is CUDA {release}; {OLDEST_CUDA} or newer is needed (13.0 is "
            "what was compiled with)"
        )
    return folder


def curand() -> Curand:
    """curand of the toolkit, or of the package nvidia-curand.

    Raises
    ------
    ValueError
        If there is none.
    """
    toolkit = where_cuda_is()
    major = cuda_release(toolkit).split(".")[0]
    wheels = tell(str(interpreter()), "-c", "import nvidia; print(*nvidia.__path__, sep='\\n')")
    parts = (f"cu{major}", "curand")
    places = [Path(wheel) / part for wheel in (wheels or "").splitlines() for part in parts]
    for place in (toolkit, *places):
        libraries = [*place.glob("lib64/libcurand.so*"), *place.glob("lib/libcurand.so*")]
        if (place / "include" / "curand_kernel.h").exists() and libraries:
            return Curand(place / "include", min(libraries))
    raise ValueError(
        f"--backend cuda: no curand in {toolkit}, nor the package nvidia-curand beside "
        f"{interpreter()}; `make cuda-env` installs it"
    )


def check() -> None:
    """Refuse what could not be run, before anything is written.

    Raises
    ------
    ValueError
        If a piece of the environment is missing, or there is no GPU.
    """
    curand()
    if card() is None:
        raise ValueError("--backend cuda: nvidia-smi shows no NVIDIA GPU on this machine")


def versions() -> dict[str, str | None]:
    """What makes the programs, for the record and for the cache of programs."""
    found = packages(interpreter(), PACKAGES) | {"cuda": cuda_release(where_cuda_is())}
    return found | {"compute_capability": card()}
