"""A run from the command line: its files, its twin, its seeds, its end."""

import math
import os
import re
import shutil
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest

from driver import files
from driver.experiment.network import Session
from models.lateral_line import summary, values
from models.lateral_line.protocol import Simulation
from models.lateral_line.saved import Run
from tests import program
from tests.program import SEED, SMALL, TRIALS, call, differing, full, resolve, run, shared

QUALITY = ("sigma_theta_rad", "delta_trial_rad", "valid_fraction")
SILENT = ("--ll-rate-gain", "0", "--bg-rate-mon-hz", "0", "--bg-rate-ts-hz", "0")
UNTRAINED = "--disable-all-stdp"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The program as a user starts it, in an empty folder, with figures."""
    root, here = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("here")
    made = program.finish(program.start(root, cwd=here), root)
    assert made.status == 0, made.said
    return made, here


@pytest.fixture(scope="module")
def two_seeds(tmp_path_factory):
    root = tmp_path_factory.mktemp("two seeds")
    made = program.finish(program.start(root, "--multi-seed", "2", "--no-figures"), root)
    assert made.status == 0, made.said
    return made


# --- files -------------------------------------------------------------------------------


def test_every_file_of_a_run_is_there_and_nothing_else(fresh):
    made, _ = fresh
    found = {str(p.relative_to(made.folder)) for p in made.folder.rglob("*") if p.is_file()}
    figures = {name for name in found if name.startswith("figures/")}
    assert found - figures == {
        "params.json",
        "run_summary.json",
        "report.html",
        f"artifacts/seed_{SEED}_status.json",
        f"artifacts/mid_checkpoint_seed_{SEED}.npz.bak",
        f"artifacts/latest_seed_{SEED}.npz",
        f"artifacts/latest_seed_{SEED}_params.json",
        f"artifacts/seed_{SEED}_results.json",
        f"artifacts/seed_{SEED}_recordings.npz",
        f"artifacts/mid_checkpoint_seed_{SEED}.npz",
    }
    stem = r"brian2_\w+_u_5\.0_nMON_60_nTS_24"
    assert figures and all(re.fullmatch(rf"figures/{stem}\.png", f) for f in figures)


def test_parameters_are_written_first_and_the_summary_last(tmp_path, monkeypatch):
    written = []

    def replace(source, target):
        os.rename(source, target)
        written.append(os.path.basename(target))

    monkeypatch.setattr(files, "os", SimpleNamespace(**vars(os) | {"replace": replace}))
    assert run(tmp_path, "--save-tag", "mine").status == 0
    name = f"mid_checkpoint_seed_{SEED}.npz"
    saves = [name, *[f"{name}.bak", name] * (TRIALS // 2 - 1)]
    told = f"seed_{SEED}_status.json"
    assert written[1] == told  # as soon as there is something to tell
    assert [name for name in written if name != told] == [
        "params.json",
        *saves,
        f"seed_{SEED}_recordings.npz",
        f"mine_seed_{SEED}.npz",
        f"mine_seed_{SEED}_params.json",
        f"seed_{SEED}_results.json",
        "run_summary.json",
    ]


def test_a_run_writes_below_its_output_root_only(fresh):
    made, here = fresh
    assert list(here.iterdir()) == []
    assert {p.name for p in made.root.iterdir()} == {"run", "Logs", "tmp"}
    left = [p for p in (made.root / "tmp").rglob("*") if p.name.startswith("ll_")]
    assert left == []


def test_without_an_output_root_runs_and_logs_lie_side_by_side(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        program.call(*SMALL, "--no-figures", "--n-training-trials", "0", "--run-name", "x")[0] == 0
    )
    assert {p.name for p in tmp_path.iterdir()} == {"Runs", "Logs"}
    assert [p.name for p in (tmp_path / "Logs").iterdir()] == ["x.log"]
    assert (tmp_path / "Runs/x/run_summary.json").exists()


def test_overwriting_leaves_nothing_of_the_earlier_run(tmp_path):
    run(tmp_path, "--n-training-trials", "0", "--save-tag", "old", "--seed-start", "9")
    again = run(tmp_path, "--n-training-trials", "0", "--overwrite")
    assert again.status == 0
    assert list(again.folder.rglob("old*")) == [] and list(again.folder.rglob("*seed_9*")) == []


def test_the_log_and_the_terminal_hold_the_same_lines(fresh):
    made, _ = fresh
    lines = [line for line in made.log.splitlines() if line]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ", line) for line in lines)
    told = [line.split(" ", 3)[3] for line in lines]
    assert told == [line for line in made.said.splitlines() if line]


def test_the_closing_lines_show_trained_and_untrained_side_by_side(fresh):
    made, _ = fresh
    results, said = made.results(), made.said
    assert "trained" in said and "untrained" in said and "difference" in said
    row = next(line for line in said.splitlines() if line.startswith("sigma_theta, path"))
    shown = [float(word) for word in row.split()[-3:]]
    numbers = (results, results["untrained"], results["difference"])
    assert shown == [round(n["sigma_theta_rad"], 3) for n in numbers]
    for words in ("mean rates, training / test", "mean |dw|", "at w_max", "backend", "ll_fast"):
        assert words in said


SEED_LINE = r"^Seed (\d+) results: sigma_theta=([\d.]+) rad, valid_fraction=([\d.]+)$"


def test_the_line_that_scripts_read_stands_in_the_output(fresh):
    made, _ = fresh
    ((seed, sigma, valid),) = re.findall(SEED_LINE, made.said, re.MULTILINE)
    results = made.results()
    assert int(seed) == SEED
    assert float(sigma) == round(results["sigma_theta_rad"], 3)
    assert float(valid) == round(results["valid_fraction"], 3)


def test_adjustments_are_printed_logged_and_written(tmp_path):
    made = run(tmp_path, "--ll-mon-topo", "3", "--p-ll-to-mon", "0.5", "--n-training-trials", "0")
    assert made.status == 0
    for words in ("--ll-mon-topo 3.0: using 1.0", "--p-ll-to-mon 0.5: used only with"):
        assert words in made.said and words in made.log
    flags = [entry["flag"] for entry in made.params["cli_adjustments"]]
    assert flags == ["ll-mon-topo", "p-ll-to-mon"]
    assert made.params["network_params"]["ll_to_mon_topography_strength"] == 1.0


def test_a_run_says_with_what_it_was_made(fresh):
    made, here = fresh
    environment = made.params["environment"]
    assert environment["numpy"] == np.__version__
    assert environment["integrator"] == "euler"
    words = [*SMALL, "--output-root", str(made.root), "--run-name", "run"]
    assert environment["arguments"] == words
    assert made.results()["backend"] == program.BACKEND


def test_flags_given_to_main_are_the_ones_recorded():
    made = full()
    words = ["--output-root", str(made.root), "--run-name", "run", "--no-figures", *SMALL]
    assert made.params["environment"]["arguments"] == words


# --- weights -----------------------------------------------------------------------------


def test_the_small_network_fires_and_learns():
    made = full()
    results, weights = made.results(), made.weights()
    for population in ("ll", "mon", "ts", "i_mon", "i_ts"):
        assert results["training"]["spikes"][population] > 0, population
        assert results["spikes"][population] > 0, population
    assert results["evaluation_mode"] == "training"
    for after, before in (("mon_ts_w", "mon_ts_w_init"), ("ll_mon_w_mV", "ll_mon_w_init_mV")):
        moved = np.abs(weights[after] - weights[before])
        assert np.mean(moved > 0.01 * weights[before].mean()) > 0.2, after


def test_the_saved_weights_are_those_of_the_checkpoint_and_the_results():
    made = full()
    weights, checkpoint = made.weights(), made.checkpoint()
    for name in ("mon_ts_w", "ll_mon_w_mV", "trial_idx", "seed"):
        assert np.array_equal(weights[name], checkpoint[name]), name
    assert weights["trial_idx"] == TRIALS - 1
    assert np.array_equal(weights["mon_ts_w_init"], checkpoint["mon_ts_w_before"])
    told = made.results()["weights"]
    # a mean of some hundred numbers depends on their order by a few parts in 1e16
    assert math.isclose(told["mon_ts"]["mean"], weights["mon_ts_w"].mean(), rel_tol=1e-13)
    assert math.isclose(told["ll_mon_mV"]["mean"], weights["ll_mon_w_mV"].mean(), rel_tol=1e-13)


def test_weights_stay_within_their_bounds():
    weights = full().weights()
    assert weights["mon_ts_w"].min() >= 0 and weights["mon_ts_w"].max() <= 0.028
    # stored in volts, so a bound in millivolts may be off by one rounding
    assert weights["ll_mon_w_mV"].min() >= 0
    assert weights["ll_mon_w_mV"].max() <= 20 * (1 + 1e-15)


@pytest.mark.parametrize("mode", ["plastic", "fixed"])
def test_without_plasticity_every_weight_keeps_every_bit(mode):
    flags = () if mode == "plastic" else ("--no-use-ll-mon-stdp",)
    made = shared(UNTRAINED, "--n-training-trials", "2", *flags)
    weights, checkpoint = made.weights(), made.checkpoint()
    assert weights["mon_ts_w"].tobytes() == weights["mon_ts_w_init"].tobytes()
    assert checkpoint["mon_ts_w"].tobytes() == weights["mon_ts_w_init"].tobytes()
    # in the network weights are in volts; back in mV they are the initial ones to one rounding
    np.testing.assert_array_max_ulp(weights["ll_mon_w_mV"], weights["ll_mon_w_init_mV"], 1)
    assert made.results()["evaluation_mode"] == "untrained"
    assert full().results()["evaluation_mode"] == "training"


def test_unchanged_afferent_weights_keep_every_bit_too():
    weights = shared(UNTRAINED, "--n-training-trials", "2").weights()
    assert weights["ll_mon_w_mV"].tobytes() == weights["ll_mon_w_init_mV"].tobytes()


@pytest.mark.parametrize("flags", [("--n-training-trials", "0"), (UNTRAINED,)])
def test_where_nothing_was_trained_the_twin_is_the_network(flags):
    made = shared(*flags, *(("--n-training-trials", "2") if UNTRAINED in flags else ()))
    results = made.results()
    assert results["evaluation_mode"] == "untrained"
    assert set(results["difference"].values()) == {0.0}
    assert results["untrained"] == {key: results[key] for key in results["untrained"]}
    recordings = made.recordings()
    for name in values.POPULATIONS:
        for part in ("i", "step"):
            one, other = recordings[f"test_{name}_{part}"], recordings[f"untrained_{name}_{part}"]
            assert np.array_equal(one, other)


def test_the_twin_has_the_same_afferent_spikes_and_other_ts_spikes():
    recordings = full().recordings()
    for part in ("i", "step"):
        one, other = recordings[f"test_ll_{part}"], recordings[f"untrained_ll_{part}"]
        assert np.array_equal(one, other)
    assert not np.array_equal(recordings["test_ts_step"], recordings["untrained_ts_step"])


def test_the_twin_of_a_trained_network_tests_the_initial_weights():
    """Training length must not reach the twin's afferents; its membranes it may."""
    short, long = shared("--n-training-trials", "2"), full()
    for part in ("i", "step"):
        key = f"untrained_ll_{part}"
        assert np.array_equal(short.recordings()[key], long.recordings()[key])


