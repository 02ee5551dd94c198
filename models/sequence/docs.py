"""What the pages have from the code of the sequence memory, see `tools.pages`."""

from __future__ import annotations

from driver.report.tables import equation_text, flag_table, preset_table
from models.sequence.equations import EQUATIONS
from models.sequence.params import ABOUT, PRESETS, Params

PAGES = {
    "docs/sequence.md": {
        "sequence presets": lambda: preset_table(ABOUT),
        "sequence equations": lambda: equation_text(EQUATIONS.items()),
    },
    "docs/flags.md": {
        "sequence flags": lambda: flag_table(Params, presets=PRESETS),
    },
}
