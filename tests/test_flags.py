"""The command line: what is refused, what is moved to a bound, what is said to have no effect."""

import functools
import shlex
import subprocess
import sys

import pytest

from driver.command.find import rooms
from driver.command.life import parameter_file
from driver.engine.randomness import MAX_SEED
from driver.flags import from_dataclass as cli
from driver.run.folder import RunFolder
from models.cube.params import CubeParams, GroupsParams
from models.lateral_line.options import Request, RunOptions
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import apply_model_mode
from models.lateral_line.room import ROOM
from stimulus import StimulusParams
from tests.program import REPOSITORY, SCRIPT, call, listing, resolve

FAST = ("--mode", "ll_fast")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Work in an empty folder, so that whatever is written is seen."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def resolved(line: str) -> Request:
    return resolve([*FAST, *shlex.split(line)])


BAD = [
    ("--no-n-mon", "--no-n-mon"),
    # malformed values
    ("--n-mon sixty", "--n-mon"),
    ("--training-distance-min-cm none", "--training-distance-min-cm"),
    ("--ll-rate-mode weird", "--ll-rate-mode"),
    ("--mon-ts-homeo-target start", "--mon-ts-homeo-target"),
    # not finite
    ("--dt-s nan", "--dt-s"),
    ("--direction inf", "--direction"),
    ("--vth-mv -inf", "--vth-mv"),
    ("--mon-ts-gain-mv 1e999", "--mon-ts-gain-mv"),
    ("--eval-x-min nan --eval-x-max 3", "--eval-x-min"),
    ("--training-distance-min-cm nan", "--training-distance-min-cm"),
    ("--r0-hz nan", "--r0-hz"),
    # evaluation window
    ("--eval-x-min 1", "--eval-x-max"),
    ("--eval-x-max-cm 1", "--eval-x-min"),
    ("--eval-x-min 3 --eval-x-max 1", "--eval-x-min"),
    ("--eval-x-min 1 --eval-x-max 1", "--eval-x-max"),
    ("--eval-x-min 8 --eval-x-max 9", "--eval-x-min"),
    ("--eval-x-min -3 --eval-x-max -0.6", "--eval-x-max"),
    ("--eval-x-min 1 --eval-x-min-cm 2 --eval-x-max 3", "--eval-x-min-cm"),
    ("--eval-x-min 1 --eval-x-max 3 --eval-x-max-cm 3.5", "--eval-x-max-cm"),
    ("--test-using-held-snapshots --eval-x-min 4.2 --eval-x-max 4.4", "--eval-x-min"),
    # training distance
    ("--training-distance-min-cm 2", "--training-distance-min-cm"),
    ("--training-distance-min-cm 0", "--training-distance-min-cm"),
    ("--training-distance-max-cm -1", "--training-distance-max-cm"),
    ("--mu-distance-cm 0", "--mu-distance-cm"),
    ("--training-fixed-distance --training-distance-min-cm 0.5", "--training-fixed-distance"),
    ("--training-fixed-distance --training-distance-max-cm 2", "--training-distance-max-cm"),
    # neurons
    ("--vreset-mv -54", "--vreset-mv"),
    ("--vreset-mv -40", "--vreset-mv"),
    ("--el-mv -54", "--el-mv"),
    ("--vth-mv -80", "--vth-mv"),
    ("--tau-m-ms 0.5", "--tau-m-ms"),
    ("--tau-s-ms 0.5", "--tau-s-ms"),
    ("--dt-s 0.004", "--tau-s-ms"),
    # weights
    ("--ll-mon-w-init-mv 15", "--ll-mon-w-init-mv"),
    ("--ll-mon-wmax-mv 5", "--ll-mon-wmax-mv"),
    ("--mon-ts-w-init 0.027", "--mon-ts-w-init"),
    ("--mon-ts-w-jitter 1", "--mon-ts-w-jitter"),
    # rates
    ("--bg-rate-mon-hz 1000", "--bg-rate-mon-hz"),
    ("--bg-rate-ts-hz 2000", "--bg-rate-ts-hz"),
    ("--dt-s 0.0005 --bg-rate-ts-hz 2001", "--bg-rate-ts-hz"),
    ("--ll-rate-gain 5.1", "--ll-rate-gain"),
    # time
    ("--trial-duration-s 0.2005", "--trial-duration-s"),
    ("--n-training-trials 99999999999", "--n-training-trials"),
    ("--test-path-cm 0.005", "--test-path-cm"),
    ("--test-path-cm 0.3", "--test-path-cm"),
    ("--direction -1 --test-path-cm 0.4", "--test-path-cm"),
    ("--speed-cm-s 1e12", "--speed-cm-s"),
    # counts, sizes, distances, times: beyond a bound they are refused
    ("--n-ll 0", "--n-ll "),
    ("--n-mon -5", "--n-mon "),
    ("--n-ts 0", "--n-ts "),
    ("--dt-s 0", "--dt-s "),
    ("--trial-duration-s -1", "--trial-duration-s "),
    ("--n-training-trials -4", "--n-training-trials "),
    ("--checkpoint-trials 0", "--checkpoint-trials "),
    ("--pv-eval-every-checkpoints 0", "--pv-eval-every-checkpoints "),
    ("--checkpoint-save-every-n 0", "--checkpoint-save-every-n "),
    ("--training-position-hold-s 0", "--training-position-hold-s "),
    ("--sphere-radius-cm 0", "--sphere-radius-cm "),
    ("--distance-cm 0", "--distance-cm "),
    ("--ll-body-length-cm 0", "--ll-body-length-cm "),
    ("--tau-ref-ms -1", "--tau-ref-ms "),
    ("--ll-mon-in-degree 0", "--ll-mon-in-degree "),
    ("--ll-mon-sigma 0", "--ll-mon-sigma "),
    ("--mon-ts-sigma -3", "--mon-ts-sigma "),
    ("--ll-mon-homeo-every-trials 0", "--ll-mon-homeo-every-trials "),
    ("--mon-ts-homeo-every-trials 0", "--mon-ts-homeo-every-trials "),
    ("--mon-ts-out-degree 0", "--mon-ts-out-degree "),
    ("--mon-ts-gain-test-mv -1", "--mon-ts-gain-test-mv "),
    ("--ts-lateral-radius 0", "--ts-lateral-radius "),
    ("--test-path-cm 0", "--test-path-cm "),
    ("--multi-seed 0", "--multi-seed 0"),
    ("--multi-seed 1000000000", "--multi-seed 1000000000"),
    ("--r0-hz -3", "--r0-hz -3"),
    # what is no physics
    ("--r0-hz 500", "--rmax-hz 200"),
    ("--stdp-tau-ms 0.5", "--stdp-tau-ms 0.5 (ms)"),
    ("--training-position-hold-s 0.0005", "--training-position-hold-s 0.0005 (s)"),
    ("--tau-noise-s 0.0005", "--tau-noise-s 0.0005 (s)"),
    ("--test-using-held-snapshots --training-position-hold-s 30", "--training-position-hold-s"),
    # too large or small to reckon with
    ("--trial-duration-s 1e308", "--trial-duration-s 1e+308"),
    ("--a-per-cm -1e300", "--a-per-cm -1e+300"),
    ("--tau-noise-s 1e-308", "--tau-noise-s 1e-308"),
    (f"--n-mon {10**40}", "--n-mon 1000"),
    # names, places, seeds
    ("--mode ''", "--mode"),
    ("--run-name .", "--run-name"),
    ("--run-name ' .. '", "--run-name"),
    ("--save-tag a/b", "--save-tag"),
    (r"--save-tag 'a\b'", "--save-tag"),
    ("--save-tag 'a\x1b[31m'", r"--save-tag 'a\x1b[31m'"),
    ("--run-name 'a\nb'", r"--run-name 'a\nb'"),
    ("--run-name a\udcff", r"a\udcff: not a text"),
    ("--save-tag ''", "--save-tag"),
    ("--save-tag ..", "--save-tag"),
    (f"--seed-start {MAX_SEED} --multi-seed 2", "--multi-seed"),
]


