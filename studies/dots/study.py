"""What a study of dots is, read from its file and checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

DEFINITIONS = Path(__file__).parent / "definitions"
STRICT = ConfigDict(extra="forbid", frozen=True)


@dataclass(config=STRICT)
class Metric:
    """A number of a results file, by its place in it, and what is to be reached."""

    text: str
    """What it is, with its unit."""
    path: str
    """Names in a network's part of the results file, joined by dots."""
    at_least: float | None = None
    at_most: float | None = None

    def reached(self, value: float | None) -> bool | None:
        """Whether a value is within the limits; None if there are none."""
        if self.at_least is None and self.at_most is None:
            return None
        if value is None:
            return False
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


@dataclass(config=STRICT)
class Study:
    """A question, the cases that are tried, and the metrics that answer it."""

    name: str
    question: str
    flags: list[str]
    """Of every case."""
    cases: dict[str, list[str]]
    """Further flags of each; the first is what the study is about."""
    metrics: list[Metric]
    seeds: int = 5
    first_seed: int = 0

    def command(self, case: str) -> list[str]:
        """Flags of a case, without places."""
        name = re.sub(r"\W+", "_", f"study_{self.name}_{case}")
        seeds = ["--seed-start", str(self.first_seed), "--multi-seed", str(self.seeds)]
        return [*self.flags, *self.cases[case], *seeds, "--run-name", name]


def names() -> list[str]:
    return sorted(path.stem for path in DEFINITIONS.glob("*.toml"))


def load(name: str) -> Study:
    content = tomllib.loads((DEFINITIONS / f"{name}.toml").read_text(encoding="utf-8"))
    return TypeAdapter(Study).validate_python({"name": name, **content})
