"""What the tests share: a small network that fires, ready to run on any backend."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import hashlib
import os
import shutil
import signal
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from driver.engine.choose import open_engine
from driver.engine.compiler import compiler, cores
from driver.engine.genn import found as genn_found
from driver.engine.model import Block, Engine, Spikes
from driver.engine.timing.profile import Profile
from models.lateral_line import values
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.wiring import Wiring
from stimulus import StimulusParams, training_frames

os.environ["MPLBACKEND"] = "Agg"  # before any figure module is imported

TESTS = Path(__file__).parent
PROGRAMS = TESTS.parent / ".pytest_cache" / "programs"
KEPT_DAYS = 3

# These take longest, so they begin first and short ones are left for the end.
LONG_FILES = (
    *("test_run.py", "cube/test_docs.py", "test_studies.py", "test_engine.py", "test_resume.py"),
    *("test_sweep.py", "test_figures.py", "cube/test_run.py", "test_stdp.py", "test_readme.py"),
    *("cube/test_dots.py", "cube/test_golden.py", "cube/test_blocks.py", "test_profile.py"),
    *("predictive/test_run.py", "predictive/test_learners.py", "predictive/test_energy.py"),
    *("sequence/test_figures.py", "sequence/test_run.py", "sequence/test_interactive.py"),
    *("test_faults.py", "test_threads.py", "test_flags.py", "test_guards.py", "test_notebook.py"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config) -> None:
    """Files are shared among the cores; a single file, or all with `-n 0`, runs in one process."""
    option = config.option
    if hasattr(config, "workerinput") or not hasattr(option, "numprocesses"):
        return  # one of these processes, or there is no pytest-xdist
    if option.numprocesses is None:
        one_file = len(config.args) == 1 and ".py" in config.args[0]
        option.numprocesses = 0 if one_file or option.usepdb else cores()
    if option.dist == "no":
        option.dist = "loadfile"  # what a file shares is made once
    option.loadscopereorder = False  # in the order of `LONG_FILES`


def pytest_configure(config) -> None:
    """Brian 2.9 calls pyparsing by names that are on their way out; not ours to change.

    And a shell starts what it runs in the background deaf to Ctrl+C, which some tests press.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:(brian2|pyparsing).*")
    if not hasattr(config, "workerinput"):
        drop_old_programs()


