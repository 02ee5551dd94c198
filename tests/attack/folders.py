"""Folders that others have made: nothing outside of them is read, run or written."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from random import Random

import pytest

from driver.run import checkpoint
from tests.attack.doors import DOORS, begun, contents, finished
from tests.faults.judge import Kind, Wrong
from tests.program import render_nothing

SECRET = "a secret that nobody may show"
RUN, RESULTS, STATUS = "Runs/a", "Runs/a/artifacts/{seed}_results.json", "{seed}_status.json"
NEW, GO_ON, REPORT = ("{new}",), ("{new}", "--go-on"), ("report", RUN)
# What lies in Runs/a; what is a link to something in ``outside``, where it is moved if it is there;
# the command; what is edited in params.json.
CASES = {
    "a run is replaced": (None, {RUN: "."}, (*NEW, "--overwrite"), {}),
    "a run goes on": (begun, {RUN: "run"}, GO_ON, {}),
    "another run is replaced": (finished, {RUN: "run"}, ("{new}", "--overwrite"), {}),
    "figures": (finished, {f"{RUN}/figures": "."}, ("figures", RUN), {}),
    "figures shown": (finished, {f"{RUN}/figures": "."}, REPORT, {}),
    "a figure": (finished, {f"{RUN}/figures/raster.png": "secret.log"}, REPORT, {}),
    "artifacts": (begun, {f"{RUN}/artifacts": "artifacts"}, GO_ON, {}),
    "artifacts read": (finished, {f"{RUN}/artifacts": "artifacts"}, ("{export}", RUN), {}),
    "results read": (finished, {f"{RUN}/artifacts/{{results}}": "r"}, ("{export}", RUN), {}),
    "a status": (begun, {f"{RUN}/artifacts/{{status}}": "secret.json"}, ("status", RUN), {}),
    "a summary": (finished, {f"{RUN}/run_summary.json": "summary"}, GO_ON, {}),
    "a report": (finished, {f"{RUN}/report.html": "thesis.tex"}, REPORT, {}),
    "parameters": (finished, {f"{RUN}/params.json": "params"}, (*NEW, "--overwrite"), {}),
    "a file that is being written": (
        None,
        {f"{RUN}/.params.json.{{pid}}.part": "thesis.tex"},
        NEW,
        {},
    ),
    "a checkpoint": (begun, {f"{RUN}/artifacts/{{checkpoint}}": "c.npz"}, GO_ON, {}),
    "a log": (None, {"Logs/a.log": "thesis.tex"}, NEW, {}),
    "a log goes on": (begun, {"Logs/a.log": "thesis.tex"}, GO_ON, {}),
    "a log shown": (finished, {"Logs/a.log": "secret.log"}, REPORT, {}),
    "a name that climbs": (finished, {}, REPORT, {"run_folder": "../outside/secret"}),
    "a name that is a path": (finished, {}, REPORT, {"run_folder": "{outside}/secret"}),
    "an export": (finished, {f"{RUN}/export": "."}, ("{export}", RUN), {}),
    "copies": (
        None,
        {"w/{weights}": "thesis.tex"},
        (*NEW, "--save-weights-dir", "w", "--overwrite"),
        {},
    ),
}
READ = ("artifacts read", "results read")
"""What these show can only be from outside: all that they may do is refuse."""


def attack(kind: Kind, random: Random, k: int) -> None:
    """A folder that was made by hand: a message or a run, and nothing of what lies outside."""
    door, name = DOORS[k % len(DOORS)], list(CASES)[k // len(DOORS) % len(CASES)]
    (base, links, words, edits), outside = CASES[name], Path("outside").absolute()
    names = {"seed": door.seed, "pid": os.getpid(), "outside": outside}
    names |= {key: f"seed_{door.seed}_{key}.json" for key in ("results", "status")}
    names |= {"weights": f"latest_seed_{door.seed}.npz", "checkpoint": checkpoint.name(door.seed)}
    outside.mkdir()
    Path("Runs").mkdir()
    start = ""
    if base:
        shutil.copytree(base(door), RUN)
        params = Path(RUN, "params.json")
        content = json.loads(params.read_text())
        start = content["environment"]["start_time_utc"]
        if edits:
            content |= {key: value.format(**names) for key, value in edits.items()}
            params.write_text(json.dumps(content))
        status = Path(RUN, "artifacts", names["status"])
        if name == "a status":
            status.write_text(json.dumps(json.loads(status.read_text()) | {"note": SECRET}))
    (outside / "thesis.tex").write_text("mine")
    (outside / "params.json").write_text("{}")
    (outside / "secret.log").write_text(f"{start} {SECRET}")
    (outside / f"{SECRET}.png").write_bytes(b"")
    Path("Logs").mkdir()
    for place, target in links.items():
        link_out(Path(place.format(**names)), outside / target)
    whole = {"{new}": door.new, "{export}": door.export}
    words = [word for part in words for word in whole.get(part, (part,))]
    with pytest.MonkeyPatch.context() as patch, kind.trial(f"{name}; {door.shown(*words)}"):
        render_nothing(patch)
        before = contents(outside)
        said = door.call(*words)
        if changed := sorted(before.items() ^ contents(outside).items()):
            raise Wrong(f"outside was changed: {Path(changed[0][0]).name}")
        pages = (p for ending in ("html", "csv") for p in Path("Runs").rglob(f"*.{ending}"))
        texts = [page.read_text(errors="replace") for page in pages if not page.is_symlink()]
        if any(SECRET in text for text in (said.out, said.err, *texts)):
            raise Wrong("what lies outside is shown")
        if name in READ and said.status == 0:
            raise Wrong("what lies outside was read")
        said.judge(0, 1, 2)


def link_out(path: Path, target: Path) -> None:
    """Put a link in the place of what is there, and move that to where the link leads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not target.exists():
        shutil.move(path, target)
    elif path.is_dir():
        shutil.rmtree(path)
    path.symlink_to(target)
