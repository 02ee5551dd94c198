"""Parameters and presets of the small room, and what its run folders look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from driver.flags.from_dataclass import STRICT, Flag
from driver.flags.rules import Relation
from driver.run.format import Format

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(config=STRICT)
class Params:
    """Do cells find those of their inputs that fire together? A step is 1 ms."""

    seed: Annotated[int, Flag("seed-start"), Field(ge=0)] = 1
    """First seed."""
    steps: Annotated[int, Field(ge=1)] = 20_000
    """Steps of learning."""
    n_inputs: Annotated[int, Field(ge=2)] = 100
    """Inputs; the first half is correlated."""
    n_cells: Annotated[int, Field(ge=1)] = 10
    """Cells, each with all inputs."""
    rate: Share = 0.01
    """Chance that an input fires in a step."""
    correlation: Share = 0.4
    """Share of its steps in which a correlated input follows the event that they have in common."""
    tau_ms: Positive = 20.0
    """Time constant of potentials and traces."""
    w_start: Positive = 0.025
    """Mean of the weights to start with; the threshold is 1."""
    w_max: Positive = 0.06
    """Ceiling of the weights."""
    eta: Annotated[float, Field(ge=0)] = 4e-4
    """Potentiation by a pair of spikes at the same time; depression is 1.05 times as strong."""

    def relations(self) -> Iterator[Relation]:
        too_large = f"--w-start {self.w_start:g} is larger than --w-max {self.w_max:g}"
        yield self.w_start <= self.w_max, too_large


PRESETS = {"song": {}, "uncorrelated": {"correlation": 0.0}}


def parts(mode: str) -> dict[str, type]:
    return {"params": dict.fromkeys(PRESETS, Params)[mode]}


FORMAT = Format(prog="tests/small/door.py", parts=parts, unit="step", presets=PRESETS)
