"""Figures as files: drawn in the project's style, whole, and never twice.

A model has a table of its figures, ``{"raster": raster, ...}``: functions of what is shown (a seed,
a run) that return a matplotlib figure, or None where they do not apply. Their docstrings are the
captions. In the folder of a run of one seed a figure has its name alone; of several seeds each has
its own, ``<name>_seed_<s>.png``, and the name alone is one more name of the first seed's file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from driver.figures import style
from driver.files import link, replace_file
from driver.run.saved import Run, Seed

Maker = Callable[[Any], Any]  # returns a matplotlib Figure, or None
Names = Callable[[Seed, str], Sequence[str]]
NO_FIGURES: Mapping[str, Maker] = {}


def by_name(*makers: Maker) -> dict[str, Maker]:
    """A table of figures, in the order in which they are shown."""
    return {make.__name__: make for make in makers}


def caption(make: Maker) -> str:
    """What a figure shows and what to look for: the docstring of its function."""
    return " ".join(inspect.getdoc(make).split()).replace("->", "→")


def draw(target: Path, make: Maker, shown: Any) -> Path | None:
    """Make a figure of what is `shown` and save it; None if it does not apply."""
    with style.applied():
        figure = make(shown)
        if figure is None:
            return None
        return replace_file(target, lambda file: figure.savefig(file, **style.PNG))


def names_of(seed: Seed, name: str, more: Sequence[str] = ()) -> list[str]:
    """Names of a seed's figure, without ending: drawn is the first, the others are links to it.

    `name` is without the seed; `more` are further names of what has it, the figure of the only seed
    or of the first finished one.
    """
    own, run = f"{name}_seed_{seed.number}", seed.run
    if len(run.seeds) == 1:
        return [name, *more]
    return [own, name, *more] if seed.number == run.finished[0] else [own]


def draw_seed(
    seed: Seed, makers: Mapping[str, Maker], names: Names = names_of, shown: Any = None
) -> list[Path]:
    """Draw every figure of one seed into ``figures/``; returns what was written, links included.

    Parameters
    ----------
    seed : Seed
    makers : dict of callable
    names : callable
        ``names(seed, name)``, like `names_of`.
    shown : object, optional
        What the figures are made of; the seed if not given.

    Raises
    ------
    NotARun
        If an artifact of the seed is missing.
    """
    seed.figures.mkdir(parents=True, exist_ok=True)
    files = []
    for name, make in makers.items():
        target = seed.figures / f"{names(seed, name)[0]}.png"
        if draw(target, make, seed if shown is None else shown):
            files.append(target)
        earlier = target.with_stem(f"{target.stem}_seed_{seed.number}")
        earlier.unlink(missing_ok=True)  # of a program that drew a single seed under two names
    return [*files, *link_names(seed, makers, names)]


def draw_all(makers: Mapping[str, Maker], seed: Seed) -> list[Path]:
    """`draw_seed`, for a model that has no other names."""
    return draw_seed(seed, makers)


def link_names(seed: Seed, makers: Mapping[str, Maker], names: Names = names_of) -> list[Path]:
    """Give the figures of a seed their further names; returns those that are new.

    A seed that finishes later than another, but comes before it, takes them over.
    """
    made = []
    for name in makers:
        target, *others = (seed.figures / f"{one}.png" for one in names(seed, name))
        for other in others:
            if target.exists() and not (other.exists() and other.samefile(target)):
                made.append(link(target, other))
    return made


def draw_summary(run: Run, name: str, make: Maker) -> list[Path]:
    """Draw what compares the seeds of a run, ``<name>_n<seeds>.png``; nothing for one seed."""
    if len(run.seeds) == 1:
        return []
    run.figures.mkdir(exist_ok=True)
    file = draw(run.figures / f"{name}_n{len(run.seeds)}.png", make, run)
    return [file] if file else []
