"""What is looked at before a run begins: flags that clash or do nothing, checkpoints, weights."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from driver import backend, cli
from driver.cli import Adjustment, UsageError
from driver.randomness import MAX_SEED
from driver.run_folder import MAX_NAME_BYTES, PARAMS
from models.lateral_line.params import NetworkParams
from models.lateral_line.relations import path_ends
from stimulus import StimulusParams

if TYPE_CHECKING:
    from models.lateral_line.extract import Source
    from models.lateral_line.options import Request, RunOptions


def without_effect(given: frozenset[str], p: NetworkParams) -> list[Adjustment]:
    """Flags that were typed and change nothing in this run."""
    plastic = {name for name in given if name.startswith("ll_mon_")} - {
        *("ll_mon_use_stdp", "ll_mon_bernoulli", "ll_mon_w_mean_mV", "ll_mon_w_jitter_mV"),
    }
    loop = {"ts_to_global_inh_p", "ts_to_global_inh_drive_mV", "global_inh_to_ts_mV"}
    fixed = {"ll_mon_w_mean_mV", "ll_mon_w_jitter_mV"}
    bernoulli = p.ll_mon_bernoulli and p.ll_to_mon_topography_strength == 0
    idle = [
        (plastic, not p.ll_mon_use_stdp, "no effect without --use-ll-mon-stdp"),
        (fixed & given, p.ll_mon_use_stdp, "no effect with --use-ll-mon-stdp"),
        (loop & given, not p.use_ts_feedback_inh, "no effect without --use-ts-feedback-inh"),
        (
            {"p_ll_to_mon"} & given,
            not bernoulli,
            "used only with --ll-mon-bernoulli at --ll-mon-topo 0",
        ),
        (
            {"ll_mon_bernoulli"} & given,
            p.ll_mon_bernoulli and p.ll_to_mon_topography_strength > 0,
            "no effect unless --ll-mon-topo is 0",
        ),
    ]
    infos = cli.fields(NetworkParams)
    found = [
        Adjustment(infos[name].flag, getattr(p, name), getattr(p, name), reason)
        for names, is_idle, reason in idle
        if is_idle
        for name in sorted(names)
    ]
    signs = (("apre", "ll_mon_apre"), ("apre", "mon_ts_apre"))
    signs += (("apost", "ll_mon_apost"), ("apost", "mon_ts_apost"))
    for kind, name in signs:
        value = getattr(p, name)
        if value < 0 if kind == "apre" else value > 0:
            usual = "negative: pre before post depresses"
            usual = usual if kind == "apre" else "positive: post before pre potentiates"
            found.append(Adjustment(infos[name].flag, value, value, usual))
    return found


def check_conflicts(
    given: frozenset[str], p: NetworkParams, stimulus: StimulusParams, options: RunOptions
) -> None:
    """Combinations in which one flag would silently overrule another."""
    bounds = {"training_distance_min_cm", "training_distance_max_cm"} & given
    if p.training_fixed_distance and bounds:
        flag = "--" + sorted(bounds)[0].replace("_", "-")
        raise UsageError(
            f"{flag} has no effect with --training-fixed-distance, which trains at "
            f"{stimulus.mu_distance_cm:g} cm; give --no-training-fixed-distance"
        )
    check_rates(p, stimulus)
    if options.multi_seed - 1 + p.seed > MAX_SEED:
        raise UsageError(f"--multi-seed {options.multi_seed} from --seed-start {p.seed}: too large")
    check_tag(options.save_tag)
    if options.backend in ("cython", "cpp_standalone") and not backend.compiler():
        raise UsageError(f"--backend {options.backend} needs a C++ compiler; none found")
    check_path(p)


def check_path(p: NetworkParams) -> None:
    """The test passes the body, at least in part."""
    low, high = p.body_window_cm
    start, end = sorted(path_ends(p))
    if not (low < end and high > start):
        raise UsageError(f"--test-path-cm {p.test_path_cm:g} ends before it reaches the body")


def check_tag(tag: str) -> None:
    """The prefix of the weight artifact makes a file name of its own."""
    too_long = len(tag.encode()) > MAX_NAME_BYTES
    if tag.strip() in ("", ".", "..") or set("/\\") & set(tag) or too_long:
        raise UsageError(f"--save-tag {tag[:40]!r} is not a file name")
    if tag == "mid_checkpoint":
        raise UsageError(f"--save-tag {tag!r} is the name of the checkpoint")


def check_rates(p: NetworkParams, stimulus: StimulusParams) -> None:
    """An afferent fires at most once a step; extra test noise is reckoned with 4 SD."""
    subtracted = p.ll_rate_baseline_subtract_hz
    subtracted += stimulus.r0_hz if p.ll_rate_mode == "modulation" else 0.0

    def fits(rate_hz: float, gain: float) -> bool:
        return max(0.0, rate_hz - subtracted) * gain * p.dt_s <= 1

    noisy_hz = stimulus.rmax_hz + 4 * p.test_ll_noise_hz
    for flag, value, holds in (
        ("rmax-hz", stimulus.rmax_hz, fits(stimulus.rmax_hz, 1.0)),
        ("ll-rate-gain", p.ll_rate_gain, fits(stimulus.rmax_hz, p.ll_rate_gain)),
        ("test-ll-noise-hz", p.test_ll_noise_hz, fits(noisy_hz, p.ll_rate_gain)),
    ):
        if not holds:
            raise UsageError(
                f"--{flag} {value:g} allows LL rates of more than one spike per step, "
                f"{1 / p.dt_s:g} Hz"
            )


def check_checkpoints(request: Request) -> None:
    """Every seed of a resumed run has a checkpoint of the same seed, sizes and recipe.

    In the run's own folder some seeds may not have come so far; they start from the beginning.
    """
    source = request.options.resume_from
    if source is None:
        return
    from models.lateral_line import checkpoint

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
        path = find(source, seed)
        params = dataclasses.replace(request.params, seed=seed)
        try:
            stored, _ = checkpoint.read(path)
            checkpoint.require_same(stored, params, request.stimulus, path)
        except ValueError as error:
            raise UsageError(str(error)) from None


def held(request: Request) -> str:
    """What the folder of a request holds of the very run that is asked for.

    Returns
    -------
    {'nothing', 'parameters', 'checkpoint', 'complete'}

    Raises
    ------
    UsageError
        If it holds a run of other parameters.
    """
    from models.lateral_line import checkpoint
    from models.lateral_line.saved import NotARun, Run

    folder = request.folder.path
    if not (folder / PARAMS).exists():
        return "nothing"
    try:
        run = Run(folder)
    except NotARun as error:
        raise UsageError(str(error)) from None
    ours = request.params, request.stimulus, request.seeds
    if (run.params, run.stimulus, run.seeds) != ours:
        raise UsageError(f"{folder} holds a run of other parameters: choose another name")
    if run.summary is not None and run.finished == run.seeds:
        return "complete"
    begun = any(checkpoint.exists(checkpoint.find(folder, seed)) for seed in run.seeds)
    return "checkpoint" if begun else "parameters"


def check_same_seeds(request: Request) -> None:
    """A folder keeps its seeds: files of some and a summary of others would be a mixed run."""
    try:
        stored = json.loads((request.folder.path / PARAMS).read_text(encoding="utf-8"))
        seeds = stored["seed_start"], stored["multi_seed"]
    except (OSError, ValueError, KeyError):
        return
    if seeds != (request.params.seed, request.options.multi_seed):
        raise UsageError(
            f"--resume-from {request.options.resume_from}: to go on in this folder give "
            f"--seed-start {seeds[0]} --multi-seed {seeds[1]}, or another --run-name"
        )


def check_weights(request: Request, source: Source) -> None:
    """The weights of every seed are there, and only the test differs from their own run."""
    from models.lateral_line import extract

    if request.options.disable_all_stdp:
        raise UsageError("--disable-all-stdp has no effect with --weights-from: nothing is trained")
    if request.folder.path.resolve() == source.folder.resolve():
        raise UsageError(f"--run-name {request.folder.path.name}: the weights lie there")
    try:
        extract.check_same_network(source, request.params, request.stimulus)
        for seed in request.seeds:
            source.stored(seed)
    except ValueError as error:
        flag = "" if str(error).startswith("--") else "--weights-from: "
        raise UsageError(f"{flag}{error}") from None
