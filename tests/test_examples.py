"""The examples run as they stand, stay on one page and draw their figure."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(HERE.glob("*.py"))
LONG = ("lateral_line", "sequence")  # without a compiled program; `make docs` runs them, too
RUNS = [
    pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else []) for path in EXAMPLES
]


@pytest.mark.parametrize("example", RUNS, ids=lambda path: path.stem)
def test_an_example_prints_both_twins_and_draws(example, tmp_path):
    target = tmp_path / "figure.png"
    done = subprocess.run(
        [sys.executable, example, target], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    *_, trained, untrained = done.stdout.splitlines()
    assert trained.startswith("trained: ") and untrained.startswith("untrained: ")
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_one_page(example):
    assert len(example.read_text().splitlines()) <= 60
