"""Learners side by side: a table and a figure of a sweep over presets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from driver.figures import style
from driver.report import sweep_page
from driver.run.content import Sweep, read_json
from models.predictive.metric_table import METRICS

BESIDE = {  # name of the metric: words, marker, colour
    "untrained": ("untrained twin", "s", style.UNTRAINED),
    "linear": ("linear classifier", "D", style.BRIGHT),
    "backprop": ("back-propagation, same sizes", "^", style.MIDDLE),
}
CAPTION = (
    "Accuracy of the test of each learner, of a linear classifier and of back-propagation in "
    "layers of the same sizes, on the same splits: a dot a seed, a bar the mean. Look whether a "
    "learner is above its linear classifier, and how far below back-propagation."
)
HEAD = ("learner", "accuracy", "untrained", "linear classifier", "back-propagation", "seeds")


def by_preset(content: Path) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Accuracies of each preset, seed by seed, with those of the controls."""
    rows = read_json(content, Sweep, trust=True)["runs"]
    for preset in dict.fromkeys(row["condition"]["mode"] for row in rows):
        done = [r for r in rows if r["condition"]["mode"] == preset and r["state"] == "done"]
        found: dict[str, list] = {name: [] for name in ("accuracy", *BESIDE)}
        for row in done:
            found["accuracy"].append(number(row["trained"], "accuracy"))
            found["untrained"].append(number(row["untrained"], "accuracy"))
            for name in ("linear", "backprop"):
                found[name].append(number(row["trained"], name))
        yield preset, {name: np.array(values, float) for name, values in found.items()}


def number(row: Mapping[str, Any], name: str) -> float:
    value = row[METRICS[name].name]
    return np.nan if value is None else value


def percent(values: np.ndarray) -> str:
    """Mean and s.d. in percent; a dash where there is none."""
    values = values[np.isfinite(values)]
    if not values.size:
        return "-"
    sd = f" ± {100 * values.std(ddof=1):.1f}" if values.size > 1 else ""
    return f"{100 * values.mean():.1f}{sd}"


def lines(content: Path) -> list[str]:
    """A table of accuracies (%), mean and s.d. over seeds, each row on the same splits."""
    rows = [HEAD]
    for preset, found in by_preset(content):
        values = [percent(found.get(n, np.array([]))) for n in ("accuracy", *BESIDE)]
        rows.append((preset, *values, str(found["accuracy"].size)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]


def learners(content: Path) -> Figure | None:
    """Accuracy of each learner beside its controls: a dot a seed, the mean as a bar.

    None if the sweep is not one over presets, or none of them has an accuracy yet.
    """
    runs = read_json(content, Sweep, trust=True)["runs"]  # the page says whether it was edited
    if any(set(row["condition"]) != {"mode", "seed"} for row in runs):
        return None
    if not any(np.isfinite(found["accuracy"]).any() for _, found in by_preset(content)):
        return None
    figure = Figure(figsize=(8.5, 4.2), layout="constrained")
    ax, names = figure.subplots(), []
    for place, (preset, found) in enumerate(by_preset(content)):
        names.append(preset)
        marks = {"accuracy": ("learner", "o", style.TRAINED), **BESIDE}
        shown = [n for n in marks if n != "untrained" and np.isfinite(found[n]).any()]
        for k, name in enumerate(shown):
            words, marker, colour = marks[name]
            x, y = place + 0.18 * (k - 1), 100 * found[name]
            jitter = np.linspace(-0.04, 0.04, y.size) if y.size > 1 else 0
            known = words in ax.get_legend_handles_labels()[1]
            ax.plot(x + jitter, y, marker, color=colour, ms=4, mew=0, alpha=0.7,
                    label=None if known else words)  # fmt: skip
            ax.plot([x - 0.07, x + 0.07], [np.nanmean(y)] * 2, color=colour, lw=2)
    untrained = [percent(found["untrained"]).split(" ")[0] for _, found in by_preset(content)]
    ax.set(xticks=range(len(names)), ylabel="accuracy of the test (%)")
    ax.set_xticklabels([f"{n}\nuntrained {u} %" for n, u in zip(names, untrained, strict=True)])
    return style.legend_above(ax).figure


def write_sweep_report(content_file: Path, **options) -> Path:
    """The report of a sweep, and ``learners.png`` in it where presets are compared."""
    more = {"learners.png": (learners, CAPTION)}
    return sweep_page.write_sweep_report(METRICS, content_file, more=more, **options)
