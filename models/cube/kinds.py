"""The two models under this roof, and the one place where they are told apart.

The local layer stands in `models.cube.local`, the cube and its groups in `models.cube.lattice`.
Both have the same `FILES`. What they have in common stands in the files of these names beside this
one (numbers in `models.cube.metrics.results`, figures and equations in `models.cube.show`).

    kind_of(p).values.constants(p, wiring)
"""

from __future__ import annotations

import dataclasses
import importlib
from types import ModuleType

FILES = ("checks", "wiring", "values", "network", "network_genn", "trials",
         "records", "measure", "model_text", "moment", "figures")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Kind:
    """The files of a model, each imported when it is asked for: most need no Brian."""

    package: str

    def __getattr__(self, name: str) -> ModuleType:
        if name not in FILES:
            raise AttributeError(f"a kind has no file {name}")
        return importlib.import_module(f"{self.package}.{name}")


LOCAL, LATTICE = Kind("models.cube.local"), Kind("models.cube.lattice")
KINDS = {"local": LOCAL, "cube": LATTICE, "groups": LATTICE}


def kind_of(p) -> Kind:
    """The files of the model of these parameters, see `params`."""
    return KINDS[p.model]
