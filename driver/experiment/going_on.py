"""What a run keeps in its checkpoint so that it can go on, and whose checkpoint it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from driver.experiment.metric import LABELS
from driver.run import checkpoint
from driver.run.format import Format
from driver.run.request import Request

Arrays = dict[str, np.ndarray]


def identity(format: Format, parts: Mapping[str, Any]) -> dict[str, Any]:
    """By which a checkpoint knows its run: its version, and all parameters as JSON.

    The first of the `parts` is ``params_json``, ``stimulus_params`` is ``stimulus_json``.
    """
    names = ["params", *(name.removesuffix("_params") for name in list(parts)[1:])]
    texts = [json.dumps(asdict(part)) for part in parts.values()]
    found = {f"{name}_json": text for name, text in zip(names, texts, strict=True)}
    return {"schema_version": format.schema_version} | found


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
    if int(stored.get("schema_version", 0)) != ours["schema_version"] or mark not in stored:
        raise ValueError(f"--resume-from: {path} does not hold a full state")
    texts = [key for key in ours if key.endswith("_json")]
    missing = sorted({*needed, *texts} - set(stored))
    if missing:
        raise ValueError(f"--resume-from: {path} lacks {', '.join(missing)}")
    theirs, here = {}, {}
    for key in texts:
        theirs |= json.loads(str(stored[key]))
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


def check_checkpoint(request: Request, path: Path) -> None:
    """Raise `ValueError` unless a `TwinCheckpoint` is one that this seed can go on from."""
    stored, _ = checkpoint.resumed(path)
    require_same(stored, identity(request.format, request.parts), path, mark="label")


def completed(request: Request) -> None:
    """A `TwinCheckpoint` holds whole recordings: of a run that is complete it may go."""
    for seed in request.seeds:
        checkpoint.remove(request.of(seed).checkpoint)
