"""What a study is, read from its file and checked."""

from __future__ import annotations

import functools
import importlib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from driver.flags.from_dataclass import UsageError
from driver.room import Room
from driver.sweep.axes import Axes

HERE = Path(__file__).parent
DEFINITIONS, METRICS, MODELS = HERE / "definitions", HERE / "metrics", HERE.parent / "models"
SCALES = ("quick", "paper")
WHO = ("trained", "untrained")
CASE = "case"
STRICT = ConfigDict(extra="forbid", frozen=True)

Condition = dict[str, str]


@dataclass(config=STRICT)
class Metric:
    """A number in the results file of a seed, and the same number of the untrained twin.

    The twin of ``trained.a.b`` is ``untrained.a.b``; that of any other ``a.b`` is the same. A value
    counts if it is defined, and if the number at `valid` of its network is `valid_from` or more.
    """

    path: str  # names in the file, joined by dots
    text: str  # what it is, with its unit
    symbol: str = "value"  # on the axes
    unit: str = "1"
    valid: str = ""  # path
    valid_from: float = 0.0
    valid_text: str = ""
    at_least: float | None = None  # what every seed is to reach
    at_most: float | None = None
    column: bool = False  # in the table of runs, whatever the metric of the study
    chance: Literal["angle"] | None = None  # that of an angle which is decoded from nothing

    def reached(self, value: float | None) -> bool | None:
        """Whether a value is within the limits; None if there are none."""
        if self.at_least is None and self.at_most is None:
            return None
        if value is None:
            return False
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)


@dataclass(config=STRICT)
class Conditions:
    """Axes of a sweep, with values as they would be typed."""

    product: dict[str, list[str]] = Field(default_factory=dict)  # every combination of these
    zip: dict[str, list[str]] = Field(default_factory=dict)  # step together, may repeat a value
    same: Condition = Field(default_factory=dict)  # flags that take the value of another axis
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

    flags: list[str]  # of the training runs: trials and seeds
    values: dict[str, list[str]] = Field(default_factory=dict)  # other than in the full study
    comparable: bool = True  # whether the network is that of the published numbers


@dataclass(config=STRICT)
class Published:
    """A number to compare with."""

    at: Condition
    mean: float
    source: str  # section and line of the design specification, `lateral_line.md`
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
    margin: Annotated[float, Field(gt=0)]  # smallest effect that counts, in the metric's unit
    refuted_by: str
    at: list[Condition] = Field(default_factory=list)  # what it is said of; empty: everything
    against: Condition | None = None
    over: str = ""
    value: float = 0.0
    metric: str = ""  # that of the study if empty

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
    metric: str  # the one that is compared and drawn
    flags: list[str]  # of all training runs
    scales: dict[Literal["quick", "paper"], Scale]  # the first is run if none is asked for
    room: str = "lateral_line"  # folder in ``models/`` of the model that is run
    metrics: dict[str, Metric] = Field(default_factory=dict)
    """Metrics by name, beside those in ``studies/metrics/<room>.toml``."""
    x_label: str = "case"
    claims: list[Claim] = Field(default_factory=list)
    train: Conditions = Field(default_factory=Conditions)
    tests: Conditions | None = None
    """Tests of the stored weights of every training run; without it, the test after training."""
    published: list[Published] = Field(default_factory=list)
    trained_in: str = ""  # study whose training runs are used, where they are there
    panel: str = ""  # axis with a panel of its own for each value
    labels: list[str] = Field(default_factory=list)
    """Names of the conditions of a panel, in order; their values if empty."""
    note: str = ""  # what a reader must know to compare with the published numbers

    def __post_init__(self) -> None:
        rooms = sorted(path.parent.name for path in MODELS.glob("*/room.py"))
        if self.room not in rooms:
            raise ValueError(f"room {self.room}: there is only {', '.join(rooms)}")
        for name in self.measured:
            if name not in self.known:
                raise ValueError(f"metric {name}: there is only {', '.join(self.known)}")
        stages = [self.train, *([self.tests] if self.tests else [])]
        for claim in self.claims:
            if claim.over and not any(claim.over in stage.values for stage in stages):
                raise ValueError(f"{claim.text}: {claim.over} is no axis")
        for name in (name for scale in self.scales.values() for name in scale.values):
            if not any(name in stage.product for stage in stages):
                raise ValueError(f"values of {name} for a scale: it is no axis in `product`")

    @property
    def known(self) -> dict[str, Metric]:
        """Every metric that can be named in it."""
        return common_metrics(self.room) | self.metrics

    @property
    def columns(self) -> list[str]:
        """Metrics in the table of runs."""
        return [n for n, metric in self.known.items() if metric.column or n in self.metrics]

    @property
    def measured(self) -> list[str]:
        """All metrics that are taken of a run."""
        claimed = [claim.metric for claim in self.claims if claim.metric]
        return list(dict.fromkeys([self.metric, *claimed, *self.columns]))

    def scale(self, name: str | None) -> str:
        """Name of a scale, of the first one for None; raises `UsageError` if it is not there."""
        if name is not None and name not in self.scales:
            raise UsageError(f"--scale {name}: {self.name} has only {', '.join(self.scales)}")
        return name or next(iter(self.scales))

    def shown(self, condition: Condition) -> Condition:
        """The part of a condition that is not a copy of another axis."""
        same = set(self.train.same) | set(self.tests.same if self.tests else ())
        return {k: v for k, v in condition.items() if k not in same}

    def label(self, condition: Condition) -> str:
        return ", ".join(f"{k} {v}" for k, v in self.shown(condition).items()) or "baseline recipe"


def room_of(study: Study) -> Room:
    return importlib.import_module(f"models.{study.room}.room").ROOM


@functools.cache
def common_metrics(room: str) -> dict[str, Metric]:
    """Metrics that all studies of a room can name; there may be none."""
    path = METRICS / f"{room}.toml"
    return parse(path, dict[str, Metric]) if path.exists() else {}


def parse(path: Path, kind: Any) -> Any:
    """A TOML file as what it is to hold; `UsageError` if it is something else."""
    try:
        return TypeAdapter(kind).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def names() -> list[str]:
    """Studies there are."""
    return sorted(file.stem for file in DEFINITIONS.glob("*.toml"))


def load(name: str, folder: Path = DEFINITIONS) -> Study:
    """Read a study; `UsageError` if there is none of this name, or its file is not one."""
    path = folder / f"{name}.toml"
    if not path.exists():
        raise UsageError(f"there is no study {name}, only {', '.join(names())}")
    study = parse(path, Study)
    if study.name != name:
        raise UsageError(f"{path}: its name is {study.name}")
    return study


def matching(condition: Condition, part: Condition) -> bool:
    """Whether `condition` has every value of `part`."""
    return all(condition.get(name) == value for name, value in part.items())
