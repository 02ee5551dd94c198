"""A run of a door from Python, with the results at hand.

    from ll_stdp_brian2 import run

    r = run("ll_fast", seeds=3, n_mon=800)
    r.table()               # a row a seed: trained, untrained, difference
    r.run.seed(123).weights

The run is the one that the command line makes, in a process of its own: the folder, the bits and
what is refused are the same, and it can be gone on with. In a notebook `r` shows its numbers and
its first figure.
"""

from __future__ import annotations

import html
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driver.engine.model import resolve
from driver.experiment.metric import LABELS, Metric, contrast, known, row_of
from driver.flags.from_dataclass import EXIT_USAGE, UsageError
from driver.run.folder import folder_name
from driver.run.isolation import tied

if TYPE_CHECKING:
    import pandas

ROOT = Path(__file__).parents[1]
KEYWORDS = {"seeds": "multi_seed", "name": "run_name"}


def run(model: str, preset: str | None = None, **flags: Any) -> Done:
    """Make a run, or go on with one, and wait for it.

    Parameters
    ----------
    model : str
        Package of the room; a door has given it already.
    preset : str, optional
        The default of the door if not given.
    **flags
        Flags of the command line, by flag or name of the field: ``n_mon=800``, ``seeds=3``,
        ``name="three"``, ``figures=False``, ``jobs=2``, ``go_on=True``.

    Raises
    ------
    ValueError
        If the command line refuses it; nothing is written then.
    RuntimeError
        If a seed failed. What is finished is in the folder, which the message names.
    """
    from driver.sweep.plan import as_typed

    room = importlib.import_module(f"{model}.room").ROOM
    typed = {KEYWORDS.get(name, name): word(value) for name, value in flags.items()}
    typed.setdefault("run_name", f"{folder_name(None)}_{os.getpid()}")
    argv = [] if preset is None else ["--mode", preset]
    try:
        argv += as_typed(room, typed, where="run", refused=frozenset({"mode"}))
        folder = Path(typed.get("output_root", "Runs")) / folder_name(typed["run_name"])
    except UsageError as error:
        raise ValueError(str(error)) from None
    program = tied([sys.executable, str(ROOT / room.format.prog), *argv])
    said = []
    try:
        for line in program.stderr:
            said.append(line)
            print(line, end="")
        status = program.wait()
    finally:
        program.stdin.close()  # it saves, and ends
        program.wait()
    if status == EXIT_USAGE:
        raise ValueError("".join(said).strip())
    if status:
        raise RuntimeError(f"{folder}: status {status}; {''.join(said[-3:]).strip()}")
    return Done(room, folder)


def word(value: Any) -> str:
    """A value as it is typed; several of one flag stand apart by spaces."""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


class Done:
    """A run that is complete.

    Attributes
    ----------
    run : driver.run.saved.Run
        Its folder: parameters, results, recordings and weights, seed by seed.
    """

    def __init__(self, room: Any, folder: Path):
        self.room, self.run = room, room.open(folder)

    @property
    def metrics(self) -> list[Metric]:
        """The numbers of the room that this run has, the one that matters most first."""
        table = resolve(self.room.metrics.name)
        rows = [row_of(table, s, self.run.seed(s).results) for s in self.run.finished]
        return known([m for m in table if m.console or m.figures], rows)

    def table(self) -> pandas.DataFrame:
        """A row a seed; columns are pairs of a metric and trained, untrained or difference.

        Undefined is NaN. Needs pandas.
        """
        import pandas

        columns = {}
        for m in self.metrics:
            found = [contrast(m, self.run.seed(s).results) for s in self.run.finished]
            for name, values in zip((*LABELS, "difference"), zip(*found, strict=True), strict=True):
                columns[m.name, name] = pandas.Series(values, self.run.finished, dtype=float)
        made = pandas.DataFrame(columns)
        made.index.name, made.columns.names = "seed", ("metric", "network")
        return made

    def __repr__(self) -> str:
        lines = [self.room.seed_line(self.run.seed(s).results) for s in self.run.finished]
        return "\n".join([repr(self.run), *lines])

    def _repr_html_(self) -> str:
        """Its numbers and its first figure, in a notebook."""
        from driver.report.page import embedded

        figures = self.room.figures_of(self.run)
        first = [*figures.on_top, *figures.rest][:1]
        uris = [embedded(figure.files[0])[0] for figure in first]
        pictures = "".join(f'<img src="{uri}" style="max-width:100%">' for uri in uris)
        return f"<pre>{html.escape(repr(self))}</pre>{pictures}"
