"""What a run folder of a model looks like: all that is needed to read or write one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Format:
    """Names and versions in the run folders of a model.

    Attributes
    ----------
    prog : str
        Name of the door, a script in the root of the repository.
    parts : callable
        ``parts(mode)`` gives the dataclasses of a preset's parameters by their name in
        ``params.json``. The first has the field `seed`, with the flag ``--seed-start``. Raises
        `KeyError` if there is no such preset. A function of a module, so that it can travel to
        another process.
    unit : str
        What a training is counted in: ``trial`` and ``n_trials`` in the status of a seed.
    integrator : str
        How the equations are integrated, for ``params.json``.
    schema_version : int
        Of ``params.json``.
    later : frozenset of str
        Parameters that came later: a run without them is read with their default.
    presets : dict of dict
        What each preset sets, by its name, the default one first; only of a model whose presets
        have one dataclass of parameters each, and which leaves it to the driver to read them.
    """

    prog: str
    parts: Callable[[str], Mapping[str, type]]
    unit: str = "trial"
    integrator: str = "euler"
    schema_version: int = 2
    later: frozenset[str] = frozenset()
    presets: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
