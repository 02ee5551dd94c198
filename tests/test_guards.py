"""What could go wrong silently is refused loudly."""

import dataclasses
import json

import numpy as np
import pytest

from driver.engine import compiled as standalone
from driver.engine.choose import choose, open_engine
from driver.engine.compile import program
from driver.engine.compile.program import (
    BuildError,
    Maker,
    find_or_build,
    generate,
    model_files,
    program_key,
)
from driver.engine.model import Model
from driver.experiment.network import Session
from models.lateral_line import simulation, values
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from stimulus import StimulusParams

from .conftest import small_params

ENDS = np.array([0, 1], np.int32)


def delayed_network(structure: dict, wiring: dict):
    """Builder of a network that blocks cannot serve: a spike may be under way at a border."""
    import brian2 as b2

    b2.defaultclock.dt = 1 * b2.ms
    cells = b2.NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0", name="cells")
    delay = {} if structure["delay_ms"] is None else {"delay": structure["delay_ms"] * b2.ms}
    synapses = b2.Synapses(cells, cells, "w : 1", on_pre="v_post += w", name="ring", **delay)
    synapses.connect(i=wiring["ring.i"], j=wiring["ring.j"])
    monitor = b2.SpikeMonitor(cells, name="cells_spikes")
    return b2.Network(cells, synapses, monitor, name="network")


def two_cells(delay_ms: float | None) -> Model:
    return Model(
        builder="tests.test_guards:delayed_network",
        structure={"dt_s": 0.001, "delay_ms": delay_ms},
        wiring={"ring.i": ENDS, "ring.j": ENDS[::-1].copy()},
        state=("cells.v", "ring.w"),
        scratch=(),
        populations=("cells",),
    )


@pytest.mark.parametrize("delay_ms", [1.0, None], ids=["a delay", "a delay for each synapse"])
def test_a_network_with_delays_is_refused_by_generation(tmp_path, delay_ms):
    with pytest.raises(BuildError, match="ring_pre needs a scalar delay of 0"):
        generate(Maker(two_cells(delay_ms)), tmp_path / "source")


def test_a_network_with_delays_is_refused_at_run_time():
    with pytest.raises(ValueError, match="ring_pre has a delay"):
        open_engine("numpy", two_cells(1.0))


def test_openmp_is_refused_because_sums_would_be_wrong(tmp_path, monkeypatch):
    # Brian reads a preference file from the home folder of the generating process.
    preferences = tmp_path / ".brian" / "user_preferences"
    preferences.parent.mkdir()
    preferences.write_text("devices.cpp_standalone.openmp_threads = 2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(BuildError, match="openmp_threads is 2, must be 0"):
        generate(Maker(two_cells(0.0)), tmp_path / "source")


@pytest.mark.compiler
def test_a_network_is_generated_as_the_same_text_every_time(tmp_path, cpp_bench):
    """Twice now, and once when the program was compiled, which bears the key of its text."""
    keys = {find_or_build(cpp_bench.engine.maker(), pytest.fail).name}
    for name in "ab":
        generate(Maker(cpp_bench.model), tmp_path / name)
        keys.add(program_key(tmp_path / name, program.compiler()))
    assert len(keys) == 1


@pytest.mark.compiler
def test_a_program_of_another_generator_is_not_talked_to(cpp_bench, monkeypatch):
    monkeypatch.setattr(standalone, "GENERATOR", "older")
    with pytest.raises(standalone.BlockError, match="changed while this process was running"):
        open_engine("cpp_standalone", cpp_bench.model)


def test_a_training_block_starts_with_a_trial():
    params = small_params()
    with simulation.Simulation(params, StimulusParams(), Session("numpy")) as sim:
        with pytest.raises(ValueError, match="starts with a trial, not at step 1"):
            sim.train(sim.initial_state(), 1, 10)


def test_a_fixed_projection_keeps_its_weights_and_drives_its_cells():
    params = small_params(ll_mon_use_stdp=False)
    with simulation.Simulation(params, StimulusParams(), Session("numpy")) as sim:
        state = sim.initial_state()
        block, _ = sim.train(state, 0, params.training_steps)
    assert block.counts["mon"] > 100
    np.testing.assert_array_equal(block.state["ll_mon.w"], state["ll_mon.w"])
    assert not np.array_equal(block.state["mon_ts.w"], state["mon_ts.w"])


def model_of(mode: str) -> Model:
    params = apply_model_mode(NetworkParams(), mode)
    return values.model(params, values.Wiring.of(params))


def test_auto_takes_numpy_for_little_work_and_compiles_for_much(tmp_path, monkeypatch):
    monkeypatch.setenv("PROGRAM_CACHE", str(tmp_path))
    model = model_of("ll_fast")
    monkeypatch.setattr("driver.engine.choose.compiler", lambda: "/usr/bin/true")
    assert choose("auto", model, n_steps=1000, n_cells=1800)[0] == "numpy"
    assert choose("auto", model, n_steps=10**7, n_cells=1800)[0] == "cpp_standalone"


def test_auto_takes_numpy_where_there_is_no_compiler_and_says_so(monkeypatch):
    monkeypatch.setattr("driver.engine.choose.compiler", lambda: None)
    assert choose("auto", model_of("ll_fast"), 10**7, 1800) == ("numpy", "no C++ compiler found")
    with pytest.raises(ValueError, match="--backend cython needs a C"):
        choose("cython", model_of("ll_fast"), 10**7, 1800)


def test_a_structure_is_json_and_knows_no_seed_and_no_weight(small):
    one = values.model(small, values.Wiring.of(small))
    other_params = dataclasses.replace(small, seed=7, mon_ts_gain_mV=1.0, tau_m_ms=20.0)
    other = values.model(other_params, values.Wiring.of(other_params))
    assert json.dumps(one.structure) == json.dumps(other.structure)


@pytest.mark.parametrize("room", ["lateral_line", "cube"])
def test_a_program_is_known_by_the_science_of_its_model_and_not_by_how_it_is_shown(room):
    names = {path.stem for path in model_files(f"models.{room}.network:build")}
    assert names == {"equations", "network", "network_genn", "values", "wiring"}
