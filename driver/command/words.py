"""What can be done with a finished or a running run: the words after the program's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import tyro

from driver.engine.model import resolve
from driver.export.csv import export_numbers, finished
from driver.flags.from_dataclass import UsageError
from driver.room import Room
from driver.run.folder import PARAMS
from driver.run.saved import NotARun, Run
from driver.sweep.axes import CONTENT

RUNS = Path("Runs")
Folders = tyro.conf.Positional[tuple[Path, ...]]


def main(room: Room, argv: Sequence[str]) -> int:
    """Run the command ``argv[0]``; returns the exit status.

    Raises
    ------
    UsageError
        If a folder is not the one of a run.
    """
    if argv[0] == "sweep":
        from driver.sweep.command import main as sweep

        return sweep(room, argv[1:])
    try:
        return tyro.extras.subcommand_cli_from_dict(
            words_of(room), prog=room.format.prog, args=list(argv)
        )
    except NotARun as error:
        raise UsageError(str(error)) from None


def words_of(room: Room) -> dict[str, Callable[..., int]]:
    """What can be done with runs, by word; the help pages are the docstrings."""

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
            is_sweep = sweep.exists()
            write = room.write_sweep_report if is_sweep else room.write_report
            print(write(sweep if is_sweep else room.open(folder)))
        return 0

    def status(runs: Folders = ()) -> int:
        """Say how far runs are: trial, time left, last metrics, memory.

        Args:
            runs: Run folders; all in Runs/ if none is given.
        """
        return tell_status(room, runs)

    def export(runs: Folders, output: Path | None = None) -> int:
        """Write every number of finished seeds as CSV, for other programs.

        Args:
            runs: Run folders, such as Runs/ten.
            output: Folder to write to, with one inside for each of several runs; export/ in the run
                folder if not given.
        """
        for run, folder in to_export(room, runs, output):
            print("\n".join(map(str, export_numbers(run, folder))))
        return 0

    def presets() -> int:
        """Say of each preset what it is, what to expect of it and how long it takes."""
        for name, about in resolve(room.presets.name).items():
            print(f"{name}: {about.what} ({about.time})\n    expect: {about.expected}")
        return 0

    of_runs = {"figures": figures, "report": report, "status": status, "export": export}
    return of_runs | dict(room.words(room)) | {"presets": presets}


def draw_again(
    room: Room, runs: Sequence[Path], more: Callable[[Run], list[Path]] = lambda run: []
) -> int:
    """Draw the figures of runs, and what `more` draws of each."""
    for run in opened(room, runs):
        if not run.finished:
            raise UsageError(f"{run.folder} has no finished seed yet; `report` shows how far it is")
        files = [file for seed in run.finished for file in room.draw_seed(run.seed(seed))]
        files += [*room.draw_summary(run), *more(run)]
        print(f"{len(files)} figures in {run.figures}")
    return 0


def tell_status(room: Room, runs: Sequence[Path]) -> int:
    from driver.command.watch import run_lines, sweep_lines

    for folder in runs or everything(RUNS):
        try:
            sweep = folder / CONTENT
            is_sweep = sweep.exists()
            lines = sweep_lines(room, sweep) if is_sweep else run_lines(room, room.open(folder))
            print("\n".join(lines))
        except NotARun as error:
            if runs:
                raise
            print(f"{folder}: not a run of this program ({error})")
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
        folder = output or run.folder / "export"
        if output and len(runs) > 1:  # files of different runs have the same names
            folder = output / run.folder.resolve().name
        folder.mkdir(parents=True, exist_ok=True)
        yield run, folder


def opened(room: Room, runs: Sequence[Path]) -> list[Run]:
    """All of them, before anything is done with the first."""
    return [room.open(folder) for folder in named(runs)]


def named(runs: Sequence[Path]) -> Sequence[Path]:
    if not runs:
        raise UsageError("name a run folder, such as Runs/ten")
    return runs


def everything(root: Path) -> list[Path]:
    """All runs and sweeps in a folder, oldest first.

    Raises
    ------
    UsageError
        If there is none.
    """
    files = [file for name in (PARAMS, CONTENT) for file in root.glob(f"*/{name}")]
    files.sort(key=lambda file: file.stat().st_mtime)
    if not files:
        raise UsageError(f"there is no run in {root}; name a run folder")
    return [file.parent for file in files]
