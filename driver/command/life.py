"""A run from its first file to its last: folder, seeds, results, summary, whatever the model."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from driver.command.resolve import going_on
from driver.engine.timing.profile import FIGURES, Profile, part, table
from driver.files import remove_parts
from driver.room import Room
from driver.run import checkpoint, copies, progress
from driver.run.environment import environment
from driver.run.folder import (
    FAILED,
    PARAMS,
    REPORT,
    REPORT_EVERY_S,
    SUMMARY,
    RunFolder,
    new_folder,
)
from driver.run.isolation import INTERRUPTED, run_isolated
from driver.run.request import Request, continuation, too_many
from driver.run.saved import NotARun, checksum, read_json
from driver.run.status import Status


def execute(room: Room, request: Request) -> int:
    """Run all seeds; returns the exit status.

    Several seeds run in processes of their own, `jobs` at once: memory returns to the system, and
    a seed that dies costs that seed.

    Raises
    ------
    UsageError
        If another process has begun to work in the folder.
    OSError
        If the folder, its parameters or the log cannot be written.
    """
    if not request.is_complete:
        request = placed(request)
        with request.folder.claimed():
            if request.options.go_on:  # another one may have been here since we looked
                options = dataclasses.replace(request.options, resume_from=None, overwrite=False)
                room = room.trusting() if options.trust_edited else room
                request = going_on(room, dataclasses.replace(request, options=options))
            if not request.is_complete:
                return run_claimed(room, request)
    print(f"{request.folder.path} is complete", file=sys.stderr)
    return 0


def placed(request: Request) -> Request:
    """The request in a folder of its own, if it has no name: others may start this second."""
    if request.is_named:
        return request
    folder = RunFolder(new_folder(request.folder.path))
    return dataclasses.replace(request, folder=folder)


def run_claimed(room: Room, request: Request) -> int:
    """Run all seeds in a folder that is ours; returns the exit status."""
    folder, left = request.folder, []
    if request.continues_in_place:
        reopen(request)
    else:
        left = folder.create(request.options.overwrite)
    folder.write_json(PARAMS, parameter_file(room, request))
    file = request.log_file
    log = progress.open_log(folder.path.name, file, append=request.continues_in_place)
    try:
        if left:
            names = ", ".join(str(path.relative_to(folder.path)) for path in left)
            log.warning(f"left in {folder.path}, as no run writes them: {names}")
        return run_logged(room, request, log, file)
    finally:
        progress.close_log(log)


def run_logged(room: Room, request: Request, log: logging.Logger, file: Path) -> int:
    """Run all seeds with an open log; returns the exit status."""
    log.info(started(request))
    for adjustment in request.adjustments:
        log.warning(str(adjustment))
    jobs = min(request.options.jobs, len(request.seeds))
    if warning := too_many(request.options.threads, jobs):
        log.warning(warning)
    profile = Profile() if request.options.profile else None
    try:
        failed = run_seeds(room, request, log, profile)
        finish(room, request, failed, log, profile)
        if failed:
            log.warning(kept(request))
        return FAILED if failed else 0
    except KeyboardInterrupt:
        log.warning(f"interrupted; {kept(request)}")
        return INTERRUPTED
    except Exception as error:  # a run that dies says why, in its log too
        log.error(f"failed: {error} (details in {file})", exc_info=True)
        log.warning(kept(request))
        return getattr(error, "exit_status", FAILED)


def parameter_file(room: Room, request: Request) -> dict:
    """Content of ``params.json``."""
    return {
        "schema_version": room.format.schema_version,
        "mode": request.options.mode,
        "seed_start": request.params.seed,
        "multi_seed": request.options.multi_seed,
        "run_folder": request.folder.path.name,
        **room.parameter_file(request),
        "environment": environment(
            request.options.backend,
            room.format.integrator,
            request.argv,
            request.options.precision,
        ),
        "earlier": earlier(request),
        "cli_adjustments": [asdict(a) for a in request.adjustments],
    }


def started(request: Request) -> str:
    """First line of a log; it tells the logs of two runs of one name apart."""
    run = read_json(request.folder.path / PARAMS)
    return f"run {run['run_folder']}, started {run['environment']['start_time_utc']}"


# --- going on in the folder of a run -------------------------------------------------------


def reopen(request: Request) -> None:
    """Take back what said that the run is complete, and what was drawn of seeds to be redone.

    Checkpoints stay, and so do seeds that this very run has finished.
    """
    folder = request.folder
    remove_parts(folder.path)
    redone = [seed for seed in request.seeds if not is_finished(request, seed)]
    stale = [folder.path / SUMMARY, folder.path / REPORT]
    stale += [folder.results_file(seed) for seed in redone]
    for figure in folder.figures.glob("*.png"):
        seed = re.search(r"_seed_(\d+)\.png$", figure.name)
        if redone and (seed is None or int(seed.group(1)) in redone):
            stale.append(figure)
    for file in stale:
        file.unlink(missing_ok=True)


def is_finished(request: Request, seed: int) -> bool:
    """Whether a seed of a resumed run has its results, its weights and its figures already."""
    folder, tag = request.folder, request.options.save_tag
    try:
        results = read_json(folder.results_file(seed))
        done = read_json(folder.status_file(seed))["phase"] == "done"
    except NotARun:
        return False
    same = results["params_sha256"] == checksum(*request.of(seed).parts.values())
    named = f"*_seed_{seed}.png" if len(request.seeds) > 1 else "*.png"
    drawn = any(folder.figures.glob(named)) or not request.options.figures
    return done and same and drawn and (folder.artifacts / f"{tag}_seed_{seed}.npz").exists()


def earlier(request: Request) -> list[dict]:
    """Environments of the goes before this one, if the run goes on in its folder."""
    if not request.continues_in_place:
        return []
    try:
        before = read_json(request.folder.path / PARAMS, trust=True)
        return [*before["earlier"], before["environment"]]
    except NotARun:  # an older run folder, or none
        return []


# --- seeds ---------------------------------------------------------------------------------


def run_seeds(
    room: Room, request: Request, log: logging.Logger, profile: Profile | None = None
) -> list[int]:
    """Run every seed that is not finished; returns those that failed."""
    seeds = request.seeds
    if request.continues_in_place:
        seeds = [seed for seed in seeds if not is_finished(request, seed)]
        n_done = len(request.seeds) - len(seeds)
        if n_done:
            log.info(f"{n_done} of {len(request.seeds)} seeds are finished already")
    if len(request.seeds) == 1:
        for _ in seeds:
            run_seed(room, request, log, profile)
        return []
    alone = [(room, request.of(seed)) for seed in seeds]
    failed = []
    with contextlib.closing(
        run_isolated(run_seed_alone, alone, request.options.jobs)
    ) as ended_seeds:
        for (_, ended), status in ended_seeds:
            if status == INTERRUPTED:
                raise KeyboardInterrupt
            if status:
                failed.append(ended.params.seed)
                where = f"see its log in {request.log_folder}"
                log.error(f"seed {ended.params.seed} failed (status {status}); {where}")
    return sorted(failed)


def run_seed_alone(job: tuple[Room, Request]) -> int:
    """A seed in its own process, with its own log; returns the exit status."""
    room, request = job
    file = request.log_file_of(request.params.seed)
    log = progress.open_log(file.stem, file, append=request.continues_in_place)
    try:
        log.info(started(request))
        run_seed(room, request, log)
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        log.error(f"failed: {error} (details in {file})", exc_info=True)
        return getattr(error, "exit_status", FAILED)
    finally:
        progress.close_log(log)


def run_seed(
    room: Room, request: Request, log: logging.Logger, profile: Profile | None = None
) -> None:
    """Simulate one seed and write all of its files; closing lines last."""
    folder, seed, unit = request.folder, request.params.seed, room.format.unit
    log.info(f"{request.options.mode}, seed {seed}: {room.headline(request)}")
    status = Status(
        folder.status_file(seed),
        profile,
        seed=seed,
        **{unit: 0, f"n_{unit}s": room.length(request)},
        backend=None,
    )
    try:
        if profile is not None:
            profile.phase("preparing")
        room.run_seed(request, log, status, reporting(room, request, log, profile))
        if request.options.figures:
            status.phase("drawing")
            drawn(lambda: draw(room, request, log), request, log)
        status.phase("done")
    except BaseException as error:
        status.phase("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    for line in room.closing_lines(read_json(folder.results_file(seed))):
        log.info(line)


# --- pictures ------------------------------------------------------------------------------


def reporting(
    room: Room, request: Request, log: logging.Logger, profile: Profile | None
) -> Callable[[], object]:
    """What is done after a checkpoint: now and then the report, if the run has one."""
    if not request.options.figures:
        return lambda: None

    def now() -> None:
        with part(profile, FIGURES):
            report(room, request)

    return progress.Seldom(now, REPORT_EVERY_S, log.warning)


def report(room: Room, request: Request) -> Path:
    """Write the report of the run as far as it has come."""
    return room.write_report(room.open(request.folder.path))


def drawn(draw: Callable[[], None], request: Request, log: logging.Logger) -> None:
    """Draw; a picture that fails costs the picture, not the numbers that are saved already."""
    try:
        draw()
    except Exception as error:
        again = f"python {request.format.prog} figures {request.folder.path}"
        log.warning(f"not drawn: {error}; draw it later: {again}, and the same with report")
        log.debug("details", exc_info=True)


def draw(room: Room, request: Request, log: logging.Logger) -> None:
    """Draw the figures of one seed from its files."""
    run = room.open(request.folder.path)
    files = room.draw_seed(run.seed(request.params.seed))
    log.info(f"{len(files)} figures in {request.folder.figures}")


def show(room: Room, request: Request, log: logging.Logger) -> None:
    """Draw what belongs to all seeds, and write the report."""
    room.draw_summary(room.open(request.folder.path))
    log.info(f"look at {report(room, request)}")


# --- the end -------------------------------------------------------------------------------


def finish(
    room: Room,
    request: Request,
    failed: list[int],
    log: logging.Logger,
    profile: Profile | None = None,
) -> None:
    """Write ``run_summary.json``, which completes a run, and the report that is drawn from it."""
    folder = request.folder
    done = [seed for seed in request.seeds if seed not in failed]
    rows = [read_json(folder.results_file(seed)) for seed in done]
    copies.write(request, done)
    summary = room.run_summary(request, rows, failed)
    folder.write_json(SUMMARY, summary)
    if len(request.seeds) > 1:
        log.info("")
        for row in rows:
            log.info(room.seed_line(row))
        for seed in failed:
            log.info(f"Seed {seed} failed")
        for line in over_seeds(room, rows):
            log.info(line)
    log.info(f"everything is in {folder.path}")
    if request.options.figures:
        with part(profile, FIGURES):
            drawn(lambda: show(room, request, log), request, log)
    if profile is not None:  # last: it knows what the figures took
        spent = profile.summary()
        folder.write_json(SUMMARY, summary | {"profile": spent})
        for line in table(spent):
            log.info(line)
    if not failed:
        room.completed(request)


def over_seeds(room: Room, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """What decides, trained and untrained, over the finished seeds."""
    metric = room.deciding(results[0]) if results else None
    if metric is None:
        return []
    from driver.experiment.comparison import seed_lines

    return seed_lines(metric, [{"seed": r["seed"]} | room.sweep_row(r) for r in results])


def kept(request: Request) -> str:
    """What an unfinished run leaves behind."""
    folder, prog = request.folder, request.format.prog
    done = [s for s in request.seeds if folder.results_file(s).exists()]
    points = [s for s in request.seeds if checkpoint.exists(request.of(s).checkpoint)]
    text = f"{folder.path} keeps the parameters"
    if done:
        text += f", the results of seed {', '.join(map(str, done))}"
    if set(points) - set(done):
        text += f", a checkpoint of seed {', '.join(str(s) for s in points if s not in done)}"
    if points and set(request.seeds) - set(done):
        text += f" (go on with: {continuation(folder.path, request.argv, begun=True, prog=prog)})"
    return text
