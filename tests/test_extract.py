"""Tests of stored weights: the network is that of the source run, only the test is another."""

import functools
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from driver.run import checkpoint as files
from driver.run.saved import NotARun
from models.lateral_line import stored as extract
from models.lateral_line.again import Run
from models.lateral_line.format import LATER
from models.lateral_line.show.overviews import network_of
from models.lateral_line.show.report import write_report
from tests import program
from tests.program import SEED, call, differing, full, listing, problems, shared
from tests.test_schemas import sizes, wrong_arrays

WEIGHTS = ("ll_mon_w_mV", "mon_ts_w", "ll_mon_w_init_mV", "mon_ts_w_init")


def extracted(root, source, *flags, name="extract"):
    """A test of stored weights, in this process, without figures and report."""
    source = ("--weights-from", source.folder)
    return program.bare(root, "--backend", program.BACKEND, *source, *flags, name=name)


@functools.cache
def same_test():
    """The weights of the finished run, tested as it tested them."""
    return extracted(Path(tempfile.mkdtemp(dir=program.home().name)), full())


@functools.cache
def two_seeds():
    return shared("--multi-seed", "2")


def test_the_weights_of_the_source_are_tested_and_saved_again_to_the_bit():
    made = same_test()
    assert made.status == 0, made.said
    assert differing(made.weights(), full().weights()) == []
    assert made.results()["weights"] == full().results()["weights"]


def test_parameters_are_inherited_from_the_source_run():
    made, source = same_test(), full()
    assert made.params["network_params"] == source.params["network_params"]
    assert made.params["stimulus_params"] == source.params["stimulus_params"]
    assert made.params["mode"] == source.params["mode"]
    assert made.params["weights_from"] == str(source.folder)


def test_the_same_test_has_the_afferents_of_the_source_and_membranes_at_rest():
    made, source = same_test().recordings(), full().recordings()
    assert np.array_equal(made["test_ll_step"], source["test_ll_step"])
    assert np.array_equal(made["test_ll_i"], source["test_ll_i"])
    assert not np.array_equal(made["test_mon_step"], source["test_mon_step"])


def test_results_say_whose_weights_they_are():
    results = same_test().results()
    assert results["evaluation_mode"] == "extract"
    source = results["source"]
    assert (source["run"], source["seed"], source["n_training_trials"]) == ("run", SEED, 8)
    assert problems(results, "seed_results.json") == []
    assert "learned in 8 trials of run, seed 123" in same_test().said


def test_files_are_those_of_a_run_without_training():
    made = same_test()
    assert problems(made.params, "params.json") == []
    assert problems(made.summary, "run_summary.json") == []
    assert not list(made.folder.rglob("mid_checkpoint*"))
    arrays = made.recordings()
    assert arrays["n_training_steps"] == 0
    assert all(arrays[f"train_{name}_i"].size == 0 for name in ("ll", "mon", "ts"))
    assert arrays["checkpoint_t_s"].size == 0


def test_the_twin_is_tested_too_and_differs():
    made = same_test()
    assert made.results()["untrained"]["spikes"]["ts"] != made.results()["spikes"]["ts"]


OTHER = {
    "distance": ("--distance-cm", "1.2"),
    "speed": ("--speed-cm-s", "8"),
    "direction": ("--direction", "-1"),
    "radius": ("--sphere-radius-cm", "0.7"),
    "extra noise": ("--test-ll-noise-hz", "5"),
    "noise": ("--sigma-noise-hz", "20"),
    "path": ("--test-path-cm", "4.5"),
    "held": ("--test-using-held-snapshots",),
    "window": ("--eval-x-min", "0", "--eval-x-max", "4"),
    "gain": ("--mon-ts-gain-test-mv", "500"),
}


@pytest.mark.parametrize("what", OTHER)
def test_another_test_changes_the_test_and_not_the_weights(tmp_path, what):
    made = extracted(tmp_path, full(), *OTHER[what])
    assert made.status == 0, made.said
    assert differing(made.weights(), full().weights()) == []
    changed = differing(made.recordings(), same_test().recordings())
    assert ("test_ll_step" in changed) == (what not in ("window", "gain"))
    assert "pv_delta_theta" in changed


def test_another_distance_weakens_the_afferents(tmp_path):
    far = extracted(tmp_path, full(), "--distance-cm", "3").results()
    assert far["distance_cm"] == 3
    modulation = [  # rates sink towards the spontaneous one
        r["rates_hz"]["ll"] - 40 for r in (same_test().results(), far)
    ]
    assert abs(modulation[1]) < abs(modulation[0])


