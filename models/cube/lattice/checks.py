"""What parameters of the cube and of groups must be to each other, see `models.cube.checks`."""

from __future__ import annotations

import math
from collections.abc import Iterator

from driver.flags.rules import Relation, Unused
from models.cube.checks import theta_between
from models.cube.lattice.values import lag_moves, n_cells, reach_back, share_of_bias, tube_radius
from models.cube.metrics.verdict import LARGEST_CHANCE
from models.cube.params import CubeParams, GroupsParams
from models.cube.values import rest
from stimuli.dots import DotParams

SAFE_LATERAL = 0.65  # lateral plus residual weight up to which a relay stays locked to its input


def relations(p: CubeParams, dots: DotParams) -> Iterator[Relation]:
    """Of the cube and of groups."""
    if p.w_min is not None:
        yield p.w_min <= p.w_max, f"--w-min {p.w_min:g} is larger than --w-max {p.w_max:g}"
    for flag, base in learned_bases(p).items():
        top = base * (1 + p.jitter)
        yield (
            top <= p.w_max * (1 + 1e-12),
            f"--w-max {p.w_max:g} lies below the largest initial weight of --{flag} {base:g}, "
            f"{top:g} with --jitter {p.jitter:g}",
        )
    if p.w_res:
        yield p.rule == "hebb", f"--w-res {p.w_res:g}: residual links learn by hebb, not {p.rule}"
        yield (
            p.z_res < p.L,
            f"--z-res {p.z_res} is not a layer: 0 to {p.L - 1} with --layers {p.L}",
        )
    yield (
        not p.w_field or p.L > 2,
        f"--w-field {p.w_field:g} needs a plane between front and back: --layers {p.L}",
    )
    if p.excitability == "homeostasis":
        yield theta_between(p)
    yield p.r_in < p.n, f"--r-in {p.r_in} must be smaller than --n {p.n}"
    yield not p.readout or p.r_out < p.n, f"--r-out {p.r_out} must be smaller than --n {p.n}"
    yield (
        not p.readout or p.rule != "reward-column",
        "--readout predicts the next frame, --rule reward-column rewards an earlier one: not both",
    )
    if isinstance(p, GroupsParams):
        yield from groups_relations(p)


def groups_relations(p: GroupsParams) -> Iterator[Relation]:
    """Of groups only."""
    yield p.n % p.m == 0, f"--m {p.m} does not divide --n {p.n}"
    yield p.L % p.m == 0, f"--m {p.m} does not divide --layers {p.L}"
    yield not p.w_res, f"--w-res {p.w_res:g}: groups have no residual layer"
    yield not p.w_field, f"--w-field {p.w_field:g}: groups have no receptive fields"
    yield p.rule == "hebb", f"--rule {p.rule}: groups learn by hebb"
    yield (
        p.learn != "all" or p.w_intra > 0,
        "--learn all keeps the sum of the weights inside a group: --w-intra 0 leaves none",
    )


def learned_bases(p: CubeParams) -> dict[str, float]:
    """Largest base weights of the links that learn, by flag."""
    if isinstance(p, GroupsParams) and p.learn == "none":
        return {}
    extra = p.w_res if p.residual == "added" else 0.0
    bases = {"w-fwd": p.w_fwd + extra, "w-back": p.w_back}
    bases |= {"w-lat": p.w_lat + extra} if p.learn_lat else {}
    if isinstance(p, GroupsParams) and p.learn == "all":
        bases["w-intra"] = p.w_intra
    return bases | ({"w-res": p.w_res} if p.w_res else {})


def needs_whole_moves(p: CubeParams) -> bool:
    """Whether the input may go on and off between moves only."""
    return p.rule == "reward-column" or (isinstance(p, GroupsParams) and p.learn == "all")


def unused(p: CubeParams, dots: DotParams) -> Iterator[Unused]:
    """Pairs (why, fields) of what these parameters do not use."""
    if not p.w_res:
        yield "without --w-res", ("z_res", "residual")
    if not p.w_field:
        yield "without --w-field", ("w_surround",)
    if p.excitability == "adaptation":
        homeostasis = ("eta_theta", "target_rate", "theta_min", "theta_max")
        yield "with --excitability adaptation", homeostasis
    else:
        held = ("v_ref", "tau_adapt", "d_theta")
        held += ("tau_ref",) if p.rule != "reward-column" else ()
        yield "with --excitability homeostasis", held
    if p.rule == "hebb":
        yield "with --rule hebb", ("k_lat", "k_back", "good_iou")
    else:
        yield f"with --rule {p.rule}", ("decay",)
    if p.rule == "reward-column":
        yield "with --rule reward-column", ("k_lat", "k_back", "good_iou")
    if not p.readout:
        readout = ("r_out", "eta_out", "tau_out", "kappa", "false_alarm")
        yield "without --readout", readout
    if isinstance(p, GroupsParams):
        yield from unused_by_groups(p)


