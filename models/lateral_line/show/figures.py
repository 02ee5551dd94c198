"""Figures of a run, drawn from its folder and from nothing else.

`FIGURES` lists those of a seed. A figure drawn years later is the same.
"""

from __future__ import annotations

import re
from pathlib import Path

from driver.figures import draw
from driver.figures.draw import by_name
from driver.report.figures import Figures
from models.lateral_line.analyses import figures as reconstruction_figures
from models.lateral_line.published import UNSTORED
from models.lateral_line.saved import NotARun, Run, Seed
from models.lateral_line.show import (
    activity_figures,
    map_figures,
    overviews,
    tuning_figures,
    weight_figures,
)
from models.lateral_line.show.summary_figure import multiseed_summary

MAPS = by_name(
    map_figures.map_by_position,
    map_figures.map_over_training,
    map_figures.order_over_training,
)
FIGURES = by_name(
    overviews.spatial_two_stage,
    overviews.test_phase_only,
    *MAPS.values(),
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
ANALYSES = by_name(
    reconstruction_figures.tuning_multimodality,
    reconstruction_figures.tuning_multimodality_distance,
    reconstruction_figures.tuning_multimodality_ensemble,
)
FROM_WEIGHTS = by_name(  # all that a run of the published program can show
    weight_figures.llmon_weights,
    weight_figures.mon_to_ts_receptive_fields,
)
SUMMARY = by_name(multiseed_summary)
NAME = re.compile(r"brian2_(?P<name>.+?)(_n\d+|_u_[\d.]+_nMON_\d+_nTS_\d+)?(_seed_(?P<seed>\d+))?$")
# second names, without parameters in them, in a run of the thesis preset
LATEST = {
    "spatial_two_stage": "LL_THESIS_BASELINE_ACTIVE_latest",
    "test_phase_only": "LL_THESIS_BASELINE_TEST_ONLY_latest",
}


def draw_seed(saved: Seed) -> list[Path]:
    """Draw every figure of one seed; see `driver.figures.draw.draw_seed`."""
    return draw.draw_seed(saved, FROM_WEIGHTS if saved.run.published else FIGURES, names_of)


def draw_analyses(run: Run) -> list[Path]:
    """Draw, for each finished seed, what its stored weights and afferents alone have to say."""
    if run.published:
        raise NotARun(f"{run.folder}: no analyses of a {UNSTORED}")
    seeds = map(run.seed, run.finished)
    return [file for saved in seeds for file in draw.draw_seed(saved, ANALYSES, names_of)]


def draw_summary(run: Run) -> list[Path]:
    """Draw what compares the finished seeds; nothing for a run of one seed."""
    if run.published:
        return []
    files = draw.draw_summary(run, "brian2_multiseed_summary", multiseed_summary)
    # a run that goes on clears the names without a seed away, and draws only what it redoes
    first = map(run.seed, run.finished[:1])
    return files + [file for seed in first for file in draw.link_names(seed, FIGURES, names_of)]


def figures_of(run: Run) -> Figures:
    """Every figure in the folder of the run, for its report; a map that was tested comes first."""
    makers = FIGURES | ANALYSES | SUMMARY
    if run.params.test_passes > 1:
        makers = MAPS | makers
    return Figures(run, makers, multiseed_summary.__name__, pattern=NAME)


def names_of(saved: Seed, name: str) -> list[str]:
    """``brian2_<name>_u_<speed>_nMON_<n>_nTS_<n>[_seed_<s>]``, and perhaps one of `LATEST`."""
    p = saved.params
    full = f"brian2_{name}_u_{p.speed_cm_s:.1f}_nMON_{p.n_mon}_nTS_{p.n_ts}"
    latest = [LATEST[name]] if saved.run.mode == "ll_thesis" and name in LATEST else []
    return draw.names_of(saved, full, latest)
