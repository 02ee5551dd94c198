"""Figures of a run as they stand in its report: how they are named, what is said of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

from driver.report.figures import Figures, every_figure
from models.lateral_line.saved import Run
from models.lateral_line.show.figures import FIGURES
from models.lateral_line.show.summary_figure import multiseed_summary

NAME = re.compile(r"brian2_(?P<name>.+?)(_n\d+|_u_[\d.]+_nMON_\d+_nTS_\d+)?(_seed_(?P<seed>\d+))?$")
SUMMARY = multiseed_summary.__name__
MAKERS = FIGURES | {SUMMARY: multiseed_summary}
MAX_SEEDS = 10  # with embedded pictures; of more a page is too heavy for a browser


def figures_of(run: Run) -> Figures:
    """Every figure in the folder of the run."""
    captions = {name: caption(make) for name, make in MAKERS.items()}
    return Figures(run, every_figure(run, NAME, captions), SUMMARY, MAX_SEEDS)


def caption(make: Callable) -> str:
    """What a figure shows: the first line of its function's docstring."""
    return inspect.getdoc(make).splitlines()[0].replace("->", "→")
