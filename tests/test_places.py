"""Run folders that were moved, renamed, resumed or half drawn: nothing is mixed up."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from driver.command.watch import run_lines
from driver.run.request import continuation
from models.lateral_line.again import Run
from models.lateral_line.room import ROOM
from tests import program
from tests.program import SEED, TRIALS, call, differing, full, listing, load_npz, run, shared

HALF = ("--n-training-trials", str(TRIALS // 2))


def copy(made, place, name="run"):
    shutil.copytree(made.folder, place / name)
    return place / name


# --- flags that name a folder ------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--weights-from", "--resume-from"])
@pytest.mark.parametrize("words", [("{}", ""), ("{}=",), ("{}", " ")])
def test_an_empty_name_of_a_folder_is_refused(tmp_path, monkeypatch, flag, words):
    """As an unset variable of a script gives it; in a run folder it would name that run."""
    monkeypatch.chdir(copy(full(), tmp_path))
    before = listing(tmp_path)
    status, _, said = call(*(w.format(flag) for w in words), "--output-root", tmp_path)
    assert status == 2 and f"{flag} " in said and "names no folder" in said
    assert listing(tmp_path) == before


# --- going on in the folder --------------------------------------------------------------


def test_what_was_drawn_of_an_earlier_end_is_gone_after_a_resume(tmp_path):
    folder = copy(shared(*HALF), tmp_path)
    old = [
        folder / "report.html",
        *(folder / "figures" / f"a{end}.png" for end in ("", "_seed_123")),
    ]
    for file in old:
        file.write_text("old")
    assert run(tmp_path, "--resume-from", folder).status == 0
    assert not any(file.exists() for file in old)


def test_finished_seeds_are_left_alone_and_the_others_done(tmp_path):
    two = shared("--multi-seed", "2")
    folder = copy(two, tmp_path)
    (folder / "run_summary.json").unlink()
    (folder / f"artifacts/seed_{SEED + 1}_results.json").unlink()
    kept = listing(folder)[f"artifacts/seed_{SEED}_results.json"]
    again = run(tmp_path, "--multi-seed", "2", "--resume-from", folder)
    assert again.status == 0 and "1 of 2 seeds are finished already" in again.said
    assert listing(folder)[f"artifacts/seed_{SEED}_results.json"] == kept
    assert again.summary == two.summary
    assert differing(again.recordings(SEED + 1), two.recordings(SEED + 1)) == []


def test_all_goes_of_a_run_are_recorded(tmp_path):
    folder = copy(shared(*HALF), tmp_path)
    made = run(tmp_path, "--resume-from", folder)
    (first,) = made.params["earlier"]
    assert first == shared(*HALF).params["environment"]
    assert "--resume-from" in made.params["environment"]["arguments"]
    assert full().params["earlier"] == []
    assert program.problems(made.params, "params.json") == []


def test_a_picture_that_fails_does_not_cost_the_seed(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.lateral_line.show.figures.draw_seed", fail)
    monkeypatch.setattr("models.lateral_line.show.report.write_report", fail)
    place = ("--output-root", tmp_path, "--run-name", "run")
    status, _, said = call(*program.SMALL, *place, "--n-training-trials", "2")
    assert status == 0
    assert "not drawn" in said and f"figures {tmp_path / 'run'}" in said
    assert "Traceback" not in said
    assert (tmp_path / "run" / "run_summary.json").exists()


def test_weights_are_those_that_the_results_name_whatever_the_clock_says(tmp_path):
    folder = copy(shared(*HALF), tmp_path)
    made = run(tmp_path, "--resume-from", folder, "--save-tag", "second")
    assert made.status == 0
    for file in (folder / "artifacts").glob("latest_*"):
        os.utime(file, (4e9, 4e9))  # as a copy may leave it
    seed = Run(folder).seed()
    assert seed.weights["trial_idx"] == TRIALS - 1
    assert np.array_equal(seed.weights["mon_ts_w"], full().weights()["mon_ts_w"])


# --- moved and renamed -------------------------------------------------------------------


def test_the_way_on_leads_to_the_folder_where_the_run_lies(tmp_path):
    typed = ["--mode", "ll_fast", "--run-name", "old", "--output-root=else", "--overwrite"]
    words = continuation(tmp_path / "new", typed, begun=True, prog=ROOM.format.prog).split()
    assert words[2:4] == ["--mode", "ll_fast"]
    assert "old" not in words and "else" not in " ".join(words)
    place = ["--output-root", str(tmp_path), "--run-name", "new"]
    assert words[4:] == [*place, "--resume-from", str(tmp_path / "new")]
    typed = ["--resume-from", "x", "--run-name=y"]
    anew = continuation(Path("Runs/z"), typed, begun=False, prog=ROOM.format.prog)
    assert anew == "python ll_stdp_brian2.py --run-name z --overwrite"


def test_a_renamed_run_does_not_show_the_log_of_another(tmp_path):
    made = run(tmp_path)
    renamed = made.folder.rename(tmp_path / "renamed")
    assert Run(renamed).log_file() == tmp_path / "Logs" / "run.log"
    text = (tmp_path / "Logs" / "run.log").read_text()
    start = made_start = json.loads((renamed / "params.json").read_text())["environment"]
    (tmp_path / "Logs" / "run.log").write_text(text.replace(start["start_time_utc"], "later"))
    assert made_start and Run(renamed).log_file() is None


def test_exports_of_several_runs_lie_in_folders_of_their_own(tmp_path):
    one, other = copy(full(), tmp_path, "one"), copy(full(), tmp_path, "other")
    output = tmp_path / "out"
    assert call("export", one, other, "--to", "csv", "--output", output)[0] == 0
    assert {p.name for p in output.iterdir()} == {"one", "other"}
    twin = copy(full(), tmp_path / "elsewhere", "one")
    before = listing(output)
    status, _, said = call("export", one, twin, "--to", "csv", "--output", output)
    assert status == 2 and "same name" in said
    assert listing(output) == before


# --- what status says --------------------------------------------------------------------


def test_a_run_that_lacks_a_seed_is_not_called_complete(tmp_path):
    folder = copy(shared("--multi-seed", "2"), tmp_path)
    (folder / f"artifacts/seed_{SEED + 1}_results.json").unlink()
    said = "\n".join(run_lines(ROOM, Run(folder)))
    assert f"complete, but for seed {SEED + 1}" in said and "go on with" in said


def test_one_folder_that_is_no_run_does_not_end_the_list(tmp_path, monkeypatch):
    copy(full(), tmp_path / "Runs", "good")
    (tmp_path / "Runs" / "bad").mkdir()
    (tmp_path / "Runs" / "bad" / "params.json").write_text("[]")
    monkeypatch.chdir(tmp_path)
    status, said, _ = call("status")
    assert status == 0 and "Runs/good: ll_fast, complete" in said
    assert "Runs/bad: not a run" in said


def test_a_damaged_status_is_no_status(tmp_path):
    folder = copy(full(), tmp_path)
    (folder / f"artifacts/seed_{SEED}_status.json").write_text("{")
    assert Run(folder).seed().status is None
    assert "done" in "\n".join(run_lines(ROOM, Run(folder)))


# --- fields that are not there -----------------------------------------------------------


@pytest.mark.parametrize("word", ["report", "figures", "export"])
@pytest.mark.parametrize("missing", ["spikes", "test_x_cm", "mon_ts_w"])
def test_a_missing_field_is_named(tmp_path, word, missing, monkeypatch):
    program.render_nothing(monkeypatch)
    folder = copy(full(), tmp_path)
    results = folder / f"artifacts/seed_{SEED}_results.json"
    program.rewrite(results, lambda content: content.pop(missing, None))
    for name in (f"seed_{SEED}_recordings.npz", f"latest_seed_{SEED}.npz"):
        arrays = load_npz(folder / "artifacts" / name)
        arrays.pop(missing, None)
        np.savez(folder / "artifacts" / name, **arrays)
    flags = ("--to", "csv") if word == "export" else ()
    status, _, said = call(word, folder, *flags, "--trust-edited")
    assert "Traceback" not in said
    if status:  # what does not need it may do without
        assert status == 2 and f"has no field {missing}" in said
    else:
        assert (word, missing) in {
            ("figures", "spikes"),
            ("report", "mon_ts_w"),
            ("export", "spikes"),
        }


@pytest.mark.parametrize(
    "change, words",
    [({"test_ll_noise_hz": 1000.0}, "test-ll-noise-hz"), ({"test_path_cm": 0.3}, "test-path-cm")],
)
def test_a_retest_checks_what_the_command_line_checks(change, words):
    with pytest.raises(ValueError, match=words):
        Run(full().folder).seed().retest(**change)


def test_a_python_user_is_not_told_of_flags(tmp_path):
    folder = copy(full(), tmp_path)
    for path in (folder / "artifacts").glob("mid_*"):
        path.unlink()
    with pytest.raises(ValueError, match="^there is no checkpoint"):
        Run(folder).seed().continue_to(TRIALS)


def test_a_report_shows_the_commands_of_all_goes(tmp_path):
    from models.lateral_line.show.report import write_report

    folder = copy(shared(*HALF), tmp_path)
    assert run(tmp_path, "--resume-from", folder).status == 0
    text = write_report(Run(folder)).read_text()
    assert text.count("python ll_stdp_brian2.py --output-root") == 2
    assert "2, begun " in text
