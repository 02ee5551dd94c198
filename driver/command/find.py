"""Which run is meant: a name, a folder, a file in it; and which door it belongs to."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from driver.engine.model import resolve
from driver.flags.from_dataclass import Unknown, UsageError
from driver.flags.rules import flags_of
from driver.formatting import perhaps
from driver.room import Room
from driver.run.folder import PARAMS
from driver.run.saved import NotARun, Run
from driver.sweep.axes import CONTENT

RUNS = Path("Runs")
ROOT = Path(__file__).parents[2]
MAX_PRESETS = 3  # that have a flag, in a message


def folder_of(typed: Path | str, root: Path = RUNS) -> Path:
    """Folder of the run or sweep that is meant.

    Parameters
    ----------
    typed : path
        The folder, its name in `root`, or a file inside such as a figure or weights.
    root : Path

    Raises
    ------
    UsageError
        If there is none; it names those that are called alike.
    """
    typed = Path(typed)
    for place in (typed, root / typed):
        for folder in (place, *place.parents):
            if is_known(folder):
                return folder
            if folder in (root, Path(".")) or (folder.is_dir() and folder == place.parent.parent):
                break  # no file of a run lies deeper
    if inside := sorted(
        file.parent for name in (PARAMS, CONTENT) for file in typed.glob(f"*/{name}")
    ):
        raise UsageError(f"{typed} is a folder of runs: name one of them, such as {inside[0]}")
    raise UsageError(f"there is no run {typed}, here or in {root}{near(typed.name, root)}")


def is_known(folder: Path) -> bool:
    """Whether it says of itself that it is a run or a sweep."""
    return any((folder / name).is_file() for name in (PARAMS, CONTENT))


def near(name: str, root: Path) -> str:
    """What in `root` is called nearly so, in brackets."""
    return perhaps(name, (folder.name for folder in root.glob("*") if is_known(folder)))


def rooms(own: Room) -> Iterator[Room]:
    """The room that is asked, then those of the other doors of this repository."""
    yield own
    for door in sorted(ROOT.glob("*_brian2.py")):
        if door.name != own.format.prog:
            other = importlib.import_module(door.stem).room
            yield other.trusting() if own.trust_edited else other


def room_of(folder: Path, own: Room) -> Room:
    """The room whose run a folder holds; `own` if it is none of any."""
    for room in rooms(own):
        try:
            room.open(folder)
            return room
        except NotARun:
            continue
    return own


def opened_run(room: Room, folder: Path) -> Run:
    """A run of this door.

    Raises
    ------
    NotARun
        If it is none; one of another door is said to be so.
    """
    if not (folder / PARAMS).is_file() and (folder / CONTENT).is_file():
        raise UsageError(f"{folder} is a sweep: name one of its runs, or see its report.html")
    try:
        return room.open(folder)
    except NotARun:
        other = room_of(folder, room)
        if other is not room:
            raise UsageError(f"{folder} is a run of {other.format.prog}: use that") from None
        raise


def elsewhere(own: Room, error: Unknown) -> str:
    """What leads on from a name that this door, or the preset that was asked for, does not have."""
    name = error.name
    for room in rooms(own):
        there = "" if room is own else f" of {room.format.prog}"
        presets = resolve(room.presets.name)
        if error.kind != "flag" and name in presets:
            return f"{error.said} (perhaps you meant --mode {name}{there})"
        if error.kind == "flag" and f"--{name})" not in error.near:
            has = [
                mode
                for mode in presets
                if name in flags_of(*room.format.parts(mode).values()).values()
            ]
            if has and (room is own or not error.near):
                more = ", ..." if len(has) > MAX_PRESETS else ""
                return (
                    f"{error.said}: it is one of --mode {', '.join(has[:MAX_PRESETS])}{more}{there}"
                )
    if error.kind == "word" and is_known(Path(name)):
        return f"{name} is a run: `report {name}`, or `resume {name}`"
    listed = "; --help lists them" if error.kind == "flag" else ""  # the others are in the message
    return f"{error.said}{error.near or listed}"