REFUSED = {
    "gain": (("--mon-ts-gain-mv", "220"), "--mon-ts-gain-mv 220.0", "learned with 400.0"),
    "cells": (("--n-mon", "61"), "--n-mon 61", "learned with 60"),
    "degree": (("--mon-ts-out-degree", "9"), "--mon-ts-out-degree 9", "learned with 16"),
    "topography": (("--ll-mon-topo", "0.5"), "--ll-mon-topo 0.5", "learned with 0.2"),
    "step": (("--dt-s", "0.0005"), "--dt-s 0.0005", "learned with 0.001"),
    "body": (("--ll-body-length-cm", "3"), "--ll-body-length-cm 3.0", "learned with 4.0"),
    "trials": (("--n-training-trials", "9"), "--n-training-trials 9", "learned with 8"),
    "afferents": (("--a-per-cm", "100"), "--a-per-cm 100.0", "learned with 300.0"),
    "preset": (("--mode", "ll_thesis"), "--mode ll_thesis", "learned with ll_fast"),
    "seed": (("--seed-start", "7"), "--weights-from", "no seed 7"),
    "seeds": (("--multi-seed", "3"), "--weights-from", "no seed 124"),
    "resume": (("--resume-from", "."), "--resume-from", "give one of them"),
    "learning": (("--disable-all-stdp",), "--disable-all-stdp", "nothing is trained"),
    "neither": (("--ll-mon-weights", "trained"), "--ll-mon-weights", "initial"),
    "no number": (("--distance-cm", "nan"), "--distance-cm nan", "not a finite number"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_another_network_is_refused_before_anything_is_written(tmp_path, what):
    flags, flag, words = REFUSED[what]
    made = extracted(tmp_path, full(), *flags)
    assert made.status == 2
    assert flag in made.said and words in made.said
    assert listing(tmp_path) == {}


def test_flags_that_repeat_the_source_are_welcome(tmp_path):
    """As scripts that spell out the whole recipe give them."""
    recipe = ("--mode", "ll_fast", "--n-mon", "60", "--mon-ts-gain-mv", "400")
    made = extracted(tmp_path, full(), *recipe)
    assert made.status == 0, made.said
    assert differing(made.recordings(), same_test().recordings()) == []


def test_every_seed_of_the_source_is_tested_and_one_can_be_chosen(tmp_path):
    both = extracted(tmp_path, two_seeds(), name="both")
    assert both.status == 0, both.said
    one = extracted(tmp_path, two_seeds(), "--seed-start", SEED + 1, "--multi-seed", 1, name="one")
    assert [run["seed"] for run in both.summary["runs"]] == [SEED, SEED + 1]
    assert one.summary["seed"] == SEED + 1
    assert differing(both.recordings(SEED + 1), one.recordings(SEED + 1)) == []
    assert differing(both.weights(SEED + 1), two_seeds().weights(SEED + 1)) == []


def test_weights_of_a_test_are_those_of_the_run_that_learned_them(tmp_path):
    again = extracted(tmp_path, same_test())
    assert again.results()["source"] == same_test().results()["source"]
    assert differing(again.recordings(), same_test().recordings()) == []


def broken_copy(tmp_path, how):
    folder = tmp_path / "source"
    shutil.copytree(full().folder, folder)
    match how:
        case "no results":
            (folder / f"artifacts/seed_{SEED}_results.json").unlink()
        case "no weights":
            (folder / f"artifacts/latest_seed_{SEED}_params.json").unlink()
        case "truncated weights":
            path = folder / f"artifacts/latest_seed_{SEED}.npz"
            path.write_bytes(path.read_bytes()[:1000])
        case "another wiring":
            path = folder / f"artifacts/latest_seed_{SEED}.npz"
            arrays = program.load_npz(path)
            arrays["mon_ts_j"] = arrays["mon_ts_j"][::-1]
            np.savez(path, **arrays)
            sidecar = path.with_name(f"{path.stem}_params.json")
            program.rewrite(sidecar, lambda content: content.pop("arrays_sha256"))
        case "edited weights":
            path = folder / f"artifacts/latest_seed_{SEED}.npz"
            arrays = program.load_npz(path)
            arrays["mon_ts_w"] = arrays["mon_ts_w"][::-1]
            np.savez(path, **arrays)
        case "no parameters":
            (folder / "params.json").unlink()
        case "a parameter missing":
            where = folder / "params.json"
            program.rewrite(where, lambda c: c["network_params"].pop("mon_ts_gain_mV"))
        case "older schema":
            program.rewrite(
                folder / "params.json", lambda content: content.update(schema_version=1)
            )
    return folder


BROKEN = {
    "no results": "no finished seed 123",
    "no weights": "no weights of seed 123",
    "truncated weights": "cannot be read",
    "another wiring": "does not belong to the wiring",
    "edited weights": "was edited since it was written",
    "no parameters": "params.json",
    "a parameter missing": "lacks mon_ts_gain_mV",
    "older schema": "schema_version 1",
}


def test_a_run_from_before_the_gain_of_the_test_is_still_one(tmp_path):
    folder = shutil.copytree(full().folder, tmp_path / "old")
    where, name = folder / "params.json", "mon_ts_gain_test_mV"
    program.rewrite(where, lambda content: content["network_params"].pop(name))
    assert Run(folder).params == Run(full().folder).params


@pytest.mark.parametrize("how", BROKEN)
def test_a_source_that_is_not_whole_is_refused(tmp_path, how):
    folder = broken_copy(tmp_path, how)
    before = listing(tmp_path)
    status, _, said = call("--weights-from", folder, "--output-root", tmp_path, "--run-name", "x")
    assert status == 2 and "--weights-from" in said and BROKEN[how] in said
    assert listing(tmp_path) == before


def test_the_source_cannot_be_overwritten(tmp_path):
    shutil.copytree(full().folder, tmp_path / "run")
    before = listing(tmp_path)
    place = ("--output-root", tmp_path, "--run-name", "run", "--overwrite")
    status, _, said = call("--weights-from", tmp_path / "run", *place)
    assert status == 2 and "--run-name run" in said
    assert listing(tmp_path) == before


# --- with the LL -> MON weights of before training ----------------------------------------


@functools.cache
def with_initial():
    root = Path(tempfile.mkdtemp(dir=program.home().name))
    return extracted(root, full(), "--ll-mon-weights", "initial")


def test_trained_mon_ts_can_be_tested_beside_ll_mon_of_before_training():
    made, trained = with_initial(), same_test()
    assert made.status == 0, made.said
    assert made.results()["sigma_theta_rad"] != trained.results()["sigma_theta_rad"]
    assert made.results()["spikes"]["mon"] != trained.results()["spikes"]["mon"]
    assert made.results()["untrained"] == trained.results()["untrained"]
    tested, learned = made.weights(), full().weights()
    assert np.array_equal(tested["ll_mon_w_mV"], learned["ll_mon_w_init_mV"])
    assert not np.array_equal(tested["ll_mon_w_mV"], learned["ll_mon_w_mV"])
    # the file has the network that was tested
    assert differing(tested, learned) == ["ll_mon_w_mV"]
    assert differing(trained.weights(), learned) == []


def test_a_test_that_is_not_of_the_trained_network_says_so_wherever_it_is_read(tmp_path):
    made, trained = with_initial(), same_test()
    assert (made.params["ll_mon_weights"], trained.params["ll_mon_weights"]) == ("initial", "final")
    assert full().params["ll_mon_weights"] is None
    sources = [run.results()["source"] for run in (made, trained)]
    assert [s["ll_mon_weights"] for s in sources] == ["initial", "final"]
    assert sources[0]["weights_sha256"] != sources[1]["weights_sha256"]
    assert problems(made.results(), "seed_results.json") == []
    assert problems(made.params, "params.json") == []
    words = "not the network as trained"
    assert words in made.said and words not in trained.said
    for run, is_said in ((made, True), (trained, False)):
        folder = shutil.copytree(run.folder, tmp_path / str(is_said))
        page = write_report(Run(folder)).read_text(encoding="utf-8")
        assert (words in page) == is_said
        assert ("weights are those that it began with in both tests" in page) == is_said
        assert ("of before them" in network_of(Run(folder).seed())) == is_said


def test_a_test_with_initial_weights_is_another_run_and_no_source_of_trained_ones(tmp_path):
    again = extracted(tmp_path, with_initial(), "--ll-mon-weights", "initial")
    assert again.results()["source"] == with_initial().results()["source"]
    assert differing(again.recordings(), with_initial().recordings()) == []
    for flags in ((), ("--ll-mon-weights", "final")):
        made = extracted(tmp_path, with_initial(), *flags, name="final")
        assert made.status == 2 and "--ll-mon-weights final" in made.said
        assert str(full().folder) in made.said
    made = extracted(tmp_path, full(), "--go-on", "--ll-mon-weights", "final")
    assert made.status == 2 and "a run of other parameters" in made.said
    made = extracted(tmp_path, full(), "--go-on", "--ll-mon-weights", "initial")
    assert made.status == 0 and "is complete" in made.said


def test_results_of_before_there_was_a_choice_are_of_the_final_weights(tmp_path):
    folder = shutil.copytree(same_test().folder, tmp_path / "old")
    for name, change in (
        ("params.json", lambda content: content.pop("ll_mon_weights")),
        (f"artifacts/seed_{SEED}_results.json", lambda c: c["source"].pop("ll_mon_weights")),
    ):
        program.rewrite(folder / name, change)
    seed = Run(folder).seed()
    assert "not the network as trained" not in write_report(seed.run).read_text(encoding="utf-8")
    assert seed.retest(program.BACKEND).source == same_test().results()["source"]


@pytest.mark.parametrize("value", ["final", "initial"])
def test_ll_mon_weights_are_refused_without_weights_to_test(tmp_path, value):
    made = program.run(tmp_path, "--use-ll-mon-stdp", "--ll-mon-weights", value)
    assert made.status == 2 and f"--ll-mon-weights {value}" in made.said
    assert "--weights-from" in made.said and listing(tmp_path) == {}


def test_initial_weights_of_what_did_not_learn_are_refused(tmp_path):
    fixed = shared("--no-use-ll-mon-stdp")
    made = extracted(tmp_path, fixed, "--ll-mon-weights", "initial")
    assert made.status == 2 and "--ll-mon-weights initial" in made.said
    assert "not plastic" in made.said and listing(tmp_path) == {}
    with pytest.raises(ValueError, match="not plastic"):
        Run(fixed.folder).seed().retest(ll_mon_weights="initial")


def test_a_retest_in_memory_can_have_the_initial_weights_too():
    seed = Run(full().folder).seed()
    numbers = seed.retest(program.BACKEND, ll_mon_weights="initial").numbers
    for name in ("sigma_theta_rad", "spikes", "untrained", "source", "warnings"):
        assert numbers[name] == with_initial().results()[name]
    assert "ll_mon_weights" not in seed.results  # what was read is left as it was
    with pytest.raises(ValueError, match="no others"):
        Run(with_initial().folder).seed().retest()


# --- extract checkpoints of older programs -----------------------------------------------


def test_a_checkpoint_of_weights_alone_leads_to_the_flag_that_tests_them(tmp_path):
    """What `tools/make_extract_checkpoint.py` wrote until it was removed."""
    path = tmp_path / "old" / "artifacts" / f"mid_checkpoint_seed_{SEED}.npz"
    path.parent.mkdir(parents=True)
    source = {"run": "ten", "seed": SEED, "n_training_trials": 8}
    content = {"schema_version": 2, "extract": True, "seed": SEED, "trial_idx": 7}
    content |= {name: full().weights()[name] for name in WEIGHTS}
    files.save(path, content | {"source_json": json.dumps(source)})
    words = ("--resume-from", tmp_path / "old", "--output-root", tmp_path, "--run-name", "x")
    status, _, said = call(*words)
    assert status == 2 and "--weights-from" in said and "ten" in said
    assert "Traceback" not in said
    assert not (tmp_path / "x").exists()


# --- from Python -------------------------------------------------------------------------


def test_a_retest_in_memory_is_the_test_of_the_command_line(tmp_path):
    made = extracted(tmp_path, full(), "--distance-cm", "1.2").results()
    numbers = Run(full().folder).seed().retest(program.BACKEND, distance_cm=1.2).numbers
    for name in ("sigma_theta_rad", "valid_fraction", "spikes", "rates_hz", "untrained", "source"):
        assert numbers[name] == made[name]


def test_a_retest_refuses_another_network_and_values_out_of_bounds():
    seed = Run(full().folder).seed()
    with pytest.raises(ValueError, match="mon_ts_gain_mV"):
        seed.retest(mon_ts_gain_mV=220.0)
    with pytest.raises(ValueError, match="distance_cm"):
        seed.retest(distance_cm=-1.0)


def test_weights_of_an_unfinished_seed_cannot_be_tested(tmp_path):
    folder = broken_copy(tmp_path, "no results")
    with pytest.raises(NotARun, match="no finished seed 123"):
        extract.stored(Run(folder).seed())


def test_arrays_of_a_test_have_the_names_of_the_table():
    from tests.test_schemas import RECORDINGS
    from tests.test_schemas import WEIGHTS as TABLE

    params = same_test().params
    size = sizes(params) | {"records": 0, "records + 1": 0, "decodes": 0, "maps": 0, "snapshots": 0}
    assert wrong_arrays(same_test().weights(), TABLE, size) == []
    assert wrong_arrays(same_test().recordings(), RECORDINGS, size) == []


# --- of the published program -------------------------------------------------------------


def published(root: Path, *, plastic: bool = True, **changes) -> Path:
    """A run as the published program left it, of the weights of the finished run."""
    source, folder = full(), root / "published"
    (folder / "artifacts").mkdir(parents=True)
    later = LATER | {"ll_mon_bernoulli", "mon_ts_homeo_target", "stdp_tau_ms"}
    network = {k: v for k, v in source.params["network_params"].items() if k not in later}
    assert len(network) == 77
    head = {"mode": "ll_fast", "seed_start": SEED, "multi_seed": 1, "run_folder": "published"}
    made = head | {"network_params": network | {"ll_mon_use_stdp": plastic}} | changes
    (folder / "params.json").write_text(json.dumps(made))
    names = ("seed", "sigma_theta_rad", "valid_fraction", "delta_trial_rad")
    numbers = {name: source.results()[name] for name in names}
    (folder / f"artifacts/seed_{SEED}_results.json").write_text(json.dumps(numbers))
    (folder / f"artifacts/old_seed_{SEED}_params.json").write_text('{"mode": "ll_thesis"}')
    (folder / "run_summary.json").write_text("{}")
    w = source.weights()
    arrays = {name: w[name] for name in ("ll_mon_i", "ll_mon_j", "mon_ts_i", "mon_ts_j")}
    arrays |= {"mon_ts_w": w["mon_ts_w"], "ll_mon_w_mV": w["ll_mon_w_init_mV"]}
    np.savez_compressed(folder / f"artifacts/old_seed_{SEED}.npz", **arrays)
    return folder


def test_weights_of_the_published_program_are_tested_with_their_own_wiring(tmp_path):
    folder, flags = published(tmp_path), ("--ll-mon-weights", "initial")
    status, _, said = call("--weights-from", folder, "--output-root", tmp_path)
    assert status == 2 and "give --ll-mon-weights initial" in said
    made = program.bare(
        tmp_path, "--backend", program.BACKEND, "--weights-from", folder, *flags, name="same"
    )
    assert made.status == 0 and "new draws of the same distribution" in made.said
    ours = with_initial()  # the same wiring and weights: the same bits
    for name in ("sigma_theta_rad", "spikes", "rates_hz"):
        assert made.results()[name] == ours.results()[name]
    assert made.results()["source"]["ll_mon_weights"] == "initial"
    file = folder / f"artifacts/old_seed_{SEED}.npz"
    arrays = dict(np.load(file))
    np.savez(file, **arrays | {"mon_ts_j": arrays["mon_ts_j"][::-1]})
    seed = Run(folder).seed()
    assert np.array_equal(extract.stored(seed, "initial").wiring.mon_ts.j, arrays["mon_ts_j"][::-1])
    np.savez(file, **arrays | {"mon_ts_j": arrays["mon_ts_j"] + 1})
    with pytest.raises(NotARun, match="mon_ts_j does not name 24 cells"):
        extract.stored(Run(folder).seed(), "initial")


def test_a_run_of_the_published_program_is_read_as_far_as_it_goes(tmp_path):
    folder = published(tmp_path)
    run, ours = Run(folder), full().results()
    assert (run.seed().results["sigma_theta_rad"], run.unverified) == (
        ours["sigma_theta_rad"],
        True,
    )
    assert np.isnan(run.seed().weights["ll_mon_w_mV"]).all()
    status, said, _ = call("figures", folder)
    assert status == 0 and len(list((folder / "figures").iterdir())) == 2
    status, said, _ = call("compare", folder, full().folder, "--output", tmp_path / "c.html")
    assert status == 0 and "σ_θ over the path" in said
    (folder / "run_summary.json").unlink()
    said = call("status", folder)[1]
    assert "undefined" in said and "made by the published program" in said
    assert "go on with" not in said
    for words in (["report", folder], ["figures", folder, "--analyses"]):
        status, _, said = call(*words)
        assert status == 2 and "published program" in said
    shutil.rmtree(folder)
    fixed = Run(published(tmp_path, plastic=False))
    assert fixed.ll_mon_weights == "final"
    assert not np.isnan(fixed.seed().weights["ll_mon_w_mV"]).any()
    (folder / "params.json").write_text(
        '{"mode": "ll_fast", "seed_start": 1, "network_params": {}}'
    )
    with pytest.raises(NotARun, match="NetworkParams lacks"):
        Run(folder)
