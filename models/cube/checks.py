"""What parameters must be to each other: errors that stop a run, warnings that go with it.

Messages name flags as a user typed them, the value, and what is allowed. Nothing is clipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from driver.flags.from_dataclass import UsageError, fields
from models.cube.metrics.focus import LARGEST_CHANCE
from models.cube.params import CubeParams, GroupsParams, LocalParams, Params
from models.cube.records import judged_steps
from models.cube.simulation import reach_back, tube_radius
from models.cube.values import lag_moves
from stimuli.dots import DotParams, period

BYTES_PER_CELL, BYTES_PER_LINK, BYTES_PER_STEP = 420, 90, 150
"""Peak memory of a run (this process and the program), measured at n = 48 and 96; see
`benchmarks`."""
MEMORY_LIMIT_GB = 4.0
FEW_STEPS = 200
SAFE_LATERAL = 0.65  # lateral plus residual weight up to which a relay stays locked to its input

Relation = tuple[bool, str]


def check(p: Params, dots: DotParams, *, allow_large: bool = False) -> None:
    """Raise `UsageError` with one sentence for each relation that does not hold."""
    problems = [text for holds, text in relations(p, dots) if not holds]
    size = memory_gb(p)
    if size > MEMORY_LIMIT_GB and not allow_large:
        problems.append(
            f"{sizes(p)}: about {size:.1f} GB of memory, more than {MEMORY_LIMIT_GB:g}; "
            "give --allow-large if that is there"
        )
    if problems:
        raise UsageError("; ".join(problems))


def relations(p: Params, dots: DotParams) -> Iterator[Relation]:
    """Pairs (holds, message)."""
    yield from stimulus_relations(p, dots)
    yield (
        p.theta_min <= p.theta_max,
        f"--theta-min {p.theta_min:g} is larger than --theta-max {p.theta_max:g}",
    )
    yield from local_relations(p, dots) if isinstance(p, LocalParams) else cube_relations(p)


def stimulus_relations(p: Params, dots: DotParams) -> Iterator[Relation]:
    """Of what moves over the image."""
    for flag, speed in (("speed", dots.speed), ("speed-t", dots.speed_t)):
        yield speed <= p.n - 1, f"--{flag} {speed}: must be at most n - 1 = {p.n - 1}"
    yield from windows(p, dots)
    yield (
        p.steps % p.ratio == 0,
        f"--steps {p.steps} is not a whole number of moves of --ratio {p.ratio} steps",
    )
    every = dots.held_out_every
    yield every != 1, "--held-out-every 1 would hold out all loops: 0 or at least 2"
    yield every < period(p.n), f"--held-out-every {every}: must be below 2(n - 1) = {period(p.n)}"
    yield (
        not every or dots.speed == dots.speed_t,
        f"--held-out-every {every} needs closed loops: the same --speed and --speed-t",
    )
    yield (
        not every or dots.stimulus == "relaunch",
        f"--held-out-every {every} has no effect with --stimulus {dots.stimulus}",
    )
    yield (
        dots.relaunch_every is None or dots.stimulus == "relaunch",
        f"--relaunch-every {dots.relaunch_every} has no effect with --stimulus {dots.stimulus}",
    )


def windows(p: Params, dots: DotParams) -> Iterator[Relation]:
    """Times without input are in order and apart."""
    first, last = dots.off_from, dots.off_to
    yield (
        len(first) == len(last),
        f"--off-from has {len(first)} and --off-to {len(last)} values: one of each a window",
    )
    for a, b in zip(first, last, strict=False):
        yield a >= 1, f"--off-from {a}: steps are counted from 1"
        yield a <= b, f"--off-from {a} is later than --off-to {b}"
    by_moves = not isinstance(p, LocalParams) and (
        p.rule == "reward-column" or getattr(p, "learn", "") == "all"
    )
    for flag, step in [*(("from", a - 1) for a in first), *(("to", b) for b in last)]:
        number = step + (flag == "from")
        yield (
            not by_moves or step % p.ratio == 0,
            f"--off-{flag} {number}: not with a move of --ratio {p.ratio}, as this rule needs",
        )
    for before, after in zip(last, first[1:], strict=False):
        yield before < after, f"--off-from {after} begins before --off-to {before} has ended"


def local_relations(p: LocalParams, dots: DotParams) -> Iterator[Relation]:
    """Of the local layer."""
    yield (
        p.theta_min <= p.theta0 <= p.theta_max,
        f"--theta0 {p.theta0:g} must lie between --theta-min {p.theta_min:g} and "
        f"--theta-max {p.theta_max:g}",
    )
    for flag, radius in (("r", p.r), ("r-out", p.r_out)):
        yield radius < p.n, f"--{flag} {radius} must be smaller than --n {p.n}"
    low, high = p.w_in_low, p.w_in_high
    yield low <= high, f"--w-in-low {low:g} is larger than --w-in-high {high:g}"
    yield high <= p.w_in_max, f"--w-in-max {p.w_in_max:g} lies below --w-in-high {high:g}"
    if p.recall:
        yield (
            p.ratio == 1,
            f"--recall shows the output as the next frame: --ratio {p.ratio} is not 1",
        )
        yield p.horizon == 1, f"--recall needs the very next frame: --horizon {p.horizon} is not 1"
    if p.hidden == "motion":
        yield (
            p.ratio == 1,
            f"--hidden motion compares successive steps: --ratio {p.ratio} must be 1",
        )
        yield not p.dense, "--dense has no effect with --hidden motion"
        for flag, speed in (("speed", dots.speed), ("speed-t", dots.speed_t)):
            yield p.r >= speed, f"--r {p.r} must be at least --{flag} {speed} with --hidden motion"


def cube_relations(p: CubeParams) -> Iterator[Relation]:
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
        yield (
            p.theta_min <= p.theta0 <= p.theta_max,
            f"--theta0 {p.theta0:g} must lie between --theta-min {p.theta_min:g} and "
            f"--theta-max {p.theta_max:g}",
        )
    yield p.r_in < p.n, f"--r-in {p.r_in} must be smaller than --n {p.n}"
    yield not p.readout or p.r_out < p.n, f"--r-out {p.r_out} must be smaller than --n {p.n}"
    yield (
        not p.readout or p.rule != "reward-column",
        "--readout predicts the next frame, --rule reward-column rewards an earlier one: not both",
    )
    if isinstance(p, GroupsParams):
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


# --- flags without effect -------------------------------------------------------------------------


def check_unused(given: frozenset[str], p: Params, dots: DotParams) -> None:
    """Raise `UsageError` for flags that were typed and would change nothing."""
    infos = {f.name: f.flag for f in (*fields(type(p)).values(), *fields(DotParams).values())}
    for reason, names in unused(p, dots):
        typed = sorted(given & set(names))
        if typed:
            flags = ", ".join(f"--{infos[name]}" for name in typed)
            raise UsageError(f"{flags}: no effect {reason}")


def unused(p: Params, dots: DotParams) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Pairs (why, fields) of what these parameters do not use."""
    if not dots.off_from:
        yield "without --off-from and --off-to", ("dot_when_off",)
        if isinstance(p, LocalParams):
            yield "without --off-from and --off-to", ("freeze_when_off",)
    if isinstance(p, LocalParams):
        if p.hidden == "motion":
            yield "with --hidden motion", ("eta", "w_in_max")
        else:
            yield "with --hidden patch", ("strip",)
        if p.dense:
            yield "with --dense", ("r_out",)
        return
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


