"""The folder of compiled programs, and whether what lies in it may be run.

Against others, owner and mode protect it: a folder that is not ours alone is not used. Against
damage, every program carries the SHA-256 of the files it is made of, compared before each start.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from driver.files import replace_file

SEAL = "sha256.json"
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class NoPlace(OSError):
    """Compiled programs can be kept nowhere; the message says of each folder why not."""


def cache_folder() -> Path:
    """Folder of all compiled programs; made if need be. Raises `NoPlace`."""
    return place()[0]


def place() -> tuple[Path, str]:
    """The first of the known folders that can be used, and what is wrong with those before it.

    Raises
    ------
    NoPlace
        If none can.
    """
    wrong = []
    for folder in candidates():
        if not (why := flaw_of_place(folder)):
            return folder, "; ".join(wrong)
        wrong.append(f"{folder} {why}")
    raise NoPlace(f"no folder for compiled programs: {'; '.join(wrong)} (try $PROGRAM_CACHE)")


def candidates() -> Iterator[Path]:
    """``$PROGRAM_CACHE``, the user's cache, and a private folder among the temporary ones."""
    if asked := os.environ.get("PROGRAM_CACHE"):
        yield Path(asked).absolute()
    with contextlib.suppress(RuntimeError):  # a user without a home
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        yield Path(base).absolute() / "brian_programs"
    yield Path(tempfile.gettempdir()).absolute() / f"brian_programs_{os.getuid()}"


def flaw_of_place(folder: Path) -> str:
    """Why a folder cannot be used; empty if it can. It is made if need be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        why = flaw(folder.resolve(), stat.S_IFDIR)
    except OSError as error:
        return f"cannot be made ({error.strerror})"
    return why or ("" if os.access(folder, os.W_OK | os.X_OK) else "cannot be written")


def flaw(path: Path, kind: int = stat.S_IFREG) -> str:
    """Why a file, or a folder, may be somebody else's; empty if it is ours alone."""
    found = path.lstat()
    if stat.S_IFMT(found.st_mode) != kind:
        return "is a link, or not what it should be"
    if found.st_uid != os.getuid():
        return "belongs to another user"
    if found.st_mode & WRITABLE_BY_OTHERS:
        return "can be written by others (chmod go-w)"
    return ""


# --- programs --------------------------------------------------------------------------------


def seal(program: Path) -> None:
    """Write down what a program is made of; from now on only its owner can change it."""
    for path in (*folders(program), *parts(program)):
        path.chmod(path.stat().st_mode & ~WRITABLE_BY_OTHERS)
    text = json.dumps(digests(program))
    replace_file(program / SEAL, lambda file: file.write(text.encode()))


def damage(program: Path) -> str:
    """Why a program cannot be run as it lies there; empty if it is what was compiled."""
    try:
        for path in folders(program):
            if why := flaw(path, stat.S_IFDIR):
                return f"{path.name} {why}"
        for path in parts(program):
            if why := flaw(path):
                return f"{path.name} {why}"
        sealed = json.loads((program / SEAL).read_text())
        return "" if sealed == digests(program) else "its checksum is wrong"
    except (OSError, ValueError, RecursionError):
        return "it is not whole"


def folders(program: Path) -> list[Path]:
    return [program, *program.glob("static_arrays")]


def parts(program: Path) -> list[Path]:
    """The files that decide what a program does."""
    found = [program / "main", program / "manifest.json", *program.glob("static_arrays/*")]
    return [*found, *program.rglob("*.so")]


def digests(program: Path) -> dict[str, str]:
    """SHA-256 of every part by its name, and the name of the program itself."""
    found = {
        str(path.relative_to(program)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in parts(program)
    }
    return {"program": program.name} | found


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file: never a link, and never emptied."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
