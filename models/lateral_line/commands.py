"""What can be done with a finished or a running run: the words after ``ll_stdp_brian2.py``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import tyro

from driver.cli import UsageError
from driver.run_folder import PARAMS
from models.lateral_line.saved import NotARun, Run

RUNS, SWEEP = Path("Runs"), "sweep.json"
Folders = tyro.conf.Positional[tuple[Path, ...]]


def main(argv: Sequence[str], prog: str) -> int:
    """Run the command ``argv[0]``; returns the exit status.

    Raises
    ------
    UsageError
        If a folder is not the one of a run.
    """
    if argv[0] == "sweep":
        from models.lateral_line.sweep_command import main as sweep

        return sweep(argv[1:], prog)
    try:
        return tyro.extras.subcommand_cli_from_dict(COMMANDS, prog=prog, args=list(argv))
    except NotARun as error:
        raise UsageError(str(error)) from None


def figures(runs: Folders, analyses: bool = False) -> int:
    """Draw all figures of runs again, from their folders alone.

    Args:
        runs: Run folders, such as Runs/ten.
        analyses: Also draw what the stored weights alone make of a source: TS without a simulation,
            peaks of its cells, and how alike places are for the afferents.
    """
    from models.lateral_line.show.figures import draw_analyses, draw_run

    for run in opened(runs):
        if not run.finished:
            raise UsageError(f"{run.folder} has no finished seed yet; `report` shows how far it is")
        files = [*draw_run(run), *(draw_analyses(run) if analyses else [])]
        print(f"{len(files)} figures in {run.figures}")
    return 0


def report(runs: Folders) -> int:
    """Write report.html of runs and sweeps, also of those that are still running.

    Args:
        runs: Folders of runs or sweeps, such as Runs/ten.
    """
    from models.lateral_line.show.report import write_report
    from models.lateral_line.show.sweep_report import write_sweep_report

    for folder in named(runs):
        sweep = folder / SWEEP
        print(write_sweep_report(sweep) if sweep.exists() else write_report(Run(folder)))
    return 0


def status(runs: Folders = ()) -> int:
    """Say how far runs are: trial, time left, last metrics, memory.

    Args:
        runs: Run folders; all in Runs/ if none is given.
    """
    from models.lateral_line.show.watch import run_lines, sweep_lines

    for folder in runs or everything(RUNS):
        try:
            sweep = folder / SWEEP
            lines = sweep_lines(sweep) if sweep.exists() else run_lines(Run(folder))
            print("\n".join(lines))
        except NotARun as error:
            if runs:
                raise
            print(f"{folder}: not a run of this program ({error})")
    return 0


def export(runs: Folders, to: Literal["csv", "nwb"], output: Path | None = None) -> int:
    """Write runs for other programs: tables as CSV, spikes as NWB.

    Args:
        runs: Run folders, such as Runs/ten.
        to: csv is a folder of tables, nwb a file for each seed.
        output: Folder to write to, with one inside for each of several runs; export/ in the run
            folder if not given.
    """
    from models.lateral_line.export import export_csv, export_nwb

    names = [run.resolve().name for run in runs]
    if output and len(set(names)) < len(names):
        raise UsageError(f"--output {output}: two of the runs have the same name")
    for run in opened(runs):
        if not run.finished:
            raise UsageError(f"{run.folder} has no finished seed to export")
        folder = output or run.folder / "export"
        if output and len(runs) > 1:  # tables of different runs have the same names
            folder = output / run.folder.resolve().name
        folder.mkdir(parents=True, exist_ok=True)
        if to == "csv":
            files = export_csv(run, folder)
        else:
            files = [
                export_nwb(run.seed(s), folder / f"{run.name}_seed_{s}.nwb") for s in run.finished
            ]
        print("\n".join(map(str, files)))
    return 0


def stimulus(output: Path = Path("Picture/stimulus.png")) -> int:
    """Draw the stimulus alone: sweeps at three distances, in both directions.

    Args:
        output: File to write.
    """
    from models.lateral_line.show.stimulus_figure import draw_stimulus_figure

    output.parent.mkdir(parents=True, exist_ok=True)
    print(draw_stimulus_figure(output))
    return 0


COMMANDS = {
    "figures": figures,
    "report": report,
    "status": status,
    "export": export,
    "stimulus": stimulus,
}


def opened(runs: Sequence[Path]) -> list[Run]:
    """All of them, before anything is done with the first."""
    return [Run(folder) for folder in named(runs)]


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
    files = [file for name in (PARAMS, SWEEP) for file in root.glob(f"*/{name}")]
    files.sort(key=lambda file: file.stat().st_mtime)
    if not files:
        raise UsageError(f"there is no run in {root}; name a run folder")
    return [file.parent for file in files]
