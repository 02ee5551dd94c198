"""The folder of a run: ``params.json`` first, ``run_summary.json`` last, whole files only.

Every file is written beside its place and renamed onto it, so a reader sees the old file or
the new one. The presence of ``run_summary.json`` means that the run is complete.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import itertools
import json
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driver.files import PART, plain, replace_file
from driver.flags.from_dataclass import UsageError
from driver.run import content
from driver.run.content import NotARun, read_json, sealed

PARAMS, SUMMARY, REPORT = "params.json", "run_summary.json", "report.html"
FOLDERS = ("artifacts", "figures", "export")  # of a run, in its own
WRITTEN = re.compile(  # by a run, and by the words that can be said of one
    r"params\.json|run_summary\.json|report\.html|live(_seed_\d+)?\.html"
    r"|artifacts/(seed_\d+_\w+\.(json|npz)|.+_seed_\d+(\.npz|_params\.json))"
    r"|artifacts/mid_checkpoint(_seed_\d+)?\.npz(\.bak)?"
    r"|figures/[^/]+\.(png|gif|mp4)|export/[^/]+\.(csv|nwb)"
    rf"|(\w+/)?\.[^/]+{re.escape(PART)}"
)
PATIENCE = 20
FAILED = 1
REPORT_EVERY_S = 60.0  # while a run goes on: it takes a second
MAX_NAME_BYTES = 200  # file systems end at 255, and a log adds its seed


class RunFolder:
    """Paths and atomic writes of one run.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self.artifacts = self.path / "artifacts"
        self.figures = self.path / "figures"
        self.mine = False  # whether this process has claimed it

    @contextlib.contextmanager
    def claimed(self):
        """Be the only process that works in the folder; ends with the process, however it ends.

        The folder is made if need be, so that nobody clears what another one has begun.

        Raises
        ------
        UsageError
            If another one does.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDONLY)
        try:
            for _ in range(PATIENCE):  # somebody may be looking whether it is in use
                if lock(handle, fcntl.LOCK_EX):
                    break
                time.sleep(0.05)
            else:
                raise UsageError(in_use(self.path))
            self.mine = True
            yield
        finally:
            self.mine = False
            os.close(handle)

    @property
    def in_use(self) -> bool:
        """Whether a process is working in the folder."""
        if not self.path.is_dir():
            return False
        handle = os.open(self.path, os.O_RDONLY)
        try:
            return not lock(handle, fcntl.LOCK_SH)
        finally:
            os.close(handle)

    def create(self, overwrite: bool = False) -> list[Path]:
        """Make the folder; nothing of an earlier run is ever mixed with this one.

        What is left if it is killed can be overwritten, and is not a complete run. Returns what is
        left in the folder because no run writes such files.

        Raises
        ------
        UsageError
            If it exists and `overwrite` is not given, or does not look like a run.
        """
        self.check(overwrite)
        (self.path / SUMMARY).unlink(missing_ok=True)
        old = [p for p in self.path.rglob("*") if p.is_symlink() or not p.is_dir()]
        written = [p for p in old if WRITTEN.fullmatch(p.relative_to(self.path).as_posix())]
        for path in sorted(written, key=lambda path: path.name == PARAMS):
            path.unlink(missing_ok=True)
        for name in FOLDERS:
            with contextlib.suppress(OSError):  # it is not there, or holds something else
                (self.path / name).rmdir()
        for folder in (self.artifacts, self.figures):
            folder.mkdir(parents=True, exist_ok=True)
        return sorted(set(old) - set(written))

    def check(self, overwrite: bool = False) -> None:
        """Raise what `create` would raise, touching nothing."""
        self.check_root()
        self.check_links()
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise UsageError(f"{self.path} is a file; choose another --run-name")
        if self.is_empty:
            return
        self.check_unused()
        if not overwrite:
            raise UsageError(
                f"{self.path} exists: choose another --run-name, or give --overwrite to replace it"
            )
        try:
            read_json(self.path / PARAMS, content.Params, trust=True)
        except NotARun as error:
            raise UsageError(
                f"{self.path} is not the folder of a run ({error}); --overwrite leaves it alone"
            ) from None

    def check_root(self) -> None:
        """Raise `UsageError` if no folder can be made there."""
        if not can_be_made(self.path.parent):
            raise UsageError(f"--output-root {self.path.parent}: no folder can be made there")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing, or what a run that was killed at its start has left."""
        ours = self.artifacts.name, self.figures.name
        return all(p.name in ours or p.name.endswith(PART) for p in self.path.rglob("*"))

    def check_links(self) -> None:
        """Raise `UsageError` if the folder, or one inside, is a link: none is written through."""
        if found := [p for p in (self.path, *links_in(self.path)) if p.is_symlink()]:
            raise UsageError(
                f"{found[0]} is a link to {os.readlink(found[0])}: a run writes through none; "
                "remove it, or choose another --run-name or --output-root"
            )

    def check_unused(self) -> None:
        """Raise `UsageError` if another process works in the folder."""
        if not self.mine and self.in_use:
            raise UsageError(in_use(self.path))

    def wait_unused(self) -> None:
        """Wait until no other process works in the folder, but not for ever."""
        end = time.monotonic() + 60.0
        while not self.mine and self.in_use and time.monotonic() < end:
            time.sleep(0.2)

    def check_again(self) -> None:
        """Raise `UsageError` unless a run can go on in this folder."""
        self.check_unused()
        self.check_links()
        for folder in (self.path, self.artifacts, self.figures):
            if folder.exists() and not os.access(folder, os.W_OK):
                raise UsageError(f"{folder} cannot be written to")

    def results_file(self, seed: int) -> Path:
        """Every number of a seed, written after all its other files."""
        return self.artifacts / f"seed_{seed}_results.json"

    def status_file(self, seed: int) -> Path:
        return self.artifacts / f"seed_{seed}_status.json"

    def write_json(self, name: str, content: Mapping[str, Any], seal: bool = True) -> Path:
        """Write JSON with an indent of 2 and its checksum; NaN and infinities become null."""
        found = sealed(plain(content)) if seal else plain(content)
        text = json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)
        encoded = (text + "\n").encode()
        return replace_file(self.path / name, lambda file: file.write(encoded), len(encoded))

    def write_npz(self, name: str, arrays: Mapping[str, Any]) -> Path:
        """Write a compressed archive of arrays, no pickles."""
        n_bytes = sum(np.asarray(array).nbytes for array in arrays.values())
        return replace_file(
            self.path / name, lambda file: np.savez_compressed(file, **arrays), n_bytes
        )


