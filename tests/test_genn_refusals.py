"""What GeNN cannot do here is refused before anything is written, with the way out.

Needs no GeNN: what is missing is missing, and what is there only has to look like it.
"""

import dataclasses
import os
import subprocess
import sys

import pytest

from driver.engine.choose import choose
from driver.engine.genn import found as genn_found
from driver.run.environment import environment
from models.lateral_line import values
from models.lateral_line.wiring import Wiring
from tests.conftest import pretend_cuda, small_params
from tests.program import BACKEND, bare, listing, resolve


def refused(root, *flags) -> str:
    """What a run of `ll_fast` on GeNN says when it is refused; nothing may be written."""
    before = listing(root)
    made = bare(root, "--mode", "ll_fast", *flags)
    assert made.status == 2, made.said
    assert "Traceback" not in made.said
    assert listing(root) == before
    return made.said


pytestmark = pytest.mark.skipif(
    BACKEND == "numpy", reason="without a C++ compiler that is what is refused"
)


@pytest.fixture
def root(tmp_path):
    """Where runs would be written; what else a test makes lies beside it."""
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_without_a_place_of_genn_it_says_how_to_get_one(root, monkeypatch):
    monkeypatch.delenv("GENN_PATH", raising=False)
    for backend in ("genn", "genn_gpu"):
        said = refused(root, "--backend", backend)
        for word in ("--backend genn", "GENN_PATH", "make genn", "docs/genn.md", "4.9.0"):
            assert word in said


@pytest.mark.parametrize("there", ["nothing", "a folder", "a file"])
def test_a_place_without_genn_is_named(root, tmp_path, monkeypatch, there):
    place = tmp_path / "place"
    if there == "a folder":
        place.mkdir()
    if there == "a file":
        place.write_text("4.9.0")
    monkeypatch.setenv("GENN_PATH", str(place))
    said = refused(root, "--backend", "genn")
    assert f"GENN_PATH={place}: no version.txt of GeNN" in said


def test_a_place_with_a_piece_of_genn_is_named(root, pretended_genn):
    (pretended_genn / "bin" / "genn-buildmodel.sh").unlink()
    assert "no bin/genn-buildmodel.sh of GeNN there" in refused(root, "--backend", "genn")


def test_an_interpreter_without_brian2genn_is_named(root, pretended_genn, monkeypatch):
    monkeypatch.setenv("GENN_PYTHON", sys.executable)
    said = refused(root, "--backend", "genn")
    assert f"no brian2genn in GENN_PYTHON={sys.executable}; `make genn` makes one" in said


def test_versions_of_what_makes_a_program_are_told(pretended_genn, tmp_path, monkeypatch):
    found = {"genn": "4.9.0", "brian2genn": "1.7.0", "brian2": "2.5.4", "numpy": "1.26.4"}
    assert genn_found.versions("genn") == found
    monkeypatch.setenv("CUDA_PATH", str(pretend_cuda(tmp_path / "cuda", "12.4")))
    assert genn_found.versions("genn_gpu").items() >= (found | {"cuda": "12.4"}).items()
    assert environment("genn", "Euler", [])["genn"] == found
    assert "genn" not in environment("numpy", "Euler", [])


def test_a_compiler_of_cuda_that_says_nothing_is_refused(
    root, pretended_genn, tmp_path, monkeypatch
):
    cuda = pretend_cuda(tmp_path / "cuda", "12.4")
    (cuda / "bin" / "nvcc").write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("CUDA_PATH", str(cuda))
    assert "its nvcc does not tell its release" in refused(root, "--backend", "genn_gpu")


@pytest.mark.parametrize("version", ["5.0.0", "5.1.0-rc1", "4.2.0", "3.3.0", "", "of last week"])
def test_a_genn_that_brian2genn_cannot_use_is_named_with_its_version(root, pretended_genn, version):
    (pretended_genn / "version.txt").write_text(version)
    said = refused(root, "--backend", "genn")
    assert f"GENN_PATH={pretended_genn} is GeNN {version}" in said
    assert "before 5 (4.9.0 is tested)" in said


