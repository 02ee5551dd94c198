"""The report of a run, ``report.html``: what of it is alike in every model, finished run or not.

A model gives what only it can say: its verdict, equations and facts. The frame adds how far an
unfinished run has come, warnings, how the run was made, figures, parameters and the log, all from
the folder of the run and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driver.experiment.metric import MetricTable
from driver.experiment.metric import headline as headline_number
from driver.figures.draw import Maker
from driver.figures.seeds import seeds_summary
from driver.files import replace_file
from driver.flags.from_dataclass import Adjustment
from driver.formatting import clock, number
from driver.report import mathml, numbers, parts
from driver.report import page as report
from driver.report.figures import Figures
from driver.report.page import Code, Heading, Page, Section, Table, Text
from driver.report.parts import Row
from driver.report.scripts import plotly_script
from driver.run.folder import REPORT
from driver.run.request import way_on
from driver.run.saved import Run, Seed
from driver.run.status import state

Watched = Mapping[str, tuple[str, int]]
Equations = Mapping[str, str]  # code by the title of a part of the model
NO_EQUATIONS: Equations = {}
SUMMARY = seeds_summary.__name__
REFRESH_S = 60  # of a run that goes on: its page is written again at its end, or by `report`
UNVERIFIED = (
    "Not verified: files of this run were written before they had checksums, so it cannot be known "
    "whether they were edited since."
)


@dataclass(frozen=True)
class Drawing:
    """A section whose plots a script draws in the browser with plotly, which is optional.

    Attributes
    ----------
    id, title : str
        Of the section.
    data : str
        Identifier of the element that holds what is drawn, as JSON.
    script : Path
    make : callable
        ``make(seed)``: what is drawn of a seed, and the blocks of the section, those of the first.
    max_seeds : int
        Finished seeds that are drawn. The script finds a dict of what is drawn of each, by number.
    without : str
        What is said where plotly is not installed.
    """

    id: str
    title: str
    data: str
    script: Path
    make: Callable[[Seed], tuple[Any, list]]
    without: str
    max_seeds: int = 1


def write(
    run: Run,
    *,
    about: str,
    verdict: Section,
    figures: Figures,
    equations: Sequence[tuple[str, str]],
    parameters: Sequence[Row],
    parameter_words: str = "",
    facts: Sequence[Row] = (),
    preset_words: str = "",
    watched: Watched | None = None,
    drawing: Drawing | None = None,
) -> Path:
    """Write ``report.html`` of a run; returns its path.

    Parameters
    ----------
    run : Run
    about : str
        Network and stimulus in a line, for the subtitle.
    verdict : Section
        What the finished seeds have shown; the first section.
    figures : Figures
    equations : sequence of (str, str)
        Title and code of each part of the model.
    parameters : sequence of tuple
        See `driver.report.parts.parameter_rows`; `parameter_words` are said below them.
    facts : sequence of tuple
        Name and value of what else is to be said of how the run was made.
    preset_words : str
        What the preset is.
    watched : dict of (str, int), optional
        Metrics of a seed in training, by their key in its status: head of the column and digits.
    drawing : Drawing, optional
    """
    preset = f"{run.mode}: {preset_words}" if preset_words else run.mode
    rows = [("preset", preset), *parts.origin(run), *facts, *parts.memory(run), *parts.goes(run)]
    blocks = [*unfinished(run, watched or {}), *verdict.blocks, *warnings(run)]
    blocks = [*trust(run), *blocks]  # by now all results were read
    drawn, data, code = plots(run, drawing) if drawing else ([], {}, [])
    page = Page(
        title=parts.folder_name(run),
        subtitle=f"{run.mode}, {parts.seeds(run)}; {about}{parts.renamed(run)}",
        sections=[
            Section(verdict.id, verdict.title, blocks),
            Section("made", "How it was made", parts.made(run, rows, parameters)),
            Section("figures", "Figures", figures.blocks()),
            *drawn,
            Section("equations", "Equations", [report.Equations(mathml.rendered(equations))], True),
            Section(
                "parameters", "Parameters", [parts.table_of(parameters, parameter_words)], True
            ),
            Section("log", "Log", parts.log(run), True),
        ],
        footer=parts.footer(run.format.prog),
        data=data,
        scripts=code,
        refresh_s=REFRESH_S if run.in_use and run.summary is None else 0,
    )
    text = report.render(page)
    return replace_file(run.folder / REPORT, lambda file: file.write(text.encode()))


def write_plain(
    metrics: MetricTable,
    makers: Mapping[str, Maker],
    equations: Equations | Callable[[Any], Equations],
    run: Run,
) -> Path:
    """Write the page of a model that adds nothing to its tables; returns its path.

    It says the verdicts and numbers of the first seed and, of several, of all of them.
    """
    found = equations(run.params) if callable(equations) else equations
    figures = figures_of(makers, run)
    every = [run.seed(seed).results for seed in run.finished]
    blocks: list = []
    if every and len(run.seeds) > 1:
        blocks = [*numbers.blocks_of_seeds(metrics, run.finished, every), *figures.summary()]
        blocks.append(Heading(f"The first seed, {run.finished[0]}"))
    if every:
        if metrics.verdicts:
            labels = {m.name: m.text for m in metrics}
            blocks += numbers.verdict_blocks(metrics, every[0])
            blocks.append(numbers.condition_table(every[0], labels))
        else:
            blocks.append(Text(headline_number(metrics, every[0]), "verdict"))
        blocks.append(numbers.number_table(metrics, every[0]))
    return write(
        run,
        about=metrics.title,
        verdict=Section("verdict", "What did the network do?", blocks),
        figures=figures,
        equations=[(title, code.strip("\n")) for title, code in found.items()],
        parameters=parts.parameter_rows(run.params, run.format.presets.get(run.mode)),
    )


def figures_of(makers: Mapping[str, Maker], run: Run) -> Figures:
    """The figures of a run whose room has a table of them."""
    return Figures(run, {**makers, SUMMARY: seeds_summary}, SUMMARY)


def plots(run: Run, drawing: Drawing) -> tuple[list[Section], dict[str, str], list[str]]:
    """The section of a drawing, its data and its scripts; words if there is nothing to draw yet."""
    plotly = plotly_script() if run.finished else None
    if plotly is None:
        words = drawing.without if run.finished else "Comes with the first finished seed."
        return [Section(drawing.id, drawing.title, [Text(words, "note")])], {}, []
    made = {s: drawing.make(run.seed(s)) for s in run.finished[: drawing.max_seeds]}
    blocks = next(iter(made.values()))[1]
    data = {drawing.data: report.safe_json({s: content for s, (content, _) in made.items()})}
    code = [plotly, drawing.script.read_text(encoding="utf-8")]
    return [Section(drawing.id, drawing.title, blocks)], data, code


# --- runs that are not complete ----------------------------------------------------------


def unfinished(run: Run, watched: Watched) -> list:
    """How far a run has come that is not complete, and which seeds failed."""
    left = [run.seed(s) for s in run.seeds if s not in run.finished]
    if run.summary is not None:
        lost = ", ".join(str(seed.number) for seed in left)
        return [Text(f"Without a result, see the log: seed {lost}.", "warning")] if left else []
    blocks: list = [Text(headline(run, left), "warning" if run.finished else "verdict")]
    heads = [head for head, _ in watched.values()]
    head = ("seed", "state", f"{run.format.unit}s", "left", *heads, "as of")
    if left:
        rows = [state_row(seed, watched) for seed in left]
        blocks.append(Table(head=head, rows=rows, numbers=False))
    if not run.in_use:
        blocks += [Text("To go on:"), Code(way_on(run), wrap=True)]
    return blocks


def headline(run: Run, left: Sequence[Seed]) -> str:
    how = "Still running" if run.in_use else "Not complete, and nobody is working on it"
    if len(run.seeds) > 1:
        return f"{how}: {len(run.finished)} of {len(run.seeds)} seeds finished."
    status = left[0].status if left else None
    if status is None:
        return f"{how}."
    words = f"{status['phase']}, {run.format.unit} {progress(run, status)}"
    if run.in_use and status["seconds_left"] is not None:
        words += f", {clock(status['seconds_left'])} left"
    return f"{how}: {words}."


def state_row(seed: Seed, watched: Watched) -> Row:
    status = seed.status
    if status is None:
        return (seed.number, state(seed), *(3 + len(watched)) * ("–",))
    found, left = status["metrics"] or {}, status["seconds_left"]  # none before the first record
    metrics = [
        number(found[key], digits) if key in found else "–" for key, (_, digits) in watched.items()
    ]
    return (
        *(seed.number, state(seed), progress(seed.run, status)),
        "–" if left is None else clock(left),
        *metrics,
        f"{parts.to_second(status['updated_utc'])} UTC",
    )


def progress(run: Run, status: Mapping[str, Any]) -> str:
    unit = run.format.unit
    return f"{status[unit]} of {status[f'n_{unit}s']}"


def warnings(run: Run) -> list[Text]:
    """What a reader must know before believing a number, and which values were moved."""
    found: dict[str, list[str]] = {}
    for seed in run.finished:
        for text in run.seed(seed).results.get("warnings", ()):
            found.setdefault(text, []).append(str(seed))
    texts = [
        text if len(who) == len(run.seeds) else f"seed {', '.join(who)}: {text}"
        for text, who in found.items()
    ]
    moved = [str(Adjustment(**a)) for a in run.file.get("cli_adjustments", [])]
    return [Text(text, "warning") for text in (*texts, *(m for m in moved if m not in found))]


def trust(run: Run) -> list[Text]:
    """Which of the files that were read so far were edited, and whether that can be known."""
    old = [Text(UNVERIFIED, "note")] if run.unverified else []
    return [*(Text(text, "warning") for text in run.edited), *old]