def refused(line: str, mode=FAST) -> str:
    """What is said about a bad command line; it must end with status 2."""
    status, out, said = call(*(() if "--mode" in line else mode), *shlex.split(line))
    assert status == 2
    assert out == ""
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize("line, named", BAD, ids=[line for line, _ in BAD])
def test_a_bad_command_line_is_refused_by_name_and_leaves_nothing(line, named, empty_folder):
    assert named in refused(line)
    assert listing(empty_folder) == {}


DEFECTS = [
    ("--seed-start -1", "--seed-start", "moved to 0 instead of being refused"),
    (f"--seed-start {MAX_SEED + 1}", "--seed-start", "moved to the largest seed"),
    ("--mode ll_fast --mode ll_big", "--mode", "the first --mode counts, the last is not checked"),
    ("--rmax-hz 2000", "--rmax-hz", "the message blames --ll-rate-gain 1"),
    ("--test-ll-noise-hz 5000", "--test-ll-noise-hz", "rates far above one spike a step"),
    ("--tau-m-ms 0.01", "--tau-m-ms 0.01", "the message shows the bound, not what was typed"),
    ("--eval-x-min 4.499 --eval-x-max 9", "--eval-x-min", "no step of the sweep lies inside"),
    ("--save-tag mid_checkpoint", "--save-tag", "the weights replace the checkpoint"),
    ("--test-path-cm 1e12", "--test-path-cm", "256 TiB are asked for after the first file"),
    ("--tau-ref-ms 1e300", "--tau-ref-ms", "an OverflowError after the first file"),
    (
        "--ll-mon-topo 0 --ll-mon-bernoulli --p-ll-to-mon 0",
        "--p-ll-to-mon",
        "no synapse: Brian fails after the first file",
    ),
    ("--output-root afile --run-name x", "--output-root", "NotADirectoryError"),
    (f"--run-name {'x' * 300}", "--run-name", "OSError: file name too long"),
    (f"--save-tag {'x' * 300}", "--save-tag", "OSError after the training"),
]


