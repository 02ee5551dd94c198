"""The lateral line as the driver sees it: see `driver.room.Room`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driver.room import Room
from driver.run import checkpoint
from driver.run.progress import number
from models.lateral_line.params import NetworkParams
from models.lateral_line.summary import NUMBERS, QUALITY
from stimulus import StimulusParams

if TYPE_CHECKING:
    from driver.run.status import Status
    from models.lateral_line.options import Request
    from models.lateral_line.protocol import Result
    from models.lateral_line.saved import Run, Seed

# Seconds of one core for a step of 3200 MON cells, and for start, test and saving. Measured, see
# benchmarks/results.
SECONDS_PER_STEP, SECONDS_PER_RUN = 1.3e-5, 2.0


class LateralLine(Room):
    """LL -> MON -> TS."""

    prog = "ll_stdp_brian2.py"
    later = frozenset({"mon_ts_gain_test_mV"})  # its default is how it was before
    megabytes = 200  # measured as well

    # --- from flags to a run -------------------------------------------------------------

    def parts(self, mode: str) -> dict[str, type]:
        return {"network_params": NetworkParams, "stimulus_params": StimulusParams}

    def flags(self) -> tuple[type, ...]:
        from models.lateral_line.options import RunOptions

        return RunOptions, NetworkParams, StimulusParams

    def read(self, argv: Sequence[str]) -> Request:
        from models.lateral_line.options import read

        return read(argv)

    def open(self, folder: Path) -> Run:
        from models.lateral_line.saved import Run

        return Run(folder)

    def parameter_file(self, request: Request) -> dict[str, Any]:
        from models.lateral_line.results import parameters

        source = str(request.options.weights_from or "") or None
        return {"weights_from": source, **parameters(request.params, request.stimulus)}

    def check_checkpoint(self, request: Request, path: Path) -> None:
        from models.lateral_line.checkpoint import require_same

        stored, _ = checkpoint.resumed(path)
        require_same(stored, request.params, request.stimulus, path)

    # --- a seed, and all of them ---------------------------------------------------------

    def headline(self, request: Request) -> str:
        from models.lateral_line.summary import headline

        return headline(request.params)

    def length(self, request: Request) -> int:
        return request.params.n_training_trials

    def run_seed(
        self,
        request: Request,
        log: logging.Logger,
        status: Status,
        saved: Callable[[], object],
    ) -> None:
        from models.lateral_line.artifacts import save_learning_artifacts

        options = request.options
        result = simulated(request, log, status, saved)
        status.phase("saving")
        save_learning_artifacts(result, request.folder, options.mode, options.save_tag)

    def seed_line(self, results: Mapping[str, Any]) -> str:
        from models.lateral_line.summary import seed_line

        return seed_line(results)

    def closing_lines(self, results: Mapping[str, Any]) -> list[str]:
        from models.lateral_line.summary import closing_lines

        return closing_lines(results)

    def run_summary(
        self, request: Request, results: list[dict[str, Any]], failed: list[int]
    ) -> dict[str, Any]:
        from models.lateral_line.summary import run_summary

        return run_summary(request.params, results, failed)

    # --- what is looked at ---------------------------------------------------------------

    def draw_seed(self, seed: Seed) -> list[Path]:
        from models.lateral_line.show.figures import draw_seed

        return draw_seed(seed)

    def draw_summary(self, run: Run) -> list[Path]:
        from models.lateral_line.show.figures import draw_summary

        return draw_summary(run)

    def write_report(self, run: Run) -> Path:
        from models.lateral_line.show.report import write_report

        return write_report(run)

    def metric_words(self, metrics: Mapping[str, float | None]) -> list[str]:
        if not metrics:
            return []
        sigma, valid = (number(metrics[k], 2) for k in ("sigma_theta_rad", "valid_fraction"))
        return [
            f"mean weight {number(metrics['w_mean'], 4)}",
            f"in training sigma_theta {sigma} rad, valid {valid}",
        ]

    def outcome_words(self, results: Mapping[str, Any]) -> list[str]:
        twin, valid = results["untrained"]["sigma_theta_rad"], results["valid_fraction_window"]
        sigma = number(results["sigma_theta_rad"])
        return [f"sigma_theta {sigma} rad (untrained {number(twin)}), valid {number(valid)}"]

    def words(self) -> dict[str, Callable[..., int]]:
        from models.lateral_line.words import WORDS

        return super().words() | WORDS

    # --- sweeps --------------------------------------------------------------------------

    sweep_columns = {
        "trained": NUMBERS,
        "untrained": NUMBERS,
        "difference": QUALITY,
        "ts_spikes": (),
        "ts_spikes_untrained": (),
    }

    def work(self, request: Request) -> tuple[int, int]:
        from models.lateral_line.simulation import work

        return work(request.params)

    def seconds(self, request: Request) -> float:
        p = request.params
        steps = p.training_steps if request.options.weights_from is None else 0
        return SECONDS_PER_RUN + steps * SECONDS_PER_STEP * p.n_mon / 3200

    def sweep_row(self, results: Mapping[str, Any]) -> dict[str, Any]:
        twin = results["untrained"]
        return {
            "trained": {name: results[name] for name in NUMBERS},
            "untrained": {name: twin[name] for name in NUMBERS},
            "difference": results["difference"],
            "ts_spikes": results["spikes"]["ts"],
            "ts_spikes_untrained": twin["spikes"]["ts"],
        }

    def write_sweep_report(self, content_file: Path) -> Path:
        from models.lateral_line.show.sweep_report import write_sweep_report

        return write_sweep_report(content_file)


def simulated(
    request: Request, log: logging.Logger, status: Status, saved: Callable[[], object]
) -> Result:
    """Train and test one seed, or test the weights that were stored for it."""
    from models.lateral_line.protocol import evaluate, simulate

    params, source = request.params, request.weights
    how = {"stimulus": request.stimulus, "backend": request.options.backend}
    how |= {"threads": request.options.threads}
    how |= {"log": log, "status": status}
    if source is not None:
        log.info(f"testing weights of {source.folder}")
        return evaluate(params, source.stored(params.seed), **how)
    return simulate(params, request.checkpoint, request.resumed, saved=saved, **how)


ROOM = LateralLine()
