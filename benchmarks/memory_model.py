"""Memory of a network as a sum of terms, derived from the arrays that exist.

Bytes are those of the generated program (see ``objects.cpp`` of one), of the Python process that
serves it, of its files, and of GeNN's padded rows on a device. `benchmarks.scaling_check` compares
them with measurements, and docs/scaling.md reckons with them.
"""

from __future__ import annotations

import dataclasses

from models.lateral_line.params import NetworkParams
from models.lateral_line.values import frame_capacity

Terms = dict[str, float]

# Bytes of one synapse in the program.
GIVEN = 4 * 4  # sources and targets, as read from file and as copied from there; both remain
ENDS = 2 * 4  # _synaptic_pre, _synaptic_post
WEIGHT = 8
LIST = 4  # its number in the list of a pathway
# Synapses by whether each has a weight of its own, and by their pathways.
PLASTIC = GIVEN + ENDS + WEIGHT + 2 * LIST
STATIC = GIVEN + ENDS + WEIGHT + LIST
SHARED = GIVEN + ENDS + LIST
BARE = GIVEN + ENDS

# Bytes of one cell in the program: state and counters of spikes (v, g_e, g_i, trace, S, scale;
# ready, i, _spikespace, count, _source_idx), its background source, and where its synapses begin.
CELL = 6 * 8 + 5 * 4 + 3 * 4
MON_INDEX, TS_INDEX = 10 * 4, 12 * 4
TS_TARGET = 8
MON_CONTACTS = 2 * STATIC + SHARED  # to and from I_MON, from the background
TS_CONTACTS = 2 * STATIC + SHARED + BARE  # to and from I_TS, from the background, to the mean

# Bytes in Python.
WIRING = 3 * 8  # i, j, order (int64)
DRAWN = 8  # initial weights in the order of construction
HANDED = 2 * 4  # wiring as the engine takes it (int32), of every synapse
STATE_OF_WEIGHT = 2 * 8  # before a block and after it
BEFORE = 8  # MON -> TS weights before training
STATE_OF_CELL = 2 * (4 * 8 + 2 * 4)
CONSTANTS_OF_CELL = 3 * 8 + 2 * 8  # I_MON's or I_TS's weights and drivers; scratch, as zeros
# Of a spike that a block has recorded (at least): in the program, and in Python.
SPIKE = (4 + 8) + (4 + 8 + 8 + 8)


@dataclasses.dataclass(frozen=True)
class Size:
    """Sizes that memory depends on."""

    n_mon: int
    n_ts: int = 300
    in_degree: int = 10
    out_degree: int = 16
    radius: int = 18
    n_ll: int = 100
    n_frames: int = 1024

    @classmethod
    def of(cls, p: NetworkParams) -> Size:
        """Of the parameters of a lateral line."""
        degrees = p.ll_to_mon_in_degree, p.mon_to_ts_out_degree
        return cls(p.n_mon, p.n_ts, *degrees, p.ts_lateral_radius, p.n_ll, frame_capacity(p))

    @property
    def ll_mon(self) -> int:
        return self.n_mon * self.in_degree

    @property
    def mon_ts(self) -> int:
        return self.n_mon * self.out_degree

    @property
    def plastic(self) -> int:
        return self.ll_mon + self.mon_ts

    @property
    def lateral(self) -> int:
        return self.n_ts * min(2 * self.radius, self.n_ts - 1)

    @property
    def others(self) -> int:
        """Synapses that come with each cell."""
        return 3 * self.n_mon + 4 * self.n_ts

    @property
    def tables(self) -> int:
        """Bytes of the stimulus tables."""
        return 8 * self.n_frames * (2 * self.n_ll + 3)


def program(s: Size) -> Terms:
    """Bytes of the compiled program, without what an empty one takes."""
    return {
        "plastic synapses": PLASTIC * s.plastic,
        "lateral synapses": STATIC * s.lateral,
        "synapses of each cell": MON_CONTACTS * s.n_mon + TS_CONTACTS * s.n_ts,
        "cells": (CELL + MON_INDEX) * s.n_mon + (CELL + TS_INDEX + TS_TARGET) * s.n_ts,
        "stimulus tables": s.tables,
    }


