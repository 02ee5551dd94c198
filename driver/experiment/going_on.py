"""What a run keeps in its checkpoint so that it can go on, and whose checkpoint it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from driver.experiment.metric import LABELS
from driver.run import checkpoint
from driver.run.format import Format
from driver.run.request import Request

Arrays = dict[str, np.ndarray]


def identity(format: Format, parts: Mapping[str, Any], precision: str = "double") -> dict[str, Any]:
    """By which a checkpoint knows its run: its version, and all parameters as JSON.

    The first of the `parts` is ``params_json``, ``stimulus_params`` is ``stimulus_json``. Single
    precision is noted, double is what goes without saying.
    """
    names = ["params", *(name.removesuffix("_params") for name in list(parts)[1:])]
    texts = [json.dumps(asdict(part)) for part in parts.values()]
    found = {f"{name}_json": text for name, text in zip(names, texts, strict=True)}
    if precision != "double":
        found["precision"] = precision
    return {"schema_version": format.schema_version} | found


def require_precision(path: Path, precision: str) -> None:
    """Raise `ValueError` unless the checkpoint was made with numbers of this precision."""
    stored, _ = checkpoint.resumed(path)
    made_with = str(stored.get("precision", "double"))
    if made_with != precision:
        raise ValueError(
            f"--resume-from: {path} was made with --precision {made_with}, this is {precision}"
        )


def require_same(
    stored: Arrays,
    ours: Mapping[str, Any],
    path: Path,
    mark: str,
    needed: Iterable[str] = (),
    free: Set[str] = frozenset(),
) -> None:
    """Raise `ValueError` unless a checkpoint is whole and of the run with the identity `ours`.

    Only one with a full state has the array `mark`; `free` parameters may differ.
    """
    version, ours_version = stored.get("schema_version"), ours["schema_version"]
    if version is None or not np.array_equal(version, ours_version) or mark not in stored:
        raise ValueError(f"--resume-from: {path} does not hold a full state")
    texts = [key for key in ours if key.endswith("_json")]
    missing = sorted({*needed, *texts} - set(stored))
    if missing:
        raise ValueError(f"--resume-from: {path} lacks {', '.join(missing)}")
    theirs, here = {}, {}
    for key in texts:
        try:
            theirs |= json.loads(str(stored[key]))
        except (ValueError, TypeError, RecursionError):
            raise ValueError(f"--resume-from: {path}: {key} does not hold parameters") from None
        here |= json.loads(ours[key])
    checkpoint.require_same(theirs, here, free, path)


def under(prefix: str, arrays: Arrays) -> Arrays:
    """Arrays whose names begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


class TwinCheckpoint:
    """One file for a network and its twin, at the places that a `Session` names.

    It holds the finished recordings, `done` by label, and where the other network stands.
    """

    def __init__(self, session):
        self.session, self.stored = session, {}
        if session.resumed is not None:
            self.stored, complaint = checkpoint.resumed(session.resumed)
            if complaint:
                session.log.warning(complaint)
        found = {label: under(f"{label}/", self.stored) for label in LABELS}
        self.done: dict[str, Arrays] = {label: part for label, part in found.items() if part}

    def standing(self, label: str) -> Arrays:
        """What was saved of a network between two blocks; empty if nothing was."""
        is_of = str(self.stored.get("label")) == label
        return under("now/", self.stored) if is_of else {}

    def finish(self, label: str, recording: Arrays) -> None:
        """Keep a finished recording."""
        self.done[label] = {key: np.asarray(value) for key, value in recording.items()}
        self.save(label, {})

    def save(self, label: str, standing: Arrays) -> None:
        """Write what is finished, and where the network of `label` stands."""
        if self.session.checkpoint is None:
            return
        content = {f"now/{key}": value for key, value in standing.items()}
        for done, recording in self.done.items():
            content |= {f"{done}/{key}": value for key, value in recording.items()}
        content |= self.session.identity
        checkpoint.save(self.session.checkpoint, content | {"label": label})


@dataclass(frozen=True)
class Start:
    """How the network of a request begins: what is in its checkpoint has to be like it.

    Attributes
    ----------
    state : dict of ndarray
        Its `initial_state`.
    values : dict
        What it is given in a block; ``<projection>.w_min`` and ``.w_max``, 0 if only the second is
        there, are the bounds of its weights.
    reached : callable
        How far, in units of the room, the records are whose arrays are given; None if unknown.
    """

    state: Arrays
    values: Mapping[str, Any] = field(default_factory=dict)
    reached: Callable[[Arrays], int | None] = lambda arrays: None

    def check(self, stored: Arrays, prefix: str, names: Iterable[str]) -> None:
        """Raise `ValueError` for one of the variables that has another size or type, or is out of
        bounds; in `stored` their names begin with `prefix`."""
        for name in names:
            if (array := stored.get(f"{prefix}{name}")) is None:
                raise ValueError(f"{prefix}{name} is missing")
            checkpoint.check_array(f"{prefix}{name}", array, self.state[name], *self.bounds(name))

    def bounds(self, name: str) -> tuple[float, float]:
        """Of a variable: weights may also begin beyond those that they learn within."""
        projection, first = name.removesuffix(".w"), np.asarray(self.state[name])
        high = self.values.get(f"{projection}.w_max", np.inf)
        low = self.values.get(f"{projection}.w_min", -np.inf if np.isinf(high) else 0.0)
        if projection == name:
            return -np.inf, np.inf
        low, high = min(low, first.min(initial=np.inf)), max(high, first.max(initial=-np.inf))
        # in single precision a bound may be the next number that there is
        return min(low, float(np.float32(low))), max(high, float(np.float32(high)))


def check_checkpoint(
    start: Callable[[Request], Start] | None,
    length: Callable[[Request], int],
    request: Request,
    path: Path,
) -> None:
    """Raise `ValueError` unless a `TwinCheckpoint` is one that this seed can go on from."""
    stored, _ = checkpoint.resumed(path)
    require_same(stored, identity(request.format, request.parts), path, mark="label")
    if start is None:
        return
    begin, label = start(request), str(stored["label"])
    weights = [name for name in begin.state if name.endswith(".w")]
    try:
        if label not in LABELS:
            raise ValueError(f"label is {label[:20]!r}; expected is {' or '.join(LABELS)}")
        for done in LABELS:
            if under(f"{done}/", stored):
                begin.check(stored, f"{done}/", weights)
        if now := under("now/", stored):
            begin.check(stored, "now/state.", begin.state)
            step = checkpoint.whole(stored, "now/step", 1, length(request))
            if (reached := begin.reached(now)) not in (None, step):
                raise ValueError(f"now/step is {step}, but its records have come to {reached}")
    except ValueError as error:
        raise ValueError(f"--resume-from: {path}: {error}") from None
    except (KeyError, IndexError) as error:
        raise ValueError(f"--resume-from: {path} lacks {error}") from None


def completed(request: Request) -> None:
    """A `TwinCheckpoint` holds whole recordings: of a run that is complete it may go."""
    for seed in request.seeds:
        checkpoint.remove(request.of(seed).checkpoint)
