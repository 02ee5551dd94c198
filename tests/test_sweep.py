"""Sweeps: the plan, the runs, the table; killed and started again."""

import csv
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.experiment.comparison import compare
from driver.flags.from_dataclass import UsageError
from driver.sweep.axes import Axes, axes_of, axes_of_file, sampled
from driver.sweep.plan import plan
from models.lateral_line.metric_table import BODY
from models.lateral_line.room import ROOM
from models.lateral_line.show.sweep_report import write_sweep_report
from tests import program
from tests.program import SEED, SMALL, call, differing, listing, load_npz, shared

GRID = ("--grid", "mon_ts_topo=0.1,0.2", "--multi-seed", "2")
FEW = ("--n-training-trials", "2")


def sweep(root, *flags, name="s"):
    return call("sweep", name, "--output-root", root, *SMALL, *FEW, *flags)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two conditions and two seeds, run two at a time."""
    root = tmp_path_factory.mktemp("sweep")
    status, out, err = sweep(root, *GRID, "--jobs", "2")
    assert status == 0, out + err
    return root / "s", out


def rows(folder) -> list[dict]:
    with open(folder / "sweep.csv", newline="") as file:
        return list(csv.DictReader(file))


# --- axes --------------------------------------------------------------------------------


def test_conditions_are_all_combinations_in_the_order_they_were_given():
    axes = axes_of(["a=1,2", "b=x,y"], [])
    assert axes.conditions() == [
        {"a": "1", "b": "x"},
        {"a": "1", "b": "y"},
        {"a": "2", "b": "x"},
        {"a": "2", "b": "y"},
    ]


def test_axes_can_step_together_and_follow_each_other():
    assert axes_of([], ["a=1,2", "b=x,y"]).conditions() == [
        {"a": "1", "b": "x"},
        {"a": "2", "b": "y"},
    ]
    follows = axes_of(["ll-mon-topo=0.1,0.2", "mon_ts_topo=@ll_mon_topo"], [])
    assert [c["mon_ts_topo"] for c in follows.conditions()] == ["0.1", "0.2"]
    both = axes_of(["c=5,6"], ["a=1,2", "b=x,y"]).conditions()
    assert len(both) == 4 and {"c": "6", "a": "2", "b": "y"} in both


def test_a_value_may_come_twice_where_axes_step_together():
    """As one factor at a time needs it."""
    found = axes_of([], ["a=1,2,2", "b=5,5,6"]).conditions()
    assert [tuple(c.values()) for c in found] == [("1", "5"), ("2", "5"), ("2", "6")]


def test_a_sweep_without_axes_has_one_condition():
    assert Axes().conditions() == [{}]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_there_are_as_many_conditions_as_the_product(lengths):
    words = [f"x{k}={','.join(map(str, range(n)))}" for k, n in enumerate(lengths)]
    found = axes_of(words, []).conditions()
    total = 1
    for n in lengths:
        total *= n
    assert len(found) == total == len({tuple(c.items()) for c in found})


WRONG_AXES = {
    "no value": (["a"], [], "expected name=value"),
    "empty": (["a="], [], "expected name=value"),
    "hole": (["a=1,,2"], [], "empty value"),
    "twice": (["a=1", "a=2"], [], "axis already"),
    "in both": (["a=1"], ["a=2"], "axis already"),
    "same value": (["a=1,1"], [], "value twice"),
    "same step": ([], ["a=1,1", "b=2,2"], "together twice"),
    "nobody": (["a=@b"], [], "does not name an axis"),
    "itself": (["a=@a"], [], "does not name an axis"),
    "uneven": ([], ["a=1,2", "b=1"], "differ in number"),
}


@pytest.mark.parametrize("which", WRONG_AXES)
def test_axes_that_make_no_sense_are_refused(which):
    grid, together, words = WRONG_AXES[which]
    with pytest.raises(UsageError, match=words):
        axes_of(grid, together)


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_a_file_holds_the_same_axes(tmp_path, ending):
    content = {
        "product": {"ll_mon_topo": [0.1, 0.2], "mon-ts-topo": "@ll_mon_topo"},
        "zip": {"n_mon": [60, 80], "mon_ts_gain_mv": [400, 300]},
        "fixed": {"n_training_trials": 2, "use_ll_mon_stdp": False},
    }
    path = tmp_path / f"plan.{ending}"
    toml = (
        '[product]\nll_mon_topo = [0.1, 0.2]\nmon-ts-topo = "@ll_mon_topo"\n'
        "[zip]\nn_mon = [60, 80]\nmon_ts_gain_mv = [400, 300]\n"
        "[fixed]\nn_training_trials = 2\nuse_ll_mon_stdp = false\n"
    )
    path.write_text(json.dumps(content) if ending == "json" else toml)
    axes, fixed = axes_of_file(path)
    assert len(axes.conditions()) == 4
    assert axes.conditions()[-1] == {
        **{"ll_mon_topo": "0.2", "n_mon": "80", "mon_ts_gain_mv": "300", "mon_ts_topo": "0.2"}
    }
    assert fixed == {"n_training_trials": "2", "use_ll_mon_stdp": "False"}


@pytest.mark.parametrize(
    "text, words",
    [
        ("[", "plan.toml"),
        ("[sum]\na=1", "unknown table sum"),
        ("product = 3", "product must be a table"),
        ("[product]\na = 0.1", "with lists"),
        ("fixed = 3", "fixed must be a table"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, text, words):
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(UsageError, match=words):
        axes_of_file(tmp_path / "plan.toml")
    with pytest.raises(UsageError, match="nothing.toml"):
        axes_of_file(tmp_path / "nothing.toml")


# --- the plan ----------------------------------------------------------------------------

REFUSED = {
    "no flag": (("--grid", "wrong=1"), "no flag --wrong"),
    "ours": (("--grid", "run_name=a,b"), "no flag --run-name"),
    "a flag twice": (
        ("--grid", "mon_ts_topo=0.1", "--grid", "mon_to_ts_topography_strength=0.2"),
        "the same flag as mon_ts_topo",
    ),
    "moved on an axis": (("--grid", "mon_ts_gain_mv=-5,1"), "refused on an axis"),
    "a switch": (("--grid", "use_ll_mon_stdp=maybe"), "True or False"),
    "a value": (("--grid", "mon_ts_topo=0.1,nan"), "--mon-ts-topo nan"),
    "rates": (("--grid", "rmax_hz=200,2000"), "--rmax-hz"),
    "jobs": (("--jobs", "0"), "--jobs 0"),
    "both": (("--file", "x.toml", "--grid", "n_mon=1"), "--file"),
    "scheduler": (("--scheduler", "tcp://127.0.0.1:9"), "--scheduler"),
    "name": ((), "cannot be the name of a run"),
}


@pytest.mark.parametrize("which", REFUSED)
def test_what_cannot_be_run_is_refused_before_anything_is_written(tmp_path, which, monkeypatch):
    monkeypatch.setattr("driver.sweep.places.CONNECTED_WITHIN_S", 0.5)  # nobody answers there
    flags, words = REFUSED[which]
    status, out, err = sweep(tmp_path, *flags, name=".." if which == "name" else "s")
    assert status == 2 and words in err
    assert "Traceback" not in err
    if which != "scheduler":
        assert listing(tmp_path) == {}


def test_a_sweep_never_takes_the_folder_of_a_run(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "params.json").write_text("{}")
    status, _, err = sweep(tmp_path, "--grid", "n_ts=20,24")
    assert status == 2 and "is the folder of a run" in err
    assert [p.name for p in (tmp_path / "s").iterdir()] == ["params.json"]


def test_an_axis_cannot_be_fixed_too(tmp_path):
    (tmp_path / "s.toml").write_text("[product]\nn_mon = [60]\n[fixed]\nn-mon = 80\n")
    status, _, err = sweep(tmp_path, "--file", tmp_path / "s.toml", "--dry-run")
    assert status == 2 and "n_mon is fixed and an axis" in err


def test_a_dry_run_shows_the_plan_and_stops(tmp_path):
    status, out, _ = sweep(tmp_path, *GRID, "--dry-run")
    assert status == 0 and listing(tmp_path) == {}
    assert "2 conditions x 2 seeds = 4 runs, 0 done" in out
    assert "mon_ts_topo 0.1" in out and "GB of memory" in out


def test_a_switch_can_be_an_axis(tmp_path):
    axes = Axes({"use-ll-mon-stdp": ["True", "false"]})
    made = plan(ROOM, "s", axes, SMALL, tmp_path, figures=False)
    on, off = (made.requests[job.name].params.ll_mon_use_stdp for job in made.jobs)
    assert on is True and off is False


def test_a_file_can_fix_flags_switches_and_seeds(tmp_path):
    (tmp_path / "s.toml").write_text(
        "[product]\nmon_ts_topo = [0.1, 0.2]\n"
        "[fixed]\nuse_ll_mon_stdp = true\nseed_start = 5\nmulti_seed = 3\n"
    )
    status, out, err = sweep(tmp_path, "--file", tmp_path / "s.toml", "--dry-run")
    assert status == 0, err
    assert "2 conditions x 3 seeds = 6 runs" in out


# --- what it makes -----------------------------------------------------------------------


def test_every_run_is_an_ordinary_run_with_the_bits_it_has_alone(made, tmp_path):
    folder, _ = made
    table = rows(folder)
    assert len(table) == 4 and {r["state"] for r in table} == {"done"}
    row = next(r for r in table if (r["mon_ts_topo"], r["seed"]) == ("0.1", str(SEED + 1)))
    command = shlex.split(row["command"])
    assert command[:2] == ["python", "ll_stdp_brian2.py"]
    alone = call(*command[2:], "--output-root", tmp_path)
    assert alone[0] == 0, alone[2]
    for name in (f"latest_seed_{SEED + 1}.npz", f"seed_{SEED + 1}_recordings.npz"):
        one, other = (
            load_npz(root / row["run"] / "artifacts" / name) for root in (folder, tmp_path)
        )
        assert differing(one, other) == []


def test_the_table_holds_the_numbers_of_the_runs(made):
    folder, _ = made
    for row in rows(folder):
        path = folder / row["run"] / "artifacts" / f"seed_{row['seed']}_results.json"
        results = json.loads(path.read_text())
        assert float(row["trained.sigma_theta_rad"]) == results["sigma_theta_rad"]
        twin = results["untrained"]["valid_fraction"]
        assert float(row["untrained.valid_fraction"]) == twin
    content = json.loads((folder / "sweep.json").read_text())
    assert content["axes"] == ["mon_ts_topo"] and len(content["runs"]) == 4


def test_conditions_differ_and_seeds_are_innermost(made):
    table = rows(made[0])
    assert [(r["mon_ts_topo"], r["seed"]) for r in table] == [
        (topo, str(SEED + k)) for topo in ("0.1", "0.2") for k in (0, 1)
    ]
    assert len({r["trained.sigma_theta_rad"] for r in table}) == 4


def test_a_sweep_started_again_does_nothing_twice(made):
    folder, _ = made
    before = {k: v for k, v in listing(folder).items() if "artifacts" in k}
    text = (folder / "sweep.csv").read_bytes()
    status, out, _ = sweep(folder.parent, *GRID)
    assert status == 0 and "4 runs, 4 done" in out
    assert {k: v for k, v in listing(folder).items() if "artifacts" in k} == before
    assert (folder / "sweep.csv").read_bytes() == text


def test_a_sweep_of_other_parameters_does_not_mix_with_it(made):
    folder, _ = made
    status, _, err = call(
        *("sweep", "s", "--output-root", folder.parent, *SMALL, "--n-training-trials", "4"), *GRID
    )
    assert status == 2 and "other parameters" in err


def test_the_report_shows_every_condition_and_seed(made):
    folder, _ = made
    text = (folder / "report.html").read_text()
    for word in ("Does training help?", "mon_ts_topo", "0.1", "0.2", f"_seed_{SEED + 1}"):
        assert word in text
    assert (folder / "sweep.png").stat().st_size > 10_000


def test_a_sweep_that_is_killed_again_and_again_ends_in_the_same_table(made, tmp_path):
    command = [sys.executable, str(program.SCRIPT), "sweep", "s", "--output-root", str(tmp_path)]
    command += [*SMALL, *FEW, *GRID, "--jobs", "2"]
    for wait in (1.2, 1.8, 2.4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    ours, theirs = rows(tmp_path / "s"), rows(made[0])
    for row in (*ours, *theirs):
        row.pop("command")  # names the folder
    assert ours == theirs


def test_a_run_that_fails_costs_that_run(tmp_path):
    """A folder in its way that is no run; the exit status tells."""
    blocked = tmp_path / "s" / f"mon_ts_topo=0.1_seed_{SEED}"
    blocked.mkdir(parents=True)
    (blocked / "mine.txt").write_text("not a run")
    status, out, err = sweep(tmp_path, *GRID)
    assert status == 1 and "3 of 4 runs done" in out
    states = [(r["state"], r["complaint"]) for r in rows(tmp_path / "s")]
    assert states[0][0] == "failed" and "mine" not in states[0][1] and states[0][1]
    assert [s for s, _ in states[1:]] == ["done"] * 3
    assert (blocked / "mine.txt").exists()


def test_stored_weights_are_tested_over_a_sweep(tmp_path):
    source = shared("--n-training-trials", "2")
    flags = ("--weights-from", source.folder, "--grid", "distance_cm=0.8,1.2")
    status, out, err = call(
        "sweep", "d", "--output-root", tmp_path, "--backend", program.BACKEND, *flags
    )
    assert status == 0, out + err
    near, far = rows(tmp_path / "d")
    assert (near["distance_cm"], far["distance_cm"]) == ("0.8", "1.2")
    assert near["trained.sigma_theta_rad"] != far["trained.sigma_theta_rad"]


# --- what it says ------------------------------------------------------------------------


def fake(seed, trained, untrained, valid=0.9, condition="a"):
    def numbers(sigma):
        return {
            **dict(sigma_theta_rad=sigma, sigma_theta_body_rad=sigma, silent=sigma is None),
            **dict(valid_fraction=valid, valid_fraction_window=valid),
            **dict(valid_fraction_body_window=valid, usable_map=True),
        }

    return {
        **dict(condition={"x": condition, "seed": seed}, state="done", run=f"{condition}{seed}"),
        **dict(trained=numbers(trained), untrained=numbers(untrained), complaint=None),
        "command": "python x",
    }


def test_runs_without_a_usable_map_are_counted_and_left_out():
    table = [fake(1, 0.3, 0.5), fake(2, 0.2, 0.6), fake(3, 9.0, 0.1, valid=0.3), fake(4, None, 0.5)]
    (found,) = compare(table, [BODY])
    body = found[BODY.name]
    assert (found["n_runs"], body["trained_without"], body["untrained_without"]) == (4, 2, 1)
    assert body["trained"]["n"] == 2 and body["trained"]["mean"] == pytest.approx(0.25)
    difference = body["paired"]["difference"]
    assert (difference["n"], difference["n_undefined"]) == (2, 2)
    assert difference["mean"] == pytest.approx(-0.3)


@pytest.mark.parametrize("n", [0, 1, 12])
def test_a_report_of_any_number_of_seeds_can_be_drawn(tmp_path, n):
    table = [fake(k, 0.3 + 0.01 * k, 0.5) for k in range(n)]
    table.append(fake(99, None, None, condition="b"))
    table.append({**fake(100, 1.0, 1.0, condition="b"), "state": "waiting"})
    table[-1] |= {"trained": None, "untrained": None}
    (tmp_path / "sweep.json").write_text(json.dumps({"axes": ["x"], "runs": table}))
    text = write_sweep_report(tmp_path / "sweep.json").read_text()
    assert "b100: not done yet" in text
    better = "lower after training in 1 of 2"
    assert (better in text) == (n == 12)


# --- started again, and on a cluster -----------------------------------------------------


def test_a_command_that_goes_on_does_what_is_left(tmp_path):
    words = (*SMALL, "--output-root", tmp_path, "--run-name", "r", "--no-figures", "--go-on")
    assert call(*words)[0] == 0
    before = listing(tmp_path)
    status, _, said = call(*words)
    assert status == 0 and "is complete" in said
    assert listing(tmp_path) == before
    folder = tmp_path / "r"
    (folder / "run_summary.json").unlink()
    (folder / f"artifacts/seed_{SEED}_results.json").unlink()
    status, _, said = call(*words)
    assert status == 0 and "resuming after trial 8 of 8" in said
    for path in (folder / "run_summary.json", *(folder / "artifacts").iterdir()):
        path.unlink()
    status, _, said = call(*words)
    assert status == 0 and "resuming" not in said
    one = load_npz(folder / f"artifacts/latest_seed_{SEED}.npz")
    assert differing(one, program.full().weights()) == []


@pytest.mark.parametrize(
    "flags, words",
    [
        (("--n-training-trials", "4"), "other parameters"),
        (("--overwrite",), "--go-on"),
        (("--resume-from", "."), "--go-on"),
        (("--run-name", " "), "--run-name"),
    ],
)
def test_going_on_with_something_else_is_refused(tmp_path, flags, words):
    made = program.run(tmp_path, name="r")
    before = listing(made.folder)
    status, _, said = call(
        *SMALL, "--output-root", tmp_path, "--run-name", "r", "--no-figures", "--go-on", *flags
    )
    assert status == 2 and words in said
    assert listing(made.folder) == before


def test_a_cluster_that_loses_a_worker_finishes_every_run_once(made, tmp_path):
    """Two real worker processes; one is killed while it works."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        command = [sys.executable, str(program.SCRIPT), "sweep", "s", *SMALL, *FEW, *GRID]
        command += ["--output-root", str(tmp_path), "--scheduler", cluster.scheduler_address]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        end = time.monotonic() + 60
        while not list(tmp_path.glob("s/*/params.json")) and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        out, err = process.communicate(timeout=180)
    assert process.returncode == 0, out + err
    ours, theirs = rows(tmp_path / "s"), rows(made[0])
    for row in (*ours, *theirs):
        row.pop("command")
    assert ours == theirs


