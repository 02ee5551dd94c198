"""Parameters against the published table: names, flags, defaults, presets."""

import dataclasses
import math

import numpy as np
import pytest

from driver.flags import from_dataclass as cli
from models.lateral_line.params import NetworkParams
from models.lateral_line.presets import PRESETS, apply_model_mode
from tests.program import resolve

# field, flag, default, ll_thesis, ll_baseline; a preset's value stands only where it differs from
# the default. The published fast preset is silent, so only its sizes were kept: see FAST.
PUBLISHED = """
n_ll                                n-ll                         100     .       .
n_mon                               n-mon                        3200    .       .
n_ts                                n-ts                         300     .       .
dt_s                                dt-s                         0.001   .       .
trial_duration_s                    trial-duration-s             1.2     .       .
n_training_trials                   n-training-trials            200     1000    10000
checkpoint_trials                   checkpoint-trials            10      5       5
pv_eval_every_checkpoints           pv-eval-every-checkpoints    2       .       .
checkpoint_save_every_n_checkpoints checkpoint-save-every-n      10      .       .
training_position_hold_s            training-position-hold-s     0.05    .       .
training_noise_scale_early          training-noise-early         0.0     .       .
training_noise_scale_late           training-noise-late          0.0     .       .
test_ll_noise_hz                    test-ll-noise-hz             0.0     .       .
training_noise_switch_fraction      training-noise-switch        0.5     .       .
training_ordered_sweeps             training-ordered-sweeps      True    .       .
training_fixed_distance             training-fixed-distance      True    False   False
training_bidirectional              training-bidirectional       False   .       .
training_distance_min_cm            training-distance-min-cm     0.8     .       .
training_distance_max_cm            training-distance-max-cm     1.8     0.8     0.8
speed_cm_s                          speed-cm-s                   5.0     .       .
distance_cm                         distance-cm                  1.5     0.8     0.8
direction                           direction                    1.0     .       .
sphere_radius_cm                    sphere-radius-cm             0.5     .       .
ll_rate_mode                        ll-rate-mode                 'raw'   .       .
ll_rate_baseline_subtract_hz        ll-baseline-subtract-hz      0.0     .       .
ll_rate_gain                        ll-rate-gain                 1.0     .       .
ll_body_length_cm                   ll-body-length-cm            4.0     .       .
test_path_cm                        test-path-cm                 4.0     5.0     5.0
eval_x_min_cm                       eval-x-min                   None    .       .
eval_x_max_cm                       eval-x-max                   None    .       .
seed                                seed-start                   123     .       .
vth_mV                              vth-mv                       -54.0   .       .
vreset_mV                           vreset-mv                    -60.0   .       .
el_mV                               el-mv                        -74.0   .       .
tau_ref_ms                          tau-ref-ms                   2.0     .       .
tau_m_ms                            tau-m-ms                     10.0    .       .
tau_s_ms                            tau-s-ms                     2.0     .       .
p_ll_to_mon                         p-ll-to-mon                  0.03    .       .
ll_to_mon_in_degree                 ll-mon-in-degree             3       10      10
ll_to_mon_sigma                     ll-mon-sigma                 15.0    .       .
ll_to_mon_topography_strength       ll-mon-topo                  0.01    0.08    0.2
ll_mon_w_mean_mV                    ll-mon-w-mean-mv             7.0     11.5    11.5
ll_mon_w_jitter_mV                  ll-mon-w-jitter-mv           3.0     .       .
ll_mon_use_stdp                     use-ll-mon-stdp              False   .       True
ll_mon_apre                         ll-mon-apre                  0.01    .       .
ll_mon_apost                        ll-mon-apost                 -0.0105 .       .
ll_mon_wmax_mV                      ll-mon-wmax-mv               20.0    .       .
ll_mon_w_init_mV                    ll-mon-w-init-mv             10.0    .       .
ll_mon_w_jitter_stdp_mV             ll-mon-w-jitter-stdp-mv      2.0     .       8.0
ll_mon_homeo_eta                    ll-mon-homeo-eta             0.0     .       0.005
ll_mon_homeo_every_trials           ll-mon-homeo-every-trials    10      .       .
mon_to_ts_out_degree                mon-ts-out-degree            16      .       .
mon_to_ts_sigma                     mon-ts-sigma                 120.0   10.0    10.0
mon_to_ts_topography_strength       mon-ts-topo                  0.05    0.08    0.2
mon_ts_apre                         mon-ts-apre                  0.02    0.01    0.01
mon_ts_apost                        mon-ts-apost                 -0.021  -0.006  -0.006
mon_ts_wmax                         mon-ts-wmax                  0.045   0.028   0.028
mon_ts_w_init                       mon-ts-w-init                0.02    .       .
mon_ts_w_jitter                     mon-ts-w-jitter              0.01    0.005   0.005
mon_ts_homeo_eta                    mon-ts-homeo-eta             0.0     .       0.001
mon_ts_homeo_every_trials           mon-ts-homeo-every-trials    10      .       .
mon_ts_gain_mV                      mon-ts-gain-mv               30.0    72.0    220.0
keep_mon_ts_stdp_during_test        keep-mon-ts-stdp-during-test False   .       .
test_using_held_snapshots           test-using-held-snapshots    False   .       .
mon_to_global_inh_p                 mon-global-inh-p             0.06    0.03    0.03
mon_to_global_inh_drive_mV          mon-global-inh-drive-mv      0.5     .       .
global_inh_to_mon_mV                mon-global-inh-mv            1.4     1.15    1.8
ts_lateral_radius                   ts-lateral-radius            14      18      18
ts_local_inh_peak_mV                ts-local-inh-peak-mv         1.0     0.9     1.5
use_ts_feedback_inh                 use-ts-feedback-inh          False   True    True
ts_to_global_inh_p                  ts-feedback-p                0.12    0.08    0.08
ts_to_global_inh_drive_mV           ts-feedback-drive-mv         0.35    0.25    0.25
global_inh_to_ts_mV                 ts-feedback-inh-mv           0.8     0.2     0.2
bg_rate_mon_hz                      bg-rate-mon-hz               22.0    .       18.0
bg_rate_ts_hz                       bg-rate-ts-hz                12.0    20.0    20.0
bg_w_mon_mV                         bg-w-mon-mv                  1.5     .       .
bg_w_ts_mV                          bg-w-ts-mv                   0.6     0.85    0.85
"""
ROWS = [line.split() for line in PUBLISHED.strip().splitlines()]
NEW = {
    "ll_mon_bernoulli": False,
    "mon_ts_homeo_target": "current-mean",
    "mon_ts_gain_test_mV": None,
    "stdp_tau_ms": 20.0,
    "training_positions": "body",
    "test_passes": 1,
    "test_there_and_back": False,
    "mon_ts_rule": "stdp",
    "messenger_rate_start": 1e-4,
    "messenger_rate_end": 2e-5,
    "messenger_tau_ms": 60.0,
    "messenger_mean_tau_s": 3.0,
    "messenger_reach_start": 150.0,
    "messenger_reach_end": 6.0,
    "messenger_shrink_fraction": 0.85,
    "messenger_shuffled": False,
    "keep_training_spikes": False,
    "ts_flat_inh_mV": 0.0,
}
# against ll_baseline: the published sizes, and what makes so few cells fire and decode
FAST = dict(
    n_mon=800,
    n_ts=80,
    trial_duration_s=0.8,
    n_training_trials=40,
    checkpoint_trials=10,
    pv_eval_every_checkpoints=1,
    mon_to_ts_sigma=3.0,
    mon_ts_gain_mV=300.0,
    ts_lateral_radius=5,
    ts_local_inh_peak_mV=6.4,
)
# against ll_baseline: weights that can grow, small steps, a fixed sum, noise, sparse TS, flat
# inhibition
LEARNED = dict(
    n_training_trials=300,
    training_noise_scale_early=1.0,
    training_noise_scale_late=1.0,
    ll_mon_use_stdp=False,
    mon_ts_apre=3e-4,
    mon_ts_apost=-3.45e-4,
    mon_ts_wmax=0.1,
    mon_ts_homeo_eta=1.0,
    mon_ts_homeo_every_trials=1,
    mon_ts_homeo_target="initial-mean",
    mon_ts_gain_mV=66.0,
    mon_ts_gain_test_mV=350.0,
    mon_to_global_inh_p=0.0,
    ts_lateral_radius=30_000,
    ts_local_inh_peak_mV=0.3,
    use_ts_feedback_inh=False,
)
RECIPE = """--mode ll_thesis --use-ll-mon-stdp --ll-mon-topo 0.2 --mon-ts-topo 0.2
    --ll-mon-in-degree 10 --ll-mon-w-init-mv 10 --ll-mon-w-jitter-stdp-mv 8
    --ll-mon-apre 0.010 --ll-mon-apost -0.0105 --ll-mon-wmax-mv 20
    --ll-mon-homeo-eta 0.005 --mon-ts-homeo-eta 0.001 --mon-ts-gain-mv 220
    --ts-local-inh-peak-mv 1.5 --bg-rate-mon-hz 18 --mon-global-inh-mv 1.8
    --training-distance-min-cm 0.8 --training-distance-max-cm 0.8
    --n-training-trials 10000 --seed-start 123 --run-name NAME""".split()


