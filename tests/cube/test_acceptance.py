"""What the models must reach, at full size: minutes, with a compiler. `make test-all` runs it."""

import pytest

from models.cube import trials
from models.cube.experiment import simulate
from models.cube.metrics.results import measure
from models.cube.presets import PRESETS
from stimuli.dots import DotParams

pytestmark = [pytest.mark.slow, pytest.mark.compiler]


def trained(mode: str, fidelity: str = "fixed", dots=None, **changes) -> dict:
    """Metrics of a preset's trained network."""
    preset = PRESETS[mode]
    params = preset.model(**preset.values(fidelity) | changes)
    dots = DotParams(**preset.dots(fidelity) | (dots or {}))
    result = simulate(params, dots, backend="cpp_standalone")
    return measure(params, dots, result.recordings["trained"])


def test_the_earlier_local_layer_learns_its_loop_through_chaos():
    found = trained("local-repeat", "reference", n=24)
    assert 1300 <= found["learning_steps"]["iou_0.8"] <= 1550
    assert 480 <= found["hidden"]["spontaneous_onset"] <= 520
    assert found["hidden"]["locked_fraction"] < 0.3


def test_the_corrected_layer_learns_sooner_and_without_chaos():
    found = trained("local-cancel")
    assert found["learning_steps"]["iou_0.9"] <= 1200
    assert found["hidden"]["locked_fraction"] >= 0.99
    assert found["pause"]["pixels"] == 0  # silent while off
    assert found["pause"]["iou_first_50_after"] >= 0.9


@pytest.mark.parametrize(
    "mode, verdict",
    [
        ("02_02", "self-sustained waves"),
        ("02_05", "self-sustained waves"),
        ("02_02b", "driven waves"),
        ("02_03", "silent"),
        ("02_04", "silent"),
    ],
)
def test_the_earlier_cubes_wave_or_are_silent(mode, verdict):
    assert trained(mode, "reference")["verdict"] == verdict


def test_a_relay_is_focused():
    found = trained("relay-a", readout=False)
    assert found["verdict"] == "focused"
    assert found["ili"] >= 0.99
    assert found["output"]["best_lag"] == 5
    assert found["output"]["best_iou"] >= 0.95
    assert found["t_ext"] <= 100


def test_a_wider_relay_is_livelier_and_still_focused():
    found = trained("relay-b", readout=False)
    assert found["ili"] >= 0.95
    assert found["in_tube_rate"] >= 0.005


def test_groups_are_focused():
    found = trained("groups")
    assert found["ili"] >= 0.9
    assert found["reach"] == 23
    assert 0.01 <= found["in_tube_rate"] <= 0.03


@pytest.mark.parametrize("seed", [7, 8])
def test_never_seen_paths_are_predicted(seed):
    """On seeds that nothing was tuned on."""
    found = trained("local-predict", n=24, steps=40_000, seed=seed)
    assert found["tests"]["held_out"]["iou"] >= 0.95
    assert found["tests"]["held_out"]["n_moves"] == trials.N_LAUNCHES * 46
    assert found["copy_iou"] < 1e-3  # a relaunch may fall on the pixel that is shown


def test_a_path_goes_on_without_input():
    found = trained("local-recall", n=24, steps=40_000, seed=7)
    assert found["verdict"] == "recalls"
    assert found["recall"]["held_out"]["phantom_iou"] >= 0.95