def test_a_cluster_that_cannot_import_us_is_told_so_at_once(monkeypatch, tmp_path):
    distributed = pytest.importorskip("distributed")

    class Elsewhere:
        def __init__(self, *args, **kwargs):
            pass

        def submit(self, *args, **kwargs):
            raise RuntimeError("Error during deserialization\nof the task graph")

    monkeypatch.setattr(distributed, "Client", Elsewhere)
    where = ("--output-root", tmp_path / "runs", "--scheduler", "tcp://there:1")
    status, _, said = call("sweep", "s", *SMALL, *FEW, *where)
    assert status == 2
    assert "--scheduler tcp://there:1" in said and "PYTHONPATH" in said
    assert not list(tmp_path.glob("runs/s/*/params.json"))


def test_status_and_report_know_a_sweep(made, tmp_path, monkeypatch):
    folder = tmp_path / "Runs" / "s"
    shutil.copytree(made[0], folder)
    (folder / "report.html").unlink()
    assert call("report", folder)[0] == 0
    assert "Does training help?" in (folder / "report.html").read_text()
    monkeypatch.chdir(tmp_path)
    assert "Runs/s: sweep, 4 of 4 runs done" in call("status")[1]


# --- ranges and samples ----------------------------------------------------------------------


def test_a_range_has_its_last_value_and_no_rounding():
    assert axes_of(["a=0.1:0.5:0.1,7", "b=5:1:-2"], []).product == {
        "a": ["0.1", "0.2", "0.3", "0.4", "0.5", "7"],
        "b": ["5", "3", "1"],
    }
    for word in ("a=1:2", "a=1:2:0", "a=1:2:-1", "a=x:2:1", "a=0:1e9:1", "a=1:2:3:4"):
        with pytest.raises(UsageError, match="--grid a="):
            axes_of([word], [])


def test_samples_fill_their_ranges_and_go_on_where_there_are_more():
    few, more = sampled(["x=0.5:1.5", "n=1:4"], 8), sampled(["x=0.5:1.5", "n=1:4"], 64)
    assert all(more[name][:8] == few[name] for name in few)
    x = np.sort([float(v) for v in more["x"]])
    assert 0.5 <= x[0] and x[-1] <= 1.5 and np.diff(x).max() < 0.06  # random ones leave 0.1
    assert [more["n"].count(str(k)) for k in range(1, 5)] == pytest.approx([16] * 4, abs=3)
    axes = axes_of(["y=@x"], [], samples=few)
    assert [c["y"] == c["x"] for c in axes.conditions()] == [True] * 8
    for words in (["x=1"], ["x=2:1"], ["x=a:b"], ["=1:2"]):
        with pytest.raises(UsageError, match="--between"):
            sampled(words, 3)
    for n in (0, -1, 10**9):
        with pytest.raises(UsageError, match="--sample"):
            sampled(["x=0:1"], n)
