"""``--backend cuda``: what is refused, what is written, and whether that is the model.

No GPU is needed. The slow tests need brian2cuda (`make cuda-env`): its programs are run on the CPU
(`tests.cuda_on_cpu`), and compiled where there is an nvcc.
"""

from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest

from benchmarks import gpu, report
from driver.engine.compile.program import find_or_build
from driver.engine.compiled import BlockError
from driver.engine.cuda import found, rewrite
from driver.engine.cuda.engine import CudaEngine, in_order
from driver.engine.in_python import RuntimeEngine
from driver.engine.model import Block, Spikes
from driver.experiment.network import Session
from driver.run.environment import environment
from models.cube.params import CubeParams
from models.cube.presets import PRESETS
from models.cube.simulation import Simulation as CubeSimulation
from models.lateral_line import values as line_values
from models.lateral_line.simulation import Simulation as LineSimulation
from models.lateral_line.wiring import Wiring
from models.sequence.params import PRESETS as SEQUENCES
from models.sequence.params import Params as SequenceParams
from models.sequence.simulation import Simulation as SequenceSimulation
from models.sequence.wiring import wiring
from stimuli.dots import DotParams
from stimuli.patterns import training
from stimulus import StimulusParams
from tests.conftest import pretend_cuda, small_params
from tests.cuda_on_cpu import EngineOnCpu, launched
from tests.program import BACKEND, bare, listing

# --- refused -----------------------------------------------------------------------------------


@pytest.fixture
def toolkit(tmp_path, monkeypatch):
    """All that is asked for: a toolkit with curand, an interpreter, a GPU."""
    folder = pretend_cuda(tmp_path / "cuda", "13.0")
    for part in ("include/curand_kernel.h", "lib64/libcurand.so"):
        (folder / part).parent.mkdir()
        (folder / part).touch()
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho \'{"brian2cuda": "1.0b1", "brian2": "2.10.1"}\'\n')
    python.chmod(0o755)
    monkeypatch.setenv("CUDA_PATH", str(folder))
    monkeypatch.setenv("BRIAN2CUDA_PYTHON", str(python))
    monkeypatch.setattr(found, "card", lambda: "9.0")
    return folder


def refused(tmp_path, *flags) -> str:
    root = tmp_path / "root"
    root.mkdir()
    made = bare(root, "--mode", "ll_fast", "--backend", "cuda", *flags)
    assert made.status == 2 and "Traceback" not in made.said, made.said
    assert not listing(root)
    return made.said


needs_compiler = pytest.mark.skipif(BACKEND == "numpy", reason="without a compiler that is refused")


@needs_compiler
@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("CUDA_PATH", "--backend cuda needs a CUDA toolkit: set CUDA_PATH to its folder"),
        ("bin/nvcc", "--backend cuda: no bin/nvcc in CUDA_PATH="),
        ("lib64/libcurand.so", "nor the package nvidia-curand beside"),
        ("python", "--backend cuda: no Python at BRIAN2CUDA_PYTHON="),
        ("brian2cuda", "--backend cuda: no brian2cuda in BRIAN2CUDA_PYTHON="),
        ("a newer release", "is CUDA 11.8; 12 or newer is needed"),
        ("a GPU", "--backend cuda: nvidia-smi shows no NVIDIA GPU on this machine"),
    ],
)
def test_what_is_missing_is_named(toolkit, tmp_path, monkeypatch, lost, words):
    match lost:
        case "CUDA_PATH":
            monkeypatch.delenv(lost)
            monkeypatch.setattr(found, "shutil", SimpleNamespace(which=lambda name: None))
        case "python":
            (tmp_path / "python").unlink()
        case "brian2cuda":
            (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
        case "a newer release":
            monkeypatch.setenv("CUDA_PATH", str(pretend_cuda(tmp_path / "old", "11.8")))
        case "a GPU":
            monkeypatch.setattr(found, "card", lambda: None)
        case _:
            (toolkit / lost).unlink()
    assert words in refused(tmp_path)


@needs_compiler
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--threads", "2"), "--threads 2 with --backend cuda: needs --backend cpp_standalone"),
        (("--profile",), "--profile with --backend cuda"),
    ],
)
def test_what_a_gpu_does_not_do_is_refused(toolkit, tmp_path, flags, words):
    assert words in refused(tmp_path, *flags)


def test_what_makes_a_program_is_recorded(toolkit):
    versions = {"brian2cuda": "1.0b1", "brian2": "2.10.1"}
    versions |= {"cuda": "13.0", "compute_capability": "9.0"}
    assert environment("cuda", "Euler", [])["cuda"] == versions
    assert "cuda" not in environment("numpy", "Euler", [])


