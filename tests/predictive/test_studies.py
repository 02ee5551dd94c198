"""Studies of the predictive room: every condition can be run, and asks for a metric that exists."""

import pytest

from driver.sweep.plan import as_typed
from models.predictive.room import ROOM
from studies.stages import planned
from studies.study import common_metrics

NAMES = ("predictive_switching", "predictive_digits")


@pytest.mark.parametrize("name", NAMES)
def test_every_condition_of_a_study_can_be_run(name):
    pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")
    found = planned(name, "paper")
    n_cases = len(found.training.jobs) // 10
    assert n_cases == {"predictive_switching": 6, "predictive_digits": 4}[name]
    assert {found.study.metric} < set(common_metrics("predictive"))


def test_a_condition_gives_several_values_of_one_flag():
    assert as_typed(ROOM, {"sizes": "2 3 1"}) == ["--sizes", "2", "3", "1"]
    assert as_typed(ROOM, {"mode": "rate"}, refused=frozenset()) == ["--mode", "rate"]
