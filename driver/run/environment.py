"""Where, with what and by which flags a run was made."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from driver import VERSION
from driver.engine.compiler import compiler
from driver.engine.cuda import found as cuda_found
from driver.engine.genn import found as genn_found
from driver.engine.model import CUDA, GENN


def environment(
    backend: str, integrator: str, argv: Sequence[str], precision: str = "double"
) -> dict[str, Any]:
    """Where, with what and by which flags a run was made; no host name."""
    packages = ("brian2", "numpy", "matplotlib", "pydantic", "tyro")
    return {
        "program_version": VERSION,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
        "platform": platform.platform(),
        "machine": platform.machine(),
        "backend": backend,
        "precision": precision,
        "compiler": compiler_version(),
        **({"genn": genn_found.versions(backend)} if backend in GENN else {}),
        **({"cuda": cuda_found.versions()} if backend == CUDA else {}),
        "integrator": integrator,
        "arguments": list(argv),
        "start_time_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def git_commit() -> str | None:
    """Commit of this checkout, with ``+`` if files differ from it; None outside a checkout."""
    here = Path(__file__).parent
    try:
        describe = ["git", "-C", str(here), "describe", "--always", "--exclude=*"]
        describe += ["--abbrev=40", "--dirty=+"]
        return subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def compiler_version() -> str | None:
    """First line of what the C++ compiler says of itself; None where there is none."""
    command = compiler()
    if command is None:
        return None
    done = subprocess.run([*shlex.split(command), "--version"], capture_output=True, text=True)
    return (done.stdout.splitlines() or [""])[0]
