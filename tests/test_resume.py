"""Training in two goes is training in one: resumed, killed and resumed, refused."""

import functools
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from driver.run import checkpoint as files
from driver.run.checkpoint import backup
from tests import program
from tests.program import SEED, TRIALS, differing, full, listing, run, shared

HALF = TRIALS // 2  # a multiple of the interval of records, so that no partial record is left


def trials(n: int) -> tuple[str, str]:
    return "--n-training-trials", str(n)


def half():
    return shared(*trials(HALF))


def copy_of(made, root, name="run"):
    """A copy of a run's folder, to be damaged or continued."""
    shutil.copytree(made.folder, root / name)
    return root / name


def assert_same_run(one, other, seed=SEED):
    """Every array of both seeds, and every number of their results, but for the wall clock."""
    assert differing(one.arrays(seed), other.arrays(seed)) == []
    first, second = (program.without_times(r.results(seed)) for r in (one, other))
    assert first == second
    assert one.params["network_params"] == other.params["network_params"]


def test_half_a_training_is_not_the_whole():
    """The tests below can fail: what they compare differs before the resume."""
    names = {"weights/mon_ts_w", "weights/ll_mon_w_mV", "weights/trial_idx"}
    assert names <= set(differing(half().arrays(), full().arrays()))
    assert half().results()["params_sha256"] != full().results()["params_sha256"]


@pytest.mark.parametrize("first", [2, HALF, 6])
def test_a_training_in_two_goes_is_one_training(tmp_path, first):
    begun = shared(*trials(first))
    assert begun.checkpoint()["trial_idx"] == first - 1
    resumed = run(tmp_path, "--resume-from", begun.folder)
    assert resumed.status == 0, resumed.said
    assert f"resuming after trial {first} of {TRIALS}" in resumed.said
    assert_same_run(resumed, full())
    assert resumed.summary == full().summary


def test_a_training_in_three_goes_is_one_training(tmp_path):
    one = run(tmp_path, *trials(2), name="one")
    two = run(tmp_path, *trials(6), "--resume-from", one.folder, name="two")
    three = run(tmp_path, "--resume-from", two.folder, name="three")
    assert_same_run(three, full())


def test_a_run_goes_on_in_its_own_folder(tmp_path):
    folder = copy_of(half(), tmp_path)
    resumed = run(tmp_path, "--resume-from", folder)
    assert resumed.status == 0, resumed.said
    assert_same_run(resumed, full())
    assert set(listing(resumed.folder)) == set(listing(full().folder))
    assert resumed.checkpoint()["trial_idx"] == TRIALS - 1


def test_the_source_of_a_resume_is_left_alone(tmp_path):
    folder = copy_of(half(), tmp_path, "source")
    before = listing(folder)
    assert run(tmp_path, "--resume-from", folder).status == 0
    assert listing(folder) == before


def test_a_finished_training_resumed_is_tested_again_with_the_same_result(tmp_path):
    again = run(tmp_path, "--resume-from", full().folder)
    assert "training: 0 trials" in again.said
    again_, full_ = (
        {k: v for k, v in made.results().items() if k not in ("training", "sha256")}
        for made in (again, full())
    )
    assert again_ == full_
    assert differing(again.weights(), full().weights()) == []
    assert differing(again.recordings(), full().recordings()) == []


def test_another_test_of_a_trained_network_keeps_its_weights(tmp_path):
    """What concerns the test alone may differ from the run that wrote the checkpoint."""
    flags = ("--distance-cm", "1.3", "--direction", "-1", "--test-ll-noise-hz", "3")
    again = run(tmp_path, "--resume-from", full().folder, *flags)
    assert again.status == 0, again.said
    assert differing(again.weights(), full().weights()) == []
    assert "test_ts_step" in differing(again.recordings(), full().recordings())
    assert again.results()["distance_cm"] == 1.3


def test_a_resume_goes_on_with_the_other_backend(tmp_path):
    """Without a compiler both are numpy, and this shows nothing new."""
    resumed = run(tmp_path, "--resume-from", shared(*trials(6)).folder, "--backend", "numpy")
    assert differing(resumed.arrays(), full().arrays()) == []


LONGER = 16  # 3.2 s: more than the 2 s of training whose spikes are kept


def test_spikes_kept_of_the_training_are_the_same_after_a_resume(tmp_path):
    whole = shared(*trials(LONGER))
    resumed = run(tmp_path, *trials(LONGER), "--resume-from", full().folder)
    assert differing(resumed.weights(), whole.weights()) == []
    assert differing(resumed.recordings(), whole.recordings()) == []


