"""What no run can be made of: one line that names flag, value and what is allowed; exit 2."""

import pytest

import cube_brian2
from driver.flags.from_dataclass import EXIT_USAGE, UsageError
from models.cube import checks
from models.cube.options import read
from models.cube.params import CubeParams, LocalParams
from models.cube.presets import PRESETS
from stimuli.dots import DotParams

LOCAL = ("--mode", "local-repeat")
GROUPS = ("--mode", "groups")

# flags, and what the message must say
ERRORS = [
    # non-number, NaN, infinity, wrong type
    (("--rho", "nan"), ("--rho nan", "finite")),
    (("--bias", "inf"), ("--bias inf", "finite")),
    (("--steps", "2.5"), ("steps", "2.5")),
    (("--n", "many"), ("n", "many")),
    # sizes
    (("--n", "2"), ("--n 2", "3")),
    (("--L", "1"), ("--layers 1", "2")),
    (("--n", "200", "--L", "200"), ("--n 200 --layers 200", "GB", "--allow-large")),
    # steps
    (("--steps", "0"), ("--steps 0", "1")),
    (("--steps", "801"), ("--steps 801", "--ratio 8")),
    (("--ratio", "0"), ("--ratio 0", "1")),
    (("--down", "0"), ("--down 0", "1")),
    (("--down", "49"), ("--down 49", "--n 48")),
    (("--every", "0"), ("--every 0", "1")),
    # speed
    (("--speed", "0"), ("--speed 0", "1")),
    (("--speed", "48"), ("--speed 48", "47")),
    (("--speed-t", "50"), ("--speed-t 50", "47")),
    # time constants
    (("--rho", "0"), ("--rho 0", "greater than 0")),
    (("--rho", "1"), ("--rho 1", "less than 1")),
    (("--tau-adapt", "1"), ("--tau-adapt 1", "greater than 1")),
    (("--lamb", "0"), ("--lamb 0", "greater than 0")),
    (("--tau-ref", "-1"), ("--tau-ref -1", "0")),
    # gains
    (("--eta", "-0.1"), ("--eta -0.1", "0")),
    (("--decay", "-0.1"), ("--decay -0.1", "0")),
    (("--eta-out", "-1", "--readout"), ("--eta-out -1", "0")),
    ((*LOCAL, "--eta-theta", "-1"), ("--eta-theta -1", "0")),
    ((*LOCAL, "--sigma-noise", "-1"), ("--sigma-noise -1", "0")),
    (("--jitter", "1"), ("--jitter 1", "less than 1")),
    (("--jitter", "-0.1"), ("--jitter -0.1", "0")),
    # orders
    ((*LOCAL, "--theta-min", "4"), ("--theta-min 4", "--theta-max 3")),
    ((*LOCAL, "--theta0", "0.5"), ("--theta0 0.5", "--theta-min 0.6", "--theta-max 3")),
    (("--w-min", "2"), ("--w-min 2", "--w-max 1.6")),
    (("--w-max", "1.5"), ("--w-max 1.5", "--w-fwd 1.3", "1.56")),
    ((*LOCAL, "--w-in-max", "0.9"), ("--w-in-max 0.9", "--w-in-high 1")),
    ((*LOCAL, "--w-in-low", "1.2"), ("--w-in-low 1.2", "--w-in-high 1")),
    ((*LOCAL, "--target-rate", "0"), ("--target-rate 0", "greater than 0")),
    ((*LOCAL, "--target-rate", "1"), ("--target-rate 1", "less than 1")),
    ((*LOCAL, "--tau-out", "0"), ("--tau-out 0", "greater than 0")),
    # times without input
    (("--off-from", "20", "--off-to", "10"), ("--off-from 20", "--off-to 10")),
    (("--off-from", "0", "--off-to", "10"), ("--off-from 0", "1")),
    (("--off-from", "5"), ("--off-from has 1", "--off-to 0")),
    (("--off-from", "5", "9", "--off-to", "9", "20"), ("--off-from 9", "--off-to 9")),
    # residual layer
    (("--w-res", "0.2", "--z-res", "48"), ("--z-res 48", "0 to 47")),
    # groups
    ((*GROUPS, "--m", "1"), ("--m 1", "2")),
    ((*GROUPS, "--m", "5"), ("--m 5", "--n 24")),
    ((*GROUPS, "--m", "9"), ("--m 9", "8")),
    ((*GROUPS, "--w-res", "0.2"), ("--w-res 0.2", "groups")),
    ((*GROUPS, "--rule", "reward"), ("--rule reward", "groups")),
    # radii
    ((*LOCAL, "--r", "48"), ("--r 48", "--n 48")),
    ((*LOCAL, "--r", "-1"), ("--r -1", "0")),
    ((*LOCAL, "--r-out", "48"), ("--r-out 48", "--n 48")),
    (("--r-in", "48"), ("--r-in 48", "--n 48")),
    (("--mode", "local-predict", "--speed", "3"), ("--r 2", "--speed 3")),
    (("--mode", "local-predict", "--ratio", "2"), ("--ratio 2", "must be 1")),
    # variants and flags that do not fit
    (("--mode", "relay-z"), ("--mode 'relay-z'", "relay-a")),
    (("--variant", "none"), ("'none'", "relay-a")),
    (("--model", "local"), ("--model local", "relay-a", "cube")),
    (("--fidelity", "exact"), ("--fidelity 'exact'", "reference")),
    (("--fidelity", "reference"), ("--fidelity reference", "relay-a")),
    (("--z-res", "3"), ("--z-res", "without --w-res")),
    (("--theta-min", "0.3"), ("--theta-min", "adaptation")),
    (("--k-lat", "0.3"), ("--k-lat", "hebb")),
    (("--no-readout", "--r-out", "3"), ("--r-out", "without --readout")),
    (("--dot-when-off", "stop"), ("--dot-when-off", "--off-from")),
    ((*GROUPS, "--p-inter", "0.1"), ("--p-inter", "--inter face")),
    (("--w0", "0.6", "--w-lat", "0.5"), ("--w0 0.6", "--w-lat")),
    (("--w0", "-1"), ("--w0 -1", "0")),
    (
        ("--mode", "02_01", "--ratio", "4", "--off-from", "8", "--off-to", "16"),
        ("--off-from 8", "--ratio 4"),
    ),
    (("--mode", "local-repeat", "--recall", "--ratio", "2"), ("--recall", "--ratio 2")),
    (("--mode", "local-recall", "--horizon", "2"), ("--recall", "--horizon 2")),
    (("--mode", "local-predict", "--speed-t", "3"), ("--r 2", "--speed-t 3")),
    ((*GROUPS, "--learn", "all", "--w-intra", "0"), ("--learn all", "--w-intra 0")),
    ((*GROUPS, "--learn", "all", "--w-intra", "2"), ("--w-max 1.6", "--w-intra 2")),
    (("--mode", "02_01", "--w-res", "0.2"), ("--w-res 0.2", "reward")),
    (("--steps", "800000000"), ("GB", "--allow-large")),
    (("--relaunch-every", "99999999999"), ("--relaunch-every 99999999999",)),
    # closed loops held out
    (("--held-out-every", "1"), ("--held-out-every 1", "0 or at least 2")),
    (("--held-out-every", "4", "--speed", "2"), ("--held-out-every 4", "--speed-t")),
    (("--held-out-every", "4", "--stimulus", "orbit"), ("--held-out-every 4", "orbit")),
    (("--relaunch-every", "4", "--stimulus", "orbit"), ("--relaunch-every 4", "orbit")),
    (("--dots", "9"), ("--dots 9", "8")),
    (("--seed", "-1"), ("--seed-start -1", "0")),
    # flags of another model
    (("--m", "4"), ("--m",)),
    (("--tau-plus-ms", "4"), ("--tau-plus-ms",)),
    (("--w-intra", "4"), ("--w-intra",)),
    # two spellings of one flag
    (("--seed", "1", "--seed-start", "2"), ("--seed", "--seed-start")),
]


