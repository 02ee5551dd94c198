"""Ours beside C++ by hand in the same arithmetic, at the sizes where generated code is hard put.

Both go on in turn on one core, in states that have settled; what is quoted is the ratio of their
CPU times, repeat by repeat. About five minutes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.backends import Bench
from benchmarks.peers import OURS

BY_HAND = "plain_ieee"
NETWORKS = {
    "lateral line, 3200 MON cells": ("lateral_line", 3200),
    "cube 02_02 in waves, n = 48": ("waves", 48),
    "cube 02_02 in waves, n = 96": ("waves", 96),
    "relay-a, quiet, n = 48": ("quiet", 48),
    "relay-a, quiet, n = 96": ("quiet", 96),
}


def measure(quick: bool = False) -> dict:
    """CPU time of a step and memory of both, and ours over theirs, by network."""
    repeats, seconds = (3, 0.3) if quick else (9, 0.5)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), seconds=900, chunk_s=seconds)
        for name, (kind, size) in NETWORKS.items():
            rows = bench.measure(kind, size, (OURS, BY_HAND), repeats)
            found[name] = {"ours": rows[OURS], "by_hand": rows[BY_HAND]}
            if "over_ours" in rows[BY_HAND]:
                theirs = rows[BY_HAND]["over_ours"]
                ends = {"median": "median", "low": "high", "high": "low"}
                found[name]["ratio"] = {key: 1 / theirs[other] for key, other in ends.items()}
    return {"repeats": repeats, "networks": found}