def python(s: Size) -> Terms:
    """Bytes of the Python process between two blocks, without its libraries."""
    return {
        "wiring and initial weights": (WIRING + DRAWN) * s.plastic,
        "wiring as handed over": HANDED * (s.plastic + s.lateral + s.others),
        "weights, before and after a block": STATE_OF_WEIGHT * s.plastic + BEFORE * s.mon_ts,
        "cells": (STATE_OF_CELL + CONSTANTS_OF_CELL) * (s.n_mon + s.n_ts),
        "stimulus tables": s.tables,
    }


def in_all(s: Size) -> Terms:
    """Bytes of both processes."""
    return {"program": sum(program(s).values()), "python": sum(python(s).values())}


def transported(s: Size) -> float:
    """Bytes of state through the pipe, per block and direction."""
    return 8 * s.plastic + STATE_OF_CELL / 2 * (s.n_mon + s.n_ts)


def checkpoint(s: Size) -> float:
    """Bytes of a checkpoint file: LL -> MON twice, MON -> TS four times, the cells' state."""
    return 2 * 8 * s.ll_mon + 4 * 8 * s.mon_ts + STATE_OF_CELL / 2 * (s.n_mon + s.n_ts)


def checkpoint_peak(s: Size) -> float:
    """Bytes in Python on top, while a checkpoint is saved.

    The weights after a due homeostasis (8), in the order of construction (8), and the file before,
    which is read to see whether it is whole (all its arrays, and once more the largest of them).
    """
    return 16 * s.plastic + checkpoint(s) + 8 * max(s.ll_mon, s.mon_ts)


def wiring_files(s: Size) -> float:
    """Bytes of ``static_arrays``: once in the cache, once in a temporary folder of each run."""
    return HANDED * (s.plastic + s.lateral + s.others) + s.tables


def on_device(s: Size, rows: dict[str, list[int]]) -> float:
    """Bytes of GeNN's sparse projections, padded to the longest row and column. Not measured.

    Parameters
    ----------
    rows : dict
        Longest row and column of each projection, as of `driver.engine.genn.engine.row_bounds`.
    """
    projections = {
        "ll_mon": (s.n_ll, s.n_mon, True),
        "mon_ts": (s.n_mon, s.n_ts, True),
        "ts_ts": (s.n_ts, s.n_ts, False),
        "mon_i_mon": (s.n_mon, 1, False),
        "i_mon_mon": (1, s.n_mon, False),
    }
    total = 0
    for name, (sources, targets, plastic) in projections.items():
        row, column = rows[name]
        total += sources * (row * (4 + WEIGHT) + 4)  # index and weight; length of the row
        if plastic:
            total += targets * (column * 4 + 4)  # where the learning of a target looks
    return total


# --- the cube --------------------------------------------------------------------------------

CUBE_CELL = 6 * 8 + 5 * 4  # v, I_syn, spiked, a, timer, v_rest; i, two lists of events, counters
CUBE_INDEX = 4 * 4 + 3 * 4  # numbers of links in and out; where they begin, by list
LINK_IN_PYTHON = 2 * 4 + HANDED + 3 * 8  # ends, ends; and weights with what they are drawn from
CUBE_CELL_IN_PYTHON = 2 * 5 * 8 + 8  # state, before and after a block; v_rest


def lattice_links(n: int, depth: int) -> tuple[int, int]:
    """Links of a cube forward, which learn by a second list, and sideways."""
    return (depth - 1) * n * n, 4 * depth * n * (n - 1)


def cube(n: int, depth: int) -> Terms:
    """Bytes of both processes of relay-a, retina and readout left out."""
    forward, lateral = lattice_links(n, depth)
    cells = depth * n * n
    return {
        "program": PLASTIC * forward + STATIC * lateral + (CUBE_CELL + CUBE_INDEX) * cells,
        "python": LINK_IN_PYTHON * (forward + lateral) + CUBE_CELL_IN_PYTHON * cells,
    }
