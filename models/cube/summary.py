"""``run_summary.json`` and the closing lines of a run, from the results of its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from driver.experiment import summary
from driver.experiment.statistics import mean_sd
from driver.formatting import number
from models.cube.local.measure import hardest
from models.cube.params import MODELS, LocalParams, Params
from models.cube.values import n_links
from stimuli.dots import DotParams

KEY_NUMBERS = (
    *("ili", "wave_index", "rate", "in_tube_rate", "out_tube_rate", "reach", "t_ext", "survival"),
    *("output_iou", "output_lag_moves", "readout_iou"),
    *("iou", "test_same_iou", "test_new_iou", "test_held_out_iou", "recall_steps_held"),
)
"""Numbers of a seed that tables hold; null where a model does not have them."""
TEXTS = {
    "ili": "input-locked index",
    "wave_index": "wave index",
    "in_tube_rate": "rate in the tube (per step)",
    "out_tube_rate": "rate outside",
    "reach": "deepest layer reached",
    "t_ext": "last spike after removal (step)",
    "output_iou": "back plane, IoU at best lag",
    "output_lag_moves": "that lag (moves)",
    "readout_iou": "readout, IoU with next frame",
    "iou": "IoU with next frame, at the end",
    "test_same_iou": "frozen: the same loop",
    "test_new_iou": "frozen: random launches",
    "test_held_out_iou": "frozen: never-seen loops",
    "recall_steps_held": "steps recalled without input",
}


def key_numbers(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The `KEY_NUMBERS` of one network, from its part of a results file."""
    found = {name: metrics.get(name) for name in KEY_NUMBERS}
    if "output" in metrics:
        found["output_iou"] = metrics["output"]["best_iou"]
        found["output_lag_moves"] = metrics["output"]["best_lag"]
        found["readout_iou"] = (metrics["readout"] or {}).get("iou")
    for name in ("same", "new", "held_out"):
        found[f"test_{name}_iou"] = metrics["tests"].get(name, {}).get("iou")
    found["recall_steps_held"] = hardest(metrics.get("recall") or {}).get("steps_held_median")
    return found


def headline(p: Params, dots: DotParams) -> str:
    """Sizes and stimulus, for the log."""
    size = f"{p.n} x {p.n}" + ("" if isinstance(p, LocalParams) else f" x {p.L}")
    what = f"{dots.dots} dots" if dots.dots > 1 else "a dot"
    return f"{MODELS[type(p)]} {size}, {p.steps} steps, {p.ratio} a move; {what}, {dots.stimulus}"


def run_summary(request, results: list[dict[str, Any]], failed: list[int]) -> dict[str, Any]:
    """Content of ``run_summary.json``: verdicts, key numbers, trained beside untrained."""
    p = request.params
    head = {
        "schema_version": request.format.schema_version,
        "mode": request.options.mode,
        "model": MODELS[type(p)],
        "fidelity": request.options.fidelity,
        "n_links": n_links(p, request.dots),
    }
    return summary.run_summary(head, [seed_summary(r) for r in results], failed, aggregate)


def seed_summary(results: Mapping[str, Any]) -> dict[str, Any]:
    """A seed's part of ``run_summary.json``."""
    return {
        "seed": results["seed"],
        "verdict": results["verdict"],
        "verdict_untrained": results["untrained"]["verdict"],
        "conditions": results["trained"]["conditions"],
        "trained": results["trained"],
        "untrained": results["untrained"],
        "difference": results["difference"],
    }


def aggregate(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Verdicts counted; mean, SD (ddof 1) and n of each key number, undefined ones left out."""
    verdicts = [run["verdict"] for run in runs]
    counted = {name: verdicts.count(name) for name in sorted(set(verdicts))}
    return {"verdicts": counted} | {
        label: spread([key_numbers(run[label]) for run in runs])
        for label in ("trained", "untrained")
    }


def spread(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: mean_sd([row[name] for row in rows]) for name in KEY_NUMBERS}


def outcome_words(results: Mapping[str, Any]) -> list[str]:
    """What the status says of a seed that is finished."""
    name, value = headline_metric(results["trained"])
    _, twin = headline_metric(results["untrained"])
    return [f"{results['verdict']}; {name} {number(value)} (untrained {number(twin)})"]


def headline_metric(metrics: Mapping[str, Any]) -> tuple[str, float | None]:
    return ("ILI", metrics["ili"]) if "ili" in metrics else ("IoU", metrics["iou"])


def sweep_columns() -> dict[str, tuple[str, ...]]:
    """What the table of a sweep holds of each run; a tuple names what is nested."""
    return {"verdict": (), "trained": KEY_NUMBERS, "untrained": KEY_NUMBERS}


def sweep_row(results: Mapping[str, Any]) -> dict[str, Any]:
    """The `sweep_columns` of a finished run."""
    rows = {label: key_numbers(results[label]) for label in ("trained", "untrained")}
    return {"verdict": results["verdict"]} | rows


def closing_lines(results: Mapping[str, Any]) -> list[str]:
    """What came out, trained and untrained side by side, and why the verdict is what it is."""
    trained, untrained = (key_numbers(results[k]) for k in ("trained", "untrained"))
    lines = [f"{'':34}{'trained':>10}{'untrained':>11}"]
    for name, text in TEXTS.items():
        if trained[name] is None and untrained[name] is None:
            continue
        values = (number(row[name], 4 if "rate" in name else 3) for row in (trained, untrained))
        lines.append(
            f"{text:34}" + "".join(f"{v:>{w}}" for v, w in zip(values, (10, 11), strict=True))
        )
    missed = [
        c for c in results["trained"]["conditions"] if c["verdict"] == "focused" and not c["met"]
    ]
    if missed and results["verdict"] != "focused":
        lines.append("not focused: " + "; ".join(condition_words(c) for c in missed))
    return [*lines, *results["trained"]["notes"], *results["warnings"], seed_line(results)]


def condition_words(c: Mapping[str, Any]) -> str:
    return f"{c['metric']} {number(c['value'])}, needed {c['comparison']} {c['limit']:g}"


def seed_line(results: Mapping[str, Any]) -> str:
    """One line a seed."""
    twin = results["untrained"]["verdict"]
    return f"Seed {results['seed']}: {results['verdict']} (untrained: {twin})"
