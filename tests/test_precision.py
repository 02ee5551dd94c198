"""`--precision single`: numbers of 4 bytes in the program, said everywhere, mixed nowhere."""

import dataclasses

import numpy as np
import pytest

from driver.engine.compiled import StandaloneEngine
from driver.experiment.going_on import require_precision
from driver.run import checkpoint
from tests.program import SMALL, call, listing


@pytest.mark.parametrize("backend", ["auto", "numpy", "cython"])
def test_another_backend_has_double_precision_only(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, said = call(*SMALL, "--precision", "single", "--backend", backend)
    assert (status, listing(tmp_path)) == (2, {})
    assert f"--precision single with --backend {backend}: needs --backend cpp_standalone" in said


@pytest.mark.parametrize("made, asked", [("single", "double"), ("double", "single")])
def test_a_checkpoint_goes_on_in_its_own_precision_only(made, asked, tmp_path):
    path = tmp_path / "checkpoint.npz"
    checkpoint.save(path, {"step": 1} | ({"precision": made} if made == "single" else {}))
    require_precision(path, made)
    with pytest.raises(ValueError, match=f"was made with --precision {made}, this is {asked}"):
        require_precision(path, asked)


@pytest.mark.compiler
def test_numbers_are_those_of_four_bytes_and_nearly_the_same(numpy_bench):
    model = numpy_bench.model
    model = dataclasses.replace(model, structure=model.structure | {"precision": "single"})
    engine = StandaloneEngine(model)
    given = numpy_bench.inputs(numpy_bench.start(), 0, 400)
    how = {"first_step": 0, "n_steps": 400, "record": model.populations}
    single, double = engine.run(given, **how), numpy_bench.engine.run(given, **how)
    half = engine.run(given, **how | {"n_steps": 200}).state
    given = numpy_bench.inputs(half, 200, 200)  # it goes through Python unchanged
    again = engine.run(given, first_step=200, n_steps=200).state
    engine.close()
    for key, array in single.state.items():
        np.testing.assert_array_equal(array, array.astype("f4") if array.dtype == "f8" else array)
        np.testing.assert_array_equal(array, again[key])
    for name, n in double.counts.items():
        assert single.counts[name] == pytest.approx(n, rel=0.05, abs=3)
    w = "mon_ts.w"
    np.testing.assert_allclose(single.state[w], double.state[w], atol=0.05 * double.state[w].max())
    assert not np.array_equal(single.state[w], double.state[w])
