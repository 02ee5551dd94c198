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

from driver import checkpoint as files
from driver.checkpoint import backup
from tests import program
from tests.program import SEED, SMALL, Run

INTERVAL = 2  # trials between two records of the small network
LONG = ("--n-training-trials", "600")  # some seconds of training
ENDS_WITHIN_S = 10.0  # what a killed process had started


class Wrong(Exception):
    """A run ended well that is not the run it should be."""


def say(text: str) -> None:
    print(text, flush=True)


@dataclasses.dataclass
class Kind:
    """A line of the table: one kind of fault, and what came of it.

    Attributes
    ----------
    lost : int or None
        Most trials that had begun and were not in the newest checkpoint; None if not measured.
    skipped : str
        Why nothing was tried.
    """

    name: str
    tried: int = 0
    survived: int = 0
    wrong: int = 0
    lost: int | None = None
    skipped: str = ""
    problems: list[str] = dataclasses.field(default_factory=list)

    @contextlib.contextmanager
    def trial(self, what: object, moments: list | None = None):
        """Count one fault, or as many as there are `moments` in the end; an error is a failure."""
        problem, wrong = "", False
        try:
            yield
        except Wrong as error:
            problem, wrong = f"{what} {moments or ''}: WRONG: {error}", True
        except Exception as error:  # whatever it is, the run was not saved
            problem = f"{what} {moments or ''}: {type(error).__name__}: {error}"
        n = 1 if moments is None else len(moments)
        self.tried += n
        if problem:
            self.wrong += max(n, 1) if wrong else 0
            self.problems.append(problem)
            say(f"  {problem}")
        else:
            self.survived += n

    def loses(self, trials: int) -> None:
        self.lost = max(self.lost or 0, trials)

    @property
    def good(self) -> bool:
        """Whether something was tried and all was survived, or skipped with a reason."""
        if self.skipped:
            return not self.tried
        return self.tried > 0 and self.survived == self.tried and not self.problems


def table(kinds: list[Kind]) -> str:
    """All kinds as a table in Markdown, and below it what was skipped and what went wrong."""
    rows = [
        ("fault", "moments", "survived", "trials lost", "wrong results"),
        ("---", *4 * ["---:"]),
    ]
    for k in kinds:
        numbers = (k.tried, k.survived, "-" if k.lost is None else k.lost, k.wrong)
        rows.append((k.name, *map(str, numbers)) if not k.skipped else (k.name, "skipped", *"---"))
    width = [max(len(row[c]) for row in rows) for c in range(5)]
    lines = [
        "| " + " | ".join(word.ljust(w) for word, w in zip(row, width, strict=True)) + " |"
        for row in rows
    ]
    lines += [f"\n{k.name}: skipped, {k.skipped}" for k in kinds if k.skipped]
    lines += [f"\n{k.name}: nothing was tried" for k in kinds if not (k.skipped or k.tried)]
    return "\n".join([*lines, *(f"\n{k.name}: {text}" for k in kinds for text in k.problems)])


def differences(made: Run, reference: Run, seeds=(SEED,)) -> list[str]:
    """What is not as in the reference, bit for bit: arrays, results, summary, names of files."""
    found = []
    for seed in seeds:
        found += program.differing(made.arrays(seed), reference.arrays(seed))
        one, other = (program.without_times(r.results(seed)) for r in (made, reference))
        keys = sorted(set(one) | set(other))
        found += [
            f"results/{k}" for k in keys if (k in one, one.get(k)) != (k in other, other.get(k))
        ]
    found += ["run_summary.json"] if made.summary != reference.summary else []
    theirs, ours = (set(program.listing(r.folder)) for r in (made, reference))
    return found + sorted(name for name in theirs ^ ours if not name.endswith(".bak"))


def compare(made: Run, reference: Run, seeds=(SEED,)) -> None:
    """Raise unless a run ended well, and with the bits of the reference."""
    assert made.status == 0, f"status {made.status}: {made.said[-600:]}"
    found = differences(made, reference, seeds)
    if found:
        raise Wrong(", ".join(found[:6]))


def refused(made: Run, status: int, *words: str) -> None:
    """Raise unless a run ended with this status, and said so in a message with these words."""
    if made.status == 0:
        raise Wrong("it was not refused")
    assert made.status == status, f"status {made.status}: {made.said[-600:]}"
    assert "Traceback" not in made.said, made.said[-3000:]
    missing = [word for word in words if word not in made.said]
    assert not missing, f"no word of {missing} in {made.said[-600:]}"


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
    def noted(self, state, first, n_steps, *args, learn=True):
        if learn:
            with open(os.environ["BEGUN"], "w") as file:
                file.write(str((first + n_steps) // self.params.trial_steps))
        return train(self, state, first, n_steps, *args, learn=learn)
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
        left = list(went_on)
        for seed, trial in stood.items():
            if left[:1] == [trial]:
                left.pop(0)
            elif left or made.status == 0:  # else it ended before it came to this seed
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
                    early = made.status == -number and not victim.begun.exists()
                    assert made.status == 130 or early, f"status {made.status}: {made.said[-600:]}"
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