def unused_by_groups(p: GroupsParams) -> Iterator[tuple[str, tuple[str, ...]]]:
    if p.inter != "all":
        yield f"with --inter {p.inter}", ("p_inter",)
    if p.learn == "none":
        yield "with --learn none", ("eta", "decay", "learn_lat", "w_min", "w_max")


# --- size --------------------------------------------------------------------------------------


def sizes(p: Params) -> str:
    return f"--n {p.n}" + ("" if isinstance(p, LocalParams) else f" --layers {p.L}")


def estimated_links(p: Params) -> int:
    """Links of a network, roughly: borders are not taken off."""
    pixels = p.n**2
    if isinstance(p, LocalParams):
        if p.dense:
            return 2 * pixels**2
        return (
            pixels
            * ((2 * p.r + 1) ** 2 + (2 * p.r_out + 1) ** 2)
            * (1 if p.hidden == "patch" else 4)
        )
    directions = 5 + (p.w_back > 0)
    links = pixels * p.L * directions
    if isinstance(p, GroupsParams):
        links += pixels * p.L * (p.m**3 - 1)
        links += int(pixels * p.L * 6 * p.m**3 * p.p_inter) if p.inter == "all" else 0
    return links + (pixels * (2 * p.r_out + 1) ** 2 if p.readout else 0)


