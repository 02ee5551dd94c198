"""The figure of several seeds: how good the map is, seed by seed, trained beside untrained.

Drawn from the results files of the seeds and nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from driver.experiment.metric import row_of
from driver.figures.seeds import seeds_figure
from models.lateral_line import metrics, summary
from models.lateral_line.metric_table import ALIGNED, ALIGNED_PATH, BODY, ORDER, PATH, TABLE
from models.lateral_line.saved import Run
from models.lateral_line.show.overviews import network_of, run_name
from models.lateral_line.show.panels import SILENT, chance

MAX_NAMED = 16  # seeds in the headline
ROWS = (  # over the scored path, and over the body
    (PATH.name, BODY.name),
    ("delta_trial_rad", "delta_trial_body_rad"),
    (PATH.valid, BODY.valid),
)
ALIGNED_PAIR = ALIGNED_PATH, ALIGNED


def multiseed_summary(run: Run) -> Figure:
    """Map quality by seed with mean and interval: a row a number, a column a window. Look for round
    points, trained, below the square ones in most seeds, and for whether the two means are apart by
    more than their intervals. Both may lie below chance: an untrained network has a map too if its
    wiring is topographic. The lowest row says how much could be decoded at all."""
    results = {seed: run.seed(seed).results for seed in run.finished}
    windows = summary.place(run.params.eval_window_cm), "body"
    shown = [
        replace(TABLE[name], label=window)
        for row in ROWS
        for name, window in zip(row, windows, strict=True)
    ]
    if run.params.test_passes > 1:  # what decides stands first
        aligned = (
            replace(m, label=f"{w}, aligned") for m, w in zip(ALIGNED_PAIR, windows, strict=True)
        )
        shown = [*aligned, ORDER, TABLE["decoding_error_cm"], *shown]
    band = chance(min(metrics.MAX_ANGLE_BINS, run.params.n_ts))
    return seeds_figure(
        [row_of(TABLE, seed, found) for seed, found in results.items()],
        shown,
        "\n".join(heading(run)),
        n_columns=2,
        chance={PATH.name: band, BODY.name: band},
        usable={name: judge for row in ROWS for name, judge in zip(row, (PATH, BODY), strict=True)},
        if_undefined=SILENT,
    )


def heading(run: Run) -> list[str]:
    """Headline of the run without its seed, and which seeds have no results."""
    missing = [seed for seed in run.seeds if seed not in run.finished]
    lines = [f"{run_name(run)}, {len(run.seeds)} seeds"]
    if run.finished:
        lines.append(network_of(run.seed(run.finished[0])))
    lines.append("Test, trained and untrained joined; means leave out only what is undefined")
    if missing:
        named = ", ".join(map(str, missing[:MAX_NAMED]))
        named += f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
        lines.append(f"failed or not finished, and not shown: seed {named}")
    return lines
