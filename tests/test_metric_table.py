"""A room's table of metrics, and the lines, tables and pages that follow from it alone."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from driver.experiment import metric
from driver.experiment.comparison import compare
from driver.experiment.metric import Metric, MetricTable
from driver.experiment.statistics import weight_statistics
from driver.experiment.verdict import condition, decide
from driver.figures import style
from driver.figures.points import Band
from driver.figures.seeds import seeds_figure
from driver.formatting import mathtext, text
from driver.report.numbers import condition_table, number_table, table_of_seeds, verdict_blocks
from driver.report.page import marked_up
from driver.report.sweep_page import write_sweep_report

TABLE = MetricTable(
    (
        Metric("error", "map.error", label="error e_x", unit="rad", symbol="e_x", valid="share",
               valid_from=0.5, meaning="How far off.", at_most=0.2),
        Metric("share", label="decoded share", limits=(0.0, 1.0)),
        Metric("early", ("steps", "to_0.5"), label="steps to 0.5", digits=0, figures=False),
        Metric("hard", lambda numbers: numbers.get("hard"), console=False),
        Metric("map.order", label="order", key=False, figures=False, console=False),
    ),
    title="a sketch",
    verdicts={"learns": "the error falls", "does not learn": "it does not"},
    wanted="learns",
)  # fmt: skip


def network(error, share=0.9):
    found = {"map": {"error": error, "order": 2}, "share": share, "steps": {"to_0.5": 12}}
    judged = decide([condition("learns", "error", error, "<=", 0.2)], "does not learn")
    return found | judged.stored()


def results(seed=1, trained=0.5, untrained=0.9, **more):
    networks = {"trained": network(trained, **more), "untrained": network(untrained)}
    return {"seed": seed, "verdict": networks["trained"]["verdict"], "warnings": [], **networks}


def row(seed=1, condition="a", **more):
    found = metric.sweep_row(TABLE, results(seed, **more))
    place = {"x": condition, "seed": seed}
    return found | {"condition": place, "state": "done", "complaint": None, "run": f"r{seed}",
                    "command": "python x"}  # fmt: skip


def test_a_number_is_found_by_its_path_and_one_that_is_not_there_is_none():
    numbers = network(0.3)
    found = [m.value(numbers) for m in TABLE]
    assert found == [0.3, 0.9, 12, None, 2]
    assert [m.is_measured(numbers) for m in TABLE] == [True, True, True, False, True]
    undefined = network(None)
    assert TABLE["error"].value(undefined) is None and TABLE["error"].is_measured(undefined)


@pytest.mark.parametrize(("share", "counts"), [(0.5, True), (0.49, False), (None, False)])
def test_a_number_counts_from_a_share_on(share, counts):
    found = metric.key_numbers(TABLE, network(0.3, share))
    assert (TABLE["error"].counted(found) == 0.3) == counts
    assert TABLE["share"].counted(found) == share
    assert TABLE["error"].counted(None) is None


def test_trained_numbers_may_lie_flat_or_nested():
    flat = network(0.3) | {"untrained": network(0.6)}
    assert metric.contrast(TABLE["error"], flat) == (0.3, 0.6, pytest.approx(-0.3))
    assert metric.contrast(TABLE["error"], results(trained=None))[::2] == (None, None)


def test_the_closing_lines_tell_numbers_and_what_keeps_it_from_the_wanted_verdict():
    lines = metric.closing_lines(TABLE, results())
    assert lines[1].split()[-3:] == ["0.500", "0.900", "-0.400"] and "error e_x (rad)" in lines[1]
    assert lines[3].split()[-3:] == ["12", "12", "+0"]
    assert lines[-2] == "not learns: error 0.500, needed <= 0.2"
    assert lines[-1] == "Seed 1: does not learn (untrained: does not learn)"
    assert not any("order" in line or "hard" in line for line in lines)
    assert metric.outcome_words(TABLE, results()) == ["does not learn; e_x 0.500 (untrained 0.900)"]
    plain = dataclasses.replace(TABLE, verdicts={})
    assert metric.seed_line(plain, results()) == "Seed 1: e_x 0.500 (untrained 0.900)"


def test_the_summary_counts_verdicts_and_leaves_out_what_is_undefined():
    runs = [results(1, trained=0.1), results(2, trained=None), results(3, trained=0.3)]
    version, options = SimpleNamespace(schema_version=1), SimpleNamespace(mode="m")
    request = SimpleNamespace(format=version, options=options)
    found = metric.run_summary(TABLE, request, runs, [])
    assert found["aggregate"]["verdicts"] == {"does not learn": 2, "learns": 1}
    error = found["aggregate"]["trained"]["error"]
    assert (error["mean"], error["n"], error["n_excluded"]) == (pytest.approx(0.2), 2, 1)
    alone = metric.run_summary(TABLE, request, runs[:1], [], {"n_cells": 3})
    assert list(alone)[1:5] == ["mode", "n_cells", "seed", "verdict"] and "aggregate" not in alone


def test_the_columns_of_a_sweep_are_those_of_its_rows():
    columns, found = metric.sweep_columns(TABLE), metric.sweep_row(TABLE, results())
    assert columns == {k: tuple(v) if isinstance(v, dict) else () for k, v in found.items()}
    assert columns["trained"] == ("error", "share", "early", "hard")


def test_a_condition_counts_pairs_of_which_both_count():
    rows = [row(1), row(2, trained=0.6, share=0.1), row(3, trained=0.7)]
    (found,) = compare(rows, list(TABLE)[:1])
    error = found["error"]
    assert (error["trained_without"], error["untrained_without"]) == (1, 0)
    assert error["paired"]["difference"]["n"] == 2
    assert error["trained"]["mean"] == pytest.approx(0.6)


def test_a_sweep_page_needs_nothing_but_the_table(tmp_path):
    rows = [row(k, trained=0.5 + 0.01 * k) for k in range(3)]
    waiting = dict.fromkeys(("trained", "untrained", "verdict")) | {"state": "waiting"}
    rows.append(row(9, condition="b") | waiting)
    (tmp_path / "sweep.json").write_text(json.dumps({"runs": rows}))
    page = write_sweep_report(TABLE, tmp_path / "sweep.json").read_text()
    assert (
        "a sweep of a sketch" in page
        and "x=a: does not learn in 3 of 3 runs; x=b: nothing done yet" in page
    )
    assert "r9: not done yet" in page and "error e<sub>x</sub> (rad)" in page
    assert "-0.390 [" in page and "3 of 3" in page and "0 of 1" in page
    (tmp_path / "sweep.json").write_text(json.dumps({"runs": rows[3:]}))
    plain = dataclasses.replace(TABLE, verdicts={})
    page = write_sweep_report(plain, tmp_path / "sweep.json").read_text()
    assert "No run is done yet." in page


def test_seeds_stand_side_by_side_with_their_networks():
    every = [results(1), results(2, trained=0.6, share=0.1), results(3, trained=None)]
    rows = [metric.row_of(TABLE, r["seed"], r) for r in every]
    shown = [m for m in TABLE if m.figures][:2]
    chance = {"error": Band(1.0, 1.2, "chance")}
    with style.applied():
        figure = seeds_figure(rows, shown, "three seeds", chance=chance)
        figure.canvas.draw()
    error = figure.axes[0]
    points = [
        line for line in error.lines if line.get_marker() == "o" and line.get_linestyle() == "None"
    ]
    fills = {line.get_markerfacecolor(): list(line.get_ydata()) for line in points}
    assert fills["white"][0] == 0.6 and 0.5 in fills[style.TRAINED]
    assert "undefined: 1 trained" in error.get_title("left") and "$e_" in error.get_ylabel()
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert {"trained", "untrained", "not usable", "chance", "usable from 0.50"} <= set(legend)


def test_tables_have_definitions_goals_and_both_networks():
    table = number_table(TABLE, results())
    assert table.head[-1] == "definition" and len(table.rows) == 4  # `hard` was not measured
    name, *numbers, meaning = table.rows[0]
    assert name == "error e<sub>x</sub> (rad)" and numbers == ["0.5", "0.9", "−0.4"]
    assert "How far off. Wanted: at most 0.2." in meaning
    rows = [metric.row_of(TABLE, k, results(k, trained=x)) for k, x in ((1, 0.1), (2, None))]
    verdicts = [("learns", "does not learn")] * 2
    seeds = table_of_seeds([TABLE["error"]], rows, without_difference=(), verdicts=verdicts)
    assert seeds.rows[0] == (1, *verdicts[0], "0.1", "0.9", "−0.8")
    assert seeds.rows[1][3:] == ("undefined", "0.9", "undefined")
    assert seeds.foot[2] == ("n", "", "", 1, 2, 1)
    found = condition_table(results(), {"error": "the error"})
    assert found.rows == [("learns", "the error", "≤ 0.2", "0.5", "no", "0.9", "no")]
    words = [block.text for block in verdict_blocks(TABLE, results(trained=0.1))]
    assert words[0] == "Trained: learns. Untrained: does not learn."
    assert words[1:] == ["Learns: the error falls.", "Does not learn: it does not."]


def test_numbers_and_labels_are_written_for_people():
    assert [text(x) for x in (0.00123456, 40.0, -1.5, 1.2e-7)] == [
        "0.00123",
        "40",
        "−1.5",
        "1.2e-07",
    ]
    assert [text(x, 2, signed=True) for x in (0.5, 0.0, -0.5)] == ["+0.5", "0", "−0.5"]
    assert (
        mathtext("σ_θ, path") == r"$σ_\mathrm{θ}$, path"
        and mathtext("valid_share") == "valid_share"
    )
    assert marked_up("σ_θ < 1") == "σ<sub>θ</sub> &lt; 1"


def test_weights_at_their_bounds_are_counted():
    w = np.array([0.0, 0.2, 1.0, 1.0])
    found = weight_statistics(w, floor=0.0, ceiling=1.0)
    assert found == {"mean": 0.55, "sd": w.std(), "at_ceiling": 0.5, "at_floor": 0.25}
    assert np.isnan(weight_statistics(w)["at_floor"])
    assert np.isnan(list(weight_statistics(w[:0], 0.0, 1.0).values())).all()
