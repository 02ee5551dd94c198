"""The recipe that learns: it does, beside its twin, on the seeds it was tuned on."""

import dataclasses
import json
from pathlib import Path

import pytest

from driver.engine.compiler import compiler
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.protocol import simulate
from models.lateral_line.results import seed_results
from studies.goals import spread
from studies.study import WHO
from tests.pages import PAGES

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


@pytest.mark.slow
@pytest.mark.skipif(not compiler(), reason="1000 trials of the large network need a compiler")
@pytest.mark.parametrize("seed", [1, 2])
def test_a_map_forms_where_the_wiring_has_none(seed):
    preset = apply_model_mode(NetworkParams(), "ll_selforg")
    params = dataclasses.replace(preset, seed=seed)
    assert params.ll_to_mon_topography_strength == params.mon_to_ts_topography_strength == 0
    found = seed_results(simulate(params, backend="cpp_standalone"))
    trained, twin = found["map"], found["untrained"]["map"]
    assert trained["order"] > 0.85 > 0.05 > abs(twin["order"])
    assert trained["body"]["sigma_theta_rad"] < 0.3 < twin["body"]["sigma_theta_rad"] - 0.3
    assert trained["path"]["sigma_theta_rad"] < twin["path"]["sigma_theta_rad"] - 0.3
    assert trained["single_peaked_share"] > 0.95


def test_the_page_quotes_the_study_of_the_recipe():
    """Rows and columns of the table on the page are those of the study."""
    text = PAGES["docs/lateral_line.md"].replace("−", "-")
    table = text.split("<!-- begin learned -->")[1].split("<!-- end learned -->")[0]
    study = json.loads(STUDY.read_text())
    conditions = {tuple(c["condition"].values())[:3]: c for c in study["conditions"]}
    twin, best = (study["claims"][k]["parts"] for k in (0, 1))
    lines = table.strip().splitlines()[2:]
    assert len(lines) == len(twin) == len(best) == 2
    for line, *parts in zip(lines, twin, best, strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        at = parts[0]["condition"]
        (c,) = (c for c in conditions.values() if at.items() <= c["condition"].items())
        expected = [at["ll_mon_topo"]]
        expected += [f"{c[who]['mean']:.3f}" for who in ("trained", "untrained")]
        for p in parts:
            e = p["trained"]
            expected.append(
                f"{e['mean']:+.3f} [{e['low']:+.3f}, {e['high']:+.3f}], lower in "
                f"{p['n_lower']} of {e['n']} seeds"
            )
        assert cells == expected


def test_the_page_quotes_the_study_of_the_map_from_no_topography():
    """Median and extremes over seeds of the complete recipe, trained and untrained."""
    text = PAGES["docs/lateral_line.md"]
    table = text.split("<!-- begin selforg -->")[1].split("<!-- end selforg -->")[0]
    study = json.loads((STUDY.parents[2] / "selforg" / "paper" / "study.json").read_text())
    (row,) = (r for r in study["rows"] if r["case"] == "complete recipe")
    expected = [[spread(values[who]) for who in WHO] for values in row["values"].values()]
    found = [line.strip("|").split("|")[1:] for line in table.strip().splitlines()[2:]]
    assert sorted([cell.strip() for cell in cells] for cells in found) == sorted(expected)
