"""What ``--help`` says before the flags: presets, words and examples, a line each."""

from __future__ import annotations

import inspect
import textwrap

from driver.command.shorthand import WORDS
from driver.command.words import words_of
from driver.engine.model import resolve
from driver.room import Room

WIDTH = 80
SWEEP = "Run conditions and seeds, each an ordinary run, and compare them in one table"


def overview(room: Room) -> str:
    """Presets, words and examples of a door."""
    prog = room.format.prog
    presets = resolve(room.presets.name)
    words = WORDS | {"sweep": SWEEP}
    words |= {word: first_line(function) for word, function in words_of(room).items()}
    parts = [f"usage: python {prog} [--mode PRESET] [flags]   or   python {prog} WORD ..."]
    if presets:
        parts.append(listed("Presets", {name: about.what for name, about in presets.items()}))
    parts += [listed("Words", words), "\n".join(["Examples", *examples(prog, list(presets))])]
    parts.append(f"All flags of a run follow; those of a word: python {prog} WORD --help")
    return "\n\n".join(parts)


def first_line(function) -> str:
    text = inspect.getdoc(function).split("\n\n")[0]
    return " ".join(text.split()).rstrip(".")


def listed(title: str, lines: dict[str, str]) -> str:
    """Names and what they are."""
    width = max(map(len, lines)) + 4
    made = [title]
    for name, text in lines.items():
        first = f"  {name}".ljust(width)
        made.append(textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=" " * width))
    return "\n".join(made)


def examples(prog: str, presets: list[str]) -> list[str]:
    mode = f"--mode {presets[0]} " if presets else ""
    return [
        f"  python {prog} {mode}--multi-seed 5 --jobs 2 --run-name five",
        f"  python {prog} resume five          # after Ctrl+C or kill -9",
        f"  python {prog} status               # from another terminal",
        f"  python {prog} run --from five --seed-start 900 --run-name again",
        f"  python {prog} compare five again",
    ]
