"""`--save-weights-dir`: copies of the weights beside the run folders; nothing is lost by them."""

import os

import pytest

from models.lateral_line.again import Run
from tests.program import SEED, call, differing, listing, load_npz, run

NAMES = [f"latest_seed_{SEED}.npz", f"latest_seed_{SEED}_params.json"]


def test_weights_and_their_parameters_are_copied_to_a_folder_that_is_made(tmp_path):
    kept = tmp_path / "a" / "kept"
    made = run(tmp_path, "--multi-seed", "2", "--save-weights-dir", kept)
    assert made.status == 0, made.said
    names = [name.replace("123", str(seed)) for seed in (SEED, SEED + 1) for name in NAMES]
    assert sorted(p.name for p in kept.iterdir()) == sorted(names)
    for name in names:
        assert (kept / name).read_bytes() == (made.folder / "artifacts" / name).read_bytes()


def test_a_copy_is_replaced_only_if_asked_for(tmp_path):
    kept = ("--save-weights-dir", tmp_path / "kept")
    first = run(tmp_path, *kept)
    before = listing(tmp_path)
    refused = run(tmp_path, *kept, "--mon-ts-topo", "0.5", name="other")
    assert refused.status == 2 and "--save-weights-dir" in refused.said
    assert NAMES[0] in refused.said and listing(tmp_path) == before
    tagged = run(tmp_path, *kept, "--save-tag", "half", name="tagged")
    assert tagged.status == 0 and len(list((tmp_path / "kept").iterdir())) == 4
    other = run(tmp_path, *kept, "--mon-ts-topo", "0.5", "--overwrite", name="other")
    assert other.status == 0
    copy = load_npz(tmp_path / "kept" / NAMES[0])
    assert differing(copy, other.weights()) == [] != differing(copy, first.weights())


def test_a_run_that_ended_between_copies_and_summary_goes_on(tmp_path):
    kept = ("--save-weights-dir", tmp_path / "kept")
    made = run(tmp_path, *kept)
    (made.folder / "run_summary.json").unlink()
    (tmp_path / "kept" / NAMES[1]).unlink()
    assert run(tmp_path, *kept, "--go-on").status == 0
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == sorted(NAMES)
    assert Run(made.folder).summary is not None


def test_going_on_does_not_replace_the_copies_of_another_run(tmp_path):
    kept = ("--save-weights-dir", tmp_path / "kept")
    made = run(tmp_path, *kept, name="one")
    other = run(tmp_path, "--mon-ts-topo", "0.5", name="other")
    for file in (other.folder / "artifacts").glob("mid_checkpoint*"):
        file.unlink()
    (other.folder / "run_summary.json").unlink()  # only its parameters are left to go on from
    refused = run(tmp_path, *kept, "--mon-ts-topo", "0.5", "--go-on", name="other")
    assert refused.status == 2 and "--save-weights-dir" in refused.said
    assert differing(load_npz(tmp_path / "kept" / NAMES[0]), made.weights()) == []


@pytest.mark.parametrize("what", ["a file", "in a file", "no name"])
def test_what_can_be_no_folder_is_refused_before_anything_is_written(tmp_path, what):
    (tmp_path / "file").write_text("")
    folder = {"a file": tmp_path / "file", "in a file": tmp_path / "file" / "x", "no name": ""}
    before = listing(tmp_path)
    made = run(tmp_path, "--save-weights-dir", folder[what])
    assert made.status == 2 and "--save-weights-dir" in made.said
    assert listing(tmp_path) == before


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    kept.mkdir()
    may = os.access  # the administrator may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: path != kept and may(path, mode))
    made = run(tmp_path, "--save-weights-dir", kept)
    assert made.status == 2 and f"--save-weights-dir {kept}" in made.said
    assert not made.folder.exists()


def test_conditions_of_a_sweep_cannot_share_a_folder_of_copies(tmp_path):
    words = ("--grid", "mon_ts_topo=0.1,0.2", "--save-weights-dir", tmp_path / "kept")
    status, _, said = call("sweep", "s", *words, "--output-root", tmp_path)
    assert status == 2 and "--save-weights-dir" in said and listing(tmp_path) == {}
