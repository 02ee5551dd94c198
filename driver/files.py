"""Whole files only: what is written stands beside its place and is renamed onto it.

A reader sees the old file or the new one, never half.
"""

from __future__ import annotations

import errno
import math
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

PART = ".part"  # ending of a file that is being written
FULL = (errno.ENOSPC, errno.EDQUOT)
LITTLE = 1_000_000  # bytes: a disk that has no more is full


def replace_file(
    target: Path, write: Callable[[BinaryIO], Any], n_bytes: int | None = None
) -> Path:
    """Write beside `target` and rename onto it: a reader sees the old file or the new one.

    A link at `target` is replaced, and not written through. `n_bytes` are needed, roughly, which is
    said where the disk is full.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    try:
        temporary.unlink(missing_ok=True)
        with open(temporary, "xb") as file:  # a new one: a link may have been put there
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise on_disk(error, target, n_bytes) from None
    finally:
        temporary.unlink(missing_ok=True)
    return target


def on_disk(error: OSError, target: Path, n_bytes: int | None = None) -> OSError:
    """What stopped the writing of `target`; of a full disk, which one, what is free, what to do."""
    folder = next((p for p in target.absolute().parents if p.exists()), Path("/"))
    free = shutil.disk_usage(folder).free
    # NumPy says "102400 requested and 0 written" and has no number for it
    is_full = error.errno in FULL or (error.errno is None and free < (n_bytes or 0) + LITTLE)
    if is_full:
        disk = next(p for p in (folder, *folder.parents) if p == p.parent or p.is_mount())
        needed = "" if n_bytes is None else f", about {n_bytes / 1e6:.1f} MB needed"
        quota = ", or your quota is used up" if error.errno == errno.EDQUOT else ""
        words = f"No space left on the disk of {disk} ({free / 1e6:.1f} MB free{needed}{quota})"
        words += ": make room there, or write to another disk"
        return OSError(error.errno or errno.ENOSPC, words, str(target))
    if error.errno and not error.filename:
        error.filename = str(target)
    return error


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading that is no link, pipe or device: those of a foreign folder may hang,
    or lead elsewhere. Raises `OSError`."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(error.errno, "a link, which is not followed", str(path)) from None
        raise
    file = open(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return file


def is_plain(path: Path) -> bool:
    """Whether `open_plain` would take it."""
    return path.is_file() and not path.is_symlink()


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