# --- text --------------------------------------------------------------------------------------


def test_pairs_are_looked_for_by_sorting():
    """As brian2cuda 1.0b1 writes it."""
    text = """
std::map<std::pair<int32_t, int32_t>, int32_t> source_target_count;
for (int _i=0; _i<newsize; _i++)
{
    // Note that source_target_count will create a new entry
    const std::pair<int32_t, int32_t> source_target = std::pair<int32_t, int32_t>(A[_i], B[_i]);
    source_target_count[source_target]++;
    if (source_target_count[source_target] > 1)
    {
        a_multiple_pre_post = true;
        break;
    }
}
// Check
"""
    for short, end in (("A[", "pre"), ("B[", "post")):
        text = text.replace(short, f"_dynamic_array_a__synaptic_{end}[")
    made, n = rewrite.PAIRS.subn(rewrite.SORTED, text)
    assert n == 1 and "map" not in made and made.endswith("// Check\n")
    assert "= {_dynamic_array_a__synaptic_pre[_i], _dynamic_array_a__synaptic_post[_i]};" in made
    assert "a_multiple_pre_post = std::adjacent_find" in made


def test_a_spike_gets_as_many_threads_as_it_has_work_for():
    text = "num_threads = max_threads_per_block;\n//num_threads_per_bundle = a_bundle_size_max;"
    made, n = rewrite.THREADS.subn(rewrite.ENOUGH, text)
    assert n == 1 and "std::min(max_threads_per_block, (a_max_size + num_threads" in made


def test_a_project_of_another_brian2cuda_is_refused(tmp_path):
    (tmp_path / "main.cu").write_text("int main() {}")
    with pytest.raises(RuntimeError, match=r"main\.cu does not look as expected"):
        rewrite.edit(tmp_path, "")
    (tmp_path / "main.cu").write_text(f"{rewrite.MAIN} {{}}")
    (tmp_path / "code_objects").mkdir()
    (tmp_path / "code_objects" / "a_synapses_create_array_codeobject.cu").write_text("// new")
    with pytest.raises(RuntimeError, match="a_synapses_create_array_codeobject.cu does not look"):
        rewrite.edit(tmp_path, "")


def test_files_that_stand_together_keep_their_helpers_apart(tmp_path):
    (tmp_path / "code_objects").mkdir()
    helper = "///// Support code /////\nint help();\n\nvoid _before_run_{}()\n"
    helper += "{{\nusing namespace brian;\n}}"
    names = [f"code_objects/before_run_{k}.cu" for k in "ab"]
    for name in names:
        (tmp_path / name).write_text(helper.format(name[-4]))
    assert rewrite.join(tmp_path, names, 1) == ["unit_0.cu"]
    text = (tmp_path / "unit_0.cu").read_text()
    for k in (0, 1):
        assert f"namespace helpers_0_{k} {{\nint help();" in text
        assert f"using namespace brian; using namespace helpers_0_{k};" in text


def test_a_launch_becomes_a_call():
    text = "f<<<n, 32>>>(a(1), b[2]);\ng<<<1,1>>>();"
    assert launched(text) == "launch(n,  32, [&] { f(a(1), b[2]); });\nlaunch(1, 1, [&] { g(); });"


def test_spikes_of_a_step_come_in_the_order_of_cells():
    """On a GPU they come as they may."""
    made = in_order(Spikes(np.array([5, 2, 1]), np.array([0, 0, 1])))
    assert made.index.tolist() == [2, 5, 1] and made.step.tolist() == [0, 0, 1]


# --- whether it is the model -------------------------------------------------------------------


def line(session):
    p = small_params()
    sim = LineSimulation(p, StimulusParams(), session)
    state, step = sim.initial_state(), 0
    for trials in (3, 2):  # both homeostases are due
        block, _ = sim.train(state, step, trials * p.trial_steps, sim.model.populations)
        yield block
        state, step = block.state, step + trials * p.trial_steps


def rewarded_cube(session):
    """A rule whose synapses set variables of cells, in the order of a step."""
    p = CubeParams(**PRESETS["02_01"].fixed | {"n": 6, "L": 4})
    sim = CubeSimulation(p, DotParams(stimulus="orbit"), session)
    state, step = sim.initial_state(), 0
    while step < 240:
        block, step = next(sim.blocks(state, step, 240, learn=True))
        yield block
        state = block.state


def sequence(session):
    """It learns from an exponential of its own."""
    p = SequenceParams(**SEQUENCES["tiny"] | {"stp": "synapse"})
    shown = training(p, p.seed, 400)
    sim = SequenceSimulation(wiring(p), 400, session, block_steps=200)
    for block, _ in sim.blocks(sim.initial_state(), 0, 400, learn=True, shown=shown):
        yield block


