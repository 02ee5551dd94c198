"""What the pages have from the code of the predictive room, see `tools.pages`."""

from __future__ import annotations

from functools import partial

from driver.report.tables import equation_text, flag_table, preset_table
from models.predictive.equations import EQUATIONS
from models.predictive.params import ABOUT, LEARNERS, PRESETS, parts


def flags(learner: str) -> str:
    """Flags of a learner, with a column for each preset that changes one."""
    cls, _ = LEARNERS[learner]
    changed = {name: p for name, p in PRESETS.items() if p and parts(name)["params"] is cls}
    return flag_table(cls, presets=changed)


PAGES = {
    "docs/predictive.md": {
        "predictive presets": lambda: preset_table(ABOUT),
        "predictive equations": lambda: equation_text(EQUATIONS.items()),
    },
    "docs/flags.md": {f"{name} flags": partial(flags, name) for name in LEARNERS},
}
