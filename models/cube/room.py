"""The dot-prediction models as the driver sees them: see `driver.room.Room`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driver.room import Room
from driver.run import checkpoint
from driver.run.progress import number
from models.cube.params import MODELS, PRESETS, CubeParams, GroupsParams, LocalParams
from stimuli.dots import DotParams

if TYPE_CHECKING:
    from driver.run.saved import Run, Seed
    from driver.run.status import Status
    from models.cube.options import Request

SECONDS_PER_RUN = 2.0
SECONDS_PER_CELL_STEP = 1e-8  # of a compiled program; waves cost ten times as much


class Cube(Room):
    """The local layer, the cube and groups of neurons."""

    prog = "cube_brian2.py"
    unit = "step"
    integrator = "exact"
    schema_version = 1
    megabytes = 600

    # --- from flags to a run -------------------------------------------------------------

    def parts(self, mode: str) -> dict[str, type]:
        return {"network_params": PRESETS[mode].model, "stimulus_params": DotParams}

    def flags(self) -> tuple[type, ...]:
        from models.cube.options import RunOptions

        return RunOptions, LocalParams, CubeParams, GroupsParams, DotParams

    def read(self, argv: Sequence[str]) -> Request:
        from models.cube.options import read

        return read(argv)

    def open(self, folder: Path) -> Run:
        from models.cube.saved import Run

        return Run(folder)

    def parameter_file(self, request: Request) -> dict[str, Any]:
        model = MODELS[type(request.params)]
        options = request.options
        head = {"model": model, "fidelity": options.fidelity}
        head["display"] = {name: getattr(options, name) for name in ("down", "every", "animation")}
        return head | super().parameter_file(request)

    def check_checkpoint(self, request: Request, path: Path) -> None:
        from models.cube.artifacts import require_same

        stored, _ = checkpoint.resumed(path)
        require_same(stored, request.params, request.dots, path)

    # --- a seed, and all of them ---------------------------------------------------------

    def headline(self, request: Request) -> str:
        from models.cube.summary import headline

        return headline(request.params, request.dots)

    def length(self, request: Request) -> int:
        return request.params.steps

    def run_seed(
        self,
        request: Request,
        log: logging.Logger,
        status: Status,
        saved: Callable[[], object],
    ) -> None:
        from models.cube.artifacts import Files, save_seed
        from models.cube.protocol import simulate

        p, dots = request.params, request.dots
        files = Files(p, dots, request.checkpoint, request.resumed, log)
        how = {"backend": request.options.backend, "threads": request.options.threads}
        how |= {"log": log, "status": status}
        result = simulate(p, dots, keeper=files, saved=saved, **how)
        status.phase("saving")
        save_seed(result, request.folder, request.options)

    def completed(self, request: Request) -> None:
        for seed in request.seeds:  # a checkpoint holds whole recordings
            checkpoint.remove(request.of(seed).checkpoint)

    def seed_line(self, results: Mapping[str, Any]) -> str:
        from models.cube.summary import seed_line

        return seed_line(results)

    def closing_lines(self, results: Mapping[str, Any]) -> list[str]:
        from models.cube.summary import closing_lines

        return closing_lines(results)

    def run_summary(
        self, request: Request, results: list[dict[str, Any]], failed: list[int]
    ) -> dict[str, Any]:
        from models.cube.summary import run_summary

        return run_summary(request, results, failed)

    # --- what is looked at ---------------------------------------------------------------

    def draw_seed(self, seed: Seed) -> list[Path]:
        from models.cube.show.figures import draw_seed
        from models.cube.show.film import animate

        display = seed.run.file["display"]
        files = draw_seed(seed, display["down"])
        if display["animation"]:
            how = {"every": display["every"], "down": display["down"]}
            for label in ("trained", "untrained"):
                path = seed.figures / f"animation_{label}_seed_{seed.number}"
                files.append(animate(seed, label, path, **how))
        return files

    def draw_summary(self, run: Run) -> list[Path]:
        from models.cube.show.figures import draw_summary

        return draw_summary(run)

    def write_report(self, run: Run) -> Path:
        from models.cube.show.report import write_report

        return write_report(run)

    def outcome_words(self, results: Mapping[str, Any]) -> list[str]:
        name, value = self.headline_metric(results["trained"])
        twin = self.headline_metric(results["untrained"])[1]
        return [f"{results['verdict']}; {name} {number(value)} (untrained {number(twin)})"]

    def headline_metric(self, metrics: Mapping[str, Any]) -> tuple[str, float | None]:
        return ("ILI", metrics["ili"]) if "ili" in metrics else ("IoU", metrics["iou"])

    def words(self) -> dict[str, Callable[..., int]]:
        from models.cube.words import WORDS

        return super().words() | WORDS

    # --- sweeps --------------------------------------------------------------------------

    @property
    def sweep_columns(self) -> Mapping[str, tuple[str, ...]]:
        from models.cube.summary import KEY_NUMBERS

        return {"verdict": (), "trained": KEY_NUMBERS, "untrained": KEY_NUMBERS}

    def sweep_row(self, results: Mapping[str, Any]) -> dict[str, Any]:
        from models.cube.summary import key_numbers

        rows = {label: key_numbers(results[label]) for label in ("trained", "untrained")}
        return {"verdict": results["verdict"]} | rows

    def work(self, request: Request) -> tuple[int, int]:
        from models.cube.simulation import work

        return work(request.params)

    def seconds(self, request: Request) -> float:
        n_steps, n_cells = self.work(request)
        return SECONDS_PER_RUN + n_steps * n_cells * SECONDS_PER_CELL_STEP

    def write_sweep_report(self, content_file: Path) -> Path:
        from models.cube.show.sweep_report import write_sweep_report

        return write_sweep_report(content_file)


ROOM = Cube()
"""What the driver takes from this package."""