@pytest.fixture(scope="module")
def simulation():
    request = resolve([*SMALL, "--run-name", "api", "--output-root", "unused"])
    with Simulation(request.params, request.stimulus, Session(program.BACKEND)) as sim:
        yield sim


def test_the_test_leaves_all_weights_bit_for_bit_in_spite_of_traces(simulation):
    block, _ = simulation.train(simulation.initial_state(), 0, 400)
    assert block.state["mon.trace"].max() > 0 and block.state["ts.trace"].max() > 0
    after, _ = simulation.test(block.state, 400)
    for key in values.WEIGHTS:
        assert after.state[key].tobytes() == block.state[key].tobytes()
        assert after.state[key].tobytes() != simulation.initial_state()[key].tobytes()


@pytest.mark.parametrize("switch, named", [("ll_mon", "ll_mon.w"), ("mon_ts", "mon_ts.w")])
def test_a_weight_that_moves_in_the_test_ends_the_run(tmp_path, monkeypatch, switch, named):
    real = values.switches

    def leaky(params, **given):
        in_test = not (given["ll_mon"] or given["mon_ts"] or given["homeostasis"])
        return real(params, **given | ({switch: True} if in_test else {}))

    monkeypatch.setattr(values, "switches", leaky)
    made = run(tmp_path, "--n-training-trials", "2")
    assert made.status == 1
    assert f"{named} changed in the test although it was frozen" in made.said
    assert "Traceback" not in made.said
    assert not (made.folder / "run_summary.json").exists()


