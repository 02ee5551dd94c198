"""Run folders of the published program, read as far as they go.

They have parameters, weights and a few numbers of each seed; no spikes, no untrained twin, no MON
-> TS weights of before the training and no versions. What they do not have is None, or said. Where
LL -> MON was plastic, the LL -> MON weights in them are those of before the training.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from driver.run.content import Fields
from driver.run.saved import NotARun, checksum_of
from models.lateral_line.format import FORMAT
from models.lateral_line.params import NetworkParams
from models.lateral_line.wiring import Projection, Wiring
from stimulus import StimulusParams

UNKNOWN = "unknown (published program)"
TWIN = (
    "weights of the published program: MON -> TS of before its training is not stored, so the "
    "untrained twin has new draws of the same distribution"
)
UNSTORED = (
    "run of the published program: MON→TS weights of before the training and plastic LL→MON "
    "weights of after it are not stored"
)
QUALITY = ("sigma_theta_rad", "delta_trial_rad", "valid_fraction")
NUMBERS = (*QUALITY, "sigma_theta_ll_rad", "delta_trial_ll_rad")
ARRAYS = ("ll_mon_i", "ll_mon_j", "ll_mon_w_mV", "mon_ts_i", "mon_ts_j", "mon_ts_w")


def is_published(file: Mapping[str, Any]) -> bool:
    """Whether parameters are those of a published run: flat, without a version."""
    return isinstance(file.get("network_params"), dict) and not (
        {"schema_version", "stimulus_params", "environment"} & set(file)
    )


def parameters(file: Fields) -> Fields:
    """``params.json`` with what the published program had built in.

    Raises
    ------
    NotARun
        If it lacks something.
    """
    network = file["network_params"]
    built_in = {"mon_ts_homeo_target": "current-mean", "stdp_tau_ms": 20.0}
    built_in["ll_mon_bernoulli"] = network.get("ll_to_mon_topography_strength") == 0
    plastic = network.get("ll_mon_use_stdp")
    stimulus = dataclasses.asdict(StimulusParams())
    for ours, theirs in (
        ("sphere_radius_cm", "sphere_radius_cm"),
        ("lateral_line_length_cm", "ll_body_length_cm"),
    ):
        stimulus[ours] = network.get(theirs, stimulus[ours])
    known = {field.name for field in dataclasses.fields(NetworkParams)} - set(built_in)
    lacking = sorted(known - set(network) - FORMAT.later)
    if lacking:
        raise NotARun(f"{file.path}: NetworkParams lacks {', '.join(lacking)}")
    names = "program_version python brian2 numpy matplotlib pydantic tyro platform backend".split()
    environment = dict.fromkeys(names, UNKNOWN) | {"git_commit": None, "compiler": None}
    environment |= {"arguments": ["--mode", file["mode"]], "start_time_utc": "1970-01-01T00:00:00Z"}
    completed = {
        "schema_version": FORMAT.schema_version,
        "mode": str(file["mode"]).strip().lower(),
        "seed_start": file["seed_start"],
        "multi_seed": file["multi_seed"],
        "run_folder": file.path.parent.resolve().name,
        "network_params": built_in | network,
        "stimulus_params": stimulus,
        "environment": environment,
        "weights_from": None,
        "ll_mon_weights": "initial" if plastic else "final",
        "published": True,
    }
    return Fields(completed, file.path)


class Some(Fields):
    """Numbers of a published run; those that it does not have are None."""

    def __missing__(self, key: str) -> None:
        return None


def results(found: Mapping[str, Any], path: Path, params: Mapping[str, Any]) -> Some:
    """``seed_<s>_results.json`` under the names of today."""
    network, stimulus = params["network_params"], params["stimulus_params"]
    numbers = {name: found.get(name) for name in NUMBERS}
    if network["eval_x_min_cm"] is None:  # of a window it counts the steps of the whole path
        numbers["valid_fraction_window"] = numbers["valid_fraction"]
    seed = found.get("seed")
    sidecars = sorted(path.parent.glob(f"*_seed_{seed}_params.json"))
    tag = sidecars[0].name.removesuffix(f"_seed_{seed}_params.json") if sidecars else "latest"
    bare = {name: value for name, value in network.items() if name != "seed"}
    known = {
        "seed": seed,
        "save_tag": tag,
        "params_sha256": checksum_of(bare | {"seed": seed}, stimulus),
        "deciding_window": "path",
        "evaluation_mode": "training",
        "spikes": Some({}, path),
        "untrained": Some({"spikes": Some({}, path)}, path),
        "difference": Some({}, path),
        "warnings": [],
    }
    return Some(numbers | known, path)


def weights(arrays: Fields, params: NetworkParams) -> Fields:
    """Weights under the names of today; those that are not there are NaN."""
    for name in ARRAYS:
        arrays[name]
    initial = arrays["ll_mon_w_mV"]
    more = {"ll_mon_w_init_mV": initial, "mon_ts_w_init": np.full_like(arrays["mon_ts_w"], np.nan)}
    if params.ll_mon_use_stdp:
        more["ll_mon_w_mV"] = np.full_like(initial, np.nan)
    return Fields(arrays | more, arrays.path)


def wiring(params: NetworkParams, arrays: Fields) -> Wiring:
    """The wiring that the weights belong to; what is not stored is drawn by the seed.

    Raises
    ------
    NotARun
        If it has other cells or another number of synapses than the parameters.
    """
    drawn = Wiring.of(params)
    ends = {}
    for name in ("ll_mon", "mon_ts"):
        cells = (getattr(params, f"n_{end}") for end in name.split("_"))
        for end, n in zip("ij", cells, strict=True):
            index = arrays[f"{name}_{end}"]
            fits = index.ndim == 1 and index.dtype.kind in "iu" and index.size
            if not fits or index.min() < 0 or index.max() >= n:
                raise NotARun(f"{arrays.path}: {name}_{end} does not name {n} cells")
            ends[name, end] = index
        if ends[name, "i"].size != ends[name, "j"].size:
            raise NotARun(f"{arrays.path}: {name}_i and {name}_j differ in length")
    if ends["mon_ts", "i"].size != drawn.mon_ts.i.size:
        raise NotARun(f"{arrays.path}: needed are {drawn.mon_ts.i.size} MON -> TS synapses")
    return dataclasses.replace(
        drawn,
        ll_mon=Projection.by_source(ends["ll_mon", "i"], ends["ll_mon", "j"]),
        mon_ts=Projection.by_target(ends["mon_ts", "i"], ends["mon_ts", "j"]),
        ll_mon_w_init_mV=arrays["ll_mon_w_init_mV"],
    )