def value(word: str):
    words = {"True": True, "False": False, "None": None, "'raw'": "raw"}
    if word in words:
        return words[word]
    return float(word) if "." in word else int(word)


def column(place: int) -> dict:
    """Published values of one column; `.` is the default."""
    return {row[0]: value(row[2] if row[place] == "." else row[place]) for row in ROWS}


def same(one, other) -> bool:
    """Equal, and of the same type: 1 is not 1.0, and True is not 1."""
    return one == other and type(one) is type(other)


def test_the_published_table_has_77_fields():
    assert len(ROWS) == len({row[0] for row in ROWS}) == 77


def test_every_published_field_is_there_and_only_these_are_new():
    names = [field.name for field in dataclasses.fields(NetworkParams)]
    assert sorted(names) == sorted([*(row[0] for row in ROWS), *NEW])


@pytest.mark.parametrize(
    "made, expected",
    [
        (NetworkParams(), column(2)),
        (apply_model_mode(NetworkParams(), "ll_thesis"), column(3)),
        (apply_model_mode(NetworkParams(), "ll_baseline"), column(4)),
        (apply_model_mode(NetworkParams(), "ll_fast"), column(4) | FAST),
        (apply_model_mode(NetworkParams(), "ll_learned"), column(4) | LEARNED),
    ],
    ids=["default", "ll_thesis", "ll_baseline", "ll_fast", "ll_learned"],
)
def test_every_value_is_the_published_one(made, expected):
    expected = NEW | expected
    wrong = {k: (getattr(made, k), v) for k, v in expected.items() if not same(getattr(made, k), v)}
    assert wrong == {}


