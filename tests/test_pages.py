"""What pages have from the code is as the code has it, and what they name is there."""

import re

import pytest

from driver.command.words import words_of
from driver.engine.model import resolve
from models.cube.room import ROOM as CUBE
from models.lateral_line.room import ROOM as LATERAL_LINE
from models.predictive.room import ROOM as PREDICTIVE
from models.sequence.room import ROOM as SEQUENCE
from tests.pages import PAGES, ROOT, commands
from tools import pages

DOORS = {
    "ll_stdp": LATERAL_LINE,
    "cube": CUBE,
    "sequence": SEQUENCE,
    "predictive": PREDICTIVE,
}


@pytest.mark.parametrize("page, parts", pages.pages().items(), ids=[*pages.pages()])
def test_generated_parts_are_up_to_date(page, parts):
    assert pages.renewed(page, parts) == PAGES[page], "run python -m tools.pages"


@pytest.mark.parametrize("door", DOORS)
def test_every_preset_says_what_to_expect(door, capsys):
    room = DOORS[door]
    about = resolve(room.presets.name)
    known = room.format.presets or resolve(room.presets.name.split(":")[0] + ":PRESETS")
    assert set(about) == set(known)
    assert words_of(room)["presets"]() == 0
    listed = capsys.readouterr().out
    for name, (_, expected, time) in about.items():
        assert f"{name}: " in listed and expected in listed and time in listed


@pytest.mark.parametrize("door", ("sequence", "predictive"))
def test_every_command_can_be_run(door):
    """As far as the checks go that are made before a run; other doors have tests of theirs."""
    room, lines = DOORS[door], commands(door)
    assert len(lines) >= 5
    for line in lines:
        if line[0].startswith("-"):
            room.read(line)
        else:
            assert line[0] in (*words_of(room), "sweep"), line


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for path, anchor in re.findall(r"\]\((?!http)([^)#]*)(?:#([^)]+))?\)", PAGES[page]):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), path
        if anchor:
            heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in heads}


def test_the_readme_is_short_and_has_twelve_commands():
    text = PAGES["README.md"]
    assert len(text.splitlines()) <= 170
    assert len(re.findall(r"^python \w+_brian2\.py ", text, re.MULTILINE)) == 12
