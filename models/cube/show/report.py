"""What stands in the report of a run, ``report.html``: from its folder and from nothing else.

Also of a run that is still going on, was interrupted or failed. How the page looks is
`driver.report.page`'s business, what the numbers say that of `models.cube.show.verdict`.
"""

from __future__ import annotations

from pathlib import Path

from driver.flags import from_dataclass as cli
from driver.report import mathml
from driver.report import page as report
from driver.report import parts as report_parts
from driver.report.figures import Figures
from driver.report.page import Heading, Page, Plot, Section, Table, Text
from driver.report.scripts import plotly_script, scripts
from models.cube.params import LocalParams
from models.cube.presets import PRESETS
from models.cube.show import model_text, pages, verdict
from models.cube.show.figures import figures_of
from models.cube.show.space import scene
from models.cube.show.view import Shown

SCENE_HEIGHT = 560
WITHOUT_PLOTLY = (
    "The network in space, turned and scrubbed through time, needs plotly: "
    "pip install -r requirements-extra.txt, then write the report again."
)


def write_report(run) -> Path:
    """Write ``report.html`` of a run, finished or not; returns its path.

    Parameters
    ----------
    run : Run
        See `models.cube.saved`.
    """
    return report_parts.write(run, page(run))


def page(run) -> Page:
    plotly = plotly_script() if run.finished else None
    shown = Shown.of(run.seed(run.finished[0])) if run.finished else None
    parts = model_text.parts(run.seed(run.seeds[0]).params)
    figures = figures_of(run)
    return Page(
        title=report_parts.folder_name(run),
        subtitle=subtitle(run),
        sections=[
            Section("verdict", "What did the network do?", verdict_blocks(run, figures)),
            Section("made", "How it was made", made(run)),
            Section("figures", "Figures", figures.blocks()),
            Section("view", "In space and time", scene_blocks(shown, plotly)),
            Section("equations", "Equations", [report.Equations(mathml.rendered(parts))]),
            Section("parameters", "Parameters", [parameter_table(run)]),
            Section("log", "Log", report_parts.log(run)),
        ],
        footer=report_parts.footer(),
        data={"space": report.safe_json(scene.content(shown))} if plotly else {},
        scripts=scripts(plotly, scene.SCRIPT),
    )


def subtitle(run) -> str:
    first = run.seed(run.seeds[0])
    what = f"{pages.network(first.params)}; {pages.stimulus(first.dots)}"
    what += report_parts.renamed(run)
    return f"{run.mode}, {fidelity(run)}, {report_parts.seeds(run)}; {what}"


def fidelity(run) -> str:
    """Which equations and values: the corrected ones, or those of the earlier program."""
    return {"reference": "as in the earlier program"}.get(run.file.get("fidelity"), "corrected")


# --- what did the network do? --------------------------------------------------------------------


def verdict_blocks(run, figures: Figures) -> list:
    every = [run.seed(s).results for s in run.finished]
    blocks = unfinished(run)
    if not every:
        return [*blocks, *adjustments(run)]
    if len(run.seeds) > 1:
        blocks += [
            Text(verdict.headline_of_seeds(every), "verdict"),
            verdict.table_of_seeds(run.finished, every),
            *figures.summary(),
            Heading(f"The first seed, {run.finished[0]}"),
        ]
    first, p = every[0], run.seed(run.finished[0]).params
    blocks += [Text(verdict.headline(first), "verdict"), *verdict.details(first)]
    if isinstance(p, LocalParams) and not p.recall:
        blocks.append(Text(f"The verdict looks at {verdict.judged_by(first)}."))
    blocks += [verdict.conditions(first), Heading("All numbers"), verdict.metrics(p, first)]
    known = {warning for results in every for warning in results.get("warnings", ())}
    told = [text for text in adjustments(run) if text.text not in known]
    return [*blocks, *verdict.tests(first), *told]


def unfinished(run) -> list[Text]:
    """Which seeds have no results, and whether any are still to come."""
    left = [str(s) for s in run.seeds if s not in run.finished]
    if run.summary is not None:
        words = f"Without a result, see the log: seed {', '.join(left)}."
        return [Text(words, "warning")] if left else []
    how = "Still running" if run.in_use else "Not complete"
    done = f"{len(run.finished)} of {len(run.seeds)} seeds finished"
    return [Text(f"{how}: {done}.", "warning" if run.finished else "verdict")]


def adjustments(run) -> list[Text]:
    """Values that were moved, and warnings at the start."""
    found = [cli.Adjustment(**a) for a in run.file.get("cli_adjustments", [])]
    return [Text(str(a) if a.flag else a.reason, "warning") for a in found]


# --- the scene -----------------------------------------------------------------------------------


def scene_blocks(shown: Shown | None, plotly: str | None) -> list:
    if shown is None:
        return [Text("Comes with the first finished seed.", "note")]
    if plotly is None:
        return [Text(WITHOUT_PLOTLY, "note")]
    return [
        Text(f"Seed {shown.number}, trained and untrained."),
        Plot("scene", SCENE_HEIGHT, scene.words(shown)),
    ]


# --- how it was made, parameters ---------------------------------------------------------------


def made(run) -> list:
    """Command, versions and machine; parameters that differ from the preset."""
    note = f": {PRESETS[run.mode].note}" if run.mode in PRESETS else ""
    rows = [
        ("preset", f"{run.mode}{note}"),
        ("rules", fidelity(run)),
        *report_parts.origin(run),
        *report_parts.took([run.seed(s).results["seconds"] for s in run.finished]),
        *report_parts.memory(run),
        *report_parts.goes(run),
    ]
    return report_parts.made(run, rows, parameter_rows(run))


def parameter_rows(run) -> list[tuple]:
    """Every field; the preset's value where another was used."""
    seed = run.seed(run.seeds[0])
    preset = PRESETS.get(run.mode)
    name = run.file.get("fidelity", "fixed")
    values = (preset.values(name), preset.dots(name)) if preset else ({}, {})
    return [
        report_parts.parameter_row(used, info, base or {})
        for used, base in zip((seed.params, seed.dots), values, strict=True)
        for info in cli.fields(type(used)).values()
    ]


def parameter_table(run) -> Table:
    more = " Times are in steps of 1 ms; potentials, thresholds and weights are pure numbers."
    return report_parts.parameter_table(parameter_rows(run), more)
