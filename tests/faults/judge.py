"""What is counted, and how the end of a run is judged."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Sequence

from tests import program
from tests.program import SEED, Run


def say(text: str) -> None:
    print(text, flush=True)


class Wrong(Exception):
    """A run ended well that is not the run it should be."""


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


def table(kinds: Sequence[Kind]) -> str:
    """Tries and failures in Markdown; each cause below, how often and the shortest command."""
    lines = ["| attack | tries | failures |", "| --- | ---: | ---: |"]
    lines += [f"| {k.name} | {k.skipped or k.tried} | {len(k.problems)} |" for k in kinds]
    lines += [f"\n{k.name}: nothing was tried" for k in kinds if not (k.skipped or k.tried)]
    for kind in kinds:
        causes: dict[str, list[str]] = {}
        for problem in kind.problems:
            what, happened = re.split(r": (?:WRONG|\w+): ", problem, maxsplit=1)
            alike = what.partition("; ")[0] if "; " in what else ""
            alike = re.sub(r"'[^']*'|\d+|/\S+", "_", f"{alike} {happened.partition('; ')[0][:60]}")
            causes.setdefault(alike, []).append(problem)
        for problems in sorted(causes.values(), key=len, reverse=True):
            lines.append(f"\n{kind.name}, {len(problems)} x {min(problems, key=len)}")
    return "\n".join(lines)


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
