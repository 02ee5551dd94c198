"""The recipe that learns: it does, beside its twin, on the seeds it was tuned on."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from driver.backend import compiler
from models.lateral_line.params import NetworkParams, apply_model_mode
from models.lateral_line.protocol import simulate

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "studies" / "results" / "learned" / "paper" / "study.json"


@pytest.mark.slow
@pytest.mark.skipif(not compiler(), reason="300 trials of the large network need a compiler")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_recipe_that_learns_learns(seed):
    preset = apply_model_mode(NetworkParams(), "ll_learned")
    params = dataclasses.replace(
        preset,
        seed=seed,
        ll_to_mon_topography_strength=0.1,
        mon_to_ts_topography_strength=0.1,
    )
    result = simulate(params, backend="cpp_standalone")
    assert result.trained.body.sigma_theta < result.untrained.body.sigma_theta - 0.1
    assert result.trained.path.valid_fraction > 0.85
    rates = result.training.counts["ts"] / params.n_ts / (params.training_steps * params.dt_s)
    assert 0.5 < rates < 10  # TS is sparse while it learns


def test_the_readme_quotes_the_study_of_the_recipe():
    """Every difference of the table in the README is one that the study has."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("<!-- begin learned -->")[1].split("<!-- end learned -->")[0]
    quoted = re.findall(r"([−-]\d\.\d{3}) \[([−-]\d\.\d{3}), ([−+-]\d\.\d{3})\]", table)
    assert len(quoted) == 4
    parts = [p for c in json.loads(STUDY.read_text())["claims"] for p in c["parts"]]
    there = {tuple(f"{p['trained'][k]:+.3f}" for k in ("mean", "low", "high")) for p in parts}
    assert {tuple(n.replace("−", "-") for n in q) for q in quoted} <= there