@pytest.mark.parametrize("field, flag", [row[:2] for row in ROWS])
def test_a_flag_is_spelled_as_published(field, flag):
    assert cli.fields(NetworkParams)[field].flag == flag


@pytest.mark.parametrize("end", ["min", "max"])
def test_the_window_has_its_second_spelling(end):
    assert cli.fields(NetworkParams)[f"eval_x_{end}_cm"].alias == f"eval-x-{end}-cm"


def test_every_field_has_a_help_text():
    assert [name for name, info in cli.fields(NetworkParams).items() if not info.help] == []


@pytest.mark.parametrize("mode", PRESETS)
def test_a_preset_names_only_what_it_changes(mode):
    repeated = {k for k, v in PRESETS[mode].items() if same(getattr(NetworkParams(), k), v)}
    # these go back to defaults that ll_baseline changes
    organised = {"checkpoint_trials", "ll_mon_use_stdp", "use_ts_feedback_inh"}
    back = {
        "ll_fast": {"checkpoint_trials"},
        "ll_learned": {"ll_mon_use_stdp", "use_ts_feedback_inh"},
        "ll_selforg": organised,
        "ll_selforg_fast": organised,
    }
    assert repeated == back.get(mode, set())


@pytest.mark.parametrize("mode", ["ll_selforg", "ll_selforg_fast"])
def test_a_preset_that_organises_itself_begins_without_topography(mode):
    made = apply_model_mode(NetworkParams(), mode)
    assert made.ll_to_mon_topography_strength == made.mon_to_ts_topography_strength == 0
    assert made.has_messenger and made.ts_flat_inh_mV > 0
    assert made.test_passes > 1  # its map is turned and mirrored as it likes


@pytest.mark.parametrize("mode", PRESETS)
def test_a_preset_leaves_the_other_fields_alone(mode):
    mine = dataclasses.replace(NetworkParams(), seed=7, tau_m_ms=12.5, n_ll=50)
    made = dataclasses.asdict(apply_model_mode(mine, mode))
    assert made == dataclasses.asdict(mine) | PRESETS[mode]


