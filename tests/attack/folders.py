"""Folders that others have made: nothing outside of them is read or written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import pytest

from driver.run import checkpoint
from tests.attack.doors import DOORS, Door, begun, copied, finished
from tests.faults.judge import Kind, Wrong
from tests.program import render_nothing

SECRET = "a secret that nobody may show"
Words = Sequence[object]


def link(path: Path, target: Path) -> None:
    """Put a link in the place of what is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target.absolute())


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def new(door: Door, *flags: str) -> Words:
    return (*door.tiny, "--run-name", "a", "--no-figures", *flags)


# Each makes Runs/a, with `outside` beside Runs, and gives the words of the command.


def a_run_that_is_a_link_replaced(door: Door, outside: Path) -> Words:
    link(Path("Runs/a"), outside)
    return new(door, "--overwrite")


def a_run_that_is_a_link_gone_on_with(door: Door, outside: Path) -> Words:
    shutil.copytree(begun(door), outside, dirs_exist_ok=True)
    link(Path("Runs/a"), outside)
    return new(door, "--go-on")


def a_run_that_is_a_link_to_a_run_replaced(door: Door, outside: Path) -> Words:
    shutil.copytree(finished(door), outside / "run")
    link(Path("Runs/a"), outside / "run")
    return new(door, "--overwrite", "--seed-start", "7")


def figures_elsewhere(door: Door, outside: Path) -> Words:
    link(copied(finished(door)) / "figures", outside)
    return "figures", "Runs/a"


def figures_elsewhere_in_a_report(door: Door, outside: Path) -> Words:
    (outside / f"{SECRET}.png").write_bytes(b"")
    link(copied(finished(door)) / "figures", outside)
    return "report", "Runs/a"


def a_figure_elsewhere(door: Door, outside: Path) -> Words:
    link(copied(finished(door)) / "figures" / "raster.png", outside / "secret.log")
    return "report", "Runs/a"


def artifacts_elsewhere(door: Door, outside: Path) -> Words:
    folder = copied(begun(door))
    shutil.copytree(folder / "artifacts", outside / "artifacts")
    link(folder / "artifacts", outside / "artifacts")
    return new(door, "--go-on")


def artifacts_elsewhere_read(door: Door, outside: Path) -> Words:
    folder = copied(finished(door))
    shutil.copytree(folder / "artifacts", outside / "artifacts")
    link(folder / "artifacts", outside / "artifacts")
    return "export", "Runs/a"


def results_elsewhere(door: Door, outside: Path) -> Words:
    path = copied(finished(door)) / "artifacts" / f"seed_{door.seed}_results.json"
    shutil.copy(path, outside)
    link(path, outside / path.name)
    return "export", "Runs/a"


def a_status_elsewhere(door: Door, outside: Path) -> Words:
    path = copied(begun(door)) / "artifacts" / f"seed_{door.seed}_status.json"
    edit(path, note=SECRET)
    shutil.copy(path, outside)
    link(path, outside / path.name)
    return "status", "Runs/a"


def a_summary_and_a_report_elsewhere(door: Door, outside: Path) -> Words:
    folder = copied(finished(door))
    for name in ("run_summary.json", "report.html"):
        (outside / name).write_text("{}")
        link(folder / name, outside / name)
    return "report", "Runs/a"


def parameters_elsewhere(door: Door, outside: Path) -> Words:
    folder = copied(finished(door))
    shutil.copy(folder / "params.json", outside)
    link(folder / "params.json", outside / "params.json")
    return new(door, "--overwrite")


def a_file_that_is_being_written_elsewhere(door: Door, outside: Path) -> Words:
    """The name of a temporary file can be guessed."""
    link(Path(f"Runs/a/.params.json.{os.getpid()}.part"), outside / "thesis.tex")
    return new(door)


def a_checkpoint_elsewhere(door: Door, outside: Path) -> Words:
    path = copied(begun(door)) / "artifacts" / checkpoint.name(door.seed)
    shutil.copy(path, outside)
    link(path, outside / path.name)
    return new(door, "--go-on")


def a_log_elsewhere(door: Door, outside: Path) -> Words:
    link(Path("Logs/a.log"), outside / "thesis.tex")
    return new(door)


def a_log_elsewhere_gone_on_with(door: Door, outside: Path) -> Words:
    copied(begun(door))
    link(Path("Logs/a.log"), outside / "thesis.tex")
    return new(door, "--go-on")