@pytest.mark.parametrize("version", ["4.9.0\n", "4.2.1", "4.10", "4.8.1-dev"])
def test_a_genn_that_it_can_use_is_not_refused(root, pretended_genn, version):
    (pretended_genn / "version.txt").write_text(version)
    words = ["--mode", "ll_fast", "--backend", "genn", "--output-root", str(root)]
    assert resolve(words).options.backend == "genn"


def test_without_its_interpreter_it_says_how_to_get_one(root, pretended_genn, monkeypatch):
    monkeypatch.setenv("GENN_PYTHON", str(pretended_genn / "python"))
    said = refused(root, "--backend", "genn")
    assert f"no Python at GENN_PYTHON={pretended_genn / 'python'}; `make genn` makes one" in said
    monkeypatch.delenv("GENN_PYTHON")
    monkeypatch.setattr(genn_found, "ROOT", pretended_genn)
    assert "no Python at .venv-genn/bin/python; `make genn`" in refused(root, "--backend", "genn")


@pytest.mark.parametrize("named", [None, "nothing there", "no compiler in it"])
def test_a_gpu_needs_a_cuda_toolkit(root, tmp_path, pretended_genn, monkeypatch, named):
    monkeypatch.delenv("CUDA_PATH", raising=False)
    if named:
        monkeypatch.setenv("CUDA_PATH", str(tmp_path / "cuda"))
    if named == "no compiler in it":
        (tmp_path / "cuda" / "bin").mkdir(parents=True)
    said = refused(root, "--backend", "genn_gpu")
    assert "--backend genn_gpu needs CUDA_PATH" in said
    assert str(tmp_path / "cuda") in said or not named


def test_a_cuda_that_genn_does_not_compile_with_is_named(
    root, tmp_path, pretended_genn, monkeypatch
):
    monkeypatch.setenv("CUDA_PATH", str(pretend_cuda(tmp_path / "cuda", "13.0")))
    said = refused(root, "--backend", "genn_gpu")
    assert "is CUDA 13" in said and "CUDA 12 or older is needed" in said


@pytest.mark.parametrize("release", ["12.9", "11.8"])
def test_an_older_cuda_is_taken(root, tmp_path, pretended_genn, monkeypatch, release):
    monkeypatch.setenv("CUDA_PATH", str(pretend_cuda(tmp_path / "cuda", release)))
    words = ["--mode", "ll_fast", "--backend", "genn_gpu", "--output-root", str(root)]
    assert resolve(words).options.backend == "genn_gpu"


def test_without_a_compiler_it_is_refused(root, pretended_genn, monkeypatch):
    monkeypatch.setattr("driver.run.read.compiler", lambda: None)
    assert "--backend genn needs a C++ compiler" in refused(root, "--backend", "genn")


def test_a_model_without_a_description_is_refused_with_its_reason(pretended_genn):
    params = small_params()
    model = values.model(params, Wiring.of(params))
    assert choose("genn", model, 1, 1) == ("genn", "as asked")
    model = dataclasses.replace(model, genn="links that learn from errors are not described")
    with pytest.raises(ValueError, match="--backend genn: links that learn from errors are not"):
        choose("genn", model, 1, 1)


def test_what_is_found_can_be_asked_for(pretended_genn):
    def ask(**environment):
        known = {k: v for k, v in os.environ.items() if k not in ("CUDA_PATH", *environment)}
        words = [sys.executable, "-m", "driver.engine.genn.engine"]
        said = {k: v for k, v in environment.items() if v}
        return subprocess.run(
            words, cwd=genn_found.ROOT, env=known | said, capture_output=True, text=True
        )

    assert str(pretended_genn) in ask().stdout
    missing = ask(GENN_PATH="")
    assert (missing.returncode, missing.stdout) == (2, "") and "make genn" in missing.stderr
    without_gpu = ask(CUDA_PATH="/none")
    assert without_gpu.returncode == 0 and "no genn_gpu:" in without_gpu.stdout
