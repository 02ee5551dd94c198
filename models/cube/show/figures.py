"""Figures of a seed, drawn from its arrays and results and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from driver.figures import style
from driver.files import replace_file
from models.cube.params import LocalParams, Params
from models.cube.show import cube_figures, local_figures, summary_figure
from models.cube.show.film import animate
from models.cube.show.view import Shown

SUMMARY = summary_figure.seeds_summary.__name__
Maker = Callable[[Shown], Figure | None]
CUBE: tuple[Maker, ...] = (
    cube_figures.snapshot,
    cube_figures.activity,
    cube_figures.removal,
    cube_figures.output_by_lag,
    cube_figures.reach,
    cube_figures.readout,
    cube_figures.weights,
)
LOCAL: tuple[Maker, ...] = (
    local_figures.snapshot,
    local_figures.learning,
    local_figures.tests,
    local_figures.recall,
    local_figures.weights,
)


def makers(p: Params) -> dict[str, Maker]:
    """Figures of a model by name, in the order in which they are shown."""
    return {make.__name__: make for make in (LOCAL if isinstance(p, LocalParams) else CUBE)}


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
    Path(seed.figures).mkdir(parents=True, exist_ok=True)
    shown, files = Shown.of(seed, down), []
    for name, make in makers(seed.params).items():
        with style.applied():
            figure = make(shown)
            if figure is not None:
                files.append(save(figure, Path(seed.figures) / f"{name}_seed_{seed.number}.png"))
    return files


def draw(seed) -> list[Path]:
    """Draw the figures of a finished seed, and its films if the run asked for them."""
    display = seed.run.file["display"]
    files = draw_seed(seed, display["down"])
    if display["animation"]:
        for label in ("trained", "untrained"):
            path = seed.figures / f"animation_{label}_seed_{seed.number}"
            files.append(animate(seed, label, path, every=display["every"], down=display["down"]))
    return files


def draw_summary(run) -> list[Path]:
    """Draw what compares the finished seeds of a run; nothing for a run of one seed."""
    if len(run.seeds) == 1 or not run.finished:
        return []
    Path(run.figures).mkdir(parents=True, exist_ok=True)
    rows = [{"seed": s} | dict(run.seed(s).results) for s in run.finished]
    target = Path(run.figures) / f"{SUMMARY}_n{len(run.seeds)}.png"
    with style.applied():
        return [save(summary_figure.seeds_summary(rows), target)]


def save(figure: Figure, target: Path) -> Path:
    return replace_file(target, lambda file: figure.savefig(file, **style.PNG))
