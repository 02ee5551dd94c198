"""What a study is, read from its file and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from driver.flags.from_dataclass import UsageError
from driver.sweep.axes import Axes

DEFINITIONS = Path(__file__).parent / "definitions"
SCALES = ("quick", "paper")
STRICT = ConfigDict(extra="forbid", frozen=True)

CASE = "case"

Condition = dict[str, str]
Metric = Literal[
    *("sigma_theta", "sigma_theta_body", "valid_fraction", "sharpening"),
    *("share_multimodal", "share_unimodal"),
]


@dataclass(config=STRICT)
class Conditions:
    """Axes of a sweep, with values as they would be typed."""

    product: dict[str, list[str]] = Field(default_factory=dict)
    """Every combination of these."""
    zip: dict[str, list[str]] = Field(default_factory=dict)
    """These step together; a value may come twice."""
    same: Condition = Field(default_factory=dict)
    """Flags that take the value of another axis."""
    cases: dict[str, Condition] = Field(default_factory=dict)
    """Named sets of flags, an axis called `case`; each with every combination of the others."""

    def axes(self, values: dict[str, list[str]]) -> Axes:
        """Axes, those in `values` with these values instead."""
        product = {name: values.get(name, typed) for name, typed in self.product.items()}
        return Axes(product, self.zip, self.same)

    @property
    def names(self) -> set[str]:
        return {*self.product, *self.zip, *self.same}

    @property
    def values(self) -> dict[str, list[str]]:
        """Values of every axis that has some of its own."""
        return {**({CASE: list(self.cases)} if self.cases else {}), **self.product, **self.zip}


@dataclass(config=STRICT)
class Scale:
    """How much of it is done."""

    flags: list[str]
    """For the training runs: trials and seeds."""
    values: dict[str, list[str]] = Field(default_factory=dict)
    """Axes that have other values than in the full study."""
    comparable: bool = True
    """Whether the network is that of the published numbers."""


@dataclass(config=STRICT)
class Published:
    """A number to compare with."""

    at: Condition
    mean: float
    source: str
    """Section and line of the design specification, `lateral_line.md`."""
    sd: float | None = None
    n: int | None = None
    who: Literal["trained", "untrained"] = "trained"


@dataclass(config=STRICT)
class Claim:
    """A published statement, as differences that a seed has.

    `learning` is trained minus untrained; `best` is trained minus the best that the untrained
    network of the seed reaches at any value of the axis `over`; `contrast` is the condition `at`
    minus the same with the values of `against`; `level` is the metric minus `value`.
    """

    text: str
    kind: Literal["learning", "best", "contrast", "level"]
    expect: Literal["lower", "higher", "none"]
    margin: Annotated[float, Field(gt=0)]
    """Smallest effect that counts, in the unit of the metric."""
    refuted_by: str
    at: list[Condition] = Field(default_factory=list)
    """Conditions that it is said of; all of them if empty."""
    against: Condition | None = None
    over: str = ""
    value: float = 0.0
    metric: Metric | None = None
    """What it is said of; the metric of the study if not given."""

    def __post_init__(self) -> None:
        if (self.kind == "contrast") != (self.against is not None):
            raise ValueError(f"{self.text}: a contrast, and nothing else, has `against`")
        if (self.kind == "best") != bool(self.over):
            raise ValueError(f"{self.text}: `best`, and nothing else, has `over`")


@dataclass(config=STRICT)
class Study:
    """One study."""

    name: str
    title: str
    question: str
    metric: Metric
    flags: list[str]
    """Of all training runs."""
    x_label: str
    claims: list[Claim]
    scales: dict[Literal["quick", "paper"], Scale]
    train: Conditions = Field(default_factory=Conditions)
    tests: Conditions | None = None
    """Tests of the stored weights of every training run; without it, the test after training."""
    published: list[Published] = Field(default_factory=list)
    trained_in: str = ""
    """Study whose training runs are used, where they are there; its own if empty."""
    panel: str = ""
    """Axis with a panel of its own for each value."""
    labels: list[str] = Field(default_factory=list)
    """Names of the conditions of a panel, in order; their values if empty."""
    note: str = ""
    """What a reader must know to compare with the published numbers."""
    sentence: str = (
        "{condition}: {trained} trained, {untrained} untrained, difference {difference} "
        "(n = {n} pairs; without a usable map {without_trained} trained, {without_untrained} "
        "untrained)."
    )
    """Template of the sentence of a condition."""

    def __post_init__(self) -> None:
        axes = {*self.train.values, *(self.tests.values if self.tests else ())}
        for claim in self.claims:
            if claim.over and claim.over not in axes:
                raise ValueError(f"{claim.text}: {claim.over} is no axis")

    @property
    def metrics(self) -> list[Metric]:
        """That of the study first, then those of its claims."""
        return list(dict.fromkeys([self.metric, *(c.metric or self.metric for c in self.claims)]))

    def shown(self, condition: Condition) -> Condition:
        """The part of a condition that is not a copy of another axis."""
        same = set(self.train.same) | set(self.tests.same if self.tests else ())
        return {k: v for k, v in condition.items() if k not in same}

    def label(self, condition: Condition) -> str:
        return ", ".join(f"{k} {v}" for k, v in self.shown(condition).items()) or "baseline recipe"


def names() -> list[str]:
    """Studies there are."""
    return sorted(file.stem for file in DEFINITIONS.glob("*.toml"))


def load(name: str, folder: Path = DEFINITIONS) -> Study:
    """Read a study.

    Raises
    ------
    UsageError
        If there is none of this name, or its file is not one.
    """
    path = folder / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        study = TypeAdapter(Study).validate_python(content)
    except FileNotFoundError:
        raise UsageError(f"there is no study {name}, only {', '.join(names())}") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    if study.name != name:
        raise UsageError(f"{path}: its name is {study.name}")
    return study


def matching(condition: Condition, part: Condition) -> bool:
    """Whether `condition` has every value of `part`."""
    return all(condition.get(name) == value for name, value in part.items())
