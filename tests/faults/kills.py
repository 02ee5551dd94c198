"""Processes that are killed, interrupted, or two at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from driver.engine.compiler import compiler
from tests import program
from tests.faults.judge import compare, refused
from tests.faults.lab import LONG, Lab, Victim
from tests.program import SEED, TRIALS, shared

SEEDS = (SEED, SEED + 1)
TWO = ("--multi-seed", "2")
SHORTER = ("--n-training-trials", "300")


AT_A_WRITE = """
import io, os, signal, sys
import ll_stdp_brian2
from driver.run import checkpoint

replace, calls = checkpoint.replace_file, []

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def written(file, write, part):
    content = io.BytesIO()
    write(content)
    file.write(content.getvalue()[: int(part * content.tell())])
    file.flush()
    die()

def replaced(target, write):
    if target.name == {name!r}:
        calls.append(target)
    if len(calls) != {number} or target.name != {name!r}:
        return replace(target, write)
    part = {moment!r}
    if part == "before":
        die()
    if part == "after":
        return replace(target, write), die()
    return replace(target, lambda file: written(file, write, part))

checkpoint.replace_file = replaced
ll_stdp_brian2.main(sys.argv[1:])
"""
MOMENTS = ("before", 0.0, 0.5, 1.0, "after")  # of a write: a share is on the disk, not renamed


def checkpoint_writes(lab: Lab) -> None:
    """kill -9 at every moment of the writes of a checkpoint and of its backup."""
    kind = lab.kind("kill -9 while a checkpoint is written")
    n_records = TRIALS // 2
    for record in (1, 2, n_records):
        for ending in ("", ".bak")[: 1 + (record > 1)]:
            for moment in MOMENTS:
                victim = Victim(lab.fresh())
                name = victim.checkpoint().name + ending
                number = record - (ending != "")  # the first one has no backup
                with kind.trial(f"{name} {number}, {moment}"):
                    code = AT_A_WRITE.format(name=name, number=number, moment=moment)
                    made = victim.ended(victim.start(code))
                    assert made.status == -signal.SIGKILL, made.said
                    saved = victim.last.get(SEED, 0)
                    kind.loses(2 * record - saved)
                    done = record if ending == "" and moment == "after" else record - 1
                    assert saved == 2 * done
                    compare(victim.go_on(), program.full())


def compilation(lab: Lab) -> None:
    """kill -9 while the network is generated and compiled, with or without the compilers."""
    kind = lab.kind("kill -9 during code generation and compilation")
    if compiler() is None:
        kind.skipped = "there is no compiler"
        return
    n = lab.share(0.12)
    _, lab.cold_seconds = lab.whole(cold(lab))
    while kind.tried < n and not kind.problems:
        victim = cold(lab)
        cache = Path(victim.environment["PROGRAM_CACHE"])
        most = min(3, n - kind.tried)
        lab.strike_until_complete(
            *(kind, victim, program.full(), lab.cold_seconds, most, signal.SIGKILL),
            patience_s=0,  # compilers whose parent was killed work on
        )
        with kind.trial("the cache", []):
            time.sleep(1)
            left = [path.name for path in cache.glob("building_*")]
            assert not left, f"left behind: {left}"
            for built in (cache / "programs").iterdir():
                assert {"main", "manifest.json"} <= {path.name for path in built.iterdir()}
        lab.say_count(kind, n)


def cold(lab: Lab) -> Victim:
    """A run that has to compile."""
    root = lab.fresh()
    return Victim(root, environment={"PROGRAM_CACHE": str(root / "programs")})


def compiled_program(lab: Lab) -> None:
    """kill -9 of the compiled program alone, as a system without memory does."""
    kind = lab.kind("kill -9 of the compiled program, in a block")
    if compiler() is None:
        kind.skipped = "there is no compiler"
        return
    reference, n = shared(*SHORTER), lab.share(0.1)
    for _ in range(10 * n):
        if kind.tried == n:
            break
        victim, struck = Victim(lab.fresh(), *SHORTER), []
        with kind.trial("", struck):
            process = victim.start()
            number = awaited(process, "/main ")
            moment = lab.random.uniform(0, 0.8)
            if strike_other(process, number, moment):
                struck.append(f"{moment:.2f} s")
            made = victim.ended(process)
            if made.status:
                refused(made, 1, "the compiled program ended", "keeps the parameters")
                kind.loses(victim.lost())
                made = victim.go_on()
            else:
                struck.clear()  # too late
            compare(made, reference)


def several_seeds(lab: Lab) -> None:
    """kill -9 of the parent of several seeds, or of the process of one of them."""
    kind, n = lab.kind("kill -9 of a run of two seeds, random moment"), lab.share(0.08)
    reference, seconds = lab.whole(Victim(lab.fresh(), *SHORTER, *TWO, seeds=SEEDS))
    while kind.tried < n and not kind.problems:
        victim = two_seeds(lab, *SHORTER)
        most = min(2, n - kind.tried)
        lab.strike_until_complete(kind, victim, reference, seconds, most, signal.SIGKILL)
    kind, n = lab.kind("kill -9 of the process of one of two seeds"), lab.share(0.06)
    for _ in range(10 * n):
        if kind.tried == n:
            break
        victim, struck = two_seeds(lab, *SHORTER), []
        with kind.trial("", struck):
            process = victim.start()
            number = awaited(process, "spawn_main")
            moment = lab.random.uniform(0, seconds / 3)
            if strike_other(process, number, moment):
                struck.append(f"{moment:.2f} s")
            made = victim.ended(process)
            if made.status:
                refused(made, 1, "failed (status -9)", "go on with")
                assert len(made.summary["failed_seeds"]) == 1
                made = victim.ended(victim.start(shown_in=made.said))
            else:
                struck.clear()
            compare(made, reference, SEEDS)


def two_seeds(lab: Lab, *flags: str) -> Victim:
    """A run of two seeds, one after the other or at once."""
    jobs = ("--jobs", str(lab.random.choice((1, 2))))
    return Victim(lab.fresh(), *flags, *TWO, *jobs, seeds=SEEDS)


def two_at_once(lab: Lab) -> None:
    """Two processes that want the same folder: one is refused, the other is not disturbed."""
    half = shared("--n-training-trials", "4")
    flags = {
        "that resume the same folder": lambda victim: ("--resume-from", victim.folder),
        "that start in the same folder": lambda victim: (),
        "that overwrite the same folder": lambda victim: ("--overwrite",),
    }
    for name, more in flags.items():
        kind = lab.kind(f"two processes {name}")
        for _ in range(lab.share(0.06)):
            victim = Victim(lab.fresh(), *SHORTER)
            if name != "that start in the same folder":
                shutil.copytree(half.folder, victim.folder)
            pause = lab.random.choice((0, 0, lab.random.uniform(0, 1)))
            with kind.trial(f"{pause:.2f} s apart"):
                words = [*victim.typed, *more(victim)]
                processes = []
                for _ in range(2):
                    processes.append(program.launch(victim.root, words))
                    time.sleep(pause)
                ends = [program.finish(process, victim.out) for process in processes]
                good, bad = sorted(ends, key=lambda made: made.status)
                refused(bad, 2, "run")
                assert "another process" in bad.said or name.startswith("that start"), bad.said
                compare(good, shared(*SHORTER))


def interrupts(lab: Lab) -> None:
    """Ctrl+C, and the signal by which a cluster says it: saved, 130, and as if nothing was."""
    seldom = ("--checkpoint-save-every-n", "100000")  # only the interrupt saves
    for number in (signal.SIGINT, signal.SIGTERM):
        kind, n = lab.kind(f"{number.name}, random moment"), lab.share(0.12)
        reference, seconds = lab.whole(Victim(lab.fresh(), *LONG, *seldom))
        while kind.tried < n and not kind.problems:
            most, victim = min(3, n - kind.tried), Victim(lab.fresh(), *LONG, *seldom)
            lab.strike_until_complete(kind, victim, reference, seconds, most, number)
        kind, n = lab.kind(f"{number.name}, random moment, two seeds"), lab.share(0.08)
        reference, seconds = lab.whole(two_seeds(lab, *SHORTER, *seldom))
        while kind.tried < n and not kind.problems:
            most, victim = min(3, n - kind.tried), two_seeds(lab, *SHORTER, *seldom)
            lab.strike_until_complete(kind, victim, reference, seconds, most, number)
    kind, n = lab.kind("SIGTERM during code generation and compilation"), lab.share(0.04)
    if compiler() is None:
        kind.skipped = "there is no compiler"
        return
    while kind.tried < n and not kind.problems:
        most = min(2, n - kind.tried)
        lab.strike_until_complete(
            *(kind, cold(lab), program.full(), lab.cold_seconds, most, signal.SIGTERM)
        )


def awaited(process, words: str, seconds: float = 60) -> int:
    """Number of a process, started by this one, that has words in its command."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        for number, command in program.carriers(process.mark).items():
            if words in command:
                return number
        time.sleep(0.01)
    raise AssertionError(f"no {words} was started")


def strike_other(process, number: int, seconds: float) -> bool:
    """Kill another process while this one runs; False if it had ended."""
    with contextlib.suppress(Exception):
        process.wait(seconds)
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)
        return True
    return False
