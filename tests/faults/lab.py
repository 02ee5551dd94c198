"""What the faults share: a run that is struck and started again, and how its end is judged."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import re
import shlex
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from driver.run import checkpoint as files
from driver.run.checkpoint import backup
from tests import program
from tests.faults.judge import Kind, compare, say
from tests.program import SEED, SMALL, Run

INTERVAL = 2  # trials between two records of the small network
LONG = ("--n-training-trials", "600")  # some seconds of training
ENDS_WITHIN_S = 10.0  # what a killed process had started


# the script itself, which notes every block of training that begins
NOTED = f"""
import importlib.util, os, runpy, sys

class Noting:
    def find_spec(self, name, path=None, target=None):
        if name != "models.lateral_line.simulation":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (load(module), note(module.Simulation))
        return spec

def note(simulation):
    train = simulation.train
    def noted(self, state, first, n_steps, *args, learn=True, **how):
        if learn:
            with open(os.environ["BEGUN"], "w") as file:
                file.write(str((first + n_steps) // self.params.trial_steps))
        return train(self, state, first, n_steps, *args, learn=learn, **how)
    simulation.train = noted

sys.meta_path.insert(0, Noting())
sys.argv[0] = {str(program.SCRIPT)!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Victim:
    """A small run that is struck, and started again as ``status`` says, until it is complete.

    Parameters
    ----------
    root : Path
        Folder of its own.
    *flags
    seeds : tuple of int
    out : Path, optional
        Where its run folder lies, if not in `root`.
    figures : bool
    environment : dict, optional
    """

    def __init__(self, root, *flags, seeds=(SEED,), out=None, figures=False, environment=None):
        self.root, self.seeds, self.figures = root, seeds, figures
        self.out = out or root
        self.begun = root / "begun"
        self.environment = {"BEGUN": str(self.begun)} | (environment or {})
        typed = (*SMALL, "--output-root", self.out, "--run-name", "run", *flags)
        self.typed = [str(word) for word in typed] + ["--no-figures"] * (not figures)
        self.last: dict[int, int] = {}
        self.finished: set[int] = set()

    @property
    def folder(self) -> Path:
        return self.out / "run"

    @property
    def complete(self) -> bool:
        return (self.folder / "run_summary.json").exists()

    def checkpoint(self, seed: int = SEED) -> Path:
        return self.folder / "artifacts" / f"mid_checkpoint_seed_{seed}.npz"

    def words(self, shown_in: str | None = None) -> list[str]:
        """What to type now: as ``status`` says, or as at first if there is no run yet."""
        if not (self.folder / "params.json").exists():
            return self.typed
        said = shown_in or program.call("status", self.folder)[1]
        found = re.findall(r"go on with: (.*?)\)?$", said, re.MULTILINE)
        assert len(found) == 1, f"no way on is shown: {said}"
        return shlex.split(found[0])[2:]

    def start(self, code: str = NOTED, shown_in: str | None = None):
        """Start it, or start it again."""
        self.begun.unlink(missing_ok=True)
        words = self.words(shown_in)
        return program.launch(self.root, words, code=code, environment=self.environment)

    def ended(self, process, patience_s: float = ENDS_WITHIN_S) -> Run:
        """Wait for its end, and for all that it had started."""
        made = program.finish(process, self.out)
        if patience_s:
            assert program.gone(process.mark, patience_s), program.alive(process.mark)
        return self.seen(made)

    def go_on(self) -> Run:
        """Start it again, in this process."""
        status, _, said = program.call(*self.words())
        return self.seen(Run(status, self.out, "run", said))

    def seen(self, made: Run) -> Run:
        """Raise unless it went on where its checkpoints stood and left whole files only."""
        before_main = made.status == -signal.SIGINT
        assert "Traceback" not in made.said or before_main, made.said[-3000:]
        stood, finished = self.last, self.finished
        self.look()
        went_on = [int(n) for n in re.findall(r"resuming after trial (\d+)", made.said)]
        left = list(went_on)  # several seeds may run at once, in any order
        for seed in sorted(stood, key=lambda seed: seed in finished):
            if stood[seed] in left:
                left.remove(stood[seed])
            elif made.status == 0:
                assert seed in finished, f"saved were {stood}, it went on after {went_on}"
        assert not left, f"saved were {stood}, it went on after {went_on}"
        return made

    def look(self) -> None:
        """Remember what is there: checkpoints, and seeds that need not be run again."""
        names = {seed: f"artifacts/seed_{seed}_results.json" for seed in self.seeds}
        self.finished = {seed for seed, name in names.items() if (self.folder / name).exists()}
        self.last = self.saved()

    def saved(self) -> dict[int, int]:
        """Trials in the newest checkpoint of each seed that has one; every file must be whole."""
        for path in self.folder.rglob("*.json"):
            program.load_json(path)
        for path in self.folder.rglob("*.npz"):
            program.load_npz(path)
        found = {}
        for seed in self.seeds:
            path = self.checkpoint(seed)
            kept = [trials(file) for file in (backup(path), path) if file.exists()]
            if kept:
                assert path.exists() and kept == sorted(kept)
                found[seed] = kept[-1]
        return found

    def lost(self) -> int:
        """Trials that had begun when it ended and are not in the newest checkpoint."""
        begun = int(self.begun.read_text() or 0) if self.begun.exists() else 0
        lost = max(0, begun - self.last.get(SEED, 0))
        assert lost <= INTERVAL, f"{begun} trials had begun, saved were {self.last}"
        return lost


def trials(path: Path) -> int:
    """Trials in a checkpoint."""
    return int(files.read(path)["trial_idx"]) + 1


def strike(process, seconds: float, number: int, group: bool) -> bool:
    """Send a signal to a process, or to its group, after some time; False if it had ended."""
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, number)
        return True


class Lab:
    """Where it happens: folders, random moments, the lines of the table.

    Parameters
    ----------
    root : Path
    kills : int
        Moments of the first kind; the others have a share of it.
    seed : int
    """

    def __init__(self, root: Path, kills: int, seed: int):
        self.root, self.kills, self.random = root, kills, random.Random(seed)
        self.kinds: list[Kind] = []
        self.cold_seconds = 10.0  # a compilation

    def kind(self, name: str) -> Kind:
        say(f"{time.strftime('%H:%M:%S')}  {name}")
        self.kinds.append(Kind(name))
        return self.kinds[-1]

    def say_count(self, kind: Kind, n: int) -> None:
        say(f"          {kind.tried} of {n}")

    def share(self, part: float) -> int:
        return max(1, round(self.kills * part))

    def fresh(self) -> Path:
        """A new folder."""
        return Path(tempfile.mkdtemp(dir=self.root))

    def whole(self, victim: Victim) -> tuple[Run, float]:
        """A run that nothing happens to, in a process of its own, and how long it took."""
        start = time.monotonic()
        made = victim.ended(victim.start())
        assert made.status == 0, made.said
        return made, time.monotonic() - start

    def strike_until_complete(
        self,
        kind: Kind,
        victim: Victim,
        reference: Run,
        seconds: float,
        n: int,
        number: int,
        patience_s: float = ENDS_WITHIN_S,
    ) -> None:
        """Strike a run up to `n` times in a row, at random moments; then compare its end.

        Processes that were told to end (SIGINT, SIGTERM) must say 130; a killed one must not be
        outlived by anything that writes.
        """
        struck: list[str] = []
        with kind.trial("struck after", struck):
            while True:
                process = victim.start()
                moment, group = self.random.uniform(0, seconds), self.random.random() < 0.5
                hit = len(struck) < n and strike(process, moment, number, group)
                at = time.time()
                made = victim.ended(process, patience_s)
                if made.status == 0:
                    break
                assert hit, f"status {made.status}: {made.said[-600:]}"
                struck.append(f"{moment:.2f} s ({'group' if group else 'parent'})")
                if number == signal.SIGKILL:
                    assert newest(victim.folder) < at + 1, "something wrote on"
                else:
                    outside = "ll_fast" not in made.said or victim.complete  # Python's own time
                    assert made.status == 130 or (made.status == -number and outside), made.said
                if victim.seeds == (SEED,):
                    kind.loses(victim.lost())
                if victim.complete:  # but for its report
                    if victim.figures:
                        program.call("report", victim.folder)
                    made = dataclasses.replace(made, status=0)
                    break
            compare(made, reference, victim.seeds)


def newest(folder: Path) -> float:
    """When something in a folder was last written."""
    return max((p.stat().st_mtime for p in folder.rglob("*")), default=0.0)
