"""Relations that both models check."""

from __future__ import annotations

from driver.flags.rules import Relation
from models.cube.params import Params


def theta_between(p: Params) -> Relation:
    """The threshold starts between its bounds."""
    return (
        p.theta_min <= p.theta0 <= p.theta_max,
        f"--theta0 {p.theta0:g} must lie between --theta-min {p.theta_min:g} and "
        f"--theta-max {p.theta_max:g}",
    )
