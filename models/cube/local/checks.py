"""What parameters of the local layer must be to each other, see `models.cube.checks`."""

from __future__ import annotations

from collections.abc import Iterator

from driver.flags.rules import Relation, Unused
from models.cube.checks import theta_between
from models.cube.params import LocalParams
from models.cube.values import rest
from stimuli.dots import DotParams


def relations(p: LocalParams, dots: DotParams) -> Iterator[Relation]:
    """Of the local layer."""
    yield theta_between(p)
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


def needs_whole_moves(p: LocalParams) -> bool:
    """Whether the input may go on and off between moves only."""
    return False


def unused(p: LocalParams, dots: DotParams) -> Iterator[Unused]:
    """Pairs (why, fields) of what these parameters do not use."""
    if not dots.off_from:
        yield "without --off-from and --off-to", ("freeze_when_off",)
    if p.hidden == "motion":
        yield "with --hidden motion", ("eta", "w_in_max")
    else:
        yield "with --hidden patch", ("strip",)
    if p.dense:
        yield "with --dense", ("r_out",)


def sizes(p: LocalParams) -> str:
    return f"--n {p.n}"


def estimated_cells(p: LocalParams) -> int:
    return p.n**2


def estimated_links(p: LocalParams) -> int:
    """Links of a network, roughly: borders are not taken off."""
    pixels = p.n**2
    if p.dense:
        return 2 * pixels**2
    windows = (2 * p.r + 1) ** 2 + (2 * p.r_out + 1) ** 2
    return pixels * windows * (1 if p.hidden == "patch" else 4)


def warnings(p: LocalParams, dots: DotParams) -> Iterator[str]:
    """What may surprise."""
    v_rest = rest(p)
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
