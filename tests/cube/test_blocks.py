"""A block is a pure function: the same bits however a run is cut, and on every backend."""

import dataclasses

import numpy as np
import pytest

from models.cube.params import CubeParams, GroupsParams, LocalParams
from models.cube.presets import PRESETS
from stimuli.dots import DotParams
from tests.cube.bench import Bench

RELAUNCH = DotParams(relaunch_every=5, held_out_every=4)
SMALL = {"n": 8, "L": 8, "ratio": 4}
MOTION = PRESETS["local-recall"].fixed | {"n": 8, "sigma_noise": 0.05}
NETWORKS = {
    "local, noise": (LocalParams(n=8, sigma_noise=0.05, eta_out=0.2), RELAUNCH),
    "motion, free running": (
        LocalParams(**MOTION),
        dataclasses.replace(RELAUNCH, off_from=(31,), off_to=(52,)),
    ),
    "relay, readout": (CubeParams(**SMALL, readout=True, sigma_noise=0.02), RELAUNCH),
    "residual, doubled": (
        CubeParams(**SMALL, w_res=0.6, z_res=2, residual="doubled", learn_lat=True),
        RELAUNCH,
    ),
    "reward": (CubeParams(**PRESETS["02_01"].reference | {"n": 8, "L": 8}), RELAUNCH),
    "reward by column": (
        CubeParams(**PRESETS["02_01"].fixed | {"n": 8, "L": 8, "ratio": 4}),
        RELAUNCH,
    ),
    "groups that learn": (
        GroupsParams(**SMALL, m=4, r_in=1, learn="all", inter="all"),
        dataclasses.replace(RELAUNCH, dots=2),
    ),
}
CUTS = ((0, 100), (0, 20, 52, 100))


def run(network, cuts, backend="numpy"):
    params, dots = NETWORKS[network]
    bench = Bench(params, dots, backend)
    state, spikes = bench.start(None), {name: [] for name in bench.model.populations}
    for first, stop in zip(cuts, cuts[1:], strict=False):
        block = bench.block(state, first, stop - first)
        state = block.state
        for name, found in block.spikes.items():
            spikes[name] += zip(found.step.tolist(), found.index.tolist(), strict=True)
    bench.engine.close()
    return state, spikes


@pytest.mark.parametrize("network", NETWORKS)
def test_a_run_is_the_same_in_one_block_and_in_three(network):
    (state, spikes), (cut_state, cut_spikes) = (run(network, cuts) for cuts in CUTS)
    assert spikes == cut_spikes
    assert all(spikes.values()) or network == "relay, readout"  # its readout learns slowly
    for key in state:
        np.testing.assert_array_equal(state[key], cut_state[key], err_msg=key)


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.parametrize("backend", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("network", NETWORKS)
def test_backends_agree(network, backend):
    state, spikes = run(network, CUTS[0])
    other_state, other_spikes = run(network, CUTS[1], backend)
    assert {k: sorted(v) for k, v in spikes.items()} == {
        k: sorted(v) for k, v in other_spikes.items()
    }
    for key in state:
        np.testing.assert_allclose(
            other_state[key], state[key], rtol=1e-12, atol=1e-12, err_msg=key
        )


def test_a_network_that_does_not_learn_keeps_every_weight():
    """Also where the sum of the weights into a cell is kept while it learns."""
    params, dots = NETWORKS["groups that learn"]
    bench = Bench(params, dots)
    start = bench.start(None)
    block = bench.block(start, 0, 60, learn=False)
    for key in (key for key in start if key.endswith(".w")):
        np.testing.assert_array_equal(block.state[key], start[key], err_msg=key)
    i, j = bench.wiring.roles["intra"].i, bench.wiring.roles["intra"].j
    assert i.size == j.size
    sums = np.bincount(j, start["intra.w"])
    np.testing.assert_allclose(sums, params.w_intra * (params.m**3 - 1), rtol=1e-12)
