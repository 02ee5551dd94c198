"""Who is linked to whom: lattice directions, groups, patches. Index arrays, made with NumPy.

The cell at column x, row y and layer z has the number (z*n + y)*n + x; a pixel has y*n + x.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from driver.engine.randomness import generator
from models.cube.params import CubeParams, GroupsParams, LocalParams

Ends = tuple[np.ndarray, np.ndarray]
FORWARD, BACKWARD = ((1, 0, 0),), ((-1, 0, 0),)
LATERAL = ((0, 0, 1), (0, 0, -1), (0, 1, 0), (0, -1, 0))


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


def group_of(n: int, depth: int, m: int) -> np.ndarray:
    """Group of every cell, numbered in the order z, y, x."""
    x, y, z = places(n, depth)
    side = n // m
    return ((z // m) * side + y // m) * side + x // m


def intra(n: int, depth: int, m: int) -> Ends:
    """Links between all cells of a group, without self links."""
    members = np.argsort(group_of(n, depth, m), kind="stable").astype(np.int32).reshape(-1, m**3)
    i, j = all_pairs(m**3, m**3)
    keep = i != j
    return by_source(members[:, i[keep]].ravel(), members[:, j[keep]].ravel())


def inter(p: GroupsParams, offsets) -> Ends:
    """Links between neighbouring groups in the given directions."""
    if p.inter == "index":
        return shifted(p.n, p.L, offsets, step=p.m)
    if p.inter == "face":
        i, j = shifted(p.n, p.L, offsets)
        group = group_of(p.n, p.L, p.m)
        return within((i, j), group[i] != group[j])
    return random_pairs(p, offsets)


def random_pairs(p: GroupsParams, offsets) -> Ends:
    """Each pair of cells of neighbouring groups with probability `p_inter`."""
    members = np.argsort(group_of(p.n, p.L, p.m), kind="stable").astype(np.int32)
    members = members.reshape(-1, p.m**3)
    side, deep = p.n // p.m, p.L // p.m
    rng = generator(p.seed, f"inter-group links {offsets}")
    sources, targets = [], []
    for a, b in zip(*shifted(side, deep, offsets), strict=True):
        i, j = np.nonzero(rng.random((p.m**3, p.m**3)) < p.p_inter)
        sources.append(members[a, i])
        targets.append(members[b, j])
    return by_source(np.concatenate(sources), np.concatenate(targets))


@dataclasses.dataclass(frozen=True)
class Links:
    """One projection: its ends, its base weights, and how often a spike takes each link.

    Attributes
    ----------
    i, j : ndarray of int32, shape (n_links,)
    base : ndarray of float, shape (n_links,), or float
        Weight before the jitter.
    traversed : ndarray of float or None
    """

    i: np.ndarray
    j: np.ndarray
    base: np.ndarray | float
    traversed: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class CubeWiring:
    """Links of a cube or of groups, by role."""

    params: CubeParams

    @cached_property
    def roles(self) -> dict[str, Links]:
        p = self.params
        roles = {"forward": FORWARD, "lateral": LATERAL, "backward": BACKWARD}
        base = {"forward": p.w_fwd, "lateral": p.w_lat, "backward": p.w_back}
        links = {}
        for name, offsets in roles.items():
            if base[name] == 0 and name == "backward":
                continue
            ends = inter(p, offsets) if isinstance(p, GroupsParams) else shifted(p.n, p.L, offsets)
            links[name] = Links(*ends, base[name])
        if isinstance(p, GroupsParams):
            links["intra"] = Links(*intra(p.n, p.L, p.m), p.w_intra)
        links = with_fields(p, links) if p.w_field else links
        links = with_residual(p, links) if p.w_res else links
        return {name: role for name, role in links.items() if role.i.size}

    @cached_property
    def readout(self) -> Ends:
        """From the output plane to the pixels around."""
        p = self.params
        i, j = patches(p.n, p.r_out)
        return i + (p.L - 1) * p.n * p.n, j


def with_fields(p: CubeParams, links: dict[str, Links]) -> dict[str, Links]:
    """Replace the links into the back plane by receptive fields, on-centre, off-surround.

    The centre is the patch that a dot lights (`r_in`). At a border fewer links share `w_field`,
    so that a cell needs all that it can see of the patch.
    """
    plane = p.n * p.n
    for name, old in links.items():
        links[name] = Links(*within((old.i, old.j), old.j < (p.L - 1) * plane), old.base)
    i, j = patches(p.n, p.r_in + 1)
    distance = np.maximum(np.abs(i % p.n - j % p.n), np.abs(i // p.n - j // p.n))
    for name, here in {"field": distance <= p.r_in, "surround": distance > p.r_in}.items():
        pre, post = within((i, j), here)
        share = p.w_field / np.bincount(post, minlength=plane)[post]
        base = share if name == "field" else -p.w_surround
        links[name] = Links(pre + (p.L - 2) * plane, post + (p.L - 1) * plane, base)
    return links


def with_residual(p: CubeParams, links: dict[str, Links]) -> dict[str, Links]:
    """Add the links of the residual layer in one of three ways, see `CubeParams.residual`."""
    plane = p.n * p.n

    def from_layer(i: np.ndarray) -> np.ndarray:
        return i // plane == p.z_res

    back = within(shifted(p.n, p.L, BACKWARD), from_layer(shifted(p.n, p.L, BACKWARD)[0]))
    beside = {k: from_layer(links[k].i) for k in ("forward", "lateral")}
    if p.residual == "added":
        for name, here in beside.items():
            base = np.where(here, links[name].base + p.w_res, links[name].base)
            links[name] = dataclasses.replace(links[name], base=base)
        return links | {"residual": Links(*back, p.w_res, np.ones(back[0].size))}
    same = joined(*(within((links[k].i, links[k].j), here) for k, here in beside.items()))
    times = 1.0
    if p.residual == "doubled":  # in the place of the others, and taken twice
        times = 2.0
        for name, here in beside.items():
            old = links[name]
            links[name] = Links(*within((old.i, old.j), ~here), old.base)
    i, j = joined(back, same)
    traversed = np.where(j == i - plane, 1.0, times)
    return links | {"residual": Links(i, j, p.w_res, traversed)}


@dataclasses.dataclass(frozen=True)
class LocalWiring:
    """Links of the local layer: retina to hidden cells, hidden cells to output pixels.

    Attributes
    ----------
    displacements : tuple of int
        Moves along one axis, in pixels, that motion cells tell apart.
    """

    params: LocalParams
    displacements: tuple[int, ...] = (-1, 1)

    @property
    def n_hidden(self) -> int:
        axes = 2 * len(self.displacements) if self.params.hidden == "motion" else 1
        return axes * self.params.n**2

    @property
    def reach(self) -> int:
        """Pixels that a dot may move along an axis."""
        return max(self.displacements)

    @cached_property
    def projections(self) -> dict[str, Ends]:
        """Ends of all links, by projection."""
        p = self.params
        if p.hidden == "motion":
            return motion_links(p, self.displacements)
        if p.dense:
            pairs = all_pairs(p.n**2, p.n**2)
            return {"input": pairs, "readout": pairs}
        return {"input": patches(p.n, p.r), "readout": patches(p.n, p.r_out)}

    @cached_property
    def in_patch(self) -> np.ndarray:
        """Which input links lie within the receptive field; all but with `dense`."""
        n, (i, j) = self.params.n, self.projections["input"]
        if self.params.hidden == "motion":
            return np.ones(i.size, bool)
        dx, dy = np.abs(i % n - j % n), np.abs(i // n - j // n)
        return np.maximum(dx, dy) <= self.params.r


def displacements(*speeds: int) -> tuple[int, ...]:
    """Moves along an axis that a dot of these speeds can make, bounces included.

    A bounce within a move leaves any of s, s - 2, ... -s.
    """
    return tuple(sorted({d for s in speeds for d in range(-s, s + 1, 2)}))


def motion_links(p: LocalParams, moves: tuple[int, ...]) -> dict[str, Ends]:
    """Links of cells that tell motion along one axis.

    A cell that stands for a move by d along x sees a strip of its own column in the present
    frame and a longer strip of the column d pixels back in the last one; it takes both to make
    it fire. Along y the same with rows. Cells along x drive the branch for the column of the
    pixels in their row, cells along y the branch for the row of those in their column.
    """
    across = range(-p.r, p.r + 1)
    before = range(-p.r - max(moves), p.r + max(moves) + 1)
    out = range(-p.r_out, p.r_out + 1)
    parts = {name: [] for name in ("input", "before", "readout_x", "readout_y")}
    for k, (axis, d) in enumerate([(a, d) for a in "xy" for d in moves]):
        offset = {
            "x": lambda along, over: (0, over, along),
            "y": lambda along, over: (0, along, over),
        }[axis]
        shift = k * p.n**2
        for name, strip in (
            ("input", [offset(0, a) for a in across]),
            ("before", [offset(d, a) for a in before]),
        ):
            i, j = shifted(p.n, 1, strip)
            parts[name].append((i, j + shift))
        i, j = shifted(p.n, 1, [offset(a, 0) for a in out])
        parts[f"readout_{axis}"].append((i + shift, j))
    return {name: joined(*ends) for name, ends in parts.items()}
