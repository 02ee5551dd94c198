"""How far an unfinished run has come, as it stands in its report."""

from __future__ import annotations

from markupsafe import Markup
from matplotlib.figure import Figure

from driver.command import watch
from driver.figures import style
from driver.formatting import clock, number
from driver.report import page as report
from driver.report.page import Code, Table, Text
from driver.run.saved import NotARun
from models.lateral_line import metrics
from models.lateral_line.params import NetworkParams
from models.lateral_line.saved import Run, Seed
from models.lateral_line.show import panels, verdict


def unfinished(run: Run) -> list:
    """How far a run has come that is not complete, and which seeds failed."""
    left = [run.seed(s) for s in run.seeds if s not in run.finished]
    if run.summary is not None:
        lost = ", ".join(str(seed.number) for seed in left)
        return [Text(f"Without a result, see the log: seed {lost}.", "warning")] if left else []
    states = [watch.state(seed) for seed in left]
    blocks: list = [Text(headline(run, left), "warning" if run.finished else "verdict")]
    rows = [state_row(seed, state) for seed, state in zip(left, states, strict=True)]
    sigma = Markup("{} in training (rad)").format(verdict.SIGMA)
    head = ("seed", "state", "trials", "left", sigma, "valid", "mean weight", "as of")
    if rows:
        blocks.append(Table(head=head, rows=rows, numbers=False))
    if not run.in_use:
        blocks += [Text("To go on:"), Code(watch.way_on(run), wrap=True)]
    return blocks


def headline(run: Run, left: list[Seed]) -> str:
    how = "Still running" if run.in_use else "Not complete, and nobody is working on it"
    if len(run.seeds) > 1:
        return f"{how}: {len(run.finished)} of {len(run.seeds)} seeds finished."
    status = left[0].status if left else None
    if status is None:
        return f"{how}."
    words = f"{status['phase']}, trial {status['trial']} of {status['n_trials']}"
    if run.in_use and status["seconds_left"] is not None:
        words += f", {clock(status['seconds_left'])} left"
    return f"{how}: {words}."


def state_row(seed: Seed, state: str) -> tuple:
    status = seed.status
    if status is None:
        return (seed.number, state, *6 * ("–",))
    found, left = status["metrics"] or {}, status["seconds_left"]  # none before the first record
    words = {
        key: number(found[key], digits) if key in found else "–"
        for key, digits in (("sigma_theta_rad", 2), ("valid_fraction", 2), ("w_mean", 4))
    }
    return (
        *(seed.number, state, f"{status['trial']} of {status['n_trials']}"),
        "–" if left is None else clock(left),
        *words.values(),
        status["updated_utc"][:19].replace("T", " ") + " UTC",
    )


def learning_so_far(run: Run) -> list:
    """Weights and map up to the last checkpoint, of the first unfinished seed that has one."""
    left = [] if run.summary is not None else [s for s in run.seeds if s not in run.finished]
    for seed in map(run.seed, left):
        try:
            series = seed.series
        except NotARun:
            continue
        with style.applied():
            picture = report.drawn(learning_curve(series, seed.params))
        words = f"Learning so far, seed {seed.number}: weights and map up to the last checkpoint"
        return [report.Picture(*picture, alt=words, caption=f"{words}.")]
    return [Text("There is no checkpoint yet.", "note")] if left else []


def learning_curve(series: dict, params: NetworkParams) -> Figure:
    figure = Figure(figsize=(11, 6), layout="constrained")
    weights, angles = figure.subplots(2, 1, sharex=True)
    names = ("checkpoint_t_s", "w_mean_series", "w_std_series", "tracked_weight_series")
    panels.draw_weight_means(weights, *(series[n] for n in names), params.mon_ts_wmax, None)
    names = ("pv_ckpt_t_s", "pv_sigma_theta_series", "pv_delta_trial_series")
    names += ("pv_valid_fraction_series",)
    n_bins = min(metrics.MAX_ANGLE_BINS, params.n_ts)
    chance = metrics.chance_band(n_bins)
    panels.draw_training_map(angles, *(series[n] for n in names), chance, n_bins)
    weights.set_xlabel("")
    angles.set_xlabel("training time (s)")
    return figure
