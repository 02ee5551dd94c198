"""Keywords in Python for the fields of a parameter class, with the kinds and bounds of these."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from driver.flags.from_dataclass import UsageError, build
from driver.flags.rules import flags_of, require

SWITCH = (bool | np.bool_, "True or False")
WHOLE = (Integral, "a whole number")
KINDS = {bool: SWITCH, int: WHOLE, int | None: WHOLE, float: (Real, "a number")}  # by annotation


def built(
    cls: type, names: Mapping[str, str], given: Mapping[str, Any], relations: str = "relations"
) -> Any:
    """Parameters of a class from keywords; `names` has the field of each that is not its own.

    What has to hold is yielded by the method `relations` of the class.

    TypeError for a value of the wrong kind, ValueError for what the class refuses; messages have
    keyword, value and what is allowed.
    """
    fields = cls.__pydantic_fields__
    for name, value in given.items():
        kind = KINDS.get(fields[names.get(name, name)].annotation)
        if kind:
            check_kind(name, value, *kind)
    python = {field: name for name, field in names.items()}
    typed = {flag: python.get(field, field) for field, flag in flags_of(cls).items()}
    plain = ((k, v.item() if isinstance(v, np.generic) else v) for k, v in given.items())
    try:
        made, _ = build(cls, {names.get(k, k): v for k, v in plain})
        require(getattr(made, relations)())
    except UsageError as error:
        words = re.sub(r"--([a-z0-9-]+)", lambda found: typed.get(found[1], found[0]), str(error))
        raise ValueError(words) from None
    return made


def refuse_unknown(given: Mapping[str, Any], known) -> None:
    """Raise `TypeError` for names that are not known."""
    if unknown := [name for name in given if name not in known]:
        raise TypeError(f"unknown: {', '.join(unknown)}; known are {', '.join(sorted(known))}")


def check_kind(name: str, value: Any, kind, words: str) -> None:
    """Raise `TypeError` if `value` is not of a kind; True and False are no numbers."""
    number = kind in (Integral, Real)
    if not isinstance(value, kind) or (number and isinstance(value, bool | np.bool_)):
        raise TypeError(f"{name} {value!r}: needed {words}")


def steps(name: str, value: Any, least: int = 1) -> int:
    """A time in ms as a number of steps of 1 ms."""
    check_kind(name, value, Real, "a number of ms")
    if not np.isfinite(value) or abs(value - round(value)) > 1e-9 or round(value) < least:
        raise ValueError(f"{name} {value!r}: needed a multiple of 1 ms, at least {least} ms")
    return round(value)


def pair(name: str, value: Any, words: str) -> tuple[Any, Any]:
    """Two things."""
    check_kind(name, value, Sequence | np.ndarray, words)
    if len(value) != 2:
        raise ValueError(f"{name} {value!r}: needed {words}")
    return value[0], value[1]
