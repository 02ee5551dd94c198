"""Equations of the cube and of groups, part by part."""

from __future__ import annotations

from models.cube.params import CubeParams, GroupsParams
from models.cube.show.model_text import OUTPUT, Parts, cells

RULES: dict[str, Parts] = {
    "hebb": (
        ("Links that learn", "HEBB"),
        ("Learning, one step after a spike of the source", "HEBB_ON_FIRED"),
    ),
    "reward": (
        ("Reward: overlap of the output plane with its target", "METER"),
        ("Reward: every step", "JUDGE"),
        ("Links that learn", "REWARDED"),
        ("Learning, one step after a spike of the source", "REWARDED_ON_FIRED"),
    ),
    "reward-column": (
        ("Reward of each column", "COLUMN"),
        ("Reward: every move", "COLUMN_JUDGE"),
        ("Traces of spikes", "PAIRS"),
        ("Links that learn", "ELIGIBLE"),
        ("Learning, at a spike of the source", "ELIGIBLE_ON_PRE"),
        ("Learning, at a spike of the target", "ELIGIBLE_ON_POST"),
        ("Learning, every move", "ELIGIBLE_EVERY_MOVE"),
    ),
}
RESIDUAL: Parts = (
    ("Residual links", "TWICE"),
    ("Residual links: learning", "TWICE_ON_FIRED"),
)
KEPT: Parts = (
    ("Sum of the weights from a cell's own group", "INCOMING"),
    ("Groups: the sum is kept", "SUM_RESCALE"),
)


def parts(p: CubeParams) -> Parts:
    """Cells, links between them, how they learn, the readout."""
    learns_inside = isinstance(p, GroupsParams) and p.learn == "all"
    return (
        *cells(p.excitability, p),
        ("A spike is delivered", "DELIVER"),
        *RULES[p.rule],
        *(RESIDUAL if p.w_res else ()),
        *(KEPT if learns_inside else ()),
        *(OUTPUT if p.readout else ()),
    )
