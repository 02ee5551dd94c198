"""A room's numbers in one table, and all that follows from it.

A room writes down once which numbers its networks have, where they stand in a results file and what
they mean. The closing lines of a run, its summary, the columns of a sweep, the figures over seeds
and conditions and the tables of the reports are made from that. Each number stands beside that of
the untrained twin. Undefined is NaN in memory and null in a file, never a stand-in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from driver.experiment.statistics import mean_sd
from driver.formatting import decimals, number
from driver.run.saved import Fields, numbers_of

TRAINED, UNTRAINED = LABELS = ("trained", "untrained")
LEAST_WIDTH = 26  # of the names on the console
Numbers = Mapping[str, Any]  # of one network, as they stand in a results file
Results = Mapping[str, Any]  # content of a results file


@dataclass(frozen=True)
class Metric:
    """One number of a network.

    Attributes
    ----------
    name : str
        Its key in summaries and sweeps.
    path : str or tuple of str or callable
        Where it stands among the numbers of a network: names joined by dots, or one by one, or a
        function of the numbers that returns it or None; its own name if not given.
    label, unit : str
        For readers.
    symbol : str
        Short, for an axis or within a line; the label if not given.
    meaning : str
        A sentence that defines it.
    digits : int
        Decimals on the console, significant digits in tables.
    valid, valid_from : str, float
        Name of the metric that says whether this one counts, and from which value on it does.
    limits : (float, float), optional
        Within which it lies, and so its interval; of its axis, if both are finite.
    better : {'', 'lower', 'higher'}
        Which way is the better one; without it a difference is lower or higher, and no more.
    at_least, at_most : float, optional
        What is wanted of the trained network.
    key, console, figures : bool
        Whether it stands in summaries and sweeps, in the closing lines and the table of seeds, and
        has a panel of its own in the figures of seeds and sweeps.
    """

    name: str
    path: str | tuple[str, ...] | Callable[[Numbers], Any] = ""
    label: str = ""
    unit: str = ""
    symbol: str = ""
    meaning: str = ""
    digits: int = 3
    valid: str = ""
    valid_from: float = 0.0
    limits: tuple[float, float] | None = None
    better: str = ""
    at_least: float | None = None
    at_most: float | None = None
    key: bool = True
    console: bool = True
    figures: bool = True

    @property
    def text(self) -> str:
        """Label and unit."""
        return with_unit(self.label or self.name, self.unit)

    @property
    def axis(self) -> str:
        """Symbol, or else label, and unit."""
        return with_unit(self.symbol, self.unit) if self.symbol else self.text

    def value(self, numbers: Numbers) -> Any:
        """The number; None if it is undefined or was not measured."""
        path = self.path or self.name
        return path(numbers) if callable(path) else value_at(numbers, path)

    def is_measured(self, numbers: Numbers) -> bool:
        """Whether there is such a number; one that is undefined is there.

        Raises `NotARun`, which names the file, if it should stand at the top of a results file.
        """
        path = self.path or self.name
        if callable(path):
            return path(numbers) is not None
        names = names_of(path)
        if isinstance(numbers, Fields):
            numbers[names[0]]
        *parts, last = names
        place = value_at(numbers, parts)
        return isinstance(place, Mapping) and last in place

    @property
    def wanted(self) -> str:
        """`at_least` and `at_most` in words; empty without them."""
        limits = {"at least": self.at_least, "at most": self.at_most}
        return ", ".join(f"{words} {x:g}" for words, x in limits.items() if x is not None)

    def counted(self, row: Mapping[str, Any] | None) -> float | None:
        """Its value in the `key_numbers` of a network; None if undefined, or if it does not count.

        `row` is None for a run that is not done.
        """
        row = row or {}
        share = row.get(self.valid) if self.valid else None
        counts = not self.valid or (share is not None and share >= self.valid_from)
        return row.get(self.name) if counts else None


@dataclass(frozen=True)
class MetricTable:
    """The metrics of a room, the one that matters most first.

    Attributes
    ----------
    metrics : tuple of Metric
    title : str
        What the model is called on the page of a sweep.
    verdicts : dict of str
        Verdicts that the room gives, with what they mean; without any none is shown.
    wanted : str
        The verdict whose unmet conditions are named at the end of a run.
    """

    metrics: tuple[Metric, ...] = ()
    title: str = "a model"
    verdicts: Mapping[str, str] = field(default_factory=dict)
    wanted: str = ""

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics)

    def __getitem__(self, name: str) -> Metric:
        return next(m for m in self.metrics if m.name == name)

    def renamed(self, labels: Mapping[str, str]) -> tuple[Metric, ...]:
        """The metrics that are keys of `labels`, in that order, under these labels."""
        return tuple(replace(self[name], label=label) for name, label in labels.items())


NO_METRICS = MetricTable()


def with_unit(label: str, unit: str) -> str:
    return label + f" ({unit})" if unit else label


def names_of(path: str | Sequence[str]) -> Sequence[str]:
    return path.split(".") if isinstance(path, str) else path


def value_at(content: Any, path: str | Sequence[str]) -> Any:
    """What stands in nested dicts at `path`, see `Metric`; None where there is nothing."""
    for name in names_of(path):
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def key_numbers(table: Iterable[Metric], numbers: Numbers) -> dict[str, Any]:
    """Numbers of a network that summaries and sweeps hold, by name."""
    return {metric.name: metric.value(numbers) for metric in table if metric.key}


def both_networks(table: Iterable[Metric], results: Results) -> dict[str, dict[str, Any]]:
    """`key_numbers` of a seed, ``trained`` and ``untrained``."""
    return {label: key_numbers(table, numbers_of(results, label)) for label in LABELS}


def row_of(table: Iterable[Metric], seed: int, results: Results) -> dict[str, Any]:
    """A seed as the figures and tables over seeds take it."""
    return {"seed": seed, **both_networks(table, results)}


def known(metrics: Iterable[Metric], rows: Sequence[Mapping[str, Any]]) -> list[Metric]:
    """Metrics that any of `rows` has a value of, trained or untrained."""
    found = [row[label] for row in rows for label in LABELS if row[label]]
    return [m for m in metrics if any(numbers.get(m.name) is not None for numbers in found)]


def is_number(value: Any) -> bool:
    """Whether a value is a number; a truth value is none."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def difference(trained: Any, untrained: Any) -> Any:
    """Trained minus untrained, number by number; NaN where either is undefined.

    Parameters
    ----------
    trained, untrained : dict or number
        Nested alike; what is neither is left out.
    """
    if isinstance(trained, dict):
        return {
            key: difference(trained[key], untrained[key])
            for key in trained
            if is_number(trained[key]) or isinstance(trained[key], dict)
        }
    return trained - untrained if is_number(untrained) else np.nan


