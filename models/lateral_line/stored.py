"""Tests of stored weights: whose they are, and what may differ from the run that learned them.

Every parameter is that of the source run; only the test may be another. So a network is never
tested with a wiring that its weights were not learned with, nor with another gain unless the test's
own gain is asked for.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import UsageError
from driver.run import checkpoint
from driver.run.checkpoint import Unreadable, digest, read, save
from driver.run.folder import PARAMS
from driver.run.request import Request
from driver.run.saved import NotARun, parameters
from models.lateral_line.checkpoint import SCHEMA_VERSION
from models.lateral_line.format import FORMAT
from models.lateral_line.params import NetworkParams
from models.lateral_line.protocol import Stored
from models.lateral_line.saved import Run, Seed
from models.lateral_line.wiring import Wiring
from stimulus import StimulusParams

# what a test may change; speed and radius are those of the source, in training and in the test
TEST = {
    *("distance_cm", "direction", "speed_cm_s", "sphere_radius_cm"),
    *("test_ll_noise_hz", "test_path_cm", "test_using_held_snapshots"),
    *("eval_x_min_cm", "eval_x_max_cm", "keep_mon_ts_stdp_during_test"),
    "mon_ts_gain_test_mV",
    *("sigma_noise_hz", "tau_noise_s", "l_noise_cm"),
}
WEIGHTS = ("ll_mon_w_init_mV", "mon_ts_w_init", "ll_mon_w_mV", "mon_ts_w")
HOLDER = "extract"  # array that marks a checkpoint of weights alone


@dataclasses.dataclass(frozen=True)
class Source:
    """Where weights come from.

    Attributes
    ----------
    folder : Path
    mode : str
        Preset of the run that learned them.
    params : NetworkParams
        Of its first seed.
    stimulus : StimulusParams
    seeds : list of int
    stored : callable
        ``stored(seed)`` reads the weights of a seed; raises `NotARun` if there are none.
    """

    folder: Path
    mode: str
    params: NetworkParams
    stimulus: StimulusParams
    seeds: list[int]
    stored: Callable[[int], Stored]


def source_of(folder: Path) -> Source:
    """The run folder, or the holder of extract checkpoints, that weights are taken from.

    Raises
    ------
    NotARun
        If it is neither.
    """
    if is_holder(folder):
        return holder_source(folder)
    run = Run(folder)
    return Source(
        folder, run.mode, run.params, run.stimulus, run.seeds, lambda seed: stored(run.seed(seed))
    )


def stored(seed: Seed) -> Stored:
    """Weights of a finished seed.

    Raises
    ------
    NotARun
        If the seed is not finished, or its weights do not belong to the wiring of its parameters.
    """
    if seed.number not in seed.run.finished:
        raise NotARun(
            f"{seed.run.folder} has no finished seed {seed.number}; choose others with "
            "--seed-start and --multi-seed"
        )
    weights, wiring = seed.weights, Wiring.of(seed.params)
    for name, projection in (("ll_mon", wiring.ll_mon), ("mon_ts", wiring.mon_ts)):
        same = all(
            np.array_equal(weights[f"{name}_{end}"], getattr(projection, end)) for end in "ij"
        )
        if not same:  # another NumPy may draw other numbers
            raise NotARun(f"{seed.weight_file} does not belong to the wiring of its parameters")
    trained_in = seed.results["source"] or {
        "run": seed.run.name,
        "seed": seed.number,
        "n_training_trials": seed.params.n_training_trials,
    }
    return as_stored(weights, trained_in)


def as_stored(weights: dict[str, np.ndarray], trained_in: dict) -> Stored:
    initial, final = tuple(weights[k] for k in WEIGHTS[:2]), tuple(weights[k] for k in WEIGHTS[2:])
    checksum = digest({key: weights[key] for key in WEIGHTS})
    return Stored(initial, final, trained_in | {"weights_sha256": checksum})


def check_same_network(source: Source, params: NetworkParams, stimulus: StimulusParams) -> None:
    """Raise `ValueError` for a parameter that differs and does not belong to the test."""
    for ours, theirs in ((params, source.params), (stimulus, source.stimulus)):
        for name, info in cli.fields(type(ours)).items():
            used, stored = getattr(ours, name), getattr(theirs, name)
            if name not in TEST | {"seed"} and used != stored:
                raise ValueError(
                    f"--{info.flag} {used}: the weights of {source.folder} were learned with "
                    f"{stored}; a test of stored weights keeps their network"
                )


def check_weights(request: Request, source: Source) -> None:
    """The weights of every seed are there, and only the test differs from their own run."""
    from models.lateral_line import stored as extract

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


# --- holders: the extract checkpoints of older scripts ---------------------------------


def is_holder(folder: Path) -> bool:
    """Whether a folder holds extract checkpoints and is not a run itself."""
    if (folder / PARAMS).exists():
        return False
    return any(HOLDER in content for content in map(readable, checkpoints(folder)))


def checkpoints(folder: Path) -> list[Path]:
    return sorted((folder / "artifacts").glob("mid_checkpoint_seed_*.npz"))


def readable(path: Path) -> dict[str, np.ndarray]:
    try:
        return read(path)
    except Unreadable:
        return {}


def make_checkpoint(seed: int, source_run: Path, destination: Path) -> Path:
    """Write the final weights of a run as a checkpoint without state; returns its path.

    Raises
    ------
    NotARun
        If the source is not a run with this seed, or the destination is a run.
    """
    if (destination / PARAMS).exists():
        raise NotARun(f"{destination} is a run; choose another folder")
    source = source_of(source_run)
    weights = source.stored(seed)
    params = dataclasses.replace(source.params, seed=seed)
    path = destination / "artifacts" / checkpoint.name(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = dict(zip(WEIGHTS, (*weights.initial, *weights.final), strict=True))
    save(
        path,
        arrays
        | {
            "schema_version": SCHEMA_VERSION,
            HOLDER: True,
            "seed": seed,
            "trial_idx": params.n_training_trials - 1,
            "mode": source.mode,
            "params_json": json.dumps(dataclasses.asdict(params)),
            "stimulus_json": json.dumps(dataclasses.asdict(source.stimulus)),
            "source_json": json.dumps(weights.source),
        },
    )
    return path


def holder_source(folder: Path) -> Source:
    """The extract checkpoints of a folder; all of them must be of one recipe."""
    held = {int(c["seed"]): c for c in map(readable, checkpoints(folder)) if HOLDER in c}
    first = held[min(held)]
    recipes = {(str(c["stimulus_json"]), without_seed(c)) for c in held.values()}
    if len(recipes) > 1:
        raise NotARun(f"{folder} holds checkpoints of different recipes")

    def load(seed: int) -> Stored:
        if seed not in held:
            raise NotARun(f"{folder} has no extract checkpoint of seed {seed}")
        return as_stored(held[seed], json.loads(str(held[seed]["source_json"])))

    return Source(
        folder,
        str(first["mode"]),
        parameters(NetworkParams, json.loads(str(first["params_json"])), folder, FORMAT.later),
        parameters(StimulusParams, json.loads(str(first["stimulus_json"])), folder, FORMAT.later),
        sorted(held),
        load,
    )


def without_seed(content: dict[str, np.ndarray]) -> str:
    recipe = json.loads(str(content["params_json"])) | {"seed": None}
    return json.dumps(recipe, sort_keys=True)
