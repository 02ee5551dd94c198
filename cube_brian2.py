#!/usr/bin/env python3
"""A moving dot, predicted by a local layer, a 3-D lattice of cells or groups of neurons.

    python cube_brian2.py --mode relay-a
    python cube_brian2.py --mode local-predict --multi-seed 5
    python cube_brian2.py status

Reads the flags, hands over to `models.cube`, returns an exit status: 0 done, 1 failed, 2 usage
error, 130 interrupted. The public names of the models can be imported from here.
"""

from __future__ import annotations

from collections.abc import Sequence

from driver import door

PUBLIC = {
    "LocalParams": "models.cube.params",
    "CubeParams": "models.cube.params",
    "GroupsParams": "models.cube.params",
    "PRESETS": "models.cube.presets",
    "DotParams": "stimulus",
    "dot_path": "stimulus",
    "simulate": "models.cube.experiment",
    "measure": "models.cube.metrics.results",
    "load_run": "models.cube.saved",
}


__getattr__, __dir__ = door.public("models.cube", PUBLIC)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`; returns the exit status."""
    return door.main("models.cube", argv)


if __name__ == "__main__":
    door.start(main)
