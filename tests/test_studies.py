"""Studies: their files, their runs, their verdicts, and what is written of them."""

import csv
import dataclasses
import functools
import json
import shutil
from pathlib import Path

import pytest

from driver.flags.from_dataclass import UsageError
from driver.sweep.plan import flags_by_name, plan
from models.lateral_line.analyses.reconstruction import reconstruct
from models.lateral_line.metrics import USABLE_VALID_FRACTION
from models.lateral_line.room import ROOM
from models.lateral_line.saved import Run
from models.lateral_line.stored import TEST
from studies import __main__ as door
from studies import stages, write
from studies.measure import measure
from studies.study import (
    SCALES,
    Claim,
    Conditions,
    Metric,
    Scale,
    Study,
    common_metrics,
    load,
    matching,
    names,
)
from studies.verdict import FAILS, HOLDS, UNKNOWN, judge
from tests.program import SMALL, listing

EXPECTED = {
    *("topography", "test_distance", "mon_size", "test_noise", "training_noise"),
    *("stimulus_variety", "training_distances", "multimodality", "learning_curve"),
    "published_headline",
}
OURS = {
    "learned",
    "learned_again",
    "learned_ablation",
    "learned_curve",
    "untrained_gain",
}  # of our own recipe
SELFORG = {  # of a map from no topography
    *("selforg", "selforg_again", "selforg_gain", "selforg_size", "selforg_test"),
    *("selforg_topography", "selforg_trials", "selforg_varied", "published_worse"),
}
DOTS = {"focus", "predict", "recall"}  # of the moving dot, see tests/cube/test_studies.py
SEQUENCE = {f"sequence_{name}" for name in ("controls", "capacity", "noise")}  # tests/sequence
PREDICTIVE = {f"predictive_{name}" for name in ("switching", "digits", "jepa")}  # tests/predictive
METRICS = common_metrics("lateral_line")
TINY = Study(
    name="tiny",
    title="A tiny study",
    question="Does it run?",
    metric="sigma_theta",
    flags=list(SMALL),
    x_label="topography",
    claims=[
        Claim(
            text="It learns.",
            kind="learning",
            expect="lower",
            margin=0.05,
            refuted_by="No fall.",
        )
    ],
    scales={
        "quick": Scale(flags=["--n-training-trials", "2", "--multi-seed", "2"]),
        "paper": Scale(flags=["--n-training-trials", "4", "--multi-seed", "2"]),
    },
    train=Conditions(product={"mon_ts_topo": ["0.1", "0.2"]}),
)
RETESTED = dataclasses.replace(
    TINY,
    name="retested",
    trained_in="tiny",
    tests=Conditions(product={"distance_cm": ["1.2"]}),
    panel="mon_ts_topo",
)


@pytest.fixture(scope="module")
def known():
    """The two small studies are the only ones that can be run."""
    there = {study.name: study for study in (TINY, RETESTED)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "load", lambda name: there.get(name) or load(name))
        yield


@pytest.fixture(scope="module")
def finished(known, tmp_path_factory):
    """The tiny study, run once; to be read only."""
    root = tmp_path_factory.mktemp("tiny")
    assert study(root, "tiny", "--jobs", "2") == 0
    return root


@functools.cache
def planned(name: str, scale: str) -> stages.Stages:
    """Plan of a study, of which nothing is run."""
    return stages.stages(load(name), scale, Path("nowhere"))


def study(root, name, *flags) -> int:
    places = ["--output-root", str(root / "Runs"), "--results-root", str(root / "results")]
    return door.main([name, *places, *flags])


def table(root, name="tiny") -> list[dict]:
    with open(root / "results" / name / "quick" / write.TABLE, newline="") as file:
        return list(csv.DictReader(file))


# --- definitions ---------------------------------------------------------------------------


def test_every_study_of_the_programme_is_there():
    assert set(names()) == EXPECTED | OURS | SELFORG | DOTS | SEQUENCE | PREDICTIVE


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", sorted(EXPECTED | OURS | SELFORG))
def test_every_condition_of_a_study_can_be_run(name, scale):
    found = planned(name, scale)
    assert len(found.training.jobs) >= 2
    assert found.study.metric in METRICS
    assert found.study.tests is None or found.study.tests.names <= TEST
    assert {name.lower() for name in TEST} <= set(flags_by_name(ROOM))


