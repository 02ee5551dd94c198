"""Links of a lattice: its six directions, groups, receptive fields, a residual layer."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from driver.engine.randomness import generator
from models.cube.params import CubeParams, GroupsParams
from models.cube.wiring import Ends, all_pairs, by_source, joined, patches, places, shifted, within
from stimuli.dots import DotParams

FORWARD, BACKWARD = ((1, 0, 0),), ((-1, 0, 0),)
LATERAL = ((0, 0, 1), (0, 0, -1), (0, 1, 0), (0, -1, 0))


def wiring_of(p: CubeParams, dots: DotParams) -> CubeWiring:
    return CubeWiring(p)


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

    @property
    def projections(self) -> dict[str, Ends]:
        """Ends of all links between cells, and of the readout."""
        readout = {"readout": self.readout} if self.params.readout else {}
        return {name: (links.i, links.j) for name, links in self.roles.items()} | readout

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
