"""A run folder made by hand, small and quickly drawn, for the tests of figures."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import matplotlib.text
import numpy as np
from matplotlib.figure import Figure

from driver.files import plain
from driver.run.content import sealed
from driver.run.environment import environment
from driver.run.saved import checksum
from models.lateral_line import metrics
from models.lateral_line.params import NetworkParams
from models.lateral_line.passes import Pass
from models.lateral_line.results import map_numbers
from models.lateral_line.saved import Run, Seed
from stimulus import StimulusParams

SEED, TAG, DT_S, N_TEST = 7, "my_tag", 0.001, 200
TRIAL_STEPS, N_TRAIN = 500, 2500
CELLS = {"ll": 10, "mon": 500, "ts": 12}
CONDITIONS = {"test": "", "untrained": "untrained_"}


def make_run(path, *, mode="ll_fast", n_seeds=1, silent=(), who="ts", **changes):
    """A run folder as a run leaves it; of several seeds only `SEED`, the first, has finished.

    Parameters
    ----------
    silent : tuple of str
        Phases in which layer `who` does not fire.
    **changes
        Fields of `NetworkParams`, and `n_training_steps`.
    """
    n_steps = changes.pop("n_training_steps", N_TRAIN)
    sizes = {f"n_{name}": n for name, n in CELLS.items()}
    trials = {"n_training_trials": n_steps // TRIAL_STEPS, "trial_duration_s": TRIAL_STEPS * DT_S}
    fields = {"seed": SEED, "speed_cm_s": 5.0, **sizes, **trials, **changes}
    params = dataclasses.replace(NetworkParams(), **fields)
    rng = np.random.default_rng(1)
    arrays = make_series(rng, params, "train" in silent)
    for phase in ("train", *CONDITIONS):
        arrays |= make_spikes(rng, params, phase, who if phase in silent else None)
    arrays["untrained_ll_i"], arrays["untrained_ll_step"] = (
        arrays["test_ll_i"],
        arrays["test_ll_step"],
    )
    arrays |= make_passes(rng, params, arrays, silent if who == "ts" else ())
    quality = {phase: decode(arrays, params, phase) for phase in CONDITIONS}
    results = numbers(quality["test"]) | {
        "seed": SEED,
        "save_tag": TAG,
        "params_sha256": checksum(params, StimulusParams()),
        "eval_x_min_cm": params.eval_x_min_cm,
        "eval_x_max_cm": params.eval_x_max_cm,
        "untrained": numbers(quality["untrained"]),
        "training": {"stabilization_time_s": 1.5 if n_steps else None},
    }
    for phase, of in (("test", results), ("untrained", results["untrained"])):
        of["map"] = map_numbers(SimpleNamespace(passes=passes_of(arrays, phase)), params)
    for phase, label in CONDITIONS.items():
        for key in ("theta_hat", "delta_theta"):
            arrays[f"{label}pv_{key}"] = getattr(quality[phase], key)
    artifacts = path / "artifacts"
    artifacts.mkdir(parents=True)
    np.savez(artifacts / f"seed_{SEED}_recordings.npz", **arrays)
    np.savez(artifacts / f"{TAG}_seed_{SEED}.npz", **make_weights(rng, params, n_steps > 0))
    np.savez(artifacts / f"mid_checkpoint_seed_{SEED}.npz", mon_ts_w=np.zeros(3))
    (artifacts / f"{TAG}_seed_{SEED}_params.json").write_text(json.dumps(sealed({})))
    (artifacts / f"seed_{SEED}_results.json").write_text(json.dumps(sealed(plain(results))))
    content = {
        **dict(schema_version=2, run_folder=path.name, mode=mode),
        **dict(seed_start=SEED, multi_seed=n_seeds),
        "environment": environment("numpy", "euler", []),
        "stimulus_params": dataclasses.asdict(StimulusParams()),
        "network_params": dataclasses.asdict(params),
    }
    (path / "params.json").write_text(json.dumps(sealed(content)))
    return path


def make_series(rng, params: NetworkParams, silent: bool) -> dict:
    """Source positions, and series over a training in which the map gets worse."""
    trials = params.n_training_trials
    records = np.arange(trials + 1) * params.trial_duration_s
    decodes = records if trials else np.empty(0)
    held = np.linspace(0, 4, 20) if trials else np.empty(0)
    return {
        **dict(schema_version=2, seed=SEED, dt_s=DT_S, n_training_steps=trials * TRIAL_STEPS),
        "test_x_cm": -0.5 + 5 * np.arange(N_TEST) / N_TEST,
        "test_d_cm": np.full(N_TEST, 0.8),
        "train_x_cm": held,
        "train_d_cm": np.full(held.size, 0.8),
        "checkpoint_t_s": records,
        "w_mean_series": np.full(records.size, 0.02),
        "w_std_series": np.full(records.size, 0.002),
        "w_mean_abs_delta_series": 1e-3 * records,
        "w_mean_abs_step_series": np.where(records > 0, 5e-4, 0.0),
        "tracked_weight_series": rng.uniform(0, 0.028, (records.size, 24)),
        "pv_ckpt_t_s": decodes,
        "pv_sigma_theta_series": np.where(silent, np.nan, 0.5 + 0.1 * decodes),
        "pv_delta_trial_series": np.where(silent, np.nan, 0.3 + 0.1 * decodes),
        "pv_valid_fraction_series": np.where(silent, 0.0, 0.9 - 0.2 * decodes),
        "pv_sigma_theta_mirrored_series": np.where(silent, np.nan, 1.5 + 0.1 * decodes),
        **make_maps(rng, params, silent),
    }


def make_maps(rng, params: NetworkParams, silent: bool) -> dict:
    """Maps over training: every cell fires at a place of its own, more and more so."""
    trial = np.arange(params.n_training_trials + 1) if params.n_training_trials else np.empty(0)
    cell, place = np.arange(params.n_ts)[:, None] / params.n_ts, np.arange(50) / 50
    band = 40 * np.exp(-0.5 * ((place - cell) / 0.1) ** 2)
    share = np.linspace(0, 1, trial.size)[:, None, None]
    spikes = rng.poisson(share * band + (1 - share) * 8) * (not silent)
    return {
        "map_trial_series": trial.astype(np.int64),
        "map_spikes_series": spikes.astype(np.uint16),
        "map_steps_series": np.full((trial.size, 50), TRIAL_STEPS // 50),
    }


def make_passes(rng, params: NetworkParams, arrays: dict, silent) -> dict:
    """All passes of the test: the first as it is, TS of the others a map or noise."""
    n, x_cm = params.test_passes, arrays["test_x_cm"]
    found = {"passes_x_cm": np.tile(x_cm, (n, 1))}
    for phase, label in CONDITIONS.items():
        step, index = [arrays[f"{phase}_ts_step"]], [arrays[f"{phase}_ts_i"]]
        for k in range(1, 0 if phase in silent else n):
            at = np.sort(rng.integers(0, N_TEST, 400))
            cell = (1 - x_cm[at] / params.ll_body_length_cm) % 1 * params.n_ts  # falls
            noise = rng.integers(0, params.n_ts, at.size)
            index.append(noise if phase == "untrained" else cell.astype(int) % params.n_ts)
            step.append(at + k * N_TEST)
        found[f"{label}passes_ts_step"] = np.concatenate(step)
        found[f"{label}passes_ts_i"] = np.concatenate(index)
    return found


def passes_of(arrays: dict, phase: str) -> list[Pass]:
    """As `Seed.passes`, before there is a folder."""
    label, passes = CONDITIONS[phase], []
    step, index = arrays[f"{label}passes_ts_step"], arrays[f"{label}passes_ts_i"]
    for k, x_cm in enumerate(arrays["passes_x_cm"]):
        its = step // N_TEST == k
        passes.append(Pass(step[its] - k * N_TEST, index[its], x_cm))
    return passes


def make_spikes(rng, params: NetworkParams, phase: str, silent: str | None) -> dict:
    """Random spikes of all layers but the `silent` one; of training, those of its last 2 s."""
    n_steps = params.n_training_trials * TRIAL_STEPS
    first, after = (max(0, n_steps - 2000), n_steps) if phase == "train" else (0, N_TEST)
    arrays = {}
    for name in CELLS:
        step = np.sort(rng.integers(first, after, 300)) if after > first else np.empty(0, np.int64)
        index = rng.integers(0, getattr(params, f"n_{name}"), step.size).astype(np.int32)
        if name == "ts" and phase == "untrained":  # decoded in other steps than the trained
            step, index = step[step < 150], index[step < 150]
        kept = np.full(step.size, name != silent)
        arrays |= {f"{phase}_{name}_step": step[kept], f"{phase}_{name}_i": index[kept]}
    return arrays


def decode(arrays: dict, params: NetworkParams, phase: str) -> metrics.MapQuality:
    return metrics.pv_map_quality_from_ts_spikes(
        step=arrays[f"{phase}_ts_step"],
        index=arrays[f"{phase}_ts_i"],
        n_cells=params.n_ts,
        x_cm=arrays["test_x_cm"],
        dt_s=DT_S,
        window=params.eval_window_cm,
    )


def numbers(q: metrics.MapQuality) -> dict:
    """What a results file says of a decode; here the body is decoded as the path is."""
    sigma, delta = (None if np.isnan(v) else v for v in (q.sigma_theta, q.delta_trial))
    return {
        **dict(sigma_theta_rad=sigma, sigma_theta_body_rad=sigma),
        **dict(delta_trial_rad=delta, delta_trial_body_rad=delta),
        **dict(valid_fraction=q.valid_fraction, valid_fraction_window=q.valid_fraction_window),
        **dict(valid_fraction_body_window=q.valid_fraction),
        **dict(usable_map=metrics.is_usable_map(q), silent=q.silent),
    }


def make_weights(rng, params: NetworkParams, learned: bool) -> dict[str, np.ndarray]:
    """Wiring at random, without topography; a third of the MON -> TS weights at the ceiling."""
    mon = np.arange(params.n_mon)
    ll_degree, ts_degree = params.ll_to_mon_in_degree, params.mon_to_ts_out_degree
    n_ll, n_ts = params.n_mon * ll_degree, params.n_mon * ts_degree
    ll_w, w = rng.uniform(10, 18, n_ll), rng.uniform(0.015, 0.025, n_ts)
    return {
        "ll_mon_i": rng.integers(0, params.n_ll, n_ll),
        "ll_mon_j": np.repeat(mon, ll_degree),
        "ll_mon_w_init_mV": ll_w,
        "ll_mon_w_mV": 0.8 * ll_w if learned else ll_w,
        "mon_ts_i": np.repeat(mon, ts_degree),
        "mon_ts_j": rng.integers(0, params.n_ts, n_ts),
        "mon_ts_w_init": w,
        "mon_ts_w": np.where(rng.random(n_ts) < 0.3, params.mon_ts_wmax, w) if learned else w,
    }


def make_sweep(path, n_seeds, results=None, **changes):
    """A run folder of several seeds with their results only; others have failed.

    `results` are, by seed from `SEED` on, changes of the trained and of the untrained numbers; all
    seeds finish if it is not given.
    """
    make_run(path, n_seeds=n_seeds, **changes)
    file = path / "artifacts" / f"seed_{SEED}_results.json"
    common, run = json.loads(file.read_text()), Run(path)
    params, stimulus = run.params, run.stimulus
    file.unlink()
    if results is None:
        results = {SEED + k: ({}, {}) for k in range(n_seeds)}
    for seed, (trained, twin) in results.items():
        numbers = {**common, **trained, "seed": seed, "untrained": common["untrained"] | twin}
        numbers["params_sha256"] = checksum(dataclasses.replace(params, seed=seed), stimulus)
        (path / "artifacts" / f"seed_{seed}_results.json").write_text(json.dumps(sealed(numbers)))
    return path


def saved_run(path, **options) -> Seed:
    return Run(make_run(path, **options)).seed(SEED)


def new_axes():
    return Figure().subplots()


def texts(figure) -> str:
    """All that is written in a figure, one text a line."""
    found = figure.findobj(matplotlib.text.Text)
    return "\n".join(t.get_text() for t in found if t.get_text())