@pytest.mark.parametrize("name", [name for name in sorted(EXPECTED) if load(name).tests])
def test_every_test_of_stored_weights_is_within_bounds(name, tmp_path):
    found = planned(name, "paper")
    axes = found.study.tests.axes({})
    assert found.n_tests == len(axes.conditions()) * len(found.training.jobs)
    axes = dataclasses.replace(  # without stored weights this one cannot be asked for
        axes, product={k: v for k, v in axes.product.items() if k != "ll_mon_weights"}
    )
    tests = plan(ROOM, "tests", axes, ["--mode", "ll_baseline"], tmp_path, figures=False)
    assert len(tests.jobs) == len(axes.conditions())
    quick = planned(name, "quick")
    assert all(c in found.test_conditions for c in quick.test_conditions)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(EXPECTED | OURS | SELFORG))
def test_every_claim_and_published_number_names_one_condition_of_the_full_study(name):
    defined, full = load(name), planned(name, "paper")
    trained = {tuple(job.condition.items()) for job in full.training.jobs}
    there = [{**dict(c), **t} for c in trained for t in full.test_conditions or [{}]]
    named = [p.at for p in defined.published]
    for claim in defined.claims:
        assert (claim.kind == "contrast") == (claim.against is not None)
        assert (claim.kind == "best") == (
            claim.over in defined.tests.names if claim.over else False
        )
        named += [*claim.at, *({**at, **claim.against} for at in claim.at if claim.against)]
    for part in named:
        assert sum(matching(condition, part) for condition in there) == 1, part


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_at_paper_scale_a_study_of_the_published_recipe_has_ten_seeds_and_ten_thousand_trials(name):
    training = planned(name, "paper").training
    assert len({job.seed for job in training.jobs}) == 10
    trials = {r.params.n_training_trials for r in training.requests.values()}
    assert max(trials) == 10_000
    assert trials == {10_000} or name == "learning_curve"


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_recipe_is_reported_on_seeds_it_was_not_tuned_on(name):
    seeds = {job.seed for scale in SCALES for job in planned(name, scale).training.jobs}
    assert seeds == set(range(133, 143) if name == "learned_again" else range(123, 133))
    assert seeds.isdisjoint(range(1, 6))


@pytest.mark.parametrize("name", sorted(SELFORG))
def test_a_map_from_no_topography_is_reported_on_seeds_it_was_not_tuned_on(name):
    seeds = {job.seed for scale in SCALES for job in planned(name, scale).training.jobs}
    assert seeds <= set(range(311, 321) if name == "selforg_again" else range(301, 311))
    assert seeds.isdisjoint(range(1, 21))


def test_a_case_is_a_named_set_of_flags():
    requests = planned("learned_ablation", "quick").training.requests
    name = "case=steps---33_ll_mon_topo=0.10_mon_ts_topo=0.10_seed_123"
    assert requests[name].params.mon_ts_apre == 0.01
    assert requests[name].params.ll_to_mon_topography_strength == 0.1
    assert requests[name.replace("steps---33", "complete-recipe")].params.mon_ts_apre == 3e-4


def test_the_gain_rule_keeps_cells_times_gain():
    labelled = load("mon_size").train.zip
    pairs = [(int(n), float(g)) for n, g in zip(*labelled.values(), strict=True)]
    assert {n * g for n, g in pairs if g != 220 or n == 3200} == {3200 * 220}


def test_a_study_that_does_not_exist_is_refused_and_the_others_are_named():
    with pytest.raises(UsageError, match="topography"):
        load("nonsense")


def test_a_test_cannot_change_the_network(tmp_path):
    wrong = dataclasses.replace(TINY, tests=Conditions(product={"n_mon": ["10"]}))
    with pytest.raises(ValueError, match="n_mon"):
        stages.stages(wrong, "quick", tmp_path)


# --- running -------------------------------------------------------------------------------


