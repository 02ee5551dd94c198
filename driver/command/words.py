"""What can be done with a finished or a running run: the words after the program's name."""

from __future__ import annotations

import contextlib
import functools
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import tyro

from driver.command.find import RUNS, folder_of, opened_run, room_of
from driver.command.shorthand import WORDS
from driver.engine.model import resolve
from driver.export.csv import NO_TABLES, export_csv, finished
from driver.flags.from_dataclass import EXIT_USAGE, Unknown, UsageError, in_one_line
from driver.formatting import perhaps, short, visible
from driver.room import Room, nothing
from driver.run.content import TRUST, Edited
from driver.run.folder import MAX_NAME_BYTES, PARAMS, can_be_made
from driver.run.saved import NotARun, Run
from driver.sweep.axes import CONTENT

PACKAGES, ENDING = {"nwb": "pynwb", "neo": "neo"}, {"nwb": ".nwb", "neo": ".pkl"}
OTHER_WORDS = {"list": "status", "ls": "status", "show": "report", "plot": "figures"}
OTHER_WORDS |= {"draw": "figures", "continue": "resume", "train": "run", "start": "run"}
TAKES_RUNS = "        Args:\n            runs: "
ALSO = f"        With {TRUST} files are read that were edited since they were written."
Folders = tyro.conf.Positional[tuple[Path, ...]]


def main(room: Room, argv: Sequence[str]) -> int:
    """Run the command ``argv[0]``; returns the exit status.

    Raises
    ------
    UsageError
        If a folder is not the one of a run.
    """
    room = room.trusting() if TRUST in argv else room
    if argv[0] == "sweep":
        from driver.sweep.command import main as sweep

        return sweep(room, argv[1:])
    argv = [word for word in argv if word != TRUST]
    try:
        words = words_of(room)
        if argv[0] not in words:
            every = [*words, "sweep", *WORDS]
            near = perhaps(OTHER_WORDS.get(argv[0], argv[0]), every)
            raise Unknown("word", argv[0], f"{argv[0]}: not one of {', '.join(every)}", near)
        asked = {word: afterwards(function) for word, function in words.items()}
        prog = room.format.prog
        return in_one_line(
            lambda: tyro.extras.subcommand_cli_from_dict(asked, prog=prog, args=list(argv))
        )()
    except NotARun as error:
        raise UsageError(str(error)) from None


def afterwards(function: Callable[..., int]) -> Callable[..., Callable[[], int]]:
    """The same with nothing done but the flags read: what it returns does it."""

    @functools.wraps(function)
    def bound(*arguments, **keywords):
        return functools.partial(function, *arguments, **keywords)

    return bound


