"""Files of networks that are used from Python: what is in them, and which are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from driver.files import replace_file

State = dict[str, np.ndarray]


def save(path: str | Path, numbers: Mapping[str, Any], state: State, seed: int, done: int) -> Path:
    """Write an .npz file of exactly this name; `numbers` make a network another one."""
    head = {"numbers": json.dumps(numbers), "seed": seed, "done": done}
    return replace_file(Path(path), lambda file: np.savez_compressed(file, **head, **state))


def load(path: str | Path, numbers: Mapping[str, Any], state: State) -> tuple[State, int, int]:
    """State, seed, and steps or epochs done, in a file of a network like this one.

    Raises
    ------
    ValueError
        For a file that is none, of other sizes or numbers, incomplete or not finite.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {key: file[key] for key in file.files}
        theirs, ours = json.loads(str(found.pop("numbers"))), json.loads(json.dumps(numbers))
        seed, done = int(found.pop("seed")), int(found.pop("done"))
        if done < 0:
            raise ValueError(f"done {done}")
        if theirs == ours:  # the shapes follow, unless the file was changed
            theirs, ours = ({k: v.shape for k, v in each.items()} for each in (found, state))
        names = sorted(theirs | ours)
    except (ValueError, KeyError, EOFError, BadZipFile, AttributeError, TypeError) as error:
        raise ValueError(f"{path} is not a saved network: {error}") from None
    if differ := [k for k in names if theirs.get(k) != ours.get(k)]:
        text = (f"{k} ({theirs.get(k)!r} in the file, {ours.get(k)!r} here)" for k in differ)
        raise ValueError(f"{path} is of another network: {', '.join(text)}")
    if bad := [k for k, v in found.items() if v.dtype.kind != "f" or not np.isfinite(v).all()]:
        raise ValueError(f"{path}: not finite numbers in {', '.join(bad)}")
    return found, seed, done
