"""The two models under the roof of the cube have files of the same names."""

import subprocess
import sys

import pytest

from models.cube.kinds import FILES, KINDS, kind_of
from models.cube.params import MODELS
from tests.program import REPOSITORY


@pytest.mark.parametrize("params", MODELS, ids=MODELS.get)
@pytest.mark.parametrize("name", FILES)
def test_every_kind_has_every_file(params, name):
    kind = kind_of(params())
    assert kind is KINDS[MODELS[params]]
    assert getattr(kind, name).__name__ == f"{kind.package}.{name}"


def test_another_name_is_no_file():
    with pytest.raises(AttributeError, match="has no file words"):
        KINDS["local"].words  # noqa: B018


@pytest.mark.parametrize("room", ["cube", "cube.local", "cube.lattice", "lateral_line"])
def test_networks_need_neither_pydantic_nor_tyro(room):
    """The environment of GeNN has neither."""
    code = f"""
import sys
sys.modules["pydantic"] = sys.modules["tyro"] = None
import models.{room}.network, models.{room}.network_genn
"""
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
