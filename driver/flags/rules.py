"""Rules between parameters: what must hold, and what has no effect.

A rule that must hold is a pair (holds, sentence), and what has no effect a pair (why, fields).
Sentences name flags as a user typed them, the value, and what is allowed.

    def relations(p):
        yield p.low <= p.high, f"--low {p.low:g} is larger than --high {p.high:g}"

    def unused(p):
        if not p.plastic:
            yield "without --plastic", ("eta", "w_max")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from driver.flags.from_dataclass import Adjustment, UsageError, fields

Relation = tuple[bool, str]
Unused = tuple[str, Iterable[str]]


def broken(relations: Iterable[Relation]) -> str:
    """The sentences of all relations that do not hold; empty if all do."""
    return "; ".join(sentence for holds, sentence in relations if not holds)


def require(relations: Iterable[Relation]) -> None:
    """Raise `UsageError` with one sentence for each relation that does not hold."""
    if problems := broken(relations):
        raise UsageError(problems)


def refuse_unused(given: frozenset[str], unused: Iterable[Unused], *classes: type) -> None:
    """Raise `UsageError` for flags that were typed and would change nothing."""
    flags = flags_of(*classes)
    for why, names in unused:
        if typed := sorted(given & set(names)):
            raise UsageError(f"{', '.join(f'--{flags[name]}' for name in typed)}: no effect {why}")


def note_unused(
    given: frozenset[str], unused: Iterable[Unused], parameters: Any
) -> list[Adjustment]:
    """A remark on each flag that was typed and changes nothing; `why` is the whole remark."""
    flags = flags_of(type(parameters))
    return [
        remark(flags, parameters, name, why)
        for why, names in unused
        for name in sorted(given & set(names))
    ]


def remark(flags: Mapping[str, str], parameters: Any, name: str, text: str) -> Adjustment:
    """A value that is used as it was given, and what is to be said of it."""
    value = getattr(parameters, name)
    return Adjustment(flags[name], value, value, text)


def flags_of(*classes: type) -> dict[str, str]:
    """Flag of each field."""
    return {info.name: info.flag for cls in classes for info in fields(cls).values()}
