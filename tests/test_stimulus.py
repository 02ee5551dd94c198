"""The outside world: its files need no model and no Brian, and `stimulus` is the door to them."""

import subprocess
import sys

import pytest

import cube_brian2
import ll_stdp_brian2
import stimulus
from tests.program import REPOSITORY

LATERAL_LINE = ("flow", "frames", "sweeps", "tables")
MAY_IMPORT = {"dots": ["dots"]} | {s: LATERAL_LINE[: k + 1] for k, s in enumerate(LATERAL_LINE)}


@pytest.mark.parametrize("subject", MAY_IMPORT)
def test_a_subject_needs_only_those_before_it(subject):
    code = f"import sys, stimuli.{subject}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not {"brian2", "models", "stimulus"} & loaded
    subjects = {m for m in loaded if m.startswith("stimuli.")}
    assert subjects <= {f"stimuli.{s}" for s in MAY_IMPORT[subject]}


def test_the_door_offers_what_the_programs_name():
    assert len(set(stimulus.__all__)) == len(stimulus.__all__)
    for program in (ll_stdp_brian2, cube_brian2):
        named = {name for name, module in program.PUBLIC.items() if module == "stimulus"}
        assert named and named <= set(stimulus.__all__)
        for name in named:
            assert getattr(program, name) is getattr(stimulus, name)
