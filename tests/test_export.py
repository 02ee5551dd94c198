"""A finished run as tables, as Neo objects and as NWB: what went in comes out, to the bit."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from driver.export import csv as tables_of
from driver.export import neo, nwb
from driver.flags.from_dataclass import UsageError
from driver.run.saved import NotARun, checksum
from models.lateral_line.export import TABLES, recordings
from models.lateral_line.saved import Run
from tests.program import SEED, call, full, listing, rewrite, shared

SILENT = ("--ll-rate-gain", "0", "--bg-rate-mon-hz", "0", "--bg-rate-ts-hz", "0")
RUNS = {
    "trained": (),
    "longer than its recording": ("--n-training-trials", "12", "--trial-duration-s", "0.21"),
    "silent": (*SILENT, "--n-training-trials", "2"),
    "no training": ("--n-training-trials", "0"),
    "tested again": ("--distance-cm", "1.2"),
}
POPULATIONS = ("ll", "mon", "ts", "i_mon", "i_ts")
PHASES = ("train", "test", "untrained")


def export_csv(run, folder):
    return tables_of.export_csv(run, folder, TABLES)


def to_neo(seed):
    return neo.to_neo(seed, recordings(seed), "lateral line")


def export_nwb(seed, path):
    return nwb.export_nwb(seed, recordings(seed), "lateral line", path)


@pytest.fixture(scope="module", params=RUNS)
def run(request) -> Run:
    again = request.param == "tested again"
    weights = ("--weights-from", full().folder) if again else ()
    return Run(shared(*RUNS[request.param], *weights).folder)


@pytest.fixture(scope="module")
def tables(run, tmp_path_factory) -> dict[str, dict[str, list[str]]]:
    """Columns of every table of a run, as text."""
    written = export_csv(run, tmp_path_factory.mktemp("tables"))
    return {p.stem.removeprefix(f"seed_{SEED}_"): read(p) for p in written}


def read(path: Path) -> dict[str, list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {name: [row[k] for row in rows] for k, name in enumerate(head)}


def floats(column: list[str]) -> np.ndarray:
    """Numbers as they were; an empty cell is NaN, and NaN in words is an error."""
    assert not {"nan", "inf", "None", "null"} & {word.lower() for word in column}
    return np.array([float(word) if word else np.nan for word in column])


def chosen(table: dict[str, list[str]], **values: str) -> dict[str, np.ndarray]:
    """Numbers of the rows with these values."""
    keys = zip(*(table[name] for name in values), strict=True)
    kept = [k for k, key in enumerate(keys) if key == tuple(values.values())]
    numbers = {"cell", "step", "time_s", "source", "target", "initial", "final"} & set(table)
    return {name: floats([table[name][k] for k in kept]) for name in numbers}


def first_step(phase: str, recordings) -> int:
    n_training = int(recordings["n_training_steps"])
    return max(0, n_training - 2000) if phase == "train" else 0


def sources(recordings, phase: str) -> np.ndarray:
    """Where the source was; these trainings are shorter than what is kept of their stimulus."""
    if phase != "train":
        return np.column_stack([recordings["test_x_cm"], recordings["test_d_cm"]])
    held = np.column_stack([recordings["train_x_cm"], recordings["train_d_cm"]])
    n_steps = int(recordings["n_training_steps"])
    assert len(held) == -(-n_steps // 50)
    return np.repeat(held, 50, axis=0)[first_step(phase, recordings) : n_steps]


# --- CSV ---------------------------------------------------------------------------------


def test_every_spike_is_in_the_table(run, tables):
    a = run.seed().recordings
    for phase in PHASES:
        for population in POPULATIONS:
            rows = chosen(tables["spikes"], phase=phase, population=population)
            step = a[f"{phase}_{population}_step"]
            np.testing.assert_array_equal(rows["cell"], a[f"{phase}_{population}_i"])
            np.testing.assert_array_equal(rows["step"], step)
            np.testing.assert_array_equal(rows["time_s"], step * 0.001)
    n_spikes = sum(a[f"{f}_{p}_i"].size for f in PHASES for p in POPULATIONS)
    assert len(tables["spikes"]["step"]) == n_spikes


def test_every_weight_is_in_the_table_to_the_bit(run, tables):
    w = run.seed().weights
    names = {"ll_mon": ("ll_mon_w_mV", "ll_mon_w_init_mV"), "mon_ts": ("mon_ts_w", "mon_ts_w_init")}
    for projection, (final, initial) in names.items():
        rows = chosen(tables["weights"], projection=projection)
        for column, array in (
            *(("source", f"{projection}_i"), ("target", f"{projection}_j")),
            *(("initial", initial), ("final", final)),
        ):
            np.testing.assert_array_equal(rows[column], w[array], err_msg=column)
    units = set(zip(tables["weights"]["projection"], tables["weights"]["unit"], strict=True))
    assert units == {("ll_mon", "mV"), ("mon_ts", "1")}


def test_series_over_training_keep_their_own_times(run, tables):
    a, series, decodes = run.seed().recordings, tables["series"], tables["map_in_training"]
    for column, array in (
        *(("time_s", "checkpoint_t_s"), ("w_mean", "w_mean_series"), ("w_std", "w_std_series")),
        *(("w_mean_abs_delta", "w_mean_abs_delta_series"),),
        *(("w_frac_delta_gt_1e3", "w_frac_delta_gt_1e3_series"),),
        *(("w_mean_abs_step", "w_mean_abs_step_series"),),
    ):
        np.testing.assert_array_equal(floats(series[column]), a[array], err_msg=column)
    tracked = [floats(series[f"tracked_weight_{k}"]) for k in range(24)]
    np.testing.assert_array_equal(np.transpose(tracked), a["tracked_weight_series"])
    rates = floats(series["ts_ckpt_rate_hz"])  # between records: none belongs to the first
    if rates.size:
        np.testing.assert_array_equal(rates[1:], a["ts_ckpt_rate_series"])
        assert np.isnan(rates[0])
    for column, array in (
        *(("time_s", "pv_ckpt_t_s"), ("sigma_theta_rad", "pv_sigma_theta_series")),
        *(("delta_trial_rad", "pv_delta_trial_series"),),
        *(("valid_fraction", "pv_valid_fraction_series"),),
    ):
        np.testing.assert_array_equal(floats(decodes[column]), a[array], err_msg=column)


def test_decoded_angles_stand_beside_the_source_at_every_step(run, tables):
    a, table = run.seed().recordings, tables["decoded"]
    np.testing.assert_array_equal(floats(table["time_s"]), np.arange(a["test_x_cm"].size) * 0.001)
    np.testing.assert_array_equal(floats(table["test_x_cm"]), a["test_x_cm"])
    for twin in ("", "untrained_"):
        for window in ("pv", "pv_body"):
            name = f"{twin}{window}_theta_hat"
            np.testing.assert_array_equal(floats(table[f"{name}_rad"]), a[name], err_msg=name)
    for name in ("pv_theta_true", "pv_body_theta_true"):
        np.testing.assert_array_equal(floats(table[f"{name}_rad"]), a[name], err_msg=name)


def test_results_have_the_twin_and_the_difference_beside_the_trained(run, tables):
    numbers, table = run.seed().results, tables["results"]
    assert table["seed"] == [str(SEED)]
    for name in ("sigma_theta_rad", "valid_fraction", "delta_trial_body_rad"):
        for column, value in (
            (name, numbers[name]),
            (f"untrained.{name}", numbers["untrained"][name]),
            (f"difference.{name}", numbers["difference"][name]),
        ):
            assert table[column] == ["" if value is None else repr(value)], column
    mean = numbers["tuning_width"]["ts"]["mean_cm"]
    assert table["tuning_width.ts.mean_cm"] == ["" if mean is None else repr(mean)]
    assert table["usable_map"] == [json.dumps(numbers["usable_map"])]
    assert table["warnings"] == ["; ".join(numbers["warnings"])]


def test_what_a_silent_network_cannot_have_is_an_empty_cell(tmp_path):
    run = Run(shared(*RUNS["silent"]).folder)
    paths = {p.name: read(p) for p in export_csv(run, tmp_path)}
    results = paths["results.csv"]
    assert results["silent"] == ["true"] and results["warnings"] != [""]
    assert results["sigma_theta_rad"] == results["difference.sigma_theta_rad"] == [""]
    assert set(paths[f"seed_{SEED}_decoded.csv"]["pv_theta_hat_rad"]) == {""}
    assert paths[f"seed_{SEED}_spikes.csv"]["step"] == []


def copied(tmp_path: Path, seeds: int) -> Run:
    """A copy of a run that claims several seeds; the second has the files of the first."""
    folder = shutil.copytree(full().folder, tmp_path / "run")
    rewrite(folder / "params.json", lambda content: content.update(multi_seed=seeds))
    for path in list((folder / "artifacts").glob(f"*seed_{SEED}*")):
        shutil.copy(path, path.with_name(path.name.replace(str(SEED), str(SEED + 1))))
    results = folder / "artifacts" / f"seed_{SEED + 1}_results.json"
    run = Run(folder)
    own = checksum(dataclasses.replace(run.params, seed=SEED + 1), run.stimulus)
    rewrite(results, lambda content: content.update(seed=SEED + 1, params_sha256=own))
    return run


def test_every_finished_seed_is_written_and_no_other(tmp_path):
    run = copied(tmp_path, seeds=3)
    written = export_csv(run, tmp_path / "deep" / "folder")
    assert len(read(written[0])["seed"]) == 2
    seeds = (SEED, SEED + 1)
    expected = {"results.csv", *(f"seed_{s}_{name}.csv" for s in seeds for name in TABLES)}
    assert {p.name for p in written} == expected == set(listing(tmp_path / "deep" / "folder"))


def test_the_run_itself_stays_as_it_is(tmp_path):
    run = copied(tmp_path, seeds=1)
    before = listing(run.folder)
    export_csv(run, tmp_path / "tables")
    assert listing(run.folder) == before


def test_a_run_without_a_finished_seed_has_nothing_to_export(tmp_path):
    run = copied(tmp_path, seeds=1)
    (run.artifacts / f"seed_{SEED}_results.json").unlink()
    with pytest.raises(NotARun, match="no finished seed"):
        export_csv(run, tmp_path / "tables")
    assert not (tmp_path / "tables").exists()


# --- Neo ---------------------------------------------------------------------------------


def test_neo_trains_are_the_recorded_spikes_also_of_silent_cells(run):
    pytest.importorskip("neo", reason="an optional package")
    seed = run.seed()
    block = to_neo(seed)
    a, n_training = seed.recordings, int(seed.recordings["n_training_steps"])
    shown = PHASES if n_training else PHASES[1:]
    assert [segment.name for segment in block.segments] == list(shown)
    for segment in block.segments:
        start = first_step(segment.name, a)
        stop = n_training if segment.name == "train" else a["test_x_cm"].size
        assert len(segment.spiketrains) == sum(seed.n_cells(p) for p in POPULATIONS)
        for train in segment.spiketrains:
            population, cell = train.annotations["population"], train.annotations["cell"]
            name = f"{segment.name}_{population}"
            steps = a[f"{name}_step"][a[f"{name}_i"] == cell]
            np.testing.assert_array_equal(train.rescale("s").magnitude, steps * 0.001)
            assert (train.t_start, train.t_stop) == (start * 0.001, stop * 0.001)


def test_neo_has_the_source_in_cm_at_every_step(run):
    pytest.importorskip("neo", reason="an optional package")
    for segment in to_neo(run.seed()).segments:
        (source,) = segment.analogsignals
        assert source.units.dimensionality.string == "cm"
        assert list(source.array_annotations["channel_names"]) == ["x_cm", "d_cm"]
        expected = sources(run.seed().recordings, segment.name)
        np.testing.assert_array_equal(source.magnitude, expected)
        assert source.t_start == segment.spiketrains[0].t_start
        assert float(source.sampling_rate.rescale("Hz")) == 1000


def test_neo_block_says_where_it_comes_from():
    pytest.importorskip("neo", reason="an optional package")
    run = Run(full().folder)
    said = to_neo(run.seed()).annotations
    assert (said["run"], said["mode"], said["seed"]) == (run.name, "ll_fast", SEED)
    assert json.loads(said["parameters"]) == run.file


def test_the_command_writes_what_neo_reads_back(tmp_path):
    io = pytest.importorskip("neo.io", reason="an optional package")
    status, out, _ = call("export", full().folder, "--to", "neo", "--output", tmp_path / "out")
    block = io.PickleIO(out.strip()).read_block()
    expected, seed = to_neo(Run(full().folder).seed()), block.annotations["seed"]
    assert (status, seed) == (0, SEED)
    for written, made in zip(block.segments, expected.segments, strict=True):
        for one, other in zip(written.spiketrains, made.spiketrains, strict=True):
            np.testing.assert_array_equal(one.magnitude, other.magnitude)


# --- NWB ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    """The file of a run, read back."""
    pynwb = pytest.importorskip("pynwb", reason="an optional package")
    path = export_nwb(run.seed(), tmp_path_factory.mktemp("nwb") / "made" / "seed.nwb")
    assert pynwb.validate(path=str(path)) == []
    assert [p.name for p in path.parent.iterdir()] == ["seed.nwb"]
    with pynwb.NWBHDF5IO(str(path), "r") as reader:
        yield reader.read()


def test_nwb_units_are_the_recorded_spikes_also_of_silent_cells(run, file):
    seed, units = run.seed(), file.units
    a, n_training = seed.recordings, int(seed.recordings["n_training_steps"])
    phases = {"trained": ("train", "test"), "untrained": ("untrained",)}
    labels = [units[name][:] for name in ("network", "population", "cell")]
    assert len(units) == 2 * sum(seed.n_cells(p) for p in POPULATIONS)
    assert len(set(zip(*labels, strict=True))) == len(units)
    for row, (network, population, cell) in enumerate(zip(*labels, strict=True)):
        steps = []
        for phase in phases[network]:
            name = f"{phase}_{population}"
            of_cell = a[f"{name}_step"][a[f"{name}_i"] == cell]
            steps.append(of_cell + (0 if phase == "train" else n_training))
        np.testing.assert_array_equal(units["spike_times"][row], np.concatenate(steps) * 0.001)


def test_nwb_units_were_watched_where_their_network_was_recorded(run, file):
    a = run.seed().recordings
    end = int(a["n_training_steps"])
    test = [end * 0.001, (end + a["test_x_cm"].size) * 0.001]
    tail = [[first_step("train", a) * 0.001, end * 0.001]] if end else []
    networks = file.units["network"][:]
    for row in (0, len(file.units) - 1):
        expected = [*tail, test] if networks[row] == "trained" else [test]
        np.testing.assert_array_equal(file.units["obs_intervals"][row], expected)
    epochs = file.epochs.to_dataframe()
    np.testing.assert_array_equal(epochs[["start_time", "stop_time"]], [*tail, test])
    assert [list(tags) for tags in epochs["tags"]] == [["training"], ["test"]][-len(epochs) :]


def test_nwb_has_the_source_in_metres_by_its_factor(run, file):
    a, source = run.seed().recordings, file.stimulus["source"]
    shown = ("train", "test") if a["n_training_steps"] else ("test",)
    expected = np.concatenate([sources(a, phase) for phase in shown])
    np.testing.assert_array_equal(source.data[:], expected)
    assert (source.unit, source.conversion) == ("meters", 0.01)
    assert (source.starting_time, source.rate) == (first_step("train", a) * 0.001, 1000.0)


def test_nwb_says_where_it_comes_from(run, file):
    assert file.session_start_time.isoformat() == run.file["environment"]["start_time_utc"]
    assert run.name in file.identifier and run.seed().results["params_sha256"] in file.identifier
    assert json.loads(file.scratch["parameters"].data) == run.file
    assert json.loads(file.scratch["results"].data) == run.seed().results


def test_a_failed_write_leaves_the_old_nwb_file(tmp_path, monkeypatch):
    pytest.importorskip("pynwb", reason="an optional package")
    path = tmp_path / "seed.nwb"
    path.write_text("an older file")

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("driver.files.os.replace", fail)
    with pytest.raises(OSError, match="space"):
        export_nwb(Run(full().folder).seed(), path)
    assert path.read_text() == "an older file" and list(tmp_path.iterdir()) == [path]


# --- packages that may be missing --------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "export"),
    [("neo", lambda seed, _: to_neo(seed)), ("pynwb", export_nwb)],
    ids=["neo", "pynwb"],
)
def test_a_missing_package_is_named_with_the_way_to_get_it(package, export, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=f"{package}.*requirements-extra.txt"):
        export(Run(full().folder).seed(), tmp_path / "seed.nwb")
    assert list(tmp_path.iterdir()) == []