@pytest.mark.parametrize("flags, words", ERRORS, ids=lambda x: " ".join(x)[:60])
def test_a_bad_value_is_named_and_nothing_is_written(flags, words, tmp_path, capfd):
    argv = [*flags, "--output-root", str(tmp_path / "Runs"), "--run-name", "a"]
    status = cube_brian2.main(argv)
    said = capfd.readouterr().err
    assert status == EXIT_USAGE
    assert not list(tmp_path.iterdir())
    assert len(said.splitlines()) == 1
    for word in words:
        assert word in said


WARNINGS = [
    ((*LOCAL, "--theta-min", "0.3"), ("0.5", "--theta-min 0.3", "about step 500")),
    ((*LOCAL, "--r-out", "1", "--horizon", "2"), ("--r-out 1", "--horizon 2")),
    (("--bias", "0.2"), ("1.11", "--theta0 1")),
    (("--w-fwd", "1.0"), ("forward chain unreliable", "0.80")),
    (("--w-lat", "0.7", "--learn-lat"), ("runaway possible", "--w-lat 0.7")),
    (("--input-gain", "0.5"), ("--input-gain 0.5", "never fire")),
    (("--ratio", "2"), ("--ratio 2", "--tau-ref 3", "fewer than two")),
    (("--n", "12", "--L", "12"), ("ILI is not meaningful",)),
    (("--readout", "--r-out", "2"), ("--r-out 2", "out of reach")),
    (("--mode", "focus", "--tau-ref", "3"), ("--w-field", "--tau-ref 3", "--ratio 8")),
    (("--off-from", "7000", "--off-to", "9000"), ("--off-to 9000", "--steps 8000")),
]


