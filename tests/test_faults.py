"""No hour is lost: the short version of `tests.faults`, and tests of its checks."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import driver.engine.compile.program
from driver.command import life
from driver.engine.compile.program import Maker
from driver.engine.model import Model
from driver.flags.from_dataclass import UsageError
from driver.run import checkpoint as files
from driver.run import isolation
from driver.run.checkpoint import Unreadable, backup
from driver.run.folder import RunFolder
from tests import program
from tests.faults.instructions import interrupted_records
from tests.faults.judge import Kind, Wrong, compare, differences, refused, table
from tests.faults.lab import Lab, Victim
from tests.program import SEED, TRIALS, differing, full, listing, resolve, run, shared

HALF = ("--n-training-trials", str(TRIALS // 2))
CHECKPOINT = f"mid_checkpoint_seed_{SEED}.npz"


# --- killed ------------------------------------------------------------------------------


def test_a_run_that_is_killed_again_and_again_ends_in_the_same_bits(tmp_path):
    lab, kind = Lab(tmp_path, kills=3, seed=3), Kind("kill -9")
    flags = ("--n-training-trials", "100")
    victim = Victim(lab.fresh(), *flags)
    lab.strike_until_complete(kind, victim, shared(*flags), 1.5, 3, signal.SIGKILL)
    assert kind.good, kind.problems
    assert kind.tried >= 2 and kind.lost <= 2


@pytest.mark.parametrize("left", ["nothing", "folders", "half of the parameters"])
def test_a_run_that_was_killed_before_its_parameters_is_simply_started_again(tmp_path, left):
    (tmp_path / "run" / "artifacts").mkdir(parents=True)
    (tmp_path / "run" / "figures").mkdir()
    if left == "half of the parameters":
        (tmp_path / "run" / ".params.json.123.part").write_text("{")
    if left == "nothing":
        shutil.rmtree(tmp_path / "run")
    made = run(tmp_path, *HALF)
    assert made.status == 0, made.said
    assert list(made.folder.rglob("*.part")) == []


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "run" / "artifacts").mkdir(parents=True)
    (tmp_path / "run" / "artifacts" / "thesis.doc").write_text("mine")
    for flags in ((), ("--overwrite",)):
        assert run(tmp_path, *flags).status == 2
    assert (tmp_path / "run" / "artifacts" / "thesis.doc").read_text() == "mine"


def test_a_folder_that_was_being_replaced_is_no_complete_run_and_can_be_replaced(
    tmp_path, monkeypatch
):
    shutil.copytree(full().folder, tmp_path / "run")

    def power_cut(path):
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", power_cut)
        assert run(tmp_path, "--overwrite").status == 1
    assert not (tmp_path / "run" / "run_summary.json").exists()
    assert program.call("status", tmp_path / "run")[0] == 0
    compare(run(tmp_path, "--overwrite"), full())


# --- killed while it compiles ------------------------------------------------------------

BUILD = """
import sys, time
import driver.engine.compile.program
from tests.test_faults import MAKER, generated

driver.engine.compile.program.generate = generated
driver.engine.compile.program.run = lambda command, cwd: (
    print("compiling", flush=True), time.sleep(60)
)
driver.engine.compile.program.find_or_build(MAKER, lambda text: None)
"""
MAKER = Maker(Model("models.lateral_line.network:build", {}, {}, (), (), ()))


def generated(maker, folder):
    folder.mkdir(parents=True)
    for name in ("main.cpp", "objects.cpp", "manifest.json"):
        (folder / name).write_text("{}")


def compiled(command, cwd):
    (cwd / command[command.index("-o") + 1]).write_text("a program")


def test_a_compilation_that_was_killed_leaves_nothing_to_the_next(tmp_path, monkeypatch):
    """Generation and compiler are stand-ins here; ``tests.faults`` kills the real ones."""
    monkeypatch.setenv("PROGRAM_CACHE", str(tmp_path / "programs"))
    monkeypatch.setenv("CXX", sys.executable)
    killed = subprocess.Popen(
        [sys.executable, "-c", BUILD], cwd=program.REPOSITORY, stdout=subprocess.PIPE
    )
    assert killed.stdout.readline() == b"compiling\n"
    killed.kill()
    killed.communicate()
    left = list((tmp_path / "programs").glob("building_*"))
    assert len(left) == 1
    assert driver.engine.compile.program.cached(MAKER, sys.executable) is None
    monkeypatch.setattr(driver.engine.compile.program, "generate", generated)
    monkeypatch.setattr(driver.engine.compile.program, "run", compiled)
    made = driver.engine.compile.program.find_or_build(MAKER, lambda text: None)
    assert (made / "main").read_text() == "a program"
    assert driver.engine.compile.program.cached(MAKER, sys.executable) == made
    assert list((tmp_path / "programs").glob("building_*")) == []


# --- interrupted -------------------------------------------------------------------------


def test_ctrl_c_never_leaves_half_a_record(tmp_path):
    found = list(interrupted_records(tmp_path, every=5))
    assert len(found) > 100
    assert [(where, names) for where, names in found if names] == []


def stubborn(path):
    """Does not listen, and says so when it has come to its end."""
    for number in isolation.INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    path.write_text(str(os.getpid()))
    time.sleep(20)
    path.write_text("came to its end")


class Slow:
    """An argument on which a process is still at work when Ctrl+C is pressed."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return arrived, (self.path,)


