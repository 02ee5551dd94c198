"""Every file of a run against a strict schema: what must be there, its type, where null may be."""

import copy
import functools

import numpy as np
import pytest

from driver.files import plain
from driver.run.content import sealed
from models.lateral_line import summary, values
from models.lateral_line.records import SERIES
from tests import program
from tests.program import SEED, SMALL, TRIALS, full, problems, resolve, shared

SILENT = ("--ll-rate-gain", "0", "--bg-rate-mon-hz", "0", "--bg-rate-ts-hz", "0")
RUNS = {
    "trained": (),
    "untrained": ("--disable-all-stdp", "--n-training-trials", "2"),
    "no training": ("--n-training-trials", "0"),
    "silent": (*SILENT, "--n-training-trials", "2"),
    "silent passes": (*SILENT, "--n-training-trials", "2", "--test-passes", "2"),
    "passes": ("--test-passes", "3", "--test-there-and-back", "--n-training-trials", "2"),
    "path": ("--training-positions", "path", "--n-training-trials", "3"),
    "windowed": (
        *("--eval-x-min", "1", "--eval-x-max-cm", "3", "--direction", "-1"),
        *("--training-distance-min-cm", "None", "--n-training-trials", "2"),
    ),
    "held": ("--test-using-held-snapshots", "--n-training-trials", "2", "--save-tag", "latest"),
    "held passes": (
        *("--test-using-held-snapshots", "--n-training-trials", "2", "--test-passes", "2"),
    ),
    "moved": ("--ll-mon-topo", "7", "--training-noise-switch", "2", "--n-training-trials", "2"),
    "fixed afferents": (
        *("--no-use-ll-mon-stdp", "--n-training-trials", "2", "--speed-cm-s", "50"),
    ),
}
FILES = {
    "params.json": "params.json",
    "run_summary.json": "run_summary.json",
    f"artifacts/seed_{SEED}_results.json": "seed_results.json",
    f"artifacts/latest_seed_{SEED}_params.json": "weights_sidecar.json",
    f"artifacts/seed_{SEED}_status.json": "seed_status.json",
}


@pytest.fixture(scope="module", params=RUNS)
def made(request):
    return shared(*RUNS[request.param])


# --- JSON --------------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_as_its_schema_says(made, file):
    assert problems(made.json(file), FILES[file]) == []


def several(seeds_failed=()) -> dict:
    request = resolve([*SMALL, "--output-root", "unused"])
    rows = [full().results(), shared(*RUNS["silent"]).results()]
    content = summary.run_summary(request, rows, list(seeds_failed))
    return sealed(plain(content))


@pytest.mark.parametrize("failed", [(), (125,)])
def test_the_summary_of_several_seeds_is_as_its_schema_says(failed):
    assert problems(several(failed), "run_summary_of_several.json") == []


def test_the_summary_of_seeds_that_all_failed_is_as_its_schema_says():
    request = resolve([*SMALL, "--output-root", "unused"])
    content = sealed(plain(summary.run_summary(request, [], [123, 124])))
    assert problems(content, "run_summary_of_several.json") == []


CONTENTS = [*FILES, "several"]


@functools.cache
def content_of(which: str) -> tuple[dict, str]:
    if which == "several":
        return several(), "run_summary_of_several.json"
    return full().json(which), FILES[which]


def inner_objects(content, path=()):
    """Every object inside, with its path."""
    if isinstance(content, dict):
        yield path
        for key, value in content.items():
            yield from inner_objects(value, (*path, key))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from inner_objects(value, (*path, place))


def at(content, path):
    for key in path:
        content = content[key]
    return content


