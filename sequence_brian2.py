#!/usr/bin/env python3
"""Sequence memory in a grid of winner-take-all circuits that learn a pattern of spikes.

    python sequence_brian2.py --mode sequence
    python sequence_brian2.py --mode capacity --n-patterns 8 --multi-seed 5
    python sequence_brian2.py status

Reads the flags, hands over to `models.sequence`, returns an exit status: 0 done, 1 failed, 2 usage
error, 130 interrupted. `sequence_learning` has the same network to be used from Python.
"""

from __future__ import annotations

from collections.abc import Sequence

from driver import door

__getattr__, __dir__ = door.public("models.sequence")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit status."""
    return door.main("models.sequence", argv)


if __name__ == "__main__":
    door.start(main)
