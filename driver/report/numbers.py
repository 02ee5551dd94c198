"""Tables of numbers on the page of a run: of one seed with definitions, of several seeds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from driver.experiment.comparison import answer, contrasted
from driver.experiment.metric import (
    LABELS,
    Metric,
    MetricTable,
    Results,
    contrast,
    known,
    row_of,
    verdicts_of_seeds,
)
from driver.experiment.statistics import mean_sd
from driver.experiment.verdict import is_undefined
from driver.formatting import interval, text
from driver.report.page import Table, Text, marked_up
from driver.run.saved import numbers_of

COLUMNS = (*LABELS, "difference")
COMPARISONS = {">=": "≥", "<=": "≤"}
Words = Callable[..., str]  # a number, digits and whether it is signed, in words


def number_table(
    metrics: Iterable[Metric], results: Results, words: Words = text, caption: str = ""
) -> Table:
    """Every number that was measured: trained, untrained, difference, definition."""
    networks = [numbers_of(results, label) for label in LABELS]
    shown = [m for m in metrics if any(m.is_measured(numbers) for numbers in networks)]
    defined = any(m.meaning for m in shown)
    rows = []
    for m in shown:
        trained, untrained, change = contrast(m, results)
        cells = words(trained, m.digits), words(untrained, m.digits)
        definition = " ".join(filter(None, (m.meaning, m.wanted and f"Wanted: {m.wanted}.")))
        wide = Markup('<span class="wide">{}</span>').format(definition) if definition else ""
        meaning = [wide] if defined else []
        rows.append((marked_up(m.text), *cells, words(change, m.digits, signed=True), *meaning))
    head = ("metric", *COLUMNS, "definition") if defined else ("", *COLUMNS)
    return Table(head, rows, numbers=not defined, words=defined, caption=caption)


def table_of_seeds(
    metrics: Sequence[Metric],
    rows: Sequence[Mapping[str, Any]],
    words: Words = text,
    without_difference: Collection[str] | None = None,
    verdicts: Sequence[tuple[str, str]] = (),
) -> Table:
    """Every seed in a row; mean, SD and number of defined values below.

    Parameters
    ----------
    metrics : sequence of Metric
    rows : sequence of dict
        A seed each, see `driver.experiment.metric.row_of`.
    words : callable
    without_difference : collection of str, optional
        Names of metrics without a column for it; all of them if not given.
    verdicts : sequence of (str, str)
        Of each seed, trained and untrained; no columns if empty.
    """
    plain = {m.name for m in metrics} if without_difference is None else without_difference
    spans = [(m, LABELS if m.name in plain else COLUMNS) for m in metrics]
    columns = [(m, name) for m, names in spans for name in names]
    values = [[value_of(row, m, name) for row in rows] for m, name in columns]
    spread = [mean_sd(column) for column in values]

    def cells(numbers: Iterable[float | None], signed: bool = True) -> list[str]:
        return [
            words(x, m.digits, signed=signed and name == "difference")
            for (m, name), x in zip(columns, numbers, strict=True)
        ]

    judged = [*verdicts] or [()] * len(rows)
    blank = ("", "") if verdicts else ()
    return Table(
        head=("seed", *(LABELS if verdicts else ()), *(name for _, name in columns)),
        spans=[
            ("", 1),
            *([("verdict", 2)] if verdicts else []),
            *((marked_up(m.text), len(names)) for m, names in spans),
        ],
        rows=[
            (row["seed"], *judged[k], *cells(column[k] for column in values))
            for k, row in enumerate(rows)
        ],
        foot=[
            ("mean", *blank, *cells(s["mean"] for s in spread)),
            ("SD", *blank, *cells((s["sd"] for s in spread), signed=False)),
            ("n", *blank, *(s["n"] for s in spread)),
        ],
    )


def blocks_of_seeds(table: MetricTable, seeds: Sequence[int], every: Sequence[Results]) -> list:
    """Verdicts of the finished `seeds`, if there are any, and the table of their numbers."""
    rows = [row_of(table, *pair) for pair in zip(seeds, every, strict=True)]
    shown = known([m for m in table if m.console], rows)
    if not table.verdicts:
        return [
            *(Text(over_seeds(m, rows), "verdict") for m in shown[:1]),
            table_of_seeds(shown, rows),
        ]
    verdicts = [tuple(numbers_of(r, label)["verdict"] for label in LABELS) for r in every]
    numbers = table_of_seeds(shown, rows, verdicts=verdicts)
    return [Text(verdicts_of_seeds(every), "verdict"), numbers]


def over_seeds(metric: Metric, rows: Sequence[Mapping[str, Any]]) -> str:
    """Whether training helps, over seeds, with the mean difference and its interval."""
    values = {label: [metric.counted(row[label]) for row in rows] for label in LABELS}
    pairs = contrasted(values)["paired"]
    by = interval(pairs["difference"], metric.digits, signed=True)
    return marked_up(f"{answer(metric, pairs)}; mean difference {by}.")


def value_of(row: Mapping[str, Any], metric: Metric, name: str) -> float | None:
    """A value of a seed, or the difference of its two; None if it is undefined."""
    if name != "difference":
        return row[name].get(metric.name)
    pair = [row[label].get(metric.name) for label in LABELS]
    return None if None in pair else pair[0] - pair[1]


# --- verdicts ------------------------------------------------------------------------------------


def verdict_blocks(table: MetricTable, results: Results) -> list[Text]:
    """The verdicts of one seed, trained and untrained, and below what they mean."""
    given = [numbers_of(results, label)["verdict"] for label in LABELS]
    twin = "The same holds without training" if given[0] == given[1] else f"Untrained: {given[1]}"
    meanings = {v: table.verdicts[v] for v in given if table.verdicts.get(v)}
    return [
        Text(f"Trained: {given[0]}. {twin}.", "verdict"),
        *(Text(marked_up(f"{v[0].upper()}{v[1:]}: {words}.")) for v, words in meanings.items()),
    ]


def condition_table(results: Results, labels: Mapping[str, str]) -> Table:
    """Every condition of every verdict: limit, value, met; trained and untrained.

    Parameters
    ----------
    results : dict
    labels : dict of str
        What is looked at, by the metric of a condition; its name if it has none here.
    """
    networks = [numbers_of(results, label) for label in LABELS]

    def cells(c: Mapping[str, Any]) -> tuple[str, str]:
        """Value and whether it is met; what settles its condition without a value is none."""
        settled = c["met"] is not None and is_undefined(c["value"])
        met = {True: "yes", False: "no", None: "undefined"}[c["met"]]
        return "none" if settled else text(c["value"]), met

    rows = []
    for own, other in zip(*(numbers["conditions"] for numbers in networks), strict=True):
        limit = f"{COMPARISONS.get(own['comparison'], own['comparison'])} {text(own['limit'])}"
        needs = labels.get(own["metric"], own["metric"])
        rows.append((own["verdict"], needs, limit, *cells(own), *cells(other)))
    return Table(
        head=("verdict", "needs", "limit", "trained", "met", "untrained", "met"),
        rows=rows,
        marked=frozenset(k for k, row in enumerate(rows) if row[0] == networks[0]["verdict"]),
        numbers=False,
        caption="The first verdict holds all of whose conditions are met. Marked: the trained one. "
        "What is undefined meets nothing.",
    )
