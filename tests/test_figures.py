"""The figures of a run, against small recordings made by hand."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from driver import style
from models.lateral_line import figures, metrics, overviews, panels
from models.lateral_line.params import NetworkParams
from models.lateral_line.saved import NotARun, Run, Seed
from stimulus import StimulusParams

SEED, TAG, DT_S, N_TEST, N_TRAIN = 7, "my_tag", 0.001, 200, 2500
CELLS = {"ll": 10, "mon": 500, "ts": 12}
CONDITIONS = {"test": "", "untrained": "untrained_"}
NO_SPIKES = (np.empty(0, np.int64), np.empty(0, np.int32))
EXPECTED = [
    "brian2_spatial_two_stage_u_5.0_nMON_500_nTS_12_seed_7.png",
    "brian2_test_phase_only_u_5.0_nMON_500_nTS_12_seed_7.png",
]


def make_run(path, silent=(), n_training_steps=N_TRAIN, **changes):
    """A run folder as a run leaves it; `silent` names phases in which TS does not fire."""
    rng = np.random.default_rng(1)
    trials = n_training_steps // 500
    params = dataclasses.replace(
        NetworkParams(),
        **dict(n_ll=10, n_mon=500, n_ts=12, seed=SEED, speed_cm_s=5.0),
        **dict(n_training_trials=trials, trial_duration_s=0.5),
        **changes,
    )
    x_cm = -0.5 + 5 * np.arange(N_TEST) / N_TEST
    records = np.arange(trials + 1 if trials else 1) * 0.5
    decodes = records if trials else np.empty(0)
    train_silent = "train" in silent
    arrays = {
        "schema_version": 2,
        "seed": SEED,
        "dt_s": DT_S,
        "n_training_steps": n_training_steps,
        "test_x_cm": x_cm,
        "test_d_cm": np.full(N_TEST, 0.8),
        "train_x_cm": np.linspace(0, 4, 20) if trials else np.empty(0),
        "train_d_cm": np.full(20, 0.8) if trials else np.empty(0),
        "checkpoint_t_s": records,
        "w_mean_series": np.full(records.size, 0.02),
        "w_std_series": np.full(records.size, 0.002),
        "tracked_weight_series": rng.uniform(0, 0.028, (records.size, 24)),
        "pv_ckpt_t_s": decodes,
        "pv_sigma_theta_series": np.where(train_silent, np.nan, 0.5 + 0.1 * decodes),
        "pv_delta_trial_series": np.where(train_silent, np.nan, 0.3 + 0.1 * decodes),
        "pv_valid_fraction_series": np.where(train_silent, 0.0, 0.9 - 0.2 * decodes),
    }
    quality = {}
    for phase in ("train", *CONDITIONS):
        first = max(0, n_training_steps - 2000) if phase == "train" else 0
        after = n_training_steps if phase == "train" else N_TEST
        for name, n in CELLS.items():
            step = np.sort(rng.integers(first, after, 300)) if after > first else NO_SPIKES[0]
            index = rng.integers(0, n, step.size).astype(np.int32)
            if name == "ts" and phase == "untrained":  # decoded in other steps than the trained
                step, index = step[step < 150], index[step < 150]
            if name == "ts" and phase in silent:
                step, index = NO_SPIKES
            arrays |= {f"{phase}_{name}_step": step, f"{phase}_{name}_i": index}
        if phase in CONDITIONS:
            spikes = arrays[f"{phase}_ts_step"], arrays[f"{phase}_ts_i"]
            q = metrics.pv_map_quality_from_ts_spikes(
                *spikes, 12, x_cm, DT_S, window=params.eval_window_cm
            )
            for key in ("theta_hat", "delta_theta"):
                arrays[f"{CONDITIONS[phase]}pv_{key}"] = getattr(q, key)
            quality[phase] = {
                "sigma_theta_rad": None if q.silent else q.sigma_theta,
                "valid_fraction": q.valid_fraction,
                "sigma_theta_body_rad": None if q.silent else q.sigma_theta,
                "valid_fraction_body_window": q.valid_fraction,
                "usable_map": metrics.is_usable_map(q),
                "silent": q.silent,
            }
    w_init = rng.uniform(0.015, 0.025, 8000)
    w = np.where(rng.random(8000) < 0.3, params.mon_ts_wmax, w_init) if trials else w_init
    results = quality["test"] | {
        "untrained": quality["untrained"],
        "training": {"stabilization_time_s": 1.5 if trials else None},
    }
    artifacts = path / "artifacts"
    artifacts.mkdir(parents=True)
    np.savez(artifacts / f"seed_{SEED}_recordings.npz", **arrays)
    np.savez(artifacts / f"{TAG}_seed_{SEED}.npz", mon_ts_w=w, mon_ts_w_init=w_init)
    np.savez(artifacts / f"mid_checkpoint_seed_{SEED}.npz", mon_ts_w=np.zeros(3))
    (artifacts / f"{TAG}_seed_{SEED}_params.json").write_text("{}")
    (artifacts / f"seed_{SEED}_results.json").write_text(json.dumps(results))
    content = {
        "schema_version": 2,
        "run_folder": path.name,
        "mode": "ll_fast",
        "seed_start": SEED,
        "multi_seed": 1,
        "stimulus_params": dataclasses.asdict(StimulusParams()),
        "network_params": dataclasses.asdict(params),
    }
    (path / "params.json").write_text(json.dumps(content))
    return path


def saved_run(path, **options) -> Seed:
    return Run(make_run(path, **options)).seed(SEED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("figures") / "a run of $5 and $6")


@pytest.fixture(scope="module")
def saved(folder):
    return Run(folder).seed(SEED)


@pytest.fixture(scope="module")
def made(saved):
    """Both figures, laid out."""
    with style.applied():
        drawn = [make(saved) for make in figures.FIGURES.values()]
        for figure in drawn:
            figure.draw_without_rendering()
    return drawn


def new_axes():
    return Figure().subplots()


def texts(figure) -> str:
    """All that is written in a figure, one text a line."""
    found = figure.findobj(matplotlib.text.Text)
    return "\n".join(t.get_text() for t in found if t.get_text())


# --- files -----------------------------------------------------------------------------


def test_every_figure_lies_in_the_folder_under_its_name_and_once_without_seed(folder, monkeypatch):
    assert style.SETTINGS["savefig.dpi"] == 180
    monkeypatch.setitem(style.SETTINGS, "savefig.dpi", 30)  # sooner drawn
    files = figures.draw_seed(Run(folder).seed(SEED))
    assert matplotlib.image.imread(files[0]).shape[:2] == (14 * 30, 14 * 30)
    copies = [name.replace("_seed_7", "") for name in EXPECTED]
    assert [f.name for f in files] == [
        n for pair in zip(EXPECTED, copies, strict=True) for n in pair
    ]
    everything = {f.name for f in (folder / "figures").iterdir()}
    assert everything == {*EXPECTED, *(name.replace("_seed_7", "") for name in EXPECTED)}
    for f in files:
        assert f.read_bytes() == f.with_name(f.name.replace("_seed_7", "")).read_bytes()


def test_a_later_seed_leaves_the_unseeded_name_to_the_first(tmp_path, monkeypatch):
    folder = make_run(tmp_path / "run")
    params = json.loads((folder / "params.json").read_text())
    (folder / "params.json").write_text(
        json.dumps(params | {"seed_start": SEED - 1, "multi_seed": 2})
    )
    monkeypatch.setattr(figures, "FIGURES", {"spatial_two_stage": lambda saved: Figure()})
    figures.draw_seed(Run(folder).seed(SEED))
    assert [f.name for f in (folder / "figures").iterdir()] == EXPECTED[:1]


def test_a_failed_drawing_leaves_the_old_file_and_no_half_one(folder, tmp_path, monkeypatch):
    class Broken(Figure):
        def savefig(self, file, **options):
            file.write(b"half")
            raise OSError("disk full")

    folder = make_run(tmp_path / "run")
    old = folder / "figures" / EXPECTED[0]
    old.parent.mkdir()
    old.write_bytes(b"old")
    monkeypatch.setattr(figures, "FIGURES", {"spatial_two_stage": lambda saved: Broken()})
    with pytest.raises(OSError, match="disk full"):
        figures.draw_seed(Run(folder).seed(SEED))
    assert [f.read_bytes() for f in old.parent.iterdir()] == [b"old"]


def test_missing_weights_are_an_error_that_names_them(tmp_path):
    folder = make_run(tmp_path / "run")
    (folder / "artifacts" / f"{TAG}_seed_{SEED}_params.json").unlink()
    with pytest.raises(NotARun, match="no weights of seed 7"):
        figures.draw_seed(Run(folder).seed(SEED))


def test_drawing_again_gives_the_same_picture_whatever_the_user_has_set(saved):
    def pixels():
        with style.applied():
            figure = overviews.test_phase_only(saved)
            figure.set_dpi(50)
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
        return np.asarray(canvas.buffer_rgba()).copy()

    first = pixels()
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30}):
        mine = dict(matplotlib.rcParams)
        assert np.array_equal(pixels(), first)
        assert dict(matplotlib.rcParams) == mine
    assert np.ptp(first) > 0


def test_neither_pyplot_nor_a_display_is_needed_and_a_run_starts_without_matplotlib(folder):
    code = (
        "import sys, models.lateral_line.run\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from models.lateral_line import figures, saved\n"
        "figures.FIGURES.pop('test_phase_only')\n"
        "figures.style.SETTINGS['savefig.dpi'] = 30\n"
        f"figures.draw_seed(saved.Run({str(folder)!r}).seed({SEED}))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- what stands in the figures --------------------------------------------------------


def test_every_axis_has_a_label_with_its_unit_or_shares_one(made):
    known = re.compile(r"\((s|cm|Hz|rad|count|1|dimensionless[^)]*)\)|cell index")
    for figure in made:
        assert len(figure.axes) >= 6
        for ax in figure.axes:
            for axis, side in ((ax.xaxis, "labelbottom"), (ax.yaxis, "labelleft")):
                shown = axis.get_tick_params().get(side, True)
                label = axis.get_label_text()
                assert known.search(label) or (not shown and not label), (
                    ax.get_title("left"),
                    label,
                )


def test_nothing_is_clipped_and_no_title_lies_under_a_legend(made):
    for figure in made:
        page = figure.bbox
        for ax in figure.axes:
            box = ax.get_tightbbox()
            assert page.x0 <= box.x0 and box.x1 <= page.x1, ax.get_title("left")
            assert page.y0 <= box.y0 and box.y1 <= page.y1, ax.get_title("left")
            title, legend = ax._left_title.get_window_extent(), ax.get_legend()
            assert legend is None or not legend.get_window_extent().overlaps(title)
        headline = figure._suptitle.get_window_extent()
        assert page.x0 <= headline.x0 and headline.x1 <= page.x1


def test_sigma_theta_never_stands_without_its_valid_fraction(made, saved):
    for figure in made:
        lines = [t for t in texts(figure).split("\n") if re.search(r"sigma_\\theta\$ [0-9]", t)]
        assert len(lines) == 2  # trained and untrained
        for line, numbers in zip(lines, (saved.results, saved.results["untrained"]), strict=True):
            assert f"{numbers['sigma_theta_rad']:.2f} rad, valid" in line
            assert f"valid {numbers['valid_fraction']:.2f}" in line


def test_a_poor_map_is_called_no_usable_map():
    numbers = {
        **dict(sigma_theta_rad=0.1, valid_fraction=0.3, usable_map=False, silent=False),
        **dict(sigma_theta_body_rad=0.1, valid_fraction_body_window=0.3),
    }
    assert overviews.quality(numbers, "path").endswith("no usable map")


@pytest.mark.parametrize("silent", [("test",), ("train", "test", "untrained")])
def test_a_silent_network_says_so_in_every_figure(tmp_path, silent):
    saved = saved_run(tmp_path / "run", silent=silent)
    with style.applied():
        stages, test = (texts(make(saved)) for make in figures.FIGURES.values())
    assert "Test, trained: TS is silent" in stages and "Test, trained: TS is silent" in test
    assert ("TS is silent" if len(silent) > 1 else "TS is silent\nin the test") in stages
    assert "TS is silent, nothing to decode" in test and "silent: TS" in test
    assert ("nothing could be decoded" in stages) == ("train" in silent)


def test_a_run_without_training_says_so(tmp_path):
    saved = saved_run(tmp_path / "run", n_training_steps=0)
    with style.applied():
        stages, test = (texts(make(saved)) for make in figures.FIGURES.values())
    assert stages.count("no training") == 4 and "no weight has changed" in stages
    assert "training ended at 0 s" in test


def test_colours_stay_apart_in_grey():
    def grey(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        return 116 * np.dot(linear, (0.2126, 0.7152, 0.0722)) ** (1 / 3) - 16  # L* of CIELAB

    for group in (
        panels.COLOUR.values(),
        (style.TRAINED, style.UNTRAINED, style.CHANCE, "white"),
    ):
        lightness = sorted(grey(c) for c in group)
        assert np.diff(lightness).min() > 12  # steps of L* that print apart


# --- panels ----------------------------------------------------------------------------


def test_a_raster_has_one_dot_for_every_spike_of_the_cells_shown(saved):
    spikes = saved.spikes("test", "mon")
    step, index = spikes.step, spikes.index
    step, index = np.r_[step, 5, 6], np.r_[index, 399, 400]
    line = panels.draw_raster(new_axes(), step * DT_S, index, 500, "mon").lines[0]
    shown = index < panels.MAX_RASTER_CELLS
    assert 0 < shown.sum() < index.size
    assert np.array_equal(line.get_xydata(), np.c_[step[shown] * DT_S, index[shown]])
    assert line.get_rasterized()


def test_dense_rasters_have_smaller_dots_and_compared_ones_equal_dots(made):
    sizes = [panels.dot_size(new_axes(), n) for n in (10, 2000, 20_000, 10**6)]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > sizes[-1] > 0
    trained, untrained = made[1].axes[3:5]
    assert trained.lines[0].get_markersize() == untrained.lines[0].get_markersize()


def test_the_untrained_twin_stands_beside_the_trained_network(made, saved):
    spikes = saved.spikes("untrained", "ts")
    hz = overviews.rate(saved, spikes, "ts", N_TEST)
    for figure in made:
        raster = next(ax for ax in figure.axes if re.match("TS,? untrained", ax.get_title("left")))
        assert np.array_equal(raster.lines[0].get_xydata(), np.c_[spikes.step * DT_S, spikes.index])
        rates = [line for ax in figure.axes for line in ax.lines]
        twin = next(line for line in rates if line.get_label() == "TS untrained")
        assert np.array_equal(twin.get_ydata(), hz, equal_nan=True)
        assert twin.get_xdata()[0] == (saved.train_end_s if figure is made[0] else 0)


def test_spikes_outside_the_cells_shown_are_not_called_silence():
    ax = panels.draw_raster(new_axes(), np.array([0.1]), np.array([450]), 500, "mon")
    assert ax.texts[0].get_text() == "MON cells 0 to 399: no spikes"


def test_training_and_test_meet_at_the_dashed_line(saved):
    step = saved.timeline("ts").step
    n_train, n_test = (saved.spikes(phase, "ts").step.size for phase in ("train", "test"))
    assert saved.n_tail_steps == 2000 and step.size == n_train + n_test
    assert (step < 2000).sum() == n_train and (step >= 2000).sum() == n_test
    ax = new_axes()
    overviews.raster_panel(ax, saved, "ts", "")
    assert ax.lines[1].get_xdata()[0] == saved.train_end_s == 2.5
    assert ax.get_xlim() == (0.5, 2.5 + saved.test_s)


def test_rates_are_the_smoothed_ones_and_unknown_at_the_ends(saved):
    spikes = saved.spikes("test", "ts")
    hz = overviews.rate(saved, spikes, "ts", N_TEST)
    full = metrics.smoothed_rate(spikes.step, 12, N_TEST, DT_S)
    assert np.isnan(hz[:10]).all() and np.isnan(hz[-10:]).all()
    assert np.array_equal(hz[10:-10], full[10:-10])


def test_the_histogram_counts_every_synapse(saved):
    w, w_max = saved.weights, saved.params.mon_ts_wmax
    ax = panels.draw_weight_histogram(new_axes(), w["mon_ts_w_init"], w["mon_ts_w"], w_max)
    before, after = (patch.get_data() for patch in ax.patches)
    assert before.edges.size == 40 and (before.edges[0], before.edges[-1]) == (0, w_max)
    assert before.values.sum() == after.values.sum() == 8000
    assert after.values[-1] == np.isclose(w["mon_ts_w"], w_max).sum() > 0


def test_mean_band_and_single_weights_are_the_records(saved):
    a = saved.recordings
    t_s, mean, sd = a["checkpoint_t_s"], a["w_mean_series"], a["w_std_series"]
    tracked = a["tracked_weight_series"]
    ax = panels.draw_weight_means(new_axes(), t_s, mean, sd, tracked, 0.028, 1.5)
    for k in range(8):
        assert np.array_equal(ax.lines[k].get_xydata(), np.c_[t_s, tracked[:, k]])
    assert ax.collections[0].get_datalim(ax.transData).intervaly == pytest.approx((0.018, 0.022))
    assert "stable from 1.5 s" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_many_records_are_thinned_for_single_weights_only():
    n = 2001
    t_s, w = np.arange(n), np.full(n, 0.02)
    ax = panels.draw_weight_means(new_axes(), t_s, w, w / 9, np.tile(w, (24, 1)).T, 0.028, None)
    assert 50 <= ax.lines[0].get_xdata().size <= panels.MAX_TRACKED_RECORDS
    assert max(len(line.get_xdata()) for line in ax.lines) == n


def test_the_map_in_training_shows_chance_the_untrained_point_and_poor_maps_hollow():
    t_s, sigma = np.arange(4.0), np.array([0.5, 0.6, np.nan, 0.8])
    valid, chance = np.array([0.9, 0.5, 0.0, 0.7]), metrics.chance_band(100)
    ax = panels.draw_training_map(new_axes(), t_s, sigma, sigma / 2, valid, chance, 100)
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((chance[0], chance[2]))
    assert 1.8 < chance[0] < 1.95 and 2.6 < chance[2] < 2.9  # 1.87 and 2.75 of the definition
    line, hollow, start = (
        next(x for x in ax.lines if len(x.get_xdata()) == n and x.get_xdata()[0] == at)
        for n, at in ((4, 0), (2, 1), (1, 0))
    )
    assert np.array_equal(line.get_ydata(), sigma, equal_nan=True)
    assert hollow.get_markerfacecolor() == "white"
    assert start.get_markerfacecolor() == style.UNTRAINED


def test_an_angle_of_a_full_turn_is_the_end_of_the_range_and_undecoded_stays_so():
    theta = np.array([0, np.pi, 1.5 * np.pi, 1.0])
    x_cm = panels.decoded_cm(theta, np.array([0, 0.1, 0, np.nan]), -0.5, 4.5)
    assert np.array_equal(x_cm, [-0.5, 2.0, 3.25, np.nan], equal_nan=True)


@pytest.mark.parametrize("window", [(None, None), (0.5, 3.5)])
def test_as_many_positions_are_drawn_as_the_valid_fraction_says(tmp_path, window):
    saved = saved_run(tmp_path / "run", eval_x_min_cm=window[0], eval_x_max_cm=window[1])
    ax = new_axes()
    overviews.position_panel(ax, saved)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert saved.results["valid_fraction"] > saved.results["untrained"]["valid_fraction"] > 0
    assert np.array_equal(lines["source"], saved.recordings["test_x_cm"])
    for label, numbers in (("trained", saved.results), ("untrained", saved.results["untrained"])):
        drawn = np.isfinite(lines[label])
        assert drawn.sum() == round(numbers["valid_fraction"] * N_TEST)
        low, high = window if window[0] is not None else (-0.5, 4.5)
        assert (lines[label][drawn] >= low).all() and (lines[label][drawn] <= high).all()


def test_a_perfect_map_of_the_path_lies_on_the_source():
    x_cm = -0.5 + 0.005 * np.arange(1000)
    q = metrics.pv_map_quality_from_ts_spikes(
        np.arange(1000), np.rint(299 * (x_cm + 0.5) / 5).astype(int), 300, x_cm, DT_S
    )
    decoded = panels.decoded_cm(q.theta_hat, q.delta_theta, x_cm.min(), x_cm.max())
    assert np.abs(decoded - x_cm).max() < 0.06  # half a boxcar of 20 ms at 5 cm/s, and one cell


def test_the_stimulus_plane_shows_snapshots_and_track(saved):
    a = saved.recordings
    arrays = [a[f"{phase}_{axis}_cm"] for phase in ("train", "test") for axis in "xd"]
    ax = panels.draw_stimulus_plane(new_axes(), *arrays, 4.0, 0.5)
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    assert np.array_equal(lines["body"], [[0, 0], [4, 0]])
    assert np.array_equal(lines["training, held"], np.c_[arrays[0], arrays[1]])
    assert np.array_equal(lines["test"], np.c_[arrays[2], arrays[3]])
    assert np.ptp(lines["sphere"], axis=0) == pytest.approx((1, 1), rel=1e-3)
