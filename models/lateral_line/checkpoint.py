"""Checkpoints: everything that a training needs to go on, in one file, replaced atomically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import driver.run.checkpoint as files
from driver.engine.model import Spikes
from driver.experiment import going_on
from driver.experiment.going_on import Arrays, Start, identity
from models.lateral_line import values
from models.lateral_line.format import FORMAT
from models.lateral_line.params import NetworkParams
from models.lateral_line.records import SERIES, Records
from models.lateral_line.training import Training, tail_start
from models.lateral_line.wiring import Wiring
from stimulus import StimulusParams

HOLDER = "extract"  # marks a file of weights alone, as older programs wrote them for tests
# what may differ between the run that wrote a checkpoint and the one that continues it
FREE = {
    "n_training_trials",
    "checkpoint_save_every_n_checkpoints",
    "test_ll_noise_hz",
    "test_path_cm",
    "test_passes",
    "test_there_and_back",
    "test_using_held_snapshots",
    "keep_mon_ts_stdp_during_test",
    "mon_ts_gain_test_mV",
    "distance_cm",
    "direction",
    "eval_x_min_cm",
    "eval_x_max_cm",
}


def save(path: Path, training, sim) -> None:
    """Write a checkpoint.

    ``state.*`` is the state at the end of the trial, before the homeostasis that may fall due
    there (it stands before the next step); ``mon_ts_w``, ``ll_mon_w_mV`` are the weights after it.
    """
    settled = sim.settle(training.state, training.done * sim.params.trial_steps)
    records: Records = training.records
    arrays = {
        "schema_version": FORMAT.schema_version,
        "seed": sim.params.seed,
        "trial_idx": training.done - 1,
        "mon_ts_w": sim.wiring.mon_ts.from_network(settled["mon_ts.w"]),
        "ll_mon_w_mV": sim.wiring.ll_mon.from_network(settled["ll_mon.w"]) / values.MV,
        "ll_mon_homeo_target_mV": sim.wiring.ll_mon_target_mV,
        "mon_ts_w_before": sim.wiring.mon_ts.from_network(records.w_before),
        "tracked_idx": sim.wiring.mon_ts.order[records.tracked],
        **identity_of(sim.params, sim.stimulus, sim.precision),
        "wiring_sha256": sim.wiring.sha256,
        "w_last": records.w_last,
        **records.arrays(),
        **{f"state.{key}": array for key, array in training.state.items()},
        **{f"count.{key}": n for key, n in training.counts.items()},
    }
    for key, spikes in training.tail.items():
        arrays[f"tail.{key}.i"], arrays[f"tail.{key}.step"] = spikes.index, spikes.step
    files.save(path, arrays)


def load(path: Path, sim) -> tuple[Training, str | None]:
    """Read a checkpoint written for the same seed, sizes and recipe.

    Returns
    -------
    training : Training
    complaint : str or None
        Why the backup had to stand in.

    Raises
    ------
    ValueError
        Naming what differs, or that the file cannot be read.
    """
    stored, complaint = files.resumed(path)
    require_same(stored, sim.params, sim.stimulus, path)
    records = Records.start(sim.params, sim.initial_state()["mon_ts.w"])
    records.series = {key: list(stored[key]) for key in SERIES}
    records.w_last = stored["w_last"]
    records.trial = int(stored["trial_idx"]) + 1
    kept = tail_start(sim.params), sim.params.training_steps
    training = Training(
        state={key: stored[f"state.{key}"] for key in values.state_of(sim.params)},
        done=records.trial,
        records=records,
        counts={key: int(stored[f"count.{key}"]) for key in values.POPULATIONS},
        tail={
            key: Spikes(stored[f"tail.{key}.i"], stored[f"tail.{key}.step"]).between(*kept)
            for key in values.POPULATIONS
        },
    )
    return training, complaint


def identity_of(
    params: NetworkParams, stimulus: StimulusParams, precision: str = "double"
) -> dict[str, Any]:
    """By which a checkpoint knows its run."""
    parts = {"network_params": params, "stimulus_params": stimulus}
    return identity(FORMAT, parts, precision)


def require_same(
    stored: Arrays, params: NetworkParams, stimulus: StimulusParams, path: Path
) -> None:
    """Raise `ValueError` unless the checkpoint is of this seed, these sizes and this recipe."""
    if HOLDER in stored:
        raise ValueError(
            f"--resume-from: {path} holds weights alone; to test them give --weights-from and the "
            f"folder of the run that learned them, {json.loads(str(stored['source_json']))['run']}"
        )
    needed = ["wiring_sha256", "trial_idx", "w_last", *SERIES]
    needed += ["mon_ts_w_before", "ll_mon_homeo_target_mV"]
    needed += [f"state.{key}" for key in values.state_of(params)]
    for name in values.POPULATIONS:
        needed += [f"count.{name}", f"tail.{name}.i", f"tail.{name}.step"]
    free = FREE if goes_on_alike(params) else FREE - {"n_training_trials"}
    ours = identity_of(params, stimulus)
    going_on.require_same(stored, ours, path, mark="state.mon.v", needed=needed, free=free)
    wiring = Wiring.of(params)
    if str(stored["wiring_sha256"]) != wiring.sha256:
        raise ValueError(f"--resume-from: {path} belongs to another wiring")
    first = wiring.mon_ts_w_init
    if "precision" in stored:
        first = first.astype(np.float32)
    same_start = np.array_equal(stored["mon_ts_w_before"], first) and stored[
        "ll_mon_homeo_target_mV"
    ] == np.float64(wiring.ll_mon_target_mV)
    if not same_start:  # another NumPy may draw other numbers
        raise ValueError(f"--resume-from: {path} began with other weights")
    try:
        check_content(stored, params, start_of(params, wiring))
    except ValueError as error:
        raise ValueError(f"--resume-from: {path}: {error}") from None
    trials = int(stored["trial_idx"]) + 1
    if trials > params.n_training_trials:
        raise ValueError(
            f"--resume-from: {path} holds {trials} trials, "
            f"more than --n-training-trials {params.n_training_trials}"
        )


def start_of(params: NetworkParams, wiring: Wiring) -> Start:
    """How a network begins, and within which bounds its weights stay."""
    limits = values.plasticity(params)
    if not params.ll_mon_use_stdp:
        limits["ll_mon.w_max"] = wiring.ll_mon_w_init_mV.max(initial=0.0) * values.MV
    return Start(values.initial_state(params, wiring), limits)


def check_content(stored: Arrays, params: NetworkParams, start: Start) -> None:
    """Raise `ValueError` for arrays that no training of these parameters can have written."""
    start.check(stored, "state.", start.state)
    trial = files.whole(stored, "trial_idx", 0, files.MANY) + 1
    for key in values.POPULATIONS:
        files.whole(stored, f"count.{key}", 0, files.MANY)
        n_cells = params.n_ll if key == "ll" else len(start.state[f"{key}.v"])
        ends = {"i": n_cells, "step": trial * params.trial_steps}
        for name, end in ends.items():
            found = stored[f"tail.{key}.{name}"]
            if found.ndim != 1 or found.dtype.kind != "i" or ((found < 0) | (found >= end)).any():
                raise ValueError(f"tail.{key}.{name}: expected are whole numbers below {end}")
    low, high = start.bounds("mon_ts.w")
    files.check_array("w_last", stored["w_last"], start.state["mon_ts.w"], low, high)
    times = stored["checkpoint_t_s"]
    if times.shape[:1] == (0,) or times[-1] != trial * params.trial_duration_s:
        raise ValueError(f"trial_idx {trial - 1} is not where its records end")
    for first, beginning in (
        ("checkpoint_t_s", "w_"),
        ("pv_ckpt_t_s", "pv_"),
        (SERIES[-1], "map_"),
    ):
        for name in [name for name in SERIES if name.startswith(beginning)]:
            if stored[name].shape[:1] != stored[first].shape[:1]:
                raise ValueError(f"{name} is not as long as {first}")


def goes_on_alike(params: NetworkParams) -> bool:
    """Whether nothing in a trial depends on the length of the training: no switch of the noise, no
    messenger that shrinks."""
    same_noise = params.training_noise_scale_early == params.training_noise_scale_late
    shrinks = (
        params.messenger_reach_start != params.messenger_reach_end
        or params.messenger_rate_start != params.messenger_rate_end
    )
    shrinks = shrinks and params.messenger_shrink_fraction > 0  # else it has from the first trial
    return same_noise and not (params.has_messenger and shrinks)
