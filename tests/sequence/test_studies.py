"""Studies of the sequence memory: they can be run, and on seeds that nothing was tuned on."""

import functools
from pathlib import Path

import pytest

from models.sequence.room import ROOM
from studies import stages
from studies.study import SCALES, common_metrics, load, matching

NAMES = ("sequence_controls", "sequence_capacity", "sequence_noise")


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
    assert all(request.params.steps >= 100_000 for request in found.requests.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_names_one_condition_and_a_known_metric(name):
    defined = load(name)
    there = [dict(c) for c in {tuple(job.condition.items()) for job in planned(name, "paper").jobs}]
    for claim in defined.claims:
        assert claim.metric in ("", *common_metrics("sequence"))
        for at in claim.at:
            for part in (at, {**at, **(claim.against or {})}):
                assert sum(matching(condition, part) for condition in there) == 1, part
