"""What a model tells the driver, and all that the driver knows of a model.

A model is a folder in ``models/`` with a module ``room`` that holds one `Room`, named ``ROOM``; its
door hands the folder's name to `driver.door`. A room is a table of names: what a name stands for is
imported when it is called, so that ``--help`` and a refused flag need no Brian, and so that no file
of a model has to know the room that it belongs to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

from driver.engine.model import resolve
from driver.experiment.going_on import check_checkpoint
from driver.formatting import number
from driver.run import read
from driver.run.format import Format
from driver.run.request import Request
from driver.run.saved import Run

SECONDS_PER_RUN = 2.0
SECONDS_PER_CELL_STEP = 1e-8  # of a compiled program, where a room does not say better


@dataclasses.dataclass(frozen=True)
class Named:
    """A function by the name ``"package.module:function"``, imported when it is called."""

    name: str

    def __call__(self, *arguments, **keywords) -> Any:
        return resolve(self.name)(*arguments, **keywords)


def named_in(package: str) -> Callable[[str], Named]:
    """Names within a package: ``named_in("models.mine")("params:read")``."""
    return lambda name: Named(f"{package}.{name}")


class About(NamedTuple):
    """What a preset is, what to expect of it, and how long it takes on one core, once compiled."""

    what: str
    expected: str
    time: str


NO_PRESETS: dict[str, About] = {}


@dataclasses.dataclass(frozen=True)
class FromTable:
    """A function of the toolkit that works from tables of a room, its first arguments."""

    name: str
    tables: tuple[Named, ...]

    def __call__(self, *arguments, **keywords) -> Any:
        tables = (resolve(table.name) for table in self.tables)
        return resolve(self.name)(*tables, *arguments, **keywords)


FROM_TABLE = {  # what a room with a table of its metrics need not write
    "seed_line": "driver.experiment.metric:seed_line",
    "deciding": "driver.experiment.metric:deciding",
    "closing_lines": "driver.experiment.metric:closing_lines",
    "outcome_words": "driver.experiment.metric:outcome_words",
    "run_summary": "driver.experiment.metric:run_summary",
    "sweep_columns": "driver.experiment.metric:sweep_columns",
    "sweep_row": "driver.experiment.metric:sweep_row",
    "write_sweep_report": "driver.report.sweep_page:write_sweep_report",
    "draw_summary": "driver.figures.seeds:draw_summary",
}


def parameter_file(request: Request) -> dict[str, Any]:
    """Parameters as ``params.json`` has them."""
    return {name: asdict(part) for name, part in request.parts.items()}


def metric_words(metrics: Mapping[str, float | None]) -> list[str]:
    """Every metric with its name."""
    return [f"{name} {number(value)}" for name, value in metrics.items()]


def length(request: Request) -> int:
    return request.params.steps


def headline(length: Callable, request: Request) -> str:
    """How long a seed is."""
    return f"{length(request)} {request.format.unit}s"


def seconds(work: Callable, request: Request) -> float:
    n_steps, n_cells = work(request)
    return SECONDS_PER_RUN + n_steps * n_cells * SECONDS_PER_CELL_STEP


def nothing(*_) -> list:
    return []


@dataclasses.dataclass(frozen=True)
class Room:
    """A model as the driver sees it; what has a default may be left out.

    Attributes
    ----------
    format : Format
        Of its run folders.
    flags : function
        ``flags()``: dataclasses of all flags of all presets, what a sweep can vary. Like `read`
        and `open` it is made from the format if all parameters are one dataclass.
    read : function
        ``read(argv)``: the command line as a `Request`; whether the folder of the run is free is
        not looked at. Raises `UsageError` for what no run can be made of.
    open : function
        ``open(folder)``: a run folder as a `driver.run.saved.Run`; raises `NotARun`. It hands on
        `trust_edited`.
    headline : function
        ``headline(request)``: the run in half a line, for its log; how long it is if not given.
    length : function
        ``length(request)``: how many of its units the training of a seed has; the parameter `steps`
        if not given.
    work : function
        ``work(request)``: steps of a run, and cells: whether a compiled program is worth its while.
    seconds : function
        ``seconds(request)``: of one core that a run will take once compiled, roughly; by its `work`
        if not given.
    run_seed : function
        ``run_seed(request, log, status, saved)``: simulate one seed, `request.params.seed`, and
        write its files into ``artifacts/``. They are the weights, ``<save_tag>_seed_<s>.npz``, with
        ``<save_tag>_seed_<s>_params.json`` beside them, and last ``seed_<s>_results.json``, in
        which `params_sha256` is the `checksum` of `driver.run.saved` and `save_tag` names the
        weights. `request.checkpoint` is where to save, `request.resumed` where to go on from;
        `status` is told of every phase, and `saved()` is called after every checkpoint.
    start : function
        ``start(request)``: a `driver.experiment.going_on.Start`, by which the arrays in a
        checkpoint of twins are checked: sizes, types, bounds.
    check_checkpoint : function
        ``check_checkpoint(request, path)`` raises `ValueError` unless the checkpoint is one that
        this seed can go on from; that of `driver.experiment.learning.twins` if not given.
    draw_seed : function
        ``draw_seed(seed)`` draws the figures of a finished seed; returns their files. It is made
        from the table of `figures` if not given.
    write_report : function
        ``write_report(run)`` writes ``report.html`` of a run as far as it has come; returns it. It
        is made from the tables of metrics, figures and equations if not given.
    figures_of : function
        ``figures_of(run)``: the figures of a run, a `driver.report.figures.Figures`; made from the
        table of `figures` if not given.
    parameter_file : function
        ``parameter_file(request)``: the parts of ``params.json`` that the model knows.
    completed : function
        ``completed(request)``: the run is complete, what was kept to go on from may go; that of
        `driver.experiment.learning.twins` if not given.
    metric_words : function
        ``metric_words(metrics)``: what the status says of a seed in training: the metrics that
        `Progress` was told.
    recordings : function
        ``recordings(seed)``: recorded spikes of a finished seed, for other programs, as
        `driver.export.spikes.Recording`; without it there are none.
    tables : Named
        Further tables of a seed for them by name, see `driver.export.csv.export_csv`; if not given
        that of the spikes, if there are any.
    curve : function
        ``curve(seed)``: name and values of what is watched over the training, record by record, as
        far as it has come; nothing if there is none.
    words : function
        ``words(room)``: what can be done with its runs, beyond what can be done with every run:
        functions by the word after the program's name.
    megabytes : int
        Memory that a run takes, for the plan of a sweep.
    presets : Named
        Presets by their name, each an `About`, the one to begin with first: for the word
        ``presets`` and for the tables of the pages.
    figures : Named
        Functions that draw a seed by the name of their figure, see `driver.figures.draw.by_name`.
    equations : Named
        Code of each part of the model by its title, or ``equations(params)``, which returns it.
    metrics : Named
        The room's `driver.experiment.metric.MetricTable`. All that follows is made from it, if a
        room does not give a function of its own.
    seed_line : function
        ``seed_line(results)``: what came out of a seed, in one line of its log.
    deciding : function
        ``deciding(results)``: the `Metric` by which a seed is judged, or None.
    closing_lines : function
        ``closing_lines(results)``: the last lines in the log of a seed.
    outcome_words : function
        ``outcome_words(results)``: what the status says of a seed that is finished.
    run_summary : function
        ``run_summary(request, results, failed)``: content of ``run_summary.json``, from results
        files in seed order.
    sweep_columns : function
        ``sweep_columns()``: what the table of a sweep holds of each run, by name; a tuple names
        what is nested in it, and is empty for a number.
    sweep_row : function
        ``sweep_row(results)``: these columns of a finished run.
    write_sweep_report : function
        ``write_sweep_report(content_file)`` writes ``report.html`` beside a ``sweep.json``.
    draw_summary : function
        ``draw_summary(run)`` draws what belongs to all seeds; returns the files.
    trust_edited : bool
        Whether `open` takes folders whose files were edited; see `Room.trusting`.
    """

    format: Format
    work: Named
    run_seed: Named
    flags: Callable | None = None
    read: Callable | None = None
    open: Callable | None = None
    seconds: Callable | None = None
    headline: Callable | None = None
    length: Callable = length
    draw_seed: Callable | None = None
    write_report: Callable | None = None
    figures_of: Callable | None = None
    parameter_file: Callable = parameter_file
    start: Callable | None = None
    check_checkpoint: Callable | None = None
    completed: Callable = Named("driver.experiment.going_on:completed")
    metric_words: Callable = metric_words
    recordings: Callable = nothing
    tables: Named = Named("driver.export.csv:NO_TABLES")
    curve: Callable = nothing
    words: Callable = nothing
    megabytes: int = 200
    presets: Named = Named("driver.room:NO_PRESETS")
    metrics: Named = Named("driver.experiment.metric:NO_METRICS")
    figures: Named = Named("driver.figures.draw:NO_FIGURES")
    equations: Named = Named("driver.report.run_page:NO_EQUATIONS")
    seed_line: Callable | None = None
    deciding: Callable | None = None
    closing_lines: Callable | None = None
    outcome_words: Callable | None = None
    run_summary: Callable | None = None
    sweep_columns: Callable | None = None
    sweep_row: Callable | None = None
    write_sweep_report: Callable | None = None
    draw_summary: Callable | None = None
    trust_edited: bool = False

    def trusting(self) -> Room:
        """The same, but that it reads files of runs that were edited, and says so."""
        opened = partial(self.open, trust_edited=True)
        return dataclasses.replace(self, open=opened, trust_edited=True)

    def __post_init__(self) -> None:
        tables = (self.metrics, self.figures, self.equations)
        made = {
            "flags": partial(read.plain_flags, self.format),
            "read": partial(read.plain_read, self.format),
            "open": partial(Run, format=self.format),
            "headline": partial(headline, self.length),
            "seconds": partial(seconds, self.work),
            "check_checkpoint": partial(check_checkpoint, self.start, self.length),
            "draw_seed": FromTable("driver.figures.draw:draw_all", (self.figures,)),
            "figures_of": FromTable("driver.report.run_page:figures_of", (self.figures,)),
            "write_report": FromTable("driver.report.run_page:write_plain", tables),
        }
        made |= {name: FromTable(f, (self.metrics,)) for name, f in FROM_TABLE.items()}
        for name, function in made.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, function)