@pytest.mark.parametrize("which", CONTENTS)
def test_a_missing_or_an_unknown_key_anywhere_is_seen(which):
    content, schema = content_of(which)
    assert problems(content, schema) == []
    unseen = []
    for path in inner_objects(content):
        for key in at(content, path):
            changed = copy.deepcopy(content)
            del at(changed, path)[key]
            if not problems(changed, schema):
                unseen.append(f"missing {path}/{key}")
        changed = copy.deepcopy(content)
        at(changed, path)["something_new"] = 1
        if not problems(changed, schema):
            unseen.append(f"unknown in {path}")
    assert unseen == []


NULLS = {
    "params.json": {
        *("eval_x_min_cm", "eval_x_max_cm", "git_commit", "compiler"),
        *("weights_from", "ll_mon_weights"),
        *("training_distance_min_cm", "training_distance_max_cm", "mon_ts_gain_test_mV"),
    },
    f"artifacts/latest_seed_{SEED}_params.json": {
        *("eval_x_min_cm", "eval_x_max_cm"),
        *("training_distance_min_cm", "training_distance_max_cm", "mon_ts_gain_test_mV"),
    },
}


@pytest.mark.parametrize("which", NULLS)
def test_null_stands_only_where_it_may(which):
    content, schema = content_of(which)
    allowed = set()
    for path in inner_objects(content):
        for key, value in at(content, path).items():
            if isinstance(value, dict | list):
                continue
            changed = copy.deepcopy(content)
            at(changed, path)[key] = None
            if not problems(changed, schema):
                allowed.add(key)
    assert allowed == NULLS[which]


@pytest.mark.parametrize(
    "path, value",
    [
        (("seed",), None),
        (("seed",), 123.5),
        (("silent",), 0),
        (("valid_fraction",), None),
        (("valid_fraction",), 1.2),
        (("sigma_theta_rad",), "0.5"),
        (("sigma_theta_rad",), -0.1),
        (("evaluation_mode",), "trained"),
        (("untrained", "silent"), True),  # with numbers beside it that a silent network lacks
        (("training", "rates_hz", "mon"), None),  # trials were run, so there is a rate
        (("weights", "mon_ts", "mean"), None),
        (("weights", "mon_ts", "frac_at_wmax"), None),
        (("spikes", "ts"), 1.5),
        (("params_sha256",), "0" * 63),
        (("schema_version",), 1),
        (("warnings",), "none"),
    ],
    ids=lambda part: "/".join(part) if isinstance(part, tuple) else repr(part)[:20],
)
def test_a_wrong_value_in_a_results_file_is_seen(path, value):
    content = copy.deepcopy(full().results())
    at(content, path[:-1])[path[-1]] = value
    assert problems(content, "seed_results.json") != []


def test_json_is_readable_by_people_and_by_strict_parsers(made):
    files = list(made.folder.rglob("*.json"))
    assert len(files) == len(FILES)
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert text.startswith('{\n  "schema_version": 2,') and text.endswith("}\n")
        program.load_json(path)  # raises for NaN and Infinity
        assert not {"NaN", "Infinity"} & set(text.replace(",", " ").split())


def test_a_literal_that_json_does_not_have_is_seen(tmp_path):
    (tmp_path / "bad.json").write_text('{"a": NaN}')
    with pytest.raises(ValueError, match="NaN"):
        program.load_json(tmp_path / "bad.json")


def test_the_files_of_a_run_agree_with_each_other(made):
    params, results, told = made.params, made.results(), made.summary
    sidecar = made.json(f"artifacts/latest_seed_{SEED}_params.json")
    assert sidecar["network_params"] == params["network_params"]
    assert sidecar["stimulus_params"] == params["stimulus_params"]
    assert sidecar["mode"] == params["mode"] == "ll_fast"
    for key in sidecar.keys() & params["network_params"].keys():
        assert sidecar[key] == params["network_params"][key], key
    for key in results.keys() & params["network_params"].keys():
        assert results[key] == params["network_params"][key], key
    for part, numbers in ((told, results), (told["untrained"], results["untrained"])):
        assert part["ts_spikes_during_test_window"] == numbers["spikes"]["ts"]
        assert part["pv_map_quality"] == {k: numbers[k] for k in part["pv_map_quality"]}
    checkpoint = made.checkpoint() if params["network_params"]["n_training_trials"] else {}
    assert (
        str(checkpoint.get("wiring_sha256", sidecar["wiring_sha256"])) == sidecar["wiring_sha256"]
    )


