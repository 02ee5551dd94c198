"""A run from its first file to its last: folder, seeds, results, summary."""

from __future__ import annotations

import dataclasses
import json
import logging
import shlex
from dataclasses import asdict
from pathlib import Path

from driver import progress
from driver.isolation import run_isolated
from driver.run_folder import PARAMS, SUMMARY, environment
from models.lateral_line import checkpoint, summary
from models.lateral_line.options import Request
from models.lateral_line.saved import Run
from models.lateral_line.wiring import topographic_contacts

SCHEMA_VERSION = 2
FAILED, INTERRUPTED = 1, 130


def execute(request: Request) -> int:
    """Run all seeds; returns the exit status.

    Several seeds run one after the other, each in a process of its own: memory returns to the
    system, and a seed that dies costs that seed.
    """
    folder = request.folder
    if request.continues_in_place:
        reopen(request)
    else:
        folder.create(request.options.overwrite)
    folder.write_json(PARAMS, parameter_file(request))
    file = request.log_folder / f"{folder.path.name}.log"
    log = progress.open_log(folder.path.name, file, append=request.continues_in_place)
    for adjustment in request.adjustments:
        log.warning(str(adjustment))
    try:
        failed = run_seeds(request, log)
        finish(request, failed, log)
        return FAILED if failed else 0
    except KeyboardInterrupt:
        log.warning(kept(request))
        return INTERRUPTED
    except Exception as error:  # a run that dies says why, in its log too
        log.error(f"failed: {error} (details in {file})", exc_info=True)
        return FAILED
    finally:
        progress.close_log(log)


def reopen(request: Request) -> None:
    """Take back what said that the run is complete; its checkpoints stay."""
    (request.folder.path / SUMMARY).unlink(missing_ok=True)
    for seed in request.seeds:
        (request.folder.artifacts / f"seed_{seed}_results.json").unlink(missing_ok=True)


def parameter_file(request: Request) -> dict:
    """Content of ``params.json``."""
    from models.lateral_line.results import parameters

    return {
        "schema_version": SCHEMA_VERSION,
        "mode": request.options.mode,
        "seed_start": request.params.seed,
        "multi_seed": request.options.multi_seed,
        "run_folder": request.folder.path.name,
        **parameters(request.params, request.stimulus),
        "environment": environment(request.options.backend, request.argv),
        "cli_adjustments": [asdict(a) for a in request.adjustments],
    }


def run_seeds(request: Request, log: logging.Logger) -> list[int]:
    """Run every seed; returns those that failed."""
    if len(request.seeds) == 1:
        run_seed(request, log)
        return []
    failed = []
    for seed in request.seeds:
        params = dataclasses.replace(request.params, seed=seed)
        status = run_isolated(run_seed_alone, dataclasses.replace(request, params=params))
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        if status:
            failed.append(seed)
            log.error(f"seed {seed} failed (status {status}); see its log in {request.log_folder}")
    return failed


def run_seed_alone(request: Request) -> int:
    """A seed in its own process, with its own log; returns the exit status."""
    name = f"{request.folder.path.name}_seed_{request.params.seed}"
    file = request.log_folder / f"{name}.log"
    log = progress.open_log(name, file, append=request.continues_in_place)
    try:
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
    from models.lateral_line import results
    from models.lateral_line.protocol import simulate

    options, params, folder = request.options, request.params, request.folder
    log.info(f"{options.mode}, seed {params.seed}: {headline(params)}")
    result = simulate(
        params,
        folder.artifacts / checkpoint.name(params.seed),
        resumed_checkpoint(request),
        stimulus=request.stimulus,
        backend=options.backend,
        log=log,
    )
    results.save_learning_artifacts(result, folder, options.mode, options.save_tag)
    draw(request, log)
    for line in summary.closing_lines(read_results(request, params.seed)):
        log.info(line)


def resumed_checkpoint(request: Request) -> Path | None:
    """Checkpoint to go on from; None for a seed that an interrupted run had not begun."""
    source = request.options.resume_from
    if source is None:
        return None
    path = checkpoint.find(source, request.params.seed)
    return path if path.exists() or not request.continues_in_place else None


def draw(request: Request, log: logging.Logger) -> None:
    """Draw the figures of one seed from its files."""
    from models.lateral_line.figures import draw_seed

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
    path = request.folder.artifacts / f"seed_{seed}_results.json"
    return json.loads(path.read_text(encoding="utf-8"))


def finish(request: Request, failed: list[int], log: logging.Logger) -> None:
    """Write ``run_summary.json``, the last file of a run, and say where everything lies."""
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


def kept(request: Request) -> str:
    """What an interrupted run leaves behind."""
    folder = request.folder
    done = [s for s in request.seeds if (folder.artifacts / f"seed_{s}_results.json").exists()]
    points = [s for s in request.seeds if (folder.artifacts / checkpoint.name(s)).exists()]
    text = f"interrupted; {folder.path} keeps the parameters"
    if done:
        text += f", the results of seed {', '.join(map(str, done))}"
    if set(points) - set(done):
        text += f", a checkpoint of seed {', '.join(str(s) for s in points if s not in done)} "
        text += f"(go on with: {continuation(request)})"
    return text


def continuation(request: Request) -> str:
    """The command that goes on with an interrupted run, in its folder."""
    ours = ["--run-name", request.folder.path.name, "--resume-from", str(request.folder.path)]
    typed = [word for word in request.argv if word != "--overwrite"]
    return shlex.join(["python", "ll_stdp_brian2.py", *typed, *ours])
