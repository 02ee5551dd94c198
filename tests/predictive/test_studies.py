"""Studies of the predictive room: they can be run, on new seeds, and ask for what there is."""

import functools
from pathlib import Path

import pytest

from driver.sweep.axes import axes_of
from driver.sweep.plan import as_typed, plan
from models.predictive.room import ROOM
from studies import stages
from studies.study import SCALES, common_metrics, load, matching

pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")
NAMES = ("predictive_switching", "predictive_digits", "predictive_jepa")


@functools.cache
def planned(name: str, scale: str):
    return stages.stages(load(name), scale, Path("nowhere")).training


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", NAMES)
def test_every_condition_can_be_run_on_new_seeds(name, scale):
    found = planned(name, scale)
    assert found.room is ROOM
    seeds = {job.seed for job in found.jobs}
    assert seeds == set(range(301, 311 if scale == "paper" else 304))


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_names_a_condition_and_a_known_metric(name):
    defined = load(name)
    there = [dict(c) for c in {tuple(job.condition.items()) for job in planned(name, "paper").jobs}]
    for claim in defined.claims:
        assert claim.metric in ("", *common_metrics("predictive"))
        for at in claim.at or ():
            for part in (at, {**at, **(claim.against or {})}):
                assert sum(matching(condition, part) for condition in there) == 1, part


def test_a_condition_gives_several_values_of_one_flag():
    assert as_typed(ROOM, {"sizes": "2 3 1"}) == ["--sizes", "2", "3", "1"]
    assert as_typed(ROOM, {"mode": "rate"}, refused=frozenset()) == ["--mode", "rate"]


def test_a_sweep_compiles_nothing_for_a_learner_without_an_engine(tmp_path):
    made = plan(ROOM, "a", axes_of(["mode=rate,energy,jepa-vicreg"], []), [], tmp_path, False)
    asked = [("--backend" in job.argv, job.condition["mode"]) for job in made.jobs]
    assert {mode for backend, mode in asked if backend} <= {"rate"}
