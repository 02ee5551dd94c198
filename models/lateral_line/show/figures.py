"""Figures of a run, drawn from its folder and from nothing else.

`FIGURES` lists those of a seed; `draw_run` draws all of a run. A figure drawn years later is the
same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from driver.figures import style
from driver.files import replace_file
from models.lateral_line.analyses import figures as reconstruction_figures
from models.lateral_line.saved import Run, Seed
from models.lateral_line.show import activity_figures, overviews, tuning_figures, weight_figures
from models.lateral_line.show.summary_figure import multiseed_summary

MAKERS: tuple[Callable[[Seed], Figure], ...] = (
    overviews.spatial_two_stage,
    overviews.test_phase_only,
    weight_figures.learning_curves,
    weight_figures.llmon_weights,
    weight_figures.mon_ts_weight_profile,
    weight_figures.mon_to_ts_receptive_fields,
    tuning_figures.ts_tuning,
    tuning_figures.mon_tuning_examples,
    tuning_figures.mon_ts_drive_heatmap,
    tuning_figures.mon_ts_drive_winner,
    activity_figures.ll_spikes_vs_x_test,
    activity_figures.mon_spikes_vs_x_test,
    activity_figures.ts_spikes_vs_x_test,
    activity_figures.ts_pop_rate_train_test_transition,
)
ANALYSES: tuple[Callable[[Seed], Figure], ...] = (
    reconstruction_figures.tuning_multimodality,
    reconstruction_figures.tuning_multimodality_distance,
    reconstruction_figures.tuning_multimodality_ensemble,
)
FIGURES: dict[str, Callable[[Seed], Figure]] = {make.__name__: make for make in MAKERS}
# second names, without parameters in them, in a run of the thesis preset
LATEST = {
    "spatial_two_stage": "LL_THESIS_BASELINE_ACTIVE_latest",
    "test_phase_only": "LL_THESIS_BASELINE_TEST_ONLY_latest",
}


def draw_run(run: Run) -> list[Path]:
    """Draw every figure of a run: those of its finished seeds, and what belongs to all of them."""
    files = [file for seed in run.finished for file in draw_seed(run.seed(seed))]
    return [*files, *draw_summary(run)]


def draw_analyses(run: Run) -> list[Path]:
    """Draw, for each finished seed, what its stored weights and afferents alone have to say."""
    run.figures.mkdir(exist_ok=True)
    return [
        draw(file_of(saved, make.__name__, f"_seed_{saved.number}"), make, saved)
        for saved in map(run.seed, run.finished)
        for make in ANALYSES
    ]


def draw_summary(run: Run) -> list[Path]:
    """Draw what compares the finished seeds; nothing for a run of one seed."""
    if len(run.seeds) == 1:
        return []
    run.figures.mkdir(exist_ok=True)
    target = run.figures / f"brian2_multiseed_summary_n{len(run.seeds)}.png"
    return [draw(target, multiseed_summary, run), *missing_copies(run)]


def missing_copies(run: Run) -> list[Path]:
    """Copy what the first finished seed has drawn under its own name alone.

    A run that goes on draws only the seeds that it redoes, and they may have failed again.
    """
    if not run.finished:
        return []
    saved, found = run.seed(run.finished[0]), []
    for name in FIGURES:
        drawn = file_of(saved, name, f"_seed_{saved.number}")
        if drawn.exists():
            found += [copy(drawn, file) for file in unseeded(saved, name) if not file.exists()]
    return found


def draw_seed(saved: Seed) -> list[Path]:
    """Draw every figure of one seed into ``figures/``.

    Figures of the first finished seed are copied to a name without the seed, and two of the thesis
    preset to the names of `LATEST`. An earlier seed that finishes later takes these names over.

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
        drawn = draw(file_of(saved, name, f"_seed_{saved.number}"), make, saved)
        files.append(drawn)
        if saved.number == saved.run.finished[0]:
            files += [copy(drawn, file) for file in unseeded(saved, name)]
    return files


def unseeded(saved: Seed, name: str) -> list[Path]:
    """Names of a figure that do not say of which seed it is."""
    files = [file_of(saved, name)]
    if saved.run.mode == "ll_thesis" and name in LATEST:
        files.append(saved.run.figures / f"{LATEST[name]}.png")
    return files


def draw(target: Path, make: Callable[..., Figure], shown) -> Path:
    """Make a figure of what is `shown` and save it."""
    with style.applied():
        figure = make(shown)
        return replace_file(target, lambda file: figure.savefig(file, **style.PNG))


def copy(source: Path, target: Path) -> Path:
    return replace_file(target, lambda file: file.write(source.read_bytes()))


def file_of(saved: Seed, name: str, ending: str = "") -> Path:
    """``brian2_<name>_u_<speed>_nMON_<n>_nTS_<n>[_seed_<s>].png``."""
    p = saved.params
    stem = f"brian2_{name}_u_{p.speed_cm_s:.1f}_nMON_{p.n_mon}_nTS_{p.n_ts}"
    return saved.run.figures / f"{stem}{ending}.png"
