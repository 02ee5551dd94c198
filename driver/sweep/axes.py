"""What varies in a sweep, read from the command line or from a file."""

from __future__ import annotations

import dataclasses
import decimal
import itertools
import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from driver.flags.from_dataclass import UsageError

MAX_VALUES = 100_000
TABLE, CONTENT = "sweep.csv", "sweep.json"
Values = Mapping[str, Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Axes:
    """What varies, as flags and values as they would be typed.

    Attributes
    ----------
    product : dict of list of str
        Every combination of these.
    together : dict of list of str
        These step together, all of one length; one more axis of the product.
    same : dict of str
        Flags that take the value of another axis: written ``flag=@other``.
    """

    product: Values = dataclasses.field(default_factory=dict)
    together: Values = dataclasses.field(default_factory=dict)
    same: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.product, *self.together, *self.same)

    def conditions(self) -> list[dict[str, str]]:
        """Every condition, in the order in which the axes were given; one without any axis."""
        steps = [
            dict(zip(self.together, values, strict=True))
            for values in zip(*self.together.values(), strict=True)
        ] or [{}]
        combinations = [
            dict(zip(self.product, values, strict=True))
            for values in itertools.product(*self.product.values())
        ]
        found = [combination | step for combination in combinations for step in steps]
        return [c | {name: c[other] for name, other in self.same.items()} for c in found]


def axes_of(
    grid: Iterable[str],
    together: Iterable[str],
    flag: str = "--grid",
    samples: Values | None = None,
) -> Axes:
    """Axes from words such as ``n_in=10,20`` and ``n_out=@n_in``.

    Parameters
    ----------
    grid, together : iterable of str
        Combined in every way, and stepping together.
    flag : str
        Under which `grid` was typed.
    samples : dict of list of str, optional
        What else steps together, see `sampled`.
    """
    parts: dict[str, dict[str, Any]] = {flag: {}, "--zip": dict(samples or {})}
    for typed, words in ((flag, grid), ("--zip", together)):
        for word in words:
            name, found, values = word.partition("=")
            if not name or not found or not values:
                raise UsageError(f"{typed} {word}: expected name=value,value or name=@other")
            key = name.strip().replace("-", "_")
            if any(key in part for part in parts.values()):
                raise UsageError(f"{typed} {word}: {key} is an axis already")
            whole = values.startswith("@")
            parts[typed][key] = values if whole else listed(values, f"{typed} {word}")
    return checked(parts[flag], parts["--zip"], flag)


def listed(values: str, where: str) -> list[str]:
    """Values between commas; ``first:last:step`` stands for a range, with its last value.

    Examples
    --------
    >>> listed("0.1:0.3:0.1,1", "--grid")
    ['0.1', '0.2', '0.3', '1']
    """
    found = []
    for value in (v.strip() for v in values.split(",")):
        match value.split(":"):
            case [_]:
                found.append(value)
            case [first, last, step]:
                found += in_range(first, last, step, where)
            case _:
                raise UsageError(f"{where}: {value} is no value, and no range first:last:step")
    return found


def in_range(first: str, last: str, step: str, where: str) -> list[str]:
    """Numbers as they would be typed: decimals, so that nothing is off in its last digit."""
    try:
        start, stop, by = (decimal.Decimal(text) for text in (first, last, step))
        n = (stop - start) / by
        if not 0 <= n <= MAX_VALUES:
            raise ValueError
    except (decimal.DecimalException, ValueError):
        words = f"needs first:last:step, with at most {MAX_VALUES} values from first to last"
        raise UsageError(f"{where}: {first}:{last}:{step} {words}") from None
    return [str(start + k * by) for k in range(int(n) + 1)]


