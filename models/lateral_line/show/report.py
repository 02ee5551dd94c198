"""What stands in the report of a run, ``report.html``: from its folder and from nothing else.

Also of a run that is still going on, was interrupted or failed. How the page looks is the business
of `driver.report.run_page`, what the numbers say that of `models.lateral_line.show.verdict`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from driver.figures import style
from driver.report import page as report
from driver.report import parts, run_page
from driver.report.figures import Figures
from driver.report.page import Columns, Heading, Plot, Section, Text, marked_up
from driver.report.run_page import Drawing
from driver.run.saved import NotARun
from models.lateral_line.docs import EQUATIONS
from models.lateral_line.metric_table import SIGMA
from models.lateral_line.options import WITHOUT_FLAG
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import PRESETS
from models.lateral_line.saved import Run, Seed
from models.lateral_line.show import overviews, panels, verdict, zoomable
from models.lateral_line.show.figures import figures_of
from models.lateral_line.summary import ll_mon_weights
from models.lateral_line.warnings import LOOPS, is_enabled

WATCHED = {
    "sigma_theta_rad": (marked_up(f"{SIGMA} in training (rad)"), 2),
    "valid_fraction": ("valid", 2),
    "w_mean": ("mean weight", 4),
}


def write_report(run: Run) -> Path:
    """Write ``report.html`` of a run, finished or not; returns its path.

    Raises
    ------
    NotARun
        If a file that the page needs cannot be read.
    """
    if run.published:
        raise NotARun(f"{run.folder} has no report: it is of the published program")
    figures = figures_of(run)
    return run_page.write(
        run,
        about=overviews.network(run.params),
        verdict=Section("learned", "Did the network learn?", learned(run, figures)),
        figures=figures,
        equations=equations(),
        parameters=[
            *parts.parameter_rows(run.params, PRESETS.get(run.mode)),
            *parts.parameter_rows(run.stimulus, hidden=WITHOUT_FLAG),
        ],
        facts=facts(run),
        watched=WATCHED,
        drawing=Drawing(
            id="zoom",
            title="Zoom in",
            data="zoomable",
            script=zoomable.SCRIPT,
            make=zoom,
            without="Rasters and tuning curves that can be zoomed need plotly: "
            "pip install -r requirements-extra.txt, then write the report again. The figures "
            "above show the same.",
            max_seeds=zoomable.MAX_SEEDS,
        ),
    )


def first(run: Run) -> Seed:
    """The first finished seed, whose pictures are shown first."""
    return run.seed(run.finished[0])


# --- did the network learn? ------------------------------------------------------------


def learned(run: Run, shown: Figures) -> list:
    every = [run.seed(s).results for s in run.finished]
    blocks: list = []
    if every and len(run.seeds) > 1:
        blocks = several(run, every, shown)
    elif every:
        blocks = one(run, every[0])
    return [*blocks, *learning_so_far(run)]


def one(run: Run, results: dict[str, Any]) -> list:
    """Verdict and numbers of one seed, its decoded positions beside them."""
    words = [*map(Text, source([results])), *map(sentence, verdict.details(results))]
    return [
        sentence(verdict.headline(results), "verdict"),
        Columns([verdict.table(results), *words], [positions(first(run))]),
    ]


def several(run: Run, every: list[dict[str, Any]], shown: Figures) -> list:
    """Verdict over seeds, all of them in a table, then the first one by itself."""
    return [
        sentence(verdict.headline_of_seeds(every), "verdict"),
        *map(Text, source(every)),
        *map(sentence, verdict.details_of_seeds(every)),
        verdict.table_of_seeds(every),
        *shown.summary(),
        Heading(f"The first seed, {first(run).number}"),
        Columns([verdict.table(every[0])], [positions(first(run))]),
    ]


def sentence(text: str, look: str = "") -> Text:
    """A sentence of the verdict, with its symbols set as such."""
    return Text(marked_up(text), look)


def source(every: list[dict[str, Any]]) -> list[str]:
    """Whose weights were tested, if they were not trained here."""
    origins = [origin for r in every if (origin := r.get("source"))]
    if not origins:
        return []
    trials = sorted({origin["n_training_trials"] for origin in origins})
    runs = sorted({origin["run"] for origin in origins})
    initial = any(ll_mon_weights(origin) == "initial" for origin in origins)
    without = " LL→MON weights are those that it began with in both tests." if initial else ""
    return [
        f"Nothing was trained here. Tested are the weights of run {', '.join(runs)}, seed "
        f"{', '.join(str(origin['seed']) for origin in origins)}, after "
        f"{', '.join(map(str, trials))} trials (SHA-256 "
        f"{', '.join(origin['weights_sha256'][:8] for origin in origins)}), beside those that it "
        f"began with.{without}"
    ]


def positions(saved: Seed):
    """Source and decoded positions in the test, trained and untrained."""
    try:
        with style.applied():
            figure = Figure(figsize=(8, 4.8), layout="constrained")
            figure.suptitle(overviews.test_numbers(saved), fontsize=9.5, x=0.01, ha="left")
            ax = figure.add_subplot()
            overviews.position_panel(ax, saved)
            title = ax.get_title("left")
            ax.set_title("")
            ax.set(xlim=(0, saved.test_s), xlabel="time from the start of the test (s)")
            picture = report.drawn(figure)
    except NotARun as error:
        return Text(f"No picture: {error}", "warning")
    alt = f"{title}; over the test, trained and untrained, seed {saved.number}"
    return report.Picture(*picture, alt=alt, caption=f"{title}, seed {saved.number}.")


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
    panels.draw_weight_means(weights, series, params.mon_ts_wmax)
    panels.draw_map_of_training(angles, series, params.n_ts)
    weights.set_xlabel("")
    angles.set_xlabel("training time (s)")
    return figure


# --- how it was made, equations, drawings ------------------------------------------------


def facts(run: Run) -> list[tuple]:
    """How long it took, and what follows from the parameters."""
    found = [run.seed(s).results for s in run.finished]
    every = [results["training"] for results in found]
    every = [one for one in every if one["seconds_in_all"] is not None]
    training = sum(one["seconds"] or 0 for one in every)
    in_all = [one["seconds_in_all"] for one in every]
    return [
        *parts.took(in_all, f"; {training:.1f} s of it training"),
        *((spelled(name), value) for name, value in run.file.get("effective", {}).items()),
        *inhibitory_spikes(run.params, found),
    ]


def inhibitory_spikes(p: NetworkParams, every: list[dict[str, Any]]) -> list[tuple]:
    """How often each inhibitory cell fired, of those that could inhibit; in some presets never."""
    rows = []
    for cell, (what, _) in LOOPS.items():
        counts = [
            (r["training"].get("spikes") or {}).get(cell, 0) + r["spikes"].get(cell, 0)
            for r in every
        ]
        if counts and is_enabled(p, cell):
            words = ", ".join(str(n) if n else "its cell never fired" for n in counts)
            rows.append((f"spikes of the {what}", words))
    return rows


def spelled(name: str) -> str:
    """A key of ``effective`` in words."""
    text = name.replace("ll_mon", "LL→MON").replace("mon_ts", "MON→TS").replace("ts_", "TS_")
    return text.replace("_", " ")


def equations() -> list[tuple[str, str]]:
    """Title and code of each part of the model, as in docs/lateral_line.md."""
    return [(title.replace("->", "→"), code.strip()) for title, code in EQUATIONS]


def zoom(seed: Seed) -> tuple[dict[str, Any], list]:
    """Rasters and tuning curves of a seed, and the blocks around them."""
    return zoomable.content(seed), [
        Text("The test of a seed. Drag to zoom, double-click to go back."),
        Plot("rasters", 1150, zoomable.limits(seed)),
        Plot("tuning", 380, "Rate of a cell by source position, one pass of the test."),
    ]
