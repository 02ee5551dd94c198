"""The C++ compiler: which one, and with which flags."""

from __future__ import annotations

import os
import shlex
import shutil

# Strict IEEE: no reassociation and no fused multiply-add, so that compiled arithmetic gives
# the bits that NumPy gives. Measured against -ffast-math: no difference in speed.
ARITHMETIC = ["-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]
FLAGS = ["-std=c++17", "-w", *ARITHMETIC]
HOT, COLD = "-O3", "-O1"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compiler() -> str | None:
    """Command of the C++ compiler: ``$CXX``, else g++ or clang++; None where there is none.

    ``$CXX`` may have several words, as in ``ccache g++``.
    """
    for typed in (os.environ.get("CXX", ""), "g++", "clang++"):
        try:
            name, *more = shlex.split(typed) or [""]
        except ValueError:  # a quotation that does not end
            continue
        if path := shutil.which(name):
            return shlex.join([path, *more])
    return None