def links_in(folder: Path) -> list[Path]:
    """Folders inside one of a run that are links."""
    return [folder / name for name in FOLDERS if (folder / name).is_symlink()]


def in_use(folder: Path) -> str:
    """Says who works in a folder; a process on another machine has no number here."""
    pid = holder(folder)
    who = f"another process ({pid})" if pid else "another process"
    return f"{folder}: {who} is working in this folder; `status` says how far it is"


def holder(folder: Path) -> int | None:
    """Number of the process that has locked a folder, where Linux says so."""
    here = folder.stat()
    place = f"{os.major(here.st_dev):02x}:{os.minor(here.st_dev):02x}:{here.st_ino}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            _, kind, _, access, pid, where, *_ = line.split()
            if (kind, access, where) == ("FLOCK", "WRITE", place) and int(pid) > 0:
                return int(pid)
    return None


def can_be_made(folder: Path) -> bool:
    """Whether files can be written to a folder, which need not exist yet."""
    there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def lock(handle: int, kind: int) -> bool:
    """Whether an advisory lock of an open folder could be had at once."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks: nobody can be kept out
    return True


def new_folder(path: Path) -> Path:
    """Make the first folder ``<path>``, ``<path>_2`` and so on that nobody else makes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for k in itertools.count(1):
        found = path if k == 1 else path.with_name(f"{path.name}_{k}")
        with contextlib.suppress(FileExistsError):
            found.mkdir()
            return found


def folder_name(run_name: str | None) -> str:
    """Folder of a run name: trimmed, slashes become ``_``; the time if there is none.

    Raises
    ------
    UsageError
        For ``.``, ``..``, the name of the log folder, what looks like a flag, control characters,
        and names too long for a file system.
    """
    name = (run_name or "").strip().replace("/", "_").replace("\\", "_")
    if name in (".", "..", "Logs") or name.startswith("-") or not name.isprintable():
        raise UsageError(f"--run-name {name!r} cannot be the name of a run")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise UsageError(f"--run-name {name[:20]}...: more than {MAX_NAME_BYTES} bytes")
    return name or datetime.datetime.now().strftime("%Y%m%d_%H%M%S")