def test_a_study_leaves_table_figure_paragraph_and_provenance(finished):
    folder = finished / "results" / "tiny" / "quick"
    assert {p.name for p in folder.iterdir()} == {
        *("table.csv", "table.md", "figure.png", "summary.md", "study.json"),
    }
    assert [(r["mon_ts_topo"], r["seed"], r["state"]) for r in table(finished)] == [
        *(("0.1", "123", "done"), ("0.1", "124", "done")),
        *(("0.2", "123", "done"), ("0.2", "124", "done")),
    ]
    content = json.loads((folder / "study.json").read_text())
    assert content["scale"] == "quick" and content["n_done"] == 4
    assert len(content["commands"]) == 5 and content["commands"][0].startswith("python -m studies")
    assert content["claims"][0]["verdict"] in (HOLDS, FAILS, UNKNOWN)
    said = (folder / "summary.md").read_text()
    assert "It learns." in said and content["claims"][0]["verdict"] in said


def test_a_study_goes_on_with_the_run_that_is_missing_and_ends_in_the_same_table(
    finished, tmp_path
):
    shutil.copytree(finished / "Runs", tmp_path / "Runs")
    before, runs = table(finished), tmp_path / "Runs" / "study_tiny_quick"
    lost, kept = runs / "mon_ts_topo=0.1_seed_124", runs / "mon_ts_topo=0.2_seed_123"
    stamp = (kept / "run_summary.json").stat().st_mtime_ns
    shutil.rmtree(lost)
    assert study(tmp_path, "tiny") == 0
    assert without_command(table(tmp_path)) == without_command(before)
    assert (lost / "run_summary.json").exists()
    assert (kept / "run_summary.json").stat().st_mtime_ns == stamp


def without_command(lines) -> list[dict]:
    """Rows of a table without the command, which names the folder of the test."""
    return [{k: v for k, v in line.items() if k != "command"} for line in lines]


def test_tests_of_stored_weights_follow_the_training_and_share_it(finished, tmp_path):
    shutil.copytree(finished / "Runs", tmp_path / "Runs")
    assert study(tmp_path, "retested", "--jobs", "2") == 0
    rows = table(tmp_path, "retested")
    assert len(rows) == 4 and {r["state"] for r in rows} == {"done"}
    assert {r["distance_cm"] for r in rows} == {"1.2"}
    assert all("--weights-from" in r["command"] for r in rows)
    assert len(list((tmp_path / "Runs" / "study_tiny_quick").glob("*_seed_*"))) == 4


def test_a_study_can_test_with_the_ll_mon_weights_of_before_training(known, tmp_path, monkeypatch):
    """Two tests of one training, which differ where LL -> MON learned."""
    plastic = dataclasses.replace(
        TINY,
        name="plastic",
        flags=[*SMALL, "--use-ll-mon-stdp"],
        train=Conditions(product={"mon_ts_topo": ["0.2"]}),
        tests=Conditions(product={"ll_mon_weights": ["final", "initial"]}),
    )
    monkeypatch.setattr(door, "load", {"plastic": plastic}.get)
    assert study(tmp_path, "plastic") == 0
    rows = table(tmp_path, "plastic")
    assert {r["state"] for r in rows} == {"done"} and len(rows) == 4
    for seed in {r["seed"] for r in rows}:
        final, initial = (r for r in rows if r["seed"] == seed)
        assert (final["ll_mon_weights"], initial["ll_mon_weights"]) == ("final", "initial")
        assert final["trained_unscreened"] != initial["trained_unscreened"]
        assert final["untrained_unscreened"] == initial["untrained_unscreened"]


def test_a_dry_run_writes_nothing(known, tmp_path, capsys):
    assert study(tmp_path, "retested", "--dry-run") == 0
    assert "4 runs" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_only_some_conditions_can_be_trained_now(known, tmp_path, capsys):
    for _ in range(2):  # the second time there is nothing to do, but still not all is done
        assert study(tmp_path, "tiny", "--only", "mon_ts_topo=0.2") == 1
    states = [(r["mon_ts_topo"], r["state"]) for r in table(tmp_path)]
    assert states == [("0.1", "waiting")] * 2 + [("0.2", "done")] * 2
    assert "2 runs are not done" in capsys.readouterr().out


def test_nothing_is_written_while_there_is_no_network_to_test(known, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(stages, "execute", lambda *_: 1)
    assert study(tmp_path, "retested") == 2
    assert "no trained network" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_a_part_is_one_of_the_scale(capsys):
    assert door.main(["learned", "--dry-run", "--only", "ll_mon_topo=0.05"]) == 2
    assert "at this scale" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["gain=1", "mon_ts_topo=0.3", "mon_ts_topo=@gain", "0.2"])
