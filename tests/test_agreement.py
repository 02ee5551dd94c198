"""The verdicts of ``python -m benchmarks agreement`` can fail, and are what was stored."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import agreement, report
from benchmarks.agreement import (
    MAX_KS,
    SHARE_OF_SD,
    Measured,
    compare,
    distance,
    judge,
    judge_distributions,
)

RESULTS = Path(agreement.__file__).parent / "results" / "agreement.json"
RNG = np.random.default_rng(5)
REFERENCE = list(50 + RNG.normal(size=10))
SD = float(np.std(REFERENCE, ddof=1))


def shifted(by: float, jitter: float = 0.0) -> list[float]:
    return [x + by * SD + jitter * SD * (-1) ** k for k, x in enumerate(REFERENCE)]


@pytest.mark.parametrize("exact", [True, False])
def test_the_same_numbers_agree(exact):
    assert judge(REFERENCE, list(REFERENCE), exact)["agrees"]


def test_one_bit_is_too_much_for_an_exact_backend_only():
    other = [*REFERENCE[:-1], np.nextafter(REFERENCE[-1], np.inf)]
    assert not judge(REFERENCE, other, True)["agrees"]
    assert judge(REFERENCE, other, False)["agrees"]


@pytest.mark.parametrize(
    ("by", "jitter", "agrees"),
    [
        (0.0, 0.02, True),  # differences that come and go, far below the spread over seeds
        (0.01, 0.0, False),  # a shift, however small: its interval does not hold 0
        (1.0, 0.1, False),  # a large one
        (0.0, 0.5, False),  # none in the mean, but the interval is wide
    ],
)
def test_numbers_agree_within_the_stated_intervals_and_not_beyond(by, jitter, agrees):
    row = judge(REFERENCE, shifted(by, jitter), False)
    assert row["agrees"] is agrees, row
    assert row["allowed"] == pytest.approx(SHARE_OF_SD * SD)


@pytest.mark.parametrize("exact", [True, False])
def test_undefined_for_other_seeds_is_a_disagreement(exact):
    other = [None, *REFERENCE[1:]]
    assert judge(other, other, exact)["agrees"]
    assert not judge(REFERENCE, other, exact)["agrees"]
    assert not judge(other, REFERENCE, exact)["agrees"]


def test_distributions_agree_within_their_distance_and_not_beyond():
    w = RNG.uniform(size=5000)
    near, far = w + 0.5 * MAX_KS, w + 2 * MAX_KS
    assert judge_distributions([(w, near), (w, w)], False)["agrees"]
    assert not judge_distributions([(w, near), (w, far)], False)["agrees"]
    assert not judge_distributions([(w, near)], True)["agrees"]
    assert distance(w, w * (1 + 1e-15)) == 0
    assert distance(np.zeros(10), np.ones(10)) == 1


def test_a_backend_agrees_only_if_all_of_it_does():
    weights = {name: RNG.uniform(size=2000) for name in agreement.WEIGHTS}
    one = [Measured({"rate": x}, weights, "spikes", 1.0) for x in REFERENCE]
    assert compare(one, one, False)["agrees"]
    other_spikes = [*one[:-1], dataclasses.replace(one[-1], spikes="others")]
    assert not compare(one, other_spikes, False)["agrees"]
    moved = weights | {"mon_ts": weights["mon_ts"] + 0.1}
    assert not compare(one, [dataclasses.replace(m, weights=moved) for m in one], False)["agrees"]
    louder = [
        dataclasses.replace(m, numbers={"rate": x + SD})
        for m, x in zip(one, REFERENCE, strict=True)
    ]
    assert not compare(one, louder, False)["agrees"]


def test_a_disagreement_is_seen_in_the_table():
    stored = json.loads(RESULTS.read_text())
    results, machine = stored["agreement"], stored["machine"]
    text = report.page(agreement, results, machine)
    assert "DISAGREES" not in text
    genn = results["backends"]["genn"]
    genn["quantities"]["trained, ts rate (Hz)"] = judge(REFERENCE, shifted(1.0), False)
    genn["agrees"] = False
    text = report.page(agreement, results, machine)
    assert "DISAGREES" in text and "**+" in text
    results["backends"]["genn"] = {"skipped": "set GENN_PATH"}
    assert "not run: set GENN_PATH" in report.page(agreement, results, machine)


def test_what_is_stored_is_what_the_page_says_and_all_of_it_agrees():
    stored = json.loads(RESULTS.read_text())
    page = RESULTS.with_suffix(".md").read_text()
    assert page == report.page(agreement, stored["agreement"], stored["machine"])
    backends = stored["agreement"]["backends"]
    assert set(backends) == {"cython", "cpp_standalone", "genn"}
    assert all(found["agrees"] for found in backends.values())