def contrast(metric: Metric, results: Results) -> tuple[Any, Any, float | None]:
    """Trained, untrained and their difference; None where it is undefined."""
    first, second = (metric.value(numbers_of(results, label)) for label in LABELS)
    both = is_number(first) and is_number(second)
    return first, second, first - second if both else None


# --- lines ---------------------------------------------------------------------------------------


def comparison_lines(metrics: Iterable[Metric], results: Results) -> list[str]:
    """Trained, untrained and difference in columns; what was not measured is left out."""
    networks = [numbers_of(results, label) for label in LABELS]
    shown = [m for m in metrics if any(m.is_measured(numbers) for numbers in networks)]
    width = max([LEAST_WIDTH, *(len(m.text) + 1 for m in shown)])
    lines = [f"{'':{width}}{'trained':>10}{'untrained':>11}{'difference':>12}"] if shown else []
    for m in shown:
        trained, untrained, change = contrast(m, results)
        digits = decimals((trained, untrained), m.digits)
        lines.append(
            f"{m.text:{width}}{number(trained, digits):>10}{number(untrained, digits):>11}"
            f"{number(change, digits, signed=True):>12}"
        )
    return lines


def closing_lines(table: MetricTable, results: Results) -> list[str]:
    """What came out, trained and untrained side by side, and why the verdict is what it is."""
    trained = numbers_of(results, TRAINED)
    lines = comparison_lines([m for m in table if m.console], results)
    conditions = trained.get("conditions", ())
    missed = [c for c in conditions if c["verdict"] == table.wanted and not c["met"]]
    if missed and results.get("verdict") != table.wanted:
        said = []
        for c in missed:
            value = number(c["value"], decimals([c["value"]], 3))
            said.append(f"{c['metric']} {value}, needed {c['comparison']} {c['limit']:g}")
        lines.append(f"not {table.wanted}: {'; '.join(said)}")
    notes = [*trained.get("notes", ()), *results.get("warnings", ())]
    return [*lines, *notes, seed_line(table, results)]


