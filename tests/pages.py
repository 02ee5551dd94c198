"""Pages for people, and the commands in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}


def commands(door: str) -> list[list[str]]:
    """Words after the name of a door in every block of every page; of a sweep, its plan."""
    text = "\n".join(PAGES.values()).replace("\\\n", " ")
    found = re.findall(rf"^python {door}_brian2\.py *(.*?)(?:\s+#.*)?$", text, re.MULTILINE)
    lines = [shlex.split(line) for line in dict.fromkeys(found)]
    return [line + ["--dry-run"] * (line[0] == "sweep") for line in lines]


def folders(lines: list[list[str]]) -> set[str]:
    """Runs that commands name."""
    return {name for line in lines for name in re.findall(r"Runs/(\w+)", " ".join(line))}
