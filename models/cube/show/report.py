"""What stands in the report of a run, ``report.html``: from its folder and from nothing else.

Also of a run that is still going on, was interrupted or failed. How the page looks is
`driver.report.run_page`'s business, what the numbers say that of `models.cube.show.verdict`.
"""

from __future__ import annotations

from pathlib import Path

from driver.report import numbers, parts, run_page
from driver.report.figures import Figures
from driver.report.page import Heading, Plot, Section, Text
from driver.report.run_page import Drawing
from models.cube.metric_table import TABLE
from models.cube.presets import PRESETS
from models.cube.show import model_text, pages, verdict
from models.cube.show.figures import figures_of
from models.cube.show.space import scene
from models.cube.show.view import Shown

UNITS = "Times are in steps of 1 ms; potentials, thresholds and weights are pure numbers."
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
    first, figures = run.seed(run.seeds[0]), figures_of(run)
    preset, name = PRESETS.get(run.mode), run.file.get("fidelity", "fixed")
    values, dots = (preset.values(name), preset.dots(name)) if preset else (None, None)
    return run_page.write(
        run,
        about=f"{fidelity(run)}; {pages.network(first.params)}; {pages.stimulus(first.dots)}",
        verdict=Section("verdict", "What did the network do?", verdict_blocks(run, figures)),
        figures=figures,
        equations=model_text.parts(first.params),
        parameters=[
            *parts.parameter_rows(first.params, values),
            *parts.parameter_rows(first.dots, dots),
        ],
        parameter_words=UNITS,
        facts=[
            ("rules", fidelity(run)),
            *parts.took([run.seed(s).results["seconds"] for s in run.finished]),
        ],
        preset_words=preset.note if preset else "",
        drawing=Drawing(
            id="view",
            title="In space and time",
            data="space",
            script=scene.SCRIPT,
            make=space,
            without=WITHOUT_PLOTLY,
        ),
    )


def fidelity(run) -> str:
    """Which equations and values: the corrected ones, or those of the earlier program."""
    return {"reference": "as in the earlier program"}.get(run.file.get("fidelity"), "corrected")


def verdict_blocks(run, figures: Figures) -> list:
    every = [run.seed(s).results for s in run.finished]
    if not every:
        return []
    blocks: list = []
    if len(run.seeds) > 1:
        blocks = [
            *numbers.blocks_of_seeds(TABLE, run.finished, every),
            *figures.summary(),
            Heading(f"The first seed, {run.finished[0]}"),
        ]
    first = every[0]
    blocks += [*numbers.verdict_blocks(TABLE, first), *verdict.details(first)]
    defined = [m for m in TABLE if m.meaning]
    blocks += [numbers.condition_table(first, verdict.CONDITIONS), Heading("All numbers")]
    blocks.append(numbers.number_table(defined, first))
    return [*blocks, *verdict.tests(first)]


def space(seed) -> tuple[dict, list]:
    """The network in space, and the blocks around it."""
    shown = Shown.of(seed)
    return scene.content(shown), [
        Text(f"Seed {shown.number}, trained and untrained."),
        Plot("scene", 560, scene.words(shown)),
    ]