# --- arrays ------------------------------------------------------------------------------
#
# name -> (kind, bytes, shape); a word in a shape is a size, `any` is a number of spikes

F, I4, I8, U2 = ("f", 8), ("i", 4), ("i", 8), ("u", 2)
WEIGHTS = {
    **dict.fromkeys(("schema_version", "seed", "trial_idx"), (*I8, ())),
    **dict.fromkeys(("mon_ts_w", "mon_ts_w_init"), (*F, ("mon_ts",))),
    **dict.fromkeys(("mon_ts_i", "mon_ts_j"), (*I8, ("mon_ts",))),
    **dict.fromkeys(("ll_mon_w_mV", "ll_mon_w_init_mV"), (*F, ("ll_mon",))),
    **dict.fromkeys(("ll_mon_i", "ll_mon_j"), (*I8, ("ll_mon",))),
}
RECORDS = {
    "checkpoint_t_s": (*F, ("records + 1",)),
    "w_mean_series": (*F, ("records + 1",)),
    "w_std_series": (*F, ("records + 1",)),
    "w_mean_abs_delta_series": (*F, ("records + 1",)),
    "w_frac_delta_gt_1e3_series": (*F, ("records + 1",)),
    "w_mean_abs_step_series": (*F, ("records + 1",)),
    "tracked_weight_series": (*F, ("records + 1", "tracked")),
    "ts_ckpt_rate_series": (*F, ("records",)),
    "pv_ckpt_t_s": (*F, ("decodes",)),
    "pv_sigma_theta_series": (*F, ("decodes",)),
    "pv_delta_trial_series": (*F, ("decodes",)),
    "pv_valid_fraction_series": (*F, ("decodes",)),
    "pv_sigma_theta_mirrored_series": (*F, ("decodes",)),
    "map_trial_series": (*I8, ("maps",)),
    "map_spikes_series": (*U2, ("maps", "n_ts", "bins")),
    "map_steps_series": (*I8, ("maps", "bins")),
}
MAPS = {
    f"{twin}{window}_{kind}": (*F, shape)
    for twin in ("", "untrained_")
    for window, bins in (("pv", "n_ts"), ("pv_body", "n_ts"), ("pv_ll", "n_ll"))
    for kind, shape in (
        *((kind, ("test",)) for kind in ("theta_true", "theta_hat", "delta_theta")),
        *((kind, (bins,)) for kind in ("theta_bins", "bias_theta", "sigma_trial_theta")),
        *((kind, ()) for kind in ("sigma_theta", "delta_trial", "valid_fraction")),
    )
}
POPULATIONS = ("ll", "mon", "ts", "i_mon", "i_ts")
SPIKES = {
    f"{phase}_{name}_{part}": (*kind, ("any",))
    for phase in ("train", "test", "untrained")
    for name in POPULATIONS
    for part, kind in (("i", I4), ("step", I8))
}
RECORDINGS = {
    **dict.fromkeys(("schema_version", "seed", "n_training_steps"), (*I8, ())),
    "dt_s": (*F, ()),
    **dict.fromkeys(("test_x_cm", "test_d_cm"), (*F, ("test",))),
    **dict.fromkeys(("train_x_cm", "train_d_cm"), (*F, ("snapshots",))),
    "passes_x_cm": (*F, ("passes", "test")),
    **{
        f"{twin}passes_ts_{part}": (*kind, ("any",))
        for twin in ("", "untrained_")
        for part, kind in (("i", I4), ("step", I8))
    },
    **RECORDS,
    **MAPS,
    **SPIKES,
}
SIZES = {"mon": "n_mon", "ts": "n_ts", "i_mon": "one", "i_ts": "one"}
STATE = {
    "ll.trace": (*F, ("n_ll",)),
    "mon.trace": (*F, ("n_mon",)),
    "ts.trace": (*F, ("n_ts",)),
    **{f"{g}.{v}": (*F, (n,)) for g, n in SIZES.items() for v in ("v", "g_e", "g_i")},
    **{f"{g}.ready": (*I4, (n,)) for g, n in SIZES.items()},
    "mon_background.next_event": (*I4, ("n_mon",)),
    "ts_background.next_event": (*I4, ("n_ts",)),
    "ll_mon.w": (*F, ("ll_mon",)),
    "mon_ts.w": (*F, ("mon_ts",)),
}
CHECKPOINT = {
    **dict.fromkeys(("schema_version", "seed", "trial_idx"), (*I8, ())),
    **dict.fromkeys(("mon_ts_w", "mon_ts_w_before", "w_last"), (*F, ("mon_ts",))),
    "ll_mon_w_mV": (*F, ("ll_mon",)),
    "ll_mon_homeo_target_mV": (*F, ()),
    "tracked_idx": (*I8, ("tracked",)),
    **dict.fromkeys(("params_json", "stimulus_json", "wiring_sha256"), ("U", None, ())),
    "sha256": ("U", None, ()),
    **RECORDS,
    **{f"state.{key}": entry for key, entry in STATE.items()},
    **{f"count.{name}": (*I8, ()) for name in POPULATIONS},
    **{
        f"tail.{name}.{part}": (*kind, ("any",))
        for name in POPULATIONS
        for part, kind in (("i", I4), ("step", I8))
    },
}


