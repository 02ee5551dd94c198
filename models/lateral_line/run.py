"""A run from its first file to its last: folder, seeds, results, summary."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from driver import progress
from driver.isolation import run_isolated
from driver.run_folder import PARAMS, SUMMARY, environment, remove_parts
from driver.status import Status
from models.lateral_line import checkpoint, summary
from models.lateral_line.options import Request
from models.lateral_line.saved import NotARun, Run, read_json
from models.lateral_line.show.watch import continuation
from models.lateral_line.wiring import topographic_contacts

SCHEMA_VERSION = 2
REPORT, REPORT_EVERY_S = "report.html", 60.0  # while a run goes on: it takes a second
FAILED, INTERRUPTED = 1, 130


def execute(request: Request) -> int:
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
    folder = request.folder
    if request.is_complete:
        print(f"{folder.path} is complete", file=sys.stderr)
        return 0
    with folder.claimed():
        if request.continues_in_place:
            reopen(request)
        else:
            folder.create(request.options.overwrite)
        folder.write_json(PARAMS, parameter_file(request))
        file = request.log_folder / f"{folder.path.name}.log"
        log = progress.open_log(folder.path.name, file, append=request.continues_in_place)
        try:
            return run_logged(request, log, file)
        finally:
            progress.close_log(log)


def run_logged(request: Request, log: logging.Logger, file: Path) -> int:
    """Run all seeds with an open log; returns the exit status."""
    log.info(started(request))
    for adjustment in request.adjustments:
        log.warning(str(adjustment))
    try:
        failed = run_seeds(request, log)
        finish(request, failed, log)
        if failed:
            log.warning(kept(request))
        return FAILED if failed else 0
    except KeyboardInterrupt:
        log.warning(f"interrupted; {kept(request)}")
        return INTERRUPTED
    except Exception as error:  # a run that dies says why, in its log too
        log.error(f"failed: {error} (details in {file})", exc_info=True)
        log.warning(kept(request))
        return FAILED


def reopen(request: Request) -> None:
    """Take back what said that the run is complete, and what was drawn of seeds to be redone.

    Checkpoints stay, and so do seeds that this very run has finished.
    """
    folder = request.folder
    remove_parts(folder.path)
    redone = [seed for seed in request.seeds if not is_finished(request, seed)]
    stale = [folder.path / SUMMARY, folder.path / REPORT]
    stale += [folder.artifacts / f"seed_{seed}_results.json" for seed in redone]
    for figure in folder.figures.glob("*.png"):
        seed = re.search(r"_seed_(\d+)\.png$", figure.name)
        if redone and (seed is None or int(seed.group(1)) in redone):
            stale.append(figure)
    for file in stale:
        file.unlink(missing_ok=True)


def is_finished(request: Request, seed: int) -> bool:
    """Whether a seed of a resumed run has its results, its weights and its figures already."""
    from models.lateral_line.results import params_sha256

    artifacts, tag = request.folder.artifacts, request.options.save_tag
    params = dataclasses.replace(request.params, seed=seed)
    try:
        results = read_json(artifacts / f"seed_{seed}_results.json")
        done = read_json(artifacts / f"seed_{seed}_status.json")["phase"] == "done"
    except NotARun:
        return False
    same = results["params_sha256"] == params_sha256(params, request.stimulus)
    drawn = any(request.folder.figures.glob(f"*_seed_{seed}.png")) or not request.options.figures
    return done and same and drawn and (artifacts / f"{tag}_seed_{seed}.npz").exists()


def parameter_file(request: Request) -> dict:
    """Content of ``params.json``."""
    from models.lateral_line.results import parameters

    return {
        "schema_version": SCHEMA_VERSION,
        "mode": request.options.mode,
        "seed_start": request.params.seed,
        "multi_seed": request.options.multi_seed,
        "run_folder": request.folder.path.name,
        "weights_from": str(request.options.weights_from or "") or None,
        **parameters(request.params, request.stimulus),
        "environment": environment(request.options.backend, request.argv),
        "earlier": earlier(request),
        "cli_adjustments": [asdict(a) for a in request.adjustments],
    }


def earlier(request: Request) -> list[dict]:
    """Environments of the goes before this one, if the run goes on in its folder."""
    if not request.continues_in_place:
        return []
    try:
        before = read_json(request.folder.path / PARAMS)
        return [*before["earlier"], before["environment"]]
    except NotARun:  # an older run folder, or none
        return []


def run_seeds(request: Request, log: logging.Logger) -> list[int]:
    """Run every seed that is not finished; returns those that failed."""
    seeds = request.seeds
    if request.continues_in_place:
        seeds = [seed for seed in seeds if not is_finished(request, seed)]
        n_done = len(request.seeds) - len(seeds)
        if n_done:
            log.info(f"{n_done} of {len(request.seeds)} seeds are finished already")
    if len(request.seeds) == 1:
        for _ in seeds:
            run_seed(request, log)
        return []
    alone = [
        dataclasses.replace(request, params=dataclasses.replace(request.params, seed=seed))
        for seed in seeds
    ]
    failed = []
    with contextlib.closing(
        run_isolated(run_seed_alone, alone, request.options.jobs)
    ) as ended_seeds:
        for ended, status in ended_seeds:
            if status == INTERRUPTED:
                raise KeyboardInterrupt
            if status:
                failed.append(ended.params.seed)
                where = f"see its log in {request.log_folder}"
                log.error(f"seed {ended.params.seed} failed (status {status}); {where}")
    return sorted(failed)


def started(request: Request) -> str:
    """First line of a log; it tells the logs of two runs of one name apart."""
    run = read_json(request.folder.path / PARAMS)
    return f"run {run['run_folder']}, started {run['environment']['start_time_utc']}"


def run_seed_alone(request: Request) -> int:
    """A seed in its own process, with its own log; returns the exit status."""
    name = f"{request.folder.path.name}_seed_{request.params.seed}"
    file = request.log_folder / f"{name}.log"
    log = progress.open_log(name, file, append=request.continues_in_place)
    try:
        log.info(started(request))
        run_seed(request, log)
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        log.error(f"failed: {error} (details in {file})", exc_info=True)
        return FAILED
    finally:
        progress.close_log(log)


def run_seed(request: Request, log: logging.Logger) -> None:
    """Simulate one seed and write all of its files; closing lines last."""
    from models.lateral_line.artifacts import save_learning_artifacts

    options, params, folder = request.options, request.params, request.folder
    log.info(f"{options.mode}, seed {params.seed}: {headline(params)}")
    status = Status(
        folder.artifacts / f"seed_{params.seed}_status.json",
        seed=params.seed,
        trial=0,
        n_trials=params.n_training_trials,
        backend=None,
    )
    try:
        result = simulated(request, log, status)
        status.phase("saving")
        save_learning_artifacts(result, folder, options.mode, options.save_tag)
        if options.figures:
            status.phase("drawing")
            drawn(lambda: draw(request, log), request, log)
        status.phase("done")
    except BaseException as error:
        status.phase("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    for line in summary.closing_lines(read_results(request, params.seed)):
        log.info(line)


def simulated(request: Request, log: logging.Logger, status: Status):
    """Train and test one seed, or test the weights that were stored for it."""
    from models.lateral_line.protocol import evaluate, simulate

    options, params, source = request.options, request.params, request.weights
    how = {"stimulus": request.stimulus, "backend": options.backend, "log": log, "status": status}
    if source is not None:
        log.info(f"testing weights of {source.folder}")
        return evaluate(params, source.stored(params.seed), **how)
    path = request.folder.artifacts / checkpoint.name(params.seed)
    if options.figures:
        how["saved"] = progress.Seldom(lambda: report(request), REPORT_EVERY_S, log.warning)
    return simulate(params, path, resumed_checkpoint(request), **how)


def report(request: Request) -> Path:
    """Write the report of the run as far as it has come."""
    from models.lateral_line.show.report import write_report

    return write_report(Run(request.folder.path))


def resumed_checkpoint(request: Request) -> Path | None:
    """Checkpoint to go on from; None for a seed that an interrupted run had not begun."""
    source = request.options.resume_from
    if source is None:
        return None
    path = checkpoint.find(source, request.params.seed)
    return path if checkpoint.exists(path) or not request.continues_in_place else None


def drawn(draw: Callable[[], None], request: Request, log: logging.Logger) -> None:
    """Draw; a picture that fails costs the picture, not the numbers that are saved already."""
    try:
        draw()
    except Exception as error:
        again = f"python ll_stdp_brian2.py figures {request.folder.path}"
        log.warning(f"not drawn: {error}; draw it later: {again}, and the same with report")
        log.debug("details", exc_info=True)


def draw(request: Request, log: logging.Logger) -> None:
    """Draw the figures of one seed from its files."""
    from models.lateral_line.show.figures import draw_seed

    files = draw_seed(Run(request.folder.path).seed(request.params.seed))
    log.info(f"{len(files)} figures in {request.folder.figures}")


def headline(p) -> str:
    def topography(strength: float, degree: int) -> str:
        return f"{strength:g} ({topographic_contacts(degree, strength)} of {degree} contacts)"

    ll_mon = topography(p.ll_to_mon_topography_strength, p.ll_to_mon_in_degree)
    mon_ts = topography(p.mon_to_ts_topography_strength, p.mon_to_ts_out_degree)
    return (
        f"{p.n_ll} LL, {p.n_mon} MON, {p.n_ts} TS; {p.n_training_trials} trials of "
        f"{p.trial_duration_s:g} s; topography {ll_mon} / {mon_ts}; "
        f"LL->MON {'plastic' if p.ll_mon_use_stdp else 'fixed'}"
    )


def read_results(request: Request, seed: int) -> dict:
    return read_json(request.folder.artifacts / f"seed_{seed}_results.json")


def finish(request: Request, failed: list[int], log: logging.Logger) -> None:
    """Write ``run_summary.json``, which completes a run, and the report that is drawn from it."""
    done = [seed for seed in request.seeds if seed not in failed]
    rows = [read_results(request, seed) for seed in done]
    request.folder.write_json(SUMMARY, summary.run_summary(request.params, rows, failed))
    if len(request.seeds) > 1:
        log.info("")
        for row in rows:
            log.info(summary.seed_line(row))
        for seed in failed:
            log.info(f"Seed {seed} failed")
    log.info(f"everything is in {request.folder.path}")
    if request.options.figures:
        drawn(lambda: show(request, log), request, log)


def show(request: Request, log: logging.Logger) -> None:
    """Draw what belongs to all seeds, and write the report."""
    from models.lateral_line.show.figures import draw_summary

    draw_summary(Run(request.folder.path))
    log.info(f"look at {report(request)}")


def kept(request: Request) -> str:
    """What an unfinished run leaves behind."""
    folder = request.folder
    done = [s for s in request.seeds if (folder.artifacts / f"seed_{s}_results.json").exists()]
    points = [s for s in request.seeds if checkpoint.exists(folder.artifacts / checkpoint.name(s))]
    text = f"{folder.path} keeps the parameters"
    if done:
        text += f", the results of seed {', '.join(map(str, done))}"
    if set(points) - set(done):
        text += f", a checkpoint of seed {', '.join(str(s) for s in points if s not in done)}"
    if points and set(request.seeds) - set(done):
        text += f" (go on with: {continuation(folder.path, request.argv, begun=True)})"
    return text