def test_plasticity_kept_in_the_test_changes_nothing_that_is_saved():
    kept = shared("--keep-mon-ts-stdp-during-test")
    assert differing(kept.weights(), full().weights()) == []
    one, other = kept.checkpoint(), full().checkpoint()
    assert differing(one, other) == ["params_json", "sha256"]
    # but it acts: the network that is tested no longer stands still
    assert "recordings/test_ts_step" in differing(kept.arrays(), full().arrays())


# --- silence -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def silent():
    return shared(*SILENT, "--n-training-trials", "2")


def test_a_silent_network_has_no_number_where_there_is_none(silent):
    results = silent.results()
    for numbers in (results, results["untrained"]):
        assert numbers["silent"] is True and numbers["usable_map"] is False
        assert set(numbers["spikes"].values()) == {0} and set(numbers["rates_hz"].values()) == {0.0}
        assert numbers["valid_fraction"] == numbers["valid_fraction_body"] == 0.0
        for key in ("sigma_theta_rad", "delta_trial_rad", "sigma_theta_body_rad", "sharpening"):
            assert numbers[key] is None, key
        for key in ("sigma_theta_ll_rad", "delta_trial_body_rad", "variability", "sigma_w_ts_cm"):
            assert numbers[key] is None, key
        widths = [w for part in numbers["tuning_width"].values() for w in part.values()]
        assert set(widths) == {None, 0}
    assert results["difference"]["sigma_theta_rad"] is None
    chance = results["chance_sigma_theta_rad"]
    assert chance == {"p05": None, "median": None, "p95": None, "n_bins": 0}
    assert silent.summary["pv_map_quality"]["sigma_theta_rad"] is None


