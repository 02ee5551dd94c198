"""What parameters must be to each other: errors that stop a run, warnings that go with it.

Messages name flags as a user typed them, the value, and what is allowed. Nothing is clipped. What
only one of the models has stands in its own `checks`, see `kinds`.
"""

from __future__ import annotations

from collections.abc import Iterator

from driver.flags import rules
from driver.flags.rules import Relation, Unused
from models.cube.kinds import kind_of
from models.cube.params import Params
from models.cube.records import judged_steps
from stimuli.dots import DotParams, period

BYTES_PER_CELL, BYTES_PER_LINK, BYTES_PER_STEP = 420, 90, 150
"""Peak memory of a run (this process and the program), measured at n = 48 and 96; see
`benchmarks`."""
MEMORY_LIMIT_GB = 4.0
FEW_STEPS = 200


def check(p: Params, dots: DotParams, *, allow_large: bool = False) -> None:
    """Raise `UsageError` with one sentence for each relation that does not hold."""
    rules.require([*relations(p, dots), fits_memory(p, allow_large)])


def relations(p: Params, dots: DotParams) -> Iterator[Relation]:
    """Pairs (holds, message)."""
    yield from stimulus_relations(p, dots)
    yield (
        p.theta_min <= p.theta_max,
        f"--theta-min {p.theta_min:g} is larger than --theta-max {p.theta_max:g}",
    )
    yield from kind_of(p).checks.relations(p, dots)


def fits_memory(p: Params, allow_large: bool) -> Relation:
    size = memory_gb(p)
    return (
        size <= MEMORY_LIMIT_GB or allow_large,
        f"{kind_of(p).checks.sizes(p)}: about {size:.1f} GB of memory, more than "
        f"{MEMORY_LIMIT_GB:g}; give --allow-large if that is there",
    )


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
    by_moves = kind_of(p).checks.needs_whole_moves(p)
    for flag, step in [*(("from", a - 1) for a in first), *(("to", b) for b in last)]:
        number = step + (flag == "from")
        yield (
            not by_moves or step % p.ratio == 0,
            f"--off-{flag} {number}: not with a move of --ratio {p.ratio}, as this rule needs",
        )
    for before, after in zip(last, first[1:], strict=False):
        yield before < after, f"--off-from {after} begins before --off-to {before} has ended"


def check_unused(given: frozenset[str], p: Params, dots: DotParams) -> None:
    """Raise `UsageError` for flags that were typed and would change nothing."""
    rules.refuse_unused(given, unused(p, dots), type(p), DotParams)


def unused(p: Params, dots: DotParams) -> Iterator[Unused]:
    """Pairs (why, fields) of what these parameters do not use."""
    if not dots.off_from:
        yield "without --off-from and --off-to", ("dot_when_off",)
    yield from kind_of(p).checks.unused(p, dots)


def memory_gb(p: Params) -> float:
    """Peak memory of a run, roughly."""
    kind = kind_of(p).checks
    network = kind.estimated_cells(p) * BYTES_PER_CELL + kind.estimated_links(p) * BYTES_PER_LINK
    return (network + BYTES_PER_STEP * p.steps) / 1e9


def warnings(p: Params, dots: DotParams) -> list[str]:
    """What may surprise about these parameters, a sentence each."""
    return [*stimulus_warnings(p, dots), *kind_of(p).checks.warnings(p, dots)]


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


def theta_between(p: Params) -> Relation:
    """The threshold starts between its bounds."""
    return (
        p.theta_min <= p.theta0 <= p.theta_max,
        f"--theta0 {p.theta0:g} must lie between --theta-min {p.theta_min:g} and "
        f"--theta-max {p.theta_max:g}",
    )