def test_a_part_that_is_not_there_is_refused_by_the_flag_as_typed(known, tmp_path, capsys, words):
    assert study(tmp_path, "tiny", "--only", words) == 2
    assert f"--only {words.partition('=')[0]}" in capsys.readouterr().err.replace(": ", " ")
    assert not list(tmp_path.iterdir())


def test_without_a_name_the_studies_are_listed(capsys):
    assert door.main([]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in EXPECTED)


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_that_of_the_run_and_of_its_twin(finished, metric):
    sweep = stages.stages(TINY, "quick", finished / "Runs").training
    job = sweep.jobs[0]
    seed = Run(sweep.place(job)).seed(job.seed)
    twins = seed.results, seed.results["untrained"]
    expected = {
        "sigma_theta": [r["sigma_theta_rad"] for r in twins],
        "sigma_theta_body": [r["sigma_theta_body_rad"] for r in twins],
        "valid_fraction": [r["valid_fraction"] for r in twins],
        "sharpening": [r["sharpening"] for r in twins],
        "share_multimodal": [reconstruct(seed, initial=i).share_multimodal for i in (False, True)],
        "share_unimodal": [reconstruct(seed, initial=i).share_unimodal for i in (False, True)],
    }
    of_passes = [None, None]  # of a test with a single pass
    found = measure(sweep, METRICS[metric])[0]
    assert [found["raw"]["trained"], found["raw"]["untrained"]] == expected.get(metric, of_passes)
    assert metric in expected or METRICS[metric].path.startswith("map.")
    if metric in ("sigma_theta", "sharpening"):
        usable = [r["usable_map"] for r in (seed.results, seed.results["untrained"])]
        assert [found["value"][who] is not None for who in ("trained", "untrained")] == usable


def with_metric(path: str) -> Study:
    return dataclasses.replace(TINY, metric="own", metrics={"own": Metric(path=path, text="own")})


def test_a_study_may_name_any_number_of_the_results(finished):
    sweep = stages.stages(TINY, "quick", finished / "Runs").training
    job = sweep.jobs[0]
    results = Run(sweep.place(job)).seed(job.seed).results
    found = measure(sweep, with_metric("spikes.ts").known["own"])[0]
    assert found["value"]["trained"] == results["spikes"]["ts"]
    assert found["value"]["untrained"] == results["untrained"]["spikes"]["ts"]


@pytest.mark.parametrize(
    "path, there", [("spikes.tss", "ts"), ("sigma_theta", "sigma_theta_rad"), ("spikes", "mon")]
)
def test_a_path_that_leads_nowhere_is_refused_before_anything_is_written(
    finished, tmp_path, capsys, monkeypatch, path, there
):
    monkeypatch.setattr(door, "load", lambda _: with_metric(path))
    places = ["--output-root", str(finished / "Runs"), "--results-root", str(tmp_path / "results")]
    before = listing(finished)
    assert door.main(["tiny", *places]) == 2
    error = capsys.readouterr().err
    assert f"metric {path}:" in error and there in error
    assert listing(finished) == before and not list(tmp_path.iterdir())


def test_a_map_is_usable_from_the_share_that_the_model_asks_for():
    used = [metric for metric in METRICS.values() if metric.valid]
    assert {metric.valid_from for metric in used} == {USABLE_VALID_FRACTION}


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"metric": "sigma"}, "sigma_theta_body"),
        ({"room": "pond"}, "lateral_line"),
        ({"claims": [Claim("c", "level", "higher", 0.1, "r", metric="rate")]}, "rate"),
        ({"scales": {"quick": Scale(flags=[], values={"gian": ["1"]})}}, "gian"),
    ],
)
def test_a_definition_that_names_what_is_not_there_is_refused(wrong, named):
    with pytest.raises(ValueError, match=named):
        dataclasses.replace(TINY, **wrong)


# --- verdicts ------------------------------------------------------------------------------