def test_a_preset_returns_new_parameters():
    mine = NetworkParams()
    assert apply_model_mode(mine, "ll_thesis") is not mine
    assert mine == NetworkParams()


@pytest.mark.parametrize("spelling", ["  ll_thesis", "LL_THESIS", "Ll_Thesis\n"])
def test_the_name_of_a_preset_is_stripped_and_lower_cased(spelling):
    expected = apply_model_mode(NetworkParams(), "ll_thesis")
    assert apply_model_mode(NetworkParams(), spelling) == expected


@pytest.mark.parametrize("name", ["", "thesis", "ll_thesis2", "ll thesis"])
def test_an_unknown_preset_is_refused_with_the_known_ones(name):
    with pytest.raises(ValueError, match="ll_thesis, ll_fast, ll_baseline"):
        apply_model_mode(NetworkParams(), name)


def test_parameters_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        NetworkParams().n_mon = 5


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="n_neurons"):
        NetworkParams(n_neurons=3)
    with pytest.raises(ValueError, match="n_neurons"):
        dataclasses.replace(NetworkParams(), n_neurons=3)


FLOATS = [row[0] for row in ROWS if "." in row[2] or row[2] == "None"]
FLOATS += [name for name, new in NEW.items() if new is None or isinstance(new, float)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_field_takes_a_number_that_is_not_finite(bad):
    assert len(FLOATS) == 66
    taken = []
    for name in FLOATS:
        try:
            NetworkParams(**{name: bad})
            taken.append(name)
        except ValueError:
            pass
    assert taken == []


@pytest.mark.parametrize(
    "change, words",
    [
        ({"n_ll": 0}, "n_ll"),
        ({"n_mon": 2.5}, "n_mon"),
        ({"ll_rate_mode": "weird"}, "ll_rate_mode"),
        ({"p_ll_to_mon": 1.5}, "p_ll_to_mon"),
        ({"seed": -1}, "seed"),
        ({"training_distance_min_cm": 0.0}, "training_distance_min_cm"),
        ({"vreset_mV": -54.0}, "--vreset-mv"),
        ({"tau_s_ms": 0.5}, "--tau-s-ms"),
        ({"trial_duration_s": 1.2005}, "--trial-duration-s"),
        ({"eval_x_min_cm": 1.0}, "--eval-x-max"),
        ({"mon_ts_w_init": 0.04}, "--mon-ts-wmax"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_parameters_set_in_python_are_checked_too(change, words):
    with pytest.raises(ValueError, match=words):
        NetworkParams(**change)


def test_several_problems_are_told_at_once():
    with pytest.raises(ValueError, match="(?s)vreset.*tau-m-ms"):
        NetworkParams(vreset_mV=-50.0, tau_m_ms=0.5)


def test_the_published_command_is_the_baseline_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = resolve(RECIPE)
    preset = resolve(["--mode", "ll_baseline", "--run-name", "NAME"])
    assert typed.params == preset.params
    assert typed.stimulus == preset.stimulus
    assert typed.adjustments == []


@pytest.mark.parametrize("left_out", range(1, 18))
def test_every_changing_flag_of_the_published_command_counts(left_out, tmp_path, monkeypatch):
    """The check above can fail: without a flag that differs from ll_thesis it does."""
    monkeypatch.chdir(tmp_path)
    starts = [k for k, word in enumerate(RECIPE) if word.startswith("--")] + [len(RECIPE)]
    flag = RECIPE[starts[left_out]]
    words = RECIPE[: starts[left_out]] + RECIPE[starts[left_out + 1] :]
    typed = resolve(words).params
    same_as_thesis = {
        *("--ll-mon-in-degree", "--ll-mon-w-init-mv", "--ll-mon-apre", "--ll-mon-apost"),
        *("--ll-mon-wmax-mv", "--training-distance-min-cm", "--training-distance-max-cm"),
    }
    baseline = apply_model_mode(NetworkParams(), "ll_baseline")
    assert (typed == baseline) == (flag in same_as_thesis)


@pytest.mark.parametrize("steps", [1000, 1200, 2400, 100])
def test_the_length_of_a_trial_is_whole_in_spite_of_binary_fractions(steps):
    p = NetworkParams(dt_s=0.0005, trial_duration_s=steps * 0.0005)
    assert p.trial_steps == steps
    assert p.training_steps == 200 * steps
    assert np.isclose(p.trial_steps * p.dt_s, p.trial_duration_s, rtol=1e-12)