def sampled(ranges: Iterable[str], n: int) -> dict[str, list[str]]:
    """Values that step together and fill their ranges evenly: a Halton sequence, ever the same.

    Parameters
    ----------
    ranges : iterable of str
        ``name=low:high``; of whole numbers if both ends are such.
    n : int
        How many; the first of them are those of a smaller `n`.
    """
    from scipy.stats import qmc

    words = list(ranges)
    if not 1 <= n <= MAX_VALUES:
        raise UsageError(f"--sample {n} must be at least 1 and at most {MAX_VALUES}")
    if not words:
        raise UsageError(f"--sample {n}: between which values? --between FLAG=LOW:HIGH")
    points = qmc.Halton(len(words), seed=0).random(n)
    found = {}
    for word, column in zip(words, points.T, strict=True):
        name, _, span = word.partition("=")
        try:
            low, high = (float(end) for end in span.split(":"))
            if not (name and math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError
        except ValueError:
            raise UsageError(f"--between {word}: expected name=low:high, low below high") from None
        whole = not set(".e") & set(span.lower())
        values = low + column * (high + whole - low)
        found[name.strip().replace("-", "_")] = [
            str(int(v)) if whole else f"{v:.6g}" for v in values
        ]
    return found


def axes_of_file(path: Path) -> tuple[Axes, dict[str, str]]:
    """Axes and fixed flags of a file with tables `product`, `zip` and `fixed`.

    Raises
    ------
    UsageError
        If the file cannot be read, or holds something else.
    """
    content = table_of(path, f"--file {path}")
    unknown = sorted(set(content) - {"product", "zip", "fixed"})
    if unknown:
        raise UsageError(f"--file {path}: unknown table {', '.join(unknown)}")
    for name, table in content.items():
        if not isinstance(table, dict):
            raise UsageError(f"--file {path}: {name} must be a table of flags")
        if name != "fixed" and not all(isinstance(v, list | str) for v in table.values()):
            raise UsageError(f"--file {path}: {name} must be a table of flags with lists")
    tables = {name: plain_axes(content.get(name, {})) for name in ("product", "zip")}
    fixed = {key.replace("-", "_"): word(value) for key, value in content.get("fixed", {}).items()}
    return checked(tables["product"], tables["zip"], f"--file {path}"), fixed


def table_of(path: Path, where: str) -> dict[str, Any]:
    """Content of a TOML, YAML or JSON file, a table; raises `UsageError` for another one."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix in (".yaml", ".yml"):
            import yaml

            content = yaml.safe_load(text)
        else:
            content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ImportError:
        raise UsageError(f"{where}: YAML needs pyyaml; TOML does not") from None
    except OSError as error:
        raise UsageError(f"{where}: {error.strerror}") from None
    except Exception as error:  # three parsers, each with errors of its own
        raise UsageError(f"{where}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise UsageError(f"{where}: must be a table of flags, such as n_mon = 800")
    return content


def plain_axes(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key.replace("-", "_"): value if isinstance(value, str) else [word(v) for v in value]
        for key, value in table.items()
    }


def word(value: Any) -> str:
    """A value of a file as it would be typed."""
    return str(value) if not isinstance(value, bool) else "True" if value else "False"


def checked(product: dict[str, Any], together: dict[str, Any], where: str) -> Axes:
    """Axes with the references sorted out.

    Raises
    ------
    UsageError
        For a reference to no axis, an empty axis, or axes of different length that go together.
    """
    everything = product | together
    same = {k: v[1:].replace("-", "_") for k, v in everything.items() if isinstance(v, str)}
    for name, other in same.items():
        if other not in everything or other in same:
            raise UsageError(f"{where}: {name}=@{other} does not name an axis with values")
    product = {k: v for k, v in product.items() if k not in same}
    together = {k: v for k, v in together.items() if k not in same}
    for name, values in (product | together).items():
        if not values or "" in values:
            raise UsageError(f"{where}: {name} has an empty value")
        if name in product and len(set(values)) < len(values):
            raise UsageError(f"{where}: {name} has a value twice")
    steps = list(zip(*together.values(), strict=False))
    if len(set(steps)) < len(steps):
        raise UsageError(f"{where}: the same values go together twice")
    lengths = {name: len(values) for name, values in together.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"{where}: values that go together differ in number: {lengths}")
    return Axes(product, together, same)


@dataclasses.dataclass(frozen=True)
class Job:
    """One run of a sweep.

    Attributes
    ----------
    name : str
        Of its folder.
    condition : dict of str
        Values of the axes, as typed.
    seed : int
    argv : tuple of str
        The command line that makes this run alone, without the program.
    """

    name: str
    condition: Mapping[str, str]
    seed: int
    argv: tuple[str, ...]
