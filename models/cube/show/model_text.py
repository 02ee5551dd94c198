"""Equations of a run's model, part by part: what stands in its report."""

from __future__ import annotations

from models.cube import equations
from models.cube.kinds import kind_of
from models.cube.params import Params
from models.cube.shared.model_text import DOTS


def parts(p: Params) -> list[tuple[str, str]]:
    """Title and code of each part of the network of these parameters; nothing that it lacks."""
    names = (*DOTS, *kind_of(p).model_text.parts(p))
    return [(title, getattr(equations, name).strip("\n")) for title, name in names]
