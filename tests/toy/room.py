"""The smallest model that the driver can run: a number that grows by one each trial."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Annotated

from pydantic.dataclasses import dataclass

from driver.experiment.metric import Metric, MetricTable
from driver.files import replace_file
from driver.flags import from_dataclass as cli
from driver.flags.from_dataclass import STRICT
from driver.room import Room, named_in, nothing
from driver.run import checkpoint, saved
from driver.run.format import Format
from driver.run.progress import Progress

PRESETS = {"short": {"moves": 3}, "long": {"moves": 6}}


@dataclass(config=STRICT)
class Params:
    """Grows a number."""

    seed: Annotated[int, cli.Flag("seed-start")] = 1
    """Where it starts."""
    moves: int = 3
    """How often it grows."""
    gain: float = 1.0
    """By how much."""


def parts(mode):
    return {"params": {"short": Params, "long": Params}[mode]}


METRICS = MetricTable((Metric("value"), Metric("moves", "of.moves", digits=0)), title="the toy")
FORMAT = Format(prog="tests/toy/door.py", parts=parts, unit="move", presets=PRESETS)


def check_checkpoint(asked, path):
    stored, _ = checkpoint.resumed(path)
    ours = dataclasses.asdict(asked.params)
    checkpoint.require_same(json.loads(str(stored["params_json"])), ours, {"moves"}, path)


def length(asked):
    return asked.params.moves


def work(asked):
    return asked.params.moves, 1


def run_seed(asked, log, status, keep):
    p, folder, tag = asked.params, asked.folder, asked.options.save_tag
    value, done = float(p.seed), 0
    if asked.resumed:
        stored, complaint = checkpoint.resumed(asked.resumed)
        value, done = float(stored["value"]), int(stored["move"])
        log.info(complaint or f"going on after {done} moves")
    status.phase("training", backend="none")
    progress = Progress(p.moves - done, "growing", log, status, before=done, unit=FORMAT.unit)
    for move in range(done, p.moves):
        if str(p.seed) in os.environ.get("TOY_FAILS", "").split() and move == 2:
            raise ValueError(f"seed {p.seed} cannot go on")
        value += p.gain
        progress.advance(1, value=value)
        text = json.dumps(dataclasses.asdict(p))
        checkpoint.save(asked.checkpoint, {"value": value, "move": move + 1, "params_json": text})
        keep()
    status.phase("saving")
    folder.write_npz(f"artifacts/{tag}_seed_{p.seed}.npz", {"value": value})
    folder.write_json(f"artifacts/{tag}_seed_{p.seed}_params.json", dataclasses.asdict(p))
    numbers = {"value": value, "of": {"moves": p.moves}}
    found = {"seed": p.seed, "save_tag": tag, "params_sha256": saved.checksum(p)}
    folder.write_json(f"artifacts/seed_{p.seed}_results.json", found | {"trained": numbers})


def draw_seed(seed):
    target = seed.run.figures / f"value_seed_{seed.number}.png"
    return [replace_file(target, lambda file: file.write(b"a picture"))]


def write_report(run):
    text = f"{run.name}: {run.finished}"
    return replace_file(run.folder / "report.html", lambda file: file.write(text.encode()))


here = named_in("tests.toy")
ROOM = Room(
    format=FORMAT,
    length=here("room:length"),
    work=here("room:work"),
    run_seed=here("room:run_seed"),
    check_checkpoint=here("room:check_checkpoint"),
    completed=nothing,
    draw_seed=here("room:draw_seed"),
    write_report=here("room:write_report"),
    metrics=here("room:METRICS"),
)