@pytest.mark.parametrize(
    "line, named",
    [(line, named) for line, named, _ in DEFECTS],
    ids=[line[:60] for line, _, _ in DEFECTS],
)
def test_what_cannot_run_is_refused_before_the_first_file(line, named, empty_folder, monkeypatch):
    monkeypatch.setattr("driver.command.life.execute", lambda room, request: 0)
    if "afile" in line:
        (empty_folder / "afile").touch()
    before = listing(empty_folder)
    assert named in refused(line)
    assert listing(empty_folder) == before


@pytest.mark.parametrize(
    "line, named",
    [("--n-mo 3", "--n-mo"), ("--dt-s nan", "--dt-s"), ("--save-tag ..", "--save-tag")],
)
def test_the_program_itself_ends_with_status_2(line, named, empty_folder):
    done = subprocess.run(
        [sys.executable, SCRIPT, *FAST, *shlex.split(line)], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert named in done.stderr
    assert done.stdout == ""
    assert listing(empty_folder) == {}


@pytest.mark.parametrize(
    "words, status",
    [("--help >&-", 0), ("--help | head -1", 0), ("status nowhere >&- 2>&-", 2)],
)
def test_nobody_who_listens_is_no_error(words, status, empty_folder):
    line = f"set -o pipefail; {sys.executable} {SCRIPT} {words}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize(
    "door",
    sorted(file.name for file in (*REPOSITORY.glob("*_brian2.py"), REPOSITORY / "stimulus.py")),
)
def test_outside_the_environment_a_line_says_the_way_in(door, empty_folder):
    bare = [sys.executable, "-E", "-S", REPOSITORY / door]  # -S: without what is installed
    done = subprocess.run([*bare, "--help"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("numpy is not installed for")
    assert line.endswith(": make run, or source .venv/bin/activate")
    assert listing(empty_folder) == {}


def test_a_message_says_what_is_allowed_and_the_way_out():
    assert "give --no-training-fixed-distance" in refused(
        "--training-fixed-distance --training-distance-min-cm 0.5"
    )
    assert "1000 Hz" in refused("--bg-rate-mon-hz 1200")
    assert "-0.5 to 4.5 cm" in refused("--eval-x-min 8 --eval-x-max 9")


def test_a_compiled_backend_without_a_compiler_is_refused(monkeypatch, empty_folder):
    monkeypatch.setenv("PATH", str(empty_folder))
    monkeypatch.delenv("CXX", raising=False)
    for name in ("cython", "cpp_standalone"):
        assert f"--backend {name} needs a C++ compiler" in refused(f"--backend {name}")
    assert resolved("--backend auto").options.backend == "auto"


def test_the_folder_of_an_earlier_run_is_kept_unless_overwritten(empty_folder):
    old = empty_folder / "Runs" / "old"
    old.mkdir(parents=True)
    asked = resolved("--run-name old")  # the folder is empty: nothing can be lost
    RunFolder(old).write_json("params.json", parameter_file(ROOM, asked))
    before = listing(empty_folder)
    said = refused("--run-name old")
    assert "--overwrite" in said and "--run-name" in said
    assert resolved("--run-name old --overwrite").options.overwrite
    assert listing(empty_folder) == before  # to resolve writes and deletes nothing


def test_overwrite_leaves_a_folder_alone_that_is_no_run(empty_folder):
    thesis = empty_folder / "Runs" / "thesis" / "chapter.tex"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("words")
    assert "--overwrite" in refused("--run-name thesis --overwrite")
    assert thesis.read_text() == "words"


def test_a_run_name_that_is_a_file_is_refused(empty_folder):
    (empty_folder / "Runs").mkdir()
    (empty_folder / "Runs" / "notes").write_text("words")
    for flags in ("", " --overwrite"):
        assert "--run-name" in refused("--run-name notes" + flags)
    assert (empty_folder / "Runs" / "notes").read_text() == "words"


CLAMPS = [
    ("training-noise-early", "-1", "training_noise_scale_early", 0.0),
    ("training-noise-late", "-1", "training_noise_scale_late", 0.0),
    ("training-noise-switch", "2", "training_noise_switch_fraction", 1.0),
    ("test-ll-noise-hz", "-1", "test_ll_noise_hz", 0.0),
    ("speed-cm-s", "0.01", "speed_cm_s", 0.1),
    ("ll-baseline-subtract-hz", "-1", "ll_rate_baseline_subtract_hz", 0.0),
    ("ll-rate-gain", "-1", "ll_rate_gain", 0.0),
    ("p-ll-to-mon", "1.5", "p_ll_to_mon", 1.0),
    ("ll-mon-topo", "3", "ll_to_mon_topography_strength", 1.0),
    ("mon-ts-topo", "-1", "mon_to_ts_topography_strength", 0.0),
    ("ll-mon-w-mean-mv", "-1", "ll_mon_w_mean_mV", 0.0),
    ("ll-mon-w-jitter-mv", "-1", "ll_mon_w_jitter_mV", 0.0),
    ("ll-mon-w-init-mv", "-1", "ll_mon_w_init_mV", 0.0),
    ("ll-mon-w-jitter-stdp-mv", "-1", "ll_mon_w_jitter_stdp_mV", 0.0),
    ("mon-ts-w-init", "-1", "mon_ts_w_init", 0.0),
    ("mon-ts-w-jitter", "-1", "mon_ts_w_jitter", 0.0),
    ("mon-ts-gain-mv", "-1", "mon_ts_gain_mV", 0.0),
    ("mon-global-inh-p", "2", "mon_to_global_inh_p", 1.0),
    ("ts-feedback-p", "-2", "ts_to_global_inh_p", 0.0),
    ("mon-global-inh-drive-mv", "-1", "mon_to_global_inh_drive_mV", 0.0),
    ("mon-global-inh-mv", "-1", "global_inh_to_mon_mV", 0.0),
    ("ts-local-inh-peak-mv", "-1", "ts_local_inh_peak_mV", 0.0),
    ("ts-feedback-drive-mv", "-1", "ts_to_global_inh_drive_mV", 0.0),
    ("ts-feedback-inh-mv", "-1", "global_inh_to_ts_mV", 0.0),
    ("bg-rate-mon-hz", "-1", "bg_rate_mon_hz", 0.0),
    ("bg-rate-ts-hz", "-1", "bg_rate_ts_hz", 0.0),
    ("bg-w-mon-mv", "-1", "bg_w_mon_mV", 0.0),
    ("bg-w-ts-mv", "-1", "bg_w_ts_mV", 0.0),
]


@functools.cache
def moved() -> tuple[Request, dict]:
    """All of `CLAMPS` in one command line, and the ``params.json`` that comes of it."""
    request = resolved(" ".join(f"--{flag} {given}" for flag, given, _, _ in CLAMPS))
    return request, parameter_file(ROOM, request)


@pytest.mark.parametrize("flag, given, field, used", CLAMPS, ids=[" ".join(c[:2]) for c in CLAMPS])
def test_a_value_beyond_its_bound_is_moved_to_it_and_reported(flag, given, field, used):
    request, written = moved()
    assert getattr(request.params, field) == written["network_params"][field] == used
    (told,) = [a for a in request.adjustments if a.flag == flag and a.used != a.given]
    number = float(given) if isinstance(used, float) else int(given)
    assert str(told).startswith(f"--{flag} {number}: using {used} (")
    entry = {"flag": flag, "given": number, "used": used, "reason": told.reason}
    assert entry in written["cli_adjustments"]


def test_a_name_that_is_not_used_as_typed_is_said():
    (told,) = resolved("--run-name 'a b/c'").adjustments
    assert str(told).startswith("--run-name a b/c: using a b_c (")


@pytest.mark.parametrize(
    "line, words",
    [
        ("--sphere-radius-cm 100", "--distance-cm 0.8: the body lies inside the sphere"),
        ("--distance-cm 0.3", "--distance-cm 0.3: the body lies inside the sphere"),
        ("--mu-distance-cm 0.4 --training-fixed-distance", "--mu-distance-cm 0.4: the body"),
        ("--training-distance-min-cm 0.01", "--training-distance-min-cm 0.01: the body"),
        (
            "--keep-training-spikes --n-training-trials 9000",
            "--keep-training-spikes True: some 1 GB of memory and disk",
        ),
        ("--el-mv -54.001", "--el-mv -54.001: less than 2 mV below --vth-mv -54"),
    ],
)
def test_what_means_little_is_said(line, words):
    assert words in " | ".join(map(str, resolved(line).adjustments))


def test_a_sum_of_weights_that_is_only_just_allowed_is_not_refused():
    assert resolved("--ll-mon-w-init-mv 12").adjustments == []  # 12 + 8 = 20
    assert resolved("--mon-ts-w-init 0.023").adjustments == []  # 0.023 + 0.005 = 0.028


def test_nothing_is_said_of_a_plain_command_line():
    assert resolved("--run-name x --n-mon 40 --seed-start 3").adjustments == []


WITHOUT_EFFECT = [
    ("--no-use-ll-mon-stdp --ll-mon-apre 0.5", "ll-mon-apre"),
    ("--no-use-ll-mon-stdp --ll-mon-apost -1", "ll-mon-apost"),
    ("--no-use-ll-mon-stdp --ll-mon-wmax-mv 3", "ll-mon-wmax-mv"),
    ("--no-use-ll-mon-stdp --ll-mon-w-init-mv 3", "ll-mon-w-init-mv"),
    ("--no-use-ll-mon-stdp --ll-mon-w-jitter-stdp-mv 3", "ll-mon-w-jitter-stdp-mv"),
    ("--no-use-ll-mon-stdp --ll-mon-homeo-eta 0.1", "ll-mon-homeo-eta"),
    ("--no-use-ll-mon-stdp --ll-mon-homeo-every-trials 3", "ll-mon-homeo-every-trials"),
    ("--ll-mon-w-mean-mv 3", "ll-mon-w-mean-mv"),
    ("--ll-mon-w-jitter-mv 3", "ll-mon-w-jitter-mv"),
    ("--no-use-ts-feedback-inh --ts-feedback-p 0.3", "ts-feedback-p"),
    ("--no-use-ts-feedback-inh --ts-feedback-drive-mv 1", "ts-feedback-drive-mv"),
    ("--no-use-ts-feedback-inh --ts-feedback-inh-mv 1", "ts-feedback-inh-mv"),
    ("--p-ll-to-mon 0.5", "p-ll-to-mon"),
    ("--ll-mon-bernoulli", "ll-mon-bernoulli"),
    ("--disable-all-stdp --ll-mon-apre 0.5", "ll-mon-apre"),
    ("--disable-all-stdp --mon-ts-homeo-eta 0.5", "mon-ts-homeo-eta"),
]


@pytest.mark.parametrize("line, flag", WITHOUT_EFFECT)
def test_a_flag_without_effect_is_noted(line, flag):
    request = resolved(line)
    (note,) = request.adjustments
    assert str(note).startswith(f"--{flag} ")
    assert [entry["flag"] for entry in parameter_file(ROOM, request)["cli_adjustments"]] == [flag]


@pytest.mark.parametrize(
    "line",
    [
        "--use-ll-mon-stdp --ll-mon-apre 0.02",
        "--no-use-ll-mon-stdp --ll-mon-w-mean-mv 9 --ll-mon-topo 0.4 --ll-mon-in-degree 5",
        "--use-ts-feedback-inh --ts-feedback-p 0.3",
        "--ll-mon-topo 0 --ll-mon-bernoulli --p-ll-to-mon 0.5",
        "--no-use-ll-mon-stdp --no-use-ts-feedback-inh",
    ],
)
def test_a_flag_with_an_effect_is_not_noted(line):
    assert resolved(line).adjustments == []


@pytest.mark.parametrize(
    "line, flag",
    [
        ("--ll-mon-apre -0.1", "ll-mon-apre"),
        ("--mon-ts-apre -0.1", "mon-ts-apre"),
        ("--ll-mon-apost 0.1", "ll-mon-apost"),
        ("--mon-ts-apost 0.1", "mon-ts-apost"),
    ],
)
def test_an_increment_of_the_unusual_sign_is_used_and_noted(line, flag):
    request = resolved(line)
    assert [a.flag for a in request.adjustments] == [flag]
    assert getattr(request.params, flag.replace("-", "_")) == float(line.split()[1])


def test_overrides_come_after_the_preset_and_only_if_typed():
    base = apply_model_mode(NetworkParams(), "ll_fast")
    assert resolved("").params == base
    changed = resolved("--n-mon 40 --no-use-ts-feedback-inh").params
    assert (changed.n_mon, changed.use_ts_feedback_inh) == (40, False)
    assert changed.n_ts == base.n_ts


def test_without_a_mode_the_thesis_preset_is_taken():
    request = resolve([])
    assert request.params == apply_model_mode(NetworkParams(), "ll_thesis")
    assert request.options.mode == "ll_thesis"


@pytest.mark.parametrize("spelling", ["LL_FAST", " ll_fast ", "=ll_fast"])
def test_the_mode_is_stripped_and_lower_cased(spelling):
    words = ["--mode" + spelling] if spelling.startswith("=") else ["--mode", spelling]
    request = resolve(words)
    assert request.options.mode == "ll_fast"
    assert request.params == apply_model_mode(NetworkParams(), "ll_fast")


def test_of_a_flag_given_twice_the_last_counts():
    assert resolved("--n-mon 40 --n-mon 50").params.n_mon == 50
    assert resolve(["--mode", "ll_fast", "--mode", "ll_thesis"]).options.mode == "ll_thesis"


def test_disabling_plasticity_wins_over_explicit_increments():
    p = resolved(
        "--disable-all-stdp --ll-mon-apre 0.5 --mon-ts-apost -1 --ll-mon-homeo-eta 1"
    ).params
    names = ("ll_mon_apre", "ll_mon_apost", "mon_ts_apre", "mon_ts_apost")
    names += ("ll_mon_homeo_eta", "mon_ts_homeo_eta")
    assert {getattr(p, name) for name in names} == {0.0}


@pytest.mark.parametrize(
    "typed, folder",
    [("a/b\\c", "a_b_c"), ("  x  ", "x"), ("ä ö 日本", "ä ö 日本"), ("../../x", ".._.._x")],
)
def test_a_run_name_stays_inside_the_output_root(typed, folder, empty_folder):
    request = resolved(f"--output-root out --run-name {shlex.quote(typed)}")
    assert str(request.folder.path) == f"out/{folder}"
    assert request.folder.path.resolve().parent == empty_folder / "out"


def test_without_a_run_name_the_folder_is_the_time():
    for line in ("", "--run-name ''", "--run-name '  '"):
        date, _, time = resolved(line).folder.path.name.partition("_")
        assert (date + time).isdigit() and (len(date), len(time)) == (8, 6)


@pytest.mark.parametrize("door", ["ll_stdp_brian2", "cube_brian2"])
def test_help_needs_no_simulator(door):
    code = (
        f"import sys, resource, {door} as door\n"
        "try: door.main(['--help'])\n"
        "except SystemExit as end: status = end.code\n"
        "heavy = [m for m in ('brian2', 'scipy', 'matplotlib') if m in sys.modules]\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print('END', status, heavy, used.ru_utime + used.ru_stime)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    status, heavy, seconds = done.stdout.rpartition("END")[2].split()
    assert (status, heavy) == ("0", "[]")
    assert float(seconds) < 5


def test_help_has_no_long_section():
    for room in rooms(ROOM):
        for cls in room.flags():
            sections = cli.titled("network", cls, cli.fields(cls))
            assert max(map(len, sections.values())) <= 15, (cls, {*sections})
    page = call("--help")[1]
    assert "network: LL -> MON options" in page and "run options" in page
    local, groups = (cli.headings(c) for c in (CubeParams, GroupsParams))
    assert (local["tau_ref"], groups["m"], groups["seed"]) == (groups["tau_ref"], "groups", "")


def test_a_shell_completes_the_flags(empty_folder):
    assert not call("--tyro-write-completion", "bash", "made")[0]
    text = (empty_folder / "made").read_text()
    assert "complete -F" in text and "'--n-training-trials'" in text


def test_help_names_every_flag():
    page = call("--help")[1]
    groups = (RunOptions, NetworkParams, StimulusParams)
    flags = [i.flag for g in groups for i in cli.fields(g).values()]
    hidden = {"lateral-line-length-cm", "mu-speed-cm-s", "sigma-speed-cm-s"}
    assert [f for f in flags if f"--{f}" not in page] == [f for f in flags if f in hidden]
    for word in ("--help", "-h"):
        assert call(word)[0] == 0
