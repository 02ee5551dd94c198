"""The C++ compiler: which one, and with which flags."""

from __future__ import annotations

import os
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
    """Path of the C++ compiler: ``$CXX``, else g++ or clang++; None where there is none."""
    return next(
        (shutil.which(name) for name in (os.environ.get("CXX"), "g++", "clang++") if name), None
    )
