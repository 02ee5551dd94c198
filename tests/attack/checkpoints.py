"""Checkpoints and weights that are damaged or forged: refused, or the same bits."""

from __future__ import annotations

import io
import json
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

from driver.run import checkpoint
from driver.run.checkpoint import backup
from tests import program
from tests.attack.doors import DOORS, LL, Door, begun, copied, finished, right_or_refused
from tests.faults.disks import flip
from tests.faults.judge import Kind, Wrong

Arrays = dict[str, np.ndarray]


def go_on(kind: Kind, what: str, door: Door, change: Callable[[Path], object]) -> None:
    """Go on with a run whose checkpoint was changed."""
    folder = copied(begun(door))
    words = (*door.tiny, "--run-name", "a", "--no-figures", "--go-on")
    with kind.trial(f"{what}; {door.shown(*words)}"):
        change(folder / "artifacts" / checkpoint.name(door.seed))
        before = program.listing(folder)
        right_or_refused(door.call(*words, limit_s=120), folder, finished(door), before)


def damage(kind: Kind, random: Random, k: int) -> None:
    """A flipped bit, or a file cut short; mostly without the checkpoint before it."""
    door, alone = DOORS[k % len(DOORS)], random.random() < 0.75
    size = (begun(door) / "artifacts" / checkpoint.name(door.seed)).stat().st_size
    place, bit, cut = random.randrange(size), random.randrange(8), random.random() < 0.3

    def change(path: Path) -> None:
        if alone:
            backup(path).unlink()
        if cut:
            path.write_bytes(path.read_bytes()[:place])
        else:
            flip(path, place, bit)

    what = f"cut at byte {place}" if cut else f"bit {bit} of byte {place}"
    go_on(kind, f"checkpoint {what}{'' if alone else ', one before it'}", door, change)


# --- forged ------------------------------------------------------------------------------