def test_a_silent_network_says_so_and_is_no_failure(silent):
    assert silent.status == 0
    for who in ("trained", "untrained"):
        text = f"{who} network: TS is silent in the test, nothing could be decoded"
        assert text in silent.said and text in silent.results()["warnings"]
    assert "Seed 123 results: sigma_theta=nan rad, valid_fraction=0.000" in silent.said
    assert "global inhibition of MON is enabled but its cell never fired" in silent.said


def test_silent_seeds_are_left_out_of_the_mean_and_counted(silent):
    request = resolve([*SMALL, "--output-root", "unused"])
    rows = [full().results(), silent.results()]
    sigma = summary.run_summary(request, rows, [])["aggregate"]["pv_map_quality"]["sigma_theta_rad"]
    assert sigma["mean"] == rows[0]["sigma_theta_rad"] and sigma["n"] == 1
    made = files.plain(summary.run_summary(request, [rows[1]] * 2, []))
    sigma = made["aggregate"]["pv_map_quality"]["sigma_theta_rad"]
    assert (sigma["mean"], sigma["sd"], sigma["n"]) == (None, None, 0)


def test_a_network_that_fires_outside_the_window_is_not_called_silent(tmp_path):
    window = ("--eval-x-min", "4.4955", "--eval-x-max", "9")
    made = run(tmp_path, *window, "--n-training-trials", "0")
    assert made.status == 2 or "TS is silent" not in made.said


# --- repeatability -----------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_again_in_this_process(tmp_path):
    shared("--seed-start", "124")  # something else in between
    assert differing(run(tmp_path).arrays(), full().arrays()) == []


