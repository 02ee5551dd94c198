"""Figures of a run as they stand in its report: every PNG of ``figures/``, seed by seed."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from driver import report
from driver.report import Files, Fold, Heading, Picture, Text
from models.cube.show import figures, summary_figure

NAME = re.compile(r"(?P<name>.+?)(_n\d+)?(_seed_(?P<seed>\d+))?$")
FILMS = (".mp4", ".gif")
MAX_SEEDS = 6  # with embedded pictures; of more a page is too heavy for a browser


@dataclass(frozen=True)
class Figure:
    """A picture of the folder."""

    name: str
    seed: int | None
    file: Path
    caption: str


class Shown:
    """The figures of a run, each shown once.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run):
        self.run = run
        found = every_figure(run)
        self.on_top = [f for f in found if f.name == figures.SUMMARY]
        self.rest = [f for f in found if f.name != figures.SUMMARY]

    def summary(self) -> list:
        """The figure over all seeds, if there is one."""
        return embedded(self.run, self.on_top)

    def blocks(self) -> list:
        """All others: of the first seed, of further seeds behind a line, of no seed; then films."""
        by_seed: dict[int | None, list[Figure]] = {}
        for figure in self.rest:
            by_seed.setdefault(figure.seed, []).append(figure)
        others, blocks = by_seed.pop(None, []), []
        for place, (seed, of_seed) in enumerate(sorted(by_seed.items())):
            title = f"Seed {seed}"
            if place == 0:
                blocks += [Heading(title), *embedded(self.run, of_seed)]
            elif place < MAX_SEEDS:
                blocks.append(Fold(title, embedded(self.run, of_seed)))
            else:
                names = [relative(self.run, figure.file) for figure in of_seed]
                blocks.append(Files(f"{title}, not embedded:", names))
        blocks += [*([Heading("Others")] if others else []), *embedded(self.run, others)]
        if not blocks:
            blocks.append(Text("There are no figures in the folder of the run.", "note"))
        return blocks + self.films()

    def films(self) -> list[Files]:
        """Films beside the page; they are not embedded."""
        found = sorted(f for f in Path(self.run.figures).glob("[!.]*") if f.suffix in FILMS)
        names = [relative(self.run, file) for file in found]
        return [Files("Films, beside this page:", names)] if names else []


def every_figure(run) -> list[Figure]:
    """Figures in the order in which they are drawn, then by name."""
    made = figures.makers(run.params)
    order = {name: place for place, name in enumerate(made)}
    found = []
    for file in sorted(Path(run.figures).glob("[!.]*.png")):
        match = NAME.match(file.stem)
        seed = int(match["seed"]) if match["seed"] else None
        found.append(Figure(match["name"], seed, file, caption(match["name"], made)))
    return sorted(found, key=lambda f: (order.get(f.name, len(order)), f.name))


def caption(name: str, made) -> str:
    """What a figure shows and what to look for: the docstring of its function."""
    make = summary_figure.seeds_summary if name == figures.SUMMARY else made.get(name)
    if make is None:
        return f"{name.replace('_', ' ')}."
    return " ".join(inspect.getdoc(make).split())


def embedded(run, shown: Sequence[Figure]) -> list:
    """Pictures with captions; a file that is no picture is only named."""
    made = report.all_embedded([figure.file for figure in shown])
    blocks: list = []
    for figure, picture in zip(shown, made, strict=True):
        files = [relative(run, figure.file)]
        if picture is None:
            blocks.append(Files("Not a picture that can be shown:", files))
            continue
        seed = "" if figure.seed is None else f", seed {figure.seed}"
        alt = f"{figure.caption.partition('. ')[0].rstrip('.')}{seed}"
        blocks.append(Picture(*picture, alt=alt, caption=figure.caption, files=files))
    return blocks


def relative(run, file: Path) -> str:
    """Address of a file as the page in the run folder sees it."""
    return file.relative_to(run.folder).as_posix()