def memory_gb(p: Params) -> float:
    """Peak memory of a run, roughly."""
    cells = p.n**2 if isinstance(p, LocalParams) else p.n**2 * p.L
    path = BYTES_PER_STEP * p.steps
    return (cells * BYTES_PER_CELL + estimated_links(p) * BYTES_PER_LINK + path) / 1e9


# --- warnings ------------------------------------------------------------------------------------


def warnings(p: Params, dots: DotParams) -> list[str]:
    """What may surprise about these parameters, a sentence each."""
    found = list(stimulus_warnings(p, dots))
    found += local_warnings(p, dots) if isinstance(p, LocalParams) else cube_warnings(p, dots)
    return found


def stimulus_warnings(p: Params, dots: DotParams) -> Iterator[str]:
    first, stop = judged_steps(p, dots)
    if dots.off_from and stop - first < FEW_STEPS:
        yield (
            f"--off-from and --off-to leave at most {stop - first} steps to be judged: the end of "
            "the longest time with input"
        )
    for a, b in zip(dots.off_from, dots.off_to, strict=True):
        if b > p.steps:
            yield f"--off-from {a} --off-to {b} goes beyond --steps {p.steps}"


def local_warnings(p: LocalParams, dots: DotParams) -> Iterator[str]:
    v_rest = p.bias / (1 - p.rho)
    if v_rest >= p.theta_min and p.eta_theta and p.hidden == "patch":
        onset = max(0.0, (p.theta0 - v_rest) / (p.eta_theta * p.target_rate))
        yield (
            f"at rest cells lie at bias/(1 - rho) = {v_rest:g}, above --theta-min {p.theta_min:g}: "
            f"silent ones fire without input from about step {onset:.0f} on"
        )
    if p.r_out < max(dots.speed, dots.speed_t) * p.horizon:
        yield (
            f"--r-out {p.r_out} is less than the dot moves, {max(dots.speed, dots.speed_t)} times "
            f"--horizon {p.horizon}: the target is out of reach"
        )


def cube_warnings(p: CubeParams, dots: DotParams) -> Iterator[str]:
    v_rest = p.bias / (1 - p.rho)
    threshold = p.theta_min if p.excitability == "homeostasis" else p.theta0
    if v_rest >= threshold:
        flag = "theta-min" if p.excitability == "homeostasis" else "theta0"
        yield (
            f"at rest front cells lie at bias/(1 - rho) = {v_rest:g}, above --{flag} "
            f"{threshold:g}: they fire without input from about step {onset_step(p):.0f} on"
        )
    deep = v_rest if p.lamb is None else v_rest * math.exp(-(p.L - 1) / p.lamb)
    weakest = p.w_fwd * (1 - p.jitter) + deep
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
    v_rest = p.bias / (1 - p.rho)
    if p.excitability == "homeostasis":
        return max(0.0, (p.theta0 - v_rest) / (p.eta_theta * p.target_rate or math.inf))
    return math.log(1 - p.theta0 / v_rest) / math.log(p.rho) if v_rest > p.theta0 else math.inf


def tube_share(p: CubeParams) -> float:
    """Share of the cube in the tube of one dot far from the borders, roughly."""
    side = 2 * tube_radius(p) + 1
    moved = reach_back(p) // p.ratio
    return min(1.0, (side**2 + moved * (2 * side - 1)) / p.n**2)