def sizes(params: dict) -> dict[str, int]:
    """What the words of a shape stand for in a run, counted anew from its parameters."""
    p = params["network_params"]
    trials, interval = p["n_training_trials"], p["checkpoint_trials"]
    steps = round(trials * p["trial_duration_s"] / p["dt_s"])
    hold = round(p["training_position_hold_s"] / p["dt_s"])
    one_pass = p["n_ll"] * hold
    # as densely on the path as on the body: half a centimetre more at each end
    beyond = 2 * 0.5 * (p["n_ll"] - 1) / p["ll_body_length_cm"]
    n_held = p["n_ll"] + (round(beyond) if p["training_positions"] == "path" else 0)
    sweep = round(p["test_path_cm"] / p["speed_cm_s"] / p["dt_s"])
    records = -(-trials // interval)
    return {
        "one": 1,
        **{key: p[key] for key in ("n_ll", "n_mon", "n_ts")},
        "mon_ts": p["n_mon"] * p["mon_to_ts_out_degree"],
        "ll_mon": p["n_mon"] * p["ll_to_mon_in_degree"],
        "tracked": min(24, p["n_mon"] * p["mon_to_ts_out_degree"]),
        "records": records,
        "records + 1": records + 1,
        "decodes": records // p["pv_eval_every_checkpoints"] + (trials > 0),
        "test": one_pass if p["test_using_held_snapshots"] else sweep,
        "snapshots": -(-min(steps, 2 * n_held * hold) // hold),
        "passes": p["test_passes"],
        "maps": records + (trials > 0),  # all of them, of a training of up to 100 records
        "bins": 50,
    }


def wrong_arrays(arrays: dict, table: dict, size: dict[str, int]) -> list[str]:
    found = [f"missing {k}" for k in table if k not in arrays]
    found += [f"unknown {k}" for k in arrays if k not in table]
    for key in table.keys() & arrays.keys():
        (kind, width, shape), array = table[key], arrays[key]
        if array.dtype.kind != kind or (width and array.dtype.itemsize != width):
            found.append(f"{key} is {array.dtype}")
        expected = tuple(array.size if word == "any" else size[word] for word in shape)
        if array.shape != expected:
            found.append(f"{key} has shape {array.shape}, not {expected}")
    return found


TABLES = {"weights": WEIGHTS, "recordings": RECORDINGS, "checkpoint": CHECKPOINT}


@pytest.mark.parametrize("which", TABLES)
def test_arrays_have_the_names_types_and_shapes_of_the_table(made, which):
    if which == "checkpoint" and made.params["network_params"]["n_training_trials"] == 0:
        assert list(made.folder.rglob("mid_checkpoint*")) == []
        return
    assert wrong_arrays(getattr(made, which)(), TABLES[which], sizes(made.params)) == []


@pytest.mark.parametrize("which", TABLES)
def test_a_missing_an_unknown_and_a_changed_array_are_seen(which):
    arrays, size = getattr(full(), which)(), sizes(full().params)
    for key in arrays:
        fewer = {k: a for k, a in arrays.items() if k != key}
        assert wrong_arrays(fewer, TABLES[which], size) == [f"missing {key}"]
        longer = arrays | {key: np.concatenate([np.ravel(arrays[key])] * 2)[None]}
        assert wrong_arrays(longer, TABLES[which], size) != []
        if arrays[key].dtype.kind != "U":
            assert wrong_arrays(arrays | {key: arrays[key] > 0}, TABLES[which], size) != []
    assert wrong_arrays(arrays | {"new": np.zeros(3)}, TABLES[which], size) == ["unknown new"]


def test_the_tables_name_what_the_program_says_it_keeps():
    assert set(RECORDS) == set(SERIES)
    assert set(STATE) == set(values.STATE)
    assert POPULATIONS == values.POPULATIONS


def test_spikes_lie_in_their_phase_and_in_order(made):
    p, arrays, size = made.params["network_params"], made.recordings(), sizes(made.params)
    cells = {"ll": p["n_ll"], "mon": p["n_mon"], "ts": p["n_ts"], "i_mon": 1, "i_ts": 1}
    ends = {"train": int(arrays["n_training_steps"]), "test": size["test"]}
    for phase in ("train", "test", "untrained"):
        for name, n in cells.items():
            i, step = arrays[f"{phase}_{name}_i"], arrays[f"{phase}_{name}_step"]
            assert i.shape == step.shape
            assert np.all((i >= 0) & (i < n))
            assert np.all((step >= 0) & (step < ends.get(phase, size["test"])))
            assert np.all(np.diff(step) >= 0)
    told = made.results()
    assert {n: arrays[f"test_{n}_i"].size for n in cells} == told["spikes"]
    if ends["train"] * p["dt_s"] <= 2:
        assert {n: arrays[f"train_{n}_i"].size for n in cells} == told["training"]["spikes"]


def test_contacts_are_listed_by_mon_cell_and_weights_stand_beside_them():
    p, weights = full().params["network_params"], full().weights()
    k_in, k_out = p["ll_to_mon_in_degree"], p["mon_to_ts_out_degree"]
    assert np.array_equal(weights["ll_mon_j"], np.repeat(np.arange(p["n_mon"]), k_in))
    assert np.array_equal(weights["mon_ts_i"], np.repeat(np.arange(p["n_mon"]), k_out))
    assert 0 <= weights["ll_mon_i"].min() and weights["ll_mon_i"].max() < p["n_ll"]
    assert 0 <= weights["mon_ts_j"].min() and weights["mon_ts_j"].max() < p["n_ts"]


def test_series_begin_at_zero_and_count_absolute_time():
    arrays = full().recordings()
    t = np.arange(0, TRIALS + 1, 2) * 0.2
    np.testing.assert_allclose(arrays["checkpoint_t_s"], t, rtol=1e-15)
    np.testing.assert_allclose(arrays["pv_ckpt_t_s"], t, rtol=1e-15)
    assert arrays["w_mean_abs_delta_series"][0] == 0 and arrays["w_mean_abs_delta_series"][-1] > 0