def arrived(path):
    path.write_text(str(os.getpid()))
    time.sleep(1)
    return path


def press_ctrl_c(path) -> None:
    """Press it, as a terminal does it: for this process and the one that wrote its number."""

    def press():
        while not (path.exists() and path.read_text()):
            time.sleep(0.01)
        for number in (int(path.read_text()), os.getpid()):
            os.kill(number, signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()


def test_a_seed_that_does_not_listen_is_ended_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(isolation, "PATIENCE_S", 0.2)
    path = tmp_path / "number"
    press_ctrl_c(path)
    with pytest.raises(KeyboardInterrupt):
        list(isolation.run_isolated(stubborn, [path]))
    assert not os.path.exists(f"/proc/{path.read_text()}")
    assert path.read_text() != "came to its end"


def test_ctrl_c_while_a_seed_starts_ends_it_without_a_traceback(tmp_path, capfd):
    path = tmp_path / "number"
    press_ctrl_c(path)
    with pytest.raises(KeyboardInterrupt):
        list(isolation.run_isolated(stubborn, [Slow(path)]))
    assert path.read_text() != "came to its end"
    assert "Traceback" not in capfd.readouterr().err


def test_signals_are_heard_again_after_a_seed_was_started():
    assert list(isolation.run_isolated(int, [0])) == [(0, 0)]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(isolation.INTERRUPTS) == set()


@pytest.mark.parametrize("begun", [True, False], ids=["with a checkpoint", "before its first"])
def test_a_run_with_a_seed_that_failed_shows_how_to_go_on(tmp_path, monkeypatch, begun):
    def isolated(function, seeds, jobs):
        for room, request in seeds:
            if request.params.seed != SEED:
                yield (room, request), function((room, request))
                continue
            if begun:
                source = shared(*HALF).folder / "artifacts" / CHECKPOINT
                shutil.copy(source, request.folder.artifacts)
            yield (room, request), -signal.SIGKILL  # out of memory

    monkeypatch.setattr(life, "run_isolated", isolated)
    made = run(tmp_path, "--multi-seed", "2")
    assert made.status == 1
    assert f"seed {SEED} failed" in made.said
    words = Victim(tmp_path).words(shown_in=made.said)
    request = resolve(words)
    assert request.continues_in_place and request.seeds == [SEED, SEED + 1]


# --- damaged -----------------------------------------------------------------------------

ARRAYS = {
    "weights": np.linspace(0, 1, 40),
    "steps": np.arange(7, dtype=np.int64),
    "none": np.empty((0, 3)),
    "name": np.asarray("a text"),
    "on": np.asarray(True),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A checkpoint file, and its bytes."""
    path = tmp_path_factory.mktemp("damaged") / "checkpoint.npz"
    files.save(path, ARRAYS)
    return path, path.read_bytes()


def right_or_refused(path, content: bytes) -> bool:
    """Read a file that holds `content`; whether it could be read, and then it is right."""
    path.write_bytes(content)
    try:
        found = files.read(path)
    except Unreadable as error:
        assert path.name in str(error)
        return False
    assert differing(found, ARRAYS) == []
    return True


def test_a_whole_checkpoint_is_read(whole):
    assert right_or_refused(*whole)


@settings(max_examples=200, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_whatever_byte_is_changed_the_arrays_are_right_or_refused(whole, share, byte):
    path, content = whole
    changed = bytearray(content)
    changed[int(share * len(content))] ^= byte
    right_or_refused(path, bytes(changed))


@settings(max_examples=100, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), filled=st.booleans())
def test_wherever_it_is_cut_it_is_refused(whole, share, filled):
    path, content = whole
    length = int(share * len(content))
    rest = bytes(len(content) - length if filled else 0)  # a file system may leave zeros
    assert content[length:] == rest or not right_or_refused(path, content[:length] + rest)


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=2000))
def test_any_other_file_is_refused(whole, data):
    assert not right_or_refused(whole[0], data)


@settings(max_examples=50, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), byte=st.integers(1, 255))
def test_the_backup_stands_in_for_a_damaged_one_and_is_not_replaced_by_it(whole, share, byte):
    path, content = whole
    backup(path).write_bytes(content)
    changed = bytearray(content)
    changed[int(share * len(content))] ^= byte
    path.write_bytes(changed)
    assert differing(files.read_newest(path)[0], ARRAYS) == []
    files.save(path, ARRAYS)
    assert right_or_refused(path, path.read_bytes())
    assert differing(files.read(backup(path)), ARRAYS) == []


# --- a full disk -------------------------------------------------------------------------

WRITTEN = ["params.json", CHECKPOINT, f"{CHECKPOINT}.bak", f"seed_{SEED}_recordings.npz"]
WRITTEN += ["run_summary.json"]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_disk_that_is_full_at_any_file_ends_the_run_with_a_word_and_loses_nothing(
    tmp_path, monkeypatch, name
):
    whole_write = files.replace_file

    def full_at(target, write, n_bytes=None):
        def half(file):
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return whole_write(target, half if target.name == name else write, n_bytes)

    with monkeypatch.context() as patch:
        patch.setattr("driver.run.folder.replace_file", full_at)
        patch.setattr(files, "replace_file", full_at)
        made = run(tmp_path)
    refused(made, 1, "No space left", name)
    victim = Victim(tmp_path)
    trained = {CHECKPOINT: 0, f"{CHECKPOINT}.bak": 2, "params.json": 0}.get(name, TRIALS)
    assert victim.saved().get(SEED, 0) == trained
    victim.look()
    compare(victim.go_on(), full())


LIMITED = """
import resource, sys
import ll_stdp_brian2
from driver.run import checkpoint

save = checkpoint.save
def limited(*args):
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
    return save(*args)
checkpoint.save = limited
sys.exit(ll_stdp_brian2.main(sys.argv[1:]))
"""


def test_a_checkpoint_that_the_system_cuts_short_ends_the_run_with_a_word(tmp_path):
    """What NumPy and zipfile make of a write that fails, with no stand-in for it."""
    made = program.finish(program.start(tmp_path, "--no-figures", code=LIMITED), tmp_path)
    refused(made, 1, "File too large", CHECKPOINT)
    victim = Victim(tmp_path)
    assert victim.saved() == {}
    compare(victim.go_on(), full())


# --- a folder that cannot be written, or is taken ----------------------------------------


@pytest.fixture
def read_only(monkeypatch):
    """Nothing can be written, as root's permissions would not show."""
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)


def test_a_read_only_output_root_is_refused_before_anything_is_written(tmp_path, read_only):
    for root in (tmp_path, tmp_path / "deeper" / "still"):
        refused(run(root), 2, "--output-root")
    assert listing(tmp_path) == {}


def test_a_run_folder_that_became_read_only_is_not_resumed_in_place(tmp_path, monkeypatch):
    shutil.copytree(shared(*HALF).folder, tmp_path / "run")
    before = listing(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
        refused(run(tmp_path, "--resume-from", tmp_path / "run"), 2, "cannot be written")
    assert listing(tmp_path) == before
    compare(run(tmp_path, "--resume-from", tmp_path / "run"), full())


HOLD = """
import sys
from pathlib import Path
from driver.run.folder import RunFolder

with RunFolder(Path(sys.argv[1])).claimed():
    print("claimed", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def taken(tmp_path):
    """A run folder that another process works in."""
    shutil.copytree(shared(*HALF).folder, tmp_path / "run")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")],
        cwd=program.REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout.readline() == b"claimed\n"
    yield tmp_path / "run"
    other.kill()
    other.communicate()


@pytest.mark.parametrize("how", ["--overwrite", "--resume-from"])
def test_a_folder_that_another_process_works_in_is_refused_and_left_alone(taken, how):
    """Also if the other one came just after everything had been checked."""
    before = listing(taken)
    flags = (how, taken) if how == "--resume-from" else (how,)
    refused(run(taken.parent, *flags), 2, "another process")
    with pytest.MonkeyPatch.context() as late:
        late.setattr(RunFolder, "check_unused", lambda self: None)
        late.setattr("driver.run.folder.PATIENCE", 2)
        refused(run(taken.parent, *flags), 2, "another process")
    assert listing(taken) == before


def test_a_folder_is_free_after_it_was_claimed(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.claimed():
        folder.create()
        assert RunFolder(folder.path).in_use
    assert not folder.in_use
    with RunFolder(folder.path).claimed(), pytest.raises(UsageError, match="another process"):
        folder.check_unused()


# --- the checks of the script can fail ---------------------------------------------------


@pytest.fixture
def copied(tmp_path):
    """A run that is as the reference, until somebody changes it."""
    shutil.copytree(full().folder, tmp_path / "run")
    return program.Run(0, tmp_path, "run", "")


def test_a_run_is_as_itself(copied):
    assert differences(copied, full()) == []
    compare(copied, full())


@pytest.mark.parametrize(
    "name, key",
    [
        (f"latest_seed_{SEED}.npz", "mon_ts_w"),
        (f"seed_{SEED}_recordings.npz", "test_ts_step"),
        (CHECKPOINT, "state.mon.v"),
    ],
)
def test_one_wrong_bit_is_counted_as_a_wrong_result(copied, name, key):
    path = copied.folder / "artifacts" / name
    arrays = program.load_npz(path)
    arrays[key].view(np.uint8)[0] ^= 1
    np.savez(path, **arrays)
    kind = Kind("a fault")
    with kind.trial("one bit"):
        compare(copied, full())
    assert (kind.tried, kind.survived, kind.wrong) == (1, 0, 1)
    assert not kind.good and key in table([kind])


@pytest.mark.parametrize("name", [f"artifacts/seed_{SEED}_results.json", "run_summary.json"])
def test_a_wrong_number_and_a_missing_file_are_counted_too(copied, name):
    path = copied.folder / name
    content = json.loads(path.read_text())
    content["seed"] += 1
    path.write_text(json.dumps(content))
    with pytest.raises(Wrong):
        compare(copied, full())
    shutil.copy(full().folder / name, path)
    (copied.folder / "artifacts" / f"latest_seed_{SEED}_params.json").unlink()
    with pytest.raises(Wrong, match="latest"):
        compare(copied, full())


def test_a_fault_that_was_not_refused_is_wrong_and_a_silent_death_is_not_survived(copied):
    kind = Kind("a fault")
    with kind.trial("taken for good"):
        refused(copied, 2, "refused")
    with kind.trial("no word of it"):
        refused(program.Run(1, copied.root, "run", ""), 1, "No space left")
    with kind.trial("a traceback"):
        refused(program.Run(1, copied.root, "run", "Traceback"), 1)
    with kind.trial("as it should be"):
        refused(program.Run(2, copied.root, "run", "refused"), 2, "refused")
    assert (kind.tried, kind.survived, kind.wrong, len(kind.problems)) == (4, 1, 1, 3)
    assert not kind.good


def test_lost_trials_are_seen(copied):
    victim = Victim(copied.root)
    victim.look()
    victim.begun.write_text(str(TRIALS + 2))
    assert victim.lost() == 2
    victim.begun.write_text(str(TRIALS + 3))
    with pytest.raises(AssertionError):
        victim.lost()


def test_going_on_from_an_older_checkpoint_than_the_newest_is_seen(copied):
    victim = Victim(copied.root)
    victim.last = {SEED: 6}
    victim.seen(program.Run(0, copied.root, "run", "resuming after trial 6 of 8"))
    victim.last = {SEED: 6}
    with pytest.raises(AssertionError, match="it went on after"):
        victim.seen(program.Run(0, copied.root, "run", "resuming after trial 4 of 8"))


def test_only_a_seed_that_is_finished_need_not_go_on(copied):
    made = program.Run(0, copied.root, "run", f"resuming after trial {TRIALS} of {TRIALS}")
    for finished, well in (({SEED}, True), (set(), False)):
        victim = Victim(copied.root, seeds=(SEED, SEED + 1))
        victim.last, victim.finished = {SEED: TRIALS, SEED + 1: TRIALS}, finished
        with nullcontext() if well else pytest.raises(AssertionError, match="it went on after"):
            victim.seen(made)


def test_nothing_tried_is_nothing_shown():
    skipped = Kind("full disk", skipped="only root can mount")
    assert skipped.good and "only root can mount" in table([skipped])
    assert not Kind("kill -9").good and "nothing was tried" in table([Kind("kill -9")])


def test_faults_are_counted_one_by_one():
    kind, struck = Kind("kill -9"), []
    with kind.trial("struck after", struck):
        struck += ["1 s", "2 s"]
    kind.loses(2)
    kind.loses(0)
    row = table([kind]).splitlines()[2]
    assert [word.strip() for word in row.split("|")[1:-1]] == ["kill -9", "2", "0"]
    assert kind.good and kind.lost == 2
