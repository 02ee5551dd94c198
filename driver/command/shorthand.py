"""Command lines in few words: ``run --from``, ``resume``, ``--config``, and what they stand for.

Each becomes the plain command line of a run before anything else looks at it, and that is what is
kept in ``params.json``: nothing has to be looked up in a file that may have changed.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from driver.command.find import folder_of, is_known, opened_run
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import UsageError
from driver.room import Room
from driver.run.content import TRUST
from driver.run.saved import NotARun, Run
from driver.sweep.axes import table_of, word

WORDS = {
    "run": "Make a run, as without the word; --from RUN repeats another, with flags if given",
    "resume": "Go on with a run where it was ended: resume RUN",
}
PLACE = ("--run-name", "--output-root", "--resume-from", "--save-weights-dir")
WAYS = ("--overwrite", "--go-on", "--no-overwrite", "--no-go-on")


def expanded(room: Room, argv: Sequence[str]) -> list[str]:
    """The command line that is meant.

    Raises
    ------
    UsageError
        For a run that is not there, or a file that is no list of flags.
    """
    argv = list(argv)
    room = room.trusting() if TRUST in argv else room
    if argv[:1] == ["resume"]:
        if len(argv) < 2 or argv[1].startswith("-"):
            raise UsageError("resume: which run? resume RUN")
        run = opened_run(room, folder_of(argv[1]))
        return [*in_its_place(run, typed_in(run)), *argv[2:], "--go-on"]
    if argv[:1] == ["run"]:
        argv = argv[1:]
        if argv and not argv[0].startswith("-"):
            raise UsageError(f"run {argv[0]}: which flag? run --from {argv[0]} repeats that run")
    for flag in ("--from", "--resume-from", "--weights-from"):
        source = cli.option(argv, flag)
        if source is None:
            continue
        there = source.strip() and is_known(Path(source))
        if flag != "--from" and Path(source.strip()).exists() and not there:
            continue  # said later, with what is missing there; no name is no folder
        try:
            run = opened_run(room, folder_of(source))
        except (UsageError, NotARun) as error:
            raise UsageError(f"{flag} {source}: {error}") from None
        argv = cli.without(argv, (flag,))
        if flag == "--from":
            return repeated(room, run, argv)
        argv += [flag, str(run.folder)]
        if flag == "--resume-from" and cli.option(argv, "--mode") is None:
            argv = [*typed_in(run), *argv]
    source = cli.option(argv, "--config")
    if source is not None:
        argv = cli.without(argv, ("--config",))
        return [*configured(room, Path(source), argv), *argv]
    return argv


def typed_in(run: Run) -> list[str]:
    """The flags by which a run was made, without its place and what it was begun from."""
    words = cli.without(run.file["environment"]["arguments"], PLACE)
    return [word for word in words if word not in WAYS]


def in_its_place(run: Run, argv: Sequence[str]) -> list[str]:
    folder = run.folder
    return [*argv, "--output-root", str(folder.parent), "--run-name", folder.name]


def repeated(room: Room, run: Run, argv: Sequence[str]) -> list[str]:
    """The run again, with other flags if any are given; what they change is said.

    A preset may have changed since the run was made, so parameters that differ are said too.
    """
    whole = [*typed_in(run), *argv]
    request = room.read(whole)
    changed = [
        f"{name} {theirs!r} there, {ours!r} here"
        for key, part in request.parts.items()
        for name, ours in dataclasses.asdict(part).items()
        if name != "seed" and (theirs := dataclasses.asdict(run.parts[key]).get(name)) != ours
    ]
    if request.seeds != run.seeds:
        changed.append("other seeds")
    words = ", ".join(changed) or "nothing, to the bit"
    print(f"as {run.folder}; what differs: {words}", file=sys.stderr)
    return whole


# --- files of flags ----------------------------------------------------------------------------


def configured(room: Room, path: Path, argv: Sequence[str]) -> list[str]:
    """The flags of a TOML, YAML or JSON file, but those that are typed as well."""
    from driver.sweep.plan import as_typed, flags_by_name

    where, known = f"--config {path}", flags_by_name(room)
    content = {k.replace("-", "_"): v for k, v in table_of(path, where).items()}
    typed = {w[2:].split("=")[0].removeprefix("no-") for w in argv if w.startswith("--")}
    typed = {known[t.replace("-", "_")].name for t in typed if t.replace("-", "_") in known}
    mine = {k: v for k, v in content.items() if k not in known or known[k].name not in typed}
    words = {k: plain(v, f"{where}: {k}") for k, v in mine.items()}
    return as_typed(room, words, where, refused=frozenset())


def plain(value: Any, where: str) -> str:
    """A value as it is typed; several of one flag stand apart by spaces."""
    if isinstance(value, list) and value and not any(isinstance(v, list | dict) for v in value):
        return " ".join(map(word, value))
    if isinstance(value, str | int | float):
        return word(value)
    raise UsageError(f"{where} {value!r}: must be a number, a word, true or false, or a list")
