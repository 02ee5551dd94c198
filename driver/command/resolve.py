"""From the command line to a run that can be made where it is to lie."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from driver.experiment.going_on import require_precision
from driver.flags.from_dataclass import UsageError
from driver.room import Room
from driver.run import checkpoint, copies
from driver.run.folder import PARAMS, in_use
from driver.run.request import Request, held, occupied
from driver.run.saved import NotARun, read_json


def resolve(room: Room, argv: Sequence[str]) -> Request:
    """Read the command line, and look whether its run can be made where it is to lie.

    Raises
    ------
    UsageError
        For anything that cannot be run, with the flag, the value and what is allowed.
    """
    request = room.read(argv)
    if request.options.trust_edited:
        room = room.trusting()
    if request.options.go_on:
        request = going_on(room, request)
    if request.is_complete:
        return request
    folder = request.folder
    if request.continues_in_place:
        folder.check_again()
    elif not request.is_named:
        folder.check_root()
    elif request.options.overwrite or not (folder.path / PARAMS).exists():
        folder.check(request.options.overwrite)
    else:
        folder.check_links()
        folder.check_unused()
        raise UsageError(occupied(request, room.open))
    check_log(request)
    check_checkpoints(room, request)
    copies.check(request, request.seeds)
    return request


def check_log(request: Request) -> None:
    """Raise `UsageError` for a log that would be written through a link, or to what is no file."""
    several = request.seeds if len(request.seeds) > 1 else ()
    for file in (request.log_file, *map(request.log_file_of, several)):
        if file.is_symlink() or file.exists() and not file.is_file():
            raise UsageError(f"{file} is a link or no file: remove it, or give another --run-name")


def going_on(room: Room, request: Request) -> Request:
    """The request that finishes what is in its folder.

    Raises
    ------
    UsageError
        If there is another run.
    """
    options, folder = request.options, request.folder
    if not (options.run_name or "").strip():
        raise UsageError("--go-on needs --run-name: which run?")
    if options.resume_from or options.overwrite:
        raise UsageError("--go-on decides by itself whether to resume or to overwrite")
    if not folder.mine and folder.in_use:  # who was ended may still be saving
        print(f"{in_use(folder.path)}; waiting for it, a minute at most", file=sys.stderr)
        folder.wait_unused()
    match held(request, room.open):
        case "complete":
            return dataclasses.replace(request, is_complete=True)
        case "checkpoint":
            options = dataclasses.replace(options, resume_from=folder.path)
        case "parameters":
            options = dataclasses.replace(options, overwrite=True)
    return dataclasses.replace(request, options=options)


def check_checkpoints(room: Room, request: Request) -> None:
    """Every seed of a resumed run has a checkpoint of the same seed, sizes and recipe.

    In the run's own folder some seeds may not have come so far; they start from the beginning.
    """
    source = request.options.resume_from
    if source is None:
        return
    if request.continues_in_place:
        check_same_seeds(request)
    find = checkpoint.find
    begun = [seed for seed in request.seeds if checkpoint.exists(find(source, seed))]
    if not begun and request.continues_in_place:
        raise UsageError(
            f"--resume-from {source}: it was ended before its first checkpoint; nothing is lost by "
            "--overwrite in the place of --resume-from"
        )
    for seed in begun if request.continues_in_place else request.seeds:
        try:
            require_precision(find(source, seed), request.options.precision)
            room.check_checkpoint(request.of(seed), find(source, seed))
        except ValueError as error:
            raise UsageError(str(error)) from None


def check_same_seeds(request: Request) -> None:
    """A folder keeps its seeds: files of some and a summary of others would be a mixed run."""
    try:
        stored = read_json(request.folder.path / PARAMS, trust=True)
        seeds = stored["seed_start"], stored["multi_seed"]
    except NotARun:
        return
    if seeds != (request.params.seed, request.options.multi_seed):
        raise UsageError(
            f"--resume-from {request.options.resume_from}: to go on in this folder give "
            f"--seed-start {seeds[0]} --multi-seed {seeds[1]}, or another --run-name"
        )
