"""Equations of the local layer, part by part."""

from __future__ import annotations

from models.cube.params import LocalParams
from models.cube.show.model_text import OUTPUT, Parts, cells

PATCH: Parts = (
    ("Input links", "INPUT_PLASTIC"),
    ("Input links: learning, while their pixel is lit", "INPUT_ON_LIT"),
)
STRIP: Parts = (
    ("Retina: the last frame", "LAST_FRAME"),
    ("Retina: every step", "LAST_FRAME_KEEP"),
)
BRANCHES: Parts = (
    ("Output of motion cells, one pixel a cell", "BRANCHES"),
    ("Output: its teacher", "TEACHER"),
    ("Output: a pixel is on if", "BRANCHES_THRESHOLD"),
    ("Output: targets", "BRANCH_TARGETS"),
    ("Output: errors", "COMPARE_BRANCHES"),
    ("Readout links", "READOUT"),
    ("Readout: at a spike, for the column", "DRIVE_X"),
    ("Readout: learning, for the column", "LEARN_X"),
    ("Readout: at a spike, for the row", "DRIVE_Y"),
    ("Readout: learning, for the row", "LEARN_Y"),
)
RECALL: Parts = (
    ("Running freely", "FREE_RUNNING"),
    ("Without input the output is the next frame", "RETINA_IMAGINE"),
)


def parts(p: LocalParams) -> Parts:
    """Hidden cells, their input and output."""
    motion = p.hidden == "motion"
    return (
        *(RECALL if p.recall else ()),
        *cells("homeostasis", p),
        *(STRIP if motion else PATCH),
        *(BRANCHES if motion else OUTPUT),
    )
