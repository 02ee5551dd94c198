"""Numbers and times for people."""

from __future__ import annotations

import math


def clock(seconds: float) -> str:
    """Seconds as ``h:mm:ss``.

    Examples
    --------
    >>> clock(3725)
    '1:02:05'
    """
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def number(value: float | None, digits: int = 3, signed: bool = False) -> str:
    if value is None or not math.isfinite(value):
        return "undefined"
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