def words_of(room: Room) -> dict[str, Callable[..., int]]:
    """What can be done with runs, by word; the help pages are the docstrings.

    All of them have ``--trust-edited``, which `main` takes away before.
    """

    def figures(runs: Folders) -> int:
        """Draw all figures of runs again, from their folders alone.

        Args:
            runs: Run folders, such as Runs/ten.
        """
        return draw_again(room, runs)

    def report(runs: Folders) -> int:
        """Write report.html of runs and sweeps, also of those that are still running.

        Args:
            runs: Folders of runs or sweeps, such as Runs/ten.
        """
        for folder in named(runs):
            sweep = folder / CONTENT
            if sweep.exists():
                page = room.write_sweep_report(sweep, trust_edited=room.trust_edited)
            else:
                page = room.write_report(run := opened_run(room, folder))
                warn(run)
            print(page)
        return 0

    def status(runs: Folders = (), watch: bool = False) -> int:
        """Say how far runs are: trial, time left, last metrics, memory.

        Args:
            runs: Run folders; all in Runs/ if none is given.
            watch: Say it again every 2 s until Ctrl+C; on a terminal in place.
        """
        return keep_telling(room, runs) if watch else tell_status(room, runs)

    def index(folder: tyro.conf.Positional[Path] = RUNS, watch: bool = False) -> int:
        """Write index.html: all runs of all doors with state, numbers and learning curves.

        Args:
            folder: Folder of runs.
            watch: Write it again every 5 s until Ctrl+C; an open page follows.
        """
        return write_index(room, folder, watch)

    def export(
        runs: Folders, to: Literal["csv", "nwb", "neo"] = "csv", output: Path | None = None
    ) -> int:
        """Write finished seeds for other programs: tables as CSV, spikes as NWB or for Neo.

        Args:
            runs: Run folders, such as Runs/ten.
            to: csv is a folder of tables, nwb a file for each seed, neo one that neo.io.PickleIO
                reads; the last two are of recorded spikes.
            output: Folder to write to, with one inside for each of several runs; export/ in the run
                folder if not given.
        """
        return exported(room, runs, to, output)

    def presets() -> int:
        """Say of each preset what it is, what to expect of it and how long it takes."""
        for name, about in resolve(room.presets.name).items():
            print(f"{name}: {about.what} ({about.time})\n    expect: {about.expected}")
        return 0

    def compare(runs: Folders, output: Path | None = None) -> int:
        """Set runs side by side: parameters that differ, numbers seed by seed, figures.

        Args:
            runs: Run folders, such as Runs/one Runs/other; the first is what the others are
                compared with.
            output: Page to write; compare_<names>.html beside the first run if not given.
        """
        return side_by_side(room, runs, output)

    every = {"figures": figures, "report": report, "status": status, "index": index}
    every |= {"export": export, "compare": compare} | dict(room.words(room))
    for function in every.values():
        function.__doc__ = function.__doc__.replace(TAKES_RUNS, f"{ALSO}\n\n{TAKES_RUNS}")
    return every | {"presets": presets}


def draw_again(
    room: Room, runs: Sequence[Path], more: Callable[[Run], list[Path]] = lambda run: []
) -> int:
    """Draw the figures of runs, and what `more` draws of each."""
    for run in opened(room, runs):
        if not run.finished:
            raise UsageError(f"{run.folder} has no finished seed yet; `report` shows how far it is")
        files = [file for seed in run.finished for file in room.draw_seed(run.seed(seed))]
        files += [*room.draw_summary(run), *more(run)]
        warn(run)
        print(f"{len(files)} figures in {run.figures}")
    return 0


def side_by_side(room: Room, runs: Sequence[Path], output: Path | None) -> int:
    from driver.report.compare_page import Compared, lines, shown_of, write

    found = []
    for run in opened(room, runs):
        rows = {s: room.sweep_row(run.seed(s).results) for s in run.finished}
        found.append(Compared(run, rows, room.figures_of(run)))
    if len(found) < 2:
        raise UsageError("compare needs two runs, such as Runs/one Runs/other")
    names = "_".join(compared.name for compared in found)
    target = output or found[0].run.folder.parent / f"compare_{names}"[:MAX_NAME_BYTES]
    if target.suffix != ".html":
        target = target.with_name(f"{target.name}.html")
    if not can_be_made(target.parent):
        raise UsageError(f"--output {target}: there is no folder that can be written to")
    target.parent.mkdir(parents=True, exist_ok=True)
    every = [run.run.seed(seed).results for run in found for seed in run.rows]
    decides = room.deciding(every[0]) if every else None
    table = resolve(room.metrics.name)
    shown = shown_of(table, found, decides.name if decides else "")
    print("\n".join(lines(shown, found)))
    print(write(shown, found, table.title, target))
    return 0


def warn(run: Run) -> None:
    """Say which of the files that were read were edited."""
    for words in run.edited:
        print(f"warning: {visible(words)}", file=sys.stderr)


def tell_status(room: Room, runs: Sequence[Path]) -> int:
    lines, status = status_lines(room, runs)
    print("\n".join(lines))
    return status if runs else 0