def seed_line(table: MetricTable, results: Results) -> str:
    """One line a seed: its verdict, or else its first number."""
    words = headline(table, results) or "done"
    if table.verdicts:
        twin = numbers_of(results, UNTRAINED).get("verdict")
        words = f"{results['verdict']} (untrained: {twin})"
    return f"Seed {results['seed']}: {words}"


def outcome_words(table: MetricTable, results: Results) -> list[str]:
    """What the status says of a seed that is finished."""
    words = [results["verdict"]] if table.verdicts else []
    found = "; ".join(filter(None, [*words, headline(table, results)]))
    return [found] if found else []


def deciding(table: MetricTable, results: Results) -> Metric | None:
    """The metric by which a seed is judged: the first of the table that was measured."""
    trained = numbers_of(results, TRAINED)
    return next((m for m in table if m.is_measured(trained)), None)


def headline(table: MetricTable, results: Results) -> str:
    """The `deciding` metric in words; empty if there is none."""
    trained, twin = (numbers_of(results, label) for label in LABELS)
    m = deciding(table, results)
    if m is None:
        return ""
    value, other = m.value(trained), m.value(twin) if twin else None
    digits = decimals((value, other), m.digits)
    beside = f" (untrained {number(other, digits)})" if twin else ""
    return f"{m.symbol or m.label or m.name} {number(value, digits)}{beside}"


def verdicts_of_seeds(every: Sequence[Results]) -> str:
    """How many seeds have which verdict."""
    parts = []
    for label in LABELS:
        found = [numbers_of(results, label)["verdict"] for results in every]
        counts = [f"{v} in {found.count(v)} of {len(found)} seeds" for v in dict.fromkeys(found)]
        parts.append(f"{label.capitalize()}: {', '.join(counts)}.")
    return " ".join(parts)


# --- summary and sweep ---------------------------------------------------------------------------


def run_summary(
    table: MetricTable,
    request: Any,
    results: Sequence[Results],
    failed: Sequence[int],
    head: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Content of ``run_summary.json``; `head` is what all seeds have in common beside the mode."""
    known = {"schema_version": request.format.schema_version, "mode": request.options.mode}
    runs = [seed_summary(table, r) for r in results]
    return one_or_all(known | (head or {}), runs, failed, lambda runs: aggregate(table, runs))


def one_or_all(
    head: Mapping[str, Any],
    runs: Sequence[Mapping[str, Any]],
    failed: Sequence[int],
    aggregate: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]],
) -> dict[str, Any]:
    """The `head`, and of one seed its part, of several all parts and their `aggregate`."""
    if len(runs) == 1 and not failed:
        return {**head, **runs[0]}
    return {**head, "runs": runs, "failed_seeds": failed, "aggregate": aggregate(runs)}


def seed_summary(table: MetricTable, results: Results) -> dict[str, Any]:
    """A seed's part of ``run_summary.json``."""
    networks = {label: numbers_of(results, label) for label in LABELS}
    found = {"seed": results["seed"]}
    if table.verdicts:
        found["verdict"] = results["verdict"]
        found["verdict_untrained"] = networks[UNTRAINED]["verdict"]
        found["conditions"] = networks[TRAINED]["conditions"]
    return {**found, **networks, "difference": results.get("difference")}


def aggregate(table: MetricTable, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Verdicts counted; mean, SD (ddof 1) and n of each key number, undefined ones left out."""
    found: dict[str, Any] = {}
    if table.verdicts:
        verdicts = [run["verdict"] for run in runs]
        found["verdicts"] = {name: verdicts.count(name) for name in sorted(set(verdicts))}
    names = [m.name for m in table if m.key]
    rows = {label: [key_numbers(table, run[label]) for run in runs] for label in LABELS}
    return found | {label: spread(names, rows[label]) for label in LABELS}


def spread(names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean, SD and n over `rows` of each number, by name."""
    return {name: mean_sd([row[name] for row in rows]) for name in names}


def sweep_columns(table: MetricTable) -> dict[str, tuple[str, ...]]:
    """What the table of a sweep holds of each run; a tuple names what is nested."""
    names = tuple(m.name for m in table if m.key)
    return ({"verdict": ()} if table.verdicts else {}) | dict.fromkeys(LABELS, names)


def sweep_row(table: MetricTable, results: Results) -> dict[str, Any]:
    """The `sweep_columns` of a finished run."""
    verdict = {"verdict": results["verdict"]} if table.verdicts else {}
    return verdict | both_networks(table, results)
