"""What the numbers of a seed say: conditions of the verdicts in words, and the frozen tests.

Every number stands beside that of the untrained twin. Undefined is said, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driver.experiment.metric import LABELS, value_at
from driver.formatting import text
from driver.report.page import Table, Text
from models.cube.show.view import test_name

Results = Mapping[str, Any]  # of a seed: metrics by label
CONDITIONS = {
    "ili": "input-locked index",
    "wave_index": "wave index",
    "t_ext": "last spike after removal (steps)",
    "out_tube_rate": "rate outside the tube (per cell and step)",
    "reach": "deepest layer reached",
    "rate": "rate of all cells (per cell and step)",
    "survival": "survival after removal",
    "iou": "mean IoU with the next frame: never-seen loops, random launches, or the end of the run",
    "n_steps_held": "steps held without input, median over launches",
}


def details(results: Results) -> list[Text]:
    """What a reader of the headline must know."""
    notes = [note for label in LABELS for note in results[label].get("notes", ())]
    blocks = [Text(note, "warning") for note in dict.fromkeys(notes)]
    if results["trained"]["verdict"] in ("predicts", "does not predict"):
        blocks.append(Text(f"The verdict looks at {judged_by(results)}."))
    return blocks


def judged_by(results: Results) -> str:
    """Which overlap the verdict on a prediction looks at."""
    tests = results["trained"].get("tests") or {}
    name = next((n for n in ("held_out", "new") if n in tests), None)
    return "the end of the run" if name is None else f"the frozen test on {test_name(name)}"


def tests(results: Results) -> list[Table]:
    """Frozen tests as numbers; none in a network without."""
    found = results["trained"].get("tests") or {}
    keys = [(label, key) for label in LABELS for key in ("iou", "chance_iou")]
    rows = []
    for name, numbers in found.items():
        values = (value_at(results[label], f"tests.{name}.{key}") for label, key in keys)
        rows.append((test_name(name), *map(text, values), numbers["n_moves"]))
    table = Table(
        head=("frozen test", "IoU", "chance", "IoU", "chance", "moves"),
        spans=[("", 1), ("trained", 2), ("untrained", 2), ("", 1)],
        rows=rows,
        caption="Mean IoU with the next frame, all learning off.",
    )
    return [table] if rows else []
