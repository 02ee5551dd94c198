"""The smallest model that the driver can run: a number that grows by one each trial."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

import driver.room
import driver.run.request
import driver.run.saved
from driver.experiment.summary import run_summary
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import Group
from driver.run import checkpoint
from driver.run.folder import replace_file
from driver.run.progress import Progress
from driver.run.request import RunOptions

PRESETS = {"short": {"moves": 3}, "long": {"moves": 6}}


@dataclass(config=ConfigDict(extra="forbid", frozen=True))
class Params:
    """The number."""

    seed: Annotated[int, cli.Flag("seed-start")] = 1
    """Where it starts."""
    moves: int = 3
    """How often it grows."""
    gain: float = 1.0
    """By how much."""


class Toy(driver.room.Room):
    """A number."""

    prog = "tests/toy/door.py"
    unit = "move"
    sweep_columns = {"value": (), "of": ("moves",)}

    def parts(self, mode):
        return {"params": {"short": Params, "long": Params}[mode]}

    def flags(self):
        return RunOptions, Params

    def read(self, argv):
        mode = driver.run.request.mode_of(argv, PRESETS, "short")
        groups = {
            "run": Group(RunOptions, {"mode": mode}),
            "toy": Group(Params, PRESETS.get(mode, {})),
        }
        parsed = cli.parse(argv, self.prog, "Grows a number.", groups)
        options, moved = cli.build(RunOptions, parsed.values["run"] | {"mode": mode})
        params, more = cli.build(Params, parsed.values["toy"])
        driver.run.request.check_options(options, params.seed)
        place = driver.run.request.place_of(options)
        return Request(options, params, [*moved, *more], place, tuple(argv))

    def open(self, folder):
        return Run(folder)

    def check_checkpoint(self, request, path):
        stored, _ = checkpoint.resumed(path)
        ours = dataclasses.asdict(request.params)
        checkpoint.require_same(json.loads(str(stored["params_json"])), ours, {"moves"}, path)

    def headline(self, request):
        return f"{request.params.moves} moves"

    def length(self, request):
        return request.params.moves

    def run_seed(self, request, log, status, saved):
        p, folder, tag = request.params, request.folder, request.options.save_tag
        value, done = float(p.seed), 0
        if request.resumed:
            stored, complaint = checkpoint.resumed(request.resumed)
            value, done = float(stored["value"]), int(stored["move"])
            log.info(complaint or f"going on after {done} moves")
        status.phase("training", backend="none")
        progress = Progress(p.moves - done, "growing", log, status, before=done, unit=self.unit)
        for move in range(done, p.moves):
            if str(p.seed) in os.environ.get("TOY_FAILS", "").split() and move == 2:
                raise ValueError(f"seed {p.seed} cannot go on")
            value += p.gain
            progress.advance(1, value=value)
            text = json.dumps(dataclasses.asdict(p))
            state = {"value": value, "move": move + 1, "params_json": text}
            checkpoint.save(request.checkpoint, state)
            saved()
        status.phase("saving")
        folder.write_npz(f"artifacts/{tag}_seed_{p.seed}.npz", {"value": value})
        folder.write_json(f"artifacts/{tag}_seed_{p.seed}_params.json", dataclasses.asdict(p))
        numbers = {"seed": p.seed, "value": value, "of": {"moves": p.moves}, "save_tag": tag}
        numbers["params_sha256"] = driver.run.saved.checksum(p)
        folder.write_json(f"artifacts/seed_{p.seed}_results.json", numbers)

    def seed_line(self, results):
        return f"Seed {results['seed']}: {results['value']:g}"

    def outcome_words(self, results):
        return [f"value {results['value']:g}"]

    def run_summary(self, request, results, failed):
        return run_summary({"unit": self.unit}, results, failed, mean_value)

    def draw_seed(self, seed):
        target = seed.run.figures / f"value_seed_{seed.number}.png"
        return [replace_file(target, lambda file: file.write(b"a picture"))]

    def write_report(self, run):
        text = f"{run.name}: {run.finished}"
        return replace_file(run.folder / "report.html", lambda file: file.write(text.encode()))

    def work(self, request):
        return request.params.moves, 1

    def seconds(self, request):
        return 1.0

    def write_sweep_report(self, content_file: Path):
        target = content_file.with_name("report.html")
        return replace_file(target, lambda file: file.write(b"a sweep"))


def mean_value(runs):
    return {"value": np.mean([run["value"] for run in runs])}


ROOM = Toy()


class Request(driver.run.request.Request):
    """A run of it."""

    room = ROOM


class Run(driver.run.saved.Run):
    """A folder of it."""

    room = ROOM