def unused_by_groups(p: GroupsParams) -> Iterator[Unused]:
    if p.inter != "all":
        yield f"with --inter {p.inter}", ("p_inter",)
    if p.learn == "none":
        yield "with --learn none", ("eta", "decay", "learn_lat", "w_min", "w_max")


# --- size --------------------------------------------------------------------------------------


def sizes(p: CubeParams) -> str:
    return f"--n {p.n} --layers {p.L}"


estimated_cells = n_cells


def estimated_links(p: CubeParams) -> int:
    """Links of a network, roughly: borders are not taken off."""
    cells = n_cells(p)
    links = cells * (5 + (p.w_back > 0))
    if isinstance(p, GroupsParams):
        links += cells * (p.m**3 - 1)
        links += int(cells * 6 * p.m**3 * p.p_inter) if p.inter == "all" else 0
    return links + (p.n**2 * (2 * p.r_out + 1) ** 2 if p.readout else 0)


# --- warnings ------------------------------------------------------------------------------------


def warnings(p: CubeParams, dots: DotParams) -> Iterator[str]:
    """What may surprise."""
    v_rest = rest(p)
    threshold = p.theta_min if p.excitability == "homeostasis" else p.theta0
    if v_rest >= threshold:
        flag = "theta-min" if p.excitability == "homeostasis" else "theta0"
        yield (
            f"at rest front cells lie at bias/(1 - rho) = {v_rest:g}, above --{flag} "
            f"{threshold:g}: they fire without input from about step {onset_step(p):.0f} on"
        )
    weakest = p.w_fwd * (1 - p.jitter) + rest(p, share_of_bias(p, p.L - 1))
    if weakest < p.theta0:
        yield (
            f"forward chain unreliable: the weakest forward link brings a cell of the back plane "
            f"to {weakest:.3g}, below --theta0 {p.theta0:g}"
        )
    if p.learn_lat and p.w_lat + p.w_res > SAFE_LATERAL:
        yield (
            f"runaway possible: --w-lat {p.w_lat:g} plus --w-res {p.w_res:g} exceeds "
            f"{SAFE_LATERAL:g} while lateral links learn"
        )
    if p.input_gain + v_rest < p.theta0:
        yield f"--input-gain {p.input_gain:g}: an input cell can never fire from one step"
    if p.excitability == "adaptation" and p.ratio < p.tau_ref + 1:
        yield (
            f"the dot stays --ratio {p.ratio} steps, cells are held --tau-ref {p.tau_ref}: "
            "fewer than two input spikes a move"
        )
    if p.w_field and p.tau_ref != p.ratio - 1:
        yield (
            f"--w-field reads one volley a move: --tau-ref {p.tau_ref} should be --ratio "
            f"{p.ratio} minus 1, else volleys overlap or are missed"
        )
    if tube_share(p) > LARGEST_CHANCE:
        yield (
            f"the tube of the dot fills about {tube_share(p):.2f} of {sizes(p)}: ILI is not "
            "meaningful"
        )
    if p.readout:
        lag = lag_moves(p) + 1
        if p.r_out < lag * max(dots.speed, dots.speed_t):
            yield (
                f"--r-out {p.r_out}: the output plane is {lag} moves behind the next frame, out of "
                "reach of the readout"
            )


def onset_step(p: CubeParams) -> float:
    """Step at which front cells at rest first fire without input."""
    v_rest = rest(p)
    if p.excitability == "homeostasis":
        return max(0.0, (p.theta0 - v_rest) / (p.eta_theta * p.target_rate or math.inf))
    return math.log(1 - p.theta0 / v_rest) / math.log(p.rho) if v_rest > p.theta0 else math.inf


def tube_share(p: CubeParams) -> float:
    """Share of the cube in the tube of one dot far from the borders, roughly."""
    side = 2 * tube_radius(p) + 1
    moved = reach_back(p) // p.ratio
    return min(1.0, (side**2 + moved * (2 * side - 1)) / p.n**2)