@pytest.mark.parametrize("flags, words", WARNINGS, ids=lambda x: " ".join(x)[:60])
def test_what_may_surprise_is_said(flags, words):
    said = " | ".join(map(str, read(flags).adjustments))
    for word in words:
        assert word in said


@pytest.mark.parametrize("mode", PRESETS)
@pytest.mark.parametrize("fidelity", ["fixed", "reference"])
def test_every_preset_can_be_run(mode, fidelity):
    if PRESETS[mode].reference is None and fidelity == "reference":
        return
    request = read(["--mode", mode, "--fidelity", fidelity])
    assert isinstance(request.params, PRESETS[mode].model)


def test_old_spellings_are_understood():
    old = (
        "--variant local-cancel --target numpy --out X --seed 3 --no-render --r_out 2 --eta_out .1"
    )
    request = read(old.split())
    assert request.options.mode == "local-cancel"
    assert request.options.backend == "numpy"
    assert str(request.options.output_root) == "X"
    assert not request.options.figures
    assert (request.params.seed, request.params.r_out, request.params.eta_out) == (3, 2, 0.1)
    assert read("--variant 01_02".split()).parts == read("--mode local-cancel".split()).parts
    assert read("--mode 01_01".split()).options.mode == "local-repeat"
    cube = read("--variant 02_05 --L 24 --bias0 0.03 --lamb 10 --w_fwd 0.5".split())
    waves = read("--variant 02_03 --w0 .7".split()).params
    assert waves.w_fwd == waves.w_lat == waves.w_back == 0.7
    assert (cube.params.L, cube.params.bias, cube.params.lamb, cube.params.w_fwd) == (
        24,
        0.03,
        10,
        0.5,
    )


def test_a_mode_may_be_typed_in_capitals():
    assert read(["--mode", "relay-A"]).options.mode == "relay-a"


def test_flags_come_after_the_preset():
    assert read(["--mode", "relay-b"]).params.w_lat == 0.6
    assert read(["--mode", "relay-b", "--w-lat", "0.5"]).params.w_lat == 0.5


def test_the_memory_estimate_lets_the_paper_scale_through():
    assert checks.memory_gb(CubeParams(n=96, L=96)) < checks.MEMORY_LIMIT_GB
    with pytest.raises(UsageError, match="GB"):
        checks.check(LocalParams(n=96, dense=True), DotParams())
    checks.check(LocalParams(n=96, dense=True), DotParams(), allow_large=True)
