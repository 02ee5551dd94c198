"""Figures of a seed, drawn from its arrays and results and from nothing else."""

from __future__ import annotations

from pathlib import Path

from driver.figures import draw as drawing
from driver.figures.draw import Maker
from driver.figures.seeds import seeds_summary
from driver.report.figures import Figures
from models.cube.kinds import kind_of
from models.cube.params import Params
from models.cube.show.film import animate
from models.cube.show.view import Shown

MAX_SEEDS = 6  # with embedded pictures; of more a page is too heavy for a browser


def makers(p: Params) -> dict[str, Maker]:
    """Figures of a model by name, in the order in which they are shown."""
    return kind_of(p).figures.FIGURES


def draw_seed(seed, down: int | None = None) -> list[Path]:
    """Draw every figure of a seed, ``<name>_seed_<s>.png``; those that do not apply are left out.

    Parameters
    ----------
    seed : object
        With `params`, `dots`, `number`, `figures` (a folder), `recording(label)` and `results`,
        the last two for ``trained`` and ``untrained``.
    down : int, optional
        Cells along a side of a block in the view in space; about 12 blocks a side if not given.

    Returns
    -------
    list of Path
        What was written.
    """
    return drawing.draw_seed(seed, makers(seed.params), names_of, Shown.of(seed, down))


def names_of(seed, name: str) -> list[str]:
    """Also of a single seed."""
    return [f"{name}_seed_{seed.number}"]


def draw(seed) -> list[Path]:
    """Draw the figures of a finished seed, and its films if the run asked for them."""
    display = seed.run.file["display"]
    files = draw_seed(seed, display["down"])
    if display["animation"]:
        for label in ("trained", "untrained"):
            path = seed.figures / f"animation_{label}_seed_{seed.number}"
            files.append(animate(seed, label, path, every=display["every"], down=display["down"]))
    return files


def figures_of(run) -> Figures:
    """Every figure in the folder of the run, for its report."""
    every = makers(run.params) | drawing.by_name(seeds_summary)
    return Figures(run, every, seeds_summary.__name__, MAX_SEEDS)
