"""A whole run from Python, nothing written: train, test, and everything in one dictionary."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from driver.engine.model import Spikes
from models.lateral_line.artifacts import recordings
from models.lateral_line.params import NetworkParams
from models.lateral_line.protocol import simulate
from models.lateral_line.results import seed_results
from stimulus import n_test_steps

if TYPE_CHECKING:
    from brian2 import Quantity


@dataclasses.dataclass(frozen=True)
class SpikeTimes:
    """Spikes of a population in the test, named as in Brian's monitors.

    Attributes
    ----------
    i : ndarray of int, shape (n_spikes,)
        Cell of each spike.
    t : Quantity, shape (n_spikes,)
        From the start of the test, ascending, with its unit: ``t / second`` are plain numbers.
    """

    i: np.ndarray
    t: Quantity

    @staticmethod
    def of(spikes: Spikes, dt_s: float) -> SpikeTimes:
        from brian2 import second

        return SpikeTimes(spikes.index, spikes.step * dt_s * second)


def run_spatial_two_stage_model(
    params: NetworkParams,
    checkpoint_path: Path | None = None,
    resume_checkpoint: Path | None = None,
    **options,
) -> dict[str, Any]:
    """Train, test and compare with the untrained twin; everything in memory.

    Parameters and errors are those of `models.lateral_line.protocol.simulate`.

    Returns
    -------
    dict
        The arrays of `recordings`, wiring, weights before and after, spikes of the test as
        `SpikeTimes` (``sp_ll``, ``sp_mon``, ``sp_ts``), the numbers of `seed_results` (also one by
        one, under the names of the figures), and the `Result` itself, which
        `save_learning_artifacts` takes, under ``result``.
    """
    result = simulate(params, checkpoint_path, resume_checkpoint, **options)
    ll_w, mon_ts_w = result.final_weights
    wiring, numbers = result.wiring, seed_results(result)
    w, training = numbers["weights"]["mon_ts"], result.training_steps * params.dt_s
    test = n_test_steps(params) * params.dt_s
    return recordings(result) | {
        **{
            f"sp_{name}": SpikeTimes.of(result.trained.spikes[name], params.dt_s)
            for name in ("ll", "mon", "ts")
        },
        "result": result,
        "results": numbers,
        "params": params,
        "w_before": result.initial_weights[1],
        "w_after": mon_ts_w,
        "ll_to_mon_i": wiring.ll_mon.i,
        "ll_to_mon_j": wiring.ll_mon.j,
        "ll_to_mon_w_mV": ll_w,
        "mon_to_ts_i": wiring.mon_ts.i,
        "mon_to_ts_j": wiring.mon_ts.j,
        "w_mean_abs_delta_final": w["mean_abs_delta"],
        "w_frac_delta_gt_1e3_final": w["frac_delta_gt_1e3"],
        "w_frac_at_wmax_final": w["frac_at_wmax"],
        "w_frac_at_zero_final": w["frac_at_zero"],
        "stabilization_time_s": numbers["training"]["stabilization_time_s"],
        "train_duration_s": training,
        "test_duration_s": test,
        "total_duration_s": training + test,
        **{
            f"tuning_fwhm_{name}_{key}": width[kind]
            for name, width in numbers["tuning_width"].items()
            for key, kind in (("cm_mean", "mean_cm"), ("cm_sd", "sd_cm"), ("n_valid", "n_cells"))
        },
    }
