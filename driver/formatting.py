"""Numbers and times for people."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

SYMBOL = re.compile(r"\b(\w)_(\w+)")  # a letter with an index, as σ_θ


def visible(text: str) -> str:
    r"""Text of foreign files for a terminal: what would move its cursor is shown, not sent.

    Examples
    --------
    >>> print(visible("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(text: str, n: int) -> str:
    """The first line of a text, of `n` letters at most.

    Examples
    --------
    >>> short("abcdef", 4)
    'abc…'
    """
    line = text.partition("\n")[0]
    return line if len(line) <= n else f"{line[: n - 1]}…"


def clock(seconds: float) -> str:
    """Seconds as ``h:mm:ss``.

    Examples
    --------
    >>> clock(3725)
    '1:02:05'
    """
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def number(
    value: float | None, digits: int = 3, signed: bool = False, undefined: str = "undefined"
) -> str:
    """A number with `digits` decimals; None and NaN are `undefined`."""
    if value is None or not math.isfinite(value):
        return undefined
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"


def decimals(values: Iterable[float | None], digits: int) -> int:
    """Digits that numbers of one kind are shown with: none if all of them are counts.

    Examples
    --------
    >>> decimals([23, 4.0, None], 3), decimals([1.0, 0.0], 3)
    (0, 3)
    """
    known = [v for v in values if v is not None and math.isfinite(v)]
    whole = all(float(v).is_integer() for v in known)
    counts = any(abs(v) > 1 for v in known) or all(isinstance(v, int) for v in known)
    return 0 if known and whole and counts else digits


def text(value: float | None, digits: int = 3, signed: bool = False) -> str:
    """A number with `digits` significant digits, a whole one as it is; undefined stays so.

    Examples
    --------
    >>> text(0.00123456), text(40.0)
    ('0.00123', '40')
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    whole = float(value).is_integer() and abs(value) < 1e6
    plus = "+" if signed and value > 0 else ""
    return (
        (f"{value:{plus}.0f}" if whole else f"{value:{plus}.{digits}g}")
        .replace("-", "\N{MINUS SIGN}")
        .replace("e\N{MINUS SIGN}", "e-")
    )


def interval(estimate: Mapping[str, Any], digits: int = 3, signed: bool = False) -> str:
    """Mean and the interval behind it, of a `driver.experiment.statistics.Estimate` as a dict."""
    mean, low, high = (
        number(estimate[key], digits, signed, undefined="–") for key in ("mean", "low", "high")
    )
    return mean if low == "–" else f"{mean} [{low}, {high}]"


def perhaps(word: str, known: Iterable[str], mark: str = "") -> str:
    """What is called nearly so, or has the word as a part, in brackets and after a space.

    Examples
    --------
    >>> perhaps("satus", ["status", "report"]), perhaps("seed", ["multi-seed", "jobs"], "--")
    (' (perhaps you meant status)', ' (perhaps you meant --multi-seed)')
    """
    known = list(dict.fromkeys(known))
    found = difflib.get_close_matches(word, known)
    found = found or [name for name in known if word in re.split("[-_]", name)]
    return f" (perhaps you meant {', '.join(mark + name for name in found)})" if found else ""


def mathtext(label: str) -> str:
    """A label for a figure: letters with an index, as σ_θ, are set as such."""
    return SYMBOL.sub(r"$\1_\\mathrm{\2}$", label)
