"""The README tells the truth."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from driver import VERSION
from driver.command.shorthand import expanded
from driver.report.tables import names
from models.lateral_line import docs
from models.lateral_line.room import ROOM
from tests.browser import dead_links, looked_at
from tests.pages import PAGES, ROOT, commands, folders
from tests.program import call, load_json, render_nothing, resolve, shared

TEXT = PAGES["README.md"]
MAX_HEIGHT = 18_000  # pixels of a page as it opens


def test_every_command_of_the_lateral_line_can_be_run(tmp_path, monkeypatch, pretended_genn):
    """As far as the checks go that are made before a run begins; words, on a small run."""
    lines = commands("ll_stdp")
    assert len(lines) >= 20
    for name in folders(lines):
        shutil.copytree(shared().folder, tmp_path / "Runs" / name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text('mode = "ll_fast"\nn_mon = 800')
    render_nothing(monkeypatch)
    for line in lines:
        if {"--resume-from", "--go-on", "--help"} & set(line):  # needs that very run, a page
            continue
        if line[0] == "run" or line[0].startswith("-"):
            resolve([*expanded(ROOM, line), "--overwrite"])  # some are there already
        else:
            assert call(*line)[0] == 0, line


def test_the_python_of_the_readme_does_what_it_says(tmp_path, monkeypatch):
    shutil.copytree(shared().folder, tmp_path / "Runs" / "three")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    space = {}
    exec(code, space)
    assert space["seed"].number == 123


def test_files_that_are_named_exist():
    for name in ("CITATION.cff", "LICENSE", "CHANGELOG.md", "requirements.txt"):
        assert (ROOT / name).exists(), name


def test_changelog_and_citation_are_of_this_version():
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text()
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heads[0] in (VERSION, "Unreleased")


def requirements(file):
    """What a file asks for, with the files that it includes."""
    for line in (ROOT / file).read_text().splitlines():
        need = line.partition("#")[0].strip()
        if need.startswith("-r "):
            yield from requirements(need.removeprefix("-r "))
        elif need:
            yield Requirement(need)


@pytest.mark.parametrize("python", ("3.11", "3.13"))
def test_locked_versions_are_those_that_are_asked_for(python):
    text = (ROOT / f"requirements-lock-{python}.txt").read_text()
    pins = re.findall(r"^([\w.-]+)==([\w.]+)$", text, re.MULTILINE)
    assert len(pins) == len(text.splitlines())  # nothing else: no place to fetch from
    locked = {canonicalize_name(name): version for name, version in pins}
    for need in (*requirements("requirements-dev.txt"), *requirements("requirements-docs.txt")):
        if need.marker is None or need.marker.evaluate({"python_version": python}):
            assert locked[canonicalize_name(need.name)] in need.specifier, need


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What `make run` leaves in an empty folder, with the environment of this test."""
    folder = tmp_path_factory.mktemp("clone")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    venv = sys.prefix  # its stamp counts as up to date: nothing is installed
    command = ["make", "run", f"VENV={venv}", "-o", f"{venv}/run.stamp"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


def test_make_run_ends_with_a_map_and_says_where_it_lies(made):
    folder, said = made
    (run,) = (folder / "Runs").iterdir()
    assert f"everything is in Runs/{run.name}" in said
    assert re.search(r"trained +untrained +difference", said)
    assert re.search(r"Seed 123 results: sigma_theta=\d\.\d+ rad, valid_fraction=0\.[6-9]", said)
    assert (folder / "Logs" / f"{run.name}.log").exists()


def test_numbers_shown_in_the_readme_are_those_of_make_run(made):
    _, said = made
    shown = re.findall(r"^sigma_theta aligned, \w+ \(rad\).*$", TEXT, re.MULTILINE)
    assert len(shown) == 2 and all(line in said for line in shown)


def test_files_and_arrays_of_a_run_are_those_of_the_tables(made):
    folder, _ = made
    (run,) = (folder / "Runs").iterdir()
    files = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    named = {
        name.replace("<s>", "123").replace("<tag>", "latest")
        for name in docs.FILES
        if not name.startswith("figures")
    }
    assert {f for f in files if not f.startswith("figures/")} == named
    assert any(f.startswith("figures/") for f in files)
    for file, table in (
        ("latest_seed_123.npz", docs.WEIGHT_ARRAYS),
        ("seed_123_recordings.npz", docs.RECORDED_ARRAYS),
    ):
        with np.load(run / "artifacts" / file) as arrays:
            assert set(arrays) == set(names(table)), file


def unfit(root: Path, files: list[Path]) -> list[str]:
    """What is wrong with pages: links that lead nowhere, what sticks out, on a telephone too.

    Nobody reads a page of twenty screens: what is rarely looked at is to be folded.
    """
    wrong = [f"{file}: {link}" for file in files for link in dead_links(file)]
    texts = [file.read_text(encoding="utf-8") for file in files]
    shown = {f"{k}_{w}": (t, w) for k, t in enumerate(texts) for w in (1280, 400)}
    for name, told in looked_at(root, shown).items():
        if name == "console":
            wrong += told
            continue
        too_large = told["page"] > told["width"] or told["height"] > MAX_HEIGHT
        if too_large or told["unloaded"] or told["errors"]:
            wrong.append(f"{files[int(name.partition('_')[0])]}: {told}")
    return wrong


def test_pages_of_make_run_fit_a_screen_and_a_telephone(made, tmp_path, monkeypatch):
    folder, _ = made
    monkeypatch.chdir(folder)
    assert call("index")[0] == 0
    (report,) = folder.glob("Runs/*/report.html")
    assert unfit(tmp_path, [report, folder / "Runs" / "index.html"]) == []


@pytest.mark.slow
def test_commands_of_readme_and_tutorial_make_what_they_say(made, tmp_path):
    """The walk of a newcomer after `make run`: every command in its order, then every page."""
    folder, _ = made
    tutorial = PAGES["docs/tutorial.md"]
    lines = re.findall(r"^(python \w+_brian2\.py .*?)(?: {2,}#.*)?$", TEXT + tutorial, re.MULTILINE)
    assert len(dict.fromkeys(lines)) >= 18
    for line in dict.fromkeys(lines):
        words = [sys.executable, *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (line, done.stderr[-2000:])
    for name in ("three", "shuffled", "farther"):
        results = sorted(folder.glob(f"Runs/{name}/artifacts/seed_*_results.json"))
        orders = [f"{load_json(file)['map']['order']:.2f}" for file in results]
        words = "{}, {} and {}".format(*orders).replace("-0.00", "0.00")
        assert words in tutorial, name
    assert unfit(tmp_path, sorted(folder.glob("Runs/*/report.html"))) == []
