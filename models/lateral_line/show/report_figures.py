"""Figures of a run as they stand in its report: every PNG of ``figures/``, seed by seed."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from driver import report
from driver.report import Files, Fold, Heading, Picture, Text
from models.lateral_line.saved import Run
from models.lateral_line.show.figures import FIGURES
from models.lateral_line.show.summary_figure import multiseed_summary

NAME = re.compile(r"brian2_(?P<name>.+?)(_n\d+|_u_[\d.]+_nMON_\d+_nTS_\d+)?(_seed_(?P<seed>\d+))?$")
SUMMARY = multiseed_summary.__name__
MAKERS = FIGURES | {SUMMARY: multiseed_summary}
MAX_SEEDS = 10  # with embedded pictures; of more a page is too heavy for a browser


@dataclass(frozen=True)
class Figure:
    """A picture and the files that hold it: a first seed's figures have copies without its name."""

    name: str
    seed: int | None
    files: tuple[Path, ...]

    @property
    def caption(self) -> str:
        """What the figure shows: the first line of its function's docstring."""
        text = inspect.getdoc(MAKERS[self.name]) if self.name in MAKERS else None
        first = text.splitlines()[0] if text else f"{self.name.replace('_', ' ')}."
        return first.replace("->", "→")


class Shown:
    """The figures of a run, each shown once.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run):
        self.run = run
        found = every_figure(run)
        self.on_top = [f for f in found if f.name == SUMMARY]
        self.rest = [f for f in found if f not in self.on_top]

    def summary(self) -> list:
        """The figure over all seeds, if there is one."""
        return embedded(self.run, self.on_top)

    def blocks(self) -> list:
        """All others: of the first seed, of further seeds behind a line, of no seed."""
        if not self.rest:
            return [Text("There are no figures in the folder of the run.", "note")]
        by_seed: dict[int | None, list[Figure]] = {}
        for figure in self.rest:
            by_seed.setdefault(figure.seed, []).append(figure)
        others, blocks = by_seed.pop(None, []), []
        for place, (seed, figures) in enumerate(sorted(by_seed.items())):
            title = f"Seed {seed}"
            if place == 0:
                blocks += [Heading(title), *embedded(self.run, figures)]
            elif place < MAX_SEEDS:
                blocks.append(Fold(title, embedded(self.run, figures)))
            else:
                names = [relative(self.run, file) for f in figures for file in f.files]
                blocks.append(Files(f"{title}, not embedded:", names))
        return [*blocks, *([Heading("Others")] if others else []), *embedded(self.run, others)]


def every_figure(run: Run) -> list[Figure]:
    """Figures in the order of `MAKERS`, then by name."""
    seeded: dict[tuple[str, str], Figure] = {}
    for file in sorted(run.figures.glob("[!.]*.png"), key=lambda f: "_seed_" not in f.stem):
        match = NAME.match(file.stem)
        name = match["name"] if match else file.stem
        seed = int(match["seed"]) if match and match["seed"] else None
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        key = next((k for k in seeded if k[1] == digest and seed is None), (file.name, digest))
        known = seeded.get(key, Figure(name, seed, ()))
        seeded[key] = Figure(known.name, known.seed, (*known.files, file))
    order = {name: place for place, name in enumerate(MAKERS)}
    return sorted(seeded.values(), key=lambda f: (order.get(f.name, len(order)), f.name))


def embedded(run: Run, figures: Sequence[Figure]) -> list:
    """Pictures with captions; a file that is no picture is only named."""
    made = report.all_embedded([figure.files[0] for figure in figures])
    blocks: list = []
    for figure, picture in zip(figures, made, strict=True):
        files = [relative(run, file) for file in figure.files]
        if picture is None:
            blocks.append(Files("Not a picture that can be shown:", files))
            continue
        seed = "" if figure.seed is None else f", seed {figure.seed}"
        alt = f"{figure.caption.rstrip('.')}{seed}"
        blocks.append(Picture(*picture, alt=alt, caption=figure.caption, files=files))
    return blocks


def relative(run: Run, file: Path) -> str:
    """Address of a file as the page in the run folder sees it."""
    return file.relative_to(run.folder).as_posix()
