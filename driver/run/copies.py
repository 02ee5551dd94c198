"""Copies of the learned weights, in a folder beside all runs: ``--save-weights-dir``."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator, Sequence
from pathlib import Path

from driver.files import replace_file
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import UsageError
from driver.run.folder import can_be_made
from driver.run.request import Request

FLAG = "--save-weights-dir"


def check(request: Request, seeds: Sequence[int]) -> None:
    """Raise `UsageError` unless the weights of `seeds` can be copied; touches nothing.

    A copy that this very run has made, before it was ended, is none that would be lost.
    """
    options = request.options
    folder = options.save_weights_dir
    if folder is None:
        return
    if not cli.option(request.argv, FLAG, str(folder)).strip():
        raise UsageError(f"{FLAG} '' names no folder")
    if not can_be_made(folder):
        raise UsageError(f"{FLAG} {folder}: there is no folder that can be written to")
    if options.overwrite and not options.go_on:  # typed: going on may decide to overwrite the run
        return
    for source, target in pairs(request, seeds):
        if target.exists() and not (source.exists() and filecmp.cmp(source, target, False)):
            raise UsageError(
                f"{FLAG} {folder}: {target.name} exists; give another folder or --save-tag, or "
                "--overwrite to replace it"
            )


def write(request: Request, seeds: Sequence[int]) -> None:
    """Copy weights and sidecars of finished seeds; raises what `check` does."""
    check(request, seeds)
    folder = request.options.save_weights_dir
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for source, target in pairs(request, seeds):
        replace_file(target, lambda file, source=source: file.write(source.read_bytes()))


def pairs(request: Request, seeds: Sequence[int]) -> Iterator[tuple[Path, Path]]:
    """File in the run folder, and its copy."""
    for seed in seeds:
        for ending in (".npz", "_params.json"):
            name = f"{request.options.save_tag}_seed_{seed}{ending}"
            yield request.folder.artifacts / name, request.options.save_weights_dir / name
