"""The cube and the local layer on GeNN: golden fixtures, and the spikes of NumPy."""

import numpy as np
import pytest

from driver.engine.genn.engine import sorted_wiring
from models.cube import network, network_genn
from tests.cube import door, test_blocks, test_golden
from tests.cube.bench import Bench
from tests.genn_rules import problems

REFUSED = ("reward", "reward by column", "02_01")
NETWORKS = [name for name in test_blocks.NETWORKS if name not in REFUSED]


@pytest.mark.parametrize("name", NETWORKS)
def test_descriptions_are_such_as_brian2genn_can_express(name, brian):
    """Without GeNN: the rules are looked at in the network that the default Brian builds."""
    model = Bench(*test_blocks.NETWORKS[name]).model
    _, wiring = sorted_wiring(model.wiring, model.genn.without)
    assert problems(network_genn.build(model.structure, wiring)) == []
    assert problems(network.build(model.structure, model.wiring))


@pytest.mark.genn
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in test_golden.CUBES if name not in REFUSED])
def test_cubes_fire_and_learn_as_the_discrete_equations_do(name):
    test_golden.test_cubes_fire_and_learn_as_the_discrete_equations_do(name, "genn")


@pytest.mark.genn
@pytest.mark.slow
@pytest.mark.parametrize("r_out, theta_min", test_golden.LOCAL)
def test_the_local_layer_learns_as_the_discrete_equations_do(r_out, theta_min):
    test_golden.test_the_local_layer_learns_as_the_discrete_equations_do(r_out, theta_min, "genn")


@pytest.mark.genn
@pytest.mark.parametrize("network", NETWORKS)
def test_every_spike_and_weight_is_that_of_numpy_however_the_run_is_cut(network):
    """Whatever is in flight inside GeNN at the end of a block is handed on."""
    state, spikes = test_blocks.run(network, test_blocks.CUTS[0])
    whole, whole_spikes = test_blocks.run(network, test_blocks.CUTS[0], "genn")
    cut, cut_spikes = test_blocks.run(network, test_blocks.CUTS[1], "genn")
    assert whole_spikes == cut_spikes
    assert {k: sorted(v) for k, v in spikes.items()} == {
        k: sorted(v) for k, v in cut_spikes.items()
    }
    for key in state:
        np.testing.assert_array_equal(whole[key], cut[key], err_msg=key)
        np.testing.assert_allclose(cut[key], state[key], rtol=1e-12, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("fidelity", ["fixed", "reference"])
def test_reward_is_refused_before_anything_is_written(fidelity, tmp_path):
    where = ("--output-root", tmp_path / "runs", "--backend", "genn")
    status, said = door.call("--mode", "02_01", "--fidelity", fidelity, *where)
    assert status == 2
    assert "--backend genn: --rule reward" in said
    assert not list(tmp_path.iterdir())