def test_everything_but_the_kept_spikes_is_the_same_after_a_longer_resume(tmp_path):
    whole = shared(*trials(LONGER))
    resumed = run(tmp_path, *trials(LONGER), "--resume-from", full().folder)
    found = differing(resumed.arrays(), whole.arrays())
    kept = ("/train_", "/tail.", "/sha256")
    assert [k for k in found if not any(part in k for part in kept)] == []
    one, other = (program.without_times(r.results()) for r in (resumed, whole))
    assert one == other


def test_a_noise_switch_cannot_move_unnoticed(tmp_path):
    """The same training in one go, or a usage error: nothing in between."""
    noise = ("--training-noise-early", "0", "--training-noise-late", "1")
    begun = run(tmp_path, *noise, *trials(HALF), name="begun")
    whole = run(tmp_path, *noise, name="whole")
    resumed = run(tmp_path, *noise, "--resume-from", begun.folder, name="resumed")
    assert resumed.status == 2 or differing(resumed.weights(), whole.weights()) == []


# --- several seeds -----------------------------------------------------------------------


@functools.cache
def two_seeds():
    """Half a training of two seeds."""
    return shared(*trials(HALF), "--multi-seed", "2")


def test_every_seed_has_a_checkpoint_of_its_own():
    one, other = two_seeds().checkpoint(SEED), two_seeds().checkpoint(SEED + 1)
    assert (one["seed"], other["seed"]) == (SEED, SEED + 1)
    assert str(one["wiring_sha256"]) != str(other["wiring_sha256"])
    assert not np.array_equal(one["mon_ts_w"], other["mon_ts_w"])
    found = sorted(p.name for p in (two_seeds().folder / "artifacts").glob("mid_*.npz"))
    assert found == [f"mid_checkpoint_seed_{s}.npz" for s in (SEED, SEED + 1)]


def test_several_seeds_are_resumed_each_from_its_own_checkpoint(tmp_path):
    resumed = run(tmp_path, "--resume-from", two_seeds().folder, "--multi-seed", "2")
    assert resumed.status == 0, resumed.said
    singles = {SEED: full(), SEED + 1: shared("--seed-start", str(SEED + 1))}
    for seed, single in singles.items():
        assert differing(resumed.arrays(seed), single.arrays(seed)) == [], seed


def test_one_of_several_seeds_can_be_resumed_alone(tmp_path):
    flags = ("--resume-from", two_seeds().folder, "--seed-start", str(SEED + 1))
    resumed = run(tmp_path, *flags)
    assert (
        differing(resumed.arrays(SEED + 1), shared("--seed-start", str(SEED + 1)).arrays(SEED + 1))
        == []
    )


# --- killed ------------------------------------------------------------------------------

KILLED = """
import os, signal, sys, types
import ll_stdp_brian2
from driver import files
from driver.run import checkpoint
from models.lateral_line.protocol import Simulation

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def after(n, function, ending=""):
    calls = []
    def counted(*args, **kwargs):
        if str(args[-1]).endswith(ending):
            calls.append(args)
        return die() if len(calls) == n else function(*args, **kwargs)
    return counted

def half_written(file, **arrays):
    file.write(bytes(1000))
    file.flush()
    die()

# their own: compiling uses these too
files.os = types.SimpleNamespace(**vars(os))
checkpoint.np = types.SimpleNamespace(**vars(checkpoint.np))
{how}
ll_stdp_brian2.main(sys.argv[1:])
"""
CHECKPOINT = f"mid_checkpoint_seed_{SEED}.npz"
HOW = {
    # the decode before trial 1, two blocks that are saved, and now in the third
    "in a block": ("Simulation.train = after(4, Simulation.train)", 3),
    # between the two halves of a write
    "before a rename": (
        f"files.os.replace = after(2, os.replace, {CHECKPOINT!r})",
        1,
    ),
    "before the backup's rename": (
        f"files.os.replace = after(2, os.replace, {CHECKPOINT + '.bak'!r})",
        3,
    ),
    "while a file is written": ("checkpoint.np.savez = half_written", None),
    "before the summary": (
        "files.os.replace = after(1, os.replace, 'run_summary.json')",
        TRIALS - 1,
    ),
}


@pytest.mark.parametrize("how", HOW)
def test_a_killed_run_goes_on_from_its_checkpoint_to_the_same_end(tmp_path, how):
    patch, last_trial = HOW[how]
    process = program.start(tmp_path, "--no-figures", code=KILLED.format(how=patch))
    killed = program.finish(process, tmp_path)
    assert killed.status == -signal.SIGKILL, killed.said
    assert program.gone(process.mark)
    assert not (killed.folder / "run_summary.json").exists()
    for path in killed.folder.rglob("*.json"):
        program.load_json(path)
    if last_trial is None:  # not even a first checkpoint
        refused = run(tmp_path, "--resume-from", killed.folder)
        assert refused.status == 2 and "--overwrite" in refused.said
        resumed = run(tmp_path, "--overwrite")
    else:
        assert killed.checkpoint()["trial_idx"] == last_trial
        resumed = run(tmp_path, "--resume-from", killed.folder)
    assert resumed.status == 0, resumed.said
    assert list(resumed.folder.rglob(".*")) == []  # no half file is left
    assert_same_run(resumed, full())
    assert resumed.summary == full().summary