def rows(a, b, trained, untrained) -> list[dict]:
    """Runs of one condition a=b, a seed for each pair of values."""
    return [
        {
            "condition": {a: b, "seed": seed},
            "state": "done",
            "value": {"trained": x, "untrained": y},
        }
        for seed, (x, y) in enumerate(zip(trained, untrained, strict=True))
    ]


def claim(kind="learning", expect="lower", margin=0.1, **more) -> Claim:
    said = {"text": "c", "refuted_by": "r", "kind": kind, "expect": expect, "margin": margin}
    return Claim(**said, **more)


def test_learning_holds_where_the_interval_is_below_zero():
    made = rows("k", "1", [0.30, 0.31, 0.29, 0.30], [0.50, 0.52, 0.51, 0.49])
    found = judge(claim(), made)
    assert found.verdict == HOLDS
    assert found.parts[0].trained.n == 4 and found.parts[0].trained.high < 0


def test_learning_is_refuted_by_an_interval_that_excludes_the_margin():
    assert judge(claim(), rows("k", "1", [0.6, 0.61, 0.62], [0.5, 0.5, 0.5])).verdict == FAILS
    same = rows("k", "1", [0.50, 0.51, 0.50, 0.49], [0.5, 0.5, 0.5, 0.5])
    assert judge(claim(), same).verdict == FAILS  # surely less than the margin
    assert judge(claim(margin=0.001), same).verdict == UNKNOWN


def test_a_wide_interval_a_single_seed_and_no_run_say_nothing():
    assert judge(claim(), rows("k", "1", [0.1, 0.9, 0.5], [0.5, 0.5, 0.5])).verdict == UNKNOWN
    one = judge(claim(), rows("k", "1", [0.1], [0.5]))
    assert one.verdict == UNKNOWN and "one run" in one.parts[0].why
    assert judge(claim(), []).verdict == UNKNOWN
    elsewhere = judge(claim(at=[{"k": "7"}]), rows("k", "1", [0.1, 0.1], [0.5, 0.5]))
    assert elsewhere.verdict == UNKNOWN and "not run" in elsewhere.parts[0].why


def test_the_best_untrained_value_is_looked_for_along_one_axis():
    """At gain 2 the trained beat their twins, but not what these reach at gain 1."""
    trained, twins, elsewhere = [0.30, 0.31, 0.29], [0.5, 0.5, 0.5], [0.2, 0.2, 0.2]
    made = rows("gain", "2", trained, twins) + rows("gain", "1", twins, elsewhere)
    at = [{"gain": "2"}]
    assert judge(claim(at=at), made).verdict == HOLDS
    found = judge(claim("best", at=at, over="gain"), made)
    assert found.verdict == FAILS and found.parts[0].n_lower == 0
    assert found.parts[0].trained.mean == pytest.approx(0.1)
    worse = rows("gain", "2", trained, twins) + rows("gain", "1", twins, [0.6, None, 0.4])
    found = judge(claim("best", at=at, over="gain"), worse)
    assert found.verdict == HOLDS and found.parts[0].n_lower == 3
    assert "at its best gain" in found.beside


def test_the_best_is_not_known_while_a_run_of_the_axis_is_missing():
    trained, twins = [0.30, 0.31, 0.29], [0.5, 0.5, 0.5]
    made = rows("gain", "2", trained, twins) + rows("gain", "1", twins, [0.1, 0.1, 0.1])
    for row in made[-3:]:
        row["state"] = "waiting"
    found = judge(claim("best", at=[{"gain": "2"}], over="gain"), made)
    assert found.verdict == UNKNOWN and "missing" in found.parts[0].why


@pytest.mark.parametrize("kind", ["learning", "best"])
def test_what_holds_for_the_usable_maps_does_not_hold_if_training_destroys_others(kind):
    made = rows("gain", "2", [0.30, 0.31, None, 0.29], [0.5, 0.5, 0.5, 0.5])
    axis = {"over": "gain"} if kind == "best" else {}
    found = judge(claim(kind, at=[{"gain": "2"}], **axis), made)
    assert found.verdict == UNKNOWN and "1 of 4" in found.parts[0].why


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "best"},
        {"kind": "learning", "over": "gain"},
        {"kind": "contrast"},
        {"kind": "level", "against": {"gain": "1"}},
    ],
)
def test_a_claim_that_lacks_what_its_kind_needs_is_refused(wrong):
    with pytest.raises(ValueError):
        claim(**wrong)


