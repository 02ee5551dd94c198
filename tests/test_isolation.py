"""Several processes at once: each reports its own end, and none outlives a Ctrl+C."""

import time

from driver.run.isolation import run_isolated
from tests.program import SEED, TRIALS, differing, run, shared
from tests.work import ends, waits


def test_every_argument_comes_back_with_its_status():
    found = list(run_isolated(ends, [3, 0, 7], jobs=2))
    assert sorted(found) == [(0, 0), (3, 3), (7, 7)]


def overlaps(folder, jobs: int) -> int:
    """How many of three processes ran at the same time, at most."""
    list(run_isolated(waits, [(folder, k) for k in range(3)], jobs))
    times = [
        tuple(float((folder / f"{k}.{what}").read_text()) for what in ("begun", "ended"))
        for k in range(3)
    ]
    return max(sum(b <= begun < e for b, e in times) for begun, _ in times)


def test_no_more_run_at_once_than_asked_for(tmp_path):
    assert overlaps(tmp_path, 1) == 1
    assert overlaps(tmp_path, 2) <= 2


def test_a_consumer_that_stops_leaves_no_process_behind(tmp_path):
    running = run_isolated(waits, [(tmp_path, k) for k in range(3)], jobs=3)
    next(running)
    running.close()
    time.sleep(0.7)
    begun, ended = (len(list(tmp_path.glob(f"*.{what}"))) for what in ("begun", "ended"))
    assert ended <= begun <= 3  # what was interrupted did not come to its end later


def test_seeds_at_once_are_the_seeds_one_after_the_other(tmp_path):
    made = run(tmp_path, "--multi-seed", "3", "--jobs", "3")
    assert made.status == 0, made.said
    one_by_one = shared("--multi-seed", "3")
    assert made.summary == one_by_one.summary
    for seed in range(SEED, SEED + 3):
        assert differing(made.arrays(seed), one_by_one.arrays(seed)) == []
        assert made.checkpoint(seed)["trial_idx"] == TRIALS - 1
