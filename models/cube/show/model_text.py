"""Equations of a run's model, part by part: what stands in its report."""

from __future__ import annotations

from models.cube import equations
from models.cube.kinds import kind_of
from models.cube.params import Params

Parts = tuple[tuple[str, str], ...]  # title, and name of the block in `equations`

DOTS: Parts = (
    ("Dots", "DOTS"),
    ("Where a dot will be", "AHEAD"),
    ("Dots: every move", "MOVE"),
    ("Dots: at a border", "BOUNCE"),
    ("Retina, one pixel a cell", "RETINA"),
    ("Retina: what a dot lights", "LIGHT"),
)
OUTPUT: Parts = (
    ("Output, one pixel a cell", "OUTPUT"),
    ("Output: its teacher", "TEACHER"),
    ("Output: a pixel is on if", "OUTPUT_THRESHOLD"),
    ("Output: error", "COMPARE_OUTPUT"),
    ("Readout links", "READOUT"),
    ("Readout: at a spike", "READOUT_DRIVE"),
    ("Readout: learning", "READOUT_LEARN"),
)


def parts(p: Params) -> list[tuple[str, str]]:
    """Title and code of each part of the network of these parameters; nothing that it lacks."""
    names = (*DOTS, *kind_of(p).model_text.parts(p))
    return [(title, getattr(equations, name).strip("\n")) for title, name in names]


def cells(excitability: str, p: Params) -> Parts:
    """Potential, threshold, reset, and what a cell does with its input."""
    name, noisy = excitability.upper(), "_NOISY" if p.sigma_noise else ""
    return (
        ("Cells: potential", "MEMBRANE"),
        (f"Cells: {excitability}", name),
        *((("Cells: noise", "NOISE"),) if noisy else ()),
        ("Cells: what came in is added", f"{name}_INJECT{noisy}"),
        ("Cells: a cell fires if", f"{name}_THRESHOLD"),
        ("Cells: after a spike", f"{name}_RESET"),
    )
