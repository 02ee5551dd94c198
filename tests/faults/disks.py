"""Checkpoints of another run, and disks that cannot be written."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from driver.engine.compiler import compiler
from driver.run import checkpoint as files
from tests import program
from tests.faults.judge import compare, refused
from tests.faults.lab import LONG, Lab, Victim
from tests.program import SEED, TRIALS, Run, shared

HALF = TRIALS // 2
OTHER_SEED = SEED + 1
MB = 1 << 20
NO_SPACE = "No space left"


def half() -> Run:
    """Half a training, with a checkpoint and the one before it."""
    return shared("--n-training-trials", str(HALF))


def begun(root: Path) -> Victim:
    """Half a training in a folder of its own, which is to go on there."""
    victim = Victim(root)
    shutil.copytree(half().folder, victim.folder)
    victim.typed += ["--resume-from", str(victim.folder)]
    victim.last = victim.saved()  # and its results are those of a shorter training
    return victim


def flip(path: Path, place: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


# --- of another run -----------------------------------------------------------------------

FOREIGN = {
    "another seed": (("--seed-start", str(OTHER_SEED)), "seed"),
    "more MON cells": (("--n-mon", "61"), "n_mon"),
    "fewer LL cells": (("--n-ll", "29"), "n_ll"),
    "more TS cells": (("--n-ts", "25"), "n_ts"),
    "another gain": (("--mon-ts-gain-mv", "401"), "mon_ts_gain_mV"),
    "no plasticity": (("--no-use-ll-mon-stdp",), "ll_mon_use_stdp"),
    "another learning rate": (("--mon-ts-apre", "0.011"), "mon_ts_apre"),
    "another step": (("--dt-s", "0.0005"), "dt_s"),
    "another topography": (("--mon-ts-topo", "0.3"), "mon_to_ts_topography_strength"),
    "another speed": (("--speed-cm-s", "6"), "speed_cm_s"),
    "another stimulus": (("--r0-hz", "41"), "r0_hz"),
    "other distances": (("--training-distance-max-cm", "1.3"), "training_distance_max_cm"),
    "fewer trials": (("--n-training-trials", "2"), "--n-training-trials"),
}


def foreign(lab: Lab) -> None:
    """A checkpoint of another seed, size, recipe, stimulus or wiring is refused by name."""
    kind = lab.kind("checkpoint of another run")

    def refuse(what: str, victim: Victim, word: str, *flags: str) -> None:
        before = program.listing(victim.root)
        with kind.trial(what):
            status, _, said = program.call(*victim.typed, *flags)
            refused(Run(status, victim.out, "run", said), 2, "--resume-from", word)
            assert program.listing(victim.root) == before, "something was written"

    for what, (flags, word) in FOREIGN.items():
        refuse(f"{what}, in place", begun(lab.fresh()), word, *flags)
        refuse(f"{what}, elsewhere", begun(lab.fresh()), word, *flags, "--run-name", "new")
    other = shared("--n-training-trials", str(HALF), "--seed-start", str(OTHER_SEED))
    for what in ("the file of another seed", "the wiring of another seed"):
        victim = begun(lab.fresh())
        theirs = files.read(other.folder / "artifacts" / f"mid_checkpoint_seed_{OTHER_SEED}.npz")
        ours = files.read(victim.checkpoint())
        if what.startswith("the file"):
            files.save(victim.checkpoint(), theirs)
            refuse(what, victim, f"seed {OTHER_SEED} there, {SEED} here")
        else:
            files.save(victim.checkpoint(), ours | {"wiring_sha256": theirs["wiring_sha256"]})
            refuse(what, victim, "wiring")


# --- that cannot be written ---------------------------------------------------------------


@contextlib.contextmanager
def disk(lab: Lab, megabytes: int = 8):
    """A small file system of its own; unmounted in the end."""
    place = lab.fresh()
    mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], capture_output=True)


def mount(*words: object) -> None:
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"mount: {done.stderr.strip()}")


def no_mount(lab: Lab) -> str:
    """Why no file system can be mounted here; empty if it can."""
    if os.geteuid():
        return "only root can mount a file system"
    try:
        with disk(lab):
            return ""
    except OSError as error:
        return str(error)


def fill(place: Path, free: int) -> Path:
    """Fill a file system but for `free` bytes."""
    ballast = place / "ballast"
    ballast.write_bytes(bytes(max(0, shutil.disk_usage(place).free - free)))
    return ballast


def full_disk(lab: Lab) -> None:
    """The disk fills up, at any file; after space is freed the run goes on."""
    kind = lab.kind("full disk")
    kind.skipped = no_mount(lab)
    if kind.skipped:
        return
    size = sum(p.stat().st_size for p in program.full().folder.rglob("*") if p.is_file())
    frees = [0, 4096, *(lab.random.randrange(size) for _ in range(lab.share(0.2)))]
    with disk(lab) as place:
        for free in sorted(frees):
            victim = Victim(lab.fresh(), out=place / "Runs")
            with kind.trial(f"{free} bytes free"):
                victim.out.mkdir()
                ballast = fill(place, free)
                starve(kind, victim, victim.start(), ballast)
            shutil.rmtree(victim.out)
        for free in (0, 20_000, 60_000):
            with kind.trial(f"{free} bytes free, resumed"):
                victim = begun(place / "root")
                ballast = fill(place, free)
                before = victim.saved()
                process = program.launch(lab.fresh(), victim.typed)
                starve(kind, victim, process, ballast)
                assert before[SEED] <= victim.last[SEED]
            shutil.rmtree(place / "root")
        if compiler():
            with kind.trial("where compiled programs are kept"):
                victim = Victim(lab.fresh(), environment={"PROGRAM_CACHE": str(place)})
                starve(kind, victim, victim.start(), fill(place, 0))


def starve(kind, victim: Victim, process, ballast: Path) -> None:
    """Wait for a run to die of a full disk, make room, and go on."""
    made = victim.ended(process)
    refused(made, 1, NO_SPACE)
    kind.loses(victim.lost())
    ballast.unlink()
    compare(victim.go_on(), program.full())


def read_only(lab: Lab) -> None:
    """A folder that cannot be written: said before anything begins, or as soon as it shows."""
    kind = lab.kind("read-only folder")
    kind.skipped = no_mount(lab)
    if kind.skipped:
        return
    with disk(lab) as place:
        victim = begun(place / "begun")
        mount("-o", "remount,ro", place)
        before = program.listing(place)
        with kind.trial("a new run"):
            refused(program.run(place), 2, "--output-root")
        with kind.trial("a new run, deeper"):
            refused(program.run(place / "a" / "b"), 2, "--output-root")
        with kind.trial("a resume in place"):
            status, _, said = program.call(*victim.typed)
            refused(Run(status, victim.out, "run", said), 2, "cannot be written")
        with kind.trial("a resume into another folder"):
            compare(program.run(lab.fresh(), "--resume-from", victim.folder), program.full())
        with kind.trial("written all the same"):
            assert program.listing(place) == before
        mount("-o", "remount,rw", place)
    for part in ("artifacts", "."):
        victim = Victim(lab.fresh(), *LONG)
        with kind.trial(f"{part} becomes read-only while it runs"):
            process = victim.start()
            while not victim.checkpoint().exists() and process.poll() is None:
                pass
            frozen = victim.folder / part
            mount("--bind", frozen, frozen)
            try:
                mount("-o", "remount,bind,ro", frozen)
                made = victim.ended(process)
                refused(made, 1, "Read-only file system")
                kind.loses(victim.lost())
            finally:
                subprocess.run(["umount", "--lazy", frozen], capture_output=True)
            compare(victim.go_on(), shared(*LONG))
