"""``report.html`` of a sweep: does training help, in which condition, and how sure is that?"""

from __future__ import annotations

from pathlib import Path

from driver.report import sweep_page
from models.lateral_line.metric_table import BODY, PATH, TABLE
from models.lateral_line.metrics import MAX_ANGLE_BINS
from models.lateral_line.show.panels import chance


def write_sweep_report(content_file: Path, **options) -> Path:
    """Write ``sweep.png`` and ``report.html`` beside a ``sweep.json``; returns the page's path."""
    band = chance(MAX_ANGLE_BINS)
    return sweep_page.write_sweep_report(
        TABLE,
        content_file,
        metrics=(BODY, PATH, TABLE["valid_fraction_window"]),
        chance={PATH.name: band, BODY.name: band},
        **options,
    )