def test_the_axis_of_a_best_value_must_be_one():
    with pytest.raises(ValueError, match="gian"):
        dataclasses.replace(TINY, claims=[claim("best", over="gian")])


def test_without_usable_maps_it_cannot_be_said():
    found = judge(claim(), rows("k", "1", [None, None, None], [0.5, 0.5, 0.5]))
    assert found.verdict == UNKNOWN
    assert "no usable map" in found.parts[0].why
    assert found.parts[0].trained.n_undefined == 3


def test_a_claim_about_several_conditions_fails_if_one_does():
    good = rows("k", "1", [0.30, 0.31, 0.29], [0.5, 0.5, 0.5])
    bad = rows("k", "2", [0.60, 0.61, 0.59], [0.5, 0.5, 0.5])
    assert judge(claim(), good).verdict == HOLDS
    assert judge(claim(), good + bad).verdict == FAILS
    unknown = rows("k", "3", [None, None, None], [0.5, 0.5, 0.5])
    assert judge(claim(), good + unknown).verdict == UNKNOWN


def test_a_contrast_pairs_seeds_and_says_what_the_twin_does():
    contrast = claim("contrast", at=[{"k": "2"}], against={"k": "1"})
    seeds = [0.0, 0.5, 1.0]  # networks that differ much more than conditions
    low, high = [x + 0.2 for x in seeds], [x + 0.5 + x / 50 for x in seeds]
    both = judge(contrast, rows("k", "1", high, high) + rows("k", "2", low, low))
    assert both.verdict == HOLDS
    assert "twin it holds too" in both.beside and "not shown" in both.beside
    learned = judge(contrast, rows("k", "1", high, low) + rows("k", "2", low, low))
    assert learned.verdict == HOLDS
    assert "does not hold" in learned.beside and "stronger" in learned.beside


def test_no_effect_holds_only_within_the_margin():
    none = claim("contrast", "none", at=[{"k": "2"}], against={"k": "1"})
    base = rows("k", "1", [0.50, 0.60, 0.55], [0.5, 0.6, 0.55])

    def against(*x):
        return judge(none, base + rows("k", "2", x, x)).verdict

    assert against(0.51, 0.60, 0.56) == HOLDS
    assert against(0.90, 1.00, 0.96) == FAILS
    assert against(0.20, 1.00, 0.40) == UNKNOWN


def test_a_level_is_measured_from_its_value():
    level = claim("level", "higher", value=0.25)
    assert judge(level, rows("k", "1", [0.4, 0.41, 0.42], [0.1, 0.1, 0.1])).verdict == HOLDS
    assert judge(level, rows("k", "1", [0.1, 0.11, 0.12], [0.1, 0.1, 0.1])).verdict == FAILS


# --- all results ---------------------------------------------------------------------------


def test_results_gather_every_study_with_its_verdicts(finished, tmp_path):
    root = tmp_path / "results"
    shutil.copytree(finished / "results", root)
    assert door.main(["--results", "--results-root", str(root)]) == 0
    text = (tmp_path / "RESULTS.md").read_text()
    verdict = json.loads((root / "tiny/quick/study.json").read_text())["claims"][0]["verdict"]
    assert "A tiny study" in text and "It learns." in text and verdict in text
    assert "results/tiny/quick/figure.png" in text


def test_results_without_any_study_say_so(tmp_path):
    assert door.main(["--results", "--results-root", str(tmp_path / "results")]) == 0
    assert "No study" in (tmp_path / "RESULTS.md").read_text()


def test_a_training_run_that_failed_is_missing_from_the_study_and_named_as_missing(
    finished, tmp_path, monkeypatch
):
    shutil.copytree(finished / "Runs", tmp_path / "Runs")
    shutil.rmtree(tmp_path / "Runs" / "study_tiny_quick" / "mon_ts_topo=0.1_seed_124")
    monkeypatch.setattr(stages, "execute", lambda *_: 1)
    assert study(tmp_path, "retested") == 1
    content = json.loads((tmp_path / "results/retested/quick/study.json").read_text())
    assert (content["n_done"], content["n_runs"]) == (0, 4)
    assert "4 runs are not done" in (tmp_path / "results/retested/quick/summary.md").read_text()
