"""Command-line flags from parameter dataclasses.

A field `tau_m_ms: Annotated[float, Field(ge=0.1)] = 10.0` is the flag ``--tau-m-ms``; the string
below it is the flag's help, kept by pydantic under `STRICT`. `Flag` in the annotation gives
another spelling. A comment ``# --- cells ---`` is the heading of the flags below it on the help
page. A preset sets the defaults, flags override them. A value beyond a bound of its field, and all
else that is wrong, is a `UsageError`, raised before anything is written. Only where the annotation
has `MOVED` is such a value moved to the bound, and reported.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import io
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, ValidationError

from driver.formatting import perhaps

EXIT_USAGE = 2
SWITCH_VALUES = ("true", "false", "on", "off", "yes", "no", "0", "1")
STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)
"""Of every dataclass of parameters: ``@dataclass(config=STRICT)``."""
MOVED = "moved"
"""In an annotation: a value beyond a bound is moved to it, as a published program did."""
MAX_SHOWN = 60  # letters of a value in a message
LARGEST, SMALLEST = 1e30, 1e-30
"""Of all numbers but 0, by size: what is reckoned with them, such as a cube, is a number too."""


class UsageError(Exception):
    """The command line cannot be run; the message says which flag, what value, what is allowed."""


class Unknown(UsageError):
    """A word, a preset or a flag that is not there; it may be one of another door or preset.

    Attributes
    ----------
    kind : {'word', 'preset', 'flag'}
    name : str
        Without dashes.
    said, near : str
        The message, and what is called alike.
    """

    def __init__(self, kind: str, name: str, said: str, near: str = ""):
        super().__init__(f"{said}{near}")
        self.kind, self.name, self.said, self.near = kind, name, said, near


@dataclasses.dataclass(frozen=True)
class Flag:
    """Spelling of a field's flag where it differs from the field's name."""

    name: str
    alias: str | None = None


@dataclasses.dataclass(frozen=True)
class FieldInfo:
    """What the command line and the README need to know of one field."""

    name: str
    type: Any
    default: Any
    flag: str
    alias: str | None
    help: str
    low: float | None
    high: float | None
    moved: bool


@dataclasses.dataclass(frozen=True)
class Adjustment:
    """A value that was given and is not the one used; without a flag, a remark on them all."""

    flag: str
    given: Any
    used: Any
    reason: str

    def __str__(self) -> str:
        if not self.flag:
            return self.reason
        if self.given == self.used:
            return f"--{self.flag} {self.given}: {self.reason}"
        return f"--{self.flag} {self.given}: using {self.used} ({self.reason})"


@dataclasses.dataclass(frozen=True)
class Group:
    """A dataclass whose fields become flags.

    Attributes
    ----------
    cls : type
    defaults : dict
        What a preset sets instead of the dataclass's own defaults.
    hidden : tuple of str
        Fields that get no flag.
    """

    cls: type
    defaults: dict[str, Any] = dataclasses.field(default_factory=dict)
    hidden: tuple[str, ...] = ()

    def fields(self) -> dict[str, FieldInfo]:
        return {k: v for k, v in fields(self.cls).items() if k not in self.hidden}


def fields(cls: type) -> dict[str, FieldInfo]:
    """Fields of a pydantic dataclass with flag, help and bounds.

    Examples
    --------
    >>> from pydantic.dataclasses import dataclass
    >>> @dataclass(config=STRICT)
    ... class Cell:
    ...     tau_m_ms: float = 10.0
    >>> fields(Cell)["tau_m_ms"].flag
    'tau-m-ms'
    """
    return {name: field_info(cls, name) for name in cls.__pydantic_fields__}


def field_info(cls: type, name: str) -> FieldInfo:
    """What pydantic knows of a field; the help of an inherited one stands in a class above."""
    known = cls.__pydantic_fields__[name]
    above = (vars(c).get("__pydantic_fields__", {}).get(name) for c in cls.__mro__)
    text = next((k.description for k in above if k is not None and k.description), "")
    flag = next((m for m in known.metadata if isinstance(m, Flag)), None)
    return FieldInfo(
        name=name,
        type=known.annotation,
        default=known.default,
        flag=flag.name if flag else name.lower().replace("_", "-"),
        alias=flag.alias if flag else None,
        help=" ".join(text.split()),
        low=bound(known.metadata, "ge"),
        high=bound(known.metadata, "le"),
        moved=MOVED in known.metadata,
    )


def bound(marks: Sequence[Any], kind: str) -> float | None:
    """Inclusive bound `kind`, "ge" or "le", among the annotations of a field."""
    values = (getattr(mark, kind, None) for mark in marks)
    return next((value for value in values if value is not None), None)


def parse(
    argv: Sequence[str],
    prog: str,
    description: str,
    groups: dict[str, Group],
) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
    """Read flags.

    Parameters
    ----------
    argv : sequence of str
    prog, description : str
        For the help page.
    groups : dict of Group
        Sections of the help page.

    Returns
    -------
    values : dict of dict
        By group and field.
    given : frozenset of str
        Fields whose flags were typed.

    Raises
    ------
    UsageError
        For an unknown flag, a malformed value, and a flag given under two spellings.
    SystemExit
        After ``--help``.
    """
    import tyro

    flags_of = {name: group.fields() for name, group in groups.items()}
    everything = {info.name: info for infos in flags_of.values() for info in infos.values()}
    given = typed_fields(argv, everything)
    sections, owners = [], {}
    for name, group in groups.items():
        for title, infos in titled(name, group.cls, flags_of[name]).items():
            made, key = section(title, infos, group), f"section_{len(sections)}"
            made.__doc__ = (group.cls.__doc__ or name).splitlines()[0] if title == name else ""
            owners[key] = name
            default = dataclasses.field(default_factory=made)
            sections.append((key, Annotated[made, tyro.conf.arg(name=title)], default))
    page = dataclasses.make_dataclass("Flags", sections)
    config = tyro.conf.OmitArgPrefixes, tyro.conf.HelptextFromCommentsOff
    known = [name for info in everything.values() for name in (info.flag, info.alias) if name]
    result = in_one_line(
        lambda: tyro.cli(page, prog=prog, args=list(argv), description=description, config=config),
        known,
    )
    values = {name: {} for name in groups}
    for key, name in owners.items():
        values[name] |= vars(getattr(result, key))
    return values, frozenset(given)


def titled(name: str, cls: type, infos: dict[str, FieldInfo]) -> dict[str, dict[str, FieldInfo]]:
    """Fields of a group by the title of their section; those without a heading come first."""
    made: dict[str, dict[str, FieldInfo]] = {name: {}}
    for field, info in infos.items():
        heading = headings(cls).get(field)
        made.setdefault(f"{name}: {heading}" if heading else name, {})[field] = info
    return {title: fields for title, fields in made.items() if fields}


@functools.cache
def headings(cls: type) -> dict[str, str]:
    """Heading of each field in the source, as ``# --- cells ---``; "" before the first.

    A field that is declared again stays where it was, if it has no new one.
    """
    found: dict[str, str] = {}
    for above in reversed(cls.__mro__):
        own, heading, lines = vars(above).get("__pydantic_fields__", {}), "", []
        if own:
            with contextlib.suppress(OSError, TypeError):  # typed into a console
                lines = inspect.getsource(above).splitlines()
        for line in lines:
            if mark := re.match(r"    # --- (.+?) -+$", line):
                heading = mark[1]
            elif (field := re.match(r"    (\w+): ", line)) and field[1] in own:
                found[field[1]] = heading or found.get(field[1], "")
    return found


def in_one_line(read: Callable[[], Any], known: Iterable[str] = ()) -> Any:
    """What a parser of tyro returns; what it complains of in a box is a `UsageError` of a line.

    `known` are the flags that there are, without dashes.
    """
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            return read()
    except SystemExit as end:
        if not end.code:
            raise
    parts: list[list[str]] = [[]]
    for line in box.getvalue().splitlines():
        text = re.sub(r"\x1b\[[\d;]*m", "", line).strip("│ ")
        if not text.strip("─-"):
            parts.append([])
        elif text[0] not in "╭╰":
            parts[-1].append(text)
    if "╭" not in box.getvalue():  # where there are no boxes the title is a part of its own
        del parts[0]
    message, *hints = (" ".join(part) for part in parts if part)
    found = set(re.findall(r"--([\w-]+)", " ".join(hints))) - {"help"}
    raise complaint(message, known or sorted(found)) from None


COMPLAINTS = {  # tyro's, and Python's in them; what is said instead
    r"Error parsing (\S+): invalid literal for int\(\) with base 10: '(.*)'": (
        r"\1 \2: needed a whole number"
    ),
    r"Error parsing (\S+): could not convert string to float: '(.*)'": r"\1 \2: needed a number",
    r"Missing value for argument '(.*)'\. Expected 1 values\.": r"\1: its value is missing",
    r"invalid choice '(.*)' for argument '(.*)'\. Expected one of \((.*)\)\.": (
        r"\2 \1: needed one of \3"
    ),
}
OTHER_NAMES = {  # of flags, as other programs call them
    "preset": "mode",
    "name": "run-name",
    "output": "output-root",
    "seeds": "multi-seed",
    "n-seeds": "multi-seed",
}


def complaint(message: str, known: Iterable[str]) -> UsageError:
    """What tyro complains of, in the words of this program."""
    for pattern, words in COMPLAINTS.items():
        if re.fullmatch(pattern, message):
            return UsageError(re.sub(pattern, words, message).replace("'", ""))
    unknown = message.removeprefix("Unrecognized options: ").split(", ")
    if message.startswith("Unrecognized options: ") and unknown[0].startswith("-"):
        typed = unknown[0].split("=")[0]
        name = typed.strip("-").lower().replace("_", "-")
        near = perhaps(OTHER_NAMES.get(name, name), [name] if name in known else known, "--")
        return Unknown("flag", name, f"there is no flag {typed}", near)
    if message.startswith("Unrecognized options: "):
        return UsageError(f"{unknown[0]}: of which flag? A value with a space needs quotes")
    return UsageError(message)


def section(name: str, infos: dict[str, FieldInfo], group: Group) -> type:
    """A plain dataclass of one group of flags; bounds are checked later, by `build`."""
    import tyro

    specs = []
    for info in infos.values():
        aliases = (f"--{info.alias}",) if info.alias else None
        arg = tyro.conf.arg(name=info.flag, help=info.help or None, aliases=aliases)
        default = group.defaults.get(info.name, info.default)
        specs.append((info.name, Annotated[info.type, arg], dataclasses.field(default=default)))
    return dataclasses.make_dataclass(name, specs)


def typed_fields(argv: Sequence[str], infos: dict[str, FieldInfo]) -> set[str]:
    """Names of the fields whose flag stands in `argv`.

    Raises
    ------
    UsageError
        If both spellings of a flag are given.
    """
    spelling = {}
    for info in infos.values():
        opposite = f"no-{info.flag}" if info.type is bool else None
        for text in filter(None, (info.flag, info.alias, opposite)):
            spelling[text] = info.name
    seen: dict[str, str] = {}
    for place, token in enumerate(argv):
        text = token[2:].split("=", 1)[0].replace("_", "-") if token.startswith("--") else None
        name = spelling.get(text)
        if name is None:
            continue
        if seen.get(name, text) != text:
            raise UsageError(f"--{seen[name]} and --{text} set the same value: give one of them")
        seen[name] = text
        after = token.partition("=")[2] or "".join(argv[place + 1 : place + 2])
        if infos[name].type is bool and after.lower() in SWITCH_VALUES:
            flag = infos[name].flag
            raise UsageError(f"--{text} {after}: a switch has no value; --{flag} or --no-{flag}")
    return set(seen)


def option(argv: Sequence[str], flag: str, default: str | None = None) -> str | None:
    """Value of one string flag, read before the page of flags exists (the preset decides it).

    As for every flag, the last one counts.
    """
    found = default
    for place, token in enumerate(argv):
        if token == flag and place + 1 < len(argv):
            found = argv[place + 1]
        elif token.startswith(f"{flag}="):
            found = token.split("=", 1)[1]
    return found


def without(argv: Sequence[str], flags: Sequence[str]) -> list[str]:
    """`argv` without some flags that take a value, and their values."""
    kept, is_value = [], False
    for word in argv:
        if is_value:
            is_value = False
        elif word in flags:
            is_value = True
        elif word.split("=", 1)[0] not in flags:
            kept.append(word)
    return kept


def build(cls: type, values: dict[str, Any]) -> tuple[Any, list[Adjustment]]:
    """Make the validated dataclass from flag values.

    Returns
    -------
    instance : cls
    adjustments : list of Adjustment
        Values that lay beyond an inclusive bound and were moved to it.

    Raises
    ------
    UsageError
        For NaN, infinities, numbers too large or small to reckon with, and everything the
        dataclass refuses.
    """
    infos = fields(cls)
    used, adjustments = {}, []
    for name, value in values.items():
        info = infos[name]
        for one in value if isinstance(value, tuple) else (value,):
            check_size(info.flag, one)
        used[name] = clamp(value, info) if info.moved else value
        if used[name] != value:
            edge = ("smallest" if used[name] == info.low else "largest") + " allowed value"
            adjustments.append(Adjustment(info.flag, value, used[name], edge))
    try:
        return cls(**used), adjustments
    except ValidationError as error:
        found = [sentence(e, infos) for e in error.errors()]
        raise UsageError("; ".join([*found, *map(str, adjustments)])) from None


def check_size(flag: str, value: Any) -> None:
    """Raise `UsageError` for what is no number, or none that can be reckoned with."""
    if not isinstance(value, int | float):
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"--{flag} {value} is not a finite number")
    if value and not SMALLEST <= abs(value) <= LARGEST:
        raise UsageError(
            f"--{flag} {shown(value)}: needed 0, or a number of {SMALLEST:g} to {LARGEST:g}"
        )


def shown(value: Any) -> str:
    """A value in a message: of a long one the beginning."""
    text = str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def clamp(value: Any, info: FieldInfo) -> Any:
    if value is None:
        return value
    if info.low is not None and value < info.low:
        return type(value)(info.low)
    if info.high is not None and value > info.high:
        return type(value)(info.high)
    return value


def sentence(error: dict[str, Any], infos: dict[str, FieldInfo]) -> str:
    """One pydantic error in a user's words."""
    if not error["loc"]:
        return error["msg"].removeprefix("Value error, ")
    info = infos[error["loc"][0]]
    return f"--{info.flag} {shown(error['input'])}: {error['msg'][0].lower()}{error['msg'][1:]}"