def test_a_run_that_goes_on_in_its_folder_is_not_complete_until_it_is(tmp_path, monkeypatch):
    folder = copy_of(half(), tmp_path)

    def dies(*_, **__):
        raise RuntimeError("power cut")

    monkeypatch.setattr("models.lateral_line.protocol.train", dies)
    assert run(tmp_path, "--resume-from", folder).status == 1
    trained = program.load_json(folder / "params.json")["network_params"]["n_training_trials"]
    assert trained == TRIALS
    assert not (folder / "run_summary.json").exists()


# --- refused -----------------------------------------------------------------------------

REFUSED = [
    (("--seed-start", "5"), "mid_checkpoint_seed_5.npz"),
    (("--multi-seed", "2"), "mid_checkpoint_seed_124.npz"),
    (("--n-mon", "50"), "n_mon 60 there, 50 here"),
    (("--n-ll", "29"), "n_ll 30 there, 29 here"),
    (("--n-ts", "25"), "n_ts 24 there, 25 here"),
    (("--ll-mon-in-degree", "9"), "ll_to_mon_in_degree 10 there, 9 here"),
    (("--mon-ts-out-degree", "9"), "mon_to_ts_out_degree 16 there, 9 here"),
    (("--mon-ts-topo", "0.3"), "mon_to_ts_topography_strength 0.2 there, 0.3 here"),
    (("--mon-ts-gain-mv", "220"), "mon_ts_gain_mV 400.0 there, 220.0 here"),
    (("--no-use-ll-mon-stdp",), "ll_mon_use_stdp True there, False here"),
    (("--disable-all-stdp",), "mon_ts_apre 0.01 there, 0.0 here"),
    (("--trial-duration-s", "0.3"), "trial_duration_s 0.2 there, 0.3 here"),
    (("--dt-s", "0.0005"), "dt_s 0.001 there, 0.0005 here"),
    (("--checkpoint-trials", "4"), "checkpoint_trials 2 there, 4 here"),
    (("--training-distance-max-cm", "2"), "training_distance_max_cm 1.2 there, 2.0 here"),
    (("--speed-cm-s", "6"), "speed_cm_s 5.0 there, 6.0 here"),
    (("--r0-hz", "30"), "r0_hz 40.0 there, 30.0 here"),
    (trials(2), "--n-training-trials 2"),
]


@pytest.mark.parametrize("flags, words", REFUSED, ids=[" ".join(f) for f, _ in REFUSED])
def test_a_checkpoint_of_another_run_is_refused_before_anything_is_written(tmp_path, flags, words):
    made = run(tmp_path, "--resume-from", half().folder, *flags)
    assert made.status == 2
    assert "--resume-from" in made.said and words in made.said
    assert "Traceback" not in made.said
    assert listing(tmp_path) == {}


def changed(arrays: dict, **changes) -> dict:
    return {k: a for k, a in (arrays | changes).items() if a is not None}


def reseal(path, arrays: dict) -> None:
    """Write a checkpoint that is whole, whatever it holds, and has no backup."""
    path.unlink()
    files.save(path, arrays)


def damage(path, how: str) -> None:
    whole, arrays = path.read_bytes(), program.load_npz(path)
    match how:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        case "no archive":
            path.write_bytes(b"not an archive" * 100)
        case "a single array":
            with open(path, "wb") as file:
                np.save(file, np.zeros(3))
        case "weights only":
            keep = ("trial_idx", "mon_ts_w", "ll_mon_w_mV")
            reseal(path, {k: arrays[k] for k in keep})
        case "older schema":
            reseal(path, changed(arrays, schema_version=np.int64(1)))
        case "another wiring":
            reseal(path, changed(arrays, wiring_sha256=np.array("0" * 64)))
        case "pickled":
            np.savez(path, **changed(arrays, seed=np.array([None], dtype=object)))
        case "a state missing":
            reseal(path, changed(arrays, **{"state.ts.v": None}))
        case "a state too short":
            short = arrays["state.mon.v"][:-1]
            reseal(path, changed(arrays, **{"state.mon.v": short}))
        case "no parameters":
            reseal(path, changed(arrays, params_json=None))
        case "a bit flipped":
            middle = len(whole) // 2
            path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        case "changed without its checksum":
            np.savez(path, **changed(arrays, trial_idx=np.int64(1)))
        case "no checksum":
            np.savez(path, **changed(arrays, sha256=None))


