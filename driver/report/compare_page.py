"""Runs side by side: what differs in their parameters, their numbers seed by seed, their figures.

The first run is what the others are compared with. Seeds are paired: a seed draws the same numbers
in all runs, so that much of what varies between seeds cancels in a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from driver.experiment.comparison import Row, direction
from driver.experiment.metric import LABELS, TRAINED, Metric, MetricTable, known
from driver.experiment.statistics import estimate, paired
from driver.files import replace_file
from driver.flags.from_dataclass import fields
from driver.formatting import interval, number
from driver.report import page as report
from driver.report import parts
from driver.report.figures import Figure, Figures
from driver.report.page import (
    Columns,
    Fold,
    Heading,
    Page,
    Picture,
    Section,
    Table,
    Text,
    marked_up,
)
from driver.report.tables import value as spelled
from driver.run.saved import Run

HOW = (
    "Trained networks: mean and 95 % interval over the seeds (Student's t); behind it the "
    "difference to the first run, over the seeds that both have, and in how many it is lower. "
    "Values that are undefined or do not count are left out, and so are their pairs."
)
ORIGIN = ("backend", "precision", "program_version", "git_commit", "brian2", "numpy")


@dataclass(frozen=True)
class Compared:
    """A run, the numbers of its finished seeds, trained and untrained, by seed, and its figures."""

    run: Run
    rows: Mapping[int, Row]
    figures: Figures

    @property
    def name(self) -> str:
        return parts.folder_name(self.run)


def write(shown: Sequence[Metric], runs: Sequence[Compared], title: str, target: Path) -> Path:
    """Write the page of runs; returns its path.

    Parameters
    ----------
    shown : sequence of Metric
        See `shown_of`.
    runs : sequence of Compared
    title : str
        What the model is called.
    target : Path
    """
    names = ", ".join(run.name for run in runs)
    sections = [
        Section(
            "found", "What differs?", [Text(words, "verdict") for words in answers(shown, runs)]
        ),
        Section("parameters", "Parameters that differ", [parameter_table(runs)]),
        Section("numbers", "Numbers", [number_table(shown, runs)]),
        Section("seeds", "Seed by seed", seed_tables(shown, runs)),
        Section("figures", "Figures", side_by_side(runs)),
    ]
    page = Page(names, f"runs of {title} compared", sections, parts.footer(runs[0].run.format.prog))
    return replace_file(target, lambda file: file.write(report.render(page).encode()))


def lines(shown: Sequence[Metric], runs: Sequence[Compared]) -> list[str]:
    """The comparison for a terminal: parameters that differ, then numbers, then the answer."""
    head = ("", *(run.name for run in runs))
    found = [*aligned([head, *(row[:1] + row[2:] for row in differing(runs))]), ""]
    rows = number_rows(shown, runs)
    return [*found, *aligned([number_head(runs), *rows]), "", *answers(shown, runs)]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def shown_of(table: MetricTable, runs: Sequence[Compared], decides: str = "") -> list[Metric]:
    """The numbers of a room that any of the runs has; first the one that `decides`, by name."""
    rows = [row for run in runs for row in run.rows.values()]
    found = known([m for m in table if m.key and (m.figures or m.console)], rows)
    return sorted(found, key=lambda m: m.name != decides)


# --- parameters ------------------------------------------------------------------------------


def differing(runs: Sequence[Compared]) -> list[tuple[str, str, *tuple[str, ...]]]:
    """What is not the same in all runs: name, meaning, and the value of each."""
    told = [facts(run.run) for run in runs]
    names = dict.fromkeys(name for fact in told for name in fact)
    rows = []
    for name in names:
        values = [fact.get(name, ("", "–"))[1] for fact in told]
        if len(set(values)) > 1:
            meaning = next(fact[name][0] for fact in told if name in fact)
            rows.append((name, meaning, *values))
    return rows


def facts(run: Run) -> dict[str, tuple[str, str]]:
    """Meaning and value of all that makes a run what it is, by flag or name."""
    found = {"preset": ("", run.mode), "seeds": ("", parts.seeds(run))}
    for part in run.parts.values():
        for info in fields(type(part)).values():
            if info.name != "seed":  # said as seeds
                found[f"--{info.flag}"] = (info.help, spelled(getattr(part, info.name)))
    made = run.file["environment"]
    return found | {name: ("", str(made.get(name) or "–")) for name in ORIGIN}


def parameter_table(runs: Sequence[Compared]) -> Table | Text:
    rows = [(name, *values, meaning) for name, meaning, *values in differing(runs)]
    if not rows:
        return Text("None: these are repetitions of one run.")
    return Table(("", *(run.name for run in runs), "meaning"), rows, numbers=False)


# --- numbers ---------------------------------------------------------------------------------


def values(metric: Metric, run: Compared, seeds: Sequence[int], label: str = TRAINED) -> list:
    """Of some seeds; None where it is undefined, or does not count, or there is no such seed."""
    rows = (run.rows.get(seed) for seed in seeds)
    return [metric.counted(row[label]) if row else None for row in rows]


def contrast(metric: Metric, first: Compared, other: Compared) -> dict[str, Any]:
    """Paired differences, `other` minus `first`, over the seeds of both; see `paired`."""
    both = [seed for seed in first.rows if seed in other.rows]
    return asdict(paired(values(metric, other, both), values(metric, first, both)))


def answers(metrics: Sequence[Metric], runs: Sequence[Compared]) -> list[str]:
    """Of each further run, whether the headline number is clearly another one, and which others."""
    if not metrics:
        return ["No seed is finished in any of the runs."]
    m, first = metrics[0], runs[0]
    found = []
    for other in runs[1:]:
        pair = contrast(m, first, other)
        d = pair["difference"]
        by = interval(d, m.digits, signed=True)
        words = f"{m.text}: {other.name} is {direction(d)} than {first.name} by {by}"
        if direction(d) == "":
            words = f"{m.text}: whether {other.name} differs from {first.name} cannot be said"
            words += f", the difference is {by}" if d["n"] else ""
        found.append(f"{words}; {d['n']} seeds in common, lower in {pair['n_lower']}.")
        if clear := [words for m in metrics[1:] if (words := clearly(m, first, other))]:
            found.append(
                f"Of {len(metrics) - 1} other numbers {len(clear)} clearly differ (one in twenty "
                f"does by chance): {'; '.join(clear)}."
            )
    return found


def clearly(metric: Metric, first: Compared, other: Compared) -> str:
    """A clear difference in words; empty if there is none."""
    d = contrast(metric, first, other)["difference"]
    by = interval(d, metric.digits, signed=True)
    return f"{metric.label or metric.name} {direction(d)} by {by}" if direction(d) else ""


def number_head(runs: Sequence[Compared]) -> tuple[str, ...]:
    first, *others = runs
    found = ["trained", first.name]
    for other in others:
        found += [other.name, "difference", "lower"]
    return tuple(found)


def number_rows(metrics: Sequence[Metric], runs: Sequence[Compared]) -> list[list[str]]:
    """Mean and interval of each run, and its difference to the first one."""
    first, *others = runs
    rows = []
    for m in metrics:
        within = (m.limits,) if m.limits else ()
        found = [estimate(values(m, run, list(run.rows)), *within) for run in runs]
        means = [interval(asdict(e), m.digits) for e in found]
        row = [m.text, means[0]]
        for other, mean in zip(others, means[1:], strict=True):
            pair = contrast(m, first, other)
            d = pair["difference"]
            row += [mean, interval(d, m.digits, signed=True), f"{pair['n_lower']} of {d['n']}"]
        rows.append(row)
    return rows


def number_table(metrics: Sequence[Metric], runs: Sequence[Compared]) -> Table:
    rows = [[marked_up(row[0]), *row[1:]] for row in number_rows(metrics, runs)]
    return Table(number_head(runs), rows, caption=HOW)


def seed_tables(metrics: Sequence[Metric], runs: Sequence[Compared]) -> list:
    """The first number, and all others behind a line."""
    tables = [seed_table(m, runs) for m in metrics]
    others = [block for table in tables[1:] for block in table]
    return [
        *(tables[0] if tables else ()),
        *([Fold("All other numbers", others)] if others else ()),
    ]


def seed_table(metric: Metric, runs: Sequence[Compared]) -> list:
    """A row a seed: trained and untrained of every run."""
    seeds = sorted({seed for run in runs for seed in run.rows})
    columns = [values(metric, run, seeds, label) for run in runs for label in LABELS]
    rows = [
        (seed, *(number(column[k], metric.digits, undefined="–") for column in columns))
        for k, seed in enumerate(seeds)
    ]
    means = [number(asdict(estimate(c))["mean"], metric.digits, undefined="–") for c in columns]
    table = Table(
        head=("seed", *(label for _ in runs for label in LABELS)),
        spans=[("", 1), *((run.name, len(LABELS)) for run in runs)],
        rows=rows,
        foot=[("mean", *means)],
    )
    return [Heading(marked_up(metric.text)), table]


# --- figures ---------------------------------------------------------------------------------


def side_by_side(runs: Sequence[Compared]) -> list:
    """Every figure that more than one run has, of the first seed that all have finished."""
    seed = min(set.intersection(*(set(run.rows) for run in runs)), default=None)
    own = [seed_figures(run, seed) for run in runs]
    blocks: list = []
    for name in dict.fromkeys(name for found in own for name in found):
        having = [(run, found[name]) for run, found in zip(runs, own, strict=True) if name in found]
        made = report.all_embedded([figure.files[0] for _, figure in having])
        pictures = [
            Picture(*picture, alt=f"{name} of {run.name}", caption=run.name)
            for (run, _), picture in zip(having, made, strict=True)
            if picture
        ]
        if len(pictures) > 1:
            blocks += [Heading(name.replace("_", " ")), Text(having[0][1].caption)]
            halves = range(0, len(pictures), 2)
            blocks += [Columns(pictures[k : k + 1], pictures[k + 1 : k + 2]) for k in halves]
    words = "The runs have no figure of one seed in common."
    return blocks or [Text(words, "note")]


def seed_figures(run: Compared, seed: int | None) -> dict[str, Figure]:
    return {figure.name: figure for figure in run.figures.rest if figure.seed == seed}
