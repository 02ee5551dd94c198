#!/usr/bin/env python3
"""Local learners: predictive coding in spikes and rates, equilibrium propagation, dendrites.

    python predictive_brian2.py --mode spiking
    python predictive_brian2.py --mode rate --epochs 40 --multi-seed 5
    python predictive_brian2.py status

Reads the flags, hands over to `models.predictive`, returns an exit status: 0 done, 1 failed, 2
usage error, 3 numbers left their range, 130 interrupted. `bio_snn` has the same learners to be used
from Python.
"""

from __future__ import annotations

from collections.abc import Sequence

from driver import door

__getattr__, __dir__ = door.public("models.predictive")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit status."""
    return door.main("models.predictive", argv)


if __name__ == "__main__":
    door.start(main)
