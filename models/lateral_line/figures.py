"""Figures of a run, drawn from its folder and from nothing else.

`FIGURES` lists them; `draw_run` draws those of a seed. A figure drawn years later is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from driver import style
from driver.run_folder import replace_file
from models.lateral_line.overviews import spatial_two_stage, test_phase_only
from models.lateral_line.saved import Run, Seed

FIGURES: dict[str, Callable[[Seed], Figure]] = {
    "spatial_two_stage": spatial_two_stage,
    "test_phase_only": test_phase_only,
}


def draw_run(run: Run) -> list[Path]:
    """Draw every figure of a run: those of its finished seeds, and what belongs to all of them."""
    return [file for seed in run.finished for file in draw_seed(run.seed(seed))]


def draw_seed(saved: Seed) -> list[Path]:
    """Draw every figure of one seed into ``figures/``.

    Figures of the first seed are copied to a name without the seed.

    Parameters
    ----------
    saved : Seed

    Returns
    -------
    list of Path
        What was written, copies included.

    Raises
    ------
    NotARun
        If an artifact of the seed is missing.
    """
    saved.run.figures.mkdir(exist_ok=True)
    files = []
    for name, make in FIGURES.items():
        files.append(draw(file_of(saved, name, f"_seed_{saved.number}"), make, saved))
        if saved.number == saved.run.seeds[0]:
            files.append(copy(files[-1], file_of(saved, name)))
    return files


def draw(target: Path, make: Callable[..., Figure], shown) -> Path:
    """Make a figure of what is `shown` and save it."""
    with style.applied():
        figure = make(shown)
        return replace_file(target, lambda file: figure.savefig(file, format="png"))


def copy(source: Path, target: Path) -> Path:
    return replace_file(target, lambda file: file.write(source.read_bytes()))


def file_of(saved: Seed, name: str, ending: str = "") -> Path:
    """``brian2_<name>_u_<speed>_nMON_<n>_nTS_<n>[_seed_<s>].png``."""
    p = saved.params
    stem = f"brian2_{name}_u_{p.speed_cm_s:.1f}_nMON_{p.n_mon}_nTS_{p.n_ts}"
    return saved.run.figures / f"{stem}{ending}.png"