def test_the_same_seed_gives_the_same_bits_in_a_fresh_process(fresh):
    made, _ = fresh
    assert differing(made.arrays(), full().arrays()) == []
    one, other = (program.without_times(r.results()) for r in (made, full()))
    assert one == other


def test_numpy_gives_the_bits_of_the_compiled_program():
    """Without a compiler both are numpy, and this shows nothing."""
    flags = ("--n-training-trials", "2")
    numpy = shared(*flags, "--backend", "numpy")
    assert differing(numpy.arrays(), shared(*flags).arrays()) == []
    assert numpy.results()["backend"] == "numpy"


def test_another_seed_gives_other_wiring_weights_and_spikes():
    other = shared("--seed-start", "124")
    different = differing(other.weights(124), full().weights())
    assert {"mon_ts_w", "mon_ts_j", "ll_mon_i", "mon_ts_w_init", "seed"} <= set(different)


# --- several seeds -----------------------------------------------------------------------


def test_seeds_of_one_command_are_the_single_runs_bit_for_bit(two_seeds):
    singles = {SEED: full(), SEED + 1: shared("--seed-start", str(SEED + 1))}
    for seed, single in singles.items():
        assert differing(two_seeds.arrays(seed), single.arrays(seed)) == [], seed
        one, other = (program.without_times(r.results(seed)) for r in (two_seeds, single))
        assert one == other


def test_every_seed_has_its_own_log_and_its_line(two_seeds):
    for seed in (SEED, SEED + 1):
        log = (two_seeds.root / "Logs" / f"run_seed_{seed}.log").read_text()
        assert f"Seed {seed} results: " in log and f"Seed {SEED + SEED + 1 - seed} " not in log
    found = re.findall(SEED_LINE, two_seeds.log.replace(" INFO ", "\n"), re.MULTILINE)
    assert [int(seed) for seed, _, _ in found] == [SEED, SEED + 1]


def test_the_summary_of_several_seeds_has_mean_sd_and_n(two_seeds):
    made, rows = two_seeds.summary, [two_seeds.results(s) for s in (SEED, SEED + 1)]
    assert [r["seed"] for r in made["runs"]] == [SEED, SEED + 1] and made["failed_seeds"] == []
    assert program.problems(made, "run_summary_of_several.json") == []
    assert program.problems(two_seeds.params, "params.json") == []
    parts = {
        "pv_map_quality": rows,
        "untrained": [r["untrained"] for r in rows],
        "difference": [r["difference"] for r in rows],
    }
    for part, numbers in parts.items():
        for key in QUALITY:
            found = [n[key] for n in numbers]
            told = made["aggregate"][part][key]
            assert None not in found  # else this would show nothing
            assert told["n"] == 2
            assert math.isclose(told["mean"], sum(found) / 2, rel_tol=1e-12)
            # for two numbers the SD with ddof 1 is their distance over the root of 2
            sd = abs(found[0] - found[1]) / math.sqrt(2)
            assert math.isclose(told["sd"], sd, rel_tol=1e-9, abs_tol=1e-15)