def a_log_elsewhere_in_a_report(door: Door, outside: Path) -> Words:
    start = json.loads((copied(finished(door)) / "params.json").read_text())["environment"]
    (outside / "secret.log").write_text(f"{start['start_time_utc']} {SECRET}")
    link(Path("Logs/a.log"), outside / "secret.log")
    return "report", "Runs/a"


def a_name_that_climbs(door: Door, outside: Path) -> Words:
    return named(door, "../outside/secret")


def a_name_that_is_a_path(door: Door, outside: Path) -> Words:
    return named(door, str(outside.absolute() / "secret"))


def named(door: Door, name: str) -> Words:
    """A run whose parameters say that it had another name, whose log would be shown."""
    params = copied(finished(door)) / "params.json"
    environment = json.loads(params.read_text())["environment"] | {"start_time_utc": ""}
    edit(params, run_folder=name, environment=environment)
    Path("Logs").mkdir()
    return "report", "Runs/a"


def a_tag_that_climbs(door: Door, outside: Path) -> Words:
    results = copied(finished(door)) / "artifacts" / f"seed_{door.seed}_results.json"
    edit(results, save_tag="../../../outside/latest")
    return new(door, "--go-on", "--save-weights-dir", "outside")[:-2]


def an_export_elsewhere(door: Door, outside: Path) -> Words:
    link(copied(finished(door)) / "export", outside)
    return "export", "Runs/a"


def copies_elsewhere(door: Door, outside: Path) -> Words:
    link(Path(f"copies/latest_seed_{door.seed}.npz"), outside / "thesis.tex")
    return new(door, "--overwrite", "--save-weights-dir", "copies")


def a_sweep_that_climbs(door: Door, outside: Path) -> Words:
    shutil.copytree(finished(door), outside / "run")
    edit(outside / "run" / "params.json", run_folder=SECRET)
    Path("Runs/a").mkdir(parents=True)
    row = {"run": "../../outside/run", "state": "done", "condition": {"seed": 1}, "complaint": None}
    Path("Runs/a/sweep.json").write_text(
        json.dumps({"schema_version": 2, "axes": [], "runs": [row | {"command": ""}]})
    )
    return "report", "Runs/a"


CASES: tuple[Callable[[Door, Path], Words], ...] = (
    *(a_run_that_is_a_link_replaced, a_run_that_is_a_link_gone_on_with),
    *(a_run_that_is_a_link_to_a_run_replaced, figures_elsewhere, figures_elsewhere_in_a_report),
    *(a_figure_elsewhere, artifacts_elsewhere, artifacts_elsewhere_read, results_elsewhere),
    *(a_status_elsewhere, a_summary_and_a_report_elsewhere, parameters_elsewhere),
    *(a_file_that_is_being_written_elsewhere, a_checkpoint_elsewhere, a_log_elsewhere),
    *(a_log_elsewhere_gone_on_with, a_log_elsewhere_in_a_report, a_name_that_climbs),
    *(a_name_that_is_a_path, a_tag_that_climbs, an_export_elsewhere, copies_elsewhere),
    *(a_sweep_that_climbs,),
)
READ = {artifacts_elsewhere_read, results_elsewhere, a_sweep_that_climbs}
"""What these show can only be from outside: all they may do is refuse."""


def attack(kind: Kind, random: Random, k: int) -> None:
    """A folder that was made by hand: a message or a run, and nothing of what lies outside."""
    door, case = DOORS[k % len(DOORS)], CASES[k // len(DOORS) % len(CASES)]
    outside = Path("outside")
    outside.mkdir()
    (outside / "thesis.tex").write_text("mine")
    (outside / "secret.log").write_text(SECRET)
    (outside / "params.json").write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        render_nothing(patch)
        words = case(door, outside)
        with kind.trial(f"{case.__name__.replace('_', ' ')}; {door.shown(*words)}"):
            before = contents(outside)
            said = door.call(*words)
            if changed := sorted(before.items() ^ contents(outside).items()):
                raise Wrong(f"outside was changed: {Path(changed[0][0]).name}")
            if SECRET in said.out + said.err or any(SECRET in text for text in pages()):
                raise Wrong("what lies outside is shown")
            if case in READ and said.status == 0:
                raise Wrong("what lies outside was read")
            said.judge(0, 1, 2)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def pages() -> list[str]:
    """Texts that were made of a run."""
    files = (p for ending in ("html", "csv") for p in Path("Runs").rglob(f"*.{ending}"))
    return [p.read_text(errors="replace") for p in files if not p.is_symlink()]