def first(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """Another first number of an array."""

    def changed(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array.flat[0] = value
        return array

    return changed


# Which arrays (the first that is found is changed), and how.
WEIGHTS, STATE, COUNT = r"state\.\w+\.w$", r"state\.\w+\.(v|a|g_e)$", r"(trial_idx|/step|n_done)$"
FORGED = {
    "a weight of 1e6": (WEIGHTS, first(1e6)),
    "a weight of -1e6": (WEIGHTS, first(-1e6)),
    "a weight that is NaN": (WEIGHTS, first(np.nan)),
    "an infinite weight": (WEIGHTS, first(np.inf)),
    "complex weights": (WEIGHTS, lambda a: a * (1 + 1j)),
    "weights as text": (WEIGHTS, lambda a: a.astype(str)),
    "weights of single precision": (WEIGHTS, lambda a: a.astype(np.float32)),
    "whole weights": (WEIGHTS, lambda a: a.astype(np.int64)),
    "one weight less": (WEIGHTS, lambda a: a[:-1]),
    "weights in a row": (WEIGHTS, lambda a: a[None]),
    "one weight for all": (WEIGHTS, lambda a: a[0]),
    "no weights": (WEIGHTS, None),
    "a state that is NaN": (STATE, first(np.nan)),
    "a complex state": (STATE, lambda a: a * (1 + 1j)),
    "an earlier trial": (COUNT, lambda a: a - 1),
    "trial -5": (COUNT, lambda a: a * 0 - 5),
    "a later trial": (COUNT, lambda a: a + 1),
    "two trials": (COUNT, lambda a: np.array([a, a])),
    "a trial as text": (COUNT, lambda a: np.asarray("x")),
    "half a trial": (COUNT, lambda a: a + 0.5),
    "parameters that are no JSON": (r"^params_json$", lambda a: np.asarray("{")),
    "parameters null": (r"^params_json$", lambda a: np.asarray("null")),
    "a version as text": (r"^schema_version$", lambda a: np.asarray("x")),
    "a series of text": (r"(w_mean_series|course\w*)$", lambda a: a.astype(str)),
    "a series too short": (r"(w_mean_series|course\w*)$", lambda a: a[:-1]),
    "spikes of no cell": (r"(tail\.mon\.i|tail_index|cells_i)$", lambda a: a - 99),
}
N_FORGED = len(FORGED) * len(DOORS)


def forge(kind: Kind, random: Random, k: int) -> None:
    """A checkpoint with a valid checksum that no run has written."""
    door, what = DOORS[k % len(DOORS)], list(FORGED)[k // len(DOORS) % len(FORGED)]
    pattern, changed = FORGED[what]
    arrays = checkpoint.read(begun(door) / "artifacts" / checkpoint.name(door.seed))
    name = next((n for n, a in arrays.items() if re.search(pattern, n) and a.size), None)
    if name is None:
        return  # a model without such an array
    array = arrays.pop(name)
    if changed is not None:
        arrays[name] = np.asarray(changed(array))

    def change(path: Path) -> None:
        backup(path).unlink()
        path.unlink()
        checkpoint.save(path, arrays)

    go_on(kind, f"{what} ({name}, valid checksum)", door, change)


# --- weights to be tested ----------------------------------------------------------------


class Planted:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return exec, ("open('ran', 'w').close()",)


def pickled(weights: Arrays, path: Path) -> None:
    path.write_bytes(pickle.dumps(Planted()))


def of_objects(weights: Arrays, path: Path) -> None:
    np.savez(path, **weights | {"mon_ts_w": np.array([Planted()], dtype=object)})


def huge(weights: Arrays, path: Path) -> None:
    """A header that promises 8 TB."""
    header = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mon_ts_w.npy", header.getvalue())


def other(name: str, changed: Callable[[np.ndarray], np.ndarray] | None) -> Callable:
    """Write the weights with another array."""

    def write(weights: Arrays, path: Path) -> None:
        array = weights.pop(name)
        np.savez(path, **weights | ({} if changed is None else {name: changed(array)}))

    return write


def edited(weights: Arrays, path: Path) -> None:
    """A parameter that the results were not made with."""
    params = path.parents[1] / "params.json"
    content = json.loads(params.read_text())
    content["network_params"]["distance_cm"] = 2.0
    params.write_text(json.dumps(content))


HOSTILE = {
    "a pickle": pickled,
    "an array of objects": of_objects,
    "8 TB": huge,
    "half of the file": lambda w, path: path.write_bytes(path.read_bytes()[:5000]),
    "an empty file": lambda w, path: path.write_bytes(b""),
    "one weight less": other("mon_ts_w", lambda a: a[:-1]),
    "a weight that is NaN": other("mon_ts_w", first(np.nan)),
    "a negative weight": other("mon_ts_w", first(-1.0)),
    "a weight of 1e300": other("ll_mon_w_mV", first(1e300)),
    "complex weights": other("mon_ts_w", lambda a: a * (1 + 1j)),
    "weights as text": other("mon_ts_w", lambda a: a.astype(str)),
    "initial weights that are NaN": other("mon_ts_w_init", first(np.nan)),
    "no weights": other("mon_ts_w", None),
    "a source that is no cell": other("mon_ts_i", first(10**6)),
    "other weights": other("mon_ts_w", lambda a: a[::-1]),
    "distance_cm edited in params.json": edited,
}


def weights(kind: Kind, random: Random, k: int) -> None:
    """Weights for --weights-from that no run has learned: refused before anything is written."""
    what, write = list(HOSTILE.items())[k % len(HOSTILE)]
    folder = copied(finished(LL))
    path = folder / "artifacts" / f"latest_seed_{LL.seed}.npz"
    words = ("--weights-from", folder, "--run-name", "b", "--no-figures", *LL.tiny[2:4])
    with kind.trial(f"{what}; {LL.shown(*words)}"):
        write(program.load_npz(path), path)
        said = LL.call(*words, limit_s=60)
        said.judge(2, 0)
        if Path("ran").exists():
            raise Wrong("code of the file was run")
        if said.status == 0:
            raise Wrong("it was tested")
        if Path("Runs/b").exists():
            raise Wrong("refused only after its folder was made")
    shutil.rmtree("Runs")