def keep_telling(room: Room, runs: Sequence[Path], every_s: float = 2.0) -> int:
    """The same again and again; Ctrl+C is the way to end it, and no failure."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            lines, _ = status_lines(room, runs)
            if sys.stdout.isatty():  # over what stands there, cut to the screen
                lines = lines[: shutil.get_terminal_size().lines - 1]
                print("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines), end="\x1b[J")
            else:
                print("\n".join(lines))
            sys.stdout.flush()
            time.sleep(every_s)
    return 0


def write_index(room: Room, folder: Path, watch: bool) -> int:
    from driver.command.index import EVERY_S, Index

    made = Index(room, folder)
    with contextlib.suppress(KeyboardInterrupt):
        print(made.write(everything(folder), EVERY_S if watch else 0), flush=True)
        while watch:
            time.sleep(EVERY_S)
            made.write(everything(folder), EVERY_S)
    if watch:
        made.write(everything(folder))  # a page that nobody writes is not read again
    return 0


def status_lines(room: Room, runs: Sequence[Path]) -> tuple[list[str], int]:
    """Lines of each folder; one that is no run is one line, and not the end of the others."""
    from driver.command.watch import run_lines, sweep_lines

    every, status = [], 0
    for folder in named(runs) if runs else everything(RUNS):
        try:
            sweep = folder / CONTENT
            if sweep.exists():
                lines = sweep_lines(room, sweep)
            else:
                own = room_of(folder, room)
                lines = run_lines(own, own.open(folder))
        except Exception as error:  # what a damaged or a hostile folder can raise has no end
            if len(runs) == 1 and isinstance(error, NotARun):
                raise
            is_known, what = isinstance(error, NotARun | OSError), "not a run of this program"
            what = f"{folder}: " + ("edited" if isinstance(error, Edited) else what)
            words = short(str(error) if is_known else repr(error), 300)
            lines, status = [f"{what} ({words})"], EXIT_USAGE
        every += map(visible, lines)
    return every, status


def exported(room: Room, runs: Sequence[Path], to: str, output: Path | None) -> int:
    from driver.export.spikes import optional, spike_table

    if to != "csv":
        if room.recordings is nothing:
            raise UsageError(
                f"--to {to}: no spikes are recorded by this program; there is --to csv"
            )
        optional(PACKAGES[to])  # before a folder is made
    about = resolve(room.metrics.name).title
    tables = resolve(room.tables.name)
    if tables is NO_TABLES and room.recordings is not nothing:
        tables = {"spikes": lambda seed: spike_table(room.recordings(seed))}
    for run, folder in to_export(room, runs, output):
        if to == "csv":
            files = export_csv(run, folder, tables)
        else:
            write = resolve(f"driver.export.{to}:export_{to}")
            files = [
                write(
                    seed, room.recordings(seed), about, folder / f"{run.name}_seed_{n}{ENDING[to]}"
                )
                for n, seed in ((n, run.seed(n)) for n in run.finished)
            ]
        print("\n".join(map(str, files)))
    return 0


def to_export(room: Room, runs: Sequence[Path], output: Path | None) -> Iterator[tuple[Run, Path]]:
    """Runs with a finished seed, and the folder that each is written to, which is made.

    Raises
    ------
    UsageError
        If a run has no finished seed, or two of them have the same name.
    """
    names = [run.resolve().name for run in runs]
    if output and len(set(names)) < len(names):
        raise UsageError(f"--output {output}: two of the runs have the same name")
    for run in opened(room, runs):
        finished(run)
        warn(run)
        folder = output or run.folder / "export"
        if output and len(runs) > 1:  # files of different runs have the same names
            folder = output / run.folder.resolve().name
        if not can_be_made(folder):
            raise UsageError(f"--output {folder}: there is no folder that can be written to")
        folder.mkdir(parents=True, exist_ok=True)
        yield run, folder


def opened(room: Room, runs: Sequence[Path]) -> list[Run]:
    """All of them, before anything is done with the first."""
    return [opened_run(room, folder) for folder in named(runs)]


def named(runs: Sequence[Path]) -> Sequence[Path]:
    if not runs:
        raise UsageError("which run? Name its folder, such as Runs/ten; `status` lists them")
    return [folder_of(run) for run in runs]


def everything(root: Path) -> list[Path]:
    """All runs and sweeps in a folder, oldest first.

    Raises
    ------
    UsageError
        If there is none.
    """
    files = [file for name in (PARAMS, CONTENT) for file in root.glob(f"*/{name}")]
    files.sort(key=lambda file: file.lstat().st_mtime)
    if not files:
        raise UsageError(f"there is no run in {root}; name a run folder")
    return [file.parent for file in files]
