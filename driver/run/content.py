"""What a JSON file of a run folder may hold, and whether it is what was written.

A folder may come from a colleague, have been edited by hand or be damaged. So all that is read goes
through `read_json`: a file that is not as its schema says is an error of one line, and so is one
whose checksum is not that of its content, unless it is trusted.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from driver.engine.randomness import MAX_SEED
from driver.files import open_plain
from driver.formatting import short

SHA256 = "sha256"
TRUST = "--trust-edited"
MAX_BYTES = 200_000_000
MAX_SEEDS = 100_000  # of a run: some hundred thousand files


class NotARun(ValueError):
    """The folder is not one of a run, or lacks what was asked for; the message names it."""


class Edited(NotARun):
    """A file is not what was written; with ``--trust-edited`` it is read all the same."""


class Fields(dict):
    """Content of a file of a run; a field that is not there is an error that names the file.

    Attributes
    ----------
    path : Path
    edited : str
        How it is not what was written; empty if it is, or if that cannot be known.
    """

    def __init__(self, content: Mapping[str, Any], path: Path, edited: str = ""):
        super().__init__(content)
        self.path, self.edited = path, edited

    def __missing__(self, key: str):
        raise NotARun(f"{self.path} has no field {key}")


# --- schemas -------------------------------------------------------------------------------


def plain_name(text: str) -> str:
    """The name of a file or folder, which leads nowhere else."""
    if text in ("", ".", "..") or set("/\\\0") & set(text) or len(text.encode()) > 255:
        raise ValueError("must be a plain name, without a path")
    return text


def with_zone(text: str) -> str:
    if datetime.datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("must be a time with its zone")
    return text


Name = Annotated[str, AfterValidator(plain_name)]
Time = Annotated[str, AfterValidator(with_zone)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Seconds = Annotated[float, Field(ge=0, le=1e12)]
Megabytes = Annotated[float, Field(ge=0, le=1e12)]
Plain = str | int | float | None
Numbers = dict[str, float | bool | None]


class Foreign(BaseModel):
    """Fields that the driver uses; a model may have more."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Environment(Foreign):
    """See `driver.run.environment`."""

    program_version: str
    git_commit: str | None
    python: str
    brian2: str
    numpy: str
    matplotlib: str
    pydantic: str
    tyro: str
    platform: str
    backend: str
    precision: Literal["double", "single"] = "double"  # of runs from before there was single
    compiler: str | None
    arguments: list[str]
    start_time_utc: Time


class Moved(Foreign):
    """See `driver.flags.from_dataclass.Adjustment`."""

    model_config = ConfigDict(extra="forbid")

    flag: str
    given: Plain | list[Plain]
    used: Plain | list[Plain]
    reason: str


class Params(Foreign):
    """``params.json``"""

    schema_version: int
    mode: str
    seed_start: Seed
    multi_seed: Annotated[int, Field(ge=1, le=MAX_SEEDS)]
    run_folder: Name
    environment: Environment
    earlier: list[Environment] = []
    cli_adjustments: list[Moved] = []


class Results(Foreign):
    """``seed_<s>_results.json``"""

    seed: Seed
    save_tag: Name
    params_sha256: str
    backend: str | None = None
    verdict: str | None = None
    trained: dict[str, Any] | None = None
    untrained: dict[str, Any] | None = None
    warnings: list[str] = []


class Status(Foreign):
    """``seed_<s>_status.json``"""

    phase: str
    note: str | None
    seconds_left: Seconds | None
    metrics: dict[str, float | None] | None
    backend: str | None = None
    updated_utc: Time
    seconds: Seconds
    memory_mb: Megabytes
    peak_memory_mb: Megabytes
    pid: Annotated[int, Field(ge=1, lt=2**31)]


class SweepRun(Foreign):
    """A run of a sweep; other columns of a model are numbers, or numbers by name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Plain | dict[str, Plain]] = Field(init=False)

    condition: dict[str, Plain]
    state: Literal["done", "failed", "waiting"]
    complaint: str | None
    run: Name
    command: str
    verdict: str | None = None
    trained: Numbers | None
    untrained: Numbers | None

    @model_validator(mode="after")
    def has_both(self) -> SweepRun:
        if (self.trained is None) != (self.untrained is None):
            raise ValueError("has numbers of one of trained and untrained")
        return self


class Sweep(Foreign):
    """``sweep.json``"""

    axes: list[str] = []
    runs: list[SweepRun]


# --- reading -------------------------------------------------------------------------------


def read_json(path: Path, schema: type[Foreign] | None = None, trust: bool = False) -> Fields:
    """Content of a JSON file of a run.

    Parameters
    ----------
    path : Path
    schema : type, optional
        What it must have.
    trust : bool
        Whether a file that was edited is read all the same; it says so.

    Raises
    ------
    NotARun
        If it is not there, cannot be read, or is not as its schema says.
    Edited
        If its checksum is not that of its content.
    """
    try:
        with open_plain(path) as file:
            content = json.loads(file.read(MAX_BYTES).decode(), parse_constant=refuse)
        if not isinstance(content, dict):
            raise ValueError("not an object")
        found = seal(content)
        if schema is not None:
            schema.model_validate(content)
    except FileNotFoundError:
        raise NotARun(f"there is no {path}") from None
    except ValidationError as error:
        raise NotARun(f"{path}: {sentence(error)}") from None
    except RecursionError:
        raise NotARun(f"{path} cannot be read (nested too deep)") from None
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise NotARun(f"{path} cannot be read ({short(words, 200)})") from None
    is_ours = content.get(SHA256, found) == found
    edited = "" if is_ours else f"{path} was edited since it was written"
    if edited and not trust:
        raise Edited(f"{edited}; {TRUST} reads it all the same")
    return Fields(content, path, edited)


def refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """JSON content with its checksum."""
    return {**content, SHA256: seal(content)}


def seal(content: Mapping[str, Any]) -> str:
    """SHA-256 of JSON content without its checksum, in whatever order it stands."""
    bare = {key: value for key, value in content.items() if key != SHA256}
    text = json.dumps(bare, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sentence(error: ValidationError) -> str:
    """The first thing that is wrong, in a line."""
    first = error.errors()[0]
    place, words = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        return f"has no field {place}"
    given = short(repr(first["input"]), 60)
    return f"{place} {given}: {words[:1].lower()}{words[1:]}" if place else words


# --- comparing -----------------------------------------------------------------------------


def leaves(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What is nested in JSON content, under names such as ``trained.score``."""
    if not isinstance(content, Mapping):
        yield name, content
        return
    for key, value in content.items():
        yield from leaves(value, f"{name}.{key}" if name else key)


def differences(here: Mapping[str, Any], there: Mapping[str, Any], path: Path) -> list[str]:
    """What both have and is not the same, in words; `path` is where the other stands."""
    ours, theirs = dict(leaves(here)), dict(leaves(there))
    each = {"seed", "schema_version", SHA256}  # of a file or a seed alone
    names = [n for n in ours if n in theirs and n.rpartition(".")[2] not in each]
    return [
        f"{name} {short(str(ours[name]), 40)} ({short(str(theirs[name]), 40)} in {path.name})"
        for name in names
        if ours[name] != theirs[name]
    ]