def test_a_single_seed_that_fails_says_why_and_leaves_no_summary(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("models.lateral_line.protocol.train", broken)
    made = run(tmp_path)
    assert made.status == 1
    assert "failed: the disk is full" in made.said and "failed: the disk is full" in made.log
    assert "Traceback" not in made.said
    assert (made.folder / "params.json").exists()
    assert not (made.folder / "run_summary.json").exists()


# --- Ctrl+C ------------------------------------------------------------------------------

LONG = ("--n-training-trials", "1000000")


def wait_for(path, process, seconds=120):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, f"{path.name} did not come"
        time.sleep(0.02)


def interrupt(root, *flags, group: bool):
    """Start a long run, press Ctrl+C after its first checkpoint; the run, and its mark.

    A terminal sends the signal to the whole group; ``kill -INT`` to one process.
    """
    process = program.start(root, *LONG, *flags)
    try:
        wait_for(root / f"run/artifacts/mid_checkpoint_seed_{SEED}.npz", process)
        pressed = time.monotonic()
        (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
        made = program.finish(process, root, timeout=30)
    finally:
        process.kill()
    assert time.monotonic() - pressed < 10  # a block takes well under a second
    return made, process.mark


def leftovers(root):
    """Half-written files, and temporary folders of compiled programs."""
    return [p.name for p in (*root.rglob("*.part"), *(root / "tmp").glob("brian_program_*"))]


def assert_clean(made, mark):
    end = time.monotonic() + 5  # the compiled program ends when its input does
    while program.alive(mark) and time.monotonic() < end:
        time.sleep(0.05)
    assert program.alive(mark) == []
    for path in made.root.rglob("*.json"):
        program.load_json(path)
    assert not (made.folder / "run_summary.json").exists()
    assert (made.folder / "params.json").exists()
    assert made.checkpoint()["trial_idx"] >= 1  # whole, and can be read


@pytest.mark.parametrize(
    "flags, group", [((), True), (("--multi-seed", "2"), False)], ids=["one seed", "several"]
)
def test_ctrl_c_ends_a_run_at_once_and_cleanly(tmp_path, flags, group):
    made, mark = interrupt(tmp_path, *flags, group=group)
    assert made.status == 130
    assert_clean(made, mark)
    if not flags:
        assert leftovers(made.root) == []
    assert "Traceback" not in made.said
    text = f"interrupted; {made.folder} keeps the parameters, a checkpoint of seed {SEED}"
    assert text in made.said and text in made.log
    assert f"--resume-from {made.folder}" in made.said


@pytest.mark.compiler
def test_ctrl_c_in_a_run_of_several_seeds_leaves_nothing_half_done(tmp_path):
    made, _ = interrupt(tmp_path, "--multi-seed", "2", group=False)
    assert made.status == 130
    assert leftovers(tmp_path) == []


def test_ctrl_c_saves_what_was_trained(tmp_path, monkeypatch):
    real, blocks = Simulation.train, []

    def train(self, *args, **kwargs):
        blocks.append(args)
        if len(blocks) == 4:  # the decode before trial 1, two blocks, and now
            raise KeyboardInterrupt
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Simulation, "train", train)
    made = run(tmp_path, "--checkpoint-save-every-n", "10")
    assert made.status == 130
    assert made.checkpoint()["trial_idx"] == 3


def test_ctrl_c_before_the_run_begins_is_as_quiet(monkeypatch):
    def pressed(room, argv):
        raise KeyboardInterrupt

    monkeypatch.setattr("driver.command.resolve.resolve", pressed)
    try:
        status = program.call(*SMALL)[0]
    except KeyboardInterrupt:
        status = "KeyboardInterrupt"
    assert status == 130


def test_a_process_is_found_while_it_runs_and_not_after(tmp_path):
    """The checks above can fail; without /proc they see nothing."""
    if not os.path.exists("/proc/self/environ"):
        pytest.skip("no /proc")
    process = program.start(tmp_path, code="import time; time.sleep(60)")
    try:
        end = time.monotonic() + 10
        while not program.alive(process.mark) and time.monotonic() < end:
            time.sleep(0.02)
        assert len(program.alive(process.mark)) == 1
    finally:
        process.kill()
        process.communicate()
    assert program.alive(process.mark) == []
    shutil.rmtree(tmp_path / "tmp")


def test_the_spikes_of_the_whole_training_are_kept_on_request(tmp_path):
    made = program.bare(
        tmp_path, *SMALL, "--n-training-trials", "12", "--keep-training-spikes", name="all"
    )
    seed, counts = Run(made.folder).seed(), made.results()["training"]["spikes"]
    assert seed.n_tail_steps == 2400  # of which the last 2000 are kept otherwise
    for name in values.POPULATIONS:
        assert seed.spikes("train", name).step.size == counts[name]
        assert seed.timeline(name).step.size == counts[name] + made.results()["spikes"][name]
    again = ("--n-training-trials", "14", "--resume-from", made.folder)
    status, _, said = call(*SMALL, *again, "--output-root", tmp_path, "--run-name", "on")
    assert status == 2 and "keep_training_spikes True there, False here" in said
