"""Numbers of finished seeds as CSV, for other programs.

Floats are written with all their digits, so that reading them gives the same bits; what is
undefined is an empty cell.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from driver.files import plain, replace_file
from driver.run.saved import NotARun, Run, Seed

Columns = Mapping[str, Iterable]
Tables = Mapping[str, Callable[[Seed], Columns]]
NO_TABLES: Tables = {}


def export_csv(run: Run, folder: Path, tables: Tables = NO_TABLES) -> list[Path]:
    """Write ``results.csv``, every number of every finished seed, a row each, and further tables.

    Parameters
    ----------
    run : Run
    folder : Path
        Made if it is not there; older tables of the same names are replaced.
    tables : dict of callable
        Columns of a seed by the name of the table, which is ``seed_<s>_<name>.csv``.

    Raises
    ------
    NotARun
        If no seed is finished, or a file of one is missing.
    """
    seeds = finished(run)
    folder.mkdir(parents=True, exist_ok=True)
    written = [write_csv(folder / "results.csv", results_table(seeds))]
    for seed in seeds:
        for name, table in tables.items():
            path = folder / f"seed_{seed.number}_{name}.csv"
            written.append(write_csv(path, table(seed)))
    return written


def finished(run: Run) -> list[Seed]:
    """Finished seeds of a run; raises `NotARun` if there is none."""
    if not run.finished:
        raise NotARun(f"{run.folder} has no finished seed to export")
    return [run.seed(seed) for seed in run.finished]


def results_table(seeds: Sequence[Seed]) -> Columns:
    """Every number of the results files; ``untrained.`` and ``difference.`` beside the trained."""
    rows = [flat(seed.results) for seed in seeds]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested keys joined by dots; lists of words by semicolons; truth as JSON spells it."""
    found = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            found[prefix + key] = "; ".join(str(v) for v in value)
        else:
            found[prefix + key] = json.dumps(value) if isinstance(value, bool) else value
    return found


def write_csv(path: Path, columns: Columns) -> Path:
    """Write a header of names and a row for each entry."""
    rows = zip(*(cells(column) for column in columns.values()), strict=True)

    def write(file) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        text.detach()  # flushes; the file is closed by who opened it

    return replace_file(path, write)


def cells(column: Iterable) -> list:
    """Plain numbers, which `csv` writes with all their digits; None, an empty cell, for NaN."""
    if not isinstance(column, np.ndarray):
        return plain(list(column))
    values = column.tolist()
    if column.dtype.kind != "f" or np.isfinite(column).all():
        return values
    return [v if known else None for v, known in zip(values, np.isfinite(column), strict=True)]
