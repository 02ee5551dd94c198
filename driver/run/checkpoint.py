"""Checkpoint files: arrays and their checksum; the file before is kept as ``<name>.bak``.

A process that is killed at any moment, also while it writes, leaves a file that can be read.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np

from driver.files import open_plain, replace_file

CHECKSUM = "sha256"
TAG = "mid_checkpoint"
MANY = 2**62  # of what is only counted


class Unreadable(ValueError):
    """There is no such checkpoint, or what lies there is not what was written."""


def name(seed: int) -> str:
    """File name of a seed's checkpoint, inside ``artifacts/``."""
    return f"{TAG}_seed_{seed}.npz"


def find(run: Path, seed: int) -> Path:
    """Checkpoint of a seed in a run folder; older runs had one file for all seeds."""
    own, shared = run / "artifacts" / name(seed), run / "artifacts" / f"{TAG}.npz"
    return shared if shared.exists() and not exists(own) else own


def exists(path: Path) -> bool:
    """Whether there is a checkpoint, or its backup."""
    return path.exists() or backup(path).exists()


def backup(path: Path) -> Path:
    """Where the checkpoint before the one at `path` is kept."""
    return path.with_name(f"{path.name}.bak")


def save(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write `arrays` with their checksum; what stood at `path` becomes its backup, if it is whole.

    At every moment one of the two files is whole. Not compressed: it is written often.
    """
    content = {key: np.asarray(value) for key, value in arrays.items()}
    content[CHECKSUM] = np.asarray(digest(content))

    with contextlib.suppress(Unreadable):  # a damaged file must not replace a whole backup
        read(path)
        replace_file(backup(path), lambda file: file.write(path.read_bytes()))
    n_bytes = sum(array.nbytes for array in content.values())
    replace_file(path, lambda file: np.savez(file, **content), n_bytes)


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over names, types, shapes and bytes of all arrays but the checksum itself."""
    found = hashlib.sha256()
    for key in sorted(set(arrays) - {CHECKSUM}):
        array = np.ascontiguousarray(arrays[key])
        found.update(f"{key} {array.dtype.str} {arrays[key].shape} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def read(path: Path) -> dict[str, np.ndarray]:
    """Arrays of one checkpoint file, without the checksum.

    Raises
    ------
    Unreadable
        If there is no file, it cannot be read, or its checksum is missing or wrong.
    """
    try:
        with open_plain(path) as plain, np.load(plain, allow_pickle=False) as file:
            arrays = dict(file)
    except FileNotFoundError:
        raise Unreadable(f"there is no checkpoint {path}") from None
    except Exception as error:  # what damage makes of an archive raises almost anything
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unreadable(f"{path} cannot be read ({words})") from None
    stored = arrays.pop(CHECKSUM, None)
    if stored is None:
        raise Unreadable(f"{path} has no checksum: not a checkpoint of this program")
    if str(stored) != digest(arrays):
        raise Unreadable(f"{path} is damaged: its checksum is wrong")
    for key, array in arrays.items():
        if array.dtype.kind not in ("fiubU" if array.shape == () else "fiub"):
            raise Unreadable(
                f"{path}: {key} has values of {array.dtype}, expected are real numbers"
            )
    return arrays


def read_newest(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    """Arrays of the checkpoint at `path`, else of its backup.

    Returns
    -------
    arrays : dict of ndarray
    complaint : str or None
        Why the backup had to stand in.

    Raises
    ------
    Unreadable
        If neither can be read.
    """
    try:
        return read(path), None
    except Unreadable as error:
        try:
            return read(backup(path)), f"{error}; going on from the checkpoint before it"
        except Unreadable:
            raise error from None


# --- what may be in one --------------------------------------------------------------------


def check_array(
    name: str,
    array: np.ndarray,
    like: np.ndarray,
    low: float = -np.inf,
    high: float = np.inf,
) -> None:
    """Raise `ValueError` unless an array has the kind and shape of another, finite, within bounds.

    The bounds have room for the rounding of a change of units.
    """
    array, like = np.asarray(array), np.asarray(like)
    text = f"{shape_of(like)} of {like.dtype}"
    bounds = f", from {low:g} to {high:g}" if np.isfinite([low, high]).all() else ""
    expected = f"expected are {text}, finite{bounds}"
    single = array.dtype.kind == "f" and array.dtype.itemsize < like.dtype.itemsize
    if array.dtype.kind != like.dtype.kind or array.shape != like.shape or single:
        raise ValueError(f"{name} has {shape_of(array)} of {array.dtype}; {expected}")
    slack = 1e-9 * np.abs([bound for bound in (low, high) if np.isfinite(bound)]).max(initial=0)
    bad = ~(np.isfinite(array) & (array >= low - slack) & (array <= high + slack))
    if bad.any():
        raise ValueError(f"{name} has {array[bad][0]:g} in {bad.sum()} places; {expected}")


def shape_of(array: np.ndarray) -> str:
    """How many values, in words."""
    return "a single value" if array.shape == () else f"{' x '.join(map(str, array.shape))} values"


def whole(stored: Mapping[str, np.ndarray], name: str, low: int, high: int) -> int:
    """A whole number among arrays; raises `ValueError` if it is none, or out of bounds."""
    found = stored.get(name)
    if found is None or found.shape != () or found.dtype.kind not in "iu":
        raise ValueError(f"{name} is not a whole number")
    if not low <= found <= high:
        raise ValueError(f"{name} is {found}; expected is {low} to {high}")
    return int(found)


# --- going on from one ---------------------------------------------------------------------


def remove(path: Path) -> None:
    """Let go of a checkpoint whose run has written its results."""
    for file in (path, backup(path)):
        file.unlink(missing_ok=True)


def resumed(path: Path) -> tuple[dict[str, np.ndarray], str | None]:
    """`read_newest` of what ``--resume-from`` names; raises `ValueError` if it cannot be read."""
    try:
        return read_newest(path)
    except Unreadable as error:
        raise ValueError(f"--resume-from: {error}") from None


def require_same(
    theirs: Mapping[str, Any], ours: Mapping[str, Any], free: Set[str], path: Path
) -> None:
    """Raise `ValueError` if parameters differ, other than the `free` ones."""
    differing = sorted(
        key for key in ours if key not in free and theirs.get(key, "nothing") != ours[key]
    )
    if differing:
        pairs = ", ".join(
            f"{key} {theirs.get(key, 'nothing')} there, {ours[key]} here" for key in differing
        )
        raise ValueError(f"--resume-from: {path} is of another run: {pairs}")
