"""Tables for people, made from the code: flags, arrays, and parts of a text that are renewed.

A part of a Markdown file stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``. A model
says in its own `docs` what its parts are, by page; ``python -m tools.pages`` writes them and a test
holds the pages against that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from driver.flags import from_dataclass as cli
from driver.report import mathml
from driver.run.request import RunOptions

Arrays = Mapping[str, tuple[str, str, str]]
"""Type and shape, unit, and content of arrays; the key is a name or several, by ``, ``."""


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def value(x: Any) -> str:
    """A parameter as a table has it."""
    if isinstance(x, bool):
        return "on" if x else "off"
    if x is None or x == ():
        return "–"
    return f"{x:g}" if isinstance(x, float) else str(x)


def flag_table(
    cls: type,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    hidden: Sequence[str] = (),
) -> str:
    """Flags of a dataclass.

    Parameters
    ----------
    cls : type
    presets : dict of dict, optional
        A column for each, filled where it differs from the default.
    hidden : sequence of str
        Fields that are left out.
    """
    presets = presets or {}

    def row(info: cli.FieldInfo) -> tuple[str, ...]:
        flag = f"`--{info.flag}`" + (f", `--{info.alias}`" if info.alias else "")
        changed = (value(p[info.name]) if info.name in p else "" for p in presets.values())
        return flag, value(info.default), *changed, info.help

    rows = (row(info) for name, info in cli.fields(cls).items() if name not in hidden)
    return markdown(("flag", "default", *presets, "meaning"), rows)


def shared_flags(options: type) -> list[str]:
    """Fields of a room's flags of a run that are as every room has them."""
    every = cli.fields(RunOptions)
    return [name for name, info in cli.fields(options).items() if every.get(name) == info]


def preset_table(presets: Mapping[str, Sequence[str]]) -> str:
    """Presets, each a `driver.room.About`, the one to begin with first."""
    rows = ((f"`{name}`", *about) for name, about in presets.items())
    return markdown(("preset", "what it is", "expected outcome", "time"), rows)


def equation_text(parts: Iterable[tuple[str, str]]) -> str:
    """Parts of a model, title and code: equations as LaTeX, with a table of their names.

    What is no equation, such as what a spike does, stands as it is; such parts that follow each
    other share a block.
    """
    text, statements = [], []

    def flush() -> None:
        if statements:
            text.append("```\n" + "\n\n".join(statements) + "\n```")
            statements.clear()

    for title, code in parts:
        rows = mathml.rows_of(code, str)
        if not rows:
            statements.append(f"# {title}\n{code.strip()}")
            continue
        flush()
        text.append(f"**{title}**")
        sides = [f"{row.left} &{summed(row)}" for row in rows if row.right]
        if sides:
            lines = " \\\\\n".join(sides)
            text.append(f"```math\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}\n```")
        named = [(f"`{row.name}`", row.unit, row.comment) for row in rows if row.comment]
        if named:
            text.append(markdown(("symbol", "unit", "meaning"), named))
    flush()
    return "\n\n".join(text)


def summed(row: mathml.Row) -> str:
    """Right side of a row; Brian sums some of them over the synapses of a cell."""
    if "summed" not in row.flags:
        return row.right
    return row.right.replace("= ", r"= \sum_{\text{synapses}} ", 1)


def file_table(files: Mapping[str, str]) -> str:
    return markdown(
        ("file", "content"), ((f"`{name}`", content) for name, content in files.items())
    )


def array_table(table: Arrays) -> str:
    rows = ((", ".join(f"`{n}`" for n in key.split(", ")), *row) for key, row in table.items())
    return markdown(("array", "type and shape", "unit", "content"), rows)


def names(table: Iterable[str]) -> list[str]:
    """Single array names of a table."""
    return [name for key in table for name in key.split(", ")]


def regenerate(text: str, parts: Mapping[str, Callable[[], str]], name_of_file: str) -> str:
    """`text` with every generated part renewed.

    Raises
    ------
    ValueError
        If `text`, which is that of `name_of_file`, lacks one of `parts`.
    """
    for name, make in parts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"{name_of_file} has no part {name!r}")
        part = f"{begin}\n{make()}\n{end}"
        text = pattern.sub(lambda _, part=part: part, text)
    return text
