"""Whole files only: what is written stands beside its place and is renamed onto it.

A reader sees the old file or the new one, never half.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

PART = ".part"  # ending of a file that is being written


def replace_file(target: Path, write: Callable[[BinaryIO], Any]) -> Path:
    """Write beside `target` and rename onto it: a reader sees the old file or the new one."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        if error.errno and not error.filename:
            error.filename = str(target)  # which disk is full
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return target


def link(source: Path, target: Path) -> Path:
    """Make `target` one more name of the file `source`; a copy where the disk has no hard links."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    try:
        os.link(source, temporary)
        os.replace(temporary, target)
    except OSError:
        return replace_file(target, lambda file: file.write(source.read_bytes()))
    finally:
        temporary.unlink(missing_ok=True)  # still there if both were one file already
    return target


def remove_parts(folder: Path) -> None:
    """Delete what a killed process was writing; nobody else may be working in the folder."""
    for part in folder.rglob(f".*{PART}"):
        part.unlink(missing_ok=True)


def plain(value: Any) -> Any:
    """Nested containers of numbers as JSON can say them."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
