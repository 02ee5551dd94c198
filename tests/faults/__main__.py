"""Faults made on purpose: whatever happens to a run, it ends in the bits it would have had.

    python -m tests.faults [--kills 50] [--seed 1] [--keep]

Small runs are killed, their checkpoints damaged, their disks filled. Each is then started again
as ``ll_stdp_brian2.py status`` says, until it is complete, and compared with a run of the same
flags that nothing happened to: every array of weights, recordings and checkpoint, every result
but the wall clock, and the summary. Prints a table; exit status 1 if any fault was not survived.

Full disks and read-only folders need a file system that is mounted for them: as root only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # from any folder

from tests import program
from tests.faults import disks, instructions, kills
from tests.faults.judge import say, table
from tests.faults.lab import Lab

KINDS = (
    *(kills.random_moments, kills.checkpoint_writes, kills.compilation, kills.compiled_program),
    *(kills.several_seeds, kills.two_at_once, kills.interrupts),
    instructions.records_of_a_training,
    *(disks.damaged, disks.foreign, disks.full_disk, disks.read_only),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=50, help="random moments; scales all kinds")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--keep", action="store_true", help="keep the folders of all runs")
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    started, root = time.monotonic(), Path(tempfile.mkdtemp(prefix="faults_"))
    os.environ.setdefault("PROGRAM_CACHE", str(root / "programs"))
    lab = Lab(root, options.kills, options.seed)
    try:
        program.full()  # compiled now, and not while something is timed
        for kind in KINDS:
            if options.only in kind.__name__:
                kind(lab)
    finally:
        if options.keep:
            say(f"the runs are in {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    say(f"\n{table(lab.kinds)}\n\n{time.monotonic() - started:.0f} s")
    return 0 if all(kind.good for kind in lab.kinds) else 1


if __name__ == "__main__":
    sys.exit(main())