@pytest.fixture
def brian2cuda():
    try:
        found.interpreter(), found.where_cuda_is()
    except ValueError as error:
        pytest.skip(str(error))


def blocks_of(network, engine) -> list:
    """All blocks of a network on an engine."""
    with mock.patch("driver.engine.choose._open", lambda backend, model, *_: engine(model)):
        return list(network(Session("numpy")))


@pytest.mark.slow
@pytest.mark.parametrize("network", [line, rewarded_cube, sequence])
def test_its_program_is_the_model(network, brian2cuda, monkeypatch):
    """On a CPU, one thread after the other: every bit; the other way round: every spike."""
    reference = blocks_of(network, lambda model: RuntimeEngine(model, "numpy"))
    forward = blocks_of(network, EngineOnCpu)
    monkeypatch.setenv("BACKWARDS", "1")
    backward = blocks_of(network, EngineOnCpu)
    for a, b, c in zip(reference, forward, backward, strict=True):
        assert a.counts == b.counts == c.counts
        for name, spikes in a.spikes.items():
            for other in (b, c):
                assert np.array_equal(in_order(spikes).index, other.spikes[name].index)
                assert np.array_equal(in_order(spikes).step, other.spikes[name].step)
        for key, value in a.state.items():
            assert np.array_equal(value, b.state[key]), key
            assert np.allclose(value, c.state[key], rtol=1e-9, atol=1e-18), key


@pytest.mark.slow
def test_it_compiles_and_says_that_there_is_no_gpu(brian2cuda, small):
    if found.card():
        pytest.skip("there is one: python -m benchmarks gpu")
    model = line_values.model(small, Wiring.of(small))
    engine = CudaEngine(model)
    assert (find_or_build(engine.maker(), print) / "main").exists()
    values = {key: np.zeros(variable.size) for key, variable in engine.inputs.items()}
    with pytest.raises(BlockError, match="cudaSetDevice"):
        engine.run(values, first_step=0, n_steps=1)
    engine.close()


# --- python -m benchmarks gpu ------------------------------------------------------------------


def test_the_benchmark_names_the_first_difference():
    def outcome(cells, weights):
        spikes = Spikes(np.array(cells), np.arange(len(cells)))
        return Block({"a.w": np.array(weights)}, {"a": spikes}, {"a": len(cells)})

    cpu = outcome([3, 1, 4], [1.0, 2.0])
    same = gpu.compare(cpu, outcome([3, 1, 4], [1.0, 2.0 + 1e-15]))
    assert same["spikes"] == 3 and 0 < same["largest_relative_difference"] < 1e-15
    with pytest.raises(gpu.Failed, match="2 spikes of a differ, of 3 .*; first cell 1 in step 1"):
        gpu.compare(cpu, outcome([3, 2, 4], [1.0, 2.0]))
    with pytest.raises(gpu.Failed, match="a.w differs by 0.5 of its largest value"):
        gpu.compare(cpu, outcome([3, 1, 4], [1.0, 3.0]))
    with pytest.raises(gpu.Failed, match="a.w differs by nan"):
        gpu.compare(cpu, outcome([3, 1, 4], [1.0, np.nan]))


@pytest.mark.parametrize("error", [gpu.Failed("3 spikes differ"), TimeoutError()])
def test_the_benchmark_keeps_what_it_has_and_says_where_it_stopped(monkeypatch, error):
    spread = {"median": 1.0, "low": 0.5, "high": 2.0}
    both = {gpu.CPU: spread, gpu.GPU: spread}
    row = {"spikes": 5, "largest_relative_difference": 1e-16, "cells": 100, "synapses": 2600}
    row |= {"start_s": {gpu.CPU: 1.0, gpu.GPU: 60.0}, "repeats_same_bits": False}
    row |= {"ms_per_step": both, "ms_per_block": both, "cpu_over_gpu": spread}

    def one_network(kind, size, *steps):
        if size > 100:
            raise error
        return row | {"kind": kind, "size": size}

    monkeypatch.setattr(gpu, "prepare", lambda clock: None)
    monkeypatch.setattr(gpu, "one_network", one_network)
    monkeypatch.setattr(found, "versions", lambda: {"brian2cuda": "1.0b1"})
    results = gpu.measure()
    machine = dict.fromkeys(("cpu", "cores", "compiler", "python", "flags"), "x")
    page = report.page(gpu, results, machine)
    assert "| lateral line, MON cells 100 | 100 | 2600 | 5 | 1e-16 | no | 1 / 60 |" in page
    stopped = "lateral line, MON cells 3200"
    assert (f"{stopped}: 3 spikes differ" if results["failed"] else f"before: {stopped};") in page
