"""Equations of a run's model, part by part: what stands in its report."""

from __future__ import annotations

from models.cube import equations
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params

Parts = tuple[tuple[str, str], ...]  # title, and name of the block in `equations`


def parts(p: Params) -> list[tuple[str, str]]:
    """Title and code of each part of the network of these parameters; nothing that it lacks."""
    names = (*DOTS, *(local(p) if isinstance(p, LocalParams) else cube(p)))
    return [(title, getattr(equations, name).strip("\n")) for title, name in names]


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
PATCH: Parts = (
    ("Input links", "INPUT_PLASTIC"),
    ("Input links: learning, while their pixel is lit", "INPUT_ON_LIT"),
)
STRIP: Parts = (
    ("Retina: the last frame", "LAST_FRAME"),
    ("Retina: every step", "LAST_FRAME_KEEP"),
)
RECALL: Parts = (
    ("Running freely", "FREE_RUNNING"),
    ("Without input the output is the next frame", "RETINA_IMAGINE"),
)


def local(p: LocalParams) -> Parts:
    """Hidden cells, their input and output."""
    motion = p.hidden == "motion"
    return (
        *(RECALL if p.recall else ()),
        *cells("homeostasis", p),
        *(STRIP if motion else PATCH),
        *(BRANCHES if motion else OUTPUT),
    )


def cube(p: CubeParams) -> Parts:
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