DAMAGES = {
    "missing": "there is no checkpoint",
    "empty": "cannot be read",
    "truncated": "cannot be read",
    "no archive": "cannot be read",
    "pickled": "cannot be read",
    "a bit flipped": "cannot be read",
    "changed without its checksum": "its checksum is wrong",
    "no checksum": "has no checksum",
    "weights only": "does not hold a full state",
    "older schema": "does not hold a full state",
    "another wiring": "another wiring",
}
LOST = ("empty", "truncated", "no archive", "a bit flipped", "changed without its checksum")
UNSEEN = {
    "a single array": "cannot be read",
    "a state missing": "state.ts.v",
    "a state too short": "state.mon.v",
    "no parameters": "params_json",
}


@pytest.mark.parametrize(
    "how, words",
    [
        *DAMAGES.items(),
        *UNSEEN.items(),
    ],
)
def test_a_damaged_checkpoint_is_refused_before_anything_is_written(tmp_path, how, words):
    folder = copy_of(half(), tmp_path, "source")
    backup(folder / "artifacts" / CHECKPOINT).unlink()
    damage(folder / "artifacts" / CHECKPOINT, how)
    before = listing(tmp_path)
    made = run(tmp_path, "--resume-from", folder)
    assert made.status == 2
    assert "--resume-from" in made.said and words in made.said
    assert listing(tmp_path) == before


def test_a_checkpoint_with_wrong_bytes_is_read_right_or_not_at_all(tmp_path):
    """An archive has a checksum for every array; some bytes of its directory do not matter."""
    path = tmp_path / "checkpoint.npz"
    arrays = changed(half().checkpoint(), sha256=None)
    whole = (half().folder / f"artifacts/mid_checkpoint_seed_{SEED}.npz").read_bytes()
    for place in range(0, len(whole) - 40, len(whole) // 40):
        wrong = bytes(byte ^ 0x55 for byte in whole[place : place + 40])
        path.write_bytes(whole[:place] + wrong + whole[place + 40 :])
        try:
            assert differing(files.read(path), arrays) == []
        except files.Unreadable as error:
            assert "cannot be read" in str(error) or "checksum" in str(error)


@pytest.mark.parametrize("how", [*LOST, "missing"])
def test_the_checkpoint_before_stands_in_for_a_damaged_one(tmp_path, how):
    """And nothing that it held is lost, also if the process dies while it writes the next."""
    folder = copy_of(half(), tmp_path)
    path = folder / "artifacts" / CHECKPOINT
    damage(path, how)
    before = backup(path).read_bytes()
    process = program.start(
        tmp_path,
        *("--resume-from", folder),
        code=KILLED.format(how=HOW["while a file is written"][0]),
    )
    killed = program.finish(process, tmp_path)
    assert killed.status == -signal.SIGKILL, killed.said
    assert backup(path).read_bytes() == before  # not replaced by the damaged one
    resumed = run(tmp_path, "--resume-from", folder)
    assert resumed.status == 0, resumed.said
    assert "going on from the checkpoint before it" in resumed.said
    assert f"resuming after trial {HALF - 2} of {TRIALS}" in resumed.said
    assert_same_run(resumed, full())


def test_a_foreign_checkpoint_is_refused_and_not_replaced_by_its_backup(tmp_path):
    folder = copy_of(half(), tmp_path)
    path = folder / "artifacts" / CHECKPOINT
    damage(path, "another wiring")
    shutil.copy(half().folder / "artifacts" / CHECKPOINT, backup(path))
    refused = run(tmp_path, "--resume-from", folder)
    assert refused.status == 2 and "another wiring" in refused.said


@pytest.mark.parametrize("place", ["nowhere", "run/artifacts", "run/params.json"])
def test_a_place_without_a_checkpoint_is_refused(tmp_path, place):
    copy_of(half(), tmp_path)
    before = listing(tmp_path)
    made = run(tmp_path, "--resume-from", tmp_path / place, name="other")
    assert made.status == 2 and "--resume-from" in made.said
    assert listing(tmp_path) == before


def test_a_resume_into_the_folder_of_a_third_run_needs_overwrite(tmp_path):
    third = copy_of(half(), tmp_path)
    before = listing(third)
    made = run(tmp_path, "--resume-from", half().folder)
    assert made.status == 2 and "--overwrite" in made.said
    assert listing(third) == before
    assert run(tmp_path, "--resume-from", half().folder, "--overwrite").status == 0


def test_the_program_itself_refuses_with_status_2(tmp_path):
    command = [sys.executable, program.SCRIPT, *program.SMALL, "--resume-from", "nowhere"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "--resume-from" in done.stderr
    assert listing(tmp_path) == {}
