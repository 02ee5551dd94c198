"""Renew what the pages have from the code: ``python -m tools.pages``.

It stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``. Each room says in its module
`docs` what is in which page, tests/test_pages.py holds the pages against that.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from driver.engine.model import resolve
from driver.report.tables import flag_table, markdown, regenerate
from driver.run.request import RunOptions

ROOT = Path(__file__).parents[1]
DOORS = {  # the question of each room, and its page; the first preset is the one to begin with
    "lateral_line": (
        "Does a map of where a sphere moves form by learning?",
        "docs/lateral_line.md",
    ),
    "cube": ("Are paths predicted that were never shown?", "docs/dots.md"),
    "sequence": ("Does a pattern go on when it is broken off?", "docs/sequence.md"),
    "predictive": ("What does a network learn from its own errors?", "docs/predictive.md"),
}
Parts = dict[str, Callable[[], str]]


def doors() -> str:
    """A row a door, with the first of its presets."""
    rows = []
    for room, (question, page) in DOORS.items():
        found = importlib.import_module(f"models.{room}.room").ROOM
        name, about = next(iter(resolve(found.presets.name).items()))
        command = f"`python {found.format.prog} --mode {name}`"
        rows.append((question, command, about.expected, about.time, f"[{Path(page).stem}]({page})"))
    return markdown(("question", "command", "expected outcome", "time", "page"), rows)


def pages() -> dict[str, Parts]:
    """What is made from the code, by page and name."""
    found: dict[str, Parts] = {
        "README.md": {"doors": doors},
        "docs/flags.md": {"run flags": lambda: flag_table(RunOptions, hidden=["mode"])},
    }
    for room in DOORS:
        for page, parts in importlib.import_module(f"models.{room}.docs").PAGES.items():
            found[page] = found.get(page, {}) | parts
    return found


def renewed(page: str, parts: Parts) -> str:
    """Text of a page as it ought to be."""
    return regenerate((ROOT / page).read_text(encoding="utf-8"), parts, page)


if __name__ == "__main__":
    for page, parts in pages().items():
        (ROOT / page).write_text(renewed(page, parts), encoding="utf-8")
