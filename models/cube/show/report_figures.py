"""Figures of a run as they stand in its report: how they are named, what is said of them; films."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

from driver.report.figures import Figures, every_figure, relative
from driver.report.page import Files
from models.cube.show import figures, summary_figure

NAME = re.compile(r"(?P<name>.+?)(_n\d+)?(_seed_(?P<seed>\d+))?$")
FILMS = (".mp4", ".gif")
MAX_SEEDS = 6  # with embedded pictures; of more a page is too heavy for a browser


def figures_of(run) -> Figures:
    """Every figure in the folder of the run."""
    makers = figures.makers(run.params) | {figures.SUMMARY: summary_figure.seeds_summary}
    captions = {name: caption(make) for name, make in makers.items()}
    return Figures(run, every_figure(run, NAME, captions), figures.SUMMARY, MAX_SEEDS)


def caption(make: Callable) -> str:
    """What a figure shows and what to look for: the docstring of its function."""
    return " ".join(inspect.getdoc(make).split())


def films(run) -> list[Files]:
    """Films beside the page; they are not embedded."""
    found = sorted(f for f in run.figures.glob("[!.]*") if f.suffix in FILMS)
    names = [relative(run, file) for file in found]
    return [Files("Films, beside this page:", names)] if names else []
