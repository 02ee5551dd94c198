"""From the command line to a request: what every room does alike.

A room whose presets have one dataclass each leaves it all to `plain_read`; another one writes

    def read(argv):
        mode = mode_of(argv, PRESETS, DEFAULT_MODE)
        groups = {"run": Group(RunOptions), "network": Group(Params, PRESETS.get(mode, {}))}
        line = CommandLine(argv, FORMAT.prog, DESCRIPTION, groups)
        options, params = line.build("run", {"mode": mode}), line.build("network")
        rules.require(relations(params))
        return line.request(Request, options, params)

Nothing is written, and whether the folder of the run is free is not looked at.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from driver.engine.choose import check
from driver.engine.compiler import compiler
from driver.engine.model import CUDA
from driver.engine.randomness import MAX_SEED
from driver.flags import from_dataclass as cli
from driver.flags import rules
from driver.flags.from_dataclass import Adjustment, Group, Unknown, UsageError
from driver.formatting import perhaps
from driver.run import checkpoint
from driver.run.folder import MAX_NAME_BYTES, RunFolder, folder_name
from driver.run.format import Format
from driver.run.request import Request, RunOptions

SLASHES = "slashes cannot stand in the name of a folder"


class CommandLine:
    """Groups of flags that were read (see `parse`), to be built one after the other.

    Attributes
    ----------
    values, given
        What `parse` returned: values by group and field, fields whose flags were typed.
    adjustments : list of Adjustment
        What was moved so far, and what a room has to say.
    """

    def __init__(self, argv: Sequence[str], prog: str, description: str, groups: dict[str, Group]):
        self.argv, self.groups = tuple(argv), groups
        self.values, self.given = cli.parse(argv, prog, description, groups)
        self.adjustments: list[Adjustment] = []

    def build(self, group: str, changes: Mapping[str, Any] | None = None) -> Any:
        """The dataclass of a group; `changes` win over its flags. Raises `UsageError`."""
        values = self.values[group] | (changes or {})
        made, moved = cli.build(self.groups[group].cls, values)
        self.adjustments += moved
        return made

    def request(self, cls: type, options: RunOptions, params: Any, **parts: Any) -> Request:
        """A request of class `cls`, with a folder. Raises `UsageError`, see `check_options`."""
        check_options(options, params.seed)
        folder = place_of(options)
        typed = (options.run_name or "").strip()
        if typed not in ("", folder.path.name):
            self.adjustments.append(Adjustment("run-name", typed, folder.path.name, SLASHES))
        return cls(options, params, self.adjustments, folder, self.argv, **parts)


@dataclasses.dataclass(frozen=True)
class PlainRequest(Request):
    """A run of a model whose presets have one dataclass of parameters each."""

    format: Format = dataclasses.field(kw_only=True)


def plain_flags(format: Format) -> tuple[type, ...]:
    """Dataclasses of all flags of such a model."""
    return RunOptions, *dict.fromkeys(plain_parameters(format, mode) for mode in format.presets)


def plain_parameters(format: Format, mode: str) -> type:
    (cls,) = format.parts(mode).values()
    return cls


def plain_read(format: Format, argv: Sequence[str]) -> PlainRequest:
    """Read the command line of such a model; its help begins with the docstring of the parameters.

    If they have a method `relations`, what it yields has to hold, see `driver.flags.rules`.
    """
    default = next(iter(format.presets))
    mode = mode_of(argv, format.presets, default)
    cls = plain_parameters(format, mode if mode in format.presets else default)
    groups = {
        "run": Group(RunOptions, {"mode": mode}),
        "parameters": Group(cls, format.presets.get(mode, {})),
    }
    line = CommandLine(argv, format.prog, inspect.getdoc(cls), groups)
    options, params = line.build("run", {"mode": mode}), line.build("parameters")
    rules.require(params.relations() if hasattr(params, "relations") else ())
    return line.request(PlainRequest, options, params, format=format)


def mode_of(
    argv: Sequence[str],
    presets: Mapping[str, Any],
    default: str,
    flags: Sequence[str] = ("--mode",),
    earlier: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The preset that the command line names by one of `flags`; it is read before all others.

    `earlier` has presets by the names that they once had.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    mode = default
    for flag in flags:
        mode = cli.option(argv, flag, mode).strip().lower()
    mode = earlier.get(mode, mode)
    if mode not in presets and not {"-h", "--help"} & set(argv):
        said = f"{flags[0]} {mode!r} is not one of {', '.join(presets)}"
        raise Unknown("preset", mode, said, perhaps(mode, presets))
    return mode


def place_of(options: RunOptions) -> RunFolder:
    """The folder that was named; without a name, that of this second, see `new_folder`."""
    return RunFolder(options.output_root / folder_name(options.run_name))


def check_options(options: RunOptions, seed: int) -> None:
    """Raise `UsageError` for seeds, a tag or a backend that no run can have."""
    if options.multi_seed - 1 + seed > MAX_SEED:
        raise UsageError(f"--multi-seed {options.multi_seed} from --seed-start {seed}: too large")
    check_tag(options.save_tag)
    if options.backend not in ("auto", "numpy") and not compiler():
        raise UsageError(f"--backend {options.backend} needs a C++ compiler; none found")
    try:
        check(options.backend)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if options.threads > 1 and options.backend != "cpp_standalone":
        raise UsageError(
            f"--threads {options.threads} with --backend {options.backend}: needs --backend "
            "cpp_standalone"
        )
    if options.precision == "single" and options.backend != "cpp_standalone":
        raise UsageError(
            f"--precision single with --backend {options.backend}: needs --backend cpp_standalone"
        )
    if options.profile and options.backend == CUDA:
        raise UsageError(f"--profile with --backend {CUDA}: a GPU works after it was asked to")
    if options.profile and options.multi_seed > 1:
        raise UsageError(
            f"--profile with --multi-seed {options.multi_seed}: a profile is of one seed, give "
            "--multi-seed 1"
        )


def check_tag(tag: str) -> None:
    """The prefix of the weight artifact makes a file name of its own."""
    fits = tag.isprintable() and len(tag.encode()) <= MAX_NAME_BYTES
    if not fits or tag.strip() in ("", ".", "..") or set("/\\") & set(tag):
        raise UsageError(f"--save-tag {tag[:40]!r} is not a file name")
    if tag == checkpoint.TAG:
        raise UsageError(f"--save-tag {tag!r} is the name of the checkpoint")
