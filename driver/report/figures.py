"""Figures of a run as they stand in its report: every PNG of ``figures/``, seed by seed; films."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from driver.figures.draw import Maker, caption
from driver.files import is_plain
from driver.report import page as report
from driver.report.page import Choice, Files, Fold, Heading, Picture, Text
from driver.run.saved import Run

NAME = re.compile(r"(?P<name>.+?)(_n\d+)?(_seed_(?P<seed>\d+))?$")
FILMS = (".mp4", ".gif")
MAX_OPEN = 8  # figures of a seed; more are folded


@dataclass(frozen=True)
class Figure:
    """A picture and the files that hold it: a first seed's figures have several names."""

    name: str
    seed: int | None
    files: tuple[Path, ...]
    caption: str


class Figures:
    """The figures of a run, each shown once.

    Parameters
    ----------
    run : Run
    makers : dict of callable
        Every figure of the model by name, in the order of the page; see `driver.figures.draw`.
    summary : str
        Name of the figure over all seeds, which has a place of its own.
    max_seeds : int
        With embedded pictures; of more a page is too heavy for a browser.
    pattern : re.Pattern
        Of a file's name without its ending: groups `name` and, if it is of one seed, `seed`.
    """

    def __init__(
        self,
        run: Run,
        makers: Mapping[str, Maker],
        summary: str = "",
        max_seeds: int = 10,
        pattern: re.Pattern = NAME,
    ):
        self.run, self.max_seeds = run, max_seeds
        figures = every_figure(run, pattern, {name: caption(make) for name, make in makers.items()})
        self.on_top = [f for f in figures if f.name == summary]
        self.rest = [f for f in figures if f.name != summary]

    def summary(self) -> list:
        """The figure over all seeds, if there is one."""
        return embedded(self.run, self.on_top)

    def blocks(self) -> list:
        """All others: of the seed that is picked, of no seed; films."""
        if not self.rest:
            return [Text("There are no figures in the folder of the run.", "note"), *self.films()]
        by_seed: dict[int | None, list[Figure]] = {}
        for figure in self.rest:
            by_seed.setdefault(figure.seed, []).append(figure)
        others, options, blocks = by_seed.pop(None, []), [], []
        for place, (seed, figures) in enumerate(sorted(by_seed.items())):
            if place < self.max_seeds:
                blocks_of_seed = embedded(self.run, figures[:MAX_OPEN])
                if more := figures[MAX_OPEN:]:
                    title = f"{len(more)} more figures"
                    blocks_of_seed.append(Fold(title, embedded(self.run, more)))
                options.append((str(seed), blocks_of_seed))
            else:
                names = [relative(self.run, file) for f in figures for file in f.files]
                blocks.append(Files(f"Seed {seed}, not embedded:", names))
        blocks = [*([Choice("Seed", options)] if options else []), *blocks]
        blocks += [*([Heading("Others")] if others else []), *embedded(self.run, others)]
        return [*blocks, *self.films()]

    def films(self) -> list[Files]:
        """Films beside the page; they are not embedded."""
        every = self.run.figures.glob("[!.]*")
        found = sorted(f for f in every if f.suffix in FILMS and is_plain(f))
        names = [relative(self.run, file) for file in found]
        return [Files("Films, beside this page:", names)] if names else []


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

    def read(file: Path) -> tuple[Path, str, int | None]:
        match = pattern.match(file.stem)
        seed = int(match["seed"]) if match and match["seed"] else None
        return file, match["name"] if match else file.stem, seed

    files = map(read, filter(is_plain, run.figures.glob("[!.]*.png")))  # and nothing elsewhere
    only = run.seeds[0] if len(run.seeds) == 1 else None
    found: dict[tuple[str, str], Figure] = {}
    # a file of no seed may be a link to one of a seed, one of unknown name to a known figure
    for file, name, seed in sorted(files, key=lambda f: (f[2] is None, f[1] not in captions, f[0])):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        key = next((k for k in found if k[1] == digest and seed is None), (file.name, digest))
        of = only if seed is None and name in captions else seed
        known = found.get(key, Figure(name, of, (), captions.get(name, words(name))))
        found[key] = replace(known, files=(*known.files, file))
    order = {name: place for place, name in enumerate(captions)}
    return sorted(found.values(), key=lambda f: (order.get(f.name, len(order)), f.name))


def words(name: str) -> str:
    """Caption of a figure that is not the model's."""
    return f"{name.replace('_', ' ')}."


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
