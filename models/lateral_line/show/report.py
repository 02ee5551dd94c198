"""What stands in the report of a run, ``report.html``: from its folder and from nothing else.

Also of a run that is still going on, was interrupted or failed. How the page looks is
`driver.report.page`'s business, what the numbers say that of `models.lateral_line.show.verdict`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from driver.figures import style
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import Adjustment
from driver.report import mathml
from driver.report import page as report
from driver.report import parts as report_parts
from driver.report.figures import Figures
from driver.report.page import Columns, Heading, Page, Plot, Section, Text
from driver.report.scripts import plotly_script, scripts
from driver.run.saved import NotARun
from models.lateral_line.docs import equation_text
from models.lateral_line.options import WITHOUT_FLAG
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import PRESETS
from models.lateral_line.saved import Run, Seed
from models.lateral_line.show import overviews, verdict, zoomable
from models.lateral_line.show.figures import figures_of
from models.lateral_line.show.report_progress import learning_so_far, unfinished
from stimulus import StimulusParams

UNITS = {  # ending of a parameter's name
    **{"_mV": "mV", "_ms": "ms", "_cm_s": "cm/s", "_per_cm": "1/cm", "_cm": "cm"},
    **{"_hz": "Hz", "_s": "s"},
}


def write_report(run: Run) -> Path:
    """Write ``report.html`` of a run, finished or not; returns its path.

    Raises
    ------
    NotARun
        If a file that the page needs cannot be read.
    """
    return report_parts.write(run, page(run))


def page(run: Run) -> Page:
    shown = figures_of(run)
    plotly = plotly_script() if run.finished else None
    parameters = report_parts.parameter_table(parameter_rows(run))
    return Page(
        title=report_parts.folder_name(run),
        subtitle=subtitle(run),
        sections=[
            Section("learned", "Did the network learn?", learned(run, shown)),
            Section("made", "How it was made", made(run)),
            Section("figures", "Figures", shown.blocks()),
            Section("zoom", "Zoom in", zoom(run, plotly)),
            Section("equations", "Equations", [report.Equations(mathml.rendered(equations()))]),
            Section("parameters", "Parameters", [parameters]),
            Section("log", "Log", report_parts.log(run)),
        ],
        footer=report_parts.footer(),
        data={"zoomable": report.safe_json(zoomable.content(first(run)))} if plotly else {},
        scripts=scripts(plotly, zoomable.SCRIPT),
    )


def first(run: Run) -> Seed:
    """The first finished seed, whose pictures are shown first."""
    return run.seed(run.finished[0])


def subtitle(run: Run) -> str:
    p = run.params
    motion = "held snapshots" if p.test_using_held_snapshots else f"{p.speed_cm_s:g} cm/s"
    return (
        f"{run.mode}, {report_parts.seeds(run)}; {p.n_ll} LL, {p.n_mon} MON, {p.n_ts} TS; "
        f"{p.n_training_trials} trials of {p.trial_duration_s:g} s; "
        f"test at {p.distance_cm:g} cm, {motion}{report_parts.renamed(run)}"
    )


# --- did the network learn? ------------------------------------------------------------


def learned(run: Run, shown: Figures) -> list:
    every = [run.seed(s).results for s in run.finished]
    blocks = unfinished(run)
    if every and len(run.seeds) > 1:
        blocks += several(run, every, shown)
    elif every:
        blocks += one(run, every[0])
    return [*blocks, *learning_so_far(run), *warnings(run, every)]


def one(run: Run, results: dict[str, Any]) -> list:
    """Verdict and numbers of one seed, its decoded positions beside them."""
    said = [Text(text) for text in (*source([results]), *verdict.details(results))]
    return [
        Text(verdict.headline(results), "verdict"),
        Columns([verdict.table(results), *said], [positions(first(run))]),
    ]


def several(run: Run, every: list[dict[str, Any]], shown: Figures) -> list:
    """Verdict over seeds, all of them in a table, then the first one by itself."""
    said = [*source(every), *verdict.details_of_seeds(every)]
    return [
        Text(verdict.headline_of_seeds(every), "verdict"),
        *map(Text, said),
        verdict.table_of_seeds(every),
        *shown.summary(),
        Heading(f"The first seed, {first(run).number}"),
        Columns([verdict.table(every[0])], [positions(first(run))]),
    ]


def source(every: list[dict[str, Any]]) -> list[str]:
    """Whose weights were tested, if they were not trained here."""
    origins = [origin for r in every if (origin := r.get("source"))]
    if not origins:
        return []
    trials = sorted({origin["n_training_trials"] for origin in origins})
    runs = sorted({origin["run"] for origin in origins})
    return [
        f"Nothing was trained here. Tested are the weights of run {', '.join(runs)}, seed "
        f"{', '.join(str(origin['seed']) for origin in origins)}, after "
        f"{', '.join(map(str, trials))} trials (SHA-256 "
        f"{', '.join(origin['weights_sha256'][:8] for origin in origins)}), beside those that it "
        "began with."
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


def warnings(run: Run, every: list[dict[str, Any]]) -> list[Text]:
    """What a reader must know before believing a number."""
    found: dict[str, list[str]] = {}
    for results in every:
        for text in results["warnings"]:
            found.setdefault(text, []).append(str(results["seed"]))
    moved = [str(Adjustment(**a)) for a in run.file.get("cli_adjustments", [])]
    texts = [
        text if len(who) == len(run.seeds) else f"seed {', '.join(who)}: {text}"
        for text, who in found.items()
    ]
    return [Text(text, "warning") for text in (*texts, *moved)]


# --- how it was made, parameters, equations ---------------------------------------


def made(run: Run) -> list:
    rows = [
        ("preset", run.mode),
        *report_parts.origin(run),
        *took(run),
        *report_parts.memory(run),
        *((spelled(name), value) for name, value in run.file.get("effective", {}).items()),
        *report_parts.goes(run),
    ]
    return report_parts.made(run, rows, parameter_rows(run))


def spelled(name: str) -> str:
    """A key of ``effective`` in words."""
    text = name.replace("ll_mon", "LL→MON").replace("mon_ts", "MON→TS").replace("ts_", "TS_")
    return text.replace("_", " ")


def took(run: Run) -> list[tuple]:
    every = [run.seed(s).results["training"] for s in run.finished]
    every = [one for one in every if one["seconds_in_all"] is not None]
    training = sum(one["seconds"] or 0 for one in every)
    in_all = [one["seconds_in_all"] for one in every]
    return report_parts.took(in_all, f"; {training:.1f} s of it training")


def parameter_rows(run: Run) -> list[tuple]:
    """Every field; the preset's value where another was used."""
    preset = PRESETS.get(run.mode, {})
    shown = {name: i for name, i in cli.fields(StimulusParams).items() if name not in WITHOUT_FLAG}
    parts = (
        (run.params, cli.fields(NetworkParams), preset),
        (run.stimulus, shown, {}),
    )
    return [
        report_parts.parameter_row(used, info, base, unit(name))
        for used, infos, base in parts
        for name, info in infos.items()
    ]


def unit(name: str) -> str:
    """Of a parameter; empty for a pure number."""
    return next((u for ending, u in UNITS.items() if name.endswith(ending)), "")


def equations() -> list[tuple[str, str]]:
    """Title and code of each part of the model, as in the README."""
    text = equation_text().strip("`\n")
    parts = re.split(r"(?m)^# ", text)[1:]
    split = (part.strip().split("\n", 1) for part in parts)
    return [(title.replace("->", "→"), code) for title, code in split]


def zoom(run: Run, plotly: str | None) -> list:
    if not run.finished:
        return [Text("Comes with the first finished seed.", "note")]
    if plotly is None:
        return [
            Text(
                "Rasters and tuning curves that can be zoomed need plotly: "
                "pip install -r requirements-extra.txt, then write the report again. The figures "
                "above show the same.",
                "note",
            )
        ]
    seed = first(run)
    return [
        Text(f"The test of seed {seed.number}. Drag to zoom, double-click to go back."),
        Plot("rasters", 1150, zoomable.limits(seed)),
        Plot("tuning", 380, "Rate of a cell by source position, one pass of the test."),
    ]
