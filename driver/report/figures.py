"""Figures of a run as they stand in its report: every PNG of ``figures/``, seed by seed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from driver.report import page as report
from driver.report.page import Files, Fold, Heading, Picture, Text
from driver.run.saved import Run


@dataclass(frozen=True)
class Figure:
    """A picture and the files that hold it: a first seed's figures may have copies."""

    name: str
    seed: int | None
    files: tuple[Path, ...]
    caption: str


class Figures:
    """The figures of a run, each shown once.

    Parameters
    ----------
    run : Run
    figures : sequence of Figure
        In the order of the page.
    summary : str
        Name of the figure over all seeds, which has a place of its own.
    max_seeds : int
        With embedded pictures; of more a page is too heavy for a browser.
    """

    def __init__(self, run: Run, figures: Sequence[Figure], summary: str, max_seeds: int):
        self.run, self.max_seeds = run, max_seeds
        self.on_top = [f for f in figures if f.name == summary]
        self.rest = [f for f in figures if f.name != summary]

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
            elif place < self.max_seeds:
                blocks.append(Fold(title, embedded(self.run, figures)))
            else:
                names = [relative(self.run, file) for f in figures for file in f.files]
                blocks.append(Files(f"{title}, not embedded:", names))
        return [*blocks, *([Heading("Others")] if others else []), *embedded(self.run, others)]


def every_figure(run: Run, pattern: re.Pattern, captions: Mapping[str, str]) -> list[Figure]:
    """Figures of a run in the order of `captions`, then by name.

    Parameters
    ----------
    run : Run
    pattern : re.Pattern
        Of a file's name without its ending: groups `name` and, if it is of one seed, `seed`.
    captions : dict of str
        What a figure shows, by name; one that is not there is called by its name.
    """
    seeded: dict[tuple[str, str], Figure] = {}
    for file in sorted(run.figures.glob("[!.]*.png"), key=lambda f: ("_seed_" not in f.stem, f)):
        match = pattern.match(file.stem)
        name = match["name"] if match else file.stem
        seed = int(match["seed"]) if match and match["seed"] else None
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        key = next((k for k in seeded if k[1] == digest and seed is None), (file.name, digest))
        caption = captions.get(name, f"{name.replace('_', ' ')}.")
        known = seeded.get(key, Figure(name, seed, (), caption))
        seeded[key] = Figure(known.name, known.seed, (*known.files, file), known.caption)
    order = {name: place for place, name in enumerate(captions)}
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
        alt = f"{figure.caption.partition('. ')[0].rstrip('.')}{seed}"
        blocks.append(Picture(*picture, alt=alt, caption=figure.caption, files=files))
    return blocks


def relative(run: Run, file: Path) -> str:
    """Address of a file as the page in the run folder sees it."""
    return file.relative_to(run.folder).as_posix()
