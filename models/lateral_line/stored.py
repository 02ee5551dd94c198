"""Tests of stored weights: whose they are, and what may differ from the run that learned them.

Every parameter is that of the source run; only the test may be another. So a network is never
tested with a wiring that its weights were not learned with, nor with another gain unless the test's
own gain is asked for.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import UsageError
from driver.run.checkpoint import check_array, digest
from driver.run.request import Request
from driver.run.saved import NotARun
from models.lateral_line import published
from models.lateral_line.checkpoint import start_of
from models.lateral_line.params import NetworkParams
from models.lateral_line.protocol import Stored
from models.lateral_line.saved import Run, Seed
from models.lateral_line.values import MV
from models.lateral_line.wiring import Wiring
from stimulus import StimulusParams

# what a test may change; speed and radius are those of the source, in training and in the test
TEST = {
    *("distance_cm", "direction", "speed_cm_s", "sphere_radius_cm"),
    *("test_ll_noise_hz", "test_path_cm", "test_using_held_snapshots"),
    *("test_passes", "test_there_and_back"),
    *("eval_x_min_cm", "eval_x_max_cm", "keep_mon_ts_stdp_during_test"),
    *("mon_ts_gain_test_mV", "ll_mon_weights"),
    *("sigma_noise_hz", "tau_noise_s", "l_noise_cm"),
}
INITIAL = "ll_mon_w_init_mV", "mon_ts_w_init"
FINAL = "ll_mon_w_mV", "mon_ts_w"


def stored(seed: Seed, ll_mon_weights: Literal["final", "initial"] = "final") -> Stored:
    """Weights of a finished seed.

    With ``initial`` LL -> MON weights it is not the network as trained: the published program kept
    LL -> MON as it was before training, and tested that beside the trained MON -> TS.

    Raises
    ------
    NotARun
        If the seed is not finished, or its weights do not belong to the wiring of its parameters,
        are not numbers or out of bounds.
    ValueError
        If it does not have such LL -> MON weights.
    """
    if seed.number not in seed.run.finished:
        raise NotARun(
            f"{seed.run.folder} has no finished seed {seed.number}; choose others with "
            "--seed-start and --multi-seed"
        )
    weights, wiring = seed.weights, Wiring.of(seed.params)
    if seed.run.published:
        wiring = published.wiring(seed.params, weights)
        initial = wiring.ll_mon_w_init_mV  # the only ones
        weights = weights | {"ll_mon_w_mV": initial, "mon_ts_w_init": wiring.mon_ts_w_init}
    for name, projection in (("ll_mon", wiring.ll_mon), ("mon_ts", wiring.mon_ts)):
        same = all(
            np.array_equal(weights[f"{name}_{end}"], getattr(projection, end)) for end in "ij"
        )
        if not same:  # another NumPy may draw other numbers
            raise NotARun(f"{seed.weight_file} does not belong to the wiring of its parameters")
    start = start_of(seed.params, wiring)
    for name, like, unit in (
        *((name, "ll_mon.w", MV) for name in (INITIAL[0], FINAL[0])),
        *((name, "mon_ts.w", 1.0) for name in (INITIAL[1], FINAL[1])),
    ):
        array, bounds = weights[name], [bound / unit for bound in start.bounds(like)]
        try:
            check_array(name, array, start.state[like], *bounds)
        except ValueError as error:
            raise NotARun(f"{seed.weight_file}: {error}") from None
    check_ll_mon(seed, ll_mon_weights)
    source = seed.results["source"] or {
        "run": seed.run.name,
        "seed": seed.number,
        "n_training_trials": seed.params.n_training_trials,
    }
    if ll_mon_weights == "initial":
        weights = weights | {"ll_mon_w_mV": weights["ll_mon_w_init_mV"]}
    checksum = digest({key: weights[key] for key in (*INITIAL, *FINAL)})
    source = source | {"ll_mon_weights": ll_mon_weights, "weights_sha256": checksum}
    initial, final = (tuple(weights[key] for key in keys) for keys in (INITIAL, FINAL))
    return Stored(initial, final, source, wiring if seed.run.published else None)


def check_ll_mon(seed: Seed, ll_mon_weights: str) -> None:
    """Raise `ValueError` unless a seed has LL -> MON weights of this kind."""
    folder, asked = seed.run.folder, f"--ll-mon-weights {ll_mon_weights}"
    if ll_mon_weights == "initial" and not seed.params.ll_mon_use_stdp:
        raise ValueError(
            f"{asked}: LL -> MON of {folder} is not plastic, so they are the final ones"
        )
    if ll_mon_weights == "final" and seed.run.ll_mon_weights == "initial":
        if seed.run.published:
            raise ValueError(
                f"{asked}: LL -> MON was plastic, and the published program stored its weights of "
                "before the training; give --ll-mon-weights initial"
            )
        raise ValueError(
            f"{asked}: {folder} is a test with the initial ones and has no others; give "
            f"--weights-from {seed.run.file['weights_from']}"
        )


def check_same_network(source: Run, params: NetworkParams, stimulus: StimulusParams) -> None:
    """Raise `ValueError` for a parameter that differs and does not belong to the test."""
    for ours, theirs in ((params, source.params), (stimulus, source.stimulus)):
        for name, info in cli.fields(type(ours)).items():
            used, stored = getattr(ours, name), getattr(theirs, name)
            if name not in TEST | {"seed"} and used != stored:
                raise ValueError(
                    f"--{info.flag} {used}: the weights of {source.folder} were learned with "
                    f"{stored}; a test of stored weights keeps their network"
                )


def check_weights(request: Request, source: Run) -> None:
    """The weights of every seed are there, and only the test differs from their own run."""
    if request.options.disable_all_stdp:
        raise UsageError("--disable-all-stdp has no effect with --weights-from: nothing is trained")
    if request.folder.path.resolve() == source.folder.resolve():
        raise UsageError(f"--run-name {request.folder.path.name}: the weights lie there")
    try:
        check_same_network(source, request.params, request.stimulus)
        for seed in request.seeds:
            stored(source.seed(seed), request.options.ll_mon_weights)
    except ValueError as error:
        flag = "" if str(error).startswith("--") else "--weights-from: "
        raise UsageError(f"{flag}{error}") from None