def drop_old_programs() -> None:
    """The kept programs are made anew every few days, so that they do not pile up."""
    for path in PROGRAMS.glob("*/*"):
        with contextlib.suppress(OSError):  # another session drops them too
            if time.time() - path.stat().st_mtime > KEPT_DAYS * 24 * 3600:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def pytest_collection_modifyitems(items) -> None:
    """Long files first; skip what needs a compiler or GeNN where there is none."""
    places = {TESTS / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
    no_compiler = None if compiler() else "no C++ compiler found"
    for name, reason in (("compiler", no_compiler), ("genn", no_compiler or without_genn())):
        for item in items:
            if reason and item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish() -> None:
    """Brian looks for garbage before every block; what the tests are made of is none."""
    gc.collect()
    gc.freeze()


def without_genn() -> str | None:
    """What is missing for `--backend genn`."""
    try:
        genn_found.check("genn")
    except ValueError as error:
        return str(error)
    return None


@pytest.fixture(scope="session", autouse=True)
def program_cache():
    """Compiled programs lie in a folder of the tests, never in the user's cache.

    It is kept and all processes share it, so that each is compiled once. `$TEST_PROGRAM_CACHE`
    names another one.
    """
    folder = os.environ.get("TEST_PROGRAM_CACHE") or str(PROGRAMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROGRAM_CACHE", os.path.abspath(folder))
        yield folder


def small_params(**changes) -> NetworkParams:
    """The fast preset, smaller still; every population fires.

    The drives are raised to make up for the missing cells, so that both inhibitory loops act.
    Source distances are drawn, and rate noise begins half-way.
    """
    return dataclasses.replace(
        apply_model_mode(NetworkParams(), "ll_fast"),
        **dict(
            n_ll=30,
            n_mon=60,
            n_ts=24,
            ts_lateral_radius=3,
            ll_to_mon_sigma=4.5,
            mon_ts_gain_mV=400.0,
            mon_to_global_inh_p=0.5,
            mon_to_global_inh_drive_mV=30.0,
            ts_to_global_inh_p=0.5,
            ts_to_global_inh_drive_mV=30.0,
            training_distance_max_cm=1.2,
            training_noise_scale_late=0.5,
            trial_duration_s=0.2,
            n_training_trials=6,
            checkpoint_trials=2,
            ll_mon_homeo_every_trials=2,
            mon_ts_homeo_every_trials=2,
        )
        | changes,
    )


@dataclasses.dataclass
class Bench:
    """A network on one backend, with its training stimulus."""

    params: NetworkParams
    backend: str = "numpy"
    profile: Profile | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        self.stimulus = StimulusParams()
        self.wiring = Wiring.of(self.params)
        self.model = values.model(self.params, self.wiring)
        self.said: list[str] = []
        self.engine: Engine = open_engine(
            self.backend, self.model, self.said.append, self.profile, self.threads
        )

    def close(self) -> None:
        self.engine.close()

    def start(self) -> dict:
        """State before the first step."""
        return values.initial_state(self.params, self.wiring)

    def inputs(self, state: dict, first: int, n_steps: int, *, learn=True, homeostasis=True):
        """All values of a block of the training."""
        capacity = values.frame_capacity(self.params)
        frames = training_frames(self.params, self.stimulus, first, n_steps)
        return (
            values.constants(self.params, self.stimulus, self.wiring)
            | values.switches(self.params, ll_mon=learn, mon_ts=learn, homeostasis=homeostasis)
            | values.source(frames, capacity, phase=values.TRAINING, phase_start=0)
            | values.messenger_tables(self.params, first)
            | state
        )

    def block(
        self, state, first, n_steps, *, record=values.POPULATIONS, change=None, **switches
    ) -> Block:
        """Run a block; `change` replaces some of its values."""
        inputs = self.inputs(state, first, n_steps, **switches) | (change or {})
        return self.engine.run(inputs, first_step=first, n_steps=n_steps, record=record)

    def train(self, *cuts: int, **options) -> Block:
        """The whole training, in blocks that begin at 0 and at each of `cuts`."""
        borders = [0, *cuts, self.params.training_steps]
        state, blocks = self.start(), []
        for first, stop in pairwise(borders):
            blocks.append(self.block(state, first, stop - first, **options))
            state = blocks[-1].state
        names = values.POPULATIONS
        return Block(
            state,
            {name: Spikes.concatenate([b.spikes[name] for b in blocks]) for name in names},
            {name: sum(b.counts[name] for b in blocks) for name in names},
        )


def digest(block: Block) -> str:
    """Hash of every bit of a block: state, spikes and counts."""
    found = hashlib.sha256(repr(sorted(block.counts.items())).encode())
    for key, array in sorted(block.state.items()):
        found.update(key.encode() + array.dtype.str.encode() + array.tobytes())
    for key, spikes in sorted(block.spikes.items()):
        found.update(key.encode() + spikes.index.tobytes() + spikes.step.tobytes())
    return found.hexdigest()


def assert_same(one: Block, other: Block) -> None:
    """Two blocks agree in every bit; a failure names what differs."""
    for key in one.state:
        np.testing.assert_array_equal(one.state[key], other.state[key], err_msg=key)
    for name in one.spikes:
        for part in ("index", "step"):
            first, second = getattr(one.spikes[name], part), getattr(other.spikes[name], part)
            np.testing.assert_array_equal(first, second, err_msg=f"{name} spikes, {part}")
    assert one.counts == other.counts
    assert digest(one) == digest(other)  # and nothing is told apart by -0.0 or by its type


@pytest.fixture(scope="session")
def small() -> NetworkParams:
    return small_params()


@pytest.fixture(scope="session")
def numpy_bench(small):
    """The small network in this process; blocks are pure, so tests may share it."""
    bench = Bench(small)
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def cpp_bench(small):
    """The one program that the default tests compile."""
    bench = Bench(small, "cpp_standalone")
    yield bench
    bench.close()


@pytest.fixture(scope="session")
def quick_bench(request):
    """The small network where a block takes least: compiled, if it can be."""
    return request.getfixturevalue("cpp_bench" if compiler() else "numpy_bench")


@pytest.fixture(scope="session")
def genn_bench(small):
    """The one program of GeNN that the tests compile."""
    bench = Bench(small, "genn")
    yield bench
    bench.close()


@pytest.fixture
def pretended_genn(tmp_path_factory, monkeypatch):
    """Folder that looks like GeNN, and an interpreter: enough for all checks before a build."""
    folder = pretend_genn(tmp_path_factory.mktemp("pretended_genn"))
    python = folder / "bin" / "pretended_python"
    versions = '{"brian2genn": "1.7.0", "brian2": "2.5.4", "numpy": "1.26.4"}'
    python.write_text(f"#!/bin/sh\necho '{versions}'\n")
    python.chmod(0o755)
    monkeypatch.setenv("GENN_PATH", str(folder))
    monkeypatch.setenv("GENN_PYTHON", str(python))
    return folder


def pretend_cuda(folder, release: str):
    """A CUDA toolkit as far as its compiler tells its version."""
    nvcc = folder / "bin" / "nvcc"
    nvcc.parent.mkdir(parents=True)
    nvcc.write_text(f"#!/bin/sh\necho 'Cuda compilation tools, release {release}, V{release}.52'\n")
    nvcc.chmod(0o755)
    return folder


def pretend_genn(folder):
    """What tells a folder of GeNN from another one."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "genn-buildmodel.sh").touch()
    (folder / "version.txt").write_text("4.9.0\n")
    return folder


@pytest.fixture(scope="session")
def cython_bench(small, program_cache):
    from brian2 import prefs

    before = prefs.codegen.runtime.cython.cache_dir
    prefs.codegen.runtime.cython.cache_dir = os.path.join(os.path.abspath(program_cache), "cython")
    bench = Bench(small, "cython")
    yield bench
    bench.close()
    prefs.codegen.runtime.cython.cache_dir = before


@pytest.fixture
def open_bench():
    """Function that makes a `Bench`; all of them are closed after the test."""
    opened = []

    def make(params: NetworkParams, backend: str = "numpy") -> Bench:
        opened.append(Bench(params, backend))
        return opened[-1]

    yield make
    for bench in opened:
        bench.close()


@pytest.fixture
def brian():
    """Brian on the numpy target with a step of 1 ms, for networks of one or two cells."""
    import brian2 as b2

    b2.set_device("runtime")
    before = b2.prefs.codegen.target, b2.defaultclock.dt
    b2.prefs.codegen.target, b2.defaultclock.dt = "numpy", b2.ms
    yield b2
    b2.prefs.codegen.target, b2.defaultclock.dt = before
