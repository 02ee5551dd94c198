"""``report.html`` of a sweep: does training help, in which condition, and how sure is that?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from driver.report import sweep_page
from models.lateral_line.metric_table import BODY, PATH, TABLE
from models.lateral_line.metrics import MAX_ANGLE_BINS
from models.lateral_line.show.panels import chance


def write_sweep_report(content_file: Path) -> Path:
    """Write ``sweep.png`` and ``report.html`` beside a ``sweep.json``; returns the page's path."""
    band = chance(MAX_ANGLE_BINS)
    return sweep_page.write_sweep_report(
        TABLE,
        content_file,
        metrics=(BODY, PATH, TABLE["valid_fraction_window"]),
        headline=headline,
        chance={PATH.name: band, BODY.name: band},
    )


def headline(compared: Sequence[Mapping[str, Any]]) -> str:
    """In how many conditions the interval of the paired difference is clear of zero."""
    better, worse, unclear = sweep_page.differences(compared, BODY)
    known = better + worse + unclear
    if not known:
        return "It cannot be said yet: no condition has two seeds with usable maps."
    text = (
        f"Over the body, training improves the map in {better} of {len(compared)} conditions, "
        f"makes it worse in {worse}, and shows no clear difference in {unclear}"
    )
    unknown = len(compared) - known
    return f"{text}; in {unknown} it cannot be said." if unknown else f"{text}."
