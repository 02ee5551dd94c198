"""Who is linked to whom on a grid: neighbours, patches, all pairs. Index arrays, with NumPy.

The cell at column x, row y and layer z has the number (z*n + y)*n + x; a pixel has y*n + x.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

Ends = tuple[np.ndarray, np.ndarray]


class Wiring(Protocol):
    """Links of a network: ends by projection, of spiking cells and to the output."""

    projections: dict[str, Ends]


def places(n: int, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every cell, shape (depth*n*n,)."""
    z, y, x = np.unravel_index(np.arange(depth * n * n), (depth, n, n))
    return x, y, z


def shifted(n: int, depth: int, offsets, step: int = 1) -> Ends:
    """Links from every cell to those at the offsets (dz, dy, dx), times `step`, within the cube."""
    grid = np.arange(depth * n * n, dtype=np.int32).reshape(depth, n, n)
    sources, targets = [], []
    for offset in offsets:
        here = tuple(
            slice(max(0, -d * step), min(s, s - d * step))
            for d, s in zip(offset, grid.shape, strict=True)
        )
        there = tuple(
            slice(max(0, d * step), min(s, s + d * step))
            for d, s in zip(offset, grid.shape, strict=True)
        )
        sources.append(grid[here].ravel())
        targets.append(grid[there].ravel())
    return by_source(np.concatenate(sources), np.concatenate(targets))


def by_source(i: np.ndarray, j: np.ndarray) -> Ends:
    """Links of one cell side by side, so that a spike finds their weights in one place."""
    order = np.lexsort((j, i))
    return i[order], j[order]


def patches(n: int, radius: int) -> Ends:
    """Links from every pixel to all pixels within `radius` (Chebyshev distance)."""
    reach = range(-radius, radius + 1)
    return shifted(n, 1, [(0, dy, dx) for dy in reach for dx in reach])


def all_pairs(n_from: int, n_to: int) -> Ends:
    i, j = np.divmod(np.arange(n_from * n_to, dtype=np.int64), n_to)
    return i.astype(np.int32), j.astype(np.int32)


def within(ends: Ends, keep: np.ndarray) -> Ends:
    return ends[0][keep], ends[1][keep]


def joined(*parts: Ends) -> Ends:
    return by_source(*(np.concatenate(side) for side in zip(*parts, strict=True)))
