"""What came out of a sweep: a row a run, as ``sweep.csv`` and ``sweep.json``."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from driver.files import replace_file
from driver.room import Room
from driver.run.folder import RunFolder
from driver.run.saved import NotARun
from driver.sweep.axes import CONTENT, TABLE, Job
from driver.sweep.plan import Sweep

SCHEMA_VERSION = 2


def rows(sweep: Sweep, failed: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row a run, in the order of the plan.

    Parameters
    ----------
    sweep : Sweep
    failed : dict of str
        What runs that failed said last, by name.
    """
    return [row(sweep, job, failed.get(job.name)) for job in sweep.jobs]


def row(sweep: Sweep, job: Job, complaint: str | None) -> dict[str, Any]:
    room = sweep.room
    results, edited = results_and_doubts(room, sweep.place(job), job.seed)
    return {
        "condition": {**job.condition, "seed": job.seed},
        "state": "done" if results else "failed" if complaint else "waiting",
        "complaint": complaint or edited,
        "run": job.name,
        **(room.sweep_row(results) if results else dict.fromkeys(room.sweep_columns())),
        "command": shlex.join(["python", room.format.prog, *job.argv]),
    }


def results_of(room: Room, folder: Path, seed: int) -> dict[str, Any] | None:
    """Results of a complete run; None for one that is not."""
    return results_and_doubts(room, folder, seed)[0]


def results_and_doubts(
    room: Room, folder: Path, seed: int
) -> tuple[dict[str, Any] | None, str | None]:
    """`results_of`, and how its files were edited."""
    try:
        run = room.open(folder)
        results = run.seed(seed).results if run.summary is not None else None
        return results, "; ".join(run.edited) or None
    except NotARun:
        return None, None


def write_table(sweep: Sweep, table: Sequence[Mapping[str, Any]]) -> None:
    """Write ``sweep.csv`` and ``sweep.json``; undefined is an empty cell, or null."""
    folder = RunFolder(sweep.folder)
    folder.write_json(
        CONTENT, {"schema_version": SCHEMA_VERSION, "axes": sweep.axes, "runs": table}
    )
    text = io.StringIO()
    columns = sweep.room.sweep_columns()
    flat_rows = [flat(r, columns) for r in table]
    writer = csv.DictWriter(text, list(dict.fromkeys(k for r in flat_rows for k in r)))
    writer.writeheader()
    writer.writerows(flat_rows)
    replace_file(sweep.folder / TABLE, lambda file: file.write(text.getvalue().encode()))


def flat(r: Mapping[str, Any], columns: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A row with its nested numbers under names such as ``trained.score``."""
    found = dict(r["condition"])
    for key, value in r.items():
        if columns.get(key):
            found |= {f"{key}.{n}": value[n] if value else None for n in columns[key]}
        elif key != "condition":
            found[key] = value
    return found
