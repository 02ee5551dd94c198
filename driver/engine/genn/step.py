"""What a step of a GeNN program consists of, stage by stage.

GeNN knows two moves: update all neurons, and deliver spikes through all synapses. A network that
needs more within a step, such as an output that is compared with its target before its synapses
learn, lists the stages of its step; the block server carries them out
(`driver.engine.genn.server`).
"""

from __future__ import annotations

import dataclasses

SWITCHES = ("acts", "learns")  # shared variables of synapses that stages set


@dataclasses.dataclass(frozen=True)
class Run:
    """Run the code that runs regularly under ``<group>_run_regularly_<slot>_<order>``."""

    slot: str


@dataclasses.dataclass(frozen=True)
class Neurons:
    """Update all neurons; their spikes are those of this step."""


@dataclasses.dataclass(frozen=True)
class Fire:
    """Let the cells of a population fire whose `variable`, set by code that ran, is above 0."""

    population: str
    variable: str
    record: bool = True


@dataclasses.dataclass(frozen=True)
class Deliver:
    """Send spikes through synapses.

    Attributes
    ----------
    population : str or None
        Whose spikes; None for those of all.
    acts, learns : tuple of str
        Synapses of this population whose variable ``acts`` or ``learns`` is 1 meanwhile; that of
        all others is 0.
    late : str or None
        Not the spikes of this step but those of the last one. In the first step of a block they
        are the cells whose variable of this name is above 0.
    """

    population: str | None = None
    acts: tuple[str, ...] = ()
    learns: tuple[str, ...] = ()
    late: str | None = None


@dataclasses.dataclass(frozen=True)
class Settle:
    """Add what these synapses delivered to its target now, not at the next update."""

    synapses: str


PLAIN = (Run("start"), Neurons(), Deliver())
